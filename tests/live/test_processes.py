"""The show goes on: any process may die, and nothing is left behind at the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pix2live.signals import table
from pix2live.signals.bus import segment_name
from tools.rig import Rig
from tools.running import ENGINES, PROGRAM, Running, processes_of, wait_for

SMALL = ("--headless", "--size", "320x180", "--fps", "30")
RESTART_S = 2.0


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture whose sound never pauses: light everywhere."""
    from PIL import Image

    path = tmp_path_factory.mktemp("still") / "light.png"
    ramp = np.linspace(120, 220, 64).astype(np.uint8)
    Image.fromarray(np.repeat(ramp[:, None], 64, 1)[..., None].repeat(3, 2)).save(path)
    return path


@pytest.mark.live
@pytest.mark.parametrize("victim", ENGINES)
def test_a_killed_process_is_back_within_two_seconds_while_the_others_go_on(
        victim: str, sound_rig: Rig, still: Path) -> None:
    with Running("--audio-in", "none", "--audio-out", "none", "--camera", str(still), *SMALL,
                 env=sound_rig.env) as show:
        others = {name: show.engine_pid(name) for name in ENGINES if name != victim}
        counts = {"audio": show.bus.audio.count, "render": show.frames()}
        generation = int(show.params()["generation"][0])
        back_s = show.kill(victim)
        time.sleep(0.5)
        assert back_s < RESTART_S, f"{victim} took {back_s:.2f} s: {show.said()}"
        assert {name: show.engine_pid(name) for name in others} == others
        for name, count in counts.items():
            if name != victim:
                assert (show.bus.audio.count if name == "audio" else show.frames()) > count
        # The state is still the same: the patch in force, and counters that never fall.
        assert int(show.params()["generation"][0]) >= generation
        assert show.bus.audio.count > counts["audio"]
        wait_for("new frames", lambda: show.frames() > 5)
        assert f"{victim} is started again" in show.said()


@pytest.mark.live
def test_killing_render_makes_no_gap_in_the_recorded_sound(sound_rig: Rig, still: Path, tmp_path: Path) -> None:
    with Running("--audio-in", "none", "--audio-out", "sink", "--camera", str(still), *SMALL,
                 env=sound_rig.env) as show:
        gaps = []
        # A shared machine stalls now and then by itself; a gap that a kill makes is there every time.
        while len(gaps) < 3 and (not gaps or gaps[-1] > 256):
            time.sleep(1.0)
            recording = sound_rig.start_recording()
            time.sleep(0.7)
            show.kill("render")
            time.sleep(0.7)
            gaps.append(_longest_gap(recording.save(tmp_path / "heard.wav")))
    assert gaps[-1] <= 256, f"gaps of {gaps} frames"


def _longest_gap(path: Path) -> int:
    sound, rate = soundfile.read(path)
    loud = np.abs(sound).max(axis=1) > 1e-4
    begin, end = np.flatnonzero(loud)[[0, -1]]
    assert (end - begin) / rate > 1.5
    silent = np.flatnonzero(~loud[begin:end])
    return max((len(run) for run in np.split(silent, np.flatnonzero(np.diff(silent) > 1) + 1)), default=0)


@pytest.mark.live
def test_counters_and_phases_go_on_after_the_audio_process_died(sound_rig: Rig, tmp_path: Path) -> None:
    click = np.zeros((48000, 1), np.float32)
    click[::12000] = 0.9
    soundfile.write(tmp_path / "clicks.wav", click, 48000)
    index = table.local("audio", "audio.onset_count")
    with Running("--audio-in", str(tmp_path / "clicks.wav"), "--audio-out", "none", "--camera", "none", *SMALL,
                 env=sound_rig.env) as show:
        wait_for("some onsets", lambda: show.signal("audio", index) >= 4)
        before = show.signal("audio", index)
        show.kill("audio")
        wait_for("more onsets", lambda: show.signal("audio", index) >= before + 2)


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly_with_no_orphan_and_no_shared_memory(number: int, sound_rig: Rig) -> None:
    with Running("--audio-in", "demo", "--audio-out", "none", *SMALL, env=sound_rig.env) as show:
        pids = processes_of(show.pid)
        assert len(pids) >= 6
        show.process.send_signal(number)
        assert show.process.wait(10.0) == 0
        _assert_gone(pids, show.pid)


@pytest.mark.live
@pytest.mark.parametrize("after_s", [0.35, 0.8, 1.4])
def test_ctrl_c_while_it_starts_ends_it_cleanly(after_s: float, sound_rig: Rig) -> None:
    show = subprocess.Popen([*PROGRAM, "play", "--audio-in", "demo", "--audio-out", "none", *SMALL], env=sound_rig.env,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for("the bus", lambda: Path("/dev/shm", segment_name(show.pid)).exists(), 20.0)
    time.sleep(after_s)
    pids = processes_of(show.pid)
    os.killpg(show.pid, signal.SIGINT)  # as a terminal does: every process gets it
    _, said = show.communicate(timeout=30)
    assert show.returncode == 0 and "Traceback" not in said, said
    _assert_gone(pids, show.pid)


@pytest.mark.live
def test_even_a_killed_parent_leaves_no_orphan_and_no_shared_memory(sound_rig: Rig) -> None:
    with Running("--audio-in", "demo", "--audio-out", "none", *SMALL, env=sound_rig.env) as show:
        pids = processes_of(show.pid)
        show.process.kill()
        show.process.wait(5.0)
        _assert_gone(pids, show.pid)


@pytest.mark.live
def test_closing_the_window_ends_the_show(full_rig: Rig) -> None:
    with Running("--audio-in", "demo", "--audio-out", "none", "--size", "320x180", env=full_rig.env) as show:
        pids = processes_of(show.pid)
        search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "pix2live"]
        window = subprocess.run(search, env=full_rig.env,
                                capture_output=True, text=True, check=True).stdout.split()[0]
        # What a window manager sends when its close button is pressed; none runs here.
        subprocess.run([sys.executable, "-m", "tests.live.close_window", window], env=full_rig.env, check=True)
        assert show.process.wait(10.0) == 0
        _assert_gone(pids, show.pid)


def _assert_gone(pids: list[int], parent: int) -> None:
    def alive() -> list[int]:
        return [pid for pid in pids if Path(f"/proc/{pid}").exists()
                and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"]

    wait_for("every process to be gone", lambda: not alive(), 5.0)
    wait_for("the shared memory to be gone", lambda: not Path("/dev/shm", segment_name(parent)).exists(), 5.0)


@pytest.mark.live
def test_with_no_devices_at_all_it_plays_the_demo_and_says_so() -> None:
    from tools.rig import Rig

    with Rig() as bare:
        done = subprocess.run([*PROGRAM, "play", "--duration", "2"], env=bare.env, text=True,
                              capture_output=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    for words in ("built-in demo tune", "no sound output was found", "no camera was named", "offscreen", "no MIDI",
                  "no graphics card was found"):
        assert words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.live
def test_two_shows_at_once_do_not_disturb_each_other(sound_rig: Rig) -> None:
    one = Running("--audio-in", "demo", "--audio-out", "none", *SMALL, env=sound_rig.env)
    two = Running("--audio-in", "demo", "--audio-out", "none", *SMALL, env=sound_rig.env)
    with one:
        with two:
            assert one.bus.name != two.bus.name
        assert all(Path(f"/proc/{one.engine_pid(name)}").exists() for name in ENGINES)
        assert os.path.exists(f"/dev/shm/{segment_name(one.pid)}")
