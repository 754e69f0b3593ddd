"""Colour in the scan: overtones by hue, and warm colours up."""

import numpy as np
import pytest

from pix2live.dsp.oscillator import CHUNK, add_partials, add_toned_partials, steps_from_hz
from pix2live.synth.instrument import Instrument
from tests.synth.playing import RATE, clicks_db
from tests.synth.test_playhead import knobs, run, set_knob

PLAIN = {"rows": 0.0, "tilt_db": 0.0, "normalise": 0.0, "seconds": 4.0}


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=64)


@pytest.fixture
def synth(shared):
    shared.set_score(None)
    shared.reset()
    return shared


def heard(synth, warmth, settings, rows=1):
    """Amplitude of every hertz of a picture of one colour."""
    score = np.ones((4, rows, 3), np.float32)
    score[:, :, 2] = warmth
    synth.set_score(score)
    synth.reset()
    values = knobs(PLAIN | settings)
    run(synth, 0.25, values)
    _, out = run(synth, 1.0, values, block=RATE)
    return np.abs(np.fft.rfft(out[:, 0] * np.hanning(len(out)))) / (len(out) / 4), out


ONE = {"low_hz": 500.0, "high_hz": 500.0}


def test_warm_has_even_overtones_and_cool_odd_and_grey_none(synth):
    def harmonics(warmth, hue_tone):
        spectrum, _ = heard(synth, warmth, ONE | {"hue_tone": hue_tone})
        return 20 * np.log10(spectrum[500:3001:500] / spectrum[500] + 1e-9)

    grey, warm, cool = harmonics(0.0, 1.0), harmonics(1.0, 1.0), harmonics(-1.0, 1.0)
    assert (grey[1:] < -90).all()
    assert warm[1] == pytest.approx(-0.9, abs=0.1)
    assert warm[3] == pytest.approx(-6.9, abs=0.1)
    assert (warm[[2, 4, 5]] < -90).all()
    assert cool[2] == pytest.approx(-0.9, abs=0.1)
    assert cool[4] == pytest.approx(-6.9, abs=0.1)
    assert (cool[[1, 3, 5]] < -90).all()
    assert (harmonics(1.0, 0.0)[1:] < -90).all()
    assert harmonics(1.0, 0.5)[1] == pytest.approx(-6.9, abs=0.1)
    assert -6.0 < harmonics(0.3, 1.0)[1] < -2.0


@pytest.mark.parametrize("warmth", [1.0, -1.0])
def test_overtones_leave_the_power_as_it_is(synth, warmth):
    plain = np.mean(np.square(heard(synth, warmth, ONE)[1], dtype=float))
    toned = np.mean(np.square(heard(synth, warmth, ONE | {"hue_tone": 1.0})[1], dtype=float))
    assert 10 * np.log10(toned / plain) == pytest.approx(0.0, abs=0.05)


def test_no_overtone_folds_back_from_nyquist(synth):
    spectrum, _ = heard(synth, -1.0, {"low_hz": 3000.0, "high_hz": 11000.0, "hue_tone": 1.0}, rows=9)
    wanted = {*range(3000, 11001, 1000), 9000, 15000, 12000, 20000}
    loud = {round(hz / 1000) * 1000 for hz in np.flatnonzero(spectrum > 1e-4 * spectrum.max())}
    assert loud <= wanted


def halves(synth, warmth, warm_up):
    """dB that the upper half of the rows is louder than the lower."""
    spectrum, _ = heard(synth, warmth, {"low_hz": 500.0, "high_hz": 4000.0, "warm_up": warm_up}, rows=8)
    power = np.square(spectrum)[500:4001:500]
    return 10 * np.log10(power[4:].sum() / power[:4].sum())


def test_warm_colours_go_up_and_cool_ones_down_or_the_other_way_round(synth):
    assert halves(synth, 0.0, 1.0) == pytest.approx(0.0, abs=0.2)
    assert halves(synth, 1.0, 0.0) == pytest.approx(0.0, abs=0.2)
    assert halves(synth, 1.0, 1.0) > 12.0
    assert halves(synth, -1.0, 1.0) < -12.0
    assert halves(synth, 1.0, -1.0) < -12.0
    # A photo's colours are pale.
    assert halves(synth, 0.2, 1.0) > 5.0


def test_higher_and_higher_with_warmth(synth):
    at = [halves(synth, warmth, 0.8) for warmth in np.linspace(-1, 1, 7)]
    assert (np.diff(at) > 0.5).all()


@pytest.mark.parametrize("knob", ["hue_tone", "warm_up"])
def test_turning_colour_on_and_off_is_click_free(synth, knob):
    rng = np.random.default_rng(3)
    score = rng.random((16, 48, 3)).astype(np.float32)
    score[:, :, 2] = 1.0 - 2.0 * score[:, :, 2]
    synth.set_score(score)
    synth.reset()

    def turn(i, values):
        if i % 30 == 20:
            set_knob(values, knob, float(i // 30 % 2 == 0))

    # Overtones of rows up to 200 Hz reach 1 kHz.
    _, out = run(synth, 1.2, knobs({"high_hz": 200.0, "seconds": 4.0}), turn=turn)
    assert clicks_db(out) < -60


def test_without_tones_the_toned_bank_is_the_plain_bank():
    rng = np.random.default_rng(0)
    phase = rng.integers(-(2**31), 2**31, 50, dtype=np.int64).astype(np.int32)
    step, level = steps_from_hz(rng.uniform(20, 9000, 50), RATE), rng.random((2, 50), dtype=np.float32)
    next_step, next_level = steps_from_hz(rng.uniform(20, 9000, 50), RATE), rng.random((2, 50), dtype=np.float32)
    outs = []
    for toned in (False, True):
        copies = [array.copy() for array in (phase, step, level)]
        out, tone = np.zeros((2, CHUNK), np.float32), np.zeros((2, 50), np.float32)
        for _ in range(3):
            if toned:
                add_toned_partials(*copies, tone, next_step, next_level, tone.copy(), out)
            else:
                add_partials(*copies, next_step, next_level, out)
        outs.append((out, *copies))
    for one, other in zip(*outs, strict=True):
        assert np.allclose(one, other, atol=1e-5)
