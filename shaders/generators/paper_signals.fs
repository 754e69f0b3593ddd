/*{
  "DESCRIPTION": "Cut-paper geometry in six inks. Every tile turns on its own beat of the accumulated sound and grows with its own part of the spectrum.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "Geometric", "Spectrum"],
  "INPUTS": [
    {"NAME": "scale", "TYPE": "float", "LABEL": "Tiles across the shorter side", "MIN": 2.0, "MAX": 8.0, "DEFAULT": 4.0},
    {"NAME": "grow", "TYPE": "float", "LABEL": "Growth with the spectrum", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
    {"NAME": "bounce", "TYPE": "float", "LABEL": "Bounce", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.15},
    {"NAME": "split", "TYPE": "float", "LABEL": "Small tiles", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "hit", "TYPE": "float", "LABEL": "Jolt on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "shadow", "TYPE": "float", "LABEL": "Lift of the paper", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Turning", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "palette", "TYPE": "long", "LABEL": "Inks", "VALUES": [0, 1, 2], "LABELS": ["Poster", "Riviera", "Night"], "DEFAULT": 0},
    {"NAME": "spectrum", "TYPE": "audioFFT", "LABEL": "Spectrum", "MAX": 512}
  ]
}*/

#include "hash.glsl"
#include "oklch.glsl"

// Six inks to a palette: ground, dark, and four that speak.
vec3 ink(int i) {
    if (palette == 1) {
        if (i == 0) return oklch(0.93, 0.030, 0.24);
        if (i == 1) return oklch(0.33, 0.085, 0.68);
        if (i == 2) return oklch(0.72, 0.145, 0.10);
        if (i == 3) return oklch(0.71, 0.110, 0.54);
        if (i == 4) return oklch(0.86, 0.130, 0.25);
        return oklch(0.58, 0.130, 0.72);
    }
    if (palette == 2) {
        if (i == 0) return oklch(0.19, 0.045, 0.78);
        if (i == 1) return oklch(0.92, 0.020, 0.20);
        if (i == 2) return oklch(0.66, 0.230, 0.99);
        if (i == 3) return oklch(0.78, 0.135, 0.53);
        if (i == 4) return oklch(0.87, 0.170, 0.32);
        return oklch(0.48, 0.200, 0.79);
    }
    if (i == 0) return oklch(0.945, 0.022, 0.23);
    if (i == 1) return oklch(0.215, 0.018, 0.75);
    if (i == 2) return oklch(0.635, 0.215, 0.09);
    if (i == 3) return oklch(0.475, 0.190, 0.735);
    if (i == 4) return oklch(0.830, 0.165, 0.232);
    return oklch(0.800, 0.085, 0.995);
}

// Nought inside, one outside, over one pixel.
float cut(float d, float px) {
    return clamp(d / px + 0.5, 0.0, 1.0);
}

// The signed distance of a tile's motif; q is -0.5..0.5 in the tile, g is how far it has grown, 0..1.
float motif(int kind, vec2 q, float g) {
    if (kind == 0) return length(q + 0.5) - mix(0.55, 1.0, g);                                  // quarter disc
    if (kind == 1) return max(length(q + vec2(0.5, 0.0)) - mix(0.28, 0.5, g), -q.x - 0.5);       // half disc
    if (kind == 2) return length(q) - mix(0.16, 0.46, g);                                       // dot
    if (kind == 3) {                                                                            // rings in a corner
        float r = length(q + 0.5), w = mix(0.045, 0.105, g);
        return min(min(abs(r - 0.24) - w, abs(r - 0.54) - w), abs(r - 0.84) - w);
    }
    if (kind == 4) return max(length(q + 0.5), length(q - 0.5)) - mix(0.80, 1.0, g);          // leaf
    if (kind == 5) return (q.x + q.y + mix(0.45, 0.0, g)) * 0.70711;                             // diagonal half
    if (kind == 6) return abs(fract(q.x * 4.0) - 0.5) * 0.25 - mix(0.03, 0.085, g);             // bars
    return length(abs(q) - 0.5) - mix(0.30, 0.5, g);                                            // a star between four discs
}

struct Tile { vec2 q; float side; float r; float s; float kind; ivec2 id; };

Tile tileAt(vec2 p) {
    Tile t;
    ivec2 c = ivec2(floor(p));
    t.side = 1.0;
    t.q = fract(p) - 0.5;
    t.id = c;
    if (hash3(ivec3(c, 1)) < 0.15 + 0.55 * split) {
        vec2 half_ = p * 2.0;
        t.side = 0.5;
        t.id = ivec2(floor(half_)) + ivec2(512, 131);
        t.q = fract(half_) - 0.5;
    }
    t.r = hash3(ivec3(t.id, 2));
    t.s = hash3(ivec3(t.id, 3));
    t.kind = hash3(ivec3(t.id, 4));
    return t;
}

void main() {
    vec2 res = RENDERSIZE;
    float shortest = min(res.x, res.y);
    // A gentle leap of the whole sheet, then the grid.
    float n = floor(scale + 0.5);
    vec2 centred = (gl_FragCoord.xy - 0.5 * res) / shortest;
    vec2 p = centred * (1.0 - 0.035 * bounce) * n + 0.5 * mod(n, 2.0) + 64.0;
    float px = n / shortest;

    float beat = mod(mod(TIME * 0.25, 8192.0) + flow, 8192.0);
    Tile t = tileAt(p);
    float tpx = px / t.side * 1.2;

    // The tile listens at one place of the spectrum: low ones left, high ones right, large ones low.
    float place = clamp(0.5 + 0.42 * centred.x * shortest / res.x * 2.0, 0.02, 0.95);
    float where_ = clamp(0.06 + 0.72 * fract(t.r * 3.7) * (t.side < 0.75 ? 1.0 : 0.55) + 0.12 * place, 0.0, 0.95);
    float heard = texture(spectrum, vec2(where_, 0.5)).r;

    // Each tile turns a quarter on its own moments: a count, and a spring towards the next one.
    float own = beat * (t.r > 0.66 ? 0.25 : 0.125) + t.s * 8.0;
    float count = floor(own), ease = fract(own);
    float go = smoothstep(0.0, 0.22, ease);
    go += sin(clamp(ease / 0.45, 0.0, 1.0) * 9.42478) * 0.07 * (1.0 - clamp(ease / 0.45, 0.0, 1.0)) * step(0.0001, ease);
    float dirn = t.s > 0.5 ? 1.0 : -1.0;
    // A hit jolts the tiles that hear it.
    float angle = ((count - 1.0 + go) * 1.5707963 - 0.60 * hit * heard * heard) * dirn;
    float ca = cos(angle), sa = sin(angle);
    vec2 q = mat2(ca, sa, -sa, ca) * t.q;

    float breath = 0.5 + 0.5 * sin(TIME * 0.8 + t.r * TAU * 2.0);
    float g = clamp(0.42 + 0.16 * breath + grow * (1.7 * (heard - 0.33)) + 0.16 * bounce, 0.0, 1.0);

    int kind = int(t.kind * 7.99);
    // Inks: the ground of a tile and its motif never share one; both move on at a turn of the tile.
    int era = int(floor(count / 8.0 + t.r));
    int under = int(hash3(ivec3(t.id, 11 + era)) * 5.99);
    if (hash3(ivec3(t.id, 23)) < 0.40) under = 0;
    int over = (under + 1 + int(hash3(ivec3(t.id, 37 + era)) * 4.99)) % 6;
    // As it turns on, now these tiles and now those print in the other ink: their two change places.
    int roll = int(mod(ceil(flow - 0.05), 4096.0));
    float spot = step(hash3(ivec3(t.id, 51 + roll)), 0.05);
    vec3 lower = ink(under), upper = ink(over);
    vec3 swap = lower;
    lower = mix(lower, upper, spot);
    upper = mix(upper, swap, spot);

    float d = motif(kind, q, g);
    // Paper lies on paper: a soft shadow from the upper left, in the tile's own turning frame.
    vec2 off = mat2(ca, sa, -sa, ca) * vec2(-0.035, 0.045) * (0.5 + shadow);
    float ds = motif(kind, q + off, g);
    vec3 col = lower;
    col *= 1.0 - (0.10 + 0.32 * shadow) * smoothstep(0.075, -0.02, ds) * step(0.001, shadow);
    col = mix(upper, col, cut(d, tpx));
    // A second, smaller sheet on some motifs.
    if (t.kind > 0.08 && hash3(ivec3(t.id, 61)) < 0.45) {
        int third = (over + 2 + int(t.r * 2.99)) % 6;
        if (third == over) third = (third + 1) % 6;
        float inner = kind == 2 || kind == 7 ? length(q) - 0.24 * g * g - 0.02 : kind == 6 ? 1.0 : length(q + (kind == 1 ? vec2(0.5, 0.0) : vec2(0.5))) - mix(0.10, 0.42, g * g) * (kind == 1 ? 0.55 : 1.0);
        float si = inner + 0.03;
        float on = 1.0 - cut(d, tpx);
        col *= 1.0 - (0.06 + 0.20 * shadow) * smoothstep(0.05, -0.02, si - 0.02) * on * cut(inner, tpx);
        col = mix(mix(col, ink(third), on), col, cut(inner, tpx));
    }
    // The edge of each tile: sheets overlap by a hair.
    vec2 rim = 0.5 - abs(t.q);
    float seam = min(rim.x, rim.y) * t.side / px;
    col *= 1.0 - 0.10 * (0.4 + shadow) * smoothstep(2.5, 0.0, seam);

    // Tooth of the paper and a slightly uneven print.
    float tooth = hash3(ivec3(ivec2(gl_FragCoord.xy * 720.0 / shortest), 71)) - 0.5;
    col *= 1.0 + 0.045 * tooth;
    vec2 e = gl_FragCoord.xy / res - 0.5;
    col *= 1.0 - 0.14 * dot(e, e) * 2.0;
    col = pow(max(col, 0.0), vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    gl_FragColor = vec4(clamp(col + (grain - 0.5) / 220.0, 0.0, 1.0), 1.0);
}
