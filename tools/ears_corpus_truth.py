"""From a piece and its tempo to what a perfect listener would say of it."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy import signal

from tools.ears_corpus_midi import RATE, Note, Piece, Tempo

MERGE_S = 0.030  # notes this near are one onset
STRUM_S = 0.050  # and a group this soon after an onset is neither asked for nor held against anyone
QUIET = 20  # velocity
PITCH_STEP_S = 0.010
RISE_DB, FLOOR_DB = 3.0, -45.0


def onsets(notes: list[Note], dry: np.ndarray) -> tuple[list[float], list[float]]:
    """Times in s of the onsets to be heard, and of note-ons that are not asked for (quiet, strummed, buried, slow).

    A group of notes begins with its first note that is within 12 dB of its loudest. An onset is asked for if at least
    one band of a third of an octave or so rises by ``RISE_DB`` within 50 ms of it in the dry sound: low enough to drop
    only what nobody could hear (under a louder sound, or swelling slowly).
    """
    asked: list[float] = []
    soft: list[float] = []
    groups: list[list[Note]] = []
    for note in sorted(notes, key=lambda n: n.start):
        if note.velocity < QUIET:
            soft.append(note.start)
        elif groups and note.start - groups[-1][0].start <= MERGE_S:
            groups[-1].append(note)
        else:
            groups.append([note])
    rises = _rises(dry)
    last_s = -1.0
    for group in groups:
        loudest = max(n.velocity for n in group)
        at = next(n.start for n in group if n.velocity >= loudest / 2)
        if at - last_s > STRUM_S and rises(at) >= RISE_DB:
            asked.append(at)
            last_s = group[-1].start
        else:
            soft.append(at)
    return asked, sorted(soft)


def _rises(dry: np.ndarray) -> Callable[[float], float]:
    """A function of a time that gives the greatest rise in dB of any band around it."""
    hop, size = 240, 1024
    hz, _, grid = signal.stft(dry.mean(axis=1), RATE, "hann", size, size - hop, boundary="zeros", padded=True)
    power = np.abs(grid) ** 2
    edges = np.unique(np.searchsorted(hz, np.geomspace(60, 16000, 25)))
    bands = np.add.reduceat(power, edges[:-1], axis=0)
    bands += np.quantile(bands.max(axis=0), 0.99) * 10 ** (FLOOR_DB / 10)
    level = 10 * np.log10(bands)

    def rise(at_s: float) -> float:
        i = round(at_s * RATE / hop)
        before, after = level[:, max(0, i - 6) : max(1, i - 1)], level[:, i : i + 10]
        return float((after.max(axis=1) - before.min(axis=1)).max()) if after.size else 0.0

    return rise


def answers(piece: Piece, tempo: Tempo, notes: list[Note], heard: list[Note], dry: np.ndarray) -> dict:
    """All truth of a clip as plain data; times in s, rounded to 0.1 ms.

    ``notes``: as performed; ``heard``: the same as late as their instruments begin to be heard, for the onsets.
    """
    asked, soft = onsets(heard, dry)
    first = piece.beats[0] if piece.beats else 0.0
    bpms: list[tuple[float, float]] = []
    for beat in piece.beats[:-1]:
        bpm = round(tempo.bpm(beat), 2)
        if not bpms or abs(bpm / bpms[-1][1] - 1) > 0.002 or beat == first:
            bpms.append((tempo.at(beat), bpm))
    pitch = []
    if piece.melody is not None:
        line = sorted((n for n in notes if n.channel == piece.melody), key=lambda n: n.start)
        times = np.arange(int(len(dry) / RATE / PITCH_STEP_S)) * PITCH_STEP_S
        hz = np.zeros(len(times))
        for n in line:
            hz[(times >= n.start) & (times < n.start + n.length)] = 440 * 2 ** ((n.pitch - 69) / 12)
        pitch = [(round(float(t), 4), round(float(f), 3)) for t, f in zip(times, hz, strict=True)]
    return {
        "beats_s": [_s(tempo.at(b)) for b in piece.beats],
        "downbeats_s": [_s(tempo.at(b)) for b in piece.downbeats],
        "onsets_s": [_s(t) for t in asked],
        "soft_onsets_s": [_s(t) for t in soft],
        "tempo": [(_s(t), bpm) for t, bpm in bpms],
        "key": piece.key,
        "chords": None if piece.chords is None else chords_s(piece.chords, tempo),
        "pitch": pitch,
    }


def chords_s(chords: list[tuple[float, float, str]], tempo: Tempo) -> list[tuple[float, float, str]]:
    """Chords in seconds without a gap: none ("N") where the music stops."""
    out: list[tuple[float, float, str]] = []
    stops = [b for b, _ in tempo.stops]
    for a, b, label in chords:
        cuts = [a, *sorted(s for s in stops if a < s < b), b]
        for start, end in pairwise(cuts):
            begin_s = _s(tempo.at(start))
            if out and begin_s > out[-1][1]:
                out.append((out[-1][1], begin_s, "N"))
            out.append((begin_s, _s(tempo.at(end, before=True)), label))
    return out


def _s(seconds: float) -> float:
    return round(float(seconds), 4)
