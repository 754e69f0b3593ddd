"""MIDI out through python-rtmidi: notes at their moment, to a virtual port or to a named one that may come and go.

A process of its own holds the port. rtmidi waits for a JACK server that hangs without letting go of Python's lock, so
that nothing but another process is safe from it; and notes then keep their moment whatever the desk is doing. It ends
every note when its parent ends, however that comes about.
"""

import contextlib
import heapq
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from pix2live.control.midi import VIRTUAL_PORT, midi_apis, plain_name
from pix2live.quiet import quiet_stderr

VIRTUAL = "virtual"
_MESSAGE = struct.Struct("<dBBBx")  # moment, channel 1..16 (0: end everything), note, velocity 0..127
_LATE_S = 0.25      # a note that comes later than this is left out rather than played out of time
_LOOK_S = 0.25
_RETRY_S = 1.0
_ALIVE_S = 0.5
_PATIENCE_S = 4.0
_BACK_OFF_S = 5.0
_FAREWELL_S = 0.5
_BACKLOG = 4096     # messages that the port's process may lie behind
_NOTE_OFF, _NOTE_ON, _CONTROL = 0x80, 0x90, 0xB0
_SOUND_OFF, _NOTES_OFF = 120, 123


class MidiOut:
    """Sends notes to ``port``: part of a port's name (any case), or ``virtual`` for a port of its own, ``pix2live``.

    Never raises for want of MIDI and never waits: ``notices`` holds one plain line when the port is not there, goes,
    or comes back; notes meanwhile are lost, and none hangs. All methods: the desk's thread, except that two threads of
    its own carry messages to and fro.

    Args:
        port: which. api: an rtmidi API number; None as for ``MidiIn``.
    """

    def __init__(self, port: str = VIRTUAL, api: int | None = None) -> None:
        self.notices: list[str] = []
        self.dropped = 0
        self._port, self._api = port, api
        self._helper: _Helper | None = None
        self._begun_s = float("-inf")
        self.poll(time.monotonic())

    def note(self, stamp_s: float, channel: int, note: int, velocity: float) -> None:
        """A note of ``channel`` 1..16 begins (velocity above 0, up to 1) or ends (0) at monotonic ``stamp_s``.

        What is to be sent at once has a stamp of now or before; a beginning that is 0.25 s late is left out.
        """
        if not (1 <= channel <= 16 and 0 <= note <= 127):
            return
        level = max(1, round(min(velocity, 1.0) * 127)) if velocity > 0.0 else 0
        self._send(_MESSAGE.pack(stamp_s, channel, note, level))

    def silence(self) -> None:
        """End every note now and forget those that are still to come."""
        self._send(_MESSAGE.pack(0.0, 0, 0, 0))

    def poll(self, now_s: float) -> None:
        """Take in what the port's process says; start it again where it died or hangs. Call as often as you like."""
        helper = self._helper
        if helper is not None:
            said = helper.said()
            if said:
                self.notices += said
            if helper.silent_s(now_s) < _PATIENCE_S and helper.runs():
                return
            self.notices.append("MIDI out: its port does not answer; it is opened anew")
            helper.kill()
            self._helper = None
        if now_s - self._begun_s >= _BACK_OFF_S:
            self._begun_s = now_s
            with contextlib.suppress(OSError):
                self._helper = _Helper(self._port, self._api, now_s)

    def close(self) -> None:
        """End every note and close the port; takes half a second at most. Safe to call again."""
        if self._helper is not None:
            self._helper.end()
            self._helper = None
        self._begun_s = float("inf")

    def _send(self, message: bytes) -> None:
        if self._helper is None or not self._helper.put(message):
            self.dropped += 1


class _Helper:
    """The process that holds the port, seen from the desk. Threads carry what either side says, so nobody waits."""

    def __init__(self, port: str, api: int | None, now_s: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pix2live.control.midi_out", port, "" if api is None else str(api)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._heard_s = now_s
        for work in (self._write, self._read):
            threading.Thread(target=work, name="MIDI out", daemon=True).start()

    def put(self, message: bytes) -> bool:
        if self._outbox.qsize() >= _BACKLOG:
            return False
        self._outbox.put(message)
        return True

    def said(self) -> list[str]:
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        return lines

    def silent_s(self, now_s: float) -> float:
        return now_s - self._heard_s

    def runs(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._outbox.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL_S)
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._outbox.put(None)

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError):
            while (message := self._outbox.get()) is not None:
                pipe.write(message)
                if self._outbox.empty():
                    pipe.flush()
        with contextlib.suppress(OSError, ValueError):
            pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe:
            for line in pipe:
                self._heard_s = time.monotonic()
                if text := line.decode(errors="replace").strip():
                    self._lines.put(text)


class Player:
    """Notes in the order of their moments: knows what sounds, so that everything can be ended.

    Args:
        send: takes the bytes of MIDI messages, one call a message.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: list[tuple[float, int, int, int, int]] = []
        self._number = 0
        self._sounding: Counter[tuple[int, int]] = Counter()
        self._used: set[int] = set()

    @property
    def next_s(self) -> float:
        """When the next message is due; infinity where none waits."""
        return self._waiting[0][0] if self._waiting else float("inf")

    def put(self, stamp_s: float, channel: int, note: int, velocity: int) -> None:
        """Take a message in; channel 0 ends everything at once."""
        if channel == 0:
            self.silence()
            return
        self._number += 1
        heapq.heappush(self._waiting, (stamp_s, self._number, channel, note, velocity))

    def step(self, now_s: float) -> None:
        """Send what is due. A beginning that comes too late is left out; its end then does nothing."""
        while self._waiting and self._waiting[0][0] <= now_s:
            stamp_s, _, channel, note, velocity = heapq.heappop(self._waiting)
            key = channel, note
            if velocity and now_s - stamp_s <= _LATE_S:
                self._used.add(channel)
                self._sounding[key] += 1
                self._send(bytes([_NOTE_ON | channel - 1, note, velocity]))
            elif not velocity and self._sounding[key]:
                self._sounding[key] -= 1
                self._send(bytes([_NOTE_OFF | channel - 1, note, 0]))
        self._sounding = +self._sounding

    def silence(self) -> None:
        """End every note, on every channel that was played, and forget what waits."""
        self._waiting.clear()
        for (channel, note), times in sorted(self._sounding.items()):
            for _ in range(times):
                self._send(bytes([_NOTE_OFF | channel - 1, note, 0]))
        self._sounding.clear()
        for channel in sorted(self._used):
            self._send(bytes([_CONTROL | channel - 1, _NOTES_OFF, 0]))
            self._send(bytes([_CONTROL | channel - 1, _SOUND_OFF, 0]))


class Port:
    """An rtmidi output that is looked for until it is there, and again when it has gone.

    Args:
        wanted: as ``MidiOut``'s. apis: rtmidi's API numbers to try. say: takes one line for the person.
    """

    def __init__(self, wanted: str, apis: Iterable[int], say: Callable[[str], None]) -> None:
        self._wanted, self._apis, self._say = wanted, list(apis), say
        self._out: Any = None
        self._watch: Any = None  # lists the sources, and so whether a port of our own is still there
        self._name = ""
        self._next_s = float("-inf")
        self._told = ""

    def send(self, message: bytes) -> None:
        """Send, or lose, one message."""
        if self._out is not None:
            try:
                self._out.send_message(list(message))
            except Exception as error:  # rtmidi's errors have no base class in common across its versions
                self._lose(f"cannot be written to ({error})")

    def poll(self, now_s: float) -> bool:
        """Look, four times a second at most, whether the port is there; open it where it has come. True when it has."""
        if now_s < self._next_s:
            return False
        self._next_s = now_s + _LOOK_S
        if self._out is not None:
            names = (self._watch or self._out).get_ports()
            if self._name and all(names) and self._name not in names:
                self._lose("is gone; it is taken back when it returns")
            return False
        self._next_s = now_s + _RETRY_S
        return self._open()

    def close(self) -> None:
        """Close the port; what was sent just before is given time to leave."""
        time.sleep(0.02)
        self._drop()

    def _open(self) -> bool:
        trouble = "MIDI out: no MIDI here: this machine has no sequencer and no JACK server runs"
        for api in self._apis:
            try:
                with quiet_stderr():
                    trouble = self._try_virtual(api) if self._wanted == VIRTUAL else self._try_named(api)
            except NotImplementedError:
                trouble = "MIDI out: this system has no virtual ports; name a real one"
            except Exception:
                self._drop()
                continue
            if not trouble:
                self._told = ""
                self._say(f"MIDI out: notes go to {plain_name(self._name) or VIRTUAL_PORT}")
                return True
            self._drop()
        if trouble != self._told:
            self._told = trouble
            self._say(trouble)
        return False

    def _try_virtual(self, api: int) -> str:
        import rtmidi

        self._watch = rtmidi.MidiIn(api, name=f"{VIRTUAL_PORT}-watch")
        before = set(self._watch.get_ports())
        self._out = rtmidi.MidiOut(api, name=VIRTUAL_PORT)
        self._out.open_virtual_port(VIRTUAL_PORT)
        self._name = next((name for name in self._watch.get_ports() if name not in before), "")
        return ""

    def _try_named(self, api: int) -> str:
        """Open the port with one API; or the line to say where it is not there."""
        import rtmidi

        self._out = rtmidi.MidiOut(api, name=VIRTUAL_PORT)
        names = [name for name in self._out.get_ports()]
        wanted = plain_name(self._wanted).lower()
        found = next((name for name in names if plain_name(name).lower() == wanted),
                     next((name for name in names if wanted in name.lower()), None))
        if found is None:
            there = ", ".join(plain_name(name) for name in names if name) or "none"
            return f"MIDI out: no port {self._wanted} is here (there is: {there}); it is opened when it comes"
        self._out.open_port(names.index(found), VIRTUAL_PORT)
        self._name = found
        return ""

    def _lose(self, how: str) -> None:
        self._say(f"MIDI out: {plain_name(self._name)} {how}")
        self._drop()
        self._next_s = time.monotonic() + _RETRY_S

    def _drop(self) -> None:
        for client in (self._out, self._watch):
            if client is not None:
                with quiet_stderr(), contextlib.suppress(Exception):
                    client.delete()
        self._out = self._watch = None


def main(wanted: str, api: int | None) -> None:
    """The port's process: messages on stdin, lines for the person on stdout. Ends when stdin does."""
    # Ctrl-C reaches every process of a terminal; the desk says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(inbox,), daemon=True).start()
    port = Port(wanted, midi_apis(api), _say)
    player = Player(port.send)
    alive_s = float("-inf")
    while True:
        now_s = time.monotonic()
        if port.poll(now_s):
            player.silence()  # what sounded when the port was lost may sound still
        player.step(now_s)
        if now_s - alive_s >= _ALIVE_S:
            alive_s = now_s
            _say("")
        with contextlib.suppress(queue.Empty):
            message = inbox.get(timeout=max(0.0, min(player.next_s - time.monotonic(), _LOOK_S)))
            if not message:
                break
            player.put(*_MESSAGE.unpack(message))
    player.silence()
    port.close()


def _receive(inbox: "queue.SimpleQueue[bytes]") -> None:
    while len(message := sys.stdin.buffer.read(_MESSAGE.size)) == _MESSAGE.size:
        inbox.put(message)
    inbox.put(b"")


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if sys.argv[2] else None)
    os._exit(0)  # a driver's thread that hangs must not keep the process
