"""The pictures that fidelity is measured on: public domain and CC0 photos of scikit-image, and made-up ones."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2live.devices.demo_picture import DemoPicture

PHOTOS = ("camera", "astronaut", "coffee", "chelsea", "rocket", "moon", "brick", "gravel", "hubble_deep_field", "page")
MADE = ("gradient", "fractal", "rings", "checkers", "text", "demo picture")
NAMES = (*PHOTOS, *MADE)
_SIZE = 512


def picture(name: str) -> NDArray[np.uint8]:
    """One of ``NAMES`` as uint8 (height, width, 3) or (height, width); always the same.

    The photos ship with scikit-image (Creative Commons CC0 or public domain); nothing is downloaded.
    """
    if name in PHOTOS:
        from skimage import data

        photo: NDArray[np.uint8] = getattr(data, name)()
        return photo
    if name == "demo picture":
        return np.ascontiguousarray(DemoPicture().frame_at(20.0)[0])
    return _grey(_MAKERS[name]())


def _grey(brightness: NDArray) -> NDArray[np.uint8]:
    return (np.clip(brightness, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _places() -> tuple[NDArray, NDArray]:
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    return y, x


def _gradient() -> NDArray:
    y, x = _places()
    return 0.1 + 0.8 * x * (1.0 - y)


def _fractal() -> NDArray:
    """Noise whose amplitude falls as 1/f, as that of landscapes does."""
    rng = np.random.default_rng(5)
    f = np.hypot(np.fft.fftfreq(_SIZE)[:, None], np.fft.fftfreq(_SIZE)[None, :])
    f[0, 0] = 1.0
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((_SIZE, _SIZE))) / f).real
    low, high = np.quantile(noise, (0.01, 0.99))
    return (noise - low) / (high - low)


def _rings() -> NDArray:
    y, x = _places()
    return 0.5 + 0.4 * np.cos(60.0 * np.hypot(x - 0.4, y - 0.55))


def _checkers() -> NDArray:
    y, x = _places()
    return 0.1 + 0.8 * (((8 * y).astype(int) + (8 * x).astype(int)) % 2)


def _text() -> NDArray:
    canvas = np.zeros((_SIZE, _SIZE), np.uint8)
    for line, words in enumerate(("PICTURES", "to sound", "a score")):
        cv2.putText(canvas, words, (8, 140 + 150 * line), cv2.FONT_HERSHEY_DUPLEX, 3.2, 255, 14, cv2.LINE_AA)
    return canvas / 255.0


_MAKERS = {"gradient": _gradient, "fractal": _fractal, "rings": _rings, "checkers": _checkers, "text": _text}
