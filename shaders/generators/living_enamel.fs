/*{
  "DESCRIPTION": "Enamel between gold wires, lit from behind, that grows: two substances feed on one another; the sound feeds them, stirs them and drops in new seeds.",
  "CREDIT": "pix2live; after the reaction-diffusion model of Gray and Scott",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "Simulation", "Feedback"],
  "INPUTS": [
    {"NAME": "feed", "TYPE": "float", "LABEL": "Feed", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "stir", "TYPE": "float", "LABEL": "Stir", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "light", "TYPE": "float", "LABEL": "Light from behind", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "shimmer", "TYPE": "float", "LABEL": "Shimmer of the gold", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "seeds", "TYPE": "float", "LABEL": "Seeds on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Wandering light", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "hue", "TYPE": "float", "LABEL": "Hue of the enamel", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.70}
  ],
  "PASSES": [
    {"TARGET": "step1", "FLOAT": true, "WIDTH": "floor(144*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(144*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {"TARGET": "step2", "FLOAT": true, "WIDTH": "floor(144*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(144*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {"TARGET": "step3", "FLOAT": true, "WIDTH": "floor(144*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(144*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {"TARGET": "step4", "FLOAT": true, "WIDTH": "floor(144*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(144*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {"TARGET": "tank", "PERSISTENT": true, "FLOAT": true, "WIDTH": "floor(144*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(144*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {}
  ]
}*/

// The tank keeps, for each cell: how much of the first substance is used up, how much of the second has grown,
// the age of the growth (a slow trace of it), and 1 + its climate once the cell was started. An empty buffer is a fresh tank.

#include "hash.glsl"
#include "oklch.glsl"

vec2 place() {
    return (gl_FragCoord.xy - 0.5 * RENDERSIZE) / min(RENDERSIZE.x, RENDERSIZE.y);
}

// The climate differs over the picture and drifts: labyrinth here, coral there, lone spots between.
float climate(vec2 p) {
    float t = TIME * 0.06;
    return 0.5 + 0.25 * sin(p.x * 3.1 + 1.3 * sin(p.y * 2.3 + t) + t * 0.7) + 0.25 * sin(p.y * 3.7 - p.x * 1.4 - t * 0.9);
}

// One step of Gray-Scott on this cell and its four neighbours.
vec4 grow(sampler2D from) {
    ivec2 c = ivec2(gl_FragCoord.xy), last = ivec2(RENDERSIZE) - 1;
    ivec2 lo = max(c - 1, ivec2(0)), hi = min(c + 1, last);
    vec4 here = texelFetch(from, c, 0);
    vec2 lap = texelFetch(from, ivec2(lo.x, c.y), 0).xy + texelFetch(from, ivec2(hi.x, c.y), 0).xy
             + texelFetch(from, ivec2(c.x, lo.y), 0).xy + texelFetch(from, ivec2(c.x, hi.y), 0).xy - 4.0 * here.xy;
    float u = 1.0 - here.x, v = here.y, zone = here.a - 1.0;
    float F = mix(0.026, 0.050, zone * 0.62 + 0.38 * feed);
    float K = mix(0.0560, 0.0622, smoothstep(0.0, 0.95, zone * 0.7 + 0.3 * feed));
    // What is stirred grows faster.
    float dt = clamp(TIMEDELTA * 75.0, 0.25, 1.25) * (0.45 + 0.55 * smoothstep(0.0, 0.45, stir));
    float reaction = u * v * v;
    u += dt * (-0.12 * lap.x - reaction + F * (1.0 - u));
    v += dt * (0.06 * lap.y + reaction - (F + K) * v);
    here.x = clamp(1.0 - u, 0.0, 1.0);
    here.y = clamp(v, 0.0, 1.0);
    return here;
}

// The tank after a night's stirring: a slow turning current of three vortices; then seeds fall in.
vec4 stirred(vec2 p) {
    vec2 uv = gl_FragCoord.xy / RENDERSIZE;
    float t = TIME * 0.11;
    vec2 drift = vec2(0.0);
    for (int i = 0; i < 3; i++) {
        float k = float(i);
        vec2 eye = vec2(sin(t * (0.7 + 0.23 * k) + k * 2.1) * 0.55 * RENDERSIZE.x / max(RENDERSIZE.x, RENDERSIZE.y), cos(t * (0.9 - 0.17 * k) + k * 1.3) * 0.30);
        vec2 d = p - eye;
        drift += vec2(-d.y, d.x) * exp(-dot(d, d) * 9.0) * (i == 1 ? -1.0 : 1.0);
    }
    vec2 from = uv - drift * (0.03 + 1.4 * stir) * clamp(TIMEDELTA, 0.0, 0.05) * min(RENDERSIZE.x, RENDERSIZE.y) / RENDERSIZE;
    vec4 s = texture(tank, from);
    ivec2 c = ivec2(gl_FragCoord.xy);
    if (s.a < 0.5) {
        float first = step(0.915, hash3(ivec3(c / 4, 3)));
        return vec4(0.5 * first, 0.32 * first, 0.7, 1.0 + climate(p));
    }
    // Seeds: a handful at a time, in places that change four times a second.
    float most = 0.0;
    int beat = int(mod(floor(TIME * 4.0), 8192.0));
    int many = seeds > 0.08 ? 5 : 1;
    for (int i = 0; i < many; i++) {
        vec2 at = vec2(hash3(ivec3(i, 7, beat)), hash3(ivec3(i, 19, beat))) - 0.5;
        at *= RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
        float r = length(p - at);
        float ring = smoothstep(0.014, 0.008, abs(r - (0.022 + 0.05 * hash3(ivec3(i, 3, beat)))));
        most = max(most, ring * step(float(i) * 0.2 + 0.08, seeds));
        if (i == 0) most = max(most, smoothstep(0.02, 0.012, r) * step(0.72, hash3(ivec3(5, 1, beat))));
    }
    s.y = max(s.y, 0.36 * most);
    s.x = max(s.x, 0.5 * most);
    float dt = clamp(TIMEDELTA, 0.0, 0.05);
    s.z += (smoothstep(0.08, 0.3, s.y) - s.z) * (1.0 - exp(-dt * (s.y > 0.15 ? 0.45 : 0.5)));
    s.a = 1.0 + climate(p);
    return s;
}

// Cubic B-spline through sixteen cells: the value and, in `slope`, the exact gradient of the second substance per cell.
vec4 smoothly(vec2 uv, out vec2 slope) {
    ivec2 size = textureSize(tank, 0), last = size - 1;
    vec2 x = uv * vec2(size) - 0.5, i = floor(x), f = x - i, g = 1.0 - f, f2 = f * f;
    vec2 w[4] = vec2[4](g * g * g / 6.0, (4.0 - 6.0 * f2 + 3.0 * f2 * f) / 6.0, (4.0 - 6.0 * g * g + 3.0 * g * g * g) / 6.0, f2 * f / 6.0);
    vec2 d[4] = vec2[4](-0.5 * g * g, f * (1.5 * f - 2.0), g * (2.0 - 1.5 * g), 0.5 * f2);
    ivec2 c = ivec2(i) - 1;
    vec4 sum = vec4(0.0);
    slope = vec2(0.0);
    for (int j = 0; j < 4; j++) {
        vec4 row = vec4(0.0);
        float dx = 0.0;
        int y = clamp(c.y + j, 0, last.y);
        for (int k = 0; k < 4; k++) {
            vec4 s = texelFetch(tank, ivec2(clamp(c.x + k, 0, last.x), y), 0);
            row += w[k].x * s;
            dx += d[k].x * s.y;
        }
        sum += w[j].y * row;
        slope += vec2(w[j].y * dx, d[j].y * row.y);
    }
    return sum;
}

vec3 picture() {
    vec2 uv = gl_FragCoord.xy / RENDERSIZE;
    vec2 p = place();
    vec2 extent = 0.5 * RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    vec2 slope;
    vec4 s = smoothly(uv, slope);
    float cellPx = RENDERSIZE.y / float(textureSize(tank, 0).y);
    float steep = length(slope);

    float t = mod(mod(TIME * 0.15, 8192.0) + flow, 8192.0);
    float turn = t * (floor(0.35 * 8192.0 / TAU + 0.5) * TAU / 8192.0);
    float breath = 0.5 + 0.5 * sin(TIME * 0.5);
    vec3 lamp = normalize(vec3(cos(turn), sin(turn) + 0.5, 0.8));
    vec3 eye = normalize(vec3(-p * 0.6, 1.4));
    vec3 halfway = normalize(lamp + eye);

    // The wire follows the line where the growth ends; its distance is read off the gradient, in cells.
    float level = 0.135;
    float dist = (s.y - level) / max(steep, 0.004);
    float inside = smoothstep(-0.35, 0.35, dist);
    float half_ = 0.58;
    float wire = smoothstep(half_ + 0.5 / cellPx, half_ - 0.5 / cellPx, abs(dist)) * smoothstep(0.004, 0.016, steep);

    // Enamels: the picture is laid out in slow fields of colour; age turns each towards its lighter neighbour.
    float field = sin(p.x * 1.9 + 1.4 * sin(p.y * 1.6 + t * 0.11) + t * 0.09) + sin(p.y * 2.6 - 1.1 * sin(p.x * 1.3 - t * 0.07) + 1.0);
    field = 0.5 + 0.25 * field;
    float young = 1.0 - smoothstep(0.10, 0.55, s.z);
    vec3 jade = oklch(0.60, 0.125, hue - 0.27), azure = oklch(0.53, 0.130, hue - 0.11), rose = oklch(0.45, 0.180, hue + 0.365);
    vec3 ivory = oklch(0.90, 0.05, hue - 0.45), coral = oklch(0.64, 0.155, hue + 0.46);
    vec3 enamel = mix(jade, azure, smoothstep(0.15, 0.5, field));
    enamel = mix(enamel, rose, smoothstep(0.58, 0.72, field));
    enamel = mix(enamel, ivory, smoothstep(0.50, 0.95, s.z) * smoothstep(0.20, 0.30, s.y) * mix(0.62, 0.22, smoothstep(0.5, 0.72, field)));
    enamel = mix(enamel, coral, young * 0.65);
    vec3 ground = mix(oklch(0.17, 0.075, hue + 0.02), oklch(0.25, 0.11, hue - 0.02), smoothstep(0.2, 0.9, field + 0.25 * s.x));
    ground = mix(ground, oklch(0.20, 0.07, hue - 0.24), smoothstep(0.6, 0.95, field));

    // Thicker glass is deeper in colour: lit from behind, brightest in the middle of a cell.
    float dome = smoothstep(0.0, 3.2, dist), bowl = smoothstep(0.0, 4.5, -dist);
    float far = length(p - 0.22 * vec2(cos(turn * 0.6), sin(turn * 0.8)));
    float back = (0.42 + 0.10 * breath + 1.25 * light) * (0.55 + 0.75 * exp(-far * far * 2.2));
    vec3 glass = mix(ground * (0.55 + 0.9 * bowl * (0.4 + light)), enamel * (0.28 + 0.85 * dome), inside);
    vec3 col = glass * back;
    col += enamel * enamel * inside * pow(dome, 3.0) * light * 0.7;

    // The polished surface: glass bulges towards the wires.
    vec3 n = normalize(vec3(-slope * 7.0 * (1.0 - 0.6 * dome), 0.5));
    float nh = max(dot(n, halfway), 0.0);
    col += vec3(0.9, 0.96, 1.0) * (pow(nh, 90.0) * 0.5 + pow(nh, 14.0) * 0.035) * (0.5 + 0.6 * inside);

    // Gold: a round wire, bright on the side of the lamp.
    vec2 side = slope / max(steep, 1e-4);
    vec3 wn = normalize(vec3(side * clamp(-dist / half_, -1.0, 1.0) * 0.9, 0.55));
    float wl = max(dot(wn, lamp), 0.0), ws = pow(max(dot(wn, halfway), 0.0), 18.0);
    float run = pow(0.5 + 0.5 * sin(atan(side.y, side.x) * 2.0 + p.x * 5.0 + p.y * 3.0 - turn * 4.0), 6.0);
    vec3 gold = oklch(0.78, 0.13, 0.235), pale = oklch(0.95, 0.06, 0.26), brown = oklch(0.36, 0.08, 0.17);
    vec3 metal = mix(brown, gold, smoothstep(0.05, 0.75, wl)) * (0.75 + 0.35 * wl) + pale * ws * (0.35 + 0.8 * shimmer);
    metal += pale * run * shimmer * 0.9;
    col = mix(col, metal, wire);
    col *= 1.0 - 0.35 * (1.0 - wire) * exp(-abs(abs(dist) - half_) * 1.6);

    // Gold foil under the glass, which winks as the lamp moves.
    ivec2 speck = ivec2(floor(p * 150.0));
    float round_ = smoothstep(0.42, 0.18, length(fract(p * 150.0) - 0.5 - 0.15 * vec2(sin(float(speck.x) * 7.0), cos(float(speck.y) * 5.0))));
    float dust = hash3(ivec3(speck, 11));
    float wink = pow(0.5 + 0.5 * sin(dust * 400.0 + turn * 9.0 + TIME * 1.5), 10.0);
    col += gold * step(0.945 - 0.06 * shimmer, dust) * round_ * wink * (0.20 + 1.6 * shimmer) * (1.0 - inside) * (1.0 - wire);

    col *= 1.0 - 0.38 * pow(length(p / extent) * 0.72, 2.5);
    col *= 1.35;
    col = col * (1.0 + col / 10.0) / (1.0 + 0.8 * col);
    col = pow(max(col, 0.0), vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    return col + (grain - 0.5) / 200.0;
}

void main() {
    if (PASSINDEX == 0) gl_FragColor = stirred(place());
    else if (PASSINDEX == 1) gl_FragColor = grow(step1);
    else if (PASSINDEX == 2) gl_FragColor = grow(step2);
    else if (PASSINDEX == 3) gl_FragColor = grow(step3);
    else if (PASSINDEX == 4) gl_FragColor = grow(step4);
    else gl_FragColor = vec4(clamp(picture(), 0.0, 1.0), 1.0);
}
