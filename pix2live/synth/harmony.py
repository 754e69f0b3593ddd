"""Harmony: real music from a picture, played by additive voices.

The instrument composes as it plays. What it reads from the picture are params, fed by ordinary routes:

=============  =========  ====================================================================================
param          range      what it does, and what usually feeds it (vision signals)
=============  =========  ====================================================================================
``valence``    -1..1      mode, from phrygian to lydian: 1.1 brightness + 1.6 saturation + 0.16 warmth - 1
``arousal``    -1..1      tempo (with 0.7 valence), style, loudness: 2 saturation - 0.64 brightness + 0.2 warmth + 0.5
                         edges + 0.35 texture
``brightness`` 0..1       of the sound and the parts' balance: 0.9 brightness + 0.7 edges + 0.6 angularity
``warmth``     0..1       key (warm has flats), strings or glass: warmth
``density``    0..1       how many notes: 1.8 edges + 0.1
``rhythm``     0..1       from even to syncopated: texture
``roughness``  0..1       of the sound, from round to harsh and somewhat short: 0.65 roughness + angularity
``staccato``   0..1       from flowing notes to notes cut short and chords cut up, but in ambient style: 1.7 angularity
``register``   0..1       how high it plays: 0.6 brightness + 0.95 centre_y - 0.9 size
``tension``    0..1       from triads to elevenths and chords from outside: 0.6 contrast + 0.05
=============  =========  ====================================================================================

The first two are Valdez & Mehrabian's equations (1994), P = .69 B + .22 S and A = -.31 B + .60 S, for pictures whose
brightness has mean .6 and deviation .2 and whose saturation has mean .25 and deviation .15, halved so that most
pictures lie within -1..1; edges and texture, of which they do not speak, add to arousal: so a calm landscape (-0.4)
floats, and a city at night (0.4) pulses.

Style, mode and key turn where a phrase or section begins (at the next bar where the change is drastic); density,
dynamics, brightness and roughness at once. Form: sections of eight bars, movements of eight sections, themes that stay
for several movements. Every choice is a hash of the seed and its place in the piece, so that the same params give the
same piece. Latency: none; a note begins on its own sample.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.dsp.weighting import k_weighting, weighted_power
from pix2live.signals.spec import ParamSpec
from pix2live.synth.composing import MODES
from pix2live.synth.melody import compose_melody, retune_melody
from pix2live.synth.notelog import LOG_MEMORY, NOTE_SLOTS
from pix2live.synth.patterns import ARP, BASS, DRUMS, GENERAL_MIDI, PAD, PARTS, PULSE, STYLES
from pix2live.synth.percussion import DRUMS_MEMORY, drum, fill_kit, still
from pix2live.synth.piece import PIECE_MEMORY, astray, begin_bar, turn_bar, wanted_tempo
from pix2live.synth.players import (
    LEVELS,
    PLAYERS_MEMORY,
    change_chord,
    chord_opening,
    forget,
    plan_bar,
    play_due,
    play_step,
)
from pix2live.synth.sounds import fill_sounds
from pix2live.synth.voices import GATED, VOICES_MEMORY, brighten, hush, sing

Record = Any
KEYS = ("auto", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_TARGET_POWER = 2.0 * 10.0 ** (-20.0 / 10.0)  # of both channels: -20 dBFS RMS each
_LEVEL_S = 40.0  # of the slow gain that keeps the long run even
_FIRST_LEVEL_S = 4.0  # and of its beginning, when it knows little of the piece
_CUT_S = 0.012
_LIGHTER_DB = np.array([-6.0, -12.0, 3.0, 4.0, 6.0, 0.0])  # each part: dark pictures lie deep, light ones high
_MOST_GAIN = 2.5
_SMOOTH_S = 0.02
_USUAL = 0.75  # a part's level at which it stands as it was balanced
_TEMPO_S = 1.5
_LIFT_DB = 4.5  # louder by, where arousal is 1 above the usual
_USUAL_S = 120.0  # and what is usual follows so slowly
_LIFT_S = 0.5


def _choice(name: str, label: str, choices: tuple[str, ...]) -> ParamSpec:
    return ParamSpec(f"synth.harmony.{name}", label, high=len(choices) - 1.0, kind="choice", choices=choices)


def _knob(name: str, label: str, default: float, low: float = 0.0) -> ParamSpec:
    return ParamSpec(f"synth.harmony.{name}", label, low=low, default=default)


HARMONY_SPECS: tuple[ParamSpec, ...] = (
    _knob("valence", "valence", 0.1, -1.0),
    _knob("arousal", "arousal", 0.0, -1.0),
    _knob("brightness", "brightness", 0.5),
    _knob("warmth", "warmth", 0.5),
    _knob("density", "density", 0.4),
    _knob("rhythm", "rhythm", 0.4),
    _knob("roughness", "roughness", 0.1),
    _knob("staccato", "staccato", 0.1),
    _knob("register", "register", 0.5),
    _knob("tension", "tension", 0.3),
    _choice("key", "key", KEYS),
    _choice("mode", "mode", ("auto", *MODES)),
    ParamSpec("synth.harmony.tempo", "tempo (0: auto)", "BPM", 0.0, 200.0, 0.0),
    ParamSpec("synth.harmony.follow", "follow the beat", kind="bool"),
    ParamSpec("synth.harmony.seed", "seed", high=9999.0, kind="int"),
    _choice("style", "style", ("auto", *STYLES)),
    *(_knob(part, part, _USUAL) for part in PARTS),
    _knob("swing", "swing", 0.0),
    _knob("form", "change over minutes", 0.8),
    _knob("humanise", "human hand", 0.35),
    ParamSpec("synth.harmony.ending", "come to an end", kind="bool"),
)
_NAMES = tuple(spec.id.removeprefix("synth.harmony.") for spec in HARMONY_SPECS)
CONTROLS = np.dtype([(f"harmony_{name}", np.float32) for name in _NAMES])
_KNOBS = np.dtype([(name, np.float64) for name in _NAMES], align=True)


_MEMORY = np.dtype([
    ("knobs", _KNOBS),
    ("piece", PIECE_MEMORY),
    ("players", PLAYERS_MEMORY),
    ("voices", VOICES_MEMORY),
    ("percussion", DRUMS_MEMORY),
    ("log", LOG_MEMORY),
    ("biquads", np.float64, (2, 5)), ("heard", np.float64, (2, 4)),  # the ear's weighting, and its memory
    ("sum", np.float32, (2, CHUNK)), ("out", np.float32, (2, CHUNK)),  # before and after the artist's levels
    ("buses", np.float32, (len(PARTS), 2, CHUNK)),
    ("gains", np.float64, (2, len(PARTS))),  # balance of the style, level asked for; below 0 not yet set
    ("dip", np.float64),  # how far the kick has ducked the others
    ("open", np.float64), ("opens", np.float64),  # how far staccato lets chords through, and will in a moment
], align=True)  # fmt: skip


class HarmonyState(NamedTuple):
    """All that the instrument remembers; arrays are changed in place."""

    memory: NDArray[np.void]  # (1): one record, so that kernels are handed one pointer
    notes: NDArray[np.void]  # (NOTE_SLOTS) within it: the ring of notes played, see ``notelog``
    note_count: NDArray[np.int64]  # (1) within it: how many events the ring has been given

    @property
    def piece(self) -> Any:
        """Where the piece stands, as a view: ``piece.state["position"][0]``, ``["beat"]``, ``["bpm"]`` and so on."""
        return self.memory["piece"].view(np.recarray)


class Harmony:
    """The instrument's memory; ``harmony_chunk`` plays it.

    Args:
        sample_rate: Hz. seed: another seed is another piece.

    ``reset`` belongs to the thread that plays, ``state.notes`` and ``state.note_count`` may be read from any other.
    """

    def __init__(self, sample_rate: float, seed: int = 1) -> None:
        memory = np.zeros(1, _MEMORY)
        memory["piece"]["state"]["sample_rate"], memory["piece"]["state"]["own_seed"] = sample_rate, seed
        memory["biquads"] = k_weighting(float(sample_rate))
        fill_sounds(memory["voices"]["sounds"])
        fill_kit(memory["percussion"])
        memory["players"]["queue"]["due"] = memory["players"]["strings"] = -1
        memory["voices"]["bright"] = memory["gains"] = -1.0
        memory["piece"]["state"]["bar"] = memory["piece"]["state"]["chosen_seed"] = -1
        self._new = memory.copy()
        self.state = HarmonyState(memory, memory["log"]["notes"][0], memory["log"]["note_count"][0])

    @property
    def position(self) -> int:
        """Samples played since the reset."""
        return int(self.state.memory["piece"]["state"]["position"][0])

    def reset(self) -> None:
        """Silence, and the piece from its beginning; the count of notes goes on."""
        memory, notes, count = self.state
        voices, strokes = memory["voices"]["voice"][0], memory["percussion"]["stroke"][0]
        sounding = [(voice["part"], voice["note"]) for voice in voices[voices["state"] == GATED]]
        strokes = strokes[(strokes["state"] > 0) & (strokes["told"] == 0)]
        sounding += [(DRUMS, GENERAL_MIDI[stroke["drum"]]) for stroke in strokes]
        for part, note in sounding:
            notes[count[0] % NOTE_SLOTS] = (self.position, part, note, 0.0)
            count[0] += 1
        for name in _MEMORY.names or ():
            if name != "log":
                memory[name] = self._new[name]


@kernel
def silence_harmony(state: HarmonyState) -> None:
    """Every note ended at once and its end logged; the piece begins anew with the next chunk. Real-time safe.

    For panic, and for when the instrument is put to sleep: the caller fades out first.
    """
    m = state.memory[0]
    piece, s = m.piece, m.piece.state
    hush(m.voices, m.log, s.position)
    still(m.percussion, m.log, s.position)
    forget(m.players)
    for c in range(2):
        for i in range(4):
            m.heard[c, i] = 0.0
    m.voices.bright = -1.0
    m.voices.serial = m.percussion.serial = 0
    for i in range(len(piece.voicing)):
        piece.voicing[i] = 0
    s.started = s.bass = s.duck = s.light = 0
    s.phase = s.section = s.slot = s.bass_in = 0
    s.chosen_seed = -1
    s.usual = s.lift = 0.0
    for part in range(len(PARTS)):
        m.gains[0, part] = m.gains[1, part] = -1.0
    m.dip = 0.0


@kernel
def harmony_chunk(state: HarmonyState, controls: Record, mix: NDArray[np.float32], bpm: float, beats: float) -> None:
    """Add the next CHUNK samples to ``mix`` (2, CHUNK). Real-time safe.

    Args:
        controls: record with a float32 field ``harmony_NAME`` for each of HARMONY_SPECS, in range, without NaN.
        bpm, beats: tempo and beat position of the transport at the first sample; they count where ``follow`` is on and
            both are finite.
    """
    m = state.memory[0]
    k = m.knobs
    k.valence, k.arousal, k.brightness = controls.harmony_valence, controls.harmony_arousal, controls.harmony_brightness
    k.warmth, k.density, k.rhythm = controls.harmony_warmth, controls.harmony_density, controls.harmony_rhythm
    k.roughness, k.register, k.tension = controls.harmony_roughness, controls.harmony_register, controls.harmony_tension
    k.staccato = controls.harmony_staccato
    k.key, k.mode, k.tempo = controls.harmony_key, controls.harmony_mode, controls.harmony_tempo
    k.follow, k.seed, k.style = controls.harmony_follow, controls.harmony_seed, controls.harmony_style
    k.pad, k.bass, k.arp = controls.harmony_pad, controls.harmony_bass, controls.harmony_arp
    k.melody, k.bells, k.drums = controls.harmony_melody, controls.harmony_bells, controls.harmony_drums
    k.swing, k.form, k.humanise = controls.harmony_swing, controls.harmony_form, controls.harmony_humanise
    k.ending = controls.harmony_ending
    _advance(m, mix, bpm, beats)


@kernel
def _advance(m: Record, mix: NDArray[np.float32], bpm: float, beats: float) -> None:
    knobs, piece = m.knobs, m.piece
    s = piece.state
    rate, now = s.sample_rate, s.position
    _keep_time(m, bpm, beats)
    wanted = 0.14 + 0.6 * knobs.brightness + 0.12 * (1.0 + knobs.arousal) + 0.16 * knobs.roughness
    wanted = min(max(wanted, 0.0), 1.0)
    share = 1.0 - math.exp(-CHUNK / (_SMOOTH_S * rate))
    s.light += (wanted - s.light) * (share if s.light > 0.0 else 1.0)
    brighten(m.voices, s.light)
    play_due(m.players, m.voices, m.percussion, m.log, piece, knobs, now, CHUNK)
    for part in range(len(PARTS)):
        for c in range(2):
            for n in range(CHUNK):
                m.buses[part, c, n] = 0.0
    sing(m.voices, m.log, now, m.buses, rate)
    drum(m.percussion, m.log, now, m.buses[DRUMS], rate)
    _blend(m, mix)
    s.position += CHUNK


@kernel
def _keep_time(m: Record, bpm: float, beats: float) -> None:
    """Let every step that begins within this chunk be played, each from its own sample."""
    knobs, piece = m.knobs, m.piece
    s = piece.state
    rate = s.sample_rate
    led = knobs.follow > 0.5 and np.isfinite(beats) and np.isfinite(bpm) and bpm > 1.0
    if s.started == 0:
        s.started = s.fresh = 1
        s.began = s.position
        m.open = m.opens = 1.0
        s.beat = beats if led else 0.0
        s.next_step = math.ceil(4.0 * s.beat - 1e-9)
        s.first_bar = s.next_step // 16
        s.bar = -1
        s.bpm = wanted_tempo(knobs)
        s.power = s.wanted_power = 0.0
        s.gain = 1.0
    if led:
        # A jump of the transport is followed without playing what lies between.
        if abs(beats - s.beat) > 0.5:
            s.next_step = math.ceil(4.0 * beats - 1e-9)
        s.beat, s.bpm = beats, bpm
    else:
        if knobs.tempo >= 40.0:
            s.wanted_bpm = knobs.tempo
        if s.wanted_bpm > 0.0 and s.fresh == 0:
            s.bpm += (s.wanted_bpm - s.bpm) * (1.0 - math.exp(-CHUNK / (_TEMPO_S * rate)))
    per_beat = rate * 60.0 / s.bpm
    s.samples_per_step = 0.25 * per_beat
    end = s.beat + CHUNK / per_beat
    while 0.25 * s.next_step < end:
        at = s.position + max(0.25 * s.next_step - s.beat, 0.0) * per_beat
        step = s.next_step % 16
        bar = s.next_step // 16
        if s.fresh == 1 and bar < s.first_bar:
            s.first_bar = bar
        if bar - s.first_bar != s.bar:
            s.bar = bar - s.first_bar
            _begin_bar(m, at)
        elif s.bar == 0 and step % 4 == 0 and astray(knobs, s):
            # A camera's first picture may come late: the first bar is thought over at each beat.
            s.fresh = 1
            _begin_bar(m, at)
        if step == 8 and s.turning == 1:
            turn_bar(piece, knobs)
            retune_melody(piece)
            change_chord(m.players, m.voices, m.log, piece, knobs, at)
        m.opens = chord_opening(knobs, s, step)
        play_step(m.players, piece, knobs, step, at)
        s.next_step += 1
    s.beat = end


@kernel
def _begin_bar(m: Record, at: float) -> None:
    if begin_bar(m.piece, m.knobs, m.piece.state.bar):
        change_chord(m.players, m.voices, m.log, m.piece, m.knobs, at)
    plan_bar(m.piece, m.knobs)
    compose_melody(m.piece, m.knobs)


@kernel
def _towards(value: float, wanted: float, share: float) -> float:
    return value + (wanted - value) * share if abs(wanted - value) > 1e-5 else wanted


@kernel
def _blend(m: Record, mix: NDArray[np.float32]) -> None:
    """The parts at their levels into the mix, at a loudness that is even in the long run.

    A slow gain brings the mean power, weighted by the ear, to that which the form asks for on average: sections may
    differ, the long run does not drift. It listens before the artist's own levels, and so never fights them. What is
    more exciting than the last minutes is louder, by 4.5 dB for 1 of arousal, until it is usual.
    """
    knobs, s = m.knobs, m.piece.state
    total, out = m.sum, m.out
    rate = s.sample_rate
    share = 1.0 - math.exp(-CHUNK / (_SMOOTH_S * rate))
    levels = (knobs.pad, knobs.bass, knobs.arp, knobs.melody, knobs.bells, knobs.drums)
    pump = 0.5 if s.style == PULSE else 0.0
    duck = s.duck
    s.duck *= math.exp(-CHUNK / (0.11 * rate))
    if s.duck < 1e-3:
        s.duck = 0.0
    for c in range(2):
        for n in range(CHUNK):
            total[c, n] = out[c, n] = 0.0
    for part in range(len(PARTS)):
        wanted_balance, wanted_level = LEVELS[s.style, part], (levels[part] / _USUAL) ** 2
        wanted_balance *= min(10.0 ** (0.05 * _LIGHTER_DB[part] * (knobs.brightness - 0.5)), 1.4)
        if m.gains[0, part] < 0.0:
            m.gains[0, part], m.gains[1, part] = wanted_balance, wanted_level
        balance, level = m.gains[0, part], m.gains[1, part]
        m.gains[0, part] = _towards(balance, wanted_balance, 0.25 * share)
        m.gains[1, part] = _towards(level, wanted_level, share)
        dip0 = dip1 = 1.0
        if part in (PAD, BASS, ARP):
            depth = pump * (0.5 if part == ARP else 1.0)
            dip0, dip1 = 1.0 - depth * m.dip, 1.0 - depth * duck
        if part == PAD:
            dip0 *= m.open
            m.open += (m.opens - m.open) * (1.0 - math.exp(-CHUNK / (_CUT_S * rate)))
            dip1 *= m.open
        a, b = np.float32(balance * dip0), np.float32(m.gains[0, part] * dip1)
        c0, c1 = np.float32(level), np.float32(m.gains[1, part])
        for c in range(2):
            bus = m.buses[part, c]
            for n in range(CHUNK):
                t = np.float32((n + 1) / CHUNK)
                x = bus[n] * (a + (b - a) * t)
                total[c, n] += x
                out[c, n] += x * (c0 + (c1 - c0) * t)
    m.dip = duck
    power = weighted_power(m.biquads, m.heard, total)
    wanted = _TARGET_POWER * 10.0 ** (0.1 * s.wanted_db)
    gain = s.gain
    if power > 1e-7:
        played_s = (s.position - s.began) / rate
        slow = 1.0 - math.exp(-CHUNK / (min(_LEVEL_S, _FIRST_LEVEL_S + played_s) * rate))
        if s.power == 0.0:
            s.power = s.wanted_power = wanted
        s.power += (power - s.power) * slow
        s.wanted_power += (wanted - s.wanted_power) * slow
        s.gain = min(max(math.sqrt(s.wanted_power / s.power), 1.0 / _MOST_GAIN), _MOST_GAIN)
    lift = s.lift
    wanted = 10.0 ** (0.05 * _LIFT_DB * (knobs.arousal - s.usual))
    s.lift += (wanted - lift) * (1.0 - math.exp(-CHUNK / (_LIFT_S * rate)) if lift > 0.0 else 1.0)
    s.usual += (knobs.arousal - s.usual) * (1.0 - math.exp(-CHUNK / (_USUAL_S * rate)))
    before, after = gain * (lift if lift > 0.0 else s.lift), s.gain * s.lift
    for c in range(2):
        for n in range(CHUNK):
            mix[c, n] += out[c, n] * np.float32(before + (after - before) * ((n + 1) / CHUNK))
