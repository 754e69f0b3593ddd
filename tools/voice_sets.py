"""Sets of pictures that vary in one respect each, from 0 to 1, all else held: what correspondences are told by."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.voice_player import Film, still

HEIGHT, WIDTH = 180, 240
_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
_Y, _X = 1.0 - _Y / (HEIGHT - 1), (_X - WIDTH / 2) / HEIGHT + 0.5  # heights as units, y up, 0.5 the middle


def from_oklch(lightness: NDArray, chroma: NDArray | float, hue: NDArray | float) -> NDArray[np.uint8]:
    """sRGB picture of OKLab lightness 0..1, chroma and hue in radians (Ottosson 2020); clipped to the gamut."""
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.clip(np.stack([
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    ], axis=2), 0.0, 1.0)  # fmt: skip
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    return (encoded * 255.0 + 0.5).astype(np.uint8)


def _clouds(seed: int, fineness: float = 6.0) -> NDArray:
    """Smooth noise of mean 0 and about -1..1."""
    coarse = np.random.default_rng(seed).standard_normal((int(fineness) + 2, int(fineness * WIDTH / HEIGHT) + 2))
    field = cv2.resize(coarse.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    field -= field.mean()
    return field / max(float(np.abs(field).max()), 1e-6)


def _brightness(x: float, seed: int) -> Film:
    hue = 2.4 * seed + 0.5 * _clouds(seed + 50)
    return still(from_oklch(0.15 + 0.7 * x + 0.1 * _clouds(seed), 0.05, hue))


def _saturation(x: float, seed: int) -> Film:
    return still(from_oklch(0.62 + 0.1 * _clouds(seed), 0.125 * x, 3.14 * _clouds(seed + 50)))


def _warmth(x: float, seed: int) -> Film:
    """From blue to orange at one chroma, by way of green or of purple."""
    way = (1.0 if seed % 2 else -1.0) * np.pi * (1.0 - x)
    return still(from_oklch(0.65 + 0.1 * _clouds(seed), 0.085, np.radians(70.0) + way + 0.15 * _clouds(seed + 50)))


def _contrast(x: float, seed: int) -> Film:
    return still(from_oklch(0.5 + (0.02 + 0.43 * x) * _clouds(seed), 0.04, 2.4 * seed))


def _detail(x: float, seed: int) -> Film:
    """More and more strokes, as many lighter as darker than the ground."""
    rng = np.random.default_rng(seed)
    lightness = np.full((HEIGHT, WIDTH), 0.55, np.float32)
    for i in range(round(4 * 60.0**x)):
        at = rng.uniform(0.0, 1.0, 2) * (WIDTH, HEIGHT)
        turn = rng.uniform(0.0, np.pi)
        reach = 13.0 * np.array([np.cos(turn), np.sin(turn)])
        start, end = (tuple(int(v) for v in place) for place in (at - reach, at + reach))
        cv2.line(lightness, start, end, 0.85 if i % 2 else 0.25, 1, cv2.LINE_AA)
    return still(from_oklch(lightness, 0.04, 2.4 * seed))


def _angularity(x: float, seed: int) -> Film:
    """Two shapes of one area each that never touch: from round-lobed flowers, ever less rounded, to stars with straight
    sides, as in the drawings that people call bouba and kiki."""
    rng = np.random.default_rng(seed)
    lightness = np.full((HEIGHT, WIDTH), 0.35, np.float32)
    for i in range(2):
        spikes = int(rng.integers(5, 8))
        corners = 2 * spikes
        spokes = np.exp(2j * np.pi * np.arange(corners + 1) / corners) * np.where(np.arange(corners + 1) % 2, 0.45, 1.0)
        along = np.arange(0, corners, 1 / 32)
        star = np.interp(along, np.arange(corners + 1), spokes.real) + 1j * np.interp(
            along, np.arange(corners + 1), spokes.imag)  # fmt: skip
        outline_waves = np.fft.fftfreq(len(star), 1.0 / len(star)) - 1.0  # about the circle
        rounded = np.exp(-0.5 * (outline_waves / (0.3 * spikes * 10.0 ** (0.4 + 0.8 * x))) ** 2)
        shape = np.fft.ifft(np.fft.fft(star) * rounded)
        # The shoelace formula, so that all steps are as bright.
        area = 0.5 * abs(np.sum(shape.real * np.roll(shape.imag, -1) - shape.imag * np.roll(shape.real, -1)))
        shape *= np.sqrt(2700.0 / area) * np.exp(1j * rng.uniform(0.0, 2.0 * np.pi))
        shape = shape + complex(66 + 108 * i + rng.integers(-4, 5), 90 + rng.integers(-30, 31))
        outline = np.round(np.stack([shape.real, shape.imag], axis=1) * 16).astype(np.int32)
        cv2.fillPoly(lightness, [outline], 0.75, cv2.LINE_AA, 4)
    return still(from_oklch(lightness, 0.04, 2.4 * seed))


def _roughness(x: float, seed: int) -> Film:
    """From smooth to grainy, mean and spread of lightness held."""
    white = np.random.default_rng(seed + 9).standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), 0.7)
    smooth = _clouds(seed)
    mixed = np.sqrt(1.0 - x) * smooth / smooth.std() + np.sqrt(x) * (grain / grain.std())
    return still(from_oklch(0.55 + 0.13 * mixed, 0.04, 2.4 * seed))


def _inside(x: float, y: float, radius: float) -> NDArray:
    """1 within a disc, 0 outside of it."""
    return np.clip((radius - np.hypot(_X - x, _Y - y)) * 60.0 + 0.5, 0.0, 1.0)


def _height(x: float, seed: int) -> Film:
    disc = _inside(0.2 + 0.6 * np.random.default_rng(seed).random(), 0.12 + 0.76 * x, 0.11)
    return still(from_oklch(0.22 + 0.6 * disc, 0.05, 2.4 * seed))


def _size(x: float, seed: int) -> Film:
    """A disc that grows on a ground that darkens, so that all together stays as bright."""
    rng = np.random.default_rng(seed)
    disc = _inside(0.4 + 0.2 * rng.random(), 0.45 + 0.1 * rng.random(), 0.06 + 0.36 * x)
    return still(from_oklch(0.45 + 0.45 * (disc - disc.mean()), 0.05, 2.4 * seed))


def _motion(x: float, seed: int) -> Film:
    """Five balls on their ways, ever quicker; how they look stays."""
    rng = np.random.default_rng(seed)
    begin, way = rng.uniform(0.0, 1.0, (5, 2)), rng.uniform(0.0, 2.0 * np.pi, 5)
    speed = 0.9 * x * x

    def film(now_s: float) -> NDArray[np.uint8]:
        shown: NDArray = np.zeros((HEIGHT, WIDTH), np.float32)
        for (x0, y0), turn in zip(begin, way, strict=True):
            at = np.abs((np.array([x0 + np.cos(turn) * speed * now_s, y0 + np.sin(turn) * speed * now_s])) % 2.0 - 1.0)
            shown = np.maximum(shown, np.clip((0.1 - np.hypot(_X - at[0], _Y - at[1])) * 60.0 + 0.5, 0.0, 1.0))
        return from_oklch(0.3 + 0.5 * shown, 0.05, 2.4 * seed)

    if speed == 0.0:
        return still(film(0.0))
    return film


SETS: dict[str, Callable[[float, int], Film]] = {
    "brightness": _brightness, "saturation": _saturation, "warmth": _warmth, "contrast": _contrast, "detail": _detail,
    "angularity": _angularity, "roughness": _roughness, "height": _height, "size": _size, "motion": _motion,
}  # fmt: skip
"""Name to maker: ``SETS[name](x, seed)`` is the film at 0 <= x <= 1."""
