"""The patch in force: what the desk tells the engines to play, as one text on the bus."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from pix2live.patch.param import ParamTable
from pix2live.patch.route import Route
from pix2live.signals.bus import MAX_PATCH_BYTES, Bus, Section


@dataclass
class Patch:
    """``deck`` counts preset loads: a new number means a crossfade to ``shader`` with ``effects`` (file paths)."""

    generation: int = 0
    deck: int = 0
    preset: str = ""
    shader: str = ""
    effects: list[str] = field(default_factory=list)
    instrument: str = "scan"
    models: list[str] = field(default_factory=list)
    table: ParamTable = field(default_factory=lambda: ParamTable(()))
    routes: list[Route] = field(default_factory=list)

    def dumps(self) -> str:
        """The patch as JSON text."""
        data: dict[str, Any] = {k: getattr(self, k) for k in
                                ("generation", "deck", "preset", "shader", "effects", "instrument", "models")}
        data["specs"] = self.table.to_json()
        data["routes"] = [asdict(route) for route in self.routes]
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> "Patch":
        """The inverse of ``dumps``."""
        data = json.loads(text)
        table = ParamTable.from_json(data.pop("specs"))
        return cls(**{**data, "table": table, "routes": [Route(**route) for route in data["routes"]]})


def publish_text(section: Section, text: str, generation: int, now_s: float) -> None:
    """Put a text on a text section of the bus (``patch``, ``models``)."""
    data = text.encode()
    frame = section.frame
    if len(data) > frame["text"].shape[1]:
        raise ValueError(f"text of {len(data)} bytes does not fit")
    frame["stamp"], frame["generation"], frame["length"] = now_s, generation, len(data)
    frame["text"][0, :len(data)] = np.frombuffer(data, np.uint8)
    assert section.dtype.fields is not None
    section.publish(section.dtype.fields["text"][1] + len(data))


class PatchReader:
    """Watches a text section; ``changed`` gives its text when a new generation has come, else None."""

    def __init__(self, section: Section) -> None:
        self._section, self._seen = section, 0
        self._record = section.record()

    def changed(self) -> str | None:
        """The newest text if it has not been given yet. Not for the audio callback."""
        if self._section.count == self._seen:
            return None
        number = self._section.newest(self._record)
        if number < 0:
            return None
        self._seen = number + 1
        return self._record["text"][0, : int(self._record["length"][0])].tobytes().decode()


def read_patch(bus: Bus) -> Patch | None:
    """The patch now on the bus, or None where none is yet."""
    text = PatchReader(bus.patch).changed()
    return Patch.loads(text) if text else None


__all__ = ["MAX_PATCH_BYTES", "Patch", "PatchReader", "publish_text", "read_patch"]
