"""Learning takes the control that was meant, and the mapping is never lost."""

import os
from pathlib import Path

import pytest

from pix2live.control.learn import Binding, Learner, Mapping
from pix2live.errors import FileError, Pix2liveError, PresetError

CC, PARAM = "midi.cc.1.74", "deck.a.warp"


def _hear(learner: Learner, source: str, *values: float) -> list[str | None]:
    return [learner.hear(source, value, 1.0) for value in values]


def _armed() -> Learner:
    learner = Learner()
    learner.arm(PARAM, 0.0)
    return learner


def test_a_turned_knob_is_learned_once() -> None:
    learner = _armed()
    assert _hear(learner, CC, *(v / 127 for v in range(60, 68)))  == [None] * 5 + [PARAM, None, None]
    assert learner.param is None


def test_a_worn_pot_is_not_learned() -> None:
    learner = _armed()
    assert set(_hear(learner, CC, *(v / 127 for v in [64, 65, 64, 63, 64, 65, 66, 65] * 50))) == {None}
    assert _hear(learner, "midi.cc.1.7", 0.0, 0.5)[-1] == PARAM


def test_a_note_or_key_is_learned_when_it_goes_down() -> None:
    assert _hear(_armed(), "midi.note.10.36", 0.0, 0.3) == [None, PARAM]
    assert _hear(_armed(), "key.3", 1.0) == [PARAM]


def test_buttons_that_send_both_ends_or_only_the_top_are_learned() -> None:
    assert _hear(_armed(), CC, 1.0, 0.0) == [None, PARAM]
    assert _hear(_armed(), CC, 1.0, 1.0) == [None, PARAM]


def test_a_bend_is_learned_after_a_real_move() -> None:
    assert _hear(_armed(), "midi.bend.1", 0.0, 0.02, -0.02, 0.3) == [None, None, None, PARAM]


def test_clock_counts_audio_and_programs_are_never_learned() -> None:
    learner = _armed()
    for source in ("midi.clock_count", "midi.note_count", "audio.bass", "midi.start", "midi.program.1", ""):
        assert _hear(learner, source, 0.0, 1.0, 0.0) == [None] * 3


def test_the_fine_half_of_a_pair_is_never_learned() -> None:
    learner = _armed()
    learned = []
    for value in range(1024, 1024 + 128 * 6, 31):
        learned.append(("coarse", learner.hear("midi.cc.1.7", (value >> 7) / 127, 1.0)))
        learned.append(("fine", learner.hear("midi.cc.1.39", (value & 127) / 127, 1.0)))
    assert [half for half, param in learned if param] == ["coarse"]
    assert _hear(_armed(), "midi.cc.1.39", 0.0, 0.5)[-1] == PARAM, "as a knob of its own it is"


def test_learning_ends_by_cancel_and_by_time() -> None:
    learner = _armed()
    assert learner.cancel() and not learner.cancel()
    assert _hear(learner, CC, 0.0, 1.0) == [None, None]
    learner.arm(PARAM, 0.0, timeout_s=5.0)
    assert not learner.poll(4.9) and learner.poll(5.0) and not learner.poll(5.1)
    learner.arm(PARAM, 0.0, timeout_s=5.0)
    assert learner.hear("key.1", 1.0, 6.0) is None


def test_nothing_moved_before_arming_counts() -> None:
    learner = Learner()
    _hear(learner, CC, 0.0)
    learner.arm(PARAM, 0.0)
    assert _hear(learner, CC, 1.0, 126 / 127, 1.0, 126 / 127) == [None] * 4


def test_binding_replaces_on_both_sides() -> None:
    mapping = Mapping()
    mapping.bind("midi.cc.1.1", "a")
    mapping.bind("midi.cc.1.2", "b")
    mapping.bind("midi.cc.1.1", "b")
    assert [(b.source, b.param) for b in mapping.bindings] == [("midi.cc.1.1", "b")]
    assert mapping.of("midi.cc.1.2") == () and mapping.on("a") is None
    assert mapping.clear("b") and not mapping.clear("b") and mapping.bindings == ()


def test_knobs_get_soft_takeover_and_what_springs_back_does_not() -> None:
    mapping = Mapping()
    assert mapping.bind(CC, "a").takeover
    assert not any(mapping.bind(s, "b").takeover for s in ("midi.note.1.1", "midi.bend.1", "midi.pressure.1", "key.1"))


def test_position_covers_the_range_and_inverts() -> None:
    assert Binding(CC, "p").position(0.25) == 0.25
    limited = Binding(CC, "p", low=0.2, high=0.6)
    assert [limited.position(v) for v in (-1.0, 0.0, 0.5, 1.0, 2.0)] == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])
    assert Binding(CC, "p", 0.2, 0.6, invert=True).position(0.0) == pytest.approx(0.6)
    assert [Binding("midi.bend.1", "p").position(v) for v in (-1.0, 0.0, 1.0)] == [0.0, 0.5, 1.0]


def _full() -> Mapping:
    return Mapping([Binding(CC, "a"), Binding(CC, "b", 0.25, 1.0, True, False), Binding("key.1", "c", takeover=False)])


def test_a_mapping_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "midi.toml"
    assert _full().save(path) is None
    assert Mapping.load(path).bindings == _full().bindings
    assert {b.param for b in Mapping.load(path).of(CC)} == {"a", "b"}
    assert list(path.parent.iterdir()) == [path]


def test_no_file_yet_is_an_empty_mapping(tmp_path: Path) -> None:
    assert Mapping.load(tmp_path / "none.toml").bindings == ()


BAD = {
    "half": b"[[controls]]\nsource = \"midi.cc.1.7",
    "binary": b"\xff\xfe\x00",
    "other": b"[presets]\nx = 1\n",
    "not a list": b"controls = 3\n",
    "no param": b"[[controls]]\nsource = \"midi.cc.1.7\"\n",
    "unknown signal": b"[[controls]]\nsource = \"midi.cc.17.7\"\nparam = \"a\"\n",
    "unknown entry": b"[[controls]]\nsource = \"midi.cc.1.7\"\nparam = \"a\"\ncurve = 1\n",
    "kind": b"[[controls]]\nsource = \"midi.cc.1.7\"\nparam = \"a\"\nlow = true\n",
    "range": b"[[controls]]\nsource = \"midi.cc.1.7\"\nparam = \"a\"\nhigh = nan\n",
    "flag": b"[[controls]]\nsource = \"midi.cc.1.7\"\nparam = \"a\"\ninvert = 1\n",
    "twice": b"[[controls]]\nsource = \"key.1\"\nparam = \"a\"\n[[controls]]\nsource = \"key.2\"\nparam = \"a\"\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_and_never_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / "midi.toml"
    path.write_bytes(BAD[name])
    with pytest.raises(PresetError) as raised:
        Mapping.load(path)
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)
    assert path.read_bytes() == BAD[name], "loading changes nothing"
    kept = _full().save(path)
    assert kept == tmp_path / "midi.toml.bad" and kept.read_bytes() == BAD[name]
    assert Mapping.load(path).bindings == _full().bindings
    path.write_bytes(BAD[name] + b" ")
    assert _full().save(path) == tmp_path / "midi.toml.bad2"
    assert kept.read_bytes() == BAD[name]


def test_a_path_that_cannot_be_read_or_written_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "midi.toml"
    folder.mkdir()
    with pytest.raises(FileError, match="cannot be read"):
        Mapping.load(folder)
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(Pix2liveError):
        _full().save(blocked / "midi.toml")
    assert blocked.read_text() == "x" and sorted(os.listdir(tmp_path)) == ["file", "midi.toml"]
