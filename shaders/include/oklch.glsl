// Colour in OKLCH (Ottosson 2020) as linear light: lightness 0..1, chroma 0 to about 0.3, hue in turns.
const float TAU = 6.28318531;

vec3 oklch(float L, float C, float h) {
    float a = C * cos(h * TAU), b = C * sin(h * TAU);
    float l = L + 0.3963377774 * a + 0.2158037573 * b;
    float m = L - 0.1055613458 * a - 0.0638541728 * b;
    float s = L - 0.0894841775 * a - 1.2914855480 * b;
    l = l * l * l; m = m * m * m; s = s * s * s;
    return max(vec3(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s), 0.0);
}
