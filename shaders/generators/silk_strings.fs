/*{
  "DESCRIPTION": "Veils of stretched threads, each veil a twisting ruled surface whose spine is the waveform itself. Pulses of light run along the threads.",
  "CREDIT": "pix2live",
  "ISFVSN": "2",
  "CATEGORIES": ["Generator", "Waveform", "Lines"],
  "INPUTS": [
    {"NAME": "pluck", "TYPE": "float", "LABEL": "Pluck of the waveform", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "spread", "TYPE": "float", "LABEL": "Spread of the veils", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "pulses", "TYPE": "float", "LABEL": "Light along the threads", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.35},
    {"NAME": "glow", "TYPE": "float", "LABEL": "Glow", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.4},
    {"NAME": "hit", "TYPE": "float", "LABEL": "Flare on a hit", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "flow", "TYPE": "float", "LABEL": "Twist", "MIN": 0.0, "MAX": 8192.0, "DEFAULT": 0.0},
    {"NAME": "hue", "TYPE": "float", "LABEL": "Hue", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.83},
    {"NAME": "threads", "TYPE": "float", "LABEL": "Threads in a veil", "MIN": 8.0, "MAX": 60.0, "DEFAULT": 30.0},
    {"NAME": "wave", "TYPE": "audio", "LABEL": "Waveform", "MAX": 1024}
  ]
}*/

#include "journey.glsl"
#include "oklch.glsl"

const int VEILS = 5;

float hash1(float n) {
    uint u = uint(int(n) + 4096) * 747796405u + 2891336453u;
    u = ((u >> ((u >> 28u) + 4u)) ^ u) * 277803737u;
    return float((u >> 9u) & 0xffffu) / 65535.0;
}

// The newest sound, held at both ends like a string, softened over three samples.
float sound(float x) {
    float u = clamp(x * 0.5 + 0.5, 0.0, 1.0);
    float held = sin(u * 3.14159265);
    float s = texture(wave, vec2(u, 0.5)).r * 0.5 + 0.25 * (texture(wave, vec2(u - 0.004, 0.5)).r + texture(wave, vec2(u + 0.004, 0.5)).r) - 0.5;
    return clamp(s, -0.5, 0.5) * held;
}

void main() {
    vec2 res = RENDERSIZE;
    float shortest = min(res.x, res.y);
    vec2 p = (gl_FragCoord.xy - 0.5 * res) / shortest;
    vec2 extent = 0.5 * res / shortest;
    // The threads run along the longer side.
    if (res.y > res.x) { p = vec2(p.y, -p.x); extent = extent.yx; }
    float along = p.x / extent.x;
    float y = p.y / extent.y;
    float px = 2.0 / shortest;

    float t = mod(mod(TIME * 0.25, 8192.0) + flow, 8192.0);
    float slow = 0.5 + 0.5 * sin(TIME * 0.29);

    vec3 night = oklch(0.115 + 0.05 * exp(-y * y * 2.5) * (0.6 + 0.4 * slow), 0.055, hue - 0.09 + 0.05 * along);
    vec3 col = night;
    float a0 = sound(along);

    for (int i = 0; i < VEILS; i++) {
        float k = float(i);
        float lane = k / float(VEILS - 1) - 0.5;
        float ph = k * 1.913;
        // Spine and half width of the veil along its length; where the width crosses nought the veil twists into a knot.
        float spine = lane * 0.42 * (0.5 + spread) + 0.24 * sin(along * (1.15 + 0.21 * k) + ph + t * RATE(0.11 + 0.023 * k))
                    + 0.10 * sin(along * (2.7 - 0.3 * k) - ph * 2.0 - t * RATE(0.17));
        float half_ = (0.20 + 0.42 * spread) * sin(along * (1.55 + 0.33 * k) + ph * 1.7 + t * RATE(0.13 + 0.031 * k))
                    + 0.10 * sin(along * 3.6 + ph + t * RATE(0.21));
        float w = half_ >= 0.0 ? max(half_, 0.012) : min(half_, -0.012);
        float s = (y - spine - a0 * pluck * 1.5) / w;
        // The pluck moves each thread of a veil with its own share and delay: one refinement is enough.
        float lag = 0.18 * clamp(s, -1.0, 1.0) + 0.05 * k;
        float own = sound(along - lag * 0.5) * (1.0 - 0.45 * abs(clamp(s, -1.0, 1.0))) * (0.9 + 0.2 * lane);
        s = (y - spine - own * pluck * 2.2) / w;
        float bound = 1.0 - smoothstep(0.97, 1.0 + 0.01 / abs(w), abs(s));
        float across = 2.0 * abs(w) / threads;
        float th = (s * 0.5 + 0.5) * threads;
        float id = floor(th);
        float line = abs(fract(th) - 0.5) * across;
        float wide = px * 0.75;
        // A thread keeps its width on the picture; where threads crowd, they run together into a sheen.
        float thin = smoothstep(wide * 2.0, wide * 0.2, line);
        float crowd = clamp(2.2 * wide / across, 0.0, 1.0);
        float shade = mix(thin, 0.55 + 0.45 * crowd, smoothstep(0.35, 1.0, crowd));
        float r = hash1(id + k * 97.0);
        float run = along * (0.55 + 0.5 * r) * (r > 0.5 ? 1.0 : -1.0) + r * 7.0 - t * RATE(0.5) / TAU * (1.0 + floor(r * 3.0));
        float pulse = pow(0.5 + 0.5 * cos(run * TAU), 28.0);
        float sheen = 0.5 + 0.5 * sin(along * 2.1 + k * 1.3 + s * 1.8 + t * RATE(0.19));
        float light = shade * (0.13 + 0.80 * sheen * sheen * sheen) * (0.40 + 0.60 * r);
        light += thin * pulse * (0.6 + 4.5 * pulses) * step(0.35, hash1(id * 3.0 + k));
        float tint = hue - 0.20 + 0.110 * k + 0.055 * s + 0.03 * along;
        // From rose through violet to ice; the knots burn towards white.
        float knot = 0.018 / (abs(w) + 0.022);
        vec3 c = oklch(0.66 + 0.12 * sheen, 0.20 - 0.05 * sheen, tint);
        col += c * bound * light * (0.75 + 0.5 * hit);
        col += mix(c, vec3(1.0), 0.35) * bound * knot * (0.35 + 0.9 * glow + 0.8 * hit) * 0.9;
        // The film that spans the threads.
        col += c * bound * (0.006 + 0.035 * glow) * (0.2 + sheen);
        float off = max(abs(s) - 1.0, 0.0) * abs(w);
        col += c * exp(-off * (16.0 - 9.0 * glow)) * (0.012 + 0.05 * glow + 0.05 * hit);
    }

    // The bare string itself, right through the middle, as fine as a hair.
    float string = y - a0 * pluck * 1.8;
    float slope = (sound(along + 0.004) - a0) / 0.004 * pluck * 1.8 * extent.y / extent.x;
    slope = clamp(slope, -2.5, 2.5);
    float hair = abs(string) * extent.y / sqrt(1.0 + slope * slope);
    col += (exp(-hair * hair / (px * px * 0.9)) * 0.9 + exp(-hair * 38.0) * (0.05 + 0.22 * glow + 0.35 * hit)) * oklch(0.93, 0.05, hue - 0.30) * (0.35 + 0.65 * pluck + 0.6 * hit) * smoothstep(1.02, 0.75, abs(along));

    col *= 1.0 - 0.45 * smoothstep(0.55, 1.35, length(vec2(along, y)));
    col = col * (1.0 + col / 16.0) / (1.0 + col) * 1.25;
    col = pow(max(col, 0.0), vec3(1.0 / 2.2));
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)) + 0.618 * float(FRAMEINDEX & 15)));
    gl_FragColor = vec4(clamp(col + (grain - 0.5) / 180.0, 0.0, 1.0), 1.0);
}
