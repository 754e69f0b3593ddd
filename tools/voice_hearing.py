"""What of a sound is measured for correspondences, by plain analysis of the sound alone."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.analysis.novelty import Novelty
from pix2live.analysis.pulse import Pulse
from pix2live.analysis.tempo import Tempo
from pix2live.signals import table
from tools.voice_player import RATE

MEASURES = ("tempo", "onsets", "mode", "centroid", "pitch", "roughness", "loudness", "continuity")
"""beats a minute; onsets a second; -1 phrygian..1 lydian, on C; Hz; Hz; asper-like 0..1; LUFS; dB below 0."""
_SIZE = 8192
# Semitones over the tonic: seconds, thirds, sixths, sevenths and fourths, the darker one first.
_DEGREES = ((1, 2), (3, 4), (8, 9), (10, 11), (5, 6))


def measure(sound: NDArray[np.float32], skip_s: float = 2.0) -> dict[str, float]:
    """Every one of ``MEASURES`` of a (frames, 2) sound at 48 kHz; its first ``skip_s`` are heard but do not count."""
    figures = _listened(sound, skip_s) | {"tempo": tempo(sound)}
    hz, power = _spectrum(sound[round(skip_s * RATE) :])
    figures["centroid"] = float((np.sqrt(power) * hz).sum() / max(float(np.sqrt(power).sum()), 1e-30))
    figures["pitch"] = _median_pitch(hz, power)
    figures["mode"] = mode(hz, power)
    figures["continuity"] = continuity(sound[round(skip_s * RATE) :])
    return figures


def tempo(sound: NDArray[np.float32]) -> float:
    """Beats a minute: the median of what the instrument's own beat tracker says over the last half."""
    novelty, follower = Novelty(RATE, 256), Tempo(RATE, 256)
    pulse = Pulse(novelty.centre_hz)
    row = np.zeros(len(table.BEAT))
    mono = np.ascontiguousarray(sound.mean(axis=1))
    said = []
    for start in range(0, len(mono) - 255, 256):
        functions = novelty.process(mono[start : start + 256])
        follower.process(functions, pulse.process(novelty.logs, novelty.smooth), row)
        said.append(row[0])
    return float(np.median(said[len(said) // 2 :]))


def continuity(sound: NDArray[np.float32], frame_s: float = 0.05) -> float:
    """dB from the mean level to that which a tenth of the frames stay below: 0 unbroken, the lower the more cut up."""
    size = round(frame_s * RATE)
    power = (sound[: len(sound) // size * size].astype(np.float64) ** 2).reshape(-1, size * sound.shape[1]).mean(axis=1)
    return float(10.0 * np.log10(max(np.percentile(power, 10.0), 1e-12) / max(power.mean(), 1e-12)))


def _listened(sound: NDArray[np.float32], skip_s: float) -> dict[str, float]:
    analyzer = Analyzer(RATE, 2)
    features = AudioFeatures(len(sound) // analyzer.hop + 1)
    count = analyzer.process(sound, features)
    scalars = features.scalars[round(skip_s * RATE / analyzer.hop) : count]

    def column(name: str) -> NDArray:
        return scalars[:, table.local("audio", name)]

    onsets, power = column("audio.onset_count"), 10.0 ** (column("audio.rms_db") / 10.0)
    loud = 10.0 ** (column("audio.lufs_m") / 10.0)
    return {
        "onsets": float(onsets[-1] - onsets[0]) / (len(scalars) * analyzer.hop / RATE),
        "roughness": float((column("audio.roughness") * power).sum() / max(power.sum(), 1e-30)),
        "loudness": float(10.0 * np.log10(max(loud.mean(), 1e-12))),
    }


def _spectrum(sound: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
    """Hz of bins from 30 Hz to 16 kHz and their mean power."""
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), _SIZE, axis=0)[:: _SIZE // 2]
    power = (np.abs(np.fft.rfft(frames * np.hanning(_SIZE), axis=2)) ** 2).mean(axis=(0, 1))
    hz = np.fft.rfftfreq(_SIZE, 1.0 / RATE)
    keep = (hz >= 30.0) & (hz <= 16000.0)
    return hz[keep], power[keep]


def _median_pitch(hz: NDArray, power: NDArray) -> float:
    """Half of the sound's energy between 60 Hz and 4 kHz lies above it."""
    keep = (hz > 60.0) & (hz < 4000.0)
    share = np.cumsum(power[keep])
    return float(np.interp(0.5 * share[-1], share, hz[keep]))


def mode(hz: NDArray, power: NDArray, tonic: int = 0) -> float:
    """How bright the mode over a known tonic is: of each degree that modes differ in, the raised less the lowered note.

    -1 where all five are low (phrygian and locrian), 1 where all are high (lydian), ionian above and aeolian below 0. A
    note's share is the square root of its power, in the octaves from 65 Hz to 2 kHz. The tonic (0 = C) is the
    experiment's to hold: modes of one key have the same notes.
    """
    chroma = np.zeros(12)
    for note in range(36, 96):
        low, high = (440.0 * 2.0 ** ((note + away - 69) / 12.0) for away in (-0.35, 0.35))
        bins = (hz >= low) & (hz < high)
        if bins.any():
            chroma[note % 12] += np.sqrt(power[bins].max())
    low, high = (np.array([chroma[(tonic + pair[side]) % 12] for pair in _DEGREES]) for side in (0, 1))
    return float(np.mean((high - low) / np.maximum(high + low, 1e-30)))


def spearman(x: NDArray, y: NDArray) -> float:
    """Rank correlation, ties sharing their mean rank; 0 where one of both never changes."""
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (x, y)]
    if any(rank.std() == 0.0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: NDArray) -> NDArray:
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    edges = [0, *(np.flatnonzero(np.diff(values[order]) > 0.0) + 1).tolist(), len(values)]
    for first, last in pairwise(edges):
        ranks[order[first:last]] = 0.5 * (first + last - 1)
    return ranks
