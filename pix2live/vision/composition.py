"""Where things lie in a picture: mirror symmetry, the centre of what stands out, and the areas that do."""

import cv2
import numpy as np

_FLAT_VARIANCE = 4e-4
_FAINT = 0.08        # a thing must differ from the background by at least this (OKLab distance, colour counted double)
_SMALLEST = 10       # cells of the 64x64 grid: 0.25% of the picture
MOST_AREAS = 20


def symmetry(lab: np.ndarray) -> float:
    """Left-right mirror symmetry of ``lab`` (h, w, 3) OKLab: 1 a mirror picture or a flat one, 0 unrelated halves."""
    apart = (lab - lab.mean(axis=(0, 1))).ravel()
    across = (lab - lab[:, ::-1]).ravel()
    size = lab.shape[0] * lab.shape[1]
    return min(max(1.0 - float(across @ across) / (2.0 * float(apart @ apart) + _FLAT_VARIANCE * size), 0.0), 1.0)


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


def areas(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Separate areas (at least 0.25% of the picture, the 20 largest) that differ from the background.

    ``lab`` (h, w, 3) float32 OKLab, small. The background is the median colour; the threshold is Otsu's, at least
    0.08. Returns (n, 3) float64: centre x, y (1 the top) and share of the picture, largest first; and (h, w) int: at
    each place the row of its area, -1 where there is none.
    """
    height, width = lab.shape[:2]
    back = np.median(lab.reshape(-1, 3), axis=0)
    apart = (lab - back) * np.array([1.0, 2.0, 2.0], np.float32)
    distance = np.sqrt((apart * apart).sum(axis=2))
    levels = np.minimum(distance * 255.0, 255.0).astype(np.uint8)
    otsu, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = (distance > max(otsu / 255.0, _FAINT)).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    kept = np.argsort(-sizes, kind="stable")[:MOST_AREAS]
    kept = kept[sizes[kept] >= _SMALLEST] + 1
    found = np.empty((len(kept), 3))
    found[:, 0] = (centres[kept, 0] + 0.5) / width
    found[:, 1] = 1.0 - (centres[kept, 1] + 0.5) / height
    found[:, 2] = stats[kept, cv2.CC_STAT_AREA] / (height * width)
    rows = np.full(len(stats), -1)
    rows[kept] = np.arange(len(kept))
    return found, rows[labels]
