"""Writes small ONNX files with metadata, good and bad."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper


def tensor(name, shape, kind=onnx.TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def promise(name="leaky", **change):
    contract = {
        "name": name, "version": "1", "description": "for tests", "licence": "CC0-1.0", "data": "none",
        "rate_hz": 187.5, "latency_s": 0.0,
        "inputs": [{"tensor": "mel", "signal": "audio.mel", "size": 64, "frames": 1}],
        "outputs": [{"name": "sum", "low": 0.0, "high": 1000.0}],
        "state": [{"in": "past_in", "out": "past_out"}],
    }
    return {key: value for key, value in (contract | change).items() if value is not None}


def save(path: Path, nodes, inputs, outputs, contract, constants=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs,
                              [numpy_helper.from_array(np.asarray(v), k) for k, v in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if contract is not None:
        text = contract if isinstance(contract, str) else json.dumps(contract)
        helper.set_model_props(model, {"pix2live": text})
    onnx.save(model, str(path))
    return path
