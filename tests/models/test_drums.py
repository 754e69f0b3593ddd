"""The bundled drum net on made-up drums with known answers, through the instrument's own analysis."""

import numpy as np
import onnx
import pytest

from pix2live import resources
from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.models.contract import load_model
from pix2live.models.runner import Runner

RATE = 48000
PATH = resources.bundled_dir("models") / "drums.onnx"
NAMES = ["kick", "snare", "hat", "kick_count", "snare_count", "hat_count"]


def drum(kind, rng):
    t = np.arange(int(0.3 * RATE)) / RATE
    noise = rng.standard_normal(len(t))
    if kind == "kick":
        return np.sin(2 * np.pi * (50 * t - 4 * np.exp(-t / 0.02))) * np.exp(-t / 0.12)
    if kind == "snare":
        noise = np.convolve(noise, np.ones(3) / 2, "same")
        return 0.4 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.06) + 0.35 * noise * np.exp(-t / 0.08)
    return 0.25 * np.diff(np.diff(np.diff(noise, prepend=0), prepend=0), prepend=0) / 4 * np.exp(-t / 0.03)


def music(seconds):
    """A held chord with harmonics and a bass note that changes every second."""
    t = np.arange(int(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * f * k * t) / k for f in (220.0, 277.2, 329.6) for k in range(1, 12))
    bass = np.sin(2 * np.pi * np.cumsum(np.where(t.astype(int) % 2, 65.4, 55.0)) / RATE)
    return 0.05 * chord + 0.1 * bass


def beat(seconds=8.0, bpm=112.0):
    """Kick on 1 and 3, snare on 2 and 4, hats between: the sound and the times of each."""
    rng = np.random.default_rng(3)
    sound, times = music(seconds), {"kick": [], "snare": [], "hat": []}
    eighth = 30.0 / bpm
    for i in range(int((seconds - 0.5) / eighth)):
        kind = ("kick", "hat", "snare", "hat")[i % 4]
        at = 0.25 + i * eighth
        shot, start = drum(kind, rng), int(at * RATE)
        sound[start : start + len(shot)] += 0.6 * shot
        times[kind].append(at)
    return (sound / np.abs(sound).max()).astype(np.float32), times


def mel_of(sound):
    analyzer, out = Analyzer(sample_rate=RATE, channels=1), AudioFeatures(len(sound) // 256 + 1)
    count = analyzer.process(sound[:, None], out)
    return out.mel[:count].copy()


@pytest.fixture(scope="module")
def runner():
    return Runner([load_model(PATH)], budget_s=float("inf"))


def play(runner, mel, group=1):
    """All outputs after each group of hops."""
    runner.reset()
    values = []
    for start in range(0, len(mel), group):
        runner.step({"audio.mel": mel[start : start + group]})
        values.append(runner.values[:6].copy())
    assert not runner.notices
    return np.array(values)


def found_times(values, kind):
    counts = values[:, NAMES.index(f"{kind}_count")]
    return (np.flatnonzero(np.diff(counts, prepend=0.0)) + 1) * 256 / RATE


def f_measure(times, found, within_s=0.035):
    hit = sum(any(abs(f - t) <= within_s for f in found) for t in times)
    wrong = sum(all(abs(f - t) > within_s for t in times) for f in found)
    return 2 * hit / (len(times) + hit + wrong)


def test_it_keeps_its_promise_of_names_size_and_licence():
    model = load_model(PATH)
    assert model.contract.names() == [f"model.drums.{name}" for name in NAMES]
    assert model.contract.licence == "Apache-2.0" and model.contract.data
    assert PATH.stat().st_size < 1_000_000
    weights = sum(int(np.prod(array.dims)) for array in onnx.load(str(PATH)).graph.initializer)
    assert weights <= 50_000


@pytest.mark.parametrize("gain_db", [0.0, -24.0])
def test_kick_snare_and_hat_of_a_plain_beat_are_found_each_as_itself(runner, gain_db):
    sound, times = beat()
    values = play(runner, mel_of(sound * np.float32(10 ** (gain_db / 20))))
    for kind, asked in times.items():
        assert f_measure(asked, found_times(values, kind)) >= 0.85, kind


def test_onsets_are_known_within_25_ms(runner):
    sound, times = beat()
    values = play(runner, mel_of(sound))
    for kind, asked in times.items():
        found = found_times(values, kind)
        delays = [min((f - t for f in found if f > t - 0.01), default=1.0) for t in asked]
        assert np.median(delays) < 0.025, kind


def test_pulses_jump_to_one_and_fade(runner):
    sound, _ = beat()
    values = play(runner, mel_of(sound))
    for c in range(3):
        jumps = np.flatnonzero(np.diff(values[:, c + 3], prepend=0.0))
        assert len(jumps) and (values[jumps, c] == 1.0).all()
        falling = np.delete(np.diff(values[:, c]), jumps - 1)
        assert (falling <= 0.0).all()
    still = np.zeros((200, 64), np.float32)
    for i in range(len(still)):
        runner.step({"audio.mel": still[i : i + 1]})
    assert (runner.values[:3] < 0.01).all()


def test_silence_has_no_drums(runner):
    assert not play(runner, np.zeros((1000, 64), np.float32)).any()


def test_held_chords_have_hardly_any_drums(runner):
    values = play(runner, mel_of((0.5 * music(8.0)).astype(np.float32)))
    assert values[-1, 3:].sum() <= 3


@pytest.mark.parametrize("group", [2, 7, 64, 500])
def test_hops_in_bulk_equal_hop_by_hop_bit_for_bit(runner, group):
    mel = mel_of(beat(4.0)[0])
    single = play(runner, mel)
    bulk = play(runner, mel, group)
    np.testing.assert_array_equal(bulk, single[np.minimum(np.arange(1, len(bulk) + 1) * group, len(single)) - 1])


def test_same_again_after_reset(runner):
    mel = mel_of(beat(2.0)[0])
    np.testing.assert_array_equal(play(runner, mel), play(runner, mel))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 1e-40, -5.0])
def test_any_input_gives_finite_values_in_range(runner, value):
    values = play(runner, np.full((50, 64), value, np.float32))
    assert np.isfinite(values).all()
    assert (values[:, :3] >= 0).all() and (values[:, :3] <= 1).all()
