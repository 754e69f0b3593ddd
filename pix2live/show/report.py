"""What ``pix2live analyze`` writes: every signal over time as numbers, and on one page as a picture."""

import csv
import io
import json
from pathlib import Path

import numpy as np

from pix2live.atomic import Beside, write_whole
from pix2live.errors import FileError
from pix2live.show.offline import Analysis


def check_place(path: Path) -> None:
    """Find out before the work whether ``path`` can be written. Raises FileError."""
    Beside(path, (path.suffix.lower(),)).discard()


def write(analysis: Analysis, path: Path) -> None:
    """Write .npz (all signals, vectors too), .csv (scalars, a row a hop) or .json (scalars as lists, and events).

    Signals have their full names; ``time_s`` is the moment of each hop, ``onset_s`` when onsets happened and
    ``onset_known_s`` when the live instrument knew. Raises FileError; nothing half-written is left.
    """
    scalars = {name: values for name, values in analysis.signals.items() if values.ndim == 1}
    events = {"onset_s": analysis.onset_s, "onset_known_s": analysis.onset_known_s}
    if path.suffix.lower() == ".npz":
        buffer = io.BytesIO()
        arrays = {"time_s": analysis.time_s, **events, **analysis.signals}
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        data = buffer.getvalue()
    elif path.suffix.lower() == ".csv":
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["time_s", *scalars])
        for i, time_s in enumerate(analysis.time_s):
            rows.writerow([f"{time_s:.6f}", *(f"{values[i]:.6g}" for values in scalars.values())])
        data = text.getvalue().encode()
    else:
        plain = {"time_s": analysis.time_s, **events, **scalars}
        data = json.dumps({name: np.round(values, 6).tolist() for name, values in plain.items()}).encode()
    write_whole(path, data)


def plot(analysis: Analysis, path: Path, title: str) -> None:
    """One page: level and onsets, spectrum, bands, hits and shape. Raises FileError (also where matplotlib lacks)."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise FileError("matplotlib is not installed", "--plot", "pip install 'pix2live[plot]'") from None
    from pix2live.signals.table import BANDS

    time, signals = analysis.time_s, analysis.signals
    ink, paper, accent = "#e8e4da", "#14131a", "#ff8f5a"
    colours = ["#7b5cff", "#4f8cff", "#32c8d8", "#5fe08a", "#f4d35e", "#ff9f5a", "#ff5d8f"]
    with pyplot.rc_context({"axes.facecolor": paper, "figure.facecolor": paper, "text.color": ink,
                            "axes.labelcolor": ink, "xtick.color": ink, "ytick.color": ink, "axes.edgecolor": "#4a4756",
                            "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure, axes = pyplot.subplots(5, 1, figsize=(14, 11), sharex=True, constrained_layout=True,
                                       gridspec_kw={"height_ratios": [1.1, 2.4, 1.6, 1.2, 1.2]})
        axes[0].fill_between(time, signals["audio.rms_db"], -70, color="#6a64a4", lw=0, alpha=0.8)
        axes[0].vlines(analysis.onset_s, -70, 0, color=accent, lw=0.6, alpha=0.7)
        axes[0].set(ylim=(-70, 0), ylabel="RMS dB, onsets", title=title)
        spectrum = signals["audio.spectrum"].T
        if len(time):
            axes[1].imshow(spectrum, origin="lower", aspect="auto", cmap="magma", vmin=0, vmax=1,
                           extent=(time[0], time[-1], 0, spectrum.shape[0]))
        ticks = np.array([50, 100, 200, 500, 1000, 2000, 5000, 10000])
        axes[1].set_yticks(np.log(ticks / 20.0) / np.log(1000.0) * spectrum.shape[0], [f"{t}" for t in ticks])
        axes[1].set(ylabel="Hz")
        for i, band in enumerate(BANDS):
            axes[2].plot(time, np.clip(signals[f"audio.{band}.att"], 0, 2) * 0.45 + i, color=colours[i], lw=1)
            axes[2].fill_between(time, i, signals[f"audio.{band}.hit"] * 0.9 + i, color=colours[i], alpha=0.35, lw=0)
        axes[2].set_yticks(range(len(BANDS)), BANDS)
        for name, colour in (("centroid", colours[4]), ("flatness", colours[6]), ("rolloff", colours[2])):
            axes[3].plot(time, signals[f"audio.{name}"], color=colour, lw=0.8, label=name)
        axes[3].legend(loc="upper right", frameon=False, ncols=3)
        axes[3].set(ylim=(0, 1), ylabel="shape")
        models = [name for name in signals if name.startswith("model.")]
        shown = models or ["audio.onset_strength", "audio.flux"]
        for i, name in enumerate(shown):
            axes[4].plot(time, signals[name], color=colours[(2 * i) % 7], lw=0.8, label=name)
        axes[4].legend(loc="upper right", frameon=False, ncols=len(shown))
        axes[4].set(ylabel="models" if models else "onset", xlabel="seconds")
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=110)
        pyplot.close(figure)
    write_whole(path, buffer.getvalue())
