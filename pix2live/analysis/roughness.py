"""Roughness: how strongly the envelopes of critical bands beat at 20 to 90 Hz.

The model is Daniel & Weber's (1997) made small: modulation depth in each of twelve bands, weighed by the band's
level. The envelopes come from a transform of a quarter of the window at every hop. 1 is about a 1 kHz tone fully
modulated at 70 Hz (one asper).
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.level import Heard
from pix2live.dsp.fft import RealFFT, add_power_spectrum, real_fft
from pix2live.dsp.filterbank import Filterbank, apply_filterbank, band_filterbank
from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.dsp.window import hann
from pix2live.signals.table import local

ROUGHNESS = local("audio", "audio.roughness")
_EDGES_HZ = (100.0, 300.0, 510.0, 770.0, 1080.0, 1480.0, 2000.0, 2700.0, 3700.0, 5300.0, 7700.0, 11000.0, 15500.0)
_SLOWEST_HZ, _MEAN_S = 25.0, 0.2
# What the transform's window and the high pass leave of a full modulation at 70 Hz, measured.
_FULL_SWING = 0.12


class Roughness(NamedTuple):
    """Tables and state; the state begins at zero."""

    plan: RealFFT
    window: np.ndarray  # float32 (window / 4,)
    bank: Filterbank
    slow: float
    mean: float
    spectrum: np.ndarray  # float32 (3, bins): real, imaginary, power
    powers: np.ndarray  # float32 (bands,)
    memory: np.ndarray  # float64 (bands, 4): slow envelope, mean envelope, mean swing above and below the slow one


def roughness(sample_rate: float, hop: int, window: int) -> Roughness:
    """The stage for hops of ``hop``; it looks at the newest quarter of ``window`` samples."""
    size = window // 4
    hop_s = hop / sample_rate
    return Roughness(
        real_fft(size),
        hann(size),
        band_filterbank(sample_rate, size, _EDGES_HZ),
        coefficient(1.0 / (2.0 * np.pi * _SLOWEST_HZ), hop_s),
        coefficient(_MEAN_S, hop_s),
        np.zeros((3, size // 2 + 1), dtype=np.float32),
        np.zeros(len(_EDGES_HZ) - 1, dtype=np.float32),
        np.zeros((len(_EDGES_HZ) - 1, 4)),
    )


@kernel
def roughness_step(state: Roughness, sides: np.ndarray, end: int, heard: Heard, row: np.ndarray) -> None:
    """A quarter window of both sides, float32 ``(2, n)``, up to sample ``end``; writes ``roughness`` 0..1."""
    re, im, power = state.spectrum[0], state.spectrum[1], state.spectrum[2]
    power[:] = np.float32(0.0)
    size = state.window.shape[0]
    for side in range(2):
        newest = sides[side, end - size : end]
        add_power_spectrum(state.plan, newest, state.window, 0.5 * (4.0 / size) ** 2, re, im, power)
    apply_filterbank(state.bank, power, state.powers)
    beating, whole = 0.0, 1e-9
    for b in range(state.powers.shape[0]):
        m = state.memory[b]
        envelope = np.sqrt(np.float64(state.powers[b]))
        m[0] = follow(m[0], envelope, state.slow, state.slow)
        m[1] = follow(m[1], envelope, state.mean, state.mean)
        swing = envelope - m[0]
        # A drum's attack swings far up and hardly down; only what swings both ways beats.
        m[2] = follow(m[2], min(max(swing, 0.0), m[1]), state.mean, state.mean)
        m[3] = follow(m[3], min(max(-swing, 0.0), m[1]), state.mean, state.mean)
        whole += m[1]
        beating += min(min(m[2], m[3]) / _FULL_SWING, m[1])
    row[ROUGHNESS] = heard.fade * min(beating / whole, 1.0)
