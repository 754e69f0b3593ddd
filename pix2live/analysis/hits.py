"""Kick, snare and hat, each heard by itself in busy music.

Every hop is described by 100 numbers: in ten groups of filters, from 30 Hz to 16 kHz, how much the whitened spectrum
rose in each of the last four hops and at most in the last six, how high it stands and stood, and how loud the group is
and was beside the whole (which tells a hat from the thump of a kick that whitening makes as tall). Two small layers
of weights (``hit_weights.npy``, fitted by ``tools/train_hits.py``, which says on what) turn them into the odds of each
drum. Latency: a hit is counted at the end of the hop in which its odds pass the threshold, 10 to 17 ms after it.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pix2live.analysis.level import Heard
from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.signals.table import local

DRUMS = ("kick", "snare", "hat")
GROUP_EDGES_HZ = (30.0, 60.0, 100.0, 160.0, 300.0, 700.0, 1500.0, 3000.0, 5500.0, 9000.0, 16000.0)
GROUPS, HIDDEN, PARTS = len(GROUP_EDGES_HZ) - 1, 48, 10
DECAY_S, REST_S = 0.1, 0.064
_PAST = 9  # hops kept; what is asked for below lies 0 to 8 hops back
_LOUD_S, _LOUD_LEAST, _LOUD_COMPRESS, _TILT_PIVOT_HZ = 8.0, 1e-6, 100.0, 1000.0
_PULSE, _COUNT = (
    np.array([local("audio", f"audio.{drum}{part}") for drum in DRUMS], dtype=np.int64) for part in ("", "_count")
)
_WEIGHTS = Path(__file__).with_name("hit_weights.npy")


class Hits(NamedTuple):
    """Tables and state; the state begins at zero."""

    edges: np.ndarray  # int64 (11,): where each group's filters begin, and the end
    tilt: np.ndarray  # float32 (10,): gain that makes the groups of music about equally loud
    first: np.ndarray  # float32 (48, 101): weights of the first layer, the last column its offset
    second: np.ndarray  # float32 (3, 49): of the second
    on: np.ndarray  # float64 (3,): log odds at which a hit counts
    off: np.ndarray  # float64 (3,): below which the next may come
    decay: float
    loud_keep: float
    rest: int
    rises: np.ndarray  # float32 (9, 10): rings
    heights: np.ndarray  # float32 (9, 10)
    louds: np.ndarray  # float32 (9, 10)
    x: np.ndarray  # float32 (100,): the description of this hop
    hidden: np.ndarray  # float32 (48,)
    at: np.ndarray  # int64 (1,)
    loudest: np.ndarray  # float64 (1,)
    memory: np.ndarray  # float64 (3, 4): pulse, count, whether a hit is on, hops until the next may come


def weights() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The fitted numbers: both layers, and the log odds at which a hit begins and is over."""
    flat = np.load(_WEIGHTS).astype(np.float32)
    wide = GROUPS * PARTS + 1
    first, rest = flat[: HIDDEN * wide].reshape(HIDDEN, wide), flat[HIDDEN * wide :]
    second, limits = rest[: len(DRUMS) * (HIDDEN + 1)].reshape(len(DRUMS), -1), rest[len(DRUMS) * (HIDDEN + 1) :]
    on, off = limits.astype(np.float64).reshape(2, len(DRUMS))
    return np.ascontiguousarray(first), np.ascontiguousarray(second), on, off


def hits(hop_s: float, centre_hz: np.ndarray) -> Hits:
    """The stage for whitened log filters at ``centre_hz``, stepped each ``hop_s``."""
    edges = np.searchsorted(centre_hz, GROUP_EDGES_HZ).astype(np.int64)
    edges[-1] = len(centre_hz) if GROUP_EDGES_HZ[-1] > centre_hz[-1] else edges[-1]
    middle = np.sqrt(np.array(GROUP_EDGES_HZ[:-1]) * np.array(GROUP_EDGES_HZ[1:]))
    first, second, on, off = weights()
    return Hits(
        edges,
        np.sqrt(middle / _TILT_PIVOT_HZ).astype(np.float32),
        first,
        second,
        on,
        off,
        coefficient(DECAY_S, hop_s),
        1.0 - coefficient(_LOUD_S, hop_s),
        max(1, round(REST_S / hop_s)),
        np.zeros((_PAST, GROUPS), dtype=np.float32),
        np.zeros((_PAST, GROUPS), dtype=np.float32),
        np.zeros((_PAST, GROUPS), dtype=np.float32),
        np.zeros(GROUPS * PARTS, dtype=np.float32),
        np.zeros(HIDDEN, dtype=np.float32),
        np.zeros(1, dtype=np.int64),
        np.zeros(1),
        np.zeros((len(DRUMS), 4)),
    )


@kernel
def _describe(state: Hits, magnitudes: np.ndarray, whitened: np.ndarray, rise: np.ndarray) -> None:
    now = state.at[0]
    state.at[0] = (now + 1) % _PAST
    whole = 0.0
    for g in range(GROUPS):
        start, stop = state.edges[g], state.edges[g + 1]
        risen, height, power = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(start, stop):
            risen += rise[k]
            height += whitened[k]
            power += magnitudes[k] * magnitudes[k]
        share = np.float32(1.0 / max(stop - start, 1))
        state.rises[now, g], state.heights[now, g] = risen * share, height * share
        loud = np.sqrt(power) * state.tilt[g]
        state.louds[now, g] = loud
        whole += np.float64(loud) * np.float64(loud)
    state.loudest[0] = max(np.sqrt(whole), state.loudest[0] * state.loud_keep, _LOUD_LEAST)
    scale = np.float32(_LOUD_COMPRESS / state.loudest[0])
    x = state.x
    for g in range(GROUPS):
        state.louds[now, g] = np.log2(np.float32(1.0) + scale * state.louds[now, g])
        most = np.float32(0.0)
        for back in range(6):
            most = max(most, state.rises[(now - back) % _PAST, g])
        for back in range(4):
            x[back * GROUPS + g] = state.rises[(now - back) % _PAST, g]
        x[4 * GROUPS + g] = state.heights[now, g]
        x[5 * GROUPS + g] = state.heights[(now - 6) % _PAST, g]
        x[6 * GROUPS + g] = most
        x[7 * GROUPS + g] = state.louds[now, g]
        x[8 * GROUPS + g] = state.louds[(now - 3) % _PAST, g]
        x[9 * GROUPS + g] = state.louds[(now - 8) % _PAST, g]


@kernel
def _layer(weights: np.ndarray, x: np.ndarray, n: int, row: int) -> np.float32:
    # Four sums side by side: one alone would wait for itself at every step.
    w = weights[row]
    a, b, c, d = w[n], np.float32(0.0), np.float32(0.0), np.float32(0.0)
    for i in range(0, n, 4):
        a += w[i] * x[i]
        b += w[i + 1] * x[i + 1]
        c += w[i + 2] * x[i + 2]
        d += w[i + 3] * x[i + 3]
    return (a + b) + (c + d)


@kernel
def hits_step(
    state: Hits, magnitudes: np.ndarray, whitened: np.ndarray, rise: np.ndarray, heard: Heard, row: np.ndarray
) -> None:
    """One hop of the filters, float32: magnitudes, whitened logarithms, and their rise over two hops.

    Writes ``kick``, ``snare``, ``hat`` (1 at the hop of a hit, then decaying over 0.1 s) and their ``_count``.
    """
    _describe(state, magnitudes, whitened, rise)
    for h in range(HIDDEN):
        state.hidden[h] = max(_layer(state.first, state.x, GROUPS * PARTS, h), np.float32(0.0))
    for drum in range(state.memory.shape[0]):
        odds = _layer(state.second, state.hidden, HIDDEN, drum)
        m = state.memory[drum]
        m[0] = follow(m[0], 0.0, 1.0, state.decay)
        m[3] = max(m[3] - 1.0, 0.0)
        if not heard.sounding or odds < state.off[drum]:
            m[2] = 0.0
        elif odds >= state.on[drum] and m[2] == 0.0 and m[3] == 0.0:
            m[0], m[1], m[2], m[3] = 1.0, m[1] + 1.0, 1.0, np.float64(state.rest)
        row[_PULSE[drum]], row[_COUNT[drum]] = m[0], m[1]
