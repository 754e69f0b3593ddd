"""What a model file promises: the JSON under ``pix2live`` in an ONNX file's metadata, checked when it is loaded.

::

    {"name": "drums", "version": "1", "description": "...", "licence": "Apache-2.0",
     "data": "what it was trained on", "rate_hz": 187.5, "latency_s": 0.012,
     "inputs":  [{"tensor": "mel", "signal": "audio.mel", "size": 64, "frames": 1}],
     "outputs": [{"name": "kick", "low": 0, "high": 1}, {"name": "kick_count", "low": 0, "high": 1, "kind": "count"}],
     "state":   [{"in": "memory_in", "out": "memory_out"}]}

Each input tensor is float32 ``(1, frames, size)``: the newest ``frames`` frames of one signal of the bus, oldest
first. The one output tensor that is no state is float32 ``(1, len(outputs))`` and becomes ``model.NAME.OUTPUT``: a
``value`` (the usual kind) as it is, a ``count`` added up: the graph gives how many events this call found.
State tensors are float32 of one fixed shape, start at zero, and carry a causal net from call to call.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2live.errors import ModelError
from pix2live.signals import table

if TYPE_CHECKING:
    from pix2live.models.session import Model

METADATA_KEY = "pix2live"
VECTORS = {
    "audio.mel": table.MEL_SIZE,
    "audio.spectrum": table.SPECTRUM_SIZE,
    "audio.fft": table.FFT_SIZE,
    "audio.waveform": table.WAVEFORM_SIZE,
    "vision.grid": table.GRID_SIZE * table.GRID_SIZE,
    "vision.palette": table.PALETTE_SIZE * 3,
}
MAX_FRAMES = 4096
_WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ModelInput:
    """One input tensor: ``frames`` newest frames of ``signal``, each of ``size`` values."""

    tensor: str
    signal: str
    size: int
    frames: int


@dataclass(frozen=True)
class ModelOutput:
    """One number that the model gives, always within ``low..high``; ``count``: events of this call, to be added up."""

    name: str
    low: float
    high: float
    count: bool = False

    @property
    def rest(self) -> float:
        """What it shows while the model is not running: the value nearest to 0."""
        return min(max(0.0, self.low), self.high)


@dataclass(frozen=True)
class ModelContract:
    """A model's promise. ``rate_hz``: how often it wants to run; ``latency_s``: how late its outputs are."""

    name: str
    version: str
    description: str
    licence: str
    data: str
    rate_hz: float
    latency_s: float
    inputs: tuple[ModelInput, ...]
    outputs: tuple[ModelOutput, ...]
    state: tuple[tuple[str, str], ...]

    def names(self) -> list[str]:
        """The signals it gives, in the order of its output tensor."""
        return [f"model.{self.name}.{output.name}" for output in self.outputs]


def signal_size(signal: str) -> int:
    """Values in one frame of ``signal``: a vector's length, 1 for a scalar, 0 if there is no such signal."""
    return VECTORS.get(signal, 1 if signal in table.INDEX else 0)


def parse_contract(text: str, where: str | Path) -> ModelContract:
    """Read the metadata ``text`` of the file ``where``. Raises ModelError saying what is missing or wrong."""
    mend = "see the model contract in pix2live/models/contract.py"
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"its {METADATA_KEY!r} metadata is not JSON ({error})", str(where), mend) from None
    try:
        if not isinstance(raw, dict):
            raise ValueError("the metadata is no object")
        contract = ModelContract(
            **{key: _text(raw, key) for key in ("name", "version", "description", "licence", "data")},
            rate_hz=_number(raw, "rate_hz"),
            latency_s=_number(raw, "latency_s"),
            inputs=tuple(
                ModelInput(_text(i, "tensor"), _text(i, "signal"), _whole(i, "size"), _whole(i, "frames"))
                for i in _objects(raw, "inputs")
            ),
            outputs=tuple(
                ModelOutput(_text(o, "name"), _number(o, "low"), _number(o, "high"), _kind(o) == "count")
                for o in _objects(raw, "outputs")
            ),
            state=tuple((_text(s, "in"), _text(s, "out")) for s in _objects(raw, "state", needed=False)),
        )
        _check(contract)
    except ValueError as error:
        raise ModelError(f"its metadata breaks the contract: {error}", str(where), mend) from None
    return contract


def load_model(path: str | Path) -> "Model":
    """Open a model file, check everything it promises, and try it on silence and on noise.

    Raises:
        ModelError: no such file, not an ONNX model, no or wrong metadata, tensors that disagree with it, or
            outputs that are not finite or leave their range; always one line that names the file.
    """
    from pix2live.models.session import Model, open_session

    path = Path(path)
    session = open_session(path)
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(f"this ONNX file has no {METADATA_KEY!r} metadata, so its signals are not known", str(path),
                         "see the model contract in pix2live/models/contract.py")
    contract = parse_contract(text, path)
    if contract.name != path.stem:
        raise ModelError(f"the model calls itself {contract.name!r}", str(path), f"rename it {contract.name}.onnx")
    model = Model(contract, session, path)
    model.rehearse()
    return model


def _check(contract: ModelContract) -> None:
    """Raises ValueError for a promise that contradicts itself or the signals there are."""
    if not _WORD.fullmatch(contract.name):
        raise ValueError(f"name {contract.name!r} is not a lower-case word")
    if contract.rate_hz <= 0.0 or contract.latency_s < 0.0:
        raise ValueError("rate_hz must be above 0 and latency_s not below 0")
    for entry in contract.inputs:
        size = signal_size(entry.signal)
        if not size:
            raise ValueError(f"input signal {entry.signal!r} does not exist")
        if entry.size != size:
            raise ValueError(f"signal {entry.signal!r} has {size} values a frame, not {entry.size}")
        if not 1 <= entry.frames <= MAX_FRAMES:
            raise ValueError(f"input {entry.tensor!r} wants {entry.frames} frames; 1 to {MAX_FRAMES} are possible")
    if len(contract.outputs) > table.MODEL_SLOTS:
        raise ValueError(f"{len(contract.outputs)} outputs; {table.MODEL_SLOTS} is the most")
    for output in contract.outputs:
        if not _WORD.fullmatch(output.name):
            raise ValueError(f"output name {output.name!r} is not a lower-case word")
        if output.low >= output.high:
            raise ValueError(f"output {output.name!r} has the range {output.low}..{output.high}")
        if output.count and output.low < 0.0:
            raise ValueError(f"output {output.name!r} is a count that could fall")
    for kind, names in (
        ("output name", [output.name for output in contract.outputs]),
        ("input signal", [entry.signal for entry in contract.inputs]),
        ("tensor", [entry.tensor for entry in contract.inputs] + [name for pair in contract.state for name in pair]),
    ):
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"{kind} {min(twice)!r} is named twice")


def _objects(raw: dict[str, Any], key: str, needed: bool = True) -> list[dict[str, Any]]:
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{key!r} is not a list of objects")
    if needed and not value:
        raise ValueError(f"{key!r} is missing or empty")
    return value


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key!r} is missing or is no text")
    return value


def _kind(raw: dict[str, Any]) -> str:
    kind = raw.get("kind", "value")
    if kind not in ("value", "count"):
        raise ValueError(f"'kind' is {kind!r}, neither value nor count")
    return str(kind)


def _number(raw: dict[str, Any], key: str) -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{key!r} is missing or is no number")
    return float(value)


def _whole(raw: dict[str, Any], key: str) -> int:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key!r} is missing or is no whole number")
    return value
