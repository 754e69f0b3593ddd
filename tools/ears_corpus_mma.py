"""Bands by mma (Debian): every groove library is a source of its own, played over a chart made here."""

import random
import re
import subprocess
from pathlib import Path

from tools.ears_corpus_charts import lead_line, make_chart
from tools.ears_corpus_midi import DRUMS, CorpusError, Note, Piece, read_midi

LIBRARY = Path("/usr/share/mma/lib")
SKIPPED = re.compile(r"metronome|none|count|intro|ending|ambient")
# Felt beats a minute for what a library's name tells; the first that matches holds.
TEMPI = (
    (r"68|afro-cuban|blues34", (50, 96)), (r"viene", (150, 210)), (r"fast.*waltz", (160, 215)),
    (r"waltz|34", (84, 170)),
    (r"dnb", (160, 178)), (r"fast|quickstep|bebop|polka|dixie|twist|samba|merengue|bluegrass", (150, 220)),
    (r"slow|ballad|bald|lullaby|mellow|hymn|ambient|trip", (52, 92)), (r"hip|r&b|rnb|r\+b|soul", (76, 112)),
    (r"techno|trance|house|rave|dance|disco|electr|tech", (112, 150)), (r"punk|mtl|metal|thr|ska", (120, 190)),
    (r"swing|jazz|big|jive|foxtrot|rag|charleston|combo", (110, 210)), (r"march", (96, 128)),
    (r"bossa|rhumba|cha|salsa|mambo|latin|tango|beguine|cuban|son|bolero", (84, 180)), (r"funk|16|fus", (84, 122)),
    (r"", (76, 160)),
)  # fmt: skip
JAZZ = re.compile(r"jazz|swing|bebop|evans|bigband|combo|nite|bossa|fus")
LEADS = (0, 4, 11, 22, 25, 26, 40, 56, 60, 64, 65, 66, 68, 71, 73, 75, 80, 81)


def libraries() -> list[Path]:
    """Groove libraries that play music, in a fixed order."""
    return [p for p in sorted(LIBRARY.rglob("*.mma")) if not SKIPPED.search(p.stem.lower()) and _grooves(p)]


def _grooves(library: Path) -> list[str]:
    text = library.read_text(encoding="utf-8", errors="replace")
    names = re.findall(r"^\s*DefGroove\s+(\S+)", text, re.M | re.I)
    return [n for n in names if not re.search(r"intro|end|fill|break|f[ab]{1,2}$|sus$", n, re.I)]


def _mma(folder: Path, name: str, lines: list[str]) -> tuple[Path, str]:
    chart, midi = folder / f"{name}.mma", folder / f"{name}.mma.mid"
    chart.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(["mma", "-w", "-f", str(midi), str(chart)], capture_output=True, text=True, check=False)
    chart.unlink()
    if done.returncode or not midi.exists():
        raise CorpusError(f"mma could not play {name}: {done.stdout.strip()[-300:]}")
    return midi, done.stdout


def band(library: Path, seconds: float, rng: random.Random, work: Path) -> Piece:
    """A piece of about ``seconds`` by one groove (and its variant) of a library; ``work``: a path to write beside."""
    source = f"mma/{library.parent.name}/{library.stem}"
    low, high = next(t for pattern, t in TEMPI if re.search(pattern, library.stem.lower()))
    names = _grooves(library)[:6]
    grooves = [f"{library.parent.name}/{library.stem}:{n}" for n in (names[0], rng.choice(names))]
    head = [f"RndSeed {rng.randrange(10**6)}", "Tempo 120", f"Groove {grooves[0]}"]
    midi, said = _mma(work.parent, f"{work.name}-probe", [*head, "Print TIME $_Time SIG $_TimeSig END", "1 C"])
    midi.unlink()
    found = re.search(r"TIME (\S+) SIG (\S+) END", said)
    if not found:
        raise CorpusError(f"mma says no metre for {source}")
    own = int(float(found[1]))
    compound = found[2] in ("6/8", "12/8") or own == 6
    counted = own // 3 if compound and own % 3 == 0 and own > 3 else 2 if compound and own == 3 else own
    unit = own / counted
    bpm = rng.uniform(low, high)
    bars = max(6, round(seconds * bpm / 60 / counted))
    jazz = bool(JAZZ.search(library.stem.lower()))
    chart = make_chart(rng, bars, jazz, halves=own in (2, 4, 6))
    lines = chart.mma(own)
    if rng.random() < 0.5:
        lines.insert(len(lines) // 2 // 4 * 4, f"Groove {grooves[1]}")
    midi, _ = _mma(work.parent, f"{work.name}-band", [*head, *lines])
    notes, setup = read_midi(midi)
    midi.unlink()
    end = float(bars * counted)
    # Where a bar begins late by a hair of humanising the first note may lie before 0: nothing sounds before its bar.
    scaled = [Note(max(0.0, n.start / unit), n.length / unit, n.channel, n.pitch, n.velocity) for n in notes]
    piece = Piece(source, [float(b) for b in range(bars * counted)], [float(b * counted) for b in range(bars)],
                  [n for n in scaled if n.start < end - 1e-3], bpm,
                  [(b / unit, m) for b, m in setup if b / unit < end], end=end)  # fmt: skip
    piece.tags = ["mma", f"{counted}-beat bar"] + ["6/8"] * compound + ["jazz"] * jazz
    used = {n.channel for n in piece.notes}
    pitched = [n for n in piece.notes if n.channel != DRUMS]
    if len(pitched) > 2 * bars:
        piece.key = chart.key
        piece.chords = chart.labels(piece.downbeats, end)
        free = [c for c in range(16) if c != DRUMS and c not in used and not any(m[0] & 15 == c for _, m in setup)]
        if free and rng.random() < 0.5:
            syncopated = rng.random() < 0.4
            piece.notes += lead_line(rng, chart, piece.downbeats, end, free[0], syncopated, 3 if compound else 2)
            piece.setup.append((0.0, bytes([0xC0 | free[0], rng.choice(LEADS)])))
            piece.tags += ["lead"] + ["syncopated"] * syncopated
    else:
        piece.tags.append("drums alone")
    piece.tags.append("drums" if DRUMS in used else "no drums")
    return piece
