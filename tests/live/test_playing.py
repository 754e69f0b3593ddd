"""Played by hand: keys in the window, MIDI from another process, a shader that breaks, a model that is not there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pix2live.patch.patch import Patch, PatchReader
from pix2live.resources import bundled_dir, listing
from pix2live.signals import table
from tests.control.test_midi import FLOOD, Sender
from tools.rig import Rig
from tools.running import ENGINES, PROGRAM, Running, wait_for

SMALL = ("--size", "320x180", "--fps", "30", "--audio-in", "demo", "--audio-out", "none")

FLAT = """/*{"ISFVSN": "2", "INPUTS": [{"NAME": "light", "TYPE": "float", "DEFAULT": 0.1, "MIN": 0.0, "MAX": 1.0}]}*/
void main() { gl_FragColor = vec4(vec3(light), 1.0); }
"""


def patch_of(show: Running) -> Patch:
    text = PatchReader(show.bus.patch).changed()
    assert text is not None
    return Patch.loads(text)


def value(show: Running, id_: str) -> float:
    return float(show.params()["values"][0, patch_of(show).table.index[id_]])


@pytest.fixture
def own(full_rig: Rig) -> Iterator[Path]:
    """A rig's user folder with one preset of one flat shader."""
    data = Path(full_rig.env["XDG_DATA_HOME"]) / "pix2live"
    (data / "shaders").mkdir(parents=True)
    (data / "presets").mkdir()
    (data / "shaders" / "flat.fs").write_text(FLAT)
    (data / "presets" / "flat.toml").write_text('[deck.a]\nshader = "flat"\n[params]\n"mixer.fade_s" = 0.0\n')
    yield data


@pytest.mark.live
def test_every_key_does_what_the_help_says(full_rig: Rig, tmp_path: Path) -> None:
    presets = list(listing("presets"))
    with Running(*SMALL, "--preset", presets[0], env=full_rig.env) as show:
        names = [patch_of(show).preset]

        def press(*keys: str) -> None:
            full_rig.keys(*keys, window="pix2live")

        press("Right")
        wait_for("the next preset", lambda: patch_of(show).preset != names[0], 10)
        press("Left")
        wait_for("the preset before", lambda: patch_of(show).preset == names[0], 10)
        press("3")
        wait_for("the third preset", lambda: patch_of(show).shader.endswith(f"{presets[2]}.fs"), 10)
        press("b")
        wait_for("blackout", lambda: value(show, "master.blackout") == 1.0, 10)
        wait_for("a black picture", lambda: show.preview().max() <= 2, 10)
        press("b")
        wait_for("light", lambda: show.preview().max() > 40, 10)
        panics = int(show.params()["panics"][0])
        press("p")
        wait_for("panic", lambda: int(show.params()["panics"][0]) == panics + 1, 10)
        for _ in range(4):
            press("space")
            time.sleep(0.4)
        wait_for("a tapped tempo", lambda: show.params()["tapped"][0] == 1.0, 10)
        assert 60.0 < show.params()["bpm"][0] < 190.0
        before = show.params()["values"][0].copy()
        press("bracketright", "bracketright", "minus", "minus")
        wait_for("a turned param", lambda: not np.array_equal(before, show.params()["values"][0]), 10)
        plain = full_rig.screenshot(tmp_path / "plain.png").stat().st_size
        press("F1")
        wait_for("the help", lambda: abs(full_rig.screenshot(tmp_path / "help.png").stat().st_size - plain) > 2000, 10)
        press("F1", "F11")
        wait_for("full screen", lambda: _window_size(full_rig) == (1280, 720), 10)
        press("F11")
        wait_for("a window again", lambda: _window_size(full_rig) == (320, 180), 10)
        press("ctrl+q")
        assert show.process.wait(10.0) == 0


def _window_size(rig: Rig) -> tuple[int, int]:
    window = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "pix2live"], env=rig.env, text=True,
                            capture_output=True, check=True).stdout.split()[0]
    shape = subprocess.run(["xdotool", "getwindowgeometry", "--shell", window], env=rig.env, text=True,
                           capture_output=True, check=True).stdout
    sides = dict(line.split("=") for line in shape.split())
    return int(sides["WIDTH"]), int(sides["HEIGHT"])


@pytest.mark.live
def test_a_learned_midi_control_moves_the_param_and_the_pixels_also_after_replugging(full_rig: Rig, own: Path) -> None:
    with Running(*SMALL, "--preset", "flat", env=full_rig.env) as show:
        index = patch_of(show).table.index["deck.a.light"]
        place = table.local("control", "midi.cc.1.74")
        sender = Sender(full_rig)

        def send_until(steps: int, what: str, reached: object, seconds: float = 15.0) -> None:
            # JACK may lose a message under load, as a loose cable may; a knob sends many.
            def tried() -> bool:
                sender.send([0xB0, 74, steps])
                return bool(reached())  # type: ignore[operator]

            wait_for(what, tried, seconds)

        send_until(10, "MIDI", lambda: abs(show.signal("control", place) - 10 / 127) < 1e-6)
        # The keyboard chooses the param and arms learn; the next control that moves is bound.
        full_rig.keys(*["bracketleft"] * (len(patch_of(show).table) - index), "l", window="pix2live")
        time.sleep(0.5)
        for step in (10, 14, 20, 30):
            sender.send([0xB0, 74, step])
        mapping = Path(full_rig.env["XDG_CONFIG_HOME"]) / "pix2live" / "midi.toml"
        wait_for("the mapping to be saved", mapping.exists, 10)
        assert "midi.cc.1.74" in mapping.read_text() and "deck.a.light" in mapping.read_text()
        # Soft takeover: the knob meets the value (0.1) and has it in hand from there.
        for step in (20, 13, 10):
            sender.send([0xB0, 74, step])
        send_until(100, "the param", lambda: abs(value(show, "deck.a.light") - 100 / 127) < 0.01)
        wait_for("light pixels", lambda: abs(show.preview().mean() / 255 - 100 / 127) < 0.03, 10)
        sender.kill()
        time.sleep(0.6)
        sender = Sender(full_rig)
        send_until(50, "the param after replugging", lambda: abs(value(show, "deck.a.light") - 50 / 127) < 0.01)
        wait_for("darker pixels", lambda: abs(show.preview().mean() / 255 - 50 / 127) < 0.03, 10)
        sender.kill()


@pytest.mark.live
def test_the_show_ends_cleanly_while_midi_pours_in(full_rig: Rig) -> None:
    flood = subprocess.Popen([sys.executable, "-c", FLOOD], env=full_rig.env, stdout=subprocess.PIPE, text=True)
    try:
        assert flood.stdout is not None and flood.stdout.readline() == "ready\n"
        with Running(*SMALL, "--headless", env=full_rig.env) as show:
            wait_for("MIDI", lambda: show.signal("control", table.local("control", "midi.cc.2.1")) > 0
                     or show.signal("control", table.local("control", "midi.cc.1.1")) > 0, 15)
            show.process.send_signal(signal.SIGINT)
            assert show.process.wait(10.0) == 0
            assert "started again" not in show.said()
    finally:
        flood.kill()
        flood.wait()


@pytest.mark.live
def test_a_broken_shader_is_named_and_the_old_picture_goes_on(full_rig: Rig, own: Path) -> None:
    (own / "shaders" / "wrong.fs").write_text('/*{"ISFVSN": "2"}*/\nvoid main() {\n  gl_FragColor = wobble;\n}\n')
    (own / "presets" / "gone.toml").write_text('name = "Gone"\n[deck.a]\nshader = "wrong"\n')
    with Running(*SMALL, "--preset", "flat", "--headless", env=full_rig.env) as show:
        wait_for("the grey picture", lambda: abs(show.preview().mean() - 25) < 4, 10)
        show.bus.queues["parent>desk"].put({"do": "load_preset", "name": "gone"})
        wait_for("the complaint", lambda: "wrong.fs:3" in show.said(), 20)
        frames, pid = show.frames(), show.engine_pid("render")
        time.sleep(1.5)
        assert show.frames() > frames + 3 and show.engine_pid("render") == pid
        assert abs(show.preview().mean() - 25) < 4
        show.bus.queues["parent>desk"].put({"do": "load_preset", "name": "wet_canvas"})
        wait_for("a picture again", lambda: show.preview().std() > 8, 30)


@pytest.mark.live
@pytest.mark.parametrize("state", ["whole", "corrupt"])
def test_the_drums_preset_plays_with_its_model_and_with_a_corrupt_one(full_rig: Rig, state: str) -> None:
    drums = next(name for name, path in listing("presets").items() if "model.drums.snare" in path.read_text())
    env = dict(full_rig.env)
    if state == "corrupt":
        folder = Path(env["XDG_DATA_HOME"]) / "pix2live" / "models"
        folder.mkdir(parents=True)
        (folder / "drums.onnx").write_bytes((bundled_dir("models") / "drums.onnx").read_bytes()[:5000])
    with Running(*SMALL, "--preset", drums, "--headless", env=env) as show:
        record = show.bus.models.record()

        def names() -> list[str]:
            show.bus.models.newest(record)
            return json.loads(record["text"][0, :int(record["length"][0])].tobytes())

        if state == "whole":
            wait_for("the model", lambda: "model.drums.snare" in names(), 20)
            slot = table.local("perception", f"model.{names().index('model.drums.snare')}")
            wait_for("a snare of the demo tune", lambda: show.signal("perception", slot) > 0.3, 60)
        else:
            wait_for("the one line", lambda: "drums" in show.said(), 20)
            assert len([line for line in show.said().splitlines() if "drums" in line]) == 1, show.said()
        count, frames = show.bus.audio.count, show.frames()
        time.sleep(1.0)
        assert show.bus.audio.count > count + 50 and show.frames() > frames
        assert all(os.path.exists(f"/proc/{show.engine_pid(name)}") for name in ENGINES)


@pytest.mark.live
def test_unknown_and_missing_devices_are_one_line_and_exit_code_one(sound_rig: Rig, tmp_path: Path) -> None:
    wrong = [("--audio-in", "no such device"), ("--audio-out", "no such device"), ("--camera", "7"),
             ("--camera", str(tmp_path / "no.mp4")), ("--audio-in", str(tmp_path / "no.wav")),
             ("--preset", "no such preset"),
             ("--audio-out", str(tmp_path / "nowhere" / "out.wav"))]
    for option, name in wrong:
        arguments = {"--audio-in": "none", "--audio-out": "none", "--camera": "none", option: name}
        said = [word for pair in arguments.items() for word in pair]
        done = subprocess.run([*PROGRAM, "play", "--headless", "--size", "64x64", *said],
                              env=sound_rig.env, capture_output=True, text=True, timeout=120, check=False)
        lines = [line for line in done.stderr.splitlines() if "no MIDI" not in line]
        assert done.returncode == 1, (option, done.stderr)
        assert len(lines) == 1 and ("no" in lines[0] or name in lines[0]), (option, lines)
        assert "Traceback" not in done.stderr
