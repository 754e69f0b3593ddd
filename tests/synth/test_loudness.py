"""The slow gain: a made-up run of loud and soft pictures keeps one loudness; silence teaches nothing."""

import numpy as np
import pytest
from scipy.signal import lfilter

from pix2live.dsp.oscillator import CHUNK
from pix2live.dsp.weighting import k_weighting
from pix2live.synth.instrument import Instrument
from pix2live.synth.loudness import Loudness, keep_loudness
from tests.synth.playing import knobs

RATE = 16000


def lufs(sound, rate=RATE):
    """Loudness of (frames, 2), what lies below -60 LUFS in blocks of 0.4 s left out."""
    for b0, b1, b2, a1, a2 in k_weighting(rate):
        sound = lfilter([b0, b1, b2], [1.0, a1, a2], sound.astype(float), axis=0)
    size = int(0.4 * rate)
    power = np.square(sound[: len(sound) // size * size]).reshape(-1, size, 2).mean(axis=1).sum(axis=1)
    heard = power[power > 10 ** ((-60 + 0.691) / 10)]
    return -0.691 + 10 * np.log10(heard.mean()) if len(heard) else -120.0


@pytest.fixture(scope="module")
def synth():
    return Instrument(RATE, max_partials=8)


def run(synth, minutes, on, target=-22.0):
    """A long run whose pictures are from dark to bright, 20 to 60 s each, some black: (frames, 2)."""
    rng = np.random.default_rng(5)
    values = knobs({"loudness_on": on, "loudness_db": target, "scan.normalise": 0.0, "scan.low_hz": 200.0,
                    "scan.high_hz": 4000.0})  # fmt: skip
    synth.set_score(None)
    synth.reset()
    out = np.zeros((int(minutes * 60) * RATE, 2), np.float32)
    change = 0
    for second in range(len(out) // RATE):
        if second == change:
            change += int(rng.integers(20, 60))
            bright = 0.0 if rng.random() < 0.15 else rng.uniform(0.8, 0.98)
            synth.set_score((bright * rng.uniform(0.9, 1.0, (8, 8, 2))).astype(np.float32))
        synth.process(values, out[second * RATE : (second + 1) * RATE])
    return out


def test_a_long_run_keeps_one_loudness_within_1_lu(synth):
    windows = [lufs(part) for part in np.array_split(run(synth, 17, 1.0)[2 * 60 * RATE :], 3)]
    assert np.abs(np.array(windows) + 22.0).max() < 1.0, windows
    free = [lufs(part) for part in np.array_split(run(synth, 7, 0.0)[2 * 60 * RATE :], 1)]
    assert np.abs(np.array(free) + 22.0).max() > 3.0, free


def tone(level_db, seconds, hz=997.0):
    n = np.arange(round(seconds * RATE / CHUNK) * CHUNK)
    return np.tile((10 ** (level_db / 20) * np.sin(2 * np.pi * hz / RATE * n)).astype(np.float32), (2, 1))


def through(sound, on=1.0, target=-20.0, stage=None):
    stage = stage or Loudness.empty(RATE)
    out = np.empty_like(sound)
    for start in range(0, sound.shape[1], CHUNK):
        chunk = np.ascontiguousarray(sound[:, start : start + CHUNK])
        keep_loudness(chunk, stage, float(on(start) if callable(on) else on), float(target), float(RATE))
        out[:, start : start + CHUNK] = chunk
    return out


def test_off_it_changes_no_bit():
    sound = tone(-30.0, 1.0)
    assert np.array_equal(through(sound, on=0.0), sound)


@pytest.mark.parametrize("level_db", [-26.0, -14.0])
def test_a_steady_tone_comes_to_the_target_slowly(level_db):
    out = through(tone(level_db, 90.0))
    # A tone of 997 Hz on both sides measures its level in dBFS RMS plus 3 dB; its RMS is 3 dB under its peak.
    assert lufs(out[:, -10 * RATE :].T) == pytest.approx(-20.0, abs=0.1)
    first = lufs(out[:, :RATE].T) - level_db
    assert abs(first) < 1.0


def test_it_never_gives_or_takes_more_than_12_db():
    for level_db in (-50.0, 0.0):
        out = through(tone(level_db, 150.0))
        assert lufs(out[:, -5 * RATE :].T) == pytest.approx(level_db + np.sign(-20 - level_db) * 12.0, abs=0.1)


def test_silence_and_what_is_all_but_silence_teach_nothing():
    stage = Loudness.empty(RATE)
    through(tone(-26.0, 90.0), stage=stage)
    gain = float(stage.state["gain_db"][0])
    hum = tone(-75.0, 120.0)
    through(hum, stage=stage)
    assert gain == pytest.approx(6.0, abs=0.1)
    assert float(stage.state["gain_db"][0]) == pytest.approx(gain, abs=0.15)


def test_it_moves_too_slowly_to_be_heard():
    sound = np.concatenate([tone(-32.0, 60.0), tone(-8.0, 60.0)], axis=1)
    gain_db = 20 * np.log10(np.abs(through(sound))[0].reshape(-1, RATE).max(axis=1)
                            / np.abs(sound)[0].reshape(-1, RATE).max(axis=1))  # fmt: skip
    assert np.abs(np.diff(gain_db)).max() < 1.6


def test_turned_off_it_comes_back_to_every_bit():
    sound = tone(-32.0, 40.0)
    out = through(sound, on=lambda frame: 1.0 if frame < 30 * RATE else 0.0)
    assert not np.array_equal(out[:, 29 * RATE : 30 * RATE], sound[:, 29 * RATE : 30 * RATE])
    assert np.array_equal(out[:, 34 * RATE :], sound[:, 34 * RATE :])


def test_it_is_the_same_at_every_block_size_and_after_reset(synth):
    def take(block):
        synth.set_score(np.random.default_rng(2).random((8, 8, 2)).astype(np.float32))
        synth.reset()
        out = np.zeros((RATE, 2), np.float32)
        for start in range(0, len(out), block):
            synth.process(knobs({"loudness_on": 1.0, "loudness_db": -10.0}), out[start : start + block])
        return out

    assert np.array_equal(take(256), take(441))
