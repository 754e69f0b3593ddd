"""Sound cards through PyAudio: one stream in, out, or both."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pix2live.devices.bridge import Bridge, Callback, Capture, Splice
from pix2live.devices.meter import CallbackMeter
from pix2live.devices.realtime import ask_for_realtime, yield_when_stuck
from pix2live.devices.soundlist import MAX_IN_CHANNELS, DeviceInfo, devices_of, find_again, find_device, portaudio
from pix2live.devices.soundserver import listening_to
from pix2live.errors import DeviceError
from pix2live.quiet import quiet_stderr

MAX_OUT_CHANNELS = 64
CLOSE_S = 2.0
_FLOAT32 = 1  # PortAudio's paFloat32
_BAD_RATE, _TIMED_OUT = -9997, -9987


class SoundCard:
    """Sound in and out through PyAudio, 32-bit float: full duplex, in only, or out only.

    Both ways are one stream where the devices do that well, else one each, spliced by a short ring.

    Args:
        in_device, out_device: a DeviceInfo of a moment ago, or what ``find_device`` takes: index, name, part of a name,
            ``"default"``, ``"monitor"``; None for none of that way.
        rate: frames a second; None takes the device's own (the output's, if there is one).
        block: frames asked for at a time; twice as many at 88.2 and 96 kHz (and so on), so that a block stays as long.
            The device may give other and varying counts.
        in_channels: the first so many, 1 to 8; or which of the device's (the first is 1), up to 8, in the order in
            which they are heard; None takes all, up to 8.
        out_channels: channels opened at the device; it is given our stereo on the first two, or mixed to one.
        callback: see ``bridge.Callback``. Runs in PortAudio's thread with Python's lock; what it raises becomes
            silence and a count.
        clock: monotonic seconds.

    Raises:
        DeviceError: unknown, ambiguous, busy, or unable to do this rate or these channels.

    Attributes:
        rate, block, in_channels, out_channels: as opened (channels 0 for a way that is not). picks: which of the
            device's input channels are heard, from 0.
        input, output: the DeviceInfo of each way, or None. meter: counts and times.
        in_latency_s, out_latency_s: what PortAudio says.
    """

    def __init__(self, in_device: DeviceInfo | int | str | None, out_device: DeviceInfo | int | str | None,
                 rate: float | None = None, block: int = 256, in_channels: int | Sequence[int] | None = None,
                 out_channels: int = 2, *, callback: Callback, clock: Callable[[], float] = time.monotonic) -> None:
        if in_device is None and out_device is None:
            raise DeviceError("neither a sound input nor an output is named", "sound card")
        if block < 1:
            raise DeviceError(f"a block of {block} frames cannot be", "sound card", "choose 64 to 1024")
        self._callback, self._clock, self._started_s = callback, clock, 0.0
        self._streams: list[Any] = []
        self._closer: threading.Thread | None = None
        self._splice: Splice | None = None
        self._audio: Any = portaudio()
        try:
            devices = devices_of(self._audio)
            self.input, self.output = _device(devices, in_device, "input"), _device(devices, out_device, "output")
            self.picks = _picks(self.input, in_channels)
            self.in_channels = len(self.picks)
            self.out_channels = _out_channels(self.output, out_channels)
            self._open(rate, int(block))
        except BaseException:
            self.close()
            raise

    def _open(self, rate: float | None, block: int) -> None:
        """Open at ``rate``, or at the first rate that the devices accept; as one stream, or as two."""
        own = [d.rate for d in (self.output, self.input) if d is not None]
        rates = [rate] if rate else list(dict.fromkeys([*own, 48000.0, 44100.0, 96000.0, 88200.0]))
        error: Exception = DeviceError("no rate to try", "sound card")
        for candidate in rates:
            self.rate = round(candidate)
            self.block = block * max(1, round(candidate / 48000.0))
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
        opened_in = self._opened_in()
        if duplex:
            opened_in = max(opened_in, self.out_channels)
        opened_out = opened_in if duplex else self.out_channels
        capture = splice = self._splice = None
        if self.in_channels:
            capture = Capture(self.rate, self.in_channels, opened_in, room, meter, self.picks)
        if capture is not None and self.out_channels and not duplex:
            splice = self._splice = Splice(capture, self.in_channels, self.block, self.rate, meter, self._clock,
                                           ask_for_realtime)
            self._add_stream(splice, opened_in, 0)
        bridge = Bridge(self._callback, self.rate, self.block, self.in_channels, opened_out, meter, self._clock,
                        None if splice else capture, splice, ask_for_realtime)
        self._add_stream(bridge, 0 if splice else opened_in, opened_out)
        self.in_latency_s = float(self._streams[0].get_input_latency()) if self.in_channels else 0.0
        self.out_latency_s = float(self._streams[-1].get_output_latency()) if self.out_channels else 0.0
        if capture is not None:
            capture.latency_s = self.in_latency_s

    def _opened_in(self) -> int:
        return max(max(self.picks) + 1, self.input.least_inputs) if self.input is not None else 0

    def _add_stream(self, callback: Any, in_channels: int, out_channels: int) -> None:
        into, out = self.input if in_channels else None, self.output if out_channels else None
        with listening_to(into.source if into else ""):
            self._streams.append(self._audio.open(
                rate=self.rate, channels=in_channels or out_channels, format=_FLOAT32, start=False,
                frames_per_buffer=self.block, stream_callback=callback,
                input=into is not None, input_device_index=into.portaudio if into else None,
                output=out is not None, output_device_index=out.portaudio if out else None))

    def _drop_streams(self) -> None:
        while self._streams:
            self._streams.pop().close()

    def start(self) -> None:
        """Let the callback run. Raises DeviceError where the device refuses now."""
        self._started_s = self._clock()
        yield_when_stuck()
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
        return self.output_alive(now_s) and self.input_alive(now_s)

    def output_alive(self, now_s: float) -> bool:
        """The same of the stream that drives the callback: the output, where there is one."""
        return bool(self._streams) and self.meter.alive(now_s, self._started_s)

    def input_alive(self, now_s: float) -> bool:
        """False where the input has a stream of its own and that one is dead: silence is heard, and what is played
        goes on."""
        # The meter counts the output's callbacks. An input that starts later than the output is given time.
        splice = self._splice
        if splice is None or (self.input is not None and self.input.may_pause):
            return True
        return now_s - max(splice.last_s, self._started_s + 2.0) < 1.0

    def drop_input(self) -> None:
        """Let a dead input of its own go; silence is heard from now on, and what is played goes on. Never waits."""
        assert self._splice is not None
        stream = self._streams.pop(0)

        def finish() -> None:
            with contextlib.suppress(OSError):
                stream.stop_stream()
            with contextlib.suppress(OSError):
                stream.close()

        self._closer = threading.Thread(target=finish, name="sound input closing", daemon=True)
        self._closer.start()

    def can_reopen(self, devices: list[DeviceInfo]) -> bool:
        """True if the dropped input is among ``devices`` under the very same name: PortAudio, which does not look again
        while the output is open, still finds it then."""
        old = self.input
        return self._splice is not None and old is not None and any(
            (d.name, d.source, d.host_api) == (old.name, old.source, old.host_api) and d.inputs for d in devices)

    def reopen_input(self) -> None:
        """Hear again the input that was dropped, with no break in what is played. See ``can_reopen``.

        Raises DeviceError: it does not open, or its driver hangs.
        """
        splice, closer = self._splice, self._closer
        assert splice is not None
        assert closer is not None
        closer.join(0.1)
        if closer.is_alive():
            raise DeviceError("its driver hangs", self.input.name if self.input else "sound", "unplug it")
        opened = self._opened_in()
        capture = Capture(self.rate, self.in_channels, opened, max(8192, 8 * self.block), self.meter, self.picks)
        splice.renew(capture, ask_for_realtime)
        try:
            with quiet_stderr():
                self._add_stream(splice, opened, 0)
            self._streams.insert(0, self._streams.pop())
            self.in_latency_s = capture.latency_s = float(self._streams[0].get_input_latency())
            self._start_stream(self._streams[0])
        except OSError as error:
            if len(self._streams) > 1:
                self._streams.pop(0).close()
            raise _explained(error, self.input, None, self.rate, True) from error

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


def _device(devices: list[DeviceInfo], wanted: DeviceInfo | int | str | None, way: str) -> DeviceInfo | None:
    if wanted is None:
        return None
    if not isinstance(wanted, DeviceInfo):
        return find_device(devices, wanted, way)
    found = find_again(devices, wanted, way)
    if found is None:
        raise DeviceError("is not there any more", wanted.name, "plug it in again")
    return found


def _picks(device: DeviceInfo | None, asked: int | Sequence[int] | None) -> tuple[int, ...]:
    if device is None:
        return ()
    if asked is None:
        return tuple(range(device.usual_inputs))
    if isinstance(asked, int):
        if not 1 <= asked <= min(device.inputs, MAX_IN_CHANNELS):
            raise DeviceError(f"cannot give {asked} input channels", device.name,
                              f"choose 1 to {min(device.inputs, MAX_IN_CHANNELS)}")
        return tuple(range(asked))
    if not 1 <= len(asked) <= MAX_IN_CHANNELS:
        raise DeviceError(f"{len(asked)} channels cannot be heard", device.name, f"choose 1 to {MAX_IN_CHANNELS}")
    for channel in asked:
        if not 1 <= channel <= device.inputs:
            raise DeviceError(f"has no input channel {channel}", device.name, f"it has 1 to {device.inputs}")
    return tuple(channel - 1 for channel in asked)


def _out_channels(device: DeviceInfo | None, asked: int) -> int:
    if device is None:
        return 0
    if asked == 2:
        return min(device.outputs, 2)
    if not 1 <= asked <= min(device.outputs, MAX_OUT_CHANNELS):
        raise DeviceError(f"cannot give {asked} output channels", device.name,
                          f"choose 1 to {min(device.outputs, MAX_OUT_CHANNELS)}")
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
