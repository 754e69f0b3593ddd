"""Cuts of a film: hard changes of the whole picture that are no pan, no fade, no strobe and no flash."""

import math

import numpy as np

_SCORE = 0.25         # between sample photographs cuts score 0.24 to 0.9, pans of 1 to 3 widths a second 0.08 to 0.26
_RATIO = 3.0          # times the usual change of late: strobes and shaking hands are no cuts
_REST_S = 0.25
_USUAL_S = 0.3
_FLASH_S = 0.3        # what is lit or blacked out for less is no other picture
_STEP = 0.05          # lightness change of a cell that has a direction
_FLAT = 0.05
_ALIKE = 0.6          # correlation of two grids that show the same


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = (a - a.mean()).ravel(), (b - b.mean()).ravel()
    return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b) + 1e-6)


class Cuts:
    """Counts cuts. ``jump``: the picture has just changed as at a cut, whether it then counts or not.

    Latency: none, but 0.3 s where the picture only became brighter or only darker and blank (or was blank), which is
    a flash or a blackout if the same picture comes back in that time, and then no cut.
    """

    def __init__(self, grid_size: int, colour_bins: int) -> None:
        self._grid = np.zeros((grid_size, grid_size), np.float32)
        self._before = np.zeros_like(self._grid)
        self._colours = np.zeros(colour_bins)
        self.reset()

    def reset(self) -> None:
        """Forget all pictures and cuts."""
        self.count = 0
        self.cut = self.jump = False
        self._first, self._waiting = True, False
        self._usual, self._cut_age_s, self._flash_age_s, self._clock_s = 0.0, math.inf, 0.0, 0.0

    def process(self, grid: np.ndarray, colours: np.ndarray, time_s: float) -> None:
        """A new picture at ``time_s``: ``grid`` (n, n) float32 lightness, ``colours`` its shares."""
        since_s = self._advance(time_s)
        if not self._first:
            # Both must jump: the colours alone jump where a slow fade crosses a bin's edge, the places in a fast pan.
            colour_jump = 0.5 * float(np.abs(colours - self._colours).sum())
            place_jump = min(float(np.abs(grid - self._grid).mean()) / 0.25, 1.0)
            score = math.sqrt(colour_jump * place_jump)
            self.jump = score > max(_SCORE, _RATIO * self._usual)
            if self.jump:
                self._judge(grid)
            else:
                self._usual += (score - self._usual) * (1.0 - math.exp(-since_s / _USUAL_S))
        self._first = False
        self._grid[:] = grid
        self._colours[:] = colours
        self._settle()

    def rest(self, time_s: float, still: bool) -> None:
        """The picture is the same at ``time_s``; ``still``: it stands, and is not just shown again."""
        since_s = self._advance(time_s)
        if still:
            self._usual *= math.exp(-since_s / _USUAL_S)
        self._settle()

    def _advance(self, time_s: float) -> float:
        since_s = 0.0 if self._first else max(time_s - self._clock_s, 0.0)
        self._clock_s = time_s
        self._cut_age_s += since_s
        self._flash_age_s += since_s
        self.cut = self.jump = False
        return since_s

    def _judge(self, grid: np.ndarray) -> None:
        if self._waiting:
            self._waiting = False
            if not self._shows(grid):
                self._count()
        elif self._is_flash(grid):
            self._before[:] = self._grid
            self._waiting, self._flash_age_s = True, 0.0
        else:
            self._count()

    def _settle(self) -> None:
        if self._waiting and self._flash_age_s >= _FLASH_S:
            self._waiting = False
            if not self._shows(self._grid):
                self._count()

    def _shows(self, grid: np.ndarray) -> bool:
        """Whether ``grid`` is what was seen before the flash."""
        if grid.std() < _FLAT and self._before.std() < _FLAT:
            return abs(float(grid.mean()) - float(self._before.mean())) < _FLAT
        return _correlation(grid, self._before) > _ALIKE

    def _is_flash(self, grid: np.ndarray) -> bool:
        step = grid - self._grid
        up, down = float((step > _STEP).mean()), float((step < -_STEP).mean())
        return min(up, down) < 0.02 and bool(grid.std() < _FLAT or self._grid.std() < _FLAT
                                             or _correlation(grid, self._grid) > _ALIKE)

    def _count(self) -> None:
        if self._cut_age_s >= _REST_S:
            self.cut = True
            self.count += 1
            self._cut_age_s = 0.0
