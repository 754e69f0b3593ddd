"""Sound devices on a real sound server: chosen, remembered, mapped, lost, found again; by what is heard and played."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pix2live.signals import table
from tools.rig import Rig
from tools.running import PROGRAM, Running, wait_for

pytestmark = pytest.mark.live
RATE = 48000
SMALL = ("--headless", "--size", "160x90", "--fps", "15", "--camera", "none")
ONSETS = table.local("audio", "audio.onset_count")
LOUD = table.local("audio", "audio.rms_db")

# The audio engine's devices without the engine: what is heard and played is noted, callback by callback.
SOUND = """
import json, os, sys, time
import numpy as np
from pix2live.engine.options import Options
from pix2live.engine.sound import Sound
from pix2live.signals.clock import SystemClock

clock, notices, told, log = SystemClock(), [], [], []
os.set_blocking(0, False)
at = 0
def callback(heard, out, air_s):
    global at
    n = len(out)
    hz = 0.0
    if heard.shape[1]:
        rise = np.flatnonzero((heard[:-1, 0] < 0) & (heard[1:, 0] >= 0))
        hz = (len(rise) - 1) / (rise[-1] - rise[0]) if len(rise) > 1 else 0.0
    log.append((time.monotonic(), n, heard.shape[1], float(np.abs(heard).max(initial=0.0)), hz))
    out[:, :] = 0.25 * np.sin(2 * np.pi * 500.0 / sound.rate * (at + np.arange(n)))[:, None]
    at += n
options = json.loads(sys.argv[1])
if options.get("audio_channels"): options["audio_channels"] = tuple(options["audio_channels"])
sound = Sound(Options(**options), clock, callback, notices, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
sound.start()
print(json.dumps({"rate": sound.rate, "channels": sound.channels}), flush=True)
while True:
    sound.step(clock.now(), None)
    while notices:
        told.append(notices.pop(0)); print(json.dumps({"said": told[-1]}), flush=True)
    try:
        if os.read(0, 10) == b"end\\n": break
    except BlockingIOError: pass
    time.sleep(0.01)
sound.close(None)
print(json.dumps({"log": log, "rate": sound.rate}), flush=True)
"""


class Program:
    """``SOUND`` on its way: what it said so far, and at the end what it heard."""

    def __init__(self, rig: Rig, env: dict[str, str] | None = None, written: int = 0, **options: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SOUND, json.dumps(options), str(written)], env=env or rig.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.opened = self._line()
        self.said: list[str] = []

    def _line(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self._process.communicate()[1])
        return json.loads(line)

    def wait_for(self, words: str) -> float:
        """When it said a line with these words."""
        while not any(words in line for line in self.said):
            self.said.append(self._line()["said"])
        self.said.clear()
        return time.monotonic()

    def end(self) -> dict[str, np.ndarray]:
        """What was heard: per callback when, how many frames and channels, the peak, and the first channel's pitch."""
        assert self._process.stdin is not None
        self._process.stdin.write("end\n")
        self._process.stdin.flush()
        line = self._line()
        while "log" not in line:
            self.said.append(line["said"])
            line = self._line()
        assert self._process.wait(30) == 0
        log = np.array(line["log"])
        return {"at": log[:, 0], "frames": log[:, 1], "channels": log[:, 2], "peak": log[:, 3],
                "hz": log[:, 4] * line["rate"]}


def tone(path: Path, hz: list[float], seconds: float = 40.0, level: float = 0.5) -> Path:
    """A file of one sine a channel."""
    t = np.arange(int(seconds * RATE)) / RATE
    soundfile.write(path, np.stack([level * np.sin(2 * np.pi * f * t) for f in hz], 1), RATE)
    return path


def pactl(rig: Rig, *arguments: str) -> str:
    return subprocess.run(["pactl", *arguments], env=rig.env, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A sound server of its own with a user who has chosen nothing yet."""
    with Rig(sound=True) as rig:
        yield rig


def test_the_sound_server_dies_and_comes_back_and_the_show_goes_on(rig: Rig, tmp_path: Path) -> None:
    click = np.zeros((60 * RATE, 1), np.float32)
    click[:: RATE // 4] = 0.9
    soundfile.write(tmp_path / "clicks.wav", click, RATE)
    with Running("--audio-in", "mic", "--audio-out", "sink", *SMALL, env=rig.env) as show:
        pids = {name: show.engine_pid(name) for name in ("audio", "perception", "desk", "render")}
        rig.play(tmp_path / "clicks.wav")
        show.bus.queues["parent>desk"].put({"do": "set_param", "id": "audio.thru", "value": 1.0})
        wait_for("onsets", lambda: show.signal("audio", ONSETS) >= 3, 20)
        rig.kill_sound()
        wait_for("the line", lambda: "gone: input mic and output sink" in show.said(), 10)
        hops, frames, onsets = show.bus.audio.count, show.frames(), show.signal("audio", ONSETS)
        time.sleep(2.0)
        # The features go on at their pace, of silence; so does the picture.
        assert show.bus.audio.count - hops > 0.7 * 2.0 * RATE / 256
        assert show.frames() > frames + 5 and show.signal("audio", LOUD) < -80.0
        rig.restart_sound()
        wait_for("the device", lambda: "the sound device is back" in show.said(), 30)
        assert "input mic" in show.said().rpartition("is back")[2]
        rig.play(tmp_path / "clicks.wav")
        wait_for("onsets again", lambda: show.signal("audio", ONSETS) >= onsets + 3, 20)
        wait_for("both ways", lambda: "output sink" in show.said().rpartition("gone")[2], 20)
        sound, _ = soundfile.read(rig.record(tmp_path / "heard.wav", 1.5))
        assert np.abs(sound).max() > 0.05, "nothing is played any more"
        assert {name: show.engine_pid(name) for name in pids} == pids, show.said()
        # Nothing that the libraries write of it reaches the person.
        told = [line for line in show.said().splitlines() if line.strip()]
        assert all(line.startswith("pix2live: ") for line in told), told


def test_an_audio_engine_killed_while_its_devices_are_away_comes_back_with_them(rig: Rig, tmp_path: Path) -> None:
    with Running("--audio-in", "mic", "--audio-out", "sink", *SMALL, env=rig.env) as show:
        rig.kill_sound()
        wait_for("the line", lambda: "gone: input mic and output sink" in show.said(), 10)
        show.kill("audio")
        hops = show.bus.audio.count
        wait_for("features of silence", lambda: show.bus.audio.count > hops + 100, 10)
        assert "demo tune" not in show.said()
        rig.restart_sound()
        rig.play(tone(tmp_path / "a.wav", [500.0]))
        wait_for("the tone", lambda: show.signal("audio", LOUD) > -12.0, 30)


def force_rate(rig: Rig, rate: int) -> None:
    subprocess.run(["pw-metadata", "-n", "settings", "0", "clock.force-rate", str(rate)], env=rig.env, check=True,
                   capture_output=True)


@pytest.mark.parametrize("forced", [44100, 48000, 96000])
def test_a_tone_keeps_its_pitch_at_any_rate_of_the_server(rig: Rig, tmp_path: Path, forced: int) -> None:
    force_rate(rig, forced)
    rig.play(tone(tmp_path / "a.wav", [1000.0]))
    wait_for("the server's rate", lambda: f"{forced}Hz" in pactl(rig, "list", "short", "sources"), 10)
    program = Program(rig)  # the defaults, whose true rate is known from the server
    assert program.opened["rate"] == forced
    played, rate = soundfile.read(rig.record(tmp_path / "out.wav", 1.0))
    heard = program.end()
    assert program.said[0] == f"hears default (channels 1, 2) and plays to default at {forced} Hz"
    half = len(heard["hz"]) // 2
    assert np.median(heard["hz"][half:]) == pytest.approx(1000.0, rel=0.01)
    assert np.median(heard["peak"][half:]) == pytest.approx(0.5, rel=0.1)
    assert peak_hz(played[:, 0], rate) == pytest.approx(500.0, abs=4.0)
    # Blocks are as long at every rate.
    assert np.median(heard["frames"]) == pytest.approx(256 * max(1, round(forced / RATE)), rel=0.1)


def test_a_whole_show_at_96_khz_hears_and_plays_a_tone_as_it_is(rig: Rig, tmp_path: Path) -> None:
    force_rate(rig, 96000)
    rig.play(tone(tmp_path / "a.wav", [1000.0]))
    wait_for("the server's rate", lambda: "96000Hz" in pactl(rig, "list", "short", "sources"), 10)
    with Running(*SMALL, env=rig.env) as show:
        assert "plays to default at 96000 Hz" in show.said(), show.said()
        show.bus.queues["parent>desk"].put({"do": "set_param", "id": "audio.thru", "value": 1.0})
        wait_for("the tone", lambda: -10.0 < show.signal("audio", LOUD) < -8.0, 20)
        wait_for("half a second", lambda: show.bus.sound_in.written > 3 * 96000, 20)
        heard = np.zeros((48000, 2), np.float32)
        assert show.bus.sound_in.read(show.bus.sound_in.written - len(heard), heard)
        hops, began_s = show.bus.audio.count, time.monotonic()
        played, rate = soundfile.read(rig.record(tmp_path / "out.wav", 1.0))
        hops_a_second = (show.bus.audio.count - hops) / (time.monotonic() - began_s)
    assert peak_hz(heard[:, 0], 96000) == pytest.approx(1000.0, abs=4.0)
    assert peak_hz(played[:, 0], rate) == pytest.approx(1000.0, abs=4.0)
    assert hops_a_second == pytest.approx(96000 / 512, rel=0.3)


def peak_hz(sound: np.ndarray, rate: int) -> float:
    return float(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax() * rate / len(sound))


def test_chosen_channels_of_eight_are_heard_in_their_order(rig: Rig, tmp_path: Path) -> None:
    pactl(rig, "load-module", "module-null-sink", "sink_name=eight", "channels=8",
          "sink_properties=device.description=Eight")
    hz = [400.0 + 200.0 * c for c in range(8)]
    places = "front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right"
    subprocess.Popen(["paplay", "--device=eight", f"--channel-map={places}", tone(tmp_path / "eight.wav", hz)],
                     env=rig.env)  # the rig ends it
    for channels, expected in (((3, 4), 800.0), ((8, 1, 2), 1800.0), (None, 400.0)):
        program = Program(rig, audio_in="eight", audio_out="none", audio_channels=channels)
        assert program.opened["channels"] == (len(channels) if channels else 8)
        time.sleep(1.0)
        heard = program.end()
        assert f"(channels {', '.join(map(str, channels or range(1, 9)))})" in program.said[0]
        assert np.median(heard["hz"][len(heard["hz"]) // 2:]) == pytest.approx(expected, rel=0.02)


def test_what_the_machine_plays_is_heard_as_monitor_and_by_name(rig: Rig, tmp_path: Path) -> None:
    rig.play(tone(tmp_path / "a.wav", [700.0]), "sink")
    for name in ("monitor", "Monitor of sink", "OF SINK", "sink.monitor"):
        program = Program(rig, audio_in=name, audio_out="none")
        time.sleep(0.8)
        heard = program.end()
        assert "hears Monitor of sink" in program.said[0]
        assert np.median(heard["hz"][len(heard["hz"]) // 2:]) == pytest.approx(700.0, rel=0.02), name
        assert np.median(heard["peak"][-20:]) == pytest.approx(0.5, rel=0.1)


def test_a_chosen_device_is_remembered_by_name_and_said_when_it_is_not_there(rig: Rig) -> None:
    Program(rig, audio_in="of mic", audio_out="sink", audio_channels=[2]).end()
    listed = subprocess.run([*PROGRAM, "devices"], env=rig.env, capture_output=True, text=True, check=True).stdout
    assert [line.split("  ")[-3] for line in listed.splitlines() if line.endswith("+")] == ["Monitor of mic", "sink"]
    for options in ({}, {"audio_in": "demo"}, {"audio_in": "none"}):  # what is no device changes nothing
        program = Program(rig, **options)
        program.end()
        if not options:
            assert program.said == ["hears Monitor of mic (channel 2) and plays to sink at 48000 Hz"]
    config = Path(rig.env["XDG_CONFIG_HOME"]) / "pix2live" / "sound.toml"
    config.write_text(config.read_text().replace("Monitor of mic", "Scarlett 2i2"))
    program = Program(rig)
    program.end()
    assert "the sound input of last time is not here (Scarlett 2i2): taking the default" in program.said[0]
    assert "hears default (channels 1, 2) and plays to sink" in program.said[1]
    assert "Scarlett 2i2" in config.read_text()  # it may be here again tomorrow
    program = Program(rig, audio_in="default", audio_out="default")
    program.end()
    assert "hears default (channels 1, 2) and plays to default" in program.said[0] and config.read_text().strip() == ""
    config.write_text("broken = [")
    program = Program(rig, audio_in="mic", audio_out="none")
    program.end()
    assert "sound.toml" in " ".join(program.said) and config.read_text() == "broken = ["


@pytest.fixture
def two(rig: Rig) -> Iterator[tuple[Rig, Rig, dict[str, str]]]:
    """A rig with two more devices of another sound server, ``far mic`` and ``far sink``, as a USB card beside the
    first."""
    with Rig(sound=True) as other:
        config = rig.folder / "asound.conf"
        server = other.env["PULSE_SERVER"]
        config.write_text(config.read_text() + "".join(
            f'pcm.{name} {{ type asym {way}.pcm {{ type pulse server "{server}" device "{device}" }} }}\n'
            for name, way, device in (("farmic", "capture", "mic.monitor"), ("farsink", "playback", "sink"))))
        yield rig, other, rig.env


def test_a_lost_input_is_silence_while_the_output_plays_on_without_a_gap(
        two: tuple[Rig, Rig, dict[str, str]], tmp_path: Path) -> None:
    near, far, _ = two
    far.play(tone(tmp_path / "a.wav", [600.0], 120.0))
    program = Program(near, audio_in="farmic", audio_out="sink")
    time.sleep(3.0)
    recording = near.start_recording()
    far.kill_sound()
    gone_s = program.wait_for("the sound device is gone: input farmic")
    time.sleep(1.5)
    far.restart_sound()
    far.play(tmp_path / "a.wav")
    back_s = program.wait_for("the sound device is back: input farmic")
    time.sleep(2.0)
    played, _ = soundfile.read(recording.save(tmp_path / "out.wav"))
    heard = program.end()
    away = heard["peak"][(heard["at"] > gone_s) & (heard["at"] < back_s - 0.1)]
    assert len(away) > 50 and not away.any()
    after = heard["peak"][heard["at"] > back_s + 0.8]
    assert len(after) > 50 and np.median(after) == pytest.approx(0.5, rel=0.1)
    # The output is the same stream all the while: nobody in the room hears that a microphone was unplugged.
    loud = np.abs(played).max(axis=1) > 0.02
    blocks = loud[np.flatnonzero(loud)[0]:np.flatnonzero(loud)[-1]]
    quiet = np.flatnonzero(np.diff(np.flatnonzero(blocks)) > RATE // 5)
    assert len(quiet) == 0, "the output paused"


def test_a_lost_output_leaves_the_input_heard_and_comes_back(
        two: tuple[Rig, Rig, dict[str, str]], tmp_path: Path) -> None:
    near, far, _ = two
    near.play(tone(tmp_path / "a.wav", [600.0], 120.0))
    program = Program(near, audio_in="mic", audio_out="farsink")
    time.sleep(2.0)
    far.kill_sound()
    program.wait_for("the sound device is gone: input mic and output farsink")
    here_s = program.wait_for("the sound device is back: input mic")
    time.sleep(1.5)
    far.restart_sound()
    back_s = program.wait_for("the sound device is back: input mic and output farsink")
    sound, _ = soundfile.read(far.record(tmp_path / "far.wav", 1.0))
    heard = program.end()
    between = heard["peak"][(heard["at"] > here_s + 0.5) & (heard["at"] < back_s - 1.0)]
    assert len(between) > 20 and np.median(between) == pytest.approx(0.5, rel=0.1)
    assert np.abs(sound).max() == pytest.approx(0.25, rel=0.1)


def test_an_engine_that_begins_anew_waits_for_the_device_it_had_and_takes_no_other(
        two: tuple[Rig, Rig, dict[str, str]], tmp_path: Path) -> None:
    near, far, _ = two
    near.play(tone(tmp_path / "near.wav", [600.0], 60.0))
    Program(near, audio_in="farmic", audio_out="none").end()
    far.kill_sound()
    program = Program(near, audio_out="none", written=1000)  # as after a crash in mid-show, with the default near
    assert program.opened["rate"] == RATE and program.opened["channels"] == 2
    program.wait_for("gone: input farmic")
    time.sleep(2.0)
    far.restart_sound()
    far.play(tone(tmp_path / "far.wav", [900.0], 60.0))
    back_s = program.wait_for("back: input farmic")
    time.sleep(1.5)
    heard = program.end()
    assert not heard["peak"][heard["at"] < back_s - 0.5].any()
    assert np.median(heard["hz"][-50:]) == pytest.approx(900.0, rel=0.02)


def test_the_level_meter_reads_a_known_sine_and_ends_with_ctrl_c(rig: Rig, tmp_path: Path) -> None:
    t = np.arange(30 * RATE) / RATE
    sine = np.sin(2 * np.pi * 440 * t)
    soundfile.write(tmp_path / "a.wav", np.stack([0.5 * sine, 0.05 * sine], 1), RATE)
    rig.play(tmp_path / "a.wav")
    meter = subprocess.Popen([*PROGRAM, "devices", "--meter", "mic"], env=rig.env, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    assert meter.stdout is not None
    lines = [meter.stdout.readline().split() for _ in range(4)]
    meter.send_signal(2)
    _, said = meter.communicate(timeout=10)
    assert meter.returncode == 0 and "Traceback" not in said
    numbers = [[float(word) for word in (line[2], line[4], line[7], line[9])] for line in lines[1:]]
    assert np.median(numbers, axis=0) == pytest.approx([-6.0, -9.0, -26.0, -29.0], abs=0.3)
    done = subprocess.run([*PROGRAM, "devices", "--meter", "nonsense"], env=rig.env, text=True, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "no such sound input" in done.stderr
