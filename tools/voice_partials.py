"""How many partials a core renders in real time: this project's bank beside SuperCollider, csound and numpy.

Every bank makes sinusoids of random frequencies whose amplitudes move along per-sample ramps, in chunks of 64 samples
at 48 kHz, on one core. A partial of this project has a ramp of its own on each of two channels, and so have numpy's and
SuperCollider's; "one channel" has only one. The figure is what one second of CPU time more buys: the difference of two
runs with different counts, so that starting up is left out; of several runs in turn the quickest counts, for every bank
alike.
"""

import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from tools import bench_synth

SAMPLE_RATE, CHUNK = bench_synth.SAMPLE_RATE, bench_synth.CHUNK
_TURNS = 3
_SUPERCOLLIDER = ("scsynth", "supercollider-server")
_PROGRAMS = {
    "supercollider": _SUPERCOLLIDER, "supercollider, one channel": _SUPERCOLLIDER,
    "csound, one channel": ("csound", "csound"),
}  # fmt: skip
PEERS = (*_PROGRAMS, "numpy")
BARS = {"pix2live": 100_000.0, "supercollider": 10.0}
"""Partials a core, and how many times a peer's."""


def measure(seconds: float = 10.0, peers: Iterable[str] = PEERS) -> dict[str, float]:
    """Partials a core by the name of the bank; NaN where a peer is not installed.

    Args:
        seconds: of sound that each peer renders.
        peers: which of ``PEERS``.
    """
    runs: dict[str, Callable[[], float]] = {"pix2live": lambda: _own("pix2live", seconds)}
    out = {}
    for name in peers:
        if name == "numpy":
            runs[name] = lambda: _own("numpy", seconds)
        elif shutil.which(_PROGRAMS[name][0]) is None:
            out[name] = float("nan")
        else:
            runs[name] = lambda name=name: _peer(name, seconds)  # type: ignore[misc]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        took = [{name: run() for name, run in runs.items()} for _ in range(_TURNS)]
    finally:
        os.sched_setaffinity(0, cores)
    return {name: max(turn[name] for turn in took) for name in runs} | out


def missing(name: str) -> str:
    """The line that says what a peer needs."""
    return f"{name}: not installed: apt install {_PROGRAMS[name][1]}"


def _own(name: str, seconds: float) -> float:
    """A bank of ``bench_synth`` in a process of its own, whose matrix products stay on the one core too."""
    command = [sys.executable, "-m", "tools.voice_partials", name, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True,
                          env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})  # fmt: skip
    return float(done.stdout)


def _bank(chunk: Callable[[], None], seconds: float) -> float:
    """Partials a core of one of this process's banks, by the median CPU time of ten chunks."""
    chunk()
    took = []
    until = time.thread_time() + seconds / 10.0
    while time.thread_time() < until:
        start = time.thread_time()
        for _ in range(10):
            chunk()
        took.append((time.thread_time() - start) / 10.0)
    return bench_synth.PARTIALS * CHUNK / SAMPLE_RATE / float(np.median(took))


def _peer(name: str, seconds: float) -> float:
    few, many = 200, 2200
    with tempfile.TemporaryDirectory() as folder:
        if name.startswith("csound"):
            costs = [_cpu_s(_csound(Path(folder), count, seconds)) for count in (few, many)]
        else:
            channels = 1 if name.endswith("one channel") else 2
            costs = [_cpu_s(_supercollider(Path(folder), count, seconds, channels)) for count in (few, many)]
    return (many - few) * seconds / max(costs[1] - costs[0], 1e-9)


def _cpu_s(command: list[str]) -> float:
    """CPU seconds of a command, which inherits the one core."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout)[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _supercollider(folder: Path, partials: int, seconds: float, channels: int) -> list[str]:
    """scsynth without a sound card, on one SynthDef of many SinOsc, each with a Line as its level on each channel."""
    definition, score, sound = folder / "bank.scsyndef", folder / "bank.osc", folder / "bank.wav"
    definition.write_bytes(_synthdef(partials, seconds, channels))
    score.write_bytes(
        _bundle(0.0, _osc("/d_load", str(definition))) + _bundle(0.0, _osc("/s_new", "bank", 1000, 0, 0))
        + _bundle(seconds, _osc("/c_set", 0, 0.0))
    )  # fmt: skip
    return ["scsynth", "-N", str(score), "_", str(sound), str(SAMPLE_RATE), "WAV", "float", "-o", str(channels),
            "-z", str(CHUNK), "-m", "262144", "-w", "256"]  # fmt: skip


def _synthdef(partials: int, seconds: float, channels: int) -> bytes:
    """A version 2 SynthDef: SinOsc.ar(hz, phase), Line.kr as its level and MulAdd, which sums; then Out.

    MulAdd with a level at control rate ramps it sample by sample, and is the cheapest sum that SuperCollider has.
    """
    rng = np.random.default_rng(1)
    hz, phase = rng.uniform(20.0, 20000.0, partials), rng.uniform(0.0, 6.28, partials)
    ends = rng.uniform(0.0, 1.0, (2 * channels, partials)) / partials
    constants = np.concatenate([[0.0, seconds], hz, phase, *ends]).astype(">f4")
    ugens = []

    def ugen(name: str, rate: int, inputs: list[tuple[int, int]], outputs: int = 1) -> int:
        ugens.append(
            _pascal(name) + struct.pack(">biih", rate, len(inputs), outputs, 0)
            + b"".join(struct.pack(">ii", *one) for one in inputs) + bytes([rate]) * outputs
        )  # fmt: skip
        return len(ugens) - 1

    control, audio = 1, 2
    totals: list[tuple[int, int]] = [(-1, 0)] * channels
    for i in range(partials):
        tone = ugen("SinOsc", audio, [(-1, 2 + i), (-1, 2 + partials + i)])
        for channel in range(channels):
            begin = 2 + (2 + 2 * channel) * partials + i
            line = ugen("Line", control, [(-1, begin), (-1, begin + partials), (-1, 1), (-1, 0)])
            totals[channel] = (ugen("MulAdd", audio, [(tone, 0), (line, 0), totals[channel]]), 0)
    ugen("Out", audio, [(-1, 0), *totals], outputs=0)
    return (
        b"SCgf" + struct.pack(">ih", 2, 1) + _pascal("bank") + struct.pack(">i", len(constants)) + constants.tobytes()
        + struct.pack(">iii", 0, 0, len(ugens)) + b"".join(ugens) + struct.pack(">h", 0)
    )  # fmt: skip


def _pascal(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _osc(address: str, *arguments: str | int | float) -> bytes:
    tags, data = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            tags, data = tags + "s", data + _padded(argument)
        elif isinstance(argument, int):
            tags, data = tags + "i", data + struct.pack(">i", argument)
        else:
            tags, data = tags + "f", data + struct.pack(">f", argument)
    return _padded(address) + _padded(tags) + data


def _padded(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


def _bundle(at_s: float, message: bytes) -> bytes:
    stamp = struct.pack(">II", int(at_s), int((at_s % 1.0) * 2**32))
    body = b"#bundle\0" + stamp + struct.pack(">i", len(message)) + message
    return struct.pack(">i", len(body)) + body


def _csound(folder: Path, partials: int, seconds: float) -> list[str]:
    """csound's adsynt2, its own bank of sinusoids, which ramps from one table of levels to the next."""
    rng = np.random.default_rng(1)
    tables = [rng.uniform(0.0, 1.0, partials) / partials for _ in range(2)] + [rng.uniform(20.0, 20000.0, partials)]
    for i, values in enumerate(tables):
        (folder / f"table{i}.txt").write_text(" ".join(f"{value:.7g}" for value in values))
    made = "\n".join(f'gi{i} ftgen {i + 1}, 0, {-partials}, -23, "{folder}/table{i}.txt"' for i in range(3))
    bank = folder / "bank.csd"
    bank.write_text(f"""<CsoundSynthesizer>
<CsInstruments>
sr = {SAMPLE_RATE}
ksmps = {CHUNK}
nchnls = 1
0dbfs = 1
{made}
gisine ftgen 5, 0, 16384, 10, 1
gilevel ftgen 6, 0, {-partials}, -2, 0
instr 1
kturn init 0
kturn = 1 - kturn
tablecopy 6, 1 + kturn
asum adsynt2 1, 1, gisine, 3, 6, {partials}, 2
out asum
endin
</CsInstruments>
<CsScore>
i 1 0 {seconds}
</CsScore>
</CsoundSynthesizer>
""")
    return ["csound", "-d", "-m0", "-W", "-f", "-o", str(folder / "bank.wav"), str(bank)]


if __name__ == "__main__":
    _make = {"pix2live": lambda rng: bench_synth._kernel_bank(rng, False), "numpy": bench_synth._numpy_bank}
    print(_bank(_make[sys.argv[1]](np.random.default_rng(0)), float(sys.argv[2])))
