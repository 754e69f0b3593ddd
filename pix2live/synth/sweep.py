"""The scan instrument: from a score, the playhead and the knobs to the next 64 samples of every partial."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK, add_partials, add_toned_partials
from pix2live.signals.spec import ParamSpec
from pix2live.synth.playhead import PLAYHEAD_SPECS, TO_AND_FRO, move_playhead
from pix2live.synth.ramps import approach
from pix2live.synth.rows import (
    ERB,
    ROW_MODES,
    SCALE,
    SCALE_MASKS,
    SCALES,
    TONICS,
    Rows,
    empty_rows,
    place_rows,
    start_phase,
)  # fmt: skip

SCAN_SPECS = (
    *PLAYHEAD_SPECS,
    ParamSpec("synth.scan.rows", "rows", high=len(ROW_MODES) - 1.0, default=float(SCALE), kind="choice",
              choices=ROW_MODES),
    ParamSpec("synth.scan.low_hz", "lowest row", "Hz", 20.0, 20000.0, 65.0, curve="exp"),
    ParamSpec("synth.scan.high_hz", "highest row", "Hz", 20.0, 20000.0, 2100.0, curve="exp"),
    ParamSpec("synth.scan.scale", "scale", high=len(SCALES) - 1.0, kind="choice", choices=tuple(SCALES)),
    ParamSpec("synth.scan.root", "root", high=11.0, default=2.0, kind="choice", choices=TONICS),
    ParamSpec("synth.scan.detune_cents", "detune", "cents", 0.0, 50.0, 5.0, curve="square"),
    ParamSpec("synth.scan.tilt_db", "tilt an octave", "dB", -12.0, 6.0, -3.0),
    ParamSpec("synth.scan.gamma", "gamma", low=0.25, high=4.0, default=1.0, curve="exp"),
    ParamSpec("synth.scan.contrast_db", "contrast", "dB", 0.0, 96.0, 48.0),
    ParamSpec("synth.scan.invert", "invert", kind="bool"),
    ParamSpec("synth.scan.hue_tone", "colour to overtones"),
    ParamSpec("synth.scan.warm_up", "warm colours up", low=-1.0),
    ParamSpec("synth.scan.pan", "pan with the playhead"),
    ParamSpec("synth.scan.normalise", "even out pictures", default=1.0, kind="bool"),
)  # fmt: skip

_GLIDE_S = 1.0 / 30.0  # from one score to the next: a camera's frame
_PITCH_S = 0.01
_COLOUR_S = 0.05
_LEVEL_S = 1.0
_TARGET = 0.1  # RMS of a channel that pictures are brought to
_CEILING = 0.25  # RMS of a channel that no moment exceeds
_BOOST = 8.0  # most that a dark picture is raised
_FIRST_VISITS = 12
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_GREY = np.float32(1e-4)  # pans a black cell to the middle
_INAUDIBLE = np.float32(1e-7)
_FULL_COLOUR = np.float32(0.25)  # a photo's colours are pale: what lies beyond this counts ever less
_OVERTONES = np.float32(0.9)

Record = Any
"""One record of a structured array, as numba sees it: fields are attributes."""

_STATE = np.dtype(
    [
        ("fresh", np.int64),  # a score has been put in
        ("blank", np.int64),  # there is none: silence, whatever the curve makes of black
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
        ("scrubbing", np.int64),
        ("hand", np.float64),
        ("level", np.float64),  # running mean of squared power: bright columns count more than dark ones
        ("mode", np.float64), ("scale", np.float64), ("root", np.float64),
        ("low_hz", np.float64), ("high_hz", np.float64), ("detune_cents", np.float64), ("tilt_db", np.float64),
        ("gamma", np.float64), ("contrast_db", np.float64), ("invert", np.float64),
        ("hue_tone", np.float64), ("warm_up", np.float64), ("pan", np.float64), ("toned", np.int64),
        ("direction", np.float64), ("normalise", np.float64),
    ]
)  # fmt: skip


class Bank(NamedTuple):
    """Two sets of partials, so that one can fade into the other; arrays are changed in place."""

    phase: NDArray[np.int32]  # (2, partials)
    step: NDArray[np.int32]  # (2, partials)
    level: NDArray[np.float32]  # (2, channels, partials)
    parting: NDArray[np.float32]  # (2, channels, partials): what is left of the past and fades
    tone: NDArray[np.float32]  # (2, even and odd, partials): overtones
    next_step: NDArray[np.int32]  # (partials)
    next_level: NDArray[np.float32]  # (channels, partials)
    next_tone: NDArray[np.float32]  # (even and odd, partials)


class Scan(NamedTuple):
    """All that the scan remembers (arrays only, changed in place)."""

    state: NDArray[np.void]
    rows: Rows
    bank: Bank
    curve: NDArray[np.float32]  # brightness to amplitude
    masks: NDArray[np.bool_]

    @classmethod
    def empty(cls, partials: int) -> "Scan":
        """A scan of up to ``partials`` rows, to be ``reset``."""
        two = np.zeros((2, 2, partials), np.float32)
        bank = Bank(
            np.zeros((2, partials), np.int32), np.zeros((2, partials), np.int32), two, two.copy(), two.copy(),
            np.zeros(partials, np.int32), np.zeros((2, partials), np.float32), np.zeros((2, partials), np.float32),
        )  # fmt: skip
        return cls(np.zeros(1, _STATE), empty_rows(partials), bank, np.zeros(1025, np.float32), SCALE_MASKS)

    def reset(self, phase: NDArray[np.int32]) -> None:
        """As new, silent, the partials (2, partials) at the phases given."""
        for array in self.bank:
            array[...] = 0
        self.bank.phase[...] = phase
        self.state[...] = np.zeros(1, _STATE)
        self.state["heading"] = 1.0
        self.state["wanted_rows"] = self.state["blank"] = 1
        self.state["gamma"] = -1.0


@kernel
def hush_scan(scan: Scan) -> None:
    """Silence at once, where nothing is heard of it: before sleep, and at the end of a panic."""
    s, bank = scan.state[0], scan.bank
    for i in range(bank.level.size):
        bank.level.flat[i] = bank.parting.flat[i] = 0.0
    s.switching = s.gliding = 0
    s.visits = 0  # it may wake to another picture


@kernel
def rest_scan(scan: Scan, columns: int, knobs: Record, bpm: float, beats: float, sample_rate: float) -> None:
    """A chunk in which nothing of the scan is heard: the playhead alone goes on."""
    s = scan.state[0]
    s.offset = knobs.scan_offset
    move_playhead(knobs, s, columns, bpm, beats, sample_rate)


@kernel
def scan_chunk(
    scan: Scan, score: NDArray[np.float32], knobs: Record, mix: NDArray[np.float32], bpm: float, beats: float,
    sample_rate: float,
) -> None:  # fmt: skip
    """Add one chunk of all partials to ``mix`` (2, CHUNK): move the playhead, aim every partial, let the bank ring.

    Args:
        score: float32 (3, columns, rows): left, right, warmth. knobs: record with the fields ``scan_*``, in range.
        bpm: the tempo. beats: those passed at the chunk's end, or NaN.
    """
    s, rows, bank = scan.state[0], scan.rows, scan.bank
    glide_chunks = max(int(_GLIDE_S * sample_rate / CHUNK + 0.5), 1)
    changed = (s.fresh == 1 or s.offset != knobs.scan_offset or s.direction != knobs.scan_direction
               or s.normalise != knobs.scan_normalise)  # fmt: skip
    s.fresh, s.offset = 0, knobs.scan_offset
    s.direction, s.normalise = knobs.scan_direction, knobs.scan_normalise

    if s.gamma != knobs.scan_gamma or s.contrast_db != knobs.scan_contrast_db or s.invert != knobs.scan_invert:
        s.gamma, s.contrast_db, s.invert = knobs.scan_gamma, knobs.scan_contrast_db, knobs.scan_invert
        _draw_curve(scan.curve, s.gamma, s.contrast_db, s.invert > 0.5)
        changed = True

    in_scale = knobs.scan_rows == SCALE
    moved = (s.low_hz != knobs.scan_low_hz or s.high_hz != knobs.scan_high_hz or s.tilt_db != knobs.scan_tilt_db
             or (in_scale and s.detune_cents != knobs.scan_detune_cents))  # fmt: skip
    other = (s.rows != s.wanted_rows or s.mode != knobs.scan_rows
             or (in_scale and (s.scale != knobs.scan_scale or s.root != knobs.scan_root)))  # fmt: skip
    takes_over = other and s.switching == 0
    if takes_over:
        _switch(s, bank)
        # What is there at the very start is heard from the first sample.
        starts = s.rows == 0
        s.switching = 0 if starts else glide_chunks
        if starts:
            s.warm_up, s.hue_tone, s.pan = knobs.scan_warm_up, knobs.scan_hue_tone, knobs.scan_pan
        s.rows, s.mode, s.scale, s.root = s.wanted_rows, knobs.scan_rows, knobs.scan_scale, knobs.scan_root
        if s.mode == ERB:
            for r in range(s.rows):
                bank.phase[s.active, r] = start_phase(s.rows - 1 - r)
    if takes_over or moved:
        s.low_hz, s.high_hz, s.tilt_db = knobs.scan_low_hz, knobs.scan_high_hz, knobs.scan_tilt_db
        s.detune_cents = knobs.scan_detune_cents
        place_rows(rows, s.rows, int(s.mode), s.low_hz, s.high_hz, scan.masks[int(s.scale)], int(s.root),
                   s.detune_cents, s.tilt_db, sample_rate)  # fmt: skip
        changed = True
        if takes_over:
            for r in range(s.rows):
                bank.step[s.active, r] = rows.step[r]

    changed = move_playhead(knobs, s, score.shape[1], bpm, beats, sample_rate) or changed
    changed = changed and not takes_over  # which comes from silence: there is nothing to glide from
    way = CHUNK / (_COLOUR_S * sample_rate)
    s.warm_up = approach(s.warm_up, knobs.scan_warm_up, way)
    s.hue_tone = approach(s.hue_tone, knobs.scan_hue_tone, way)
    s.pan = approach(s.pan, knobs.scan_pan, way)
    if s.blank == 1:
        s.visits = 0  # the next picture is not to be as loud as silence would have to be
    else:
        _measure(score, s, rows, scan.curve, sample_rate)
    _aim(score, knobs, s, rows, bank, scan.curve)
    _aim_pitch(s, rows, bank, sample_rate)
    _glide(s, bank, glide_chunks, changed)
    _ring(s, bank, mix)
    if s.switching > 0:
        s.switching -= 1
        fade = np.float32(math.cos(0.5 * math.pi * (1.0 - s.switching / glide_chunks))) if s.switching else 0.0
        _ring_out(s, bank, fade, mix)


@kernel
def _switch(s: Record, bank: Bank) -> None:
    """Let the other set of partials take over."""
    old, s.active = s.active, 1 - s.active
    # Loops, not slices: those take numba seconds to compile.
    for c in range(2):
        for p in range(bank.phase.shape[1]):
            bank.parting[old, c, p] = bank.level[old, c, p]
            bank.level[s.active, c, p] = 0.0
            bank.parting[s.active, c, p] = 0.0
            bank.tone[s.active, c, p] = 0.0
    s.gliding = 0
    s.visits = 0


@kernel
def _ring(s: Record, bank: Bank, mix: NDArray[np.float32]) -> None:
    count = s.rows
    phase, step, level = bank.phase[s.active, :count], bank.step[s.active, :count], bank.level[s.active, :, :count]
    next_step, next_level = bank.next_step[:count], bank.next_level[:, :count]
    if s.toned > 0:
        add_toned_partials(phase, step, level, bank.tone[s.active, :, :count], next_step, next_level,
                           bank.next_tone[:, :count], mix)  # fmt: skip
    else:
        add_partials(phase, step, level, next_step, next_level, mix)


@kernel
def _ring_out(s: Record, bank: Bank, fade: float, mix: NDArray[np.float32]) -> None:
    """What was taken over from, fading."""
    old = 1 - s.active
    for c in range(2):
        for p in range(bank.phase.shape[1]):
            bank.next_level[c, p] = bank.parting[old, c, p] * fade
    if s.toned > 0:
        add_toned_partials(bank.phase[old], bank.step[old], bank.level[old], bank.tone[old], bank.step[old],
                           bank.next_level, bank.tone[old], mix)  # fmt: skip
    else:
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
def _loudness(curve: NDArray[np.float32], brightness: np.float32) -> np.float32:
    x = brightness * np.float32(len(curve) - 1)
    i = min(int(x), len(curve) - 2)
    return curve[i] + (curve[i + 1] - curve[i]) * (x - np.float32(i))


@kernel
def _coloured(warmth: np.float32) -> np.float32:
    """Warmth -1..1 with pale colours raised."""
    return warmth * (np.float32(1.0) + _FULL_COLOUR) / (_FULL_COLOUR + abs(warmth))


@kernel
def _lifted(warm_up: float, warmth: np.float32, row: int, rows: int) -> np.float32:
    """Gain of a cell: warm ones sound in the upper half and cool ones in the lower, or the other way round."""
    height = 2.0 * (rows - 1 - row) / (rows - 1) - 1.0 if rows > 1 else 0.0
    gain = np.float32(1.0) + np.float32(warm_up * height) * _coloured(warmth)
    return gain * gain


@kernel
def _measure(
    score: NDArray[np.float32], s: Record, rows: Rows, curve: NDArray[np.float32], sample_rate: float
) -> None:
    """Let one more column into the running level of the picture (several at first), in golden-ratio order."""
    for _ in range(_FIRST_VISITS if s.visits == 0 else 1):
        column = int((s.visits * _GOLDEN) % 1.0 * score.shape[1])
        left, right, warmth = score[0, column], score[1, column], score[2, column]
        power = 0.0
        for r in range(s.rows):
            level = _loudness(curve, max(left[r], right[r])) * rows.gain[r]
            if s.warm_up != 0.0:
                level *= _lifted(s.warm_up, warmth[r], r, s.rows)
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
    columns = score.shape[1]
    to_and_fro = knobs.scan_direction == TO_AND_FRO
    x = s.shown * (columns - 1 if to_and_fro else columns)
    here = min(int(x), columns - 1)
    there = min(here + 1, columns - 1) if to_and_fro else (here + 1) % columns
    share = np.float32(x - here)
    # Brightness rests at the middle of a column: what is heard there is that column.
    share *= share * (np.float32(3.0) - np.float32(2.0) * share)
    angle = 0.5 * math.pi * (0.5 + s.pan * (s.shown - 0.5))
    pan_left, pan_right = np.float32(math.sqrt(2.0) * math.cos(angle)), np.float32(math.sqrt(2.0) * math.sin(angle))
    left0, left1, right0, right1 = score[0, here], score[0, there], score[1, here], score[1, there]
    colours = s.warm_up != 0.0 or s.hue_tone > 0.0
    # One chunk more than the knob is up, so that the overtones fade out; what is taken over from keeps its own.
    if s.hue_tone > 0.0:
        s.toned = 2
    elif s.toned > 0 and s.switching == 0:
        s.toned -= 1

    power, present = 0.0, np.float32(1 - s.blank)
    for r in range(s.rows):
        left = left0[r] + (left1[r] - left0[r]) * share
        right = right0[r] + (right1[r] - right0[r]) * share
        level = _loudness(curve, max(left, right)) * present * rows.gain[r]
        tone = np.float32(0.0)
        if colours:
            warmth = score[2, here, r] + (score[2, there, r] - score[2, here, r]) * share
            level *= _lifted(s.warm_up, warmth, r, s.rows)
            tone = _coloured(warmth) * rows.overtones[r] * np.float32(s.hue_tone) * _OVERTONES
        power += level * level * rows.weight[r]
        left += _GREY
        right += _GREY
        level /= np.float32(math.sqrt(left * left + right * right))
        if s.toned > 0:
            bank.next_tone[0, r], bank.next_tone[1, r] = max(tone, np.float32(0.0)), max(-tone, np.float32(0.0))
            # Overtones change the colour of the sound, not its power.
            level /= np.float32(math.sqrt(np.float32(1.0) + np.float32(1.25) * tone * tone))
        bank.next_level[0, r] = level * left * pan_left
        bank.next_level[1, r] = level * right * pan_right

    # A quarter: half for two channels, half for the power of a sine.
    if knobs.scan_normalise > 0.5:
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
    """Blend what was sounding into what is aimed at, after a change, and let it rise while the other set fades."""
    parting = bank.parting[s.active]
    if s.switching > 0:
        rise = np.float32(math.sin(0.5 * math.pi * (1.0 - (s.switching - 1) / glide_chunks)))
        for c in range(2):
            for r in range(s.rows):
                bank.next_level[c, r] *= rise
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
