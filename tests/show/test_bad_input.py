"""Whatever a person gets wrong: one line that names it and the mend, the right exit code, nothing half-written."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from pix2live.cli import main

Run = Callable[..., str]


@pytest.fixture
def wav(tmp_path: Path) -> str:
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.sin(np.arange(24000) * 0.05)[:, None] * 0.3, 48000)
    return str(path)


@pytest.fixture
def png(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((32, 32, 3), 200, np.uint8)).save(path)
    return str(path)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that must fail with ``code``; returns its one line."""

    def call(*arguments: str, code: int = 1) -> str:
        assert main(list(arguments)) == code
        cold = ("pix2live: first start", "pix2live: compil")  # of a machine on which nothing was compiled yet
        lines = [line for line in capfd.readouterr().err.splitlines() if line.strip() and not line.startswith(cold)]
        assert len(lines) == 1, lines
        assert lines[0].startswith("pix2live: ")
        return lines[0]

    return call


def files(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def garbage(path: Path) -> str:
    path.write_bytes(bytes(np.random.default_rng(3).integers(0, 256, 4000, dtype=np.uint8)))
    return str(path)


@pytest.mark.parametrize("command", ["render", "analyze"])
def test_a_missing_sound_file_is_named(run: Run, tmp_path: Path, command: str) -> None:
    out = tmp_path / ("out.mp4" if command == "render" else "out.npz")
    line = run(command, str(tmp_path / "none.wav"), "-o", str(out))
    assert "none.wav" in line and ";" in line
    assert files(tmp_path) == set()


@pytest.mark.parametrize("name", ["noise.wav", "noise.mp3", "noise.ogg"])
def test_a_corrupt_sound_file_is_named(run: Run, tmp_path: Path, name: str) -> None:
    line = run("analyze", garbage(tmp_path / name), "-o", str(tmp_path / "out.json"))
    assert name in line and files(tmp_path) == {name}


def test_an_empty_sound_file_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    assert "empty.wav" in run("analyze", str(tmp_path / "empty.wav"), "-o", str(tmp_path / "out.csv"))


@pytest.mark.parametrize("name", ["noise.png", "noise.jpg", "noise.mp4"])
def test_a_corrupt_picture_or_film_is_named(run: Run, tmp_path: Path, name: str) -> None:
    line = run("sonify", garbage(tmp_path / name), "-o", str(tmp_path / "out.wav"))
    assert name in line and files(tmp_path) == {name}


def test_a_missing_picture_is_named(run: Run, tmp_path: Path) -> None:
    assert "none.png" in run("sonify", str(tmp_path / "none.png"), "-o", str(tmp_path / "out.wav"))


def test_an_unknown_preset_lists_those_there_are(run: Run, wav: str, tmp_path: Path) -> None:
    line = run("render", wav, "-o", str(tmp_path / "out.mp4"), "--preset", "nothing like it")
    assert "nothing like it" in line and "ember_sea" in line and "out.mp4" not in files(tmp_path)


def test_a_corrupt_preset_is_named(run: Run, wav: str, tmp_path: Path) -> None:
    preset = tmp_path / "broken.toml"
    preset.write_text("[deck.a\nshader = 3")
    assert "broken.toml" in run("render", wav, "-o", str(tmp_path / "out.mp4"), "--preset", str(preset))


def test_a_preset_whose_shader_is_missing_says_which(run: Run, wav: str, tmp_path: Path) -> None:
    preset = tmp_path / "lost.toml"
    preset.write_text('[deck.a]\nshader = "no_such_shader"')
    line = run("render", wav, "-o", str(tmp_path / "out.mp4"), "--preset", str(preset))
    assert "no_such_shader" in line and "lost.toml" in line


def test_a_shader_with_an_error_names_its_file_and_line(run: Run, tmp_path: Path) -> None:
    shader = tmp_path / "wrong.fs"
    shader.write_text('/*{"ISFVSN": "2"}*/\nvoid main() {\n    gl_FragColor = vec4(wobble, 0.0, 0.0, 1.0);\n}\n')
    line = run("shader", str(shader))
    assert "wrong.fs:3" in line and "wobble" in line


def test_a_shader_error_while_rendering_is_named_and_leaves_no_film(run: Run, wav: str, tmp_path: Path) -> None:
    shader = tmp_path / "wrong.fs"
    shader.write_text('/*{"ISFVSN": "2"}*/\nvoid main() { gl_FragColor = 1; }\n')
    preset = tmp_path / "wrong.toml"
    preset.write_text('[deck.a]\nshader = "wrong.fs"')
    line = run("render", wav, "-o", str(tmp_path / "out.mp4"), "--preset", str(preset), "--size", "64x64")
    assert "wrong.fs:2" in line
    assert files(tmp_path) == {"tone.wav", "wrong.fs", "wrong.toml"}


@pytest.mark.parametrize("size", ["0x0", "0x100", "-1x5", "1280", "axb", "99999x10"])
def test_a_size_that_cannot_be_is_wrong_usage(run: Run, wav: str, tmp_path: Path, size: str) -> None:
    assert "--size" in run("render", wav, "-o", str(tmp_path / "o.mp4"), f"--size={size}", code=2)


@pytest.mark.parametrize("arguments", [
    ("render",), ("render", "x.wav", "-o", "x.avi"), ("render", "x.wav", "-o", "x.mp4", "--fps", "0"),
    ("render", "x.wav", "-o", "x.mp4", "--seconds", "-2"), ("nonsense",), ("play", "--duration", "0"),
    ("play", "--nonsense"), ("--nonsense",), ("--fps", "0"), ("sonify", "x.png", "-o", "x.wav", "--rows", "diagonal"),
    ("sonify", "x.png", "-o", "x.wav", "--row-count", "0"), ("sonify", "x.png", "-o", "x.wav", "--instrument", "kazoo"),
    ("sonify", "x.png", "-o", "x.wav", "--low-hz", "500", "--high-hz", "200"), ("analyze", "x.wav", "-o", "x.doc"),
    ("sonify", "x.png", "-o", "x.wav", "--seconds", "nan"),
])
def test_wrong_usage_is_exit_code_two(run: Run, arguments: tuple[str, ...]) -> None:
    run(*arguments, code=2)


@pytest.mark.parametrize("command", ["render", "sonify", "analyze"])
def test_an_output_folder_that_is_not_there_is_said_before_the_work(
        run: Run, wav: str, png: str, tmp_path: Path, command: str) -> None:
    source, name = {"render": (wav, "o.mp4"), "sonify": (png, "o.wav"), "analyze": (wav, "o.npz")}[command]
    assert "nowhere" in run(command, source, "-o", str(tmp_path / "nowhere" / name))


def test_a_read_only_output_stays_as_it_was(run: Run, png: str, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere but onto a folder, and into a file system that has no files of its own.
        target = Path("/proc/out.wav")
    else:
        target = tmp_path / "kept.wav"
        target.write_bytes(b"mine")
        target.chmod(stat.S_IREAD)
    line = run("sonify", png, "-o", str(target), "--seconds", "0.2")
    assert str(target) in line


def test_an_output_that_is_a_folder_is_said(run: Run, png: str, tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    assert "folder.wav" in run("sonify", png, "-o", str(tmp_path / "folder.wav"), "--seconds", "0.2")


def test_a_picture_given_as_sound_and_a_sound_as_picture_are_refused(
        run: Run, wav: str, png: str, tmp_path: Path) -> None:
    assert "picture.png" in run("analyze", png, "-o", str(tmp_path / "o.npz"))
    assert "tone.wav" in run("sonify", wav, "-o", str(tmp_path / "o.wav"))
