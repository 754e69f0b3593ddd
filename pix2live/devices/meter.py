"""What a sound callback's life looked like: counts, compute times and intervals, for the watchdog and the bench."""

import time

import numpy as np

RING = 8192
GAP_BLOCKS = 1.5
SETTLING_S = 1.0  # of sound at the start, while the driver fills its buffers: no gaps yet


class CallbackMeter:
    """Counts and times of a sound callback.

    ``begin`` and ``end`` are called by the callback itself (real-time safe: no allocation, no lock); everything
    else is read from any thread, at worst one callback old.

    Args:
        rate: frames a second.
        block: frames the device was asked for; only the watchdog's patience depends on it.

    Attributes:
        callbacks: callbacks begun. frames: frames they asked for.
        flagged: callbacks that the driver marked as an under- or overrun.
        gaps: callbacks that came later than 1.5 of their block (drivers often flag nothing). Where the driver hands
            out small blocks in bursts, the usual pause between bursts stands for the block.
        xruns: callbacks that were either, plus blocks skipped by a clock.
        errors: exceptions of the user's callback, each turned to silence. last_error: the first of them, in words.
        not_finite: blocks with NaN or Inf, in or out, each turned to 0.
        last_s: when the newest callback began, monotonic seconds.
    """

    def __init__(self, rate: float, block: int) -> None:
        self.rate, self.block = float(rate), int(block)
        self._compute_s = np.zeros(RING)
        self._interval_s = np.zeros(RING)
        self._cpu_s = np.zeros(RING)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.callbacks = self.frames = self.flagged = self.gaps = self.xruns = self.errors = self.not_finite = 0
        self.last_error = ""
        self.last_s = 0.0
        self._usual_s = 0.0
        self._compute_s[:] = 0.0
        self._interval_s[:] = 0.0
        self._cpu_s[:] = 0.0
        self._cpu_began_s = 0.0

    def begin(self, now_s: float, frames: int, flagged: bool = False) -> None:
        """A callback for ``frames`` frames begins at ``now_s``."""
        late = False
        if self.callbacks:
            interval = now_s - self.last_s
            self._interval_s[self.callbacks % RING] = interval
            usual = max(frames / self.rate, self._usual_s)
            settled = self.frames > SETTLING_S * self.rate
            late = settled and interval > GAP_BLOCKS * usual
            # Follows the longest of the usual intervals: up by a fifth of the way, down a thousandth a callback. A
            # stall counts as no more than twice the usual, or the next one would pass unseen.
            over = (min(interval, 2.0 * usual) if settled else interval) - self._usual_s
            self._usual_s += 0.2 * over if over > 0.0 else -0.001 * self._usual_s
        if late:
            self.gaps += 1
        if flagged:
            self.flagged += 1
        if late or flagged:
            self.xruns += 1
        self.callbacks += 1
        self.frames += frames
        self.last_s = now_s
        self._cpu_began_s = time.thread_time()

    def end(self, now_s: float) -> None:
        """The callback begun last ends at ``now_s``."""
        at = (self.callbacks - 1) % RING
        self._compute_s[at] = now_s - self.last_s
        self._cpu_s[at] = time.thread_time() - self._cpu_began_s

    def failed(self, error: BaseException) -> None:
        """The user's callback raised ``error``."""
        self.errors += 1
        if not self.last_error:
            self.last_error = f"{type(error).__name__}: {error}"

    def compute_s(self) -> np.ndarray:
        """Seconds spent in each of the last callbacks (up to 8192), oldest first. Not real-time safe."""
        return self._newest(self._compute_s, 0)

    def cpu_s(self) -> np.ndarray:
        """Like ``compute_s``, but the processor's time alone: what it costs where others share the machine."""
        return self._newest(self._cpu_s, 0)

    def interval_s(self) -> np.ndarray:
        """Seconds from each callback to the next, of the last ones (up to 8192), oldest first. Not real-time safe."""
        return self._newest(self._interval_s, 1)

    def _newest(self, ring: np.ndarray, first: int) -> np.ndarray:
        count = self.callbacks
        if count <= RING:
            return ring[first:count].copy()
        return np.roll(ring, -(count % RING))

    def alive(self, now_s: float, started_s: float) -> bool:
        """True if a callback came lately; a device may take 3 s from its start to its first one."""
        if not self.callbacks:
            return now_s - started_s < 3.0
        return now_s - self.last_s < max(0.5, 8.0 * self.block / self.rate)
