"""Tiny models made on the spot: a leaky sum of its input (with state), and a window's ends (without)."""

import numpy as np
import pytest
from onnx import helper

from tests.models.tiny_models import promise, save, tensor


@pytest.fixture
def leaky(tmp_path):
    """Makes past = 0.9 past + mean(mel), out = past: a model that must see every frame once, in order."""

    def make(name="leaky", contract=None, **change):
        node = helper.make_node
        nodes = [
            node("ReduceMean", ["mel"], ["now"], axes=[2], keepdims=0),
            node("Mul", ["past_in", "leak"], ["faded"]),
            node("Add", ["faded", "now"], ["past_out"]),
            node("Identity", ["past_out"], ["sum"]),
        ]
        return save(tmp_path / f"{name}.onnx", nodes, [tensor("mel", [1, 1, 64]), tensor("past_in", [1, 1])],
                    [tensor("sum", [1, 1]), tensor("past_out", [1, 1])],
                    promise(name, **change) if contract is None else contract,
                    [("leak", np.float32(0.9))])

    return make


@pytest.fixture
def window(tmp_path):
    """Makes out = (oldest, newest) of ``frames`` frames of audio.level, run at ``rate_hz``; without state."""

    def make(name="window", frames=4, rate_hz=187.5, low=-10.0, high=1e6, operator="Identity"):
        nodes = [
            helper.make_node("Gather", ["levels", "ends"], ["picked"], axis=1),
            helper.make_node("Reshape", ["picked", "shape"], ["flat"]),
            helper.make_node(operator, ["flat"], ["out"]),
        ]
        contract = promise(
            name, rate_hz=rate_hz, state=None,
            inputs=[{"tensor": "levels", "signal": "audio.level", "size": 1, "frames": frames}],
            outputs=[{"name": "oldest", "low": low, "high": high}, {"name": "newest", "low": low, "high": high}])
        return save(tmp_path / f"{name}.onnx", nodes, [tensor("levels", [1, frames, 1])], [tensor("out", [1, 2])],
                    contract, [("ends", np.array([0, frames - 1])), ("shape", np.array([1, 2]))])

    return make
