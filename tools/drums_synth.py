"""Drums computed from sines and noise with random parameters, for ``drums_mix``; needs scipy."""

import numpy as np
from drums_data import RATE, Kit, one_shot
from scipy import signal

Rng = np.random.Generator


def seconds_of(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE), dtype=np.float32) / RATE


def noise_band(rng: Rng, n: int, low: float, high: float) -> np.ndarray:
    sos = signal.butter(2, [low, min(high, 22000.0)], "bandpass", fs=RATE, output="sos")
    return signal.sosfilt(sos, rng.standard_normal(n)).astype(np.float32)


# ---- drums ---------------------------------------------------------------------------------------------------------
def kick(rng: Rng) -> np.ndarray:
    """Between an 808's boom, a 909's punch and a padded acoustic drum with its beater."""
    t = seconds_of(rng.uniform(0.25, 1.0))
    low, ratio = rng.uniform(38, 72), rng.uniform(1.0, 7.0)
    fall = np.exp(rng.uniform(np.log(0.006), np.log(0.06)))
    phase = 2 * np.pi * np.cumsum(low * (1 + ratio * np.exp(-t / fall))) / RATE
    body = np.sin(phase) * np.exp(-t / np.exp(rng.uniform(np.log(0.05), np.log(0.35))))
    body = np.tanh(body * rng.uniform(1.0, 4.0))
    beater = noise_band(rng, len(t), 1500, rng.uniform(4000, 9000)) * np.exp(-t / rng.uniform(5e-4, 6e-3))
    shell = rng.uniform(0, 0.4) * noise_band(rng, len(t), 90, 400) * np.exp(-t / rng.uniform(0.01, 0.05))
    return one_shot(body + rng.uniform(0, 0.7) * beater + shell)


def snare(rng: Rng) -> np.ndarray:
    """Two shell modes and wires."""
    t = seconds_of(rng.uniform(0.2, 0.6))
    first = rng.uniform(150, 280)
    bend = 1 + rng.uniform(0, 0.6) * np.exp(-t / 0.01)
    shell = sum(
        gain * np.sin(2 * np.pi * np.cumsum(first * ratio * bend) / RATE) * np.exp(-t / rng.uniform(0.02, 0.12))
        for ratio, gain in ((1.0, 1.0), (rng.uniform(1.4, 1.9), rng.uniform(0.2, 0.9)))
    )
    low = rng.uniform(300, 2500)
    wires = noise_band(rng, len(t), low, rng.uniform(max(6000, low * 2), 16000)) * np.exp(-t / rng.uniform(0.03, 0.2))
    snap = noise_band(rng, len(t), 2000, 12000) * np.exp(-t / rng.uniform(0.002, 0.01))
    return one_shot(rng.uniform(0.1, 1.0) * shell + rng.uniform(0.5, 2.0) * wires + rng.uniform(0, 1.0) * snap)


def clap(rng: Rng) -> np.ndarray:
    """A few bursts of noise, then a tail."""
    t = seconds_of(0.45)
    noise = noise_band(rng, len(t), rng.uniform(500, 1100), rng.uniform(2500, 9000))
    level, gap = np.zeros(len(t)), rng.uniform(0.006, 0.013)
    bursts = int(rng.integers(2, 5))
    for i in range(bursts):
        since = t - i * gap
        tau = rng.uniform(0.04, 0.14) if i == bursts - 1 else 0.004
        level = np.maximum(level, np.where(since >= 0, np.exp(-np.maximum(since, 0) / tau), 0))
    return one_shot(noise * level)


def hat(rng: Rng, cymbal: bool = False) -> np.ndarray:
    """Six square waves that do not agree, noise, and a high-pass; ``cymbal`` rings on."""
    tau = rng.uniform(0.25, 0.8) if cymbal else np.exp(rng.uniform(np.log(0.012), np.log(0.22)))
    t = seconds_of(min(1.5, 6 * tau + 0.03))
    base = rng.uniform(280, 560)
    metal = sum(np.sign(np.sin(2 * np.pi * base * r * t + rng.uniform(0, 6))) for r in rng.uniform(1.0, 4.2, 6)) / 6
    sound = metal * rng.uniform(0, 1) + rng.standard_normal(len(t)) * rng.uniform(0.1, 1.0)
    sos = signal.butter(3, rng.uniform(3500 if cymbal else 5000, 9500), "highpass", fs=RATE, output="sos")
    return one_shot(signal.sosfilt(sos, sound) * np.exp(-t / tau))


def tom(rng: Rng) -> np.ndarray:
    t = seconds_of(0.6)
    pitch = rng.uniform(75, 260) * (1 + rng.uniform(0.1, 0.8) * np.exp(-t / rng.uniform(0.02, 0.08)))
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-t / rng.uniform(0.07, 0.3))
    return one_shot(body + rng.uniform(0, 0.4) * noise_band(rng, len(t), 400, 4000) * np.exp(-t / 0.01))


def blip(rng: Rng) -> np.ndarray:
    """Blocks, bells, claves, zaps: short pitched things that are no drum of ours."""
    t = seconds_of(0.4)
    pitch = np.exp(rng.uniform(np.log(300), np.log(4000)))
    slide = 1 + rng.uniform(-0.5, 2.0) * np.exp(-t / rng.uniform(0.01, 0.1)) * (rng.random() < 0.4)
    mod = rng.uniform(0, 3) * np.sin(2 * np.pi * pitch * rng.uniform(1.2, 3.7) * t) * (rng.random() < 0.5)
    return one_shot(np.sin(2 * np.pi * np.cumsum(pitch * slide) / RATE + mod) * np.exp(-t / rng.uniform(0.01, 0.15)))


def computed_kit(rng: Rng) -> Kit:
    kit = Kit("computed")
    for kind, make, count in (("kick", kick, 2), ("snare", snare, 2), ("snare", clap, 1), ("hat", hat, 3),
                              ("tom", tom, 3), ("other", blip, 3)):
        for _ in range(count):
            kit.add(kind, make(rng))
    kit.add("cymbal", hat(rng, cymbal=True))
    return kit
