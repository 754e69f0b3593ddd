"""A preset's instrument fed by a picture through the preset's own routes, as fast as it goes and without a show."""

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pix2live.patch.param import ParamTable
from pix2live.patch.preset import Preset
from pix2live.patch.route import RouteTable
from pix2live.signals import table
from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import score_from_picture
from pix2live.vision.viewer import Viewer, VisualFeatures

RATE, BLOCK = 48000, 256
INSTRUMENTS = ("scan", "drone", "harmony")
_VISION = slice(table.INDEX[table.VISION[0]], table.INDEX[table.VISION[0]] + len(table.VISION))
_ROWS, _COLUMNS = 64, 128

Film = Callable[[float], NDArray[np.uint8]]
"""The picture, uint8 (height, width, 3), at a time in seconds."""


class Player:
    """Eye, routes and instrument of one preset, as perception and the audio engine have them; no sound comes in.

    Args:
        preset: its instrument is played, its params and those of its routes that lead to the synth hold.
        changes: params by id that win over the preset's.
    """

    def __init__(self, preset: Preset, changes: Mapping[str, float] = MappingProxyType({})) -> None:
        self._params = ParamTable(Instrument.SPECS)
        self._routes = RouteTable(
            [route for route in preset.routes if route.target in self._params.index], self._params, table.INDEX
        )
        self._base = self._params.default.copy()
        levels = {f"synth.{name}.level": float(name == preset.instrument) for name in INSTRUMENTS}
        for id_, value in {**preset.params, **levels, **changes}.items():
            if id_ in self._params.index:
                self._base[self._params.index[id_]] = value
        self.instrument = Instrument(RATE, max_partials=_ROWS)
        self._viewer, self._seen = Viewer(), VisualFeatures()
        self._values = np.zeros(len(table.NAMES))

    def set(self, id_: str, value: float) -> None:
        """Change a param's base value."""
        self._base[self._params.index[id_]] = value

    def param(self, id_: str) -> float:
        """What a param is now, routes included."""
        return float(self._routes.out[self._params.index[id_]])

    def blocks(self, film: Film, seconds: float, fps: float = 30.0) -> Iterator[NDArray[np.float32]]:
        """(256, 2) sound again and again; the array is used again. Begins anew: the same film gives the same sound."""
        self._viewer.reset()
        self._routes.reset()
        self._values[:] = 0.0
        self.instrument.set_score(None)
        self.instrument.reset()
        out: NDArray[np.float32] = np.zeros((BLOCK, 2), np.float32)
        params = np.zeros(len(self._params), np.float32)
        shown, last = 0, None
        for number in range(math.ceil(seconds * RATE / BLOCK)):
            now_s = number * BLOCK / RATE
            if now_s * fps >= shown:
                picture = film(now_s)
                if picture is last:
                    self._viewer.rest(now_s, self._seen)
                else:
                    self._viewer.process(picture, now_s, self._seen)
                    self.instrument.set_score(score_from_picture(picture, _ROWS, _COLUMNS))
                last = picture
                self._values[_VISION] = self._seen.scalars
                shown += 1
            params[:] = self._routes.evaluate(self._values, self._base, BLOCK / RATE)
            self.instrument.process(params, out)
            yield out

    def play(self, film: Film, seconds: float, fps: float = 30.0) -> NDArray[np.float32]:
        """(frames, 2) sound of a film."""
        return np.concatenate([block.copy() for block in self.blocks(film, seconds, fps)])


def still(picture: NDArray[np.uint8]) -> Film:
    """A film of one picture."""
    return lambda _now_s: picture
