"""The players: what pad, bass, arpeggio, melody, bells and drums do in each step of a bar."""

import math
from typing import Any

import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.synth import patterns as tables
from pix2live.synth import sounds
from pix2live.synth.composing import VOICES, chance, nearest_tone
from pix2live.synth.percussion import beat
from pix2live.synth.piece import CADENCING, ENDED, ENDING
from pix2live.synth.voices import FOREVER, GATED, let_go, strike

Record = Any
_QUEUE = 96
_LONGEST_DELAY_S = 0.016  # that a human hand may be late by
_BASS_SOUND = np.array([sounds.DEEP_BASS, sounds.PLUCK_BASS, sounds.PLUCK_BASS, sounds.SAW_BASS])
_ARP_SOUND = np.array([sounds.HARP, sounds.PIANO, sounds.MALLET, sounds.SAW_PLUCK])
_MELODY_SOUND = np.array([sounds.FLUTE, sounds.FLUTE, sounds.TINES, sounds.TINES])
_PAD_ATTACK_S = np.array([1.8, 0.4, 1.1, 0.3])
LEVELS = np.array([  # amplitude of each style's pad, bass, arp, melody, bells, drums
    [0.189, 0.25, 0.35, 0.303, 0.338, 0.0],
    [0.117, 0.517, 0.357, 0.394, 0.295, 0.0],
    [0.134, 0.455, 0.389, 0.536, 0.375, 0.469],
    [0.104, 0.395, 0.428, 0.504, 0.329, 0.395],
])  # fmt: skip

_NOTE = np.dtype([
    ("due", np.int64), ("part", np.int64), ("sound", np.int64), ("note", np.int64), ("length", np.int64),
    ("string", np.int64), ("velocity", np.float64), ("pan", np.float64), ("attack_s", np.float64),
], align=True)  # fmt: skip


PLAYERS_MEMORY = np.dtype([
    ("queue", _NOTE, (_QUEUE,)),  # decided, and not yet due; due below 0: free
    ("strings", np.int64, (VOICES, 3)),  # the pad's notes: place in the pool, serial number, note
    ("ladder", np.int64, (8,)),  # the chord's tones upwards, for arpeggios
], align=True)  # fmt: skip


@kernel
def _say(
    players: Record, s: Record, knobs: Record, at: float, part: int, sound: int, note: int, velocity: float,
    steps: float, pan: float, attack_s: float, string: int,
) -> None:  # fmt: skip
    """Put a note into the queue, as a hand would play it. ``steps`` long; below 0 until told."""
    if (note < 12 or note > 127) and part != tables.DRUMS:
        return
    q = players.queue
    for i in range(len(q)):
        if q[i].due < 0:
            lot = chance(s.seed, 70 + part, s.next_step, note)
            loose = knobs.humanise * (0.35 if part in (tables.BASS, tables.DRUMS) else 1.0)
            late = loose * _LONGEST_DELAY_S * s.sample_rate * lot if string < 0 else 0.0
            q[i].due = int(at + late)
            q[i].part, q[i].sound, q[i].note, q[i].string = part, sound, note, string
            hand = 1.0 + 0.3 * loose * (chance(s.seed, 80 + part, s.next_step, note) - 0.5)
            q[i].velocity = min(max(velocity * hand, 0.02), 1.0)
            q[i].pan, q[i].attack_s = pan, attack_s
            rough, cut = edge(knobs, s)
            short = (1.0 - 0.55 * rough * rough) * (1.0 - 0.65 * cut)
            q[i].length = FOREVER if steps < 0.0 else int(steps * s.samples_per_step * short)
            return


@kernel
def edge(knobs: Record, s: Record) -> tuple[float, float]:
    """Roughness and staccato as they are played: what floats stays soft, as calm landscapes have straight lines too."""
    return (0.5 * knobs.roughness, 0.0) if s.style == tables.AMBIENT else (knobs.roughness, knobs.staccato)


@kernel
def play_due(
    players: Record, voices: Record, percussion: Record, log: Record, piece: Record, knobs: Record, now: int,
    chunk: int,
) -> None:  # fmt: skip
    """Strike every note that falls into this chunk."""
    s = piece.state
    rough, _ = edge(knobs, s)
    q = players.queue
    for i in range(len(q)):
        due = q[i].due
        if due < 0 or due >= now + chunk:
            continue
        due = max(due, now)
        q[i].due = -1
        part, velocity = q[i].part, q[i].velocity
        if part == tables.DRUMS:
            beat(percussion, log, now, due, q[i].note, velocity, s.light, rough, s.seed, s.sample_rate)
            if q[i].note == tables.KICK:
                s.duck = max(s.duck, velocity)
            continue
        length = max(q[i].length, 1)
        end = FOREVER if length >= FOREVER else length
        slot = strike(voices, log, now, due, end, part, q[i].sound, q[i].note, velocity, q[i].pan, s.light,
                      rough, q[i].attack_s, s.seed, s.sample_rate)  # fmt: skip
        if q[i].string >= 0:
            string = players.strings[q[i].string]
            string[0], string[1], string[2] = slot, voices.serial if slot >= 0 else -1, q[i].note


@kernel
def forget(players: Record) -> None:
    """Nothing is due, nothing is held."""
    for i in range(len(players.queue)):
        players.queue[i].due = -1
    for i in range(VOICES):
        players.strings[i, 0] = players.strings[i, 1] = players.strings[i, 2] = -1


@kernel
def plays(piece: Record, knobs: Record, part: int) -> bool:
    """Whether a part is in at present: the form lets it, and somebody wants to hear it."""
    s = piece.state
    level = (knobs.pad, knobs.bass, knobs.arp, knobs.melody, knobs.bells, knobs.drums)[part]
    # Now and then the arpeggio is silent for a section, so that the ear can rest from it.
    rests = part == tables.ARP and knobs.form > 0.3 and s.section > 1 and chance(s.seed, 38, s.section, 0) < 0.16
    return s.phase != ENDED and level > 0.0 and s.energy >= tables.ENTRY[s.style, part] and not rests


@kernel
def change_chord(
    players: Record, voices: Record, log: Record, piece: Record, knobs: Record, at: float
) -> None:  # fmt: skip
    """The pad goes to the new chord; notes in common ring on."""
    s = piece.state
    on = plays(piece, knobs, tables.PAD)
    sound = sounds.STRINGS if knobs.warmth >= 0.45 else sounds.GLASS
    attack = 0.35 if s.section == 0 and s.bar == 0 else _PAD_ATTACK_S[s.style]
    rough, _ = edge(knobs, s)
    attack *= 1.0 - 0.6 * rough
    for i in range(VOICES):
        slot, serial, note = players.strings[i]
        wanted = piece.voicing[i]
        if slot >= 0:
            r = voices.voice[slot]
            if r.serial == serial and r.state == GATED and note == wanted and on and r.sound == sound:
                continue
            let_go(voices, log, slot, serial, int(at))
            players.strings[i, 0] = -1
        # Two chords on one step, where the transport jumps into a bar: nobody would end the first.
        for q in players.queue:
            if q.string == i:
                q.due = -1
        if on:
            _say(players, s, knobs, at, tables.PAD, sound, wanted, 0.55 + 0.35 * s.intensity, -1.0,
                 0.5 * (i - 1.5) / 1.5, attack, i)  # fmt: skip
    base = int(48.0 + 24.0 * knobs.register)
    found = 0
    for note in range(base, base + 40):
        for t in range(s.tones):
            if piece.tones[t] == note % 12 and found < 8:
                players.ladder[found] = note
                found += 1
    low = int(26.0 + 13.0 * knobs.register)
    root = _nearest_bass(s.root, s.bass, low)
    third = _nearest_bass(piece.tones[1], s.bass, low)
    # A bass that would leap may step to the third instead, but not where a phrase begins.
    leaps, steps = abs(root - s.bass) >= 5, abs(third - s.bass) in (1, 2)
    if (s.bass > 0 and leaps and steps and s.slot not in (0, 4, 7) and s.style in (tables.AMBIENT, tables.CHAMBER)
            and chance(s.seed, 37, s.material, s.slot) < 0.6):  # fmt: skip
        root = third
    s.bass = root


@kernel
def _nearest_bass(pitch: int, before: int, low: int) -> int:
    """The bass note of a pitch class nearest to the one before, within a tenth above ``low``."""
    note = low + (pitch - low) % 12
    if before > 0 and note + 12 <= low + 15 and abs(note + 12 - before) < abs(note - before):
        note += 12
    return note


@kernel
def plan_bar(piece: Record, knobs: Record) -> None:
    """What bass, arpeggio and drums hold on to for a bar."""
    s = piece.state
    busy = 0.5 * knobs.density + 0.5 * knobs.rhythm
    s.bass_line = tables.STYLE_BASS[s.style, min(int(busy * 3.2 + 0.8 * chance(s.seed, 31, s.material, 0)), 3)]
    bent = 4.0 * knobs.rhythm + 0.9 * (chance(s.seed, 32, s.material, 0) - 0.5)
    s.groove = tables.STYLE_GROOVES[s.style, min(max(int(bent), 0), 3)]
    s.order = int(chance(s.seed, 33, s.material, s.section % 2) * len(tables.ORDERS))
    bar = s.bar
    playing = int(plays(piece, knobs, tables.BASS))
    s.entered = int(playing == 1 and s.bass_in == 0)
    s.bass_in = playing
    s.fill = -1
    if bar % 8 == 7 or (bar % 4 == 3 and chance(s.seed, 34, bar, 0) < 0.45):
        s.fill = int(chance(s.seed, 35, bar, 0) * len(tables.FILLS))
    if bar % 4 == 0:
        s.pulse = s.echo_pulse = 0


@kernel
def play_step(players: Record, piece: Record, knobs: Record, step: int, at: float) -> None:
    """All parts' notes of one step (0..15) of the present bar, which begins at sample ``at``."""
    s = piece.state
    if s.phase == ENDED:
        return
    if step % 2 == 1:
        at += knobs.swing * s.samples_per_step / 3.0
    loud = 0.55 + 0.35 * s.intensity + 0.12 * (knobs.density - 0.4) + 0.06 * knobs.arousal
    if s.phase == ENDING:
        if step == 0:
            _say(players, s, knobs, at, tables.BASS, _BASS_SOUND[s.style], s.bass, 0.8 * loud, 28.0, 0.0, 0.0, -1)
            high = nearest_tone(76, piece.tones, s.tones, True)
            _say(players, s, knobs, at, tables.BELLS, sounds.BELL, high, 0.5, 16.0, 0.2, 0.0, -1)
            if plays(piece, knobs, tables.DRUMS):
                _say(players, s, knobs, at, tables.DRUMS, 0, tables.KICK, 0.9, 1.0, 0.0, 0.0, -1)
                _say(players, s, knobs, at, tables.DRUMS, 0, tables.CRASH, 0.7, 1.0, 0.0, 0.0, -1)
        return
    if plays(piece, knobs, tables.BASS):
        _bass(players, piece, knobs, s, step, at, loud)
    if plays(piece, knobs, tables.ARP):
        _arp(players, piece, knobs, s, step, at, loud)
    if plays(piece, knobs, tables.MELODY):
        _melody(players, piece, knobs, s, step, at, loud)
    if plays(piece, knobs, tables.BELLS):
        _bells(players, piece, knobs, s, step, at, loud)
    if plays(piece, knobs, tables.DRUMS) and s.phase != CADENCING:
        _drums(players, knobs, s, step, at, loud)


@kernel
def chord_opening(knobs: Record, s: Record, step: int) -> float:
    """How loud held chords are at a step: all the time where notes flow, every other step or two where they are cut."""
    _, cut = edge(knobs, s)
    pause = step % 2 == 1 if s.style in (tables.MINIMAL, tables.PULSE) else step % 4 >= 2
    return 1.0 - min(max(1.4 * (cut - 0.15), 0.0), 0.9) if pause else 1.0


@kernel
def _bass(
    players: Record, piece: Record, knobs: Record, s: Record, step: int, at: float, loud: float
) -> None:  # fmt: skip
    line = tables.BASS_LINES[s.bass_line]
    for i in range(tables.BASS_NOTES):
        if line[i, 0] != step:
            continue
        note, tone = s.bass, int(line[i, 2])
        steps = line[i, 1] * 0.92
        if s.style == tables.AMBIENT:
            steps = line[i, 1] * 1.02
            if line[i, 1] >= tables.STEPS:  # one breath for the whole chord
                bars = tables.BARS_PER_CHORD[s.style]
                if s.bar % bars != 0 and s.entered == 0:
                    continue
                steps = 16.0 * (bars - s.bar % bars)
        if tone == tables.FIFTH:
            note = nearest_tone(s.bass + 7, piece.tones, s.tones, False)
        elif tone == tables.OCTAVE:
            note = s.bass + 12
        elif tone == tables.APPROACH:
            note = nearest_tone(s.bass + 4, piece.tones, s.tones, True)
        # A line thins out when the picture does.
        if i > 0 and knobs.density < 0.06 * i:
            continue
        _say(players, s, knobs, at, tables.BASS, _BASS_SOUND[s.style], note, loud * line[i, 3], steps, 0.0, 0.0, -1)


@kernel
def pulses(style: int, density: float, rhythm: float) -> int:
    """Strokes a bar of an arpeggio: more where the picture is denser; even numbers where its rhythm is plain."""
    low, high = ((1.0, 8.0), (3.0, 12.0), (4.0, 16.0), (4.0, 16.0))[style]
    x = low + (high - low) * density
    if rhythm < 0.45:
        for n in (2, 4, 8, 12):
            if x < n * 1.25:
                return n
        return 16
    return int(x + 0.5)


@kernel
def _arp(
    players: Record, piece: Record, knobs: Record, s: Record, step: int, at: float, loud: float
) -> None:  # fmt: skip
    count = pulses(s.style, knobs.density, knobs.rhythm)
    sound = _ARP_SOUND[s.style]
    shift = 2 * int(2.0 * chance(s.seed, 40, s.material, 0)) if knobs.rhythm >= 0.45 else 0
    if tables.EUCLID[count, (step + shift) % tables.STEPS] > 0.0:
        rung = tables.ORDERS[s.order, s.pulse % tables.ORDER_LENGTHS[s.order]]
        accent = 0.85 if step % 4 == 0 else 0.62 if step % 2 == 0 else 0.5
        steps = max(16.0 / count, 1.0) if s.style in (tables.AMBIENT, tables.CHAMBER) else 1.4
        pan = 0.55 * math.sin(0.9 * s.pulse)
        _say(players, s, knobs, at, tables.ARP, sound, players.ladder[rung], loud * accent, steps, pan, 0.0, -1)
        s.pulse += 1
    if s.style == tables.MINIMAL and s.energy > 0.55:
        # A second hand whose figure is of another length: it drifts against the first.
        other = pulses(s.style, 0.7 * knobs.density, 1.0)
        if tables.EUCLID[other, (step + 3) % tables.STEPS] > 0.0:
            rung = tables.ORDERS[(s.order + 1) % 6, s.echo_pulse % 5]
            _say(players, s, knobs, at, tables.ARP, sound, players.ladder[rung] + 12, 0.5 * loud, 1.2, -0.6, 0.0, -1)
            s.echo_pulse += 1


@kernel
def _melody(
    players: Record, piece: Record, knobs: Record, s: Record, step: int, at: float, loud: float
) -> None:  # fmt: skip
    note = piece.melody[step, 0]
    if note == 0:
        return
    order = piece.melody[step, 2] // 100
    if order > 0 and knobs.density < (0.0, 0.22, 0.1, 0.3, 0.16, 0.55, 0.55, 0.6)[min(order, 7)]:
        return
    strength = 0.01 * (piece.melody[step, 2] % 100)
    sound = _MELODY_SOUND[s.style]
    if s.style == tables.CHAMBER and knobs.warmth < 0.45:
        sound = sounds.PIANO
    steps = 0.95 * piece.melody[step, 1]
    _say(players, s, knobs, at, tables.MELODY, sound, note, loud * strength, steps, 0.12, 0.0, -1)
    if s.style == tables.CHAMBER and step % 8 == 0 and plays(piece, knobs, tables.BELLS):
        _say(players, s, knobs, at, tables.BELLS, sounds.CELESTA, note + 12, 0.5 * loud, 4.0, -0.3, 0.0, -1)


@kernel
def _bells(
    players: Record, piece: Record, knobs: Record, s: Record, step: int, at: float, loud: float
) -> None:  # fmt: skip
    if step % 2 == 1 or s.style == tables.CHAMBER:
        return
    often = (0.03 + 0.16 * knobs.density) * (0.6 if s.style == tables.PULSE else 1.0)
    if s.resting == 1:
        often *= 2.0
    begins = s.bar == 0 and step in (2, 8)
    if chance(s.seed, 50, s.bar, step) >= often and not begins:
        return
    lot = chance(s.seed, 51, s.bar, step)
    centre = 70.0 + 18.0 * knobs.register + 10.0 * lot
    note = nearest_tone(int(centre), piece.tones, s.tones, lot < 0.5)
    sound = sounds.BELL if knobs.warmth < 0.55 else sounds.CELESTA
    if s.style == tables.MINIMAL:
        sound = sounds.TINES
    soft = 0.35 + 0.35 * chance(s.seed, 52, s.bar, step)
    _say(players, s, knobs, at, tables.BELLS, sound, note, loud * soft, 6.0, 1.4 * (lot - 0.5), 0.0, -1)


@kernel
def _drums(
    players: Record, knobs: Record, s: Record, step: int, at: float, loud: float
) -> None:  # fmt: skip
    filling = s.fill >= 0 and step >= (8 if s.bar % 8 == 7 else 12) and s.energy > 0.5
    for row in range(tables.ROWS):
        stroke = tables.GROOVES[s.groove, row, step]
        if stroke == 0.0 or s.energy < tables.ROW_ENTRY[row]:
            continue
        # Ghosts and soft strokes come in one by one as the picture grows denser.
        lot = chance(s.seed, 36, row, step)
        if stroke < 0.3 and knobs.density < 0.5 + 0.4 * lot:
            continue
        if stroke < 0.5 and knobs.density < 0.2 + 0.4 * lot:
            continue
        if filling and row in (tables.KICK, tables.SNARE) and s.style == tables.PULSE and step >= 12:
            continue
        _say(players, s, knobs, at, tables.DRUMS, 0, row, stroke * (0.6 + 0.45 * loud), 1.0, 0.0, 0.0, -1)
    if filling:
        for k in range(2):
            stroke = tables.FILLS[s.fill, k, step]
            drum = (tables.SNARE, tables.TOM)[k] if s.style == tables.PULSE else tables.WOOD
            if stroke > 0.0 and (k == 0 or s.style == tables.PULSE):
                _say(players, s, knobs, at, tables.DRUMS, 0, drum, stroke * (0.5 + 0.4 * loud), 1.0, 0.0, 0.0, -1)
    if s.crash == 1 and step == 0:
        _say(players, s, knobs, at, tables.DRUMS, 0, tables.CRASH, 0.6 * loud, 1.0, 0.0, 0.0, -1)
