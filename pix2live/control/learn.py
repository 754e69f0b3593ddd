"""Which control plays which param: the mapping, its file, and learning it by moving a control."""

import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from pix2live.atomic import write_whole
from pix2live.errors import FileError, PresetError
from pix2live.signals import table

TIMEOUT_S = 20.0
_MOVE = 4.5 / 127  # of a control's travel: a worn pot wanders by a step or two
_SOURCES = frozenset((*table.KEY, *table.MIDI)) - {"midi.note_count", "midi.clock_count"}
_KINDS: dict[str, tuple[type, ...]] = {
    "source": (str,), "param": (str,), "low": (int, float), "high": (int, float), "invert": (bool,),
    "takeover": (bool,)}
_DEFAULTS = {"low": 0.0, "high": 1.0, "invert": False, "takeover": True}


@dataclass(frozen=True)
class Binding:
    """One control on one param.

    Args:
        source: a signal's name, e.g. ``midi.cc.1.74``. param: a scalar param id.
        low, high: the part of the param's travel that the control covers, 0..1; where low is above high it is inverted.
        invert: the control's top gives ``low``.
        takeover: ignore the control until it meets the param's present value.
    """

    source: str
    param: str
    low: float = 0.0
    high: float = 1.0
    invert: bool = False
    takeover: bool = True

    def position(self, value: float) -> float:
        """Where the control wants its param, 0..1 of its travel, for a signal's value (0..1; a bend −1..1)."""
        if self.source.startswith("midi.bend."):
            value = (value + 1.0) / 2.0
        value = min(max(value, 0.0), 1.0)
        return self.low + (self.high - self.low) * (1.0 - value if self.invert else value)


class Mapping:
    """The bindings. A param has one control at most; a control may play several params only by hand, in the file."""

    def __init__(self, bindings: Iterable[Binding] = ()) -> None:
        self._by_param = {binding.param: binding for binding in bindings}
        self._by_source: dict[str, tuple[Binding, ...]] = {}
        self._sort()

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Every binding, in order of param."""
        return tuple(self._by_param[param] for param in sorted(self._by_param))

    def of(self, source: str) -> tuple[Binding, ...]:
        """What a signal plays."""
        return self._by_source.get(source, ())

    def on(self, param: str) -> Binding | None:
        """What plays a param."""
        return self._by_param.get(param)

    def bind(self, source: str, param: str) -> Binding:
        """Let a control play a param and nothing else; it replaces the param's old control.

        Knobs get soft takeover. Notes, bends and pressure don't: they spring back, and would never meet the value.
        """
        for old in self.of(source):
            del self._by_param[old.param]
        binding = self._by_param[param] = Binding(source, param, takeover=source.startswith("midi.cc."))
        self._sort()
        return binding

    def clear(self, param: str) -> bool:
        """Free a param of its control; whether it had one."""
        had = self._by_param.pop(param, None) is not None
        self._sort()
        return had

    def _sort(self) -> None:
        self._by_source = {}
        for binding in self.bindings:
            self._by_source[binding.source] = (*self.of(binding.source), binding)

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Read a mapping file; an empty mapping where there is none yet.

        Raises FileError (unreadable) or PresetError (one line: what is wrong, and where). The file stays as it is, and
        ``save`` will not overwrite it.
        """
        kept = f"until then newly learned controls go to a new file and this one is kept as {_free_name(path).name}"
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except UnicodeDecodeError:
            raise PresetError("the mapping is not a text file", str(path), f"mend or delete it; {kept}") from None
        except OSError as error:
            raise FileError(f"the mapping cannot be read ({error.strerror})", str(path), "check permissions") from None
        except tomllib.TOMLDecodeError as error:
            raise PresetError(f"the mapping is not valid TOML: {error}", str(path), f"mend it; {kept}") from None
        entries = data.get("controls", [])
        if set(data) - {"controls"} or not isinstance(entries, list):
            raise PresetError("the mapping holds something else than [[controls]]", str(path), f"mend it; {kept}")
        mapping = cls()
        for number, entry in enumerate(entries, 1):
            try:
                binding = _binding(entry)
                if binding.param in mapping._by_param:
                    raise PresetError(f"{binding.param} has two controls", "", "keep one")
            except PresetError as error:
                raise PresetError(error.what, f"{path}: control {number}", f"{error.mend}; {kept}") from None
            mapping._by_param[binding.param] = binding
        mapping._sort()
        return mapping

    def save(self, path: Path) -> Path | None:
        """Write the mapping beside ``path``, then rename. Raises FileError; the old file stays then.

        A file there that does not load is never overwritten: it is renamed to ``.bad`` first (``.bad2`` and so on where
        that is taken) and the new name returned, for a line to the player.
        """
        kept = None
        try:
            self.load(path)
        except PresetError:
            kept = _free_name(path)
            try:
                path.rename(kept)
            except OSError as error:
                raise FileError(f"cannot be kept aside ({error.strerror})", str(path), "check its folder") from None
        controls = [{key: value for key, value in asdict(binding).items() if value != _DEFAULTS.get(key)}
                    for binding in self.bindings]
        write_whole(path, tomli_w.dumps({"controls": controls}).encode(), make_folder=True)
        return kept


class Learner:
    """Binds the next control that is really moved to the param that was armed. Give it every event, armed or not."""

    def __init__(self) -> None:
        self.param: str | None = None  # what is armed
        self._until_s = 0.0
        self._range: dict[str, tuple[float, float, float]] = {}  # lowest, highest, newest since it was armed

    def arm(self, param: str, now_s: float, timeout_s: float = TIMEOUT_S) -> None:
        """Wait for a control for ``param``; replaces what was armed."""
        self.param, self._until_s = param, now_s + timeout_s
        self._range.clear()

    def cancel(self) -> bool:
        """Learn nothing; whether something was armed."""
        armed, self.param = self.param is not None, None
        return armed

    def poll(self, now_s: float) -> bool:
        """True once, when the time to learn has just run out."""
        return self.param is not None and now_s >= self._until_s and self.cancel()

    def hear(self, source: str, value: float, now_s: float) -> str | None:
        """The param that ``source`` shall play, once this value decides it; nothing is armed any more then.

        A note or key binds when it goes down. A controller, bend or pressure must travel more than 4 of its 127 steps,
        which a worn pot does not by itself; a button that only ever sends its top value binds at the second press.
        The fine half of a 14-bit pair never binds.
        """
        self.poll(now_s)
        if self.param is None or source not in _SOURCES:
            return None
        kind = source.split(".")[1] if source.startswith("midi.") else "key"
        if kind in ("note", "key"):
            decided = value > 0.0
        elif kind not in ("cc", "bend", "pressure") or self._is_fine_half(source):
            decided = False
        else:
            low, high, newest = self._range.get(source, (value, value, -2.0))
            low, high = min(low, value), max(high, value)
            self._range[source] = (low, high, value)
            pressed_again = kind == "cc" and value == newest == 1.0
            decided = pressed_again or (high - low) / (2.0 if kind == "bend" else 1.0) > _MOVE
        if not decided:
            return None
        learned, self.param = self.param, None
        return learned

    def _is_fine_half(self, source: str) -> bool:
        _, kind, channel, *number = source.split(".")
        return kind == "cc" and 32 <= int(number[0]) < 64 and f"midi.cc.{channel}.{int(number[0]) - 32}" in self._range


def _binding(entry: Any) -> Binding:
    if not isinstance(entry, dict) or not {"source", "param"} <= set(entry):
        raise PresetError("it lacks source or param", "", "give both")
    for key, value in entry.items():
        if key not in _KINDS:
            raise PresetError(f"unknown entry {key}", "", f"use {', '.join(_KINDS)}")
        if not isinstance(value, _KINDS[key]) or isinstance(value, bool) != (bool in _KINDS[key]):
            raise PresetError(f"{key} = {value!r} is not of its kind", "", "mend it")
        if isinstance(value, int | float) and not 0.0 <= value <= 1.0:
            raise PresetError(f"{key} = {value!r} is not within 0..1", "", "give a share of the param's travel")
    if entry["source"] not in _SOURCES:
        raise PresetError(f"there is no control {entry['source']}", "", "use a name such as midi.cc.1.74")
    return Binding(**entry)


def _free_name(path: Path) -> Path:
    number = 1
    while True:
        name = path.with_name(f"{path.name}.bad{number if number > 1 else ''}")
        if not name.exists():
            return name
        number += 1
