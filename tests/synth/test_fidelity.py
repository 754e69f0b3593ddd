"""The sound holds the picture: it is analysed back and compared."""

import pytest

from tools import bench_synth, eval_scan


@pytest.mark.parametrize("mode,ssim", [("linear", 0.99), ("erb", 0.95), ("log", 0.83)])
def test_a_photo_comes_back_from_its_sound(mode, ssim):
    figures, _, _ = eval_scan.compare("astronaut", 64, 1.05, mode)
    assert figures["ssim"] > ssim
    assert figures["correlation"] > 0.93


def test_erb_rows_keep_their_order_from_sweep_to_sweep():
    """Rows a quarter turn apart stay so: the third sweep is as clear as the first would be."""
    figures, _, _ = eval_scan.compare("camera", 128, 4.0, "erb")
    assert figures["ssim"] > 0.95


def test_another_picture_does_not_come_back():
    _, played, _ = eval_scan.compare("camera", 64, 1.05, "linear")
    _, _, heard = eval_scan.compare("coffee", 64, 1.05, "linear")
    assert eval_scan.likeness(played, heard)["ssim"] < 0.5


def test_the_bank_is_quicker_than_numpy():
    figures = bench_synth.measure(0.6)
    assert figures["times_numpy"] > 1.5
    assert 0 < figures["block_share_p50"] < figures["block_share_p99"]
