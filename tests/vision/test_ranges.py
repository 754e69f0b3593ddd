"""Running ranges."""

import numpy as np
import pytest

from pix2live.vision.ranges import NARROWEST, Ranges


def run(ranges: Ranges, values, fps: float = 30.0) -> np.ndarray:
    out, rows = np.zeros(1), []
    for n, value in enumerate(values):
        ranges.process(np.array([value]), n / fps, out)
        rows.append(out[0])
    return np.array(rows)


def dim_room(seconds: float, fps: float) -> np.ndarray:
    return 0.25 + 0.1 * np.sin(2 * np.pi * np.arange(int(seconds * fps)) / fps / 7.0)


def test_the_first_picture_keeps_its_absolute_values():
    assert run(Ranges(1), [0.3])[0] == 0.3


def test_after_minutes_a_dim_room_plays_from_end_to_end():
    levelled = run(Ranges(1), dim_room(300, 30))[-30 * 14:]
    assert levelled.min() < 0.12 and levelled.max() > 0.88


def test_what_is_brighter_than_all_before_widens_the_range_within_a_second():
    ranges = Ranges(1)
    run(ranges, np.full(9000, 0.2))
    out = np.zeros(1)
    for n in range(30):
        ranges.process(np.array([0.9]), 300.0 + n / 30, out)
    ranges.process(np.array([0.55]), 301.1, out)
    assert 0.3 < out[0] < 0.75


def test_a_tremble_is_not_blown_up():
    noise = 0.4 + 0.005 * np.random.default_rng(1).standard_normal(9000)
    assert np.ptp(run(Ranges(1), noise)[-900:]) < 0.06 / NARROWEST


def test_order_is_kept_and_all_stays_in_range():
    levelled = []
    for value in (0.2, 0.25, 0.3):
        ranges = Ranges(1)
        rows = run(ranges, dim_room(100, 30))
        assert rows.min() >= 0.0 and rows.max() <= 1.0
        out = np.zeros(1)
        ranges.process(np.array([value]), 100.0, out)
        levelled.append(out[0])
    assert levelled == sorted(levelled) and len(set(levelled)) == 3


def test_the_frame_rate_hardly_matters():
    slow, fast = run(Ranges(1), dim_room(120, 15), 15), run(Ranges(1), dim_room(120, 60), 60)
    assert slow[-1] == pytest.approx(fast[::4][-1], abs=0.02)


def test_after_reset_and_a_jump_back_in_time_it_is_as_before():
    ranges = Ranges(1)
    first = run(ranges, dim_room(30, 30))
    ranges.reset()
    assert np.array_equal(run(ranges, dim_room(30, 30)), first)
    assert np.isfinite(run(ranges, dim_room(1, 30))).all()
