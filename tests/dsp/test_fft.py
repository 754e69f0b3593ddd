import numpy as np
import pytest

from pix2live.dsp.fft import add_power_spectrum, real_fft, rfft
from pix2live.dsp.window import hann


def transform(x, window):
    size = len(x)
    re, im = np.empty(size // 2 + 1, np.float32), np.empty(size // 2 + 1, np.float32)
    rfft(real_fft(size), x, window, re, im)
    return re + 1j * im


@pytest.mark.parametrize("size", [8, 16, 32, 64, 256, 512, 1024, 2048, 4096, 8192, 16384])
def test_rfft_equals_numpy(size):
    x = np.random.default_rng(size).standard_normal(size).astype(np.float32)
    window = hann(size)
    expected = np.fft.rfft(x.astype(np.float64) * window)
    assert np.abs(transform(x, window) - expected).max() < 5e-7 * np.abs(expected).max()


def test_an_impulse_has_a_flat_spectrum_and_linear_phase():
    x = np.zeros(2048, np.float32)
    x[3] = 1.0
    got = transform(x, np.ones(2048, np.float32))
    assert np.allclose(got, np.exp(-2j * np.pi * 3 * np.arange(1025) / 2048), atol=1e-6)


def test_a_sine_on_a_bin_has_its_amplitude_there_alone():
    n = np.arange(2048)
    got = np.abs(transform(np.cos(2 * np.pi * 100 * n / 2048).astype(np.float32), np.ones(2048, np.float32)))
    assert got[100] == pytest.approx(1024, rel=1e-6)
    assert np.delete(got, 100).max() < 1e-3


def test_power_of_a_full_scale_sine_under_hann_is_one():
    n = np.arange(2048)
    x = np.sin(2 * np.pi * 50 * n / 2048).astype(np.float32)
    power, re, im = (np.zeros(1025, np.float32) for _ in range(3))
    plan = real_fft(2048)
    add_power_spectrum(plan, x, hann(2048), (4 / 2048) ** 2, re, im, power)
    assert power[50] == pytest.approx(1.0, rel=1e-5)
    assert power[49] == pytest.approx(0.25, rel=1e-4)


def test_input_and_window_are_left_alone_and_a_second_call_agrees():
    x = np.random.default_rng(1).standard_normal(1024).astype(np.float32)
    window, kept = hann(1024), x.copy()
    plan = real_fft(1024)
    out = np.empty((4, 513), np.float32)
    rfft(plan, x, window, out[0], out[1])
    rfft(plan, x, window, out[2], out[3])
    assert np.array_equal(out[:2], out[2:])
    assert np.array_equal(x, kept)
    assert np.array_equal(window, hann(1024))


@pytest.mark.parametrize("size", [0, 4, 1000, 2047])
def test_sizes_that_are_no_power_of_two_are_refused(size):
    with pytest.raises(ValueError, match="power of two"):
        real_fft(size)
