import os
import subprocess
import sys
from pathlib import Path

import pytest

from pix2live.dsp import jit
from pix2live.engine import compiling


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(compiling, "_say", lines.append)
    return lines


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Parts that only note that they were warmed; the mark lies in a folder of the test."""
    warmed: list[str] = []
    monkeypatch.setattr(compiling, "_PARTS", {
        name: (lambda name=name: warmed.append(name), 1.0) for name in ("a", "b", "demo")
    })
    monkeypatch.setattr(compiling, "compiled_mark", lambda path: tmp_path / "compiled")
    return warmed


def test_a_first_start_says_so_compiles_on_all_cores_and_leaves_a_mark(
    parts: list[str], told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_compile_on_all_cores", lambda: parts.append("on all cores"))
    compiling.warm_all()
    assert parts == ["on all cores", "a", "b", "demo"]
    assert told[0] == "first start: compiling for this machine, about a minute, once"
    assert told[1:] == ["compiled; the next start is quick"]
    assert (tmp_path / "compiled").exists()


def test_a_later_start_says_nothing_and_leaves_the_demo_for_when_it_plays(
    parts: list[str], told: list[str], tmp_path: Path
) -> None:
    (tmp_path / "compiled").touch()
    compiling.warm_all()
    assert parts == ["a", "b"] and told == []


def test_children_that_fail_leave_it_to_the_caller(
    parts: list[str], told: list[str], capfd: pytest.CaptureFixture
) -> None:
    # The children know other parts than these.
    compiling.warm_all()
    assert parts == ["a", "b", "demo"]
    assert "Traceback" not in capfd.readouterr().err


def test_a_child_compiles_a_part_into_the_cache(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "pix2live.engine.compiling", "routes"], capture_output=True, text=True,
                          env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)}, check=True)
    assert done.stderr == "pix2live: compiling routes\n"
    assert list(tmp_path.rglob("patch.route/*/**/*.nbc"))


def test_the_mark_is_gone_when_any_kernel_imported_at_any_depth_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jit, "_PACKAGE", tmp_path / "pix2live")
    monkeypatch.setattr(jit.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    top, deep = tmp_path / "pix2live" / "top.py", tmp_path / "pix2live" / "room" / "deep.py"
    deep.parent.mkdir(parents=True)
    top.write_text("def f():\n    from pix2live.room.deep import g\n")
    deep.write_text("g = 1\n")
    before = jit.compiled_mark(top)
    assert before is not None
    assert jit.compiled_mark(top) == before
    os.utime(deep, (1, 1))
    jit._cache_folder.cache_clear()
    assert jit.compiled_mark(top) != before
