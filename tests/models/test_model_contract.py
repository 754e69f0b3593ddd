"""A model file that breaks its promise is refused in one line that names it."""

import json

import numpy as np
import onnx
import pytest
from onnx import helper

from pix2live.errors import ModelError
from pix2live.models.contract import VECTORS, load_model, parse_contract, signal_size
from tests.models.tiny_models import promise, save, tensor


def refused(path, *words):
    with pytest.raises(ModelError) as caught:
        load_model(path)
    line = str(caught.value)
    assert "\n" not in line and str(path) in line
    for word in words:
        assert word in line
    return line


def test_good_model_tells_what_it_promised(leaky):
    model = load_model(leaky())
    assert model.contract.names() == ["model.leaky.sum"]
    assert model.contract.licence == "CC0-1.0" and model.stateful
    assert model.inputs["audio.mel"].shape == (1, 64)


def test_model_computes_and_carries_state_and_resets(leaky):
    model = load_model(leaky())
    for expected in (1.0, 1.9, 2.71):
        model.inputs["audio.mel"][:] = 1.0
        model.run()
        assert model.values[0] == pytest.approx(expected, abs=1e-5)
    model.reset()
    model.inputs["audio.mel"][:] = 0.5
    model.run()
    assert model.values[0] == pytest.approx(0.5)


def test_missing_file_is_named(tmp_path):
    refused(tmp_path / "none.onnx", "no such model file")


def test_folder_is_no_model(tmp_path):
    refused(tmp_path, "no such model file")


@pytest.mark.parametrize("content", [b"", b"RIFF not a model at all", b"\x08\x09" * 500])
def test_file_that_is_not_onnx_is_refused(tmp_path, content):
    path = tmp_path / "junk.onnx"
    path.write_bytes(content)
    refused(path, "no ONNX model")


def test_truncated_model_is_refused(leaky):
    path = leaky()
    path.write_bytes(path.read_bytes()[:-60])
    refused(path)


def test_onnx_without_metadata_is_refused(tmp_path):
    path = save(tmp_path / "plain.onnx", [helper.make_node("Identity", ["x"], ["y"])], [tensor("x", [1, 1])],
                [tensor("y", [1, 1])], None)
    refused(path, "no 'pix2live' metadata")


def test_metadata_that_is_no_json_is_refused(leaky):
    refused(leaky(contract="{not json"), "not JSON")


@pytest.mark.parametrize("text", ["[]", "3", "null", '"name"', "[" * 100_000])
def test_metadata_that_is_no_object_is_refused(text):
    with pytest.raises(ModelError, match=r"^some\.onnx: "):
        parse_contract(text, "some.onnx")


@pytest.mark.parametrize("key", ["name", "version", "description", "licence", "data", "rate_hz", "latency_s", "inputs",
                                 "outputs"])
def test_every_missing_promise_is_named(leaky, key):
    refused(leaky(contract=promise(**{key: None})), repr(key))


@pytest.mark.parametrize(("change", "words"), [
    ({"name": "Bad Name"}, "lower-case"),
    ({"rate_hz": 0}, "rate_hz"),
    ({"rate_hz": float("nan")}, "rate_hz"),
    ({"rate_hz": True}, "rate_hz"),
    ({"latency_s": -1}, "latency_s"),
    ({"inputs": [{"tensor": "mel", "signal": "audio.smell", "size": 64, "frames": 1}]}, "does not exist"),
    ({"inputs": [{"tensor": "mel", "signal": "audio.mel", "size": 32, "frames": 1}]}, "64 values"),
    ({"inputs": [{"tensor": "mel", "signal": "audio.mel", "size": 64, "frames": 0}]}, "frames"),
    ({"inputs": [{"tensor": "mel", "signal": "audio.mel", "size": 64, "frames": 1.5}]}, "whole number"),
    ({"inputs": 7}, "list of objects"),
    ({"outputs": [{"name": "sum", "low": 1, "high": 1}]}, "range"),
    ({"outputs": [{"name": "sum", "low": 0, "high": 9}] * 2}, "twice"),
    ({"outputs": [{"name": "sum", "low": 0, "high": 9, "kind": "tally"}]}, "neither value nor count"),
    ({"outputs": [{"name": "sum", "low": -1, "high": 9, "kind": "count"}]}, "could fall"),
    ({"outputs": [{"name": f"o{i}", "low": 0, "high": 9} for i in range(65)]}, "64 is the most"),
])
def test_promise_that_makes_no_sense_is_refused(leaky, change, words):
    contract = promise(**change)
    refused(leaky(contract=json.dumps(contract)), words)


@pytest.mark.parametrize(("change", "words"), [
    ({"inputs": [{"tensor": "smell", "signal": "audio.mel", "size": 64, "frames": 1}]}, "no input 'smell'"),
    ({"inputs": [{"tensor": "mel", "signal": "audio.mel", "size": 64, "frames": 2}]}, "shape"),
    ({"outputs": [{"name": "a", "low": 0, "high": 9}, {"name": "b", "low": 0, "high": 9}]}, "shape"),
    ({"state": [{"in": "past_in", "out": "future"}]}, "no state output 'future'"),
    ({"state": []}, "not in the metadata"),
])
def test_graph_that_differs_from_its_metadata_is_refused(leaky, change, words):
    refused(leaky(**change), words)


def test_graph_of_doubles_is_refused(tmp_path):
    path = save(tmp_path / "leaky.onnx", [helper.make_node("ReduceMean", ["mel"], ["out"], axes=[2], keepdims=0)],
                [tensor("mel", [1, 1, 64], onnx.TensorProto.DOUBLE)], [tensor("out", [1, 1], onnx.TensorProto.DOUBLE)],
                promise(state=None))
    refused(path, "tensor(double)")


def test_state_without_fixed_shape_is_refused(tmp_path):
    nodes = [helper.make_node("ReduceMean", ["mel"], ["out"], axes=[2], keepdims=0),
             helper.make_node("Identity", ["past_in"], ["past_out"])]
    path = save(tmp_path / "leaky.onnx", nodes, [tensor("mel", [1, 1, 64]), tensor("past_in", [1, "n"])],
                [tensor("out", [1, 1]), tensor("past_out", [1, "n"])], promise())
    refused(path, "not fixed")


def test_file_named_otherwise_than_the_model_is_refused(leaky):
    path = leaky()
    refused(path.rename(path.with_name("other.onnx")), "'leaky'", "rename")


def test_output_outside_its_range_is_refused_in_the_dry_run(leaky):
    refused(leaky(outputs=[{"name": "sum", "low": 0, "high": 0.5}]), "'sum'", "full scale", "outside 0..0.5")


def test_output_that_is_not_finite_is_refused_in_the_dry_run(window):
    refused(window(operator="Log"), "not finite on silence")


def test_signal_sizes_are_those_of_the_bus():
    assert signal_size("audio.mel") == 64 and signal_size("vision.grid") == 4096
    assert signal_size("audio.bass") == 1 and signal_size("audio.nonsense") == 0
    assert set(VECTORS) >= {"audio.spectrum", "audio.waveform", "audio.fft"}


def test_loading_leaves_no_trace_in_the_model(leaky):
    model = load_model(leaky())
    assert not np.any(model.values) and not np.any(model.inputs["audio.mel"])
    model.run()
    assert model.values[0] == 0.0
