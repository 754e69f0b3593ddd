"""What a param is: an id and its spec, with map and unmap; learn, presets, routes and uniforms all read it."""

import math
from dataclasses import dataclass, field, replace

KINDS = ("float", "int", "bool", "choice", "colour", "point", "event")
CURVES = ("linear", "exp", "square", "cube")
_AXES = {"colour": ("r", "g", "b", "a"), "point": ("x", "y")}


@dataclass(frozen=True)
class ParamSpec:
    """One knob.

    Args:
        id: stable dotted name, e.g. ``deck.a.warp``; its meaning never changes.
        label: what a person reads.
        unit: e.g. ``Hz``, ``s``, ``dB``; empty for none.
        low, high: range in units. default: value in units.
        curve: how 0..1 maps to the range: linear, exp (needs low > 0), square, cube.
        kind: one of KINDS. A ``colour`` (r g b a) or ``point`` (x y) is split by ``scalars`` into float knobs.
        choices: names of the values low, low+1, ... of a ``choice``.
        components: default of each component of a colour or point.
    """

    id: str
    label: str = ""
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    default: float = 0.0
    curve: str = "linear"
    kind: str = "float"
    choices: tuple[str, ...] = ()
    components: tuple[float, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.id}: kind {self.kind!r} is none of {KINDS}")
        if self.curve not in CURVES:
            raise ValueError(f"{self.id}: curve {self.curve!r} is none of {CURVES}")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValueError(f"{self.id}: range {self.low}..{self.high} is not a range")
        if self.curve == "exp" and self.low <= 0.0:
            raise ValueError(f"{self.id}: an exp curve needs low above 0, not {self.low}")

    @property
    def stepped(self) -> bool:
        """True where only whole numbers make sense."""
        return self.kind in ("int", "bool", "choice", "event")

    def clamp(self, value: float) -> float:
        """``value`` brought into range (and to a whole number where stepped); NaN becomes the default."""
        if math.isnan(value):
            return self.default
        value = min(max(value, self.low), self.high)
        return float(round(value)) if self.stepped else value

    def map(self, position: float) -> float:
        """Knob position 0..1 to a value in units."""
        position = min(max(position, 0.0), 1.0) if not math.isnan(position) else 0.0
        if self.curve == "exp":
            return self.clamp(self.low * (self.high / self.low) ** position)
        power = {"linear": 1, "square": 2, "cube": 3}[self.curve]
        return self.clamp(self.low + (self.high - self.low) * position**power)

    def unmap(self, value: float) -> float:
        """A value in units to the knob position 0..1 (the inverse of ``map``)."""
        value = self.clamp(value)
        if self.high == self.low:
            return 0.0
        if self.curve == "exp":
            return math.log(value / self.low) / math.log(self.high / self.low)
        power = {"linear": 1, "square": 2, "cube": 3}[self.curve]
        return ((value - self.low) / (self.high - self.low)) ** (1.0 / power)

    def scalars(self) -> list["ParamSpec"]:
        """The float knobs this param is made of: itself, or one for each component of a colour or point."""
        axes = _AXES.get(self.kind)
        if axes is None:
            return [self]
        values = (*self.components, *([1.0] * len(axes)))[: len(axes)]
        return [
            replace(self, id=f"{self.id}.{axis}", label=f"{self.label or self.id} {axis}", kind="float",
                    default=float(value), components=())
            for axis, value in zip(axes, values, strict=True)
        ]
