"""Chord and key, from notes by register: filters that only look back.

A chord is a hidden state that stays with a known probability; how well each of 24 triads, or none, fits the newest
notes is a weighted sum over registers and intervals above the root (``chord_weights``), the same for all roots. The
forward filter of that hidden Markov model gives each chord's probability now. The key is the one whose profile of
pitch classes fits a long leaky history best (Krumhansl 1990), again filtered. Both are shown with hysteresis.
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.chord_weights import CHORD_WEIGHTS, NONE_WEIGHTS
from pix2live.dsp.follower import coefficient
from pix2live.dsp.jit import kernel
from pix2live.signals.table import TONE

KEY, MODE, CHORD = TONE.index("tone.key"), TONE.index("tone.mode"), TONE.index("tone.chord")
CHORDS, NONE = 25, 24
_CHORD_LASTS_S = 1.5
_CHORD_LEAD = 0.2  # by which another chord's probability must exceed that of the one shown
_SILENT_NONE = 3.0  # what silence adds for no chord, in logits
_HISTORY_S = 20.0
_KEY_LASTS_S = 40.0
_KEY_SHARPNESS = 1.0  # logits a second for a correlation of 1
_KEY_LEAD = 0.2
_KEY_SURE = 0.3  # probability below which no key is shown
_LEAST_HISTORY = 0.02
# Pitch classes above the tonic. Mean of Temperley's (2001) and of Faraldo et al.'s (2016) for electronic dance music.
_MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
_MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)


class Harmony(NamedTuple):
    """Tables and state; the state begins at zero."""

    weights: np.ndarray  # float64 (2, registers, 12): major and minor, by interval above the root
    bias: np.ndarray  # float64 (2,)
    none: np.ndarray  # float64 (3,): of 1, of the share explained, of the notes' sum
    profiles: np.ndarray  # float64 (2, 12): of mean 0 and length 1
    leave: float  # probability that a chord ends in one step
    forget: float
    key_leave: float
    key_gain: float
    chord: np.ndarray  # float64 (2, 25): probability less its value at the start; logits
    key: np.ndarray  # float64 (2, 24): likewise
    history: np.ndarray  # float64 (12,)
    shown: np.ndarray  # int64 (2,): chord and key shown, plus 1


def harmony(step_s: float) -> Harmony:
    """The stage, for new notes every ``step_s`` seconds."""
    profiles = np.array([_MAJOR, _MINOR])
    profiles -= profiles.mean(axis=1, keepdims=True)
    weights = np.array(CHORD_WEIGHTS)
    return Harmony(
        weights[:, :-1].reshape(2, -1, 12).copy(),
        weights[:, -1].copy(),
        np.array(NONE_WEIGHTS),
        profiles / np.linalg.norm(profiles, axis=1, keepdims=True),
        coefficient(_CHORD_LASTS_S, step_s),
        coefficient(_HISTORY_S, step_s),
        coefficient(_KEY_LASTS_S, step_s),
        _KEY_SHARPNESS * step_s,
        np.zeros((2, CHORDS)),
        np.zeros((2, 24)),
        np.zeros(12),
        np.zeros(2, dtype=np.int64),
    )


@kernel
def _filter(states: np.ndarray, leave: float) -> int:
    """One step of a forward filter whose states are left for any other alike; returns the most probable."""
    chance, logits = states[0], states[1]
    n = chance.shape[0]
    start = 1.0 / n
    highest = logits[0]
    for i in range(1, n):
        highest = max(highest, logits[i])
    total = 0.0
    for i in range(n):
        # Kept less the uniform start, so that a state of zeros is the beginning.
        chance[i] = (start + (1.0 - leave) * chance[i]) * np.exp(logits[i] - highest)
        total += chance[i]
    best = 0
    for i in range(n):
        chance[i] = chance[i] / total - start
        if chance[i] > chance[best]:
            best = i
    return best


@kernel
def _hear_chord(state: Harmony, registers: np.ndarray, explained: float) -> None:
    logits = state.chord[1]
    weights, bias, none = state.weights, state.bias, state.none
    total = 0.0
    for r in range(registers.shape[0]):
        for i in range(12):
            total += registers[r, i]
    for mode in range(2):
        for root in range(12):
            fit = bias[mode]
            for r in range(registers.shape[0]):
                for i in range(12):
                    value = registers[r, (root + i) % 12]
                    if value > 0.0:
                        fit += weights[mode, r, i] * value
            logits[12 * mode + root] = fit
    logits[NONE] = none[0] + none[1] * explained + none[2] * total
    if total == 0.0:
        logits[:] = 0.0
        logits[NONE] = _SILENT_NONE
    best = _filter(state.chord, state.leave)
    shown = state.shown[0] - 1
    if shown < 0:
        shown = NONE
    if state.chord[0, best] > state.chord[0, shown] + _CHORD_LEAD:
        shown = best
    state.shown[0] = shown + 1


@kernel
def _hear_key(state: Harmony, registers: np.ndarray, explained: float) -> None:
    history, logits = state.history, state.key[1]
    mean = 0.0
    for i in range(12):
        heard = 0.0
        for r in range(registers.shape[0]):
            heard += registers[r, i]
        history[i] += state.forget * (explained * heard - history[i])
        if history[i] < 1e-12:
            history[i] = 0.0
        mean += history[i] / 12.0
    square = 1e-12
    for i in range(12):
        square += (history[i] - mean) ** 2
    for mode in range(2):
        for root in range(12):
            fit = 0.0
            for i in range(12):
                fit += state.profiles[mode, i] * history[(root + i) % 12]
            logits[12 * mode + root] = state.key_gain * fit / np.sqrt(square)
    best = _filter(state.key, state.key_leave)
    shown = state.shown[1] - 1
    if shown < 0:
        if state.key[0, best] + 1.0 / 24.0 > _KEY_SURE and mean > _LEAST_HISTORY:
            shown = best
    elif mean < 0.25 * _LEAST_HISTORY:
        shown = -1
    elif state.key[0, best] > state.key[0, shown] + _KEY_LEAD:
        shown = best
    state.shown[1] = shown + 1


@kernel
def harmony_step(state: Harmony, registers: np.ndarray, explained: float, fresh: bool, row: np.ndarray) -> None:
    """One hop; ``registers`` and ``explained`` are those of ``Chroma`` and count where ``fresh``.

    Writes ``key`` (0 C to 11 B, -1 none), ``mode`` (1 major, 0 minor) and ``chord`` (0..11 major, 12..23 minor,
    -1 none).
    """
    if fresh:
        _hear_chord(state, registers, explained)
        _hear_key(state, registers, explained)
    chord, key = state.shown[0] - 1, state.shown[1] - 1
    row[CHORD] = -1.0 if chord < 0 or chord == NONE else float(chord)
    row[KEY] = -1.0 if key < 0 else float(key % 12)
    row[MODE] = 0.0 if key >= 12 else 1.0
