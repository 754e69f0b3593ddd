/*{
  "DESCRIPTION": "A sea of black glass under an eclipse. Swell lifts with the bass, ember veins burn beneath the surface, the spectrum is the corona.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "3D", "Landscape"],
  "INPUTS": [
    {"NAME": "swell", "TYPE": "float", "LABEL": "Swell", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "heat", "TYPE": "float", "LABEL": "Heat of the veins", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.45},
    {"NAME": "corona", "TYPE": "float", "LABEL": "Corona", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "sparks", "TYPE": "float", "LABEL": "Rising sparks", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
    {"NAME": "hit", "TYPE": "float", "LABEL": "Surge on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Journey", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "ember", "TYPE": "float", "LABEL": "Ember hue", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.13},
    {"NAME": "spectrum", "TYPE": "audioFFT", "LABEL": "Spectrum", "MAX": 512}
  ]
}*/

#include "journey.glsl"
#include "oklch.glsl"

const int STEPS = 24;

float hash2(ivec2 c) {
    uint n = uint(c.x & 255) * 374761393u + uint(c.y & 255) * 668265263u;
    n = (n ^ (n >> 13u)) * 1274126177u;
    return float((n ^ (n >> 16u)) & 0xffffu) / 65535.0;
}

float gTime;
float gSwell;
vec2 gRoller;  // how far away and how high

// Four crossing swells with sharpened crests, and the roller of a hit.
float sea(vec2 p) {
    float a = dot(p, vec2(0.34, 0.91)) + gTime * RATE(0.90);
    float b = dot(p, vec2(-0.83, 0.97)) + gTime * RATE(1.27);
    float c = dot(p, vec2(1.73, 1.21)) + 1.7 * sin(a) + gTime * RATE(1.61);
    float d = dot(p, vec2(-2.6, 2.2)) + 1.1 * sin(b) + gTime * RATE(2.35);
    float h = 0.53 * (1.0 - sqrt(0.006 + pow(sin(0.5 * a), 2.0))) + 0.32 * (1.0 - sqrt(0.010 + pow(sin(0.5 * b + 0.4), 2.0)));
    h += 0.11 * sin(c) + 0.05 * sin(d);
    h *= gSwell;
    if (gRoller.y > 0.002) {
        float w = (length(p) - gRoller.x) / (0.7 + 0.10 * gRoller.x);
        h += gRoller.y * exp(-w * w);
    }
    return h;
}

// Distance to the nearest cell wall: the cracks through which the embers show.
float cracks(vec2 p) {
    ivec2 base = ivec2(floor(p));
    vec2 f = fract(p);
    float near = 8.0, next = 8.0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            ivec2 c = base + ivec2(i, j);
            float r = hash2(c);
            vec2 o = vec2(i, j) + 0.5 + 0.42 * vec2(sin(r * 40.0 + gTime * 0.7), cos(r * 57.0 + gTime * 0.6)) - f;
            float d = dot(o, o);
            next = min(next, max(near, d));
            near = min(near, d);
        }
    return sqrt(next) - sqrt(near);
}

vec3 fire(float t) {
    t = max(t, 0.0);
    float h = mix(0.055, 0.20, clamp(t * 0.55, 0.0, 1.0)) + (ember - 0.13);
    return oklch(min(0.22 + 0.62 * pow(t, 0.55), 0.97), 0.20 * smoothstep(0.0, 0.25, t) * (1.0 - 0.45 * smoothstep(0.9, 1.9, t)), h) * t;
}

vec3 dusk(vec3 rd) {
    float y = max(rd.y, 0.0);
    vec3 zenith = oklch(0.13, 0.050, 0.76);
    vec3 mid = oklch(0.36, 0.085, 0.60);
    vec3 rose = oklch(0.42, 0.115, 0.02);
    vec3 low = oklch(0.62, 0.155, ember + 0.005);
    vec3 c = mix(mid, zenith, smoothstep(0.06, 0.46, y));
    c = mix(rose, c, smoothstep(0.015, 0.13, y));
    c = mix(low, c, smoothstep(-0.035, 0.055, y + 0.05 * rd.x * rd.x));
    return c * 0.62;
}

const vec3 SUN = vec3(0.0, 0.235, 0.972);

// The black sun and its crown; rays are as long as the spectrum is loud in that direction.
vec3 eclipse(vec3 rd, float detail) {
    vec2 q = rd.xy / max(rd.z, 0.05) - SUN.xy / SUN.z;
    float r = length(q);
    float R = 0.135;
    float turn = abs(atan(q.x, -q.y)) / 3.14159265;
    float place = 0.05 + 0.78 * turn;
    float level = 0.5 * texture(spectrum, vec2(place, 0.5)).r
                + 0.25 * (texture(spectrum, vec2(place - 0.03, 0.5)).r + texture(spectrum, vec2(place + 0.03, 0.5)).r);
    float ray = 0.5 + 0.5 * sin(turn * 37.0 + sin(turn * 11.0 + gTime * 0.5) * 2.0 + gTime * 0.2);
    float len = mix(0.035, 0.14, corona) * (0.35 + 2.2 * level * level + 0.35 * ray + 0.3 * hit);
    float d = max(r - R, 0.0);
    float crown = exp(-d / len) * smoothstep(R - 0.004 - 0.10 * (1.0 - detail), R + 0.006 + 0.05 * (1.0 - detail), r);
    float rim = exp(-d * 70.0) * smoothstep(R - 0.004, R + 0.002, r);
    vec3 c = fire(1.15) * crown * (0.6 + 0.9 * corona) + vec3(1.0, 0.82, 0.62) * rim * detail * (1.2 + 1.5 * corona);
    float disc = smoothstep(R + 0.003, R - 0.003, r);
    return c - vec3(10.0) * disc * detail;
}

float sparkField(vec2 p, float scale, float seed) {
    vec2 q = p * scale;
    q.x += 0.35 * sin(q.y * 0.7 + gTime * 0.6 + seed);
    q.y -= gTime * (0.9 + 0.3 * seed);
    ivec2 c = ivec2(floor(q));
    float r = hash2(c + ivec2(int(seed * 71.0), 13));
    vec2 o = fract(q) - 0.5 - 0.32 * vec2(sin(r * 91.0), cos(r * 63.0));
    float on = step(1.0 - 0.55 * sparks - 0.03, hash2(c + ivec2(7, 31)));
    float size = mix(0.012, 0.034, r);
    return on * exp(-dot(o, o) / (size * size)) * (0.6 + 0.4 * sin(r * 60.0 + gTime * 5.0));
}

void main() {
    vec2 res = RENDERSIZE;
    vec2 p = (gl_FragCoord.xy - 0.5 * res) / min(res.x, res.y);
    gTime = mod(TIME * 0.3, 8192.0) + flow;
    gTime = mod(gTime, 8192.0);
    float breath = 0.5 + 0.5 * sin(TIME * 0.42);
    gSwell = 0.30 + 1.15 * swell + 0.10 * breath;
    // A hit raises a roller at the horizon; as it dies away the roller runs in towards the eye.
    gRoller = vec2(2.5 + 9.5 * hit, 0.34 * hit * hit);

    // The camera rides the swell a little; a portrait picture looks up more, so that the sun stays in the middle third.
    float tall = clamp(res.y / res.x - 1.0, 0.0, 1.0);
    vec3 ro = vec3(0.0, 1.55 + 0.55 * gSwell + 0.06 * sin(gTime * RATE(0.9)), 0.0);
    float roll = 0.018 * sin(gTime * RATE(0.31));
    p = mat2(cos(roll), sin(roll), -sin(roll), cos(roll)) * p;
    vec3 rd = normalize(vec3(p.x, p.y + 0.02 + 0.06 * tall, 1.15));
    vec3 sky = dusk(rd);
    vec3 col = sky;
    float top = 0.97 * gSwell + gRoller.y;
    // What the sea fades into: the sky at its edge, with what falls on it from the crown.
    vec3 edge = vec3(rd.x, 0.006, rd.z);
    vec3 fog = dusk(edge) * 0.8 + 0.75 * max(eclipse(edge, 0.0), 0.0);
    bool met = false;

    if (rd.y < 0.04) {
        float t = max((top - ro.y) / min(rd.y, -0.004), 0.0);
        float far = 46.0;
        vec3 q = ro;
        for (int i = 0; i < STEPS; i++) {
            q = ro + rd * t;
            float gap = q.y - sea(q.xz);
            if (gap < 0.0015 * t || t > far) break;
            t += gap * 0.72 / max(-rd.y + 0.42, 0.2);
        }
        if (t < far) {
            float e = 0.010 + 0.006 * t;
            float h0 = sea(q.xz);
            vec3 n = normalize(vec3(h0 - sea(q.xz + vec2(e, 0.0)), e, h0 - sea(q.xz + vec2(0.0, e))));
            float lift = h0 / max(gSwell, 0.01);
            float facing = clamp(1.0 + dot(rd, n), 0.0, 1.0);
            float fres = 0.025 + 0.8 * pow(facing, 5.0);
            vec3 rr = reflect(rd, n);
            rr.y = abs(rr.y);
            vec3 mirror = dusk(rr) + max(eclipse(rr, 0.0), 0.0) * 1.6;
            // Veins: wide low ones and, close to the eye, fine ones.
            vec2 v = q.xz + vec2(0.0, gTime * 0.5) - n.xz * 0.5;
            float wall = cracks(v * vec2(1.0, 1.25) + 0.28 * sin(v.yx * 1.7));
            float width = (0.035 + 0.075 * heat) * (1.0 + 0.05 * t);
            float vein = exp(-wall / width) + 0.35 * exp(-wall / (width * 3.6));
            float patchy = 0.5 + 0.5 * sin(v.x * 0.43 + 1.3 * sin(v.y * 0.31) + gTime * 0.2);
            float depth = smoothstep(1.05, 0.15, lift);
            float behind = (length(q.xz) - gRoller.x) / (0.9 + 0.16 * gRoller.x);
            float roller = gRoller.y * exp(-behind * behind);
            float burn = vein * (0.25 + 0.75 * patchy) * (0.25 + 1.0 * depth) * (0.16 + 1.35 * heat + 0.20 * hit + 2.4 * roller);
            col = oklch(0.10, 0.03, 0.70) * (0.3 + 0.7 * lift) + mirror * fres * 0.85 + fire(burn) * (1.0 - fres);
            // Light that shines through the thin crests.
            col += fire(0.55 + heat) * pow(clamp(lift, 0.0, 1.2), 5.0) * (0.02 + 0.16 * heat);
            float haze = 1.0 - exp(-0.0016 * t * t);
            col = mix(col, fog, haze);
            met = true;
        }
    }
    if (!met) col = mix(fog, max(sky + eclipse(rd, 1.0), 0.006), smoothstep(0.0, 0.06, rd.y));
    // A veil of its light over everything near the horizon.
    col += fire(0.9) * 0.07 * exp(-length(vec2(rd.x * 0.9, (rd.y - 0.02) * 5.0)) * 3.0) * (0.5 + corona + hit);

    float glow = sparkField(p, 5.0, 0.3) + 0.7 * sparkField(p + 3.7, 9.0, 1.1);
    col += fire(1.3) * glow * (0.8 + 2.4 * sparks) * smoothstep(0.62, -0.25, p.y);

    col *= 1.0 - 0.28 * dot(p, p) / (0.4 + 0.25 * dot(res / min(res.x, res.y), res / min(res.x, res.y)));
    col = col * (1.0 + col / 9.0) / (1.0 + col) * 1.22;
    col = pow(max(col, 0.0), vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)) + 0.618 * float(FRAMEINDEX & 15)));
    gl_FragColor = vec4(clamp(col + (grain - 0.5) / 200.0, 0.0, 1.0), 1.0);
}
