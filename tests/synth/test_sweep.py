"""The scan while everything about it changes: what is asked for during a cross-fade, or without a picture."""

import threading
from functools import partial

import numpy as np
import pytest

from pix2live.synth.instrument import Instrument
from tests.synth.playing import RATE, clicks_db, knobs, rms_db, turn
from tests.synth.test_instrument import photo, play

# Low partials alone: whatever is heard far above them is a click.
LOW = {"scan.high_hz": 400.0, "scan.seconds": 2.0}


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=256)


@pytest.fixture
def synth(shared):
    shared.set_score(photo())
    shared.reset()
    return shared


def turned(synth, settings, changes, seconds=0.8):
    """What is heard while ``changes`` {block: (knob, value) or call} are made."""
    values = knobs(settings)
    events = {block: change if callable(change) else partial(turn(*change), values)
              for block, change in changes.items()}  # fmt: skip
    return play(synth, seconds, values, events=events)


def test_without_a_picture_it_is_silent_even_inverted(synth):
    synth.set_score(None)
    synth.reset()
    assert not play(synth, 0.2, {"scan.invert": 1.0}).any()


@pytest.mark.parametrize("what", ["panic", "none"])
def test_a_picture_taken_away_leaves_silence_even_inverted(synth, what):
    end = synth.panic if what == "panic" else lambda: synth.set_score(None)
    out = turned(synth, {"scan.invert": 1.0}, {60: end})
    assert rms_db(out[40 * 256 : 60 * 256]) > -30
    assert not out[60 * 256 + RATE // 20 :].any()


@pytest.mark.parametrize("what", ["panic", "none"])
def test_a_picture_that_comes_after_silence_is_as_loud_as_ever_from_the_first(synth, what):
    def white():
        synth.set_score(np.ones((32, 96, 2), np.float32))

    white()
    end = synth.panic if what == "panic" else lambda: synth.set_score(None)
    out = turned(synth, {}, {200: end, 1000: white}, 6.0)
    again = 1000 * 256 + RATE // 20
    assert rms_db(out[again : again + RATE // 20]) == pytest.approx(rms_db(out[RATE : 200 * 256]), abs=1.5)


def test_a_black_picture_sounds_inverted(synth):
    synth.set_score(np.zeros((16, 96, 2), np.float32))
    assert rms_db(play(synth, 0.3, {"scan.invert": 1.0})) > -30


def test_the_click_meter_hears_a_click(synth):
    synth.set_score(photo())
    out = play(synth, 0.5, LOW)
    quiet = clicks_db(out)
    out[12000:] *= 0.5
    assert quiet < -70
    assert clicks_db(out) > -55


@pytest.mark.parametrize(
    "change",
    ["picture", "camera", "rows", "fewer rows and another mode", "root", "black", "none", "panic", "first"],
)
def test_changing_the_picture_is_click_free(synth, change):
    def score(i, rows=96):
        return lambda: synth.set_score(photo(rows, seed=i))

    events = {
        "picture": {60: score(1)},
        "camera": {i: score(i) for i in range(40, 140, 3)},
        "rows": {i: score(i, 20 + i) for i in range(40, 140, 9)},
        "fewer rows and another mode": {60: score(1, 5)},
        "root": {},
        "black": {60: lambda: synth.set_score(np.zeros((4, 96, 2), np.float32))},
        "none": {60: lambda: synth.set_score(None)},
        "panic": {60: synth.panic, 80: score(2)},
        "first": {3: score(4)},
    }[change]
    if change != "first":
        synth.set_score(photo())
    if change in ("root", "fewer rows and another mode"):
        events[61] = ("scan.root" if change == "root" else "scan.rows", 1.0)
    assert clicks_db(turned(synth, LOW, events)) < -60


@pytest.mark.parametrize(
    "id_,value",
    [("mute", 1.0), ("gain", -20.0), ("scan.low_hz", 200.0), ("scan.gamma", 3.0), ("scan.invert", 1.0),
     ("scan.tilt_db", -12.0), ("scan.freeze", 1.0), ("scan.direction", 1.0), ("scan.offset", 0.5), ("scan.pan", 1.0),
     ("scan.normalise", 0.0), ("scan.seconds", 0.5), ("scan.detune_cents", 30.0), ("scan.scale", 2.0)],
)  # fmt: skip
def test_turning_a_knob_is_click_free(synth, id_, value):
    synth.set_score(photo())
    assert clicks_db(turned(synth, LOW, {70: (id_, value)})) < -60


@pytest.mark.parametrize("begin", ["rows", "scale"])
@pytest.mark.parametrize("then", ["scan.invert", "scan.gamma", "scan.offset", "panic"])
def test_a_change_within_a_cross_fade_is_glided_to(synth, begin, then):
    first = ("scan.scale", 3.0) if begin == "scale" else lambda: synth.set_score(photo(90, seed=1))
    second = synth.panic if then == "panic" else (then, {"scan.invert": 1.0, "scan.gamma": 4.0}.get(then, 0.5))
    assert clicks_db(turned(synth, LOW, {60: first, 63: second}), 6000) < -74


@pytest.mark.parametrize(("knob", "value"), [("direction", 2.0), ("normalise", 0.0), ("pan", 1.0)])
def test_what_changes_the_level_at_once_is_glided_to_at_every_sample_rate(knob, value):
    synth = Instrument(4 * RATE, max_partials=128)
    synth.set_score(photo())
    settings = LOW | {"scan.offset": 0.9}
    out = turned(synth, settings, {240: (f"scan.{knob}", value), 400: (f"scan.{knob}", 1.0 - value)}, 2.4)
    assert clicks_db(out, 6000, 4 * RATE) < -72


@pytest.mark.parametrize("block", [17, 64, 1000])
def test_a_picture_that_waits_for_a_cross_fade_is_taken_up_alike_at_every_block_size(synth, block):
    def heard(size):
        synth.set_score(photo())
        synth.reset()
        out = [play(synth, 0.1, None, size)]
        for rows in (90, 70):
            synth.set_score(photo(rows, seed=rows))
            out.append(play(synth, 0.01, None, size))
        return np.concatenate([*out, play(synth, 0.2, None, size)])

    assert np.array_equal(heard(block), heard(9600))


def test_scores_from_another_thread_while_it_plays(synth):
    stop = threading.Event()

    def feed():
        i = 0
        while not stop.wait(0.001):
            synth.set_score(photo(20 + i % 70, seed=i % 5))
            i += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        out = play(synth, 6.0, LOW)
    finally:
        stop.set()
        thread.join()
    assert np.isfinite(out).all()
    assert clicks_db(out) < -55
