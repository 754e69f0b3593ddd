"""Pictures of known content for the vision tests."""

import colorsys

import numpy as np


def flat(rgb, width=160, height=120):
    """One colour (bytes)."""
    return np.full((height, width, 3), rgb, np.uint8)


def from_oklch(lightness, chroma, hue):
    """OKLab cylinder (hue in radians, arrays allowed) to sRGB bytes; must lie in gamut."""
    lightness, chroma, hue = np.broadcast_arrays(lightness, chroma, hue)
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.stack([4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                       -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                       -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s], axis=-1)
    assert linear.min() > -1e-4 and linear.max() < 1.0001, "out of gamut: the test would not know its answer"
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)


def hsv(hue, saturation=1.0, value=1.0):
    """HSV 0..1 to an RGB byte triple."""
    return tuple(round(c * 255) for c in colorsys.hsv_to_rgb(hue, saturation, value))


def checkerboard(square, width=160, height=120, dark=0, bright=255):
    y, x = np.mgrid[:height, :width]
    one = np.where((x // square + y // square) % 2, bright, dark).astype(np.uint8)
    return np.repeat(one[:, :, None], 3, axis=2)


def discs(places, radius, width=160, height=120, back=0, front=255):
    """Discs at places (x, y from the top, 0..1)."""
    y, x = np.mgrid[:height, :width]
    one = np.full((height, width), back, np.uint8)
    for px, py in places:
        one[(x + 0.5 - px * width) ** 2 + (y + 0.5 - py * height) ** 2 < radius**2] = front
    return np.repeat(one[:, :, None], 3, axis=2)


def bar(position, width=160, height=120, thick=16):
    """A white upright bar whose left edge is at ``position`` (0..1) of the width."""
    picture = np.zeros((height, width, 3), np.uint8)
    left = round(position * width)
    picture[:, left : left + thick] = 255
    return picture


def cloud(seed, width=240, height=160, blur=6.0):
    """A smooth random coloured texture that fills its range: something an eye can follow."""
    import cv2

    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.standard_normal((height, width, 3)).astype(np.float32), (0, 0), blur)
    field = (field - field.mean((0, 1))) / field.std((0, 1))
    return np.clip(128 + 60 * field, 0, 255).astype(np.uint8)
