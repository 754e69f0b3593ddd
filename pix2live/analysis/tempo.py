"""Tempo and beat: a steady pulse drawn out of what the metre filter believes, right for the end of each hop."""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.metre import HIGH_BPM, LOW_BPM, Metre, advance, forget, lean, metre, phase_near, phases_of
from pix2live.analysis.novelty import FULL, HIGH, LOW, MID
from pix2live.analysis.novelty import FUNCTIONS as GIVEN
from pix2live.analysis.rhythm import FUNCTIONS, LEARNED
from pix2live.dsp.follower import coefficient
from pix2live.dsp.jit import kernel
from pix2live.signals.table import BEAT

FRAME_HOPS = 2
WAIT = 2  # frames by which the onset functions are held back until the learned chances come
RISE_S = 0.0005  # and so much later a beat is heard, between a click (sooner) and a bow's stroke (later)
START_BPM = 120.0

# An onset is how far the log of a function, over its usual value, rises above its last PAST frames; a rise of CLEAR
# octaves is a clear one, and what is less than LEAST_RISE is noise.
USUAL_S, START_S, FLOOR = 6.0, 0.1, 0.003
PAST, LEAST_RISE, CLEAR, MOST = 4, 0.15, 2.0, 1.5
# A learned chance is neutral at a share of how high these have lately peaked, and counts to the power TRUST, as
# neighbouring frames say much the same; downbeats are rarer than beats.
LEARNED_LEAST, LEARNED_MOST, TRUST = 0.002, 0.98, 0.6
NEUTRAL, NEUTRAL_LEAST, PEAK_S, PEAK_START, DOWN = 0.33, 0.03, 4.0, 0.2, 3.0
HEARD_LEAST, UNHEARD_BEATS = 0.1, 2.5  # after so many beats of which none was likely no other tempo is chosen
FEWEST = 0.012  # mean chance where the slowest beats are heard
# Share of the prior over tempo that is asked for again in each frame, once so much was heard; none where what was
# learned peaks as if sure.
INSIST, INSIST_S, UNSURE, SURE = 0.03, 12.0, 0.45, 0.65
# What was learned still counts so many beats after the last onset, where that is later than REST_FROM_S.
HEED_BEATS = 1.15
FAINT_PEAK, CLEAR_PEAK = 0.05, 0.15  # lower ones count less, down to nothing
# While no function rises this far over its usual value it is quiet: soon no other beat is chosen, then that nothing
# comes says nothing more, then it is a break, after which the beat goes on where it would have been.
LIVELY = 3.0
STALE_S, REST_FROM_S, REST_TO_S, BREAK_FROM_S, BREAK_TO_S = 0.35, 0.7, 1.2, 2.0, 12.0
BREAK_LOCK = 0.5

NEAR = 0.045  # tempi that are one and the same, as a ratio
KEEP_TEMPO, KEEP_PHASE, KEEP_BAR = 1.6, 1.4, 1.6  # another must be so much likelier
PULL_S = 0.1  # how fast the pulse is drawn to where the beat is believed
DETUNE, DETUNE_PULL = 0.03, 0.25  # a tempo between two of the filter's
SLOWEST, FASTEST = 0.2, 3.0  # of the tempo, while an error is made up for
EVIDENCE_S, LOCK_S = 3.0, 1.0
EVIDENCE_OF_SURE = 2.0  # nats a second
LOCK_LEAST, LOCK_RANGE = 0.2, 0.6
BPM_S = 0.3

_BEATS, _RATE, _TEMPO, _ERROR, _HOP, _QUIET, _EVIDENCE, _LOCK = range(8)
_BAR_BEGIN, _BAR_BEATS, _BAR, _AGE, _BPM, _LOCKED, _CHANCE, _SQUARE, _PEAK, _UNHEARD = range(8, 18)


class _Tempo(NamedTuple):
    frame_s: float
    delay: float  # frames by which a beat is older than the frame in which it is heard
    usual: float  # this and the next five: follower coefficients of a frame
    pull: float
    smooth: float
    evidence: float
    lock: float
    peak: float
    span: np.ndarray  # int64 (tempi, 2): the tempi that are the same as each
    past: np.ndarray  # float64 (FUNCTIONS, PAST): logs of the newest frames
    onsets: np.ndarray  # float64 (FUNCTIONS,)
    metre: Metre
    mean: np.ndarray  # float64 (FUNCTIONS,): usual value of each onset function
    held: np.ndarray  # float32 (WAIT + 1, FUNCTIONS): the newest frame's functions so far, and those before it
    chance: np.ndarray  # float64 (LEARNED,): the newest learned chances; below 0 where there are none
    ratio: np.ndarray  # float64 (LEARNED,)
    sums: np.ndarray  # float64 (tempi + 1,)
    bars: np.ndarray  # float64 (5, 4): mass of each place in bars of so many beats
    memory: np.ndarray  # float64 (18,): see the names above


@kernel
def _weigh(s: _Tempo) -> None:
    """How much likelier than no beat the learned chances make a beat within the bar, and a downbeat."""
    s.ratio[:] = 1.0
    if s.chance[0] < 0.0:
        return
    beat = min(max(s.chance[0], LEARNED_LEAST), LEARNED_MOST)
    down = beat if s.chance[1] < 0.0 else min(max(s.chance[1], LEARNED_LEAST), beat)
    within = beat if s.chance[1] < 0.0 else max(beat - down, LEARNED_LEAST)
    m = s.memory
    m[_CHANCE] += s.peak * (beat - m[_CHANCE])
    m[_SQUARE] += s.peak * (beat * beat - m[_SQUARE])
    m[_PEAK] = m[_SQUARE] / max(m[_CHANCE], FEWEST)
    neutral = max(NEUTRAL * m[_PEAK], NEUTRAL_LEAST)
    m[_UNHEARD] = 0.0 if beat > max(neutral, HEARD_LEAST) else m[_UNHEARD] + m[_RATE]
    gain = (1.0 - neutral) / (neutral * (1.0 - beat))
    since = m[_QUIET] - max(HEED_BEATS * s.metre.period[int(m[_TEMPO])] * s.frame_s, REST_FROM_S)
    heed = min(max(1.0 - since / (REST_TO_S - REST_FROM_S), 0.0), 1.0)
    trust = TRUST * min(max((m[_PEAK] - FAINT_PEAK) / (CLEAR_PEAK - FAINT_PEAK), 0.0), 1.0)
    s.ratio[0] = 1.0 + heed * ((gain * within) ** trust - 1.0)
    s.ratio[1] = 1.0 + heed * ((DOWN * gain * down) ** trust - 1.0)


@kernel
def _hear(s: _Tempo) -> float:
    """The frame's inputs to onsets and ratios; how lively it is, 0..1."""
    m = s.memory
    m[_AGE] += 1.0
    rate = max(s.usual, 1.0 / (m[_AGE] + START_S / s.frame_s))
    at = int(m[_AGE]) % PAST
    highest = 0.0
    for n in range(FUNCTIONS):
        value = np.float64(s.held[WAIT, n])
        if not BREAK_FROM_S < m[_QUIET] < BREAK_TO_S:  # a break does not make what follows it seem loud
            s.mean[n] += rate * (value - s.mean[n])
        value /= max(s.mean[n], FLOOR)
        highest = max(highest, value)
        value = np.log2(1.0 + value)
        before = 0.0
        for k in range(PAST):
            before = max(before, s.past[n, k])
        s.past[n, at] = value
        s.onsets[n] = min(max(value - before - LEAST_RISE, 0.0) / CLEAR, MOST)
    m[_QUIET] = 0.0 if highest > LIVELY else m[_QUIET] + s.frame_s
    lively = min(max((REST_TO_S - m[_QUIET]) / (REST_TO_S - REST_FROM_S), 0.0), 1.0)
    for n in range(FUNCTIONS):
        s.onsets[n] *= lively
    for k in range(WAIT, 0, -1):
        s.held[k] = s.held[k - 1]
    s.held[0] = 0.0
    _weigh(s)
    return lively


@kernel
def _choose(s: _Tempo, fresh: bool) -> tuple[int, float]:
    """The tempo in whose neighbourhood most of the belief lies, changed only for one that is clearly likelier."""
    mass, sums = s.metre.by_tempo, s.sums
    n = mass.shape[0]
    for i in range(n):
        sums[i + 1] = sums[i] + mass[i]
    best, best_mass = 0, -1.0
    for i in range(n):
        here = sums[s.span[i, 1]] - sums[s.span[i, 0]]
        if here > best_mass:
            best, best_mass = i, here
    current = int(s.memory[_TEMPO])
    kept, kept_mass = current, -1.0
    for i in range(s.span[current, 0], s.span[current, 1]):
        here = sums[s.span[i, 1]] - sums[s.span[i, 0]]
        if here > kept_mass:
            kept, kept_mass = i, here
    if fresh and best_mass > KEEP_TEMPO * kept_mass:
        return best, best_mass
    return kept, kept_mass


@kernel
def _frame(s: _Tempo) -> None:
    m = s.memory
    was_break = BREAK_FROM_S < m[_QUIET] < BREAK_TO_S and m[_LOCKED] > BREAK_LOCK
    lively = _hear(s)
    if was_break and m[_QUIET] == 0.0:
        current = int(m[_TEMPO])
        lean(s.metre, s.span[current, 0], s.span[current, 1], m[_BEATS] - s.delay * m[_RATE])
    insist = INSIST * min(max((SURE - m[_PEAK]) / (SURE - UNSURE), 0.0), 1.0)
    insist *= min(m[_AGE] * s.frame_s / INSIST_S, 1.0)
    gain = advance(s.metre, s.onsets, lively, s.ratio, insist, lively <= 0.0)
    fresh = m[_QUIET] < STALE_S and m[_UNHEARD] < UNHEARD_BEATS
    chosen, mass = _choose(s, fresh)
    moved = abs(s.metre.period[chosen] / s.metre.period[int(m[_TEMPO])] - 1.0) > 2.0 * NEAR
    m[_TEMPO] = chosen
    low, high = s.span[chosen, 0], s.span[chosen, 1]
    period, total = 0.0, 0.0
    for i in range(low, high):
        period += s.metre.by_tempo[i] * s.metre.period[i]
        total += s.metre.by_tempo[i]
    rate = total / period
    phases_of(s.metre, low, high)
    delay = s.delay * rate
    phase, locked = phase_near(s.metre, m[_BEATS] - delay, KEEP_PHASE)
    m[_EVIDENCE] += s.evidence * (gain / s.frame_s - m[_EVIDENCE])
    m[_LOCK] += s.lock * (locked * mass * lively - m[_LOCK])
    if lively == 1.0:
        m[_LOCKED] = m[_LOCK]
    if moved:
        m[_RATE] = rate
    if fresh:
        error = phase + delay - m[_BEATS]
        error = (error - np.floor(error + 0.5)) * locked
        m[_ERROR] = error
        turn = m[_RATE] + DETUNE_PULL * s.pull**2 * error
        m[_RATE] = min(max(turn, (1.0 - DETUNE) * rate), (1.0 + DETUNE) * rate)
    else:
        m[_RATE] = m[_BPM] / 60.0 * s.frame_s
    m[_BPM] += (60.0 * m[_RATE] / s.frame_s - m[_BPM]) * (1.0 if moved else s.smooth)


@kernel
def _find_bar(s: _Tempo) -> None:
    """In the middle of a beat: which beat of which bar it is, unless what was thought is nearly as likely."""
    m, bars, space = s.memory, s.bars, s.metre
    bars[:] = 0.0
    for p in range(space.beats.shape[0]):
        for b in range(space.beats[p]):
            bars[space.beats[p], b] += space.by_beat[p, b]
    size, place = int(m[_BAR_BEATS]), int(np.floor(m[_BEATS]) - m[_BAR_BEGIN])
    best_size, best_place = size, place
    for beats in range(bars.shape[0]):
        for b in range(bars.shape[1]):
            if bars[beats, b] > bars[best_size, best_place]:
                best_size, best_place = beats, b
    if bars[best_size, best_place] > KEEP_BAR * bars[size, place]:
        m[_BAR_BEATS] = best_size
        m[_BAR_BEGIN] = np.floor(m[_BEATS]) - best_place
        if best_place == 0 and place > 0:
            m[_BAR] += 1.0


@kernel
def _process(s: _Tempo, functions: np.ndarray, extra: np.ndarray, row: np.ndarray) -> None:
    m, held = s.memory, s.held[0]
    held[0], held[1] = max(held[0], functions[LOW]), max(held[1], functions[MID])
    held[2], held[3] = max(held[2], functions[HIGH]), max(held[3], functions[FULL])
    for n in range(LEARNED):
        s.chance[n] = extra[n] if n < extra.shape[0] else -1.0
    m[_HOP] += 1.0
    if m[_HOP] >= FRAME_HOPS:
        m[_HOP] = 0.0
        _frame(s)
    before = m[_BEATS]
    rate = m[_RATE] / FRAME_HOPS
    step = min(max(s.pull / FRAME_HOPS * m[_ERROR], (SLOWEST - 1.0) * rate), (FASTEST - 1.0) * rate)
    m[_ERROR] -= step
    m[_BEATS] = before + rate + step
    if np.floor(m[_BEATS] - 0.5) > np.floor(before - 0.5):
        _find_bar(s)
    count = np.floor(m[_BEATS])
    if count - m[_BAR_BEGIN] >= m[_BAR_BEATS]:
        m[_BAR_BEGIN] = count
        m[_BAR] += 1.0
    row[0] = min(max(m[_BPM], LOW_BPM), HIGH_BPM)
    row[1] = m[_BEATS] - count
    row[2] = (m[_BEATS] - m[_BAR_BEGIN]) / m[_BAR_BEATS]
    row[3], row[4] = count, m[_BAR]
    sure = min(max((m[_LOCK] - LOCK_LEAST) / LOCK_RANGE, 0.0), 1.0)
    row[5] = sure * min(max(m[_EVIDENCE] / EVIDENCE_OF_SURE, 0.0), 1.0)
    row[6] = m[_BAR_BEATS]


class Tempo:
    """Tempo, beat and bar of what is heard, hop by hop.

    The belief of the metre filter (see ``metre``) is followed by one steady pulse: its tempo changes for another only
    when that is clearly likelier, its phase is drawn to the likeliest without a jump, its count never goes back. While
    nothing begins, tempo and phase run on as they were.

    Args:
        sample_rate: in Hz. hop: samples a hop, of about 5 ms.

    Latency: none; the delay of the onset functions is made up for, so that the phase is that of the moment at the end
    of the hop. A clear beat is found within 4 s. The prior over tempo is log-Gaussian, at 108, 0.7 octaves wide:
    below about 80 BPM the double is often taken where something is heard on its beats too.
    """

    def __init__(self, sample_rate: float, hop: int) -> None:
        self.sample_rate, self.hop = float(sample_rate), int(hop)
        frame_s = FRAME_HOPS * hop / sample_rate
        space = metre(frame_s)
        period = space.period
        span = [np.searchsorted(period, period * (1.0 - NEAR)), np.searchsorted(period, period * (1.0 + NEAR), "right")]
        self._s = _Tempo(
            frame_s,
            WAIT + RISE_S / frame_s,
            coefficient(USUAL_S, frame_s),
            coefficient(PULL_S, frame_s),
            coefficient(BPM_S, frame_s),
            coefficient(EVIDENCE_S, frame_s),
            coefficient(LOCK_S, frame_s),
            coefficient(PEAK_S, frame_s),
            np.stack(span, axis=1),
            np.zeros((FUNCTIONS, PAST)),
            np.zeros(FUNCTIONS),
            space,
            np.zeros(FUNCTIONS),
            np.zeros((WAIT + 1, FUNCTIONS), np.float32),
            np.zeros(LEARNED),
            np.ones(LEARNED),
            np.zeros(len(period) + 1),
            np.zeros((5, 4)),
            np.zeros(18),
        )
        self._none = np.zeros(0, np.float32)
        self.reset()
        row = np.zeros(len(BEAT))
        for _ in range(FRAME_HOPS):
            self.process(np.zeros(len(GIVEN), np.float32), self._none, row)
        self.reset()

    def reset(self) -> None:
        """Forget all that was heard: 120 BPM, no confidence, counts from 0."""
        s = self._s
        forget(s.metre)
        s.memory[:] = 0.0
        s.mean[:] = 0.1
        s.past[:] = 0.0
        s.held[:] = 0.0
        s.chance[:] = -1.0
        s.memory[_TEMPO] = int(np.argmin(np.abs(60.0 / (s.frame_s * s.metre.period) - START_BPM)))
        s.memory[_RATE], s.memory[_BPM] = START_BPM / 60.0 * s.frame_s, START_BPM
        s.memory[_BAR_BEATS] = 4.0
        s.memory[_CHANCE], s.memory[_SQUARE] = 0.02, 0.02 * PEAK_START

    def process(self, functions: np.ndarray, extra: np.ndarray | None, row: np.ndarray) -> None:
        """One hop.

        Args:
            functions: float32 ``(len(FUNCTIONS),)`` of ``Novelty``.
            extra: float32 ``(m,)``, learned chances 0..1 of a beat and of a downbeat at this hop; m may be 0.
            row: float64 in the order of ``table.BEAT``, written: bpm 40..240; phase of beat and bar, 0..1; beats and
                bars counted from the start; confidence 0..1; beats a bar.
        """
        _process(self._s, functions, self._none if extra is None else extra, row)
