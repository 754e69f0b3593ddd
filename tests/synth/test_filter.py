"""The filter passes and stops where it says, rings as asked and may be swept by anything."""

import numpy as np
import pytest

from tests.synth.chain import RATE, above, noise, response, rms, sine, through


def gain_db(hz, rate=RATE, **settings):
    spectrum = np.abs(np.fft.rfft(response(1.0, rate=rate, **settings)[0].astype(float)))
    return 20 * np.log10(spectrum[round(hz * len(spectrum) * 2 / rate)] + 1e-12)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("hz", [100.0, 1000.0, 6000.0])
def test_minus_3_db_at_its_frequency_and_flat_below(hz, rate):
    assert gain_db(hz, rate, filter_hz=hz) == pytest.approx(-3.0, abs=0.3)
    assert gain_db(hz / 5, rate, filter_hz=hz) == pytest.approx(0.0, abs=0.1)


def test_falls_by_12_db_an_octave():
    assert gain_db(800, filter_hz=100) - gain_db(1600, filter_hz=100) == pytest.approx(12.0, abs=0.3)


@pytest.mark.parametrize("resonance", [0.0, 0.5, 1.0])
def test_resonance_raises_its_frequency_to_q(resonance):
    q = 0.5**0.5 * (12 / 0.5**0.5) ** resonance
    assert gain_db(1000, filter_hz=1000, filter_resonance=resonance) == pytest.approx(20 * np.log10(q), abs=0.3)


def test_open_it_passes_every_bit():
    sound = noise(0.5)
    assert np.array_equal(through(sound, filter_hz=20000.0, filter_resonance=1.0), sound)


def test_stays_bounded_however_it_is_swept():
    rng = np.random.default_rng(1)
    sound = noise(10.0)
    out = through(sound, filter_hz=lambda _: 20 * 1000 ** rng.random(), filter_resonance=lambda _: rng.random())
    assert np.isfinite(out).all()
    assert np.abs(out).max() < 15 * np.abs(sound).max()


def test_a_jump_of_the_filter_does_not_click():
    sound = sine(100, 3.0)
    out = through(sound, filter_hz=lambda i: (20000.0, 500.0, 8000.0, 200.0)[i // 200 % 4], filter_resonance=0.0)
    assert np.abs(above(out[0], 3000)[2000:]).max() < 2e-3
    assert rms(out) > 0.2
