"""The desk is the one authority: what it is told is what the bus says, and nothing of it is lost."""

from pathlib import Path

import pytest

from pix2live.engine import desk as desk_module
from pix2live.engine.desk import DeskEngine
from pix2live.engine.options import Options
from pix2live.engine.patching import INSTRUMENTS
from pix2live.errors import PresetError
from pix2live.patch.patch import read_patch
from pix2live.resources import listing
from pix2live.signals.bus import Bus
from pix2live.signals.clock import ManualClock

PRESETS = list(listing("presets"))


class Desk:
    """A desk on a bus of its own, and eyes on that bus."""

    def __init__(self, **options: object) -> None:
        self.bus, self.clock = Bus.local(), ManualClock(1.0)
        self.options = Options(offline=True, **options)  # type: ignore[arg-type]
        self.desk = DeskEngine(self.bus, self.clock, self.options)
        self.desk.open()

    def tell(self, **command: object) -> None:
        self.bus.queues["parent>desk"].put(dict(command))
        self.desk.step(self.clock.now())

    def value(self, id_: str) -> float:
        patch, record = read_patch(self.bus), self.bus.params.record()
        assert patch is not None
        self.bus.params.newest(record)
        assert record["generation"][0] == patch.generation
        return float(record["values"][0, patch.table.index[id_]])

    @property
    def preset(self) -> str:
        patch = read_patch(self.bus)
        assert patch is not None
        return patch.preset.lower().replace(" ", "_")


def test_midi_opens_once_the_sound_card_has_or_after_eight_seconds() -> None:
    """While PortAudio lists devices, JACK's clients come and go, and a port that opens among them may stay deaf."""
    for ready_s, waits_s in ((102.0, 1.0), (0.0, 8.0)):
        bus, clock = Bus.local(), ManualClock(100.0)
        bus.status["parent"]["first_s"] = 100.0
        desk = DeskEngine(bus, clock, Options(preset=PRESETS[0]))
        desk.open()
        desk.step(100.5)
        assert desk._midi is None
        bus.status["audio"]["ready_s"] = ready_s
        clock.set(100.0 + waits_s)
        desk.step(100.0 + waits_s)
        assert desk._midi is not None
        desk.close()


def test_it_begins_with_the_preset_it_was_asked_for() -> None:
    assert Desk(preset=PRESETS[2]).preset == PRESETS[2]


def test_next_and_previous_go_round_all_presets() -> None:
    desk = Desk(preset=PRESETS[0])
    seen = []
    for _ in PRESETS:
        seen.append(desk.preset)
        desk.tell(do="next_preset")
    assert sorted(seen) == sorted(PRESETS) and desk.preset == PRESETS[0]
    desk.tell(do="previous_preset")
    assert desk.preset == PRESETS[-1]


def test_a_number_chooses_a_preset_and_one_too_high_changes_nothing() -> None:
    desk = Desk(preset=PRESETS[0])
    desk.tell(do="load_preset", index=3)
    assert desk.preset == PRESETS[3]
    desk.tell(do="load_preset", index=99)
    assert desk.preset == PRESETS[3]


def test_the_instrument_that_a_preset_names_sounds_and_the_others_do_not() -> None:
    desk = Desk(preset="reading_light")
    assert [desk.value(f"synth.{name}.level") for name in INSTRUMENTS] == [1.0, 0.0, 0.0]


def test_a_preset_for_an_unknown_instrument_is_refused_in_one_line(tmp_path) -> None:
    file = tmp_path / "band.toml"
    file.write_text('[deck.a]\nshader = "still_water"\n[synth]\ninstrument = "theremin"\n')
    with pytest.raises(PresetError, match="no instrument theremin"):
        Desk(preset=str(file))


def test_values_are_clamped_and_blackout_toggles() -> None:
    desk = Desk(preset=PRESETS[0])
    desk.tell(do="set_param", id="master.brightness", value=7.0)
    assert desk.value("master.brightness") == 1.0
    desk.tell(do="blackout")
    assert desk.value("master.blackout") == 1.0
    desk.tell(do="blackout")
    assert desk.value("master.blackout") == 0.0


def test_what_belongs_to_the_room_survives_a_preset_change_and_the_rest_does_not() -> None:
    desk = Desk(preset=PRESETS[0])
    desk.tell(do="set_param", id="master.gain_db", value=-9.0)
    desk.tell(do="set_param", id="synth.gain", value=-33.0)
    desk.tell(do="next_preset")
    assert desk.value("master.gain_db") == -9.0 and desk.value("synth.gain") != -33.0


def test_an_override_wins_over_the_preset() -> None:
    assert Desk(preset=PRESETS[0], overrides=(("synth.mute", 1.0),)).value("synth.mute") == 1.0


def test_panic_mutes_all_until_it_is_pressed_again() -> None:
    desk = Desk(preset=PRESETS[0])
    desk.tell(do="panic")
    assert desk.value("master.mute") == 1.0
    desk.tell(do="next_preset")
    assert desk.value("master.mute") == 1.0
    desk.tell(do="panic")
    assert desk.value("master.mute") == 0.0


def test_panic_counts_and_tap_sets_the_tempo() -> None:
    desk = Desk(preset=PRESETS[0])
    for n in range(4):
        desk.tell(do="tap", at_s=10.0 + n * 0.5)
    desk.tell(do="panic")
    record = desk.bus.params.record()
    desk.bus.params.newest(record)
    assert record["bpm"][0] == pytest.approx(120.0) and record["tapped"][0] == 1.0 and record["panics"][0] == 1


def test_a_tap_takes_the_beat_that_was_heard_over_and_goes_on_counting() -> None:
    desk = Desk(preset=PRESETS[0])
    heard = desk.bus.hearing.frame
    heard["stamp"], heard["scalars"][0, :7] = 20.0, (100.0, 0.9, 1.9 / 4.0, 11.0, 5.0, 0.9, 4.0)
    desk.bus.hearing.publish()
    desk.tell(do="nudge_beat", by_s=0.005)
    record = desk.bus.params.record()
    desk.bus.params.newest(record)
    assert record["tapped"][0] == 0.0 and record["nudge_s"][0] == 0.005
    desk.tell(do="tap", at_s=20.0)
    desk.bus.params.newest(record)
    taken = [float(record[name][0]) for name in ("tapped", "bpm", "anchor_s", "beats", "in_bar", "bars", "nudge_s")]
    assert taken == [1.0, 100.0, 20.0, 12.0, 2.0, 5.0, 0.0]
    desk.tell(do="follow_beat")
    desk.bus.params.newest(record)
    assert record["tapped"][0] == 0.0


@pytest.mark.parametrize("command", [
    {"do": "load_preset", "name": "no such"}, {"do": "nonsense"}, {"do": "set_param", "id": "no.such", "value": 1.0}])
def test_a_wrong_command_changes_nothing(command: dict) -> None:
    desk = Desk(preset=PRESETS[0])
    before = read_patch(desk.bus)
    desk.tell(**command)
    after = read_patch(desk.bus)
    assert before is not None and after is not None and after.deck == before.deck


def test_a_restarted_desk_goes_on_from_the_bus() -> None:
    first = Desk(preset=PRESETS[1])
    first.tell(do="set_param", id="master.gain_db", value=-6.0)
    again = DeskEngine(first.bus, first.clock, Options(offline=True))
    again.open()
    assert first.preset == PRESETS[1] and first.value("master.gain_db") == -6.0
    first.bus.queues["render>desk"].put({"do": "next_preset"})
    again.step(first.clock.now())
    assert first.preset == PRESETS[2]


def test_the_state_is_saved_and_a_later_show_begins_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "state_dir", lambda: tmp_path)
    monkeypatch.setattr(desk_module, "config_dir", lambda: tmp_path)

    def live() -> Desk:
        desk = Desk.__new__(Desk)
        desk.bus, desk.clock = Bus.local(), ManualClock(1.0)
        desk.desk = DeskEngine(desk.bus, desk.clock, Options())
        desk.desk.open()
        return desk

    one = live()
    one.tell(do="load_preset", index=4)
    one.tell(do="set_param", id="master.gain_db", value=-12.0)
    one.tell(do="blackout")
    one.clock.set(20.0)
    one.tell(do="set_param", id="synth.gain", value=-20.0)
    one.desk.close()
    two = live()
    assert two.preset == PRESETS[4]
    assert two.value("master.gain_db") == -12.0 and two.value("synth.gain") == -20.0
    assert two.value("master.blackout") == 0.0  # nobody wants to begin in the dark
    assert [path.name for path in tmp_path.iterdir()] == ["autosave.toml"]
    two.desk.close()
    # A half-written or foreign autosave is no reason not to play.
    (tmp_path / "autosave.toml").write_bytes(b"\xff\x00 preset = ")
    assert live().preset == PRESETS[0]


def test_it_never_sleeps_longer_than_a_period_however_far_ahead_its_next_step_is_planned() -> None:
    desk = Desk()
    desk.desk.wait(60.0)
    assert desk.clock.now() == pytest.approx(1.0 + DeskEngine.period_s)
    desk.desk.wait(desk.clock.now() + 0.001)
    assert desk.clock.now() == pytest.approx(1.001 + DeskEngine.period_s)
