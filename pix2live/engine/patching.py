"""A preset made into the patch that the engines play: its shaders found, its params with their values, its routes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pix2live.errors import PresetError
from pix2live.patch.param import MASTER, ParamTable
from pix2live.patch.patch import Patch
from pix2live.patch.preset import Preset, load_preset
from pix2live.patch.route import RouteTable
from pix2live.resources import listing
from pix2live.signals import table
from pix2live.signals.bus import MAX_PARAMS
from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import SCORE_SPECS
from pix2live.visuals.isf import load_shader

INSTRUMENTS = ("scan", "drone", "harmony")
_KEPT = ("master.", "audio.", "mixer.")  # what belongs to the room and not to a preset


def make_patch(path: Path, old: Patch, old_values: NDArray[np.float64]) -> tuple[Patch, NDArray[np.float64], list[str]]:
    """The patch of the preset at ``path``, the values of its params, and a line for each thing in it that is left out.

    Args:
        old, old_values: the patch in force: the new one has the next generation and deck, and keeps what is the room's.

    Raises:
        PresetError, FileError: there is no such preset, instrument or shader, or there are too many params.
    """
    preset = load_preset(path)
    if preset.instrument not in INSTRUMENTS:
        raise PresetError(f"there is no instrument {preset.instrument}", str(path), f"use {', '.join(INSTRUMENTS)}")
    shader, effects = _shader(preset.shader, path), [_shader(name, path) for name in preset.effects]
    specs = [*MASTER, *Instrument.SPECS, *SCORE_SPECS, *load_shader(shader).specs("deck.a")]
    for number, effect in enumerate(effects, 1):
        specs += load_shader(effect).specs(f"deck.a.fx{number}")
    params = ParamTable(specs)
    if len(params) > MAX_PARAMS:
        raise PresetError(f"{len(params)} params are more than {MAX_PARAMS}", str(path), "use fewer effects")
    values = params.default.copy()
    for instrument in INSTRUMENTS:
        values[params.index[f"synth.{instrument}.level"]] = float(instrument == preset.instrument)
    for id_, i in old.table.index.items():
        if id_.startswith(_KEPT) and id_ in params.index:
            values[params.index[id_]] = old_values[i]
    problems = []
    for id_, value in preset.params.items():
        if id_ in params.index:
            values[params.index[id_]] = params.spec(id_).clamp(value)
        else:
            problems.append(f"{path.name}: no param named {id_}; it is left out")
    patch = Patch(old.generation + 1, old.deck + 1, preset.name, str(shader), [str(effect) for effect in effects],
                  preset.instrument, list(preset.models), params, list(preset.routes))
    return patch, values, problems + _problems(path.name, preset, params)


def _problems(file: str, preset: Preset, params: ParamTable) -> list[str]:
    index = dict(table.INDEX)
    for route in preset.routes:
        if route.source.startswith("model."):
            index[route.source] = 0
    return [f"{file}: {line}" for line in RouteTable(list(preset.routes), params, index).problems]


def _shader(name: str, preset: Path) -> Path:
    beside = preset.parent / name
    if beside.is_file():
        return beside
    shaders = listing("shaders")
    if name not in shaders:
        raise PresetError(f"there is no shader named {name}", str(preset), f"use one of {', '.join(shaders)}")
    return shaders[name]
