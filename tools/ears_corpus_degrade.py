"""What stands between a band and a microphone: a room, a crowd, noise, and a level; each from a seed.

Needs numpy, scipy and soundfile, and from Debian ``espeak-ng`` for the crowd.
"""

import random
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from tools.ears_corpus_midi import RATE, CorpusError

CROWD_S = 45
TEXT = """people music light again yesterday never beautiful dancing water morning another table right really maybe
friend coffee tonight louder over there together window summer minute believe something ticket someone wonderful
kitchen bottle seven waiting nobody favourite probably listen orange"""
VOICES = ("en-us", "en-gb", "en-us+f2", "en-gb+f3", "en-us+m3", "en-gb+m5", "en-gb-scotland+f4", "en-us+m7", "en-us+f5")


def decibels(gain_db: float) -> float:
    return float(10 ** (gain_db / 20))


def coloured_noise(frames: int, slope_db: float, rng: np.random.Generator) -> np.ndarray:
    """Stereo noise whose power falls by ``slope_db`` an octave (0 white, 3 pink), RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal((frames, 2)), axis=0)
    hz = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 20.0)
    noise = np.fft.irfft(spectrum * (hz[:, None] / 1000) ** (-slope_db / 6.02), frames, axis=0)
    return noise / np.sqrt(np.mean(noise**2))


def crowd(folder: Path, seed: int) -> np.ndarray:
    """Stereo babble of ``CROWD_S`` seconds that joins up with itself, RMS 1; kept in ``folder``."""
    path = folder / f"crowd-{seed}.wav"
    if not path.exists():
        rng = random.Random(seed)
        frames = CROWD_S * RATE
        out = np.zeros((frames, 2))
        part = path.with_suffix(".part.wav")
        for _ in range(36):
            words = " ".join(rng.choice(TEXT.split()) + rng.choice(("", "", "", ",", ".", "!", "?")) for _ in range(30))
            command = ["espeak-ng", "-v", rng.choice(VOICES), "-p", str(rng.randint(10, 85)),
                       "-s", str(rng.randint(140, 220)), "-w", str(part), words]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise CorpusError(f"espeak-ng does not speak: {done.stderr.strip()[-200:]}")
            voice, rate = soundfile.read(part)
            voice = signal.resample_poly(voice, RATE, rate)[:frames]
            voice *= decibels(rng.uniform(-9, 0)) / (np.sqrt(np.mean(voice**2)) + 1e-9)
            pan, at = rng.uniform(0.1, 0.9), rng.randrange(frames)
            where = (at + np.arange(len(voice))) % frames
            out[where, 0] += voice * np.cos(pan * np.pi / 2)
            out[where, 1] += voice * np.sin(pan * np.pi / 2)
        out /= np.sqrt(np.mean(out**2))
        soundfile.write(part, out / np.abs(out).max(), RATE, subtype="PCM_24")
        part.rename(path)
    babble = soundfile.read(path)[0]
    return babble / np.sqrt(np.mean(babble**2))


def room(rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """A stereo room response whose direct sound is its first sample, and its figures."""
    decay_s, direct_db = rng.uniform(0.25, 1.9), rng.uniform(-2.0, 9.0)
    frames = int(1.2 * decay_s * RATE)
    t = np.arange(frames)[:, None] / RATE
    # Highs die sooner than lows, as in any room with people in it.
    tail = np.zeros((frames, 2))
    edges = (60.0, 500.0, 3000.0, 12000.0)
    for (low, high), share in zip(pairwise(edges), (1.0, 0.85, 0.55), strict=True):
        sos = signal.butter(2, [low, high], "bandpass", fs=RATE, output="sos")
        band = signal.sosfilt(sos, rng.standard_normal((frames, 2)), axis=0)
        tail += band / band.std() * np.exp(-6.91 * t / (decay_s * share)) * share
    tail *= np.minimum(1.0, t / 0.02)
    for _ in range(8):
        at = int(rng.uniform(0.003, 0.05) * RATE)
        tail[min(at, frames - 1), rng.integers(2)] += rng.choice((-1, 1)) * 12 * np.exp(-at / (0.03 * RATE))
    tail *= decibels(-direct_db) / np.sqrt(np.sum(tail**2) / 2)
    tail[0] += 1.0
    return tail, {"room_decay_s": round(float(decay_s), 2), "room_direct_db": round(float(direct_db), 1)}


def degrade(dry: np.ndarray, kind: str, babble: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, float]]:
    """``dry`` (frames, 2) as heard, float32, and what was done to it; nothing moves in time.

    ``kind`` names any of "room", "crowd", "noise", "mono", "clean" (level alone), joined by "+". The SNR is of the
    music's RMS where it sounds; the peak ends at a level between -6 and -30 dBFS.
    """
    rng = np.random.default_rng(seed)
    out, said = dry.astype(np.float64), {}
    kinds = kind.split("+")
    if "room" in kinds:
        response, said = room(rng)
        out = signal.oaconvolve(out, response, axes=0)[: len(out)]
    power = np.mean(out**2, axis=1)
    loudness = np.sqrt(np.mean(power[power > 1e-3 * power.max()]))
    for name in ("crowd", "noise"):
        if name in kinds:
            snr_db = rng.uniform(3.0, 21.0)
            if name == "crowd":
                at = rng.integers(len(babble))
                added = np.take(babble, np.arange(at, at + len(out)), axis=0, mode="wrap")
            else:
                added = coloured_noise(len(out), rng.choice((0.0, 3.0, 3.0, 4.5)), rng)
            out = out + added * loudness * decibels(-snr_db)
            said[f"{name}_snr_db"] = round(float(snr_db), 1)
    if "mono" in kinds:
        out = out.mean(axis=1, keepdims=True)
    said["peak_db"] = round(float(rng.uniform(-30.0, -6.0)), 1)
    return (out * (decibels(said["peak_db"]) / np.abs(out).max())).astype(np.float32), said
