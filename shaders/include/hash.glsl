// Even numbers 0..1 of a cell, the same on every machine: whole numbers only, no sine.
float hash3(ivec3 c) {
    uint n = uint(c.x) * 374761393u + uint(c.y) * 668265263u + uint(c.z) * 2246822519u;
    n = (n ^ (n >> 13u)) * 1274126177u;
    n = (n ^ (n >> 15u)) * 2246822519u;
    return float((n >> 8u) & 0xffffu) / 65535.0;
}
