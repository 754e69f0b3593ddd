"""What only a running show can tell: its callback, its latencies from door to door, its start. On the private rig."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from pix2live.devices.demo_tune import DemoTune
from pix2live.devices.soundwriter import write_sound
from pix2live.patch.param import ParamTable
from pix2live.patch.patch import read_patch
from pix2live.patch.preset import load_preset, save_preset
from pix2live.resources import listing
from pix2live.show.bench import BLOCK, PARTIALS, RATE, Row, both, first_in_line
from pix2live.signals import table
from pix2live.signals.bus import Bus, segment_name
from tools import bench_player
from tools.bench_player import Ear
from tools.rig import Rig
from tools.running import ENGINES, PROGRAM, Running, processes_of, wait_for
from tools.screen import Screen

SIZE = (640, 360)
SETTLE_S = 1.5  # the callback's meter and the frame times leave out the first second themselves
POLL_S, WATCH_NICE = 0.0005, -10
DARK_S = LIGHT_S = 1.0
STARTS = 3
_SHADER = """/*{"ISFVSN": "2", "INPUTS": [
    {"NAME": "lift", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0},
    {"NAME": "knob", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.0}]}*/
void main() { gl_FragColor = vec4(vec3(lift), 1.0); }
"""
_PRESET = """name = "Bench"
[deck.a]
shader = "flash.fs"
[params]
"synth.scan.normalise" = 0
"synth.scan.rows" = 0
"synth.scan.low_hz" = 40.0
"synth.scan.high_hz" = 12000.0
[[routes]]
source = "audio.onset"
target = "deck.a.lift"
"""
_MAPPING = '[[controls]]\nsource = "midi.cc.1.74"\nparam = "deck.a.knob"\ntakeover = false\n'
_SENDER = """
import random, sys, time, json, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="bench")
out.open_virtual_port("out")
print("ready", flush=True)
sys.stdin.readline()
stamps, end = [], time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    time.sleep(random.uniform(0.008, 0.020))  # no fixed place within the server's period
    stamps.append(time.monotonic())
    out.send_message([0xB0, 74, len(stamps) % 128])
time.sleep(0.2)
print(json.dumps(stamps), flush=True)
"""

Changes = list[tuple[float, float]]


def watch(seconds: float, probes: Mapping[str, Callable[[], float]], every_s: float = POLL_S) -> dict[str, Changes]:
    """Look at every probe again and again; ``(monotonic seconds, value)`` of each change, by the probe's name."""
    last = {name: probe() for name, probe in probes.items()}
    seen: dict[str, Changes] = {name: [] for name in probes}
    end_s = time.monotonic() + seconds
    # What made the watcher late would look like the show.
    with first_in_line(WATCH_NICE):
        while time.monotonic() < end_s:
            for name, probe in probes.items():
                value = probe()
                if value != last[name]:
                    last[name] = value
                    seen[name].append((time.monotonic(), value))
            time.sleep(every_s)
    return seen


def answers(causes: Sequence[float], effects: Sequence[float], within_s: float) -> np.ndarray:
    """Seconds from each cause to the first effect after it; NaN where none came ``within_s``."""
    causes_s, effects_s = np.asarray(causes, float), np.append(np.asarray(effects, float), np.inf)
    late_s = effects_s[np.searchsorted(effects_s, causes_s, side="right")] - causes_s
    return np.where(late_s <= within_s, late_s, np.nan)


def in_sequence(sent: Sequence[float], changes: Changes, modulo: int = 128) -> np.ndarray:
    """Seconds from message ``i`` (value ``(i + 1) % modulo``) to the first change that shows it or a later one."""
    late_s = np.full(len(sent), np.nan)
    shown = 0
    for moment_s, value in changes:
        newer = shown + (round(value) - shown) % modulo
        for i in range(shown, min(newer, len(sent))):
            late_s[i] = moment_s - sent[i]
        shown = newer
    return late_s


def _row(what: str, late_s: np.ndarray, how: str) -> Row:
    came = late_s[np.isfinite(late_s)]
    figure = both(came, 1e3, "ms") if len(came) else "none came"
    return Row(f"{what} p50 / p99", figure, f"{len(came)} of {len(late_s)}: {how}")


# -- how it starts --------------------------------------------------------------------------------------------------


def starts(rig: Rig, times: int = STARTS) -> list[Row]:
    """From the command to the first picture that can be seen and the first sound that can be heard."""
    first_light(rig)  # fills every cache
    found = [first_light(rig) for _ in range(times)]
    rows = []
    load, cpu_s = os.getloadavg()[0], float(np.median([each["cpu"] for each in found]))
    for what, how in (("picture", "the first pixel of the window that is not black, filmed from the screen"),
                      ("sound", "the first sample that is not silent, handed to the sound card")):
        values = sorted(each[what] for each in found)
        rows.append(Row(f"start to first {what}", f"{values[len(values) // 2]:.2f} s",
                        f"median of {times} warm starts ({values[0]:.2f} to {values[-1]:.2f}) of 'pix2live play', "
                        f"default preset, window {SIZE[0]}x{SIZE[1]}: {how}"))
    rows.append(Row("start, CPU time", f"{cpu_s:.2f} s",
                    f"of all its processes together until both were there, on {os.cpu_count()} cores; "
                    f"load average {load:.1f} (above the number of cores others made it wait)"))
    return rows


def first_light(rig: Rig, patience_s: float = 240.0) -> dict[str, float]:
    """Start the show and stop it again; seconds from the command to each step of its start."""
    begin_s = time.monotonic()
    with tempfile.TemporaryFile() as said:
        show = subprocess.Popen(
            [*PROGRAM, "play", "--audio-in", "mic", "--audio-out", "sink", "--size", f"{SIZE[0]}x{SIZE[1]}"],
            env=rig.env, stderr=said, stdout=subprocess.DEVNULL)
        try:
            return _follow_start(rig, show, begin_s, patience_s)
        except (AssertionError, OSError, RuntimeError) as error:
            said.seek(0)
            raise RuntimeError(f"the show did not start: {said.read().decode(errors='replace')}") from error
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                show.send_signal(signal.SIGINT)
                show.wait(10.0)
            if show.poll() is None:
                os.kill(show.pid, signal.SIGKILL)
                show.wait()


def _cpu_s(pid: int) -> float:
    try:
        fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _follow_start(rig: Rig, show: "subprocess.Popen[bytes]", begin_s: float, patience_s: float) -> dict[str, float]:
    steps: dict[str, float] = {}
    wait_for("the bus", Path("/dev/shm", segment_name(show.pid)).exists, 30.0)
    time.sleep(0.1)  # the parent is still laying it out
    bus = Bus.attach(segment_name(show.pid))
    bus.forget()
    steps["bus"] = bus.begin_s - begin_s
    block, written = np.zeros((BLOCK, 2), np.float32), 0
    with Screen(rig.env["DISPLAY"], SIZE) as screen:
        while not {"picture", "sound"} <= steps.keys():
            now_s = time.monotonic() - begin_s
            if now_s > patience_s or show.poll() is not None:
                raise RuntimeError("no picture or no sound")
            if "picture" not in steps and screen.picture().max() > 32:
                steps["picture"] = now_s
            while "sound" not in steps and bus.sound_out.written - written >= BLOCK:
                if bus.sound_out.read(written, block) and np.abs(block).max() > bench_player.LOUD:
                    steps["sound"] = now_s
                written += BLOCK
            time.sleep(0.01)
    steps["cpu"] = sum(_cpu_s(pid) for pid in processes_of(show.pid))
    for name in ENGINES:
        steps[f"{name} ready"] = bus.status[name]["ready_s"] - begin_s
    return steps


# -- how it plays ---------------------------------------------------------------------------------------------------


def playing(rig: Rig, seconds: float, preset: str = "paper_signals") -> list[Row]:
    """The callback and the frames of a show that hears music and plays 2,048 stereo partials."""
    with tempfile.TemporaryDirectory() as folder:
        music, light, patch = Path(folder) / "music.wav", Path(folder) / "light.png", Path(folder) / "bench.toml"
        tune = np.zeros((round((seconds + SETTLE_S + 3.0) * RATE), 2), np.float32)
        DemoTune(RATE).read(tune)
        write_sound(music, tune, RATE)
        _noise(light)
        base = load_preset(listing("presets")[preset])
        save_preset(replace(base, params={**base.params, "synth.scan.row_count": float(PARTIALS)}), patch)
        with Running("--audio-in", "mic", "--audio-out", "sink", "--camera", str(light), "--preset", str(patch),
                     "--size", f"{SIZE[0]}x{SIZE[1]}", env=rig.env) as show:
            rig.play(music)
            time.sleep(SETTLE_S)
            audio, render = show.bus.status["audio"], show.bus.status["render"]
            before = {name: audio[name] for name in ("callbacks", "xruns")}
            frames, dropped = render["frames"], render["dropped"]
            ran, began_s = _on_core(show.engine_pid("audio")), time.monotonic()
            time.sleep(seconds)
            busy, waited = (_on_core(show.engine_pid("audio")) - ran) / (time.monotonic() - began_s)
            after = {name: audio[name] - value for name, value in before.items()}
            drawn, missed = render["frames"] - frames, render["dropped"] - dropped
            gone = show.said().count("sound device is gone")
            block_s = BLOCK / RATE
            doing = f"live on PipeWire, {BLOCK} frames, analysis of music and {PARTIALS} stereo partials together"
            return [
                Row("callback compute p50 / p99, live", _pair(audio, "compute", 100 / block_s, "%"),
                    f"{doing}; share of the block, by the clock"),
                Row("callback compute p50 / p99, live, CPU", _pair(audio, "cpu", 100 / block_s, "%"),
                    f"{doing}; share of the block, by the callback thread's CPU time"),
                Row("audio process, of a core", f"{100 * busy:.3g} %",
                    f"all its threads, the same; {100 * waited:.2g} % more it waited for others to leave the core"),
                Row("callback interval p50 / p99", _pair(audio, "interval", 100 / block_s, "%"),
                    f"{doing}; share of the block ({1e3 * block_s:.2f} ms)"),
                Row("xruns", f"{after['xruns']:.0f} of {after['callbacks']:.0f}",
                    "callbacks that came later than 1.5 of the usual interval, or that the driver marked"
                    + (f"; the sound server stalled {gone} times" if gone else "")),
                Row("frame time p50 / p99", _pair(render, "compute", 1e3, "ms"),
                    f"{base.name} in a window of {SIZE[0]}x{SIZE[1]}, from the first draw call to the picture done"),
                Row("frame interval p50 / p99", _pair(render, "interval", 1e3, "ms"), "the same, 60 a second asked"),
                Row("missed frames", f"{missed:.0f} of {drawn + missed:.0f}", "the same")]


def _on_core(pid: int) -> np.ndarray:
    """Seconds that all threads of a process have run, and waited for a core, by the kernel's count."""
    total = np.zeros(2)
    for task in Path("/proc", str(pid), "task").iterdir():
        with contextlib.suppress(OSError):
            total += [int(field) * 1e-9 for field in (task / "schedstat").read_text().split()[:2]]
    return total


def _pair(status: Mapping[str, float] | object, name: str, scale: float, unit: str) -> str:
    low, high = (status[f"{name}_{part}"] * scale for part in ("p50", "p99"))  # type: ignore[index]
    return f"{low:.3g} / {high:.3g} {unit}"


def _noise(path: Path) -> None:
    """A bright picture, coloured noise: every partial sounds, left and right differ."""
    import cv2

    noise = np.random.default_rng(0).integers(120, 256, (512, 256, 3), dtype=np.uint8)
    if not cv2.imwrite(str(path), noise):
        raise OSError(f"{path} cannot be written")


# -- from door to door ----------------------------------------------------------------------------------------------


def latencies(rig: Rig, seconds: float) -> list[Row]:
    """Click to feature and pixel, camera to sound, MIDI to param, in one show."""
    mapping = Path(rig.env["XDG_CONFIG_HOME"]) / "pix2live" / "midi.toml"
    mapping.parent.mkdir(parents=True, exist_ok=True)
    mapping.write_text(_MAPPING)
    try:
        with tempfile.TemporaryDirectory() as name, _sender(rig, seconds) as sender:
            folder = Path(name)
            (folder / "flash.fs").write_text(_SHADER)
            (folder / "bench.toml").write_text(_PRESET)
            _flips(folder / "flips.avi")
            with Running("--audio-in", "mic", "--audio-out", "sink", "--camera", str(folder / "flips.avi"),
                         "--preset", str(folder / "bench.toml"), "--size", f"{SIZE[0]}x{SIZE[1]}",
                         env=rig.env) as show:
                time.sleep(SETTLE_S)
                rows = _heard_and_seen(rig, show, seconds, bench_player.environment(rig.env, folder))
                return [*rows, _midi(show, seconds, sender)]
    finally:
        mapping.unlink()


def _heard_and_seen(rig: Rig, show: Running, seconds: float, env: Mapping[str, str]) -> list[Row]:
    bus = show.bus
    hop, used = bus.audio.record(), 16 + 8 * len(table.SECTIONS["audio"])
    onsets = table.local("audio", "audio.onset_count")
    ear, block, at = Ear(), np.zeros((1 << 14, 2), np.float32), bus.sound_out.written

    def onset_count() -> float:
        bus.audio.newest(hop, used)
        return float(hop["scalars"][0, onsets])

    def sounds() -> float:
        nonlocal at
        count = min(bus.sound_out.written - at, len(block))
        if count and bus.sound_out.read(at, block[:count]):
            ear.hear(np.abs(block[:count]).max(axis=1), time.monotonic())
        at += count
        return 0.0

    player = bench_player.start(seconds, env)
    with Screen(rig.env["DISPLAY"], (8, 8)) as screen:
        bench_player.go(player)
        began_s = time.monotonic()
        seen = watch(seconds, {"onset": onset_count, "pixel": lambda: float(screen.picture()[4, 4, 0] > 127),
                               "sound": sounds})
    played = bench_player.finish(player)
    # It plays before and after it was watched, too.
    clicks = [moment for moment in played["clicks"] if began_s < moment < began_s + seconds - 0.3]
    loop = answers(clicks, played["looped"], 0.3)
    feature = answers(clicks, [moment for moment, _ in seen["onset"]], 0.3)
    pixel = answers(clicks, [moment for moment, value in seen["pixel"] if value > 0.5], 0.3)
    flips = _flip_times(bus.begin_s, began_s, began_s + seconds)
    asked = "clicks handed to the sound server"
    return [
        _row("sound server's own loop", loop, f"{asked}, heard again from the monitor by the process that played them"),
        _row("click to feature", feature, f"{asked}, to audio.onset_count on the bus, the server's loop included"),
        _row("click to feature, own", feature - loop, "the same less the server's loop, click by click"),
        _row("click to pixel", pixel, f"{asked}, to a lit pixel filmed from the screen, the server's loop included"),
        _row("click to pixel, own", pixel - loop, "the same less the server's loop, click by click"),
        _row("camera to sound", answers(flips, ear.begins, 0.5),
             "a film turns from black to white, to the first sample above -60 dBFS handed over; 64 partials"),
        _row("camera to sound, heard", answers(flips, played["sounds"], 0.5), "the same, from the sink's monitor")]


def _flips(path: Path, fps: int = 50) -> None:
    """A film that is black for a second and white for a second, for ever."""
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), fps, (64, 64))
    for bright, length_s in ((0, DARK_S), (255, LIGHT_S)):
        for _ in range(round(length_s * fps)):
            writer.write(np.full((64, 64, 3), bright, np.uint8))
    writer.release()


def _flip_times(begin_s: float, from_s: float, to_s: float) -> list[float]:
    every_s = DARK_S + LIGHT_S
    first = int(np.ceil((from_s - begin_s - DARK_S) / every_s))
    moments = begin_s + DARK_S + every_s * np.arange(first, first + int((to_s - from_s) / every_s) + 1)
    return [float(moment) for moment in moments if moment < to_s - 0.5]


@contextmanager
def _sender(rig: Rig, seconds: float) -> "Iterator[subprocess.Popen[str]]":
    sender = subprocess.Popen([sys.executable, "-c", _SENDER, str(seconds)], env=rig.env, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert sender.stdout is not None
        if sender.stdout.readline().strip() != "ready":
            raise RuntimeError("the MIDI sender did not start")
        yield sender
    finally:
        sender.kill()
        sender.wait()


def _midi(show: Running, seconds: float, sender: "subprocess.Popen[str]") -> Row:
    patch = read_patch(show.bus)
    params: ParamTable = patch.table if patch else ParamTable(())
    knob, record = params.index["deck.a.knob"], show.bus.params.record()

    def value() -> float:
        show.bus.params.newest(record)
        return float(round(record["values"][0, knob] * 127.0))

    assert sender.stdin is not None
    time.sleep(1.0)  # the desk looks for new ports four times a second
    sender.stdin.write("go\n")
    sender.stdin.flush()
    changes = watch(seconds + 0.3, {"knob": value}, 0.0002)["knob"]
    sent = json.loads(sender.communicate(timeout=30)[0])
    return _row("MIDI byte to param", in_sequence(sent, changes),
                "controllers sent by another process through JACK, to the param on the bus")


def measure(seconds: float) -> list[Row]:
    """Every live figure, on a rig of its own. Raises RigError where there is none; about 40 s and twice ``seconds``."""
    rows: list[Row] = []
    with Rig(sound=True, screen=True, midi=True) as rig:
        # The first starts fill the caches that the others begin with.
        for what, part in (("how it starts", lambda: starts(rig)), ("how it plays", lambda: playing(rig, seconds)),
                           ("from door to door", lambda: latencies(rig, seconds))):
            try:
                rows += part()
            except (AssertionError, RuntimeError) as error:  # a show that did not start; the others may
                rows.append(Row(what, "not measured", " ".join(str(error).split())))
    return rows
