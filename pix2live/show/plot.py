"""The page of ``pix2live analyze --plot``: all that was heard in a piece, in lanes on one time axis."""

import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pix2live.atomic import Beside, write_whole
from pix2live.devices.audiofile import AudioFile
from pix2live.errors import FileError
from pix2live.show.analysis import Analysis

SUFFIXES = (".png", ".svg", ".pdf")
SIZE_IN, DPI = (40.0 / 3.0, 7.5), 288  # 3840 x 2160
COLUMNS = 2400
LEFT, RIGHT, TOP, BOTTOM = 0.079, 0.938, 0.9, 0.046
NOTES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
HITS = ("onset", "kick", "snare", "hat")

PAPER, PANEL, RULE, INK, DIM = "#0d0f14", "#12151c", "#262b36", "#ebe6da", "#868b98"
AMBER, CORAL, TEAL, BLUE, VIOLET, GREEN = "#f0b35a", "#f0716a", "#5cc8ba", "#78a9f0", "#a58df0", "#a3cf7a"
HEAT = (PANEL, "#1d1f3d", "#463072", "#8d3a86", "#d7565f", "#f2a25a", "#fbf0c4")
# Any: the library's own type names all of its settings.
_STYLE: Any = {
    "figure.facecolor": PAPER, "axes.facecolor": PANEL, "axes.edgecolor": RULE, "axes.linewidth": 0.6,
    "text.color": INK, "axes.labelcolor": DIM, "xtick.color": DIM, "ytick.color": DIM, "font.family": "DejaVu Sans",
    "font.size": 7.0, "xtick.major.size": 0.0, "ytick.major.size": 0.0, "ytick.major.pad": 3.0, "svg.fonttype": "none",
}


class _Page:
    """What every lane needs: the hearing, the time axis and where sections begin."""

    def __init__(self, analysis: Analysis, path: Path) -> None:
        self.analysis, self.path, self.time = analysis, path, analysis.time_s
        self.end_s = max(float(self.time[-1]), 0.01) if len(self.time) else 1.0
        self.per_inch_s = self.end_s / (SIZE_IN[0] * (RIGHT - LEFT))
        self.peak = 0.0

    def has(self, *names: str) -> bool:
        return len(self.time) > 1 and all(name in self.analysis.signals for name in names)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.analysis.signals[name]

    def reduced(self, name: str, how: Any = np.maximum) -> tuple[np.ndarray, np.ndarray]:
        """Times and values of a signal, one for each column of the page; ``how`` is a ufunc (np.add is the mean)."""
        values, starts = self[name], _starts(len(self.time))
        out = how.reduceat(values, starts, axis=0)
        if how is np.add:
            sizes = np.diff(starts, append=len(values))
            out = out / (sizes if out.ndim == 1 else sizes[:, None])
        return self.time[starts], out

    def counted(self, name: str) -> np.ndarray:
        """Moments at which a counter grew."""
        return self.time[np.flatnonzero(np.diff(self[name], prepend=self[name][0]) > 0)]

    def events(self, stem: str, counter: str) -> np.ndarray:
        """Moments that the analysis names (``beat_s``), or else those at which the counter grew."""
        named = self.analysis.events.get(f"{stem}_s")
        return named if named is not None else self.counted(counter) if self.has(counter) else np.zeros(0)

    def fits(self, text: str, seconds: float, points: float = 6.0) -> bool:
        return 0.62 * points / 72.0 * len(text) * self.per_inch_s < 0.92 * seconds


def _starts(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count, min(COLUMNS, count), endpoint=False).astype(np.int64))


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """Where equal values stand together: (first, past the last)."""
    edges = np.flatnonzero(np.diff(values)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True))


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


def _root_colour(root: int, minor: bool) -> Any:
    """A fifth apart is a twelfth of the circle apart: related chords look related."""
    from matplotlib.colors import hsv_to_rgb

    hue = (0.09 + root * 7 % 12 / 12.0) % 1.0
    return hsv_to_rgb((hue, 0.42, 0.46) if minor else (hue, 0.38, 0.76))


def _note(axes: Any, text: str, colour: str = DIM, y: float = 0.5) -> None:
    axes.text(1.006, y, text, transform=axes.transAxes, color=colour, fontsize=6.2, va="center", linespacing=1.35)


def _waveform(page: _Page, axes: Any) -> None:
    file = AudioFile(page.path, 48000, channels=1)
    try:
        per = max(1, round(page.end_s * 48000 / COLUMNS))
        column = np.zeros((per, 1), np.float32)
        low: list[float] = []
        high: list[float] = []
        rms: list[float] = []
        while len(low) < COLUMNS and (got := file.read(column)) > 0:
            low.append(float(column[:got].min()))
            high.append(float(column[:got].max()))
            rms.append(float(np.sqrt(np.mean(np.square(column[:got], dtype=np.float64)))))
    finally:
        file.close()
    at = (np.arange(len(low)) + 0.5) * per / 48000
    page.peak = max(float(np.max(np.abs([*low, *high]), initial=0.0)), 1e-4)
    axes.fill_between(at, low, high, color="#4d5f8f", lw=0, label="waveform")
    axes.fill_between(at, -np.array(rms), rms, color="#b9c8ee", lw=0)
    axes.set(ylim=(-1.05 * page.peak, 1.05 * page.peak), yticks=[])
    _note(axes, f"peak {20 * np.log10(page.peak):.1f} dB")


def _loudness(page: _Page, axes: Any) -> None:
    at, momentary = page.reduced("audio.lufs_m")
    _, short = page.reduced("audio.lufs_s", np.add)
    floor = max(-60.0, float(np.percentile(momentary, 2)) - 6.0)
    top = max(floor + 12.0, float(momentary.max()) + 1.5)
    axes.fill_between(at, floor, momentary, color=BLUE, alpha=0.22, lw=0)
    axes.plot(at, momentary, color=BLUE, lw=0.4, alpha=0.8, label="momentary")
    axes.plot(at, short, color=INK, lw=0.9, label="short-term")
    step = 5 if top - floor < 20 else 10 if top - floor < 40 else 20
    ticks = np.arange(0, -70, -step)
    axes.set(ylim=(floor, top), yticks=ticks[(ticks > floor + 1) & (ticks < top)][:4])
    _note(axes, "short-term", INK, 0.72)
    _note(axes, "momentary", BLUE, 0.28)


def _spectrogram(page: _Page, axes: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    _, picture = page.reduced("audio.spectrum")
    low, high = np.percentile(picture, (12, 99.7))
    heat = LinearSegmentedColormap.from_list("heat", list(HEAT))
    # Quiet sound is most of what a spectrum shows; the curve leaves it dark so that the music stands out.
    picture = np.clip((picture - low) / max(high - low, 0.1), 0, 1) ** 1.35
    axes.imshow(picture.T, origin="lower", aspect="auto", cmap=heat, vmin=0, vmax=1, interpolation="bilinear",
                extent=(0, page.end_s, 0, 1), rasterized=True, label="spectrogram")
    hz = np.array([50, 100, 200, 500, 1000, 2000, 5000, 10000])
    axes.set_yticks(np.log(hz / 20.0) / np.log(1000.0), ["50", "100", "200", "500", "1k", "2k", "5k", "10k"])
    axes.set(ylim=(np.log(1.5) / np.log(1000.0), np.log(900.0) / np.log(1000.0)))


def _hits(page: _Page, axes: Any) -> None:
    colours = (INK, CORAL, AMBER, TEAL)
    lanes = [(name, colour, page.events(name, f"audio.{name}_count"))
             for name, colour in zip(HITS, colours, strict=True) if name == "onset" or page.has(f"audio.{name}_count")]
    for i, (name, colour, at) in enumerate(lanes):
        dense = len(at) * 0.012 / max(page.end_s / page.per_inch_s, 1e-9)  # inches inked of each inch
        axes.vlines(at, -i - 0.36, -i + 0.36, color=colour, lw=0.7, alpha=min(0.95, max(0.35, 0.4 / max(dense, 1e-9))),
                    label=name)
        axes.text(1.006, -i, f"{len(at)}", transform=axes.get_yaxis_transform(), color=colour, fontsize=6.2,
                  va="center")
    axes.set_yticks([-i for i in range(len(lanes))], [name for name, _, _ in lanes])
    axes.set(ylim=(-len(lanes) + 0.45, 0.55))


def _beats(page: _Page, axes: Any) -> None:
    beats, bars = page.events("beat", "beat.count"), page.events("downbeat", "beat.bar")
    sure = np.ones(len(beats))
    if page.has("beat.confidence") and len(beats):
        sure = np.interp(beats, page.time, page["beat.confidence"])
    space = page.end_s / page.per_inch_s / max(len(beats), 1)
    if space > 0.018:
        axes.vlines(beats, 0.0, 0.5, color=[(*_rgb(TEAL), 0.2 + 0.7 * min(max(s, 0.0), 1.0)) for s in sure], lw=0.6,
                    label="beats")
    every = next(n for n in (1, 2, 4, 8, 16, 32, 64, 128, 1 << 30) if n * page.end_s / max(len(bars), 1)
                 > 0.28 * page.per_inch_s)
    numbered = np.arange(len(bars)) % every == 0
    axes.vlines(bars, 0.0, np.where(numbered, 1.0, 0.5), color=INK, lw=np.where(numbered, 0.8, 0.5), label="bars")
    for number, at in enumerate(bars):
        if numbered[number]:
            axes.text(at + 0.02 * page.per_inch_s, 0.74, f"{number + 1}", fontsize=5.4, color=DIM,
                      va="center", clip_on=True)
    axes.set(ylim=(0, 1), yticks=[])
    _note(axes, f"{len(bars)} bars\n{len(beats)} beats")


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _tempo(page: _Page, axes: Any) -> None:
    from matplotlib.collections import LineCollection

    at, bpm = page.reduced("beat.bpm", np.add)
    _, sure = page.reduced("beat.confidence", np.add)
    sure = np.clip(sure, 0.0, 1.0)
    known = bpm > 0
    weighed = np.sort(bpm[known & (sure >= np.median(sure))])
    middle = float(np.median(weighed)) if len(weighed) else 120.0
    low, high = (np.percentile(weighed, (3, 97)) if len(weighed) else (middle, middle))
    low, high = min(low, 0.93 * middle) - 2.0, max(high, 1.07 * middle) + 2.0
    axes.fill_between(at, low, low + (high - low) * sure, color=GREEN, alpha=0.13, lw=0, label="confidence")
    points = np.stack([at, np.clip(bpm, low, high)], axis=1)
    lines = LineCollection(list(np.stack([points[:-1], points[1:]], axis=1)), lw=1.0, label="tempo")
    lines.set_color([(*_rgb(GREEN), 0.15 + 0.85 * s if k else 0.0) for s, k in zip(sure[1:], known[1:], strict=True)])
    axes.add_collection(lines)
    step = next(s for s in (2, 5, 10, 20, 40, 80, 160) if (high - low) / s <= 4)
    axes.set(ylim=(low, high), yticks=np.arange(np.ceil((low + 0.1) / step) * step, high - 0.1, step))
    _note(axes, f"♩ {middle:.1f}", GREEN, 0.72)
    _note(axes, "fill:\nconfidence", y=0.3)


def _chroma(page: _Page, axes: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    picture = np.stack([page.reduced(f"tone.chroma.{i}", np.add)[1] for i in range(12)])
    glow = LinearSegmentedColormap.from_list("glow", [PANEL, "#1b2b40", "#2f6673", "#7fc6a4", "#f6f2c8"])
    axes.imshow(np.clip(picture, 0, 1) ** 1.3, origin="lower", aspect="auto", cmap=glow, vmin=0, vmax=1,
                interpolation="nearest", extent=(0, page.end_s, -0.5, 11.5), rasterized=True, label="chroma")
    axes.set_yticks(range(0, 12, 2), NOTES[::2], fontsize=5.2)


def _harmony(page: _Page, axes: Any) -> None:
    keys = np.where(page["tone.key"] >= 0, page["tone.key"] + 12 * (page["tone.mode"] < 0.5), -1).astype(int)
    rows = [("key", keys, lambda v: f"{NOTES[v % 12]} {'minor' if v >= 12 else 'major'}")]
    if page.has("tone.chord"):
        rows.append(("chord", np.rint(page["tone.chord"]).astype(int), lambda v: NOTES[v % 12] + "m" * (v >= 12)))
    for i, (name, values, label) in enumerate(rows):
        for first, last in _runs(values):
            value, begin = int(values[first]), float(page.time[first])
            if value < 0:
                continue
            wide = (float(page.time[last]) if last < len(values) else page.end_s) - begin
            axes.broken_barh([(begin, wide)], (-i - 0.42, 0.84), facecolor=_root_colour(value % 12, value >= 12),
                             edgecolor=PANEL, lw=0.35, label=name)
            text = label(value)
            if page.fits(text, wide):
                axes.text(begin + 0.5 * wide, -i - 0.03, text, ha="center", va="center_baseline", fontsize=6.0,
                          color=INK if value >= 12 else PAPER, clip_on=True)
    axes.set_yticks([-i for i in range(len(rows))], [name for name, _, _ in rows])
    axes.set(ylim=(-len(rows) + 0.45, 0.55))


def _form(page: _Page, axes: Any) -> None:
    at, trend = page.reduced("form.energy_trend", np.add)
    axes.axhline(0, color=RULE, lw=0.6)
    axes.fill_between(at, 0, trend, where=trend >= 0, color=TEAL, alpha=0.5, lw=0, interpolate=True, label="trend")
    axes.fill_between(at, 0, trend, where=trend <= 0, color=VIOLET, alpha=0.45, lw=0, interpolate=True)
    _note(axes, "energy trend", TEAL, 0.84)
    if page.has("form.build"):
        at, build = page.reduced("form.build")
        axes.fill_between(at, -1, -1 + 2 * build, color=AMBER, alpha=0.25, lw=0)
        axes.plot(at, -1 + 2 * build, color=AMBER, lw=0.9, label="build")
        _note(axes, "build", AMBER, 0.5)
    if page.has("form.drop"):
        drops = _drops(page)
        axes.scatter(drops, np.full(len(drops), 0.72), marker="v", s=26, color=CORAL, lw=0, zorder=5, label="drop")
        _note(axes, f"{len(drops)} drop{'s' * (len(drops) != 1)}", CORAL, 0.16)
    axes.set(ylim=(-1.02, 1.02), yticks=[-1, 0, 1])


def _drops(page: _Page) -> np.ndarray:
    return page.time[np.flatnonzero(np.diff(page["form.drop"], prepend=0.0) > 0.3)] if page.has("form.drop") else (
        np.zeros(0))


def _lanes(page: _Page) -> list[tuple[str, float, Callable[[_Page, Any], None]]]:
    """The lanes there are signals for: name, height, and what draws it."""
    chroma = [f"tone.chroma.{i}" for i in range(12)]
    every: list[tuple[str, float, Callable[[_Page, Any], None], bool]] = [
        ("waveform", 1.1, _waveform, True),
        ("loudness", 0.75, _loudness, page.has("audio.lufs_m", "audio.lufs_s")),
        ("spectrum", 3.3, _spectrogram, page.has("audio.spectrum")),
        ("hits", 0.9, _hits, True),
        ("beat", 0.36, _beats, page.has("beat.count")),
        ("tempo", 0.85, _tempo, page.has("beat.bpm", "beat.confidence")),
        ("chroma", 1.15, _chroma, page.has(*chroma)),
        ("harmony", 0.56, _harmony, page.has("tone.key", "tone.mode")),
        ("form", 0.95, _form, page.has("form.energy_trend")),
    ]
    return [(name, height, lane) for name, height, lane, there in every if there]


def _sections(page: _Page, lanes: list[Any]) -> None:
    """Sections as a quiet change of ground through all lanes, numbered on top; drops as a line."""
    if not page.has("form.section_count"):
        return
    edges = [0.0, *page.counted("form.section_count"), page.end_s]
    for number, (begin, end) in enumerate(pairwise(edges)):
        for axes in lanes:
            if number % 2:
                axes.axvspan(begin, end, color="#ffffff", alpha=0.028, lw=0, zorder=0)
            if number:
                axes.axvline(begin, color=INK, lw=0.45, alpha=0.45, dashes=(2, 3), zorder=4)
        if page.fits(chr(65 + number % 26), end - begin):
            lanes[0].annotate(chr(65 + number % 26), (begin, 1.0), (3.0, 3.5), xycoords=("data", "axes fraction"),
                              textcoords="offset points", fontsize=6.4, color=DIM, label="section")
    for axes in lanes:
        for at in _drops(page):
            axes.axvline(at, color=CORAL, lw=0.7, alpha=0.75, zorder=4)


def _facts(page: _Page) -> str:
    facts = [_clock(page.end_s)]
    if page.has("beat.bpm", "beat.confidence"):
        sure = page["beat.confidence"] >= np.median(page["beat.confidence"])
        facts.append(f"{np.median(page['beat.bpm'][sure]):.1f} BPM")
    if page.has("tone.key", "tone.mode") and (page["tone.key"] >= 0).any():
        known = page["tone.key"] >= 0
        key = np.bincount((page["tone.key"][known] + 12 * (page["tone.mode"][known] < 0.5)).astype(int)).argmax()
        facts.append(f"{NOTES[key % 12]} {'minor' if key >= 12 else 'major'}")
    if page.has("audio.lufs_s"):
        facts.append(f"{np.max(page['audio.lufs_s']):.1f} LUFS at its loudest")
    facts.append(f"{len(page.events('onset', 'audio.onset_count'))} onsets")
    return "   ·   ".join(facts)


def draw(analysis: Analysis, sound_path: Path) -> Any:
    """The page as a matplotlib Figure of 13.3 by 7.5 inches; each lane's axes has its name as label.

    Lanes whose signals are missing are left out. Raises FileError where matplotlib lacks or the sound cannot be read.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter, MaxNLocator
    except ImportError:
        raise FileError("matplotlib is not installed", "--plot", "pip install 'pix2live[plot]'") from None
    page = _Page(analysis, Path(sound_path))
    lanes = _lanes(page)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=SIZE_IN, dpi=DPI)
        grid = figure.add_gridspec(len(lanes), 1, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM, hspace=0.11,
                                   height_ratios=[height for _, height, _ in lanes])
        rows = []
        for i, (name, _, lane) in enumerate(lanes):
            axes = figure.add_subplot(grid[i], label=name)
            lane(page, axes)
            axes.set_xlim(0.0, page.end_s)
            axes.tick_params(labelbottom=i == len(lanes) - 1, labelsize=6.0)
            axes.xaxis.set_major_locator(MaxNLocator(14, steps=[1, 1.5, 2, 3, 5, 6, 10], integer=page.end_s > 5.0))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: _clock(s) if page.end_s > 5.0 else f"{s:g} s"))
            axes.grid(axis="x", color="#ffffff", alpha=0.05, lw=0.5)
            for side in ("top", "right", "left"):
                axes.spines[side].set_visible(False)
            box = axes.get_position()
            figure.text(0.012, 0.5 * (box.y0 + box.y1), name.upper(), color=DIM, fontsize=6.4, va="center",
                        weight="bold")
            rows.append(axes)
        _sections(page, rows)
        figure.text(0.012, 0.957, Path(sound_path).stem, fontsize=15, va="center", color=INK)
        figure.text(RIGHT, 0.957, _facts(page), fontsize=8.5, va="center", ha="right", color=DIM)
    return figure


def plot(analysis: Analysis, sound_path: Path, output: Path) -> None:
    """One page of all that was heard, as .png (3840 x 2160), .svg or .pdf at ``output``.

    ``sound_path`` is the file that was analysed; its waveform is read again. Raises FileError (missing matplotlib, a
    sound that cannot be read, a place that cannot be written); nothing half-written is left.
    """
    Beside(output, SUFFIXES).discard()
    figure = draw(analysis, sound_path)
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(buffer, format=Path(output).suffix[1:].lower(), dpi=DPI, facecolor=PAPER)
    write_whole(Path(output), buffer.getvalue())
