"""Cuts count once; fades, pans, strobes, flashes and blackouts do not."""

import numpy as np
import pytest

from . import pictures
from .test_motion import panning
from .test_viewer import column, viewer, watch  # noqa: F401

RATES = [15.0, 30.0, 60.0]
WHITE, BLACK = pictures.flat((255,) * 3, 240, 160), pictures.flat((0,) * 3, 240, 160)


def count(viewer, frames, rate_hz=30.0):  # noqa: F811
    return column(watch(viewer, frames, rate_hz), "cut_count")[-1]


def hold(frame, seconds, rate_hz):
    return [frame] * round(seconds * rate_hz)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("lit", [WHITE, BLACK, pictures.cloud(1) // 2 + 127])
def test_a_flash_or_blackout_is_no_cut(viewer, lit, rate_hz):  # noqa: F811
    cloud = pictures.cloud(1)
    for seconds in (0.07, 0.2):
        frames = [*hold(cloud, 1.0, rate_hz), *hold(lit, seconds, rate_hz), *hold(cloud, 1.0, rate_hz)] * 3
        assert count(viewer, frames, rate_hz) == 0


def test_a_flash_that_dies_away_is_no_cut(viewer):  # noqa: F811
    cloud = pictures.cloud(1).astype(float)
    dying = [(cloud + (255.0 - cloud) * 0.9 * np.exp(-i / 5.0)).astype(np.uint8) for i in range(20)]
    cloud = cloud.astype(np.uint8)
    assert count(viewer, [*[cloud] * 20, *dying, *[cloud] * 20, *dying]) == 0


def test_a_strobe_is_no_cut(viewer):  # noqa: F811
    cloud = pictures.cloud(1)
    for period in (2, 6, 12):
        assert count(viewer, [WHITE if i % period < period // 2 else cloud for i in range(120)]) == 0


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_change_of_scene_under_a_flash_is_one_cut(viewer, rate_hz):  # noqa: F811
    frames = [*hold(pictures.cloud(1), 1.0, rate_hz), *hold(WHITE, 0.14, rate_hz),
              *hold(pictures.cloud(2), 1.0, rate_hz)]
    assert count(viewer, frames, rate_hz) == 1


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_picture_that_stays_white_is_a_cut_after_a_third_of_a_second(viewer, rate_hz):  # noqa: F811
    frames = [*hold(pictures.cloud(1), 1.0, rate_hz), *hold(WHITE, 1.0, rate_hz)]
    counts = column(watch(viewer, frames, rate_hz), "cut_count")
    assert counts[-1] == 1
    assert 0.29 <= int(np.argmax(counts)) / rate_hz - 1.0 <= 0.3 + 1.01 / rate_hz


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("axis", [0, 1])
def test_pans_are_no_cuts(viewer, axis, rate_hz):  # noqa: F811
    assert count(viewer, panning(1.0, rate_hz, seconds=1.0, axis=axis), rate_hz) == 0


@pytest.mark.parametrize("rate_hz", RATES)
def test_every_cut_of_a_film_counts_at_its_frame(viewer, rate_hz):  # noqa: F811
    length = int(0.5 * rate_hz)
    frames = [np.roll(pictures.cloud(seed, 240, 160, blur=4 + seed), i, axis=1) for seed in range(6)
              for i in range(length)]
    counts = column(watch(viewer, frames, rate_hz), "cut_count")
    assert list(np.flatnonzero(np.diff(counts)) + 1) == [length * n for n in range(1, 6)]
    assert counts[-1] == 5
