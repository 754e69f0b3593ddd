"""What rhythms are expected to sound like: how many onsets at each place of a bar."""

import numpy as np

# Kinds of places within a beat.
NOTHING, EDGE, BEAT, EIGHTH, SIXTEENTH, THIRD, TWO_THIRDS = range(7)
KINDS = 7
FUNCTIONS, LEARNED = 4, 2  # onsets of low, mid, high and full; learned activations of beats and downbeats
_LOW, _MID, _HIGH, _FULL = range(FUNCTIONS)

# Onset functions rise together, and the learned chances with them: each counts less than if it stood alone.
WEIGHT = np.array((0.25, 0.2, 0.2, 0.25))
STRAY = np.array((0.05, 0.025, 0.03, 0.025))  # onsets in a frame that fit no place
MISS = 0.4  # how much it counts that an expected onset does not come
# An onset comes within HALF frames of its beat, or one more; off the beat within OFF_HALF frames of its place.
HALF, EDGE_SHARE, OFF_HALF = 1.5, 0.4, 2.5
_BARE = 0.03

_Beats = tuple[float, ...]
_Offbeat = tuple[float, float, float]  # low, mid, high
_NONE: _Offbeat = (_BARE,) * 3


def _pattern(
    low: _Beats,
    mid: _Beats,
    high: _Beats,
    eighth: _Offbeat = _NONE,
    sixteenth: _Offbeat = _NONE,
    third: _Offbeat = _NONE,
    two_thirds: _Offbeat = _NONE,
) -> np.ndarray:
    """Onsets expected at the places of each beat, float64 ``(beats, KINDS, FUNCTIONS)``."""
    share = np.zeros((len(low), KINDS, FUNCTIONS))
    for beat, on in enumerate(zip(low, mid, high, strict=True)):
        share[beat, BEAT, :3] = on
    for kind, off in ((EIGHTH, eighth), (SIXTEENTH, sixteenth), (THIRD, third), (TWO_THIRDS, two_thirds)):
        share[:, kind, :3] = off
    share[:, :, _FULL] = share[:, :, :3].max(axis=-1)
    share[:, EDGE] = share[:, BEAT]
    return share


_EIGHTHS, _SIXTEENTHS = (0.2, 0.4, 0.8), (0.1, 0.1, 0.15)
# How common each is thought to be, and how it goes. Set by hand, after common drum parts.
PATTERNS = (
    # beats alone
    (0.12, _pattern((0.8, 0.6, 0.7, 0.6), (0.7, 0.65, 0.7, 0.65), (0.7,) * 4)),
    # backbeat
    (0.2, _pattern((0.9, 0.2, 0.6, 0.2), (0.5, 0.7, 0.45, 0.7), (0.8,) * 4, _EIGHTHS, _SIXTEENTHS)),
    # four on the floor, and anything even
    (0.2, _pattern((0.85, 0.65, 0.75, 0.65), (0.65, 0.55, 0.6, 0.55), (0.8,) * 4, _EIGHTHS, _SIXTEENTHS)),
    # sixteenths
    (0.12, _pattern((0.85, 0.5, 0.7, 0.5), (0.6, 0.65, 0.55, 0.65), (0.8,) * 4, (0.25, 0.45, 0.75),
                     (0.15, 0.25, 0.55))),
    # swing and shuffle
    (0.13, _pattern((0.85, 0.4, 0.65, 0.4), (0.65,) * 4, (0.7, 0.8, 0.7, 0.8), third=(0.05, 0.07, 0.1),
                     two_thirds=(0.15, 0.25, 0.4))),
    # waltz
    (0.1, _pattern((0.9, 0.12, 0.12), (0.65, 0.7, 0.7), (0.65, 0.75, 0.75), (0.05, 0.05, 0.06))),
    # three with eighths
    (0.06, _pattern((0.9, 0.3, 0.25), (0.65, 0.6, 0.5), (0.8, 0.7, 0.65), (0.12, 0.35, 0.4),
                     (0.04, 0.04, 0.06))),
    # six eighths: two beats of three
    (0.08, _pattern((0.8, 0.4), (0.65, 0.55), (0.7, 0.6), (0.08, 0.05, 0.06), (0.04, 0.02, 0.02),
                     (0.2, 0.35, 0.45), (0.3, 0.45, 0.55))),
)  # fmt: skip


def expected() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What every place (pattern, beat, kind) says of a frame.

    Returns:
        worth ``(places, FUNCTIONS)``: log of how much likelier an onset is there than a stray one, weighted.
        cost ``(places,)``: onsets expected in a frame, weighted; they are Poisson processes.
        learned ``(places, LEARNED)``: shares of what is learned to be a beat within the bar and a downbeat.
    """
    share = np.concatenate([share for _, share in PATTERNS])
    spread = np.full((KINDS, 1), 0.5 / OFF_HALF)
    spread[BEAT] = 0.5 / (HALF + EDGE_SHARE)
    spread[EDGE] = EDGE_SHARE * spread[BEAT]
    spread[NOTHING] = 0.0
    rate = share * spread
    learned = np.zeros((len(share), KINDS, LEARNED))
    learned[:, BEAT], learned[:, EDGE] = (0.9, 0.06), (0.4, 0.03)
    first = np.cumsum([0] + [len(share) for _, share in PATTERNS])[:-1]
    learned[first, BEAT], learned[first, EDGE] = (0.26, 0.7), (0.11, 0.32)
    worth = WEIGHT * np.log(1.0 + rate / STRAY)
    return worth.reshape(-1, FUNCTIONS), MISS * (WEIGHT * rate).sum(axis=-1).ravel(), learned.reshape(-1, LEARNED)


def places(period: float, early: float, frames: int) -> np.ndarray:
    """The kind of each frame of a beat, int16 ``(frames,)``; the beat falls ``early`` frames before the first."""
    k = np.arange(frames) + early
    kinds = np.full(frames, NOTHING, dtype=np.int16)
    for kind, parts, half in (
        (SIXTEENTH, (0.25, 0.75), OFF_HALF),
        (THIRD, (1 / 3,), OFF_HALF),
        (TWO_THIRDS, (2 / 3,), OFF_HALF),
        (EIGHTH, (0.5,), OFF_HALF),
        (EDGE, (0.0, 1.0), HALF + 1.0),
        (BEAT, (0.0, 1.0), HALF),
    ):
        for part in parts:
            away = k - part * period
            kinds[(away >= -half) & (away < half)] = kind
    return kinds
