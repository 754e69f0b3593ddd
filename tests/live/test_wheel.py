"""The wheel carries all it needs: installed in an empty environment elsewhere, it renders and plays."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tools.rig import Rig
from tools.running import Running, wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment of its own into which the freshly built wheel was installed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
                   check=True, capture_output=True, text=True)
    wheel = next(folder.glob("*.whl"))
    venv.create(folder / "env", with_pip=True)
    subprocess.run([folder / "env" / "bin" / "pip", "install", "-q", "--disable-pip-version-check",
                    "-c", ROOT / "constraints.txt", wheel], check=True, capture_output=True, text=True, cwd=folder)
    return folder


def _cache(folder: Path) -> dict[str, str]:
    """A cache of its own for kernels."""
    return {"XDG_CACHE_HOME": str(folder / "cache")}


@pytest.mark.live
def test_the_installed_wheel_renders_a_film_with_its_own_shaders_and_presets(installed: Path) -> None:
    soundfile.write(installed / "tone.wav", np.sin(np.arange(24000) * 0.05)[:, None] * 0.3, 48000)
    done = subprocess.run([installed / "env" / "bin" / "pix2live", "render", "tone.wav", "-o", "film.mp4", "--size",
                           "160x90", "--fps", "10", "--preset", "paper_signals"], cwd=installed, capture_output=True,
                          text=True, timeout=300, check=False, env={**os.environ, **_cache(installed)})
    assert done.returncode == 0, done.stderr
    # Nothing was compiled there before: the first start says what it is doing.
    assert "first start: compiling" in done.stderr and "compiled; the next start is quick" in done.stderr
    with av.open(str(installed / "film.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 5 and frames[-1].std() > 8


@pytest.mark.live
def test_with_its_model_file_removed_one_line_says_so_and_the_rest_plays(installed: Path, sound_rig: Rig) -> None:
    next(installed.glob("env/lib/python*/site-packages/pix2live/models/zoo/drums.onnx")).unlink()
    program = [str(installed / "env" / "bin" / "pix2live")]
    with Running("--preset", "wet_canvas", "--audio-in", "demo", "--audio-out", "none", "--headless",
                 "--size", "160x90", "--fps", "10", env={**sound_rig.env, **_cache(installed)}, program=program,
                 cwd=installed) as show:
        wait_for("the one line", lambda: "drums" in show.said(), 20)
        count, frames = show.bus.audio.count, show.frames()
        wait_for("sound and picture", lambda: show.bus.audio.count > count + 100 and show.frames() > frames + 5, 20)
        assert len([line for line in show.said().splitlines() if "drums" in line]) == 1, show.said()
