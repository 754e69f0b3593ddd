"""MIDI from a second process, through a real JACK server: what is sent is heard, also after the sender was away."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pix2live.control import midi as midi_module
from pix2live.control.midi import MidiIn, list_ports
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
        midi.arrived.wait(0.2)
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
        if midi.arrived.wait(1.0):
            break
    [event] = midi.take()
    assert before_s < event.stamp_s <= time.monotonic()
    assert midi.take() == [] and not midi.arrived.is_set() and midi.dropped == 0


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
def test_a_flood_that_nobody_takes_is_dropped_and_counted(
    midi: MidiIn, senders: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(midi_module, "_QUEUE", 100)
    sender = senders()
    _until(midi, lambda: bool(midi.sources))
    sent = 0
    while midi.dropped < 100 and sent < 3000:
        sender.send(*[[0xB0, 1, i] for i in range(10)])
        sent += 10
    time.sleep(0.2)
    assert len(midi.take()) == 100
    assert 100 <= midi.dropped <= sent - 100
    assert _exchange(midi, sender, [[0xB0, 1, 127]], count=1) == [("midi.cc.1.1", 1.0)]


FLOOD = """
import rtmidi, time
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="flood")
out.open_virtual_port("out")
print("ready", flush=True)
while True:
    out.send_message([0xB0, 1, 5])
    time.sleep(0.0005)
"""


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
