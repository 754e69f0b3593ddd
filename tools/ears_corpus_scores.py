"""Scores and tunes of music21's corpus, as they are written, on instruments and in keys from a seed.

music21's scores have licences of their own: they serve to measure and are not shipped.
"""

import importlib.util
import random
from pathlib import Path
from typing import Any

from tools.ears_corpus_midi import DRUMS, CorpusError, Note, Piece

# Written for the ear that follows one line: (General MIDI program, semitones it is moved by)
SOLOISTS = (
    (73, 0), (71, 0), (68, 0), (40, 0), (56, 0), (65, 0), (0, 0), (24, -12), (74, 0), (110, 0), (11, 0), (42, -12),
    (80, 0), (81, -12), (66, -12), (70, -12), (33, -24), (22, 0), (12, 0), (79, 0),
)  # fmt: skip
CHOIRS = ((19,) * 4, (0,) * 4, (48,) * 4, (68, 71, 69, 70), (40, 40, 41, 42), (6,) * 4, (56, 56, 60, 57), (52,) * 4)
STRINGS = ((40, 40, 41, 42), (40, 40, 41, 42), (73, 68, 71, 70), (48, 48, 48, 48))
KEYBOARDS = ((0,), (0,), (4,), (6,))
COMPOSERS = ("haydn", "mozart", "beethoven", "corelli", "joplin", "schumann_clara", "schumann_robert", "schubert",
             "handel", "cpebach", "beach", "verdi", "johnson_j_r", "liliuokalani", "chopin", "weber")  # fmt: skip


def corpus() -> Path | None:
    """Where music21's scores lie; None if it is not installed."""
    spec = importlib.util.find_spec("music21")
    return Path(spec.origin).parent / "corpus" if spec and spec.origin else None


def tunes() -> list[str]:
    """Single-line tunes (Ryan's Mammoth Collection, 1883), one a source, named by path in the corpus."""
    root = _root()
    return [str(p.relative_to(root)) for p in sorted((root / "ryansMammoth").glob("*.abc"))]


def scores() -> list[str]:
    """Scores in parts, one movement a work, chorales and others in turn."""
    root = _root()
    chorales = sorted((root / "bach").glob("bwv*.mxl"))[:: 370 // 60]
    works: dict[Path, Path] = {}
    for composer in COMPOSERS:
        for path in sorted(p for p in (root / composer).rglob("*") if p.suffix in {".mxl", ".xml", ".musicxml"}):
            small = path.stat().st_size < (60_000 if path.suffix == ".mxl" else 600_000)
            if small:
                works.setdefault(path.parent if path.parent != root / composer else path, path)
    both = [p for pair in zip(chorales, [*works.values()] * 3, strict=False) for p in pair]
    return [str(p.relative_to(root)) for p in dict.fromkeys(both)]


def _root() -> Path:
    root = corpus()
    if root is None:
        raise CorpusError("music21 is not installed: pip install -e '.[dev]'")
    return root


def score(source: str, seconds: float, rng: random.Random) -> Piece:
    """About ``seconds`` of a score or tune; a tune begins again where it is too short."""
    import music21

    path = _root() / source
    parsed = music21.converter.parse(path)
    opus = parsed.scores[0] if isinstance(parsed, music21.stream.Opus) else parsed
    parts: list[Any] = list(opus.parts) or [opus]
    metre, pickup, bars = _bars(parts[0], source)
    bar = metre.barDuration.quarterLength
    unit = 0.5 if metre.ratioString == "3/8" else float(metre.beatDuration.quarterLength)
    alone = source.startswith("ryansMammoth")
    bpm = rng.uniform(*_tempi(source, metre, unit))
    wanted = max(4, round(seconds * bpm / 60 * unit / bar))
    taken = wanted if alone else min(wanted, bars)
    notes, last = _notes(parts, alone, pickup, bar, bars, taken, rng)
    key = _key(parts[0], last)
    if alone:
        program, moved = rng.choice(SOLOISTS)
        moved += rng.choice((-3, -2, -1, 0, 0, 1, 2))
        programs = (program,)
    else:
        moved = rng.randint(-3, 3)
        programs = rng.choice(KEYBOARDS if len(parts) < 3 else CHOIRS if source.startswith("bach") else STRINGS)
    for n in notes:
        n.pitch += moved
    channels = [c for c in range(16) if c != DRUMS]
    players = [programs[min(i, len(programs) - 1)] for i in range(len(parts))]
    setup = [(0.0, bytes([0xC0 | c, player])) for c, player in zip(channels, players, strict=False)]
    end, begin = float(pickup + taken * bar), float(pickup)
    first = begin - int(begin / unit + 1e-6) * unit
    count = round((end - first) / unit)
    beats = [first / unit + i for i in range(count)]
    downbeats = [(begin + i * float(bar)) / unit for i in range(taken)]
    piece = Piece(f"music21/{source}", beats, downbeats, notes, bpm, setup, end=end / unit)
    for n in notes:
        n.start, n.length = n.start / unit, n.length / unit
    per_bar = round(float(bar) / unit)
    piece.tags = ["music21", "tune" if alone else "score", f"{per_bar}-beat bar", "no drums"]
    piece.tags += ["6/8"] * (unit == 1.5)
    piece.melody = 0 if alone else None
    names = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    piece.key = f"{names[(key[0] + moved) % 12]} {key[1]}" if key else None
    return piece


def _bars(part: Any, source: str) -> tuple[Any, float, int]:
    """Metre, length of the upbeat in quarters, and how many whole bars follow in that metre on its grid."""
    measures = list(part.getElementsByClass("Measure"))
    if len(measures) < 6:
        raise CorpusError(f"{source} has too few bars")
    metre = measures[0].timeSignature or measures[1].timeSignature
    if metre is None:
        raise CorpusError(f"{source} has no metre")
    bar = metre.barDuration.quarterLength
    held = measures[0].highestTime
    pickup = held if held < bar and measures[1].offset < bar else 0.0
    at, bars = pickup, 0
    for m in measures[1 if pickup else 0 :]:
        if m.timeSignature is not None and m.timeSignature.ratioString != metre.ratioString:
            break
        if m.offset == at:
            at, bars = at + bar, bars + 1
        elif m.offset > at:
            break
    if bars < 4:
        raise CorpusError(f"{source} leaves its metre")
    return metre, pickup, bars


def _tempi(source: str, metre: Any, unit: float) -> tuple[float, float]:
    if source.startswith("ryansMammoth"):
        return (84, 126) if unit == 1.5 else (88, 168) if unit == 1 else (70, 110)
    if source.startswith("bach"):
        return (56, 92)
    return (60, 100) if unit == 1.5 else (76, 150) if unit == 1 else (60, 100) if unit > 1 else (90, 150)


def _notes(parts: list[Any], alone: bool, pickup: float, bar: float, bars: int, taken: int,
           rng: random.Random) -> tuple[list[Note], int | None]:  # fmt: skip
    """Notes in quarters, humanised, looped where ``taken`` bars are more than there are; and the last bass pitch."""
    channels = [c for c in range(16) if c != DRUMS]
    body, end = bars * bar, pickup + taken * bar
    written: list[tuple[float, float, int, list[int]]] = []
    for i, part in enumerate(parts[: len(channels)]):
        for n in part.stripTies().flatten().notes:
            pitches = sorted(round(p.ps) for p in n.pitches)
            if n.quarterLength and pitches and "ChordSymbol" not in n.classes:
                chosen = pitches[-1:] if alone else pitches
                written.append((float(n.offset), float(n.quarterLength), channels[i], chosen))
    whole = [w for w in written if w[0] < pickup + body]
    final = max((w[0] for w in whole), default=0.0)
    last = min((p for at, length, _, ps in whole for p in ps if at + length > final), default=None)
    out = []
    for turn in range(-(-taken // bars)):
        for at, length, channel, pitches in whole:
            start = at + turn * body
            if start >= end or (turn and at < pickup):
                continue
            accent = 12 if (at - pickup) % bar == 0 else 5 if (at - pickup) % 1 == 0 else 0
            late = 0.0 if start == 0 else rng.gauss(0, 0.008)
            held = min(length, end - start) * rng.uniform(0.86, 0.97)
            velocity = min(120, max(40, round(rng.gauss(84 + accent, 6))))
            out += [Note(max(0.0, float(start + late)), float(held), channel, p, velocity) for p in pitches]
    return out, last


def _key(part: Any, last: int | None) -> tuple[int, str] | None:
    """(tonic, mode), where the signature and the last bass note agree on one."""
    signature = next(iter(part.flatten().getElementsByClass("KeySignature")), None)
    if signature is None or last is None:
        return None
    major = signature.sharps * 7 % 12
    for tonic, mode in ((major, "major"), ((major + 9) % 12, "minor")):
        if last % 12 == tonic:
            return tonic, mode
    return None
