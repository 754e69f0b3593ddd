"""Percussive and harmonic parts, split causally.

Fitzgerald 2010 with one side, on 64 mel bands: what lasts, the median over the past, is harmonic; what stands out of
that in several neighbouring bands at once, by the median over them, is percussive; soft masks after Wiener. (His
median over the frequencies of the sound itself needs fine bins: in wide bands a dense chord is as broad as a drum.)
What begins and is broad is percussive at once, and harmonic once it has lasted half the median's span, 85 ms.
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.level import GAIN_ATTACK_S, GAIN_S, GAIN_START_S, Heard
from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.signals.table import local

PERCUSSIVE, HARMONIC = local("audio", "audio.percussive"), local("audio", "audio.harmonic")
SPAN_S, NEIGHBOURS = 0.171, 7
NARROW = 0.05  # share of a band's own power that counts as harmonic: the beginning of a single tone is no drum
TILT_DB_PER_OCTAVE, TILT_PIVOT_HZ = 1.5, 1000.0  # half of what music falls off by: kicks weigh in, and so do hats


class Split(NamedTuple):
    """Tables and state; the state begins at zero."""

    hop_s: float
    attack: float
    tilt: np.ndarray  # float32 (bands,)
    past: np.ndarray  # float32 (bands, hops): a ring of amplitudes
    ordered: np.ndarray  # float32 (bands, hops): the same in order of size
    excess: np.ndarray  # float32 (bands + neighbours - 1,): what stands out, its ends reflected
    near: np.ndarray  # float32 (neighbours,): work space
    at: np.ndarray  # int64 (1,)
    usual: np.ndarray  # float64 (1,): amplitude of the whole at loud moments


def split(hop_s: float, centre_hz: np.ndarray) -> Split:
    """The stage for bands at ``centre_hz``, stepped each ``hop_s``."""
    hops = 2 * round(SPAN_S / hop_s / 2) + 1
    bands = len(centre_hz)
    octaves = np.log2(np.maximum(centre_hz, 20.0) / TILT_PIVOT_HZ)
    return Split(
        hop_s,
        coefficient(GAIN_ATTACK_S, hop_s),
        (10.0 ** (TILT_DB_PER_OCTAVE * octaves / 10.0)).astype(np.float32),
        np.zeros((bands, hops), dtype=np.float32),
        np.zeros((bands, hops), dtype=np.float32),
        np.zeros(bands + NEIGHBOURS - 1, dtype=np.float32),
        np.zeros(NEIGHBOURS, dtype=np.float32),
        np.zeros(1, dtype=np.int64),
        np.zeros(1),
    )


@kernel
def _replace(ordered: np.ndarray, old: np.float32, new: np.float32) -> None:
    """Take ``old`` out of the ordered values and put ``new`` in."""
    i, n = 0, ordered.shape[0]
    while i < n - 1 and ordered[i] != old:
        i += 1
    while i < n - 1 and ordered[i + 1] < new:
        ordered[i] = ordered[i + 1]
        i += 1
    while i > 0 and ordered[i - 1] > new:
        ordered[i] = ordered[i - 1]
        i -= 1
    ordered[i] = new


@kernel
def split_step(state: Split, power: np.ndarray, heard: Heard, row: np.ndarray) -> None:
    """One hop's float32 power in each band; writes ``percussive`` and ``harmonic``.

    Each is the rms amplitude of its part over that of the whole at loud moments, 0..1: their squares add to the
    whole's, and both rest in silence.
    """
    bands, hops = state.past.shape
    half, middle = NEIGHBOURS // 2, hops // 2
    excess, near = state.excess, state.near
    at = state.at[0]
    state.at[0] = (at + 1) % hops
    for b in range(bands):
        value = np.sqrt(power[b])
        _replace(state.ordered[b], state.past[b, at], value)
        state.past[b, at] = value
        excess[half + b] = max(value - state.ordered[b, middle], np.float32(0.0))
    for i in range(half):
        excess[i], excess[half + bands + i] = excess[2 * half - i], excess[half + bands - 2 - i]
    percussive, harmonic = 0.0, 0.0
    for b in range(bands):
        for i in range(NEIGHBOURS):
            x, j = excess[b + i], i
            while j > 0 and near[j - 1] > x:
                near[j] = near[j - 1]
                j -= 1
            near[j] = x
        lasting, broad = state.ordered[b, middle], near[half]
        both = lasting * lasting + broad * broad + np.float32(NARROW) * power[b]
        weighed = np.float64(state.tilt[b] * power[b])
        share = np.float64(broad * broad / both) if both > np.float32(1e-20) else 0.0
        percussive += share * weighed
        harmonic += (1.0 - share) * weighed
    whole = np.sqrt(percussive + harmonic)
    if heard.learning:
        release_s = min(GAIN_S, max(GAIN_START_S, heard.age_s))
        state.usual[0] = follow(state.usual[0], whole, state.attack, 1.0 - np.exp(-state.hop_s / release_s))
    top = max(state.usual[0] * heard.lift, whole)
    scale = heard.fade / top if top > 0.0 else 0.0
    row[PERCUSSIVE], row[HARMONIC] = scale * np.sqrt(percussive), scale * np.sqrt(harmonic)
