"""MIDI in through python-rtmidi: ports by name, a virtual port, hot plug; fetched and parsed on the desk's thread.

No Python runs on the thread that delivers MIDI: rtmidi's own queue is asked instead. A callback in Python may wait for
the interpreter just as its port closes, and JACK, which ends that thread by force, then takes the process with it.
"""

import contextlib
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from pix2live.control.midi_bytes import TRANSPORT, Counts, Event, MidiParser
from pix2live.quiet import quiet_stderr
from pix2live.signals.clock import Clock, SystemClock

VIRTUAL_PORT = "pix2live"
_SEQUENCER = Path("/dev/snd/seq")  # Linux's own MIDI
_QUEUE = 16384  # messages: a desk that froze is started anew before a full serial cable, or three, can fill it
_TRANSPORT = frozenset(TRANSPORT.values())
_LIST_S = 0.25
_SETTLE_S = 0.05
_POLL_S = 0.001
_LATELY_S = 2.0
_RETRY_S = 5.0
_NO_MIDI = "no MIDI here: this machine has no sequencer and no JACK server runs; everything else plays"
_ADDRESS = re.compile(r"\s+\d+:\d+$")  # ALSA's client and port number, which change with every plugging in
_OWN = re.compile(rf"({VIRTUAL_PORT}[^:]*:)?{VIRTUAL_PORT}")  # what MIDI out sends must not come back in


def plain_name(port: str) -> str:
    """A port's name without the part that changes from one plugging in to the next: what settings remember."""
    return _ADDRESS.sub("", port)


def list_ports(api: int | None = None, kind: str = "MidiIn") -> list[str]:
    """Names of the MIDI sources there are now, or with ``kind`` MidiOut of the ports that notes can be sent to; empty
    where there is no MIDI."""
    client = _open_client("pix2live-list", api, kind)
    if client is None:
        return []
    try:
        return [plain_name(name) for name in client.get_ports() if name]
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

    Each source's messages wait for ``take`` in a queue of 16383. Messages that find it full are lost: ``dropped`` then
    grows by one, since nobody can say how many they were, a notice says so, and the source's held notes end.
    """

    def __init__(self, ports: str | Sequence[str] = "all", api: int | None = None, client_name: str = "pix2live",
                 clock: Clock | None = None) -> None:
        self.notices: list[str] = []
        self.counts = Counts()
        self.dropped = 0
        self._wanted = None if ports == "all" else tuple(
            plain_name(name).lower() for name in ([ports] if isinstance(ports, str) else ports))
        self._api, self._client_name = api, client_name
        self._clock = clock or SystemClock()
        self._events: list[Event] = []
        self._transport: list[Event] = []
        self._own: Source | None = None
        self._opened: dict[tuple[str, int], Source] = {}
        self._refused: set[tuple[str, int]] = set()
        self._closing: list[tuple[float, Any]] = []
        self._heard_s = self._next_list_s = self._next_try_s = float("-inf")
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

    def wait(self, until_s: float) -> bool:
        """Sleep until a message is there to be taken or until ``until_s``; whether one is.

        Looks every millisecond while a source is open or a message came within two seconds, else only at the end.
        """
        while not (self._events or self._fetch()):
            now_s = self._clock.now()
            if now_s >= until_s:
                return False
            often = bool(self._opened) or now_s - self._heard_s < _LATELY_S
            self._clock.wait(min(until_s, now_s + _POLL_S) if often else until_s)
        return True

    def take(self) -> list[Event]:
        """Every event that has come since the last call, in order; all are signals of ``signals.table``."""
        self._fetch()
        events, self._events = self._events, []
        return events

    def take_transport(self) -> list[Event]:
        """The start, continue and stop messages met by ``take`` since the last call: midi.start and so on."""
        transport, self._transport = self._transport, []
        return transport

    def _fetch(self) -> bool:
        if self._own is None:
            return False
        sources = [self._own, *self._opened.values()]
        heard: list[tuple[float, MidiParser, list[int]]] = []
        for source in sources:
            heard += source.drain(self._clock)
        if heard:
            heard.sort(key=itemgetter(0))  # the counts are common to all sources, so parsing needs the common order
            for stamp_s, parser, message in heard:
                for event in parser.feed(message, stamp_s):
                    (self._transport if event.signal in _TRANSPORT else self._events).append(event)
            # Nobody may ever ask for these.
            del self._transport[:-64]
            self._heard_s = self._clock.now()
        for source in sources:
            if source.overrun:
                source.overrun = False
                self.dropped += 1
                self._events += source.parser.release(self._heard_s)  # the note offs may be among what is lost
                self.notices.append("MIDI: more came than could be taken; some of it is lost")
        return bool(heard)

    def poll(self, now_s: float) -> None:
        """Open what has appeared, drop what has vanished. Call as often as you like: it looks four times a second.

        Takes about 50 microseconds, and about 20 ms for each port that it opens.
        """
        if self._own is None and now_s >= self._next_try_s:
            self._connect()
            if self._own is not None:
                self.notices.append("MIDI is there now")
        self._delete_closed(now_s)
        if self._own is None or now_s < self._next_list_s:
            return
        self._next_list_s = now_s + _LIST_S
        names = self._own.client.get_ports()
        if not all(names):
            return  # the ports changed while rtmidi listed them: the next look will do
        seen: Counter[str] = Counter()
        present: dict[tuple[str, int], int] = {}
        for index, name in enumerate(names):
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
        """Close every port, also while messages pour in; takes 50 ms and a little for each port. Safe to call again."""
        now_s = self._clock.now()
        for source in (*self._opened.values(), *([self._own] if self._own is not None else [])):
            self._close_client(source.client, now_s)
        self._opened.clear()
        self._own = None
        self._next_try_s = float("inf")
        if self._closing:
            time.sleep(_SETTLE_S)
            self._delete_closed(float("inf"))

    def _wants(self, name: str) -> bool:
        if self._wanted is None:
            return _OWN.fullmatch(plain_name(name)) is None
        return any(part in name.lower() for part in self._wanted)

    def _connect(self) -> None:
        self._next_try_s = self._clock.now() + _RETRY_S
        client = _open_client(self._client_name, self._api)
        if client is not None:
            self._own = Source(client, MidiParser(self.counts), self._clock.now())
            # Where the system has no virtual ports this client still lists the others.
            with contextlib.suppress(Exception):
                client.open_virtual_port(VIRTUAL_PORT)

    def _open_source(self, key: tuple[str, int], index: int) -> None:
        name = plain_name(key[0])
        assert self._own is not None
        client = _open_client(self._client_name, self._own.client.get_current_api())
        try:
            if client is None:
                raise OSError("the system gives no further client")
            source = Source(client, MidiParser(self.counts), self._clock.now())
            client.open_port(index, f"from {name}")
        except Exception as error:  # rtmidi's errors have no base class in common across its versions
            self._refused.add(key)  # until it is plugged in again: one line, not four a second
            if client is not None:
                self._close_client(client, self._clock.now())
            self.notices.append(f"MIDI: {name} cannot be opened ({error}); is another program using it?")
            return
        self._opened[key] = source
        self.notices.append(f"MIDI: {name} is connected")

    def _close_source(self, key: tuple[str, int], now_s: float) -> None:
        self._close_client(self._opened[key].client, now_s)
        self._fetch()
        self._events += self._opened.pop(key).parser.release(now_s)
        self.notices.append(f"MIDI: {plain_name(key[0])} is gone; its controls keep their values")

    def _close_client(self, client: Any, now_s: float) -> None:
        """End a client's port at once, and the client itself once its thread cannot be busy with a message any more.

        To end the client JACK kills its thread wherever it stands; were that inside malloc, the process would hang.
        """
        with quiet_stderr(), contextlib.suppress(Exception):
            client.close_port()
        self._closing.append((now_s + _SETTLE_S, client))

    def _delete_closed(self, now_s: float) -> None:
        while self._closing and self._closing[0][0] <= now_s:
            client = self._closing.pop(0)[1]
            with quiet_stderr(), contextlib.suppress(Exception):
                client.delete()


class Source:
    """One open rtmidi client, its parser, and when its messages came.

    rtmidi tells how long after the one before each message came (on JACK and ALSA to the microsecond), and the source
    knows that a message came after it last found the queue empty and before now. Together these give a stamp that does
    not depend on when the desk looks. What rtmidi ignores breaks the chain: then it is early by one look at most.

    Args:
        client: its ``get_message()`` gives (bytes, seconds since the one before) or None. now_s: it is empty so far.
    """

    def __init__(self, client: Any, parser: MidiParser, now_s: float) -> None:
        self.client, self.parser = client, parser
        self.overrun = False
        self._empty_s = now_s
        self._stamp_s: float | None = None
        # Active sensing is asked for, three times a second, to keep the chain of times whole.
        client.ignore_types(sysex=True, timing=False, active_sense=False)

    def drain(self, clock: Clock) -> list[tuple[float, MidiParser, list[int]]]:
        """What waits: (stamp_s, parser, bytes), in order. Sets ``overrun`` where the queue was full."""
        heard: list[tuple[float, MidiParser, list[int]]] = []
        get_message = self.client.get_message
        for _ in range(_QUEUE - 1):  # not "while": who sends faster than we take must not keep us here
            asked_s = clock.now()
            found = get_message()
            if found is None:
                self._empty_s = asked_s
                return heard
            message, gap_s = found
            now_s = clock.now()
            stamp_s = now_s if self._stamp_s is None else self._stamp_s + gap_s
            self._stamp_s = min(max(stamp_s, self._empty_s), now_s)
            heard.append((self._stamp_s, self.parser, message))
        self.overrun = True
        return heard


def midi_apis(api: int | None = None) -> list[int]:
    """The rtmidi APIs to try, in order: ``api`` alone, or the system's own and then JACK where a server runs."""
    # The JACK library would otherwise start a server, which takes the sound card.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    if api is not None:
        return [api]
    import rtmidi

    own = [number for number in rtmidi.get_compiled_api()
           if number not in (rtmidi.API_UNIX_JACK, rtmidi.API_RTMIDI_DUMMY)]
    if sys.platform.startswith("linux") and not _SEQUENCER.exists():
        own = []  # asking ALSA would only print its own complaint
    return [*own, rtmidi.API_UNIX_JACK]


def _open_client(name: str, api: int | None, kind: str = "MidiIn") -> Any:
    """An rtmidi client, MidiIn or MidiOut, of the given API, or of the first that works; None where there is none."""
    try:
        import rtmidi
    except ImportError:
        return None
    options = {"queue_size_limit": _QUEUE} if kind == "MidiIn" else {}
    for candidate in midi_apis(api):
        with quiet_stderr(), contextlib.suppress(Exception):
            return getattr(rtmidi, kind)(candidate, name=name, **options)
    return None
