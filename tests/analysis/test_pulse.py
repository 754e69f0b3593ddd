from itertools import pairwise

import numpy as np
import pytest

from pix2live.analysis.novelty import Novelty
from pix2live.analysis.pulse import BANDS, DELAY_S, EDGES_HZ, FRAME_HOPS, INPUTS, TAPS, Pulse, weights

from .sounds import RATE, noise
from .test_tempo import band, clicks

HOP = 256
FRAME_S = FRAME_HOPS * HOP / RATE


@pytest.fixture(scope="module")
def stages():
    novelty = Novelty(RATE, HOP)
    return novelty, Pulse(novelty.centre_hz)


def chances(stages, sound):
    """Beat and downbeat chance of every frame."""
    novelty, pulse = stages
    novelty.reset()
    pulse.reset()
    out = []
    for i in range(len(sound) // HOP):
        novelty.process(sound[i * HOP : (i + 1) * HOP])
        heard = pulse.process(novelty.logs, novelty.smooth)
        if i % FRAME_HOPS == FRAME_HOPS - 1:
            out.append(heard.copy())
    return np.array(out)


def frames(times):
    return np.round((np.asarray(times) + DELAY_S) / FRAME_S).astype(int) - 1


def around(heard, times):
    """The highest chance within a frame of each time."""
    at = frames(times)
    return np.max([heard[np.clip(at + d, 0, len(heard) - 1)] for d in (-1, 0, 1)], axis=0)


@pytest.mark.parametrize(("bpm", "swing"), [(92, 0.5), (126, 0.5), (174, 0.5), (132, 2 / 3)])
def test_a_beat_of_drums_is_likely_and_what_lies_between_is_not(stages, bpm, swing):
    beats = 0.5 + np.arange(0, 40) * 60 / bpm
    heard = chances(stages, band(beats, 12.0, swing))[:, 0]
    times = beats[(beats > 5.0) & (beats < 11.8)]
    off = times[:-1] + 0.25 * 60 / bpm
    assert np.median(around(heard, times)) > 0.5
    assert np.median(around(heard, off)) < 0.1


@pytest.mark.parametrize("beats_a_bar", [3, 4])
def test_a_downbeat_is_likelier_than_the_other_beats(stages, beats_a_bar):
    beats = 0.5 + np.arange(0, 60) * 0.5
    heard = chances(stages, band(beats, 20.0, beats_a_bar=beats_a_bar))[:, 1]
    found = around(heard, beats[(beats > 9.0) & (beats < 19.8)])
    first = np.flatnonzero(beats > 9.0)[0]
    place = (first + np.arange(len(found))) % beats_a_bar
    assert np.median(found[place == 0]) > 2.0 * np.median(found[place != 0])


@pytest.mark.parametrize("bpm", [40, 60, 90, 140, 200, 240])
def test_every_click_of_a_metronome_is_likely(stages, bpm):
    times = np.arange(0.4, 12.0, 60 / bpm)
    heard = chances(stages, clicks(times, 12.0))[:, 0]
    late = times[(times > 5.0) & (times < 11.8)]
    assert np.median(around(heard, late)) > 0.4
    assert np.median(heard) < 0.05


def test_in_silence_and_noise_no_beat_is_likely(stages):
    assert chances(stages, np.zeros(4 * RATE, np.float32))[20:].max() < 0.3
    assert np.mean(chances(stages, noise(8.0))[:, 0]) < 0.1


def test_the_level_changes_nothing(stages):
    sound = band(0.5 + np.arange(0, 20) * 0.5, 8.0)
    loud, soft = chances(stages, sound), chances(stages, 0.05 * sound)
    assert np.abs(loud - soft)[100:].mean() < 0.01


def test_the_kernel_computes_the_convolutions_that_the_weights_say(stages):
    novelty, pulse = stages
    net, sound = weights(), band(0.5 + np.arange(0, 10) * 0.5, 3.0)
    novelty.reset()
    pulse.reset()
    edges = np.searchsorted(novelty.centre_hz, EDGES_HZ)
    given, heard, before = [], [], None
    for i in range(len(sound) // HOP):
        novelty.process(sound[i * HOP : (i + 1) * HOP])
        new, old = novelty.logs[0], novelty.logs[-1]
        wide = np.max([np.r_[old[0], old[:-1]], old, np.r_[old[1:], old[-1]]], axis=0)
        parts = [new, np.maximum(new - wide, 0), np.maximum(novelty.smooth[0] - novelty.smooth[1], 0)]
        now = np.array([[part[a:b].mean() for a, b in pairwise(edges)] for part in parts])
        answer = pulse.process(novelty.logs, novelty.smooth)
        if i % 2:
            given.append(np.concatenate([(now[0] + before[0]) / 2, np.maximum(now[1], before[1]), now[2]]))
            heard.append(answer.copy())
        before = now
    x = np.concatenate([np.zeros((TAPS - 1, INPUTS)), given])
    assert x.shape[1] == 3 * BANDS
    x = np.stack([x[t : t + TAPS].ravel() for t in range(len(given))]) @ net.front + net.front_offset
    x = np.maximum(x, 0)
    for b in range(len(net.past)):
        padded = np.concatenate([np.zeros((2 * 2**b, x.shape[1])), x])
        h = sum(padded[k * 2**b :][: len(x)] @ net.past[b, k] for k in range(TAPS)) + net.past_offset[b]
        x = x + np.maximum(h, 0) @ net.mix[b] + net.mix_offset[b]
    odds = np.maximum(x, 0) @ net.end + net.end_offset
    assert np.array(heard) == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-3)


def test_again_after_reset_to_the_bit(stages):
    sound = band(0.5 + np.arange(0, 8) * 0.5, 3.0)
    assert np.array_equal(chances(stages, sound), chances(stages, sound))


@pytest.mark.parametrize("value", [0.0, 1e-40, 1.0, -1.0, np.nan, np.inf, 1e30])
def test_any_sound_gives_chances_and_the_given_is_left_untouched(stages, value):
    novelty, pulse = stages
    novelty.reset()
    pulse.reset()
    sound = np.full(HOP, value, np.float32)
    for _ in range(60):
        novelty.process(sound)
        logs, smooth = novelty.logs.copy(), novelty.smooth.copy()
        heard = pulse.process(novelty.logs, novelty.smooth)
        assert np.isfinite(heard).all() and heard.min() >= 0 and heard.max() <= 1
        assert np.array_equal(logs, novelty.logs) and np.array_equal(smooth, novelty.smooth)
