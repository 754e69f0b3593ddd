"""Onset functions for the beat: how much begins at each hop, as a whole and by kind."""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.fft import RealFFT, real_fft, rfft
from pix2live.dsp.filterbank import Filterbank, apply_filterbank, log_filterbank
from pix2live.dsp.follower import coefficient
from pix2live.dsp.jit import kernel
from pix2live.dsp.units import log2_into
from pix2live.dsp.window import hann

FUNCTIONS = ("full", "low", "mid", "high", "harmonic")
FULL, LOW, MID, HIGH, HARMONIC = range(len(FUNCTIONS))
# How long after a sound's beginning its rise stands in these functions.
DELAY_S = 0.005

_WINDOW_S = 2048 / 48000
_EDGES_HZ = (30.0, 170.0, 3000.0, 16000.0)
_NOTES_HZ = (80.0, 2000.0)
_PER_OCTAVE, _LAG_S = 24, 0.016
_WHITEN_S = 8.0
_LEAST, _LEAST_SHARE = np.float32(1e-5), np.float32(3e-3)  # nothing is whitened up from below these
_COMPRESS, _COMPRESS_LOW = 30.0, 6.0  # little where drums should differ by how strong they are
_FAST_S, _SLOW_S = 0.08, 0.25
_LOUDEST, _QUIETEST = np.float32(16.0), np.float32(1e-12)


class _Novelty(NamedTuple):
    plan: RealFFT
    window: np.ndarray  # float32 (window,)
    bank: Filterbank
    edge: np.ndarray  # int64 (6,): where low, mid and high begin, the end; where notes begin and end
    compress: np.ndarray  # float32 (filters,)
    whiten: np.float32
    fast: np.float32
    slow: np.float32
    ring: np.ndarray  # float32 (2 * window,): written twice, so that any window of it is one slice
    at: np.ndarray  # int64 (1,)
    spectrum: np.ndarray  # float32 (3, bins): real, imaginary, magnitude
    now: np.ndarray  # float32 (filters,)
    peaks: np.ndarray  # float32 (filters,): recent peak of each filter
    logs: np.ndarray  # float32 (lag + 1, filters): compressed spectra, newest first
    smooth: np.ndarray  # float32 (2, filters): fast and slow means of them
    out: np.ndarray  # float32 (len(FUNCTIONS),)


@kernel
def _rise(new: np.ndarray, old: np.ndarray, start: int, stop: int) -> np.float32:
    total = np.float32(0.0)
    last = new.shape[0] - 1
    for k in range(start, stop):
        highest = max(old[max(k - 1, 0)], old[k], old[min(k + 1, last)])
        total += max(new[k] - highest, np.float32(0.0))
    return total


@kernel
def _listen(s: _Novelty, samples: np.ndarray) -> None:
    size, at = s.window.shape[0], s.at[0]
    for i in range(samples.shape[0]):
        x = samples[i]
        if not (abs(x) >= _QUIETEST) or abs(x) == np.inf:  # NaN, Inf, and denormals, which would slow the sums
            x = np.float32(0.0)
        x = min(max(x, -_LOUDEST), _LOUDEST)
        s.ring[at + i] = x
        s.ring[at + i + size] = x
    at = (at + samples.shape[0]) % size
    s.at[0] = at
    re, im, magnitude = s.spectrum[0], s.spectrum[1], s.spectrum[2]
    rfft(s.plan, s.ring[at : at + size], s.window, re, im)
    scale = np.float32(4.0 / size)
    for k in range(magnitude.shape[0]):
        magnitude[k] = scale * np.sqrt(re[k] * re[k] + im[k] * im[k])


@kernel
def _whiten(s: _Novelty) -> None:
    now, peaks, logs = s.now, s.peaks, s.logs
    apply_filterbank(s.bank, s.spectrum[2], now)
    loudest = np.float32(0.0)
    for k in range(now.shape[0]):
        loudest = max(loudest, peaks[k])
    least, one = max(_LEAST, _LEAST_SHARE * loudest), np.float32(1.0)
    for k in range(now.shape[0]):
        peaks[k] = max(now[k], least, s.whiten * peaks[k])
        now[k] = one + s.compress[k] * now[k] / peaks[k]
    for lag in range(logs.shape[0] - 1, 0, -1):
        for k in range(now.shape[0]):
            logs[lag, k] = logs[lag - 1, k]
    log2_into(now, logs[0])


@kernel
def _process(s: _Novelty, samples: np.ndarray) -> None:
    _listen(s, samples)
    _whiten(s)
    new, old, out = s.logs[0], s.logs[s.logs.shape[0] - 1], s.out
    total = np.float32(0.0)
    for band in range(3):
        start, stop = s.edge[band], s.edge[band + 1]
        rise = _rise(new, old, start, stop)
        total += rise
        out[1 + band] = rise / np.float32(max(stop - start, 1))
    out[FULL] = total / np.float32(new.shape[0])
    fast, slow = s.smooth[0], s.smooth[1]
    for k in range(new.shape[0]):
        fast[k] += (new[k] - fast[k]) * s.fast
        slow[k] += (fast[k] - slow[k]) * s.slow
        fast[k] = fast[k] if fast[k] > _QUIETEST else np.float32(0.0)
        slow[k] = slow[k] if slow[k] > _QUIETEST else np.float32(0.0)
    total = np.float32(0.0)
    for k in range(s.edge[4], s.edge[5]):
        total += max(fast[k] - slow[k], np.float32(0.0))
    out[HARMONIC] = total / np.float32(max(s.edge[5] - s.edge[4], 1))


class Novelty:
    """What begins, hop by hop.

    SuperFlux (Böck & Widmer 2013: 24 bands an octave, a maximum filter over 3 bins against vibrato) on an adaptively
    whitened log spectrum (Stowell & Plumbley 2007), over a Hann window of 43 ms: of the whole (30 Hz to 16 kHz), of the
    low (to 170 Hz), the mid (to 3 kHz) and the high. ``harmonic`` is how far the notes' spectrum (80 Hz to 2 kHz) has
    risen over its slow mean: it follows changes of chord within 0.3 s.

    Args:
        sample_rate: in Hz. hop: samples a hop, of about 5 ms.

    Attributes, to be read by others and overwritten by the next call: ``centre_hz`` of the filters; ``logs`` float32
    ``(lag + 1, filters)``, the whitened log spectra, newest first, 0..5; ``smooth`` float32 ``(2, filters)``, their
    means over 0.08 s and over 0.25 s more.

    Functions are >= 0, seldom above 4, and hardly depend on the level. Latency: a sharp rise begins ``DELAY_S`` after
    the sound, in the hop in which it is heard, and is highest within 13 ms.
    """

    def __init__(self, sample_rate: float, hop: int) -> None:
        self.sample_rate, self.hop = float(sample_rate), int(hop)
        hop_s = hop / sample_rate
        window = 2 ** round(float(np.log2(_WINDOW_S * sample_rate)))
        bank = log_filterbank(sample_rate, window, _PER_OCTAVE, _EDGES_HZ[0], _EDGES_HZ[-1])
        filters = len(bank.first)
        f32 = np.float32
        self._s = _Novelty(
            real_fft(window),
            hann(window),
            bank,
            np.searchsorted(bank.centre_hz, (*_EDGES_HZ, *_NOTES_HZ)).astype(np.int64),
            np.where(bank.centre_hz < _EDGES_HZ[1], _COMPRESS_LOW, _COMPRESS).astype(f32),
            f32(1.0 - coefficient(_WHITEN_S, hop_s)),
            f32(coefficient(_FAST_S, hop_s)),
            f32(coefficient(_SLOW_S, hop_s)),
            np.zeros(2 * window, f32),
            np.zeros(1, np.int64),
            np.zeros((3, window // 2 + 1), f32),
            np.zeros(filters, f32),
            np.zeros(filters, f32),
            np.zeros((1 + max(1, round(_LAG_S / hop_s)), filters), f32),
            np.zeros((2, filters), f32),
            np.zeros(len(FUNCTIONS), f32),
        )
        self.centre_hz, self.logs, self.smooth = bank.centre_hz, self._s.logs, self._s.smooth
        self.process(np.zeros(self.hop, f32))
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard."""
        s = self._s
        for array in (s.ring, s.at, s.spectrum, s.now, s.peaks, s.logs, s.smooth, s.out):
            array.fill(0)

    def process(self, samples: np.ndarray) -> np.ndarray:
        """One hop of sound, float32 ``(hop,)``, left as it is; NaN and Inf are taken as 0.

        Returns:
            float32 ``(len(FUNCTIONS),)`` in the order of ``FUNCTIONS``; overwritten by the next call.
        """
        _process(self._s, samples)
        return self._s.out
