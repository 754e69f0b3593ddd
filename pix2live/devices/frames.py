"""The size of frames: what fits the bus, and how a picture is brought to it."""

import cv2
import numpy as np

# The decoders beside this one share the machine with the sound.
cv2.setNumThreads(1)
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

MAX_WIDTH, MAX_HEIGHT = 1920, 1080


def fitted(width: float, height: float, max_width: int = MAX_WIDTH, max_height: int = MAX_HEIGHT) -> tuple[int, int]:
    """(width, height) scaled down, never up, to lie within the limit; whole and at least 1."""
    scale = min(max_width / width, max_height / height, 1.0)
    return max(min(round(width * scale), max_width), 1), max(min(round(height * scale), max_height), 1)


def fit(frame: np.ndarray, max_width: int = MAX_WIDTH, max_height: int = MAX_HEIGHT) -> np.ndarray:
    """``frame`` (h, w, 3) uint8 within the limit, contiguous, by area averaging; itself where it fits."""
    height, width = frame.shape[:2]
    size = fitted(width, height, max_width, max_height)
    if size == (width, height):
        return np.ascontiguousarray(frame)
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def over_black(rgba: np.ndarray) -> np.ndarray:
    """RGBA (h, w, 4) uint8, straight alpha, laid over black: (h, w, 3)."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 127) // 255).astype(np.uint8)


def seen(light: np.ndarray) -> np.ndarray:
    """Linear light, float (h, w, 3) of any scale, as sRGB uint8: exposed so that all but the brightest 0.5 % fits."""
    light = np.maximum(np.nan_to_num(light.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    white = float(np.percentile(light.max(axis=2), 99.5))
    if white <= 0.0:
        white = float(light.max()) or 1.0
    x = np.minimum(light / np.float32(white), 1.0)
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1.0 / 2.4) - 0.055)
    return (encoded * 255.0 + 0.5).astype(np.uint8)
