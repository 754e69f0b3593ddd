/*{
  "DESCRIPTION": "Folds the picture into a rosette of mirrors that turns slowly.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Effect", "Geometry"],
  "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image", "LABEL": "Picture"},
    {"NAME": "mirrors", "TYPE": "float", "LABEL": "Mirrors", "MIN": 2.0, "MAX": 12.0, "DEFAULT": 6.0},
    {"NAME": "turn", "TYPE": "float", "LABEL": "Turn", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "zoom", "TYPE": "float", "LABEL": "Zoom", "MIN": 0.4, "MAX": 3.0, "DEFAULT": 1.0},
    {"NAME": "place", "TYPE": "point2D", "LABEL": "Place in the picture", "MIN": [0.0, 0.0], "MAX": [1.0, 1.0], "DEFAULT": [0.5, 0.42]},
    {"NAME": "amount", "TYPE": "float", "LABEL": "Amount", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 1.0, "IDENTITY": 0.0}
  ]
}*/

const float TAU = 6.28318531;

// Back and forth, so that there is always picture and never an edge.
vec2 there(vec2 uv) { return 1.0 - abs(mod(uv, 2.0) - 1.0); }

void main() {
    vec2 aspect = RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    vec2 uv = isf_FragNormCoord, p = (uv - 0.5) * aspect;
    float n = floor(mirrors + 0.5);
    float spin = mod(turn, 8192.0) * (floor(0.25 * 8192.0 / TAU + 0.5) * TAU / 8192.0) + TIME * 0.05;
    float r = length(p), a = atan(p.y, p.x) + 0.25 * TAU + spin * 0.4;
    float wedge = TAU / n;
    a = abs(mod(a + 0.5 * wedge, wedge) - 0.5 * wedge);
    a += spin;
    vec2 q = r * vec2(cos(a), sin(a)) / zoom;
    vec2 from = there(q / aspect + place);
    vec4 straight = IMG_NORM_PIXEL(inputImage, uv);
    vec4 folded = IMG_NORM_PIXEL(inputImage, from);
    folded.rgb *= 1.0 - 0.25 * smoothstep(0.35, 1.0, r);
    gl_FragColor = mix(straight, folded, amount);
}
