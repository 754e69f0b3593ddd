/*{
  "DESCRIPTION": "Light spills over from what is bright, in a narrow and a wide halo.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Effect", "Glow"],
  "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image", "LABEL": "Picture"},
    {"NAME": "amount", "TYPE": "float", "LABEL": "Amount", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45, "IDENTITY": 0.0},
    {"NAME": "threshold", "TYPE": "float", "LABEL": "Threshold", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "reach", "TYPE": "float", "LABEL": "Reach", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "warmth", "TYPE": "float", "LABEL": "Warmth of the halo", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.2, "IDENTITY": 0.0}
  ],
  "PASSES": [
    {"TARGET": "bright", "FLOAT": true, "WIDTH": "floor($WIDTH/4)", "HEIGHT": "floor($HEIGHT/4)"},
    {"TARGET": "across", "FLOAT": true, "WIDTH": "floor($WIDTH/4)", "HEIGHT": "floor($HEIGHT/4)"},
    {"TARGET": "narrow", "FLOAT": true, "WIDTH": "floor($WIDTH/4)", "HEIGHT": "floor($HEIGHT/4)"},
    {"TARGET": "across2", "FLOAT": true, "WIDTH": "floor($WIDTH/8)", "HEIGHT": "floor($HEIGHT/8)"},
    {"TARGET": "wide", "FLOAT": true, "WIDTH": "floor($WIDTH/8)", "HEIGHT": "floor($HEIGHT/8)"},
    {}
  ]
}*/

// Over-bright where it matters, with a soft knee; in linear light.
vec4 take() {
    vec2 e = 1.0 / IMG_SIZE(inputImage), uv = isf_FragNormCoord;
    vec3 sum = vec3(0.0);
    for (int k = 0; k < 4; k++) {
        vec2 o = vec2((k & 1) == 0 ? -1.0 : 1.0, k < 2 ? -1.0 : 1.0);
        vec3 c = pow(max(IMG_NORM_PIXEL(inputImage, uv + o * e).rgb, 0.0), vec3(2.2));
        float peak = max(c.r, max(c.g, c.b)), low = threshold * threshold;
        sum += c * smoothstep(low * 0.6, low * 1.4 + 0.12, peak) / (1.0 + 0.5 * peak);
    }
    return vec4(sum * 0.25, 1.0);
}

vec4 blur(sampler2D from, vec2 along) {
    vec3 sum = texture(from, isf_FragNormCoord).rgb * 0.20;
    float all = 0.20;
    for (int i = 1; i <= 4; i++) {
        float x = float(i) * 1.5 - 0.5, w = exp(-x * x / 11.0) * 0.30;
        sum += w * (texture(from, isf_FragNormCoord + along * x).rgb + texture(from, isf_FragNormCoord - along * x).rgb);
        all += 2.0 * w;
    }
    return vec4(sum / all, 1.0);
}

void main() {
    float stretch = 0.6 + 1.2 * reach;
    float unit = min(RENDERSIZE.x, RENDERSIZE.y) / 135.0;
    if (PASSINDEX == 0) gl_FragColor = take();
    else if (PASSINDEX == 1) gl_FragColor = blur(bright, vec2(max(unit, 1.0) * stretch / RENDERSIZE.x, 0.0));
    else if (PASSINDEX == 2) gl_FragColor = blur(across, vec2(0.0, max(unit, 1.0) * stretch / RENDERSIZE.y));
    else if (PASSINDEX == 3) gl_FragColor = blur(narrow, vec2(max(unit * 2.0, 1.0) * 1.8 * stretch / RENDERSIZE.x, 0.0));
    else if (PASSINDEX == 4) gl_FragColor = blur(across2, vec2(0.0, max(unit * 2.0, 1.0) * 1.8 * stretch / RENDERSIZE.y));
    else {
        vec4 picture = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord);
        vec3 c = pow(max(picture.rgb, 0.0), vec3(2.2));
        vec3 halo = texture(narrow, isf_FragNormCoord).rgb * 0.55 + texture(wide, isf_FragNormCoord).rgb * 0.9;
        halo *= mix(vec3(1.0), warmth > 0.0 ? vec3(1.15, 0.95, 0.72) : vec3(0.75, 0.95, 1.2), abs(warmth));
        halo *= amount * 1.2;
        // Screen in linear light: bright stays bright, nothing clips to a flat patch.
        c = 1.0 - (1.0 - clamp(c, 0.0, 1.0)) * exp(-halo);
        gl_FragColor = vec4(pow(c, vec3(1.0 / 2.2)), picture.a);
    }
}
