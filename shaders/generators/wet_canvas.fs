/*{
  "DESCRIPTION": "The camera's picture painted in oil, stroke by stroke, along its own contours. Without a camera it paints a moonlit bay from memory.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "Camera", "Feedback"],
  "INPUTS": [
    {"NAME": "camera", "TYPE": "image", "LABEL": "Camera"},
    {"NAME": "brush", "TYPE": "float", "LABEL": "Size of the brush", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "haste", "TYPE": "float", "LABEL": "Haste of the painter", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "swirl", "TYPE": "float", "LABEL": "Swirl", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "vivid", "TYPE": "float", "LABEL": "Vividness", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "impasto", "TYPE": "float", "LABEL": "Thickness of the paint", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "hit", "TYPE": "float", "LABEL": "Loaded stroke on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Wind", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0}
  ],
  "PASSES": [
    {"TARGET": "study", "PERSISTENT": true, "FLOAT": true, "WIDTH": "floor(120*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(120*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {"TARGET": "contour", "PERSISTENT": true, "FLOAT": true, "WIDTH": "floor(60*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(60*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {"TARGET": "canvas", "PERSISTENT": true, "FLOAT": true},
    {}
  ]
}*/

// study: what the painter sees (OKLab, and 1 once looked). contour: which way the strokes run, as a double
// angle. canvas: wet paint in linear light, and in the last channel how thick it lies.

#include "hash.glsl"
#include "journey.glsl"
#include "oklch.glsl"

float noise(vec2 p) {
    vec2 i = floor(p), f = p - i;
    f = f * f * (3.0 - 2.0 * f);
    ivec3 c = ivec3(ivec2(i), 5);
    return mix(mix(hash3(c), hash3(c + ivec3(1, 0, 0)), f.x), mix(hash3(c + ivec3(0, 1, 0)), hash3(c + ivec3(1, 1, 0)), f.x), f.y);
}

vec3 toLab(vec3 c) {
    vec3 q = vec3(dot(c, vec3(0.4122214708, 0.5363325363, 0.0514459929)), dot(c, vec3(0.2119034982, 0.6806995451, 0.1073969566)),
                  dot(c, vec3(0.0883024619, 0.2817188376, 0.6299787005)));
    q = pow(max(q, 1e-7), vec3(1.0 / 3.0));
    return vec3(dot(q, vec3(0.2104542553, 0.7936177850, -0.0040720468)), dot(q, vec3(1.9779984951, -2.4285922050, 0.4505937099)),
                dot(q, vec3(0.0259040371, 0.7827717662, -0.8086757660)));
}

vec3 fromLab(vec3 c) {
    float l = c.x + 0.3963377774 * c.y + 0.2158037573 * c.z;
    float m = c.x - 0.1055613458 * c.y - 0.0638541728 * c.z;
    float s = c.x - 0.0894841775 * c.y - 1.2914855480 * c.z;
    l = l * l * l; m = m * m * m; s = s * s * s;
    return max(vec3(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s), 0.0);
}

float wind() {
    return mod(mod(TIME * 0.25, 8192.0) + flow, 8192.0);
}

// From memory: a moon over a bay, hills, and its road of light on the water. p is -0.5..0.5 on the shorter side.
vec3 bay(vec2 p) {
    float t = wind();
    vec2 moon = vec2(0.20 + 0.05 * sin(t * RATE(0.09)), 0.20 + 0.02 * sin(t * RATE(0.13)));
    float r = length(p - moon);
    vec3 sky = mix(oklch(0.52, 0.10, 0.66), oklch(0.24, 0.10, 0.76), smoothstep(-0.1, 0.5, p.y));
    sky = mix(sky, oklch(0.74, 0.12, 0.17), exp(-abs(p.y + 0.08) * 9.0) * 0.8);
    float rings = 0.5 + 0.5 * sin(r * 42.0 - t * RATE(0.8));
    sky += oklch(0.80, 0.12, 0.26) * (exp(-r * 6.5) * (0.30 + 0.28 * rings) + smoothstep(0.068, 0.055, r) * 1.1);
    float cloud = sin(p.x * 6.0 + 2.0 * sin(p.y * 9.0 + t * RATE(0.17)) + t * RATE(0.23)) * sin(p.y * 17.0 + sin(p.x * 4.0 - t * RATE(0.11)) * 2.0);
    sky += oklch(0.62, 0.08, 0.60) * 0.34 * smoothstep(0.25, 0.9, cloud) * smoothstep(-0.08, 0.12, p.y);
    float hill = -0.06 + 0.075 * sin(p.x * 3.1 + 1.0) + 0.035 * sin(p.x * 8.3 + 0.4) + 0.012 * sin(p.x * 21.0);
    vec3 land = mix(oklch(0.27, 0.075, 0.45), oklch(0.38, 0.09, 0.70), smoothstep(0.0, -0.12, p.y - hill));
    vec3 c = mix(sky, land, smoothstep(0.006, -0.006, p.y - hill));
    float shore = -0.13;
    float depth = max(shore - p.y, 0.0);
    float ripple = sin(depth * 120.0 / (1.0 + depth * 5.0) + 3.0 * sin(p.x * 5.0 + t * RATE(0.4)) - t * RATE(1.3));
    vec3 water = mix(oklch(0.50, 0.10, 0.60), oklch(0.22, 0.09, 0.71), smoothstep(0.0, 0.4, depth)) * (0.9 + 0.25 * ripple);
    water += oklch(0.80, 0.12, 0.24) * exp(-pow((p.x - moon.x) / (0.045 + 0.32 * depth), 2.0)) * smoothstep(-0.2, 0.9, ripple) * 0.65;
    water += oklch(0.66, 0.16, 0.12) * exp(-depth * 26.0) * 0.35;
    return mix(c, water, smoothstep(shore + 0.004, shore - 0.004, p.y));
}

// The camera's picture, covering this one; or the bay, where there is none.
vec3 see(vec2 uv, vec2 size) {
    vec2 cam = IMG_SIZE(camera);
    if (min(cam.x, cam.y) < 3.0) return bay((uv - 0.5) * size / min(size.x, size.y));
    vec2 k = (size / cam) / max(size.x / cam.x, size.y / cam.y);
    vec3 c = IMG_NORM_PIXEL(camera, (uv - 0.5) * k + 0.5).rgb;
    return pow(c, vec3(2.2));
}

vec4 look() {
    // Two looks a frame, at changing places within the cell; time does the averaging.
    vec2 uv = gl_FragCoord.xy / RENDERSIZE;
    float turn = float(FRAMEINDEX & 7) * 2.39996;
    vec2 e = 0.36 * vec2(cos(turn), sin(turn)) / RENDERSIZE;
    vec3 c = 0.5 * (see(uv + e, RENDERSIZE) + see(uv - e, RENDERSIZE));
    vec4 was = texture(study, uv);
    float k = was.a < 0.5 ? 1.0 : 1.0 - exp(-clamp(TIMEDELTA, 0.0, 0.2) * 9.0);
    return vec4(mix(was.rgb, toLab(c), k), 1.0);
}

float light(vec2 uv) {
    return texture(study, uv).r;
}

vec4 follow() {
    vec2 uv = gl_FragCoord.xy / RENDERSIZE, e = 1.4 / RENDERSIZE;
    float a = light(uv + vec2(-e.x, e.y)), b = light(uv + vec2(0.0, e.y)), c = light(uv + e);
    float d = light(uv + vec2(-e.x, 0.0)), f = light(uv + vec2(e.x, 0.0));
    float g = light(uv - e), h = light(uv + vec2(0.0, -e.y)), i = light(uv + vec2(e.x, -e.y));
    vec2 grad = vec2(c + 2.0 * f + i - a - 2.0 * d - g, a + 2.0 * b + c - g - 2.0 * h - i);
    // Doubled angles, so that opposite directions agree; where the picture is flat the wind decides.
    vec2 tensor = vec2(grad.x * grad.x - grad.y * grad.y, 2.0 * grad.x * grad.y);
    vec2 along = -tensor * 6.0;
    vec2 p = (uv - 0.5) * RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    float t = wind();
    float angle = 1.1 * sin(p.x * 3.0 + t * RATE(0.21)) + 1.1 * sin(p.y * 4.1 + 1.4 * sin(p.x * 2.2 - t * RATE(0.16)) - t * RATE(0.13));
    angle += swirl * 1.6 * sin(length(p - 0.15 * vec2(sin(t * RATE(0.2)), cos(t * RATE(0.17)))) * 11.0 - t * RATE(0.6));
    vec2 breeze = vec2(cos(2.0 * angle), sin(2.0 * angle)) * (0.05 + 0.22 * swirl);
    vec2 mean = vec2(0.0);
    vec2 s = 1.5 / RENDERSIZE;
    mean += texture(contour, uv + vec2(s.x, s.y)).xy + texture(contour, uv + vec2(-s.x, s.y)).xy;
    mean += texture(contour, uv + vec2(s.x, -s.y)).xy + texture(contour, uv - s).xy;
    vec2 now = along + breeze;
    vec2 was = texture(contour, uv).xy;
    float dt = clamp(TIMEDELTA, 0.0, 0.2);
    vec2 v = mix(mix(was, mean * 0.25, 1.0 - exp(-dt * 8.0)), now, 1.0 - exp(-dt * 5.0));
    return vec4(v, 0.0, 1.0);
}

// The strokes of this frame: a freshly shifted grid, of which a few cells hold one. Broad and fine brushes take turns.
vec4 stroke() {
    vec2 uv = gl_FragCoord.xy / RENDERSIZE;
    vec2 shortest = RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    vec2 p = (uv - 0.5) * shortest;
    vec4 paint = texelFetch(canvas, ivec2(gl_FragCoord.xy), 0);
    if (paint.a <= 0.0) paint = vec4(fromLab(mix(texture(study, uv).rgb, vec3(0.45, 0.03, 0.06), 0.4)), 0.2);
    float dt = clamp(TIMEDELTA, 0.0, 0.1);
    paint.a = mix(paint.a, 0.35, 1.0 - exp(-dt * 0.25));

    bool fine = (FRAMEINDEX & 1) == 1;
    int seed = FRAMEINDEX & 0xffff;
    float size = mix(0.055, 0.17, brush) * (fine ? 0.42 : 1.0);
    // The chance per frame keeps the painter's pace the same at any frame rate.
    float chance = 1.0 - exp(-2.0 * dt * (0.9 + 9.0 * haste * haste + 12.0 * hit * hit) * (fine ? 1.0 : 0.75));
    vec2 shift = vec2(hash3(ivec3(seed, 1, 9)), hash3(ivec3(seed, 2, 9)));
    vec2 q = p / size + shift;
    ivec2 base = ivec2(floor(q - 0.5));

    // First find the stroke that lies on top here, then mix its colour once.
    float best = -1.0, u = 0.0, v = 0.0, a = 0.0, b = 0.0;
    vec2 at = uv;
    ivec2 grid = textureSize(contour, 0);
    for (int k = 0; k < 4; k++) {
        ivec2 c = base + ivec2(k & 1, k >> 1);
        float r = hash3(ivec3(c, seed)) / chance;
        float ra = hash3(ivec3(c, seed + 17)), rb = fract(ra * 61.7 + r * 0.37);
        vec2 centre = (vec2(c) + 0.5 + 0.3 * (vec2(ra, rb) - 0.5) - shift) * size;
        vec2 there = centre / shortest + 0.5;
        vec2 way = texelFetch(contour, clamp(ivec2(there * vec2(grid)), ivec2(0), grid - 1), 0).xy;
        // Half of the doubled angle, then a hand's tremble.
        float c2 = way.x / max(length(way.xy), 1e-5);
        vec2 dir = vec2(sqrt(max(0.5 + 0.5 * c2, 0.0)), (way.y < 0.0 ? -1.0 : 1.0) * sqrt(max(0.5 - 0.5 * c2, 0.0)));
        dir = normalize(dir + (rb - 0.5) * 0.45 * vec2(-dir.y, dir.x));
        vec2 d = (p - centre) / size;
        float cu = dot(d, dir);
        // A bent bristle brush.
        float cv = dot(d, vec2(-dir.y, dir.x)) + (ra - 0.5) * 0.55 * cu * cu;
        bool on = r < 1.0 && r > best && abs(cu) < 0.90 && abs(cv) < 0.32;
        if (on) { best = r; u = cu; v = cv; a = ra; b = rb; at = there; }
    }
    // Round at the start, ragged at the end.
    float wide = 0.20 + 0.08 * a;
    float bristle = noise(vec2(v * 26.0 + a * 50.0, u * 1.6 + b * 30.0));
    float end = abs(u) / 0.78 + 0.28 * (bristle - 0.5) * smoothstep(-0.2, 0.7, u);
    float mask = smoothstep(1.0, 0.86, end) * smoothstep(1.0, 0.72, abs(v) / wide + 0.25 * (bristle - 0.5)) * step(0.0, best);
    vec3 lab = texture(study, at).rgb;
    // No two loads of the brush are mixed alike; complementary notes creep into the greys.
    // Paint is never quite black: the shadows keep their colour.
    lab.x = 0.11 + 0.89 * mix(lab.x, lab.x * lab.x * (3.0 - 2.0 * lab.x), 0.40) + (best - 0.5) * 0.07;
    float chroma = length(lab.yz);
    float turn = (a - 0.5) * 0.8 + (b > 0.88 ? 2.6 : 0.0) * smoothstep(0.06, 0.015, chroma);
    vec2 tone = vec2(cos(turn) * lab.y - sin(turn) * lab.z, sin(turn) * lab.y + cos(turn) * lab.z);
    // Cool shadows, warm lights.
    vec2 mood = mix(vec2(-0.005, -0.055), vec2(0.022, 0.045), smoothstep(0.25, 0.85, lab.x));
    lab.yz = tone * (1.05 + 0.75 * vivid) + mood * (0.30 + 0.55 * vivid);
    vec3 ink = fromLab(lab);
    float load = mask * (0.80 + 0.20 * bristle);
    float ridge = (0.35 + 0.65 * bristle) * (0.55 + 0.75 * smoothstep(0.35, 0.95, abs(v) / wide)) * (0.7 + 0.5 * a + 0.9 * hit);
    return vec4(mix(paint.rgb, ink, load), mix(paint.a, ridge, load));
}

vec3 gallery() {
    vec2 uv = gl_FragCoord.xy / RENDERSIZE;
    float scale = min(RENDERSIZE.x, RENDERSIZE.y) / 540.0;
    ivec2 at = ivec2(gl_FragCoord.xy), last = ivec2(RENDERSIZE) - 1;
    int e = max(int(scale + 0.5), 1);
    vec4 c = texelFetch(canvas, at, 0);
    float weave = sin(gl_FragCoord.x / scale * 1.9) * sin(gl_FragCoord.y / scale * 1.9) * 0.035;
    float hx = texelFetch(canvas, ivec2(min(at.x + e, last.x), at.y), 0).a - texelFetch(canvas, ivec2(max(at.x - e, 0), at.y), 0).a;
    float hy = texelFetch(canvas, ivec2(at.x, min(at.y + e, last.y)), 0).a - texelFetch(canvas, ivec2(at.x, max(at.y - e, 0)), 0).a;
    float rough = 0.35 + 1.5 * impasto + 0.5 * hit;
    vec3 n = normalize(vec3(-vec2(hx, hy) * rough, 0.75));
    vec3 lamp = normalize(vec3(-0.55, 0.75, 0.70));
    float lit = dot(n, lamp) / lamp.z;
    float spec = pow(max(dot(n, normalize(lamp + vec3(0.0, 0.0, 1.0))), 0.0), 40.0);
    vec3 col = c.rgb * (0.30 + 0.72 * lit + weave * (1.0 - 0.5 * impasto));
    col += vec3(1.0, 0.96, 0.88) * max(spec - 0.45, 0.0) * (0.05 + 0.30 * impasto) * (0.25 + 1.5 * min(dot(c.rgb, vec3(0.33)), 0.5));
    vec2 q = (uv - 0.5) * 2.0;
    col *= 1.0 - 0.30 * pow(length(q) * 0.71, 3.0);
    col = max(col, 0.0);
    col = col * (1.0 + col * 0.25) / (1.0 + 0.35 * col);
    col = pow(col, vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    return col + (grain - 0.5) / 200.0;
}

void main() {
    if (PASSINDEX == 0) gl_FragColor = look();
    else if (PASSINDEX == 1) gl_FragColor = follow();
    else if (PASSINDEX == 2) gl_FragColor = stroke();
    else gl_FragColor = vec4(clamp(gallery(), 0.0, 1.0), 1.0);
}
