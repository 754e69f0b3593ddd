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
_NONE_COST = 0.5  # in logits: music has a chord more often than the material that the weights were learned on
_SILENT_NONE = 3.0  # what silence adds for no chord, in logits
_HISTORY_S = 20.0
_KEY_LASTS_S = 10.0
_KEY_SHARPNESS = 4.0  # logits a second for a correlation of 1
_KEY_LEAD = 0.2
_KEY_SURE = 0.3  # probability below which no key is shown
_LEAST_HISTORY = 0.05  # mean of the history below which no key is shown: about a second of music
_LEAST_CONTRAST = 0.15  # its deviation over its mean: music has 0.3 to 0.7, noise below 0.1
# How well each pitch class above the tonic fits, as listeners judged (Krumhansl & Kessler 1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

# How often a chord comes next in a key, by degree: in major I ii iii IV V vi, in minor i III iv v V VI VII. Round
# figures; what is left is shared by all chords.
_NEXT = (
    {(0, 0): 0.25, (2, 1): 0.08, (4, 1): 0.05, (5, 0): 0.19, (7, 0): 0.19, (9, 1): 0.14},
    {(0, 1): 0.25, (3, 0): 0.11, (5, 1): 0.12, (7, 1): 0.05, (7, 0): 0.11, (8, 0): 0.13, (10, 0): 0.13},
)


class Harmony(NamedTuple):
    """Tables and state; the state begins at zero."""

    weights: np.ndarray  # float64 (2, registers, 12): major and minor, by interval above the root
    bias: np.ndarray  # float64 (2,)
    none: np.ndarray  # float64 (3,): of 1, of the share explained, of the notes' sum
    profiles: np.ndarray  # float64 (2, 12): of mean 0 and length 1
    following: np.ndarray  # float64 (24, 25): probability of each chord, or none, to come next in each key
    leave: float  # probability that a chord ends in one step
    forget: float
    key_leave: float
    key_gain: float
    chord: np.ndarray  # float64 (2, 25): probability less its value at the start; logits
    key: np.ndarray  # float64 (2, 24): likewise
    next: np.ndarray  # float64 (2, 25): what may come next: chords, keys (24)
    history: np.ndarray  # float64 (12,)
    shown: np.ndarray  # int64 (2,): chord and key shown, plus 1


def harmony(step_s: float) -> Harmony:
    """The stage, for new notes every ``step_s`` seconds."""
    profiles = np.array([_MAJOR, _MINOR])
    profiles -= profiles.mean(axis=1, keepdims=True)
    weights = np.array(CHORD_WEIGHTS)
    following = np.empty((24, CHORDS))
    for mode, common in enumerate(_NEXT):
        for tonic in range(12):
            row = following[12 * mode + tonic]
            row[:] = (1.0 - sum(common.values())) / CHORDS
            for (degree, minor), share in common.items():
                row[(tonic + degree) % 12 + 12 * minor] += share
    return Harmony(
        weights[:, :-1].reshape(2, -1, 12).copy(),
        weights[:, -1].copy(),
        np.array(NONE_WEIGHTS),
        profiles / np.linalg.norm(profiles, axis=1, keepdims=True),
        following,
        coefficient(_CHORD_LASTS_S, step_s),
        coefficient(_HISTORY_S, step_s),
        coefficient(_KEY_LASTS_S, step_s),
        _KEY_SHARPNESS * step_s,
        np.zeros((2, CHORDS)),
        np.zeros((2, 24)),
        np.zeros((2, CHORDS)),
        np.zeros(12),
        np.zeros(2, dtype=np.int64),
    )


@kernel
def _filter(states: np.ndarray, leave: float, following: np.ndarray) -> int:
    """One step of a forward filter whose states are left for ``following``; returns the most probable."""
    chance, logits = states[0], states[1]
    n = chance.shape[0]
    start = 1.0 / n
    highest = logits[0]
    for i in range(1, n):
        highest = max(highest, logits[i])
    total = 0.0
    for i in range(n):
        # Kept less the uniform start, so that a state of zeros is the beginning.
        chance[i] = ((1.0 - leave) * (start + chance[i]) + leave * following[i]) * np.exp(logits[i] - highest)
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
    logits[NONE] = none[0] - _NONE_COST + none[1] * explained + none[2] * total
    if total == 0.0:
        logits[:] = 0.0
        logits[NONE] = _SILENT_NONE
    following = state.next[0]
    following[:] = 0.0
    for key in range(24):
        chance = state.key[0, key] + 1.0 / 24.0
        for i in range(CHORDS):
            following[i] += chance * state.following[key, i]
    best = _filter(state.chord, state.leave, following)
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
    state.next[1, :24] = 1.0 / 24.0
    best = _filter(state.key, state.key_leave, state.next[1])
    shown = state.shown[1] - 1
    contrast = np.sqrt(square / 12.0) / (mean + 1e-9)
    if shown < 0:
        sure = state.key[0, best] + 1.0 / 24.0 > _KEY_SURE
        if sure and mean > _LEAST_HISTORY and contrast > _LEAST_CONTRAST:
            shown = best
    elif mean < 0.1 * _LEAST_HISTORY or contrast < 0.6 * _LEAST_CONTRAST:
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
