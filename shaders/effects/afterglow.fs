/*{
  "DESCRIPTION": "An echo of light: what was bright lingers, drifts outwards and cools in colour.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Effect", "Feedback"],
  "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image", "LABEL": "Picture"},
    {"NAME": "linger", "TYPE": "float", "LABEL": "How long it lingers", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "drift", "TYPE": "float", "LABEL": "Drift outwards", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2, "IDENTITY": 0.0},
    {"NAME": "turn", "TYPE": "float", "LABEL": "Turn", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.05, "IDENTITY": 0.0},
    {"NAME": "cool", "TYPE": "float", "LABEL": "Cooling of the colour", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "amount", "TYPE": "float", "LABEL": "Amount", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.7, "IDENTITY": 0.0}
  ],
  "PASSES": [
    {"TARGET": "echo", "PERSISTENT": true, "FLOAT": true},
    {}
  ]
}*/

vec3 linear(vec3 c) { return pow(max(c, 0.0), vec3(2.2)); }

vec4 remember() {
    vec2 uv = isf_FragNormCoord;
    vec2 aspect = RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    float dt = clamp(TIMEDELTA, 0.0, 0.1);
    vec2 p = (uv - 0.5) * aspect;
    float grow = 1.0 - drift * 0.45 * dt, a = turn * 1.2 * dt;
    p = mat2(cos(a), sin(a), -sin(a), cos(a)) * p * grow;
    vec2 from = p / aspect + 0.5;
    vec3 past = IMG_NORM_PIXEL(echo, from).rgb;
    past *= step(0.0, from.x) * step(from.x, 1.0) * step(0.0, from.y) * step(from.y, 1.0);
    // Each colour fades at its own pace; red leaves first, so that trails cool towards blue.
    float life = mix(0.08, 2.2, linger * linger);
    past *= exp(-dt / (life * mix(vec3(1.0), vec3(0.55, 0.85, 1.35), cool)));
    vec3 now = linear(IMG_NORM_PIXEL(inputImage, uv).rgb);
    return vec4(max(past, now), 1.0);
}

void main() {
    if (PASSINDEX == 0) {
        gl_FragColor = remember();
        return;
    }
    vec4 picture = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord);
    vec3 now = linear(picture.rgb), past = IMG_NORM_PIXEL(echo, isf_FragNormCoord).rgb;
    vec3 glow = max(past - now, 0.0);
    vec3 c = now + glow * amount * (1.0 - 0.35 * now);
    gl_FragColor = vec4(pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)), picture.a);
}
