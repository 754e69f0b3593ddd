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


def tones(*parts: tuple[float, float], hz: float = 1000, rate: int = 48000, channels: int = 2) -> np.ndarray:
    """(dBFS, seconds) after one another without a break in phase, the same in each channel; -inf is silence."""
    gain = np.concatenate([np.full(round(seconds * rate), 10 ** (db / 20)) for db, seconds in parts])
    mono = gain * np.sin(2 * np.pi * hz * np.arange(len(gain)) / rate)
    return np.repeat(mono[:, None], channels, axis=1).astype(np.float32)


# The minimum requirements of EBU Tech 3341 (table 1) that bind a meter of M and S; tolerance 0.1 LU.
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("db", [-23.0, -33.0])
def test_ebu_cases_1_and_2_a_steady_stereo_tone(db, rate):
    heard = Analysis(tones((db, 5.0), rate=rate), rate)
    for name in ("audio.lufs_m", "audio.lufs_s"):
        assert heard[name][-1] == pytest.approx(db, abs=0.1)


def test_ebu_case_6_a_tone_in_five_channels():
    levels = np.array([-28.0, -28.0, -24.0, -30.0, -30.0])  # left, right, centre, left and right surround
    mono = tones((0.0, 5.0), channels=1)
    heard = Analysis((mono * 10 ** (levels / 20)).astype(np.float32))
    assert heard["audio.lufs_s"][-1] == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_ebu_case_9_short_term_holds_while_tones_alternate(rate):
    heard = Analysis(tones(*[(-20.0, 1.34), (-30.0, 1.66)] * 5, rate=rate), rate)
    settled = heard["audio.lufs_s"][heard.seconds > 3.0]
    assert np.abs(settled + 23.0).max() < 0.1


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_ebu_case_12_momentary_holds_while_tones_alternate(rate):
    heard = Analysis(tones(*[(-20.0, 0.18), (-30.0, 0.22)] * 12, rate=rate), rate)
    settled = heard["audio.lufs_m"][heard.seconds > 1.0]
    assert np.abs(settled + 23.0).max() < 0.1


@pytest.mark.parametrize("late_s", [0.0, 0.45, 1.35, 2.85])
def test_ebu_case_10_highest_short_term_wherever_the_tone_begins(late_s):
    heard = Analysis(tones((-np.inf, late_s), (-23.0, 3.0), (-np.inf, 1.0)))
    assert heard["audio.lufs_s"].max() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("late_s", [0.0, 0.02, 0.14, 0.38])
def test_ebu_case_13_highest_momentary_wherever_the_tone_begins(late_s):
    heard = Analysis(tones((-np.inf, late_s), (-23.0, 0.4), (-np.inf, 1.0)))
    assert heard["audio.lufs_m"].max() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("channels", range(1, 9))
def test_every_number_of_channels_adds_up_as_the_standard_weighs_them(channels):
    gains = {5: [1, 1, 1, 1.41, 1.41], 6: [1, 1, 1, 0, 1.41, 1.41]}.get(channels, [1] * channels)
    heard = Analysis(tones((-30.0, 1.0), hz=997, channels=channels))
    assert heard["audio.lufs_m"][-1] == pytest.approx(-33.01 + 10 * np.log10(sum(gains)), abs=0.02)


@pytest.mark.parametrize("hz", [25, 60, 100, 500, 2000, 10000])
def test_the_filter_follows_the_standards_curve_at_44_1_and_96_khz(hz):
    # The curve of the two biquads that BS.1770 prints for 48 kHz, whatever the rate.
    z = np.exp(-2j * np.pi * hz / 48000 * np.arange(3))
    shelf = np.dot([1.53512485958697, -2.69169618940638, 1.19839281085285], z)
    shelf /= np.dot([1.0, -1.69065929318241, 0.73248077421585], z)
    cut = np.dot([1.0, -2.0, 1.0], z) / np.dot([1.0, -1.99004745483398, 0.99007225036621], z)
    expected = -3.01 - 20 - 0.691 + 20 * np.log10(abs(shelf * cut))
    for rate in (44100, 96000):
        heard = Analysis(sine(hz, 2, 0.1, rate), rate)
        assert heard["audio.lufs_m"][-1] == pytest.approx(expected, abs=0.1)
