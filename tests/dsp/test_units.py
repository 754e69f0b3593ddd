import numpy as np
import pytest

from pix2live.dsp.units import (
    FLOOR_DB,
    axis_position,
    decibels_into,
    hz_from_mel,
    log2_into,
    mel_from_hz,
    power_db,
)


def test_fast_decibels_equal_the_logarithm():
    power = np.logspace(-30, 8, 20001).astype(np.float32)
    out = np.empty_like(power)
    decibels_into(power, out)
    assert np.abs(out - 10 * np.log10(power.astype(np.float64))).max() < 1e-4


def test_fast_logarithm_is_exact_at_powers_of_two_and_finite_at_zero():
    values = np.array([0.25, 1.0, 2.0, 1024.0, 0.0, 1e-42], np.float32)
    out = np.empty_like(values)
    log2_into(values, out)
    assert out[:4].tolist() == [-2.0, 0.0, 1.0, 10.0]
    assert np.isfinite(out).all()
    assert out[4] < -126


def test_power_db_has_a_floor():
    assert power_db(1.0) == 0.0
    assert power_db(0.01) == pytest.approx(-20.0)
    assert power_db(0.0) == FLOOR_DB


def test_log_axis_runs_from_20_hz_to_20_khz():
    assert axis_position(20.0) == 0.0
    assert axis_position(20000.0) == 1.0
    assert axis_position(632.4555) == pytest.approx(0.5, abs=1e-6)
    assert axis_position(0.0) == 0.0


def test_mel_scale_is_slaneys():
    assert np.allclose(mel_from_hz(np.array([500.0, 1000.0, 6400.0])), [7.5, 15.0, 42.0])
    hz = np.array([30.0, 500.0, 1000.0, 4000.0, 16000.0])
    assert np.allclose(hz_from_mel(mel_from_hz(hz)), hz)
