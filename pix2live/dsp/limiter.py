"""The last stage before the ears: a look-ahead limiter that holds true peaks under a ceiling."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel

LOOKAHEAD_S = 0.0015
RELEASE_S = 0.12
_CHUNK = 64
_TAPS = 48  # of each phase of the interpolator
_PHASES = 3  # between two samples: with the sample itself, 4x
_KAISER = 2.5  # steep rather than clean: reading close to Nyquist matters more than 0.1 dB of ripple
_MARGIN_DB = 1.0  # for what lies between the 4x points and above 0.48 of the sample rate
_GUARD = 6  # samples on either side of a peak that get its gain: a peak between samples is made by its neighbours
# The gain is kept in fixed point, so that running sums are exact: no drift, and unity is exactly unity.
_ONE = 1 << 30
_LOUDEST = np.float32(1000.0)  # +60 dBFS; beyond it the input is clipped so that nothing overflows


class LimiterState(NamedTuple):
    """What the kernel keeps between blocks (arrays only, changed in place)."""

    taps: NDArray[np.float32]  # (phases, taps)
    recent: NDArray[np.float32]  # (2, taps - 1 + _CHUNK): the samples before a chunk, then the chunk
    peaks: NDArray[np.float32]  # (2, _CHUNK): the true peak at each sample of a chunk; and room for its sums
    delayed: NDArray[np.float32]  # (2, latency)
    low_gain: NDArray[np.int64]  # (hold): sliding minimum, as a queue of rising gains
    low_time: NDArray[np.int64]  # (hold): when each was needed
    first_box: NDArray[np.int64]
    second_box: NDArray[np.int64]
    integers: NDArray[np.int64]  # clock, queue head, queue length, released gain, first sum, second sum


class TruePeakLimiter:
    """Stereo limiter: the true peak of the output stays under ``ceiling_db``, whatever the input.

    Peaks are read at 4x as ITU-R BS.1770-5, annex 2, reads them, but through a 48-tap filter: that document's 12 taps
    read broadband peaks short. The gain falls along a smooth curve within the look-ahead, holds over the peak, and
    returns with a time constant of 0.12 s; both channels share it. Below ``threshold_db`` the output is the input,
    delayed, bit for bit. NaN and Inf become silence; beyond +60 dBFS the input is clipped first. Content within 2% of
    Nyquist, which only an endless filter can see, may read up to 1 dB higher; no sample is ever above the ceiling.

    Args:
        sample_rate: Hz.
        ceiling_db: dBTP.

    Attributes:
        latency_samples, latency_s: delay of the output, 1.5 ms.
        threshold_db: true peak in dB from which the gain falls, 1 dB under the ceiling.
    """

    def __init__(self, sample_rate: float, ceiling_db: float = -1.0) -> None:
        self.latency_samples = max(round(LOOKAHEAD_S * sample_rate), _TAPS // 2 + 2 * _GUARD + 8)
        self.latency_s = self.latency_samples / sample_rate
        self.threshold_db = ceiling_db - _MARGIN_DB
        self._threshold = 10.0 ** (self.threshold_db / 20.0)
        self._ceiling = 10.0 ** (ceiling_db / 20.0)
        self._release = 1.0 - math.exp(-1.0 / (RELEASE_S * sample_rate))
        attack = self.latency_samples - _TAPS // 2 - _GUARD + 1
        hold = attack + 2 * _GUARD + 1
        boxes = (attack + 1) // 2, attack + 1 - (attack + 1) // 2
        self.state = LimiterState(
            _interpolator(),
            np.zeros((2, _TAPS - 1 + _CHUNK), np.float32),
            np.zeros((2, _CHUNK), np.float32),
            np.zeros((2, self.latency_samples), np.float32),
            np.zeros(hold, np.int64),
            np.zeros(hold, np.int64),
            np.zeros(boxes[0], np.int64),
            np.zeros(boxes[1], np.int64),
            np.zeros(6, np.int64),
        )
        self.reset()
        self.process(np.zeros((1, 2), np.float32))
        self.reset()

    @property
    def constants(self) -> tuple[float, float, float]:
        """Threshold, ceiling (linear) and release per sample: what ``limit`` takes."""
        return self._threshold, self._ceiling, self._release

    def reset(self) -> None:
        """As new."""
        state = self.state
        for array in (state.recent, state.delayed, state.low_gain, state.low_time, state.integers):
            array[...] = 0
        state.first_box[...] = _ONE
        state.second_box[...] = _ONE
        state.integers[3:] = _ONE, _ONE * len(state.first_box), _ONE * len(state.second_box)

    def process(self, block: NDArray[np.float32]) -> None:
        """Limit ``block`` (frames, 2) float32 in place. Real-time safe; any number of frames."""
        limit(block, self.state, self._threshold, self._ceiling, self._release)


def _interpolator() -> NDArray[np.float32]:
    """(phases, taps) Kaiser-windowed sinc values at 1/4, 1/2 and 3/4 of the way between the two middle taps."""
    taps = np.arange(_TAPS) - (_TAPS // 2 - 1)
    rows = []
    for phase in range(1, _PHASES + 1):
        x = taps - phase / (_PHASES + 1)
        window = np.i0(_KAISER * np.sqrt(np.maximum(1 - (x / (_TAPS / 2)) ** 2, 0)))
        row = np.sinc(x) * window
        rows.append(row / row.sum())
    return np.ascontiguousarray(rows, np.float32)


@kernel
def limit(block: NDArray[np.float32], state: LimiterState, threshold: float, ceiling: float, release: float) -> None:
    """Limit ``block`` (frames, 2) in place: see ``TruePeakLimiter``. ``release``: share of the way back a sample."""
    delayed, integers = state.delayed, state.integers
    low_gain, low_time = state.low_gain, state.low_time
    first_box, second_box = state.first_box, state.second_box
    hold, latency = len(low_gain), delayed.shape[1]
    unity = float(_ONE) * len(second_box)
    time, head, length, gain, first_sum, second_sum = (
        integers[0], integers[1], integers[2], integers[3], integers[4], integers[5],
    )  # fmt: skip
    for n in range(block.shape[0]):
        if n % _CHUNK == 0:
            _true_peaks(state, block[n : n + _CHUNK])
        peak = float(state.peaks[0, n % _CHUNK])
        needed = int(threshold / peak * _ONE) if peak > threshold else _ONE

        # Sliding minimum of the gain needed: gains in the queue rise, so its head is the least.
        while length > 0 and low_gain[(head + length - 1) % hold] >= needed:
            length -= 1
        while length > 0 and low_time[head] <= time - hold:
            head = (head + 1) % hold
            length -= 1
        low_gain[(head + length) % hold] = needed
        low_time[(head + length) % hold] = time
        length += 1

        gain = min(low_gain[head], gain + int((_ONE - gain) * release) + 1, _ONE)
        # Two moving averages in a row: the gain arrives at its minimum just as the peak does, with no corner.
        at = time % len(first_box)
        first_sum += gain - first_box[at]
        first_box[at] = gain
        mean = first_sum // len(first_box)
        at = time % len(second_box)
        second_sum += mean - second_box[at]
        second_box[at] = mean
        smooth = np.float32(second_sum / unity)

        at = time % latency
        for c in range(2):
            y = delayed[c, at] * smooth
            delayed[c, at] = block[n, c]
            block[n, c] = min(max(y, np.float32(-ceiling)), np.float32(ceiling))
        time += 1
    integers[0], integers[1], integers[2] = time, head, length
    integers[3], integers[4], integers[5] = gain, first_sum, second_sum


@kernel
def _true_peaks(state: LimiterState, chunk: NDArray[np.float32]) -> None:
    """Clean ``chunk`` (up to 64 frames, 2) and find, for each of its samples, the largest magnitude of either channel
    from the sample before the middle of the filter's window up to the one after it. Sums run along the chunk, not
    along the filter, so that they need no reordering to be quick."""
    recent, peaks, sums = state.recent, state.peaks[0], state.peaks[1]
    count, frames = state.taps.shape[1], chunk.shape[0]
    middle = count // 2 - 1
    peaks[:frames] = np.float32(0.0)
    for c in range(2):
        row = recent[c]
        for n in range(frames):
            x = chunk[n, c]
            if not abs(x) <= _LOUDEST:
                x = np.float32(0.0) if not np.isfinite(x) else (_LOUDEST if x > 0 else -_LOUDEST)
            chunk[n, c] = x
            row[count - 1 + n] = x
        for n in range(frames):
            peaks[n] = max(peaks[n], abs(row[n + middle]), abs(row[n + middle + 1]))
        for phase in range(state.taps.shape[0]):
            sums[:frames] = np.float32(0.0)
            for k in range(count):
                tap = state.taps[phase, k]
                for n in range(frames):
                    sums[n] += tap * row[n + k]
            for n in range(frames):
                peaks[n] = max(peaks[n], abs(sums[n]))
        for k in range(count - 1):
            row[k] = row[frames + k]
