"""Outlines and surfaces with known answers."""

import itertools

import cv2
import numpy as np
import pytest

from . import pictures
from .test_viewer import look, viewer  # noqa: F401


def polygon(points, back=0, front=255):
    """A filled polygon, points (x, y) in pixels of 160x120, drawn at 640x480."""
    picture = pictures.flat((back,) * 3, 640, 480)
    cv2.fillPoly(picture, [np.int32(np.round(np.array(points) * 4))], (front,) * 3)
    return picture


def regular(corners, radius, turn=0.0, inner=None):
    count = corners * (2 if inner else 1)
    turns = np.arange(count) / count * 2 * np.pi + turn
    radii = np.where(np.arange(count) % 2, inner, radius) if inner else radius
    return np.stack([80 + radii * np.cos(turns), 60 + radii * np.sin(turns)], axis=1)


def strewn(shape, seed):
    """25 shapes of many colours at random places and angles, one over the other."""
    rng = np.random.default_rng(seed)
    picture = pictures.flat((0, 0, 0), 640, 480)
    for _ in range(25):
        x, y = rng.uniform(0, 1, 2) * (640, 480)
        ink = tuple(int(v) for v in rng.integers(60, 255, 3))
        if shape == "discs":
            cv2.circle(picture, (int(x), int(y)), 50, ink, -1)
        else:
            turns = rng.uniform(0, 2 * np.pi) + np.arange(3) * 2 * np.pi / 3
            cv2.fillPoly(picture, [np.int32(np.stack([x + 60 * np.cos(turns), y + 60 * np.sin(turns)], 1))], ink)
    return picture


def fractal(hurst, seed, size=160):
    """A surface whose differences grow as distance to the power ``hurst``; its fractal dimension is 3 - hurst."""
    rng = np.random.default_rng(seed)
    # Finer than the picture and then thinned out, so that steps of one pixel are as large as the law says.
    steps = np.fft.fftfreq(8 * size)
    fy, fx = np.meshgrid(steps, steps, indexing="ij")
    radius = np.hypot(fx, fy)
    radius[0, 0] = np.inf
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal(radius.shape)) * radius ** -(hurst + 1.0)).real
    field = field[:4 * size:4, :4 * size:4]
    lightness = 0.5 + 0.12 * (field - field.mean()) / field.std()
    return pictures.from_oklch(np.clip(lightness, 0.02, 0.98), 0.0, 0.0)


@pytest.mark.parametrize("radius", [10, 20, 40])
def test_discs_are_round(viewer, radius):  # noqa: F811
    for back, front in ((0, 255), (230, 40), (100, 150)):
        picture = pictures.discs([(0.5, 0.5)], radius * 4, 640, 480, back, front)
        assert look(viewer, picture)["angularity"] < 0.15


@pytest.mark.parametrize("turn", [0.0, 0.2, 0.5, 0.9])
def test_polygons_and_stars_are_angular_however_they_lie(viewer, turn):  # noqa: F811
    seen = [look(viewer, polygon(regular(*shape[:2], turn, *shape[2:])))["angularity"]
            for shape in ((3, 45), (4, 45), (6, 45), (5, 50, 20))]
    assert min(seen[:3]) > 0.7 and seen[3] > 0.55


def test_the_more_corners_the_rounder(viewer):  # noqa: F811
    seen = [look(viewer, polygon(regular(corners, 45, 0.2)))["angularity"] for corners in (3, 6, 12, 64)]
    assert all(a > b + 0.03 for a, b in itertools.pairwise(seen))


def test_a_checkerboard_is_angular_at_any_size_of_its_squares(viewer):  # noqa: F811
    for square in (4, 8, 16, 40):
        assert look(viewer, pictures.checkerboard(square * 4, 640, 480))["angularity"] > 0.4


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_strewn_triangles_are_angular_and_strewn_discs_round(viewer, seed):  # noqa: F811
    """Both have edges in all directions alike: only the outlines tell them apart."""
    triangles, discs = (look(viewer, strewn(shape, seed))["angularity"] for shape in ("triangles", "discs"))
    assert discs < 0.12 and triangles > 0.35


def test_noise_and_clouds_have_no_straight_outlines(viewer):  # noqa: F811
    grain = np.random.default_rng(0).integers(0, 256, (120, 160, 1), np.uint8).repeat(3, 2)
    assert look(viewer, grain)["angularity"] < 0.2
    assert look(viewer, pictures.cloud(1, 160, 120, blur=4))["angularity"] < 0.25


@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_directions_are_those_of_the_edges_anticlockwise(viewer, degrees):  # noqa: F811
    y, x = np.mgrid[:480, :640].astype(float)
    across = -x * np.sin(np.radians(degrees)) - y * np.cos(np.radians(degrees))
    stripes = (127.5 + 120 * np.sin(across * 2 * np.pi / 64)).astype(np.uint8)
    directions = look(viewer, stripes).directions
    assert int(np.argmax(directions)) == degrees // 15
    assert directions[degrees // 15] > 0.75
    assert directions.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_disc_has_edges_in_all_directions_alike(viewer):  # noqa: F811
    directions = look(viewer, pictures.discs([(0.5, 0.5)], 160, 640, 480)).directions
    assert directions == pytest.approx(np.full(12, 1 / 12), abs=0.025)
    assert not look(viewer, pictures.flat((90, 90, 90))).directions.any()


def test_fine_grain_is_texture_and_coarse_grain_is_coarse(viewer):  # noqa: F811
    fine, coarse, smooth = (look(viewer, pictures.cloud(3, 160, 120, blur=blur)) for blur in (0.4, 3.5, 25))
    assert fine["texture"] > 0.8 and fine["coarse"] < 0.4
    assert coarse["texture"] < 0.3 and coarse["coarse"] > 0.7
    assert smooth["texture"] < 0.1 and smooth["coarse"] < 0.3


@pytest.mark.parametrize("hurst", [0.2, 0.5, 0.8])
def test_roughness_is_the_fractal_dimension_above_two(viewer, hurst):  # noqa: F811
    seen = np.mean([look(viewer, fractal(hurst, seed))["roughness"] for seed in range(2)])
    assert seen == pytest.approx(1.0 - hurst, abs=0.12)


def test_roughness_is_one_of_noise_and_none_of_gradients_and_flats(viewer):  # noqa: F811
    grain = np.random.default_rng(0).integers(0, 256, (120, 160, 1), np.uint8).repeat(3, 2)
    assert look(viewer, grain)["roughness"] > 0.97
    assert look(viewer, grain // 3 + 85)["roughness"] > 0.9
    x = np.mgrid[:120, :160][1]
    assert look(viewer, pictures.from_oklch(0.1 + 0.8 * x / 160, 0.0, 0.0))["roughness"] < 0.1
    assert look(viewer, pictures.flat((90, 90, 90)))["roughness"] < 1e-6


def test_noise_has_more_entropy_and_texture_than_a_gradient_has_texture(viewer):  # noqa: F811
    x = np.mgrid[:120, :160][1]
    gradient = look(viewer, pictures.from_oklch(0.1 + 0.8 * x / 160, 0.0, 0.0))
    grain = look(viewer, np.random.default_rng(0).integers(0, 256, (120, 160, 1), np.uint8).repeat(3, 2))
    assert grain["texture"] > 0.9 and gradient["texture"] < 0.05
    assert grain["entropy"] > 0.9 and gradient["entropy"] > 0.9
    assert gradient["edges"] < 0.01 and grain["edges"] > 0.5
