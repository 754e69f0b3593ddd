"""The params in force, as arrays: every scalar knob has one index, one range, one base value."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from pix2live.signals.spec import ParamSpec

MASTER = (
    ParamSpec("master.brightness", "Brightness", "", 0.0, 1.0, 1.0),
    ParamSpec("master.blackout", "Blackout", "", 0.0, 1.0, 0.0, kind="bool"),
    ParamSpec("master.gain_db", "Gain", "dB", -60.0, 6.0, 0.0),
    ParamSpec("master.mute", "Mute", "", 0.0, 1.0, 0.0, kind="bool"),
    # A played file or the demo tune is there to be heard; a microphone beside a loudspeaker would howl.
    ParamSpec("audio.monitor", "Played sound heard", "", 0.0, 1.0, 1.0),
    ParamSpec("audio.thru", "Live input heard", "", 0.0, 1.0, 0.0),
    ParamSpec("audio.input_gain_db", "Input gain", "dB", -24.0, 36.0, 0.0),
    ParamSpec("audio.freeze", "Levels stand still", "", 0.0, 1.0, 0.0, kind="bool"),
    ParamSpec("mixer.fade_s", "Crossfade", "s", 0.0, 20.0, 1.5),
)


class ParamTable:
    """An ordered set of scalar params.

    ``ids`` lists them, ``index`` finds them, ``low``, ``high``, ``default`` are float64 arrays, ``stepped`` bool.
    """

    def __init__(self, specs: Iterable[ParamSpec]) -> None:
        self.specs = [scalar for spec in specs for scalar in spec.scalars()]
        self.ids = [spec.id for spec in self.specs]
        self.index = {id_: i for i, id_ in enumerate(self.ids)}
        if len(self.index) != len(self.ids):
            twice = sorted({id_ for id_ in self.ids if self.ids.count(id_) > 1})
            raise ValueError(f"params named twice: {', '.join(twice)}")
        self.low = np.array([spec.low for spec in self.specs])
        self.high = np.array([spec.high for spec in self.specs])
        self.default = np.array([spec.default for spec in self.specs])
        self.stepped = np.array([spec.stepped for spec in self.specs], dtype=np.bool_)

    def __len__(self) -> int:
        return len(self.specs)

    def spec(self, id_: str) -> ParamSpec:
        """The spec of scalar param ``id_``. Raises KeyError."""
        return self.specs[self.index[id_]]

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data, for the bus."""
        return [{k: v for k, v in asdict(spec).items() if k != "components"} for spec in self.specs]

    @classmethod
    def from_json(cls, data: list[dict[str, Any]]) -> "ParamTable":
        """The inverse of ``to_json``."""
        return cls(ParamSpec(**{**item, "choices": tuple(item["choices"])}) for item in data)
