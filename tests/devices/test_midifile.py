import numpy as np
import pytest

from pix2live.devices.midifile import TICKS, MidiFile
from pix2live.errors import FileError


def parsed(data):
    """(format, ticks a beat, [tracks of (tick, message)]) of a Standard MIDI File, read by its specification."""
    assert data[:4] == b"MThd" and int.from_bytes(data[4:8], "big") == 6
    kind, count, ticks = (int.from_bytes(data[i:i + 2], "big") for i in (8, 10, 12))
    at, tracks = 14, []
    for _ in range(count):
        assert data[at:at + 4] == b"MTrk"
        end = at + 8 + int.from_bytes(data[at + 4:at + 8], "big")
        at, tick, track = at + 8, 0, []
        while at < end:
            step, at = number(data, at)
            tick += step
            if data[at] == 0xFF:
                size, start = number(data, at + 2)
                track.append((tick, data[at:at + 2] + data[start:start + size]))
                at = start + size
            else:
                size = 2 if data[at] >> 4 == 0xC else 3
                track.append((tick, data[at:at + size]))
                at += size
        assert track[-1][1] == b"\xff\x2f" and at == end
        tracks.append(track)
    assert at == len(data)
    return kind, ticks, tracks


def number(data, at):
    value = 0
    while True:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def seconds(tracks):
    """[(second, message)] of the notes of all tracks, by the tempo map of the first."""
    tempi = [(tick, int.from_bytes(m[2:], "big")) for tick, m in tracks[0] if m[:2] == b"\xff\x51"]
    assert tempi[0][0] == 0

    def at(tick):
        total, last, us = 0.0, 0, tempi[0][1]
        for begin, next_us in tempi:
            if begin >= tick:
                break
            total, last, us = total + (begin - last) * us / TICKS * 1e-6, begin, next_us
        return total + (tick - last) * us / TICKS * 1e-6

    return sorted((at(tick), m) for track in tracks[1:] for tick, m in track if m[0] < 0xC0)


def written(path, fill, end_s=4.0, **options):
    file = MidiFile(path, **options)
    fill(file)
    assert file.finish(end_s) == path
    return parsed(path.read_bytes())


def test_notes_come_back_at_their_time_channel_and_velocity(tmp_path):
    def fill(file):
        file.name(3, "arp", 47)
        for time_s, channel, note, velocity in ((0.0, 3, 60, 1.0), (0.5, 3, 60, 0.0), (0.5, 10, 36, 0.5),
                                                (0.75, 10, 36, 0.0), (1.2345, 3, 61, 0.001), (2.0, 3, 61, 0.0)):
            file.note(time_s, channel, note, velocity)
    kind, ticks, tracks = written(tmp_path / "a.mid", fill, title="A", text="made by a test")
    assert (kind, ticks, len(tracks)) == (1, TICKS, 3)
    notes = seconds(tracks)
    assert [m for _, m in notes] == [b"\x92\x3c\x7f", b"\x82\x3c\x00", b"\x99\x24\x40", b"\x89\x24\x00",
                                     b"\x92\x3d\x01", b"\x82\x3d\x00"]
    assert [t for t, _ in notes] == pytest.approx([0.0, 0.5, 0.5, 0.75, 1.2345, 2.0], abs=3e-4)
    assert tracks[0][:2] == [(0, b"\xff\x03A"), (0, b"\xff\x01made by a test")]
    assert tracks[1][:2] == [(0, b"\xff\x03arp"), (0, b"\xc2\x2e")]
    assert {track[-1][0] for track in tracks} == {4 * 2 * TICKS}


def test_beats_lie_on_the_bars_of_a_sequencer_and_times_stay_true_through_a_change_of_tempo(tmp_path):
    # 90 beats a minute for 8 beats, gliding to 150 over 8 more, then even.
    bpm = np.concatenate([np.full(8, 90.0), np.linspace(90, 150, 8), np.full(40, 150.0)])
    times = np.concatenate([[0.0], np.cumsum(60.0 / bpm)])

    def fill(file):
        for beat, time_s in enumerate(times):
            file.beat(time_s, beat)
            file.note(time_s, 1, 60, 0.0)
            file.note(time_s, 1, 60, 0.8)
    _, _, tracks = written(tmp_path / "a.mid", fill, end_s=times[-1] + 1)
    begins = [tick for tick, m in tracks[1] if m[0] == 0x90]
    assert begins == pytest.approx(np.arange(len(times)) * TICKS, abs=2)
    assert [t for t, m in seconds(tracks) if m[0] == 0x90] == pytest.approx(times, abs=1e-3)
    tempi = [m for _, m in tracks[0] if m[:2] == b"\xff\x51"]
    assert len(tempi) == 8  # an even tempo is said once


def test_every_note_ends_after_it_began_however_odd_the_calls(tmp_path):
    def fill(file):
        file.note(0.0, 1, 60, 0.0)       # an end without a beginning
        file.note(0.1, 1, 60, 0.5)
        file.note(0.1, 1, 60, 0.0)       # no length at all
        file.note(0.1, 1, 60, 0.5)
        file.note(0.2, 1, 60, 0.9)       # again while it sounds
        file.note(0.3, 2, 70, 0.9)       # never ended
        file.note(0.3, 0, 70, 0.9)
        file.note(0.3, 2, 128, 0.9)
        file.note(float("nan"), 2, 70, 0.9)
        file.beat(float("nan"), 1.0)
        file.beat(1.0, float("inf"))
    _, _, tracks = written(tmp_path / "a.mid", fill)
    for track in tracks[1:]:
        sounding = {}
        for tick, m in track:
            if m[0] >> 4 == 9:
                assert m[1] not in sounding
                sounding[m[1]] = tick
            elif m[0] >> 4 == 8:
                assert tick > sounding.pop(m[1])
        assert not sounding
    assert sum(m[0] >> 4 == 9 for track in tracks for _, m in track) == 4


def test_the_same_notes_give_the_same_bytes_and_abort_leaves_the_older_take(tmp_path):
    def fill(file):
        for n in range(50):
            file.note(n * 0.1, 1 + n % 3, 40 + n, 0.5)
            file.note(n * 0.1 + 0.05, 1 + n % 3, 40 + n, 0.0)
    for name in ("a.mid", "b.mid"):
        written(tmp_path / name, fill)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    other = MidiFile(tmp_path / "a.mid")
    other.note(0.0, 1, 60, 1.0)
    other.abort()
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.mid", "b.mid"}


def test_a_place_that_cannot_be_written_gets_one_line(tmp_path):
    with pytest.raises(FileError, match=r"nowhere.*no folder"):
        MidiFile(tmp_path / "nowhere" / "a.mid")
    with pytest.raises(FileError, match="by its name"):
        MidiFile(tmp_path / "a.txt")
