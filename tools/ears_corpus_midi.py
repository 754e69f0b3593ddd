"""Music as notes with known beats, its performance in time, MIDI files of both, and their sound by fluidsynth.

Needs numpy and soundfile, and from Debian ``fluidsynth`` with the soundfonts named in ``FONTS``.
"""

import json
import struct
import subprocess
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import soundfile

RATE = 48000
DRUMS = 9  # channel of the drums, counted from 0
TAIL_S = 1.2
TICKS_A_SECOND = 2000
FONTS = {
    "fluid": Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    "musescore": Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3"),
    "timgm": Path("/usr/share/sounds/sf2/TimGM6mb.sf2"),
}


class CorpusError(Exception):
    """A program or file that the corpus needs is missing or failed: one line, with what to do."""


@dataclass
class Note:
    """``start`` and ``length`` in beats (as felt and counted) of the piece, or in seconds once performed."""

    start: float
    length: float
    channel: int
    pitch: int
    velocity: int


@dataclass
class Piece:
    """Music with its answers, in beats from the first sounding bar.

    ``beats`` and ``downbeats``: where the listener counts; ``setup``: (beat, MIDI message without a note);
    ``chords``: (start, end, mir_eval label) or None if not known; ``key``: "C major" or None; ``melody``: the channel
    of the only melodic line, or None; ``tags``: what it is made of; ``bpm``: beats a minute.
    """

    source: str
    beats: list[float]
    downbeats: list[float]
    notes: list[Note]
    bpm: float
    setup: list[tuple[float, bytes]] = field(default_factory=list)
    key: str | None = None
    chords: list[tuple[float, float, str]] | None = None
    melody: int | None = None
    tags: list[str] = field(default_factory=list)
    end: float = 0.0


@dataclass
class Tempo:
    """Seconds of each moment of a piece: straight between ``points`` (beat, s), and stopped for ``stops`` (beat, s)."""

    points: list[tuple[float, float]]
    stops: list[tuple[float, float]] = field(default_factory=list)

    def at(self, beat: float, before: bool = False) -> float:
        """Seconds at ``beat``; ``before``: as the end of what precedes it, so that a stop at ``beat`` has not begun."""
        i = min(max(bisect_right([b for b, _ in self.points], beat) - 1, 0), len(self.points) - 2)
        (b0, t0), (b1, t1) = self.points[i], self.points[i + 1]
        gone = sum(gap for b, gap in self.stops if (b < beat - 1e-6 if before else b <= beat + 1e-6))
        return t0 + (beat - b0) * (t1 - t0) / (b1 - b0) + gone

    def bpm(self, beat: float) -> float:
        """Beats a minute from ``beat`` on."""
        i = min(max(bisect_right([b for b, _ in self.points], beat + 1e-6) - 1, 0), len(self.points) - 2)
        (b0, t0), (b1, t1) = self.points[i], self.points[i + 1]
        return 60 * (b1 - b0) / (t1 - t0)


# ---- MIDI files ----------------------------------------------------------------------------------------------------
def read_midi(path: Path) -> tuple[list[Note], list[tuple[float, bytes]]]:
    """Notes and other channel messages (programs, controllers, bends) of a MIDI file, in quarters."""
    data = path.read_bytes()
    if data[:4] != b"MThd":
        raise CorpusError(f"{path} is no MIDI file")
    division = struct.unpack(">H", data[12:14])[0]
    at, notes, setup = 14, [], []
    while at + 8 <= len(data):
        size = struct.unpack(">I", data[at + 4 : at + 8])[0]
        if data[at : at + 4] == b"MTrk":
            _read_track(data[at + 8 : at + 8 + size], division, notes, setup)
        at += 8 + size
    return sorted(notes, key=lambda n: (n.start, n.channel, n.pitch)), sorted(setup, key=lambda e: e[0])


def _read_track(data: bytes, division: int, notes: list[Note], setup: list[tuple[float, bytes]]) -> None:
    at = tick = status = 0
    held: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def number() -> int:
        nonlocal at
        value = 0
        while True:
            byte = data[at]
            at += 1
            value = value << 7 | byte & 127
            if byte < 128:
                return value

    while at < len(data):
        tick += number()
        if data[at] >= 128:
            status = data[at]
            at += 1
        if status >= 0xF0:
            if status == 0xFF:
                at += 1
            skip = number()
            at += skip
            continue
        kind, channel = status & 0xF0, status & 15
        size = 1 if kind in (0xC0, 0xD0) else 2
        message = data[at : at + size]
        at += size
        if kind in (0x80, 0x90):
            pitch, velocity = message
            if kind == 0x90 and velocity:
                held.setdefault((channel, pitch), []).append((tick, velocity))
            elif held.get((channel, pitch)):
                start, velocity = held[channel, pitch].pop(0)
                notes.append(Note(start / division, (tick - start) / division, channel, pitch, velocity))
        else:
            setup.append((tick / division, bytes([status]) + message))


def write_midi(path: Path, notes: Iterable[Note], setup: Iterable[tuple[float, bytes]], end_s: float) -> None:
    """Notes and messages in seconds as a MIDI file of one tempo: no player's tempo arithmetic comes between."""
    events: list[tuple[int, int, bytes]] = [(round(t * TICKS_A_SECOND), 1, m) for t, m in setup]
    for n in notes:
        start, end = round(n.start * TICKS_A_SECOND), round((n.start + n.length) * TICKS_A_SECOND)
        events.append((start, 2, bytes([0x90 | n.channel, n.pitch, n.velocity])))
        events.append((max(end, start + 1), 0, bytes([0x80 | n.channel, n.pitch, 64])))
    events.sort(key=lambda e: e[:2])
    track, last = bytearray(b"\x00\xff\x51\x03" + (500000).to_bytes(3, "big")), 0
    for tick, _, message in events:
        track += _number(tick - last) + message
        last = tick
    track += _number(max(0, round(end_s * TICKS_A_SECOND) - last)) + b"\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_A_SECOND // 2)
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + bytes(track))


def _number(value: int) -> bytes:
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))


# ---- performance and sound -----------------------------------------------------------------------------------------
def perform(piece: Piece, tempo: Tempo) -> tuple[list[Note], list[tuple[float, bytes]]]:
    """The notes and messages of a piece in seconds; a note that a stop cuts short ends there."""
    stops = sorted(b for b, _ in tempo.stops)
    notes = []
    for n in piece.notes:
        end = n.start + n.length
        for stop in stops:
            if n.start < stop - 1e-6 < end:
                end = stop
                break
        start_s = tempo.at(n.start)
        notes.append(Note(start_s, max(0.01, tempo.at(end, before=True) - start_s), n.channel, n.pitch, n.velocity))
    return notes, [(max(0.0, tempo.at(beat) - 0.01), message) for beat, message in piece.setup]


def lags(font: str, folder: Path) -> list[float]:
    """Seconds from note-on until one hears an instrument begin, for each General MIDI program; kept in ``folder``.

    Heard: its level is within 12 dB of its loudest in the first 0.2 s (middle C, envelope of 2 ms).
    """
    path = folder / f"lags-{font}.json"
    if not path.exists():
        each_s, frame = 0.9, RATE // 500
        notes = [Note(0.1 + i * each_s, 0.4, 0, 60, 100) for i in range(128)]
        setup = [(n.start - 0.02, bytes([0xC0, i])) for i, n in enumerate(notes)]
        sound = sound_of(notes, setup, font, 128 * each_s + 0.2, path.with_name(f".{path.name}"))
        power = (sound[: len(sound) // frame * frame] ** 2).sum(axis=1).reshape(-1, frame).mean(axis=1)
        found = []
        for n in notes:
            first = round(n.start * 500)
            part = power[first : first + 100]
            found.append(float(np.argmax(part >= part.max() * 10**-1.2)) / 500)
        path.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def heard_from(notes: list[Note], setup: list[tuple[float, bytes]], lag_s: list[float]) -> list[Note]:
    """Performed notes as late as their instruments sound them: what an onset's time is."""
    programs: dict[int, list[tuple[float, int]]] = {}
    for at, message in sorted(setup, key=lambda e: e[0]):
        if message[0] & 0xF0 == 0xC0:
            programs.setdefault(message[0] & 15, []).append((at, message[1]))
    out = []
    for n in notes:
        played = [p for at, p in programs.get(n.channel, []) if at <= n.start] or [0]
        late = 0.0 if n.channel == DRUMS else lag_s[played[-1]]
        out.append(replace(n, start=n.start + late))
    return out


def sound_of(notes: list[Note], setup: list[tuple[float, bytes]], font: str, end_s: float, work: Path) -> np.ndarray:
    """Stereo float32 at 48 kHz of notes in seconds, dry, from time 0 to ``end_s``; ``work``: a path to write beside."""
    midi, wav = work.with_suffix(".mid"), work.with_suffix(".raw.wav")
    write_midi(midi, notes, setup, end_s + 0.2)
    command = ["fluidsynth", "-niq", "-R", "0", "-C", "0", "-g", "0.4", "-r", str(RATE), "-O", "float", "-T", "wav",
               "-o", "synth.dynamic-sample-loading=1", "-o", "synth.polyphony=512", "-F", str(wav),
               str(FONTS[font]), str(midi)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode or not wav.exists():
        raise CorpusError(f"fluidsynth could not play {midi.name}: {done.stderr.strip()[-200:]}")
    sound, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    midi.unlink()
    wav.unlink()
    wanted = int(end_s * RATE)
    return np.pad(sound[:wanted], ((0, max(0, wanted - len(sound))), (0, 0)))
