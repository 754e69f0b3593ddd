"""Does what people feel goes together go together here: pictures vary in one respect, and the sound is measured.

Pieces stay on C and do not modulate, so that modes compare; all else is the preset's. For each set the measure at each
step is the mean over seeds (other pictures and other pieces of the same kind), and rho is Spearman's between step and
measure; ``lowest`` is the least favourable seed by itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pix2live.patch.preset import Preset, find_preset, load_preset
from tools.voice_hearing import measure as measure_sound
from tools.voice_hearing import spearman
from tools.voice_player import Player
from tools.voice_sets import SETS

PRESET = "picture_music"
BAR = 0.8


class Relation(NamedTuple):
    """One that was published (or is this project's own): what is seen, what is heard, and which way."""

    seen: str
    heard: str
    sign: int
    source: str


RELATIONS = (
    Relation("brightness", "mode", 1, "Palmer 2013; Valdez & Mehrabian 1994"),
    Relation("brightness", "tempo", 1, "Palmer 2013"),
    Relation("brightness", "centroid", 1, "Spence 2011"),
    Relation("brightness", "pitch", 1, "Spence 2011"),
    Relation("brightness", "loudness", -1, "Whiteford 2018"),
    Relation("saturation", "tempo", 1, "Palmer 2013; Valdez & Mehrabian 1994"),
    Relation("saturation", "mode", 1, "Palmer 2013; Valdez & Mehrabian 1994"),
    Relation("saturation", "loudness", 1, "Whiteford 2018"),
    Relation("warmth", "mode", 1, "Palmer 2013"),
    Relation("warmth", "tempo", 1, "Palmer 2013"),
    Relation("warmth", "loudness", 1, "Whiteford 2018"),
    Relation("angularity", "roughness", 1, "Lacey 2020"),
    Relation("angularity", "centroid", 1, "Fort & Schwartz 2022"),
    Relation("angularity", "continuity", -1, "Fort & Schwartz 2022"),
    Relation("roughness", "roughness", 1, "Lacey 2020"),
    Relation("height", "pitch", 1, "Spence 2011"),
    Relation("size", "pitch", -1, "Spence 2011"),
    Relation("motion", "onsets", 1, "own"),
    Relation("detail", "onsets", 1, "own"),
)
SCAN_RELATIONS = (
    Relation("height", "centroid", 1, "Spence 2011"),
    Relation("height", "pitch", 1, "Spence 2011"),
    Relation("brightness", "loudness", 1, "own"),
)
PLAIN_SCAN = Preset("scan", "", params={"synth.scan.normalise": 0.0, "synth.scan.tilt_db": 0.0,
                                        "synth.scan.seconds": 4.0})  # fmt: skip


def measure(
    preset: str = PRESET, seconds: float = 24.0, steps: int = 9, seeds: int = 3, sets: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """For each relation: ``instrument, seen, heard, sign, source, rho, lowest`` and the ``values`` at the steps.

    Args:
        preset: whose routes and instrument sound the pictures.
        seconds: of sound for each picture. seeds: other pictures of the set, each with another piece.
        sets: only those.

    Raises:
        PresetError, FileError: of the preset.
    """
    yield from measure_relations(load_preset(find_preset(preset)), RELATIONS, seconds, steps, seeds, sets)
    yield from measure_relations(PLAIN_SCAN, SCAN_RELATIONS, 6.0, steps, 2, sets)


def measure_relations(
    preset: Preset, relations: Sequence[Relation], seconds: float, steps: int, seeds: int, sets: Sequence[str] | None
) -> Iterator[dict[str, Any]]:
    """As ``measure``, for one preset and its relations."""
    player = Player(preset, {"synth.harmony.key": 1.0, "synth.harmony.form": 0.0})
    for name in dict.fromkeys(relation.seen for relation in relations):
        if sets is not None and name not in sets:
            continue
        heard = listen(player, name, seconds, steps, seeds)
        for relation in relations:
            if relation.seen == name:
                yield {"instrument": preset.instrument, **relation._asdict(),
                       **rank(heard[relation.heard], relation.sign)}  # fmt: skip


def listen(player: Player, name: str, seconds: float, steps: int, seeds: int) -> dict[str, np.ndarray]:
    """Every measure (seeds, steps) of the pictures of a set."""
    table: list[list[dict[str, float]]] = []
    for seed in range(1, seeds + 1):
        player.set("synth.harmony.seed", float(seed))
        table.append([
            measure_sound(player.play(SETS[name](x, seed), seconds, 15.0)) for x in np.linspace(0.0, 1.0, steps)
        ])  # fmt: skip
    return {key: np.array([[cell[key] for cell in row] for row in table]) for key in table[0][0]}


def rank(values: np.ndarray, sign: int) -> dict[str, Any]:
    """rho of the mean over seeds, the least favourable seed's, and whether the bar is met with the right sign."""
    steps = np.arange(values.shape[1])
    rho = spearman(steps, values.mean(axis=0))
    lowest = min((spearman(steps, row) for row in values), key=lambda one: sign * one)
    return {"rho": rho, "lowest": lowest, "met": bool(sign * rho >= BAR),
            "values": np.round(values.mean(axis=0), 4).tolist()}  # fmt: skip
