"""Where in the bar the music is: a forward filter over rhythm patterns, tempi and places in the bar.

The bar pointer model (Whiteley, Cemgil & Godsill 2006) with rhythm patterns over onset functions of several bands
(Krebs, Böck & Widmer 2013) on a state space of whole frames in which tempo changes at beats alone (Krebs, Böck & Widmer
2015). Only the forward pass is run, so that each frame's belief is all that can be known at that moment.
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.jit import kernel

LOW_BPM, HIGH_BPM = 40.0, 240.0
# The prior over tempo: log-Gaussian, as tapping listeners prefer (Moelants 2002, about 120).
USUAL_BPM, SPREAD_OCTAVES = 120.0, 0.55
STEP = 0.018  # least ratio of neighbouring tempi
STIFFNESS = 100.0  # how unlikely a change of tempo from beat to beat is: exp(-STIFFNESS * |ratio - 1|)
RESTART, NEW_BAR, NEW_PATTERN = 3e-4, 0.01, 0.02  # per frame; per beat; per bar
INSIST = 0.01  # share of the prior that is asked for again in each frame
PHASES = 48
REACH = 6  # phases to either side that are one and the same
WIDTH = 0.03  # half width of an event, in beats
LEAST = np.float32(1e-18)

# Kinds of places within a beat.
NOTHING, EDGE, BEAT, EIGHTH, SIXTEENTH, THIRD, TWO_THIRDS = range(7)
KINDS = 7
# What is heard at a place: onset functions low, mid, high, full; then learned beat and downbeat activations.
INPUTS = 6
_RARE = 0.03


def _pattern(
    low: tuple[float, ...],
    mid: tuple[float, ...],
    high: tuple[float, ...],
    full: tuple[float, ...],
    eighth: tuple[float, ...],
    sixteenth: float,
    third: float,
    two_thirds: float,
) -> np.ndarray:
    """How likely an onset is at each beat's places, float32 ``(beats, KINDS, INPUTS)``."""
    share = np.full((len(low), KINDS, INPUTS), _RARE, dtype=np.float32)
    for beat, on in enumerate(zip(low, mid, high, full, strict=True)):
        share[beat, BEAT, :4] = on
        share[beat, EDGE, :4] = _RARE + 0.4 * (np.array(on) - _RARE)
    share[:, EIGHTH, :4] = eighth
    share[:, SIXTEENTH, :4], share[:, THIRD, :4], share[:, TWO_THIRDS, :4] = sixteenth, third, two_thirds
    share[:, :, 4:] = 0.005
    share[:, BEAT, 4], share[:, EDGE, 4] = 0.95, 0.4
    share[0, BEAT, 5], share[0, EDGE, 5] = 0.9, 0.4
    return share


_EVEN3, _EVEN4 = (0.65,) * 3, (0.65,) * 4
PATTERNS = (
    # backbeat
    (0.3, _pattern((0.8, 0.2, 0.6, 0.2), (0.6, 0.7, 0.6, 0.7), (0.7,) * 4, (0.8, 0.75, 0.8, 0.75),
                   (0.25, 0.35, 0.45, 0.35), 0.12, 0.05, 0.06)),
    # four on the floor, and anything even
    (0.3, _pattern((0.8, 0.7, 0.75, 0.7), _EVEN4, (0.6,) * 4, (0.8, 0.75, 0.8, 0.75),
                   (0.2, 0.35, 0.4, 0.3), 0.12, 0.05, 0.06)),
    # swing and shuffle
    (0.15, _pattern((0.75, 0.55, 0.7, 0.55), _EVEN4, (0.6, 0.65, 0.6, 0.65), (0.75,) * 4,
                    (0.05, 0.07, 0.07, 0.07), 0.05, 0.12, 0.4)),
    # waltz
    (0.15, _pattern((0.8, 0.25, 0.25), _EVEN3, (0.55, 0.6, 0.6), (0.8, 0.7, 0.7),
                    (0.12, 0.25, 0.25, 0.25), 0.08, 0.05, 0.06)),
    # six eighths: two beats of three
    (0.1, _pattern((0.8, 0.5), (0.65,) * 2, (0.65,) * 2, (0.8, 0.75),
                   (0.05, 0.07, 0.07, 0.07), 0.05, 0.4, 0.45)),
)  # fmt: skip


class Metre(NamedTuple):
    """Tables and state of the filter. A pattern's states at one tempo lie together: beats, then frames."""

    period: np.ndarray  # int64 (tempi,): frames a beat
    beats: np.ndarray  # int64 (patterns,): beats a bar
    share: np.ndarray  # float32 (places, INPUTS): how likely an onset is
    begin: np.ndarray  # int64 (patterns, tempi): where states begin
    place: np.ndarray  # int16 (states,)
    change: np.ndarray  # float32 (tempi, tempi): [to, from] at a beat
    near: np.ndarray  # int64 (tempi, 2): the tempi from which one is reached
    prior: np.ndarray  # float32 (patterns, tempi)
    usual: np.ndarray  # float32 (places,): share of the time that is spent there, before anything is heard
    belief: np.ndarray  # float32 (2, states): the newest and the one before
    likely: np.ndarray  # float32 (places,)
    arrive: np.ndarray  # float32 (2, patterns, most beats, tempi): mass at the ends and beginnings of beats
    by_tempo: np.ndarray  # float64 (tempi,)
    by_phase: np.ndarray  # float64 (PHASES,)
    by_beat: np.ndarray  # float64 (patterns, most beats)
    fold: np.ndarray  # float32 (longest period,)
    memory: np.ndarray  # float64 (2,): scale that is due, which belief is newest


def _places(period: int) -> np.ndarray:
    k = np.arange(period)
    width = max(1.0, WIDTH * period)

    def near(part: float, half: float) -> np.ndarray:
        return np.abs((k - part * period + period / 2) % period - period / 2) <= half

    kinds = np.full(period, NOTHING, dtype=np.int16)
    kinds[near(0.25, width) | near(0.75, width)] = SIXTEENTH
    kinds[near(1 / 3, width)] = THIRD
    kinds[near(2 / 3, width)] = TWO_THIRDS
    kinds[near(0.5, width)] = EIGHTH
    kinds[near(0.0, width + 1.0)] = EDGE
    kinds[near(0.0, width)] = BEAT
    return kinds


def metre(frame_s: float) -> Metre:
    """The filter for frames of ``frame_s`` seconds (about 0.01); every state as likely as its prior says."""
    periods = [int(58.0 / HIGH_BPM / frame_s)]
    while periods[-1] * frame_s * LOW_BPM < 63.0:
        periods.append(max(periods[-1] + 1, round(periods[-1] * (1.0 + STEP))))
    period = np.array(periods, dtype=np.int64)
    spacing = np.gradient(period)
    bpm = 60.0 / (frame_s * period)
    tempo_prior = np.exp(-0.5 * (np.log2(bpm / USUAL_BPM) / SPREAD_OCTAVES) ** 2) * spacing / period
    tempo_prior /= tempo_prior.sum()
    change = np.exp(-STIFFNESS * np.abs(period[:, None] / period[None, :] - 1.0))
    change[change < 1e-5] = 0.0
    change *= spacing[:, None]
    change /= change.sum(axis=0)
    change *= np.exp(-0.5 * INSIST * period * (np.log2(bpm / USUAL_BPM) / SPREAD_OCTAVES) ** 2)
    near = np.array([(used[0], used[-1] + 1) for used in map(np.flatnonzero, change)], dtype=np.int64)

    beats = np.array([len(share) for _, share in PATTERNS], dtype=np.int64)
    kinds = [_places(int(p)) for p in period]
    begin = np.zeros((len(PATTERNS), len(period)), dtype=np.int64)
    place, at, first_beat = [], 0, 0
    for p, count in enumerate(beats):
        for i in range(len(period)):
            begin[p, i] = at
            place += [kinds[i] + np.int16((first_beat + b) * KINDS) for b in range(count)]
            at += count * len(kinds[i])
        first_beat += count
    prior = np.array([weight for weight, _ in PATTERNS])[:, None] * tempo_prior
    states = np.concatenate(place)
    each = np.repeat((prior / (beats[:, None] * period)).ravel(), (beats[:, None] * period).ravel())
    f32 = np.float32
    space = Metre(
        period, beats, np.concatenate([share for _, share in PATTERNS]).reshape(-1, INPUTS).astype(f32), begin, states,
        change.astype(f32), near, prior.astype(f32),
        np.bincount(states, each, minlength=first_beat * KINDS).astype(f32),
        np.zeros((2, at), f32), np.zeros(first_beat * KINDS, f32),
        np.zeros((2, len(beats), int(beats.max()), len(period)), f32), np.zeros(len(period)),
        np.zeros(PHASES), np.zeros((len(beats), int(beats.max()))), np.zeros(int(period.max()), f32), np.zeros(2),
    )  # fmt: skip
    forget(space)
    return space


@kernel
def forget(space: Metre) -> None:
    """Back to the prior, as if nothing had been heard."""
    for p in range(space.beats.shape[0]):
        for i in range(space.period.shape[0]):
            count = space.beats[p] * space.period[i]
            begin = space.begin[p, i]
            space.belief[0, begin : begin + count] = space.prior[p, i] / np.float32(count)
    space.memory[0], space.memory[1] = 1.0, 0.0


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
    """What leaves the last frame of each beat arrives at the first of the next, at tempi nearby."""
    tempi, patterns = space.period.shape[0], space.beats.shape[0]
    leave, arrive = space.arrive[0], space.arrive[1]
    for p in range(patterns):
        beats = space.beats[p]
        for b in range(beats):
            for i in range(tempi):
                leave[p, b, i] = belief[space.begin[p, i] + (b + 1) * space.period[i] - 1]
            to = arrive[p, (b + 1) % beats]
            for j in range(tempi):
                total = np.float32(0.0)
                if steady:
                    total = leave[p, b, j]
                else:
                    for i in range(space.near[j, 0], space.near[j, 1]):
                        total += space.change[j, i] * leave[p, b, i]
                to[j] = total
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
            restart = np.float32(RESTART) * space.prior[p, j] / np.float32(space.beats[p] * space.period[j])
            for b in range(space.beats[p]):
                arrive[p, b, j] += restart


@kernel
def advance(space: Metre, ratio: np.ndarray, steady: bool) -> float:
    """One frame on, and what was heard in it.

    Args:
        ratio: float32 ``(INPUTS,)``, how much likelier each input is if an onset is there than if none is; > 0.
        steady: keep each state's tempo, pattern and bar (for a time in which nothing is heard).

    Writes ``by_tempo`` (sums to 1). Returns the log of how much better this belief foresaw the frame than the prior.
    """
    likely, share = space.likely, space.share
    expected = 0.0
    scale = np.float32(space.memory[0])
    for place in range(likely.shape[0]):
        product = np.float32(1.0)
        for n in range(INPUTS):
            product *= np.float32(1.0) + share[place, n] * (ratio[n] - np.float32(1.0))
        expected += space.usual[place] * product
        likely[place] = product * scale
    now = 1 - int(space.memory[1])
    old, new = space.belief[1 - now], space.belief[now]
    _turn_beats(space, old, steady)
    tempi, patterns = space.period.shape[0], space.beats.shape[0]
    space.by_tempo[:] = 0.0
    total = 0.0
    for p in range(patterns):
        for i in range(tempi):
            period, begin = space.period[i], space.begin[p, i]
            count = period * space.beats[p]
            came, went = old[begin : begin + count], new[begin : begin + count]
            places = space.place[begin : begin + count]
            for k in range(1, count):
                went[k] = max(came[k - 1] * likely[places[k]], LEAST)
            for b in range(space.beats[p]):
                went[b * period] = max(space.arrive[1, p, b, i] * likely[places[b * period]], LEAST)
            mass = _sum(went)
            space.by_tempo[i] += mass
            total += mass
    for i in range(tempi):
        space.by_tempo[i] /= total
    space.memory[0], space.memory[1] = 1.0 / total, now
    return np.log(total) - np.log(expected)


@kernel
def phases_of(space: Metre, low: int, high: int) -> None:
    """Gather the belief over tempi ``low..high - 1``: ``by_phase``, and ``by_beat`` of each pattern."""
    belief, fold, by_phase = space.belief[int(space.memory[1])], space.fold, space.by_phase
    space.by_beat[:] = 0.0
    by_phase[:] = 0.0
    for i in range(low, high):
        period = space.period[i]
        fold[:period] = np.float32(0.0)
        for p in range(space.beats.shape[0]):
            for b in range(space.beats[p]):
                start = space.begin[p, i] + b * period
                states = belief[start : start + period]
                for k in range(period):
                    fold[k] += states[k]
                space.by_beat[p, b] += _sum(states)
        step = PHASES / period
        for k in range(period):
            at = k * step
            whole = int(at)
            part = at - whole
            by_phase[whole] += (1.0 - part) * fold[k]
            by_phase[(whole + 1) % PHASES] += part * fold[k]


@kernel
def phase_near(space: Metre, phase: float, keep: float) -> tuple[float, float]:
    """The likeliest phase and the share of the belief about it; ``phase`` is kept unless ``keep`` times less likely."""
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
