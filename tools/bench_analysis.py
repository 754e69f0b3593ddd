"""What the analysis costs: microseconds a hop beside its peers, and its share of a block.

    python -m tools.bench_analysis [--json] [--seconds S] [--peer-python PYTHON]

``--peer-python`` is an interpreter that has aubio (``pip install aubio-ledfx`` in an environment of its own), whose
spectral flux onset is then fed the same sound in the same hops. librosa's onset strength, if installed, is given the
whole sound at once. All in one run on one core; the figures are medians.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Callable

import numpy as np

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.dsp.fft import real_fft, rfft
from pix2live.dsp.window import hann

RATE, HOP, WINDOW = 48000, 256, 2048
_AUBIO = """
import sys, time, numpy as np, aubio
x = np.fromfile(sys.argv[1], np.float32).reshape(-1, 256)
onset = aubio.onset("specflux", 2048, 256, 48000)
took = []
for hop in x:
    t = time.perf_counter()
    onset(hop)
    took.append(time.perf_counter() - t)
print(np.median(took[100:]) * 1e6)
"""


def sound(seconds: float) -> np.ndarray:
    """Noise bursts over a chord, stereo, so that every stage has something to do; float32 ``(frames, 2)``."""
    t = np.arange(int(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (55.0, 220.0, 277.0, 330.0, 1760.0)) * 0.05
    bursts = np.random.default_rng(0).standard_normal(len(t)) * np.exp(-(t % 0.25) / 0.03) * 0.2
    mono = chord + bursts
    return np.stack([mono, 0.7 * mono + 0.3 * np.roll(mono, 400)], axis=1).astype(np.float32)


def each_us(
    call: Callable[[int], object], times: int, clock: Callable[[], float] = time.perf_counter
) -> np.ndarray:
    """Microseconds that each of ``times`` calls took, by ``clock`` (``time.thread_time``: of the processor alone)."""
    took = np.empty(times)
    for i in range(times):
        start = clock()
        call(i)
        took[i] = clock() - start
    return took * 1e6


def _fft(seconds: float) -> dict[str, float]:
    x = sound(1.0)[:WINDOW, 0].copy()
    window, plan = hann(WINDOW), real_fft(WINDOW)
    re, im = np.empty(WINDOW // 2 + 1, np.float32), np.empty(WINDOW // 2 + 1, np.float32)
    candidates: dict[str, Callable[[int], object]] = {
        "own": lambda _: rfft(plan, x, window, re, im),
        "numpy": lambda _: np.fft.rfft(x * window),
    }
    try:
        import scipy.fft

        candidates["scipy"] = lambda _: scipy.fft.rfft(x * window)
    except ImportError:
        pass
    for call in candidates.values():
        call(0)
    times = int(20000 * seconds / 10)
    figures = {f"fft_{WINDOW}_{name}_us": float(np.median(each_us(call, times))) for name, call in candidates.items()}
    exact = np.fft.rfft(x.astype(np.float64) * window)
    rfft(plan, x, window, re, im)
    figures[f"fft_{WINDOW}_error"] = float(np.abs(re + 1j * im - exact).max() / np.abs(exact).max())
    return figures


def _blocks(music: np.ndarray) -> dict[str, float]:
    figures = {}
    for block in (64, 128, 256, 1024):
        analyzer, out = Analyzer(RATE, 2), AudioFeatures(block // HOP + 1)

        def one(i: int, a: Analyzer = analyzer, o: AudioFeatures = out, n: int = block) -> int:
            return a.process(music[i * n : (i + 1) * n], o)

        length_us = block / RATE * 1e6
        took = each_us(one, len(music) // block)
        share = took / length_us
        analyzer.reset()
        worked = each_us(one, len(music) // block, time.thread_time)
        figures[f"block_{block}_us_p50"] = float(np.median(took))
        figures[f"block_{block}_us_p99"] = float(np.percentile(took, 99))
        figures[f"block_{block}_share_mean"] = float(share.mean())
        figures[f"block_{block}_share_p99"] = float(np.percentile(share, 99))
        # What the work itself takes, whatever else runs on the machine; its sum is the share of a core.
        figures[f"block_{block}_cpu_share_mean"] = float(worked.mean() / length_us)
        figures[f"block_{block}_cpu_share_p99"] = float(np.percentile(worked, 99) / length_us)
    return figures


def _peers(music: np.ndarray, peer_python: str) -> dict[str, float]:
    mono = np.ascontiguousarray(music[: len(music) // HOP * HOP, 0])
    analyzer, out = Analyzer(RATE, 1), AudioFeatures(1)
    hops = mono.reshape(-1, HOP)
    figures = {"whole_mono_hop_us": float(np.median(each_us(lambda i: analyzer.process(hops[i], out), len(hops))))}
    if peer_python:
        import tempfile

        with tempfile.NamedTemporaryFile(suffix=".f32") as file:
            mono.tofile(file.name)
            run = subprocess.run([peer_python, "-c", _AUBIO, file.name], capture_output=True, text=True, check=True)
        figures["aubio_specflux_hop_us"] = float(run.stdout)
        figures["times_aubio"] = figures["aubio_specflux_hop_us"] / figures["whole_mono_hop_us"]
    try:
        import librosa
    except ImportError:
        return figures

    def strength(_: int) -> object:
        return librosa.onset.onset_strength(y=mono, sr=RATE, n_fft=WINDOW, hop_length=HOP)

    strength(0)
    figures["librosa_onset_strength_hop_us"] = float(np.median(each_us(strength, 3))) / len(hops)
    figures["times_librosa"] = figures["librosa_onset_strength_hop_us"] / figures["whole_mono_hop_us"]
    return figures


def measure(seconds: float = 10.0, peer_python: str = "") -> dict[str, float]:
    """All figures: microseconds, and shares of a block's time (1 = the whole block)."""
    music = sound(seconds)
    return {**_fft(seconds), **_blocks(music), **_peers(music, peer_python)}


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--peer-python", default="", help="an interpreter that has aubio")
    options = parser.parse_args()
    figures = measure(options.seconds, options.peer_python)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:34}{f'{100 * value:9.2f} %' if '_share_' in name else f'{value:9.3g}'}")


if __name__ == "__main__":
    main()
