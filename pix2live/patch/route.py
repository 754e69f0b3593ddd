"""Cables: a signal moves a param. Routes compile to arrays, and one kernel evaluates them all."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.errors import PresetError
from pix2live.patch.param import ParamTable
from pix2live.signals import table

CURVES = ("linear", "square", "cube", "sqrt", "smooth")
_ACCUMULATING = (".phase", ".count", "_count", ".time_s", ".frame", ".bar")


@dataclass(frozen=True)
class Route:
    """``target`` moves by ``depth`` (1 = its whole range) times ``curve`` of ``source``, followed with
    ``attack_s`` upward and ``release_s`` downward (time constants in seconds; 0 = at once)."""

    source: str
    target: str
    depth: float = 1.0
    curve: str = "linear"
    attack_s: float = 0.0
    release_s: float = 0.0

    def __post_init__(self) -> None:
        where = f"route {self.source} to {self.target}"
        if self.curve not in CURVES:
            raise PresetError(f"curve {self.curve!r} is unknown", where, f"use one of {', '.join(CURVES)}")
        for name in ("depth", "attack_s", "release_s"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not isfinite(value) or (name != "depth" and value < 0.0):
                raise PresetError(f"{name} = {value!r} is not usable", where, "give a plain number")


def accumulates(source: str) -> bool:
    """True for signals that only grow (counters, accumulated phase, time): what they move wraps round its range."""
    return source.endswith(_ACCUMULATING) and source not in ("beat.phase", "beat.bar_phase")


def model_index(names: list[str]) -> dict[str, int]:
    """Where the loaded models' signals lie in the flat values, given their names in the order of the bus's slots."""
    return {name: table.INDEX[slot] for name, slot in zip(names, table.MODEL, strict=False)}


@kernel
def evaluate_routes(values, base, sources, targets, depths, curves, attacks, releases, states, wraps,
                    low, high, stepped, dt_s, out):
    """``out = base + sum(depth * range * curve(follow(signal)))``, wrapped or clamped, whole where stepped.

    A follower approaches exponentially: ``1 - exp(-dt / tau)`` of the way, so that any frame rate gives the same curve.
    The first call (state NaN) takes the signal as it is.
    """
    for p in range(out.shape[0]):
        out[p] = base[p]
    for r in range(sources.shape[0]):
        x = values[sources[r]]
        if not np.isfinite(x):
            x = 0.0
        y = states[r]
        if not np.isnan(y):
            tau = attacks[r] if x > y else releases[r]
            if tau > 0.0:
                x = y + (x - y) * (1.0 - np.exp(-dt_s / tau))
        states[r] = x
        c = curves[r]
        if c == 1:
            x = x * abs(x)
        elif c == 2:
            x = x * x * x
        elif c == 3:
            x = np.sqrt(x) if x >= 0.0 else -np.sqrt(-x)
        elif c == 4:
            x = min(max(x, 0.0), 1.0)
            x = x * x * (3.0 - 2.0 * x)
        t = targets[r]
        out[t] += depths[r] * (high[t] - low[t]) * x
    for p in range(out.shape[0]):
        if wraps[p] and high[p] > low[p]:
            out[p] = low[p] + (out[p] - low[p]) % (high[p] - low[p])
        else:
            out[p] = min(max(out[p], low[p]), high[p])
        if stepped[p]:
            out[p] = np.floor(out[p] + 0.5)


class RouteTable:
    """Routes compiled for one set of params and one set of signal names.

    Args:
        routes: the cables. params: what they move. index: signal name to its place in the flat values.

    Routes whose source or target does not exist are left out and listed in ``problems`` (one line each).
    """

    def __init__(self, routes: list[Route], params: ParamTable, index: dict[str, int]) -> None:
        self.problems: list[str] = []
        self.params = params
        kept = []
        for route in routes:
            if route.source not in index:
                self.problems.append(f"route {route.source} to {route.target}: no signal named {route.source}")
            elif route.target not in params.index:
                self.problems.append(f"route {route.source} to {route.target}: no param named {route.target}")
            else:
                kept.append(route)
        self.routes = kept
        self._sources = np.array([index[r.source] for r in kept], np.int64)
        self._targets = np.array([params.index[r.target] for r in kept], np.int64)
        self._depths = np.array([r.depth for r in kept], np.float64)
        self._curves = np.array([CURVES.index(r.curve) for r in kept], np.int64)
        self._attacks = np.array([r.attack_s for r in kept], np.float64)
        self._releases = np.array([r.release_s for r in kept], np.float64)
        self._states = np.full(len(kept), np.nan)
        self._wraps = np.zeros(len(params), np.bool_)
        for route in kept:
            if accumulates(route.source):
                self._wraps[params.index[route.target]] = True
        self.out = params.default.copy()

    def evaluate(self, values: np.ndarray, base: np.ndarray, dt_s: float) -> np.ndarray:
        """Param values for these signal and ``base`` values; ``dt_s`` since the last call. Real-time safe."""
        evaluate_routes(values, base, self._sources, self._targets, self._depths, self._curves, self._attacks,
                        self._releases, self._states, self._wraps, self.params.low, self.params.high,
                        self.params.stepped, dt_s, self.out)
        return self.out

    def reset(self) -> None:
        """Forget the followers' past."""
        self._states[:] = np.nan
