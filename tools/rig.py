"""Real sound, MIDI and screen on a bare machine: a private PipeWire, jackd and Xvfb that leave nothing behind.

``python tools/rig.py [--sound --screen --midi] -- COMMAND ...`` runs a command inside (all three where none is named);
``python tools/rig.py --check`` says what works. In tests: ``with Rig(sound=True) as rig: ... env=rig.env``.
Linux only; uses nothing beyond Python and the Debian packages in ``rig_process.PACKAGES``.
"""

import argparse
import atexit
import contextlib
import fcntl
import itertools
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.rig_process import MARKER, Family, RigError, Server, die_with_us, program, wait_until

RATE_HZ = 48000
SCREEN = "1280x720x24"
SINKS = ("sink", "mic")  # "sink": where programs play; "mic": its monitor is what programs hear
_START_S = 20.0
_numbers = itertools.count()

_NULL_SINK = """  {{ factory = adapter args = {{ factory.name = support.null-audio-sink node.name = "{name}"
      node.description = "{name}" media.class = "Audio/Sink" object.linger = true audio.position = "FL,FR"
      monitor.channel-volumes = true }} }}
"""
# WirePlumber 0.4 reads Lua, 0.5 reads the other: the machine's own devices stay out of the rig in both.
_LUA = "alsa_monitor.enabled = false\nv4l2_monitor.enabled = false\nlibcamera_monitor.enabled = false\n"
_PROFILE = ("wireplumber.profiles = { main = { monitor.alsa = disabled monitor.alsa-midi = disabled "
            "monitor.bluez = disabled monitor.v4l2 = disabled monitor.libcamera = disabled } }\n")
_ASOUND = """</usr/share/alsa/alsa.conf>
pcm.!default { type asym playback.pcm "sink" capture.pcm "mic" hint { show on description "rig" } }
pcm.sink { type asym playback.pcm { type pulse device "sink" } }
pcm.mic { type asym capture.pcm { type pulse device "mic.monitor" } }
ctl.!default { type pulse }
"""


class Rig:
    """Starts what is asked for on entering; ends every process and removes its run folder on leaving.

    Args:
        sound: PipeWire with two null sinks. Programs play into ``sink`` and hear ``mic``; PyAudio lists these two
            names and ``default``.
        screen: Xvfb, 1280x720, 24 bits, on a display number of its own.
        midi: jackd on its dummy driver under a server name of its own, for rtmidi's JACK API. On a busy machine JACK
            itself loses what a client hands over too late for its period of 2.7 ms: a test sends again.

    ``env`` is the whole environment for programs run inside. What was not asked for is not there either: no display, no
    reachable sound server, no JACK server. User files (config, data, state) go to the run folder; caches stay shared.
    Raises RigError, one line, where a program is missing or does not come up.
    """

    def __init__(self, sound: bool = False, screen: bool = False, midi: bool = False) -> None:
        self.sound, self.screen, self.midi = sound, screen, midi
        self.env: dict[str, str] = {}
        self._family: Family | None = None
        self._sound_servers: list[Server] = []
        self._owner = 0
        self._jack_lock: IO[str] | None = None
        self._old_handlers: dict[int, signal.Handlers] = {}

    def __enter__(self) -> "Rig":
        if not sys.platform.startswith("linux"):
            raise RigError("the rig needs Linux")
        self._owner = os.getpid()
        self._catch_signals()
        atexit.register(self.stop)
        try:
            self._family = Family()
            self.folder = self._family.folder
            self._lay_out()
            if self.sound:
                self.restart_sound()
            if self.screen:
                self._start_screen()
            if self.midi:
                self._start_midi()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process of this rig and remove its folder. Safe to call again; does nothing in a forked child."""
        if self._family is None or self._owner != os.getpid():
            return
        self._family.close()
        self._family = None
        if self._jack_lock is not None:
            self._jack_lock.close()
            self._jack_lock = None
        if self.midi and self.env:  # a client that was killed leaves its semaphore behind
            for left in Path("/dev/shm").glob(f"jack*{self.env['JACK_DEFAULT_SERVER']}_*"):
                left.unlink(missing_ok=True)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        self._old_handlers.clear()
        atexit.unregister(self.stop)

    # sound

    def restart_sound(self) -> None:
        """Start PipeWire (again, after ``kill_sound``) in the same folder, so that ``env`` stays true."""
        if self._sound_servers:
            self.kill_sound()
        for name in ("pactl", "paplay", "parec"):
            program(name)
        run = self.folder / "run"
        for old in ("bus", "pipewire-0", "pipewire-0-manager", "pulse/native"):
            (run / old).unlink(missing_ok=True)
        bus = self._serve("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={run}/bus")
        wait_until((run / "bus").exists, _START_S, "the session bus", bus)
        pipewire = self._serve("pipewire")
        wait_until((run / "pipewire-0").exists, _START_S, "PipeWire", pipewire)
        manager = self._serve("wireplumber")
        pulse = self._serve("pipewire-pulse")
        wait_until(lambda: self._pactl("info").returncode == 0, _START_S, "the sound server", pulse)
        wait_until(self._sinks_there, _START_S, "the two sinks", manager)
        wait_until(self._defaults_set, _START_S, "the default sink and source", manager)

    def kill_sound(self) -> None:
        """Kill the sound server outright, as a crash would."""
        self._running().stop(self._sound_servers, force=True)
        self._sound_servers = []

    def play(self, wav: str | Path, sink: str = "mic") -> "subprocess.Popen[bytes]":
        """Play a sound file into a sink, by default where programs hear it; ``.wait()`` for the end."""
        return self._running().start("paplay", ["paplay", f"--device={sink}", str(wav)], self.env).popen

    def record(self, wav: str | Path, seconds: float, source: str = "sink.monitor") -> Path:
        """Record ``seconds`` of a source (by default what programs play) to a 16-bit stereo WAV; returns its path."""
        return self.start_recording(source).save(wav, seconds)

    def start_recording(self, source: str = "sink.monitor") -> "Recording":
        """Begin to record a source; returns as soon as sound flows. ``.save(wav, seconds)`` ends it."""
        return Recording(self._running(), self.env, source)

    # screen

    def screenshot(self, png: str | Path) -> Path:
        """Save a picture of the whole screen; returns its path."""
        self._command("import", "-window", "root", f"png:{png}")
        return Path(png)

    def keys(self, *names: str, window: str | None = None) -> None:
        """Press and release keys, as xdotool names them (``F1``, ``Right``, ``space``), in the window of that title.

        With no ``window`` they go to the window under the middle of the screen.
        """
        if window is None:
            self._command("xdotool", "mousemove", "640", "360")
        else:
            self._command("xdotool", "search", "--sync", "--onlyvisible", "--name", window, "windowfocus", "--sync")
        self._command("xdotool", "key", "--delay", "60", *names)

    # inside

    def _running(self) -> Family:
        if self._family is None:
            raise RigError("the rig is not running; use it in a with statement")
        return self._family

    def _lay_out(self) -> None:
        folder = self.folder
        for name in ("run", "home", "config/pipewire/pipewire.conf.d", "config/wireplumber/main.lua.d",
                     "config/wireplumber/bluetooth.lua.d", "config/wireplumber/wireplumber.conf.d", "data", "state"):
            (folder / name).mkdir(parents=True, mode=0o700)
        config = folder / "config"
        objects = "".join(_NULL_SINK.format(name=name) for name in SINKS)
        (config / "pipewire/pipewire.conf.d/10-null.conf").write_text(
            f"context.properties = {{ default.clock.rate = {RATE_HZ} }}\ncontext.objects = [\n{objects}]\n")
        (config / "wireplumber/main.lua.d/51-rig.lua").write_text(_LUA)
        (config / "wireplumber/bluetooth.lua.d/51-rig.lua").write_text("bluez_monitor.enabled = false\n")
        (config / "wireplumber/wireplumber.conf.d/51-rig.conf").write_text(_PROFILE)
        (folder / "asound.conf").write_text(_ASOUND if self.sound else "</usr/share/alsa/alsa.conf>\n")
        dropped = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "PULSE_SINK", "PULSE_SOURCE", "PULSE_RUNTIME_PATH",
                   "PULSE_COOKIE", "PIPEWIRE_REMOTE", "PIPEWIRE_CONFIG_DIR", "XDG_SESSION_TYPE")
        home_cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        self.env = {name: value for name, value in os.environ.items() if name not in dropped} | {
            MARKER: str(folder),
            "HOME": f"{folder}/home",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "XDG_DATA_HOME": f"{folder}/data",
            "XDG_STATE_HOME": f"{folder}/state",
            "XDG_CACHE_HOME": home_cache,
            "MESA_SHADER_CACHE_DIR": os.environ.get("MESA_SHADER_CACHE_DIR") or home_cache,
            "XDG_RUNTIME_DIR": f"{folder}/run",
            "PIPEWIRE_RUNTIME_DIR": f"{folder}/run",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/run/bus",
            "PULSE_SERVER": f"unix:{folder}/run/pulse/native",
            "ALSA_CONFIG_PATH": f"{folder}/asound.conf",
            "JACK_DEFAULT_SERVER": self._jack_name(),
            "JACK_NO_START_SERVER": "1",
        }

    def _serve(self, *argv: str) -> Server:
        server = self._running().start(argv[0], argv, self.env)
        self._sound_servers.append(server)
        return server

    def _pactl(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return self._quiet("pactl", *arguments)

    def _quiet(self, *argv: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run([program(argv[0]), *argv[1:]], env=self.env, capture_output=True, timeout=_START_S,
                              check=False)

    def _sinks_there(self) -> bool:
        listed = self._pactl("list", "short", "sinks").stdout
        return all(f"\t{name}\t".encode() in listed for name in SINKS)

    def _defaults_set(self) -> bool:
        self._pactl("set-default-sink", "sink")
        self._pactl("set-default-source", "mic.monitor")
        return (self._pactl("get-default-sink").stdout.strip() == b"sink"
                and self._pactl("get-default-source").stdout.strip() == b"mic.monitor")

    def _start_screen(self) -> None:
        program("xdotool")
        program("import")
        reading, writing = os.pipe()
        try:
            server = self._running().start(
                "Xvfb", ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"],
                self.env, pass_fds=(writing,))
            os.close(writing)
            writing = -1
            told = b""

            def number_told() -> bool:
                nonlocal told
                if select.select([reading], [], [], 0)[0]:
                    told += os.read(reading, 16)
                return told.endswith(b"\n")

            wait_until(number_told, _START_S, "the screen", server)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        self.env["DISPLAY"] = f":{int(told)}"

    def _jack_name(self) -> str:
        """One of a few names, held while this rig lives: JACK keeps room for 8 names, and never gives up the name of a
        server that was killed unless it comes again."""
        if not self.midi:
            return "pix2live-none"
        for number in range(1, 5):
            lock = open(Path(tempfile.gettempdir()) / f"pix2live-rig-jack-{number}.lock", "w")  # noqa: SIM115
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            self._jack_lock = lock
            return f"pix2live-rig-{number}"
        raise RigError("four rigs with MIDI run already")

    def _start_midi(self) -> None:
        program("jack_lsp")
        name = self.env["JACK_DEFAULT_SERVER"]
        server = self._running().start(
            "jackd", ["jackd", "--no-realtime", "-n", name, "--silent", "-d", "dummy", "-r", str(RATE_HZ), "-p", "128"],
            self.env)
        wait_until(lambda: self._quiet("jack_lsp", "-s", name).returncode == 0, _START_S, "the JACK server", server)

    def _command(self, *argv: str) -> None:
        try:
            done = self._quiet(*argv)
        except subprocess.TimeoutExpired:
            raise RigError(f"{argv[0]} gave no answer within {_START_S:g} s") from None
        if done.returncode:
            raise RigError(f"{argv[0]} failed: {done.stderr.decode(errors='replace').strip()[:200] or done.returncode}")

    def _catch_signals(self) -> None:
        """Turn SIGTERM and SIGHUP into SystemExit, so that ``with`` blocks unwind; Python by itself would just die."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _leave)
                self._old_handlers[number] = signal.SIG_DFL


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


class Recording:
    """Sound on its way from a source into a file of the run folder."""

    def __init__(self, family: Family, env: dict[str, str], source: str) -> None:
        self._family = family
        self._raw = family.folder / f"recording-{next(_numbers)}.raw"
        self._server = family.start(
            "parec", ["parec", f"--device={source}", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=2",
                      "--latency-msec=20", str(self._raw)], env)
        wait_until(lambda: self._bytes() > 0, _START_S, f"sound from {source}", self._server)

    def save(self, wav: str | Path, seconds: float | None = None) -> Path:
        """End the recording once it holds ``seconds`` (now, if None); write a 16-bit stereo WAV and return its path."""
        if seconds is not None:
            need = round(seconds * RATE_HZ) * 4
            wait_until(lambda: self._bytes() >= need, seconds * 2 + _START_S, "the recording", self._server)
        self._family.stop([self._server])
        data = self._raw.read_bytes()
        data = data[: len(data) // 4 * 4 if seconds is None else need]
        self._raw.unlink()
        with wave.open(str(wav), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(data)
        return Path(wav)

    def _bytes(self) -> int:
        return self._raw.stat().st_size if self._raw.exists() else 0


def check() -> int:
    """Start each part by itself and say what works; the number of parts that do not."""
    failed = 0
    for part in ("sound", "screen", "midi"):
        began = time.monotonic()
        try:
            with Rig(**{part: True}) as rig:
                told = f"works, up in {time.monotonic() - began:.1f} s"
                if part == "screen":
                    told += f" on {rig.env['DISPLAY']}"
        except RigError as error:
            told, failed = str(error), failed + 1
        print(f"{part:8}{told}", flush=True)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code of the command that ran inside."""
    parser = argparse.ArgumentParser(description="Run a command with private sound, screen and MIDI.")
    for part in ("sound", "screen", "midi"):
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--check", action="store_true", help="say what works on this machine")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND ...")
    chosen = parser.parse_args(arguments)
    if chosen.check:
        return min(check(), 1)
    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if not command:
        parser.error("name a command after --, or use --check")
    if shutil.which(command[0]) is None:
        print(f"{command[0]}: no such program", file=sys.stderr)
        return 127
    every = not (chosen.sound or chosen.screen or chosen.midi)
    try:
        with Rig(chosen.sound or every, chosen.screen or every, chosen.midi or every) as rig:
            return _run_inside(rig, command)
    except RigError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run_inside(rig: Rig, command: Sequence[str]) -> int:
    inside = subprocess.Popen(die_with_us(*command), env=rig.env)
    try:
        return inside.wait()
    except BaseException:
        # Ctrl-C reached it already, being of our group; SIGTERM did not.
        inside.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            inside.wait(5.0)
        raise


if __name__ == "__main__":
    sys.exit(main())
