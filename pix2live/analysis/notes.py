"""Which notes sound: the log-frequency spectrum explained as a sum of harmonic tones.

After Mauch & Dixon 2010: the spectrum is put in tune, whitened so that timbre, drums and noise count little, and
approximated by a non-negative sum of notes (coordinate descent, beginning at the last answer). Each note of the
dictionary is what the transform would show of it, leakage and all, whitened likewise.
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.vqt import LOBES, PER_SEMITONE, bin_hz, hann_response, lengths_s
from pix2live.dsp.jit import kernel

FIRST_NOTE, NOTES = 24, 73  # C1, 32.7 Hz, to C7, 2093 Hz
_PARTIALS, _PARTIAL_DECAY = 20, 0.75
_HALF_SPAN = 6  # bins to each side over which the spectrum is whitened: two semitones
_WHITENING = 0.8
_SWEEPS = 8
_TUNE_LOW, _TUNE_HIGH = 60, 210  # bins that tell the tuning: 87 Hz to 1.6 kHz
_TUNE_MEMORY_S = 10.0
_LEAST = 1e-4  # magnitude, -80 dBFS: where the strongest bin is below it, nothing sounds
_FAINT = np.float32(1e-6)


class Notes(NamedTuple):
    """Tables and state; the state begins at zero."""

    dictionary: np.ndarray  # float32 (bins, notes)
    gram: np.ndarray  # float32 (notes, notes)
    turn: np.ndarray  # float64 (2,): the share of the tuning's memory that is kept; bins a radian
    tuning: np.ndarray  # float64 (3,): cosine and sine, summed; the tuning in semitones, -0.5..0.5
    sums: np.ndarray  # float64 (2, bins + 1)
    spectrum: np.ndarray  # float32 (2, bins): in tune; whitened
    match: np.ndarray  # float32 (2, notes): spectrum times dictionary; gram times activation
    activation: np.ndarray  # float32 (notes,)


def notes(step_s: float) -> Notes:
    """The stage, for a spectrum every ``step_s`` seconds."""
    hz, length = bin_hz(), lengths_s()
    f0 = 440.0 * 2.0 ** ((np.arange(FIRST_NOTE, FIRST_NOTE + NOTES) - 69) / 12)
    power = np.zeros((len(hz), NOTES))
    for h in range(1, _PARTIALS + 1):
        x = (h * f0 - hz[:, None]) * length[:, None]
        power += np.where(np.abs(x) < LOBES, (_PARTIAL_DECAY ** (h - 1) * hann_response(x)) ** 2, 0.0)
    dictionary = _whitened(np.sqrt(power))
    return Notes(
        dictionary.astype(np.float32),
        (dictionary.T @ dictionary).astype(np.float32),
        np.array([np.exp(-step_s / _TUNE_MEMORY_S), PER_SEMITONE / (2.0 * np.pi)]),
        np.zeros(3),
        np.zeros((2, len(hz) + 1)),
        np.zeros((2, len(hz)), dtype=np.float32),
        np.zeros((2, NOTES), dtype=np.float32),
        np.zeros(NOTES, dtype=np.float32),
    )


def _whitened(columns: np.ndarray) -> np.ndarray:
    """What ``_whiten`` does, for each column of a table."""
    n = len(columns)
    first, last = np.maximum(np.arange(n) - _HALF_SPAN, 0), np.minimum(np.arange(n) + _HALF_SPAN + 1, n)
    count = (last - first)[:, None]
    total, square = (np.cumsum(np.pad(x, ((1, 0), (0, 0))), axis=0) for x in (columns, columns**2))
    mean = (total[last] - total[first]) / count
    spread = np.maximum((square[last] - square[first]) / count - mean**2, 1e-20)
    white = np.maximum(columns - mean, 0.0) / np.sqrt(spread) ** _WHITENING
    return white / np.linalg.norm(white, axis=0)


@kernel
def _tune(state: Notes, magnitude: np.ndarray) -> float:
    """Where peaks lie within their semitones, averaged round the circle; returns the tuning in bins."""
    cosine, sine = state.tuning[0] * state.turn[0], state.tuning[1] * state.turn[0]
    for k in range(_TUNE_LOW, _TUNE_HIGH):
        a, b, c = np.float64(magnitude[k - 1]), np.float64(magnitude[k]), np.float64(magnitude[k + 1])
        if b > a and b >= c:
            weight = b - 0.5 * (np.float64(magnitude[k - 3]) + np.float64(magnitude[k + 3]))
            if weight > 0.0:
                place = (k - PER_SEMITONE // 2 + 0.5 * (a - c) / (a - 2.0 * b + c)) / state.turn[1]
                cosine += weight * np.cos(place)
                sine += weight * np.sin(place)
    state.tuning[0], state.tuning[1] = cosine, sine
    shift = np.arctan2(sine, cosine) * state.turn[1]
    state.tuning[2] = shift / PER_SEMITONE
    return shift


@kernel
def _whiten(state: Notes, magnitude: np.ndarray, shift: float) -> None:
    """Put in tune; what stands out of its neighbourhood, by how much it does; of length 1."""
    tuned, white = state.spectrum[0], state.spectrum[1]
    total, square = state.sums[0], state.sums[1]
    n = tuned.shape[0]
    for k in range(n):
        place = k + shift
        low = int(np.floor(place))
        part = place - low
        a, b = magnitude[min(max(low, 0), n - 1)], magnitude[min(max(low + 1, 0), n - 1)]
        value = a + part * (b - a)
        tuned[k] = value
        total[k + 1] = total[k] + value
        square[k + 1] = square[k] + value * value
    length = 0.0
    for k in range(n):
        first, last = max(k - _HALF_SPAN, 0), min(k + _HALF_SPAN + 1, n)
        count = last - first
        mean = (total[last] - total[first]) / count
        spread = max((square[last] - square[first]) / count - mean * mean, 1e-20)
        above = tuned[k] - mean
        value = above / np.sqrt(spread) ** _WHITENING if above > 0.0 else 0.0
        white[k] = value
        length += value * value
    scale = np.float32(1.0 / np.sqrt(length)) if length > 1e-20 else np.float32(0.0)
    for k in range(n):
        white[k] *= scale


@kernel
def notes_step(state: Notes, magnitude: np.ndarray) -> float:
    """One spectrum, float32 ``(bins,)`` from ``vqt_transform``; updates ``state.activation``.

    Returns how much of the whitened spectrum the notes explain, 0..1: 0 in silence, low for noise.
    """
    activation, match, pull = state.activation, state.match[0], state.match[1]
    highest = np.float32(0.0)
    for k in range(magnitude.shape[0]):
        highest = max(highest, magnitude[k])
    if not (highest > _LEAST):
        activation[:] = np.float32(0.0)
        return 0.0
    _whiten(state, magnitude, _tune(state, magnitude))
    white, dictionary, gram = state.spectrum[1], state.dictionary, state.gram
    match[:] = np.float32(0.0)
    pull[:] = np.float32(0.0)
    for k in range(white.shape[0]):
        value = white[k]
        if value > np.float32(0.0):
            line = dictionary[k]
            for i in range(NOTES):
                match[i] += value * line[i]
    for j in range(NOTES):
        value = activation[j]
        if value > np.float32(0.0):
            line = gram[j]
            for i in range(NOTES):
                pull[i] += value * line[i]
    for _ in range(_SWEEPS):
        for j in range(NOTES):
            value = max(activation[j] + match[j] - pull[j], np.float32(0.0))
            if value < _FAINT:
                value = np.float32(0.0)
            change = value - activation[j]
            if change != np.float32(0.0):
                activation[j] = value
                line = gram[j]
                for i in range(NOTES):
                    pull[i] += change * line[i]
    explained = 0.0
    for j in range(NOTES):
        explained += np.float64(activation[j]) * (2.0 * match[j] - pull[j])
    return min(max(explained, 0.0), 1.0)
