"""The shape of the spectrum: where it lies, how wide, how noisy, how fast it changes."""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.level import Heard
from pix2live.dsp.jit import kernel
from pix2live.dsp.units import AXIS_HIGH_HZ, AXIS_LOW_HZ, axis_position
from pix2live.signals.table import local

CENTROID, SPREAD = local("audio", "audio.centroid"), local("audio", "audio.spread")
FLATNESS, ROLLOFF = local("audio", "audio.flatness"), local("audio", "audio.rolloff")
FLUX = local("audio", "audio.flux")
ROLLOFF_SHARE = 0.85
FLUX_LAG = 4
FLATNESS_RANGE_DB = 60.0
FLATNESS_HIGH_HZ = 12000.0  # what lossy coding cuts off above would make every record look tonal
_LEAST_POWER = np.float32(1e-20)


class Shape(NamedTuple):
    """Tables and state; the state begins at zero."""

    bin_hz: float
    first: int  # first and past-the-last bin looked at
    last: int
    flat_last: int
    past: np.ndarray  # float32 (FLUX_LAG, bins): magnitudes, a ring
    at: np.ndarray  # int64 (1,)
    held: np.ndarray  # float64 (4,): the last shape that sounded


def shape(sample_rate: float, window: int) -> Shape:
    """The stage for spectra of ``window`` samples."""
    bin_hz = sample_rate / window
    return Shape(
        bin_hz,
        max(1, int(np.ceil(AXIS_LOW_HZ / bin_hz))),
        min(window // 2, int(AXIS_HIGH_HZ / bin_hz)) + 1,
        min(window // 2, int(FLATNESS_HIGH_HZ / bin_hz)) + 1,
        np.zeros((FLUX_LAG, window // 2 + 1), dtype=np.float32),
        np.zeros(1, dtype=np.int64),
        np.zeros(4),
    )


@kernel
def _flatness(power: np.ndarray) -> float:
    # Geometric over arithmetic mean. Eight powers are multiplied before each logarithm: logarithms are dear.
    log_sum, total, n = 0.0, 0.0, power.shape[0]
    whole = n - n % 8
    for k in range(0, whole, 8):
        product = 1.0
        for j in range(8):
            p = np.float64(max(power[k + j], _LEAST_POWER))
            product *= p
            total += p
        log_sum += np.log(product)
    for k in range(whole, n):
        p = np.float64(max(power[k], _LEAST_POWER))
        log_sum += np.log(p)
        total += p
    return np.exp(log_sum / n) / (total / n)


@kernel
def shape_step(state: Shape, power: np.ndarray, magnitude: np.ndarray, heard: Heard, row: np.ndarray) -> None:
    """One hop's float32 power and magnitude spectra.

    Writes ``centroid``, ``spread`` (standard deviation) and ``rolloff`` (85%) of the magnitudes, each a frequency
    placed on the log axis 20 Hz..20 kHz as 0..1; ``flatness`` up to 12 kHz, -60..0 dB as 0..1 (white noise 0.96, a
    tone 0); ``flux`` 0..1, the share of the magnitude that is new since 4 hops ago. In silence flux falls to 0 and the
    others stay as they were.
    """
    first, last = state.first, state.last
    old = state.past[state.at[0]]
    total, moment, new = np.float32(0.0), np.float32(0.0), np.float32(0.0)
    for k in range(first, last):
        value = magnitude[k]
        total += value
        moment += value * np.float32(k)
        new += max(value - old[k], np.float32(0.0))
    for k in range(magnitude.shape[0]):
        old[k] = magnitude[k]
    state.at[0] = (state.at[0] + 1) % FLUX_LAG
    held = state.held
    if heard.sounding and total > np.float32(1e-9):
        centre = moment / total
        square, below = np.float32(0.0), np.float32(0.0)
        for k in range(first, last):
            d = np.float32(k) - centre
            square += magnitude[k] * d * d
        k = first
        enough = np.float32(ROLLOFF_SHARE) * total
        while k < last:
            below += magnitude[k]
            if below >= enough:
                break
            k += 1
        held[0] = axis_position(centre * state.bin_hz)
        held[1] = axis_position(np.sqrt(square / total) * state.bin_hz)
        held[2] = axis_position(k * state.bin_hz)
        flat_db = 10.0 * np.log10(_flatness(power[first : state.flat_last]))
        held[3] = min(max(1.0 + flat_db / FLATNESS_RANGE_DB, 0.0), 1.0)
        row[FLUX] = heard.fade * min(new / total, np.float32(1.0))
    else:
        row[FLUX] = 0.0
    row[CENTROID], row[SPREAD], row[ROLLOFF], row[FLATNESS] = held[0], held[1], held[2], held[3]
