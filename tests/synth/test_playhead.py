"""The playhead under the hand, in beats, and at the very start."""

import numpy as np
import pytest

from pix2live.synth.instrument import Instrument
from pix2live.synth.playhead import PLAYHEAD_SPECS
from tests.synth import playing
from tests.synth.playing import IDS, RATE, clicks_db

SYNC = next(spec.choices for spec in PLAYHEAD_SPECS if spec.id == "synth.scan.sync")
FORWARD, BACKWARD, TO_AND_FRO = 0.0, 1.0, 2.0


def knobs(settings):
    return playing.knobs({f"scan.{name}": value for name, value in settings.items()})


def set_knob(values, name, value):
    values[IDS.index(f"synth.scan.{name}")] = value


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=64)


@pytest.fixture
def synth(shared):
    x, y = np.linspace(0, 1, 64)[:, None], np.linspace(0, 1, 48)[None]
    light = 0.5 + 0.4 * np.sin(9 * x + 4 * y)
    shared.set_score(np.stack([light, light], axis=2).astype(np.float32))
    shared.reset()
    return shared


def run(synth, seconds, values, bpm=120.0, first_beat=np.nan, block=256, turn=None):
    """Playheads at the end of every block, and the sound."""
    out = np.zeros((round(seconds * RATE / block) * block, 2), np.float32)
    heads = []
    for i, start in enumerate(range(0, len(out), block)):
        if turn:
            turn(i, values)
        synth.process(values, out[start : start + block], bpm, first_beat + start / RATE * bpm / 60.0)
        heads.append(synth.playhead)
    return np.array(heads), out


LOW = {"high_hz": 400.0}


# -- by hand ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [FORWARD, BACKWARD, TO_AND_FRO])
def test_the_playhead_is_where_the_hand_is_within_60_ms(synth, direction):
    values = knobs({"scrub": 1.0, "direction": direction, "position": 0.2})
    run(synth, 0.5, values)
    set_knob(values, "position", 0.7)
    heads, _ = run(synth, 0.2, values)
    last = 1.0 if direction == TO_AND_FRO else 63 / 64
    assert heads[int(0.06 * RATE / 256)] == pytest.approx(0.7 * last, abs=0.02)
    assert heads[-1] == pytest.approx(0.7 * last, abs=1e-4)
    assert (np.diff(heads) >= -1e-9).all()


@pytest.mark.parametrize("direction", [FORWARD, TO_AND_FRO])
def test_place_1_is_the_last_column_and_place_0_the_first(synth, direction):
    score = np.zeros((8, 2, 2), np.float32)
    score[0, 0] = score[7, 1] = 1.0
    synth.set_score(score)
    synth.reset()
    settings = {"scrub": 1.0, "direction": direction, "rows": 0.0, "low_hz": 500.0, "high_hz": 2000.0}

    def loudest(position):
        values = knobs(settings | {"position": position})
        run(synth, 0.5, values)
        _, out = run(synth, 0.5, values)
        out = out[-RATE // 4 :]
        spectrum = np.abs(np.fft.rfft(out[:, 0] * np.hanning(len(out))))
        return int(np.argmax(spectrum)) * 4, spectrum.max() / min(spectrum[125], spectrum[500])

    hz, purity = loudest(0.0)
    assert hz == pytest.approx(2000, abs=4)
    assert purity > 1000
    hz, purity = loudest(1.0)
    assert hz == pytest.approx(500, abs=4)
    assert purity > 1000


def test_a_hand_from_end_to_end_goes_through_the_picture(synth):
    values = knobs({"scrub": 1.0, "position": 0.0})
    run(synth, 0.3, values)
    set_knob(values, "position", 1.0)
    heads, _ = run(synth, 0.4, values)
    steps = np.diff(heads)
    assert (steps >= -1e-9).all()
    assert steps.max() <= 256 / RATE / 0.1 + 1e-9


@pytest.mark.parametrize("direction,way", [(FORWARD, 1.0), (BACKWARD, -1.0)])
def test_let_go_it_goes_on_from_there(synth, direction, way):
    values = knobs({"scrub": 1.0, "position": 0.5, "direction": direction, "seconds": 2.0})
    heads, _ = run(synth, 0.5, values)
    held = heads[-1]
    set_knob(values, "scrub", 0.0)
    heads, _ = run(synth, 0.4, values)
    assert heads[0] == pytest.approx(held, abs=0.01)
    assert heads[-1] == pytest.approx(held + way * 0.2, abs=0.005)


@pytest.mark.parametrize("kind", ["steps of a 7-bit knob", "jumps", "grab and let go"])
def test_scratching_is_click_free(synth, kind):
    rng = np.random.default_rng(1)
    places = rng.random(400)

    def turn(i, values):
        if kind == "steps of a 7-bit knob":
            set_knob(values, "position", round(63.5 + 63.5 * np.sin(i / 12)) / 127)
        elif i % 12 == 0:
            set_knob(values, "position", places[i])
            if kind == "grab and let go":
                set_knob(values, "scrub", i // 12 % 2)

    _, out = run(synth, 1.5, knobs(LOW | {"scrub": 1.0}), turn=turn)
    assert 10 * np.log10(np.mean(np.square(out))) > -40
    assert clicks_db(out) < -60


# -- in beats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", SYNC[1:])
@pytest.mark.parametrize("bpm", [60.0, 140.0])
def test_a_sweep_begins_on_the_beat(synth, length, bpm):
    values = knobs({"sync": float(SYNC.index(length))})
    heads, _ = run(synth, 1.0, values, bpm, first_beat=37.4)
    beats = 37.4 + (np.arange(len(heads)) + 1) * 256 / RATE * bpm / 60.0
    away = (heads - beats / float(length) + 0.5) % 1.0 - 0.5
    assert np.abs(away[1:]).max() * float(length) < 0.002  # beats


def test_backward_and_to_and_fro_keep_the_beat_too(synth):
    values = knobs({"sync": float(SYNC.index("4")), "direction": BACKWARD})
    heads, _ = run(synth, 2.0, values, 120.0, first_beat=3.0)
    beats = 3.0 + (np.arange(len(heads)) + 1) * 256 / RATE * 2.0
    assert np.abs((heads + beats / 4 + 0.5) % 1.0 - 0.5)[1:].max() < 0.001
    synth.reset()
    values = knobs({"sync": float(SYNC.index("2")), "direction": TO_AND_FRO})
    heads, _ = run(synth, 3.0, values, 120.0, first_beat=3.0)
    beats = 3.0 + (np.arange(len(heads)) + 1) * 256 / RATE * 2.0
    folded = 1.0 - np.abs((beats / 2) % 2.0 - 1.0)
    assert np.abs(heads - folded)[1:].max() < 0.001


def test_without_a_grid_the_tempo_alone_counts(synth):
    heads, _ = run(synth, 1.0, knobs({"sync": float(SYNC.index("4"))}), 120.0)
    assert heads[-1] == pytest.approx(0.5, abs=0.002)


def test_a_trembling_tempo_is_followed_smoothly_and_a_jump_without_a_click(synth):
    values = knobs(LOW | {"sync": float(SYNC.index("8"))})
    rng = np.random.default_rng(2)
    out, heads = np.zeros((3 * RATE // 256 * 256, 2), np.float32), []
    for start in range(0, len(out), 256):
        beats = start / RATE * 2.0 + rng.normal(0.0, 0.01) + (3.3 if start > RATE * 2 else 0.0)
        synth.process(values, out[start : start + 256], 120.0 + rng.normal(0.0, 1.0), beats)
        heads.append(synth.playhead)
    at_jump = 2 * RATE // 256 + 1
    steps = np.diff(heads)
    usual = 256 / RATE * 2.0 / 8
    assert np.abs(steps[: at_jump - 1] - usual).max() < 0.3 * usual
    assert (heads[at_jump] - heads[at_jump - 1]) % 1.0 == pytest.approx(3.3 / 8 + usual, abs=0.01)
    assert clicks_db(out) < -60


def test_turning_sync_on_and_off_is_click_free(synth):
    def turn(i, values):
        if i % 25 == 0:
            set_knob(values, "sync", float(i // 25 % 7))

    _, out = run(synth, 1.5, knobs(LOW), first_beat=0.3, turn=turn)
    assert clicks_db(out) < -60


# -- the start -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [64, 256, 1000])
def test_what_is_set_before_the_first_block_sounds_from_its_first_frame(synth, block):
    synth.set_score(np.ones((4, 1, 2), np.float32))
    synth.reset()
    values = knobs({"low_hz": 1000.0, "high_hz": 1000.0, "normalise": 0.0, "rows": 0.0})
    _, out = run(synth, 0.5, values, block=block)
    onset = synth.latency_samples
    assert not out[:onset].any()
    assert np.flatnonzero(np.abs(out[:, 0]) > 1e-5)[0] <= onset + 8
    level = np.sqrt(np.convolve(np.square(out[onset:, 0], dtype=float), np.ones(48) / 48, "valid"))
    steady = level[RATE // 4]
    assert level[int(0.005 * RATE)] == pytest.approx(steady, rel=0.03)
    assert level[int(0.002 * RATE)] < 0.8 * steady


def test_the_start_is_a_fade_and_no_click(synth):
    _, out = run(synth, 0.5, knobs(LOW))
    assert clicks_db(np.concatenate([np.zeros((4096, 2), np.float32), out])) < -60
