"""A resonant low-pass that may be swept by hand, by ear or by picture."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec
from pix2live.synth.ramps import FADE_S, approach, flushed, ramp

_OPEN_HZ = 20000.0
FILTER_SPECS = (
    ParamSpec("synth.filter.hz", "filter", "Hz", 20.0, _OPEN_HZ, _OPEN_HZ, curve="exp"),
    ParamSpec("synth.filter.resonance", "resonance"),
)
_SWEEP_S = 0.01
_FLAT_Q, _RINGING_Q = math.sqrt(0.5), 12.0
_HIGHEST = 0.46  # of the sample rate

_STATE = np.dtype([
    ("awake", np.int64), ("blend", np.float64), ("octave", np.float64), ("g", np.float64), ("k", np.float64),
])  # fmt: skip


class Filter(NamedTuple):
    """State variable low-pass of 12 dB an octave (topology-preserving transform: Zavalishin, The Art of VA Filter
    Design, 2018), which stays stable however fast it is swept; at 20 kHz it is open and passes everything, to the bit.
    """

    state: NDArray[np.void]
    held: NDArray[np.float64]  # (channels, 2): the two integrators

    @classmethod
    def empty(cls) -> "Filter":
        """A filter that sleeps."""
        return cls(np.zeros(1, _STATE), np.zeros((2, 2)))


@kernel
def low_pass(mix: NDArray[np.float32], filter_: Filter, hz: float, resonance: float, sample_rate: float) -> None:
    """Filter a chunk (2, CHUNK) in place. ``resonance`` 0..1 is Q 0.71 (flat) to 12."""
    s, held = filter_.state[0], filter_.held
    closed = hz < 0.9999 * _OPEN_HZ
    if not closed and s.blend == 0.0:
        s.awake = 0
        return
    octave = math.log2(min(hz, _HIGHEST * sample_rate))
    k = 1.0 / (_FLAT_Q * (_RINGING_Q / _FLAT_Q) ** resonance)
    if s.awake == 0:
        s.awake, s.octave, s.k = 1, octave, k
        s.g = math.tan(math.pi * 2.0**octave / sample_rate)
        for c in range(2):
            held[c, 0] = held[c, 1] = 0.0
    share = 1.0 - math.exp(-CHUNK / (_SWEEP_S * sample_rate))
    blend0, g0, k0 = s.blend, s.g, s.k
    s.blend = approach(s.blend, 1.0 if closed else 0.0, CHUNK / (FADE_S * sample_rate))
    s.octave += (octave - s.octave) * share
    s.k += (k - s.k) * share
    s.g = math.tan(math.pi * 2.0**s.octave / sample_rate)
    dg, dk = (s.g - g0) / CHUNK, (s.k - k0) / CHUNK
    for c in range(2):
        one, two = held[c, 0], held[c, 1]
        for n in range(CHUNK):
            g, damp = g0 + dg * (n + 1), k0 + dk * (n + 1)
            x = float(mix[c, n])
            a = 1.0 / (1.0 + g * (g + damp))
            v3 = x - two
            v1 = a * (one + g * v3)
            v2 = two + g * v1
            one, two = 2.0 * v1 - one, 2.0 * v2 - two
            share_now = ramp(blend0, s.blend, n)
            mix[c, n] = flushed(mix[c, n] + share_now * np.float32(v2 - x))
        # Far under the ear, and in double precision far above denormals for the rest of a chunk.
        held[c, 0] = one if abs(one) > 1e-20 else 0.0
        held[c, 1] = two if abs(two) > 1e-20 else 0.0
