import numpy as np
import pytest

from pix2live.dsp.mixing import mix, take_in


def test_gain_ramps_across_the_block_and_ends_where_it_should() -> None:
    out = np.zeros((4, 1), np.float32)
    take_in(np.ones((4, 1), np.float32), 0.0, 1.0, out)
    assert out[:, 0].tolist() == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_become_silence_on_both_ways(bad: float) -> None:
    heard = np.full((4, 2), bad, np.float32)
    out = np.ones((4, 2), np.float32)
    take_in(heard, 1.0, 1.0, out)
    assert (out == 0.0).all()
    mix(heard, heard, 1.0, 1.0, 1.0, 1.0, out)
    assert (out == 0.0).all()


def test_mono_is_heard_on_both_sides_and_no_channels_on_none() -> None:
    out, synth = np.zeros((4, 2), np.float32), np.zeros((4, 2), np.float32)
    mix(np.full((4, 1), 0.5, np.float32), synth, 1.0, 1.0, 1.0, 1.0, out)
    assert (out == 0.5).all()
    mix(np.zeros((4, 0), np.float32), synth + 0.25, 1.0, 1.0, 2.0, 2.0, out)
    assert (out == 0.5).all()


def test_what_is_heard_is_mixed_at_the_monitor_level() -> None:
    out = np.zeros((2, 2), np.float32)
    heard, synth = np.array([[1, -1], [1, -1]], np.float32), np.full((2, 2), 0.5, np.float32)
    mix(heard, synth, 0.25, 0.25, 1.0, 1.0, out)
    assert np.allclose(out, [[0.75, 0.25], [0.75, 0.25]])
