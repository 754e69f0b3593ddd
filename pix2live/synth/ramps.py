"""What every effect does at its edges: fall asleep and wake, fade in and out, and read between two samples."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK

FADE_S = 0.03
_LINGER_S = 1.0  # a mix that comes back sooner finds the tail that it left
_TINY = np.float32(1e-15)

_MIXED = np.dtype([
    ("awake", np.int64),  # chunks until it sleeps; 0 asleep
    ("woken", np.int64),  # 1 in the first chunk after sleep
    ("mix", np.float64),
    ("send", np.float64),  # gain of what goes in
    ("dry0", np.float64), ("dry1", np.float64),  # the ramps of this chunk: from, to
    ("wet0", np.float64), ("wet1", np.float64),
    ("send0", np.float64), ("send1", np.float64),
])  # fmt: skip


def asleep() -> NDArray[np.void]:
    """(1) record of what ``stir`` keeps of an effect that sleeps."""
    return np.zeros(1, _MIXED)


@kernel
def approach(value: float, target: float, step: float) -> float:
    """``value`` moved towards ``target`` by at most ``step``."""
    return min(value + step, target) if value < target else max(value - step, target)


@kernel
def stir(m: Any, mix: float, sample_rate: float) -> bool:
    """Set the ramps of the next chunk for the mix asked for, 0 (dry) to 1 (wet), at equal power; False if asleep.

    An effect sleeps until a mix above 0 wakes it, and falls asleep when the mix has been 0 for a second. What goes in
    rises from 0 after it woke: a tone that is cut off anywhere else would click in the echo.
    """
    m.woken = 0
    if mix > 0.0:
        if m.awake == 0:
            m.woken = 1
            m.mix = m.send = 0.0
        m.awake = int(_LINGER_S * sample_rate / CHUNK)
    elif m.awake > 0 and m.mix == 0.0:
        m.awake -= 1
    if m.awake == 0:
        return False
    step = CHUNK / (FADE_S * sample_rate)
    m.dry0, m.wet0, m.send0 = math.cos(0.5 * math.pi * m.mix), math.sin(0.5 * math.pi * m.mix), m.send
    m.mix = approach(m.mix, mix, step)
    m.send = min(m.send + step, 1.0)
    m.dry1, m.wet1, m.send1 = math.cos(0.5 * math.pi * m.mix), math.sin(0.5 * math.pi * m.mix), m.send
    return True


@kernel
def ramp(start: float, end: float, n: int) -> np.float32:
    """Value at sample ``n`` of a chunk whose last sample reaches ``end``."""
    return np.float32(start + (end - start) * ((n + 1) / CHUNK))


@kernel
def flushed(x: np.float32) -> np.float32:
    """``x``, or 0 below -300 dB, long before it could become denormal."""
    return x if abs(x) >= _TINY else np.float32(0.0)


@kernel
def read_back(row: NDArray[np.float32], at: int, back: float) -> np.float32:
    """The sample ``back`` (1 or more) samples before index ``at`` of a ring, by 4-point Hermite interpolation.

    Args:
        row: float32, a power of two long. A whole ``back`` gives the sample itself, to the bit.
    """
    mask = len(row) - 1
    whole = int(back)
    f = np.float32(back - whole)
    newest = at - whole + 1
    a, b = row[newest & mask], row[(newest - 1) & mask]
    c, d = row[(newest - 2) & mask], row[(newest - 3) & mask]
    half = np.float32(0.5)
    slope = half * (c - a)
    bend = half * (d - a) + np.float32(1.5) * (b - c)
    return ((bend * f + (c - b - slope - bend)) * f + slope) * f + b


def ring_size(samples: float) -> int:
    """A power of two that holds ``samples``, a chunk and the points of interpolation."""
    return 1 << math.ceil(math.log2(samples + CHUNK + 8))
