"""Seven bands, each levelled by itself so that 1 is usual, with a slow twin and an accumulated phase.

The measure is MilkDrop's: now over the long average, with time constants in seconds rather than frames.
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.level import Heard
from pix2live.dsp.filterbank import Filterbank, apply_filterbank, band_filterbank
from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.signals.table import BAND_EDGES_HZ, BANDS, local

FIRST, PARTS = local("audio", f"audio.{BANDS[0]}"), 5
VALUE, SLOW, HIT, COUNT, PHASE = range(PARTS)
HIGHEST = 4.0
LONG_S = 5.0
SLOW_ATTACK_S, SLOW_RELEASE_S = 0.08, 0.5
# A band that has been empty for long is not levelled up to its noise: its average counts as no less than
# this far below the whole, and less still towards the top, as in music.
LEAST_DB, LEAST_DB_PER_OCTAVE, LEAST_FROM_HZ = -34.0, -3.0, 100.0
_HANN_POWER = 3.0  # sum of the bins of a sine under Hann (1.5 times its peak bin) over its mean square (a half)


class Bands(NamedTuple):
    """Tables and state; the state begins at zero."""

    bank: Filterbank
    hop_s: float
    least: np.ndarray  # float64 (7,): share of the whole's amplitude that a band's average is at least
    long: float
    slow_attack: float
    slow_release: float
    powers: np.ndarray  # float32 (7,)
    memory: np.ndarray  # float64 (7, 3): long average, slow value, phase


def bands(sample_rate: float, hop: int, window: int) -> Bands:
    """The stage for power spectra of ``window`` samples each ``hop``."""
    hop_s = hop / sample_rate
    bank = band_filterbank(sample_rate, window, BAND_EDGES_HZ)
    octaves = np.log2(np.maximum(bank.centre_hz, LEAST_FROM_HZ) / LEAST_FROM_HZ)
    return Bands(
        bank,
        hop_s,
        10.0 ** ((LEAST_DB + LEAST_DB_PER_OCTAVE * octaves) / 20.0),
        coefficient(LONG_S, hop_s),
        coefficient(SLOW_ATTACK_S, hop_s),
        coefficient(SLOW_RELEASE_S, hop_s),
        np.zeros(len(BANDS), dtype=np.float32),
        np.zeros((len(BANDS), 3)),
    )


@kernel
def bands_step(state: Bands, power: np.ndarray, heard: Heard, row: np.ndarray) -> None:
    """One hop's float32 power spectrum (a full-scale sine's bin is 1); writes ``X``, ``X.att`` and ``X.phase``.

    ``X`` is 0..4, 1 on average over 5 s of sound; silence neither moves the average nor the phase.
    """
    apply_filterbank(state.bank, power, state.powers)
    # At first the plain mean of all that was heard, so that a beginning is neither loud nor quiet.
    learn = max(state.long, min(state.hop_s / max(heard.age_s, state.hop_s), 1.0)) if heard.learning else 0.0
    for b in range(state.powers.shape[0]):
        m = state.memory[b]
        amplitude = np.sqrt(np.float64(state.powers[b]) / _HANN_POWER)
        m[0] = follow(m[0], amplitude, learn, learn)
        value = heard.fade * min(amplitude / max(m[0], state.least[b] * heard.reference), HIGHEST)
        m[1] = follow(m[1], value, state.slow_attack, state.slow_release)
        m[2] += state.hop_s * value
        at = FIRST + b * PARTS
        row[at + VALUE], row[at + SLOW], row[at + PHASE] = value, m[1], m[2]
