"""The five colours a picture is made of: k-means in OKLab, warm-started from the picture before."""

import numpy as np

from pix2live.dsp.jit import kernel

SAMPLES = 1024
_FIRST_ROUNDS = 10
_ROUNDS = 2


@kernel
def _cluster(points, rgb, count, centres, rounds, sums):
    """``rounds`` of k-means over ``points[:count]``; ``sums`` (k, 7): Lab sums, RGB sums, members of the last round.

    A centre without members moves to the point that is worst served, if any is served badly.
    """
    for _ in range(rounds):
        sums[:] = 0.0
        worst, worst_distance = 0, -1.0
        for i in range(count):
            best, best_distance = 0, 1e30
            for k in range(centres.shape[0]):
                distance = 0.0
                for c in range(3):
                    gap = points[i, c] - centres[k, c]
                    distance += gap * gap
                if distance < best_distance:
                    best, best_distance = k, distance
            if best_distance > worst_distance:
                worst, worst_distance = i, best_distance
            for c in range(3):
                sums[best, c] += points[i, c]
                sums[best, 3 + c] += rgb[i, c]
            sums[best, 6] += 1.0
        for k in range(centres.shape[0]):
            if sums[k, 6] > 0.0:
                for c in range(3):
                    centres[k, c] = sums[k, c] / sums[k, 6]
        for k in range(centres.shape[0]):
            if sums[k, 6] == 0.0 and worst_distance > 1e-6:
                for c in range(3):
                    centres[k, c] = points[worst, c]
                worst_distance = -1.0


@kernel
def _spread(points, count, centres, nearest):
    """First centres: the mean's nearest point, then each time the point farthest from those chosen (Gonzalez 1985)."""
    mean = np.zeros(3)
    for i in range(count):
        for c in range(3):
            mean[c] += points[i, c] / count
    for k in range(centres.shape[0]):
        pick, pick_score = 0, -1e30
        for i in range(count):
            distance = 0.0
            for c in range(3):
                gap = points[i, c] - (mean[c] if k == 0 else centres[k - 1, c])
                distance += gap * gap
            if k == 0:
                nearest[i] = 1e30
                score = -distance
            else:
                nearest[i] = min(nearest[i], distance)
                score = nearest[i]
            if score > pick_score:
                pick, pick_score = i, score
        for c in range(3):
            centres[k, c] = points[pick, c]


class Palette:
    """Five colours (5, 3) float32 sRGB 0..1, from the darkest to the lightest (OKLab L), and their shares.

    A picture with fewer colours repeats them. Warm-started, so a slow change of the picture moves the colours slowly.
    """

    def __init__(self, size: int = 5) -> None:
        self._centres = np.zeros((size, 3))
        self._sums = np.zeros((size, 7))
        self._points = np.zeros((SAMPLES, 3))
        self._rgb = np.zeros((SAMPLES, 3))
        self._nearest = np.zeros(SAMPLES)
        self._fresh = True

    def reset(self) -> None:
        """Forget the picture before (also right after a cut)."""
        self._fresh = True

    def process(self, rgb: np.ndarray, lab: np.ndarray, out: np.ndarray, weights: np.ndarray) -> None:
        """Colours of the picture ``rgb`` (h, w, 3) uint8 and ``lab`` (h, w, 3) into ``out`` (5, 3).

        ``weights`` (5,) gets the share of the picture that each stands for; a colour that is repeated shares its own.
        """
        height, width = rgb.shape[:2]
        # A regular lattice of whole pixels: averaging would invent colours that are not in the picture.
        rows = np.unique(np.linspace(0, height - 1, min(height, 32)).astype(np.intp))
        columns = np.unique(np.linspace(0, width - 1, min(width, SAMPLES // len(rows))).astype(np.intp))
        count = len(rows) * len(columns)
        lattice = np.ix_(rows, columns)
        self._points[:count] = lab[lattice].reshape(-1, 3)
        self._rgb[:count] = rgb[lattice].reshape(-1, 3)
        if self._fresh:
            _spread(self._points, count, self._centres, self._nearest)
        _cluster(self._points, self._rgb, count, self._centres, _FIRST_ROUNDS if self._fresh else _ROUNDS, self._sums)
        self._fresh = False
        members = self._sums[:, 6]
        held = np.flatnonzero(members)
        lightness = self._sums[held, 0] / members[held]
        held = held[np.argsort(lightness, kind="stable")]
        # Fewer colours than places: spread them over the places, each repeated about equally often.
        chosen = held[(np.arange(len(out)) * len(held)) // len(out)]
        out[:] = self._sums[chosen, 3:6] / (255.0 * members[chosen, None])
        weights[:] = members[chosen] / (count * np.bincount(chosen, minlength=len(members))[chosen])
