"""What the players of a piece of ``train_beat_music`` play: drums, bass lines, chords, tunes, four parts."""

import random
from collections.abc import Callable

from tools.ears_corpus_charts import KINDS, MAJOR, MINOR, Chart, make_chart
from tools.ears_corpus_midi import DRUMS, Note, Piece
from tools.train_beat_styles import Style

SECONDS = 28.0
BASS, COMP, PAD, LEAD, SECOND = range(5)
TOMS = (41, 43, 45, 47, 48, 50)
Warp = Callable[[float], float]


def _tempo(rng: random.Random, low: float, high: float) -> float:
    # Mostly as the style goes, sometimes anywhere near it.
    return rng.uniform(low, high) if rng.random() < 0.85 else min(235.0, max(42.0, rng.uniform(low / 1.3, high * 1.3)))


def _warp(style: Style, rng: random.Random) -> Warp:
    """Where in the beat a place of the straight beat falls when it is swung."""
    if style.swing == "0" and rng.random() < 0.93:
        return lambda at: at
    if style.swing == "s" or (style.steps == 4 and rng.random() < 0.5):
        late = rng.choice((0.0, 0.0, rng.uniform(0.0, 0.085)))
        return lambda at: at + late * (1.0 - abs(at * 4 % 2 - 1.0)) if at * 4 % 2 else at
    ratio = rng.uniform(0.52, 0.68)

    def swung(at: float) -> float:
        whole, rest = at // 1.0, at % 1.0
        return whole + (rest * 2 * ratio if rest < 0.5 else ratio + (rest - 0.5) * 2 * (1 - ratio))

    return swung


class Writer:
    """A piece in the making: its grid, chords, touch, and the notes so far."""

    def __init__(self, name: str, style: Style, rng: random.Random, jazz: float = 0.2) -> None:
        self.rng, self.style, self.beats, self.steps = rng, style, style.beats, style.steps
        self.bpm = _tempo(rng, *style.bpm)
        self.bars = max(5, round(SECONDS * self.bpm / 60 / self.beats))
        self.warp = _warp(style, rng)
        self.loose = rng.choice((0.0, 0.004, 0.008, 0.014)) * self.bpm / 60  # in beats
        self.jazz = rng.random() < jazz
        self.every = rng.choice((1, 1, 1, 1, 2)) if self.beats * 60 / self.bpm < 2.2 else 1
        self.chart: Chart = make_chart(rng, -(-self.bars // self.every), self.jazz, halves=self.beats in (2, 4))
        self.end = float(self.bars * self.beats)
        self.accent = rng.uniform(0, 22)
        self.piece = Piece(name, [float(b) for b in range(round(self.end))],
                           [float(b * self.beats) for b in range(self.bars)], [], self.bpm, end=self.end)  # fmt: skip

    def chord(self, at: float) -> tuple[int, tuple[int, ...]]:
        """Root and intervals at a beat."""
        bar = min(int(at // self.beats), self.bars - 1)
        chords = self.chart.bars[min(bar // self.every, len(self.chart.bars) - 1)]
        inside = (at - bar * self.beats) / self.beats
        if self.every == 2:
            inside = (inside + bar % 2) / 2
        _, root, kind = chords[-1 if inside >= 0.5 - 1e-6 else 0]
        return root, KINDS[kind][2]

    def add(self, at: float, length: float, channel: int, pitch: int, loud: float, swing: bool = True) -> None:
        """A note of the straight grid, played as this piece is played."""
        if not 0 <= at < self.end - 1e-6:
            return
        start = self.warp(at) if swing else at
        moved = max(0.0, start + self.rng.gauss(0, self.loose))
        velocity = round(loud * self.rng.uniform(0.93, 1.06) + self.rng.gauss(0, 2))
        self.piece.notes.append(Note(moved, max(0.05, length), channel, min(127, max(0, pitch)),
                                     max(18, min(127, velocity))))  # fmt: skip

    def weight(self, at: float) -> float:
        """Metrical stress of a place, 0..1."""
        inside = at % self.beats
        if inside < 1e-6:
            return 1.0
        if abs(inside % 1.0) < 1e-6:
            return 0.75 if self.beats == 4 and inside == 2.0 else 0.55
        return 0.25 if abs(inside * 2 % 1.0) < 1e-6 else 0.05

    def program(self, channel: int, program: int, level: int = 100) -> None:
        self.piece.setup += [(0.0, bytes([0xC0 | channel, program])), (0.0, bytes([0xB0 | channel, 7, level]))]

    def pan(self, rng: random.Random) -> None:
        for channel in range(6):
            self.piece.setup.append((0.0, bytes([0xB0 | channel, 10, rng.randint(24, 104)])))


# ---- drums ---------------------------------------------------------------------------------------------------------
def drums(w: Writer, patterns: dict[int, str], played: list[bool]) -> None:
    """The style's drums in the bars that are ``played``, with fills and crashes at the turns of phrases."""
    rng, per_bar = w.rng, w.beats * w.steps
    phrase, fills = rng.choice((4, 8, 8)), rng.choice((0.0, 0.4, 0.8))
    drop, level = rng.choice((0.0, 0.0, 0.05)), rng.uniform(0.75, 1.0)
    late = {pitch: rng.gauss(0, 0.006) * w.bpm / 60 for pitch in patterns}
    # Now and then a piece has a beat of its own: another kick.
    if rng.random() < 0.25:
        own = ["."] * per_bar
        own[0] = "x"
        for s in rng.sample(range(per_bar), rng.randint(1, 3)):
            own[s] = "x"
        patterns = patterns | {36: "".join(own)}
    for bar in range(w.bars):
        if not played[bar]:
            continue
        last = bar % phrase == phrase - 1
        cut = per_bar
        if last and rng.random() < fills:
            cut = per_bar - w.steps * rng.choice((1, 1, 2))
            kind, down = rng.choice(("toms", "snare", "rest", "mixed")), rng.choice(TOMS[2:])
            for s in range(cut, per_bar):
                if kind == "rest" or rng.random() < 0.2:
                    continue
                pitch = 38 if kind == "snare" else down - (s - cut) // 2 if kind == "toms" else rng.choice((38, *TOMS))
                w.add(bar * w.beats + s / w.steps, 0.1, DRUMS, max(41, pitch) if kind == "toms" else pitch,
                      rng.uniform(75, 118))  # fmt: skip
        for pitch, pattern in patterns.items():
            for s in range(cut):
                mark = pattern[(bar * per_bar + s) % len(pattern)]
                if mark == "." or rng.random() < drop:
                    continue
                at = bar * w.beats + s / w.steps
                loud = (108 if mark == "x" else 62) * level * (0.86 if pitch in (42, 44, 51, 70, 69) else 1.0)
                loud += w.accent * 0.3 * w.weight(at)
                w.add(max(0.0, at + late.get(pitch, 0.0)) if s else at, 0.1, DRUMS, pitch, loud)
        if bar % phrase == 0 and bar and rng.random() < 0.35:
            w.add(bar * w.beats, 0.5, DRUMS, 49, 104)


# ---- parts ---------------------------------------------------------------------------------------------------------
def _own(w: Writer, density: float, push: float) -> list[float]:
    """A rhythm of a bar: strong places more often than weak ones; ``push`` swaps a strong one for the one before."""
    steps = w.steps if w.steps == 3 else w.rng.choice((2, 2, w.steps))
    out = set()
    for s in range(w.beats * steps):
        at = s / steps
        if w.rng.random() < density * (0.35 + w.weight(at)):
            early = w.rng.random() < push and s and w.weight(at) > 0.5
            out.add(at - 1 / steps if early else at)
    return sorted(out) or [0.0]


def bass(w: Writer, played: list[bool], patterns: dict[int, str]) -> None:
    """A bass line: roots, fifths, walking, eighths, off the beat, with the kick, anticipated, or a figure."""
    rng, n = w.rng, w.beats
    kinds = ["root", "half", "walk", "eighths", "off", "kick", "push", "own", "octaves"]
    weights = [3, 4, 6 if w.style.name in ("swing", "shuffle", "waltz_ride") else 1, 3, 1, 4, 2, 4, 1]
    if w.style.name in ("son", "mambo", "cha"):
        weights[6] = 14
    if n == 3:
        weights[0] = 12
    kind = rng.choices(kinds, weights)[0]
    sub = 3 if w.steps == 3 else 2
    figure = {
        "root": [0.0], "half": [0.0, n / 2] if n % 2 == 0 else [0.0, n - 1.0], "walk": [float(b) for b in range(n)],
        "eighths": [s / sub for s in range(n * sub)], "off": [b + (2 / 3 if sub == 3 else 0.5) for b in range(n)],
        "push": [1.5, 3.0] if n == 4 else [0.0, n - 0.5], "octaves": [s / 2 for s in range(2 * n)],
    }.get(kind)  # fmt: skip
    if kind == "kick" and 36 in patterns:
        kick, per_bar = patterns[36], n * w.steps
        figure = [s / w.steps for s in range(per_bar) if kick[s % len(kick)] != "."]
    if not figure:
        figure = [0.0, *[f for f in _own(w, rng.uniform(0.25, 0.6), 0.3) if f]]
    if kind == "half" and rng.random() < 0.3 and n > 1:
        figure = sorted({*figure, n - 0.5, n / 2 - 0.5 if n == 4 else 0.0})
    level, held, pitch = rng.uniform(80, 110), rng.choice((0.5, 0.85, 0.95)), 36
    second = rng.choice((0, 0, 7, -5, 12))
    for bar in range(w.bars):
        if not played[bar]:
            continue
        for i, f in enumerate(figure):
            at = bar * n + f
            ahead = at + 0.5 if kind == "push" and f % 1 else at + (1.0 if kind == "push" and f == n - 1 else 0.0)
            root, tones = w.chord(min(ahead, w.end - 0.1))
            low = 28 + (root - 28) % 12
            if kind == "walk" and i:
                near = [p for p in range(max(28, pitch - 5), pitch + 6) if p != pitch]
                pitch = rng.choice([p for p in near if (p - root) % 12 in tones] if rng.random() < 0.55 else near)
            elif kind == "octaves":
                pitch = low + 12 * (i % 2)
            else:
                pitch = low + (second if i % 2 else 0)
            after = figure[i + 1] if i + 1 < len(figure) else n + figure[0]
            w.add(at, (after - f) * held, BASS, pitch, level + w.accent * w.weight(at))


def comp(w: Writer, played: list[bool], kind: str, channel: int, low: int, level: float) -> None:
    """Chords in one of many ways of playing them."""
    rng, n = w.rng, w.beats
    sub = 3 if w.steps == 3 else 2
    off = 2 / 3 if sub == 3 else 0.5
    figures: dict[str, list[float]] = {
        "held": [0.0], "halves": [0.0, n / 2] if n % 2 == 0 else [0.0], "beats": [float(b) for b in range(n)],
        "after": [float(b) for b in range(1, n, 2 if n % 2 == 0 else 1)] if n > 2 else [b + off for b in range(n)],
        "off": [b + off for b in range(n)], "eighths": [s / sub for s in range(n * sub)],
        "sixteenths": [s / 4 for s in range(n * 4)] if sub == 2 else [s / 3 for s in range(n * 3)],
        "charleston": [0.0, 1 + off], "three": [0.0, 1.5, 3.0] if n == 4 else [0.0, 1.5],
        "reggae": [1.0, 3.0] if n == 4 else [1.0], "early": [n - 1 + off, 1 + off],
    }  # fmt: skip
    figure = figures.get(kind) or _own(w, rng.uniform(0.25, 0.7), rng.uniform(0.0, 0.5))
    wide = rng.random() < 0.3
    short = kind in ("off", "reggae", "after", "charleston") or rng.random() < 0.35
    strum = rng.choice((0.0, 0.0, 0.01, 0.02)) * w.bpm / 60
    order = rng.choice(("up", "up-down", "alberti", "down", "broken", "roll"))
    rate = 3 if sub == 3 else rng.choice((2, 2, 4) if w.bpm < 130 else (1, 2, 2))
    slur = rng.random() < 0.4
    for bar in range(w.bars):
        if not played[bar]:
            continue
        if kind in ("arpeggio", "arpeggio bass"):
            for s in range(n * rate):
                at = bar * n + s / rate
                root, tones = w.chord(at)
                notes = sorted(low + (root + t - low) % 12 for t in tones)
                notes += [notes[0] + 12] * (order != "alberti") + [t + 12 for t in notes[1:]] * wide
                m = len(notes)
                turn = {"up": s % m, "down": m - 1 - s % m, "up-down": (s % (2 * m - 2)) if s % (2 * m - 2) < m else
                        2 * m - 2 - s % (2 * m - 2), "alberti": (0, m - 1, 1, m - 1)[s % 4],
                        "broken": (s * 2) % m if m % 2 else (s * 2 + s * 2 // m) % m,
                        "roll": (s % rate) % m}[order]  # fmt: skip
                w.add(at, (2.5 if slur else 0.9) / rate, channel, notes[turn], level + w.accent * w.weight(at))
                if kind == "arpeggio bass" and s % (rate * n) == 0:
                    w.add(at, n * 0.95, channel, 36 + (root - 36) % 12, level + 8)
            continue
        for i, f in enumerate(figure):
            at = bar * n + f
            ahead = at + (1.0 - f % 1.0 if f >= n - 1 and f % 1 and kind in ("own", "early") else 0.0)
            root, tones = w.chord(min(ahead, w.end - 0.1))
            after = figure[i + 1] if i + 1 < len(figure) else n + figure[0]
            length = min(after - f, 0.35 if short else 9.0) * rng.uniform(0.85, 0.97)
            for j, t in enumerate(sorted(low + (root + t - low) % 12 for t in tones)):
                w.add(at + j * strum, length, channel, t, level + w.accent * 0.7 * w.weight(at))
                if wide and j == 0:
                    w.add(at, length, channel, t + 12, level - 6)


def stride(w: Writer, channel: int, level: float) -> None:
    """Bass on one beat, chord on the next (or behind it), as in rags, polkas, waltzes and marches on a piano."""
    rng, n = w.rng, w.beats
    fine = n == 2 and w.steps != 3
    for bar in range(w.bars):
        for s in range(n * (2 if fine else 1)):
            at = bar * n + s / (2 if fine else 1)
            root, tones = w.chord(at)
            low = s % 2 == 0 if n != 3 or fine else s == 0
            if low:
                fifth = -5 if s and rng.random() < 0.7 else 0
                w.add(at, 0.45, channel, 36 + (root - 36) % 12 + fifth, level + w.accent * w.weight(at))
            else:
                for t in tones[:3]:
                    w.add(at, 0.4, channel, 52 + (root + t - 52) % 12, level - 8)


def _cells(w: Writer, busy: float, push: float) -> list[list[tuple[float, float]]]:
    """A few rhythms of a bar as (place, length): what a tune repeats."""
    rng, n, out = w.rng, w.beats, []
    compound = w.steps == 3 and w.style.swing == "0" and w.style.name not in ("swing", "shuffle", "waltz_ride")
    if compound:
        pieces = [(1 / 3,) * 3, (2 / 3, 1 / 3), (1.0,), (1 / 3, 2 / 3), (0.5, 1 / 6, 1 / 3)]
        weights = [6 * busy, 4, 2.5 - 2 * busy, 0.4, 0.7]
    else:
        pieces = [(1.0,), (0.5, 0.5), (0.75, 0.25), (0.25,) * 4, (0.5, 0.25, 0.25), (0.25, 0.25, 0.5),
                  (1 / 3,) * 3, (0.25, 0.5, 0.25)]  # fmt: skip
        quick = busy * (1.6 if w.bpm < 105 else 0.25)
        weights = [3.2 - 2.6 * busy, 4 * busy + 0.5, 0.8, 1.5 * quick, quick, quick, 0.08, push * quick]
    for _ in range(4):
        places, at = [], 0.0
        while at < n - 1e-6:
            if at <= n - 2 and rng.random() < 0.28 * (1 - busy):
                long = ((2.0,), (5 / 3, 1 / 3)) if compound else ((2.0,), (1.5, 0.5))
                lengths: tuple[float, ...] = rng.choice(long)
            else:
                lengths = rng.choices(pieces, [max(0.0, x) for x in weights])[0]
            for length in lengths:
                places.append([at, length])
                at += length
        for i in range(1, len(places)):
            if places[i][0] % 1 == 0 and rng.random() < push and places[i - 1][1] >= 0.5 - 1e-6:
                early = 1 / 3 if compound else 0.5 if places[i - 1][1] > 0.5 else 0.25
                places[i][0] -= early
                places[i][1] += early
                places[i - 1][1] -= early
        out.append([(a, length) for a, length in places if length > 0.05])
    return out


def tune(w: Writer, channel: int, level: float, busy: float, push: float, low: int = 60, rests: float = 0.15,
         legato: float = 0.9, parallel: int = 0) -> None:  # fmt: skip
    """A tune in phrases: rhythms that come again, chord tones where it counts, the scale between, a long last note."""
    rng, n = w.rng, w.beats
    cells = _cells(w, busy, push)
    form = rng.choice(("0102", "0012", "0123", "0000", "0101"))
    scale = [(w.chart.tonic + s) % 12 for s in (MAJOR if w.chart.mode == "major" else MINOR)]
    pitch, phrase, stress = low + rng.randint(3, 10), rng.choice((4, 4, 2)), w.accent * rng.random()
    pick = rng.random() < 0.35
    leaps, cadence = rng.uniform(0.5, 2.0), rng.random() < 0.7
    for bar in range(w.bars):
        last = bar % phrase == phrase - 1
        if last and rng.random() < rests:
            continue
        cell = cells[int(form[bar % 4])]
        if rng.random() < 0.12:
            cell = rng.choice(cells)
        for i, (f, length) in enumerate(cell):
            if rng.random() < rests * 0.35 and i:
                continue
            at = bar * n + f
            long_end = last and cadence and f >= n / 2
            if long_end and i and cell[i - 1][0] >= n / 2:
                continue
            root, tones = w.chord(at)
            on = [(root + t) % 12 for t in tones] if w.weight(at) > 0.5 or rng.random() < 0.3 else scale
            near = [p for p in range(low - 2, low + 22) if p % 12 in on and p != pitch and abs(p - pitch) < 10]
            pitch = rng.choices(near, [1 / (abs(p - pitch) + leaps) ** 1.6 for p in near])[0] if near else pitch
            held = (n - f if long_end else length) * legato
            w.add(at, held, channel, pitch, level + stress * w.weight(at))
            if parallel:
                below = [p for p in range(pitch - 5, pitch - 2) if p % 12 in scale] or [pitch - 4]
                w.add(at, held, parallel, below[0], level - 8 + stress * w.weight(at))
        if pick and last and bar + 1 < w.bars:
            step = 1 / 3 if w.steps == 3 else 0.5
            for j in range(rng.choice((1, 2))):
                w.add((bar + 1) * n - (j + 1) * step, step * 0.9, channel, pitch - 2 * (1 - j), level)


def parts(w: Writer, programs: tuple[int, ...], level: float, flow: float) -> None:
    """Four parts that move from beat to beat, with passing eighths: a chorale, a hymn, a slow quartet."""
    rng, n = w.rng, w.beats
    voices = [48, 55, 62, 69]
    scale = [(w.chart.tonic + s) % 12 for s in (MAJOR if w.chart.mode == "major" else MINOR)]
    step = 1.0 if rng.random() < 0.75 else 0.5
    for channel, program in enumerate(programs):
        w.program(channel, program, 100)
    steps = int(n / step)
    for bar in range(w.bars):
        held = bar % 4 == 3 and rng.random() < 0.6
        for s in range(steps):
            at = bar * n + s * step
            if held and s * step > n / 2:
                continue
            root, tones = w.chord(at)
            if rng.random() < 0.4 and s % 2:
                root, tones = (w.chart.tonic + rng.choice((5, 7))) % 12, (0, 4, 7)
            for v, pitch in enumerate(voices):
                wanted = [root % 12] if v == 0 else [(root + t) % 12 for t in tones]
                near = [p for p in range(40 + 8 * v, 60 + 8 * v) if p % 12 in wanted]
                new = min(near, key=lambda p, was=pitch: abs(p - was) + rng.random() * 2) if near else pitch
                length = (n / 2 if held and s * step >= n / 2 else step) * rng.uniform(0.9, 1.0)
                if v and s and new == pitch and rng.random() < 0.3:
                    continue
                if rng.random() < flow and step == 1.0 and not held:
                    w.add(at, 0.48, v, new, level + w.accent * 0.4 * w.weight(at))
                    passing = [p for p in range(new - 3, new + 4) if p % 12 in scale and p != new]
                    w.add(at + 0.5, 0.48, v, rng.choice(passing), level - 6)
                else:
                    w.add(at, length, v, new, level + w.accent * 0.4 * w.weight(at))
                voices[v] = new
