"""The built-in picture: a pure function of time, thirty frames a second, dark with bright moving forms."""

import itertools
import math

import numpy as np
import pytest

from pix2live.devices.demo_picture import FPS, DemoPicture


@pytest.fixture(scope="module")
def picture() -> DemoPicture:
    return DemoPicture()


def test_a_frame_depends_on_its_moment_alone(picture: DemoPicture) -> None:
    times = [0.0, 3.3, 61.7, 3.3, 8640000.5, 0.0]
    frames = [picture.frame_at(t)[0] for t in times]
    assert np.array_equal(frames[0], frames[5]) and np.array_equal(frames[1], frames[3])
    fresh = DemoPicture()
    for t, frame in zip(reversed(times), reversed(frames), strict=True):
        assert np.array_equal(fresh.frame_at(t)[0], frame)
    assert not np.array_equal(frames[0], frames[1])


def test_frames_step_thirty_times_a_second(picture: DemoPicture) -> None:
    for number in (0, 1, 29, 30, 1000, 77777777):
        for now in (number / FPS, (number + 0.5) / FPS, (number + 0.98) / FPS):
            frame, stamp = picture.frame_at(now)
            assert round(stamp * FPS) == number and stamp <= now + 1e-6
            assert frame is picture.frame_at(number / FPS)[0]
    assert frame.shape == (360, 640, 3) and frame.dtype == np.uint8


@pytest.mark.parametrize("now_s", [-1.0, -1e9, math.nan, math.inf, -math.inf])
def test_odd_times_give_the_first_frame(picture: DemoPicture, now_s: float) -> None:
    frame, stamp = picture.frame_at(now_s)
    assert stamp == 0.0 and np.array_equal(frame, picture.frame_at(0.0)[0])


def test_a_frame_held_by_a_reader_is_not_painted_over(picture: DemoPicture) -> None:
    frame, _ = picture.frame_at(5.0)
    kept = frame.copy()
    picture.frame_at(6.0)
    assert np.array_equal(frame, kept) and not frame.flags.writeable


@pytest.mark.parametrize("now_s", [0.0, 13.0, 47.0, 131.0, 86400.0 * 90])
def test_it_is_dark_with_bright_forms_in_colour(picture: DemoPicture, now_s: float) -> None:
    frame = picture.frame_at(now_s)[0].astype(float)
    light = frame.mean(axis=2)
    assert 15 < light.mean() < 80 and np.percentile(light, 20) < 30 and np.percentile(light, 99.9) > 130
    assert (frame.max(axis=2) == 255).mean() < 0.01
    sky = frame[20:150].reshape(-1, 3).mean(axis=0)
    assert sky[1] > 1.15 * sky[0]  # an aurora is green before all else
    # As a score: thirds of the height all sound, and columns differ along the time.
    thirds = [light[rows].std() for rows in (slice(0, 120), slice(120, 240), slice(240, 360))]
    assert min(thirds) > 4.0 and np.std(light.mean(axis=0)) > 1.5


def test_it_moves_smoothly(picture: DemoPicture) -> None:
    frames = [picture.frame_at(20.0 + i / FPS)[0].astype(float) for i in range(12)]
    change = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    far = np.abs(picture.frame_at(35.0)[0].astype(float) - frames[0]).mean()
    assert min(change) > 0.1 and max(change) < 0.5 * far
