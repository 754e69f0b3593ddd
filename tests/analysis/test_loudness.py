import numpy as np
import pytest

from pix2live.analysis.loudness import k_weighting

from .sounds import Analysis, sine


def test_biquads_at_48_khz_are_the_standards():
    expected = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
    assert np.allclose(k_weighting(48000), expected, atol=1e-9)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_full_scale_997_hz_sine_in_one_channel_reads_minus_3_01(rate):
    stereo = np.zeros((4 * rate, 2), np.float32)
    stereo[:, 0] = sine(997, 4, 1.0, rate)
    heard = Analysis(stereo, rate)
    assert heard["audio.lufs_m"][-1] == pytest.approx(-3.01, abs=0.02)
    assert heard["audio.lufs_s"][-1] == pytest.approx(-3.01, abs=0.02)


def test_both_channels_add_3_db_and_20_db_less_reads_20_less():
    both = np.repeat(sine(997, 4, 0.1)[:, None], 2, axis=1)
    assert Analysis(both)["audio.lufs_s"][-1] == pytest.approx(-20.0, abs=0.02)


def test_momentary_forgets_after_400_ms_and_short_term_after_3_s():
    sound = np.concatenate([sine(997, 4), np.zeros(48000 * 4, np.float32)])
    heard = Analysis(sound)
    after = heard.seconds - 4.0
    assert heard["audio.lufs_m"][np.searchsorted(after, 0.2)] == pytest.approx(-6.0, abs=0.15)
    assert heard["audio.lufs_m"][np.searchsorted(after, 0.45)] < -60
    assert heard["audio.lufs_s"][np.searchsorted(after, 1.5)] == pytest.approx(-6.0, abs=0.05)
    assert heard["audio.lufs_s"][np.searchsorted(after, 3.1)] < -60


def test_surround_weighs_more_and_lfe_nothing_in_5_1():
    def reading(channel):
        sound = np.zeros((48000, 6), np.float32)
        sound[:, channel] = sine(997, 1)
        return Analysis(sound)["audio.lufs_m"][-1]

    assert reading(2) == pytest.approx(-3.01, abs=0.02)
    assert reading(4) == pytest.approx(-3.01 + 1.49, abs=0.02)
    assert reading(3) == -120.0
