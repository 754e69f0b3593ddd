"""Electronic music from a seed: what plays where pictures are thrown. A style's variant is a source of its own."""

import random

from tools.ears_corpus_charts import KINDS, MAJOR, MINOR, Chart, lead_line, make_chart
from tools.ears_corpus_kit import CLAP, CLOSED, COWBELL, CRASH, KICK, OPEN, RIDE, RIM, SHAKER, SNARE, TOM
from tools.ears_corpus_midi import DRUMS, Note, Piece
from tools.ears_corpus_styles import NAMED, STYLES, Style

VARIANTS = 6
BASS, STAB, PAD, ARP, LEAD = range(5)  # channels
PROGRAMS = {
    BASS: (38, 39, 87, 33, 36), STAB: (81, 62, 63, 4, 5, 16, 90, 17), PAD: (50, 89, 90, 91, 94, 48, 95),
    ARP: (80, 81, 11, 46, 84, 98, 12), LEAD: (80, 81, 84, 62, 73, 54, 85),
}  # fmt: skip


VOLUMES = {BASS: 112, STAB: 82, PAD: 64, ARP: 72, LEAD: 88}
EXTRAS = {
    "shaker": (SHAKER, "xoxoxoxoxoxoxoxo"), "rim": (RIM, "...x..x....x..x."), "ride": (RIDE, NAMED["eighths"]),
    "tom": (TOM, "..........x..x.."), "cowbell": (COWBELL, "x..x..x..x..x..."),
}  # fmt: skip


def sources() -> list[str]:
    """Names of all sources, style and variant; any run of them holds as many styles as it can."""
    return [f"{style}/{variant}" for variant in range(VARIANTS) for style in STYLES]


def track(source: str, seconds: float, rng: random.Random) -> tuple[Piece, list[tuple[float, float]]]:
    """A piece of about ``seconds`` and the spans (in beats) of its breaks. The rhythm is the source's."""
    name = source.split("/", maxsplit=1)[0]
    style = STYLES[name]
    own = random.Random(f"beats {source}")
    bpm = rng.uniform(*style.bpm)
    bars = max(12, round(seconds * bpm / 240))
    chart = _chart(style, bars, rng)
    piece = Piece(f"beats/{source}", [float(b) for b in range(4 * bars)], [4.0 * b for b in range(bars)], [], bpm,
                  key=chart.key, end=4.0 * bars)  # fmt: skip
    piece.chords = chart.labels(piece.downbeats, piece.end)
    piece.tags = ["beats", name, "4-beat bar", "drums"] + ["swung"] * (style.swing > 0)
    piece.setup = [(0.0, bytes([0xC0 | c, own.choice(p)])) for c, p in PROGRAMS.items()]
    piece.setup += [(0.0, bytes([0xC0 | DRUMS, own.choice((0, 8, 24, 25))]))]
    piece.setup += [(0.0, bytes([0xB0 | c, 7, level])) for c, level in VOLUMES.items()]
    intro = rng.choice((0, 0, 2, 4))
    rest = rng.randrange(intro + 3, bars - 6) if bars > intro + 10 and rng.random() < 0.55 else None
    gone = set(range(rest, rest + 4)) if rest is not None else set()
    _drums(piece, style, own, rng, bars, intro, gone, _swing(style, own))
    _music(piece, style, own, rng, chart, intro, gone, _swing(style, own))
    spans = []
    if rest is not None:
        piece.tags.append("beatless break")
        spans = [(4.0 * rest, 4.0 * rest + 16)]
    if own.random() < 0.35:
        piece.notes += lead_line(rng, chart, piece.downbeats, piece.end, LEAD, syncopated=True)
        piece.tags += ["lead", "syncopated"]
    if intro and piece.chords:
        # Drums alone at first: there is no chord to hear.
        piece.chords = [(0.0, 4.0 * intro, "N")] + [
            (max(a, 4.0 * intro), b, c) for a, b, c in piece.chords if b > 4 * intro
        ]
        piece.notes = [n for n in piece.notes if n.channel == DRUMS or n.start >= 4 * intro]
    piece.notes = [n for n in piece.notes if n.start < piece.end]
    return piece, spans


def _chart(style: Style, bars: int, rng: random.Random) -> Chart:
    chart = make_chart(rng, bars, style.jazz, halves=False)
    if style.vamp:
        chart = Chart(chart.tonic, "minor", [[(1.0, chart.tonic, "m")] for _ in range(bars)])
    return chart


def _swing(style: Style, own: random.Random) -> float:
    return style.swing * own.uniform(0.6, 1.4) * 0.5


def _steps(pattern: str, bar: int, swing: float, late: float = 0.0) -> list[tuple[float, bool]]:
    """(beat, loud) of the steps of a bar; every second sixteenth comes late by ``swing`` of a beat."""
    return [(4.0 * bar + s / 4 + swing * (s % 2) + late, mark == "x") for s, mark in enumerate(pattern) if mark != "."]


def _drums(piece: Piece, style: Style, own: random.Random, rng: random.Random, bars: int, intro: int, gone: set[int],
           swing: float) -> None:  # fmt: skip
    kick, snare, hat, extra = (own.choice(style.of(v)) for v in ("kick", "snare", "hat", "extra"))
    voice = CLAP if style.clap and own.random() < 0.7 else SNARE
    loose = own.uniform(0.0, 0.012)

    def hit(at: float, pitch: int, velocity: float) -> None:
        moved = max(0.0, at + rng.gauss(0, loose) * (pitch != KICK))
        piece.notes.append(Note(moved, 0.2, DRUMS, pitch, max(24, min(127, round(velocity * rng.uniform(0.93, 1.05))))))

    for bar in range(bars):
        fill = bar % 8 == 7 and rng.random() < 0.6
        if bar in gone:
            if bar + 1 not in gone:
                for s in range(16):
                    hit(4 * bar + s / 4, voice, 40 + 4.5 * s)
            elif rng.random() < 0.4:
                for at, loud in _steps(hat, bar, swing):
                    hit(at, CLOSED, 60 if loud else 40)
            continue
        if bar in (intro, *[g + 1 for g in gone if g + 1 not in gone]) and bar:
            hit(4 * bar, CRASH, 110)
        for at, _ in _steps(kick, bar, swing):
            hit(at, KICK, 118)
        for at, loud in _steps(snare, bar, swing):
            hit(at, voice if loud else SNARE, 110 if loud else 48)
        for at, loud in _steps(hat, bar, swing):
            hit(at, OPEN if hat == NAMED["off"] and loud else CLOSED, 88 if loud else 52)
        if extra in EXTRAS and bar % 8 >= 4:
            voice_too, pattern = EXTRAS[extra]
            for at, loud in _steps(pattern, bar, swing):
                hit(at, voice_too, 84 if loud else 50)
        if fill:
            for s in sorted(rng.sample(range(8, 16), 4)):
                hit(4 * bar + s / 4, rng.choice((SNARE, TOM)), rng.randint(70, 112))


def _music(piece: Piece, style: Style, own: random.Random, rng: random.Random, chart: Chart, intro: int,
           gone: set[int], swing: float) -> None:  # fmt: skip
    bass, stab = own.choice(style.of("bass")), own.choice(style.of("stab"))
    wander, arps, octave = own.random() < 0.4, own.random() < 0.45, own.choice((0, 0, 12))
    order = [own.randrange(5) for _ in range(16)]
    scale = [s for s in (MAJOR if chart.mode == "major" else MINOR) if s in (0, 3, 4, 7, 10)]

    def add(at: float, length: float, channel: int, pitch: int, velocity: int) -> None:
        piece.notes.append(Note(at, length, channel, pitch, velocity))

    for bar in range(intro, len(chart.bars)):
        _, root, kind = chart.bars[bar][0]
        tones = KINDS[kind][2]
        low = 28 + (root - 4) % 12
        if bar not in gone:
            steps = _steps(bass, bar, swing)
            for (at, loud), after in zip(steps, [a for a, _ in steps[1:]] + [4.0 * bar + 4], strict=True):
                pitch = low + (own.choice(scale) if wander and chart.bars[bar][0][1] == chart.tonic and at % 4 else 0)
                up = octave if at % 1 else 0
                add(at, min(after - at, 1.5) * 0.9, BASS, pitch + up, 112 if loud else 84)
        if bar in gone or stab == NAMED["hold"] or bar % 8 >= 4:
            for tone in tones:
                add(4 * bar, 3.95, PAD, 55 + (root + tone - 7) % 12, 84)
        if stab != NAMED["hold"] and bar not in gone:
            for at, _ in _steps(stab, bar, swing):
                for tone in tones:
                    add(at, 0.22, STAB, 55 + (root + tone - 7) % 12, rng.randint(86, 104))
        if arps and (bar in gone or bar % 8 >= 2):
            for s in range(16):
                step = order[s]
                tone = tones[step % len(tones)] + 12 * (step // len(tones))
                add(4 * bar + s / 4 + swing * (s % 2), 0.22, ARP, 67 + (root - 7) % 12 + tone, 92 if s % 4 == 0 else 74)
