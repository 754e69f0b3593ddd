"""Frame pacing: when to draw the next frame, and for which moment."""

import math
from collections.abc import Callable


class FramePacer:
    """Paces frames on a grid of ``1 / fps`` that never drifts from the clock.

    A frame that begins late by less than one slot moves the grid (so that it falls in step with a display that is a
    little slower than ``fps``); a frame that is later than that leaves slots out. ``missed`` counts the frames lost
    either way: those that ``fps`` asked for and that were not drawn.

    Args:
        fps: frames a second. now: the clock, in seconds. sleep: sleeps for about so many seconds.
        lead_s: from the start of a frame to its being seen; usual: one slot to draw it and have it scanned out.
    """

    def __init__(
        self, fps: float, now: Callable[[], float], sleep: Callable[[float], object], lead_s: float | None = None,
    ) -> None:
        if not (math.isfinite(fps) and fps > 0.0):
            raise ValueError(f"fps {fps} is not a rate")
        self.period_s = 1.0 / fps
        self.lead_s = self.period_s if lead_s is None else lead_s
        self.missed = 0
        self._now, self._sleep = now, sleep
        self._origin_s: float | None = None
        self._slot = 0
        self._lost_s = 0.0

    def next(self) -> float:
        """Wait for the next slot and give the moment at which its frame will be seen (it always grows)."""
        now_s = self._now()
        if self._origin_s is None:
            self._origin_s = now_s
            return now_s + self.lead_s
        self._slot += 1
        due_s = self._origin_s + self._slot * self.period_s
        late_s = now_s - due_s
        if late_s >= self.period_s:
            skipped = int(late_s / self.period_s)
            self.missed += skipped
            self._slot += skipped
            return due_s + skipped * self.period_s + self.lead_s
        if late_s > 0.0:
            self._origin_s += late_s
            self._lost_s += late_s
            if self._lost_s >= self.period_s:
                self._lost_s -= self.period_s
                self.missed += 1
            return now_s + self.lead_s
        while (left_s := due_s - self._now()) > 1e-6:
            self._sleep(left_s)
        return due_s + self.lead_s

    def restart(self) -> None:
        """Begin the grid anew at the next frame, counting nothing as missed (after a pause, say)."""
        self._origin_s, self._slot, self._lost_s = None, 0, 0.0
