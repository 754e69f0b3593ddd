"""Chorus: three voices a side that drift in pitch, none in step with another."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec
from pix2live.synth.ramps import asleep, ramp, read_back, ring_size, stir

CHORUS_SPECS = (ParamSpec("synth.chorus.mix", "chorus"),)
_VOICES = 3
_DELAY_S = (0.0083, 0.0127, 0.0181)
_RATE_HZ = (0.31, 0.43, 0.57)
_DEPTH_S = 0.0025  # 8 to 15 cents
_LOUDNESS = 1.0 / math.sqrt(_VOICES)


class Chorus(NamedTuple):
    """Modulated fractional delays; the sides' modulations stand a quarter of a turn apart."""

    mixed: NDArray[np.void]
    at: NDArray[np.int64]  # (1): samples since it woke
    memory: NDArray[np.float32]  # (channels, samples)
    wet: NDArray[np.float32]  # (CHUNK)

    @classmethod
    def empty(cls, sample_rate: float) -> "Chorus":
        """A chorus that sleeps."""
        size = ring_size((_DELAY_S[-1] + _DEPTH_S) * sample_rate)
        return cls(asleep(), np.zeros(1, np.int64), np.zeros((2, size), np.float32), np.zeros(CHUNK, np.float32))


@kernel
def chorus_in(mix: NDArray[np.float32], chorus: Chorus, amount: float, sample_rate: float) -> None:
    """Add the chorus to a chunk (2, CHUNK) in place; ``amount`` 0..1 is its mix."""
    m, memory, wet = chorus.mixed[0], chorus.memory, chorus.wet
    if not stir(m, amount, sample_rate):
        return
    mask = memory.shape[1] - 1
    if m.woken == 1:
        chorus.at[0] = 0
        for c in range(2):
            for n in range(memory.shape[1]):
                memory[c, n] = np.float32(0.0)
    at = chorus.at[0]
    for c in range(2):
        row = memory[c]
        for n in range(CHUNK):
            row[(at + n) & mask] = mix[c, n] * ramp(m.send0, m.send1, n)
            wet[n] = np.float32(0.0)
        for v in range(_VOICES):
            start = _delay(v, c, at, sample_rate)
            slope = (_delay(v, c, at + CHUNK, sample_rate) - start) / CHUNK
            for n in range(CHUNK):
                wet[n] += read_back(row, at + n, start + slope * n)
        for n in range(CHUNK):
            mix[c, n] = (mix[c, n] * ramp(m.dry0, m.dry1, n)
                         + wet[n] * (ramp(m.wet0, m.wet1, n) * np.float32(_LOUDNESS)))  # fmt: skip
    chorus.at[0] += CHUNK


@kernel
def _delay(voice: int, side: int, at: int, sample_rate: float) -> float:
    """Delay in samples of one voice at sample ``at``."""
    turn = (at / sample_rate * _RATE_HZ[voice] + voice / _VOICES + 0.25 * side) % 1.0
    return (_DELAY_S[voice] + _DEPTH_S * math.sin(2.0 * math.pi * turn)) * sample_rate
