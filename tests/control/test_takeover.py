"""A knob never makes its param jump."""

import pytest

from pix2live.control.takeover import Takeover

CC = "midi.cc.1.74"


def _turn(takeover: Takeover, positions: list[float], current: float, step: float = 0.0, **reach: float) -> list[float]:
    """Turn the knob through ``positions``; where the param is after each."""
    path = []
    for position in positions:
        if takeover.allows(CC, "p", position, current, step, **reach):
            current = round(position / step) * step if step else position
        path.append(current)
    return path


def test_a_far_knob_is_ignored_until_it_meets_the_value() -> None:
    assert _turn(Takeover(), [0.1, 0.3, 0.49, 0.6], 0.5) == [0.5, 0.5, 0.49, 0.6]


@pytest.mark.parametrize("positions", [[0.1, 0.9, 0.2], [0.9, 0.1, 0.8]])
def test_a_fast_knob_that_jumps_over_the_value_has_met_it(positions: list[float]) -> None:
    assert _turn(Takeover(), positions, 0.5) == [0.5, *positions[1:]]


def test_a_near_knob_obeys_at_once_and_however_fast_then() -> None:
    assert _turn(Takeover(), [0.51, 0.0, 1.0], 0.5) == [0.51, 0.0, 1.0]


def test_after_a_preset_change_the_knob_must_meet_the_new_value() -> None:
    takeover = Takeover()
    assert _turn(takeover, [0.5, 0.52], 0.5)[-1] == 0.52
    takeover.reset()
    assert _turn(takeover, [0.55, 0.6], 0.9) == [0.9, 0.9]
    assert _turn(takeover, [0.95], 0.9) == [0.95], "it crossed from where it stood"


def test_a_value_moved_by_someone_else_is_out_of_hand() -> None:
    takeover = Takeover()
    assert _turn(takeover, [0.5, 0.55], 0.5)[-1] == 0.55
    assert _turn(takeover, [0.56, 0.6], 0.2) == [0.2, 0.2]


def test_each_pair_is_for_itself() -> None:
    takeover = Takeover()
    assert takeover.allows(CC, "p", 0.5, 0.5)
    assert not takeover.allows(CC, "q", 0.5, 0.9)
    assert not takeover.allows("midi.cc.1.75", "p", 0.9, 0.5)
    assert takeover.allows(CC, "p", 0.6, 0.5)


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_a_knob_walks_through_every_step_of_a_choice(steps: int) -> None:
    path = _turn(Takeover(), [i / 127 for i in range(128)], 0.0, step=1 / steps)
    assert sorted({round(p * steps) for p in path}) == list(range(steps + 1))


def test_a_limited_knob_meets_an_outlying_value_at_its_end() -> None:
    assert _turn(Takeover(), [0.5, 0.3, 0.2, 0.3], 0.05, low=0.2, high=0.6) == [0.05, 0.05, 0.2, 0.3]
    assert _turn(Takeover(), [0.5, 0.3, 0.2, 0.3], 0.05, low=0.6, high=0.2) == [0.05, 0.05, 0.2, 0.3]


def test_a_float32_echo_of_the_value_stays_in_hand() -> None:
    import numpy as np

    takeover, current = Takeover(), 0.5
    for i in range(64, 128):
        assert takeover.allows(CC, "p", i / 127, current)
        current = float(np.float32(i / 127))
