import numpy as np
import pytest

from .sounds import Analysis, noise, pad, sine


def test_rms_and_peak_of_a_full_scale_sine():
    heard = Analysis(sine(1000, 0.5))
    assert heard["audio.rms_db"][-1] == pytest.approx(-3.01, abs=0.01)
    assert heard["audio.peak_db"][-1] == pytest.approx(0.0, abs=0.01)
    assert heard["audio.crest"][-1] == pytest.approx(3.01 / 24, abs=0.001)


@pytest.mark.parametrize("gain_db", [0, -12, -30])
def test_level_is_the_same_whatever_the_gain(gain_db):
    rng = np.random.default_rng(2)
    beats = np.repeat(rng.uniform(0.2, 1.0, 80), 12000).astype(np.float32) * noise(20, 0.2)
    loud, quiet = Analysis(beats), Analysis(beats * np.float32(10 ** (gain_db / 20)))
    late = loud.seconds > 10
    assert np.allclose(loud["audio.level"][late], quiet["audio.level"][late], atol=0.06)
    assert loud["audio.level"][late].max() > 0.95
    assert loud["audio.level"][late].min() < 0.45


def test_silence_does_not_pump():
    sound = np.concatenate([noise(5, 0.2), np.zeros(48000 * 20, np.float32), noise(5, 0.2, seed=1)])
    heard = Analysis(sound)
    quiet = (heard.seconds > 7) & (heard.seconds < 25)
    assert heard["audio.level"][quiet].max() < 1e-3
    assert (heard["audio.silence"][quiet] == 1.0).all()
    back = np.searchsorted(heard.seconds, 25.1)
    assert heard["audio.silence"][back] == 0.0
    assert 0.7 < heard["audio.level"][back] <= 1.0


def test_the_noise_of_a_quiet_room_becomes_silence_but_a_quiet_drone_does_not():
    room = Analysis(noise(15, 10 ** (-65 / 20)))
    assert room["audio.silence"][-1] == 1.0
    assert room["audio.level"][-1] < 1e-3
    drone = Analysis((pad(15) * 10 ** (-30 / 20)).astype(np.float32))
    assert drone["audio.silence"][drone.seconds > 1].max() == 0.0
    assert drone["audio.level"][-1] > 0.5


def test_noise_never_becomes_music_by_gain():
    sound = np.concatenate([noise(10, 0.2), noise(60, 10 ** (-56 / 20), seed=1)])
    heard = Analysis(sound)
    assert heard["audio.level"][-1] < 0.6
    assert heard["audio.level"][heard.seconds > 12].max() < 0.6


@pytest.mark.parametrize(("left", "right", "width", "balance"), [
    (1, 1, 0.0, 0.0), (1, -1, 1.0, 0.0), (1, 0, 0.5, -1.0), (0, 1, 0.5, 1.0), (1, 0.5, 0.25, -1 / 3),
])  # fmt: skip
def test_width_and_balance(left, right, width, balance):
    tone = sine(440, 2, 0.5)
    heard = Analysis(np.stack([tone * left, tone * right], axis=1).astype(np.float32))
    assert heard["audio.width"][-1] == pytest.approx(width, abs=0.002)
    assert heard["audio.balance"][-1] == pytest.approx(balance, abs=0.002)


def test_opposite_sides_do_not_cancel():
    beats = noise(4, 0.2)
    same = Analysis(np.stack([beats, beats], axis=1))
    opposite = Analysis(np.stack([beats, -beats], axis=1))
    for name in ("audio.level", "audio.bass", "audio.centroid", "audio.rms_db"):
        assert np.allclose(same[name], opposite[name], rtol=1e-4, atol=1e-4)
    assert np.allclose(same.spectrum, opposite.spectrum, atol=1e-4)


def test_dc_is_not_sound_but_shows_as_peak():
    heard = Analysis(np.full(48000 * 4, 0.5, np.float32))
    assert heard["audio.rms_db"][-1] < -100
    assert heard["audio.silence"][-1] == 1.0
    assert heard["audio.peak_db"][-1] == pytest.approx(-6.02, abs=0.01)
