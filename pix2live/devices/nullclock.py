"""Where there is no sound card: the same callback, paced by the monotonic clock."""

import threading
import time
from collections.abc import Callable

import numpy as np

from pix2live.devices.bridge import Callback, is_finite
from pix2live.devices.meter import CallbackMeter

CATCH_UP_BLOCKS = 4


class Pacer:
    """How many blocks are due: whole blocks counted from a start, so that nothing drifts.

    After a stall at most four blocks are made up for; the others are skipped, as a sound card would lose them.

    Args:
        rate, block: frames a second, frames a block. start_s: when block 0 begins to be heard.
    """

    def __init__(self, rate: float, block: int, start_s: float) -> None:
        self._rate, self._block, self._start_s = float(rate), int(block), start_s
        self.given = 0
        self.skipped = 0

    def begins_s(self, number: int) -> float:
        """When block ``number`` begins, in seconds of the clock."""
        return self._start_s + number * self._block / self._rate

    @property
    def next_s(self) -> float:
        """When the next block will be complete, and so due."""
        return self.begins_s(self.given + self.skipped + 1)

    def due(self, now_s: float) -> int:
        """Blocks complete by ``now_s`` and not given yet, at most four; what is beyond is skipped and counted."""
        elapsed = int((now_s - self._start_s) * self._rate / self._block + 1e-6)
        waiting = elapsed - self.given - self.skipped
        if waiting > CATCH_UP_BLOCKS:
            self.skipped += waiting - CATCH_UP_BLOCKS
        return max(0, min(waiting, CATCH_UP_BLOCKS))

    def take(self) -> float:
        """Count one block as given; returns when it began."""
        begins_s = self.begins_s(self.given + self.skipped)
        self.given += 1
        return begins_s


class NullClock:
    """A sound card that hears and plays nothing, with the face of ``SoundCard``: start, alive, close, meter.

    Args:
        rate, block: frames a second, frames a callback. callback: see ``bridge.Callback``; hears a silent block of
            ``in_channels`` (0: a block without channels). clock: monotonic seconds.
    """

    in_latency_s = out_latency_s = 0.0

    def __init__(self, rate: float, block: int, callback: Callback, clock: Callable[[], float] = time.monotonic,
                 in_channels: int = 0) -> None:
        self.rate, self.block, self.in_channels, self.out_channels = round(rate), int(block), in_channels, 2
        self.meter = CallbackMeter(self.rate, self.block)
        self._callback, self._clock = callback, clock
        self._in = np.zeros((block, in_channels), np.float32)
        self._in.flags.writeable = False
        self._out = np.zeros((block, 2), np.float32)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._started_s = 0.0

    def start(self) -> None:
        """Let the callback run in a thread of its own."""
        self._started_s = self._clock()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="null clock", daemon=True)
        self._thread.start()

    def alive(self, now_s: float) -> bool:
        """True while callbacks come."""
        return self._thread is not None and self.meter.alive(now_s, self._started_s)

    def close(self) -> bool:
        """Stop. Returns False if the callback hung and was left behind (after 2 s). May be called again."""
        thread, self._thread = self._thread, None
        self._stop.set()
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(2.0)
        return not thread.is_alive()

    def _run(self) -> None:
        pacer = Pacer(self.rate, self.block, self._started_s)
        while not self._stop.is_set():
            skipped = pacer.skipped
            for _ in range(pacer.due(self._clock())):
                self._step(pacer.take())
            self.meter.xruns += pacer.skipped - skipped
            self._stop.wait(max(0.0, pacer.next_s - self._clock()))

    def _step(self, air_s: float) -> None:
        self.meter.begin(self._clock(), self.block)
        self._out.fill(0.0)
        try:
            self._callback(self._in, self._out, air_s)
            if not is_finite(self._out):
                self.meter.not_finite += 1
        except Exception as error:
            self.meter.failed(error)
        self.meter.end(self._clock())
