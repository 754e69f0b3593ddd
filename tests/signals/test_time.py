import numpy as np
import pytest

from pix2live.signals import table
from pix2live.signals.bus import Bus
from pix2live.signals.clock import ManualClock, SystemClock
from pix2live.signals.reader import SignalReader
from pix2live.signals.transport import TapTempo, Transport


def test_a_manual_clock_stands_until_moved_and_never_goes_back() -> None:
    clock = ManualClock(5.0)
    assert clock.now() == clock.now() == 5.0
    clock.wait(6.0)
    clock.wait(5.5)
    assert clock.now() == 6.0
    with pytest.raises(ValueError, match="never goes back"):
        clock.set(5.9)


def test_the_system_clock_waits_at_least_as_long_as_asked() -> None:
    clock = SystemClock()
    until_s = clock.now() + 0.02
    clock.wait(until_s)
    assert clock.now() >= until_s


def test_transport_predicts_the_phase_at_any_coming_moment() -> None:
    transport = Transport(bpm=120.0, anchor_s=10.0, beats=7.0, in_bar=1.0, bars=2.0, meter=3.0, confidence=0.5)
    scalars = np.zeros(len(table.BEAT))
    transport.write(10.0 + 4 * 0.5 + 0.25, scalars)  # four and a half beats on: the second and a half of bar 3
    assert list(scalars) == [120.0, 0.5, pytest.approx(2.5 / 3), 11.0, 3.0, 0.5, 3.0]


def test_a_correction_backwards_holds_the_beat_instead_of_counting_it_twice() -> None:
    scalars = np.zeros(len(table.BEAT))
    beats = Transport(bpm=120.0, beats=4.05, in_bar=0.05).write(0.0, scalars)
    for said in (3.95, 3.98, 4.02):
        beats = Transport(bpm=120.0, beats=said, in_bar=said - 4.0, bars=1.0).write(0.0, scalars, beats)
        assert scalars[3] == 4.0 and scalars[1] == pytest.approx(0.05) and scalars[2] == pytest.approx(0.0125)
    beats = Transport(bpm=120.0, beats=4.1, in_bar=0.1, bars=1.0).write(0.0, scalars, beats)
    assert scalars[1] == pytest.approx(0.1)
    Transport(bpm=120.0, beats=1.0, in_bar=1.0).write(0.0, scalars, beats)  # another count altogether: begun anew
    assert scalars[3] == 1.0


def test_the_reader_runs_what_was_heard_on_and_a_tap_and_a_nudge_override_it() -> None:
    bus = Bus.local()
    bus.hearing.frame["stamp"] = 10.0
    # 120 BPM in 3/4, a quarter past the second beat of the second bar
    bus.hearing.frame["scalars"][0, :len(table.BEAT)] = 120.0, 0.25, 1.25 / 3.0, 4.0, 1.0, 0.8, 3.0
    bus.hearing.publish()
    reader, first = SignalReader(bus), table.INDEX["beat.bpm"]
    beat = reader.read(10.1, 0.0, 0)[first:first + len(table.BEAT)]
    assert list(beat) == pytest.approx([120.0, 0.45, 1.45 / 3.0, 4.0, 1.0, 0.8, 3.0])
    bus.params.frame["nudge_s"] = 0.05
    bus.params.publish()
    assert reader.read(10.1, 0.0, 0)[first + 1] == pytest.approx(0.55)
    Transport(bpm=60.0, anchor_s=10.0, beats=5.0, in_bar=2.0, bars=1.0, meter=3.0, confidence=1.0,
              tapped=True).put(bus.params.frame)
    bus.params.frame["nudge_s"] = 0.0
    bus.params.publish()
    assert list(reader.read(10.5, 0.0, 0)[first:first + 7]) == pytest.approx([60.0, 0.5, 2.5 / 3, 5.0, 1.0, 1.0, 3.0])


@pytest.mark.parametrize("bpm", [40.0, 97.0, 128.0, 240.0])
def test_taps_give_the_tempo_and_the_last_tap_is_a_beat(bpm: float) -> None:
    taps, transport = TapTempo(), Transport()
    for n in range(6):
        transport = taps.tap(3.0 + n * 60.0 / bpm, transport)
    assert transport.bpm == pytest.approx(bpm) and transport.tapped
    assert transport.beats_at(3.0 + 5 * 60.0 / bpm) == transport.beats == round(transport.beats)


def test_a_lone_tap_sets_the_phase_and_keeps_the_tempo() -> None:
    transport = TapTempo().tap(7.0, Transport(bpm=90.0))
    assert (transport.bpm, transport.anchor_s) == (90.0, 7.0)


def test_the_reader_gathers_every_section_as_it_stood_at_a_moment() -> None:
    bus = Bus.local()
    for k in range(5):
        bus.audio.frame["stamp"] = k * 0.1
        bus.audio.frame["scalars"][0, table.local("audio", "audio.bass")] = k
        bus.audio.publish()
    bus.perception.frame["scalars"][0, table.local("perception", "vision.motion")] = 0.5
    bus.perception.publish()
    bus.control.frame["scalars"][0, table.local("control", "midi.cc.1.74")] = 0.75
    bus.control.publish()
    reader = SignalReader(bus)
    values = reader.read(0.25, 12.0, 34)
    assert values[table.INDEX["audio.bass"]] == 2.0
    assert values[table.INDEX["vision.motion"]] == 0.5
    assert values[table.INDEX["midi.cc.1.74"]] == 0.75
    assert values[table.INDEX["clock.time_s"]] == 12.0 and values[table.INDEX["clock.frame"]] == 34


def test_a_reader_of_scalars_alone_reads_the_same_scalars() -> None:
    bus = Bus.local()
    bus.audio.frame["scalars"][:] = np.arange(len(table.SECTIONS["audio"]))
    bus.audio.publish()
    assert np.array_equal(SignalReader(bus).read(0.0, 0.0, 0), SignalReader(bus, vectors=False).read(0.0, 0.0, 0))


def test_every_signal_name_is_unique() -> None:
    assert len(set(table.NAMES)) == len(table.NAMES) == len(table.INDEX)
