"""The computer's keys: what each one asks for, and the lines that tell a player so."""

from typing import Any, Protocol

NUDGE = 0.02  # of a param's travel
NUDGE_BEAT_S = 0.005
_REPEATS = ("nudge_param", "select_param", "nudge_beat")

COMMANDS: dict[str, dict[str, Any]] = {
    "right": {"do": "next_preset"},
    "left": {"do": "previous_preset"},
    **{str(n): {"do": "load_preset", "index": n - 1} for n in range(1, 10)},
    "0": {"do": "load_preset", "index": 9},
    "f": {"do": "fullscreen"},
    "f11": {"do": "fullscreen"},
    "b": {"do": "blackout"},
    "p": {"do": "panic"},
    "space": {"do": "tap"},
    "t": {"do": "tap"},
    "r": {"do": "follow_beat"},
    ",": {"do": "nudge_beat", "by_s": -NUDGE_BEAT_S},
    ".": {"do": "nudge_beat", "by_s": NUDGE_BEAT_S},
    "h": {"do": "help"},
    "f1": {"do": "help"},
    "l": {"do": "learn"},
    "delete": {"do": "learn_clear"},
    "backspace": {"do": "learn_clear"},
    "escape": {"do": "learn_cancel"},
    "]": {"do": "select_param", "by": 1},
    "[": {"do": "select_param", "by": -1},
    "page_down": {"do": "select_param", "by": 1},
    "page_up": {"do": "select_param", "by": -1},
    "+": {"do": "nudge_param", "by": NUDGE},
    "=": {"do": "nudge_param", "by": NUDGE},
    "up": {"do": "nudge_param", "by": NUDGE},
    "-": {"do": "nudge_param", "by": -NUDGE},
    "down": {"do": "nudge_param", "by": -NUDGE},
}
# With Ctrl alone: nobody ends a show with one slip of a finger.
CTRL_COMMANDS: dict[str, dict[str, Any]] = {"q": {"do": "quit"}}

HELP_LINES: tuple[tuple[str, str], ...] = (
    ("Left, Right", "previous, next preset"),
    ("1 to 9, 0", "preset 1 to 9, 10"),
    ("F, F11", "full screen"),
    ("B", "blackout, and back"),
    ("P", "panic: silence all sound; again: sound"),
    ("Space, T", "tap the tempo: it is yours until R"),
    ("R", "the beat follows the music again"),
    (", and .", "nudge the beat 5 ms later, earlier"),
    ("[ and ], Page Up, Down", "previous, next param"),
    ("- and +, Down, Up", "turn the param down, up"),
    ("L", "learn: the next control you move plays the param"),
    ("Esc", "stop learning"),
    ("Delete", "free the param of its control"),
    ("H, F1", "this help"),
    ("Ctrl+Q", "quit"),
)


class Key(Protocol):
    """A key that went down or up; ``name`` is what it prints (``a``, ``7``, ``[``) or its plain name (``page_up``)."""

    @property
    def name(self) -> str: ...
    @property
    def pressed(self) -> bool: ...
    @property
    def repeat(self) -> bool: ...
    @property
    def ctrl(self) -> bool: ...
    @property
    def alt(self) -> bool: ...


def command_for(key: Key) -> dict[str, Any] | None:
    """The command of a key press, a dict of its own, or None.

    A held key repeats only where that makes sense: choosing and turning a param. Keys with Alt are the system's.
    """
    if not key.pressed or key.alt:
        return None
    command = (CTRL_COMMANDS if key.ctrl else COMMANDS).get(key.name.lower())
    if command is None or (key.repeat and command["do"] not in _REPEATS):
        return None
    return dict(command)
