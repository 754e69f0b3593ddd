"""What each tonal voice is made of: ratio, level, decay and side of its partials, and its envelope."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PARTIALS = 24
SOUNDS = ("strings", "glass", "deep bass", "saw bass", "pluck bass", "harp", "saw pluck", "piano", "mallet", "flute",
          "tines", "bell", "celesta")  # fmt: skip
(STRINGS, GLASS, DEEP_BASS, SAW_BASS, PLUCK_BASS, HARP, SAW_PLUCK, PIANO, MALLET, FLUTE, TINES, BELL,
 CELESTA) = range(len(SOUNDS))  # fmt: skip


_SHAPE = np.dtype([
    ("gain", np.float64),
    ("attack_s", np.float64), ("release_s", np.float64),
    ("held", np.int64),  # 1: sustains, and follows the brightness while it sounds
    ("tilt", np.float64),  # exponent of the ratio that partials fall by, at middling brightness
    ("keyed", np.float64),  # how much shorter high notes ring: octaves of decay an octave
    ("stretch", np.float64),  # inharmonicity of a stiff string
    ("detune_cents", np.float64),  # of the two sides
    ("vibrato_cents", np.float64),
], align=True)  # fmt: skip


SOUNDS_MEMORY = np.dtype([  # partials that are not there have level 0 and stand last
    ("ratio", np.float32, (len(SOUNDS), PARTIALS)),  # of the fundamental
    ("log_ratio", np.float64, (len(SOUNDS), PARTIALS)),  # natural logarithm of the ratio, not below 0
    ("level", np.float32, (len(SOUNDS), PARTIALS)),  # before brightness tilts them
    ("decay_s", np.float32, (len(SOUNDS), PARTIALS)),  # to -60 dB at middle C; 0 where the note is held
    ("side", np.float32, (len(SOUNDS), PARTIALS)),  # -1 left, 0 middle, 1 right
    ("counts", np.int64, (len(SOUNDS),)),
    ("shape", _SHAPE, (len(SOUNDS),)),
], align=True)  # fmt: skip


class _Draft(NamedTuple):
    partials: list[tuple[float, float, float, float]]  # ratio, level, decay, side
    shape: tuple[float, ...]


def _both(ratios: list[float], levels: list[float]) -> list[tuple[float, float, float, float]]:
    """Held partials, each once on either side."""
    pairs = list(zip(ratios, levels, strict=True))
    return [(r, v, 0.0, side) for r, v in pairs for side in (-1.0, 1.0)]


def _drafts() -> list[_Draft]:
    h = np.arange(1, PARTIALS + 1)
    comb = np.abs(np.sin(np.pi * h * 0.29)) + 0.05  # a string plucked at 0.29 of its length
    ring = [(0.5, 0.35, 7.0), (1.0, 0.9, 6.0), (1.19, 0.5, 4.2), (1.5, 0.3, 3.2), (2.0, 0.8, 3.4), (2.51, 0.4, 2.2),
            (2.66, 0.35, 2.0), (3.01, 0.5, 1.7), (4.17, 0.45, 1.2), (5.43, 0.35, 0.8), (6.8, 0.3, 0.55),
            (8.21, 0.25, 0.4)]  # fmt: skip
    return [
        # gain, attack, release, held, tilt, keyed, stretch, detune, vibrato
        _Draft(_both([*range(1, 13)], [1.0, 0.9, 0.85, 0.8, 0.7, 0.7, 0.6, 0.55, 0.5, 0.45, 0.4, 0.4]),
               (0.5, 0.9, 1.5, 1, 1.5, 0.0, 0.0, 4.5, 1.5)),
        _Draft(_both([1, 2, 3, 4, 5, 7, 9, 11, 12, 14], [1.0, 0.35, 0.7, 0.2, 0.5, 0.4, 0.3, 0.25, 0.15, 0.12]),
               (0.5, 1.3, 2.2, 1, 1.4, 0.0, 0.0002, 3.0, 0.0)),
        _Draft([(1, 1.0, 0, 0), (2, 0.5, 0, 0), (3, 0.25, 0, 0), (4, 0.12, 0, 0), (5, 0.06, 0, 0)],
               (0.75, 0.12, 0.5, 1, 1.0, 0.0, 0.0, 0.0, 0.0)),
        _Draft([(float(n), 1.0, 2.4 if n == 1 else 1.3 / n**0.6, 0) for n in h[:18]],
               (0.9, 0.004, 0.06, 0, 1.0, 0.15, 0.0, 0.0, 0.0)),
        _Draft([(float(n), float(comb[n - 1]), 2.4 / n**0.7, 0) for n in h[:14]],
               (0.9, 0.005, 0.16, 0, 1.25, 0.2, 0.00008, 0.0, 0.0)),
        _Draft([(float(n), float(comb[n - 1]), 2.6 / n**0.75, 0) for n in h[:20]],
               (0.6, 0.003, 0.5, 0, 1.15, 0.5, 0.0001, 0.0, 0.0)),
        _Draft([(float(n), 1.0, 1.5 / n**0.5, side) for n in h[:12] for side in (-1.0, 1.0)],
               (0.55, 0.003, 0.12, 0, 0.95, 0.3, 0.0, 7.0, 0.0)),
        _Draft([(float(n), 1.0 / (1.0 + 0.12 * n), 4.5 / n**0.62, side) for n in h[:12] for side in (-1.0, 1.0)],
               (0.6, 0.004, 0.22, 0, 1.3, 0.55, 0.0004, 1.2, 0.0)),
        _Draft([(1, 1.0, 1.1, 0), (3.93, 0.45, 0.35, 0), (9.24, 0.22, 0.14, 0), (16.3, 0.1, 0.07, 0),
                (2.0, 0.1, 0.6, 0)], (0.8, 0.002, 0.3, 0, 0.35, 0.5, 0.0, 0.0, 0.0)),
        _Draft([(float(n), v, 0, 0) for n, v in zip(range(1, 11), (1.0, 0.6, 0.5, 0.3, 0.3, 0.2, 0.2, 0.15, 0.12, 0.1),
                                                     strict=True)],
               (0.55, 0.07, 0.28, 1, 1.2, 0.0, 0.0, 0.0, 6.0)),
        _Draft([(1, 1.0, 2.6, -1), (1.0, 1.0, 2.6, 1), (2, 0.35, 1.6, -1), (2, 0.35, 1.6, 1), (3, 0.2, 0.9, 0),
                (4, 0.12, 0.8, 0), (6.9, 0.22, 0.3, 0), (14.1, 0.12, 0.12, 0)],
               (0.65, 0.003, 0.3, 0, 0.6, 0.4, 0.0, 2.5, 0.0)),
        _Draft([(r, v, d, side) for r, v, d in ring for side in (-1.0, 1.0)],
               (0.5, 0.003, 3.0, 0, 0.55, 0.35, 0.0, 3.0, 0.0)),
        _Draft([(1, 1.0, 2.4, -0.5), (2.0, 0.4, 1.6, 0.5), (4.02, 0.3, 0.9, -0.5), (6.7, 0.2, 0.5, 0.5),
                (9.8, 0.1, 0.25, 0)], (0.6, 0.002, 1.2, 0, 0.4, 0.5, 0.0, 0.0, 0.0)),
    ]  # fmt: skip


def fill_sounds(sounds: NDArray[np.void]) -> None:
    """Write all sounds into a memory of type ``SOUNDS_MEMORY``."""
    sounds["ratio"] = 1.0
    for row, draft in enumerate(_drafts()):
        count = len(draft.partials)
        for column, name in enumerate(("ratio", "level", "decay_s", "side")):
            sounds[name][..., row, :count] = [partial[column] for partial in draft.partials]
        sounds["log_ratio"][..., row, :] = np.log(np.maximum(sounds["ratio"][..., row, :].astype(np.float64), 1.0))
        sounds["counts"][..., row] = count
        sounds["shape"][..., row] = np.array(draft.shape, _SHAPE)
