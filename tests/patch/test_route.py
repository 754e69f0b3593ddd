import math

import numpy as np
import pytest

from pix2live.errors import PresetError
from pix2live.patch.param import ParamTable
from pix2live.patch.route import CURVES, Route, RouteTable
from pix2live.signals.spec import ParamSpec

INDEX = {"audio.bass": 0, "audio.bass.phase": 1, "audio.onset_count": 2}
TABLE = ParamTable([ParamSpec("p", low=0.0, high=10.0, default=2.0), ParamSpec("n", low=0, high=4, kind="int"),
                    ParamSpec("t", low=0.0, high=8.0)])


def run(*routes: Route, values: tuple[float, float, float], dt_s: float = 0.1) -> np.ndarray:
    return RouteTable(list(routes), TABLE, INDEX).evaluate(np.array(values), TABLE.default, dt_s).copy()


def test_value_is_base_plus_depth_times_range_times_signal() -> None:
    assert run(Route("audio.bass", "p", depth=0.25), values=(1.0, 0, 0))[0] == pytest.approx(2.0 + 2.5)


def test_routes_to_one_param_add_up_and_the_sum_is_clamped() -> None:
    up, down = Route("audio.bass", "p", depth=0.5), Route("audio.bass", "p", depth=-0.2)
    assert run(up, down, values=(1.0, 0, 0))[0] == pytest.approx(5.0)
    assert run(up, up, values=(9.0, 0, 0))[0] == 10.0
    assert run(down, down, values=(9.0, 0, 0))[0] == 0.0


@pytest.mark.parametrize("curve", CURVES)
def test_every_curve_keeps_zero_and_one(curve: str) -> None:
    assert run(Route("audio.bass", "p", 0.1, curve), values=(0.0, 0, 0))[0] == pytest.approx(2.0)
    assert run(Route("audio.bass", "p", 0.1, curve), values=(1.0, 0, 0))[0] == pytest.approx(3.0)


def test_the_follower_is_the_same_at_any_frame_rate() -> None:
    def after_one_second(frames: int) -> float:
        table = RouteTable([Route("audio.bass", "p", 0.5, attack_s=0.5, release_s=1.0)], TABLE, INDEX)
        table.evaluate(np.zeros(3), TABLE.default, 0.0)
        for _ in range(frames):
            out = table.evaluate(np.array([1.0, 0, 0]), TABLE.default, 1.0 / frames)
        return float(out[0])

    expected = 2.0 + 5.0 * (1.0 - math.exp(-2.0))
    assert after_one_second(10) == pytest.approx(expected) and after_one_second(240) == pytest.approx(expected)


def test_a_signal_that_only_grows_wraps_round_the_range_and_never_sticks_at_its_end() -> None:
    route = Route("audio.bass.phase", "t", depth=1.0 / 8.0)
    assert run(route, values=(0, 7.5, 0))[2] == pytest.approx(7.5)
    assert run(route, values=(0, 1_000_001.25, 0))[2] == pytest.approx(1_000_001.25 % 8.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_in_a_signal_do_not_reach_a_param_or_stay(bad: float) -> None:
    table = RouteTable([Route("audio.bass", "p", 0.5, release_s=1.0)], TABLE, INDEX)
    assert np.isfinite(table.evaluate(np.array([bad, 0, 0]), TABLE.default, 0.1)).all()
    assert table.evaluate(np.array([1.0, 0, 0]), TABLE.default, 0.1)[0] == pytest.approx(7.0)


def test_whole_number_params_stay_whole() -> None:
    assert run(Route("audio.bass", "n", 0.4), values=(1.0, 0, 0))[1] == 2.0


def test_routes_to_nowhere_are_left_out_and_said() -> None:
    table = RouteTable([Route("audio.bas", "p"), Route("audio.bass", "q"), Route("audio.bass", "p")], TABLE, INDEX)
    assert len(table.routes) == 1
    assert "no signal named audio.bas" in table.problems[0] and "no param named q" in table.problems[1]


@pytest.mark.parametrize("bad", [{"curve": "wavy"}, {"depth": math.nan}, {"attack_s": -1.0}, {"depth": "much"}])
def test_a_route_that_makes_no_sense_is_refused_in_one_line(bad: dict) -> None:
    with pytest.raises(PresetError, match=r"route audio\.bass to p: .*; "):
        Route(**{"source": "audio.bass", "target": "p", **bad})
