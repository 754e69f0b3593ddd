"""The table of ``pix2live bench``: what is in it, and whether its figures can be true."""

import json
import re

import numpy as np
import pytest

from pix2live import cli
from pix2live.patch.param import MASTER
from pix2live.resources import listing
from pix2live.show import bench
from pix2live.show.bench import Row


def _numbers(row: Row) -> list[float]:
    return [float(text.replace(",", "")) for text in re.findall(r"[\d,.]+(?:e[+-]\d+)?", row.figure)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The quick parts."""
    return [*bench.callback(0.3), bench.analysis(0.1), bench.partials(0.1), *bench.vision(0.1), *bench.models(0.1)]


def test_every_row_says_what_how_much_and_how(rows: list[Row]) -> None:
    for row in rows:
        numbers = _numbers(row)
        assert row.what and len(row.how) > 20
        assert numbers and all(number > 0.0 for number in numbers), row
        if "p50 / p99" in row.what:
            assert len(numbers) == 2 and numbers[0] <= numbers[1], row


def test_names_are_not_used_twice(rows: list[Row]) -> None:
    assert len({row.what for row in rows}) == len(rows)


def test_cpu_time_of_a_callback_is_no_more_than_its_wall_clock() -> None:
    wall, cpu = bench.callback_times(0.25)
    assert len(wall) == len(cpu) >= 100
    assert np.median(cpu) <= 1.05 * np.median(wall)


def test_many_partials_cost_a_callback_more_than_few() -> None:
    few, many = (np.percentile(bench.callback_times(0.25, count)[1], 20) for count in (8, bench.PARTIALS))
    assert many > 1.05 * few


def test_a_core_plays_more_partials_than_the_instrument_has(rows: list[Row]) -> None:
    row = next(row for row in rows if row.what == "partials a core")
    assert _numbers(row)[0] > bench.PARTIALS


def test_every_model_that_is_brought_along_is_measured(rows: list[Row]) -> None:
    for name in listing("models"):
        assert any(name in row.what for row in rows)


def test_a_preset_is_drawn_to_its_end_and_its_frames_are_timed(tmp_path) -> None:
    stem, path = next(iter(listing("presets").items()))
    row = bench._picture(stem, str(path), 0.0)
    assert stem in row.what and f"{bench.SIZE[0]}x{bench.SIZE[1]}" in row.how
    assert 0.0 < _numbers(row)[0] < 60_000.0


def test_timed_calls_at_least_and_at_most_so_often() -> None:
    seen: list[int] = []
    assert len(bench.timed(seen.append, 0.0, least=5)) == 5
    assert len(bench.timed(seen.append, 10.0, least=1, most=7)) == 7
    assert seen == [*range(5), *range(7)]


def test_the_table_has_one_line_a_row_with_its_columns_below_each_other() -> None:
    text = bench.table([Row("short", "1 ms", "by hand"), Row("rather long", "22.5 ms", "by eye")])
    assert text.split("\n") == ["short           1 ms  by hand", "rather long  22.5 ms  by eye"]
    assert bench.table([]) == ""


def test_bench_prints_the_table_or_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "measure", lambda seconds: [Row("gain", f"{seconds:g} s", MASTER[0].label)])
    assert cli.main(["bench", "--seconds", "2"]) == 0
    assert "gain  2 s  Brightness" in capsys.readouterr().out
    assert cli.main(["bench", "--json", "--seconds", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"what": "gain", "figure": "2 s", "how": "Brightness"}]
    assert cli.main(["bench", "--seconds", "0"]) == 2
