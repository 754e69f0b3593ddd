"""The scan while everything about it changes: what is asked for during a cross-fade, or without a picture."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from pix2live.synth.instrument import Instrument
from tests.synth.test_instrument import LOW, RATE, knobs, photo, play, rms_db

IDS = [spec.id for spec in Instrument.SPECS]


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=128)


@pytest.fixture
def synth(shared):
    shared.set_score(photo())
    shared.reset()
    return shared


def turned(synth, settings, changes, seconds=0.8):
    """What is heard while ``changes`` {block: (knob, value) or call} are made."""
    values = knobs(settings)

    def turn(name, value):
        return lambda: values.__setitem__(IDS.index(f"synth.{name}"), value)

    events = {block: change if callable(change) else turn(*change) for block, change in changes.items()}
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


def clicks_db(out, rate):
    """The loudest 2.7 ms above 6 kHz, against the loudest 21 ms of all."""
    high = sosfilt(butter(8, 6000, "highpass", fs=rate, output="sos"), out.astype(float), axis=0)
    click, loud = ((1 << round(np.log2(rate * s)), sound) for s, sound in ((2.7e-3, high), (21e-3, out.astype(float))))
    loudest = [np.square(x[: len(x) // n * n]).reshape(-1, 2 * n).mean(1).max() for n, x in (click, loud)]
    return 10 * np.log10(loudest[0] / loudest[1])


@pytest.mark.parametrize("begin", ["rows", "scale"])
@pytest.mark.parametrize("then", ["scan.invert", "scan.gamma", "scan.offset", "panic"])
def test_a_change_within_a_cross_fade_is_glided_to(synth, begin, then):
    first = ("scan.scale", 3.0) if begin == "scale" else lambda: synth.set_score(photo(90, seed=1))
    second = synth.panic if then == "panic" else (then, {"scan.invert": 1.0, "scan.gamma": 4.0}.get(then, 0.5))
    assert clicks_db(turned(synth, LOW, {60: first, 63: second}), RATE) < -74


@pytest.mark.parametrize(("knob", "value"), [("direction", 2.0), ("normalise", 0.0), ("pan", 1.0)])
def test_what_changes_the_level_at_once_is_glided_to_at_every_sample_rate(knob, value):
    synth = Instrument(4 * RATE, max_partials=128)
    synth.set_score(photo())
    settings = LOW | {"scan.offset": 0.9}
    out = turned(synth, settings, {240: (f"scan.{knob}", value), 400: (f"scan.{knob}", 1.0 - value)}, 2.4)
    assert clicks_db(out, 4 * RATE) < -72


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
