"""A variable-Q transform of the newest sound: magnitudes on a logarithmic frequency axis, three bins a semitone.

The sound is taken down to about 12 kHz, transformed once, and each bin is a short weighted sum over that transform
(the spectral kernel of Brown & Puckette 1992, bandwidths widened by a constant as in Schörkhuber et al. 2014). Every
bin's Hann window ends at the newest sample, so that high tones are known sooner than low ones.
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.fft import RealFFT, real_fft, rfft
from pix2live.dsp.jit import kernel

PER_SEMITONE = 3
LOWEST_NOTE = 24 + 9 - 12  # A0, 27.5 Hz: the semitone of bins 0..2, the middle one being in tune
SEMITONES = 86  # to A#7, 3729 Hz
WIDEN_HZ = 4.0  # added to every bandwidth; it bounds the latency of the low bins
_Q = 1.0 / (2.0 ** (1.0 / (12 * PER_SEMITONE)) - 1.0)
_SPAN_S = 0.3
LOBES = 3.0  # of the window's transform are kept, in units of the reciprocal of its length
_FAINT = np.float32(1e-12)
_TAPS = 24  # of the decimating filter, for each sample of its output and factor


class Vqt(NamedTuple):
    """Tables and state; the state begins at zero."""

    taps: np.ndarray  # float32 (factor, n): decimating low pass, one row for each phase
    plan: RealFFT
    ones: np.ndarray  # float32 (size,)
    first: np.ndarray  # int64 (bins,): first transform bin of each kernel
    offset: np.ndarray  # int64 (bins + 1,): its weights
    weights: np.ndarray  # float32 (2, n): real, imaginary
    phases: np.ndarray  # float32 (factor, n - 1 + hop / factor): newest samples, dealt out
    past: np.ndarray  # float32 (2 size,): a ring written twice
    at: np.ndarray  # int64 (1,): place in the ring
    spectrum: np.ndarray  # float32 (2, size / 2 + 1)


def bin_hz() -> np.ndarray:
    """Centre of each bin, float64 ``(SEMITONES * PER_SEMITONE,)``, in Hz, where A4 is 440 Hz."""
    steps = np.arange(SEMITONES * PER_SEMITONE) - (PER_SEMITONE // 2)
    return 440.0 * 2.0 ** ((LOWEST_NOTE - 69) / 12 + steps / (12 * PER_SEMITONE))


def lengths_s() -> np.ndarray:
    """Length of each bin's window in seconds; its latency is half of it."""
    return 1.0 / (bin_hz() / _Q + WIDEN_HZ)


def hann_response(x: np.ndarray) -> np.ndarray:
    """The transform of a Hann window of sum 1, ``x`` in units of the reciprocal of its length."""
    near = np.abs(np.abs(x) - 1.0) < 1e-6
    safe = np.where(near, 0.5, x)
    return np.where(near, 0.5, np.sinc(safe) / (1.0 - safe * safe))


def vqt(sample_rate: float, hop: int) -> Vqt:
    """The stage for hops of ``hop`` samples (a power of two)."""
    factor = max(1, hop // 64)
    rate = sample_rate / factor
    size = 1 << int(np.ceil(np.log2(_SPAN_S * rate)))
    count = factor * (_TAPS if factor > 1 else 1)
    n = np.arange(count) - 0.5 * (count - 1)
    taps = np.sinc(0.8 * n / factor) * np.kaiser(count, 7.0)
    hz, length = bin_hz(), lengths_s()
    used = hz < 0.42 * rate
    width = rate / size
    low = np.maximum(np.ceil((hz - LOBES / length) / width), 0).astype(np.int64)
    high = np.minimum(np.floor((hz + LOBES / length) / width), size // 2).astype(np.int64)
    counts = np.where(used, high - low + 1, 0)
    offset = np.concatenate([[0], np.cumsum(counts)])
    owner = np.repeat(np.arange(len(hz)), counts)
    k = np.arange(offset[-1]) - offset[owner] + low[owner]
    # The window's middle lies half its length before the end of the transformed stretch.
    delay = size - 0.5 * length[owner] * rate
    gain = 2.0 * hann_response((k * width - hz[owner]) * length[owner]) / size
    turn = 2.0 * np.pi * k / size * delay
    return Vqt(
        np.ascontiguousarray((taps / taps.sum()).reshape(-1, factor).T.astype(np.float32)),
        real_fft(size),
        np.ones(size, dtype=np.float32),
        low,
        offset,
        np.stack([gain * np.cos(turn), gain * np.sin(turn)]).astype(np.float32),
        np.zeros((factor, count // factor - 1 + hop // factor), dtype=np.float32),
        np.zeros(2 * size, dtype=np.float32),
        np.zeros(1, dtype=np.int64),
        np.zeros((2, size // 2 + 1), dtype=np.float32),
    )


@kernel
def vqt_gather(state: Vqt, samples: np.ndarray) -> None:
    """One hop, float32 ``(hop,)``, finite, into the memory of the transform."""
    phases, taps, past = state.phases, state.taps, state.past
    factor, count = taps.shape
    new = samples.shape[0] // factor
    at, size = state.at[0], past.shape[0] // 2
    out = past[at : at + new]
    out[:] = np.float32(0.0)
    for p in range(factor):
        line = phases[p]
        for i in range(count - 1):
            line[i] = line[i + new]
        for i in range(new):
            value = samples[i * factor + p]
            line[count - 1 + i] = value if abs(value) > _FAINT else np.float32(0.0)
        for tap in range(count):
            weight = taps[p, tap]
            for i in range(new):
                out[i] += weight * line[tap + i]
    for i in range(new):
        past[at + size + i] = out[i]
    state.at[0] = (at + new) % size


@kernel
def vqt_transform(state: Vqt, magnitude: np.ndarray) -> None:
    """Float32 ``(bins,)``: magnitude of each bin up to the newest sample; a sine of amplitude 1 gives 1 at its bin."""
    re, im = state.spectrum[0], state.spectrum[1]
    at = state.at[0]
    rfft(state.plan, state.past[at : at + state.ones.shape[0]], state.ones, re, im)
    for b in range(magnitude.shape[0]):
        start, stop, first = state.offset[b], state.offset[b + 1], state.first[b]
        n = stop - start
        wr, wi = state.weights[0, start:stop], state.weights[1, start:stop]
        xr, xi = re[first : first + n], im[first : first + n]
        # Four sums side by side: one alone would wait for itself at every step.
        a, c, d, e = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(n):
            a += wr[k] * xr[k]
            c += wi[k] * xi[k]
            d += wr[k] * xi[k]
            e += wi[k] * xr[k]
        magnitude[b] = np.sqrt((a - c) * (a - c) + (d + e) * (d + e))
