"""A preset: param values, routes, and which shader, effects, instrument and models; a TOML file a person can read."""

import os
import tomllib
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import tomli_w

from pix2live.atomic import write_whole
from pix2live.errors import FileError, PresetError
from pix2live.patch.route import Route
from pix2live.resources import listing

_TOP = {"name", "description", "deck", "synth", "models", "params", "routes"}


@dataclass(frozen=True)
class Preset:
    """What is played. ``params`` maps scalar param ids to base values in units."""

    name: str
    shader: str
    description: str = ""
    effects: tuple[str, ...] = ()
    instrument: str = "scan"
    models: tuple[str, ...] = ()
    params: dict[str, float] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    path: Path | None = None


def load_preset(path: Path) -> Preset:
    """Read a preset file. Raises FileError (missing, unreadable) or PresetError (what is wrong, and where)."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError("there is no such preset file", str(path), "see 'pix2live presets'") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"the preset cannot be read ({error})", str(path), "give a TOML text file") from None
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"not valid TOML: {error}", str(path), "mend that line") from None
    return preset_from(data, path)


def preset_from(data: dict[str, Any], path: Path) -> Preset:
    """A preset from parsed TOML; ``path`` is named in errors. Raises PresetError."""
    for name, kind in (("deck", dict), ("synth", dict), ("models", dict), ("params", dict), ("routes", list)):
        if not isinstance(data.get(name, kind()), kind):
            raise PresetError(f"{name} is not a {'list' if kind is list else 'table'}", str(path),
                              f"write it as [{'[routes]' if kind is list else name}]")
    try:
        return _checked(data, path)
    except (AttributeError, TypeError, OverflowError) as error:
        raise PresetError(f"an entry makes no sense ({error})", str(path), "see the presets that came along") from None


def _checked(data: dict[str, Any], path: Path) -> Preset:
    where = str(path)
    unknown = sorted(set(data) - _TOP)
    if unknown:
        raise PresetError(f"unknown entry {', '.join(unknown)}", where, f"use {', '.join(sorted(_TOP))}")
    deck = _get(data.get("deck", {}), "a", dict, where, "[deck.a]")
    shader = _get(deck, "shader", str, where, "deck.a.shader")
    effects = _strings(deck.get("effects", []), where, "deck.a.effects")
    params: dict[str, float] = {}
    for id_, value in _flat(data.get("params", {}), where).items():
        if not isinstance(value, int | float) or not isfinite(value):
            raise PresetError(f"param {id_} = {value!r} is not a number", where, "give a number or true/false")
        params[id_] = float(value)
    routes = []
    for entry in data.get("routes", []):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(end), str) for end in ("source", "target")):
            raise PresetError("a route lacks source or target", where, "give both, as names")
        try:
            routes.append(Route(**entry))
        except TypeError:
            raise PresetError(f"route to {entry['target']} has an unknown entry", where,
                              "use source, target, depth, curve, attack_s, release_s") from None
        except PresetError as error:
            raise PresetError(str(error), where) from None
    return Preset(
        name=str(data.get("name", path.stem)), shader=shader, description=str(data.get("description", "")),
        effects=effects, instrument=str(data.get("synth", {}).get("instrument", "scan")),
        models=_strings(data.get("models", {}).get("use", []), where, "models.use"), params=params,
        routes=tuple(routes), path=path)


def save_preset(preset: Preset, path: Path) -> None:
    """Write a preset beside ``path``, then rename, so that a file is never half-written. Raises FileError."""
    data: dict[str, Any] = {
        "name": preset.name, "description": preset.description,
        "deck": {"a": {"shader": preset.shader, "effects": list(preset.effects)}},
        "synth": {"instrument": preset.instrument}, "models": {"use": list(preset.models)},
        "params": dict(preset.params),
        "routes": [{"source": r.source, "target": r.target, "depth": r.depth, "curve": r.curve,
                    "attack_s": r.attack_s, "release_s": r.release_s} for r in preset.routes],
    }
    write_whole(path, tomli_w.dumps(data).encode(), make_folder=True)


def find_preset(name: str) -> Path:
    """The file of a preset given by file path, file stem or its own name. Raises PresetError naming what there is."""
    if name.endswith(".toml") or os.sep in name:
        path = Path(name)
        if not path.is_file():
            raise FileError("there is no such preset file", name, "see 'pix2live presets'")
        return path
    presets = listing("presets")
    wanted = _plain(name)
    for stem, path in presets.items():
        if _plain(stem) == wanted:
            return path
    for path in presets.values():
        try:
            if _plain(load_preset(path).name) == wanted:
                return path
        except (PresetError, FileError):
            continue
    raise PresetError("there is no preset of that name", name, f"use one of {', '.join(presets)}")


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _get(data: Any, key: str, kind: type, where: str, label: str) -> Any:
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, kind):
        raise PresetError(f"{label} is missing", where, 'a preset needs [deck.a] with shader = "NAME"')
    return value


def _strings(value: Any, where: str, label: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise PresetError(f"{label} is not a list of names", where, 'write it like ["name"]')
    return tuple(value)


def _flat(data: Any, where: str, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, dict):
        raise PresetError("[params] is not a table", where, 'write lines like "deck.a.warp" = 0.5')
    out: dict[str, Any] = {}
    for key, value in data.items():
        out.update(_flat(value, where, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return out
