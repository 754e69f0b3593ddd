"""MIDI from a second process, through a real JACK server: what is sent is heard, also after the sender was away.

Stamps, order and lost messages are tested without JACK, on clients that deliver what they are told to.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pix2live.control import midi as midi_module
from pix2live.control.midi import MidiIn, Source, list_ports
from pix2live.control.midi_bytes import Counts, MidiParser
from pix2live.signals.clock import ManualClock
from tools.rig import Rig

SENDER = """
import json, sys, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=sys.argv[1])
if sys.argv[2] == "own":
    out.open_virtual_port("out")
else:
    out.open_port(next(i for i, n in enumerate(out.get_ports()) if n.endswith(sys.argv[2])))
print("ready", flush=True)
for line in sys.stdin:
    for message in json.loads(line):
        out.send_message(message)
    print("sent", flush=True)
"""


class Sender:
    """A second process with a MIDI output: ``own`` port, or joined to the port whose name ends so."""

    def __init__(self, rig: Rig, name: str = "knobs", port: str = "own") -> None:
        self._child = subprocess.Popen([sys.executable, "-c", SENDER, name, port], env=rig.env, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._expect("ready")

    def send(self, *messages: list[int]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(messages) + "\n")
        self._child.stdin.flush()
        self._expect("sent")

    def _expect(self, word: str) -> None:
        assert self._child.stdout is not None
        assert self._child.stdout.readline().strip() == word

    def kill(self) -> None:
        self._child.kill()
        self._child.wait(10)
        assert self._child.stdin and self._child.stdout
        self._child.stdin.close()
        self._child.stdout.close()


@pytest.fixture
def jack(midi_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """The rig's JACK server for this process too, and no sequencer of the machine's own."""
    monkeypatch.setattr(midi_module, "_SEQUENCER", Path("/nowhere"))
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, midi_rig.env[name])
    return midi_rig


@pytest.fixture
def senders(jack: Rig) -> Iterator[Callable[..., Sender]]:
    running: list[Sender] = []

    def start(name: str = "knobs", port: str = "own") -> Sender:
        running.append(Sender(jack, name, port))
        return running[-1]

    yield start
    for sender in running:
        sender.kill()


@pytest.fixture
def midi(jack: Rig) -> Iterator[MidiIn]:
    midi = MidiIn()
    assert midi.available and midi.notices == []
    yield midi
    midi.close()


def _exchange(midi: MidiIn, sender: Sender, messages: list[list[int]], count: int) -> list[tuple[str, float]]:
    """Send ``messages`` at once and return their ``count`` events; again where JACK lost some, as it may when busy."""
    for _ in range(8):
        sender.send(*messages)
        events = _take(midi, count, seconds=1.0)
        if len(events) == count:
            break
        midi.take_transport()
    return events


def _take(midi: MidiIn, count: int, seconds: float = 5.0) -> list[tuple[str, float]]:
    """The next ``count`` events, or as many as come in the time."""
    events: list[tuple[str, float]] = []
    end = time.monotonic() + seconds
    while len(events) < count and time.monotonic() < end:
        midi.wait(time.monotonic() + 0.2)
        events += [(event.signal, event.value) for event in midi.take()]
    return events


def _until(midi: MidiIn, done: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, midi.notices
        midi.poll(time.monotonic())
        time.sleep(0.02)


@pytest.mark.live
def test_every_kind_of_message_arrives_from_a_second_process(midi: MidiIn, senders: Callable[..., Sender]) -> None:
    sender = senders()
    _until(midi, lambda: midi.sources == ["knobs:out"])
    assert midi.notices == ["MIDI: knobs:out is connected"]
    before_s = time.monotonic()
    events = _exchange(midi, sender, [
        [0xB0, 74, 127], [0x92, 60, 127], [0x82, 60, 0], [0xE0, 127, 127], [0xD0, 127], [0xF8], [0xFA],
        [0xF0, 125, 1, 2, 3, 0xF7], [0xB0, 99, 1], [0xB0, 98, 1], [0xB0, 6, 9], [0xB0, 75, 0]], count=8)
    assert events == [
        ("midi.cc.1.74", 1.0), ("midi.note.3.60", 1.0), ("midi.note_count", midi.counts.notes), ("midi.note.3.60", 0.0),
        ("midi.bend.1", 1.0), ("midi.pressure.1", 1.0), ("midi.clock_count", midi.counts.clocks), ("midi.cc.1.75", 0.0)]
    assert [event.signal for event in midi.take_transport()] == ["midi.start"]
    for _ in range(8):
        sender.send([0xB0, 74, 0])
        if midi.wait(time.monotonic() + 1.0):
            break
    [event] = midi.take()
    assert before_s < event.stamp_s <= time.monotonic()
    assert midi.take() == [] and not midi.wait(0.0) and midi.dropped == 0


@pytest.mark.live
def test_fine_controllers_arrive_fine(midi: MidiIn, senders: Callable[..., Sender]) -> None:
    sender = senders()
    _until(midi, lambda: bool(midi.sources))
    for value in (100, 9000, 3000):
        _exchange(midi, sender, [[0xB0, 7, value >> 7], [0xB0, 39, value & 127]], count=2)
    midi.take()
    for value in (12345, 16383, 1):
        events = _exchange(midi, sender, [[0xB0, 7, value >> 7], [0xB0, 39, value & 127]], count=3)
        assert events[-1] == ("midi.cc.1.7", pytest.approx(value / 16383))


@pytest.mark.live
def test_every_clock_tick_that_arrives_counts_one(midi: MidiIn, senders: Callable[..., Sender]) -> None:
    sender = senders()
    _until(midi, lambda: bool(midi.sources))
    for bar in range(4):
        first = midi.counts.clocks + 1
        events = _exchange(midi, sender, [[0xF8]] * 96, count=96)
        last = midi.counts.clocks
        assert events == [("midi.clock_count", float(n)) for n in range(last - 95, last + 1)]
        assert midi.counts.clocks >= first + 95, bar


@pytest.mark.live
def test_a_sender_that_dies_and_returns_is_heard_again(midi: MidiIn, senders: Callable[..., Sender]) -> None:
    first = senders()
    _until(midi, lambda: bool(midi.sources))
    assert len(_exchange(midi, first, [[0xB0, 1, 127], [0x90, 60, 127]], count=3)) == 3
    first.kill()
    midi.notices.clear()
    _until(midi, lambda: not midi.sources)
    assert midi.notices == ["MIDI: knobs:out is gone; its controls keep their values"]
    assert _take(midi, 1) == [("midi.note.1.60", 0.0)], "the held note ends, the controller stays"
    second = senders()
    _until(midi, lambda: bool(midi.sources))
    events = _exchange(midi, second, [[0xB0, 1, 0], [0x90, 60, 127]], count=3)
    assert events == [("midi.cc.1.1", 0.0), ("midi.note.1.60", 1.0), ("midi.note_count", midi.counts.notes)]


@pytest.mark.live
def test_only_chosen_ports_are_opened_by_part_of_their_name(jack: Rig, senders: Callable[..., Sender]) -> None:
    senders("knobs"), senders("pads")
    assert sorted(list_ports()) == ["knobs:out", "pads:out"]
    midi = MidiIn(ports=["PAD"])
    try:
        assert midi.sources == ["pads:out"]
    finally:
        midi.close()
        midi.close()
    midi.poll(time.monotonic() + 100.0)
    assert not midi.available and midi.sources == []


@pytest.mark.live
def test_others_may_connect_to_the_virtual_port(midi: MidiIn, senders: Callable[..., Sender]) -> None:
    sender = senders("sequencer", "pix2live:pix2live")
    assert _exchange(midi, sender, [[0xB0, 3, 127]], count=1) == [("midi.cc.1.3", 1.0)]


@pytest.mark.live
def test_a_flood_that_nobody_takes_keeps_the_oldest_and_says_that_some_is_lost(
    jack: Rig, senders: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(midi_module, "_QUEUE", 101)
    midi = MidiIn()
    try:
        sender = senders()
        _until(midi, lambda: bool(midi.sources))
        midi.notices.clear()
        for _ in range(100):
            sender.send([0x90, 60, 127], *[[0xB0, 1, 127]] * 9)
        time.sleep(0.2)
        events = [(event.signal, event.value) for event in midi.take()]
        assert len(events) > 100 and events[-1] == ("midi.note.1.60", 0.0), "no note may hang"
        assert midi.dropped == 1 and len(midi.notices) == 1 and "lost" in midi.notices[0]
        assert "limit reached" in capfd.readouterr().err
        assert _exchange(midi, sender, [[0xB0, 1, 0]], count=1) == [("midi.cc.1.1", 0.0)]
        assert midi.dropped == 1
    finally:
        midi.close()


class Cable:
    """What rtmidi's client is to a source: delivers messages once their time has come, with the gaps between them."""

    def __init__(self, clock: ManualClock, *messages: tuple[float, list[int]]) -> None:
        self._clock, self._left, self._last_s = clock, list(messages), messages[0][0] if messages else 0.0
        self.ports: list[str | None] = []
        self.deleted_s: float | None = None
        self.closed_s: float | None = None

    def get_message(self) -> tuple[list[int], float] | None:
        if not self._left or self._left[0][0] > self._clock.now():
            return None
        came_s, message = self._left.pop(0)
        gap_s, self._last_s = came_s - self._last_s, came_s
        return message, gap_s

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        assert not timing, "a clock would be ignored"

    def get_ports(self) -> list[str | None]:
        return self.ports

    def get_current_api(self) -> int:
        return 0

    def open_virtual_port(self, name: str) -> None:
        pass

    def open_port(self, index: int, name: str) -> None:
        pass

    def close_port(self) -> None:
        self.closed_s = self._clock.now()

    def delete(self) -> None:
        self.deleted_s = self._clock.now()


def _plug(monkeypatch: pytest.MonkeyPatch, *cables: Cable) -> None:
    """The next clients that are opened are these, the first of them with the virtual port."""
    left = list(cables)
    monkeypatch.setattr(midi_module, "_open_client", lambda name, api: left.pop(0))
    cables[0].ports = [f"cable {number}" for number in range(1, len(cables))]


def test_stamps_tell_when_the_bytes_came_and_not_when_the_desk_looked() -> None:
    came_s = [10.0, 10.0103, 10.0151, 10.2, 10.2307, 10.231, 11.9]
    clock = ManualClock(9.9)
    source = Source(Cable(clock, *[(t, [0xB0, 1, 1]) for t in came_s]), MidiParser(Counts()), clock.now())
    stamps: list[float] = []
    for look_s in (10.0, 10.02, 10.1, 10.6, 11.0, 12.0):  # from 10.1 on the desk is busy for half a second
        clock.set(look_s)
        stamps += [stamp_s for stamp_s, _, _ in source.drain(clock)]
    assert stamps == pytest.approx(came_s, abs=1e-6)


def test_a_wrong_gap_never_puts_a_stamp_outside_the_time_between_two_looks() -> None:
    class Wrong(Cable):
        error_s = 0.0

        def get_message(self) -> tuple[list[int], float] | None:
            found = super().get_message()
            return None if found is None else (found[0], found[1] + self.error_s)

    for error_s in (-0.3, 5.0, -5.0):
        clock = ManualClock(1.0)
        cable = Wrong(clock, *[(1.1 + 0.3 * n, [0xF8]) for n in range(9)])
        cable.error_s = error_s
        source = Source(cable, MidiParser(Counts()), 1.0)
        for _ in range(300):
            looked_s = clock.now()
            clock.set(looked_s + 0.01)
            for stamp_s, _, _ in source.drain(clock):
                assert looked_s <= stamp_s <= looked_s + 0.01


def test_two_sources_are_taken_in_the_order_in_which_they_were_played(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(1.0)
    played = [(1.1, 1), (1.2, 2), (1.3, 2), (1.4, 1), (1.5, 2)]
    _plug(monkeypatch, Cable(clock), *[
        Cable(clock, (1.01, [0xF0, 0xF7]), *[(t, [0x90, number, 127]) for t, n in played if n == number])
        for number in (1, 2)])
    midi = MidiIn(clock=clock)
    clock.set(1.01)
    assert midi.wait(1.01) and midi.take() == [], "from here on each knows the time"
    clock.set(2.0)
    events = midi.take()
    assert [(e.signal, round(e.stamp_s, 6)) for e in events[::2]] == [(f"midi.note.1.{n}", t) for t, n in played]
    assert [e.value for e in events[1::2]] == [1.0, 2.0, 3.0, 4.0, 5.0], "counters only grow"


def test_waiting_ends_within_two_milliseconds_of_a_message_and_else_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(1.0)
    _plug(monkeypatch, Cable(clock), Cable(clock, (1.5, [0xB0, 1, 127]), (1.6, [0xFA])))
    midi = MidiIn(clock=clock)
    assert not midi.wait(1.25) and clock.now() == 1.25
    assert midi.wait(9.0) and clock.now() == pytest.approx(1.501, abs=0.001)
    assert midi.wait(9.0) and clock.now() == pytest.approx(1.501, abs=0.001), "until it is taken"
    assert [(e.signal, e.value) for e in midi.take()] == [("midi.cc.1.1", 1.0)]
    assert midi.wait(9.0) and clock.now() == pytest.approx(1.601, abs=0.001), "a start alone wakes as well"
    assert [e.signal for e in midi.take_transport()] == ["midi.start"]
    assert not midi.wait(9.0) and clock.now() == 9.0


def test_without_a_source_the_desk_sleeps_in_one_piece_until_something_came(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(Cable):
        looks = 0

        def get_message(self) -> tuple[list[int], float] | None:
            self.looks += 1
            return super().get_message()

    clock = ManualClock(1.0)
    own = Counting(clock, (1.504, [0xB0, 1, 127]))
    _plug(monkeypatch, own)
    midi = MidiIn(clock=clock)
    own.looks = 0
    assert not midi.wait(1.2) and own.looks == 2, "once before it sleeps, once after"
    assert midi.wait(1.6) and len(midi.take()) == 1
    own.looks = 0
    assert not midi.wait(1.7) and own.looks > 90, "somebody plays"
    clock.set(9.0)
    own.looks = 0
    assert not midi.wait(9.2) and own.looks == 2, "nobody plays any more"


def test_a_vanished_port_closes_at_once_and_its_client_ends_later_without_a_pause(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(1.0)
    own, knobs = Cable(clock), Cable(clock, (1.4, [0x90, 60, 127]), (1.99, [0xB0, 1, 127]))
    _plug(monkeypatch, own, knobs)
    midi = MidiIn(clock=clock)
    clock.set(1.5)
    assert len(midi.take()) == 2
    own.ports = []
    clock.set(2.0)
    midi.poll(2.0)
    assert knobs.closed_s == 2.0 and knobs.deleted_s is None and clock.now() == 2.0
    assert [(e.signal, e.value) for e in midi.take()] == [("midi.cc.1.1", 1.0), ("midi.note.1.60", 0.0)]
    for step in range(20):
        clock.set(2.0 + 0.005 * step)
        midi.poll(clock.now())
    assert knobs.deleted_s is not None and 0.03 <= knobs.deleted_s - knobs.closed_s <= 0.09


def test_a_list_that_changes_while_it_is_read_closes_nothing_and_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(1.0)
    own = Cable(clock)
    _plug(monkeypatch, own, Cable(clock), Cable(clock))
    midi = MidiIn(clock=clock)
    assert midi.sources == ["cable 1", "cable 2"] and midi.notices.pop() and midi.notices.pop()
    own.ports = ["cable 2", None]
    midi.poll(2.0)
    assert midi.sources == ["cable 1", "cable 2"] and midi.notices == []
    own.ports = ["cable 2"]
    midi.poll(3.0)
    assert midi.sources == ["cable 2"]


# While two ports of another process pour: open and close all, and lose one port of the two while the other plays on.
CLOSE_UNDER_FLOOD = """
import pathlib, sys, time
import pix2live.control.midi as module
module._SEQUENCER = pathlib.Path("/nowhere")
for cycle in range(int(sys.argv[1])):
    midi = module.MidiIn()
    heard, end = 0, time.monotonic() + 10.0
    while (heard < 50 or len(midi.sources) < 2) and time.monotonic() < end:
        midi.poll(time.monotonic())
        midi.wait(time.monotonic() + 0.1)
        heard += len(midi.take())
    assert heard >= 50 and len(midi.sources) == 2, (heard, midi.notices)
    if cycle % 2:
        midi._wants = lambda name: name == "flood2:out"
        for ahead_s in range(1, 9):
            midi.poll(time.monotonic() + ahead_s)
        assert midi.sources == ["flood2:out"] and not midi._closing, midi.notices
    midi.close()
    assert not midi._closing and not midi.available
print("closed")
"""
FLOOD = """
import rtmidi, sys, time
outs = [rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name) for name in sys.argv[1:] or ["flood"]]
for out in outs:
    out.open_virtual_port("out")
print("ready", flush=True)
while True:
    for out in outs:
        out.send_message([0xB0, 1, 5])
    time.sleep(0.0005)
"""


@pytest.mark.live
def test_closing_while_messages_pour_in_neither_hangs_nor_crashes(jack: Rig) -> None:
    flood = subprocess.Popen([sys.executable, "-c", FLOOD, "flood1", "flood2"], env=jack.env, stdout=subprocess.PIPE,
                             text=True)
    try:
        assert flood.stdout is not None and flood.stdout.readline() == "ready\n"
        done = subprocess.run([sys.executable, "-c", CLOSE_UNDER_FLOOD, "20"], env=jack.env, capture_output=True,
                              text=True, timeout=60, check=False)
    finally:
        flood.kill()
        flood.communicate()
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr


def test_without_any_midi_one_plain_line_and_no_noise() -> None:
    code = ("import os, pathlib, time\nimport pix2live.control.midi as midi\n"
            "midi._SEQUENCER = pathlib.Path('/nowhere')\n"
            "m = midi.MidiIn()\nassert not m.available and midi.list_ports() == []\n"
            "fds = len(os.listdir('/proc/self/fd'))\n"
            "for i in range(9): m.poll(time.monotonic() + 10.0 * i)\n"
            "assert len(os.listdir('/proc/self/fd')) == fds\n"
            "print(m.notices, m.take(), m.sources)\nm.close()")
    with Rig() as bare:
        done = subprocess.run([sys.executable, "-c", code], env=bare.env, capture_output=True, text=True, timeout=60,
                              check=False)
    assert done.stderr == ""
    assert done.stdout.count("no MIDI here") == 1 and done.stdout.endswith(" [] []\n")
