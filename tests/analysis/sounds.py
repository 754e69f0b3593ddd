"""Sounds with known answers, and a helper that analyses a whole one."""

import numpy as np

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.signals.table import local

RATE = 48000


PARTS = ("scalars", "spectrum", "waveform", "mel", "fft", "end")


class Analysis:
    """All rows of one sound: ``analysis["audio.level"]`` is its track, one value a hop."""

    def __init__(self, sound: np.ndarray, rate: float = RATE, block: int = 0, analyzer: Analyzer | None = None) -> None:
        channels = 1 if sound.ndim == 1 else sound.shape[1]
        self.analyzer = analyzer or Analyzer(rate, channels)
        self.hop_s = self.analyzer.hop / rate
        block = block or max(len(sound), 1)
        rows: dict[str, list[np.ndarray]] = {name: [] for name in PARTS}
        out = AudioFeatures(block // self.analyzer.hop + 1)
        for start in range(0, len(sound), block):
            n = self.analyzer.process(sound[start : start + block], out)
            for name, kept in rows.items():
                kept.append(getattr(out, name)[:n] + (start if name == "end" else 0))
        for name, kept in rows.items():
            setattr(self, name, np.concatenate(kept))
        self.seconds = self.end / rate

    scalars: np.ndarray
    spectrum: np.ndarray
    waveform: np.ndarray
    mel: np.ndarray
    fft: np.ndarray
    end: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.scalars[:, local("audio", name)]

    def counted(self, name: str = "audio.onset_count") -> np.ndarray:
        """Moments, in seconds, at which a counter grew."""
        return self.seconds[np.flatnonzero(np.diff(self[name], prepend=0.0) > 0)]


def sine(hz: float, seconds: float, amplitude: float = 1.0, rate: float = RATE) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds: float, amplitude: float = 0.1, rate: float = RATE, seed: int = 0) -> np.ndarray:
    return (amplitude * np.random.default_rng(seed).standard_normal(int(seconds * rate))).astype(np.float32)


def kick(rate: float, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(0.5 * rate)) / rate
    return np.sin(2 * np.pi * np.cumsum(50 + 110 * np.exp(-t / 0.03)) / rate) * np.exp(-t / 0.09)


def snare(rate: float, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(0.5 * rate)) / rate
    rattle = 0.3 * rng.standard_normal(len(t)) * np.exp(-t / 0.05)
    return rattle + 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.06)


def hat(rate: float, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(0.15 * rate)) / rate
    return 0.25 * np.diff(rng.standard_normal(len(t) + 1)) * np.exp(-t / 0.015)


def pad(seconds: float, rate: float = RATE, seed: int = 0) -> np.ndarray:
    """A held chord of many harmonics with vibrato and a slow swell: loud, moving, and without an onset."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    y = np.zeros(len(t))
    for root in (110.0, 164.8, 220.0, 277.2, 329.6):
        vibrato = 0.15 * np.sin(2 * np.pi * 5 * t + rng.uniform(0, 6))
        for h in range(1, 9):
            y += np.sin(2 * np.pi * root * h * t + h * vibrato * root / 30 + rng.uniform(0, 6)) / h
    swell = np.clip(t / 0.4, 0, 1) * (1 + 0.3 * np.sin(2 * np.pi * 0.3 * t))
    return 0.1 * y / np.sqrt(np.mean(y**2)) * swell


def drums(seconds: float = 12.0, seed: int = 0, rate: float = RATE) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A beat at 126 bpm with ghost notes, no two hits alike: the sound, and each drum's times in seconds."""
    rng = np.random.default_rng(seed)
    y = np.zeros(int(seconds * rate))
    times: dict[str, list[float]] = {"kick": [], "snare": [], "hat": []}
    step, at = 60 / 126 / 4, 0.6
    for i in range(int((seconds - 1.2) / step)):
        hits = []
        if i % 4 == 0 and rng.random() < 0.95:
            hits.append((kick, 0.8))
        if i % 8 == 4:
            hits.append((snare, 0.7))
        if i % 2 == 0 and rng.random() < 0.9:
            hits.append((hat, 0.5))
        if rng.random() < 0.1:
            hits.append((hat, 0.3))
        if rng.random() < 0.06:
            hits.append((snare, 0.3))
        start = int(at * rate)
        for drum, gain in hits:
            sound = gain * rng.uniform(0.7, 1) * drum(rate, rng)
            y[start : start + len(sound)] += sound[: len(y) - start]
            times[drum.__name__].append(start / rate)
        at += step
    return y, {name: np.unique(t) for name, t in times.items()}


def f_measure(found: np.ndarray, truth: np.ndarray, tolerance_s: float = 0.05) -> tuple[float, np.ndarray]:
    """F-measure of times against the truth, each used once; and how late each one found was, in seconds."""
    free, late = list(found), []
    for t in truth:
        near = [f for f in free if abs(f - t) <= tolerance_s]
        if near:
            best = min(near, key=lambda f, t=t: abs(f - t))  # type: ignore[misc]
            free.remove(best)
            late.append(best - t)
    return 2 * len(late) / max(len(found) + len(truth), 1), np.array(late)
