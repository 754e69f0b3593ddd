"""Power as the ear weighs it: the K weighting of ITU-R BS.1770."""

import math

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.follower import TINY
from pix2live.dsp.jit import kernel

OFFSET_DB = -0.691
"""LUFS of a weighted mean square (channels added) of 1."""


def k_weighting(sample_rate: float) -> NDArray[np.float64]:
    """Two biquads, ``(2, 5)`` as b0 b1 b2 a1 a2, for any rate (De Man 2014; the numbers of libebur128).

    A high shelf of +4 dB above 1.7 kHz, then a high-pass at 38 Hz.
    """
    k = math.tan(math.pi * min(1681.974450955533, 0.45 * sample_rate) / sample_rate)
    q, high = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    mid = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    shelf = [high + mid * k / q + k * k, 2.0 * (k * k - high), high - mid * k / q + k * k]
    shelf += [2.0 * (k * k - 1.0), 1.0 - k / q + k * k]
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    b0 = 1.0 + k / q + k * k
    # The standard leaves the high-pass' numerator at 1, -2, 1, not divided by its first denominator term.
    return np.array([np.array(shelf) / a0, [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / b0, (1.0 - k / q + k * k) / b0]])


@kernel
def weighted_power(biquads: NDArray[np.float64], memory: NDArray[np.float64], sound: NDArray[np.float32]) -> float:
    """Mean square of ``sound`` (channels, frames) through the weighting, the channels added. Real-time safe.

    Args:
        biquads: of ``k_weighting``. memory: float64 (channels, 4), kept from one call to the next; 0 at first.
    """
    b0, b1, b2, a1, a2 = biquads[0, 0], biquads[0, 1], biquads[0, 2], biquads[0, 3], biquads[0, 4]
    c0, c1, c2, d1, d2 = biquads[1, 0], biquads[1, 1], biquads[1, 2], biquads[1, 3], biquads[1, 4]
    power = 0.0
    for c in range(sound.shape[0]):
        m0, m1, m2, m3 = memory[c, 0], memory[c, 1], memory[c, 2], memory[c, 3]
        for n in range(sound.shape[1]):
            x = float(sound[c, n])
            y = b0 * x + m0
            m0 = b1 * x - a1 * y + m1
            m1 = b2 * x - a2 * y
            z = c0 * y + m2
            m2 = c1 * y - d1 * z + m3
            m3 = c2 * y - d2 * z
            power += z * z
        memory[c, 0] = m0 if abs(m0) > TINY else 0.0
        memory[c, 1] = m1 if abs(m1) > TINY else 0.0
        memory[c, 2] = m2 if abs(m2) > TINY else 0.0
        memory[c, 3] = m3 if abs(m3) > TINY else 0.0
    return power / max(sound.shape[1], 1)
