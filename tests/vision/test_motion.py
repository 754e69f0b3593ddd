import numpy as np
import pytest

from . import pictures
from .test_viewer import column, look, viewer, watch  # noqa: F401

RATES = [15.0, 30.0, 60.0]


def panning(speed, rate_hz, seconds=1.0, axis=1):
    """A textured scene that moves right (or down) by ``speed`` picture widths (heights) a second."""
    import cv2

    scene = pictures.cloud(11, 480, 360, blur=5)
    for i in range(int(seconds * rate_hz)):
        travel = speed * i / rate_hz * (160 if axis else 120)
        shift = np.float32([[1, 0, -160 + (travel if axis else 0)], [0, 1, -120 + (0 if axis else travel)]])
        yield cv2.warpAffine(scene, shift, (160, 120), flags=cv2.INTER_LINEAR)


def test_a_still_picture_has_no_motion(viewer):  # noqa: F811
    rows = watch(viewer, [pictures.cloud(1)] * 20)
    for name in ("motion", "flow_x", "flow_y", "cut_count"):
        assert not column(rows, name).any()


def test_camera_noise_is_no_motion(viewer):  # noqa: F811
    rng = np.random.default_rng(2)
    scene = pictures.cloud(1, 640, 480).astype(int)
    rows = watch(viewer, [np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8) for _ in range(20)])
    assert column(rows, "motion").max() < 0.005
    assert np.abs(column(rows, "flow_x")).max() < 0.02


def test_a_moving_bar_moves_and_a_faster_one_moves_more(viewer):  # noqa: F811
    slow, fast = (column(watch(viewer, [pictures.bar(0.1 + v * i / 30) for i in range(20)]), "motion")[-5:].mean()
                  for v in (0.1, 0.5))
    assert 0.1 < slow < fast


@pytest.mark.parametrize("rate_hz", RATES)
def test_motion_is_the_same_at_any_frame_rate(viewer, rate_hz):  # noqa: F811
    reference = column(watch(viewer, panning(0.2, 120.0), 120.0), "motion")[60:].mean()
    assert column(watch(viewer, panning(0.2, rate_hz), rate_hz), "motion")[int(rate_hz / 2):].mean() == pytest.approx(
        reference, rel=0.12)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("speed", [-0.4, 0.15, 0.4])
def test_flow_is_the_speed_in_pictures_a_second(viewer, speed, axis, rate_hz):  # noqa: F811
    rows = watch(viewer, panning(speed, rate_hz, axis=axis), rate_hz)
    along, across = ("flow_x", "flow_y") if axis else ("flow_y", "flow_x")
    want = speed if axis else -speed  # up is positive
    assert column(rows, along)[-1] == pytest.approx(want, rel=0.15)
    assert abs(column(rows, across)[-1]) < 0.03


@pytest.mark.parametrize("rate_hz", RATES)
def test_flow_by_place_is_that_of_what_moves_there(viewer, rate_hz):  # noqa: F811
    from pix2live.vision.viewer import VisualFeatures

    viewer.reset()
    out = VisualFeatures()
    left, right = panning(0.3, rate_hz), panning(-0.2, rate_hz, axis=0)
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        viewer.process(np.concatenate([a[:, :80], b[:, 80:]], axis=1), i / rate_hz, out)
    assert out.flow.shape == (12, 16, 2)
    assert np.median(out.flow[2:-2, 1:6, 0]) == pytest.approx(0.3, rel=0.15)
    assert abs(np.median(out.flow[2:-2, 1:6, 1])) < 0.03
    assert np.median(out.flow[2:-2, 10:15, 1]) == pytest.approx(0.2, rel=0.15)  # up is positive
    assert abs(np.median(out.flow[2:-2, 10:15, 0])) < 0.03


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_quiet_minute_makes_motion_more_sensitive_and_a_storm_less(viewer, rate_hz):  # noqa: F811
    """The range falls to a fifth with a time constant of 20 s: after 60 s to 0.05 + 0.2 exp(-3) = 0.06 of 0.25."""
    from pix2live.vision.viewer import VisualFeatures

    out = VisualFeatures()

    def stir(start_s, place):
        for i in range(int(rate_hz)):
            viewer.process(pictures.bar(place + i / 32 / rate_hz, 640, 480, 8), start_s + i / rate_hz, out)
        return out["motion"]

    viewer.reset()
    early = stir(0.0, 0.5)
    for i in range(1, 61):
        viewer.rest(1.0 + i, out)
    late = stir(61.0, 0.5 + 1 / 32)
    assert 0.0 < early < 0.2
    assert late / early == pytest.approx(0.25 / (0.05 + 0.2 * np.exp(-61 / 20)), rel=0.12)
    for i in range(20):
        viewer.process(pictures.checkerboard(40 if i % 2 else 80), 70.0 + i / rate_hz, out)
    assert out["motion"] == 1.0
    viewer.rest(75.0, out)
    assert stir(75.0, 0.5 + 2 / 32) < 1.7 * early


def test_repeated_frames_change_nothing(viewer):  # noqa: F811
    """A 60 Hz reader of a 20 Hz camera sees each frame three times."""
    frames = list(panning(0.3, 20.0))
    once = watch(viewer, frames, 20.0)
    thrice = watch(viewer, [f for f in frames for _ in range(3)], 60.0)
    for name in ("motion", "flow_x", "flow_y", "cut_count"):
        assert column(thrice, name)[::3] == pytest.approx(column(once, name), abs=1e-5), name


def test_flow_ends_when_the_picture_stops(viewer):  # noqa: F811
    frames = list(panning(0.4, 30.0))
    rows = watch(viewer, [*frames, *[frames[-1]] * 30])
    assert abs(column(rows, "flow_x")[29]) > 0.3
    assert abs(column(rows, "flow_x")[-1]) < 0.01
    assert column(rows, "motion")[-1] < 0.001


def test_rest_is_the_same_as_the_same_frame_again(viewer):  # noqa: F811
    from pix2live.vision.viewer import VisualFeatures

    frames = list(panning(0.4, 30.0))
    again = watch(viewer, [*frames, *[frames[-1]] * 30])
    viewer.reset()
    out = VisualFeatures()
    viewer.rest(-1.0, out)  # before the first frame there is nothing to rest
    for i in range(60):
        if i < 30:
            viewer.process(frames[i], i / 30, out)
        else:
            viewer.rest(i / 30, out)
        assert out.scalars == pytest.approx(again[i], abs=1e-12), i
    assert out["motion"] < 0.001
    assert np.array_equal(out.scalars, again[-1])


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_cut_is_counted_once(viewer, rate_hz):  # noqa: F811
    half = int(rate_hz)
    frames = [*panning(0.1, rate_hz), *[f[::-1] // 2 for f in panning(-0.2, rate_hz)]]
    counts = column(watch(viewer, frames, rate_hz), "cut_count")
    assert counts[half - 1] == 0 and counts[half] == 1 and counts[-1] == 1


def test_each_picture_of_a_slideshow_is_a_cut(viewer):  # noqa: F811
    frames = [pictures.cloud(seed, 160 + 40 * seed, 120) for seed in range(5) for _ in range(30)]
    assert column(watch(viewer, frames), "cut_count")[-1] == 4


@pytest.mark.parametrize("seconds", [0.7, 2.0])
def test_a_fade_is_no_cut(viewer, seconds):  # noqa: F811
    a, b = pictures.cloud(1).astype(float), pictures.cloud(2).astype(float)
    count = int(30 * seconds)
    frames = [(a + (b - a) * i / count).astype(np.uint8) for i in range(count + 1)]
    assert column(watch(viewer, frames), "cut_count")[-1] == 0


def test_a_fast_pan_and_a_moving_bar_are_no_cuts(viewer):  # noqa: F811
    assert column(watch(viewer, panning(0.9, 30.0)), "cut_count")[-1] == 0
    assert column(watch(viewer, [pictures.bar((i / 20) % 0.9) for i in range(60)]), "cut_count")[-1] == 0


def test_a_strobe_is_not_a_cut_at_every_flash(viewer):  # noqa: F811
    frames = [pictures.flat((255,) * 3) if i % 6 < 2 else pictures.cloud(1) for i in range(120)]
    assert column(watch(viewer, frames), "cut_count")[-1] <= 4


def test_time_that_stands_still_or_jumps_back_does_no_harm(viewer):  # noqa: F811
    from pix2live.vision.viewer import VisualFeatures

    viewer.reset()
    out = VisualFeatures()
    for time_s, seed in [(1.0, 1), (1.0, 2), (0.0, 3), (np.nan, 4), (1e9, 5), (-np.inf, 6)]:
        viewer.process(pictures.cloud(seed), time_s, out)
        assert np.isfinite(out.scalars).all() and 0.0 <= out["motion"] <= 1.0
        assert abs(out["flow_x"]) <= 1.0


def test_a_fresh_eye_sees_no_motion(viewer):  # noqa: F811
    assert look(viewer, pictures.cloud(1), time_s=1e6)["motion"] == 0.0
