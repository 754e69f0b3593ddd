/*{
  "DESCRIPTION": "The old picture melts: its lights run down first, with a rim of heat, and the new one shows where they were.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Transition"],
  "INPUTS": [
    {"NAME": "startImage", "TYPE": "image", "LABEL": "From"},
    {"NAME": "endImage", "TYPE": "image", "LABEL": "To"},
    {"NAME": "progress", "TYPE": "float", "LABEL": "Progress", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "run", "TYPE": "float", "LABEL": "How far it runs", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "rim", "TYPE": "float", "LABEL": "Heat of the rim", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

#include "noise.glsl"

float luma(vec3 c) { return dot(c, vec3(0.25, 0.65, 0.10)); }

void main() {
    vec2 uv = isf_FragNormCoord;
    vec2 p = uv * RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    float strand = 0.65 * noise(vec2(p.x * 34.0, p.y * 1.5)) + 0.35 * noise(vec2(p.x * 90.0, p.y * 4.0));
    // Look up to where the paint that is here now came from; lighter paint runs further.
    float ease = progress * progress * (3.0 - 2.0 * progress);
    float fall = ease * (0.08 + 0.75 * run) * (0.25 + strand * strand * 1.5);
    vec2 above = vec2(uv.x, uv.y + fall * 0.6);
    float weight = luma(IMG_NORM_PIXEL(startImage, above).rgb);
    vec2 from = vec2(uv.x + (strand - 0.5) * 0.03 * ease, uv.y + fall * (0.35 + 0.9 * weight));
    vec4 old = IMG_NORM_PIXEL(startImage, clamp(from, 0.0, 1.0));
    float emptied = smoothstep(1.0, 1.12, from.y);
    vec4 next = IMG_NORM_PIXEL(endImage, uv);
    float l = 0.55 * luma(old.rgb) + 0.30 * strand + 0.15 * uv.y;
    // Runs from before 0 to past 1, so that both ends are the untouched pictures.
    float line = mix(1.12, -0.14, progress);
    float gone = max(smoothstep(line - 0.05, line + 0.05, l), emptied * smoothstep(0.0, 0.1, progress));
    float edge = exp(-pow((l - line) / 0.055, 2.0)) * (1.0 - emptied) * smoothstep(0.0, 0.12, progress) * smoothstep(1.0, 0.88, progress);
    vec4 c = mix(old, next, gone);
    c.rgb += edge * rim * mix(vec3(0.85, 0.28, 0.05), vec3(1.0, 0.78, 0.42), edge) * 0.75;
    gl_FragColor = progress <= 0.0 ? IMG_NORM_PIXEL(startImage, uv) : progress >= 1.0 ? next : clamp(c, 0.0, 1.0);
}
