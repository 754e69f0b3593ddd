import numpy as np
import pytest

from pix2live.signals.table import BAND_EDGES_HZ, BANDS

from .sounds import Analysis, drums, noise, sine


@pytest.mark.parametrize("index", range(7))
def test_a_beating_tone_moves_its_own_band_alone(index):
    hz = np.sqrt(BAND_EDGES_HZ[index] * BAND_EDGES_HZ[index + 1])
    pulse = 0.5 + 0.5 * np.sin(2 * np.pi * np.arange(48000 * 8) / 48000)
    bed = noise(8, 0.05)
    heard = Analysis((sine(hz, 8, 0.5) * pulse + bed).astype(np.float32))
    late = heard.seconds > 5
    swing = {band: np.ptp(heard[f"audio.{band}.att"][late]) for band in BANDS}
    assert max(swing, key=swing.__getitem__) == BANDS[index]


@pytest.mark.parametrize("gain_db", [0, -30])
def test_one_is_usual_in_every_band_at_any_gain(gain_db):
    heard = Analysis(noise(20, 0.3) * np.float32(10 ** (gain_db / 20)))
    late = heard.seconds > 8
    for band in BANDS:
        assert heard[f"audio.{band}"][late].mean() == pytest.approx(1.0, abs=0.1)
        assert heard[f"audio.{band}.att"][late].mean() == pytest.approx(1.1, abs=0.25)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_levelling_takes_the_same_time_at_any_rate(rate):
    def track(rate):
        heard = Analysis(np.concatenate([sine(100, 4, 0.1, rate), sine(100, 6, 0.4, rate)]), rate)
        return np.interp(np.arange(4.2, 9.5, 0.05), heard.seconds, heard["audio.bass"])

    assert np.allclose(track(rate), track(48000), rtol=0.03)


def test_a_beginning_is_usual_at_once():
    heard = Analysis(noise(2, 0.2))
    early = (heard.seconds > 0.06) & (heard.seconds < 1)
    for band in BANDS[2:]:
        assert heard[f"audio.{band}"][early].max() < 2.5
        assert heard[f"audio.{band}"][early].mean() == pytest.approx(1.0, abs=0.25)


def test_bands_are_bounded_and_rest_in_silence():
    sound = np.concatenate([noise(4, 0.001), noise(0.5, 0.5), np.zeros(48000 * 6, np.float32)])
    heard = Analysis(sound)
    for band in BANDS:
        assert heard[f"audio.{band}"].max() <= 4.0
        assert heard[f"audio.{band}"].min() >= 0.0
        assert heard[f"audio.{band}"][-1] < 1e-3
        phase = heard[f"audio.{band}.phase"]
        assert phase[-1] == pytest.approx(phase[np.searchsorted(heard.seconds, 7.5)], abs=1e-3)


def test_an_empty_band_is_not_levelled_up_to_its_noise():
    sound = sine(1500, 30, 0.3) + noise(30, 1e-5)
    heard = Analysis(sound)
    assert heard["audio.high_mid"][-1] == pytest.approx(1.0, abs=0.1)
    assert heard["audio.sub"][-1] < 0.1
    assert heard["audio.air"][-1] < 0.2


def test_phase_grows_without_a_step_back_and_by_about_one_a_second():
    heard = Analysis(noise(20, 0.1))
    for band in BANDS:
        phase = heard[f"audio.{band}.phase"]
        assert (np.diff(phase) >= 0).all()
        assert phase[-1] - phase[np.searchsorted(heard.seconds, 10)] == pytest.approx(10, rel=0.1)


def test_hits_come_in_the_band_of_the_drum():
    sound, times = drums(12)
    heard = Analysis(sound.astype(np.float32))
    for band, drum in (("bass", "kick"), ("air", "hat")):
        found = heard.counted(f"audio.{band}.count")
        near = [np.abs(found - t).min() < 0.05 for t in times[drum]]
        assert np.mean(near) > 0.9, band
    quarter = times["hat"][~np.isin(times["hat"], np.concatenate([times["kick"], times["snare"]]))]
    bass = heard.counted("audio.bass.count")
    assert np.mean([np.abs(bass - t).min() < 0.05 for t in quarter]) < 0.1


def test_a_hit_is_one_and_decays_over_150_ms():
    sound, _ = drums(4)
    heard = Analysis(sound.astype(np.float32))
    hit, count = heard["audio.bass.hit"], heard["audio.bass.count"]
    first = np.flatnonzero(count > 0)[0]
    assert hit[first] == 1.0
    later = first + round(0.15 / heard.hop_s)
    assert count[later] == 1.0
    assert hit[later] == pytest.approx(np.exp(-1), abs=0.02)
