"""A fixed pool of additive voices: each note is up to 24 partials, every one with its own decay."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import fma, kernel
from pix2live.dsp.oscillator import CHUNK, _sine, step_from_hz
from pix2live.synth.composing import chance
from pix2live.synth.notelog import write_note
from pix2live.synth.sounds import PARTIALS, SOUNDS, SOUNDS_MEMORY

POOL = 64
MOST_SOUNDING = 48
"""Of the pool; the rest is there for notes that were cut short and fade."""
FOREVER = np.int64(1) << np.int64(60)
FREE, GATED, RELEASED, CUT = range(4)
_STEAL_S = 0.004
_SILENT = np.float32(2e-6)
_TOP_HZ = 17000.0
_FOLLOW_S = 0.05
_MOST_RATIO = 17
_RASP_HZ = 58.0  # between 40 and 70 Hz a tremolo is heard as roughness

Record = Any

_VOICE = np.dtype([
    ("state", np.int64), ("serial", np.int64), ("part", np.int64), ("note", np.int64), ("sound", np.int64),
    ("start", np.int64), ("gate_end", np.int64), ("age", np.int64), ("wait", np.int64), ("count", np.int64),
    ("attack", np.float64),  # per sample
    ("gain", np.float64), ("fall", np.float64),  # what release leaves, and leaves of it each chunk
    ("near", np.float64), ("far", np.float64),  # equal-power pan of the note
    ("rasp", np.float64), ("turn", np.float64), ("breath", np.float64), ("breath_step", np.float64),
    ("vibrato", np.float64), ("loud", np.float64), ("strength", np.float64),
], align=True)  # fmt: skip


VOICES_MEMORY = np.dtype([
    ("voice", _VOICE, (POOL,)),
    ("serial", np.int64),  # notes struck so far
    ("bright", np.float64),  # brightness that ``weight`` was made for; below 0 none yet
    ("phase", np.int32, (POOL, PARTIALS)), ("step", np.int32, (POOL, PARTIALS)),
    ("level", np.float32, (POOL, PARTIALS)),
    ("aim", np.float32, (POOL, PARTIALS)),  # level of a held partial before brightness
    ("fall", np.float32, (POOL, PARTIALS)),  # what a chunk leaves of a partial that decays
    ("weight", np.float32, (2, len(SOUNDS), PARTIALS)),  # brightness of held partials, duller and brighter
    ("sides", np.float32, (3, CHUNK)),  # a voice's partials: left, middle, right
    ("shape", np.float32, (CHUNK,)),  # its envelope
    ("sounds", SOUNDS_MEMORY),
], align=True)  # fmt: skip


@kernel
def brighten(voices: Record, brightness: float) -> None:
    """Weights of the partials of held sounds for a brightness 0..1; their power stays as it was."""
    if abs(voices.bright - brightness) < 0.002:
        return
    voices.bright = brightness
    sounds = voices.sounds
    for s in range(len(sounds.counts)):
        shape = sounds.shape[s]
        if shape.held == 0:
            continue
        for k in range(2):
            tilt = max(shape.tilt * (1.85 - 1.75 * brightness) + (0.3 if k == 0 else -0.15), 0.05)
            power = 0.0
            for p in range(sounds.counts[s]):
                w = math.exp(-tilt * sounds.log_ratio[s, p])
                voices.weight[k, s, p] = w
                power += (w * sounds.level[s, p]) ** 2
            scale = np.float32(1.0 / math.sqrt(power))
            for p in range(sounds.counts[s]):
                voices.weight[k, s, p] *= scale


@kernel
def strike(
    voices: Record, log: Record, now: int, start: int, length: int, part: int, sound: int, note: int, velocity: float,
    pan: float, brightness: float, roughness: float, attack_s: float, seed: int, sample_rate: float,
) -> int:  # fmt: skip
    """Begin a note at sample ``start`` of this chunk (which begins at ``now``); returns its place in the pool, -1 none.

    Args:
        length: samples until its release. velocity 0..1; pan -1..1; brightness, roughness 0..1.
        attack_s: seconds (the release is then in proportion), 0 for the sound's own.
    """
    sounds = voices.sounds
    sounding, slot, quietest, least = 0, -1, -1, 1e9
    for v in range(POOL):
        r = voices.voice[v]
        if r.state == FREE:
            slot = v
        elif r.state != CUT:
            sounding += 1
            if r.part == part and r.note == note and r.state == GATED:
                _close(r, log, v, start)
            weight = r.loud * (1.0 if r.state == GATED else 0.3)
            if weight < least:
                least, quietest = weight, v
    if sounding >= MOST_SOUNDING:
        stolen = voices.voice[quietest]
        _close(stolen, log, quietest, start)
        stolen.state = CUT
    if slot < 0:
        return -1
    r, shape = voices.voice[slot], sounds.shape[sound]
    voices.serial += 1
    r.state, r.serial, r.part, r.note, r.sound = GATED, voices.serial, part, note, sound
    r.start, r.gate_end, r.age = start, start + max(length, CHUNK), 0
    r.wait = min(max(start - now, 0), CHUNK - 1)
    r.count = sounds.counts[sound]
    attack = attack_s if attack_s > 0.0 else shape.attack_s
    r.attack = 1.0 / max(attack * sample_rate, 1.0)
    r.gain, r.strength = 1.0, velocity
    # A slow attack wants a release as slow, or a change of chord leaves a hole.
    release_s = max(0.4, 2.4 * attack_s) if attack_s > 0.0 else shape.release_s
    r.fall = math.exp(-6.9 * CHUNK / (release_s * sample_rate))
    angle = 0.25 * math.pi * (1.0 + pan)
    r.near, r.far = math.cos(angle), math.sin(angle)
    r.rasp = 0.9 * roughness**1.25
    lot = chance(seed, 90, r.serial, part)
    r.turn, r.breath = lot, 6.0 * lot
    r.breath_step = 2.0 * math.pi * CHUNK / (sample_rate * (7.0 + 9.0 * lot))
    r.vibrato = shape.vibrato_cents
    r.loud = velocity * shape.gain

    base = 440.0 * 2.0 ** ((note - 69) / 12.0)
    tilt = max(shape.tilt * (2.0 - 1.6 * brightness - 0.45 * velocity) + 0.012 * (note - 60), 0.0)
    stretch = shape.stretch + 0.0012 * roughness * roughness
    apart = 2.0 ** (0.5 * (shape.detune_cents + 26.0 * roughness * roughness) / 1200.0) - 1.0
    decay = 2.0 ** (-shape.keyed * (note - 60) / 12.0) * (1.0 - 0.35 * roughness)
    power = 0.0
    for p in range(r.count):
        ratio, side = float(sounds.ratio[sound, p]), float(sounds.side[sound, p])
        hz = base * ratio * math.sqrt(1.0 + stretch * ratio * ratio) * (1.0 + side * apart)
        level = float(sounds.level[sound, p])
        if hz > min(_TOP_HZ, 0.45 * sample_rate):
            level, hz = 0.0, 0.0
        voices.step[slot, p] = step_from_hz(hz, sample_rate)
        if shape.held == 1:
            voices.phase[slot, p] = np.int32(np.int64(4294967295.0 * chance(seed, 91, r.serial, p)) - 2147483648)
            voices.aim[slot, p] = level * r.loud
            k = voices.weight[0, sound, p]
            voices.level[slot, p] = level * r.loud * k
            voices.fall[slot, p] = 1.0
        else:
            voices.phase[slot, p] = 0
            level *= math.exp(-tilt * sounds.log_ratio[sound, p])
            voices.level[slot, p] = level
            power += level * level
            seconds = max(float(sounds.decay_s[sound, p]) * decay, 0.02)
            voices.fall[slot, p] = math.exp(-6.9 * CHUNK / (seconds * sample_rate))
    if shape.held == 0:
        scale = np.float32(r.loud / math.sqrt(max(power, 1e-9)))
        for p in range(r.count):
            voices.level[slot, p] *= scale
    write_note(log, start, part, note, velocity)
    return slot


@kernel
def _close(r: Record, log: Record, v: int, at: int) -> None:
    """End the gate of a voice, and say so."""
    if r.state == GATED:
        r.state = RELEASED
        write_note(log, max(at, r.start), r.part, r.note, 0.0)


@kernel
def let_go(voices: Record, log: Record, v: int, serial: int, at: int) -> None:
    """End a note that was struck without an end, if it still is the one with this serial number."""
    if v >= 0 and voices.voice[v].serial == serial:
        _close(voices.voice[v], log, v, at)


@kernel
def sing(
    voices: Record, log: Record, now: int, buses: NDArray[np.float32], sample_rate: float
) -> int:  # fmt: skip
    """Add the next CHUNK samples of every voice to its part's bus (parts, 2, CHUNK); returns how many sound."""
    sounding = 0
    sides, shape = voices.sides, voices.shape
    follow = np.float32(1.0 - math.exp(-CHUNK / (_FOLLOW_S * sample_rate)))
    cut = CHUNK / (_STEAL_S * sample_rate)
    for v in range(POOL):
        r = voices.voice[v]
        if r.state == FREE:
            continue
        if r.state == GATED and r.gate_end < now + CHUNK:
            _close(r, log, v, r.gate_end)
        sounding += 1
        for n in range(CHUNK):
            sides[0, n] = sides[1, n] = sides[2, n] = 0.0
        first = r.wait
        r.wait = 0
        held = voices.sounds.shape[r.sound].held == 1
        shade = np.float32(0.5 + 0.5 * math.sin(r.breath))
        r.breath += r.breath_step
        bend = np.float32(1.0)
        if r.vibrato > 0.0:
            grown = min(r.age / (0.5 * sample_rate), 1.0)
            turn = 2.0 * math.pi * (((now - r.start) / sample_rate * 5.1 + r.turn) % 1.0)
            bend = np.float32(1.0 + 5.78e-4 * r.vibrato * grown * math.sin(turn))
        heard = np.float32(0.0)
        for p in range(r.count):
            a = voices.level[v, p]
            if held:
                dull, clear = voices.weight[0, r.sound, p], voices.weight[1, r.sound, p]
                b = a + (voices.aim[v, p] * (dull + (clear - dull) * shade) - a) * follow
            else:
                b = a * voices.fall[v, p]
            if b < _SILENT:
                b = np.float32(0.0)
            voices.level[v, p] = b
            heard = max(heard, b)
            if a == 0.0 and b == 0.0:
                continue
            step = np.int32(np.float32(voices.step[v, p]) * bend) if r.vibrato > 0.0 else voices.step[v, p]
            phase = voices.phase[v, p]
            voices.phase[v, p] = np.int32(phase + np.int32(CHUNK - first) * step)
            slope = (b - a) * np.float32(1.0 / CHUNK)
            side = voices.sounds.side[r.sound, p]
            out = sides[0 if side < 0.0 else 2 if side > 0.0 else 1]
            for n in range(first, CHUNK):
                tone = _sine(np.int32(phase + np.int32(n - first) * step))
                out[n] = fma(fma(slope, np.float32(n + 1), a), tone, out[n])
        _envelope(r, shape, first, cut, now, sample_rate)
        left, right = buses[r.part, 0], buses[r.part, 1]
        # Sides lean with the pan, so that a panned pair keeps its width.
        near, far = np.float32(1.41421356 * r.near), np.float32(1.41421356 * r.far)
        for n in range(first, CHUNK):
            middle = np.float32(0.70710678) * sides[1, n]
            left[n] += (sides[0, n] + middle) * shape[n] * near
            right[n] += (sides[2, n] + middle) * shape[n] * far
        r.age += CHUNK - first
        r.loud = heard * r.gain
        if heard == 0.0 or (r.state != GATED and r.gain < 1e-4):
            _close(r, log, v, now + CHUNK)
            r.state = FREE
    return sounding


@kernel
def _envelope(
    r: Record, shape: NDArray[np.float32], first: int, cut: float, now: int, sample_rate: float
) -> None:  # fmt: skip
    """Attack, release, theft and rasp of one voice over the chunk."""
    before = r.gain
    if r.state == RELEASED:
        r.gain *= r.fall
    elif r.state == CUT:
        r.gain = max(r.gain - cut, 0.0)
    after = r.gain
    if r.rasp > 0.01:
        # At equal power: the mean square of 1 - rasp / 2 (1 + cos) is (1 - rasp / 2)^2 + rasp^2 / 8.
        even = 1.0 / math.sqrt((1.0 - 0.5 * r.rasp) ** 2 + 0.125 * r.rasp**2)
        t = (now - r.start) / sample_rate * _RASP_HZ + r.turn
        step = CHUNK / sample_rate * _RASP_HZ
        before *= even * (1.0 - r.rasp * (0.5 + 0.5 * math.cos(2.0 * math.pi * (t % 1.0))))
        after *= even * (1.0 - r.rasp * (0.5 + 0.5 * math.cos(2.0 * math.pi * ((t + step) % 1.0))))
    a, slope = np.float32(before), np.float32((after - before) / CHUNK)
    for n in range(CHUNK):
        shape[n] = a + slope * np.float32(n + 1)
    if r.age * r.attack < 1.0:
        for n in range(first, CHUNK):
            x = min((r.age + n - first + 1) * r.attack, 1.0)
            shape[n] *= np.float32(x * x * (3.0 - 2.0 * x))


@kernel
def hush(voices: Record, log: Record, at: int) -> None:
    """Every voice gone at once, every note ended."""
    for v in range(POOL):
        _close(voices.voice[v], log, v, at)
        voices.voice[v].state = FREE
    for v in range(POOL):
        for p in range(PARTIALS):
            voices.level[v, p] = 0.0

