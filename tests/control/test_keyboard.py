"""Every promised key does what the help says, and none ends a show by accident."""

from dataclasses import dataclass

import pytest

from pix2live.control.keyboard import COMMANDS, HELP_LINES, command_for


@dataclass
class _Key:
    name: str
    pressed: bool = True
    repeat: bool = False
    ctrl: bool = False
    alt: bool = False


@pytest.mark.parametrize(("name", "command"), [
    ("right", {"do": "next_preset"}), ("left", {"do": "previous_preset"}), ("1", {"do": "load_preset", "index": 0}),
    ("9", {"do": "load_preset", "index": 8}), ("0", {"do": "load_preset", "index": 9}), ("F", {"do": "fullscreen"}),
    ("b", {"do": "blackout"}), ("p", {"do": "panic"}), ("space", {"do": "tap"}), ("f1", {"do": "help"}),
    ("l", {"do": "learn"}), ("delete", {"do": "learn_clear"}), ("escape", {"do": "learn_cancel"}),
    ("]", {"do": "select_param", "by": 1}), ("[", {"do": "select_param", "by": -1}),
    ("+", {"do": "nudge_param", "by": 0.02}), ("-", {"do": "nudge_param", "by": -0.02}),
])
def test_a_key_has_its_command(name: str, command: dict[str, object]) -> None:
    assert command_for(_Key(name)) == command


def test_only_ctrl_q_quits() -> None:
    assert command_for(_Key("q", ctrl=True)) == {"do": "quit"}
    assert command_for(_Key("q")) is None and command_for(_Key("escape")) != {"do": "quit"}
    assert "quit" not in {command["do"] for command in COMMANDS.values()}


def test_a_release_and_an_unknown_key_do_nothing() -> None:
    assert command_for(_Key("right", pressed=False)) is None
    assert command_for(_Key("y")) is None and command_for(_Key("")) is None
    assert command_for(_Key("f", ctrl=True)) is None and command_for(_Key("f", alt=True)) is None


def test_a_held_key_repeats_only_where_it_turns_something() -> None:
    repeating = {command["do"] for name in COMMANDS if (command := command_for(_Key(name, repeat=True)))}
    assert repeating == {"select_param", "nudge_param", "nudge_beat"}


def test_a_command_may_be_changed_without_changing_the_key() -> None:
    command = command_for(_Key("1"))
    assert command is not None
    command["at_s"] = 1.0
    assert command_for(_Key("1")) == {"do": "load_preset", "index": 0}


def test_the_help_fits_and_names_every_kind_of_command() -> None:
    text = " ".join(f"{key} {what}" for key, what in HELP_LINES).lower()
    words = ("next preset", "full screen", "blackout", "panic", "tap", "param", "learn", "free", "help", "quit")
    assert [word for word in words if word not in text] == []
    assert max(len(key) + len(what) for key, what in HELP_LINES) <= 72
