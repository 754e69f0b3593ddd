"""Conversions between units, and a fast vector logarithm for decibels."""

import numpy as np

from pix2live.dsp.jit import kernel

FLOOR_DB = -120.0
AXIS_LOW_HZ = 20.0
AXIS_HIGH_HZ = 20000.0

# log2(1 + f) = f * polynomial(f) for f in sqrt(1/2)-1 .. sqrt(2)-1; fitted at Chebyshev nodes, error 1e-7.
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = (
    np.float32(c)
    for c in (1.4426950, -0.7213528, 0.4809240, -0.3602420, 0.2870756, -0.2488218, 0.2342099, -0.1462035)
)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_SHIFT = np.int32(23)
_DB_PER_OCTAVE = np.float32(3.0102999566398120)


@kernel
def log2_into(values: np.ndarray, out: np.ndarray) -> None:
    """``out = log2(values)`` for float32 values >= 0, error below 1e-6; 0 gives a finite value below -126.

    Args:
        values: float32 ``(n,)``, contiguous, not negative, finite. out: float32 ``(n,)``, another array.
    """
    bits = values.view(np.int32)
    mantissa = out.view(np.int32)
    n = bits.shape[0]
    for i in range(n):
        exponent = np.int32(np.int32(bits[i] - _SQRT_HALF_BITS) >> _SHIFT)
        mantissa[i] = np.int32(bits[i] - np.int32(exponent << _SHIFT))
    for i in range(n):
        f = out[i] - np.float32(1.0)
        exponent = np.int32(np.int32(bits[i] - _SQRT_HALF_BITS) >> _SHIFT)
        low = _C0 + f * (_C1 + f * (_C2 + f * _C3))
        high = _C4 + f * (_C5 + f * (_C6 + f * _C7))
        f2 = f * f
        out[i] = np.float32(exponent) + f * (low + f2 * f2 * high)


@kernel
def decibels_into(power: np.ndarray, out: np.ndarray) -> None:
    """``out = 10 log10(power)`` for float32 power >= 0, error below 1e-4 dB; 0 gives about -380."""
    log2_into(power, out)
    for i in range(out.shape[0]):
        out[i] *= _DB_PER_OCTAVE


@kernel
def power_db(power: float) -> float:
    """A power (mean square) in dB, never below ``FLOOR_DB``."""
    return 10.0 * np.log10(power) if power > 1e-12 else FLOOR_DB


@kernel
def axis_position(hz: float) -> float:
    """Place of a frequency on the log axis 20 Hz..20 kHz as 0..1, clipped."""
    if hz <= AXIS_LOW_HZ:
        return 0.0
    if hz >= AXIS_HIGH_HZ:
        return 1.0
    return np.log(hz / AXIS_LOW_HZ) / np.log(AXIS_HIGH_HZ / AXIS_LOW_HZ)


def mel_from_hz(hz: np.ndarray) -> np.ndarray:
    """Hz to mel on Slaney's scale: linear below 1 kHz (66.7 Hz a mel), logarithmic above."""
    hz = np.asarray(hz, dtype=np.float64)
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, 15.0 + 27.0 * np.log(np.maximum(hz, 1.0) / 1000.0) / np.log(6.4))


def hz_from_mel(mel: np.ndarray) -> np.ndarray:
    """The inverse of ``mel_from_hz``."""
    mel = np.asarray(mel, dtype=np.float64)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))
