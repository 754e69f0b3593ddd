"""What the whole instrument goes through at its end: levels of its parts, gain, mute and panic."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec
from pix2live.synth.ramps import ramp

SCAN, DRONE, HARMONY = range(3)
MASTER_SPECS = (
    ParamSpec("synth.gain", "gain", "dB", -60.0, 12.0, 0.0),
    ParamSpec("synth.mute", "mute", kind="bool"),
    ParamSpec("synth.scan.level", "scan", default=1.0),
    ParamSpec("synth.drone.level", "drone"),
    ParamSpec("synth.harmony.level", "harmony"),
)
_FADE_S = 0.015  # mute, panic
_START_S = 0.004
_GAIN_S = 0.01
_NOTHING = 1e-5

_STATE = np.dtype([
    ("ready", np.int64),  # samples of the chunk not yet handed out
    ("stopping", np.int64),  # a panic is fading
    ("hushed", np.int64),  # after a panic, until there is a score again
    ("hushing", np.int64),  # the panic that is fading will leave it so
    ("pictured", np.int64),  # there has been one
    ("begun", np.int64),
    ("started", np.int64),  # the first fade-in is over
    ("gain", np.float64), ("fade", np.float64),
    ("bpm", np.float64),
])  # fmt: skip


class Master(NamedTuple):
    """What the end of the instrument remembers (arrays only, changed in place)."""

    state: NDArray[np.void]
    levels: NDArray[np.float64]  # (parts): where each part's level is on its way

    @classmethod
    def empty(cls) -> "Master":
        """As new."""
        return cls(np.zeros(1, _STATE), np.zeros(3))

    def reset(self) -> None:
        """As new."""
        self.state[...] = np.zeros(1, _STATE)
        self.levels[...] = 0.0


@kernel
def fade_level(levels: NDArray[np.float64], part: int, wanted: float, begun: bool, sample_rate: float) -> float:
    """Move a part's level towards ``wanted`` (0..1, at equal power) for a chunk; returns what it was.

    A level that was set before the instrument began is there at once. Within 10 ms of ``wanted`` for most of the way,
    and exactly there in the end, so that full level changes no bit and none costs nothing.
    """
    gain = math.sin(0.5 * math.pi * wanted)
    if not begun:
        levels[part] = gain
    before = levels[part]
    after = before + (gain - before) * (1.0 - math.exp(-CHUNK / (_GAIN_S * sample_rate)))
    levels[part] = gain if abs(gain - after) < _NOTHING else after
    return before


@kernel
def add_part(part: NDArray[np.float32], before: float, after: float, mix: NDArray[np.float32]) -> None:
    """Add a chunk (2, CHUNK) to ``mix``, its level going from ``before`` to ``after``."""
    for c in range(2):
        for n in range(CHUNK):
            mix[c, n] += part[c, n] * ramp(before, after, n)


@kernel
def finish(knobs: Any, s: Any, mix: NDArray[np.float32], chunk: NDArray[np.float32], sample_rate: float) -> bool:
    """Gain and fades, as a ramp from ``mix`` (2, CHUNK) to ``chunk`` (CHUNK, 2). True when a panic has reached
    silence."""
    wanted = 10.0 ** (knobs.gain / 20.0) if knobs.gain > -59.9 else 0.0
    if s.begun == 0:
        s.begun = 1
        s.gain = wanted
    before = s.gain * s.fade
    s.gain += (wanted - s.gain) * (1.0 - math.exp(-CHUNK / (_GAIN_S * sample_rate)))
    if abs(wanted - s.gain) < 1e-6:
        s.gain = wanted
    way = CHUNK / ((_FADE_S if s.started == 1 else _START_S) * sample_rate)
    s.fade = max(s.fade - way, 0.0) if knobs.mute > 0.5 or s.stopping == 1 else min(s.fade + way, 1.0)
    if s.fade == 1.0:
        s.started = 1
    after = s.gain * s.fade
    for n in range(CHUNK):
        gain = np.float32(before + (after - before) * ((n + 1) / CHUNK))
        chunk[n, 0] = mix[0, n] * gain
        chunk[n, 1] = mix[1, n] * gain
    if s.stopping == 1 and s.fade == 0.0:
        s.stopping = 0
        return True
    return False
