"""Sizes of passes: arithmetic with known answers, and nothing else."""

import pytest

from pix2live.visuals.sizes import SizeExpression

VALUES = {"WIDTH": 640.0, "HEIGHT": 360.0, "n": 3.0}


@pytest.mark.parametrize(("text", "size"), [
    (128, 128), (64.9, 64), ("$WIDTH", 640), ("$WIDTH/2", 320), ("$HEIGHT / 7.0", 51), ("floor($WIDTH / $n)", 213),
    ("ceil($WIDTH / $n)", 214), ("max($WIDTH, $HEIGHT) * 0.5", 320), ("min($WIDTH,$HEIGHT,$n) + 1", 4),
    ("-(-12)", 12), ("2 + 3 * 4 - 6 / 2", 11), ("(2 + 3) * 4", 20), ("10 - 4 - 3", 3), ("17 % 5", 2), ("WIDTH", 640),
    ("pow(2, 5)", 32), ("abs(-7)", 7), ("1e2", 100), ("$WIDTH * 0", 1), ("-5", 1), ("1e30", 16384), ("round(2.6)", 3),
])
def test_known_answers(text: object, size: int) -> None:
    assert SizeExpression(text, frozenset({"n"})).evaluate(VALUES, 640) == size


@pytest.mark.parametrize("text", ["$WIDTH / 0", "pow(10, 999)", "sqrt(0 - 1)", "17 % 0", "1e308 * 10 * 0"])
def test_without_an_answer_the_full_size_is_taken(text: str) -> None:
    assert SizeExpression(text).evaluate(VALUES, 640) == 640


@pytest.mark.parametrize("text", [
    "", "  ", "$", "$other", "1 +", "(1", "1)", "max()", "max(1", "floor(1, 2)", "eval(1)", "().__class__", "1;2",
    "__import__('os')", "2 ** 9", "lambda: 0", "[1]", "1 2",
    "(" * 99 + "1" + ")" * 99, "-" * 99 + "1", "1+" * 400 + "1",
    None, True, [640],
])
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        SizeExpression(text)
