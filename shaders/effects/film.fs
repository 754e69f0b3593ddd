/*{
  "DESCRIPTION": "Film: living grain, a soft shoulder, split-toned shadows and lights, colour fringes and a falling-off of the lens.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Effect", "Grade"],
  "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image", "LABEL": "Picture"},
    {"NAME": "grain", "TYPE": "float", "LABEL": "Grain", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35, "IDENTITY": 0.0},
    {"NAME": "tone", "TYPE": "float", "LABEL": "Split toning", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4, "IDENTITY": 0.0},
    {"NAME": "contrast", "TYPE": "float", "LABEL": "Contrast", "MIN": -1.0, "MAX": 1.0, "DEFAULT": 0.15, "IDENTITY": 0.0},
    {"NAME": "fringe", "TYPE": "float", "LABEL": "Colour fringes", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.2, "IDENTITY": 0.0},
    {"NAME": "vignette", "TYPE": "float", "LABEL": "Vignette", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35, "IDENTITY": 0.0}
  ]
}*/

#include "hash.glsl"

float clump(vec2 p, int seed) {
    vec2 i = floor(p), f = p - i;
    ivec3 c = ivec3(ivec2(i), seed);
    return mix(mix(hash3(c), hash3(c + ivec3(1, 0, 0)), f.x), mix(hash3(c + ivec3(0, 1, 0)), hash3(c + ivec3(1, 1, 0)), f.x), f.y);
}

void main() {
    vec2 uv = isf_FragNormCoord, q = uv - 0.5;
    vec2 spread = q * dot(q, q) * 0.022 * fringe;
    vec4 here = IMG_NORM_PIXEL(inputImage, uv);
    vec3 c = vec3(IMG_NORM_PIXEL(inputImage, uv - spread).r, here.g, IMG_NORM_PIXEL(inputImage, uv + spread).b);
    float light = dot(c, vec3(0.25, 0.65, 0.10));
    // Teal into the shadows, amber into the lights, at equal lightness.
    vec3 shadows = vec3(-0.040, 0.008, 0.045), lights = vec3(0.040, 0.004, -0.050);
    c += tone * mix(shadows, lights, smoothstep(0.15, 0.80, light)) * (4.0 * light * (1.0 - light) * 0.8 + 0.2);
    vec3 curve = c * c * (3.0 - 2.0 * c);
    c = contrast > 0.0 ? mix(c, curve, contrast) : mix(c, 0.5 + (c - 0.5) * 0.55, -contrast);
    // Grain lives in the middle tones and changes 24 times a second, whatever the frame rate.
    float scale = min(RENDERSIZE.x, RENDERSIZE.y) / 720.0;
    int still = int(mod(floor(TIME * 24.0), 4096.0));
    float g = clump(gl_FragCoord.xy / max(1.3 * scale, 0.9), still) + 0.5 * clump(gl_FragCoord.xy / max(2.6 * scale, 1.7), still + 4096) - 0.75;
    c += g * grain * 0.16 * (0.35 + 2.6 * light * (1.0 - light)) * (0.6 + 0.4 * (1.0 - light));
    c *= 1.0 - vignette * 1.5 * dot(q, q) * (0.6 + 0.8 * dot(q, q));
    gl_FragColor = vec4(clamp(c, 0.0, 1.0), here.a);
}
