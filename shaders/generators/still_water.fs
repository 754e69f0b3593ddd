/*{
  "DESCRIPTION": "The camera's picture lies under clear water. Notes fall in as drops, a lamp passes over it where the sound is reading. Without a camera it is a pond with lilies and carp.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "Camera", "Feedback"],
  "INPUTS": [
    {"NAME": "camera", "TYPE": "image", "LABEL": "Camera"},
    {"NAME": "lamp", "TYPE": "float", "LABEL": "Light of the lamp", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "head", "TYPE": "float", "LABEL": "Where the lamp is", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.3},
    {"NAME": "breeze", "TYPE": "float", "LABEL": "Breeze", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "depth", "TYPE": "float", "LABEL": "Depth of the water", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "glint", "TYPE": "float", "LABEL": "Glints", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "dusk", "TYPE": "float", "LABEL": "Dusk", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "hit", "TYPE": "float", "LABEL": "Drop on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "drops", "TYPE": "float", "LABEL": "A drop for each count", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Drift", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0}
  ],
  "PASSES": [
    {"TARGET": "surface", "PERSISTENT": true, "FLOAT": true, "WIDTH": "floor(112*$WIDTH/min($WIDTH,$HEIGHT))", "HEIGHT": "floor(112*$HEIGHT/min($WIDTH,$HEIGHT))"},
    {}
  ]
}*/

// surface: height and speed of the water, the count of drops at the last frame, and the hit then.

#include "hash.glsl"
#include "journey.glsl"
#include "oklch.glsl"

float drift() {
    return mod(mod(TIME * 0.3, 8192.0) + flow, 8192.0);
}

// A pond: silt and stones, carp, and lily pads above them. p is -0.5..0.5 on the shorter side.
vec3 pond(vec2 p) {
    float t = drift();
    float silt = sin(p.x * 5.0 + 2.0 * sin(p.y * 3.0)) * sin(p.y * 6.0 + sin(p.x * 4.0));
    vec3 c = mix(oklch(0.34, 0.065, 0.47), oklch(0.50, 0.075, 0.40), 0.5 + 0.5 * silt);
    for (int i = 0; i < 3; i++) {
        float s = float(i) * 2.1;
        vec2 at = vec2(0.55 * sin(t * RATE(0.11 + 0.03 * float(i)) + s), 0.30 * sin(t * RATE(0.17 + 0.02 * float(i)) + 1.7 * s));
        vec2 way = normalize(vec2(0.55 * RATE(0.11 + 0.03 * float(i)) * cos(t * RATE(0.11 + 0.03 * float(i)) + s),
                                  0.30 * RATE(0.17 + 0.02 * float(i)) * cos(t * RATE(0.17 + 0.02 * float(i)) + 1.7 * s)) + 1e-5);
        vec2 d = p - at;
        float u = dot(d, way), v = dot(d, vec2(-way.y, way.x));
        v += 0.020 * sin(u * 22.0 - t * RATE(5.0) + s) * smoothstep(0.10, -0.16, u);
        float body = smoothstep(1.0, 0.8, length(vec2(u / 0.115, v / (0.036 * (1.0 - 0.35 * u / 0.115)))));
        float tail = smoothstep(0.018, 0.0, abs(v) - 0.30 * max(-u - 0.10, 0.0)) * smoothstep(-0.19, -0.16, u) * step(u, -0.08);
        float patchy = smoothstep(-0.15, 0.3, sin(u * 31.0 + s * 3.0 + 2.0 * sin(v * 45.0 + s)) + 0.4 * sin(u * 70.0 - v * 30.0));
        vec3 scales = mix(oklch(0.90, 0.03, 0.24), oklch(0.67, 0.20, 0.10), i == 1 ? 0.15 + 0.85 * patchy : 0.9 - 0.7 * patchy);
        c = mix(c, c * 0.45, 0.6 * smoothstep(1.0, 0.5, length(vec2(u - 0.01, v + 0.035) / vec2(0.13, 0.05))));
        c = mix(c, scales, max(body, tail));
    }
    for (int i = 0; i < 11; i++) {
        vec2 at = vec2(hash3(ivec3(i, 3, 1)) * 1.9 - 0.95, hash3(ivec3(i, 5, 2)) * 1.1 - 0.55);
        at += 0.012 * vec2(sin(t * RATE(0.31) + float(i)), cos(t * RATE(0.27) + 2.0 * float(i)));
        float size = 0.055 + 0.065 * hash3(ivec3(i, 7, 3));
        vec2 d = p - at;
        float r = length(d) / size;
        float a = atan(d.y, d.x) + TAU * hash3(ivec3(i, 9, 4));
        float notch = abs(a - TAU * floor(a / TAU + 0.5)) * r;
        float pad = smoothstep(1.0, 0.95, r + 0.03 * sin(a * 7.0)) * smoothstep(0.05, 0.12, notch);
        c = mix(c, c * 0.5, 0.5 * smoothstep(1.25, 0.8, length(d + vec2(-0.012, 0.02)) / size));
        vec3 leaf = mix(oklch(0.63, 0.13, 0.36), oklch(0.50, 0.11, 0.40), r);
        leaf *= 0.9 + 0.16 * smoothstep(0.6, 1.0, abs(sin(a * 6.5)));
        c = mix(c, leaf, pad);
        if (hash3(ivec3(i, 11, 5)) > 0.62) {
            vec2 q = (d - vec2(0.25 * size, 0.2 * size)) / (0.62 * size);
            float b = atan(q.y, q.x), petal = length(q) / (0.62 + 0.38 * abs(cos(b * 4.0)));
            vec3 flower = mix(oklch(0.93, 0.06, 0.98), oklch(0.72, 0.17, 0.97), smoothstep(0.15, 1.0, petal));
            flower = mix(flower, oklch(0.86, 0.16, 0.25), smoothstep(0.25, 0.15, length(q)));
            c = mix(c, flower, smoothstep(1.0, 0.88, petal));
        }
    }
    return c;
}

// The camera's picture, covering this one; or the pond, where there is none.
vec3 see(vec2 uv, vec2 size) {
    vec2 cam = IMG_SIZE(camera);
    if (min(cam.x, cam.y) < 3.0) return pond((uv - 0.5) * size / min(size.x, size.y));
    vec2 k = (size / cam) / max(size.x / cam.x, size.y / cam.y);
    return pow(IMG_NORM_PIXEL(camera, clamp((uv - 0.5) * k + 0.5, 0.001, 0.999)).rgb, vec3(2.2));
}

float dropAt(vec2 p, int number, float size) {
    vec2 room = 0.46 * RENDERSIZE / min(RENDERSIZE.x, RENDERSIZE.y);
    vec2 at = (vec2(hash3(ivec3(number, 1, 7)), hash3(ivec3(number, 2, 7))) * 2.0 - 1.0) * room;
    float d = length(p - at) / size;
    return exp(-d * d) - 0.5 * exp(-d * d * 0.5);
}

vec4 move() {
    ivec2 at = ivec2(gl_FragCoord.xy), last = textureSize(surface, 0) - 1;
    vec4 was = texelFetch(surface, clamp(at, ivec2(0), last), 0);
    // The shore takes up what reaches it.
    float l = texelFetch(surface, ivec2(max(at.x - 1, 0), at.y), 0).r, r = texelFetch(surface, ivec2(min(at.x + 1, last.x), at.y), 0).r;
    float d = texelFetch(surface, ivec2(at.x, max(at.y - 1, 0)), 0).r, u = texelFetch(surface, ivec2(at.x, min(at.y + 1, last.y)), 0).r;
    float dt = clamp(TIMEDELTA, 0.0, 1.0 / 28.0);
    float speed = was.g + 324.0 * dt * (l + r + d + u - 4.0 * was.r);
    speed *= exp(-dt * 0.45);
    float height = (was.r + dt * speed) * exp(-dt * 0.2);
    vec2 p = (gl_FragCoord.xy - 0.5 * RENDERSIZE) / min(RENDERSIZE.x, RENDERSIZE.y);
    int count = int(mod(drops, 8192.0));
    if (count != int(was.b)) height += 0.8 * dropAt(p, count, 0.034);
    float rise = max(hit - was.a, 0.0);
    if (rise > 0.04) height += 1.6 * rise * dropAt(p, int(mod(drift() * 3.0, 8192.0)) + 77, 0.05);
    return vec4(clamp(height, -2.0, 2.0), clamp(speed, -40.0, 40.0), float(count), hit);
}

// Smooth between texels, or the ripples would show their grid.
float water(vec2 uv) {
    vec2 size = vec2(textureSize(surface, 0)), q = uv * size - 0.5, i = floor(q), f = q - i;
    f = f * f * (3.0 - 2.0 * f);
    return texture(surface, (i + f + 0.5) / size).r;
}

float wind(vec2 p) {
    float t = drift();
    float h = sin(dot(p, vec2(9.0, 3.0)) + t * RATE(1.1) + 1.3 * sin(p.y * 5.0 - t * RATE(0.4)));
    h += 0.7 * sin(dot(p, vec2(-6.0, 11.0)) - t * RATE(1.4) + sin(p.x * 7.0 + t * RATE(0.6)));
    h += 0.4 * sin(dot(p, vec2(17.0, 13.0)) + t * RATE(2.1)) + 0.3 * sin(dot(p, vec2(21.0, -19.0)) - t * RATE(2.6));
    return 0.035 * breeze * h;
}

vec3 look() {
    vec2 uv = gl_FragCoord.xy / RENDERSIZE;
    float side = min(RENDERSIZE.x, RENDERSIZE.y);
    vec2 shortest = RENDERSIZE / side, p = (uv - 0.5) * shortest;
    float e = 1.0 / 112.0;
    vec2 ex = vec2(e, 0.0), ey = vec2(0.0, e);
    float c = water(uv) + wind(p);
    float px = water(uv + ex / shortest) + wind(p + ex), mx = water(uv - ex / shortest) + wind(p - ex);
    float py = water(uv + ey / shortest) + wind(p + ey), my = water(uv - ey / shortest) + wind(p - ey);
    vec2 slope = vec2(px - mx, py - my);
    float focus = px + mx + py + my - 4.0 * c;
    vec2 bent = uv - slope * (0.05 + 0.34 * depth) / shortest;
    vec3 col = vec3(see(bent + slope * 0.010, RENDERSIZE).r, see(bent, RENDERSIZE).g, see(bent - slope * 0.010, RENDERSIZE).b);

    // Water swallows red first, and light gathers under its crests.
    col *= mix(vec3(1.0), vec3(0.62, 0.90, 0.97), 0.75 * depth);
    col *= clamp(1.0 - (2.2 + 5.0 * depth) * focus, 0.4, 2.6);
    float evening = mix(1.0, 0.26, dusk);
    float luma = dot(col, vec3(0.2126, 0.7152, 0.0722));
    vec3 night = mix(vec3(luma), col, 0.72) * vec3(0.62, 0.82, 1.15);
    vec3 dim = mix(col, night, dusk) * evening;

    // The lamp: a soft edge ahead, an afterglow behind.
    float x = uv.x - head;
    x -= floor(x + 0.5);
    float beam = exp(-x * x / (x > 0.0 ? 0.0012 : 0.010)) * (0.9 + 0.1 * sin(p.y * 40.0 + drift() * RATE(3.0)));
    float lit = lamp * beam;
    vec3 out_ = dim + col * vec3(1.30, 1.08, 0.78) * lit * 1.5;
    out_ += vec3(1.0, 0.72, 0.38) * lamp * exp(-abs(x) * 90.0) * (0.05 + 0.55 * luma);

    vec3 n = normalize(vec3(-slope * 3.2, 0.35));
    vec3 sun = normalize(vec3(-0.35, 0.55, 0.75));
    float shine = pow(max(dot(n, normalize(sun + vec3(0.0, 0.0, 1.0))), 0.0), 90.0);
    float sky = pow(1.0 - n.z, 2.0), sheen = 0.35 + 22.0 * (slope.y - slope.x);
    sheen = max(sheen, 0.0);
    // The surface shows what is above the picture: a dark one has dark glints.
    vec3 above = see(vec2(uv.x + 1.5 * slope.x / shortest.x, 1.0 - uv.y - 1.5 * slope.y / shortest.y), RENDERSIZE);
    above = 0.025 + 0.6 * above + 0.4 * dot(above, vec3(0.3333));
    out_ += (above * (shine * 1.6 + sky * 0.9 + 0.30 * sheen * sheen / (1.0 + sheen * sheen)) + 0.03 * shine) * glint * (0.5 + 0.5 * evening);
    vec2 q = (uv - 0.5) * 2.0;
    out_ *= 1.0 - 0.28 * pow(length(q) * 0.71, 3.0);
    out_ = max(out_, 0.0);
    out_ = out_ * (1.0 + out_ * 0.2) / (1.0 + 0.35 * out_);
    out_ = pow(out_, vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    return out_ + (grain - 0.5) / 200.0;
}

void main() {
    if (PASSINDEX == 0) gl_FragColor = move();
    else gl_FragColor = vec4(clamp(look(), 0.0, 1.0), 1.0);
}
