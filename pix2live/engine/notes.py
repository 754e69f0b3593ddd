"""What the harmony plays, as MIDI notes: from its log to the bus, and from the bus to a MIDI port."""

from typing import Any, NamedTuple

from pix2live.control.midi_out import MidiOut
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.bus import NOTES_KEPT, Bus


class Part(NamedTuple):
    """A part of the band: its MIDI channel, and the General MIDI program (from 1) that comes near its sound."""

    name: str
    channel: int
    program: int | None


# In the order of the harmony's voices. Channel 10 is General MIDI's own for drums.
PARTS = (Part("pad", 1, 90), Part("bass", 2, 39), Part("arp", 3, 47), Part("melody", 4, 12), Part("bells", 5, 15),
         Part("drums", 10, None))


class NoteTap:
    """Takes the harmony's notes from its log to the bus, each with the moment at which it is in the air.

    Args:
        state: the harmony's. bus: where to.

    ``publish`` is real-time safe and costs next to nothing while nothing is played.

    Attributes:
        begun: notes that have begun. hit: velocity of the newest, 0..1, for whoever lets it die away.
    """

    def __init__(self, state: Any, bus: Bus) -> None:
        self._notes, self._count, self._piece = state.notes, state.note_count, state.memory["piece"]["state"]
        self._section = bus.notes
        self._taken = int(state.note_count[0])
        self.begun, self.hit = 0, 0.0

    @property
    def beat_phase(self) -> float:
        """Where in its beat the harmony is, 0..1."""
        return float(self._piece["beat"][0] % 1.0)

    def publish(self, before: int, frames: int, air_s: float, rate: float) -> None:
        """After a block of ``frames`` whose first, the ``before``-th of the instrument, is in the air at ``air_s``."""
        count = int(self._count[0])
        if count == self._taken:
            return
        # The harmony counts its samples only while it is awake; its chunks run ahead of what is handed out.
        first = int(self._piece["position"][0]) - -(before + frames) % CHUNK - frames
        size = len(self._notes)
        frame = self._section.frame
        for number in range(max(self._taken, count - size), count):
            event = self._notes[number % size]
            part = PARTS[event["voice"]]
            later = min(max(int(event["position"]) - first, 0), frames + CHUNK)
            frame["stamp"] = air_s + later / rate
            frame["channel"], frame["note"], frame["velocity"] = part.channel, event["note"], event["velocity"]
            self._section.publish()
            if event["velocity"] > 0.0:
                self.begun += 1
                self.hit = max(self.hit, float(event["velocity"]))
        self._taken = count


class NoteSender:
    """Sends the notes on the bus to a MIDI port, each at its moment in the air. For the desk: never waits.

    Args:
        bus: where from. port: as ``MidiOut``'s. notices: where its lines for the person go.

    While all is muted (panic mutes) nothing begins, and what sounds is ended; so it is where the audio engine is
    started again, which would not end the notes of the one before it.
    """

    def __init__(self, bus: Bus, port: str, notices: list[str]) -> None:
        self._bus, self._notices, self._out = bus, notices, MidiOut(port)
        self._record, self._next = bus.notes.record(), bus.notes.count
        self._muted = False
        self._player = bus.status["audio"]["pid"]

    def step(self, now_s: float, muted: bool) -> None:
        """Take in what was played since the last step."""
        player = self._bus.status["audio"]["pid"]
        if (muted and not self._muted) or player != self._player:
            self._out.silence()
        self._muted, self._player = muted, player
        count = self._bus.notes.count
        # The slot after the newest may be under way.
        self._next = max(self._next, count - NOTES_KEPT + 1)
        while self._next < count:
            if self._bus.notes.read(self._next, self._record):
                note = self._record[0]
                velocity = 0.0 if muted else float(note["velocity"])
                self._out.note(float(note["stamp"]), int(note["channel"]), int(note["note"]), velocity)
            self._next += 1
        self._out.poll(now_s)
        if self._out.notices:
            self._notices += self._out.notices
            self._out.notices.clear()

    def close(self) -> None:
        """End every note and let the port go; half a second at most."""
        self._out.close()
