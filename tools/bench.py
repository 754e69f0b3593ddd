"""How fast everything is, in one table, each figure with how it was measured.

    python -m tools.bench [--json] [--seconds S] [--no-live] [--peer-python PYTHON]

A show runs on the private rig (real sound server, screen and MIDI) and is measured from outside; the engines' costs are
measured in this process; and what others need for the same stands beside it, measured in the same run.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from pix2live.show import bench
from pix2live.show.bench import Row
from tools import bench_analysis, bench_live, bench_synth
from tools.rig import RigError


def measure(seconds: float, live: bool = True, peer_python: str = "",
            say: Callable[[str], None] = lambda _: None) -> list[Row]:
    """The whole table. ``say`` hears what is being measured."""
    rows = [machine()]
    if live:
        say("a show on the rig")
        try:
            rows += bench_live.measure(seconds)
        except RigError as error:
            rows.append(Row("a show on the rig", "not measured", str(error)))
    say("the callback")
    rows += bench.callback(seconds)
    say("features and partials beside others'")
    rows += [bench.analysis(seconds / 4), *features(seconds / 2, peer_python), *synth(seconds / 3)]
    say("pictures and models")
    return [*rows, *bench.vision(seconds / 4), *bench.models(seconds / 4), *bench.pictures(seconds)]


def machine() -> Row:
    """What it was measured on, and how busy that was with other things."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
             ] if info.exists() else []
    load = f", load average {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return Row("machine", f"{os.cpu_count()} cores", f"{names[0] if names else platform.processor()}{load}")


def features(seconds: float, peer_python: str = "") -> list[Row]:
    """All features of a hop beside what others need for one of them: spectral flux."""
    if not peer_python and find_spec("aubio") is not None:
        peer_python = sys.executable
    figures = bench_analysis.measure(seconds, peer_python)
    own = figures["whole_mono_hop_us"]
    rows = [Row("all features of a hop", f"{own:.1f} us",
                f"median, {bench_analysis.HOP} frames, mono: every audio signal and spectrum")]
    for name, key, label in (("aubio's", "aubio_specflux_hop_us", "aubio.onset('specflux') and nothing else"),
                             ("librosa's", "librosa_onset_strength_hop_us", "onset_strength of the whole at once")):
        if key in figures:
            rows.append(Row(f"{name} spectral flux of a hop", f"{figures[key]:.1f} us",
                            f"{label}, same sound, window and hop, same run: {figures[key] / own:.1f} times ours"))
    size = bench_analysis.WINDOW
    own, numpy_us = figures[f"fft_{size}_own_us"], figures[f"fft_{size}_numpy_us"]
    return [*rows, Row(f"windowed FFT of {size}", f"{own:.1f} us",
                       f"median; numpy.fft.rfft in the same run: {numpy_us:.1f} us")]


def synth(seconds: float) -> list[Row]:
    """Partials a core beside numpy's."""
    figures = bench_synth.measure(seconds)
    steady, gliding, peer = (figures[f"partials_a_core{name}"] for name in ("", "_gliding", "_numpy"))
    how = f"stereo, a ramp of level each; median chunk of {bench_synth.CHUNK} samples"
    return [
        Row("partials a core", f"{steady:,.0f}", f"{how}, steady pitch"),
        Row("partials a core, gliding", f"{gliding:,.0f}", f"{how}, a ramp of pitch each, too"),
        Row("numpy's sine bank a core", f"{peer:,.0f}",
            f"the same at steady pitch, float32 without temporaries, same run: {steady / peer:.1f} times fewer")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each part of it runs")
    parser.add_argument("--no-live", action="store_true", help="only what needs no sound server, screen and MIDI")
    parser.add_argument("--peer-python", default="", help="an interpreter that has aubio, if this one has not")
    options = parser.parse_args()
    if not options.seconds > 0.0:
        parser.error("--seconds must be above 0")
    rows = measure(options.seconds, not options.no_live, options.peer_python,
                   lambda what: print(f"measuring {what} ...", file=sys.stderr, flush=True))
    print(json.dumps([row.__dict__ for row in rows], indent=2) if options.json else bench.table(rows))


if __name__ == "__main__":
    main()
