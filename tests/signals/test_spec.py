import math

import pytest

from pix2live.signals.spec import CURVES, ParamSpec


@pytest.mark.parametrize("curve", CURVES)
def test_unmap_is_the_inverse_of_map(curve: str) -> None:
    spec = ParamSpec("x", low=20.0, high=2000.0, default=100.0, curve=curve)
    for position in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert spec.unmap(spec.map(position)) == pytest.approx(position, abs=1e-9)
    assert spec.map(0.0) == pytest.approx(20.0) and spec.map(1.0) == pytest.approx(2000.0)


def test_nan_becomes_the_default_and_infinity_the_end_of_the_range() -> None:
    spec = ParamSpec("x", low=-1.0, high=1.0, default=0.25)
    assert spec.clamp(math.nan) == 0.25
    assert spec.clamp(math.inf) == 1.0 and spec.clamp(-math.inf) == -1.0
    assert spec.map(math.nan) == -1.0


def test_stepped_kinds_take_whole_numbers_only() -> None:
    spec = ParamSpec("x", low=0, high=3, kind="choice", choices=("a", "b", "c", "d"))
    assert {spec.map(p / 100) for p in range(101)} == {0.0, 1.0, 2.0, 3.0}


def test_a_colour_is_four_float_knobs_with_its_components_as_defaults() -> None:
    colour = ParamSpec("deck.a.tint", kind="colour", components=(0.1, 0.2, 0.3, 1.0))
    assert [(s.id, s.default, s.kind) for s in colour.scalars()] == [
        ("deck.a.tint.r", 0.1, "float"), ("deck.a.tint.g", 0.2, "float"),
        ("deck.a.tint.b", 0.3, "float"), ("deck.a.tint.a", 1.0, "float")]


@pytest.mark.parametrize("bad", [
    {"kind": "knob"}, {"curve": "wavy"}, {"low": 1.0, "high": 0.0}, {"high": math.inf}, {"low": 0.0, "curve": "exp"}])
def test_a_spec_that_makes_no_sense_is_refused(bad: dict) -> None:
    with pytest.raises(ValueError):
        ParamSpec("x", **bad)
