"""The bank of sinusoids: right frequency, level and phase; nothing above Nyquist; no drift."""

import numpy as np
import pytest

from pix2live.dsp.oscillator import CHUNK, add_partials, empty_mix, steps_from_hz

RATE = 48000


def render(hz, levels, chunks, next_hz=None, next_levels=None, phase=None):
    """(channels, frames): the chunks of partials, the first of which ramps to the next values."""
    count = len(hz)
    phases = np.zeros(count, np.int32) if phase is None else phase.copy()
    step = steps_from_hz(np.asarray(hz), RATE)
    level = np.array(levels, np.float32)
    to_step = step.copy() if next_hz is None else steps_from_hz(np.asarray(next_hz), RATE)
    to_level = level.copy() if next_levels is None else np.array(next_levels, np.float32)
    out = np.zeros((level.shape[0], chunks * CHUNK), np.float32)
    for i in range(chunks):
        block = np.zeros((level.shape[0], CHUNK), np.float32)
        add_partials(phases, step, level, to_step, to_level, block)
        out[:, i * CHUNK : (i + 1) * CHUNK] = block
    return out, phases, step, level


@pytest.mark.parametrize("hz", [0.5, 55.0, 440.0, 997.0, 12345.6, 23999.0])
def test_a_partial_is_a_sine_within_minus_119_db(hz):
    frames = 400 * CHUNK
    out, *_ = render([hz], [[1.0], [0.5]], 400)
    exact_hz = float(steps_from_hz(np.array([hz]), RATE)[0]) * RATE / 2**32
    truth = np.sin(2 * np.pi * ((exact_hz / RATE * np.arange(frames)) % 1.0))
    assert np.max(np.abs(out[0] - truth)) < 10 ** (-119 / 20)
    assert np.array_equal(out[1], out[0] * np.float32(0.5))
    assert abs(exact_hz - hz) < 2e-5


def test_phase_does_not_drift_over_an_hour():
    hz, chunks = 1234.5, RATE * 3600 // CHUNK
    step = steps_from_hz(np.array([hz]), RATE)
    phase = np.zeros(1, np.int32)
    silent = np.zeros((2, 1), np.float32)
    out = np.zeros((2, CHUNK), np.float32)
    for _ in range(1000):
        add_partials(phase, step, silent, step, silent, out)
    assert int(phase[0]) & 0xFFFFFFFF == int(step[0]) * 1000 * CHUNK % 2**32
    assert int(step[0]) * chunks * CHUNK / 2**32 == pytest.approx(hz * 3600, abs=0.1)


def test_a_silent_partial_keeps_its_phase_moving():
    hz, to_hz = [440.0, 700.0], [450.0, 650.0]
    loud = render(hz, [[1.0, 1.0]] * 2, 5, to_hz)
    quiet = render(hz, [[0.0, 0.0]] * 2, 5, to_hz)
    assert np.array_equal(loud[1], quiet[1])
    assert np.array_equal(loud[2], quiet[2])
    assert not quiet[0].any()


def test_amplitude_ramps_sample_by_sample_to_its_aim():
    # Nearly a quarter of the rate, starting at the peak: every fourth sample shows the envelope.
    phase = np.array([2**30], np.int32)
    out, _, _, level = render([RATE / 4], [[0.0], [0.2]], 1, None, [[1.0], [0.2]], phase)
    n = np.arange(0, CHUNK, 4)
    assert np.allclose(out[0, n], (n + 1) / CHUNK, atol=2e-6)
    assert np.allclose(out[1, n], 0.2, atol=1e-6)
    assert level[0, 0] == 1.0


def test_frequency_ramps_without_a_phase_jump():
    out, *_ = render([300.0], [[1.0], [1.0]], 3, [900.0])
    truth = np.concatenate([300 + 600 * (np.arange(CHUNK) + 1) / CHUNK, np.full(2 * CHUNK, 900.0)]) / RATE
    truth = np.sin(2 * np.pi * np.concatenate([[0], np.cumsum(truth)[:-1]]))
    assert np.max(np.abs(out[0] - truth)) < 1e-4


def test_steps_stop_at_nyquist_and_zero():
    steps = steps_from_hz(np.array([24000.0, 1e9, np.inf, -3.0, -np.inf, np.nan]), RATE)
    assert steps.tolist() == [2**31 - 1] * 3 + [0] * 3


def test_more_channels_share_one_oscillator():
    four, phase, *_ = render([440.0, 880.0], [[1, 0], [0, 1], [0.5, 0.5], [0, 0]], 4)
    two, phase_two, *_ = render([440.0, 880.0], [[1, 0], [0, 1]], 4)
    assert np.array_equal(four[:2], two)
    assert np.allclose(four[2], 0.5 * (two[0] + two[1]), atol=1e-6)
    assert not four[3].any()
    assert np.array_equal(phase, phase_two)


def test_partials_add_to_what_is_there():
    level = np.ones((2, 1), np.float32)
    step = np.zeros(1, np.int32)
    out = np.full((2, CHUNK), 0.25, np.float32)
    add_partials(np.array([2**30], np.int32), step, level, step, level, out)
    assert np.allclose(out, 1.25)


@pytest.mark.parametrize("channels", [2, 4])
def test_an_empty_mix_is_silent_whole_and_on_a_cache_line(channels):
    mixes = [empty_mix(channels) for _ in range(20)]
    for mix in mixes:
        assert mix.shape == (channels, CHUNK)
        assert mix.flags.c_contiguous
        assert mix.ctypes.data % 64 == 0
        assert not mix.any()


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_partials_sound_together_as_each_does_alone(count):
    """Steady ones go in pairs, silent and gliding ones do not; whoever stands beside whom, the sum is that of each."""
    rng = np.random.default_rng(count)
    phase = rng.integers(-(2**31), 2**31, count, dtype=np.int64).astype(np.int32)
    step, glide = (steps_from_hz(rng.uniform(20.0, 20000.0, count), 48000.0) for _ in range(2))
    aim = np.where(np.arange(count) % 3 == 1, glide, step)
    level, to_level = rng.random((2, 2, count)).astype(np.float32)
    level[:, 3::4] = to_level[:, 3::4] = 0.0
    together = np.zeros((2, CHUNK), np.float32)
    add_partials(phase.copy(), step.copy(), level.copy(), aim, to_level, together)
    alone = np.zeros((2, CHUNK), np.float64)
    for p in range(count):
        one: np.ndarray = np.zeros((2, CHUNK), np.float32)
        at = slice(p, p + 1)
        add_partials(phase[at].copy(), step[at].copy(), np.ascontiguousarray(level[:, at]), aim[at].copy(),
                     np.ascontiguousarray(to_level[:, at]), one)  # fmt: skip
        alone += one
    assert np.abs(together - alone).max() < 2e-6
