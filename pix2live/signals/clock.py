"""The only place that reads the time: the system clock, and its twin that is moved by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that never go back. ``wait`` returns once ``now() >= until_s`` (it sleeps; it never spins)."""

    def now(self) -> float: ...

    def wait(self, until_s: float) -> None: ...


class SystemClock:
    """The machine's monotonic clock; the same in every process."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, until_s: float) -> None:
        left_s = until_s - time.monotonic()
        if left_s > 0.0:
            time.sleep(left_s)


class ManualClock:
    """A clock that stands until it is moved: offline work and tests."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now(self) -> float:
        return self._now_s

    def set(self, now_s: float) -> None:
        """Move to ``now_s``; raises ValueError if that lies in the past."""
        if now_s < self._now_s:
            raise ValueError(f"a clock never goes back: {now_s} is before {self._now_s}")
        self._now_s = now_s

    def wait(self, until_s: float) -> None:
        self._now_s = max(self._now_s, until_s)
