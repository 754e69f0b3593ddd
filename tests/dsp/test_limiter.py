"""The limiter: true peaks stay under -1 dBFS at any input; below the threshold nothing changes but the time."""

import numpy as np
import pytest
from scipy.signal import resample, resample_poly

from pix2live.dsp.limiter import TruePeakLimiter

RATE = 48000
N = 24000
rng = np.random.default_rng(7)
time = np.arange(N)


def tone(cycles_a_sample, phase=0.0):
    return np.sin(2 * np.pi * cycles_a_sample * time + phase)[:, None] * np.ones(2)


def true_peak_db(sound):
    return 20 * np.log10(np.abs(resample_poly(sound.astype(float), 16, 1, axis=0)).max())


def limited(sound, limiter=None, block=256):
    limiter = limiter or TruePeakLimiter(RATE)
    out = np.pad(sound, ((500, 500), (0, 0))).astype(np.float32)
    for start in range(0, len(out), block):
        limiter.process(out[start : start + block])
    return out


SOUNDS = {
    "full-scale noise": rng.uniform(-1, 1, (N, 2)),
    "noise +20 dB": rng.normal(0, 1, (N, 2)) * 10,
    "random signs": np.sign(rng.normal(0, 1, (N, 2))),
    "square": np.sign(tone(997.3 / RATE)),
    "square +20 dB": 10 * np.sign(tone(6007.3 / RATE)),
    "fs/4 at 45 degrees": tone(0.25, np.pi / 4),
    "fs/4 at 45 degrees, samples at full scale": np.sqrt(2) * tone(0.25, np.pi / 4),
    "sine +20 dB": 10 * tone(997 / RATE),
    "near Nyquist": 2 * tone(0.48),
    "chirp": 4 * np.sin(0.46 * np.pi * time**2 / N)[:, None] * np.ones(2),
    "gated tone": 10 * tone(0.1) * ((time // 3000) % 2)[:, None],
    "clicks": (rng.random((N, 2)) < 0.001) * rng.normal(0, 20, (N, 2)),
    "one side": tone(0.01) * [5.0, 0.1],
    "DC": np.full((N, 2), 3.0),
    "+120 dB": rng.normal(0, 1e6, (N, 2)),
    "the largest floats": rng.choice([-3e38, 3e38], (N, 2)),
}


def _bursts(pattern, every=1500):
    out = np.zeros((N, 2))
    for start in range(500, N - 500, every):
        out[start : start + len(pattern)] = pattern[:, None]
    return out


# Samples whose signs are those of a sinc half-way between two of them: nothing peaks higher between samples.
_WORST = np.sign(np.sinc(np.arange(-40, 40) + 0.5))
NASTY = {
    **{f"square at {f} fs, {db} dB over": 10 ** (db / 20) * np.sign(tone(f, p) + 1e-9)
       for f, p in ((0.25, 0.0), (0.25, np.pi / 4), (0.3333, 1.0), (0.45, 0.3), (0.49, 0.0)) for db in (0, 40)},
    "fs/4 between samples, 40 dB over": 141.0 * tone(0.25, np.pi / 4),
    "one full impulse": _bursts(np.ones(1), N),
    "impulses of both signs, 40 dB over": _bursts(np.array([100.0, -100.0])),
    "the worst between samples": _bursts(_WORST),
    "the worst between samples, 40 dB over": _bursts(100.0 * _WORST),
    "a burst at Nyquist": 50.0 * ((time // 500) % 2 * (-1.0) ** time)[:, None] * np.ones(2),
    "DC, 40 dB over": np.full((N, 2), 100.0),
    "DC steps": 100.0 * (time % 2000 < 1000)[:, None] * np.ones(2),
    "a tone on DC": 50.0 + 50.0 * tone(0.11),
    "signs, 40 dB over": 100.0 * np.sign(rng.normal(0, 1, (N, 2))),
    "a tone that rises by 120 dB": 1e-3 * np.exp(14 * time / N)[:, None] * tone(0.013),
    "huge and denormal": rng.choice([-1e38, 1e-40, 0.0, 1e38], (N, 2)),
    "a third of it NaN and Inf": np.where(rng.random((N, 2)) < 0.3, rng.choice([np.nan, np.inf, -np.inf], (N, 2)), 9.0),
}


@pytest.mark.parametrize("block", [64, 441])
@pytest.mark.parametrize("name", NASTY)
def test_four_times_oversampled_no_input_passes_minus_one(name, block):
    out = limited(NASTY[name], block=block)
    assert np.isfinite(out).all()
    assert 20 * np.log10(np.abs(resample_poly(out.astype(float), 4, 1, axis=0)).max()) < -1.0
    assert true_peak_db(out) < -1.0
    assert np.abs(out).max() > 0.05


@pytest.mark.parametrize("name", SOUNDS)
def test_true_peak_stays_under_minus_one(name):
    out = limited(SOUNDS[name])
    assert np.isfinite(out).all()
    assert true_peak_db(out) < -1.0
    assert np.abs(out).max() > 0.05


@pytest.mark.parametrize("name", ["full-scale noise", "noise +20 dB", "square", "sine +20 dB", "fs/4 at 45 degrees"])
def test_an_ideal_interpolator_agrees(name):
    out = limited(SOUNDS[name]).astype(float)
    assert 20 * np.log10(np.abs(resample(out, 8 * len(out), axis=0)).max()) < -1.0


def test_below_the_threshold_it_is_a_pure_delay():
    limiter = TruePeakLimiter(RATE)
    quiet = (0.5 * tone(0.013) + 0.1 * tone(0.21)).astype(np.float32)
    out = quiet.copy()
    limiter.process(out)
    delay = limiter.latency_samples
    assert limiter.latency_s == pytest.approx(0.0015)
    assert np.array_equal(out[delay:], quiet[:-delay])
    assert not out[:delay].any()


def test_it_comes_back_to_exact_unity():
    limiter = TruePeakLimiter(RATE)
    loud = np.zeros((4 * RATE, 2), np.float32)
    loud[:2000] = 8.0
    loud[3 * RATE :] = 0.25
    out = loud.copy()
    limiter.process(out)
    assert np.all(out[3 * RATE + limiter.latency_samples :] == 0.25)


def test_loud_music_keeps_its_loudness():
    out = limited(10 * tone(997 / RATE))[2000:-2000]
    assert -2.3 < 20 * np.log10(np.abs(out).max()) < -1.0


def test_gain_is_shared_so_the_image_does_not_move():
    out = limited(tone(0.01) * [5.0, 0.5])[1000:-1000]
    assert np.allclose(out[:, 1], out[:, 0] / 10, atol=1e-6)


@pytest.mark.parametrize("block", [1, 64, 128, 441, 1024])
def test_block_size_does_not_matter(block):
    sound = SOUNDS["gated tone"] + 0.1 * SOUNDS["full-scale noise"]
    assert np.array_equal(limited(sound), limited(sound, block=block))


def test_reset_gives_the_same_again():
    limiter = TruePeakLimiter(RATE)
    first = limited(SOUNDS["noise +20 dB"], limiter)
    limiter.reset()
    assert np.array_equal(first, limited(SOUNDS["noise +20 dB"], limiter))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_silence(value):
    sound = 0.5 * tone(0.01)
    broken = sound.copy()
    broken[1000:1010] = value
    out = limited(broken)
    assert np.isfinite(out).all()
    sound[1000:1010] = 0.0
    assert np.array_equal(out, limited(sound))


def test_denormals_and_silence_pass():
    out = limited(np.full((N, 2), 1e-42))
    assert np.isfinite(out).all()
    assert not limited(np.zeros((N, 2))).any()


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000, 192000])
def test_other_sample_rates(rate):
    limiter = TruePeakLimiter(rate)
    assert true_peak_db(limited(SOUNDS["noise +20 dB"], limiter)) < -1.0
    assert 0.0014 < limiter.latency_s < 0.02
