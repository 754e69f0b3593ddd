"""Music from a seed, note by note, whose beats are known: what ``train_beat`` learns from.

Bands in the styles of ``train_beat_styles``, drums alone, and music without drums: chords, arpeggios, tunes and parts
on a piano, guitar, organ, strings, winds or voices, one line alone, clicks. All in beats as felt.
"""

import random

from tools.ears_corpus_midi import DRUMS, Piece
from tools.train_beat_parts import (
    BASS,
    COMP,
    LEAD,
    PAD,
    SECOND,
    SECONDS,
    Writer,
    bass,
    comp,
    drums,
    parts,
    stride,
    tune,
)
from tools.train_beat_styles import STYLES, Style, part

KEYS, PLUCKED, HELD = (0, 0, 0, 1, 2, 4, 5, 6, 7, 11), (24, 24, 25, 25, 26, 27, 28, 45, 46, 15, 104), (
    16, 18, 19, 20, 48, 48, 49, 50, 51, 52, 53, 61, 62, 63, 21, 23, 89, 90, 91, 92, 94, 95)  # fmt: skip
STRUCK = (8, 9, 10, 11, 12, 13, 14, 108, 114)
BASSES = (32, 32, 33, 33, 34, 35, 36, 37, 38, 39, 43, 58, 87, 67)
LEADS = (0, 4, 11, 16, 21, 22, 24, 25, 26, 29, 30, 40, 41, 42, 52, 54, 56, 57, 59, 60, 64, 65, 66, 68, 69, 70, 71, 72,
         73, 74, 75, 76, 78, 79, 80, 81, 82, 84, 85, 104, 105, 107, 109, 110, 111)  # fmt: skip


def _played(w: Writer, rng: random.Random, rest: float) -> list[bool]:
    """The bars in which a part plays: all, or not in an intro or a break of whole bars."""
    out = [True] * w.bars
    if rng.random() < rest and w.bars > 12:
        length = rng.choice((2, 4, 4))
        first = rng.choice((0, rng.randrange(4, w.bars - 6)))
        for bar in range(first, min(first + length, w.bars)):
            out[bar] = False
    return out


def band(rng: random.Random, electronic: bool = False) -> Piece:
    """A band: drums, bass, chords, perhaps pads and a tune."""
    clubs = ("club", "club", "broken", "half_time", "two_step", "boom_bap", "disco_4", "rock", "funk")
    pool = clubs if electronic else (
        *STYLES, "rock", "rock", "swing", "swing", "bossa", "ballad", "ballad", "shuffle", "waltz", "waltz", "funk",
        "country", "soul", "waltz_slow", "jig", "six_slow", "two_beat", "march", "blues_12", "slow_3")  # fmt: skip
    style = STYLES[rng.choice(pool)]
    jazz = 0.9 if style.name in ("swing", "bossa", "waltz_ride") else 0.2
    w = Writer(f"band/{style.name}", style, rng, jazz)
    patterns = part(style, rng)
    if electronic:
        machine, music = rng.choice((0, 0, 1)), (38, 39, 81, 90, 62, 4, 5, 50, 87, 88, 80, 84)
    w.piece.setup.append((0.0, bytes([0xC0 | DRUMS, rng.choice((0, 0, 0, 8, 16, 24, 25, 32, 40))])))
    together = _played(w, rng, 0.35)
    without = rng.random() < 0.06
    if not without:
        drums(w, patterns, together if rng.random() < 0.5 else _played(w, rng, 0.25))
    if rng.random() < 0.88:
        w.program(BASS, rng.choice(music[:4] if electronic and machine else BASSES), rng.randint(84, 120))
        bass(w, together if rng.random() < 0.3 else _played(w, rng, 0.25), patterns)
    ways = ["held", "halves", "beats", "after", "off", "eighths", "charleston", "three", "own", "own", "own",
            "arpeggio", "early", "sixteenths"]  # fmt: skip
    if style.name.startswith(("reggae", "ska", "polka", "two_beat", "march")):
        ways += ["off", "after", "reggae"] * 4
    if style.name.startswith(("waltz", "three")):
        ways += ["after"] * 8
    if rng.random() < 0.85:
        programs = music if electronic else (*KEYS, *PLUCKED, *PLUCKED, *HELD[:12])
        w.program(COMP, rng.choice(programs), rng.randint(60, 105))
        comp(w, _played(w, rng, 0.2), rng.choice(ways), COMP, rng.randint(48, 62), rng.uniform(70, 100))
    if rng.random() < 0.4:
        w.program(PAD, rng.choice(HELD), rng.randint(45, 85))
        comp(w, _played(w, rng, 0.3), rng.choice(("held", "held", "halves", "arpeggio", "own")), PAD, 60, 80)
    if rng.random() < 0.5:
        w.program(LEAD, rng.choice(LEADS), rng.randint(70, 115))
        tune(w, LEAD, rng.uniform(80, 105), rng.random(), rng.choice((0.0, 0.2, 0.5)), rng.choice((60, 60, 67, 55)))
    if rng.random() < 0.12:
        w.program(SECOND, rng.choice(HELD + LEADS), rng.randint(60, 95))
        comp(w, _played(w, rng, 0.3), "own", SECOND, 64, 95)
    w.pan(rng)
    w.piece.tags = ["band"] + ["machine"] * (electronic and rng.random() < 0.75)
    return w.piece


def beating(rng: random.Random) -> Piece:
    """Drums alone."""
    style = STYLES[rng.choice(list(STYLES))]
    w = Writer(f"drums/{style.name}", style, rng)
    w.piece.setup.append((0.0, bytes([0xC0 | DRUMS, rng.choice((0, 8, 16, 24, 25, 32, 40))])))
    drums(w, part(style, rng), _played(w, rng, 0.1))
    w.piece.tags = ["drums"] + ["machine"] * (rng.random() < 0.3)
    return w.piece


_PLAIN = (("4", 4, 4, (66, 160)), ("4e", 4, 2, (80, 176)), ("3", 3, 2, (76, 184)), ("3s", 3, 4, (60, 116)),
          ("2", 2, 4, (60, 120)), ("2q", 2, 2, (84, 140)), ("6", 2, 3, (48, 132)), ("12", 4, 3, (50, 100)))  # fmt: skip


def _plain(rng: random.Random) -> Style:
    name, beats, steps, bpm = rng.choices(_PLAIN, (5, 3, 4, 1.5, 3, 1.5, 3, 1))[0]
    return Style(name, beats, steps, bpm, "1" if name == "4e" and rng.random() < 0.2 else "0", ())


def alone(rng: random.Random) -> Piece:
    """Music without drums for a few players: keys, guitar, strings, winds."""
    style = _plain(rng)
    w = Writer(f"alone/{style.name}", style, rng)
    kind = rng.choices(("chords", "arpeggio", "stride", "tune and chords", "tune and arpeggio", "repeated", "two"),
                       (3, 4, 2.5, 4, 4, 2, 1.5))[0]  # fmt: skip
    one = rng.random() < 0.45
    program = rng.choice((*KEYS, *KEYS, *PLUCKED, *STRUCK[:4], 19, 48, 46, 21))
    level, always = rng.uniform(65, 100), [True] * w.bars
    w.program(COMP, program, rng.randint(80, 110))
    if kind == "stride":
        stride(w, COMP, level)
    elif kind == "repeated":
        w.program(COMP, rng.choice((48, 49, 40, 0, 6, 45, 61, 21)), 95)
        comp(w, always, rng.choice(("eighths", "beats", "eighths", "sixteenths")), COMP, rng.randint(48, 60), level)
    elif kind == "two":
        comp(w, always, "own", COMP, rng.randint(48, 58), level)
    elif "arpeggio" in kind:
        comp(w, always, rng.choice(("arpeggio", "arpeggio bass")), COMP, rng.randint(45, 60), level)
    else:
        comp(w, always, rng.choice(("held", "halves", "beats", "own", "own", "after", "eighths", "three")), COMP,
             rng.randint(45, 60), level)  # fmt: skip
        if rng.random() < 0.5:
            w.program(BASS, program if one else rng.choice((*BASSES, 42, 70)), 95)
            bass(w, always, {})
    if kind in ("stride", "repeated", "two") or "tune" in kind:
        w.program(LEAD, program if one else rng.choice(LEADS), rng.randint(85, 120))
        tune(w, LEAD, level + 8, rng.random(), rng.choice((0.0, 0.0, 0.15, 0.5)), rng.choice((60, 65, 67, 72)),
             legato=rng.uniform(0.6, 1.05))  # fmt: skip
    if kind == "two" or (kind == "repeated" and rng.random() < 0.5):
        w.program(SECOND, rng.choice(LEADS), 90)
        tune(w, SECOND, level, rng.random() * 0.6, 0.1, 52, legato=rng.uniform(0.7, 1.0))
    w.pan(rng)
    w.piece.tags = ["alone"]
    return w.piece


def single(rng: random.Random) -> Piece:
    """One line alone: a tune on one instrument, dances and songs."""
    style = _plain(rng)
    w = Writer(f"line/{style.name}", style, rng)
    w.accent = rng.uniform(4, 26)
    w.program(LEAD, rng.choice((*LEADS, 0, 40, 73, 71, 110, 105, 25)), 112)
    busy = rng.betavariate(2.2, 1.2)
    tune(w, LEAD, rng.uniform(76, 100), busy, rng.choice((0.0, 0.0, 0.0, 0.15)), rng.choice((55, 60, 62, 67)),
         rests=rng.choice((0.0, 0.05, 0.2)), legato=rng.uniform(0.6, 1.02))  # fmt: skip
    w.piece.tags = ["line"]
    return w.piece


def choir(rng: random.Random) -> Piece:
    """Four parts."""
    name, beats, steps, _ = rng.choices(_PLAIN[:3], (4, 2, 2))[0]
    w = Writer(f"parts/{name}", Style(name, beats, steps, (54, 112), "0", ()), rng)
    programs = rng.choice(((19,) * 4, (52,) * 4, (48,) * 4, (0,) * 4, (42, 41, 40, 40), (70, 71, 68, 73), (6,) * 4,
                           (58, 57, 60, 56), (20,) * 4, (53,) * 4, (42, 41, 40, 73), (21,) * 4))  # fmt: skip
    parts(w, programs, rng.uniform(70, 98), rng.uniform(0.0, 0.6))
    w.piece.tags = ["parts"]
    return w.piece


def clicks(rng: random.Random) -> Piece:
    """A metronome: one sound, all alike or the first of a bar by another."""
    bpm = 38.0 * (250.0 / 38.0) ** rng.random()
    beats = rng.choice((3, 4, 4))
    w = Writer("clicks", Style("clicks", beats, 1, (bpm, bpm), "0", ()), rng)
    w.bpm = w.piece.bpm = bpm
    w.bars = max(3, round(SECONDS * bpm / 60 / beats))
    w.end = w.piece.end = float(w.bars * beats)
    w.piece.beats = [float(b) for b in range(round(w.end))]
    w.piece.downbeats = [float(b * beats) for b in range(w.bars)]
    w.loose = rng.choice((0.0, 0.0, 0.006)) * bpm / 60
    pitch = rng.choice((37, 76, 77, 75, 42, 44, 36, 38, 39, 56, 51, 33, 34, 54, 70, 31))
    marked = rng.random() < 0.35
    for b in range(round(w.end)):
        first = b % beats == 0
        other = 76 if pitch == 77 else 34 if pitch == 33 else pitch
        w.add(float(b), 0.1, DRUMS, other if first and marked else pitch, 118 if first and marked else 92)
        if first and marked and other == pitch:
            w.add(float(b), 0.1, DRUMS, rng.choice((pitch, 49, 76)), 100)
    w.piece.tags = ["clicks"] + ["no bars"] * (not marked)
    return w.piece


def compose(rng: random.Random) -> Piece:
    """A piece of some kind."""
    made = rng.choices((band, lambda r: band(r, True), alone, single, choir, beating, clicks),
                       (46, 12, 17, 11, 4, 5, 5))[0]  # fmt: skip
    return made(rng)
