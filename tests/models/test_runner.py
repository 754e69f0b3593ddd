"""The runner: within its budget, the same at any grouping of frames, and never stopped by one bad model."""

import numpy as np
import onnx
import pytest
from onnx import helper

from pix2live.models.budget import Cost
from pix2live.models.contract import load_model
from pix2live.models.runner import MAX_WAITING, Runner, open_models
from pix2live.signals.table import MODEL_SLOTS
from tests.models.tiny_models import promise, save, tensor

ENDLESS = float("inf")


class Timer:
    """A clock that only moves when a model runs: each run takes what ``costs`` says."""

    def __init__(self, models, costs):
        self.now = 0.0
        for model, cost in zip(models, costs, strict=True):
            model.run = self.slow(model.run, cost)

    def slow(self, run, cost):
        def slowed():
            self.now += cost() if callable(cost) else cost
            run()
        return slowed

    def __call__(self):
        return self.now


def mel(frames, seed=0):
    return np.random.default_rng(seed).random((frames, 64)).astype(np.float32)


def test_names_values_and_slots_agree(leaky, window):
    runner = Runner([load_model(leaky()), load_model(window())], ENDLESS)
    assert runner.names() == ["model.leaky.sum", "model.window.oldest", "model.window.newest"]
    assert runner.signals() == ["audio.level", "audio.mel"]
    assert runner.values.shape == (MODEL_SLOTS,)
    runner.step({"audio.mel": np.ones((2, 64)), "audio.level": np.arange(1.0, 7.0)})
    np.testing.assert_allclose(runner.values[:3], [1.9, 3.0, 6.0], rtol=1e-6)
    assert not runner.values[3:].any()


def test_frames_in_bulk_equal_frames_one_by_one_bit_for_bit(leaky, window):
    feed_mel, feed_level = mel(600), np.arange(600.0)
    results = []
    for group in (1, 3, 8, 150, 600):
        models = [load_model(leaky()), load_model(window(rate_hz=62.5))]
        runner = Runner(models, ENDLESS)
        seen = {}
        for start in range(0, 600, group):
            part = slice(start, start + group)
            runner.step({"audio.mel": feed_mel[part], "audio.level": feed_level[part]})
            seen[min(start + group, 600)] = runner.values[:3].copy()
        assert runner.skipped == 0 and not runner.notices
        results.append(seen[600])
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
    assert tuple(results[0][1:]) == (596.0, 599.0)


def test_same_again_after_reset(leaky):
    runner = Runner([load_model(leaky())], ENDLESS)
    runs = []
    for _ in range(2):
        runner.step({"audio.mel": mel(50)})
        runs.append(runner.values.copy())
        runner.reset()
        assert runner.values[0] == 0.0
    np.testing.assert_array_equal(runs[0], runs[1])


def test_slower_rate_runs_every_nth_frame(window):
    runner = Runner([load_model(window(frames=2, rate_hz=187.5 / 4))], ENDLESS)
    newest = []
    for i in range(1, 13):
        runner.step({"audio.level": np.array([float(i)])})
        newest.append(runner.values[1])
    assert newest == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12]
    assert runner.counts()["window"] == (3, 0)


def test_dear_model_without_state_is_skipped_and_counted_and_keeps_its_values(window):
    models = [load_model(window())]
    runner = Runner(models, 0.002, timer=Timer(models, [0.0021]))
    runner.step({"audio.level": np.array([7.0])})  # the first run measures
    for i in range(2):
        runner.step({"audio.level": np.array([8.0 + i])})
        assert runner.values[1] == (7.0 if i < 1 else runner.values[1])
    runs, skipped = runner.counts()["window"]
    assert skipped >= 1 and runs + skipped == 3


def test_model_skipped_for_long_is_tried_again(window):
    models = [load_model(window())]
    dear = iter([0.01] + [0.0001] * 1000)
    runner = Runner(models, 0.002, timer=Timer(models, [lambda: next(dear)]))
    for i in range(300):
        runner.step({"audio.level": np.array([float(i)])})
    runs, skipped = runner.counts()["window"]
    assert skipped > 10 and runs > 100
    assert runner.values[1] == 299.0


def test_model_with_state_catches_up_and_loses_nothing(leaky):
    reference = Runner([load_model(leaky())], ENDLESS)
    models = [load_model(leaky())]
    runner = Runner(models, 0.0035, timer=Timer(models, [0.001]))
    frames = mel(40)
    reference.step({"audio.mel": frames})
    runner.step({"audio.mel": frames[:30]})
    assert runner.counts()["leaky"][0] == 3 and runner.skipped == 0
    for frame in frames[30:]:
        runner.step({"audio.mel": frame[None]})
    for _ in range(10):
        runner.step({})
    assert runner.counts()["leaky"] == (40, 0)
    assert runner.values[0] == reference.values[0]


def test_model_too_far_behind_starts_afresh_and_counts_what_it_lost(leaky):
    models = [load_model(leaky())]
    runner = Runner(models, 0.0015, timer=Timer(models, [0.001]))
    frames = np.ones((MAX_WAITING + 20, 64), np.float32)
    runner.step({"audio.mel": frames[:50]})
    runner.step({"audio.mel": frames[50:]})
    runs, skipped = runner.counts()["leaky"]
    assert skipped == MAX_WAITING
    for _ in range(200):
        runner.step({})
    runs, skipped = runner.counts()["leaky"]
    assert runs + skipped == len(frames)
    fresh = runs - 2
    assert runner.values[0] == pytest.approx(sum(0.9**i for i in range(fresh)), rel=1e-4)


def test_lost_frames_restart_a_model_with_state(leaky):
    runner = Runner([load_model(leaky())], ENDLESS)
    runner.step({"audio.mel": np.ones((100, 64))})
    runner.step({"audio.mel": np.ones((1, 64))}, lost=12)
    assert runner.values[0] == pytest.approx(1.0)
    assert runner.skipped == 12


def test_tight_budget_starves_nobody(leaky):
    models = [load_model(leaky(name)) for name in ("one", "two", "three")]
    runner = Runner(models, 0.0015, timer=Timer(models, [0.001] * 3))
    for _ in range(300):
        runner.step({"audio.mel": np.ones((1, 64))})
    runs = [runner.counts()[name][0] for name in ("one", "two", "three")]
    assert min(runs) > 80


def test_failing_model_is_off_with_one_line_and_the_others_go_on(leaky):
    models = [load_model(leaky("good")), load_model(leaky("bad"))]

    def fail():
        raise RuntimeError("out of\nluck")

    runner = Runner(models, ENDLESS)
    runner.step({"audio.mel": np.ones((1, 64))})
    models[1].run = fail
    for _ in range(5):
        runner.step({"audio.mel": np.ones((1, 64))})
    assert len(runner.notices) == 1
    assert "bad.onnx" in runner.notices[0] and "out of luck" in runner.notices[0]
    assert runner.values[0] == pytest.approx(sum(0.9**i for i in range(6)))
    assert runner.values[1] == 0.0


def test_model_that_gives_nan_is_off(tmp_path):
    contract = promise("root", state=None, inputs=[{"tensor": "x", "signal": "vision.flow_x", "size": 1, "frames": 1}],
                       outputs=[{"name": "y", "low": 2.0, "high": 3.0}])
    nodes = [helper.make_node("Sqrt", ["x"], ["r"]), helper.make_node("Reshape", ["r", "shape"], ["s"]),
             helper.make_node("Add", ["s", "two"], ["y"])]
    path = save(tmp_path / "root.onnx", nodes, [tensor("x", [1, 1, 1])], [tensor("y", [1, 1])], contract,
                [("shape", np.array([1, 1])), ("two", np.float32(2.0))])
    runner = Runner([load_model(path)], ENDLESS)
    runner.step({"vision.flow_x": np.array([0.25])})
    assert runner.values[0] == 2.5
    runner.step({"vision.flow_x": np.array([-1.0])})
    assert runner.values[0] == 2.0 and len(runner.notices) == 1
    runner.step({"vision.flow_x": np.array([0.25])})
    assert runner.values[0] == 2.0
    runner.reset()
    runner.step({"vision.flow_x": np.array([0.25])})
    assert runner.values[0] == 2.5


def test_feed_of_a_wrong_size_disables_only_that_model(leaky, window):
    runner = Runner([load_model(leaky()), load_model(window())], ENDLESS)
    runner.step({"audio.mel": np.ones((1, 63)), "audio.level": np.array([5.0])})
    assert len(runner.notices) == 1 and runner.values[2] == 5.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_in_the_feed_count_as_zero(leaky, bad):
    runner = Runner([load_model(leaky())], ENDLESS)
    frames = np.full((2, 64), bad, np.float32)
    kept = frames.copy()
    runner.step({"audio.mel": frames})
    assert runner.values[0] == 0.0 and not runner.notices
    np.testing.assert_array_equal(frames, kept)


def test_output_stays_in_its_range(leaky):
    runner = Runner([load_model(leaky(outputs=[{"name": "sum", "low": 0.0, "high": 6.0}]))], ENDLESS)
    runner.step({"audio.mel": np.ones((100, 64))})
    assert runner.values[0] == 6.0


def test_count_adds_up_and_goes_on_when_frames_are_lost_and_when_the_model_is_off(leaky):
    model = load_model(leaky(outputs=[{"name": "sum", "low": 0.0, "high": 100.0, "kind": "count"}]))
    runner = Runner([model], ENDLESS)
    runner.step({"audio.mel": np.ones((2, 64))})
    assert runner.values[0] == pytest.approx(1.0 + 1.9)
    runner.step({"audio.mel": np.ones((1, 64))}, lost=3)
    assert runner.values[0] == pytest.approx(2.9 + 1.0)
    model.values[:] = np.nan
    model.run = lambda: None
    runner.step({"audio.mel": np.ones((1, 64))})
    assert runner.notices and runner.values[0] == pytest.approx(3.9)
    runner.reset()
    assert runner.values[0] == 0.0


def test_second_model_of_one_name_is_left_out_with_a_line(leaky):
    runner = Runner([load_model(leaky()), load_model(leaky())], ENDLESS)
    assert len(runner.names()) == 1 and "runs already" in runner.notices[0]


def test_models_beyond_the_slots_are_left_out_with_a_line(tmp_path):
    models = []
    for i in range(3):
        outputs = [{"name": f"o{k}", "low": 0, "high": 1} for k in range(30)]
        contract = promise(f"m{i}", state=None, outputs=outputs,
                           inputs=[{"tensor": "x", "signal": "audio.level", "size": 1, "frames": 30}])
        nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
        models.append(load_model(save(tmp_path / f"m{i}.onnx", nodes, [tensor("x", [1, 30, 1])], [tensor("y", [1, 30])],
                                      contract, [("shape", np.array([1, 30]))])))
    runner = Runner(models, ENDLESS)
    assert len(runner.names()) == 60 and len(runner.notices) == 1


def test_no_models_is_no_work():
    runner = Runner([])
    runner.step({"audio.mel": np.ones((1, 64))})
    assert runner.names() == [] and not runner.values.any()


def test_cost_is_the_90th_percentile_of_the_newest():
    cost = Cost()
    for i in range(1, 101):
        cost.add(float(i % 10))
    assert cost.expected_s in (8.0, 9.0)
    assert cost.fits(9.0) and not cost.fits(1.0)
    for _ in range(40):
        cost.add(0.5)
    assert cost.expected_s == 0.5


def test_missing_and_corrupt_models_give_one_line_each_and_the_rest_opens(monkeypatch, tmp_path, leaky):
    monkeypatch.setattr("pix2live.resources.user_dir", lambda kind="": tmp_path)
    leaky()
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    models, notices = open_models(["leaky", "broken", "absent"])
    assert [model.contract.name for model in models] == ["leaky"]
    assert len(notices) == 2 and "broken.onnx" in notices[0] and "absent" in notices[1]
    assert all("\n" not in notice for notice in notices)


def test_own_model_of_the_user_wins_over_the_bundled_one(monkeypatch, tmp_path, leaky):
    monkeypatch.setattr("pix2live.resources.user_dir", lambda kind="": tmp_path)
    path = leaky("drums")
    models, notices = open_models(["drums"])
    assert not notices and models[0].path == path


def test_onnxruntime_is_imported_only_to_load():
    import subprocess
    import sys

    code = "import sys, pix2live.models.runner, pix2live.models.contract; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert onnx is not None
