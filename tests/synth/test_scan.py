"""A picture becomes a score."""

import numpy as np
import pytest

from pix2live.synth.scan import score_from_picture

rng = np.random.default_rng(3)


def test_a_grey_picture_of_the_score_s_size_comes_back_as_it_is():
    grey = rng.integers(0, 256, (48, 80), dtype=np.uint8)
    score = score_from_picture(np.repeat(grey[:, :, None], 3, 2), 48, 80)
    assert score.shape == (80, 48, 3)
    assert score.dtype == np.float32
    assert np.allclose(score[:, :, 0], grey.T / 255, atol=2e-4)
    assert np.allclose(score[:, :, 0], score[:, :, 1], atol=1e-4)
    assert np.abs(score[:, :, 2]).max() < 1e-4


def test_row_zero_is_the_top_and_column_zero_the_left():
    picture = np.zeros((60, 40, 3), np.uint8)
    picture[:30, 20:] = 255
    score = score_from_picture(picture, 6, 4)
    assert np.allclose(score[2:, :3, :2], 1)
    assert not score[:2].any()
    assert not score[:, 3:].any()


def test_cells_are_averages_of_light():
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    score = score_from_picture(checks.astype(np.uint8), 4, 4)
    assert np.allclose(score[:, :, :2], 1.055 * 0.5 ** (1 / 2.4) - 0.055, atol=0.003)


def test_luminance_weighs_colours_as_the_eye_does():
    colours = np.zeros((1, 3, 3), np.uint8)
    colours[0, range(3), range(3)] = 255
    red, green, blue = score_from_picture(colours, 1, 3)[:, :, :2].max(axis=2)[:, 0]
    assert green > red > blue > 0.2


def test_warmth_runs_from_cyan_through_grey_to_red():
    colours = [(0, 255, 255), (0, 0, 255), (0, 255, 0), (90, 90, 90), (255, 255, 0), (255, 0, 255), (255, 0, 0)]
    warmth = score_from_picture(np.array([colours], np.uint8), 1, 7)[:, 0, 2]
    assert np.allclose(warmth, [-1.0, -0.5, -0.5, 0.0, 0.5, 0.5, 1.0], atol=1e-4)
    dim = score_from_picture(np.array([colours], np.uint8) // 3, 1, 7)[:, 0, 2]
    assert np.allclose(dim, warmth, atol=1e-3)


def test_warm_is_left_and_cool_is_right():
    picture = np.array([[[255, 40, 0], [0, 220, 255], [128, 128, 128]]], np.uint8)
    red, cyan, grey = score_from_picture(picture, 1, 3, hue_pan=1.0)[:, 0]
    assert red[0] > 4 * red[1]
    assert cyan[1] > 4 * cyan[0]
    assert grey[0] == pytest.approx(grey[1], abs=1e-4)
    flat = score_from_picture(picture, 1, 3, hue_pan=0.0)[:, 0]
    assert np.array_equal(flat[:, 0], flat[:, 1])
    assert np.allclose(flat[:, 0], [red[:2].max(), cyan[:2].max(), grey[:2].max()])


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 3), (4096, 4096, 3), (1, 4096, 3), (4096, 1, 3), (30, 40), (30, 40, 1), (3, 4, 2), (3, 4, 4), (3, 4, 8)],
)
@pytest.mark.parametrize("size", [(1, 1), (64, 256), (2048, 3)])
def test_any_picture_into_any_size(shape, size):
    picture = np.full(shape, 100, np.uint8)
    picture.flags.writeable = False
    score = score_from_picture(picture, *size)
    assert score.shape == (size[1], size[0], 3)
    assert score.flags.c_contiguous
    assert np.allclose(score[:, :, :2], 100 / 255, atol=1e-3)
    assert np.abs(score[:, :, 2]).max() < 1e-3


def test_a_float_picture_with_nan_is_black_there():
    picture = np.full((2, 2, 3), 0.5)
    picture[0, 0] = np.nan
    picture[1, 1] = np.inf
    score = score_from_picture(picture, 2, 2)
    assert np.isfinite(score).all()
    assert not score[0, 0].any()
    assert np.allclose(score[1, 1, :2], 1.0, atol=1e-5)


def test_a_view_turned_round_works():
    picture = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert np.array_equal(score_from_picture(picture[::-1], 20, 30), score_from_picture(picture, 20, 30)[:, ::-1])


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3), (4, 4, 0), (4,)])
def test_an_empty_picture_is_refused(shape):
    with pytest.raises(ValueError, match="no score"):
        score_from_picture(np.zeros(shape, np.uint8), 4, 4)
