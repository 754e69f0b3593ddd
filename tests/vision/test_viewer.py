import itertools

import numpy as np
import pytest

from pix2live.signals import table
from pix2live.vision.viewer import Viewer, VisualFeatures

from . import pictures

NAMES = [name.partition(".")[2] for name in table.VISION]
MOVES = ("motion", "flow_x", "flow_y", "cut_count")


@pytest.fixture(scope="module")
def viewer():
    return Viewer()


def look(viewer, frame, **kept):
    """What a fresh eye sees in one frame."""
    viewer.reset()
    out = VisualFeatures()
    viewer.process(frame, kept.get("time_s", 0.0), out)
    return out


def watch(viewer, frames, rate_hz=30.0):
    """Scalars (frames, names) of a film."""
    viewer.reset()
    out = VisualFeatures()
    rows = []
    for i, frame in enumerate(frames):
        viewer.process(frame, i / rate_hz, out)
        rows.append(out.scalars.copy())
    return np.array(rows)


def column(rows, name):
    return rows[:, NAMES.index(name)]


@pytest.mark.parametrize(("byte", "lightness"), [(0, 0.0), (255, 1.0), (119, 0.5693), (188, 0.7952)])
def test_brightness_is_oklab_lightness(viewer, byte, lightness):
    out = look(viewer, pictures.flat((byte,) * 3))
    assert out["brightness"] == pytest.approx(lightness, abs=1e-3)
    assert out.grid == pytest.approx(np.full((64, 64), lightness), abs=1e-3)


def test_a_flat_grey_has_nothing_else(viewer):
    out = look(viewer, pictures.flat((119,) * 3))
    for name in ("contrast", "saturation", "colourfulness", "edges", "angularity", "texture", "entropy", "blobs",
                 *MOVES):
        assert out[name] == pytest.approx(0.0, abs=2e-3), name
    for name in ("warmth", "centre_x", "centre_y"):
        assert out[name] == pytest.approx(0.5, abs=1e-3), name
    assert out["symmetry"] == 1.0


def test_a_checkerboard_has_full_contrast_and_a_grey_one_less(viewer):
    assert look(viewer, pictures.checkerboard(8))["contrast"] == pytest.approx(1.0, abs=1e-3)
    # Bytes 60 and 180 are OKLab L 0.3560 and 0.7698: contrast is the difference.
    assert look(viewer, pictures.checkerboard(8, dark=60, bright=180))["contrast"] == pytest.approx(0.4138, abs=2e-3)


def test_turning_the_hue_moves_hue_and_warmth_alone(viewer):
    height, width = 120, 160
    y, x = np.mgrid[:height, :width]
    lightness, chroma = 0.65 + 0.1 * np.sin(x / 20.0), 0.02 + 0.04 * (y / height)
    seen = [look(viewer, pictures.from_oklch(lightness, chroma, np.radians(turn))) for turn in range(0, 360, 30)]
    # 0.01 allows for the rounding to bytes.
    for signal in NAMES:
        name = signal.removesuffix(".auto")
        values = np.array([out[signal] for out in seen])
        if name == "hue":
            around = np.diff(np.unwrap(values, period=1.0))
            assert around == pytest.approx(np.full(11, 1 / 12), abs=0.006)
        elif name == "warmth":
            assert np.argmax(values) in (1, 2) and np.argmin(values) in (7, 8)
            assert np.ptp(values) > 0.2
        elif name == "colourfulness":
            assert np.ptp(values) < 0.2  # its axes are plain differences of RGB, not OKLab's
        elif name == "blobs":
            assert np.ptp(values) <= 1  # rounding may join two at their edges
        elif name == "entropy":
            assert np.ptp(values) < 0.03
        else:
            assert np.ptp(values) < 0.01, name


def turns_apart(a, b):
    return abs((a - b + 0.5) % 1.0 - 0.5)


@pytest.mark.parametrize(("rgb", "hue"), [((255, 0, 0), 0.0), ((255, 255, 0), 0.2237), ((0, 255, 0), 0.3146),
                                          ((0, 255, 255), 0.4599), ((0, 0, 255), 0.6523), ((255, 0, 255), 0.8310)])
def test_hue_is_the_oklab_angle_from_red(viewer, rgb, hue):
    """The known angles: red 29.23, yellow 109.77, green 142.50, cyan 194.77, blue 264.05, magenta 328.36 degrees."""
    assert turns_apart(look(viewer, pictures.flat(rgb))["hue"], hue) < 0.0005


@pytest.mark.parametrize("hue", [0.0, 0.04, 1 / 6, 1 / 3, 0.5, 2 / 3, 0.9, 0.99])
def test_hue_is_that_of_the_oklch_colour(viewer, hue):
    frame = pictures.from_oklch(np.full((120, 160), 0.7), 0.1, np.radians(29.2339) + 2 * np.pi * hue)
    assert turns_apart(look(viewer, frame)["hue"], hue) < 0.004


def test_dominant_hue_is_the_larger_area_and_no_average(viewer):
    frame = pictures.flat(pictures.hsv(0.0))
    frame[:40] = pictures.hsv(1 / 3)
    assert turns_apart(look(viewer, frame)["hue"], 0.0) < 0.005
    frame[:100] = pictures.hsv(1 / 3)
    assert look(viewer, frame)["hue"] == pytest.approx(0.3146, abs=0.005)


def test_what_glows_outdoes_the_wide_dark_around_it(viewer):
    frame = pictures.flat((8, 8, 34))
    frame[30:80, 40:110] = (70, 180, 120)
    assert look(viewer, frame)["hue"] == pytest.approx(look(viewer, pictures.flat((70, 180, 120)))["hue"], abs=0.005)


def test_hue_does_not_flicker_between_equal_colours(viewer):
    hues = []
    viewer.reset()
    out = VisualFeatures()
    for i in range(10):
        frame = pictures.flat(pictures.hsv(0.05))
        frame[:, : 84 if i % 2 else 76] = pictures.hsv(0.6)
        viewer.process(frame, i / 30, out)
        hues.append(out["hue"])
    assert np.ptp(hues[2:]) < 0.01


def test_grey_keeps_the_last_hue(viewer):
    viewer.reset()
    out = VisualFeatures()
    viewer.process(pictures.flat((0, 0, 255)), 0.0, out)
    viewer.process(pictures.flat((90, 90, 90)), 0.1, out)
    assert out["hue"] == pytest.approx(0.6523, abs=0.001)


def test_orange_is_warm_and_azure_cool(viewer):
    assert look(viewer, pictures.flat((255, 140, 30)))["warmth"] > 0.9
    assert look(viewer, pictures.flat((30, 140, 255)))["warmth"] < 0.1


def test_saturation_rises_with_chroma(viewer):
    seen = [look(viewer, pictures.flat(pictures.hsv(0.0, s, 1.0)))["saturation"] for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert seen[0] < 0.001 and seen[-1] == 1.0
    assert np.all(np.diff(seen) > 0.05)


def test_colourfulness_is_hasler_suesstrunk(viewer):
    frame = pictures.flat((200, 40, 40))
    frame[:, ::2] = (40, 40, 200)
    pixels = frame.reshape(-1, 3).astype(float)
    rg, yb = pixels[:, 0] - pixels[:, 1], pixels[:, :2].mean(1) - pixels[:, 2]
    want = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert look(viewer, frame)["colourfulness"] == pytest.approx(min(want / 109, 1.0), abs=1e-6)
    pale = (frame // 4 + 100).astype(np.uint8)
    assert look(viewer, pale)["colourfulness"] == pytest.approx(want / 4 / 109, abs=1e-3)


def test_entropy_counts_the_levels(viewer):
    assert look(viewer, pictures.checkerboard(8))["entropy"] == pytest.approx(1 / 6, abs=1e-6)
    ramp = np.repeat(np.repeat(np.linspace(0, 255, 160).astype(np.uint8)[None, :, None], 120, 0), 3, 2)
    assert look(viewer, ramp)["entropy"] > 0.9


def test_edges_follow_the_amount_of_outline(viewer):
    seen = [look(viewer, pictures.checkerboard(square))["edges"] for square in (80, 40, 20, 10)]
    assert all(1.6 < b / a < 2.6 for a, b in itertools.pairwise(seen[1:]))
    assert seen[0] > 0.01


def test_a_square_is_angular_however_it_lies_and_a_disc_is_not(viewer):
    y, x = np.mgrid[:120, :160] - np.array([60, 80])[:, None, None]
    upright = pictures.flat((0, 0, 0))
    upright[(abs(x) < 36) & (abs(y) < 36)] = 255
    diamond = pictures.flat((0, 0, 0))
    diamond[abs(x) + abs(y) < 50] = 255
    disc = look(viewer, pictures.discs([(0.5, 0.5)], 160, 640, 480))["angularity"]
    assert disc < 0.25
    assert look(viewer, upright)["angularity"] > 0.6
    assert look(viewer, diamond)["angularity"] > 0.6


def test_texture_is_fine_grain_whatever_its_strength(viewer):
    rng = np.random.default_rng(1)
    grain = rng.integers(0, 256, (120, 160, 1), np.uint8).repeat(3, 2)
    strong, weak = (look(viewer, g)["texture"] for g in (grain, (grain // 3 + 85).astype(np.uint8)))
    assert strong > 0.85 and weak > 0.8
    assert look(viewer, pictures.cloud(0, 160, 120, blur=12))["texture"] < 0.15


def test_symmetry_of_a_mirror_picture_is_one(viewer):
    cloud = pictures.cloud(3, 160, 120)
    mirror = np.concatenate([cloud[:, :80], cloud[:, :80][:, ::-1]], axis=1)
    assert look(viewer, mirror)["symmetry"] > 0.999
    half = pictures.flat((0, 0, 0))
    half[:, 80:] = 255
    assert look(viewer, half)["symmetry"] < 0.01


def test_symmetry_sees_colours_of_one_lightness(viewer):
    frame = pictures.from_oklch(np.full((120, 160), 0.65), 0.1, np.where(np.arange(160) < 80, 0.0, np.pi))
    assert look(viewer, frame)["symmetry"] < 0.01
    frame[:, :40] = frame[0, 159]
    frame[:, 120:] = frame[0, 159]
    frame[:, 40:120] = frame[0, 60]
    assert look(viewer, frame)["symmetry"] > 0.999


def test_symmetry_is_the_correlation_with_the_mirror_picture(viewer):
    x = np.mgrid[:120, :160][1]
    seen = [look(viewer, pictures.from_oklch(0.5 + 0.3 * np.cos((x - 79.5 - shift) * 2 * np.pi / 160), 0.0, 0.0))
            ["symmetry"] for shift in (0, 10, 20, 30, 40)]
    # A cosine moved by p correlates with its mirror picture as cos 2p; what is below 0 is 0.
    assert seen == pytest.approx([1.0, 0.7071, 0.0, 0.0, 0.0], abs=0.02)


@pytest.mark.parametrize(("back", "front"), [(0, 255), (255, 0)])
def test_centre_finds_the_thing_with_y_up(viewer, back, front):
    out = look(viewer, pictures.discs([(0.25, 0.2)], 10, back=back, front=front))
    assert out["centre_x"] == pytest.approx(0.25, abs=0.03)
    assert out["centre_y"] == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("back", "front"), [(0, 255), (255, 30), (120, 160)])
def test_blobs_are_counted(viewer, back, front):
    places = [(0.2, 0.25), (0.5, 0.7), (0.8, 0.3)]
    for count in range(4):
        assert look(viewer, pictures.discs(places[:count], 10, back=back, front=front))["blobs"] == count


def test_palette_is_the_colours_of_the_picture_darkest_first(viewer):
    colours = [(20, 20, 40), (120, 30, 30), (40, 130, 60), (90, 150, 220), (250, 240, 200)]
    frame = np.concatenate([pictures.flat(colours[i], 32) for i in (3, 0, 4, 2, 1)], axis=1)
    assert look(viewer, frame).palette * 255 == pytest.approx(np.array(colours), abs=0.01)


def test_palette_weights_are_the_shares_of_the_colours(viewer):
    colours = [(20, 20, 40), (120, 30, 30), (40, 130, 60), (90, 150, 220), (250, 240, 200)]
    widths = [64, 16, 32, 16, 32]
    frame = np.concatenate([pictures.flat(colour, width) for colour, width in zip(colours, widths, strict=True)], 1)
    assert look(viewer, frame).palette_weights == pytest.approx(np.array(widths) / 160, abs=0.03)
    frame = pictures.flat((10, 10, 10))
    frame[:, 40:] = (200, 100, 50)
    out = look(viewer, frame)
    assert out.palette_weights.sum() == pytest.approx(1.0, abs=1e-5)
    assert out.palette_weights[out.palette[:, 0] > 0.5].sum() == pytest.approx(0.75, abs=0.03)
    assert look(viewer, pictures.flat((9, 99, 9))).palette_weights == pytest.approx(np.full(5, 0.2), abs=1e-6)


def test_palette_of_two_colours_repeats_them(viewer):
    frame = pictures.flat((10, 10, 10))
    frame[:, 80:] = (200, 100, 50)
    palette = look(viewer, frame).palette * 255
    dark = np.abs(palette - 10).max(1) < 0.01
    bright = np.abs(palette - (200, 100, 50)).max(1) < 0.01
    assert np.all(dark | bright) and 2 <= dark.sum() <= 3 and not dark[-1]


def test_palette_stands_still_on_a_still_picture(viewer):
    viewer.reset()
    out = VisualFeatures()
    frame = pictures.cloud(5)
    for i in range(30):
        viewer.process(frame, i / 30, out)
    settled = out.palette.copy()
    for i in range(30, 35):
        viewer.process(frame, i / 30, out)
    assert out.palette == pytest.approx(settled, abs=1e-3)


def test_grid_lies_as_the_picture_does_with_row_0_on_top(viewer):
    frame = pictures.flat((0, 0, 0), 640, 480)
    frame[:120, 480:] = 255
    grid = look(viewer, frame).grid
    want = np.zeros((64, 64))
    want[:16, 48:] = 1.0
    assert grid == pytest.approx(want, abs=1e-4)


def test_resolution_hardly_matters(viewer):
    import cv2

    small = pictures.cloud(7, 320, 240, blur=10)
    large = cv2.resize(small, (1920, 1440), interpolation=cv2.INTER_CUBIC)
    a, b = look(viewer, small), look(viewer, large)
    for name in NAMES:
        assert a[name] == pytest.approx(b[name], abs=1 if name == "blobs" else 0.03), name
