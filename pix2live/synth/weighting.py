"""Power as the ear weighs it: ITU-R BS.1770's K weighting, for levels that shall feel even."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK


class Weighting(NamedTuple):
    """Two channels' filters and the chunk that they hear."""

    biquads: NDArray[np.float64]  # (2, 5): b0 b1 b2 a1 a2
    memory: NDArray[np.float64]  # (channels, 4)
    sum: NDArray[np.float32]  # (2, CHUNK): what is heard
    out: NDArray[np.float32]  # (2, CHUNK): room for what is given on
    dip: NDArray[np.float64]  # (1): how far the kick has ducked the others

    @classmethod
    def empty(cls, sample_rate: float) -> "Weighting":
        """Nothing heard."""
        chunk = (2, CHUNK)
        return cls(
            _k_weighting(sample_rate), np.zeros((2, 4)), np.zeros(chunk, np.float32), np.zeros(chunk, np.float32),
            np.zeros(1),
        )  # fmt: skip


def _k_weighting(sample_rate: float) -> NDArray[np.float64]:
    """A high shelf of +4 dB above 1.7 kHz, then a high-pass at 38 Hz, at any rate (De Man 2014)."""
    k = math.tan(math.pi * min(1681.974450955533, 0.45 * sample_rate) / sample_rate)
    q, high = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    mid = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    shelf = [high + mid * k / q + k * k, 2.0 * (k * k - high), high - mid * k / q + k * k]
    shelf += [2.0 * (k * k - 1.0), 1.0 - k / q + k * k]
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    b0 = 1.0 + k / q + k * k
    return np.array([np.array(shelf) / a0, [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / b0, (1.0 - k / q + k * k) / b0]])


@kernel
def weighted_power(w: Weighting) -> float:
    """Mean square of ``w.sum`` through the weighting, both channels added, as loudness meters have it."""
    power = 0.0
    b0, b1, b2, a1, a2 = w.biquads[0]
    c0, c1, c2, d1, d2 = w.biquads[1]
    for c in range(2):
        m0, m1, m2, m3 = w.memory[c]
        for n in range(CHUNK):
            x = float(w.sum[c, n])
            y = b0 * x + m0
            m0 = b1 * x - a1 * y + m1
            m1 = b2 * x - a2 * y
            z = c0 * y + m2
            m2 = c1 * y - d1 * z + m3
            m3 = c2 * y - d2 * z
            power += z * z
        w.memory[c, 0] = m0 if abs(m0) > 1e-20 else 0.0
        w.memory[c, 1] = m1 if abs(m1) > 1e-20 else 0.0
        w.memory[c, 2] = m2 if abs(m2) > 1e-20 else 0.0
        w.memory[c, 3] = m3 if abs(m3) > 1e-20 else 0.0
    return power / CHUNK
