import numpy as np
import pytest

from .sounds import RATE, Analysis, drums, f_measure, noise, pad, sine


def test_every_click_of_a_train_is_found_within_two_hops():
    times = np.arange(0.5, 9.5, 0.25)
    sound = np.zeros(RATE * 10, np.float32)
    sound[(times * RATE).astype(int)] = 0.5
    f, late = f_measure(Analysis(sound).counted(), times)
    assert f == 1.0
    assert late.min() >= 0.0
    assert late.max() <= 2 * 256 / RATE


@pytest.mark.parametrize("music", [0.0, 0.5, 1.5])
@pytest.mark.parametrize("seed", [0, 1])
def test_drum_hits_are_found_with_music_underneath(music, seed):
    beat, times = drums(20, seed)
    truth = np.unique(np.concatenate(list(times.values())))
    found = Analysis(np.tanh(0.7 * (beat + music * pad(20, seed=seed))).astype(np.float32)).counted()
    f, late = f_measure(found, truth)
    assert f > 0.96
    assert np.median(late) < 2 * 256 / RATE


@pytest.mark.parametrize("gain_db", [-40, -20, 6])
def test_onsets_do_not_depend_on_gain(gain_db):
    beat, times = drums(10)
    truth = np.unique(np.concatenate(list(times.values())))
    sound = (0.4 * (beat + 0.5 * pad(10)) * 10 ** (gain_db / 20)).astype(np.float32)
    assert f_measure(Analysis(sound).counted(), truth)[0] > 0.93


def test_steady_sounds_have_no_onset_but_their_start():
    for sound in (pad(20).astype(np.float32), sine(440, 20, 0.3)):
        assert (Analysis(sound).counted() > 0.6).sum() == 0


def test_steady_noise_hardly_ever_seems_an_onset():
    assert sum((Analysis(noise(20, seed=seed)).counted() > 0.6).sum() for seed in range(3)) <= 9


def test_notes_of_a_soft_melody_are_found():
    times, sound = np.arange(0.5, 8, 0.3), np.zeros(RATE * 9)
    t = np.arange(int(0.4 * RATE)) / RATE
    for i, at in enumerate(times):
        note = np.clip(t / 0.01, 0, 1) * np.clip((0.4 - t) / 0.1, 0, 1) * np.exp(-t / 0.1)
        tone = sum(np.sin(2 * np.pi * 220 * 2 ** ((i * 5 % 12) / 12) * h * t) / h for h in range(1, 6))
        start = int(at * RATE)
        sound[start : start + len(t)] += 0.1 * note * tone
    assert f_measure(Analysis(sound.astype(np.float32)).counted(), times)[0] > 0.95


def test_onset_is_one_where_it_counts_and_decays_over_100_ms():
    sound = np.zeros(RATE, np.float32)
    sound[RATE // 2] = 0.5
    heard = Analysis(sound)
    at = np.flatnonzero(heard["audio.onset_count"] > 0)[0]
    assert heard["audio.onset"][at] == 1.0
    assert heard["audio.onset"][at - 1] == 0.0
    assert heard["audio.onset"][at + round(0.1 / heard.hop_s)] == pytest.approx(np.exp(-1), abs=0.02)


def test_strength_is_between_zero_and_one_and_highest_at_hits():
    beat, times = drums(10)
    heard = Analysis(beat.astype(np.float32))
    strength = heard["audio.onset_strength"]
    assert strength.min() >= 0
    assert strength.max() <= 1
    near = np.min(np.abs(heard.seconds[:, None] - 0.012 - times["kick"]), axis=1) < 0.012
    assert strength[near].mean() > 5 * np.median(strength)
