"""Where in the bar the music is: a forward filter over rhythm patterns, tempi and places in the bar.

The bar pointer model (Whiteley, Cemgil & Godsill 2006) with rhythm patterns over onset functions of several bands
(Krebs, Böck & Widmer 2013), on a state space in which tempo changes at beats alone (Krebs, Böck & Widmer 2015). Here
onsets are Poisson processes, so that a place counts the same however many frames it takes, and bars rather than beats
are whole frames long, so that fast tempi are as fine as slow ones. Only the forward pass is run: each frame's belief
is all that can be known at that moment.
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.rhythm import FUNCTIONS, KINDS, LEARNED, PATTERNS, expected, places
from pix2live.dsp.jit import kernel

LOW_BPM, HIGH_BPM = 40.0, 240.0
# The prior over tempo: log-Gaussian, as tapping listeners prefer (Moelants 2002).
USUAL_BPM, SPREAD_OCTAVES = 108.0, 0.7
STEP = 0.022  # ratio of neighbouring tempi
STIFFNESS = 100.0  # how unlikely a change of tempo from beat to beat is: exp(-STIFFNESS * |log ratio|)
LOOSE = 0.003  # a beat is early or late by a frame with this chance, times its frames
RESTART, NEW_BAR, NEW_PATTERN = 3e-4, 0.004, 0.008  # per frame; per beat; per bar
PHASES = 48
REACH = 6  # phases to either side that are one and the same
LEAN_WIDTH, LEAN_LEAST = 0.07, 0.01
LEAST = np.float32(1e-18)


class Metre(NamedTuple):
    """Tables and state of the filter. A pattern's states at one tempo lie together: beats, then frames."""

    period: np.ndarray  # float64 (tempi,): frames a beat
    beats: np.ndarray  # int64 (patterns,): beats a bar
    begin: np.ndarray  # int64 (patterns, tempi, most beats + 1): where each beat's states begin, and the end
    place: np.ndarray  # int16 (states,)
    worth: np.ndarray  # float64 (places, FUNCTIONS): see rhythm.expected
    cost: np.ndarray  # float64 (places,)
    learned: np.ndarray  # float64 (places, LEARNED)
    change: np.ndarray  # float32 (tempi, tempi): [to, from] at a beat
    odd: np.ndarray  # float64 (tempi,): logs of the prior over tempo, times the frames of a beat
    wish: np.ndarray  # float32 (tempi,): how much of a tempo's belief the prior leaves at a beat
    loose: np.ndarray  # float32 (tempi,): share of a beat that comes a frame early, and late
    late: np.ndarray  # float32 (patterns, most beats, tempi): what stood at the end of each beat
    near: np.ndarray  # int64 (tempi, 2): the tempi from which one is reached
    prior: np.ndarray  # float32 (patterns, tempi)
    start: np.ndarray  # float32 (patterns, tempi): the prior of each of their states
    usual: np.ndarray  # float64 (places,): share of the time that is spent there, before anything is heard
    belief: np.ndarray  # float32 (2, states): the newest and the one before
    likely: np.ndarray  # float32 (places,)
    arrive: np.ndarray  # float32 (2, patterns, most beats, tempi): mass at the ends and beginnings of beats
    by_tempo: np.ndarray  # float64 (tempi,)
    by_phase: np.ndarray  # float64 (PHASES,)
    by_beat: np.ndarray  # float64 (patterns, most beats)
    memory: np.ndarray  # float64 (2,): scale that is due, which belief is newest


def _states(beats: np.ndarray, period: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``begin`` and ``place``: beats begin at the frame nearest to their time."""
    begin = np.zeros((len(beats), len(period), int(beats.max()) + 1), dtype=np.int64)
    kinds, at, first = [], 0, 0
    for p, count in enumerate(beats):
        for i, frames in enumerate(period):
            edges = np.round(np.arange(count + 1) * frames).astype(np.int64)
            begin[p, i, : count + 1] = at + edges
            for b in range(count):
                inside = places(frames, edges[b] - b * frames, int(edges[b + 1] - edges[b]))
                kinds.append(inside + np.int16((first + b) * KINDS))
            at += int(edges[-1])
        first += count
    return begin, np.concatenate(kinds)


def metre(frame_s: float) -> Metre:
    """The filter for frames of ``frame_s`` seconds (about 0.01); every state as likely as its prior says."""
    # A little further than the tempi to be found, so that these have neighbours on either side.
    low, high = 0.95 * LOW_BPM, 1.05 * HIGH_BPM
    tempi = int(np.ceil(np.log(high / low) / STEP))
    period = 60.0 / frame_s / high * (high / low) ** (np.arange(tempi) / (tempi - 1))
    away = np.log2(60.0 / (frame_s * period) / USUAL_BPM) / SPREAD_OCTAVES
    change = np.exp(-STIFFNESS * np.abs(np.log(period[:, None] / period)))
    change[change < 1e-5] = 0.0
    change /= change.sum(axis=0)
    near = np.array([(used[0], used[-1] + 1) for used in map(np.flatnonzero, change)], dtype=np.int64)

    beats = np.array([len(share) for _, share in PATTERNS], dtype=np.int64)
    begin, place = _states(beats, period)
    common = np.array([weight for weight, _ in PATTERNS])[:, None]
    prior = common * np.exp(-0.5 * away**2)
    prior /= prior.sum()
    frames = begin.max(axis=2) - begin[..., 0]
    start = prior / frames
    kinds, most, f32 = KINDS * int(beats.sum()), int(beats.max()), np.float32
    space = Metre(
        period,
        beats,
        begin,
        place,
        *expected(),
        change.astype(f32),
        -0.5 * period * away**2,
        np.ones(tempi, f32),
        np.clip(LOOSE * period, 0.0, 0.3).astype(f32),
        np.zeros((len(beats), most, tempi), f32),
        near,
        prior.astype(f32),
        start.astype(f32),
        np.bincount(place, np.repeat(start.ravel(), frames.ravel()), minlength=kinds),
        np.zeros((2, len(place)), f32),
        np.zeros(kinds, f32),
        np.zeros((2, len(beats), most, tempi), f32),
        np.zeros(tempi),
        np.zeros(PHASES),
        np.zeros((len(beats), most)),
        np.zeros(2),
    )
    forget(space)
    return space


@kernel
def forget(space: Metre) -> None:
    """Back to the prior, as if nothing had been heard."""
    for p in range(space.beats.shape[0]):
        for i in range(space.period.shape[0]):
            begin, end = space.begin[p, i, 0], space.begin[p, i, space.beats[p]]
            space.belief[0, begin:end] = space.start[p, i]
    space.memory[0], space.memory[1] = 1.0, 0.0
    space.late[:] = 0.0


@kernel
def _sum(values: np.ndarray) -> np.float32:
    # Eight sums side by side: one alone would wait for itself, as sums are not reordered.
    a = b = c = d = e = f = g = h = np.float32(0.0)
    n = values.shape[0]
    whole = n // 8 * 8
    for k in range(0, whole, 8):
        a += values[k]
        b += values[k + 1]
        c += values[k + 2]
        d += values[k + 3]
        e += values[k + 4]
        f += values[k + 5]
        g += values[k + 6]
        h += values[k + 7]
    for k in range(whole, n):
        a += values[k]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@kernel
def _turn_beats(space: Metre, belief: np.ndarray, steady: bool) -> None:
    """What leaves the last frame of each beat arrives at the first of the next, at tempi nearby.

    A little arrives a frame early and a little a frame late.
    """
    tempi, patterns = space.period.shape[0], space.beats.shape[0]
    leave, arrive = space.arrive[0], space.arrive[1]
    for p in range(patterns):
        beats = space.beats[p]
        for b in range(beats):
            for i in range(tempi):
                end = space.begin[p, i, b + 1]
                now, soon = belief[end - 1], belief[end - 2]
                past = space.late[p, b, i] * space.likely[space.place[end - 1]]
                space.late[p, b, i] = now
                loose = space.loose[i]
                leave[p, b, i] = now if steady else now + loose * (soon - now - now + past)
            to = arrive[p, (b + 1) % beats]
            for j in range(tempi):
                total = np.float32(0.0)
                if not steady:
                    for i in range(space.near[j, 0], space.near[j, 1]):
                        total += space.change[j, i] * leave[p, b, i]
                to[j] = leave[p, b, j] if steady else total * space.wish[j]
    if steady:
        return
    for j in range(tempi):
        pool, all_prior = np.float32(0.0), np.float32(0.0)
        for p in range(patterns):
            all_prior += space.prior[p, j]
            for b in range(space.beats[p]):
                moved = np.float32(NEW_PATTERN if b == 0 else NEW_BAR) * arrive[p, b, j]
                arrive[p, b, j] -= moved
                pool += moved
        for p in range(patterns):
            arrive[p, 0, j] += pool * space.prior[p, j] / all_prior
            restart = np.float32(RESTART) * space.start[p, j]
            for b in range(space.beats[p]):
                arrive[p, b, j] += restart


@kernel
def advance(
    space: Metre, onsets: np.ndarray, activity: float, ratio: np.ndarray, insist: float, steady: bool
) -> float:
    """One frame on, and what was heard in it.

    Args:
        onsets: float64 ``(FUNCTIONS,)``, how much of an onset this frame holds in low, mid, high and full.
            1 is a clear one.
        activity: 0..1, how much it says that there is none.
        ratio: float64 ``(LEARNED,)``, how much likelier what was learned makes a beat within the bar than none, and the
            first of a bar; > 0.
        insist: share of the prior over tempo that is asked for again in each frame.
        steady: keep each state's tempo, pattern and bar (for a time in which nothing is heard).

    Writes ``by_tempo`` (sums to 1). Returns the log of how much better this belief foresaw the frame than the prior.
    """
    now = 1 - int(space.memory[1])
    old, new = space.belief[1 - now], space.belief[now]
    for i in range(space.wish.shape[0]):
        space.wish[i] = np.exp(insist * space.odd[i])
    _turn_beats(space, old, steady)
    likely = space.likely
    expected, scale = 0.0, space.memory[0]
    for place in range(likely.shape[0]):
        log = -activity * space.cost[place]
        for n in range(FUNCTIONS):
            log += onsets[n] * space.worth[place, n]
        product = np.exp(log)
        told = 1.0
        for n in range(LEARNED):
            told += space.learned[place, n] * (ratio[n] - 1.0)
        product *= told
        expected += space.usual[place] * product
        likely[place] = product * scale
    tempi, patterns = space.period.shape[0], space.beats.shape[0]
    space.by_tempo[:] = 0.0
    total = 0.0
    for p in range(patterns):
        for i in range(tempi):
            begin, end = space.begin[p, i, 0], space.begin[p, i, space.beats[p]]
            came, went, at = old[begin:end], new[begin:end], space.place[begin:end]
            for k in range(1, end - begin):
                went[k] = max(came[k - 1] * likely[at[k]], LEAST)
            for b in range(space.beats[p]):
                k = space.begin[p, i, b] - begin
                went[k] = max(space.arrive[1, p, b, i] * likely[at[k]], LEAST)
            mass = _sum(went)
            space.by_tempo[i] += mass
            total += mass
    for i in range(tempi):
        space.by_tempo[i] /= total
    space.memory[0], space.memory[1] = 1.0 / total, now
    return np.log(total) - np.log(expected)


@kernel
def lean(space: Metre, low: int, high: int, phase: float) -> None:
    """Believe, of tempi ``low..high - 1``, in those states that stand at ``phase`` (for the end of a break)."""
    belief = space.belief[int(space.memory[1])]
    for i in range(low, high):
        for p in range(space.beats.shape[0]):
            for b in range(space.beats[p]):
                begin, end = space.begin[p, i, b], space.begin[p, i, b + 1]
                for k in range(end - begin):
                    away = k / (end - begin) - phase
                    away = (away - np.floor(away + 0.5)) / LEAN_WIDTH
                    belief[begin + k] *= np.float32(LEAN_LEAST + np.exp(-0.5 * away * away))


@kernel
def phases_of(space: Metre, low: int, high: int) -> None:
    """Gather the belief over tempi ``low..high - 1`` by phase and by the beats of patterns."""
    belief, by_phase = space.belief[int(space.memory[1])], space.by_phase
    space.by_beat[:] = 0.0
    by_phase[:] = 0.0
    for i in range(low, high):
        for p in range(space.beats.shape[0]):
            for b in range(space.beats[p]):
                begin, end = space.begin[p, i, b], space.begin[p, i, b + 1]
                states = belief[begin:end]
                space.by_beat[p, b] += _sum(states)
                step = PHASES / (end - begin)
                for k in range(end - begin):
                    at = k * step
                    whole = int(at)
                    mass = np.float64(states[k])
                    after = (at - whole) * mass
                    by_phase[whole] += mass - after
                    by_phase[whole + 1 if whole + 1 < PHASES else 0] += after


@kernel
def phase_near(space: Metre, phase: float, keep: float) -> tuple[float, float]:
    """The likeliest phase, and the share of the belief about it.

    ``phase`` is kept to unless another is ``keep`` times likelier.
    """
    by_phase = space.by_phase
    best, best_mass, total = 0, -1.0, 0.0
    kept = 0.0
    at = int(np.floor(phase * PHASES + 0.5))
    for k in range(PHASES):
        total += by_phase[k]
        mass = 0.0
        for d in range(-REACH, REACH + 1):
            mass += by_phase[(k + d) % PHASES]
        near = abs((k - at + PHASES // 2) % PHASES - PHASES // 2) <= REACH
        if near and mass > kept:
            kept = mass
        if mass > best_mass:
            best, best_mass = k, mass
    if kept * keep > best_mass:
        highest = -1.0
        for d in range(-REACH, REACH + 1):
            k = (at + d) % PHASES
            mass = 0.0
            for e in range(-REACH, REACH + 1):
                mass += by_phase[(k + e) % PHASES]
            if mass > highest:
                best, highest = k, mass
        best_mass = kept
    mean = 0.0
    for d in range(-REACH, REACH + 1):
        mean += d * by_phase[(best + d) % PHASES]
    return (best + mean / max(best_mass, 1e-30)) / PHASES, best_mass / max(total, 1e-30)
