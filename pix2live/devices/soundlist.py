"""Which sound devices there are, and which of them a person means.

``python -m pix2live.devices.soundlist`` prints them as JSON: PortAudio looks around once in a process while a stream
is open, so a running show looks around in a process of its own (``Lookout``).
"""

import contextlib
import ctypes
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from typing import Any

from pix2live.devices.soundserver import Source, sources
from pix2live.errors import DeviceError
from pix2live.quiet import quiet_stderr

MAX_IN_CHANNELS = 8
PLUG_CHANNELS = 32  # what ALSA's plugs of sound servers claim at least, whatever lies behind them
_SERVER_NAMES = ("pulse", "pipewire", "default")
_CARD_NUMBER = re.compile(r"\s*\(hw:\d+,\d+\)$")
_VIRTUAL_CABLES = ("blackhole", "loopback audio", "soundflower")  # how macOS hears what it plays
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class DeviceInfo:
    """A sound device; ``inputs`` and ``outputs`` are channel counts, ``rate`` its own in Hz.

    Attributes:
        index: what a person may type for it. opens: PortAudio's index where that is another.
        source: which source of the sound server is heard through it; empty: whatever the server gives.
        is_monitor: it hears what the machine plays. is_default_monitor: on the default output.
        rate_is_true: it is what the sound server runs at, where ALSA claims 44.1 kHz whatever that is.
    """

    index: int
    name: str
    inputs: int
    outputs: int
    rate: float
    host_api: str
    is_default_in: bool
    is_default_out: bool
    opens: int = -1
    source: str = ""
    is_monitor: bool = False
    is_default_monitor: bool = False
    rate_is_true: bool = False

    @property
    def portaudio(self) -> int:
        """PortAudio's index of it."""
        return self.opens if self.opens >= 0 else self.index

    @property
    def is_plug(self) -> bool:
        """True of ALSA's way to a sound server: it takes any number of channels at any rate."""
        return (self.host_api == "ALSA" and max(self.inputs, self.outputs) >= PLUG_CHANNELS
                and not _CARD_NUMBER.search(self.name))

    @property
    def usual_inputs(self) -> int:
        """Input channels heard where none are chosen, 8 at most; 2 where any number would be given."""
        return 2 if self.is_plug and self.inputs >= PLUG_CHANNELS else min(self.inputs, MAX_IN_CHANNELS)

    @property
    def may_pause(self) -> bool:
        """True of WASAPI's loopbacks: nothing comes while nothing is played."""
        return self.name.endswith("[Loopback]")

    @property
    def least_inputs(self) -> int:
        """Input channels to open at least: a sound server that is asked for fewer than there are mixes them."""
        return self.inputs if self.rate_is_true else 2 if self.is_plug else 1


def portaudio() -> Any:
    """A ``PyAudio``, its libraries kept off the terminal. Raises DeviceError where it does not work."""
    try:
        pyaudio = _module()
    except ImportError as error:
        raise DeviceError(f"PyAudio cannot be loaded ({error})", "sound", "install PortAudio and PyAudio") from error
    _quiet_alsa()
    try:
        with quiet_stderr():
            return pyaudio.PyAudio()
    except OSError as error:
        raise DeviceError(f"PortAudio does not start ({error})", "sound") from error


def _module() -> Any:
    if sys.platform == "win32":
        # A build of PyAudio with the same face, which adds what each WASAPI output plays as an input of its own.
        with contextlib.suppress(ImportError):
            import pyaudiowpatch

            return pyaudiowpatch
    import pyaudio

    return pyaudio


def _quiet_alsa() -> None:
    """Let ALSA keep its messages to itself for good: at each underrun it would write a line from the audio thread."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        # Any C function that ignores its arguments can be the handler; one in Python would need Python's lock.
        nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(nothing)


def devices_of(audio: Any) -> list[DeviceInfo]:
    """What a ``PyAudio`` sees, in PortAudio's order, then the monitors of the sound server."""
    defaults = {}
    for way in ("input", "output"):
        try:
            defaults[way] = int(getattr(audio, f"get_default_{way}_device_info")()["index"])
        except OSError:
            defaults[way] = -1
    found = []
    for index in range(audio.get_device_count()):
        info = audio.get_device_info_by_index(index)
        found.append(DeviceInfo(
            index, str(info["name"]), int(info["maxInputChannels"]), int(info["maxOutputChannels"]),
            float(info["defaultSampleRate"]), str(audio.get_host_api_info_by_index(info["hostApi"])["name"]),
            index == defaults["input"], index == defaults["output"]))
    return with_monitors(found, sources())


def with_monitors(found: list[DeviceInfo], server: list[Source]) -> list[DeviceInfo]:
    """``found`` with the true channels and rate of the sound server's devices, with what hears the machine's own sound
    marked, and with the server's monitors behind the others."""
    default = next((s for s in server if s.default), None)
    out = []
    for d in found:
        changes: dict[str, Any] = {}
        if d.host_api == "ALSA" and d.name in _SERVER_NAMES and d.inputs >= PLUG_CHANNELS and default is not None:
            changes = {"inputs": default.channels, "rate": float(default.rate), "rate_is_true": True}
        cable = any(part in d.name.lower() for part in _VIRTUAL_CABLES)
        if d.inputs > 0 and (cable or d.name.endswith("[Loopback]")):
            changes["is_monitor"] = True
        out.append(replace(d, **changes))
    through = next((d.portaudio for d in found if d.name == "pulse" and d.inputs), -1)
    if through >= 0:
        out += [DeviceInfo(len(found) + number, s.description, s.channels, 0, float(s.rate), "PulseAudio", False, False,
                           through, s.name, True, s.default_monitor, True)
                for number, s in enumerate(s for s in server if s.monitor)]
    marked = [d for d in out if d.is_monitor]
    if marked and not any(d.is_default_monitor for d in marked):
        played = [d.name for d in found if d.is_default_out]
        # WASAPI cuts nothing off a name, MME (PortAudio's default) does so after 31 characters.
        match = next((d for d in marked if any(d.name.startswith(name) for name in played)), marked[0])
        out[out.index(match)] = replace(match, is_default_monitor=True)
    return out


def list_devices() -> list[DeviceInfo]:
    """Every sound device, in PortAudio's order, then the sound server's monitors. Raises DeviceError where PortAudio
    does not work.

    PortAudio looks once in a process while a stream is open: for a device plugged in later see ``Lookout``.
    """
    audio = portaudio()
    try:
        return devices_of(audio)
    finally:
        with quiet_stderr():
            audio.terminate()


def find_device(devices: list[DeviceInfo], wanted: int | str, way: str) -> DeviceInfo:
    """The device that ``wanted`` names among those that can do ``way`` ("input" or "output").

    Args:
        wanted: an index (also as text), ``default``, ``monitor`` (what the default output plays), a name, or a part of
            one in any case. A full name wins over a part, and a device over a monitor of that name. The same name under
            several host APIs means the first, which is PortAudio's default API.

    Raises:
        DeviceError: unknown or ambiguous; the line lists what there is.
    """
    able = [d for d in devices if (d.inputs if way == "input" else d.outputs) > 0]
    if not able:
        raise DeviceError(f"this machine has no sound {way}", str(wanted), f"choose another {way}, or none")
    listing = ", ".join(f"{d.index} {d.name!r}" for d in able)
    text = str(wanted).strip()
    low = text.lower()
    if isinstance(wanted, int) or text.lstrip("-").isdigit():
        matches = [d for d in able if d.index == int(wanted)]
    elif low in ("", "default"):
        matches = [d for d in able if (d.is_default_in if way == "input" else d.is_default_out)] or able[:1]
    elif low == "monitor" and way == "input":
        matches = [d for d in able if d.is_default_monitor]
        if not matches:
            raise DeviceError("nothing here hears what this machine plays", text,
                              "'pix2live devices' lists what there is; docs/devices.md says how to add it")
    else:
        matches = _named(able, low)
    if not matches:
        raise DeviceError(f"no such sound {way}", text, f"there are {listing}")
    if len({d.name for d in matches}) > 1:
        which = ", ".join(f"{d.index} {d.name!r}" for d in matches)
        raise DeviceError(f"more than one sound {way} is called that", text, f"choose one of {which}")
    return matches[0]


def _named(able: list[DeviceInfo], low: str) -> list[DeviceInfo]:
    bare = _CARD_NUMBER.sub("", low)
    for group in ([d for d in able if not d.is_monitor], [d for d in able if d.is_monitor]):
        for fits in (lambda d: low in (d.name.lower(), d.source.lower()),
                     # A card that is plugged in elsewhere gets another number.
                     lambda d: _CARD_NUMBER.sub("", d.name.lower()) == bare != low,
                     lambda d: low in d.name.lower() or low in d.source.lower()):
            matches = [d for d in group if fits(d)]
            if matches:
                return matches
    return []


def find_again(devices: list[DeviceInfo], old: DeviceInfo, way: str) -> DeviceInfo | None:
    """The device that was ``old``, by its name and host API, whatever its index or card number is now; or None."""
    able = [d for d in devices if (d.inputs if way == "input" else d.outputs) > 0 and d.host_api == old.host_api]
    for key in (lambda d: (d.name, d.source), lambda d: (_CARD_NUMBER.sub("", d.name), d.source)):
        for d in able:
            if key(d) == key(old):
                return d
    return None


class Lookout:
    """Lists the devices in a process of its own, so that nothing here waits or pauses for it.

    ``look`` begins a look (nothing happens while one is under way); ``seen`` is its list once, when it is done.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._began_s = 0.0

    def look(self, now_s: float) -> None:
        """Begin to look around. Raises nothing: a look that fails sees nothing."""
        if self._process is not None:
            return
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pix2live.devices.soundlist"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
            self._began_s = now_s
            with contextlib.suppress(OSError, AttributeError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, 0)  # it would inherit the audio engine's

    def seen(self, now_s: float) -> list[DeviceInfo] | None:
        """What was seen, once for each look; None while there is nothing new. Never waits."""
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            if now_s - self._began_s > _PATIENCE_S:
                self.close()
                return []
            return None
        assert process.stdout is not None
        self._process = None
        with process.stdout:
            try:
                return [DeviceInfo(**each) for each in json.loads(process.stdout.read())]
            except (ValueError, TypeError):
                return []

    def close(self) -> None:
        """End a look that is under way."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


if __name__ == "__main__":
    try:
        print(json.dumps([asdict(d) for d in list_devices()]))
    except DeviceError:
        print("[]")
