"""MIDI bytes become the right signals, and broken ones become nothing."""

import random

import pytest

from pix2live.control.midi_bytes import Counts, MidiParser
from pix2live.signals import table


def _parse(*messages: list[int], gap_s: float = 0.001) -> list[tuple[str, float]]:
    parser = MidiParser(Counts())
    return [(e.signal, e.value) for i, message in enumerate(messages) for e in parser.feed(message, i * gap_s)]


def _approx(signal: str, value: float) -> tuple[str, object]:
    return signal, pytest.approx(value, abs=1e-9)


def test_a_controller_is_its_share_of_127() -> None:
    assert _parse([0xB0, 74, 0], [0xB0, 74, 64], [0xBF, 127, 127]) == [
        _approx("midi.cc.1.74", 0.0), _approx("midi.cc.1.74", 64 / 127), _approx("midi.cc.16.127", 1.0)]


def test_a_note_is_its_velocity_while_held_and_counts_once() -> None:
    assert _parse([0x91, 60, 127], [0x81, 60, 64], [0x91, 60, 1], [0x91, 60, 0]) == [
        _approx("midi.note.2.60", 1.0), ("midi.note_count", 1.0), ("midi.note.2.60", 0.0),
        _approx("midi.note.2.60", 1 / 127), ("midi.note_count", 2.0), ("midi.note.2.60", 0.0)]


def test_a_bend_reaches_both_ends_and_rests_at_zero() -> None:
    assert _parse([0xE0, 0, 0], [0xE0, 0, 64], [0xE0, 127, 127]) == [
        ("midi.bend.1", -1.0), ("midi.bend.1", 0.0), ("midi.bend.1", 1.0)]


def test_pressure_of_channel_and_key_and_program() -> None:
    assert _parse([0xD2, 127], [0xA2, 60, 0], [0xC3, 127]) == [
        ("midi.pressure.3", 1.0), ("midi.pressure.3", 0.0), ("midi.program.4", 1.0)]


def test_clock_is_counted_and_transport_told() -> None:
    assert _parse([0xFA], [0xF8], [0xF8], [0xFC], [0xFB]) == [
        ("midi.start", 1.0), ("midi.clock_count", 1.0), ("midi.clock_count", 2.0), ("midi.stop", 1.0),
        ("midi.continue", 1.0)]


def test_ports_share_one_count() -> None:
    counts = Counts()
    one, two = MidiParser(counts), MidiParser(counts)
    one.feed([0x90, 1, 1, 0xF8], 0.0)
    assert [e.value for e in two.feed([0x90, 2, 127, 0xF8], 0.0)] == [1.0, 2.0, 2.0]


def test_running_status_goes_on_and_clock_between_bytes_does_not_break_it() -> None:
    parser = MidiParser(Counts())
    got = [(e.signal, e.value) for byte in (0xB0, 1, 127, 2, 0xF8, 127, 3, 127) for e in parser.feed([byte], 0.0)]
    assert got == [("midi.cc.1.1", 1.0), ("midi.clock_count", 1.0), ("midi.cc.1.2", 1.0), ("midi.cc.1.3", 1.0)]


def test_sysex_is_ignored_even_in_pieces_and_unfinished() -> None:
    assert _parse([0xF0, 1, 2, 3], [4, 5, 0xF7], [7, 7]) == []
    assert _parse([0xF0, 176, 1, 127]) == [("midi.cc.1.1", 1.0)], "a status byte ends an unfinished one"
    assert _parse([0xF2, 1, 2, 9, 9], [0xF3, 1, 5], [0xF1, 0], [0xF6, 1]) == []


def test_a_cut_message_is_dropped_and_the_next_is_whole() -> None:
    assert _parse([0x90, 60], [0xB0, 5, 127]) == [("midi.cc.1.5", 1.0)]
    assert _parse([], [1, 2, 3], [-1, 300, 0xB0, 5, 127]) == [("midi.cc.1.5", 1.0)]


def test_a_fine_pair_is_found_and_reaches_both_ends() -> None:
    pairs = [[[0xB0, 7, v >> 7], [0xB0, 39, v & 127]] for v in (0, 500, 9000, 16383, 0)]
    got = _parse(*[message for pair in pairs for message in pair])
    values = [value for signal, value in got if signal == "midi.cc.1.7"]
    assert values[-4:] == pytest.approx([127 * 128 / 16383, 1.0, 0.0, 0.0])
    assert (9000 / 16383) in values
    assert [value for signal, value in got if signal == "midi.cc.1.39"][3] == 1.0


def test_two_plain_knobs_32_apart_stay_apart() -> None:
    turns = [[0xB0, 7, 10], [0xB0, 39, 90], [0xB0, 39, 91], [0xB0, 7, 11], [0xB0, 7, 12], [0xB0, 39, 92]] * 4
    got = _parse(*turns, gap_s=0.012)
    assert {value for signal, value in got if signal == "midi.cc.1.7"} == {10 / 127, 11 / 127, 12 / 127}


def test_a_pair_that_comes_alone_is_plain_again() -> None:
    pairs = [[0xB0, 7, 100], [0xB0, 39, 5]] * 4
    got = _parse(*pairs, [0xB0, 7, 126], [0xB0, 7, 127])
    assert got[-1] == ("midi.cc.1.7", 1.0)


def test_a_parameter_number_and_its_data_give_nothing() -> None:
    nrpn = [[0xB0, 99, 1], [0xB0, 98, 2], [0xB0, 6, 64], [0xB0, 38, 3]]
    assert _parse(*nrpn, *nrpn) == []
    assert _parse(*nrpn, [0xB0, 10, 127], [0xB0, 6, 127])[-1] == ("midi.cc.1.6", 1.0), "a plain knob after it"
    assert _parse(*nrpn, [0xB0, 101, 127], [0xB0, 100, 127], [0xB0, 6, 127]) == [("midi.cc.1.6", 1.0)]
    assert _parse(*nrpn[:2], [0xB1, 6, 127]) == [("midi.cc.2.6", 1.0)], "of another channel"


def test_all_notes_off_ends_the_held_notes_of_its_channel() -> None:
    got = _parse([0x90, 60, 9], [0x90, 64, 9], [0x91, 60, 9], [0xB0, 123, 0])
    assert got[-3:] == [("midi.note.1.60", 0.0), ("midi.note.1.64", 0.0), ("midi.cc.1.123", 0.0)]


def test_release_ends_each_held_note_once() -> None:
    parser = MidiParser(Counts())
    parser.feed([0x90, 60, 9, 61, 9, 60, 0], 0.0)
    assert [(e.signal, e.value, e.stamp_s) for e in parser.release(2.0)] == [("midi.note.1.61", 0.0, 2.0)]
    assert parser.release(3.0) == []


def test_noise_never_raises_and_stays_in_range() -> None:
    random.seed(4)
    parser = MidiParser(Counts())
    seen = set()
    for i in range(3000):
        size = random.randrange(9)
        noise = [random.choice((random.randrange(256), random.randrange(128), 0xB0)) for _ in range(size)]
        for event in parser.feed(noise, i * 0.001):
            seen.add(event.signal)
            if event.signal not in ("midi.note_count", "midi.clock_count"):
                assert (-1.0 if "bend" in event.signal else 0.0) <= event.value <= 1.0
    assert len(seen) > 400
    assert seen - {"midi.start", "midi.stop", "midi.continue"} <= set(table.MIDI)


def test_every_signal_it_makes_is_in_the_table() -> None:
    every = [[status | c, number, 127] for status in (0x90, 0xB0) for c in range(16) for number in range(128)]
    made = {signal for signal, _ in _parse(*every, *[[s | c, 1, 1] for s in (0xE0, 0xD0, 0xC0) for c in range(16)],
                                           [0xF8])}
    assert made == set(table.MIDI) - {f"midi.cc.{c}.{n}" for c in range(1, 17) for n in (98, 99, 100, 101)}
