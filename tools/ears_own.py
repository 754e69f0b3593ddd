"""What this project's instrument says of a sound file: the signals on its bus, as they were published.

The live engines run in the offline show, so each signal is what a listener in the room would have had at its stamp, the
end of its hop. Nothing is dated back: a count that has grown by a hop's end is an event at that end, and a beat is the
moment within that hop at which the published phase passed 0, which is what a reader of the transport sees.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pix2live.engine.options import Options
from pix2live.show.offline import BEGIN_S, OfflineShow
from pix2live.signals import table

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
CHORDS = (*(f"{name}:maj" for name in NAMES), *(f"{name}:min" for name in NAMES))
VOICED = 0.5
# The last hops are on the bus once perception has come round again.
AFTER_S = 0.05


class _Timed:
    """A stage whose ``method`` counts its own processor time."""

    def __init__(self, stage: Any, method: str) -> None:
        self._call, self.spent_s = getattr(stage, method), 0.0
        setattr(stage, method, self)

    def __call__(self, *arguments: Any) -> Any:
        began = time.thread_time()
        result = self._call(*arguments)
        self.spent_s += time.thread_time() - began
        return result


def signals(path: Path) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Every scalar signal of ``audio`` and ``hearing`` by name, with ``audio`` and ``hearing`` the stamps in s from the
    file's begin; and the processor time in s of both parts. Raises FileError."""
    length_s = soundfile.info(path).duration
    show = OfflineShow(Options(audio_in=str(path), camera="none", overrides=(("synth.mute", 1.0),)), picture=False)
    show.open()
    sections = {"audio": show.bus.audio, "hearing": show.bus.hearing}
    records = {name: section.record() for name, section in sections.items()}
    begin = {name: section.count for name, section in sections.items()}
    stamps: dict[str, list[float]] = {name: [] for name in sections}
    rows: dict[str, list[np.ndarray]] = {name: [] for name in sections}
    assert show.perception is not None
    cost = {"callback": _Timed(show.audio.analyzer, "process"), "perception": _Timed(show.perception, "step")}
    try:
        for _ in show.blocks(length_s + AFTER_S):
            for name, section in sections.items():
                record = records[name]
                while begin[name] < section.count and section.read(begin[name], record):
                    stamps[name].append(float(record["stamp"][0]) - BEGIN_S)
                    rows[name].append(record["scalars"][0].copy())
                    begin[name] += 1
    finally:
        show.close()
    out = {}
    for name in sections:
        keep = np.array(stamps[name]) <= length_s + 1e-9
        out[name] = np.array(stamps[name])[keep]
        columns = np.array(rows[name]).reshape(-1, len(table.SECTIONS[name]))[keep]
        out |= {signal: columns[:, i] for i, signal in enumerate(table.SECTIONS[name])}
    return out, {name: timed.spent_s for name, timed in cost.items()}


def events(stamps: np.ndarray, count: np.ndarray) -> np.ndarray:
    """The stamps at which a counter has grown."""
    return stamps[np.flatnonzero(np.diff(count, prepend=count[:1]) > 0)]


def crossings(stamps: np.ndarray, count: np.ndarray, phase: np.ndarray, bpm: np.ndarray) -> np.ndarray:
    """When the phase passed 0, within the hop at whose end the count had grown."""
    at = np.flatnonzero(np.diff(count, prepend=count[:1]) > 0)
    since_s = np.where(bpm[at] > 0, phase[at] * 60.0 / np.maximum(bpm[at], 1.0), 0.0)
    hop_s = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
    return stamps[at] - np.clip(since_s, 0.0, hop_s)


def segments(stamps: np.ndarray, labels: Sequence[str], end_s: float) -> list[tuple[float, float, str]]:
    """Runs of equal labels, each from the stamp at which it was first published."""
    out: list[tuple[float, float, str]] = []
    for stamp, label in zip(stamps, labels, strict=True):
        if not out or out[-1][2] != label:
            if out:
                out[-1] = (out[-1][0], float(stamp), out[-1][2])
            out.append((float(stamp), end_s, label))
    return out


def heard(path: Path) -> dict[str, Any]:
    """The answer of the instrument, in the words of ``ears_score``; costs in s under ``cpu_s`` and ``cpu``."""
    found, cost = signals(path)
    at, hop = found["hearing"], found["audio"]
    end_s = soundfile.info(path).duration
    keys = [f"{NAMES[int(k)]} {'major' if m > 0.5 else 'minor'}" if k >= 0 else ""
            for k, m in zip(found["tone.key"], found["tone.mode"], strict=True)]
    chords = [CHORDS[int(c)] if 0 <= c < len(CHORDS) else "N" for c in found["tone.chord"]]
    hz = np.where(found["tone.confidence"] > VOICED, found["tone.f0_hz"], 0.0)
    beat = [found[name] for name in ("beat.count", "beat.phase", "beat.bpm")]
    bars = np.diff(found["beat.bar"], prepend=found["beat.bar"][:1]) > 0
    beats = crossings(at, *beat)
    return {
        "onsets": events(hop, found["audio.onset_count"]).tolist(),
        "beats": beats.tolist(),
        "downbeats": crossings(at, np.cumsum(bars), beat[1], beat[2]).tolist(),
        "bpm": np.column_stack((at, beat[2])).tolist(),
        "key": segments(at, keys, end_s), "chords": segments(at, chords, end_s),
        "pitch": np.column_stack((at, hz)).tolist(),
        "cpu_s": sum(cost.values()), "cpu": cost,
    }


def hear(paths: Sequence[Path], processes: int = 2) -> Iterator[dict[str, Any]]:
    """``heard`` of each file, in order."""
    if len(paths) < 2 or processes < 2:
        yield from map(heard, paths)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(heard, paths)
