/*{
  "DESCRIPTION": "The new picture spreads through the old one like ink dropped on wet paper.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Transition"],
  "INPUTS": [
    {"NAME": "startImage", "TYPE": "image", "LABEL": "From"},
    {"NAME": "endImage", "TYPE": "image", "LABEL": "To"},
    {"NAME": "progress", "TYPE": "float", "LABEL": "Progress", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "feather", "TYPE": "float", "LABEL": "Feathering", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "stain", "TYPE": "float", "LABEL": "Dark edge of the stain", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5}
  ]
}*/

#include "noise.glsl"

void main() {
    vec2 uv = isf_FragNormCoord;
    vec2 half_ = 0.5 * RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    vec2 p = (uv - 0.5) * 2.0 * half_;
    // Several drops, each with its own moment; how late the ink reaches this place, 0..1.
    float late = 9.0;
    for (int i = 0; i < 5; i++) {
        vec2 at = (vec2(hash2(ivec2(i, 3)), hash2(ivec2(i, 8))) - 0.5) * 1.6 * half_;
        if (i == 0) at = vec2(0.0);
        late = min(late, length(p - at) * 0.75 + 0.12 * float(i) * step(0.5, float(i)));
    }
    // Octaves turned against one another, so that no lattice shows.
    mat2 tilt = mat2(0.80, 0.60, -0.60, 0.80);
    vec2 q = tilt * p;
    float n = noise(q * 3.7) * 0.55;
    q = tilt * q;
    n += noise(q * 8.3 + 7.0 + n) * 0.28;
    q = tilt * q;
    n += noise(q * 19.0 + 3.0 + 2.0 * n) * 0.12 + noise(tilt * q * 43.0) * 0.05;
    late += (n - 0.5) * (0.25 + 0.75 * feather);
    float reach = mix(-0.45, length(half_) * 0.75 + 0.60, progress);
    float soft = 0.03 + 0.12 * feather;
    float wet = smoothstep(soft, -soft, late - reach);
    float ends = smoothstep(0.0, 0.06, progress) * smoothstep(1.0, 0.94, progress);
    float edge = exp(-pow((late - reach) / (soft * 0.8), 2.0)) * ends;
    // Paper swells at the front: both pictures bend a little there.
    vec2 bend = normalize(p + 1e-4) * edge * 0.012;
    vec4 old = IMG_NORM_PIXEL(startImage, clamp(uv + bend, 0.0, 1.0)), next = IMG_NORM_PIXEL(endImage, clamp(uv - bend, 0.0, 1.0));
    vec4 c = mix(old, next, wet);
    c.rgb *= 1.0 - 0.75 * stain * edge;
    gl_FragColor = progress <= 0.0 ? old : progress >= 1.0 ? next : c;
}
