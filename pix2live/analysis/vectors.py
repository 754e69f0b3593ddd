"""What shaders see as textures and nets as input: spectrum, fft, mel and waveform."""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.filterbank import Filterbank, apply_filterbank, mel_filterbank
from pix2live.dsp.jit import kernel
from pix2live.dsp.units import AXIS_HIGH_HZ, AXIS_LOW_HZ, decibels_into
from pix2live.signals.table import FFT_SIZE, MEL_SIZE, SPECTRUM_SIZE

RANGE_DB = np.float32(80.0)
MEL_LOW_HZ, MEL_HIGH_HZ = 30.0, 16000.0
TILT_DB_PER_OCTAVE, TILT_PIVOT_HZ = 2.0, 1000.0
FALL_DB_PER_S = 240.0
FFT_LOW_DB, FFT_HIGH_DB = -100.0, -30.0
FFT_SMOOTHING, FFT_SMOOTHING_RATE = 0.8, 60.0
_LEAST, _FAINT = np.float32(1e-18), np.float32(1e-20)


class Vectors(NamedTuple):
    """Tables and state; the state begins at zero."""

    mel: Filterbank
    taps: np.ndarray  # float32 (512, 4): weights of the four bins about each point
    first: np.ndarray  # int64 (512,): the first of those bins, or of the span
    last: np.ndarray  # int64 (512,): past the span whose highest bin counts; 0 where the taps are used
    tilt: np.ndarray  # float32 (512,)
    fall: float
    smoothing: float
    decimation: int
    mel_power: np.ndarray  # float32 (2, 64)
    points: np.ndarray  # float32 (2, 512)
    eased: np.ndarray  # float32 (512,): spectrum with its slow fall
    fft_magnitude: np.ndarray  # float32 (FFT_SIZE,)
    fft_power: np.ndarray  # float32 (2, FFT_SIZE)


def vectors(sample_rate: float, hop: int, window: int) -> Vectors:
    """The stage for spectra of ``window`` samples each ``hop``."""
    hop_s, width = hop / sample_rate, sample_rate / window
    edges = AXIS_LOW_HZ * (AXIS_HIGH_HZ / AXIS_LOW_HZ) ** (np.arange(SPECTRUM_SIZE + 1) / SPECTRUM_SIZE)
    centre_hz = np.sqrt(edges[:-1] * edges[1:])
    bins = window // 2 + 1
    low, high = np.round(edges[:-1] / width).astype(np.int64), np.round(edges[1:] / width).astype(np.int64)
    place = np.minimum(centre_hz / width, bins - 3)
    first = np.clip(np.floor(place).astype(np.int64) - 1, 0, bins - 4)
    t = place - first - 1
    catmull_rom = [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]
    spans = high - low >= 2
    heard = centre_hz < 0.5 * sample_rate
    taps = np.where(heard[:, None], 0.5 * np.stack(catmull_rom, axis=1), 0.0)
    first = np.where(spans, np.minimum(low, bins - 1), first)
    last = np.where(spans, np.minimum(high, bins), 0)
    last = np.where(heard, last, np.where(spans, first, 0))
    return Vectors(
        mel_filterbank(sample_rate, window, MEL_SIZE, MEL_LOW_HZ, MEL_HIGH_HZ),
        taps.astype(np.float32),
        first,
        last,
        (TILT_DB_PER_OCTAVE * np.log2(centre_hz / TILT_PIVOT_HZ)).astype(np.float32),
        FALL_DB_PER_S * hop_s / float(RANGE_DB),
        FFT_SMOOTHING ** (hop_s * FFT_SMOOTHING_RATE),
        max(1, window // 2048),
        np.zeros((2, MEL_SIZE), dtype=np.float32),
        np.zeros((2, SPECTRUM_SIZE), dtype=np.float32),
        np.zeros(SPECTRUM_SIZE, dtype=np.float32),
        np.zeros(FFT_SIZE, dtype=np.float32),
        np.zeros((2, FFT_SIZE), dtype=np.float32),
    )


@kernel
def _unit(value: np.float32) -> np.float32:
    return np.float32(min(max(value, np.float32(0.0)), np.float32(1.0)))


@kernel
def mel_step(state: Vectors, power: np.ndarray, out: np.ndarray) -> None:
    """Float32 power spectrum to ``mel`` (64,): -80..0 dB as 0..1, a full-scale sine's bin being 0 dB."""
    bands, db = state.mel_power[0], state.mel_power[1]
    apply_filterbank(state.mel, power, bands)
    decibels_into(bands, db)
    for i in range(out.shape[0]):
        out[i] = _unit((db[i] + RANGE_DB) / RANGE_DB)


@kernel
def spectrum_step(state: Vectors, power: np.ndarray, magnitude: np.ndarray, out: np.ndarray) -> None:
    """``spectrum`` (512,): log frequency 20 Hz..20 kHz, -80..0 dB as 0..1, 2 dB an octave lifted about 1 kHz.

    Rises at once and falls by 240 dB a second, so that a 60 Hz eye sees every hop's peak.
    """
    points, db = state.points[0], state.points[1]
    for i in range(points.shape[0]):
        first, last = state.first[i], state.last[i]
        if last > 0:
            highest = np.float32(0.0)
            for k in range(first, last):
                highest = max(highest, power[k])
            points[i] = highest
        else:
            w = state.taps[i]
            m = w[0] * magnitude[first] + w[1] * magnitude[first + 1]
            m += w[2] * magnitude[first + 2] + w[3] * magnitude[first + 3]
            m = max(m, np.float32(0.0))
            points[i] = m * m
    decibels_into(points, db)
    fall = np.float32(state.fall)
    for i in range(out.shape[0]):
        value = _unit((db[i] + state.tilt[i] + RANGE_DB) / RANGE_DB)
        value = max(value, state.eased[i] - fall)
        state.eased[i] = value
        out[i] = value


@kernel
def fft_step(state: Vectors, blackman: np.ndarray, out: np.ndarray) -> None:
    """``fft`` (1025,): linear bins of 23 Hz as Web Audio's analyser and so the Shadertoy texture have them.

    ``blackman``: float32 power spectrum under a Blackman window, divided by the square of its size (a full-scale sine's
    bin is at -13.6 dB). The magnitude is smoothed by 0.8 per 1/60 s, then -100..-30 dB become 0..1.
    """
    keep = np.float32(state.smoothing)
    smooth, power, db = state.fft_magnitude, state.fft_power[0], state.fft_power[1]
    n = min(blackman.shape[0], smooth.shape[0])
    for k in range(n):
        now = np.sqrt(blackman[k])
        value = now + keep * (smooth[k] - now)
        smooth[k] = value if value > _FAINT else np.float32(0.0)
        power[k] = max(value * value, _LEAST)
    decibels_into(power, db)
    gain = np.float32(1.0 / (FFT_HIGH_DB - FFT_LOW_DB))
    for k in range(n):
        out[k] = _unit((db[k] + np.float32(-FFT_LOW_DB)) * gain)
    for k in range(n, out.shape[0]):
        out[k] = np.float32(0.0)


@kernel
def waveform_step(state: Vectors, left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """``waveform`` (1024,): the mono mix, beginning at the newest rising zero crossing so that a tone stands still.

    ``left`` and ``right`` are one window. Above 48 kHz neighbouring samples are averaged to keep the time span;
    below 32 kHz, where the window is shorter than the waveform needs, it is what there is, padded with zeros.
    """
    step, size = state.decimation, out.shape[0]
    count = left.shape[0] // step
    free = max(count - size, 0)
    half = np.float32(0.5)
    highest = np.float32(0.0)
    for i in range(left.shape[0]):
        highest = max(highest, abs(left[i] + right[i]))
    # A crossing counts only if the wave was clearly below zero since the last: noise about zero is no crossing.
    low = -np.float32(0.2) * highest
    start, armed = free, False
    for i in range(1, free * step):
        value = left[i] + right[i]
        if value < low:
            armed = True
        elif armed and value >= np.float32(0.0):
            start, armed = i // step, False
    share = half / np.float32(step)
    for i in range(size):
        total = np.float32(0.0)
        if i < count:
            for j in range(step):
                k = (start + i) * step + j
                total += left[k] + right[k]
        out[i] = min(max(total * share, np.float32(-1.0)), np.float32(1.0))
