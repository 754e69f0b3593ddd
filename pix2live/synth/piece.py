"""Where the piece stands: what the composer remembers, and what each new bar decides."""

import math
from typing import Any

import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.synth.composing import (
    MODES,
    SCALES,
    SLOTS,
    TONES,
    VOICES,
    chance,
    kind_of_chord,
    lead,
    progression,
    spell,
)
from pix2live.synth.patterns import (
    AMBIENT,
    BARS_PER_CHORD,
    CHAMBER,
    ENTRY,
    INTENSITY,
    MINIMAL,
    MODULATIONS,
    PULSE,
    SECTION_BARS,
    SECTIONS,
    STEADY_INTENSITY,
    THEMES,
)

Record = Any
PHRASE_BARS = 4
PLAYING, CADENCING, ENDING, ENDED = range(4)
FORM_RANGE_DB = 8.0
"""What the form may differ by in loudness, from no intensity to full."""
_MEAN_DB = 10.0 * np.log10(np.mean(10.0 ** (0.1 * FORM_RANGE_DB * (INTENSITY - STEADY_INTENSITY)), axis=1))
_HYSTERESIS = 0.07
_DRASTIC = 0.3  # beyond this the style or mode turns at the next bar, not the next phrase

_STATE = np.dtype([
    ("sample_rate", np.float64), ("seed", np.int64), ("own_seed", np.int64), ("chosen_seed", np.int64),
    ("position", np.int64), ("started", np.int64), ("beat", np.float64), ("next_step", np.int64),
    ("bar", np.int64), ("first_bar", np.int64), ("bpm", np.float64), ("wanted_bpm", np.float64),
    ("samples_per_step", np.float64),
    ("style", np.int64), ("mode", np.int64), ("fifths", np.int64), ("tonic", np.int64),
    ("movement", np.int64), ("section", np.int64), ("theme", np.int64), ("material", np.int64),
    ("intensity", np.float64), ("wanted_db", np.float64), ("energy", np.float64), ("phase", np.int64),
    ("slot", np.int64), ("degree", np.int64), ("kind", np.int64), ("tones", np.int64), ("root", np.int64),
    ("turning", np.int64),  # 1: the second half of this bar has the dominant of what follows
    ("bass", np.int64), ("bass_in", np.int64), ("entered", np.int64),
    ("bass_line", np.int64), ("groove", np.int64), ("fill", np.int64), ("crash", np.int64),
    ("order", np.int64), ("pulse", np.int64), ("echo_pulse", np.int64), ("resting", np.int64), ("fresh", np.int64),
    ("light", np.float64), ("duck", np.float64),
    ("power", np.float64), ("wanted_power", np.float64), ("gain", np.float64), ("began", np.int64),
    ("usual", np.float64), ("lift", np.float64),  # arousal of the last minutes; gain of what is above it
], align=True)  # fmt: skip


PIECE_MEMORY = np.dtype([
    ("state", _STATE),
    ("degrees", np.int64, (SLOTS,)),  # of the theme
    ("tones", np.int64, (TONES,)),  # pitch classes of the chord, root first
    ("voicing", np.int64, (VOICES,)),  # MIDI notes of the chord, rising
    ("next_voicing", np.int64, (VOICES,)),
    ("melody", np.int64, (16, 3)),  # note (0 none), steps long, 100 x order + strength
    ("weights", np.float64, (7,)),
], align=True)  # fmt: skip


@kernel
def wanted_style(knobs: Record) -> float:
    """0 ambient .. 3 pulse, in between the nearer: calm pictures float, excited ones pulse."""
    if knobs.style >= 0.5:
        return knobs.style - 1.0
    if knobs.arousal < -0.2:
        return float(AMBIENT)
    if knobs.arousal > 0.2:
        return float(PULSE)
    return float(MINIMAL) if knobs.rhythm > 0.5 else float(CHAMBER)


@kernel
def wanted_mode(knobs: Record) -> float:
    """0 lydian .. 5 phrygian, unrounded: the brighter the feeling, the brighter the mode."""
    if knobs.mode >= 0.5:
        return knobs.mode - 1.0
    return 2.5 - 2.99 * knobs.valence


@kernel
def wanted_tempo(knobs: Record) -> float:
    """Beats a minute: 50 where all is calm and sad, 150 where all is excited and glad, or as set by hand.

    Glad music is quicker too (Palmer et al. 2013): by arousal alone, which falls with brightness, dark pictures would
    be quicker than light ones.
    """
    if knobs.tempo >= 40.0:
        return float(knobs.tempo)
    return 100.0 + 50.0 * min(max(knobs.arousal + 0.7 * knobs.valence, -1.0), 1.0)


@kernel
def wanted_fifths(knobs: Record) -> float:
    """Key as a place on the circle of fifths, C at 0: warm pictures have flats, cool ones sharps."""
    if knobs.key >= 0.5:
        pitch = int(knobs.key) - 1
        return float((pitch * 7 + 5) % 12 - 5)
    return min(max(12.0 * (0.5 - knobs.warmth), -5.0), 6.0)


@kernel
def _turn(knobs: Record, s: Record, may: bool) -> bool:
    """Let style and mode follow the picture where ``may`` (a phrase begins) or the change is drastic or by hand."""
    before = s.style * 8 + s.mode
    style = int(wanted_style(knobs))
    if style != s.style:
        edge = 0.2 if style in (AMBIENT, PULSE) and s.style in (AMBIENT, PULSE) else 0.0
        past = min(abs(abs(knobs.arousal) - 0.2), abs(knobs.rhythm - 0.5) if edge == 0.0 else 1.0)
        sure = knobs.style >= 0.5 or edge > 0.0 or past > _HYSTERESIS
        if s.fresh == 1 or (sure and (may or knobs.style >= 0.5 or past > _DRASTIC)):
            s.style = style
    mode = wanted_mode(knobs)
    away = abs(mode - s.mode)
    if s.fresh == 1 or (away > 0.5 + 3.0 * _HYSTERESIS and (may or away > 2.0 or knobs.mode >= 0.5)):
        s.mode = int(min(max(math.floor(mode + 0.5), 0.0), len(MODES) - 1.0))
    return s.style * 8 + s.mode != before


@kernel
def astray(knobs: Record, s: Record) -> bool:
    """Whether the picture wants quite another style or mode than is played."""
    return int(wanted_style(knobs)) != s.style or abs(wanted_mode(knobs) - s.mode) > 1.5


@kernel
def _form(knobs: Record, s: Record, bar: int) -> None:
    """Section, theme, intensity and key of a bar (counted from the begin of the piece)."""
    section = bar // SECTION_BARS
    movement, nth = section // SECTIONS, section % SECTIONS
    plan = int(chance(s.seed, 1, movement, 0) * (3 if movement == 0 else 4))
    # A theme stays for some movements, so that it is known when it comes again.
    s.theme = THEMES[plan, nth] if knobs.form > 0.1 else 0
    s.material = (movement // 3, 1000 + movement // 2, 2000 + movement)[s.theme]
    within = (bar % SECTION_BARS) / SECTION_BARS
    here, there = INTENSITY[plan, nth], INTENSITY[plan, (nth + 1) % SECTIONS]
    arc = here + (0.35 * (there - here) * within if there > here else 0.0)
    much = min(knobs.form * 1.25, 1.0)
    s.intensity = STEADY_INTENSITY + much * (arc - STEADY_INTENSITY)
    s.wanted_db = FORM_RANGE_DB * (s.intensity - STEADY_INTENSITY) - much * _MEAN_DB[plan]
    s.crash = int(bar % SECTION_BARS == 0 and nth > 0 and s.intensity > 0.7
                  and INTENSITY[plan, nth - 1] < INTENSITY[plan, nth])  # fmt: skip
    by_hand = knobs.key >= 0.5
    if s.fresh == 1 or bar % SECTION_BARS == 0 or by_hand:
        wanted = wanted_fifths(knobs)
        away = 0
        if knobs.form > 0.3 and movement > 0 and not by_hand:
            away = MODULATIONS[int(chance(s.seed, 2, movement, 0) * len(MODULATIONS))]
        if s.fresh == 1 or by_hand or abs(wanted - s.fifths) > 0.6:
            s.fifths = math.floor(wanted + 0.5)
        s.tonic = ((s.fifths + away) * 7) % 12
    s.movement, s.section = movement, section


@kernel
def _chord(piece: Record, knobs: Record, s: Record, degree: int, kind: int, leading: bool) -> None:
    """Make this the chord, and lead the voices to it."""
    s.degree, s.kind = degree, kind
    s.tones = spell(s.tonic, s.mode, degree, kind, leading, piece.tones)
    s.root = piece.tones[0]
    _voice(piece, knobs, s)


@kernel
def _voice(piece: Record, knobs: Record, s: Record) -> None:
    centre = chord_centre(knobs)
    if piece.voicing[3] == 0:
        for i in range(VOICES):
            piece.voicing[i] = int(centre) + (-7, -2, 3, 7)[i]
    lead(piece.voicing, piece.tones, s.tones, centre, ENTRY[s.style, 1] <= s.energy, piece.next_voicing)
    for i in range(VOICES):
        piece.voicing[i] = piece.next_voicing[i]


@kernel
def chord_centre(knobs: Record) -> float:
    """MIDI note about which chords lie."""
    return 50.0 + 20.0 * knobs.register


@kernel
def begin_bar(piece: Record, knobs: Record, bar: int) -> bool:
    """Decide style, mode, key, theme and chord of a bar, counted from the piece's begin; True if the chord is new."""
    s = piece.state
    if s.phase == ENDED and knobs.ending < 0.5:
        s.phase, s.fresh = PLAYING, 1
    s.seed = s.own_seed + 7919 * int(knobs.seed)
    reseeded = s.seed != s.chosen_seed
    s.chosen_seed = s.seed
    turned = _turn(knobs, s, bar % PHRASE_BARS == 0)
    theme, material, tonic = s.theme, s.material, s.tonic
    _form(knobs, s, bar)
    s.energy = s.intensity + 0.2 * (knobs.density - 0.4) + 0.06 * knobs.arousal
    new = (turned or reseeded or s.fresh == 1 or theme != s.theme or material != s.material or tonic != s.tonic)
    if new:
        progression(s.seed, s.material, s.theme, s.mode, s.style, piece.weights, piece.degrees)
    wanted = wanted_tempo(knobs)
    if s.fresh == 1 or abs(wanted - s.wanted_bpm) > 1.0:
        s.wanted_bpm = wanted
    bars = BARS_PER_CHORD[s.style]
    slot = (bar // bars) % SLOTS
    s.turning = 0
    if knobs.ending > 0.5 and s.phase == PLAYING and s.fresh == 0:
        s.phase = CADENCING
        _chord(piece, knobs, s, _dominant(s.mode), 3, s.mode >= 3)
        return True
    if s.phase >= CADENCING:
        s.phase = min(s.phase + 1, ENDED)
        if s.phase == ENDING:
            _chord(piece, knobs, s, 0, 2, False)
        return True
    changed = new or bar % bars == 0 or slot != s.slot
    if changed:
        s.slot = slot
        lot = chance(s.seed, 12, s.material * 8 + s.mode, slot)
        kind = kind_of_chord(knobs.tension, lot)
        degree = piece.degrees[slot]
        # The dominant of a dark mode has its leading tone when the turn home is tense.
        leading = degree == 4 and s.mode in (3, 4) and slot in (3, 7) and knobs.tension > 0.35
        if leading and kind < 3:
            kind = 3
        _chord(piece, knobs, s, degree, kind, leading)
    last = bar % bars == bars - 1
    follows = piece.degrees[(slot + 1) % SLOTS]
    s.turning = int(last and follows != 0 and knobs.tension > 0.45 and _consonant(s.mode, follows)
                    and chance(s.seed, 13, bar, 0) < 0.9 * (knobs.tension - 0.35))  # fmt: skip
    s.fresh = 0
    return changed


@kernel
def turn_bar(piece: Record, knobs: Record) -> None:
    """In the middle of a bar: the dominant seventh of the chord that follows, a colour from outside the scale."""
    s = piece.state
    s.turning = 0
    degree = piece.degrees[(s.slot + 1) % SLOTS]
    root = (s.tonic + SCALES[s.mode, degree] + 7) % 12
    for i in range(4):
        piece.tones[i] = (root + (0, 4, 7, 10)[i]) % 12
    s.tones, s.root, s.kind = 4, root, 3
    _voice(piece, knobs, s)


@kernel
def _consonant(mode: int, degree: int) -> bool:
    """Whether the triad on a degree has a perfect fifth."""
    return SCALES[mode, (degree + 4) % 7] + 12 * ((degree + 4) // 7) - SCALES[mode, degree] == 7


@kernel
def _dominant(mode: int) -> int:
    """What leads home most strongly."""
    return (4, 4, 6, 4, 4, 1)[mode]
