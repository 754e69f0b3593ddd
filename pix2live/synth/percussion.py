"""Drums of partials and noise: skins that fall in pitch, metal that does not fit, filtered hiss, hands that clap."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import fma, kernel
from pix2live.dsp.oscillator import CHUNK, _sine, step_from_hz
from pix2live.synth.composing import chance
from pix2live.synth.notelog import write_note
from pix2live.synth.patterns import DRUMS, GENERAL_MIDI, HAT, HITS, OPEN

POOL = 24
_TONES = 6
_STEAL_S = 0.004
_GATE_S = 0.06  # of the note in the log: a drum has no length
_SILENT = 1e-5

Record = Any

_DRUM = np.dtype([
    ("gain", np.float64), ("pan", np.float64),
    ("hz", np.float64), ("from_hz", np.float64), ("fall_s", np.float64),  # pitch of the skin: from, to, how fast
    ("tone", np.float64), ("noise", np.float64),
    ("attack_s", np.float64), ("noise_s", np.float64),  # to -60 dB
    ("low_hz", np.float64), ("band_hz", np.float64), ("width", np.float64),  # high-pass, then a band-pass; 0 none
    ("bursts", np.float64),
], align=True)  # fmt: skip
_KIT = (
    # gain pan | hz from fall tone | noise attack noise_s low band width bursts
    (1.0, 0.0, 46.0, 230.0, 0.030, 1.0, 0.10, 0.0004, 0.018, 900.0, 3400.0, 1.6, 0.0),
    (0.62, -0.05, 186.0, 300.0, 0.012, 0.55, 0.75, 0.0005, 0.19, 500.0, 2300.0, 1.9, 0.0),
    (0.60, 0.10, 0.0, 0.0, 0.01, 0.0, 1.0, 0.0005, 0.17, 600.0, 1350.0, 1.1, 3.0),
    (0.27, 0.22, 5200.0, 5200.0, 0.01, 0.28, 0.8, 0.0004, 0.060, 6800.0, 9500.0, 1.8, 0.0),
    (0.25, 0.22, 5200.0, 5200.0, 0.01, 0.34, 0.75, 0.0008, 0.34, 6200.0, 9000.0, 1.9, 0.0),
    (0.25, -0.35, 0.0, 0.0, 0.01, 0.0, 1.0, 0.014, 0.085, 3800.0, 6400.0, 1.0, 0.0),
    (0.34, 0.40, 830.0, 900.0, 0.006, 1.0, 0.12, 0.0006, 0.03, 1200.0, 2600.0, 1.2, 0.0),
    (0.62, -0.25, 98.0, 190.0, 0.045, 1.0, 0.12, 0.0008, 0.06, 300.0, 1200.0, 1.6, 0.0),
    (0.24, 0.0, 3300.0, 3300.0, 0.01, 0.30, 0.7, 0.002, 1.9, 2800.0, 7500.0, 1.95, 0.0),
)
_RATIOS = (  # partials of the skin or metal: ratio, level, seconds to -60 dB
    ((1.0, 1.0, 0.52), (2.0, 0.10, 0.12), (3.02, 0.05, 0.06)),
    ((1.0, 1.0, 0.20), (1.78, 0.55, 0.15), (2.43, 0.25, 0.10)),
    ((1.0, 0.0, 0.1),),
    ((1.0, 1.0, 0.06), (1.342, 0.9, 0.05), (1.637, 0.8, 0.05), (1.834, 0.7, 0.045), (2.41, 0.5, 0.035)),
    ((1.0, 1.0, 0.34), (1.342, 0.9, 0.30), (1.637, 0.8, 0.28), (1.834, 0.7, 0.26), (2.41, 0.5, 0.2)),
    ((1.0, 0.0, 0.1),),
    ((1.0, 1.0, 0.11), (1.47, 0.55, 0.07), (2.56, 0.2, 0.04)),
    ((1.0, 1.0, 0.36), (1.58, 0.3, 0.18), (2.24, 0.12, 0.1)),
    ((1.0, 1.0, 1.6), (1.342, 0.9, 1.5), (1.523, 0.8, 1.4), (1.834, 0.8, 1.3), (2.21, 0.6, 1.0), (2.87, 0.5, 0.8)),
)

_STROKE = np.dtype([
    ("state", np.int64),  # 0 free, 1 sounds, 2 cut short
    ("drum", np.int64), ("wait", np.int64), ("age", np.int64), ("end", np.int64), ("told", np.int64),
    ("gain", np.float64), ("left", np.float64), ("right", np.float64), ("bend", np.float64), ("bend_fall", np.float64),
    ("noise", np.float64), ("noise_fall", np.float64), ("attack", np.float64), ("hz", np.float64),
    ("sweep", np.float64), ("seed", np.int64),
    ("low", np.float32), ("band", np.float32), ("damp", np.float32),
    ("h1", np.float32), ("h2", np.float32), ("b1", np.float32), ("b2", np.float32),
], align=True)  # fmt: skip


DRUMS_MEMORY = np.dtype([
    ("stroke", _STROKE, (POOL,)),
    ("serial", np.int64),
    ("phase", np.int32, (POOL, _TONES)),
    ("level", np.float32, (POOL, _TONES)), ("fall", np.float32, (POOL, _TONES)), ("ratio", np.float64, (POOL, _TONES)),
    ("tone", np.float32, (CHUNK,)),
    ("kit", _DRUM, (len(HITS),)),
    ("tones", np.float64, (len(HITS), _TONES, 3)),  # ratio, level, seconds
], align=True)  # fmt: skip


def fill_kit(percussion: NDArray[np.void]) -> None:
    """Write all drums into a memory of type ``DRUMS_MEMORY``."""
    percussion["kit"] = np.array(list(_KIT), _DRUM)
    percussion["tones"] = (1.0, 0.0, 0.1)
    for row, partials in enumerate(_RATIOS):
        percussion["tones"][..., row, : len(partials), :] = partials


@kernel
def beat(
    percussion: Record, log: Record, now: int, start: int, drum: int, velocity: float, brightness: float,
    roughness: float, seed: int, sample_rate: float,
) -> None:  # fmt: skip
    """Strike a drum at sample ``start`` of the chunk that begins at ``now``. velocity, brightness, roughness 0..1."""
    slot, oldest, age = -1, -1, -1
    for i in range(POOL):
        s = percussion.stroke[i]
        if s.state == 0:
            slot = i
        elif s.state == 1:
            if drum in (HAT, OPEN) and s.drum == OPEN:  # the pedal closes it
                s.state = 2
            if s.age > age:
                age, oldest = s.age, i
    if slot < 0:
        if oldest >= 0:
            percussion.stroke[oldest].state = 2
        return
    s, d = percussion.stroke[slot], percussion.kit[drum]
    percussion.serial += 1
    s.state, s.drum, s.age, s.told = 1, drum, 0, 0
    s.wait = min(max(start - now, 0), CHUNK - 1)
    s.end = start + int(_GATE_S * sample_rate)
    s.gain = 1.0
    pan = 0.25 * math.pi * (1.0 + d.pan)
    # Dark pictures have dark drums.
    shine = 0.45 + 1.1 * brightness if d.low_hz > 2000.0 else 1.0
    loud = 1.41421356 * d.gain * shine * velocity**1.3
    s.left, s.right = loud * math.cos(pan), loud * math.sin(pan)
    s.hz = d.hz
    s.sweep = d.from_hz - d.hz
    s.bend, s.bend_fall = 1.0, math.exp(-CHUNK / (d.fall_s * sample_rate))
    hard = 0.6 + 0.25 * brightness + 0.35 * velocity
    s.noise = d.noise * (0.8 + 0.6 * roughness) * hard
    s.noise_fall = math.exp(-6.9 * CHUNK / (d.noise_s * (0.75 + 0.5 * brightness) * sample_rate))
    s.attack = 1.0 / max(d.attack_s * sample_rate, 1.0)
    s.seed = int(chance(seed, 95, percussion.serial, drum) * 4294967295.0)
    s.low = math.tan(math.pi * min(d.low_hz, 0.4 * sample_rate) / sample_rate)
    s.band = math.tan(math.pi * min(d.band_hz * (0.75 + 0.5 * brightness), 0.4 * sample_rate) / sample_rate)
    s.damp = d.width
    s.h1 = s.h2 = s.b1 = s.b2 = np.float32(0.0)
    for p in range(_TONES):
        percussion.ratio[slot, p] = percussion.tones[drum, p, 0] * (1.0 + 0.02 * roughness * p)
        percussion.level[slot, p] = percussion.tones[drum, p, 1] * d.tone
        percussion.phase[slot, p] = 0
        percussion.fall[slot, p] = math.exp(-6.9 * CHUNK / (percussion.tones[drum, p, 2] * sample_rate))
    write_note(log, start, DRUMS, GENERAL_MIDI[drum], min(velocity, 1.0))


@kernel
def drum(
    percussion: Record, log: Record, now: int, bus: NDArray[np.float32], sample_rate: float
) -> int:  # fmt: skip
    """Add the next CHUNK samples of all strokes to ``bus`` (2, CHUNK); returns how many sound."""
    sounding = 0
    tone = percussion.tone
    cut = CHUNK / (_STEAL_S * sample_rate)
    for i in range(POOL):
        s = percussion.stroke[i]
        if s.state == 0:
            continue
        sounding += 1
        if s.told == 0 and s.end < now + CHUNK:
            s.told = 1
            write_note(log, s.end, DRUMS, GENERAL_MIDI[s.drum], 0.0)
        first = s.wait
        s.wait = 0
        for n in range(CHUNK):
            tone[n] = 0.0
        loudest = _skins(percussion, i, s, first, sample_rate)
        s.bend *= s.bend_fall
        before, after = s.noise, s.noise * s.noise_fall
        if before > _SILENT:
            _hiss(percussion, s, first, np.float32(before), np.float32(after), sample_rate)
            s.noise = after
        gain = s.gain
        if s.state == 2:
            s.gain = max(s.gain - cut, 0.0)
        slope = (s.gain - gain) / CHUNK
        for n in range(first, CHUNK):
            x = min((s.age + n - first + 1) * s.attack, 1.0)
            x *= tone[n] * (gain + slope * (n + 1))
            bus[0, n] += np.float32(x * s.left)
            bus[1, n] += np.float32(x * s.right)
        s.age += CHUNK - first
        if s.gain == 0.0 or (loudest < _SILENT and s.noise < _SILENT):
            if s.told == 0:
                s.told = 1
                write_note(log, now + CHUNK, DRUMS, GENERAL_MIDI[s.drum], 0.0)
            s.state = 0
    return sounding


@kernel
def _skins(percussion: Record, i: int, s: Record, first: int, sample_rate: float) -> float:
    """Add a stroke's partials; returns the loudest left."""
    loudest = 0.0
    tone = percussion.tone
    for p in range(_TONES):
        a = percussion.level[i, p]
        if a < _SILENT:
            continue
        ratio = percussion.ratio[i, p]
        here = step_from_hz((s.hz + s.sweep * s.bend) * ratio, sample_rate)
        there = step_from_hz((s.hz + s.sweep * s.bend * s.bend_fall) * ratio, sample_rate)
        bend = np.int32((np.int64(there) - np.int64(here)) // CHUNK)
        b = a * percussion.fall[i, p]
        percussion.level[i, p] = b
        loudest = max(loudest, b)
        slope = (b - a) * np.float32(1.0 / CHUNK)
        phase, step = percussion.phase[i, p], here
        for n in range(first, CHUNK):
            tone[n] = fma(fma(slope, np.float32(n + 1), a), _sine(phase), tone[n])
            phase = np.int32(phase + step)
            step = np.int32(step + bend)
        percussion.phase[i, p] = phase
    return loudest


@kernel
def _hiss(
    percussion: Record, s: Record, first: int, before: np.float32, after: np.float32, sample_rate: float
) -> None:  # fmt: skip
    """Add a stroke's noise: white, through a high-pass and a band-pass (Zavalishin's state-variable filter)."""
    tone = percussion.tone
    one, two = np.float32(1.0), np.float32(2.0)
    low, band, damp = s.low, s.band, s.damp
    a_low, a_band = one / (one + low * (low + two)), one / (one + band * (band + damp))
    h1, h2, b1, b2 = s.h1, s.h2, s.b1, s.b2
    slope = (after - before) * np.float32(1.0 / CHUNK)
    gap = int(0.0105 * sample_rate)
    clapping = int(percussion.kit[s.drum].bursts) * gap
    seed = np.uint32(s.seed)
    for n in range(first, CHUNK):
        seed = np.uint32(seed * np.uint32(1664525) + np.uint32(1013904223))
        x = np.float32(np.int32(seed)) * np.float32(2.0**-31)
        age = s.age + n - first
        if age < clapping:
            x *= np.float32(math.exp(-(age % gap) / (0.3 * gap)))
        v1 = a_low * (h1 + low * (x - h2))
        v2 = h2 + low * v1
        h1, h2 = two * v1 - h1, two * v2 - h2
        x = x - two * v1 - v2
        v1 = a_band * (b1 + band * (x - b2))
        v2 = b2 + band * v1
        b1, b2 = two * v1 - b1, two * v2 - b2
        tone[n] += damp * v1 * (before + slope * np.float32(n + 1))
    s.h1, s.h2, s.b1, s.b2, s.seed = h1, h2, b1, b2, np.int64(seed)


@kernel
def still(percussion: Record, log: Record, at: int) -> None:
    """Every stroke gone at once, every note ended."""
    for i in range(POOL):
        s = percussion.stroke[i]
        if s.state != 0 and s.told == 0:
            write_note(log, at, DRUMS, GENERAL_MIDI[s.drum], 0.0)
        s.state = 0
