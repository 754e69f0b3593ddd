"""The colour of a picture: lightness, chroma, hue, warmth, colourfulness, and the lightness histogram."""

import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.vision.angle import angle, cube_root

HUE_BINS = 72
LIGHT_BINS = 64
COLOUR_BINS = 64

# Means over the picture, in the order in which ``measure`` writes them.
LIGHT, LIGHT_SQUARE, CHROMA, WARMTH, RG, RG_SQUARE, YB, YB_SQUARE = range(8)
MEANS = 8

FULL_CHROMA = 0.25      # OKLab chroma called saturation 1: pure sRGB red; green and blue lie just above, cyan at 0.62
RED_AXIS = np.float32(np.radians(29.2339))  # sRGB red in OKLab: hue 0
WARM_AXIS = np.radians(55.0)  # orange in OKLab
FULL_WARMTH = 0.15
GREY_COLOUR = 0.002     # below this mean chroma times lightness a picture has no hue worth naming
FULL_COLOURFULNESS = 109.0  # "extremely colourful" in Hasler & Süsstrunk's table
_HYSTERESIS = 1.2       # how much stronger a new hue must be to take over from the present one


def srgb_to_linear_table() -> np.ndarray:
    """The 256 values of an sRGB byte in linear light, float32 0..1 (IEC 61966-2-1)."""
    x = np.arange(256) / 255.0
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


@kernel
def to_oklab(rgb, table, lab):
    """Bytes ``rgb`` (h, w, 3) to OKLab ``lab`` (h, w, 3) float32, L 0..1 (Ottosson 2020)."""
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = table[rgb[y, x, 0]], table[rgb[y, x, 1]], table[rgb[y, x, 2]]
            l = cube_root(np.float32(0.4122214708) * r + np.float32(0.5363325363) * g + np.float32(0.0514459929) * b)
            m = cube_root(np.float32(0.2119034982) * r + np.float32(0.6806995451) * g + np.float32(0.1073969566) * b)
            s = cube_root(np.float32(0.0883024619) * r + np.float32(0.2817188376) * g + np.float32(0.6299787005) * b)
            lab[y, x, 0] = (np.float32(0.2104542553) * l + np.float32(0.7936177850) * m - np.float32(0.0040720468) * s)
            lab[y, x, 1] = (np.float32(1.9779984951) * l - np.float32(2.4285922050) * m + np.float32(0.4505937099) * s)
            lab[y, x, 2] = (np.float32(0.0259040371) * l + np.float32(0.7827717662) * m - np.float32(0.8086757660) * s)


@kernel
def measure(rgb, lab, warm_x, warm_y, means, hue, light, colours):
    """One pass over a picture.

    ``means`` (MEANS,) float64; ``hue`` (HUE_BINS, 2) float64: colour (chroma times lightness) in each bin of OKLab hue,
    and colour times the offset from the bin's middle; ``light`` (LIGHT_BINS,) and ``colours`` (COLOUR_BINS,) float64:
    shares of the picture.
    """
    means[:] = 0.0
    hue[:] = 0.0
    light[:] = 0.0
    colours[:] = 0.0
    height, width = rgb.shape[0], rgb.shape[1]
    share = 1.0 / (height * width)
    per_turn = np.float32(HUE_BINS / (2.0 * np.pi))
    for y in range(height):
        for x in range(width):
            l, a, b = lab[y, x, 0], lab[y, x, 1], lab[y, x, 2]
            chroma = np.sqrt(a * a + b * b)
            means[LIGHT] += l
            means[LIGHT_SQUARE] += l * l
            means[CHROMA] += chroma
            means[WARMTH] += a * warm_x + b * warm_y
            light[min(max(int(l * LIGHT_BINS), 0), LIGHT_BINS - 1)] += share
            red, green, blue = np.int32(rgb[y, x, 0]), np.int32(rgb[y, x, 1]), np.int32(rgb[y, x, 2])
            colours[(red >> 6) * 16 + (green >> 6) * 4 + (blue >> 6)] += share
            rg = red - green
            yb = 0.5 * (red + green) - blue
            means[RG] += rg
            means[RG_SQUARE] += rg * rg
            means[YB] += yb
            means[YB_SQUARE] += yb * yb
            position = (angle(b, a) - RED_AXIS) * per_turn
            # Bins are centred on 0, 1, 2... so that pure red, noise and all, falls in one bin.
            bin_ = int(np.floor(position + 0.5))
            # A hue is the less seen the darker it is: a wide night sky must not outdo what glows in it.
            weight = chroma * l * share
            hue[bin_ % HUE_BINS, 0] += weight
            hue[bin_ % HUE_BINS, 1] += weight * (position - bin_)
    for i in range(MEANS):
        means[i] *= share


def dominant_hue(hue: np.ndarray, previous: float) -> float:
    """The OKLab hue that holds the most colour, as a turn 0..1 from sRGB red: yellow .22, green .31, blue .65.

    The peak of the histogram of ``measure`` smoothed over ±15 degrees, refined by the mean over ±20 degrees around it.
    The hue of the ``previous`` picture keeps a small bonus, so that two equal colours do not flicker; a grey picture
    keeps it.
    """
    weight = hue[:, 0]
    if weight.sum() < GREY_COLOUR:
        return previous
    around = np.concatenate([weight[-3:], weight, weight[:3]])
    smooth = np.convolve(around, (1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0), "valid")
    peak = int(np.argmax(smooth))
    near = [(round(previous * HUE_BINS) + k) % HUE_BINS for k in (-2, -1, 0, 1, 2)]
    kept = max(near, key=lambda i: float(smooth[i]))
    if smooth[kept] * _HYSTERESIS >= smooth[peak]:
        peak = kept
    beside = np.arange(-4, 5)
    bins = (peak + beside) % HUE_BINS
    offset = float((weight[bins] * beside + hue[bins, 1]).sum() / max(weight[bins].sum(), 1e-12))
    return ((peak + offset) / HUE_BINS) % 1.0


def colourfulness(means: np.ndarray) -> float:
    """Hasler & Süsstrunk 2003, over 109 ("extremely colourful"), 0..1."""
    spread = max(means[RG_SQUARE] - means[RG] ** 2, 0.0) + max(means[YB_SQUARE] - means[YB] ** 2, 0.0)
    away = means[RG] ** 2 + means[YB] ** 2
    return min(float(np.sqrt(spread) + 0.3 * np.sqrt(away)) / FULL_COLOURFULNESS, 1.0)
