"""A bank of sinusoids: integer phases that never drift, a polynomial sine, ramps without steps."""

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import fma, kernel

CHUNK = 64
"""Samples of one control step: every ramp of the synth spans exactly this many."""

TONED_HARMONICS = 5
"""The highest harmonic that ``add_toned_partials`` makes."""

_TURN = 4294967296.0  # one turn of an int32 phase
_QUARTER = np.int32(1 << 30)
_TO_UNIT = np.float32(2.0**-30)
# Minimax odd polynomial for sin(pi/2 x) on -1..1 (error -169 dB before float32 rounding).
_C1, _C3, _C5, _C7, _C9 = (
    np.float32(c) for c in (1.57079629, -0.64596335990, 0.07968848050, -0.00467222790, 0.00015082060)
)
_STEP_MAX = 2147483647.0
_PER_SAMPLE = np.float32(1.0 / CHUNK)


def steps_from_hz(hz: NDArray[np.floating], sample_rate: float) -> NDArray[np.int32]:
    """Phase step per sample of frequencies in Hz; held at Nyquist above it, at 0 below 0 and for NaN."""
    turns = np.clip(np.nan_to_num(np.asarray(hz, np.float64)) / sample_rate, 0.0, 0.5)
    return np.minimum(turns * _TURN, _STEP_MAX).astype(np.int32)


@kernel
def step_from_hz(hz: float, sample_rate: float) -> np.int32:
    """Phase step per sample of one frequency in Hz, held between 0 and Nyquist."""
    return np.int32(min(max(hz / sample_rate * _TURN, 0.0), _STEP_MAX))


@kernel
def add_partials(
    phase: NDArray[np.int32],
    step: NDArray[np.int32],
    level: NDArray[np.float32],
    next_step: NDArray[np.int32],
    next_level: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Add the next ``CHUNK`` samples of all partials to ``out``.

    Every level and every frequency moves linearly, sample by sample, from its present value to its next one,
    which the last sample reaches. A partial that is silent throughout is not computed, but its phase moves on as if
    it were. Real-time safe. Error of a partial: below -119 dB of its amplitude.

    Args:
        phase: int32 (partials), a full turn being 2**32; left at the phase of the sample after the last.
        step: int32 (partials), phase per sample now; set to ``next_step``. From 0 to 2**31 - 1, just under Nyquist: a
            partial above Nyquist is for the caller to silence (its step held at the top, its next level 0).
        level: float32 (channels, partials), linear amplitudes now; set to ``next_level``.
        next_step, next_level: what the last sample reaches.
        out: float32 (channels, CHUNK); an even number of channels.
    """
    for pair in range(0, out.shape[0], 2):
        last_pair = pair + 2 >= out.shape[0]
        left, right = out[pair], out[pair + 1]
        level_left, level_right = level[pair], level[pair + 1]
        next_left, next_right = next_level[pair], next_level[pair + 1]
        for p in range(len(phase)):
            start, first = phase[p], step[p]
            bend = np.int32((np.int64(next_step[p]) - np.int64(first)) // CHUNK)
            if last_pair:
                step[p] = next_step[p]
                phase[p] = np.int32(start + CHUNK * first + bend * (CHUNK * (CHUNK + 1) // 2))
            a, b = level_left[p], level_right[p]
            to_a, to_b = next_left[p], next_right[p]
            if a == 0.0 and b == 0.0 and to_a == 0.0 and to_b == 0.0:
                continue
            slope_a, slope_b = (to_a - a) * _PER_SAMPLE, (to_b - b) * _PER_SAMPLE
            if bend == 0:
                for n in range(CHUNK):
                    tone = sine(np.int32(start + np.int32(n) * first))
                    nth = np.float32(n + 1)
                    left[n] = fma(fma(slope_a, nth, a), tone, left[n])
                    right[n] = fma(fma(slope_b, nth, b), tone, right[n])
            else:
                for n in range(CHUNK):
                    bent = np.int32(np.int32(np.int32(n) * np.int32(n + 1) >> 1) * bend)
                    tone = sine(np.int32(start + np.int32(n) * first + bent))
                    nth = np.float32(n + 1)
                    left[n] = fma(fma(slope_a, nth, a), tone, left[n])
                    right[n] = fma(fma(slope_b, nth, b), tone, right[n])
            level_left[p], level_right[p] = to_a, to_b


@kernel
def add_toned_partials(
    phase: NDArray[np.int32],
    step: NDArray[np.int32],
    level: NDArray[np.float32],
    tone: NDArray[np.float32],
    next_step: NDArray[np.int32],
    next_level: NDArray[np.float32],
    next_tone: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """As ``add_partials``, on two channels, each partial with overtones: Chebyshev polynomials of its sine.

    Args:
        tone, next_tone: float32 (2, partials), now and at the last sample; ``tone`` is set to ``next_tone``. The first
            is the level of the 2nd harmonic against the partial's own, the 4th being half of that; the second likewise
            of the 3rd and 5th. The caller leaves it 0 where the 5th would lie above Nyquist. The power of a
            partial is ``1 + 1.25 * (even**2 + odd**2)`` times that of its sine.
    """
    left, right = out[0], out[1]
    for p in range(len(phase)):
        start, first = phase[p], step[p]
        bend = np.int32((np.int64(next_step[p]) - np.int64(first)) // CHUNK)
        step[p] = next_step[p]
        phase[p] = np.int32(start + CHUNK * first + bend * (CHUNK * (CHUNK + 1) // 2))
        a, b, even, odd = level[0, p], level[1, p], tone[0, p], tone[1, p]
        to_a, to_b, to_even, to_odd = next_level[0, p], next_level[1, p], next_tone[0, p], next_tone[1, p]
        tone[0, p], tone[1, p] = to_even, to_odd
        if a == 0.0 and b == 0.0 and to_a == 0.0 and to_b == 0.0:
            continue
        slope_a, slope_b = (to_a - a) * _PER_SAMPLE, (to_b - b) * _PER_SAMPLE
        slope_even, slope_odd = (to_even - even) * _PER_SAMPLE, (to_odd - odd) * _PER_SAMPLE
        for n in range(CHUNK):
            turned = np.int32(start + np.int32(n) * first)
            if bend != 0:
                turned = np.int32(turned + np.int32(np.int32(n) * np.int32(n + 1) >> 1) * bend)
            pure, nth = sine(turned), np.float32(n + 1)
            second = fma(np.float32(2.0) * pure, pure, np.float32(-1.0))
            evens = fma(second, second, second) - np.float32(0.5)
            odds = fma(second, fma(np.float32(2.0), second, np.float32(-3.0)), np.float32(0.5))
            more = fma(slope_even, nth, even) * evens
            shaped = fma(pure, fma(fma(slope_odd, nth, odd), odds, np.float32(1.0)), more)
            left[n] = fma(fma(slope_a, nth, a), shaped, left[n])
            right[n] = fma(fma(slope_b, nth, b), shaped, right[n])
        level[0, p], level[1, p] = to_a, to_b


@kernel
def sine(phase: np.int32) -> np.float32:
    """The sine of an int32 phase, -1..1, error below -119 dB."""
    # A wrapping quarter-turn shift and an absolute value fold every phase into the quarter turn around zero.
    x = np.float32(1.0) - abs(np.float32(np.int32(phase - _QUARTER)) * _TO_UNIT)
    y = x * x
    return x * fma(y, fma(y, fma(y, fma(y, _C9, _C7), _C5), _C3), _C1)


_sine = sine
