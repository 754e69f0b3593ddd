"""Other ways to make a sound of a picture, to measure beside ``scan``: own code after the published methods.

Each takes the amplitudes that the picture asks for, float64 (rows, columns) with row 0 on top, where they lie in pitch
and how long the picture lasts, and returns mono sound in which the picture stands ``SWEEPS`` times on end.

sines: one sinusoid of random phase a row, its level interpolated, made at once (ARSS's sine mode, MetaSynth).
noise: one band of noise a row (ARSS's noise mode; Rouzic 2008), made by the inverse transform of a random spectrum.
griffin-lim: phases by 40 rounds of transforming to and fro (Griffin & Lim 1984), offline.
spsi: phases by the frequency of each peak (Beauregard, Harish & Wyse 2015), real time, no look-ahead.
rtpghi: phases by integrating their gradient, which the magnitudes give (Průša & Søndergaard 2016), one frame ahead or,
as rtpghi 0, none.
"""

import math
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48000
SWEEPS = 3
_ROUNDS = 40
_OVERLAP = 8  # windows over each sample
_GAUSS = 0.25645  # the Gaussian nearest to a Hann window of m samples is exp(-pi n^2 / (_GAUSS m^2))
_SILENT = 1e-4


def sines(amplitude: NDArray, row_hz: NDArray, frames: int) -> NDArray:
    """A sinusoid of random phase for each row; levels move along straight lines from column to column."""
    rng = np.random.default_rng(2)
    columns = amplitude.shape[1]
    at = np.arange(frames) * (SWEEPS * columns / frames)
    n = np.arange(frames)
    sound = np.zeros(frames)
    for level, hz, phase in zip(amplitude, row_hz, rng.uniform(0.0, 2.0 * np.pi, len(row_hz)), strict=True):
        sound += np.interp(at % columns, np.arange(columns + 1), np.append(level, level[0])) * np.sin(
            2.0 * np.pi * hz / SAMPLE_RATE * n + phase
        )
    return sound


def noise(amplitude: NDArray, row_hz: NDArray, frames: int) -> NDArray:
    """A band of noise for each row, as wide as the row's step, of unit power before its level."""
    rng = np.random.default_rng(2)
    columns = amplitude.shape[1]
    at = np.arange(frames) * (SWEEPS * columns / frames)
    edges = np.concatenate([[row_hz[0]], 0.5 * (row_hz[1:] + row_hz[:-1]), [row_hz[-1]]])
    edges[0], edges[-1] = 2.0 * row_hz[0] - edges[1], 2.0 * row_hz[-1] - edges[-2]
    sound = np.zeros(frames)
    for r, level in enumerate(amplitude):
        first, last = (round(hz * frames / SAMPLE_RATE) for hz in (edges[r + 1], edges[r]))
        first, last = max(first, 1), min(max(last, first + 1), frames // 2)
        spectrum = np.zeros(frames // 2 + 1, complex)
        spectrum[first:last] = np.exp(2j * np.pi * rng.random(last - first)) * frames / math.sqrt(2.0 * (last - first))
        band = np.fft.irfft(spectrum, frames)
        sound += np.interp(at % columns, np.arange(columns + 1), np.append(level, level[0])) * band
    return sound


def griffin_lim(amplitude: NDArray, row_hz: NDArray, frames: int, window: int) -> NDArray:
    """Rounds of transforming to and fro, the magnitudes put back each time."""
    target = _spectrogram(amplitude, row_hz, frames, window)
    rng = np.random.default_rng(2)
    phase = np.exp(2j * np.pi * rng.random(target.shape))
    sound = _overlap_add(target * phase, frames, window)
    for _ in range(_ROUNDS):
        spectra = _transform(sound, window, len(target))
        sound = _overlap_add(target * spectra / np.maximum(np.abs(spectra), 1e-12), frames, window)
    return sound


def spsi(amplitude: NDArray, row_hz: NDArray, frames: int, window: int) -> NDArray:
    """Single pass spectrogram inversion: bins around a peak take the phase of its interpolated frequency."""
    target = _spectrogram(amplitude, row_hz, frames, window)
    return _overlap_add(target * np.exp(1j * _spsi_phases(target, window // _OVERLAP, window)), frames, window)


def rtpghi(amplitude: NDArray, row_hz: NDArray, frames: int, window: int, ahead: bool = True) -> NDArray:
    """Phase gradient heap integration; ``ahead`` lets the gradient see one frame of the future."""
    target = _spectrogram(amplitude, row_hz, frames, window)
    phases = _pghi_phases(np.maximum(target, 1e-10), window // _OVERLAP, window, _GAUSS * window * window, ahead)
    return _overlap_add(target * np.exp(1j * phases), frames, window)


def _spectrogram(amplitude: NDArray, row_hz: NDArray, frames: int, window: int) -> NDArray:
    """(frames, bins) magnitudes of the picture, ``SWEEPS`` times on end, hops of an eighth of ``window``.

    The rows are interpolated in decibels, where each bin is taken at its place between rows; bins outside are silent.
    """
    columns = amplitude.shape[1]
    hops = frames // (window // _OVERLAP) + _OVERLAP
    column = (np.arange(hops) * (window // _OVERLAP) * (SWEEPS * columns / frames)) % columns
    left = column.astype(int) % columns
    share = column - column.astype(int)
    log = np.log(np.maximum(amplitude, _SILENT))
    moving = log[:, left] * (1.0 - share) + log[:, (left + 1) % columns] * share
    hz = np.fft.rfftfreq(window, 1.0 / SAMPLE_RATE)
    row = np.interp(hz, row_hz[::-1], np.arange(len(row_hz))[::-1])
    above = row.astype(int).clip(0, max(len(row_hz) - 2, 0))
    down = (row - above)[:, None]
    picture = np.exp(moving[above] * (1.0 - down) + moving[np.minimum(above + 1, len(row_hz) - 1)] * down)
    step = np.abs(np.gradient(row_hz))
    outside = (hz < row_hz[-1] - 0.5 * step[-1]) | (hz > row_hz[0] + 0.5 * step[0])
    picture[outside] = 0.0
    picture[picture <= 1.01 * _SILENT] = 0.0
    return np.ascontiguousarray(picture.T)


def _hann(window: int) -> NDArray:
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(window) / window)


def _transform(sound: NDArray, window: int, count: int) -> NDArray:
    """(count, bins) spectra of windows centred on every hop."""
    padded = np.concatenate([np.zeros(window // 2), sound, np.zeros(2 * window)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // _OVERLAP][:count]
    return np.fft.rfft(frames * _hann(window), axis=1)


def _overlap_add(spectra: NDArray, frames: int, window: int) -> NDArray:
    """The sound whose spectra are nearest: windowed again; squared Hann windows add up to 3/8 of the overlap."""
    hop = window // _OVERLAP
    parts = np.fft.irfft(spectra, window, axis=1) * (_hann(window) / (0.375 * _OVERLAP))
    out = np.zeros((len(parts) + _OVERLAP - 1) * hop)
    for k in range(_OVERLAP):
        out[k * hop : k * hop + len(parts) * hop] += parts[:, k * hop : (k + 1) * hop].reshape(-1)
    return out[window // 2 : window // 2 + frames]


@numba.njit(cache=True)
def _spsi_phases(magnitude: NDArray, hop: int, window: int) -> NDArray:
    hops, bins = magnitude.shape
    phases = np.zeros((hops, bins))
    kept = np.zeros(bins)
    for t in range(hops):
        m = magnitude[t]
        first = 0
        while first < bins:
            # From one valley to the next, all bins turn as the peak between them does.
            top = first
            while top + 1 < bins and m[top + 1] > m[top]:
                top += 1
            end = top + 1
            while end < bins and m[end] <= m[end - 1] and not (end + 1 < bins and m[end + 1] > m[end]):
                end += 1
            place = float(top)
            if 0 < top < bins - 1:
                a, b, c = m[top - 1], m[top], m[top + 1]
                bend = a - 2.0 * b + c
                if bend < 0.0:
                    place += 0.5 * (a - c) / bend
            turned = kept[top] + 2.0 * math.pi * hop * place / window
            for k in range(first, end):
                phases[t, k] = turned if (k - top) % 2 == 0 else turned + math.pi
            first = end
        kept[:] = phases[t] % (2.0 * math.pi)
    return phases


@numba.njit(cache=True)
def _pghi_phases(magnitude: NDArray, hop: int, window: int, gauss: float, ahead: bool) -> NDArray:
    """Frame by frame: from the loudest known bins outwards, phases are integrated along time or along frequency."""
    hops, bins = magnitude.shape
    log = np.log(magnitude)
    phases = np.zeros((hops, bins))
    down = np.zeros((hops, bins))  # phase step along frequency
    along = np.zeros((hops, bins))  # and along time, per hop
    for t in range(hops):
        for k in range(bins):
            low, high = max(k - 1, 0), min(k + 1, bins - 1)
            along[t, k] = 2.0 * math.pi * hop * k / window
            if high > low:
                along[t, k] += hop * window / gauss * (log[t, high] - log[t, low]) / (high - low)
            if ahead and 0 < t < hops - 1:
                slope = 0.5 * (log[t + 1, k] - log[t - 1, k])
            elif t > 1:
                slope = 1.5 * log[t, k] - 2.0 * log[t - 1, k] + 0.5 * log[t - 2, k]
            else:
                slope = 0.0
            down[t, k] = -gauss / (hop * window) * slope - math.pi
    heap_level, heap_place = np.zeros(2 * bins), np.zeros(2 * bins, np.int64)
    known = np.zeros(bins, np.bool_)
    for t in range(1, hops):
        loudest = max(log[t].max(), log[t - 1].max())
        size = 0
        for k in range(bins):
            known[k] = log[t, k] < loudest - 14.0
            if known[k]:
                phases[t, k] = 2.0 * math.pi * np.random.random()
            else:
                size = _push(heap_level, heap_place, size, log[t - 1, k], k)
        while size > 0:
            place = heap_place[0]
            size = _pop(heap_level, heap_place, size)
            if place < bins:
                k = place
                if not known[k]:
                    phases[t, k] = phases[t - 1, k] + 0.5 * (along[t - 1, k] + along[t, k])
                    known[k] = True
                    size = _push(heap_level, heap_place, size, log[t, k], bins + k)
                continue
            k = place - bins
            if k + 1 < bins and not known[k + 1]:
                phases[t, k + 1] = phases[t, k] + 0.5 * (down[t, k] + down[t, k + 1])
                known[k + 1] = True
                size = _push(heap_level, heap_place, size, log[t, k + 1], bins + k + 1)
            if k > 0 and not known[k - 1]:
                phases[t, k - 1] = phases[t, k] - 0.5 * (down[t, k] + down[t, k - 1])
                known[k - 1] = True
                size = _push(heap_level, heap_place, size, log[t, k - 1], bins + k - 1)
    return phases


@numba.njit(cache=True)
def _push(level: NDArray, place: NDArray, size: int, new_level: float, new_place: int) -> int:
    i = size
    while i > 0 and level[(i - 1) // 2] < new_level:
        level[i], place[i] = level[(i - 1) // 2], place[(i - 1) // 2]
        i = (i - 1) // 2
    level[i], place[i] = new_level, new_place
    return size + 1


@numba.njit(cache=True)
def _pop(level: NDArray, place: NDArray, size: int) -> int:
    size -= 1
    last_level, last_place = level[size], place[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and level[child + 1] > level[child]:
            child += 1
        if level[child] <= last_level:
            break
        level[i], place[i] = level[child], place[child]
        i = child
    level[i], place[i] = last_level, last_place
    return size


WINDOWED: dict[str, Callable[[NDArray, NDArray, int, int], NDArray]] = {
    "griffin-lim": griffin_lim,
    "spsi": spsi,
    "rtpghi 0": lambda amplitude, row_hz, frames, window: rtpghi(amplitude, row_hz, frames, window, ahead=False),
    "rtpghi": rtpghi,
}
"""Those that choose phases of a short-time transform, and so need a window length."""
ROWWISE: dict[str, Callable[[NDArray, NDArray, int], NDArray]] = {"sines": sines, "noise": noise}
"""Those that sound each row by itself."""
