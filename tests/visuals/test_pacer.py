"""Frame pacing against a clock that the test moves."""

from itertools import pairwise

import pytest

from pix2live.visuals.pacer import FramePacer


class Clock:
    """Time stands still until somebody sleeps or works; sleeping overshoots as a real one does."""

    def __init__(self, overshoot_s: float = 0.0) -> None:
        self.now_s, self.overshoot_s, self.slept = 1000.0, overshoot_s, 0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.slept += 1
        self.now_s += seconds + self.overshoot_s


def test_frames_lie_on_the_grid_and_do_not_drift_in_hours() -> None:
    clock = Clock(overshoot_s=0.0004)
    pacer = FramePacer(60.0, clock.now, clock.sleep)
    first = pacer.next()
    frames = 3 * 3600 * 60
    for _ in range(frames):
        clock.now_s += 0.005
        seen = pacer.next()
    assert seen - first == pytest.approx(frames / 60.0, abs=1e-6)
    assert pacer.missed == 0
    assert clock.slept == frames  # one sleep a frame: no busy loop


def test_presentation_is_one_slot_after_the_start_of_the_frame() -> None:
    clock = Clock()
    pacer = FramePacer(50.0, clock.now, clock.sleep)
    assert pacer.next() == pytest.approx(1000.02)
    clock.now_s += 0.003
    assert pacer.next() == pytest.approx(1000.04)
    assert clock.now_s == pytest.approx(1000.02)


def test_a_long_frame_counts_the_frames_it_cost_and_the_grid_stays() -> None:
    clock = Clock()
    pacer = FramePacer(100.0, clock.now, clock.sleep)
    first = pacer.next()
    clock.now_s += 0.035
    assert pacer.next() - first == pytest.approx(0.03)
    assert pacer.missed == 2
    assert pacer.next() - first == pytest.approx(0.04)
    assert pacer.missed == 2


def test_frames_that_are_always_a_little_too_long_are_counted_by_their_sum() -> None:
    clock = Clock()
    pacer = FramePacer(50.0, clock.now, clock.sleep)
    for _ in range(1001):
        pacer.next()
        clock.now_s += 0.030
    assert pacer.missed == pytest.approx(500, abs=2)  # 30 s hold 1500 frames at 50; 1000 were drawn


def test_a_slightly_slower_display_is_followed_evenly() -> None:
    clock = Clock()
    pacer = FramePacer(60.0, clock.now, clock.sleep)
    seen = []
    for vsync in range(1, 4000):
        seen.append(pacer.next())
        clock.now_s = max(clock.now_s + 0.002, 1000.0 + vsync / 59.94)
    steps = [b - a for a, b in pairwise(seen)]
    assert max(steps) < 1.1 / 59.94 and min(steps) > 0.9 / 59.94


def test_time_never_goes_backwards_whatever_the_load() -> None:
    clock = Clock(overshoot_s=0.0001)
    pacer = FramePacer(60.0, clock.now, clock.sleep)
    before = pacer.next()
    for index in range(2000):
        clock.now_s += (index * 7919 % 50) / 1000.0
        seen = pacer.next()
        assert seen > before
        before = seen


def test_restart_forgets_a_pause() -> None:
    clock = Clock()
    pacer = FramePacer(60.0, clock.now, clock.sleep)
    pacer.next()
    clock.now_s += 100.0
    pacer.restart()
    pacer.next()
    assert pacer.missed == 0


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_must_be_one(fps: float) -> None:
    with pytest.raises(ValueError):
        FramePacer(fps, lambda: 0.0, lambda s: None)
