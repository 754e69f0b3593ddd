"""SoundCard on a real, clocked sound server: each test runs a program inside the rig, and looks at what it printed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tools.rig import Rig

pytestmark = pytest.mark.live
RATE = 48000

PRELUDE = """
import json, sys, time
import numpy as np
from pix2live.devices.soundcard import SoundCard
from pix2live.devices.soundlist import list_devices
from pix2live.errors import DeviceError
def tell(**values): print(json.dumps(values), flush=True)
"""
LISTEN = PRELUDE + """
blocks, stamps, times = [], [], []
def hear(heard, out, air_s):
    blocks.append(heard.copy()); stamps.append(air_s); times.append(time.monotonic())
card = SoundCard("mic", None, rate=48000, block=int(sys.argv[2]), in_channels=int(sys.argv[3]), callback=hear)
card.start()
tell(ready=True)
time.sleep(1.8)
alive, closed = card.alive(time.monotonic()), card.close()
np.savez(sys.argv[1], sound=np.concatenate(blocks), stamps=stamps, times=times,
         frames=[len(b) for b in blocks])
tell(alive=alive, closed=closed, after=card.alive(time.monotonic()), errors=card.meter.errors,
     channels=card.in_channels)
"""
SING = PRELUDE + """
at = 0
def sing(heard, out, air_s):
    global at
    out[:, 0] = 0.5 * np.sin(2 * np.pi * 440.0 / card.rate * (at + np.arange(len(out))))
    out[:, 1] = 0.25 * np.sin(2 * np.pi * 1000.0 / card.rate * (at + np.arange(len(out))))
    at += len(out)
card = SoundCard(**json.loads(sys.argv[1]), callback=sing)
if len(sys.argv) > 2:  # two streams, spliced
    card._drop_streams(); card._open_streams(False)
card.start()
time.sleep(1.8)
alive = card.alive(time.monotonic())
tell(alive=alive, closed=card.close(), callbacks=card.meter.callbacks, frames=card.meter.frames, rate=card.rate,
     errors=card.meter.errors, median_ms=1e3 * float(np.median(card.meter.interval_s())))
"""


def start(rig: Rig, code: str, *arguments: object, **env: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], env=rig.env | env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(program: "subprocess.Popen[str]") -> dict:
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    # Nothing of what ALSA and JACK write while PortAudio looks around may reach the user.
    assert err == ""
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize(("block", "channels"), [(256, 2), (441, 1)])
def test_a_played_sine_is_heard_as_it_was(sound_rig: Rig, tmp_path: Path, block: int, channels: int) -> None:
    t = np.arange(6 * RATE) / RATE
    sine = np.stack([0.5 * np.sin(2 * np.pi * 997 * t)] * 2, axis=1)
    soundfile.write(tmp_path / "a.wav", sine, RATE, subtype="FLOAT")
    player = sound_rig.play(tmp_path / "a.wav")
    program = start(sound_rig, LISTEN, tmp_path / "heard.npz", block, channels)
    told = finish(program)
    player.terminate()
    player.wait(10)
    assert told == {"alive": True, "closed": True, "after": False, "errors": 0, "channels": channels}
    got = np.load(tmp_path / "heard.npz")
    assert got["sound"].shape[1] == channels
    assert len(got["sound"]) > RATE
    # A rare stall of a shared machine tears one piece; the others must each be one sine.
    sound = got["sound"][-RATE:, 0].astype(np.float64)
    n = np.arange(len(sound))
    basis = np.stack([np.sin(2 * np.pi * 997 / RATE * n), np.cos(2 * np.pi * 997 / RATE * n)], axis=1)
    residuals = []
    for begin in range(0, len(sound) - 4800, 4800):
        piece, waves = sound[begin : begin + 4800], basis[begin : begin + 4800]
        residuals.append(np.abs(piece - waves @ np.linalg.lstsq(waves, piece, rcond=None)[0]).max())
    assert np.median(residuals) < 1e-3

    stamps, times, frames = got["stamps"], got["times"], got["frames"]
    age_s = np.median(times - stamps)
    assert np.median(frames) / RATE * 0.9 <= age_s < 0.1
    settled = slice(len(stamps) // 2, None)
    assert np.median(np.diff(stamps)[settled]) == pytest.approx(np.median(frames) / RATE, rel=0.03)


@pytest.mark.parametrize(("ways", "more"), [
    ({"in_device": None, "out_device": "sink", "rate": RATE}, ()),
    ({"in_device": None, "out_device": "SINK", "block": 441}, ()),
    ({"in_device": "mic", "out_device": "sink", "rate": RATE, "in_channels": 1}, ()),
    ({"in_device": "mic", "out_device": "sink", "rate": RATE, "in_channels": 1}, ("spliced",)),
    ({"in_device": None, "out_device": "default", "rate": RATE, "out_channels": 4}, ()),
])
def test_what_is_made_is_played(sound_rig: Rig, tmp_path: Path, ways: dict, more: tuple[str, ...]) -> None:
    recording = sound_rig.start_recording()
    told = finish(start(sound_rig, SING, json.dumps(ways), *more))
    recorded, _ = soundfile.read(recording.save(tmp_path / "r.wav"))
    assert told["alive"] and told["closed"] and told["errors"] == 0
    loud = np.flatnonzero(np.abs(recorded[:, 0]) > 0.2)
    assert len(loud)
    sound = recorded[loud[0] : loud[-1]]
    assert len(sound) > RATE
    # Stalls of a shared machine tear pieces; most must be whole.
    size = RATE // 20
    pieces = sound[: len(sound) // size * size].reshape(-1, size, 2)
    spectrum = np.median(np.abs(np.fft.rfft(pieces * np.hanning(size)[:, None], axis=1)) / size * 4, axis=0)
    assert spectrum[:, 0].argmax() * 20 == 440
    assert spectrum[:, 1].argmax() * 20 == 1000
    assert spectrum.max(axis=0) == pytest.approx([0.5, 0.25], rel=0.1)


LOOP = PRELUDE + """
emitted, found, seen = 0.0, [], 0
def ping(heard, out, air_s):
    global emitted, seen
    seen += 1
    peak = int(np.abs(heard[:, 0]).argmax())
    if emitted and abs(heard[peak, 0]) > 0.2:
        found.append(air_s + peak / card.rate - emitted); emitted = 0.0
    if seen % 50 == 0:
        out[0] = 0.9; emitted = time.monotonic()
card = SoundCard("mic", "pulse", rate=48000, callback=ping)
card.start(); time.sleep(2.5); card.close()
tell(found=found)
"""


def test_a_click_is_in_the_air_after_it_was_made_and_soon(sound_rig: Rig) -> None:
    found = finish(start(sound_rig, LOOP, PULSE_SINK="mic"))["found"]
    assert len(found) >= 4
    # Made at the callback; on its way through the server before it can be in the air at our microphone.
    assert -0.002 < np.median(found) < 0.06


def test_devices_are_listed_and_unknown_ones_are_one_line(sound_rig: Rig) -> None:
    code = PRELUDE + """
names = [[d.name, d.inputs > 0, d.outputs > 0, d.rate > 0] for d in list_devices()]
try: SoundCard("no such thing", "sink", callback=None)
except DeviceError as error: unknown = str(error)
try: SoundCard(None, "sink", rate=7, callback=None); wrong = ""
except DeviceError as error: wrong = str(error)
tell(names=names, unknown=unknown, wrong=wrong)
"""
    told = finish(start(sound_rig, code))
    assert ["sink", False, True, True] in told["names"] and ["mic", True, False, True] in told["names"]
    assert "no such thing" in told["unknown"] and "mic" in told["unknown"] and "\n" not in told["unknown"]
    assert "7 Hz" in told["wrong"] and "\n" not in told["wrong"]


def test_a_server_killed_in_mid_stream_is_noticed_and_close_returns() -> None:
    code = PRELUDE + """
card = SoundCard("mic", "sink", rate=48000, callback=lambda heard, out, air_s: None)
card.start(); time.sleep(0.5)
before = card.alive(time.monotonic())
tell(ready=True)
sys.stdin.readline(); time.sleep(1.5)
after = card.alive(time.monotonic())
began = time.monotonic(); card.close()
tell(before=before, after=after, took=time.monotonic() - began)
"""
    with Rig(sound=True) as rig:
        program = subprocess.Popen([sys.executable, "-c", code], env=rig.env, text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert program.stdout is not None
        program.stdout.readline()
        rig.kill_sound()
        out, _ = program.communicate("\n", timeout=30)
    told = json.loads(out.splitlines()[-1])
    assert told["before"] and not told["after"] and told["took"] < 10.0
