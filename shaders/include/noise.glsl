// Value noise 0..1 over cells of 1, the same on every machine.
float hash2(ivec2 c) {
    uint n = uint(c.x) * 374761393u + uint(c.y) * 668265263u;
    n = (n ^ (n >> 13u)) * 1274126177u;
    return float((n ^ (n >> 16u)) & 0xffffu) / 65535.0;
}

float noise(vec2 p) {
    vec2 i = floor(p), f = p - i;
    f = f * f * (3.0 - 2.0 * f);
    ivec2 c = ivec2(i);
    return mix(mix(hash2(c), hash2(c + ivec2(1, 0)), f.x), mix(hash2(c + ivec2(0, 1)), hash2(c + ivec2(1, 1)), f.x), f.y);
}
