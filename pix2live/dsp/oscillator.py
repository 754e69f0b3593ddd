"""A bank of sinusoids: integer phases that never drift, a polynomial sine, ramps without steps."""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from pix2live.dsp.jit import fma, kernel

CHUNK = 64
"""Samples of one control step: every ramp of the synth spans exactly this many."""

TONED_HARMONICS = 5
"""The highest harmonic that ``add_toned_partials`` makes."""

_TURN = 4294967296.0  # one turn of an int32 phase
_QUARTER, _MINUS_QUARTER = np.int32(1 << 30), np.int32(-(1 << 30))
_TO_UNIT = np.float32(2.0**-30)
# Minimax odd polynomial for sin(pi/2 x) on -1..1 (error -169 dB before float32 rounding).
_C1, _C3, _C5, _C7, _C9 = (
    np.float32(c) for c in (1.57079629, -0.64596335990, 0.07968848050, -0.00467222790, 0.00015082060)
)
_STEP_MAX = 2147483647.0
_PER_SAMPLE = np.float32(1.0 / CHUNK)
_PART = CHUNK // 4
_PART_STEPS = np.int32(_PART)


def _add(context: Any, phase: Any, step: Any) -> Any:
    return types.int32(types.int32, types.int32), lambda context, builder, signature, args: builder.add(*args)


def _multiply(context: Any, step: Any, times: Any) -> Any:
    return types.int32(types.int32, types.int32), lambda context, builder, signature, args: builder.mul(*args)


# Phases are meant to wrap; numba adds and multiplies int32 as int64, half as many at once.
_turned: Any = intrinsic(_add)
_steps: Any = intrinsic(_multiply)


def steps_from_hz(hz: NDArray[np.floating], sample_rate: float) -> NDArray[np.int32]:
    """Phase step per sample of frequencies in Hz; held at Nyquist above it, at 0 below 0 and for NaN."""
    turns = np.clip(np.nan_to_num(np.asarray(hz, np.float64)) / sample_rate, 0.0, 0.5)
    return np.minimum(turns * _TURN, _STEP_MAX).astype(np.int32)


def empty_mix(channels: int = 2) -> NDArray[np.float32]:
    """Silence for ``add_partials`` to add to, (channels, CHUNK), at the begin of a cache line: a tenth quicker."""
    size = channels * CHUNK
    memory: NDArray[np.float32] = np.zeros(size + 16, np.float32)
    first = -memory.ctypes.data % 64 // 4
    return memory[first : first + size].reshape(channels, CHUNK)


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
    count = len(phase)
    for pair in range(0, out.shape[0], 2):
        left, right = out[pair], out[pair + 1]
        level_left, level_right = level[pair], level[pair + 1]
        next_left, next_right = next_level[pair], next_level[pair + 1]
        # Partials of steady pitch go two by two, so that ``out`` is read and written half as often; one that is left
        # over goes last, as those do whose pitch glides.
        waiting = -1
        for i in range(count + 1):
            p = i
            if i == count:
                if waiting < 0:
                    break
                p = waiting
            elif level_left[p] == level_right[p] == next_left[p] == next_right[p] == 0.0:
                continue
            first, p_a, p_b = step[p], level_left[p], level_right[p]
            p_slope_a, p_slope_b = (next_left[p] - p_a) * _PER_SAMPLE, (next_right[p] - p_b) * _PER_SAMPLE
            if next_step[p] != first or i == count:
                bend = np.int32((np.int64(next_step[p]) - np.int64(first)) // CHUNK)
                for n in range(CHUNK):
                    bent = np.int32(np.int32(np.int32(n) * np.int32(n + 1) >> 1) * bend)
                    tone = sine(np.int32(phase[p] + np.int32(n) * first + bent))
                    nth = np.float32(n + 1)
                    left[n] = fma(fma(p_slope_a, nth, p_a), tone, left[n])
                    right[n] = fma(fma(p_slope_b, nth, p_b), tone, right[n])
                continue
            if waiting < 0:
                waiting = p
                continue
            q, waiting = waiting, -1
            q_a, q_b = level_left[q], level_right[q]
            q_slope_a, q_slope_b = (next_left[q] - q_a) * _PER_SAMPLE, (next_right[q] - q_b) * _PER_SAMPLE
            p_phase, p_step, q_phase, q_step = phase[p], first, phase[q], step[q]
            # Half of the chunk follows from the other: sin(x + w) = 2 cos(w) sin(x) - sin(x - w).
            p_far, q_far = _steps(p_step, _PART_STEPS), _steps(q_step, _PART_STEPS)
            p_twice = np.float32(2.0) * sine(_turned(p_far, _QUARTER))
            q_twice = np.float32(2.0) * sine(_turned(q_far, _QUARTER))
            p_later, q_later = _turned(p_phase, p_far), _turned(q_phase, q_far)
            for n in range(_PART):
                n0 = np.float32(n + 1)
                n1, n2, n3 = n0 + np.float32(_PART), n0 + np.float32(2 * _PART), n0 + np.float32(3 * _PART)
                l0, l1, l2, l3 = left[n], left[n + _PART], left[n + 2 * _PART], left[n + 3 * _PART]
                r0, r1, r2, r3 = right[n], right[n + _PART], right[n + 2 * _PART], right[n + 3 * _PART]
                s0, s1 = sine(p_phase), sine(p_later)
                p_phase, p_later = _turned(p_phase, p_step), _turned(p_later, p_step)
                s2 = fma(p_twice, s1, -s0)
                s3 = fma(p_twice, s2, -s1)
                l0, r0 = fma(fma(p_slope_a, n0, p_a), s0, l0), fma(fma(p_slope_b, n0, p_b), s0, r0)
                l1, r1 = fma(fma(p_slope_a, n1, p_a), s1, l1), fma(fma(p_slope_b, n1, p_b), s1, r1)
                l2, r2 = fma(fma(p_slope_a, n2, p_a), s2, l2), fma(fma(p_slope_b, n2, p_b), s2, r2)
                l3, r3 = fma(fma(p_slope_a, n3, p_a), s3, l3), fma(fma(p_slope_b, n3, p_b), s3, r3)
                s0, s1 = sine(q_phase), sine(q_later)
                q_phase, q_later = _turned(q_phase, q_step), _turned(q_later, q_step)
                s2 = fma(q_twice, s1, -s0)
                s3 = fma(q_twice, s2, -s1)
                left[n], right[n] = fma(fma(q_slope_a, n0, q_a), s0, l0), fma(fma(q_slope_b, n0, q_b), s0, r0)
                left[n + _PART] = fma(fma(q_slope_a, n1, q_a), s1, l1)
                right[n + _PART] = fma(fma(q_slope_b, n1, q_b), s1, r1)
                left[n + 2 * _PART] = fma(fma(q_slope_a, n2, q_a), s2, l2)
                right[n + 2 * _PART] = fma(fma(q_slope_b, n2, q_b), s2, r2)
                left[n + 3 * _PART] = fma(fma(q_slope_a, n3, q_a), s3, l3)
                right[n + 3 * _PART] = fma(fma(q_slope_b, n3, q_b), s3, r3)
        for p in range(count):
            level_left[p], level_right[p] = next_left[p], next_right[p]
    for p in range(count):
        first = step[p]
        phase[p] = np.int32(phase[p] + CHUNK * first)
        if next_step[p] != first:
            bend = np.int32((np.int64(next_step[p]) - np.int64(first)) // CHUNK)
            phase[p] = np.int32(phase[p] + bend * (CHUNK * (CHUNK + 1) // 2))
            step[p] = next_step[p]


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
    x = fma(abs(np.float32(_turned(phase, _MINUS_QUARTER))), -_TO_UNIT, np.float32(1.0))
    y = x * x
    return x * fma(y, fma(y, fma(y, fma(y, _C9, _C7), _C5), _C3), _C1)


_sine = sine
