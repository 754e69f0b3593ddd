"""Where things lie in a picture: mirror symmetry, the centre of what stands out, and how many things there are."""

import cv2
import numpy as np

_FLAT_VARIANCE = 4e-4
_FAINT = 0.08        # a thing must differ from the background by at least this (OKLab distance, colour counted double)
_SMALLEST = 10       # cells of the 64x64 grid: 0.25% of the picture
MOST_BLOBS = 20


def symmetry(light: np.ndarray) -> float:
    """Left-right mirror symmetry of ``light`` (h, w): 1 for a mirror picture or a flat one, 0 for unrelated halves."""
    mean = float(light.mean())
    spread = light - mean
    variance = float(np.mean(spread * spread))
    apart = light - light[:, ::-1]
    return min(max(1.0 - float(np.mean(apart * apart)) / (2.0 * variance + _FLAT_VARIANCE), 0.0), 1.0)


def centre(lab: np.ndarray) -> tuple[float, float]:
    """Centre of what stands out from the mean colour of ``lab`` (h, w, 3): x 0 left..1 right, y 0 bottom..1 top.

    Weighted by the squared OKLab distance, so a bright thing on dark and a dark thing on bright are both found. A flat
    picture gives the middle.
    """
    height, width = lab.shape[:2]
    apart = lab - lab.mean(axis=(0, 1))
    weight = (apart * apart).sum(axis=2, dtype=np.float64)
    rest = _FLAT_VARIANCE * height * width
    total = weight.sum() + rest
    x = (weight.sum(axis=0) @ ((np.arange(width) + 0.5) / width) + rest * 0.5) / total
    y = (weight.sum(axis=1) @ ((np.arange(height) + 0.5) / height) + rest * 0.5) / total
    return float(x), float(1.0 - y)


def blobs(lab: np.ndarray) -> int:
    """Number of separate areas (at least 0.25% of the picture) that differ from the background, 0..20.

    ``lab`` (h, w, 3) float32 OKLab, small. The background is the median colour; the threshold is Otsu's, at least
    0.08.
    """
    back = np.median(lab.reshape(-1, 3), axis=0)
    apart = (lab - back) * np.array([1.0, 2.0, 2.0], np.float32)
    distance = np.sqrt((apart * apart).sum(axis=2))
    levels = np.minimum(distance * 255.0, 255.0).astype(np.uint8)
    otsu, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = (distance > max(otsu / 255.0, _FAINT)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return min(int((stats[1:count, cv2.CC_STAT_AREA] >= _SMALLEST).sum()), MOST_BLOBS)
