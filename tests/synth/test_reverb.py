"""The reverb decays as asked, is dense, does not ring, and is as wide as a room."""

import itertools

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from tests.synth.chain import RATE, noise, response, rms, silence, through


def decay_s(sound, hz, rate=RATE):
    """Decay by 60 dB in the octave around ``hz``, from -5 to -35 dB of Schroeder's integral."""
    band = sosfilt(butter(3, [hz / 2**0.5, hz * 2**0.5], "bandpass", fs=rate, output="sos"), sound)
    left = np.cumsum(np.square(band[::-1]))[::-1]
    level = 10 * np.log10(left / left[0] + 1e-30)
    first, last = np.argmax(level < -5), np.argmax(level < -35)
    return -60 / (np.polyfit(np.arange(first, last), level[first:last], 1)[0] * rate)


def echo_density(sound, rate=RATE):
    """Share of samples beyond one standard deviation over that of Gaussian noise (Abel & Huang 2006), every 10 ms."""
    half = rate // 100
    window = np.hanning(2 * half + 1)
    window /= window.sum()
    density = []
    for at in range(half, len(sound) - half, half):
        part = sound[at - half : at + half + 1]
        density.append(window[np.abs(part) > np.sqrt(window @ np.square(part))].sum() / 0.3173)
    return np.array(density)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 6.0])
@pytest.mark.parametrize("damping", [0.0, 0.5, 1.0])
def test_decays_in_the_time_asked_for(seconds, damping):
    tail = response(0.2 + seconds, reverb_mix=1.0, reverb_seconds=seconds, reverb_damping=damping)
    for side in tail:
        assert decay_s(side, 1000) == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize("rate", [44100, 88200, 96000])
def test_decays_alike_at_every_sample_rate(rate):
    tail = response(1.7, rate=rate, reverb_mix=1.0, reverb_seconds=1.5)
    assert decay_s(tail[0], 1000, rate) == pytest.approx(1.5, rel=0.1)


def test_without_damping_all_middle_octaves_decay_alike():
    tail = response(2.4, reverb_mix=1.0, reverb_seconds=2.0, reverb_damping=0.0)
    for hz in (250, 500, 1000, 2000, 4000):
        assert decay_s(tail[0], hz) == pytest.approx(2.0, rel=0.1), hz


def test_damping_shortens_the_highs_step_by_step():
    highs = [decay_s(response(2.4, reverb_mix=1.0, reverb_seconds=2.0, reverb_damping=d)[1], 8000)
             for d in (0.0, 0.25, 0.5, 0.75, 1.0)]  # fmt: skip
    assert all(b < 0.9 * a for a, b in itertools.pairwise(highs))
    assert highs[-1] < 0.35 * highs[0]


def test_is_as_dense_as_noise_within_a_tenth_of_a_second():
    density = echo_density(response(0.5, side=0, reverb_mix=1.0, reverb_seconds=3.0, reverb_damping=0.0)[0])
    assert density[10:40].min() > 0.85
    assert np.mean(density[10:40]) > 0.95
    assert density[0] < 0.5  # the measure tells sparse from dense


@pytest.mark.parametrize("start_s", [0.3, 2.0])
def test_no_mode_rings_out(start_s):
    tail = response(4.0, reverb_mix=1.0, reverb_seconds=8.0, reverb_damping=0.2)[0]
    part = tail[int(start_s * RATE) :][: int(1.4 * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    hz = np.fft.rfftfreq(len(part), 1 / RATE)
    spectrum = spectrum[(hz > 200) & (hz < 6000)]
    around = np.convolve(spectrum, np.ones(301) / 301, "same")
    # Noise that decays likewise reaches 9.7 dB; lines that do not drift reach 16.8.
    assert 10 * np.log10((spectrum / around)[200:-200].max()) < 14.0


def test_each_side_of_the_input_is_heard_on_both_sides_and_differently():
    left, right = (response(1.0, side=side, reverb_mix=1.0, reverb_seconds=1.0) for side in (0, 1))
    late = slice(RATE // 10, None)
    parts = [left[0, late], left[1, late], right[0, late], right[1, late]]
    levels = [rms(part) for part in parts]
    assert max(levels) < 1.4 * min(levels)
    correlations = np.corrcoef(parts)
    assert np.abs(correlations - np.eye(4)).max() < 0.15


def test_nothing_is_heard_of_the_room_before_its_pre_delay():
    tail = response(0.5, reverb_mix=1.0)
    assert np.abs(tail[:, : RATE // 100 - 1]).max() < 1e-12
    assert np.abs(tail[:, : RATE // 50]).max() > 1e-2


@pytest.mark.parametrize("seconds", [0.5, 3.0, 10.0])
def test_long_and_short_rooms_are_about_as_loud_as_the_dry_sound(seconds):
    sound = sosfilt(butter(2, 2000, fs=RATE, output="sos"), noise(12.0)).astype(np.float32)
    wet = through(sound, reverb_mix=1.0, reverb_seconds=seconds)
    assert abs(20 * np.log10(rms(wet[:, 9 * RATE :]) / rms(sound))) < 2.5


def test_the_tail_dies_to_true_silence_without_denormals():
    sound = silence(8.0)
    sound[:, :1000] = 0.5
    tail = through(sound, reverb_mix=1.0, reverb_seconds=0.3)
    assert not tail[:, -RATE:].any()
    sizes = np.abs(tail[tail != 0.0])
    assert sizes.min() > 1.2e-38
