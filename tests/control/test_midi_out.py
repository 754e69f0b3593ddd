"""Notes out: in time and always ended, through a real JACK server that goes away, comes back, and hangs."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rtmidi

from pix2live.control import midi as midi_module
from pix2live.control.midi import MidiIn, list_ports
from pix2live.control.midi_out import MidiOut, Player
from tools.rig import Rig


def played(messages: list[tuple[float, int, int, int]], times: list[float]) -> list[tuple[float, bytes]]:
    """What a player sends at which of ``times``."""
    sent: list[tuple[float, bytes]] = []
    now = [0.0]
    player = Player(lambda message: sent.append((now[0], message)))
    for message in messages:
        player.put(*message)
    for time_s in times:
        now[0] = time_s
        player.step(time_s)
    return sent


def test_notes_leave_in_the_order_of_their_moments_and_not_before() -> None:
    sent = played([(0.30, 2, 61, 0), (0.10, 1, 60, 90), (0.20, 2, 61, 80), (0.30, 1, 60, 0)],
                  [0.05, 0.10, 0.19, 0.25, 0.31])
    assert sent == [(0.10, b"\x90\x3c\x5a"), (0.25, b"\x91\x3d\x50"), (0.31, b"\x81\x3d\x00"), (0.31, b"\x80\x3c\x00")]


def test_a_note_that_comes_far_too_late_is_left_out_with_its_end_and_a_late_end_is_sent() -> None:
    assert played([(0.0, 1, 60, 90), (0.1, 1, 60, 0)], [1.0]) == []
    assert [m for _, m in played([(0.0, 1, 60, 90), (0.1, 1, 60, 0)], [0.0, 5.0])] == [b"\x90\x3c\x5a", b"\x80\x3c\x00"]


def test_silence_ends_what_sounds_on_every_channel_used_and_forgets_what_waits() -> None:
    sent: list[bytes] = []
    player = Player(sent.append)
    player.put(0.0, 1, 60, 90)
    player.put(0.0, 10, 36, 90)
    player.put(0.0, 10, 36, 0)
    player.put(5.0, 4, 72, 90)
    player.step(0.1)
    sent.clear()
    player.put(0.0, 0, 0, 0)
    assert sent == [b"\x80\x3c\x00", b"\xb0\x7b\x00", b"\xb0\x78\x00", b"\xb9\x7b\x00", b"\xb9\x78\x00"]
    sent.clear()
    player.step(10.0)
    assert sent == [] and player.next_s == float("inf")


@pytest.fixture
def jack(midi_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(midi_module, "_SEQUENCER", Path("/nowhere"))
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, midi_rig.env[name])
    return midi_rig


@pytest.fixture
def open_out(jack: Rig) -> Iterator[Callable[[str], MidiOut]]:
    opened: list[MidiOut] = []

    def start(port: str) -> MidiOut:
        opened.append(MidiOut(port, rtmidi.API_UNIX_JACK))
        return opened[-1]

    yield start
    for out in opened:
        out.close()


class Daw:
    """A sequencer that listens: joined to the port whose name ends so, or with a port of its own."""

    def __init__(self, port: str = "own") -> None:
        self.client = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="daw")
        self.heard: list[tuple[float, list[int]]] = []
        if port == "own":
            self.client.open_virtual_port("in")
        else:
            self.client.open_port(next(i for i, name in enumerate(self.client.get_ports()) if name.endswith(port)))

    def take(self, count: int, seconds: float = 5.0) -> list[list[int]]:
        end_s = time.monotonic() + seconds
        while len(self.heard) < count and time.monotonic() < end_s:
            while (found := self.client.get_message()) is not None:
                self.heard.append((time.monotonic(), found[0]))
            time.sleep(0.0005)
        return [message for _, message in self.heard]

    def close(self) -> None:
        self.client.close_port()
        time.sleep(0.05)
        self.client.delete()


def told(out: MidiOut, word: str, seconds: float = 10.0) -> str:
    """The line that holds ``word``, once it comes; every call that waits for it is quick."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        out.poll(time.monotonic())
        for line in out.notices:
            if word in line:
                out.notices.clear()
                return line
        time.sleep(0.01)
    raise AssertionError(out.notices)


@pytest.mark.live
def test_the_ports_that_listen_are_listed_by_name(jack: Rig) -> None:
    assert list_ports(kind="MidiOut") == []
    daw = Daw()
    try:
        assert list_ports(kind="MidiOut") == ["daw:in"]
    finally:
        daw.close()


@pytest.mark.live
def test_notes_go_out_of_a_virtual_port_at_their_moments(open_out: Callable[[str], MidiOut]) -> None:
    out = open_out("virtual")
    assert told(out, "notes go to") == "MIDI out: notes go to pix2live:pix2live"
    daw = Daw("pix2live:pix2live")
    late_ms = np.array([])
    for _ in range(5):  # JACK loses what is handed over too late for its period, on a busy machine
        daw.heard.clear()
        begin_s = time.monotonic() + 0.1
        for n in range(30):
            out.note(begin_s + n * 0.02, 4, 40 + n, 0.5)
            out.note(begin_s + n * 0.02 + 0.01, 4, 40 + n, 0.0)
        if len(daw.take(60, 2.0)) == 60:
            stamps = np.array([stamp for stamp, message in daw.heard if message[0] == 0x93])
            late_ms = 1000.0 * (stamps - begin_s - 0.02 * np.arange(30))
            break
    assert [message for _, message in daw.heard] == [
        m for n in range(30) for m in ([0x93, 40 + n, 64], [0x83, 40 + n, 0])]
    # JACK's own period is 2.7 ms.
    assert late_ms.min() > -0.5 and np.median(late_ms) < 10.0
    daw.close()


@pytest.mark.live
def test_silence_and_close_end_what_sounds(open_out: Callable[[str], MidiOut]) -> None:
    out = open_out("virtual")
    told(out, "notes go to")
    daw = Daw("pix2live:pix2live")
    for end in (out.silence, out.close):
        for _ in range(5):
            out.note(time.monotonic(), 1, 60, 1.0)
            if daw.take(1, 1.0):
                break
        daw.heard.clear()
        end()
        assert daw.take(3, 2.0)[0] == [0x80, 60, 0]
        assert [0xB0, 123, 0] in [message for _, message in daw.heard]
        daw.heard.clear()
    out.close()
    daw.close()


@pytest.mark.live
def test_midi_in_does_not_hear_what_midi_out_says(open_out: Callable[[str], MidiOut]) -> None:
    out = open_out("virtual")
    told(out, "notes go to")
    midi = MidiIn()
    try:
        midi.poll(time.monotonic())
        assert midi.sources == []
    finally:
        midi.close()


@pytest.mark.live
def test_a_named_port_is_waited_for_lost_and_taken_back(open_out: Callable[[str], MidiOut]) -> None:
    out = open_out("DAW:in")
    assert "there is: none" in told(out, "no port DAW:in is here")
    daw = Daw()
    assert told(out, "notes go to") == "MIDI out: notes go to daw:in"
    for _ in range(5):
        out.note(time.monotonic(), 1, 64, 1.0)
        if [0x90, 64, 127] in daw.take(1, 1.0):
            break
    assert [0x90, 64, 127] in [message for _, message in daw.heard]
    daw.close()
    assert told(out, "gone") == "MIDI out: daw:in is gone; it is taken back when it returns"
    out.note(time.monotonic(), 1, 65, 1.0)
    daw = Daw()
    told(out, "notes go to")
    # What sounded when it went is ended, and nothing is played late.
    daw.take(2, 1.0)
    assert not [message for _, message in daw.heard if message[0] & 0xF0 == 0x90]
    daw.close()


@pytest.mark.live
def test_a_server_that_hangs_or_dies_never_holds_the_desk_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with Rig(midi=True) as rig:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, rig.env[name])
        [server] = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()
                    and b"jackd" in (line := (entry / "cmdline").read_bytes())
                    and rig.env["JACK_DEFAULT_SERVER"].encode() in line.split(b"\0")]
        out = MidiOut("virtual", rtmidi.API_UNIX_JACK)
        told(out, "notes go to")
        os.kill(server, signal.SIGSTOP)
        longest_s = 0.0
        for _ in range(6000):  # more than rtmidi's queue holds: its own sender would wait for ever
            begin_s = time.monotonic()
            out.note(begin_s, 1, 60, 1.0)
            out.poll(begin_s)
            longest_s = max(longest_s, time.monotonic() - begin_s)
            time.sleep(0.0002)
        told(out, "does not answer")
        assert longest_s < 0.5
        os.kill(server, signal.SIGKILL)
        begin_s = time.monotonic()
        out.close()
        assert time.monotonic() - begin_s < 2.0


def test_without_midi_it_says_so_once_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    out = MidiOut("virtual", rtmidi.API_UNIX_JACK)
    try:
        assert "no MIDI here" in told(out, "MIDI out")
        for _ in range(100):
            out.note(time.monotonic(), 1, 60, 1.0)
        time.sleep(1.5)
        out.poll(time.monotonic())
        assert out.notices == []
    finally:
        out.close()
        out.close()
