"""One moment of all scalar signals, gathered from the bus into the flat array that routes read."""

import numpy as np

from pix2live.signals import table
from pix2live.signals.bus import Bus
from pix2live.signals.transport import Transport


class SignalReader:
    """Reads every scalar signal as it stood at a moment.

    ``values`` is float64 in the order of ``table.NAMES``; ``audio`` and ``perception`` hold the newest records read,
    for their vectors. Real-time safe. ``vectors=False`` copies scalars alone (the audio callback needs no more).
    """

    def __init__(self, bus: Bus, vectors: bool = True) -> None:
        self._bus = bus
        self.values = np.zeros(len(table.NAMES))
        self.audio = bus.audio.record()
        self.perception = bus.perception.record()
        self.hearing = bus.hearing.record()
        self._control = bus.control.record()
        self.params = bus.params.record()
        self.transport = Transport()
        self._beats = 0.0
        self._used = {
            name: None if vectors else _end_of_scalars(getattr(bus, name).dtype) for name in ("audio", "perception")
        }
        spans = table.SPANS
        self._targets = [(self.values[spans["audio"]], self.audio["scalars"][0]),
                         (self.values[spans["hearing"]], self.hearing["scalars"][0]),
                         (self.values[spans["perception"]], self.perception["scalars"][0])]
        self._control_target = self.values[spans["control"]]
        start = spans["hearing"].start
        self._beat = self.values[start:start + len(table.BEAT)]
        self._clock = self.values[spans["clock"]]
        self._control_count = -1

    def read(self, time_s: float, show_s: float, frame: int) -> np.ndarray:
        """Values at the monotonic moment ``time_s``; ``show_s`` and ``frame`` become the ``clock`` signals."""
        bus = self._bus
        bus.audio.at(time_s, self.audio, self._used["audio"])
        bus.hearing.at(time_s, self.hearing)
        bus.perception.at(time_s, self.perception, self._used["perception"])
        if bus.control.count != self._control_count:
            self._control_count = bus.control.newest(self._control) + 1
            # Some four thousand values that seldom change: copied only then.
            np.copyto(self._control_target, self._control["scalars"][0])
        bus.params.newest(self.params)
        for target, source in self._targets:
            np.copyto(target, source)
        params = self.params
        if params["tapped"][0] > 0.0:
            self.transport.read(params)
        elif bus.hearing.count:
            self.transport.hear(float(self.hearing["stamp"][0]), self.hearing["scalars"][0, :len(table.BEAT)])
        else:
            self.transport.anchor_s = time_s
        self._beats = self.transport.write(time_s + float(params["nudge_s"][0]), self._beat, self._beats)
        self._clock[0] = show_s
        self._clock[1] = frame
        return self.values


def _end_of_scalars(dtype: np.dtype) -> int:
    assert dtype.fields is not None
    kind, offset = dtype.fields["scalars"][:2]
    return offset + kind.itemsize
