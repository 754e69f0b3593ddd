"""Chord charts with a known key, and lead lines over them, from a seed."""

import random
from dataclasses import dataclass

from tools.ears_corpus_midi import Note

NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
# What follows a root: (what mma calls it, what mir_eval calls it, semitones over the root)
KINDS = {
    "": ("", "maj", (0, 4, 7)), "m": ("m", "min", (0, 3, 7)), "7": ("7", "7", (0, 4, 7, 10)),
    "M7": ("M7", "maj7", (0, 4, 7, 11)), "m7": ("m7", "min7", (0, 3, 7, 10)),
    "m7b5": ("m7b5", "hdim7", (0, 3, 6, 10)), "6": ("6", "maj6", (0, 4, 7, 9)),
}  # fmt: skip
# Bars of a turn; a bar is one chord, or two that share it: "semitones over the tonic:kind". All begin on the tonic.
TURNS = {
    ("major", "plain"): (
        "0: 7: 9:m 5:", "0: 5: 7: 0:", "0: 9:m 5: 7:", "0: 5: 0: 7:", "0: 4:m 5: 7:", "0: 7: 5: 7:7",
        "0: 2:m 5: 7:", "0: 0: 5: 5: 0: 0: 7:7 0:", "0: 9:m 2:m 7:7", "0: 5:,7: 0: 7:", "0: 7:,9:m 5:,7: 0:",
    ),
    ("minor", "plain"): (
        "0:m 8: 3: 10:", "0:m 5:m 7:7 0:m", "0:m 10: 8: 7:7", "0:m 5:m 10: 3:", "0:m 0:m 8: 10:",
        "0:m 3: 10: 5:m", "0:m 7:m 8: 10:", "0:m 8:,10: 0:m 7:7", "0:m 5:m 0:m 7:m",
    ),
    ("major", "jazz"): (
        "0:M7 9:m7 2:m7 7:7", "0:6 0:6 2:m7 7:7", "0:M7 2:m7,7:7 0:M7 9:7", "0:M7 5:M7 2:m7 7:7",
        "0:M7 4:m7,9:7 2:m7 7:7", "0:7 5:7 0:7 0:7 5:7 5:7 0:7 9:7 2:m7 7:7 0:7 7:7",
        "0:M7 0:M7 2:7 2:7 2:m7 7:7 0:6 0:6",
    ),
    ("minor", "jazz"): (
        "0:m7 5:m7 2:m7b5 7:7", "0:m7 2:m7b5,7:7 0:m7 0:m7", "0:m7 5:m7 10:7 3:M7 8:M7 2:m7b5 7:7 0:m7",
        "0:m7 8:M7 2:m7b5 7:7",
    ),
}  # fmt: skip


@dataclass
class Chart:
    """A key and, for each bar, its chords as (share of the bar, root 0..11, kind of ``KINDS``)."""

    tonic: int
    mode: str
    bars: list[list[tuple[float, int, str]]]

    @property
    def key(self) -> str:
        return f"{NAMES[self.tonic]} {self.mode}"

    def mma(self, beats: int) -> list[str]:
        """The lines of an mma file, for bars of ``beats`` of its own beats."""
        lines = []
        for number, bar in enumerate(self.bars, 1):
            names = [NAMES[root] + KINDS[kind][0] for _, root, kind in bar]
            if len(names) == 2:
                names = [names[0], *["/"] * ((beats + 1) // 2 - 1), names[1]]
            lines.append(f"{number} {' '.join(names)}")
        return lines

    def labels(self, downbeats: list[float], end: float, share: float = 0.5) -> list[tuple[float, float, str]]:
        """(start, end, mir_eval label) with equal neighbours joined; ``share``: where a bar's second chord begins."""
        out: list[tuple[float, float, str]] = []
        edges = [*downbeats, end]
        for bar, chords in enumerate(self.bars[: len(downbeats)]):
            cuts = [edges[bar], edges[bar + 1]]
            if len(chords) == 2:
                cuts.insert(1, edges[bar] + share * (edges[bar + 1] - edges[bar]))
            for i, (_, root, kind) in enumerate(chords):
                label = f"{NAMES[root]}:{KINDS[kind][1]}"
                if out and out[-1][2] == label:
                    out[-1] = (out[-1][0], cuts[i + 1], label)
                else:
                    out.append((cuts[i], cuts[i + 1], label))
        return out


def make_chart(rng: random.Random, bars: int, jazz: bool, halves: bool = True) -> Chart:
    """A chart of ``bars`` that begins and ends on its tonic; ``halves``: a bar may hold two chords."""
    tonic, mode = rng.randrange(12), rng.choice(("major", "major", "minor"))
    turns = [t for t in TURNS[mode, "jazz" if jazz else "plain"] if halves or "," not in t]
    form = rng.sample(turns, 2)
    out: list[list[tuple[float, int, str]]] = []
    for turn in range(bars):
        if len(out) >= bars:
            break
        for bar in form[turn // 2 % 2].split():
            parts = [part.split(":") for part in bar.split(",")]
            out.append([(1 / len(parts), (tonic + int(step)) % 12, kind) for step, kind in parts])
    out = out[:bars]
    out[-1] = out[0][:1]
    return Chart(tonic, mode, out)


def lead_line(rng: random.Random, chart: Chart, downbeats: list[float], end: float, channel: int,
              syncopated: bool, parts: int = 2) -> list[Note]:  # fmt: skip
    """A tune over the chart, ``parts`` notes a beat: chord tones on it, the scale between, phrases with rests."""
    scale = [(chart.tonic + s) % 12 for s in (MAJOR if chart.mode == "major" else MINOR)]
    edges, notes, pitch = [*downbeats, end], [], rng.randint(67, 76)
    for bar, chords in enumerate(chart.bars[: len(downbeats)]):
        if bar % 4 == 3 and rng.random() < 0.6:
            continue
        start, length = edges[bar], edges[bar + 1] - edges[bar]
        slots = round(length * parts)
        taken = [s for s in range(slots) if rng.random() < (0.55 if (s % parts == 0) != syncopated else 0.3)]
        for slot, after in zip(taken, [*taken[1:], slots], strict=False):
            _, root, kind = chords[-1 if slot >= slots / 2 else 0]
            tones = [(root + t) % 12 for t in KINDS[kind][2]] if slot % parts == 0 else scale
            near = [p for p in range(60, 85) if p % 12 in tones and p != pitch and abs(p - pitch) < 8]
            pitch = rng.choices(near, [1 / (abs(p - pitch) + 1) for p in near])[0]
            held = min((after - slot) / parts, 2.0) * rng.uniform(0.7, 0.98)
            notes.append(Note(start + slot / parts, held, channel, pitch, rng.randint(75, 112)))
    return notes
