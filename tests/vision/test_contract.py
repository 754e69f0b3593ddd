"""Any picture: finite, in range, input untouched; again the same after reset."""

import numpy as np
import pytest

from pix2live.signals import table
from pix2live.vision.viewer import Viewer, VisualFeatures

from . import pictures


def everything(out):
    return np.concatenate([out.scalars, out.palette.ravel(), out.grid.ravel(), out.palette_weights, out.directions,
                           out.flow.ravel(), out.things.ravel()])


def seen(viewer, frames):
    out = VisualFeatures()
    rows = []
    for i, frame in enumerate(frames):
        viewer.process(frame, i / 30, out)
        rows.append(everything(out))
    return np.array(rows)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5000, 3), (5000, 1, 3), (2, 3, 3), (64, 64, 3), (4096, 4096, 3),
                                   (0, 0, 3), (0, 10, 3), (120, 160), (120, 160, 1), (120, 160, 4), (1, 1, 4)])
def test_any_picture_gives_finite_values_in_range(shape):
    viewer = Viewer()
    out = VisualFeatures()
    frame = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = frame.copy()
    for i in range(3):
        viewer.process(frame, i / 30, out)
        values = dict(zip(table.VISION, out.scalars, strict=True))
        assert np.isfinite(everything(out)).all()
        assert out.grid.min() >= 0 and out.grid.max() <= 1 and out.palette.min() >= 0 and out.palette.max() <= 1
        for name, value in values.items():
            low = -1.0 if "flow" in name else 0.0
            high = np.inf if name in ("vision.blobs", "vision.cut_count") else 1.0
            assert low <= value <= high, name
        for shares in (out.palette_weights, out.directions):
            assert np.min(shares) >= 0 and np.max(shares) <= 1
        assert out.palette_weights.sum() == pytest.approx(1.0, abs=1e-4)
        assert np.abs(out.flow).max() <= 1 and out.things[:, 1:4].min() >= 0 and out.things[:, 1:4].max() <= 1
    assert np.array_equal(frame, before)


@pytest.mark.parametrize("kind", ["noise", "stripes", "black", "one pixel"])
def test_pictures_of_one_bit_are_pictures(kind):
    rng = np.random.default_rng(1)
    bits = np.zeros((3, 480, 640), bool)
    if kind == "noise":
        bits = rng.random(bits.shape) < 0.5
    elif kind == "stripes":
        bits[:, :, ::2] = True
    elif kind == "one pixel":
        bits[1, 200, 300] = True
    viewer, out = Viewer(), VisualFeatures()
    for i, picture in enumerate(bits):
        viewer.process(picture.astype(np.uint8) * 255, i / 30, out)
        assert np.isfinite(everything(out)).all()


@pytest.mark.parametrize("times", [[0.0] * 6, [5.0, 4.0, 3.0, 3.0, 9e9, 0.0],
                                   [0.0, np.nan, np.inf, -np.inf, 1e-300, 1e300]])
def test_whatever_the_clock_does_all_stays_finite(times):
    viewer, out = Viewer(), VisualFeatures()
    for i, time_s in enumerate(times):
        viewer.process(pictures.discs([(0.2 + 0.1 * i, 0.5)], 20), time_s, out)
        viewer.rest(time_s, out)
        assert np.isfinite(everything(out)).all()


def test_a_picture_may_be_any_view_of_memory():
    viewer = Viewer()
    frame = pictures.cloud(1, 320, 240)
    mirrored = frame[::-1, ::-2]
    readonly = np.ascontiguousarray(mirrored)
    readonly.flags.writeable = False
    a = seen(viewer, [mirrored])
    viewer.reset()
    assert np.array_equal(a, seen(viewer, [readonly]))


def test_grey_and_transparent_pictures_are_what_they_look_like():
    viewer = Viewer()
    grey = pictures.cloud(2)[..., 0]
    a = seen(viewer, [grey])
    viewer.reset()
    assert np.array_equal(a, seen(viewer, [np.repeat(grey[..., None], 3, axis=2)]))
    clear = np.full((120, 160, 4), 255, np.uint8)
    clear[..., 3] = 0
    viewer.reset()
    assert seen(viewer, [clear])[0, 0] == 0.0  # a clear white is black


@pytest.mark.parametrize("frame", [None, np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8),
                                   np.zeros(4, np.uint8), np.zeros((4, 4, 3), np.int16)])
def test_what_is_no_picture_is_named(frame):
    with pytest.raises(ValueError, match="a frame"):
        Viewer().process(frame, 0.0, VisualFeatures())


def test_same_bits_again_after_reset_and_from_a_new_eye():
    frames = [pictures.cloud(i // 4, 200, 150)[:, i % 4 * 3 :][:, :180] for i in range(24)]
    viewer = Viewer()
    first = seen(viewer, frames)
    viewer.process(pictures.cloud(99, 77, 99), 1e3, VisualFeatures())
    viewer.reset()
    assert np.array_equal(first, seen(viewer, frames))
    assert np.array_equal(first, seen(Viewer(), frames))


def test_warm_leaves_no_trace():
    frames = [pictures.cloud(i) for i in range(3)]
    warmed = Viewer()
    warmed.warm()
    assert np.array_equal(seen(warmed, frames), seen(Viewer(), frames))


def test_every_vision_signal_is_filled():
    out = VisualFeatures()
    out.scalars[:] = np.nan
    Viewer().process(pictures.cloud(1), 0.0, out)
    assert np.isfinite(out.scalars).all()
