"""Three instruments meet: levels at equal power, none is heard when it sleeps, all obey panic and mute."""

import numpy as np
import pytest

from pix2live.synth.instrument import Instrument
from tests.synth.playing import IDS, RATE, knobs, rms_db, turn

SCAN, DRONE, HARMONY = "scan.level", "drone.level", "harmony.level"
NONE = {SCAN: 0.0, DRONE: 0.0, HARMONY: 0.0}


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=64)


@pytest.fixture
def synth(shared):
    shared.set_score(np.random.default_rng(2).random((32, 48, 2)).astype(np.float32))
    shared.reset()
    return shared


def play(synth, seconds, settings, block=256, events=None, beats=np.nan):
    values = knobs(settings)
    out = np.full((round(seconds * RATE), 2), np.nan, np.float32)
    for i, start in enumerate(range(0, len(out), block)):
        if events and i in events:
            events[i](values)
        synth.process(values, out[start : start + block], 120.0, beats + start / RATE * 2.0)
    return out


@pytest.mark.parametrize("part", [SCAN, DRONE, HARMONY])
def test_each_sounds_by_itself_and_all_at_0_are_silent(synth, part):
    assert rms_db(play(synth, 2.0, NONE | {part: 1.0})[RATE:]) > -45
    synth.reset()
    assert not play(synth, 0.3, NONE).any()


@pytest.mark.parametrize("part", [SCAN, DRONE, HARMONY])
def test_half_level_is_3_db_less(synth, part):
    whole = play(synth, 1.0, NONE | {part: 1.0, "gain": -12.0})
    synth.reset()
    half = play(synth, 1.0, NONE | {part: 0.5, "gain": -12.0})
    assert np.allclose(half, whole * np.sqrt(0.5), atol=1e-5)


def test_parts_add_up(synth):
    single = []
    for part in (SCAN, DRONE, HARMONY):
        synth.reset()
        single.append(play(synth, 1.0, NONE | {part: 1.0, "gain": -20.0}))
    synth.reset()
    together = play(synth, 1.0, {SCAN: 1.0, DRONE: 1.0, HARMONY: 1.0, "gain": -20.0})
    assert np.allclose(together, sum(single), atol=1e-6)


@pytest.mark.parametrize("block", [1, 64, 441, 1000])
def test_all_together_are_the_same_to_the_bit_at_every_block_size(synth, block):
    settings = {DRONE: 0.8, HARMONY: 0.9, "harmony.follow": 1.0, "scan.sync": 3.0, "scan.hue_tone": 0.5}
    seconds = 0.5 if block > 1 else 0.1
    whole = play(synth, seconds, settings, beats=7.3)
    synth.reset()
    assert np.array_equal(whole, play(synth, seconds, settings, block, beats=7.3))


@pytest.mark.parametrize("part", [DRONE, HARMONY])
def test_a_part_that_has_gone_to_sleep_changes_no_bit(synth, part):
    alone = play(synth, 1.0, {"gain": -12.0})
    synth.reset()
    with_ = play(synth, 1.0, {part: 1.0, "gain": -12.0}, events={60: turn(part, 0.0)})
    asleep = 60 * 256 + RATE // 5
    assert not np.array_equal(with_[: 60 * 256], alone[: 60 * 256])
    assert np.array_equal(with_[asleep:], alone[asleep:])


def test_the_playhead_goes_on_while_the_scan_sleeps(synth):
    play(synth, 0.5, NONE | {"scan.seconds": 2.0})
    assert synth.playhead == pytest.approx(0.25, abs=0.002)


def test_a_scan_that_wakes_is_the_scan_that_never_slept(synth):
    def pictures(values):
        synth.set_score(np.random.default_rng(3).random((32, 40, 2)).astype(np.float32))

    awake = play(synth, 1.5, {"gain": -12.0}, events={40: pictures})
    synth.reset()
    synth.set_score(np.random.default_rng(2).random((32, 48, 2)).astype(np.float32))
    woken = play(synth, 1.5, {"gain": -12.0},
                 events={20: turn(SCAN, 0.0), 40: pictures, 120: turn(SCAN, 1.0)})  # fmt: skip
    assert not woken[60 * 256 : 120 * 256].any()
    assert rms_db(woken[150 * 256 :]) == pytest.approx(rms_db(awake[150 * 256 :]), abs=1.0)


@pytest.mark.parametrize("what", ["panic", "mute"])
def test_panic_and_mute_silence_them_all(synth, what):
    events = {94: (lambda _: synth.panic()) if what == "panic" else turn("mute", 1.0)}
    out = play(synth, 1.2, {DRONE: 1.0, HARMONY: 1.0}, events=events)
    assert rms_db(out[94 * 256 - 4800 : 94 * 256]) > -40
    assert not out[94 * 256 + int(0.02 * RATE) :].any()


def test_after_a_panic_the_next_picture_brings_harmony_back(synth):
    events = {94: lambda _: synth.panic(), 140: lambda _: synth.set_score(np.ones((4, 48, 2), np.float32))}
    out = play(synth, 3.0, NONE | {HARMONY: 1.0}, events=events)
    assert not out[100 * 256 : 140 * 256].any()
    assert rms_db(out[-RATE:]) > -45


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_a_picture_that_comes_while_a_panic_fades_brings_harmony_back_too(synth, blocks):
    def picture(_):
        synth.set_score(np.ones((4, 48, 2), np.float32))

    def both(values):
        synth.panic()
        picture(values)

    events = {94: both} if blocks == 0 else {94: lambda _: synth.panic(), 94 + blocks: picture}
    out = play(synth, 3.0, NONE | {HARMONY: 1.0}, events=events)
    assert rms_db(out[-RATE:]) > -45


def test_harmony_plays_without_any_picture_and_begins_anew_after_a_panic():
    synth = Instrument(RATE, max_partials=8)
    out = play(synth, 4.0, NONE | {HARMONY: 1.0}, events={375: lambda _: synth.panic()})
    assert rms_db(out[RATE : 2 * RATE]) > -45
    assert rms_db(out[3 * RATE :]) > -45


def test_four_thousand_rows_play():
    synth = Instrument(RATE, max_partials=4096)
    synth.set_score(np.random.default_rng(1).random((85, 4096, 3)).astype(np.float32))
    out = play(synth, 0.3, {"scan.hue_tone": 0.5})
    assert np.isfinite(out).all()
    assert -26 < rms_db(out[RATE // 10 :]) < -14


def test_full_level_of_everything_never_passes_minus_one(synth):
    out = play(synth, 2.0, {DRONE: 1.0, HARMONY: 1.0, "gain": 12.0})
    assert np.abs(out).max() < 10 ** (-1 / 20)
    assert np.abs(out).max() > 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def test_broken_params_of_any_part_give_finite_sound(synth, value):
    out = np.zeros((9600, 2), np.float32)
    synth.process(np.full(len(IDS), value, np.float32), out, value, value)
    assert np.isfinite(out).all()
    assert np.isfinite(play(synth, 0.3, {DRONE: 1.0, HARMONY: 1.0})).all()
