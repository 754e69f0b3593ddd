"""NullClock: as many blocks as time has passed, for hours, and no more than four at once after a stall."""

import threading
import time

import numpy as np

from pix2live.devices.nullclock import NullClock, Pacer


def test_no_drift_over_ten_hours_of_jittery_wakes() -> None:
    pacer, random = Pacer(44100, 441, 7.0), np.random.default_rng(1)
    now, given, late = 7.0, 0, 0.0
    for _ in range(200000):
        now = pacer.next_s + random.uniform(0.0, 0.0002)
        for _ in range(pacer.due(now)):
            late = max(late, now - pacer.take())
            given += 1
    now += 36000.0
    pacer.skipped += 3600000
    assert pacer.given == given == 200000 and pacer.due(now) == 0 and late < 0.0105
    assert pacer.next_s - 7.0 == (200001 + 3600000) * 441 / 44100


def test_after_a_stall_four_blocks_are_made_up_and_the_rest_counted() -> None:
    pacer = Pacer(48000, 480, 0.0)
    assert pacer.due(0.0) == 0 and pacer.due(0.01) == 1
    pacer.take()
    assert pacer.due(1.0) == 4 and pacer.skipped == 95
    begins = [pacer.take() for _ in range(4)]
    assert np.allclose(begins, [0.96, 0.97, 0.98, 0.99]) and pacer.due(1.0) == 0 and abs(pacer.next_s - 1.01) < 1e-9


def test_a_clock_that_steps_back_gives_nothing() -> None:
    pacer = Pacer(48000, 480, 100.0)
    assert pacer.due(0.0) == 0 and pacer.skipped == 0


def test_the_callback_comes_at_the_rate_of_the_clock() -> None:
    seen: list[tuple[tuple[int, ...], tuple[int, ...], float]] = []
    clock = NullClock(48000, 480, lambda heard, out, air_s: seen.append((heard.shape, out.shape, air_s)))
    began = time.monotonic()
    clock.start()
    time.sleep(0.5)
    assert clock.alive(time.monotonic())
    assert clock.close()
    took = time.monotonic() - began
    passed = len(seen) + clock.meter.xruns
    assert 20 < passed <= took * 100 + 1
    assert seen[0][:2] == ((480, 0), (480, 2))
    assert np.all(np.diff([s[2] for s in seen]) > 0.0099) and not clock.alive(time.monotonic())
    assert clock.meter.callbacks == len(seen) and len(clock.meter.interval_s()) == len(seen) - 1


def test_what_the_callback_raises_is_counted_and_the_clock_goes_on() -> None:
    def fail(heard: np.ndarray, out: np.ndarray, air_s: float) -> None:
        raise ValueError("no")

    clock = NullClock(48000, 64, fail)
    clock.start()
    time.sleep(0.1)
    clock.close()
    assert clock.meter.errors == clock.meter.callbacks > 3 and clock.meter.last_error == "ValueError: no"


def test_close_returns_though_the_callback_hangs() -> None:
    release = threading.Event()
    clock = NullClock(48000, 64, lambda heard, out, air_s: release.wait(30.0) and None)
    clock.start()
    time.sleep(0.05)
    began = time.monotonic()
    assert not clock.close()
    assert time.monotonic() - began < 10.0
    release.set()


def test_it_starts_again_after_close() -> None:
    clock = NullClock(48000, 64, lambda heard, out, air_s: None)
    for _ in range(2):
        before = clock.meter.callbacks
        clock.start()
        time.sleep(0.05)
        assert clock.close() and clock.meter.callbacks > before
