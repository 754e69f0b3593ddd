"""One loaded model: its ONNX Runtime session with every input, output and state buffer bound once."""

from pathlib import Path
from typing import Any

import numpy as np

from pix2live.errors import ModelError
from pix2live.models.contract import ModelContract

_FLOAT = "tensor(float)"


def open_session(path: Path) -> Any:
    """An ONNX Runtime session for ``path``: one thread, no spinning, no log output. Raises ModelError."""
    if not path.is_file():
        raise ModelError("there is no such model file", str(path), "name another model or put the file back")
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(f"models need onnxruntime ({error})", str(path), "pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen types of its own, all straight from Exception
        raise ModelError(f"this is no ONNX model that can run ({_brief(error)})", str(path),
                         "get the file again or export it anew") from None


class Model:
    """A model ready to run in one thread; ``run`` allocates no arrays of its own.

    ``inputs`` maps each signal to the float32 ``(frames, size)`` array to fill before ``run``; ``values`` is the
    float32 ``(outputs,)`` array that ``run`` fills. Raises ModelError if the graph's tensors are not as promised.
    """

    def __init__(self, contract: ModelContract, session: Any, path: Path) -> None:
        import onnxruntime

        self.contract = contract
        self.path = path
        self._session = session
        self._check_tensors()
        self._binding = session.io_binding()
        # Values made from numpy arrays share their memory on the CPU, so writing the array is feeding the net.
        share = onnxruntime.OrtValue.ortvalue_from_numpy
        self.inputs: dict[str, np.ndarray] = {}
        self._held = []
        for entry in contract.inputs:
            array = np.zeros((1, entry.frames, entry.size), np.float32)
            self.inputs[entry.signal] = array[0]
            self._held.append(share(array))
            self._binding.bind_ortvalue_input(entry.tensor, self._held[-1])
        array = np.zeros((1, len(contract.outputs)), np.float32)
        self.values = array[0]
        self._held.append(share(array))
        self._binding.bind_ortvalue_output(self._output, self._held[-1])
        shapes = {value.name: value.shape for value in session.get_inputs()}
        self._state: list[tuple[np.ndarray, np.ndarray]] = []
        for name_in, name_out in contract.state:
            pair = np.zeros(shapes[name_in], np.float32), np.zeros(shapes[name_in], np.float32)
            self._state.append(pair)
            self._held += [share(pair[0]), share(pair[1])]
            self._binding.bind_ortvalue_input(name_in, self._held[-2])
            self._binding.bind_ortvalue_output(name_out, self._held[-1])

    @property
    def stateful(self) -> bool:
        """True where every frame must be fed once, in order."""
        return bool(self._state)

    def run(self) -> None:
        """One call of the net: ``inputs`` and the state give ``values`` and the next state."""
        self._session.run_with_iobinding(self._binding)
        for before, after in self._state:
            before[...] = after

    def reset(self) -> None:
        """Back to the state of a model that has just been loaded."""
        for before, after in self._state:
            before.fill(0.0)
            after.fill(0.0)
        for array in self.inputs.values():
            array.fill(0.0)
        self.values.fill(0.0)

    def rehearse(self) -> None:
        """Run on silence, full scale and noise, then reset. Raises ModelError unless all stays finite, in range."""
        noise = np.random.default_rng(0)
        low = np.array([output.low for output in self.contract.outputs], np.float64)
        high = np.array([output.high for output in self.contract.outputs], np.float64)
        slack = 1e-3 * (high - low)
        for kind in ("silence", "full scale", "noise"):
            self.reset()
            for _ in range(8):
                for array in self.inputs.values():
                    array[...] = {"silence": 0.0, "full scale": 1.0}.get(kind, noise.random(array.shape))
                try:
                    self.run()
                except Exception as error:
                    raise ModelError(f"it fails when run on {kind} ({_brief(error)})", str(self.path),
                                     "export it anew") from None
                state = [after for _, after in self._state]
                if not all(np.isfinite(array).all() for array in (self.values, *state)):
                    raise ModelError(f"its outputs are not finite on {kind}", str(self.path), "export it anew")
                if ((self.values < low - slack) | (self.values > high + slack)).any():
                    worst = int(np.argmax(np.maximum(low - self.values, self.values - high)))
                    raise ModelError(
                        f"output {self.contract.outputs[worst].name!r} is {self.values[worst]:.4g} on {kind}, outside "
                        f"{low[worst]:g}..{high[worst]:g}", str(self.path), "correct its range or clip it in the graph")
        self.reset()

    def _check_tensors(self) -> None:
        """The graph's own inputs and outputs against the contract's. Sets ``_output``. Raises ModelError."""
        inputs = {value.name: value for value in self._session.get_inputs()}
        outputs = {value.name: value for value in self._session.get_outputs()}
        for entry in self.contract.inputs:
            self._expect(inputs, entry.tensor, [1, entry.frames, entry.size], "input")
        for name_in, name_out in self.contract.state:
            shape = inputs[name_in].shape if name_in in inputs else []
            if not all(isinstance(side, int) and side > 0 for side in shape):
                self._fail(f"state {name_in!r} has the shape {shape}, which is not fixed")
            self._expect(inputs, name_in, shape, "state input")
            self._expect(outputs, name_out, shape, "state output")
        promised = {entry.tensor for entry in self.contract.inputs} | {pair[0] for pair in self.contract.state}
        extra = set(inputs) - promised
        if extra:
            self._fail(f"the graph's input {min(extra)!r} is not in the metadata")
        free = set(outputs) - {pair[1] for pair in self.contract.state}
        if len(free) != 1:
            self._fail(f"the graph must have one output beside its state, not {sorted(free)}")
        self._output = free.pop()
        self._expect(outputs, self._output, [1, len(self.contract.outputs)], "output")

    def _expect(self, values: dict[str, Any], name: str, shape: list[int], kind: str) -> None:
        if name not in values:
            self._fail(f"the graph has no {kind} {name!r}")
        if values[name].type != _FLOAT:
            self._fail(f"{kind} {name!r} is {values[name].type}, not {_FLOAT}")
        if list(values[name].shape) != shape:
            self._fail(f"{kind} {name!r} has the shape {list(values[name].shape)}, the metadata says {shape}")

    def _fail(self, what: str) -> None:
        raise ModelError(what, str(self.path), "correct the metadata or export the model anew")


def _brief(error: Exception) -> str:
    """The gist of an ONNX Runtime message, which may run over many lines."""
    text = " ".join(str(error).split()).rsplit("] : ", 1)[-1]
    return text if len(text) <= 160 else text[:157] + "..."
