"""MIDI bytes to signal values: one parser per port, which holds what that port's stream needs remembered."""

from collections.abc import Iterable
from typing import NamedTuple

_NOTE_OFF, _NOTE_ON, _POLY, _CONTROL, _PROGRAM, _PRESSURE, _BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
_LENGTH = {_NOTE_OFF: 2, _NOTE_ON: 2, _POLY: 2, _CONTROL: 2, _PROGRAM: 1, _PRESSURE: 1, _BEND: 2}
_COMMON_LENGTH = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_SYSEX, _SYSEX_END, _CLOCK, _START, _CONTINUE, _STOP = 0xF0, 0xF7, 0xF8, 0xFA, 0xFB, 0xFC
TRANSPORT = {_START: "midi.start", _CONTINUE: "midi.continue", _STOP: "midi.stop"}

_DATA_ENTRY = (6, 38, 96, 97)
_PARAMETER_NUMBER = (98, 99, 100, 101)
_NOTES_OFF = (120, 123, 124, 125, 126, 127)
_FINE_GAP_S = 0.005  # a controller sends both halves back to back; two USB packets or 2 ms of a serial cable
_FINE_SURE = 3

_CC = tuple(tuple(f"midi.cc.{c}.{n}" for n in range(128)) for c in range(1, 17))
_NOTE = tuple(tuple(f"midi.note.{c}.{n}" for n in range(128)) for c in range(1, 17))
_BENDS = tuple(f"midi.bend.{c}" for c in range(1, 17))
_PRESSURES = tuple(f"midi.pressure.{c}" for c in range(1, 17))
_PROGRAMS = tuple(f"midi.program.{c}" for c in range(1, 17))


class Event(NamedTuple):
    """A signal's new value.

    ``signal`` is a name of ``signals.table`` or, for the transport, midi.start, midi.stop or midi.continue (value 1).
    ``value`` is 0..1, −1..1 for a bend, the running total for a count. ``stamp_s``: when the bytes arrived.
    """

    signal: str
    value: float
    stamp_s: float


class Counts:
    """Notes begun and clock ticks (24 a quarter note) since the start, over all ports; they only grow."""

    def __init__(self) -> None:
        self.notes = 0
        self.clocks = 0


class MidiParser:
    """Turns one port's bytes into events. Broken bytes are dropped, never raised.

    A controller 0..31 is fine (14 bits) once its partner 32..63 has followed it at once three times in a row, and plain
    again once it comes alone; all others are 7 bits. Parameter numbers (98..101) give nothing, nor does the data entry
    (6, 38, 96, 97) that follows a complete one; system exclusive, song position, tune request, active sensing neither.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._status = 0  # the running status; 0 for none
        self._data: list[int] = []
        self._sysex = False
        self._held: set[tuple[int, int]] = set()
        self._last_control = [(-1, 0.0)] * 16
        self._coarse = [[0] * 32 for _ in range(16)]
        self._followed = [[0] * 32 for _ in range(16)]
        self._numbers: list[dict[int, int]] = [{} for _ in range(16)]  # the halves of a parameter number seen so far

    def feed(self, data: Iterable[int], stamp_s: float) -> list[Event]:
        """Take bytes that arrived at ``stamp_s``; the events they complete, in order."""
        events: list[Event] = []
        for byte in data:
            if not 0 <= byte <= 255:
                continue
            if byte >= 0xF8:
                self._real_time(byte, stamp_s, events)
            elif byte >= 0x80:
                self._sysex = byte == _SYSEX
                self._status = 0 if byte == _SYSEX_END else byte
                self._data.clear()
            elif self._status and not self._sysex:
                self._data.append(byte)
                self._complete(stamp_s, events)
        return events

    def release(self, stamp_s: float) -> list[Event]:
        """End every held note, as when the device is gone; controllers keep their values."""
        events = [Event(_NOTE[channel][note], 0.0, stamp_s) for channel, note in sorted(self._held)]
        self._held.clear()
        self._status = 0
        self._sysex = False
        return events

    def _real_time(self, byte: int, stamp_s: float, events: list[Event]) -> None:
        if byte == _CLOCK:
            self._counts.clocks += 1
            events.append(Event("midi.clock_count", float(self._counts.clocks), stamp_s))
        elif byte in TRANSPORT:
            events.append(Event(TRANSPORT[byte], 1.0, stamp_s))

    def _complete(self, stamp_s: float, events: list[Event]) -> None:
        status = self._status
        if status >= 0xF0:
            if len(self._data) >= _COMMON_LENGTH.get(status, 0):
                self._status = 0
            return
        kind, channel = status & 0xF0, status & 0x0F
        if len(self._data) < _LENGTH[kind]:
            return
        first, second = self._data[0], self._data[-1]
        self._data.clear()  # the status stays: running status
        if kind == _NOTE_ON and second:
            self._held.add((channel, first))
            self._counts.notes += 1
            events.append(Event(_NOTE[channel][first], second / 127, stamp_s))
            events.append(Event("midi.note_count", float(self._counts.notes), stamp_s))
        elif kind in (_NOTE_ON, _NOTE_OFF):
            self._held.discard((channel, first))
            events.append(Event(_NOTE[channel][first], 0.0, stamp_s))
        elif kind == _CONTROL:
            self._control(channel, first, second, stamp_s, events)
        elif kind in (_POLY, _PRESSURE):
            events.append(Event(_PRESSURES[channel], second / 127, stamp_s))
        elif kind == _PROGRAM:
            events.append(Event(_PROGRAMS[channel], first / 127, stamp_s))
        else:
            bend = first + 128 * second - 8192
            events.append(Event(_BENDS[channel], bend / (8192 if bend < 0 else 8191), stamp_s))

    def _control(self, channel: int, number: int, value: int, stamp_s: float, events: list[Event]) -> None:
        last, last_s = self._last_control[channel]
        self._last_control[channel] = (number, stamp_s)
        if number in _PARAMETER_NUMBER:
            halves = self._numbers[channel]
            if last not in _PARAMETER_NUMBER:
                halves.clear()
            halves[number & 1] = value
            if list(halves.values()) == [127, 127]:
                halves.clear()  # the null number: data entry is a plain controller again
            return
        if number not in _DATA_ENTRY:
            self._numbers[channel].clear()
        elif len(self._numbers[channel]) == 2:
            return
        if number in _NOTES_OFF:
            held = sorted(note for held_channel, note in self._held if held_channel == channel)
            self._held -= {(channel, note) for note in held}
            events.extend(Event(_NOTE[channel][note], 0.0, stamp_s) for note in held)
        followed = self._followed[channel]
        if number < 32:
            self._coarse[channel][number] = value
            if last == number:
                followed[number] = 0  # the one before had no partner: not a pair after all
            elif followed[number] == _FINE_SURE:
                events.append(Event(_CC[channel][number], value * 128 / 16383, stamp_s))
                return
        events.append(Event(_CC[channel][number], value / 127, stamp_s))
        if 32 <= number < 64:
            coarse = number - 32
            if last == coarse and stamp_s - last_s <= _FINE_GAP_S:
                followed[coarse] = min(followed[coarse] + 1, _FINE_SURE)
            elif followed[coarse] < _FINE_SURE:
                followed[coarse] = 0
            if followed[coarse] == _FINE_SURE:
                fine = (self._coarse[channel][coarse] * 128 + value) / 16383
                events.append(Event(_CC[channel][coarse], fine, stamp_s))
