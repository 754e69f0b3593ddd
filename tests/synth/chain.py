"""The effects without the synth: sound in, sound out, chunk by chunk."""

import numpy as np

from pix2live.dsp.oscillator import CHUNK
from pix2live.synth.effects import EFFECT_SPECS, Effects, apply_effects

RATE = 48000
_NAMES = [spec.id.removeprefix("synth.").replace(".", "_") for spec in EFFECT_SPECS]
_FIELDS = np.dtype([(name, np.float32) for name in _NAMES])
SETTLED = 3200  # samples after which every mix has arrived


def through(sound, effects=None, rate=RATE, bpm=120.0, **settings):
    """(2, frames) of what comes out for ``sound`` (2, frames), frames a multiple of CHUNK; a setting may be a function
    of the chunk's number, and so may ``bpm``."""
    effects = effects or Effects.empty(rate)
    knobs = np.zeros(1, _FIELDS)
    for name, spec in zip(_NAMES, EFFECT_SPECS, strict=True):
        knobs[name] = spec.default
    out = np.empty_like(sound)
    for i in range(sound.shape[1] // CHUNK):
        for name, value in settings.items():
            knobs[name] = value(i) if callable(value) else value
        chunk = np.ascontiguousarray(sound[:, i * CHUNK : (i + 1) * CHUNK])
        apply_effects(chunk, effects, knobs[0], float(bpm(i) if callable(bpm) else bpm), float(rate))
        out[:, i * CHUNK : (i + 1) * CHUNK] = chunk
    return out


def silence(seconds, rate=RATE):
    return np.zeros((2, round(seconds * rate / CHUNK) * CHUNK), np.float32)


def sine(hz, seconds, rate=RATE, amplitude=0.5):
    n = np.arange(round(seconds * rate / CHUNK) * CHUNK)
    return np.tile((amplitude * np.sin(2 * np.pi * hz / rate * n)).astype(np.float32), (2, 1))


def noise(seconds, seed=0, rate=RATE):
    return np.random.default_rng(seed).normal(0, 0.1, silence(seconds, rate).shape).astype(np.float32)


def response(seconds, side=None, rate=RATE, **settings):
    """(2, frames) impulse response of the settled effects; ``side`` None is the middle."""
    sound = silence(seconds + SETTLED / rate, rate)
    sound[slice(None) if side is None else side, SETTLED] = 1.0
    return through(sound, rate=rate, **settings)[:, SETTLED:]


def rms(sound):
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def above(sound, hz, rate=RATE):
    """What lies above ``hz``, by a steep high-pass: clicks, when the sound itself lies below."""
    from scipy.signal import butter, sosfilt

    return sosfilt(butter(10, hz, "highpass", fs=rate, output="sos"), sound.astype(np.float64))
