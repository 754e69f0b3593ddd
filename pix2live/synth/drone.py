"""The drone: the whole picture at once, as a slowly breathing chord; motion stirs it."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK, TONED_HARMONICS, add_partials, add_toned_partials, step_from_hz
from pix2live.signals.spec import ParamSpec
from pix2live.synth.rows import SCALE_MASKS, SCALES, TONICS, ear_weight, list_notes, note_hz

MAX_PARTIALS = 1024
DRONE_SPECS = (
    ParamSpec("synth.drone.stir", "stir"),
    ParamSpec("synth.drone.density", "density", "partials", 2.0, float(MAX_PARTIALS), 96.0, curve="exp", kind="int"),
    ParamSpec("synth.drone.root", "root", high=11.0, default=2.0, kind="choice", choices=TONICS),
    ParamSpec("synth.drone.scale", "scale", high=len(SCALES) - 1.0, kind="choice", choices=tuple(SCALES)),
    ParamSpec("synth.drone.low_hz", "lowest note", "Hz", 20.0, 2000.0, 55.0, curve="exp"),
    ParamSpec("synth.drone.high_hz", "highest note", "Hz", 100.0, 12000.0, 1800.0, curve="exp"),
    ParamSpec("synth.drone.breath_s", "breath", "s", 2.0, 90.0, 14.0, curve="exp"),
    ParamSpec("synth.drone.tilt_db", "tilt an octave", "dB", -12.0, 3.0, -4.5),
    ParamSpec("synth.drone.detune_cents", "detune", "cents", 0.0, 50.0, 7.0, curve="square"),
    ParamSpec("synth.drone.metal", "fine detail rings", default=0.6),
    ParamSpec("synth.drone.width", "width", default=0.8),
)  # fmt: skip

_EVERY = 16  # chunks between two looks of a partial at the picture
_TRIP_S = 50.0  # along a row, unstirred
_STIRRED = 24.0  # times as fast
_KNOB_S = 0.1
_LEVEL_S = 6.0
_TARGET = 0.1  # RMS of a channel
_CEILING = 0.2
_BOOST = 6.0
_RISE_S, _FALL_S, _RING_RISE_S, _RING_FALL_S = 0.35, 1.4, 0.03, 1.1
_TURN_S = 0.03
_LEAVE_S, _DISSOLVE_S = 0.08, 1.5
_GONE = 1e-4  # a partial takes another note where it is not heard
_SAME_NOTE = 0.03
_VOICED_HZ = 130.0  # below it only root and fifth: anything else is mud
_REACH = 0.012  # of the picture's width, to either side, where detail is looked for
_SECOND = 0.6  # level of the flat one of two
_SLOWLY_HZ = 300.0
_MODES = (2.756, 5.404)  # of a free bar
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0

_STATE = np.dtype([
    ("begun", np.int64), ("chunks", np.int64), ("sounding", np.int64), ("notes", np.int64),
    ("root", np.float64), ("scale", np.float64), ("low_hz", np.float64), ("high_hz", np.float64),
    ("since_s", np.float64),  # the notes were dealt out
    ("wander", np.float64), ("breath", np.float64), ("tremor", np.float64),
    ("stir", np.float64), ("tilt_db", np.float64), ("width", np.float64), ("metal", np.float64),
    ("detune_cents", np.float64),
    ("mean", np.float64),  # brightness
    ("power", np.float64), ("norm", np.float64),
    ("seen", np.int64),  # chunks since there was a picture
])  # fmt: skip

_PARTIAL = np.dtype([
    ("height", np.float64), ("place", np.float64), ("pace", np.float64), ("hash", np.float64), ("side", np.float64),
    ("mode", np.float64), ("pedal", np.int64),
    ("want", np.int64), ("note", np.int64),  # MIDI; 0 is none yet
    ("hz", np.float64),  # of its note, in tune
    ("aim", np.float64), ("ring_aim", np.float64), ("env", np.float64), ("ring", np.float64),
    ("left", np.float64), ("right", np.float64), ("even", np.float64), ("odd", np.float64),
    ("to_left", np.float64), ("to_right", np.float64), ("to_even", np.float64), ("to_odd", np.float64),
    ("step", np.int32), ("ring_step", np.int32), ("weight", np.float64), ("bell", np.float64),
])  # fmt: skip


class Drone(NamedTuple):
    """All that the drone remembers (arrays only, changed in place). The second half of the partials are the rings."""

    state: NDArray[np.void]
    partials: NDArray[np.void]  # (MAX_PARTIALS)
    phase: NDArray[np.int32]  # (2 * MAX_PARTIALS), likewise all below
    step: NDArray[np.int32]
    next_step: NDArray[np.int32]
    level: NDArray[np.float32]  # (channels, ...)
    next_level: NDArray[np.float32]
    tone: NDArray[np.float32]  # (even and odd, MAX_PARTIALS)
    next_tone: NDArray[np.float32]
    notes: NDArray[np.int64]
    masks: NDArray[np.bool_]

    @classmethod
    def empty(cls) -> "Drone":
        """A drone, to be ``reset``."""
        all_, half = 2 * MAX_PARTIALS, MAX_PARTIALS
        return cls(
            np.zeros(1, _STATE), np.zeros(half, _PARTIAL), np.zeros(all_, np.int32), np.zeros(all_, np.int32),
            np.zeros(all_, np.int32), np.zeros((2, all_), np.float32), np.zeros((2, all_), np.float32),
            np.zeros((2, half), np.float32), np.zeros((2, half), np.float32), np.zeros(160, np.int64), SCALE_MASKS,
        )  # fmt: skip

    def reset(self, seed: int) -> None:
        """As new and silent; all that is left to chance hangs on ``seed``."""
        for array in self[:-1]:
            array[...] = np.zeros((), array.dtype)
        rng = np.random.default_rng(seed)
        count = np.arange(MAX_PARTIALS)
        partials = self.partials
        # Two on each note, one a little sharp and one a little flat, each on a way of its own.
        partials["height"] = (0.5 + (count // 2) * _GOLDEN) % 1.0
        partials["side"] = 1.0 - 2.0 * (count % 2)
        partials["mode"] = np.take(_MODES, count // 2 % 2)
        partials["pedal"] = count < 2
        partials["place"] = rng.random(MAX_PARTIALS)
        partials["pace"] = 2.0 ** rng.uniform(-1.0, 1.0, MAX_PARTIALS) * rng.choice((-1.0, 1.0), MAX_PARTIALS)
        partials["hash"] = rng.random(MAX_PARTIALS)
        self.phase[...] = rng.integers(-(2**31), 2**31, len(self.phase), dtype=np.int64)


@kernel
def hush_drone(drone: Drone) -> None:
    """Silence at once, where nothing is heard of it: before sleep, and at the end of a panic."""
    for i in range(drone.level.size):
        drone.level.flat[i] = 0.0
    for p in drone.partials:
        p.env = p.ring = p.aim = p.ring_aim = 0.0
    drone.state[0].begun = 0
    drone.state[0].mean = 0.0


@kernel
def drone_chunk(
    drone: Drone, score: NDArray[np.float32], knobs: Any, mix: NDArray[np.float32], blank: bool, sample_rate: float
) -> None:
    """Add one chunk of the drone to ``mix`` (2, CHUNK).

    Every partial stays on its row, wanders to and fro along it at a pace of its own, and sounds a note of the scale as
    loud as the picture is bright there; each note breathes in its own time, and where the picture is finely grained
    partials ring in the modes of a metal bar. Warm places have even overtones, cool ones odd.

    Args:
        score: float32 (3, columns, rows): left, right, warmth. knobs: record with the fields ``drone_*``, in range.
        blank: there is no picture.
    """
    s = drone.state[0]
    s.seen = 0 if blank else s.seen + 1
    count = int(knobs.drone_density)
    seconds = CHUNK / sample_rate
    share = _share(_KNOB_S, seconds) if s.begun == 1 else 1.0
    s.stir += (knobs.drone_stir - s.stir) * share
    s.tilt_db += (knobs.drone_tilt_db - s.tilt_db) * share
    s.width += (knobs.drone_width - s.width) * share
    s.metal += (knobs.drone_metal - s.metal) * share
    s.detune_cents = knobs.drone_detune_cents
    s.wander += seconds / _TRIP_S * (1.0 + (_STIRRED - 1.0) * s.stir * math.sqrt(s.stir))
    s.breath += seconds / knobs.drone_breath_s * (1.0 + 3.0 * s.stir)
    s.tremor += seconds * (2.5 + 4.0 * s.stir)
    s.since_s += seconds
    _deal_notes(drone, knobs)
    first = s.begun == 0
    # What fades after the density was turned down rings on.
    s.sounding = max(s.sounding, count)
    for i in range(s.sounding):
        if first or (i - s.chunks) % _EVERY == 0:
            p = drone.partials[i]
            if _take_note(s, p, first):
                drone.step[i] = drone.step[MAX_PARTIALS + i] = 0
            wanted = i < count and p.hz < 0.5 * sample_rate
            _look(s, p, score, wanted and (p.note == p.want or s.since_s < p.hash * _DISSOLVE_S), sample_rate)
            _tune(s, p, sample_rate)
    s.chunks += 1
    s.begun = 1
    _aim(s, drone, first, seconds)
    last = s.sounding
    ring_last = MAX_PARTIALS + last
    add_toned_partials(
        drone.phase[:last], drone.step[:last], drone.level[:, :last], drone.tone[:, :last], drone.next_step[:last],
        drone.next_level[:, :last], drone.next_tone[:, :last], mix,
    )  # fmt: skip
    add_partials(
        drone.phase[MAX_PARTIALS:ring_last], drone.step[MAX_PARTIALS:ring_last],
        drone.level[:, MAX_PARTIALS:ring_last], drone.next_step[MAX_PARTIALS:ring_last],
        drone.next_level[:, MAX_PARTIALS:ring_last], mix,
    )  # fmt: skip
    while s.sounding > count and _silent(drone.partials[s.sounding - 1]):
        s.sounding -= 1


@kernel
def _silent(p: Any) -> bool:
    return p.aim == 0.0 and p.env == 0.0 and p.ring_aim == 0.0 and p.ring == 0.0


@kernel
def _share(time_s: float, seconds: float) -> float:
    return 1.0 - math.exp(-seconds / time_s)


@kernel
def _deal_notes(drone: Drone, knobs: Any) -> None:
    """Give every partial the note that it is to sound, where the knobs ask for others than before."""
    s, notes = drone.state[0], drone.notes
    if (s.begun == 1 and s.root == knobs.drone_root and s.scale == knobs.drone_scale
            and s.low_hz == knobs.drone_low_hz and s.high_hz == knobs.drone_high_hz):  # fmt: skip
        return
    s.root, s.scale, s.low_hz, s.high_hz = knobs.drone_root, knobs.drone_scale, knobs.drone_low_hz, knobs.drone_high_hz
    root = int(s.root)
    found = list_notes(notes, s.low_hz, s.high_hz, drone.masks[int(s.scale)], root)
    s.notes = 0
    for i in range(found):
        degree = (notes[i] - root) % 12
        # The root lies deepest; what lies under the first of them is left out.
        if degree == 0 or (s.notes > 0 and (degree == 7 or note_hz(notes[i]) >= _VOICED_HZ)):
            notes[s.notes] = notes[i]
            s.notes += 1
    if s.notes == 0:
        # A range without a root: the one nearest to its lower end.
        lowest = 69.0 + 12.0 * math.log2(min(s.low_hz, s.high_hz) / 440.0)
        notes[0] = root + 12 * math.floor((lowest - root) / 12.0 + 0.5)
        s.notes = 1
    s.since_s = 0.0
    for p in drone.partials:
        p.want = notes[min(int(p.height * s.notes), s.notes - 1)]
    drone.partials[0].want = drone.partials[1].want = notes[0]


@kernel
def _take_note(s: Any, p: Any, first: bool) -> bool:
    """Give a partial the note that it wants if nothing of it is heard; True where its pitch then jumps."""
    if p.note == p.want:
        return False
    hz = note_hz(p.want)
    close = p.note > 0 and abs(hz / max(p.hz, 1.0) - 1.0) < _SAME_NOTE
    if not (first or close or (p.env < _GONE and p.ring < _GONE)):
        return False
    p.note, p.hz = p.want, hz
    return not close


@kernel
def _look(s: Any, p: Any, score: NDArray[np.float32], sounding: bool, sample_rate: float) -> None:
    """Let a partial look at the picture: how loud, where and of what colour it is to be."""
    if not sounding:
        p.aim = p.ring_aim = 0.0
        return
    turn = (p.place + p.pace * s.wander) % 1.0
    place = 2.0 * turn if turn < 0.5 else 2.0 - 2.0 * turn
    columns = score.shape[1] - 1
    x, y = place * columns, (1.0 - p.height) * (score.shape[2] - 1)
    left, right = _cell(score, 0, x, y), _cell(score, 1, x, y)
    bright = max(left, right)
    s.mean += (bright - s.mean) * (0.002 if s.chunks > 0 else 0.05)
    before, after = max(place - _REACH, 0.0) * columns, min(place + _REACH, 1.0) * columns
    grain = max(abs(left - _cell(score, 0, before, y)), abs(_cell(score, 0, after, y) - left)) * (0.3 + 0.7 * bright)
    if p.pedal == 1:
        bright = max(bright, 0.7 * s.mean)

    degree = (p.note - int(s.root)) % 12
    spread = (p.note * _GOLDEN) % 1.0
    swell = 0.5 - 0.5 * math.cos(2.0 * math.pi * (s.breath * (0.6 + 0.8 * spread) + 7.0 * spread))
    breath = 0.4 + 0.6 * swell if degree in (0, 7) else 0.02 + 0.98 * swell * swell * swell
    shake = 0.5 + 0.5 * math.sin(2.0 * math.pi * (s.tremor * (0.7 + 0.6 * p.hash) + p.place))
    breath *= 1.0 - 0.75 * s.stir * shake

    octaves = math.log2(p.hz / max(min(s.low_hz, s.high_hz), 1.0))
    tilt = 10.0 ** (min(s.tilt_db + 4.0 * s.stir, 3.0) * octaves / 20.0)
    # Two that are equally loud would cancel where they beat.
    p.aim = bright * bright * breath * tilt * (1.0 if p.side > 0.0 else _SECOND)
    p.ring_aim = 1.6 * s.metal * grain * (0.3 + 0.7 * breath) * math.sqrt(tilt)
    warmth = _cell(score, 2, x, y)
    warmth *= 1.25 / (0.25 + abs(warmth))
    room = min(max((0.5 - TONED_HARMONICS * p.hz / sample_rate) * 5.0, 0.0), 1.0)
    colour = (0.08 + 0.25 * bright + 0.5 * s.stir * bright) * room
    p.to_even, p.to_odd = colour * (1.0 + warmth), colour * (1.0 - warmth)
    hue = (right - left) / (left + right + 1e-4)
    lean = min(max(0.6 * hue + s.width * p.side * (0.35 + 0.65 * p.hash), -1.0), 1.0)
    angle = 0.25 * math.pi * (1.0 + lean)
    p.to_left, p.to_right = math.cos(angle), math.sin(angle)


@kernel
def _cell(score: NDArray[np.float32], plane: int, x: float, y: float) -> float:
    """A plane of the score at column ``x`` and row ``y``, between cells."""
    column, row = int(x), int(y)
    right, below = min(column + 1, score.shape[1] - 1), min(row + 1, score.shape[2] - 1)
    a, b = x - column, y - row
    upper = score[plane, column, row] * (1.0 - a) + score[plane, right, row] * a
    lower = score[plane, column, below] * (1.0 - a) + score[plane, right, below] * a
    return upper * (1.0 - b) + lower * b


@kernel
def _tune(s: Any, p: Any, sample_rate: float) -> None:
    """Where a partial and its ring are going in pitch, and how loud the ear hears them there."""
    # Less of it high up, where as many cents beat faster.
    cents = s.detune_cents * (0.5 + 0.5 * p.hash) * math.sqrt(min(_SLOWLY_HZ / p.hz, 1.0))
    hz = p.hz * 2.0 ** (p.side * cents / 1200.0)
    p.step, p.ring_step = step_from_hz(hz, sample_rate), step_from_hz(hz * p.mode, sample_rate)
    p.weight = ear_weight(hz) * (1.0 + 1.25 * (p.to_even * p.to_even + p.to_odd * p.to_odd))
    p.bell = ear_weight(hz * p.mode) if hz * p.mode < 0.45 * sample_rate else 0.0


@kernel
def _aim(s: Any, drone: Drone, first: bool, seconds: float) -> None:
    """What every partial and every ring shall have reached when this chunk ends."""
    next_level, next_tone = drone.next_level, drone.next_tone
    rise, fall = _share(_RISE_S / (1.0 + 3.0 * s.stir), seconds), _share(_FALL_S / (1.0 + 3.0 * s.stir), seconds)
    ring_rise, ring_fall = _share(_RING_RISE_S, seconds), _share(_RING_FALL_S, seconds)
    leave, turn = _share(_LEAVE_S, seconds), 1.0 if first else _share(_TURN_S, seconds)
    power = wanted = 0.0
    for i in range(s.sounding):
        p, ring_at = drone.partials[i], MAX_PARTIALS + i
        leaving = p.note != p.want and p.aim == 0.0
        p.env = _approached(p.env, p.aim, rise, leave if leaving else fall)
        p.ring = _approached(p.ring, p.ring_aim, ring_rise, leave if leaving else ring_fall)
        if first:
            p.env = p.aim
        p.left += (p.to_left - p.left) * turn
        p.right += (p.to_right - p.right) * turn
        p.even += (p.to_even - p.even) * turn
        p.odd += (p.to_odd - p.odd) * turn
        ringing = p.ring if p.bell > 0.0 else 0.0
        power += p.env * p.env * p.weight + ringing * ringing * p.bell
        wanted += p.aim * p.aim * p.weight + ringing * ringing * p.bell
        drone.next_step[i] = _glided(drone.step, i, p.step)
        drone.next_step[ring_at] = _glided(drone.step, ring_at, p.ring_step)
        next_level[0, i], next_level[1, i] = p.env * p.left, p.env * p.right
        # A ring stands across from its partial.
        next_level[0, ring_at], next_level[1, ring_at] = ringing * p.right, ringing * p.left
        next_tone[0, i], next_tone[1, i] = p.even, p.odd
    # Without a picture nothing is learned: what comes after it would be too loud for seconds. A new one is soon known.
    if s.seen > 0:
        share = 1.0 if first else max(1.0 / (s.seen + _EVERY), _share(_LEVEL_S, seconds))
        # Half for two channels, half for the power of a sine.
        s.power += (0.25 * wanted - s.power) * share
    if s.power < 1e-30:
        s.power = 0.0
    norm = _TARGET / math.sqrt(s.power + (_TARGET / _BOOST) ** 2)
    norm *= (1.0 + (0.25 * power * norm * norm / _CEILING**2) ** 2) ** -0.25
    for c in range(2):
        for i in range(s.sounding):
            next_level[c, i] *= np.float32(norm)
            next_level[c, MAX_PARTIALS + i] *= np.float32(norm)


@kernel
def _approached(now: float, aim: float, rise: float, fall: float) -> float:
    now += (aim - now) * (rise if aim > now else fall)
    return now if now > 1e-7 else 0.0


@kernel
def _glided(step: NDArray[np.int32], at: int, want: np.int32) -> np.int32:
    if step[at] == 0:
        step[at] = want
    away = float(want) - float(step[at])
    return want if abs(away) < 100.0 else np.int32(step[at] + 0.05 * away)
