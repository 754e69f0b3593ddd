"""A bank of sinusoids: integer phases that never drift, a polynomial sine, ramps without steps."""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from pix2live.dsp import lanes
from pix2live.dsp.jit import fma, inlined, kernel
from pix2live.dsp.lanes import LANES

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
_HALF, _ONE, _TWO, _THREE = (np.float32(value) for value in (0.5, 1.0, 2.0, 3.0))
_LOUDEST, _LEFT, _RIGHT, _TWICE = range(4)  # what is kept of sixteen partials: is any level not 0, slopes, 2 cos
_FAR = np.int32(LANES)  # steps from one part of the chunk to the next, and the bends between them
_FAR_TRIANGLE, _FAR_SQUARE = np.int32(LANES * (LANES + 1) // 2), np.int32(LANES * LANES)
_TRIANGLE = np.array([n * (n + 1) // 2 for n in range(LANES)], np.int32)


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


@inlined
def _samples() -> Any:
    """The chunk's samples counted from 1, in four ``lanes``."""
    part = lanes.splat(np.float32(LANES))
    first = lanes.as_float(lanes.count_up()) + lanes.splat(_ONE)
    second = first + part
    third = second + part
    return first, second, third, third + part


@inlined
def _four(row: NDArray[np.float32]) -> Any:
    """A chunk's samples in four ``lanes``."""
    return (lanes.load(row, 0), lanes.load(row, LANES), lanes.load(row, 2 * LANES), lanes.load(row, 3 * LANES))


@inlined
def _put_four(row: NDArray[np.float32], first: Any, second: Any, third: Any, fourth: Any) -> None:
    lanes.store(row, 0, first)
    lanes.store(row, LANES, second)
    lanes.store(row, 2 * LANES, third)
    lanes.store(row, 3 * LANES, fourth)


@inlined
def _prepare(
    step: NDArray[np.int32], left: NDArray[np.float32], right: NDArray[np.float32], next_left: NDArray[np.float32],
    next_right: NDArray[np.float32], base: int, many: int, kept: Any,
) -> None:  # fmt: skip
    """Keep what the partials from ``base`` on need, sixteen in one go: one by one it would cost as much as they do."""
    if many == LANES:
        a, b = lanes.load(left, base), lanes.load(right, base)
        to_a, to_b = lanes.load(next_left, base), lanes.load(next_right, base)
        per_sample = lanes.splat(_PER_SAMPLE)
        loudest = lanes.magnitude(a) + lanes.magnitude(b) + lanes.magnitude(to_a) + lanes.magnitude(to_b)
        cosine = sine_from(lanes.load(step, base) * lanes.splat(_FAR))
        lanes.put(kept, _LOUDEST, loudest)
        lanes.put(kept, _LEFT, (to_a - a) * per_sample)
        lanes.put(kept, _RIGHT, (to_b - b) * per_sample)
        lanes.put(kept, _TWICE, cosine + cosine)
        return
    for lane in range(many):
        p = base + lane
        a, b, to_a, to_b = left[p], right[p], next_left[p], next_right[p]
        lanes.put_one(kept, _LOUDEST, lane, abs(a) + abs(b) + abs(to_a) + abs(to_b))
        lanes.put_one(kept, _LEFT, lane, (to_a - a) * _PER_SAMPLE)
        lanes.put_one(kept, _RIGHT, lane, (to_b - b) * _PER_SAMPLE)
        lanes.put_one(kept, _TWICE, lane, _TWO * sine(_turned(_steps(step[p], _FAR), _QUARTER)))


@kernel
def _bend(step: np.int32, next_step: np.int32) -> np.int32:
    """What is added to the phase step with each sample of a chunk."""
    return np.int32((np.int64(next_step) - np.int64(step)) // CHUNK)


@inlined
def sine_from(turned: Any) -> Any:
    """As ``sine``, of ``lanes`` of phases that lie a quarter of a turn back."""
    x = lanes.fma(lanes.magnitude(lanes.as_float(turned)), lanes.splat(-_TO_UNIT), lanes.splat(_ONE))
    y = x * x
    tail = lanes.fma(lanes.fma(y, lanes.splat(_C9), lanes.splat(_C7)), y, lanes.splat(_C5))
    return x * lanes.fma(y, lanes.fma(y, tail, lanes.splat(_C3)), lanes.splat(_C1))


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

    All arrays' last dimension is contiguous.
    """
    count = len(phase)
    kept = lanes.rows(4)
    up = lanes.count_up()
    n0, n1, n2, n3 = _samples()
    for pair in range(0, out.shape[0], 2):
        left, right = out[pair], out[pair + 1]
        level_left, level_right = level[pair], level[pair + 1]
        next_left, next_right = next_level[pair], next_level[pair + 1]
        # The whole chunk stays in registers while the partials go by.
        l0, l1, l2, l3 = _four(left)
        r0, r1, r2, r3 = _four(right)
        for base in range(0, count, LANES):
            many = min(LANES, count - base)
            _prepare(step, level_left, level_right, next_left, next_right, base, many, kept)
            for lane in range(many):
                if lanes.pick(kept, _LOUDEST, lane) == 0.0:
                    continue
                p = base + lane
                first = step[p]
                # sine_from wants phases a quarter of a turn back.
                turned = lanes.splat(_turned(phase[p], _MINUS_QUARTER)) + lanes.splat(first) * up
                far = lanes.splat(_steps(first, _FAR))
                if next_step[p] == first:
                    # Half of the chunk follows from the other: sin(x + w) = 2 cos(w) sin(x) - sin(x - w).
                    twice = lanes.splat(lanes.pick(kept, _TWICE, lane))
                    s0, s1 = sine_from(turned), sine_from(turned + far)
                    s2 = lanes.fma(twice, s1, lanes.negative(s0))
                    s3 = lanes.fma(twice, s2, lanes.negative(s1))
                else:
                    # n steps and 0 + 1 + ... + n bends of a step, by second differences from one part to the next.
                    bend = lanes.splat(_bend(first, next_step[p]))
                    turned = turned + lanes.load(_TRIANGLE, 0) * bend
                    far = far + (up * lanes.splat(_FAR) + lanes.splat(_FAR_TRIANGLE)) * bend
                    farther = lanes.splat(_FAR_SQUARE) * bend
                    s0, turned, far = sine_from(turned), turned + far, far + farther
                    s1, turned, far = sine_from(turned), turned + far, far + farther
                    s2, s3 = sine_from(turned), sine_from(turned + far)
                a, b = lanes.splat(level_left[p]), lanes.splat(level_right[p])
                slope_a = lanes.splat(lanes.pick(kept, _LEFT, lane))
                slope_b = lanes.splat(lanes.pick(kept, _RIGHT, lane))
                l0, r0 = lanes.fma(lanes.fma(slope_a, n0, a), s0, l0), lanes.fma(lanes.fma(slope_b, n0, b), s0, r0)
                l1, r1 = lanes.fma(lanes.fma(slope_a, n1, a), s1, l1), lanes.fma(lanes.fma(slope_b, n1, b), s1, r1)
                l2, r2 = lanes.fma(lanes.fma(slope_a, n2, a), s2, l2), lanes.fma(lanes.fma(slope_b, n2, b), s2, r2)
                l3, r3 = lanes.fma(lanes.fma(slope_a, n3, a), s3, l3), lanes.fma(lanes.fma(slope_b, n3, b), s3, r3)
        _put_four(left, l0, l1, l2, l3)
        _put_four(right, r0, r1, r2, r3)
        for p in range(count):
            level_left[p], level_right[p] = next_left[p], next_right[p]
    for p in range(count):
        first = step[p]
        phase[p] = np.int32(phase[p] + CHUNK * first)
        if next_step[p] != first:
            bend = _bend(first, next_step[p])
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
    up = lanes.count_up()
    n0, n1, n2, n3 = _samples()
    l0, l1, l2, l3 = _four(left)
    r0, r1, r2, r3 = _four(right)
    for p in range(len(phase)):
        start, first = phase[p], step[p]
        bend = _bend(first, next_step[p])
        step[p] = next_step[p]
        phase[p] = np.int32(start + CHUNK * first + bend * (CHUNK * (CHUNK + 1) // 2))
        a, b, even, odd = level[0, p], level[1, p], tone[0, p], tone[1, p]
        to_a, to_b, to_even, to_odd = next_level[0, p], next_level[1, p], next_tone[0, p], next_tone[1, p]
        tone[0, p], tone[1, p] = to_even, to_odd
        if a == 0.0 and b == 0.0 and to_a == 0.0 and to_b == 0.0:
            continue
        level[0, p], level[1, p] = to_a, to_b
        from_a, slope_a = lanes.splat(a), lanes.splat((to_a - a) * _PER_SAMPLE)
        from_b, slope_b = lanes.splat(b), lanes.splat((to_b - b) * _PER_SAMPLE)
        evens, slope_even = lanes.splat(even), lanes.splat((to_even - even) * _PER_SAMPLE)
        odds, slope_odd = lanes.splat(odd), lanes.splat((to_odd - odd) * _PER_SAMPLE)
        bent, far = lanes.splat(bend), lanes.splat(_steps(first, _FAR))
        turned = lanes.splat(_turned(start, _MINUS_QUARTER)) + lanes.splat(first) * up + lanes.load(_TRIANGLE, 0) * bent
        far = far + (up * lanes.splat(_FAR) + lanes.splat(_FAR_TRIANGLE)) * bent
        farther = lanes.splat(_FAR_SQUARE) * bent
        s0 = _shaped(turned, lanes.fma(slope_even, n0, evens), lanes.fma(slope_odd, n0, odds))
        turned, far = turned + far, far + farther
        s1 = _shaped(turned, lanes.fma(slope_even, n1, evens), lanes.fma(slope_odd, n1, odds))
        turned, far = turned + far, far + farther
        s2 = _shaped(turned, lanes.fma(slope_even, n2, evens), lanes.fma(slope_odd, n2, odds))
        s3 = _shaped(turned + far, lanes.fma(slope_even, n3, evens), lanes.fma(slope_odd, n3, odds))
        l0 = lanes.fma(lanes.fma(slope_a, n0, from_a), s0, l0)
        r0 = lanes.fma(lanes.fma(slope_b, n0, from_b), s0, r0)
        l1 = lanes.fma(lanes.fma(slope_a, n1, from_a), s1, l1)
        r1 = lanes.fma(lanes.fma(slope_b, n1, from_b), s1, r1)
        l2 = lanes.fma(lanes.fma(slope_a, n2, from_a), s2, l2)
        r2 = lanes.fma(lanes.fma(slope_b, n2, from_b), s2, r2)
        l3 = lanes.fma(lanes.fma(slope_a, n3, from_a), s3, l3)
        r3 = lanes.fma(lanes.fma(slope_b, n3, from_b), s3, r3)
    _put_four(left, l0, l1, l2, l3)
    _put_four(right, r0, r1, r2, r3)


@inlined
def _shaped(turned: Any, even: Any, odd: Any) -> Any:
    """Sines of phases a quarter of a turn back with their overtones, by Chebyshev's polynomials 2 to 5."""
    pure = sine_from(turned)
    second = lanes.fma(pure + pure, pure, lanes.splat(-_ONE))
    evens = lanes.fma(second, second, second) - lanes.splat(_HALF)
    odds = lanes.fma(second, second + second - lanes.splat(_THREE), lanes.splat(_HALF))
    return lanes.fma(pure, lanes.fma(odd, odds, lanes.splat(_ONE)), even * evens)


@kernel
def sine(phase: np.int32) -> np.float32:
    """The sine of an int32 phase, -1..1, error below -119 dB."""
    # A wrapping quarter-turn shift and an absolute value fold every phase into the quarter turn around zero.
    x = fma(abs(np.float32(_turned(phase, _MINUS_QUARTER))), -_TO_UNIT, np.float32(1.0))
    y = x * x
    return x * fma(y, fma(y, fma(y, fma(y, _C9, _C7), _C5), _C3), _C1)


_sine = sine
