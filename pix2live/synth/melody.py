"""Melody: a motif that is stated, answered, varied, and rests; each period leads to a cadence."""

from typing import Any

from pix2live.dsp.jit import kernel
from pix2live.synth.composing import chance, nearest_tone, scale_note
from pix2live.synth.patterns import (
    CADENCE,
    CELL_NOTES,
    CELLS,
    CONTOURS,
    DOWN,
    ECHO,
    FRAGMENT,
    HALF_CADENCE,
    INVERT,
    PERIODS,
    REST,
    STATE,
    STYLE_CELLS,
    STYLE_PERIODS,
    UP,
)

Record = Any


@kernel
def compose_melody(piece: Record, knobs: Record) -> None:
    """Write the melody of the present bar into ``piece.melody``: note (0 none), steps, 100 x order + strength.

    Order 0 sounds always, higher ones where the picture is denser. Notes on strong beats and long ones are tones of
    the chord, the others of the scale.
    """
    s = piece.state
    melody = piece.melody
    for i in range(16):
        melody[i, 0] = 0
    bar = s.bar % 8
    period = STYLE_PERIODS[s.style, int(4.0 * chance(s.seed, 21, s.material, s.style))]
    become = PERIODS[period, bar]
    # Breaks are often silent, so that the theme is missed; elsewhere it rarely is.
    silent = knobs.form > 0.1 and s.section > 1 and chance(s.seed, 22, s.section, 0) < (0.5 if s.theme == 2 else 0.07)
    s.resting = int(become == REST or silent)
    if s.resting == 1:
        return
    cell = STYLE_CELLS[s.style, int(STYLE_CELLS.shape[1] * chance(s.seed, 23, s.material, s.style))]
    contour = int(len(CONTOURS) * chance(s.seed, 24, s.material, 0))
    centre = 61.0 + 26.0 * knobs.register
    middle = _step_near(s.tonic, s.mode, centre) + int(5.0 * chance(s.seed, 25, s.material, 0)) - 2
    if s.theme == 1:
        middle += 2
    # What was heard before comes back changed: turned over, late, or answered an octave higher.
    again = s.section % 2 == 1 or s.section > 3
    change = chance(s.seed, 27, s.section, 0) if again and knobs.form > 0.1 else 0.0
    if change > 0.8 and bar >= 4 and become != CADENCE:
        middle += 7
    elif 0.35 < change < 0.6 and become == STATE and bar >= 4:
        become = INVERT
    late = 2 if 0.6 < change <= 0.8 and become in (STATE, UP, DOWN) and bar % 4 != 3 else 0
    if become == UP:
        middle += 1 + int(2.0 * chance(s.seed, 26, s.material, bar))
    elif become == DOWN:
        middle -= 1 + int(2.0 * chance(s.seed, 26, s.material, bar))
    anchor = _chord_step(piece, s, middle)
    sign = -1 if become == INVERT else 1
    if become == HALF_CADENCE:
        _write(piece, s, 0, 4, anchor + 1, 75, 0, False)
        _write(piece, s, 4, 10, anchor, 82, 0, True)
        return
    if become == CADENCE:
        _write(piece, s, 0, 4, anchor + 2, 80, 0, False)
        _write(piece, s, 4, 2, anchor + 1, 72, 2, False)
        _write(piece, s, 6, 2, anchor - 1, 66, 1, False)
        _write(piece, s, 8, 8, anchor, 85, 0, True)
        return
    if become == FRAGMENT:
        for half in range(2):
            for i in range(CELL_NOTES):
                step, steps = CELLS[cell, i]
                if 0 <= step < 8:
                    _write(piece, s, step + 8 * half, min(steps, 8 - step),
                           anchor + CONTOURS[contour, i] + half, 80 - 6 * i, i, step == 0)  # fmt: skip
        return
    last_step, last_place = -1, 0
    for i in range(CELL_NOTES):
        step, steps = CELLS[cell, i]
        if step < 0 or (become == ECHO and step < 8):
            continue
        if step + late < 16:
            step += late
        place = anchor + sign * CONTOURS[contour, i]
        strong = step % 8 == 0 or steps >= 6
        _write(piece, s, step, steps, place, (86 if step == 0 else 78 if step % 4 == 0 else 68), i, strong)
        # In a dense picture a gap is filled on the way.
        if last_step >= 0 and step - last_step >= 4 and abs(place - last_place) >= 2:
            _write(piece, s, step - 2, 2, (place + last_place) // 2, 60, 5, False)
        last_step, last_place = step, place


@kernel
def _write(
    piece: Record, s: Record, step: int, steps: int, place: int, strength: int, order: int, strong: bool
) -> None:  # fmt: skip
    note = scale_note(s.tonic, s.mode, place)
    if strong:
        note = nearest_tone(note, piece.tones, s.tones, True)
    row = piece.melody[step]
    row[0], row[1], row[2] = note, steps, 100 * order + strength


@kernel
def _step_near(tonic: int, mode: int, note: float) -> int:
    """The step of the scale nearest below a MIDI note."""
    step = int((note - tonic) / 12.0 * 7.0) + 2
    while scale_note(tonic, mode, step) > note:
        step -= 1
    return step


@kernel
def _chord_step(piece: Record, s: Record, step: int) -> int:
    """The step of the scale nearest to ``step`` that belongs to the chord's triad."""
    for way in (0, 1, -1, 2, -2):
        inside = (step + way - s.degree) % 7
        if inside in (0, 2, 4):
            return step + way
    return step


@kernel
def retune_melody(piece: Record) -> None:
    """The rest of the bar gives way to a chord from outside the scale: what would rub against it goes to its tones."""
    s = piece.state
    for step in range(8, 16):
        note = piece.melody[step, 0]
        if note > 0:
            tone = nearest_tone(note, piece.tones, s.tones, True)
            if step == 8 or abs(tone - note) == 1:
                piece.melody[step, 0] = tone
