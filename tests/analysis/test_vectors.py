import numpy as np
import pytest

from .sounds import Analysis, noise, sine


def test_spectrum_peaks_where_the_tone_is():
    for hz in (60, 440, 1000, 5000, 12000):
        shown_hz = 20 * 1000 ** (np.argmax(Analysis(sine(hz, 1, 0.5)).spectrum[-1]) / 512)
        assert abs(shown_hz - hz) < max(48000 / 2048 / 2, 0.02 * hz)


def test_a_full_scale_sine_at_1_khz_reads_one_and_falls_by_80_db_to_zero():
    bin_hz = 43 * 48000 / 2048
    assert Analysis(sine(bin_hz, 1)).spectrum[-1].max() == pytest.approx(1.0, abs=0.01)
    assert Analysis(sine(bin_hz, 1, 0.1)).spectrum[-1].max() == pytest.approx(0.75, abs=0.01)


def test_spectrum_falls_gradually():
    heard = Analysis(np.concatenate([sine(1000, 1, 0.5), np.zeros(48000, np.float32)]))
    peak = heard.spectrum[:, np.argmax(heard.spectrum[100])]
    assert np.diff(peak).min() > -0.02
    assert peak[-1] == 0.0


def test_mel_equals_its_definition():
    sound = noise(1, 0.2)
    heard = Analysis(sound)
    power = np.abs(np.fft.rfft(sound[heard.end[-1] - 2048 : heard.end[-1]] * np.hanning(2049)[:-1])) ** 2 / 512**2
    top = 15 + 27 * np.log(16) / np.log(6.4)
    mel = np.linspace(0.45, top, 66)
    edges = np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))
    hz = np.arange(1025) * 48000 / 2048
    filters = np.array([np.interp(hz, edges[i : i + 3], [0, 1, 0]) for i in range(64)])
    expected = np.clip((10 * np.log10(filters @ power) + 80) / 80, 0, 1)
    assert np.abs(heard.mel[-1] - expected).max() < 2e-3


def test_fft_is_the_web_audio_magnitude_of_a_steady_tone():
    heard = Analysis(sine(100 * 48000 / 2048, 2, 10 ** (-40 / 20)))
    assert heard.fft[-1].argmax() == 100
    assert heard.fft[-1, 100] == pytest.approx((20 * np.log10(0.01 * 0.42 / 2) + 100) / 70, abs=0.001)


@pytest.mark.parametrize(("rate", "channels"), [(48000, 1), (44100, 2), (96000, 2)])
def test_fft_equals_web_audios_analyser(rate, channels):
    # AnalyserNode: Blackman window (alpha 0.16), divided by its size, 0.8 of the last magnitudes kept each 1/60 s.
    sounds = [noise(0.6, 0.02, rate, seed) + sine(3000, 0.6, 0.003, rate) for seed in range(channels)]
    sound = np.stack(sounds, axis=1).astype(np.float32)
    heard = Analysis(sound, rate)
    size, hop = heard.analyzer.window, heard.analyzer.hop
    n = np.arange(size) / size
    window = 0.42 - 0.5 * np.cos(2 * np.pi * n) + 0.08 * np.cos(4 * np.pi * n)
    padded = np.concatenate([np.zeros((size, channels)), sound])
    keep, smooth = 0.8 ** (60 * hop / rate), np.zeros(1025)
    for row, end in enumerate(heard.end):
        bins = np.fft.rfft(padded[end : end + size] * window[:, None], axis=0)[:1025] / size
        smooth = keep * smooth + (1 - keep) * np.sqrt(np.mean(np.abs(bins) ** 2, axis=1))
        expected = np.clip((20 * np.log10(np.maximum(smooth, 1e-12)) + 100) / 70, 0, 1)
        assert np.abs(heard.fft[row, 6:] - expected[6:]).max() < 2e-3  # below 140 Hz the DC blocker shows


def test_fft_smoothing_is_0_8_a_sixtieth_of_a_second():
    heard = Analysis(np.concatenate([sine(2343.75, 2, 0.01), np.zeros(48000, np.float32)]))
    db = heard.fft[:, 100] * 70 - 100
    start = np.searchsorted(heard.seconds, 2.06)
    per_hop = np.diff(db[start : start + 20])
    assert per_hop == pytest.approx(np.full(19, 20 * np.log10(0.8) * heard.hop_s * 60), abs=0.01)


def test_a_steady_tone_stands_still_in_the_waveform():
    for hz in (83.0, 220.0, 997.0):
        heard = Analysis(sine(hz, 1, 0.7))
        late = heard.waveform[-40:]
        step = 2 * np.pi * hz / 48000 * 0.7
        assert np.abs(late[:, 0]).max() <= step * 1.05
        assert (late[:, 1] > late[:, 0]).all()
        assert np.abs(late - late[0]).max() < 2 * step


def test_waveform_is_the_mono_mix_in_plus_minus_one():
    left, right = sine(300, 1, 0.8), sine(300, 1, 0.2)
    heard = Analysis(np.stack([left, right], axis=1))
    assert np.abs(heard.waveform[-1]).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(Analysis(noise(1, 3.0)).waveform).max() <= 1.0


@pytest.mark.parametrize("rate", [44100, 96000, 22050])
def test_vectors_look_alike_at_any_rate(rate):
    ours, base = Analysis(sine(440, 1, 0.01, rate), rate), Analysis(sine(440, 1, 0.01))
    assert abs(int(ours.spectrum[-1].argmax()) - int(base.spectrum[-1].argmax())) <= 2
    assert abs(int(ours.mel[-1].argmax()) - int(base.mel[-1].argmax())) <= 1
    bin_hz = ours.analyzer.sample_rate / ours.analyzer.window
    assert ours.fft[-1].argmax() == round(440 / bin_hz)
