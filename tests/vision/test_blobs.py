"""Things keep their numbers while they move, cross and vanish for a moment."""

import numpy as np
import pytest

from pix2live.vision.viewer import Viewer, VisualFeatures

from . import pictures
from .test_viewer import viewer  # noqa: F401

RATES = [15.0, 30.0, 60.0]


def scene(*squares, background=0):
    """Squares (x, y from the bottom, side in pixels of 160, colour) over a background of 160x160."""
    frame = pictures.flat((background,) * 3, 160, 160)
    for x, y, side, colour in squares:
        left, top = round(x * 160 - side / 2), round((1.0 - y) * 160 - side / 2)
        frame[max(top, 0):max(top + side, 0), max(left, 0):max(left + side, 0)] = colour
    return frame


def follow(viewer, scenes, rate_hz=30.0):  # noqa: F811
    """Count and blobs (n, 6) at each frame; only rows in use."""
    viewer.reset()
    out = VisualFeatures()
    seen = []
    for i, frame in enumerate(scenes):
        viewer.process(frame, i / rate_hz, out)
        rows = out.things[out.things[:, 0] > 0.0]
        assert len(rows) == out["blobs"]
        seen.append({int(row[0]): row[1:].copy() for row in rows})
    return seen


def moving(rate_hz, seconds, place):
    return [place(i / rate_hz) for i in range(int(seconds * rate_hz))]


@pytest.mark.parametrize("rate_hz", RATES)
def test_two_squares_that_cross_stay_two_with_their_numbers(viewer, rate_hz):  # noqa: F811
    red, green = (230, 60, 60), (60, 200, 60)
    seen = follow(viewer, moving(rate_hz, 2.0, lambda t: scene((0.15 + 0.35 * t, 0.55, 20, red),
                                                               (0.85 - 0.35 * t, 0.45, 24, green))), rate_hz)
    assert all(set(rows) == {1, 2} for rows in seen)
    rightward = 1 if seen[0][1][0] < seen[0][2][0] else 2
    assert seen[-1][rightward][0] > 0.8 and seen[-1][3 - rightward][0] < 0.2
    assert seen[-1][rightward][3] == pytest.approx(0.35, abs=0.05)


def test_a_square_behind_another_of_its_size_is_still_counted(viewer):  # noqa: F811
    seen = follow(viewer, moving(30.0, 2.0, lambda t: scene((0.15 + 0.35 * t, 0.5, 20, 255), (0.5, 0.5, 20, 255))))
    assert all(set(rows) == {1, 2} for rows in seen)
    still = 1 if abs(seen[0][1][0] - 0.5) < 0.02 else 2
    assert seen[-1][still][0] == pytest.approx(0.5, abs=0.02)
    assert seen[-1][3 - still][0] > 0.8


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_blob_tells_place_size_and_speed(viewer, rate_hz):  # noqa: F811
    seen = follow(viewer, moving(rate_hz, 1.5, lambda t: scene((0.2 + 0.3 * t, 0.8 - 0.2 * t, 32, 255))), rate_hz)
    x, y, size, speed_x, speed_y = seen[-1][1]
    t = (len(seen) - 1) / rate_hz
    assert (x, y) == (pytest.approx(0.2 + 0.3 * t, abs=0.01), pytest.approx(0.8 - 0.2 * t, abs=0.01))
    assert size == pytest.approx(0.04, rel=0.15)
    assert (speed_x, speed_y) == (pytest.approx(0.3, abs=0.04), pytest.approx(-0.2, abs=0.04))


@pytest.mark.parametrize("rate_hz", RATES)
def test_what_comes_counts_after_a_tenth_of_a_second_and_what_goes_after_a_quarter(viewer, rate_hz):  # noqa: F811
    one, two = scene((0.3, 0.3, 30, 255)), scene((0.3, 0.3, 30, 255), (0.7, 0.7, 30, 255))
    half = round(rate_hz / 2)
    counts = [len(rows) for rows in follow(viewer, [one] * half + [two] * half + [one] * half, rate_hz)]
    came = (counts.index(2) - half) / rate_hz
    unseen = (counts.index(1, 2 * half) - (2 * half - 1)) / rate_hz
    assert 0.099 <= came <= 0.1 + 1.01 / rate_hz
    assert 0.249 <= unseen <= 0.25 + 1.01 / rate_hz


def test_a_flicker_is_no_blob_and_a_blink_keeps_its_number(viewer):  # noqa: F811
    one, two, none = scene((0.3, 0.3, 30, 255)), scene((0.3, 0.3, 30, 255), (0.7, 0.7, 30, 255)), scene()
    frames = [*[one] * 10, two, *[one] * 10, *[none] * 3, *[one] * 10]
    assert all(set(rows) == {1} for rows in follow(viewer, frames))


def test_numbers_begin_anew_after_a_cut_and_are_never_used_again(viewer):  # noqa: F811
    cloud = pictures.cloud(1, 160, 160)
    other = pictures.cloud(2, 160, 160)[::-1] // 2
    seen = follow(viewer, [*[cloud] * 15, *[other] * 15])
    assert seen[14] and seen[15] and min(seen[15]) > max(seen[14])


def test_a_blob_keeps_its_row_while_others_go(viewer):  # noqa: F811
    three = [(0.2, 0.2, 24, 255), (0.5, 0.5, 28, 255), (0.8, 0.8, 32, 255)]
    viewer.reset()
    out = VisualFeatures()
    rows = []
    for i in range(60):
        viewer.process(scene(*(three if i < 20 else three[:2])), i / 30.0, out)
        rows.append(dict(zip(out.things[:, 0].astype(int), range(20), strict=True)))
    assert {1, 2, 3} <= set(rows[0]) and set(rows[-1]) == {0, *(n for n in (1, 2, 3) if n in rows[-1])}
    assert all(rows[-1][number] == rows[0][number] for number in rows[-1] if number)
    assert sum(number > 0 for number in rows[-1]) == 2


def test_things_are_not_lost_while_the_picture_stands(viewer):  # noqa: F811
    frames = moving(30.0, 1.0, lambda t: scene((0.2 + 0.3 * t, 0.5, 24, 255)))
    seen = follow(viewer, [*frames, *[frames[-1]] * 90, *frames[::-1]])
    assert all(set(rows) == {1} for rows in seen)
    assert abs(seen[80][1][3]) < 1e-6


def test_twenty_at_most(viewer):  # noqa: F811
    squares = [(0.1 + 0.2 * i, 0.08 + 0.16 * j, 12, 255) for i in range(5) for j in range(6)]
    assert len(follow(viewer, [scene(*squares)])[0]) == 20


def test_size_is_the_side_of_the_largest_thing_as_a_share_of_the_picture():
    for side in (30, 60):
        frame = np.zeros((120, 120, 3), np.uint8)
        frame[20:20 + side, 30:30 + side] = 230
        frame[100:108, 100:108] = 200
        out = VisualFeatures()
        Viewer().process(frame, 0.0, out)
        assert out["size"] == pytest.approx(side / 120, rel=0.12)
    Viewer().process(np.zeros((120, 120, 3), np.uint8), 0.0, out)
    assert out["size"] == 0.0
