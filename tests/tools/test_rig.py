"""The rig starts what it says, ends all of it whatever happens, and says in one line what is missing."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from tools.rig import RATE_HZ, Rig
from tools.rig_process import marked

ROOT = Path(__file__).resolve().parents[2]
RIG = [sys.executable, str(ROOT / "tools" / "rig.py")]


def _tone(path: Path, hz: float, seconds: float = 1.5) -> Path:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    samples = np.round(0.5 * 32767 * np.sin(2 * np.pi * hz * t)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def _left(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, 0] / 32768


def _peak_hz(signal_: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(signal_ * np.hanning(len(signal_))))) * RATE_HZ / len(signal_))


@pytest.mark.live
@pytest.mark.parametrize("sink", ["mic", "sink"])
def test_what_is_played_into_a_sink_is_heard_at_its_monitor_alone(sound_rig: Rig, tmp_path: Path, sink: str) -> None:
    other = {"mic": "sink", "sink": "mic"}[sink]
    player = sound_rig.play(_tone(tmp_path / "tone.wav", 1000.0, seconds=3.0), sink=sink)
    time.sleep(0.5)
    recordings = [sound_rig.start_recording(f"{name}.monitor") for name in (sink, other)]
    loud, quiet = (_left(r.save(tmp_path / f"{i}.wav", 1.0)) for i, r in enumerate(recordings))
    player.terminate()
    player.wait()
    assert len(loud) == len(quiet) == RATE_HZ
    assert _peak_hz(loud) == pytest.approx(1000.0, abs=1.0)
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    assert np.max(np.abs(quiet)) == 0.0


_LIST_DEVICES = """
import json, pyaudio
p = pyaudio.PyAudio()
d = [p.get_device_info_by_index(i) for i in range(p.get_device_count())]
print(json.dumps({x["name"]: [x["maxInputChannels"] > 0, x["maxOutputChannels"] > 0] for x in d}))
"""


@pytest.mark.live
def test_pyaudio_sees_sink_as_output_mic_as_input_and_default_as_both(sound_rig: Rig) -> None:
    listed = json.loads(subprocess.run([sys.executable, "-c", _LIST_DEVICES], env=sound_rig.env, capture_output=True,
                                       timeout=60, check=True).stdout)
    assert listed["sink"] == [False, True]
    assert listed["mic"] == [True, False]
    assert listed["default"] == [True, True]


@pytest.mark.live
def test_sound_is_back_in_the_same_place_after_a_kill(tmp_path: Path) -> None:
    with Rig(sound=True) as rig:
        rig.kill_sound()
        asked = subprocess.run(["pactl", "info"], env=rig.env, capture_output=True, timeout=20, check=False)
        assert asked.returncode != 0
        rig.restart_sound()
        player = rig.play(_tone(tmp_path / "tone.wav", 500.0))
        time.sleep(0.3)
        heard = _left(rig.record(tmp_path / "heard.wav", 0.5, source="mic.monitor"))
        assert player.wait(20) == 0
        assert _peak_hz(heard) == pytest.approx(500.0, abs=2.0)


_WINDOW = """
import glfw, sys, time
assert glfw.init()
w = glfw.create_window(640, 360, "rig test", None, None)
glfw.make_context_current(w)
import moderngl
ctx = moderngl.create_context()
names = {getattr(glfw, n): n for n in dir(glfw) if n.startswith("KEY_")}
glfw.set_key_callback(w, lambda w, k, s, a, m: a == glfw.PRESS and print(names[k], flush=True))
end = time.monotonic() + 30
shown = False
while time.monotonic() < end:
    ctx.clear(1.0, 0.2, 0.0)
    glfw.swap_buffers(w)
    glfw.poll_events()
    if not shown:
        shown = bool(print("shown", flush=True)) or True
    time.sleep(0.02)
"""


@pytest.mark.live
def test_a_window_shows_on_the_screenshot_and_gets_the_keys(screen_rig: Rig, tmp_path: Path) -> None:
    from PIL import Image

    child = subprocess.Popen([sys.executable, "-c", _WINDOW], env=screen_rig.env, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "shown"
        time.sleep(0.2)
        picture = np.asarray(Image.open(screen_rig.screenshot(tmp_path / "shot.png")).convert("RGB"))
        screen_rig.keys("F1", "Right", window="rig test")
        assert [child.stdout.readline().strip() for _ in range(2)] == ["KEY_F1", "KEY_RIGHT"]
    finally:
        child.kill()
        child.wait()
    assert picture.shape == (720, 1280, 3)
    assert (np.abs(picture.astype(int) - [255, 51, 0]).max(axis=2) < 3).sum() == pytest.approx(640 * 360, rel=0.01)


def test_a_bare_rig_offers_no_screen_sound_or_midi_and_keeps_user_files_apart() -> None:
    with Rig() as rig:
        assert "DISPLAY" not in rig.env and "WAYLAND_DISPLAY" not in rig.env
        assert not Path(rig.env["PULSE_SERVER"].removeprefix("unix:")).exists()
        assert rig.folder.stat().st_mode & 0o777 == 0o700
        ask = "from pix2live import resources as r; print(r.user_dir(), r.config_dir(), r.state_dir())"
        told = subprocess.run([sys.executable, "-c", ask], env=rig.env, capture_output=True, text=True, timeout=60,
                              check=True).stdout.split()
        assert len(told) == 3 and all(path.startswith(f"{rig.folder}/") for path in told)
    assert not rig.folder.exists()


def _gone(folder: Path, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while marked(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not marked(folder)


@pytest.mark.live
def test_an_exception_and_a_stray_program_leave_nothing_behind() -> None:
    locks = set(Path("/tmp").glob(".X*-lock"))
    killed = "import rtmidi, os; client = rtmidi.MidiIn(rtmidi.API_UNIX_JACK); os.kill(os.getpid(), 9)"
    with pytest.raises(KeyboardInterrupt), Rig(sound=True, screen=True, midi=True) as rig:
        stray = subprocess.Popen(["sleep", "600"], env=rig.env, start_new_session=True)
        assert len(marked(rig.folder)) >= 6
        assert subprocess.run([sys.executable, "-c", killed], env=rig.env, timeout=30, check=False).returncode == -9
        assert list(Path("/dev/shm").glob(f"*{rig.env['JACK_DEFAULT_SERVER']}*"))
        raise KeyboardInterrupt
    assert stray.poll() is not None
    assert not marked(rig.folder) and not rig.folder.exists()
    assert set(Path("/tmp").glob(".X*-lock")) <= locks
    assert not list(Path("/dev/shm").glob(f"*{rig.env['JACK_DEFAULT_SERVER']}*"))


_HOLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from tools.rig import Rig
with Rig(sound=True, midi=True) as rig:
    print(rig.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_holder_leaves_no_process(number: int) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(ROOT)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    assert holder.stdout is not None
    folder = Path(holder.stdout.readline().strip())
    assert len(marked(folder)) >= 5
    os.kill(holder.pid, number)
    holder.wait(20)
    assert _gone(folder)
    if number == signal.SIGKILL:  # nobody was left to remove the folder: the next rig does
        with Rig():
            pass
    assert not folder.exists()


def test_a_missing_program_is_one_line_naming_its_package(tmp_path: Path) -> None:
    only = tmp_path / "bin"
    only.mkdir()
    (only / "true").symlink_to("/bin/true")
    done = subprocess.run([*RIG, "--midi", "--", "true"], env={**os.environ, "PATH": str(only)}, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "apt-get install jackd2" in done.stderr


@pytest.mark.live
def test_the_command_line_passes_environment_and_exit_code() -> None:
    done = subprocess.run([*RIG, "--midi", "--", "sh", "-c", "jack_lsp && exit 7"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 7
    assert "system:playback_1" in done.stdout
