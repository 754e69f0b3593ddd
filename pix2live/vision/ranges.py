"""Running ranges: a signal relative to what has been seen of late, so that a dim room also plays from end to end."""

import math

import numpy as np

WIDEN_S = 0.5     # how soon what lies outside is taken in
FORGET_S = 60.0   # and how slowly the ends draw in again
NARROWEST = 0.15  # changes smaller than this are not blown up to the whole range


class Ranges:
    """Levels ``size`` signals of 0..1, each by a range of its own that starts as 0..1.

    A value outside widens the range at once (0.5 s); the ends draw in to what is seen with a time constant of a minute,
    but never closer than 0.15. Only new pictures move the ranges: a still keeps its absolute values for good, and
    the same film gives the same values at any frame rate.
    """

    def __init__(self, size: int) -> None:
        self._low, self._high = np.zeros(size), np.ones(size)
        self._time_s = math.nan

    def reset(self) -> None:
        """Every range 0..1."""
        self._low[:], self._high[:] = 0.0, 1.0
        self._time_s = math.nan

    def process(self, values: np.ndarray, time_s: float, out: np.ndarray) -> None:
        """``out[i]``: where ``values[i]`` (finite), of a new picture at ``time_s``, lies in its range, 0..1."""
        since_s = max(time_s - self._time_s, 0.0) if math.isfinite(self._time_s) else 0.0
        self._time_s = time_s
        widen, forget = 1.0 - math.exp(-since_s / WIDEN_S), 1.0 - math.exp(-since_s / FORGET_S)
        low, high = self._low, self._high
        low += (values - low) * np.where(values < low, widen, forget)
        high += (values - high) * np.where(values > high, widen, forget)
        wider = 0.5 * np.maximum(NARROWEST - (high - low), 0.0)
        bottom = np.clip(low - wider, 0.0, 1.0 - NARROWEST)
        np.clip((values - bottom) / np.maximum(high + wider - bottom, NARROWEST), 0.0, 1.0, out=out)
