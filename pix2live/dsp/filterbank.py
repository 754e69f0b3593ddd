"""Banks of weights over FFT bins, kept sparse: mel, logarithmic and plain bands."""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.dsp.units import hz_from_mel, mel_from_hz


class Filterbank(NamedTuple):
    """Sparse rows: filter ``i`` weighs bins ``first[i]`` on with ``weights[offset[i]:offset[i + 1]]``."""

    first: np.ndarray  # int64 (filters,)
    offset: np.ndarray  # int64 (filters + 1,)
    weights: np.ndarray  # float32
    centre_hz: np.ndarray  # float64 (filters,)


@kernel
def apply_filterbank(bank: Filterbank, bins: np.ndarray, out: np.ndarray) -> None:
    """``out[i]`` = weighted sum of float32 ``bins`` under filter ``i``; float32 ``(filters,)``."""
    for i in range(bank.first.shape[0]):
        start, stop = bank.offset[i], bank.offset[i + 1]
        weights = bank.weights[start:stop]
        under = bins[bank.first[i] : bank.first[i] + stop - start]
        total = np.float32(0.0)
        for k in range(weights.shape[0]):
            total += weights[k] * under[k]
        out[i] = total


def _sparse(dense: np.ndarray, centre_hz: np.ndarray) -> Filterbank:
    first, offset, weights = [], [0], []
    for row in dense:
        used = np.flatnonzero(row)
        start, stop = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
        first.append(start)
        weights.append(row[start:stop])
        offset.append(offset[-1] + stop - start)
    return Filterbank(
        np.array(first, dtype=np.int64),
        np.array(offset, dtype=np.int64),
        np.concatenate(weights).astype(np.float32),
        np.asarray(centre_hz, dtype=np.float64),
    )


def mel_filterbank(sample_rate: float, window: int, count: int, low_hz: float, high_hz: float) -> Filterbank:
    """Triangles of peak 1 evenly spaced on Slaney's mel scale (a filter above the Nyquist frequency is empty)."""
    low, high = mel_from_hz(np.array([low_hz, high_hz]))
    edges = hz_from_mel(np.linspace(float(low), float(high), count + 2))
    hz = np.arange(window // 2 + 1) * sample_rate / window
    rise = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    return _sparse(np.clip(np.minimum(rise, fall), 0.0, None), edges[1:-1])


def log_filterbank(sample_rate: float, window: int, per_octave: int, low_hz: float, high_hz: float) -> Filterbank:
    """Triangles of sum 1 with ``per_octave`` centres an octave, on bins of their own.

    Centres that fall on the same bin are merged, so the lowest octaves have fewer filters (Böck & Widmer 2013).
    """
    high_hz = min(high_hz, 0.5 * sample_rate)
    count = max(1, int(np.floor(per_octave * np.log2(high_hz / low_hz))))
    points = low_hz * 2.0 ** (np.arange(count + 1) / per_octave)
    bins = np.unique(np.clip(np.round(points * window / sample_rate), 1, window // 2).astype(int))
    k = np.arange(window // 2 + 1)
    left, centre, right = bins[:-2, None], bins[1:-1, None], bins[2:, None]
    dense = np.clip(np.minimum((k - left) / (centre - left), (right - k) / (right - centre)), 0.0, None)
    dense /= dense.sum(axis=1, keepdims=True)
    return _sparse(dense, bins[1:-1] * sample_rate / window)


def band_filterbank(sample_rate: float, window: int, edges_hz: tuple[float, ...]) -> Filterbank:
    """Plain bands between neighbouring edges; a bin that straddles an edge is shared by its part on either side."""
    width = sample_rate / window
    low = (np.arange(window // 2 + 1) - 0.5) * width
    edges = np.asarray(edges_hz, dtype=np.float64)
    inside = np.minimum(edges[1:, None], low + width) - np.maximum(edges[:-1, None], low)
    return _sparse(np.clip(inside / width, 0.0, 1.0), np.sqrt(edges[:-1] * edges[1:]))
