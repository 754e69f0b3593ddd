"""Takes of notes: a Standard MIDI File, the file twin of a MIDI port."""

import math
from bisect import bisect_right as bisect
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from pix2live.atomic import Beside, write_error
from pix2live.errors import FileError

SUFFIXES = (".mid", ".midi")
TICKS = 960  # a beat
_FASTEST_US, _USUAL_US, _SLOWEST_US = 20_000, 500_000, 0xFFFFFF  # a beat
_SAME_US = 2  # what rounding makes of an even tempo
_MOST_TICKS = 0x0FFFFFFF
_TEXT, _TRACK_NAME, _TEMPO, _END = 0x01, 0x03, 0x51, 0x2F


class MidiFile:
    """Collects notes by time and writes them, by ``finish``, beside its place and renames it.

    Format 1 (Standard MIDI Files 1.0): a track with the texts and the tempo map, then a track for each channel that
    has notes. Times are kept to a tick, 1/960 of a
    beat. The same notes give the same bytes.

    Args:
        path: ``.mid`` or ``.midi``; its folder must be there.
        title: of the whole. text: any further words, such as what made it.

    Raises:
        FileError: the place cannot be written; by ``finish`` too.
    """

    def __init__(self, path: str | Path, title: str = "", text: str = "") -> None:
        self._beside = Beside(path, SUFFIXES)
        self._title, self._text = title, text
        self._names: dict[int, tuple[str, int | None]] = {}
        self._beats: list[tuple[float, float]] = []
        self._events: list[tuple[float, int, int, int]] = []  # seconds, channel, note, velocity 0..127
        self._sounding: set[tuple[int, int]] = set()

    @property
    def notes(self) -> int:
        """How many notes have begun so far."""
        return sum(velocity > 0 for *_, velocity in self._events)

    def name(self, channel: int, name: str, program: int | None = None) -> None:
        """Name the track of ``channel`` 1..16, and the General MIDI program 1..128 that comes near its sound."""
        self._names[channel] = name, program

    def beat(self, time_s: float, beat: float) -> None:
        """At ``time_s`` the music is at ``beat`` (beats since its start, with a fraction): bars of a sequencer follow.

        Between two such points the tempo is even; without any it is 120. What goes back is passed over.
        """
        if not (math.isfinite(time_s) and math.isfinite(beat)):
            return
        if not self._beats or (time_s - self._beats[-1][0] > 1e-3 and beat > self._beats[-1][1]):
            self._beats.append((time_s, beat))

    def note(self, time_s: float, channel: int, note: int, velocity: float) -> None:
        """A note of ``channel`` 1..16 begins (velocity above 0, up to 1) or ends (velocity 0). Times may not go back.

        A note that begins again while it sounds is ended first; an end without a beginning is left out.
        """
        key = channel, note
        if not (1 <= channel <= 16 and 0 <= note <= 127 and math.isfinite(time_s)):
            return
        sounds = key in self._sounding
        if sounds:
            self._sounding.discard(key)
            self._events.append((max(time_s, 0.0), channel, note, 0))
        if velocity > 0.0:
            self._sounding.add(key)
            self._events.append((max(time_s, 0.0), channel, note, max(1, round(min(velocity, 1.0) * 127))))

    def finish(self, end_s: float) -> Path:
        """End what still sounds at ``end_s``, put the file in its place and return that. Raises FileError."""
        for channel, note in sorted(self._sounding):
            self._events.append((max(end_s, 0.0), channel, note, 0))
        self._sounding.clear()
        try:
            self._beside.part.write_bytes(self._bytes(end_s))
        except OSError as error:
            self.abort()
            raise write_error(self._beside.path, error) from error
        self._beside.commit()
        return self._beside.path

    def abort(self) -> None:
        """Give the take up and leave nothing behind."""
        self._beside.discard()

    def _bytes(self, end_s: float) -> bytes:
        ticks = _Ticks(self._beats)
        if ticks.at(end_s) > _MOST_TICKS:
            raise FileError("this take is too long for a MIDI file", str(self._beside.path), "write fewer hours")
        head = [(0, _meta(kind, text.encode())) for kind, text in ((_TRACK_NAME, self._title), (_TEXT, self._text))
                if text]
        head += [(tick, _meta(_TEMPO, us.to_bytes(3, "big"))) for tick, us in ticks.tempi]
        tracks = [_track(head, ticks.at(end_s))]
        for channel in sorted({channel for _, channel, *_ in self._events}):
            lines: list[tuple[int, bytes]] = []
            if channel in self._names:
                name, program = self._names[channel]
                lines.append((0, _meta(_TRACK_NAME, name.encode())))
                if program is not None:
                    lines.append((0, bytes([0xC0 | channel - 1, program - 1])))
            lines += self._channel(channel, ticks)
            tracks.append(_track(lines, ticks.at(end_s)))
        return b"MThd" + (6).to_bytes(4, "big") + b"".join(
            n.to_bytes(2, "big") for n in (1, len(tracks), TICKS)) + b"".join(tracks)

    def _channel(self, channel: int, ticks: "_Ticks") -> list[tuple[int, bytes]]:
        begun, ended = dict[int, int](), dict[int, int]()
        lines: list[tuple[int, int, int, bytes]] = []
        for number, (time_s, of, note, velocity) in enumerate(self._events):
            if of != channel:
                continue
            tick = ticks.at(time_s)
            # However short, each note begins before it ends, and ends before the next of its key begins.
            if velocity:
                begun[note] = tick = max(tick, ended.get(note, 0))
            else:
                ended[note] = tick = max(tick, begun[note] + 1)
            status = (0x90 if velocity else 0x80) | channel - 1
            lines.append((tick, velocity > 0, number, bytes([status, note, velocity])))
        return [(tick, message) for tick, _, _, message in sorted(lines)]


class _Ticks:
    """Seconds to ticks by points (seconds, beat). Tick 0 is second 0.

    The tempo is kept in whole microseconds a beat, as the file has it, and each stretch begins where the one before it
    truly ended, so that roundings never add up.
    """

    def __init__(self, beats: list[tuple[float, float]]) -> None:
        self.tempi: list[tuple[int, int]] = []
        self._parts: list[tuple[float, int, float]] = []  # second, tick, ticks a second
        tick, at_s = 0, 0.0
        for (begin_s, beat), (end_s, next_beat) in pairwise(beats):
            us = min(max(round(1e6 * (end_s - begin_s) / (next_beat - beat)), _FASTEST_US), _SLOWEST_US)
            if self.tempi and abs(us - self.tempi[-1][1]) <= _SAME_US:
                continue
            if self._parts:
                tick, at_s = self.at(begin_s), begin_s
            self._add(at_s, tick, us)
        if not self._parts:
            self._add(0.0, 0, _USUAL_US)

    def _add(self, at_s: float, tick: int, us: int) -> None:
        self.tempi.append((tick, us))
        self._parts.append((at_s, tick, TICKS * 1e6 / us))

    def at(self, time_s: float) -> int:
        begin_s, tick, rate = self._parts[max(0, bisect(self._parts, time_s, key=itemgetter(0)) - 1)]
        return max(0, tick + round((time_s - begin_s) * rate))


def _meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + _length(len(data)) + data


def _track(lines: list[tuple[int, bytes]], end: int) -> bytes:
    data, last = bytearray(), 0
    for tick, message in [*lines, (max(end, lines[-1][0] if lines else 0), _meta(_END, b""))]:
        data += _length(tick - last) + message
        last = tick
    return b"MTrk" + len(data).to_bytes(4, "big") + bytes(data)


def _length(value: int) -> bytes:
    """A number in seven bits a byte, the highest first."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | value & 0x7F)
    return bytes(reversed(out))
