"""Drum machines computed from sines and noise, and the pump they give the music; needs numpy and scipy."""

import numpy as np
from scipy import signal

from tools.ears_corpus_midi import DRUMS, RATE, Note

KICK, RIM, SNARE, CLAP, CLOSED, TOM, OPEN, CRASH, RIDE, COWBELL, SHAKER = 36, 37, 38, 39, 42, 45, 46, 49, 51, 56, 70
LEVELS = {KICK: 1.0, SNARE: 0.9, CLAP: 0.85, CLOSED: 0.5, OPEN: 0.5, RIM: 0.5, TOM: 0.7, CRASH: 0.5, RIDE: 0.42,
          COWBELL: 0.4, SHAKER: 0.36}  # fmt: skip


def _noise(rng: np.random.Generator, frames: int, low: float, high: float) -> np.ndarray:
    sos = signal.butter(2, [low, high], "bandpass", fs=RATE, output="sos")
    out = signal.sosfilt(sos, rng.standard_normal(frames))
    return out / np.abs(out).max()


def _sweep(t: np.ndarray, low: float, ratio: float, fall_s: float) -> np.ndarray:
    return np.sin(2 * np.pi * np.cumsum(low * (1 + ratio * np.exp(-t / fall_s))) / RATE)


def shot(pitch: int, rng: np.random.Generator) -> np.ndarray:
    """One hit of a drum named by its General MIDI note; peak 1, beginning at its first sample."""
    seconds = {KICK: 0.6, TOM: 0.5, CRASH: 1.8, RIDE: 0.9, OPEN: 0.5}.get(pitch, 0.3)
    t = np.arange(int(seconds * RATE)) / RATE
    if pitch == KICK:
        body = _sweep(t, rng.uniform(42, 62), rng.uniform(2, 8), rng.uniform(0.008, 0.04))
        out = np.tanh(rng.uniform(1, 3) * body * np.exp(-t / rng.uniform(0.07, 0.25)))
        out += rng.uniform(0.1, 0.5) * _noise(rng, len(t), 1500, 9000) * np.exp(-t / 0.002)
    elif pitch == TOM:
        out = _sweep(t, rng.uniform(80, 160), 0.7, 0.05) * np.exp(-t / 0.12)
    elif pitch == SNARE:
        out = _sweep(t, rng.uniform(160, 220), 0.4, 0.015) * np.exp(-t / rng.uniform(0.03, 0.08))
        out += rng.uniform(0.6, 1.2) * _noise(rng, len(t), 900, 14000) * np.exp(-t / rng.uniform(0.04, 0.12))
    elif pitch == CLAP:
        out = _noise(rng, len(t), 700, 8000) * np.exp(-t / rng.uniform(0.05, 0.1))
        out *= 0.6 + 0.4 * (((t % 0.01) < 0.005) | (t > 0.03))
    elif pitch in (RIM, COWBELL):
        tones = (560, 845) if pitch == COWBELL else (rng.uniform(1600, 1900), rng.uniform(450, 550))
        out = sum(np.sin(2 * np.pi * hz * t) for hz in tones) * np.exp(-t / (0.08 if pitch == COWBELL else 0.012))
    else:
        short, long = rng.uniform(0.015, 0.05), rng.uniform(0.12, 0.25)
        decay = {CLOSED: short, OPEN: long, CRASH: 0.5, RIDE: 0.3}.get(pitch, 0.03)
        out = _noise(rng, len(t), rng.uniform(5000, 7500), 18000) * np.exp(-t / decay)
        if pitch == SHAKER:
            out *= np.minimum(1.0, t / 0.012)
        elif pitch in (RIDE, CLOSED):
            hz = rng.uniform(300, 420) * np.array([2.0, 3.0, 4.16, 5.43, 6.79, 8.21])
            metal = np.sign(np.sin(2 * np.pi * hz[:, None] * t)).sum(axis=0) / 6
            sos = signal.butter(2, 6500, "highpass", fs=RATE, output="sos")
            out += 0.6 * signal.sosfilt(sos, metal) * np.exp(-t / decay)
    out[-480:] *= np.linspace(1, 0, 480)
    return out / np.abs(out).max()


def play(notes: list[Note], frames: int, seed: int) -> np.ndarray:
    """The drum notes (in seconds) of a piece on the machine of ``seed``: stereo (frames, 2)."""
    rng = np.random.default_rng(seed)
    shots, pans = {}, {}
    for pitch in LEVELS:
        shots[pitch] = shot(pitch, rng)
        pans[pitch] = 0.5 if pitch in (KICK, SNARE) else rng.uniform(0.3, 0.7)
    out = np.zeros((frames, 2))
    for n in notes:
        at = round(n.start * RATE)
        if n.channel != DRUMS or not 0 <= at < frames:
            continue
        sound = shots.get(n.pitch, shots[TOM])[: frames - at] * LEVELS.get(n.pitch, 0.5) * (n.velocity / 127) ** 1.5
        pan = pans.get(n.pitch, 0.5)
        out[at : at + len(sound), 0] += sound * np.cos(pan * np.pi / 2)
        out[at : at + len(sound), 1] += sound * np.sin(pan * np.pi / 2)
    return out


def pumped(music: np.ndarray, notes: list[Note], depth: float, back_s: float) -> np.ndarray:
    """Music ducked by ``depth`` (0..1) at each kick, coming back within ``back_s``."""
    duck = np.zeros(len(music))
    t = np.arange(int(back_s * RATE)) / (back_s * RATE)
    shape = depth * (1 - t) ** 1.5
    shape[:240] *= np.linspace(0, 1, 240)
    for n in notes:
        at = round(n.start * RATE)
        if n.channel == DRUMS and n.pitch == KICK and 0 <= at < len(music):
            part = duck[at : at + len(shape)]
            np.maximum(part, shape[: len(part)], out=part)
    return music * (1 - duck)[:, None]


def mixed(music: np.ndarray, drums: np.ndarray, drive: float) -> np.ndarray:
    """Music some dB under the drums, pressed together as a club's record is; float32."""
    music = music / (np.sqrt(np.mean(music**2)) * 8 + 1e-9)
    both = music + drums
    return np.tanh(both * drive).astype(np.float32)
