"""The playhead: from a score and the knobs to the next 64 samples of every partial."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.limiter import LimiterState, limit
from pix2live.dsp.oscillator import CHUNK, add_partials
from pix2live.synth.effects import Effects, apply_effects, silence_effects
from pix2live.synth.rows import SCALE, Rows, place_rows

DIRECTIONS = ("forward", "backward", "to and fro")
_BACKWARD, _TO_AND_FRO = 1, 2

_FADE_S = 0.015  # mute, panic, start
_GLIDE_S = 1.0 / 30.0  # from one score to the next: a camera's frame
_PITCH_S = 0.01
_GAIN_S = 0.01
_LEVEL_S = 1.0
_TARGET = 0.1  # RMS of a channel that pictures are brought to
_CEILING = 0.25  # RMS of a channel that no moment exceeds
_BOOST = 8.0  # most that a dark picture is raised
_FIRST_VISITS = 12
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_GREY = np.float32(1e-4)  # pans a black cell to the middle
_INAUDIBLE = np.float32(1e-7)

Record = Any
"""One record of a structured array, as numba sees it: fields are attributes."""

_STATE = np.dtype(
    [
        ("ready", np.int64),  # samples of the chunk not yet handed out
        ("fresh", np.int64),  # a score has been put in
        ("stopping", np.int64),
        ("wanted_rows", np.int64),
        ("rows", np.int64),
        ("active", np.int64),  # which of the two sets of partials plays; the other fades out while switching
        ("switching", np.int64),  # chunks to go
        ("gliding", np.int64),  # chunks to go
        ("visits", np.int64),
        ("playhead", np.float64),
        ("heading", np.float64),
        ("offset", np.float64),
        ("shown", np.float64),
        ("level", np.float64),  # running mean of squared power: bright columns count more than dark ones
        ("gain", np.float64),
        ("fade", np.float64),
        ("mode", np.float64), ("scale", np.float64), ("root", np.float64),
        ("low_hz", np.float64), ("high_hz", np.float64), ("detune_cents", np.float64), ("tilt_db", np.float64),
        ("gamma", np.float64), ("contrast_db", np.float64), ("invert", np.float64),
    ]
)  # fmt: skip


def empty_state() -> NDArray[np.void]:
    """(1) record of everything that the sweep remembers besides its partials."""
    state = np.zeros(1, _STATE)
    state["heading"] = 1.0
    state["gain"] = -1.0
    state["rows"] = 0
    state["wanted_rows"] = 1
    state["gamma"] = -1.0
    return state


class Bank(NamedTuple):
    """Two sets of partials, so that one can fade into the other; arrays are changed in place."""

    phase: NDArray[np.int32]  # (2, partials)
    step: NDArray[np.int32]  # (2, partials)
    level: NDArray[np.float32]  # (2, channels, partials)
    parting: NDArray[np.float32]  # (2, channels, partials): what is left of the past and fades
    next_step: NDArray[np.int32]  # (partials)
    next_level: NDArray[np.float32]  # (channels, partials)

    @classmethod
    def empty(cls, partials: int) -> "Bank":
        """A silent bank."""
        return cls(
            np.zeros((2, partials), np.int32), np.zeros((2, partials), np.int32),
            np.zeros((2, 2, partials), np.float32), np.zeros((2, 2, partials), np.float32),
            np.zeros(partials, np.int32), np.zeros((2, partials), np.float32),
        )  # fmt: skip

    def clear(self, phase: NDArray[np.int32]) -> None:
        """Silence, with the phases given."""
        for array in self:
            array[...] = 0
        self.phase[...] = phase


@kernel
def play(
    out: NDArray[np.float32], score: NDArray[np.float32], controls: NDArray[np.void], params: NDArray[np.float32],
    lows: NDArray[np.float32], highs: NDArray[np.float32], defaults: NDArray[np.float32], masks: NDArray[np.bool_],
    state: NDArray[np.void], rows: Rows, bank: Bank, curve: NDArray[np.float32], mix: NDArray[np.float32],
    chunk: NDArray[np.float32], effects: Effects, limiter: LimiterState, limits: tuple[float, float, float], bpm: float,
    sample_rate: float,
) -> None:  # fmt: skip
    """Fill ``out`` (frames, 2), making chunks as they are needed. ``params`` and ``controls`` are one memory."""
    for i in range(len(params)):
        if np.isnan(params[i]):
            params[i] = defaults[i]
        params[i] = min(max(params[i], lows[i]), highs[i])
    s, knobs = state[0], controls[0]
    done = 0
    while done < out.shape[0]:
        if s.ready == 0:
            for n in range(CHUNK):
                mix[0, n] = mix[1, n] = 0.0
            _advance(score, knobs, masks, s, rows, bank, curve, mix, sample_rate)
            apply_effects(mix, effects, knobs, bpm, sample_rate)
            if _finish(knobs, s, bank, mix, chunk, sample_rate):
                silence_effects(effects)
            limit(chunk, limiter, limits[0], limits[1], limits[2])
            s.ready = CHUNK
        take = min(s.ready, out.shape[0] - done)
        for n in range(take):
            out[done + n, 0] = chunk[CHUNK - s.ready + n, 0]
            out[done + n, 1] = chunk[CHUNK - s.ready + n, 1]
        s.ready -= take
        done += take


@kernel
def _advance(
    score: NDArray[np.float32], knobs: Record, masks: NDArray[np.bool_], s: Record, rows: Rows, bank: Bank,
    curve: NDArray[np.float32], mix: NDArray[np.float32], sample_rate: float,
) -> None:  # fmt: skip
    """One chunk of all partials into ``mix``: move the playhead, aim every partial, let the bank ring."""
    glide_chunks = max(int(_GLIDE_S * sample_rate / CHUNK + 0.5), 1)
    changed = s.fresh == 1 or s.offset != knobs.offset
    s.fresh, s.offset = 0, knobs.offset

    if s.gamma != knobs.gamma or s.contrast_db != knobs.contrast_db or s.invert != knobs.invert:
        s.gamma, s.contrast_db, s.invert = knobs.gamma, knobs.contrast_db, knobs.invert
        _draw_curve(curve, s.gamma, s.contrast_db, s.invert > 0.5)
        changed = True

    in_scale = knobs.rows == SCALE
    moved = (s.low_hz != knobs.low_hz or s.high_hz != knobs.high_hz or s.tilt_db != knobs.tilt_db
             or (in_scale and s.detune_cents != knobs.detune_cents))  # fmt: skip
    other = (s.rows != s.wanted_rows or s.mode != knobs.rows
             or (in_scale and (s.scale != knobs.scale or s.root != knobs.root)))  # fmt: skip
    if other and s.switching == 0:
        old, s.active = s.active, 1 - s.active
        # Loops, not slices: those take numba seconds to compile.
        for c in range(2):
            for p in range(bank.phase.shape[1]):
                bank.parting[old, c, p] = bank.level[old, c, p]
                bank.level[s.active, c, p] = 0.0
                bank.parting[s.active, c, p] = 0.0
        s.switching = glide_chunks
        s.gliding = 0
        s.visits = 0
        s.rows, s.mode, s.scale, s.root = s.wanted_rows, knobs.rows, knobs.scale, knobs.root
    if (other and s.switching == glide_chunks) or moved:
        s.low_hz, s.high_hz, s.tilt_db, s.detune_cents = knobs.low_hz, knobs.high_hz, knobs.tilt_db, knobs.detune_cents
        place_rows(rows, s.rows, int(s.mode), s.low_hz, s.high_hz, masks[int(s.scale)], int(s.root),
                   s.detune_cents, s.tilt_db, sample_rate)  # fmt: skip
        if moved:
            changed = True
        if other:
            for r in range(s.rows):
                bank.step[s.active, r] = rows.step[r]

    _move_playhead(knobs, s, sample_rate)
    _measure(score, s, rows, curve, sample_rate)
    _aim(score, knobs, s, rows, bank, curve)
    _aim_pitch(s, rows, bank, sample_rate)
    _glide(s, bank, glide_chunks, changed)
    count = s.rows
    add_partials(bank.phase[s.active, :count], bank.step[s.active, :count], bank.level[s.active, :, :count],
                 bank.next_step[:count], bank.next_level[:, :count], mix)  # fmt: skip
    if s.switching > 0:
        s.switching -= 1
        old = 1 - s.active
        fade = np.float32(math.cos(0.5 * math.pi * (1.0 - s.switching / glide_chunks))) if s.switching else 0.0
        for c in range(2):
            for p in range(bank.phase.shape[1]):
                bank.next_level[c, p] = bank.parting[old, c, p] * fade
        add_partials(bank.phase[old], bank.step[old], bank.level[old], bank.step[old], bank.next_level, mix)


@kernel
def _draw_curve(curve: NDArray[np.float32], gamma: float, contrast_db: float, invert: bool) -> None:
    """Brightness 0..1 to amplitude 0..1: exponential over ``contrast_db``, black silent; 0 dB is a straight line."""
    last = len(curve) - 1
    floor = 10.0 ** (-contrast_db / 20.0)
    for i in range(last + 1):
        b = (1.0 - i / last if invert else i / last) ** gamma
        curve[i] = (10.0 ** (contrast_db * (b - 1.0) / 20.0) - floor) / (1.0 - floor) if contrast_db > 0.01 else b


@kernel
def _move_playhead(knobs: Record, s: Record, sample_rate: float) -> None:
    if knobs.direction == _BACKWARD:
        s.heading = -1.0
    elif knobs.direction != _TO_AND_FRO:
        s.heading = 1.0
    if knobs.freeze < 0.5:
        s.playhead += s.heading * CHUNK / (sample_rate * knobs.seconds)
    if knobs.direction == _TO_AND_FRO:
        if s.playhead > 1.0 or s.playhead < 0.0:
            s.heading = -1.0 if s.playhead > 1.0 else 1.0
            s.playhead = _folded(s.playhead)
        s.shown = _folded(s.playhead + s.offset)
    else:
        s.playhead -= math.floor(s.playhead)
        s.shown = s.playhead + s.offset
        s.shown -= math.floor(s.shown)


@kernel
def _folded(position: float) -> float:
    """Reflected at 0 and 1."""
    turned = abs(position) % 2.0
    return 2.0 - turned if turned > 1.0 else turned


@kernel
def _loudness(curve: NDArray[np.float32], brightness: np.float32) -> np.float32:
    x = brightness * np.float32(len(curve) - 1)
    i = min(int(x), len(curve) - 2)
    return curve[i] + (curve[i + 1] - curve[i]) * (x - np.float32(i))


@kernel
def _measure(
    score: NDArray[np.float32], s: Record, rows: Rows, curve: NDArray[np.float32], sample_rate: float
) -> None:
    """Let one more column into the running level of the picture (several at first), in golden-ratio order."""
    for _ in range(_FIRST_VISITS if s.visits == 0 else 1):
        column = int((s.visits * _GOLDEN) % 1.0 * score.shape[0])
        power = 0.0
        for r in range(s.rows):
            level = _loudness(curve, max(score[column, r, 0], score[column, r, 1])) * rows.gain[r]
            power += level * level * rows.weight[r]
        s.visits += 1
        share = max(1.0 / s.visits, 1.0 - math.exp(-CHUNK / (_LEVEL_S * sample_rate)))
        s.level += (power * power - s.level) * share
        if s.level < 1e-30:
            s.level = 0.0


@kernel
def _aim(
    score: NDArray[np.float32], knobs: Record, s: Record, rows: Rows, bank: Bank, curve: NDArray[np.float32]
) -> None:
    """What every partial of the active set shall have reached when this chunk ends."""
    columns = score.shape[0]
    to_and_fro = knobs.direction == _TO_AND_FRO
    x = s.shown * (columns - 1 if to_and_fro else columns)
    here = min(int(x), columns - 1)
    there = min(here + 1, columns - 1) if to_and_fro else (here + 1) % columns
    share = np.float32(x - here)
    angle = 0.5 * math.pi * (0.5 + knobs.pan * (s.shown - 0.5))
    pan_left, pan_right = np.float32(math.sqrt(2.0) * math.cos(angle)), np.float32(math.sqrt(2.0) * math.sin(angle))

    power = 0.0
    for r in range(s.rows):
        left = score[here, r, 0] + (score[there, r, 0] - score[here, r, 0]) * share
        right = score[here, r, 1] + (score[there, r, 1] - score[here, r, 1]) * share
        level = _loudness(curve, max(left, right)) * rows.gain[r]
        power += level * level * rows.weight[r]
        left += _GREY
        right += _GREY
        level /= np.float32(math.sqrt(left * left + right * right))
        bank.next_level[0, r] = level * left * pan_left
        bank.next_level[1, r] = level * right * pan_right

    # A quarter: half for two channels, half for the power of a sine.
    if knobs.normalise > 0.5:
        square = 0.25 * math.sqrt(s.level)
        norm = _TARGET / math.sqrt(square + (_TARGET / _BOOST) ** 2)
        norm *= (1.0 + (0.25 * power * norm * norm / _CEILING**2) ** 2) ** -0.25
    else:
        norm = 2.0 * _TARGET / math.sqrt(s.rows)
    for r in range(s.rows):
        for c in range(2):
            level = bank.next_level[c, r] * np.float32(norm)
            bank.next_level[c, r] = level if level > _INAUDIBLE else 0.0


@kernel
def _aim_pitch(s: Record, rows: Rows, bank: Bank, sample_rate: float) -> None:
    share = 1.0 - math.exp(-CHUNK / (_PITCH_S * sample_rate))
    for r in range(s.rows):
        now = bank.step[s.active, r]
        way = float(rows.step[r]) - float(now)
        # Under 1 mHz it has arrived: steady partials take the quicker path.
        bank.next_step[r] = rows.step[r] if abs(way) < 100.0 else np.int32(now + way * share)


@kernel
def _glide(s: Record, bank: Bank, glide_chunks: int, changed: bool) -> None:
    """Blend what was sounding into what is aimed at, after a change and while the other set fades."""
    parting = bank.parting[s.active]
    if s.switching > 0:
        rise = np.float32(math.sin(0.5 * math.pi * (1.0 - (s.switching - 1) / glide_chunks)))
        for c in range(2):
            for r in range(s.rows):
                bank.next_level[c, r] *= rise
        return
    if changed:
        s.gliding = glide_chunks
        for c in range(2):
            for r in range(s.rows):
                parting[c, r] = bank.level[s.active, c, r] - bank.next_level[c, r]
    if s.gliding > 0:
        s.gliding -= 1
        rest = np.float32(s.gliding / glide_chunks)
        for c in range(2):
            for r in range(s.rows):
                bank.next_level[c, r] += parting[c, r] * rest


@kernel
def _finish(
    knobs: Record, s: Record, bank: Bank, mix: NDArray[np.float32], chunk: NDArray[np.float32], sample_rate: float
) -> bool:
    """Gain and fades, as a ramp over the chunk. True when a panic has reached silence."""
    wanted = 10.0 ** (knobs.gain / 20.0) if knobs.gain > -59.9 else 0.0
    if s.gain < 0.0:
        s.gain = wanted
    before = s.gain * s.fade
    s.gain += (wanted - s.gain) * (1.0 - math.exp(-CHUNK / (_GAIN_S * sample_rate)))
    if abs(wanted - s.gain) < 1e-6:
        s.gain = wanted
    way = CHUNK / (_FADE_S * sample_rate)
    s.fade = max(s.fade - way, 0.0) if knobs.mute > 0.5 or s.stopping == 1 else min(s.fade + way, 1.0)
    after = s.gain * s.fade
    for n in range(CHUNK):
        ramp = np.float32(before + (after - before) * ((n + 1) / CHUNK))
        chunk[n, 0] = mix[0, n] * ramp
        chunk[n, 1] = mix[1, n] * ramp
    if s.stopping == 1 and s.fade == 0.0:
        for i in range(bank.level.size):
            bank.level.flat[i] = bank.parting.flat[i] = 0.0
        s.stopping, s.switching, s.gliding, s.playhead = 0, 0, 0, 0.0
        return True
    return False


@kernel
def take_score(score: NDArray[np.float32], copy: NDArray[np.float32]) -> None:
    """Copy a score (flat), NaN to 0, the rest to 0..1. A kernel, so that Python's lock stays free for the callback."""
    for i in range(score.shape[0]):
        x = score[i]
        copy[i] = np.float32(0.0) if np.isnan(x) else min(max(x, np.float32(0.0)), np.float32(1.0))
