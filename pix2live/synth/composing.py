"""Harmony: keys, modes, chord progressions and voice leading, each choice a hash of where in the piece it is made.

Nothing here keeps a random state: the same seed, theme and place give the same choice, live and offline.
Sources: modal and functional progressions after common practice (Piston, "Harmony"; Persichetti, "Twentieth-Century
Harmony"); voice leading as least movement (Tymoczko, "A Geometry of Music").
"""

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.synth.patterns import CLINGING

MODES = ("lydian", "ionian", "mixolydian", "dorian", "aeolian", "phrygian")
"""From bright to dark: each has one flat more than the one before."""
LYDIAN, IONIAN, MIXOLYDIAN, DORIAN, AEOLIAN, PHRYGIAN = range(6)
SCALES = np.array([
    [0, 2, 4, 6, 7, 9, 11], [0, 2, 4, 5, 7, 9, 11], [0, 2, 4, 5, 7, 9, 10],
    [0, 2, 3, 5, 7, 9, 10], [0, 2, 3, 5, 7, 8, 10], [0, 1, 3, 5, 7, 8, 10],
])  # fmt: skip
SLOTS = 8
VOICES = 4
TONES = 5

# Weight of going from the chord on one degree (row) to that on another (column), in each mode.
NEXT = np.array([
    [[0, 4, 2, 0, 3, 2, 1], [4, 0, 0, 0, 0, 1, 2], [1, 2, 0, 0, 0, 3, 1], [1, 0, 0, 0, 1, 0, 0],
     [3, 2, 1, 0, 0, 2, 0], [2, 3, 2, 0, 2, 0, 0], [2, 1, 3, 0, 0, 2, 0]],
    [[0, 2, 1, 3, 3, 3, 0], [0, 0, 1, 1, 4, 1, 0], [0, 0, 0, 3, 0, 3, 0], [3, 2, 0, 0, 3, 1, 0],
     [4, 0, 0, 1, 0, 3, 0], [1, 2, 1, 4, 2, 0, 0], [1, 0, 0, 0, 0, 0, 0]],
    [[0, 2, 0, 4, 2, 1, 4], [1, 0, 0, 2, 2, 0, 2], [0, 0, 0, 1, 0, 1, 0], [4, 1, 0, 0, 1, 0, 3],
     [2, 2, 0, 2, 0, 0, 2], [0, 2, 0, 3, 1, 0, 2], [4, 1, 0, 4, 1, 0, 0]],
    [[0, 2, 2, 4, 1, 0, 3], [2, 0, 2, 2, 2, 0, 0], [1, 1, 0, 3, 0, 0, 3], [4, 1, 1, 0, 1, 0, 2],
     [3, 0, 1, 2, 0, 0, 2], [1, 0, 0, 0, 0, 0, 0], [3, 0, 2, 3, 1, 0, 0]],
    [[0, 0, 2, 2, 1, 4, 3], [0, 0, 0, 0, 1, 0, 0], [1, 0, 0, 2, 0, 3, 3], [2, 0, 1, 0, 2, 1, 3],
     [3, 0, 0, 1, 0, 3, 0], [1, 0, 3, 2, 0, 0, 4], [3, 0, 3, 1, 0, 2, 0]],
    [[0, 4, 1, 2, 0, 2, 3], [4, 0, 2, 0, 0, 1, 2], [1, 3, 0, 2, 0, 2, 0], [2, 2, 1, 0, 0, 0, 2],
     [1, 0, 0, 0, 0, 0, 0], [1, 2, 0, 1, 0, 0, 3], [3, 2, 2, 0, 0, 1, 0]],
], np.float64)  # fmt: skip
# Weight of a degree as the last chord before the tonic returns.
TURN = np.array([
    [0, 3, 0, 0, 2, 0, 1], [0, 1, 0, 2, 5, 0, 0], [0, 0, 0, 2, 1, 0, 4],
    [0, 0, 0, 3, 2, 0, 3], [0, 0, 0, 2, 3, 1, 3], [0, 5, 0, 0, 0, 0, 2],
], np.float64)  # fmt: skip
# Weight of a degree as the beginning of a contrasting theme.
AWAY = np.array([
    [0, 3, 2, 0, 1, 3, 0], [0, 1, 0, 4, 0, 4, 0], [0, 1, 0, 4, 1, 0, 3],
    [0, 0, 3, 3, 0, 0, 2], [0, 0, 3, 2, 0, 4, 0], [0, 2, 2, 0, 0, 3, 0],
], np.float64)  # fmt: skip
COMMON = np.array([3.0, 0.0, 2.0, 1.0, 1.0, 2.0, 0.0])
"""Tones that two triads share, by the distance of their degrees."""

# Kinds of chord, as steps of the scale above the root; -1 where there is none.
TRIAD, OPEN_SECOND, ADDED_NINTH, SEVENTH, NINTH, ELEVENTH, FOURTH = range(7)
KINDS = np.array([
    [0, 2, 4, -1, -1], [0, 1, 4, -1, -1], [0, 2, 4, 8, -1], [0, 2, 4, 6, -1], [0, 2, 4, 6, 8], [0, 2, 6, 8, 10],
    [0, 3, 4, 6, -1],
])  # fmt: skip

_INCOMPLETE = 30.0  # cost of a voicing without a tone that makes the chord what it is
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


@kernel
def _mixed(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    return x ^ (x >> np.uint64(31))


@kernel
def chance(seed: int, what: int, where: int, which: int) -> float:
    """A number in 0..1 that hangs on nothing but its arguments (SplitMix64 over a counter)."""
    x = _mixed(np.uint64(seed) + _GAMMA)
    x = _mixed(x + np.uint64(what) * _GAMMA)
    x = _mixed(x + np.uint64(where) * _GAMMA)
    x = _mixed(x + np.uint64(which) * _GAMMA)
    return np.float64(np.int64(x >> np.uint64(11))) * _TO_UNIT


@kernel
def pick(weights: NDArray[np.float64], lot: float) -> int:
    """Index drawn by ``lot`` (0..1) in proportion to weights >= 0; 0 where all are 0."""
    total = 0.0
    for w in weights:
        total += w
    left = lot * total
    for i in range(len(weights)):
        left -= weights[i]
        if left < 0.0:
            return i
    return 0


@kernel
def progression(
    seed: int, material: int, theme: int, mode: int, style: int, work: NDArray[np.float64], degrees: NDArray[np.int64]
) -> None:
    """Degrees (SLOTS) of a theme's eight chords: a period whose second half begins as the first and leads home.

    Args:
        material: which piece of material; the same gives the same chords. theme: 0 begins at home, 1 away, 2 either.
        work: float64 (7), overwritten.
    """
    cling = CLINGING[style]
    key = material * 8 + mode
    degrees[0] = 0
    if theme == 1 or (theme == 2 and chance(seed, 11, key, 8) < 0.5):
        degrees[0] = pick(AWAY[mode], chance(seed, 11, key, 0))
    for slot in (1, 2):
        for j in range(7):
            work[j] = NEXT[mode, degrees[slot - 1], j] * (1.0 + cling * COMMON[(j - degrees[slot - 1]) % 7])
            if slot == 2 and j == degrees[0]:
                work[j] *= 0.35
        degrees[slot] = pick(work, chance(seed, 11, key, slot))
    for slot in (3, 7):
        before = degrees[2] if slot == 3 else degrees[1]
        for j in range(7):
            through = 0.0
            for k in range(7):
                through = max(through, NEXT[mode, before, k] * NEXT[mode, k, j])
            way = NEXT[mode, before, j] if slot == 3 else through
            work[j] = TURN[mode, j] * (way + 0.05) * (0.3 if slot == 7 and j == degrees[3] else 1.0)
            if slot == 3 and j == before:
                work[j] = 0.0
        degrees[slot] = pick(work, chance(seed, 11, key, slot))
    degrees[4], degrees[5] = degrees[0], degrees[1]
    for j in range(7):
        work[j] = NEXT[mode, degrees[5], j] * (NEXT[mode, j, degrees[7]] + 0.02)
        work[j] *= 1.0 + cling * COMMON[(j - degrees[5]) % 7]
        if j == degrees[7] or j == degrees[5]:
            work[j] = 0.0
    degrees[6] = pick(work, chance(seed, 11, key, 6))


@kernel
def kind_of_chord(tension: float, lot: float) -> int:
    """From plain triads to elevenths as tension (0..1) grows; ``lot`` (0..1) varies it by a step."""
    x = tension + 0.36 * (lot - 0.5)
    if x < 0.1:
        return TRIAD
    if x < 0.2:
        return OPEN_SECOND if lot < 0.35 else TRIAD
    if x < 0.38:
        return ADDED_NINTH
    if x < 0.58:
        return SEVENTH
    if x < 0.82:
        return NINTH
    return ELEVENTH if lot < 0.7 else FOURTH


@kernel
def spell(tonic: int, mode: int, degree: int, kind: int, leading: bool, tones: NDArray[np.int64]) -> int:
    """Pitch classes of a chord into ``tones`` (TONES), the root first; returns how many.

    Tones that would stand a semitone above the root, or above a major third, are left out. ``leading`` raises the
    third of a minor chord, as the dominant of a minor key has it.
    """
    root = SCALES[mode, degree]
    third = 0
    count = 0
    for i in range(TONES):
        step = KINDS[kind, i]
        if step < 0:
            continue
        above = SCALES[mode, (degree + step) % 7] + 12 * ((degree + step) // 7) - root
        if leading and step == 2 and above == 3:
            above = 4
        if step == 2:
            third = above
        if step == 1 and above == 1:  # no open second here: the third after all
            above = SCALES[mode, (degree + 2) % 7] + 12 * ((degree + 2) // 7) - root
        if step == 8 and above == 13:
            continue
        if step == 10 and third == 4 and above == 17:
            continue
        if step == 3 and above == 6:
            above = 4
        tones[count] = (tonic + root + above) % 12
        count += 1
    return count


@kernel
def lead(
    before: NDArray[np.int64], tones: NDArray[np.int64], count: int, centre: float, held: bool,
    after: NDArray[np.int64],
) -> None:  # fmt: skip
    """The chord's voicing that moves least from ``before`` (VOICES, MIDI notes rising) into ``after``.

    Common tones stay, every tone that makes the chord what it is sounds, low thirds are not crowded, voices neither
    cross nor double, and four do not leap one way together. A voicing that has strayed from ``centre`` is first
    turned over, its outermost voice going by an octave.

    Args:
        tones: pitch classes, root first; count: of them. held: the root sounds below anyhow, and may be left out.
    """
    for i in range(VOICES):
        after[i] = before[i]
    mean = 0.25 * (before[0] + before[1] + before[2] + before[3])
    if mean - centre < -4.0:
        after[0] += 12
    elif mean - centre > 4.0:
        after[3] -= 12
    for i in range(1, VOICES):
        for j in range(i, 0, -1):
            if after[j] < after[j - 1]:
                after[j], after[j - 1] = after[j - 1], after[j]
    here0, here1, here2, here3 = after[0], after[1], after[2], after[3]
    best = 1e9
    lost = here3 - here0 > 24 or abs(mean - centre) > 14.0
    for reach in (4, 7):
        if lost:
            break
        for a in range(here0 - reach, here0 + reach + 1):
            ta = _place(a, tones, count)
            if ta < 0:
                continue
            cost_a = _move(a, here0, tones, count)
            for b in range(max(here1 - reach, a + 2), here1 + reach + 1):
                tb = _place(b, tones, count)
                if tb < 0:
                    continue
                cost_b = cost_a + _move(b, here1, tones, count)
                if b - a < 5 and a < 53:
                    cost_b += 3.0
                if cost_b >= best:
                    continue
                for c in range(max(here2 - reach, b + 1), here2 + reach + 1):
                    tc = _place(c, tones, count)
                    if tc < 0:
                        continue
                    cost_c = cost_b + _move(c, here2, tones, count) + (2.5 if c - b < 2 else 0.0)
                    if cost_c >= best:
                        continue
                    for d in range(max(here3 - reach, c + 2), here3 + reach + 1):
                        td = _place(d, tones, count)
                        if td < 0:
                            continue
                        cost = cost_c + _move(d, here3, tones, count)
                        if cost >= best:
                            continue
                        bits = (1 << ta) | (1 << tb) | (1 << tc) | (1 << td)
                        for t in range(count):
                            if not bits & (1 << t):
                                # The root may sound in the bass, and a fifth is hardly missed.
                                plain = (t == 0 and held) or (t == 2 and count > 3)
                                cost += (1.0 if count > 3 else 4.0) if plain else _INCOMPLETE
                        up = (a > here0) + (b > here1) + (c > here2) + (d > here3)
                        down = (a < here0) + (b < here1) + (c < here2) + (d < here3)
                        if up == 4 or down == 4:
                            cost += 6.0
                        cost += _parallel(a, b, here0, here1) + _parallel(b, c, here1, here2)
                        cost += _parallel(c, d, here2, here3) + _parallel(a, d, here0, here3)
                        cost += 0.25 * abs(0.25 * (a + b + c + d) - centre) + _stretch(a, b, c, d)
                        if cost < best:
                            best = cost
                            after[0], after[1], after[2], after[3] = a, b, c, d
        if best < _INCOMPLETE:
            return
    if best >= 1e9:  # from a voicing that no hand has, or far away: begin anew
        for i in range(VOICES):
            low = int(centre) - 8 if i == 0 else after[i - 1] + 2
            after[i] = _next_tone(low, tones, count)


@kernel
def _stretch(a: int, b: int, c: int, d: int) -> float:
    """Cost of a voicing that falls apart; beyond a tenth it is dearer than the way back."""
    wide = 1.6 * max(d - a - 16, 0)
    return wide + 0.5 * (max(b - a - 9, 0) + max(c - b - 8, 0) + max(d - c - 8, 0))


@kernel
def _next_tone(note: int, tones: NDArray[np.int64], count: int) -> int:
    """The lowest chord tone from a note upwards."""
    for way in range(12):
        if _place(note + way, tones, count) >= 0:
            return note + way
    return note


@kernel
def _place(note: int, tones: NDArray[np.int64], count: int) -> int:
    """Which of the tones a note is; -1 none."""
    pitch = note % 12
    for t in range(count):
        if tones[t] == pitch:
            return t
    return -1


@kernel
def _move(note: int, here: int, tones: NDArray[np.int64], count: int) -> float:
    way = abs(note - here)
    if way == 0:
        return 0.0
    left = 2.0 if _place(here, tones, count) >= 0 else 0.0  # a common tone was given up
    return way + 0.15 * way * way + left


@kernel
def _parallel(a: int, b: int, was_a: int, was_b: int) -> float:
    """Parallel fifths and octaves between two voices that both move."""
    apart = (b - a) % 12
    return 1.5 if a != was_a and b - a == was_b - was_a and (apart in (0, 7)) else 0.0


@kernel
def in_scale(note: int, tonic: int, mode: int) -> bool:
    """Whether a MIDI note belongs to the mode."""
    pitch = (note - tonic) % 12
    for i in range(7):
        if SCALES[mode, i] == pitch:
            return True
    return False


@kernel
def scale_note(tonic: int, mode: int, step: int) -> int:
    """MIDI note of a step of the scale; step 0 is the tonic (0..11) in octave 0 of MIDI, seven steps an octave."""
    return tonic + 12 * (step // 7) + SCALES[mode, step % 7]


@kernel
def nearest_tone(note: int, tones: NDArray[np.int64], count: int, upward: bool) -> int:
    """The chord tone nearest to a MIDI note; of two equally near the upper or the lower."""
    for way in range(7):
        up = _place(note + way, tones, count) >= 0
        down = _place(note - way, tones, count) >= 0
        if up and (upward or not down):
            return note + way
        if down:
            return note - way
    return note
