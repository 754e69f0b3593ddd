import pytest

from pix2live.dsp.follower import coefficient, follow


@pytest.mark.parametrize("step_s", [0.001, 0.005, 0.02])
def test_a_follower_goes_63_percent_in_its_time_constant_at_any_rate(step_s):
    value, c = 0.0, coefficient(0.2, step_s)
    for _ in range(round(0.2 / step_s)):
        value = follow(value, 1.0, c, 0.0)
    assert value == pytest.approx(0.632, abs=0.001)


def test_release_is_taken_on_the_way_down():
    assert follow(1.0, 0.0, 1.0, 0.25) == 0.75
    assert follow(0.0, 1.0, 1.0, 0.25) == 1.0


def test_time_zero_is_at_once():
    assert coefficient(0.0, 0.005) == 1.0


def test_decay_ends_in_zero_and_not_in_denormals():
    value = 1.0
    for _ in range(2000):
        value = follow(value, 0.0, 1.0, 0.1)
    assert value == 0.0
