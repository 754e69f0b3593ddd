"""Between PortAudio's callback and ours: bytes to arrays and back, times, counts, and silence where something fails."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pix2live.devices.airclock import AirClock, input_age_s
from pix2live.devices.meter import CallbackMeter

Callback = Callable[[np.ndarray, np.ndarray, float], None]
"""``callback(in_block, out_block, in_air_s)``: float32 ``(frames, channels)`` heard, not to be written;
float32 ``(frames, 2)`` to be filled, handed over as silence; monotonic time at which the first heard frame was in the
air."""

CONTINUE = 0  # PortAudio's paContinue
SPARE_FRAMES = 8192
Reply = tuple[np.ndarray | None, int]


class Capture:
    """Turns PortAudio's captured bytes into ``(frames, channels)`` float32 and its times into the time in the air.

    Args:
        rate: frames a second. channels: what we want, 1 to 8. opened: channels in the bytes.
        frames: room for as many at once; a device that gives more makes it grow.
        picks: which of the opened channels we want, from 0, in our order; None: the first ones.
    """

    def __init__(self, rate: float, channels: int, opened: int, frames: int, meter: CallbackMeter,
                 picks: Sequence[int] | None = None) -> None:
        self.latency_s = 0.0
        self._picks = np.arange(channels) if picks is None else np.array(picks, np.intp)
        self._as_opened = np.array_equal(self._picks, np.arange(opened))
        self._rate, self._channels, self._opened, self._meter = float(rate), channels, opened, meter
        self._air = AirClock(rate)
        self._room = np.zeros((frames, channels), np.float32)

    def air_s(self, now_s: float, frames: int, times: Mapping[str, float]) -> float:
        """Monotonic time of the first frame of a block whose callback runs at ``now_s``. Once a block."""
        age_s = input_age_s(frames, self._rate, self.latency_s, times["input_buffer_adc_time"], times["current_time"])
        return self._air.stamp(now_s - age_s, frames)

    def block(self, data: bytes | None, frames: int) -> np.ndarray:
        """The captured block; NaN and Inf are 0, bytes of a wrong length are silence."""
        if frames > len(self._room):
            self._room = np.zeros((frames, self._channels), np.float32)
        room = self._room[:frames]
        if data is None or len(data) != 4 * frames * self._opened:
            room.fill(0.0)
            return room
        heard = np.frombuffer(data, np.float32).reshape(frames, self._opened)
        finite = is_finite(heard)
        if finite and self._as_opened:
            return heard
        np.take(heard, self._picks, axis=1, out=room, mode="clip")  # other modes allocate
        if not finite:
            self._meter.not_finite += 1
            np.nan_to_num(room, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return room


class Splice:
    """Callback of an input stream of its own, and the ring through which the output's callback hears it.

    Used where the two ways cannot be one stream (a mono microphone beside a stereo output, two host APIs): about
    one block later than a duplex stream. Two cards drift apart; a block lost or missing is an xrun.
    """

    def __init__(self, capture: Capture, channels: int, block: int, rate: float, meter: CallbackMeter,
                 clock: Callable[[], float], first: Callable[[], object] | None = None) -> None:
        self._capture, self._rate, self._block, self._meter, self._clock = capture, float(rate), block, meter, clock
        self._ring = np.zeros((max(SPARE_FRAMES, 16 * block), channels), np.float32)
        self._written = self._read = 0
        self._anchor = (0, 0.0)
        self._flowing, self._first = False, first
        self.last_s = 0.0  # when the newest block came in

    def __call__(self, data: bytes | None, frames: int, times: Mapping[str, float], status: int) -> Reply:
        """PyAudio's stream callback of the input stream; never raises."""
        if self._first is not None:
            self._first()
            self._first = None
        try:
            size = len(self._ring)
            heard = self._capture.block(data, frames)[-size:]
            self.last_s = self._clock()
            air_s = self._capture.air_s(self.last_s, frames, times)
            if status:
                self._meter.flagged += 1
                self._meter.xruns += 1
            start = self._written % size
            first = min(len(heard), size - start)
            self._ring[start : start + first] = heard[:first]
            self._ring[: len(heard) - first] = heard[first:]
            self._anchor = (self._written, air_s)
            self._written += len(heard)
        except Exception as error:
            self._meter.failed(error)
        return None, CONTINUE

    def renew(self, capture: Capture, first: Callable[[], object] | None = None) -> None:
        """Go on with another stream of the same input. Only while the old one is closed."""
        self._capture, self._first = capture, first
        self.last_s = self._clock() + 2.0  # time for its first block

    def take(self, room: np.ndarray) -> float:
        """Fill ``room`` with what was heard next, or with silence; returns when its first frame was in the air."""
        frames, size, written = len(room), len(self._ring), self._written
        waiting, wanted = written - self._read, frames + self._block
        if self._flowing and (waiting < frames or waiting > wanted + 4 * max(frames, self._block)):
            self._flowing = False
            self._meter.xruns += 1
        if not self._flowing:
            if waiting < wanted or wanted > size:
                room.fill(0.0)
                return self._clock() - frames / self._rate
            self._read, self._flowing = written - wanted, True
        start = self._read % size
        first = min(frames, size - start)
        room[:first] = self._ring[start : start + first]
        room[first:] = self._ring[: frames - first]
        index, air_s = self._anchor
        air_s += (self._read - index) / self._rate
        self._read += frames
        return air_s


class Bridge:
    """PortAudio's callback for a stream with an output, or with an input only. Runs in the audio thread; never raises.

    Arrays are made here for ``max(8 blocks, 8192)`` frames; only a device that asks for more makes them grow.

    Args:
        callback: ours. rate, block: of the stream. in_channels: what we hear, 0 for none. out_channels: of the
            device, 0 for none; the stereo we make is mixed to one, or laid on the first two of many.
        capture: turns this stream's bytes into blocks; None where it has no input. splice: an input of its own.
        clock: monotonic seconds. first: called once, in the audio thread, before all else.
    """

    def __init__(self, callback: Callback, rate: float, block: int, in_channels: int, out_channels: int,
                 meter: CallbackMeter, clock: Callable[[], float], capture: Capture | None = None,
                 splice: Splice | None = None, first: Callable[[], object] | None = None) -> None:
        self._callback, self._rate, self._clock, self._meter = callback, float(rate), clock, meter
        self._in_channels, self._out_channels = in_channels, out_channels
        self._capture, self._splice = capture, splice
        self._first = first
        self._make_room(max(SPARE_FRAMES, 8 * block))

    def _make_room(self, frames: int) -> None:
        self._in = np.zeros((frames, self._in_channels), np.float32)
        self._out = np.zeros((frames, 2), np.float32)
        many = self._out_channels not in (0, 2)
        self._device_out = np.zeros((frames, self._out_channels), np.float32) if many else self._out

    def __call__(self, data: bytes | None, frames: int, times: Mapping[str, float], status: int) -> Reply:
        """PyAudio's stream callback: what the device shall play, and ``paContinue``."""
        meter, now_s = self._meter, self._clock()
        if self._first is not None:
            self._first()
            self._first = None
        meter.begin(now_s, frames, bool(status))
        if frames > len(self._out):
            self._make_room(frames)
        out, heard = self._out[:frames], self._in[:frames]
        out.fill(0.0)
        try:
            air_s = now_s
            if self._capture is not None:
                heard, air_s = self._capture.block(data, frames), self._capture.air_s(now_s, frames, times)
            elif self._splice is not None:
                air_s = self._splice.take(heard)
            self._callback(heard, out, air_s)
        except Exception as error:
            out.fill(0.0)
            meter.failed(error)
        if not is_finite(out):
            out.fill(0.0)
            meter.not_finite += 1
        # PyAudio copies a C-contiguous array at once: no bytes object is made.
        played = self._for_device(out, frames) if self._out_channels else None
        meter.end(self._clock())
        return played, CONTINUE

    def _for_device(self, out: np.ndarray, frames: int) -> np.ndarray:
        if self._out_channels == 2:
            return out
        device = self._device_out[:frames]
        if self._out_channels == 1:
            np.add(out[:, :1], out[:, 1:], out=device)
            device *= 0.5
        else:
            device[:, :2] = out
        return device


def is_finite(block: np.ndarray) -> bool:
    """True if a contiguous float block holds no NaN or Inf (nor numbers beyond 1e18). Allocates nothing."""
    flat = block.reshape(-1)
    return math.isfinite(flat.dot(flat))
