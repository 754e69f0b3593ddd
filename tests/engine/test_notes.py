"""The notes of the harmony on their way: to the bus with the moment in the air, and from the bus to a port."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pix2live.engine import notes as notes_module
from pix2live.engine.notes import PARTS, NoteSender, NoteTap
from pix2live.signals.bus import NOTES_KEPT, Bus
from pix2live.synth.notelog import LOG_MEMORY, NOTE_SLOTS, write_note

RATE = 48000.0


def harmony() -> Any:
    """The state of a harmony as far as its notes go."""
    log, piece = np.zeros(1, LOG_MEMORY), np.zeros(1, [("position", np.int64), ("beat", np.float64)])
    return SimpleNamespace(log=log[0], notes=log["notes"][0], note_count=log["note_count"][0],
                           memory={"piece": {"state": piece}}, piece=piece)


def on_bus(bus: Bus, first: int = 0) -> list[tuple[float, int, int, float]]:
    record, out = bus.notes.record(), []
    for number in range(first, bus.notes.count):
        assert bus.notes.read(number, record)
        note = record[0]
        out.append((float(note["stamp"]), int(note["channel"]), int(note["note"]), float(note["velocity"])))
    return out


@pytest.mark.parametrize("block", [64, 100, 256, 441])
@pytest.mark.parametrize("asleep", [0, 12345])
def test_a_note_is_in_the_air_at_its_own_sample_at_any_block_size(block: int, asleep: int) -> None:
    """Chunks of 64 are made ahead of blocks; a harmony that slept for a while is behind the instrument's count."""
    state, bus = harmony(), Bus.local()
    tap = NoteTap(state, bus)
    positions = [0, 1, 63, 64, 500, 1000, 1001, 2000]
    made, before = 0, 0
    while before < 2600:
        while made < before + block:
            for voice, position in enumerate(positions):
                if made <= position < made + 64:
                    write_note(state.log, position - asleep, voice % 6, 60 + voice, 0.5)
            made += 64
            state.piece["position"] = made - asleep
        tap.publish(before, block, 10.0 + before / RATE, RATE)
        before += block
    heard = on_bus(bus)
    assert [stamp for stamp, *_ in heard] == pytest.approx([10.0 + position / RATE for position in positions], abs=1e-9)
    assert [channel for _, channel, *_ in heard] == [1, 2, 3, 4, 5, 10, 1, 2]
    assert [(note, velocity) for *_, note, velocity in heard] == [(60 + n, 0.5) for n in range(8)]


def test_more_notes_than_the_ring_holds_lose_the_oldest() -> None:
    state, bus = harmony(), Bus.local()
    tap = NoteTap(state, bus)
    for n in range(NOTE_SLOTS + 10):
        write_note(state.log, 0, 0, n % 128, 1.0)
    tap.publish(0, 64, 0.0, RATE)
    assert bus.notes.count == NOTE_SLOTS
    assert on_bus(bus, NOTE_SLOTS - NOTES_KEPT)[0][2] == 10


def test_the_channels_are_those_that_are_documented() -> None:
    assert [(part.name, part.channel) for part in PARTS] == [
        ("pad", 1), ("bass", 2), ("arp", 3), ("melody", 4), ("bells", 5), ("drums", 10)]


class Out:
    """In the place of a port: keeps what it is told."""

    def __init__(self, port: str) -> None:
        self.port, self.notices, self.told = port, [f"to {port}"], []

    def note(self, *note: float) -> None:
        self.told.append(note)

    def silence(self) -> None:
        self.told.append("silence")

    def poll(self, now_s: float) -> None:
        pass

    def close(self) -> None:
        self.told.append("closed")


def publish(bus: Bus, *notes: tuple[float, int, int, float]) -> None:
    for stamp, channel, note, velocity in notes:
        frame = bus.notes.frame
        frame["stamp"], frame["channel"], frame["note"], frame["velocity"] = stamp, channel, note, velocity
        bus.notes.publish()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> tuple[Bus, NoteSender, list[Any], list[str]]:
    monkeypatch.setattr(notes_module, "MidiOut", Out)
    bus, notices = Bus.local(), []
    publish(bus, (0.5, 1, 1, 1.0))  # played before this desk was there
    sender = NoteSender(bus, "virtual", notices)
    return bus, sender, sender._out.told, notices


def test_the_desk_sends_each_note_once(sent: tuple[Bus, NoteSender, list[Any], list[str]]) -> None:
    bus, sender, told, notices = sent
    publish(bus, (1.0, 4, 60, 0.5), (1.1, 10, 36, 1.0))
    sender.step(1.0, False)
    sender.step(1.005, False)
    publish(bus, (1.2, 4, 60, 0.0))
    sender.step(1.01, False)
    sender.close()
    assert told == [(1.0, 4, 60, 0.5), (1.1, 10, 36, 1.0), (1.2, 4, 60, 0.0), "closed"]
    assert notices == ["to virtual"]


def test_muted_nothing_begins_and_what_sounds_is_ended(sent: tuple[Bus, NoteSender, list[Any], list[str]]) -> None:
    bus, sender, told, _ = sent
    publish(bus, (1.0, 4, 60, 0.5))
    sender.step(1.0, True)
    assert told == ["silence", (1.0, 4, 60, 0.0)]
    publish(bus, (2.0, 4, 62, 0.5))
    sender.step(2.0, False)
    assert told[2:] == [(2.0, 4, 62, 0.5)]


def test_another_audio_engine_ends_the_notes_of_the_one_before(
        sent: tuple[Bus, NoteSender, list[Any], list[str]]) -> None:
    bus, sender, told, _ = sent
    sender.step(1.0, False)
    bus.status["audio"]["pid"] = 4711.0
    sender.step(1.1, False)
    sender.step(1.2, False)
    assert told == ["silence"]


def test_a_desk_that_fell_behind_goes_on_with_what_is_kept(
        sent: tuple[Bus, NoteSender, list[Any], list[str]]) -> None:
    bus, sender, told, _ = sent
    publish(bus, *((float(n), 1, n % 128, 1.0) for n in range(NOTES_KEPT + 500)))
    sender.step(1.0, False)
    assert len(told) == NOTES_KEPT - 1 and told[-1][0] == NOTES_KEPT + 499
