import numpy as np
import pytest

from pix2live.vision.angle import angle, cube_root


def test_cube_root_of_every_byte_pair_is_right_to_a_millionth():
    for value in np.concatenate([[0.0], np.geomspace(1e-5, 1.0, 500)]).astype(np.float32):
        assert cube_root(value) == pytest.approx(np.cbrt(float(value)), abs=1e-6)


def test_angle_is_arctan2_all_round():
    for turn in np.radians(np.arange(-179.5, 180.0, 0.5)):
        for radius in (1e-6, 0.3, 1e4):
            x, y = np.float32(radius * np.cos(turn)), np.float32(radius * np.sin(turn))
            assert angle(y, x) == pytest.approx(np.arctan2(float(y), float(x)), abs=2e-5)
    assert angle(np.float32(0.0), np.float32(0.0)) == 0.0
