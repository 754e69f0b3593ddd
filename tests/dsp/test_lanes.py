"""Sixteen numbers at once are as sixteen numbers one by one."""

import numpy as np
import pytest
from numba.core.errors import TypingError

from pix2live.dsp import lanes
from pix2live.dsp.jit import inlined, kernel
from pix2live.dsp.lanes import LANES

RNG = np.random.default_rng(1)
A, B, C = RNG.standard_normal((3, LANES)).astype(np.float32)


@kernel
def _floats(a, b, c, out):
    x, y, z = lanes.load(a, 0), lanes.load(b, 0), lanes.load(c, 0)
    lanes.store(out[0], 0, x + y)
    lanes.store(out[1], 0, x - y)
    lanes.store(out[2], 0, x * y)
    lanes.store(out[3], 0, lanes.fma(x, y, z))
    lanes.store(out[4], 0, lanes.magnitude(x))
    lanes.store(out[5], 0, lanes.negative(x))
    lanes.store(out[6], 0, lanes.splat(a[3]))


def test_floats_are_added_multiplied_and_fused_lane_by_lane():
    out = np.zeros((7, LANES), np.float32)
    _floats(A, B, C, out)
    fused = (A.astype(np.float64) * B + C).astype(np.float32)
    for row, truth in zip(out, (A + B, A - B, A * B, fused, abs(A), -A, np.full(LANES, A[3])), strict=True):
        assert np.array_equal(row, truth)


@kernel
def _wholes(a, out):
    x = lanes.load(a, 0)
    lanes.store(out[0], 0, lanes.as_float(x + x))
    lanes.store(out[1], 0, lanes.as_float(x * lanes.count_up()))
    lanes.store(out[2], 0, lanes.as_float(lanes.splat(a[1]) - x))


def test_whole_numbers_wrap():
    a, out = RNG.integers(-(2**31), 2**31, LANES).astype(np.int32), np.zeros((3, LANES), np.float32)
    _wholes(a, out)
    with np.errstate(over="ignore"):
        truths = (a + a, a * np.arange(LANES, dtype=np.int32), a[1] - a)
    for row, truth in zip(out, truths, strict=True):
        assert np.array_equal(row, truth.astype(np.float32))


@inlined
def _keep(kept, a):
    lanes.put(kept, 0, lanes.load(a, 2))
    lanes.put(kept, 1, lanes.load(a, 0))
    lanes.put_one(kept, 0, 3, a[0])


@kernel
def _kept(a, out):
    kept = lanes.rows(2)
    _keep(kept, a)
    for row in range(2):
        for lane in range(LANES):
            out[row, lane] = lanes.pick(kept, row, lane)


def test_what_is_kept_is_found_again_lane_by_lane():
    a, out = np.arange(LANES + 2, dtype=np.float32), np.zeros((2, LANES), np.float32)
    _kept(a, out)
    truth = a[2:].copy()
    truth[3] = a[0]
    assert np.array_equal(out[0], truth) and np.array_equal(out[1], a[:LANES])


@kernel
def _beside(a, out):
    lanes.store(out, 5, lanes.load(a, 3))


def test_reading_and_writing_touch_sixteen_numbers_and_none_beside():
    a, out = np.arange(40, dtype=np.float32), np.full(40, -1.0, np.float32)
    _beside(a, out)
    assert np.array_equal(out[5 : 5 + LANES], a[3 : 3 + LANES])
    assert (out[:5] == -1.0).all() and (out[5 + LANES :] == -1.0).all()


@kernel
def _mixed(a):
    return lanes.count_up() + lanes.load(a, 0)


@kernel
def _room(count):
    return lanes.pick(lanes.rows(count), 0, 0)


def test_kinds_do_not_mix_and_room_is_known_beforehand():
    with pytest.raises(TypingError):
        _mixed(A)
    with pytest.raises(TypingError, match="literal"):
        _room(3)
