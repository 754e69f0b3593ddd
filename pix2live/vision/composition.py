"""Where things lie in a picture: mirror symmetry, the centre of what stands out, and the areas that do."""

import cv2
import numpy as np

from pix2live.dsp.jit import kernel

_FLAT_VARIANCE = 4e-4
_FAINT = 0.08        # a thing must differ from the background by at least this (OKLab distance, colour counted double)
_SMALLEST = 10       # cells of the 64x64 grid: 0.25% of the picture
MOST_AREAS = 20


@kernel
def _balance(lab, mean):
    """About the mean colour of ``lab`` (h, w, 3): squared distances, those of mirrored pairs, and first moments."""
    height, width = lab.shape[0], lab.shape[1]
    mean[:] = 0.0
    for y in range(height):
        for x in range(width):
            for c in range(3):
                mean[c] += lab[y, x, c]
    mean /= height * width
    total, across, along_x, along_y = 0.0, 0.0, 0.0, 0.0
    for y in range(height):
        for x in range(width):
            weight = 0.0
            for c in range(3):
                gap = lab[y, x, c] - mean[c]
                weight += gap * gap
                gap = lab[y, x, c] - lab[y, width - 1 - x, c]
                across += gap * gap
            total += weight
            along_x += weight * (x + 0.5)
            along_y += weight * (y + 0.5)
    return total, across, along_x / width, along_y / height


def balance(lab: np.ndarray) -> tuple[float, float, float]:
    """Symmetry and centre of ``lab`` (h, w, 3) float32 OKLab: (symmetry, centre x, centre y).

    symmetry: left-right; 1 a mirror picture or a flat one, 0 unrelated halves. centre: of what stands out from the mean
    colour, x 0 left..1 right, y 0 bottom..1 top; weighted by the squared OKLab distance, so a bright thing on dark and
    a dark thing on bright are both found. A flat picture gives the middle.
    """
    total, across, along_x, along_y = _balance(lab, np.zeros(3))
    rest = _FLAT_VARIANCE * lab.shape[0] * lab.shape[1]
    symmetry = min(max(1.0 - across / (2.0 * total + rest), 0.0), 1.0)
    return symmetry, (along_x + 0.5 * rest) / (total + rest), 1.0 - (along_y + 0.5 * rest) / (total + rest)


def areas(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Separate areas (at least 0.25% of the picture, the 20 largest) that differ from the background.

    ``lab`` (h, w, 3) float32 OKLab, small. The background is the median colour; the threshold is Otsu's, at least
    0.08. Returns (n, 3) float64: centre x, y (1 the top) and share of the picture, largest first; and (h, w) int: at
    each place the row of its area, -1 where there is none.
    """
    height, width = lab.shape[:2]
    # Plane by plane: along strides the median takes twice as long.
    back = np.median(np.ascontiguousarray(lab.reshape(-1, 3).T), axis=1)
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
