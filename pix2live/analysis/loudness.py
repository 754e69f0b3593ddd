"""Loudness by ITU-R BS.1770-5: K weighting, momentary (400 ms) and short-term (3 s).

Latency: the filters are causal; a step is answered in full after 400 ms or 3 s. Before that much sound has
come, the missing part counts as silence.
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.follower import TINY
from pix2live.dsp.jit import kernel
from pix2live.dsp.units import FLOOR_DB
from pix2live.dsp.weighting import OFFSET_DB, k_weighting
from pix2live.signals.table import local

MAX_CHANNELS = 8
LUFS_M, LUFS_S = local("audio", "audio.lufs_m"), local("audio", "audio.lufs_s")


class Loudness(NamedTuple):
    """Tables and state; the state begins at zero."""

    biquads: np.ndarray  # float64 (2, 5): b0 b1 b2 a1 a2
    weights: np.ndarray  # float64 (8,): of each channel
    momentary_hops: int
    z: np.ndarray  # float64 (8, 4): delays of both biquads
    powers: np.ndarray  # float64 (hops in 3 s,): weighted mean square of each hop
    at: np.ndarray  # int64 (1,): where the next hop goes


def channel_weights(channels: int) -> np.ndarray:
    """Weight of each of 8 channels: surround channels 1.41 and LFE 0 in 5.0 and 5.1; any other count is taken as
    that many independent inputs of weight 1."""
    weights = np.zeros(MAX_CHANNELS)
    weights[:channels] = 1.0
    if channels in (5, 6):
        weights[channels - 2 : channels] = 1.41
        weights[3] = 0.0 if channels == 6 else 1.41
    return weights


def loudness(sample_rate: float, hop: int, channels: int) -> Loudness:
    """The stage for ``channels`` (0..8) in hops of ``hop`` samples."""
    return Loudness(
        k_weighting(sample_rate),
        channel_weights(channels),
        max(1, round(0.4 * sample_rate / hop)),
        np.zeros((MAX_CHANNELS, 4)),
        np.zeros(max(1, round(3.0 * sample_rate / hop))),
        np.zeros(1, dtype=np.int64),
    )


@kernel
def _lufs(power: float) -> float:
    return max(OFFSET_DB + 10.0 * np.log10(power), FLOOR_DB) if power > 1e-12 else FLOOR_DB


@kernel
def _weighted_power(biquads: np.ndarray, z: np.ndarray, x: np.ndarray) -> float:
    p0, p1, p2, p3, p4 = biquads[0, 0], biquads[0, 1], biquads[0, 2], biquads[0, 3], biquads[0, 4]
    q0, q1, q2, q3, q4 = biquads[1, 0], biquads[1, 1], biquads[1, 2], biquads[1, 3], biquads[1, 4]
    s0, s1, s2, s3 = z[0], z[1], z[2], z[3]
    total = 0.0
    for i in range(x.shape[0]):
        v = np.float64(x[i])
        y = p0 * v + s0
        s0 = p1 * v - p3 * y + s1
        s1 = p2 * v - p4 * y
        w = q0 * y + s2
        s2 = q1 * y - q3 * w + s3
        s3 = q2 * y - q4 * w
        total += w * w
    z[0] = s0 if abs(s0) > TINY else 0.0
    z[1] = s1 if abs(s1) > TINY else 0.0
    z[2] = s2 if abs(s2) > TINY else 0.0
    z[3] = s3 if abs(s3) > TINY else 0.0
    return total / x.shape[0]


@kernel
def loudness_step(state: Loudness, hop_in: np.ndarray, channels: int, row: np.ndarray) -> None:
    """One hop, float32 ``(8, hop)`` of which ``channels`` count; writes ``lufs_m``, ``lufs_s`` (-120 dB at least)."""
    power = 0.0
    for c in range(channels):
        if state.weights[c] > 0.0:
            power += state.weights[c] * _weighted_power(state.biquads, state.z[c], hop_in[c])
    at, size = state.at[0], state.powers.shape[0]
    state.powers[at] = power
    # Summed afresh at every hop: a running sum would drift over months.
    total, recent = 0.0, 0.0
    for i in range(size):
        total += state.powers[i]
    for i in range(state.momentary_hops):
        recent += state.powers[at - i if at >= i else at - i + size]
    state.at[0] = at + 1 if at + 1 < size else 0
    row[LUFS_M] = _lufs(recent / state.momentary_hops)
    row[LUFS_S] = _lufs(total / size)
