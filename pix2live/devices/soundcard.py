"""Sound cards through PyAudio: what there is, and one stream in, out, or both."""

import contextlib
import ctypes
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pix2live.devices.bridge import Bridge, Callback, Capture, Splice
from pix2live.devices.meter import CallbackMeter
from pix2live.errors import DeviceError
from pix2live.quiet import quiet_stderr

MAX_IN_CHANNELS = 8
CLOSE_S = 2.0
_FLOAT32 = 1  # PortAudio's paFloat32
_BAD_RATE, _TIMED_OUT = -9997, -9987


@dataclass(frozen=True)
class DeviceInfo:
    """A sound device as PortAudio sees it; ``inputs`` and ``outputs`` are channel counts, ``rate`` its own in Hz."""

    index: int
    name: str
    inputs: int
    outputs: int
    rate: float
    host_api: str
    is_default_in: bool
    is_default_out: bool


def _quiet_alsa() -> None:
    """Let ALSA keep its messages to itself for good: at each underrun it would write a line from the audio thread."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        # Any C function that ignores its arguments can be the handler; one in Python would need Python's lock.
        nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(nothing)


def _portaudio() -> Any:
    try:
        import pyaudio
    except ImportError as error:
        raise DeviceError(f"PyAudio cannot be loaded ({error})", "sound", "install PortAudio and PyAudio") from error
    _quiet_alsa()
    try:
        with quiet_stderr():
            return pyaudio.PyAudio()
    except OSError as error:
        raise DeviceError(f"PortAudio does not start ({error})", "sound") from error


def _devices(audio: Any) -> list[DeviceInfo]:
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
    return found


def list_devices() -> list[DeviceInfo]:
    """Every sound device, in PortAudio's order. Raises DeviceError where PortAudio does not work.

    PortAudio looks once in a process while a stream is open: a device plugged in later is seen after a restart.
    """
    audio = _portaudio()
    try:
        return _devices(audio)
    finally:
        with quiet_stderr():
            audio.terminate()


def find_device(devices: list[DeviceInfo], wanted: int | str, way: str) -> DeviceInfo:
    """The device that ``wanted`` names among those that can do ``way`` ("input" or "output").

    Args:
        wanted: an index (also as text), ``default``, a name, or a part of one in any case. A full name wins over a
            part. The same name under several host APIs means the first, which is PortAudio's default API.

    Raises:
        DeviceError: unknown or ambiguous; the line lists what there is.
    """
    able = [d for d in devices if (d.inputs if way == "input" else d.outputs) > 0]
    if not able:
        raise DeviceError(f"this machine has no sound {way}", str(wanted), f"choose another {way}, or none")
    listing = ", ".join(f"{d.index} {d.name!r}" for d in able)
    text = str(wanted).strip()
    if isinstance(wanted, int) or text.lstrip("-").isdigit():
        matches = [d for d in able if d.index == int(wanted)]
    elif text.lower() in ("", "default"):
        matches = [d for d in able if (d.is_default_in if way == "input" else d.is_default_out)] or able[:1]
    else:
        matches = [d for d in able if d.name.lower() == text.lower()]
        matches = matches or [d for d in able if text.lower() in d.name.lower()]
    if not matches:
        raise DeviceError(f"no such sound {way}", text, f"there are {listing}")
    if len({d.name for d in matches}) > 1:
        which = ", ".join(f"{d.index} {d.name!r}" for d in matches)
        raise DeviceError(f"more than one sound {way} is called that", text, f"choose one of {which}")
    return matches[0]


class SoundCard:
    """Sound in and out through PyAudio, 32-bit float: full duplex, in only, or out only.

    Both ways are one stream where the devices do that well, else one each, spliced by a short ring.

    Args:
        in_device, out_device: index, name, part of a name, ``"default"``, or None for none of that way.
        rate: frames a second; None takes the device's own (the output's, if there is one).
        block: frames asked for at a time. The device may give other and varying counts.
        in_channels: 1 to 8; None takes two, or one where the device has one.
        out_channels: channels opened at the device; it is given our stereo on the first two, or mixed to one.
        callback: see ``bridge.Callback``. Runs in PortAudio's thread with Python's lock; what it raises becomes
            silence and a count.
        clock: monotonic seconds.

    Raises:
        DeviceError: unknown, ambiguous, busy, or unable to do this rate or these channels.

    Attributes:
        rate, block, in_channels, out_channels: as opened (channels 0 for a way that is not).
        input, output: the DeviceInfo of each way, or None. meter: counts and times.
        in_latency_s, out_latency_s: what PortAudio says.
    """

    def __init__(self, in_device: int | str | None, out_device: int | str | None, rate: float | None = None,
                 block: int = 256, in_channels: int | None = None, out_channels: int = 2, *, callback: Callback,
                 clock: Callable[[], float] = time.monotonic) -> None:
        if in_device is None and out_device is None:
            raise DeviceError("neither a sound input nor an output is named", "sound card")
        if block < 1:
            raise DeviceError(f"a block of {block} frames cannot be", "sound card", "choose 64 to 1024")
        self._callback, self._clock, self._started_s = callback, clock, 0.0
        self._streams: list[Any] = []
        self._splice: Splice | None = None
        self._audio: Any = _portaudio()
        try:
            devices = _devices(self._audio)
            self.input = None if in_device is None else find_device(devices, in_device, "input")
            self.output = None if out_device is None else find_device(devices, out_device, "output")
            self.in_channels = _channels(self.input, "input", in_channels, MAX_IN_CHANNELS)
            self.out_channels = _channels(self.output, "output", out_channels, 64)
            self.block = int(block)
            self._open(rate)
        except BaseException:
            self.close()
            raise

    def _open(self, rate: float | None) -> None:
        """Open at ``rate``, or at the first rate that the devices accept; as one stream, or as two."""
        own = [d.rate for d in (self.output, self.input) if d is not None]
        rates = [rate] if rate else list(dict.fromkeys([*own, 48000.0, 44100.0]))
        error: Exception = DeviceError("no rate to try", "sound card")
        for candidate in rates:
            self.rate = round(candidate)
            ways = [True]
            if self.input is not None and self.output is not None:
                # After an xrun PortAudio's duplex streams on ALSA's plug-ins (Pulse, PipeWire) poll without pause:
                # three quarters of a core for nothing. Two streams never do, for one block more from in to out.
                ways = [False] if "ALSA" in (self.input.host_api, self.output.host_api) else [True, False]
            for together in ways:
                try:
                    with quiet_stderr():
                        self._open_streams(together)
                    return
                except (OSError, ValueError) as caught:
                    error = caught
                    self._drop_streams()
            if _code(error) != _BAD_RATE:
                break
        raise _explained(error, self.input, self.output, self.rate, rate is not None) from error

    def _open_streams(self, together: bool) -> None:
        self.meter = meter = CallbackMeter(self.rate, self.block)
        room = max(8192, 8 * self.block)
        duplex = together and self.in_channels and self.out_channels
        # PyAudio opens both ways with one number of channels.
        opened_in = max(self.in_channels, self.out_channels) if duplex else self.in_channels
        opened_out = opened_in if duplex else self.out_channels
        capture = splice = self._splice = None
        if self.in_channels:
            capture = Capture(self.rate, self.in_channels, opened_in, room, meter)
        if capture is not None and self.out_channels and not duplex:
            splice = self._splice = Splice(capture, self.in_channels, self.block, self.rate, meter, self._clock)
            self._add_stream(splice, opened_in, 0)
        bridge = Bridge(self._callback, self.rate, self.block, self.in_channels, opened_out, meter, self._clock,
                        None if splice else capture, splice)
        self._add_stream(bridge, 0 if splice else opened_in, opened_out)
        self.in_latency_s = float(self._streams[0].get_input_latency()) if self.in_channels else 0.0
        self.out_latency_s = float(self._streams[-1].get_output_latency()) if self.out_channels else 0.0
        if capture is not None:
            capture.latency_s = self.in_latency_s

    def _add_stream(self, callback: Any, in_channels: int, out_channels: int) -> None:
        self._streams.append(self._audio.open(
            rate=self.rate, channels=in_channels or out_channels, format=_FLOAT32, start=False,
            frames_per_buffer=self.block, stream_callback=callback,
            input=in_channels > 0, input_device_index=self.input.index if self.input and in_channels else None,
            output=out_channels > 0, output_device_index=self.output.index if self.output and out_channels else None))

    def _drop_streams(self) -> None:
        while self._streams:
            self._streams.pop().close()

    def start(self) -> None:
        """Let the callback run. Raises DeviceError where the device refuses now."""
        self._started_s = self._clock()
        try:
            for stream in self._streams:
                self._start_stream(stream)
        except OSError as error:
            raise _explained(error, self.input, self.output, self.rate, True) from error

    @staticmethod
    def _start_stream(stream: Any) -> None:
        for tries_left in (2, 1, 0):
            try:
                with quiet_stderr():
                    stream.start_stream()
                return
            except OSError as error:
                # On a busy machine a sound server may be slow to answer; it does at the next try.
                if _code(error) != _TIMED_OUT or not tries_left:
                    raise

    def alive(self, now_s: float) -> bool:
        """True while callbacks come (within the last half second, or eight blocks; 3 s are granted at the start)."""
        if not self._streams or not self.meter.alive(now_s, self._started_s):
            return False
        # The meter counts the output's callbacks; an input of its own may die alone.
        splice = self._splice
        return splice is None or now_s - max(splice.last_s, self._started_s + 2.5) < 2.0

    def close(self) -> bool:
        """Stop and let the device go. Returns False if the driver hung and was left behind (a dead JACK server does
        that): end the process then. Takes 2 s at most; may be called again."""
        streams, audio = self._streams, self._audio
        self._streams, self._audio = [], None
        if audio is None:
            return True

        def finish() -> None:
            with contextlib.suppress(OSError):
                for stream in streams:
                    with contextlib.suppress(OSError):
                        stream.stop_stream()
                    stream.close()
                audio.terminate()

        worker = threading.Thread(target=finish, name="sound card closing", daemon=True)
        worker.start()
        worker.join(CLOSE_S)
        return not worker.is_alive()


def _channels(device: DeviceInfo | None, way: str, asked: int | None, most: int) -> int:
    if device is None:
        return 0
    has = device.inputs if way == "input" else device.outputs
    if asked is None or (way == "output" and asked == 2):
        return min(has, 2)
    if not 1 <= asked <= min(has, most):
        raise DeviceError(f"cannot give {asked} {way} channels", device.name, f"choose 1 to {min(has, most)}")
    return asked


def _code(error: Exception) -> int:
    for part in error.args:
        if isinstance(part, int):
            return part
    return 0


def _explained(error: Exception, into: DeviceInfo | None, out: DeviceInfo | None, rate: int,
               asked: bool) -> DeviceError:
    """PortAudio's error as one line that a person can act on."""
    where = " and ".join(dict.fromkeys(d.name for d in (into, out) if d is not None))
    own = ", ".join(f"{r:g}" for r in dict.fromkeys(d.rate for d in (into, out) if d is not None))
    what, mend = {
        _BAD_RATE: (f"cannot run at {rate} Hz", f"its own rate is {own} Hz" if asked else "choose another device"),
        -9998: ("cannot give that many channels", "choose fewer channels or another device"),
        -9985: ("is in use by another program, or was unplugged", "close that program, or choose another device"),
        -9993: ("cannot be used together", "choose input and output of the same kind"),
        -9996: ("is not there any more", "plug it in and start again"),
    }.get(_code(error), (f"does not open ({error})", "choose another device"))
    return DeviceError(what, where, mend)
