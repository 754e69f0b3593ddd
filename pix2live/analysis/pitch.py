"""Pitch of one voice: its fundamental frequency, hop by hop, without looking ahead.

A window is filtered so that the partials that carry pitch weigh most, and compared with itself at every lag through
two transforms (the normalised square difference of McLeod & Wyvill 2005, an unbiased sibling of YIN-FFT, de Cheveigné
& Kawahara 2002, Brossier 2006). Low tones are looked for in 43 ms, tones above 190 Hz in the newest half of that, so
that a new note is believed before the old one has left the window. The peaks are candidates; the path through them is
the one of Boersma 1993: short lags are favoured a little, jumps and changes between voiced and unvoiced cost, and the
best path that ends now is taken at once (the forward half of Viterbi's algorithm).
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.fft import RealFFT, real_fft, rfft
from pix2live.dsp.jit import kernel
from pix2live.signals.table import TONE

F0_HZ, NOTE, CONFIDENCE = TONE.index("tone.f0_hz"), TONE.index("tone.note"), TONE.index("tone.confidence")
LOW_HZ, HIGH_HZ = 46.0, 4400.0
_CANDIDATES = 8
_HIGH_PASS_HZ, _LOW_PASS_HZ = 400.0, 4000.0
_LEAST_POWER = 1e-7  # mean square, -70 dBFS: below it nothing is heard
_OCTAVE_COST = 0.14  # for each octave that a candidate lies below HIGH_HZ
_STEP_COST = 0.3  # for any change of more than half a semitone from one hop to the next
_JUMP_COST = 0.15  # and for each octave of it
_VOICING_COST = 0.5  # for each beginning or end of a voiced stretch
_UNVOICED = 0.42  # what a candidate's peak must beat
_WORST = -1e9
_FAINT = 1e-25


class _Window(NamedTuple):
    """Tables and work space of one window's comparison with itself."""

    plan: RealFFT
    ones: np.ndarray  # float32 (2 size,): the window of the transforms
    padded: np.ndarray  # float32 (2 size,): sound, then zeros
    spectrum: np.ndarray  # float32 (2, size + 1)
    power: np.ndarray  # float32 (2 size,): symmetric
    likeness: np.ndarray  # float32 (size / 2 + 2,): -1..1 for each lag


class Pitch(NamedTuple):
    """Tables and state; the state begins at zero."""

    sample_rate: float
    low_pass: float
    high_pass: float
    long: _Window
    short: _Window
    memory: np.ndarray  # float64 (4,): filters
    past: np.ndarray  # float32 (2 window,): a ring written twice, so that any window of it is one slice
    at: np.ndarray  # int64 (2,): place in the ring; how many candidates the last hop had
    lags: np.ndarray  # float64 (2, candidates): this hop's and the last one's
    peaks: np.ndarray  # float64 (candidates,)
    scores: np.ndarray  # float64 (2, candidates + 1): of the best path that ends there; the last is unvoiced


def _window(size: int) -> _Window:
    return _Window(
        real_fft(2 * size),
        np.ones(2 * size, dtype=np.float32),
        np.zeros(2 * size, dtype=np.float32),
        np.zeros((2, size + 1), dtype=np.float32),
        np.zeros(2 * size, dtype=np.float32),
        np.zeros(size // 2 + 2, dtype=np.float32),
    )


def pitch(sample_rate: float, hop: int) -> Pitch:
    """The stage for hops of ``hop`` samples; it looks at the newest eight hops."""
    size = 8 * hop
    return Pitch(
        float(sample_rate),
        1.0 - float(np.exp(-2.0 * np.pi * _LOW_PASS_HZ / sample_rate)),
        float(np.exp(-2.0 * np.pi * _HIGH_PASS_HZ / sample_rate)),
        _window(size),
        _window(size // 2),
        np.zeros(4),
        np.zeros(2 * size, dtype=np.float32),
        np.zeros(2, dtype=np.int64),
        np.zeros((2, _CANDIDATES)),
        np.zeros(_CANDIDATES),
        np.zeros((2, _CANDIDATES + 1)),
    )


@kernel
def _gather(state: Pitch, samples: np.ndarray) -> None:
    """A hop through the filters into the ring."""
    ring, memory, at = state.past, state.memory, state.at[0]
    hop = samples.shape[0]
    window = ring.shape[0] // 2
    low, high = state.low_pass, state.high_pass
    x1, y1, y2, y3 = memory[0], memory[1], memory[2], memory[3]
    for i in range(hop):
        x = np.float64(samples[i])
        y1 = high * (y1 + x - x1)
        x1 = x
        y2 += low * (y1 - y2)
        y3 += low * (y2 - y3)
        value = np.float32(y3)
        if abs(value) < np.float32(1e-12):
            value = np.float32(0.0)
        ring[at + i] = value
        ring[at + i + window] = value
    if not (abs(y1) + abs(y2) + abs(y3) > _FAINT):
        y1, y2, y3 = 0.0, 0.0, 0.0
    memory[0], memory[1], memory[2], memory[3] = x1, y1, y2, y3
    state.at[0] = (at + hop) % window


@kernel
def _compare(state: _Window, newest: np.ndarray) -> float:
    """A window's likeness with itself at every lag; returns its mean square, or 0 where it is silent."""
    padded, power, likeness = state.padded, state.power, state.likeness
    size = newest.shape[0]
    energy = 0.0
    for i in range(size):
        padded[i] = newest[i]
        energy += np.float64(newest[i]) * newest[i]
    if not (energy > _LEAST_POWER * size):
        likeness[:] = np.float32(0.0)
        return 0.0
    re, im = state.spectrum[0], state.spectrum[1]
    rfft(state.plan, padded, state.ones, re, im)
    for k in range(size + 1):
        power[k] = re[k] * re[k] + im[k] * im[k]
    for k in range(1, size):
        power[2 * size - k] = power[k]
    rfft(state.plan, power, state.ones, re, im)
    both = 2.0 * energy
    for lag in range(likeness.shape[0]):
        if lag > 0:
            first, last = np.float64(newest[lag - 1]), np.float64(newest[size - lag])
            both -= first * first + last * last
        likeness[lag] = re[lag] / (size * both) if both > 1e-6 * energy else 0.0
    return energy / size


@kernel
def _listen(state: Pitch) -> float:
    """Both windows into one likeness for all lags, that of the long one; returns its mean square."""
    at, size = state.at[0], state.past.shape[0] // 2
    power = _compare(state.long, state.past[at : at + size])
    if power > 0.0:
        _compare(state.short, state.past[at + size - state.short.padded.shape[0] // 2 : at + size])
        likeness, newer = state.long.likeness, state.short.likeness
        begin = size // 8
        end = size * 3 // 16
        for lag in range(end):
            share = np.float32(max(lag - begin, 0) / (end - begin))
            likeness[lag] = newer[lag] + share * (likeness[lag] - newer[lag])
    return power


@kernel
def _crest(likeness: np.ndarray, lag: int) -> tuple:
    """The parabola through three points: place and height of its top."""
    a, b, c = np.float64(likeness[lag - 1]), np.float64(likeness[lag]), np.float64(likeness[lag + 1])
    bend = a - 2.0 * b + c
    shift = 0.5 * (a - c) / bend if bend < 0.0 else 0.0
    shift = min(max(shift, -0.5), 0.5)
    return lag + shift, b - 0.25 * (a - c) * shift


@kernel
def _candidates(state: Pitch, lags: np.ndarray) -> int:
    """The highest peaks, in order of lag; returns how many there are."""
    likeness, peaks = state.long.likeness, state.peaks
    first = max(2, int(state.sample_rate / HIGH_HZ))
    count, lowest = 0, 0
    for lag in range(first, likeness.shape[0] - 1):
        here = likeness[lag]
        if here < np.float32(0.25) or here <= likeness[lag - 1] or here < likeness[lag + 1]:
            continue
        place, height = _crest(likeness, lag)
        height = min(height, 1.0) - _OCTAVE_COST * np.log2(place * HIGH_HZ / state.sample_rate)
        if count == lags.shape[0]:
            if height <= peaks[lowest]:
                continue
            for i in range(lowest, count - 1):
                lags[i], peaks[i] = lags[i + 1], peaks[i + 1]
            count -= 1
        lags[count], peaks[count] = place, height
        count += 1
        lowest = 0
        for i in range(1, count):
            if peaks[i] < peaks[lowest]:
                lowest = i
    return count


@kernel
def _follow(state: Pitch, lags: np.ndarray, count: int, old_lags: np.ndarray, old_count: int) -> int:
    """One step of the paths; returns the candidate in which the best one ends, or -1."""
    scores, old = state.scores[0], state.scores[1]
    unvoiced = scores.shape[0] - 1
    old[:] = scores
    came = max(old[unvoiced], _WORST)
    for j in range(old_count):
        came = max(came, old[j] - _VOICING_COST)
    scores[unvoiced] = came + _UNVOICED - _OCTAVE_COST * np.log2(HIGH_HZ / 440.0)
    best = unvoiced
    for i in range(count):
        came = old[unvoiced] - _VOICING_COST
        for j in range(old_count):
            octaves = abs(np.log2(lags[i] / old_lags[j]))
            cost = _JUMP_COST * octaves + (_STEP_COST if octaves > 0.042 else 0.0)
            came = max(came, old[j] - cost)
        scores[i] = came + state.peaks[i]
        if scores[i] > scores[best]:
            best = i
    top = scores[best]
    for i in range(count):
        scores[i] -= top
    scores[unvoiced] -= top
    return best if best < unvoiced else -1


@kernel
def _refine(likeness: np.ndarray, lag: float, longest: float) -> float:
    """A short lag measured over several periods, which a parabola through few samples cannot place well."""
    times = 1
    while (times + 1) * lag <= longest:
        guess = int(np.round((times + 1) * lag))
        if likeness[guess - 1] > likeness[guess]:
            guess -= 1
        elif likeness[guess + 1] > likeness[guess]:
            guess += 1
        place, _ = _crest(likeness, guess)
        if abs(place - (times + 1) * lag) > 1.0:
            break
        times += 1
        lag = place / times
    return lag


@kernel
def pitch_step(state: Pitch, samples: np.ndarray, row: np.ndarray) -> None:
    """One hop, float32 ``(hop,)``, finite; writes ``f0_hz``, ``note`` and ``confidence``.

    ``f0_hz`` is 46..4400, or 0 where no pitch is heard; ``note`` is the fractional MIDI number (69 is 440 Hz) or 0;
    ``confidence`` is 0..1, above 0.5 exactly where there is a pitch. Latency: half the window (21 ms below
    130 Hz, 11 ms above 190 Hz).
    """
    _gather(state, samples)
    lags, old_lags = state.lags[0], state.lags[1]
    old_count = state.at[1]
    old_lags[:] = lags
    count = 0
    if _listen(state) > 0.0:
        count = _candidates(state, lags)
    best = _follow(state, lags, count, old_lags, old_count)
    state.at[1] = count
    if best < 0:
        highest = 0.0
        for i in range(count):
            highest = max(highest, state.peaks[i])
        row[F0_HZ], row[NOTE] = 0.0, 0.0
        row[CONFIDENCE] = 0.5 * min(highest, 1.0)
        return
    likeness = state.long.likeness
    height = np.float64(likeness[int(np.round(lags[best]))])
    lag = _refine(likeness, lags[best], state.past.shape[0] / 16.0)
    hz = state.sample_rate / lag
    row[F0_HZ] = hz
    row[NOTE] = 69.0 + 12.0 * np.log2(hz / 440.0)
    row[CONFIDENCE] = min(max(0.5 + 0.5 * height, 0.501), 1.0)
