"""The built-in tune: always the same, seamless, neither too loud nor dull, and with loud and quiet passages."""

import itertools

import numpy as np
import pytest
from scipy.signal import lfilter

from pix2live.devices.demo_tune import BARS, BPM, DemoTune

RATE = 48000


@pytest.fixture(scope="module")
def tune() -> DemoTune:
    return DemoTune(RATE)


@pytest.fixture(scope="module")
def sound(tune: DemoTune) -> np.ndarray:
    out = np.empty((tune.frames, 2), np.float32)
    tune.reset()
    assert tune.read(out) == tune.frames
    return out


def momentary_lufs(sound: np.ndarray) -> np.ndarray:
    """Loudness of each 400 ms, a step of 100 ms (ITU-R BS.1770; its filters at 48 kHz)."""
    weighted = lfilter([1.53512485958697, -2.69169618940638, 1.19839281085285],
                       [1.0, -1.69065929318241, 0.73248077421585], sound, axis=0)
    weighted = lfilter([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621], weighted, axis=0)
    power = (weighted**2).sum(axis=1)[: len(sound) // 4800 * 4800].reshape(-1, 4800).mean(axis=1)
    return -0.691 + 10 * np.log10(np.convolve(power, np.full(4, 0.25), "valid") + 1e-12)


@pytest.mark.parametrize("block", [64, 128, 256, 441, 1024, 100003])
def test_same_samples_at_any_read_size_and_again_after_reset(tune: DemoTune, sound: np.ndarray, block: int) -> None:
    tune.reset()
    out, want = np.empty((block, 2), np.float32), np.concatenate([sound, sound])
    for begin in range(0, min(40 * block, len(sound)), block):
        assert tune.read(out) == block
        assert np.array_equal(out, want[begin : begin + block])


def test_made_anew_it_is_the_same(sound: np.ndarray) -> None:
    again = np.empty((len(sound), 2), np.float32)
    DemoTune(RATE).read(again)
    assert np.array_equal(again, sound)


def test_the_end_joins_the_start_like_any_other_place(tune: DemoTune, sound: np.ndarray) -> None:
    tune.reset()
    tune.read(np.empty((tune.frames - 100, 2), np.float32))
    seam = np.empty((200, 2), np.float32)
    tune.read(seam)
    assert np.array_equal(seam, np.concatenate([sound[-100:], sound[:100]])) and not tune.ended
    # The bar lines after a fill are as steep: kick and cymbal begin there too.
    bar = RATE * 240.0 / BPM
    steps = [np.abs(np.diff(sound[round(b * bar) - 100 : round(b * bar) + 100], axis=0)).max() for b in (8, 16, 32)]
    assert np.abs(np.diff(seam, axis=0)).max() < 2.0 * max(steps)
    # What rings at the end rings on: the first samples are no silence.
    assert np.abs(sound[:20]).max() > 1e-3


def test_level_has_headroom_and_usual_loudness(sound: np.ndarray) -> None:
    assert np.isfinite(sound).all()
    assert 20 * np.log10(np.abs(sound).max()) < -3.0
    loudness = momentary_lufs(sound)
    gate = -0.691 + 10 * np.log10(np.mean(10 ** ((loudness[loudness > -70] + 0.691) / 10))) - 10
    integrated = -0.691 + 10 * np.log10(np.mean(10 ** ((loudness[loudness > gate] + 0.691) / 10)))
    assert -16.0 < integrated < -14.0
    assert np.abs(sound.mean(axis=0)).max() < 1e-3


def test_it_has_loud_and_quiet_passages(sound: np.ndarray) -> None:
    loudness = momentary_lufs(sound)
    bar = len(loudness) / BARS
    breakdown, full = loudness[int(24.5 * bar) : int(28 * bar)], loudness[int(33 * bar) : int(39 * bar)]
    assert np.median(full) - np.median(breakdown) > 5.0
    assert loudness.min() < np.median(full) - 9.0


def test_all_bands_sound_and_both_sides_differ(sound: np.ndarray) -> None:
    bar = len(sound) // BARS
    full = sound[32 * bar : 38 * bar]
    power = np.abs(np.fft.rfft(full.mean(axis=1))) ** 2 / len(full) ** 2 * 2
    hz = np.fft.rfftfreq(len(full), 1 / RATE)
    edges = (20, 60, 150, 400, 1000, 2500, 6000, 16000)
    bands = [10 * np.log10(power[(hz >= low) & (hz < high)].sum()) for low, high in itertools.pairwise(edges)]
    assert min(bands) > -36.0 and max(bands) - min(bands) < 16.0
    assert 0.2 < np.corrcoef(full.T)[0, 1] < 0.9


def test_the_kick_is_on_the_beat(sound: np.ndarray) -> None:
    beat = 60.0 / BPM * RATE
    low = np.abs(lfilter([0.01], [1.0, -0.99], sound.mean(axis=1)))
    rises = []
    for number in range(4 * 9, 4 * 14):
        start = round(number * beat)
        rises.append(low[start : start + 2400].max() / low[start - 1200 : start].max())
    assert np.median(rises) > 1.5


@pytest.mark.parametrize("rate", [22050, 44100])
def test_any_rate_gives_the_same_length_and_level(sound: np.ndarray, rate: int) -> None:
    other = DemoTune(rate)
    out = np.empty((other.frames, 2), np.float32)
    other.read(out)
    assert other.duration_s == pytest.approx(len(sound) / RATE, abs=1e-3) and other.channels == 2
    assert np.isfinite(out).all() and 20 * np.log10(np.abs(out).max()) < -3.0
    assert np.sqrt(np.mean(out**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.12)
