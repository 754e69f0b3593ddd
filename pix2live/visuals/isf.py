"""Reads an ISF shader (version 2 or 1): its header, inputs, passes and source, without touching GL.

Format: https://github.com/mrRay/ISF_Spec. Beyond it: ``FLOAT`` of a pass may be 16 (half floats) as well as true or 32,
and ``#include "name.glsl"`` looks beside the file and then in the ``include`` folder of the shaders.
"""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pix2live.errors import FileError, ShaderError
from pix2live.signals.spec import ParamSpec
from pix2live.visuals.glsl import Source, read_source
from pix2live.visuals.header import Entry, split_header
from pix2live.visuals.sizes import SizeExpression

TYPES = ("float", "bool", "long", "event", "point2D", "color", "image", "audio", "audioFFT")
_KNOBS = ("float", "bool", "long", "event", "point2D", "color")
_TYPE_BY_LOWER = {name.lower(): name for name in TYPES} | {"colour": "color", "int": "long"}
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_ROLES = {"generator": (), "filter": ("inputImage",), "transition": ("startImage", "endImage", "progress")}


@dataclass(frozen=True)
class Input:
    """One entry of INPUTS.

    Args:
        name: the GLSL name. type: one of TYPES. label: what a person reads. line: where it stands in the file.
        default, low, high: one value a component (1 for float, bool, long and event, 2 for point2D, 4 for color).
        values, labels: the numbers a ``long`` may take and their names (equally long; empty: any whole number).
        columns: MAX of an audio input: how many samples or bins it wants, 0 for as many as there are.
    """

    name: str
    type: str
    label: str
    line: int
    default: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    values: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    columns: int = 0

    @property
    def contiguous(self) -> bool:
        """True where VALUES count up by one, so that a param can hold the value itself and not its place."""
        return all(b - a == 1 for a, b in zip(self.values, self.values[1:], strict=False))

    def spec(self, prefix: str) -> ParamSpec | None:
        """The knob of this input, or None for pictures and sound."""
        if self.type not in _KNOBS:
            return None
        base = ParamSpec(f"{prefix}.{self.name}" if prefix else self.name, self.label,
                         low=min(self.low), high=max(self.high), default=self.default[0])
        if self.type == "color":
            return replace(base, kind="colour", components=self.default)
        if self.type == "point2D":
            return replace(base, kind="point", components=self.default)
        if self.type == "long" and self.values:
            place = self.values.index(int(self.default[0]))
            first = self.values[0] if self.contiguous else 0
            return replace(base, kind="choice", choices=self.labels, low=float(first),
                           high=float(first + len(self.values) - 1), default=float(first + place))
        return replace(base, kind={"long": "int"}.get(self.type, self.type))


@dataclass(frozen=True)
class Pass:
    """One entry of PASSES: ``target`` is "" for the output; ``bits`` is 8, 16 or 32 a channel; sizes None: full."""

    target: str = ""
    persistent: bool = False
    bits: int = 8
    width: SizeExpression | None = None
    height: SizeExpression | None = None


@dataclass(frozen=True)
class IsfShader:
    """A parsed shader. ``kind`` is generator, filter or transition; ``images`` are the files of IMPORTED by name."""

    path: Path
    version: int
    kind: str
    description: str
    credit: str
    categories: tuple[str, ...]
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...]
    images: dict[str, Path]
    source: Source

    @property
    def name(self) -> str:
        """The file's stem, by which presets name it."""
        return self.path.stem

    def specs(self, prefix: str) -> list[ParamSpec]:
        """The knobs, ids ``prefix.NAME``; a transition's ``progress`` is the mixer's and is left out."""
        hidden = _ROLES["transition"] if self.kind == "transition" else ()
        found = (item.spec(prefix) for item in self.inputs if item.name not in hidden)
        return [spec for spec in found if spec is not None]


def load_shader(path: str | Path) -> IsfShader:
    """Read and check the ISF file at ``path`` (and the ``.vs`` file beside it, if any).

    Raises:
        FileError: where the file cannot be read.
        ShaderError: where the header is wrong, naming file and line.
    """
    path = Path(path)
    text = read_text(path)
    header, start, end = split_header(text, path)
    return _Header(header, path).shader(text, start, end)


def read_text(path: Path) -> str:
    """The text of a shader file. Raises FileError where it is missing, unreadable, too large or not text."""
    try:
        if path.stat().st_size > 4_000_000:
            raise FileError("is too large for a shader", str(path), "give an ISF file (.fs)")
        data = path.read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "there is no such file" if missing else f"cannot be read ({error.strerror})"
        raise FileError(reason, str(path), "check the path") from None
    if b"\0" in data:
        raise FileError("is not text", str(path), "give an ISF file (.fs)")
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


class _Header:
    """Turns the header's JSON into checked values; every complaint names the line."""

    def __init__(self, header: Entry, path: Path) -> None:
        self.header, self.path = header, path

    def fail(self, what: str, line: int, mend: str = "") -> ShaderError:
        return ShaderError(what, f"{self.path}:{line}", mend)

    def shader(self, text: str, start: int, end: int) -> IsfShader:
        header = self.header
        version = 1 if header.find("ISFVSN") is None else 2
        inputs = self.inputs()
        names = {item.name for item in inputs}
        kind = "generator"
        if {"startImage", "endImage"} <= names:
            kind = "transition"
            if "progress" not in names:
                raise self.fail("a transition needs a float input named progress", header.line_of("INPUTS"))
        elif "inputImage" in names:
            kind = "filter"
        passes = self.passes(inputs)
        images = self.images()
        targets = list(dict.fromkeys(item.target for item in passes if item.target))
        taken = [*names, *targets, *images]
        if len(set(taken)) < len(taken):
            twice = next(name for name in taken if taken.count(name) > 1)
            raise self.fail(f"the name {twice!r} is used twice", header.line_of("PASSES"), "rename one of them")
        source = read_source(self.path, text, start, end, inputs, (*targets, *images), read_text)
        return IsfShader(
            self.path, version, kind, _text(header.find("DESCRIPTION")), _text(header.find("CREDIT")),
            tuple(_text(item) for item in _list(header.find("CATEGORIES"))), tuple(inputs), passes, images, source,
        )

    def inputs(self) -> list[Input]:
        found: list[Input] = []
        for entry in _list(self.header.find("INPUTS")):
            if not isinstance(entry, Entry):
                raise self.fail("INPUTS holds something that is no {...}", self.header.line_of("INPUTS"))
            name, line = self.name(entry, "NAME", entry.line), entry.line_of("NAME")
            if any(other.name == name for other in found):
                raise self.fail(f"the input {name!r} is there twice", line, "rename one of them")
            word = _text(entry.find("TYPE")).lower()
            kind = _TYPE_BY_LOWER.get(word, "")
            if not kind:
                raise self.fail(f"input {name!r} has the unknown type {_text(entry.find('TYPE'))!r}",
                                entry.line_of("TYPE"), f"types are {' '.join(TYPES)}")
            found.append(self.input(entry, name, kind, line))
        return found

    def input(self, entry: Entry, name: str, kind: str, line: int) -> Input:
        label = _text(entry.find("LABEL")) or name
        bare = Input(name, kind, label, line)
        if kind not in _KNOBS:
            columns = entry.find("MAX")
            wants = isinstance(columns, int | float) and math.isfinite(columns) and kind != "image"
            return replace(bare, columns=int(min(max(columns, 0), 4096)) if wants else 0)
        size = {"point2D": 2, "color": 4}.get(kind, 1)
        if kind in ("bool", "event"):
            value = 1.0 if self.numbers(entry, "DEFAULT", 1, (0.0,), name)[0] > 0.5 else 0.0
            return replace(bare, default=(value,), low=(0.0,), high=(1.0,))
        if kind == "long" and _list(entry.find("VALUES")):
            return self.choice(entry, bare)
        low = self.numbers(entry, "MIN", size, (0.0,) * size, name)
        high = self.numbers(entry, "MAX", size, (10.0 if kind == "long" else 1.0,) * size, name)
        low, high = tuple(map(min, low, high)), tuple(map(max, low, high))
        given = entry.find("DEFAULT") is not None
        usual = {"color": (0.0, 0.0, 0.0, 1.0), "long": low}.get(
            kind, tuple((a + b) / 2 for a, b in zip(low, high, strict=True)))
        default = self.numbers(entry, "DEFAULT", size, usual, name)
        if given and entry.find("MIN") is None:
            low = tuple(map(min, low, default))
        if given and entry.find("MAX") is None:
            high = tuple(map(max, high, default))
        default = tuple(min(max(v, a), b) for v, a, b in zip(default, low, high, strict=True))
        return replace(bare, default=default, low=low, high=high)

    def choice(self, entry: Entry, bare: Input) -> Input:
        values = [self.number(value, entry.line_of("VALUES"), bare.name) for value in _list(entry.find("VALUES"))]
        labels = [_text(label) for label in _list(entry.find("LABELS"))]
        labels += [f"{value:g}" for value in values[len(labels):]]
        pairs = dict(zip((int(value) for value in values), labels, strict=False))
        numbers = tuple(pairs)
        default = int(self.numbers(entry, "DEFAULT", 1, (float(numbers[0]),), bare.name)[0])
        default = default if default in pairs else numbers[0]
        return replace(bare, values=numbers, labels=tuple(pairs.values()), default=(float(default),),
                       low=(float(min(numbers)),), high=(float(max(numbers)),))

    def numbers(self, entry: Entry, key: str, size: int, fallback: tuple[float, ...], name: str) -> tuple[float, ...]:
        value = entry.find(key)
        if value is None:
            return fallback
        items = value if isinstance(value, list) else [value] * size
        found = [self.number(item, entry.line_of(key), name, key) for item in items[:size]]
        return (*found, *fallback[len(found):])

    def number(self, value: Any, line: int, name: str, key: str = "VALUES") -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}.get(value.lower())
        if not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e30:
            raise self.fail(f"{key} of input {name!r} is not a number", line)
        return float(value)

    def name(self, entry: Entry, key: str, line: int) -> str:
        name = _text(entry.find(key))
        if not _IDENTIFIER.fullmatch(name):
            raise self.fail(f"{key} {name!r} is no GLSL name", entry.line_of(key) or line, "use letters, digits and _")
        return name

    def passes(self, inputs: list[Input]) -> tuple[Pass, ...]:
        names = frozenset(item.name for item in inputs if item.type in ("float", "long", "bool"))
        old = self.header.find("PERSISTENT_BUFFERS")
        stays: dict[str, Entry] = dict.fromkeys(map(_text, old), Entry(0)) if isinstance(old, list) else {}
        if isinstance(old, Entry):
            stays = {key: value if isinstance(value, Entry) else Entry(0) for key, value in old.items()}
        found: list[Pass] = []
        for entry in _list(self.header.find("PASSES")):
            if not isinstance(entry, Entry):
                raise self.fail("PASSES holds something that is no {...}", self.header.line_of("PASSES"))
            target = _text(entry.find("TARGET"))
            if target:
                self.name(entry, "TARGET", entry.line)
            buffer = stays.get(target, Entry(0))
            wants = entry.find("FLOAT", buffer.find("FLOAT"))
            bits = 16 if wants in (16, "16") else 32 if _yes(wants) else 8
            sizes = [self.size(entry, buffer, key, names) for key in ("WIDTH", "HEIGHT")]
            keep = _yes(entry.find("PERSISTENT")) or target in stays
            found.append(Pass(target, keep and bool(target), bits, *sizes))
        # One target has one format: the most lasting and most precise that any pass asks for.
        return tuple(
            replace(item, persistent=any(o.persistent for o in found if o.target == item.target),
                    bits=max(o.bits for o in found if o.target == item.target)) if item.target else item
            for item in found
        ) or (Pass(),)

    def size(self, entry: Entry, buffer: Entry, key: str, names: frozenset[str]) -> SizeExpression | None:
        value = entry.find(key, buffer.find(key))
        if value is None or value == "":
            return None
        try:
            return SizeExpression(value, names)
        except ValueError as error:
            raise self.fail(f"{key} {value!r} {error}", entry.line_of(key) or buffer.line_of(key),
                            "use numbers, $WIDTH, $HEIGHT, $input, + - * / and floor ceil max min") from None

    def images(self) -> dict[str, Path]:
        imported = self.header.find("IMPORTED")
        entries: list[tuple[str, Any]] = []
        if isinstance(imported, Entry):
            entries = list(imported.items())
        for item in _list(imported):
            entries.append((_text(item.find("NAME")) if isinstance(item, Entry) else "", item))
        found: dict[str, Path] = {}
        line = self.header.line_of("IMPORTED")
        for name, item in entries:
            if not isinstance(item, Entry) or not _text(item.find("PATH")) or not _IDENTIFIER.fullmatch(name):
                raise self.fail(f"IMPORTED {name!r} needs a name and a PATH", line)
            if _text(item.find("TYPE")).lower() == "cube":
                raise self.fail(f"IMPORTED {name!r} is a cube map, which is not supported", item.line_of("TYPE"))
            picture = self.path.parent / _text(item.find("PATH"))
            if not picture.is_file():
                raise self.fail(f"the picture {_text(item.find('PATH'))!r} is not there", item.line_of("PATH"),
                                "paths are relative to the shader's file")
            found[name] = picture
        return found


def _yes(value: Any) -> bool:
    return value.strip().lower() in ("1", "32", "true", "yes") if isinstance(value, str) else bool(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
