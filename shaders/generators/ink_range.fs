/*{
  "DESCRIPTION": "Mountains in ink on paper. Every ridge is the spectrum of a moment ago, paler the longer ago it was; a red sun rises with the level.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "Landscape", "Spectrum"],
  "INPUTS": [
    {"NAME": "height", "TYPE": "float", "LABEL": "Height of the peaks", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "mist", "TYPE": "float", "LABEL": "Mist", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "sun", "TYPE": "float", "LABEL": "Sun", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "ink", "TYPE": "float", "LABEL": "Strength of the ink", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.6},
    {"NAME": "birds", "TYPE": "float", "LABEL": "Birds", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "seal", "TYPE": "float", "LABEL": "Seal stamped on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Drift", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "hue", "TYPE": "float", "LABEL": "Hue of the ink", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.69},
    {"NAME": "spectrum", "TYPE": "audioFFT", "LABEL": "Spectrum", "MAX": 512}
  ],
  "PASSES": [
    {"TARGET": "past", "PERSISTENT": true, "FLOAT": true, "WIDTH": 256, "HEIGHT": 8},
    {}
  ]
}*/

#include "oklch.glsl"

const int RIDGES = 7;

float hash1(float n) {
    uint u = uint(int(n) & 1023) * 747796405u + 2891336453u;
    u = ((u >> ((u >> 28u) + 4u)) ^ u) * 277803737u;
    return float((u >> 9u) & 0xffffu) / 65535.0;
}

float hash2(ivec2 c) {
    uint n = uint(c.x & 1023) * 374761393u + uint(c.y & 1023) * 668265263u;
    n = (n ^ (n >> 13u)) * 1274126177u;
    return float((n ^ (n >> 16u)) & 0xffffu) / 65535.0;
}

float noise1(float x) {
    float i = floor(x), f = x - i;
    f = f * f * (3.0 - 2.0 * f);
    return mix(hash1(i), hash1(i + 1.0), f);
}

float noise2(vec2 p) {
    vec2 i = floor(p), f = p - i;
    f = f * f * (3.0 - 2.0 * f);
    ivec2 c = ivec2(i);
    return mix(mix(hash2(c), hash2(c + ivec2(1, 0)), f.x), mix(hash2(c + ivec2(0, 1)), hash2(c + ivec2(1, 1)), f.x), f.y);
}

// Row 0 follows the spectrum, each further row follows the one before it: time as a staircase of ever softer memories.
vec4 remember() {
    vec2 cell = vec2(1.0) / vec2(256.0, 8.0);
    float row = floor(gl_FragCoord.y);
    float x = gl_FragCoord.x * cell.x;
    float was = texture(past, gl_FragCoord.xy * cell).r;
    float wide = 0.006 + 0.002 * row;
    float now;
    if (row < 0.5) {
        now = 0.0;
        for (int i = -3; i <= 3; i++) now += texture(spectrum, vec2(x + float(i) * wide, 0.5)).r;
        now = pow(now / 7.0, 1.6);
    } else {
        float y = (row - 0.5) * cell.y;
        now = 0.5 * texture(past, vec2(x, y)).r + 0.25 * (texture(past, vec2(x - wide, y)).r + texture(past, vec2(x + wide, y)).r);
    }
    float rate = row < 0.5 ? (now > was ? 30.0 : 3.5) : 4.5;
    return vec4(mix(was, now, 1.0 - exp(-rate * clamp(TIMEDELTA, 0.0, 0.1))), 0.0, 0.0, 1.0);
}

float bird(vec2 p, float flap, float px) {
    p.x = abs(p.x);
    float y = p.y - (0.45 + 0.35 * flap) * p.x * (1.0 - 0.75 * p.x) + 0.25 * p.x * p.x;
    float thick = 0.075 * (1.0 - p.x) + 0.015;
    return smoothstep(thick + 0.03 + px, thick - 0.03, abs(y)) * smoothstep(1.02, 0.95, p.x);
}

void main() {
    if (PASSINDEX == 0) {
        gl_FragColor = remember();
        return;
    }
    vec2 res = RENDERSIZE;
    float shortest = min(res.x, res.y);
    vec2 p = (gl_FragCoord.xy - 0.5 * res) / shortest;
    vec2 extent = 0.5 * res / shortest;
    float px = 1.0 / shortest;
    float drift = mod(mod(TIME * 0.12, 8192.0) + flow, 8192.0);
    float breath = 0.5 + 0.5 * sin(TIME * 0.37);

    // Paper: warm, with long fibres and a soft tooth.
    float tooth = noise2(gl_FragCoord.xy * 0.55 * (720.0 * px)) - 0.5;
    float cloud = noise2(p * 2.3 + 40.0) * 0.6 + noise2(p * 5.1 + 9.0) * 0.4;
    vec3 paper = oklch(0.935 - 0.035 * (cloud - 0.5), 0.030, 0.225);
    paper *= 1.0 + 0.045 * tooth;
    vec3 col = paper;

    // High in the picture the paper takes a breath of cold wash.
    float up = p.y / extent.y;
    col *= mix(vec3(1.0), oklch(0.86, 0.018, hue), smoothstep(0.25, 1.15, up + 0.25 * (cloud - 0.5)));

    // The sun, printed in vermilion, with a bleed of its pigment into the wet paper.
    vec2 sunAt = vec2(0.36 * extent.x, extent.y * (0.22 + 0.36 * smoothstep(0.0, 1.0, sun)));
    float sunR = 0.135 + 0.055 * sun + 0.006 * breath;
    float sd = length(p - sunAt) - sunR + 0.006 * (noise2(p * 21.0) - 0.5);
    vec3 red = oklch(0.60, 0.215, 0.085);
    float bleed = exp(-max(sd, 0.0) * (20.0 - 9.0 * sun)) * (0.14 + 0.34 * sun);
    float body = smoothstep(1.5 * px, -1.5 * px, sd) * (0.90 + 0.10 * cloud + 0.16 * tooth);
    col = mix(col, col * mix(vec3(1.0), red, 0.75), clamp(bleed, 0.0, 1.0));
    col = mix(col, red * (0.93 + 0.12 * smoothstep(-0.08, 0.0, sd)), clamp(body, 0.0, 1.0));

    // A few birds far away.
    float flock = 0.0;
    for (int i = 0; i < 5; i++) {
        float fi = float(i);
        float speed = 0.03 + 0.004 * fi;
        float bx = fract(hash1(fi + 3.0) * 0.35 + drift * 0.25 * speed * 4.0) * 2.3 - 1.15;
        vec2 at = vec2(bx * extent.x, extent.y * (0.34 + 0.26 * hash1(fi + 20.0)) + 0.03 * sin(TIME * 0.6 + fi * 2.1));
        float size = 0.022 + 0.022 * hash1(fi + 50.0);
        vec2 q = (p - at) / size;
        if (abs(q.x) < 1.1 && abs(q.y) < 1.0 && fi < birds * 5.0)
            flock = max(flock, bird(q, sin(TIME * (4.0 + fi * 0.5) + fi * 1.7), px / size));
    }
    col = mix(col, oklch(0.28, 0.02, hue), flock * 0.85);

    // Ridges from far to near.
    float rough = noise2(p * vec2(46.0, 30.0) + 3.0) - 0.5;
    for (int i = 0; i < RIDGES; i++) {
        float near = float(i) / float(RIDGES - 1);
        float far = 1.0 - near;
        float row = far * 6.0;
        float side = (i & 1) == 0 ? 1.0 : -1.0;
        float u = 0.5 + 0.5 * p.x / extent.x * side;
        float sound = texture(past, vec2(0.02 + 0.86 * u, (row + 0.5) / 8.0)).r;
        // Each range drifts at its own pace (a power-of-two share, so that the wrap of the drift is unseen).
        float pace = i < 2 ? 0.125 : (i < 5 ? 0.25 : 0.5);
        float x = p.x * (1.15 + 0.55 * near) + float(i) * 17.3 + drift * pace;
        float n = noise1(x * 1.0) * 0.60 + noise1(x * 2.0 + 31.0) * 0.30;
        float crag = abs(noise1(x * 4.0 + 7.0) - 0.5) + 0.5 * abs(noise1(x * 8.0 + 77.0) - 0.5) + 0.22 * abs(noise1(x * 32.0 + 5.0) - 0.5);
        float peak = n - 0.40 * crag;
        float base = mix(0.16, -0.98, pow(near, 0.9)) * extent.y;
        float lift = (0.10 + 0.36 * height) * (0.75 + 0.5 * far);
        float y = base + lift * (peak + 0.30) * (0.85 + 0.10 * breath) + sound * (0.12 + 0.62 * height) * (0.55 + 0.55 * far * (1.0 - 0.4 * far));
        float d = y - p.y + rough * 0.010 * near;
        float inside = smoothstep(-px - 0.0035 * far, px, d);
        if (inside <= 0.0) continue;
        // A wash: darkest along the ridge, where the pigment gathers, thinning out into the mist of the valley.
        float reach = mix(0.30, 0.62, near) * (1.35 - 0.95 * mist);
        float wash = exp(-max(d, 0.0) / reach * 1.6);
        float edge = exp(-max(d, 0.0) * (70.0 - 30.0 * near));
        // Dry strokes that run down the face.
        float slant = p.x * 30.0 + (p.y - y) * side * 14.0;
        float stroke = noise2(vec2(slant, d * 9.0 + float(i) * 5.0)) * 0.65 + noise2(vec2(slant * 2.7, d * 26.0)) * 0.35;
        float dry = smoothstep(0.42, 0.72, stroke) * exp(-d * 5.0) * near;
        float dense = mix(0.13, 0.92, pow(near, 1.5)) * (0.45 + 0.75 * ink);
        float a = dense * (wash * (0.80 + 0.2 * cloud) + 0.20 * edge) + dry * 0.30 * ink + sound * edge * 0.25;
        a = clamp(a * (1.0 + 0.25 * tooth) * inside, 0.0, 0.97);
        vec3 tone = oklch(mix(0.52, 0.20, near), mix(0.085, 0.035, near), hue - 0.04 * far);
        vec3 fog = paper * mix(vec3(1.0), oklch(0.95, 0.012, hue), 0.5);
        col = mix(col, fog, inside * (0.40 + 0.5 * mist) * smoothstep(0.0, reach * 1.5, d));
        col = mix(col, tone, a);
    }

    // The seal in the corner: a square of the same red, cut with two strokes; pressed again on each hit.
    vec2 s = p - vec2(-extent.x + 0.115, -extent.y + 0.125);
    float press = 1.25 * (1.0 + 0.16 * seal);
    vec2 q = abs(s / press);
    float frame = max(q.x, q.y) - 0.043;
    float cut = min(abs(max(q.x, q.y) - 0.035), min(abs(length(s / press - vec2(-0.011, 0.004)) - 0.013), max(abs(s.x / press - 0.016), q.y - 0.024)));
    cut = min(cut, max(abs(s.x / press + 0.025), abs(s.y / press + 0.006) - 0.020));
    float print = smoothstep(px, -px, frame + 0.003 * rough) * smoothstep(0.0022, 0.0022 + 2.0 * px, cut) * (0.80 + 0.20 * seal + 0.5 * tooth);
    col = mix(col, red * (0.95 + 0.35 * seal), clamp(print, 0.0, 1.0));

    col *= 1.0 - 0.10 * pow(length(p / extent) * 0.72, 3.0);
    col = pow(max(col, 0.0), vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    gl_FragColor = vec4(clamp(col + (grain - 0.5) / 200.0, 0.0, 1.0), 1.0);
}
