"""MIDI in through python-rtmidi: ports by name, a virtual port, hot plug; parsed on the desk's thread."""

import contextlib
import os
import re
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pix2live.control.midi_bytes import TRANSPORT, Counts, Event, MidiParser
from pix2live.quiet import quiet_stderr
from pix2live.signals.clock import Clock, SystemClock

VIRTUAL_PORT = "pix2live"
_SEQUENCER = Path("/dev/snd/seq")  # Linux's own MIDI
_QUEUE = 4096  # messages: more than 3 s of a full serial cable
_TRANSPORT = frozenset(TRANSPORT.values())
_LIST_S = 0.25
_SETTLE_S = 0.03
_RETRY_S = 5.0
_NO_MIDI = "no MIDI here: this machine has no sequencer and no JACK server runs; everything else plays"
_ADDRESS = re.compile(r"\s+\d+:\d+$")  # ALSA's client and port number, which change with every plugging in


def plain_name(port: str) -> str:
    """A port's name without the part that changes from one plugging in to the next: what settings remember."""
    return _ADDRESS.sub("", port)


def list_ports(api: int | None = None) -> list[str]:
    """Names of the MIDI sources there are now; empty where there is no MIDI."""
    client = _open_client("pix2live-list", api)
    if client is None:
        return []
    try:
        return [plain_name(name) for name in client.get_ports()]
    finally:
        client.delete()


class MidiIn:
    """Hears every chosen source, and a virtual port of its own named ``pix2live`` to which others may connect.

    Args:
        ports: "all", or parts of names (any case); a source that matches one of them is opened now or when it appears.
        api: an rtmidi API number; None for the system's own, or JACK where a server already runs (none is started).
        client_name: how others see this program.
        clock: stamps the messages.

    Never raises for want of MIDI: ``available`` is False and ``notices`` holds one plain line. A source that vanishes
    ends its held notes and keeps its controllers; it is opened again when it is back. All methods: the desk's thread.
    A message waits for ``take`` in a queue of 4096; what finds it full is dropped and counted in ``dropped``.
    ``arrived`` is set when a message comes and cleared by ``take``.
    """

    def __init__(self, ports: str | Sequence[str] = "all", api: int | None = None, client_name: str = "pix2live",
                 clock: Clock | None = None) -> None:
        self.notices: list[str] = []
        self.arrived = threading.Event()
        self.counts = Counts()
        self.dropped = 0
        self._wanted = None if ports == "all" else tuple(
            plain_name(name).lower() for name in ([ports] if isinstance(ports, str) else ports))
        self._api, self._client_name = api, client_name
        self._clock = clock or SystemClock()
        self._queue: deque[tuple[MidiParser, Sequence[int], float]] = deque()
        self._events: list[Event] = []
        self._transport: list[Event] = []
        self._parsers: dict[tuple[str, int], MidiParser] = {}
        self._opened: dict[tuple[str, int], Any] = {}
        self._refused: set[tuple[str, int]] = set()
        self._own: Any = None
        self._next_list_s = self._next_try_s = float("-inf")
        self._connect()
        if self._own is None:
            self.notices.append(_NO_MIDI)
        else:
            self.poll(self._clock.now())

    @property
    def available(self) -> bool:
        """Whether this machine has MIDI at all (it may still have no source)."""
        return self._own is not None

    @property
    def sources(self) -> list[str]:
        """Names of the sources that are open now, without the virtual port."""
        return [plain_name(name) for name, _ in self._opened]

    def take(self) -> list[Event]:
        """Every event that has come since the last call, in order; all are signals of ``signals.table``."""
        self.arrived.clear()
        self._parse()
        events, self._events = self._events, []
        return events

    def take_transport(self) -> list[Event]:
        """The start, continue and stop messages met by ``take`` since the last call: midi.start and so on."""
        transport, self._transport = self._transport, []
        return transport

    def _parse(self) -> None:
        while self._queue:
            parser, message, stamp_s = self._queue.popleft()
            for event in parser.feed(message, stamp_s):
                (self._transport if event.signal in _TRANSPORT else self._events).append(event)
        # Nobody may ever ask for these.
        del self._transport[:-64]

    def poll(self, now_s: float) -> None:
        """Open what has appeared, drop what has vanished. Call as often as you like: it looks four times a second.

        Takes about 50 microseconds, and about 20 ms for each port that it opens.
        """
        if self._own is None and now_s >= self._next_try_s:
            self._connect()
            if self._own is not None:
                self.notices.append("MIDI is there now")
        if self._own is None or now_s < self._next_list_s:
            return
        self._next_list_s = now_s + _LIST_S
        seen: Counter[str] = Counter()
        present: dict[tuple[str, int], int] = {}
        for index, name in enumerate(self._own.get_ports()):
            if self._wants(name):
                present[name, seen[name]] = index
            seen[name] += 1
        self._refused &= set(present)
        for key in [key for key in self._opened if key not in present]:
            self._close_source(key, now_s)
        for key, index in present.items():
            if key not in self._opened and key not in self._refused:
                self._open_source(key, index)

    def close(self) -> None:
        """Close every port. Safe to call again."""
        for client in (*self._opened.values(), *([self._own] if self._own is not None else [])):
            _close(client)
        self._opened.clear()
        self._own = None
        self._next_try_s = float("inf")

    def _wants(self, name: str) -> bool:
        return self._wanted is None or any(part in name.lower() for part in self._wanted)

    def _connect(self) -> None:
        self._next_try_s = self._clock.now() + _RETRY_S
        self._own = _open_client(self._client_name, self._api)
        if self._own is not None:
            self._listen(self._own, ("", 0))
            # Where the system has no virtual ports this client still lists the others.
            with contextlib.suppress(Exception):
                self._own.open_virtual_port(VIRTUAL_PORT)

    def _open_source(self, key: tuple[str, int], index: int) -> None:
        name = plain_name(key[0])
        client = _open_client(self._client_name, self._own.get_current_api())
        try:
            if client is None:
                raise OSError("the system gives no further client")
            self._listen(client, key)
            client.open_port(index, f"from {name}")
        except Exception as error:  # rtmidi's errors have no base class in common across its versions
            self._refused.add(key)  # until it is plugged in again: one line, not four a second
            if client is not None:
                _close(client)
            self.notices.append(f"MIDI: {name} cannot be opened ({error}); is another program using it?")
            return
        self._opened[key] = client
        self.notices.append(f"MIDI: {name} is connected")

    def _close_source(self, key: tuple[str, int], now_s: float) -> None:
        _close(self._opened.pop(key))
        self._parse()
        released = self._parsers[key].release(now_s)
        if released:
            self._events += released
            self.arrived.set()
        self.notices.append(f"MIDI: {plain_name(key[0])} is gone; its controls keep their values")

    def _listen(self, client: Any, key: tuple[str, int]) -> None:
        parser = self._parsers[key] = MidiParser(self.counts)
        queue, arrived, now = self._queue, self.arrived, self._clock.now

        def received(message: tuple[list[int], float], data: object) -> None:
            # rtmidi's thread, under JACK its real-time thread: nothing here but this.
            if len(queue) < _QUEUE:
                queue.append((parser, message[0], now()))
            else:
                self.dropped += 1
            arrived.set()

        client.set_callback(received)
        client.ignore_types(sysex=True, timing=False, active_sense=True)


def _open_client(name: str, api: int | None) -> Any:
    """An rtmidi client of the given API, or of the first that works; None where there is none."""
    try:
        import rtmidi
    except ImportError:
        return None
    if api is not None:
        candidates = [api]
    else:
        own = [number for number in rtmidi.get_compiled_api()
               if number not in (rtmidi.API_UNIX_JACK, rtmidi.API_RTMIDI_DUMMY)]
        if sys.platform.startswith("linux") and not _SEQUENCER.exists():
            own = []  # asking ALSA would only print its own complaint
        candidates = [*own, rtmidi.API_UNIX_JACK]
    # The JACK library would otherwise start a server, which takes the sound card.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    for candidate in candidates:
        with quiet_stderr(), contextlib.suppress(Exception):
            return rtmidi.MidiIn(candidate, name=name)
    return None


def _close(client: Any) -> None:
    with quiet_stderr(), contextlib.suppress(Exception):
        client.cancel_callback()
        # A callback that is under way may hold Python's lock; JACK cancels its thread, and the lock with it.
        time.sleep(_SETTLE_S)
        client.close_port()
        client.delete()
