"""A video file as a camera: a pure function of time, the same live and offline."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, Interpolation

from pix2live.devices.frames import fitted, over_black, seen
from pix2live.errors import FileError

av.logging.set_level(None)

_AHEAD_S = 2.0         # decode on rather than seek up to here
_SLACK_S = 5e-4        # containers that count milliseconds round their stamps up
_HD_LINES = 720        # untagged video of this height is BT.709, below it BT.601
_SAME_MATRIX = {6: Colorspace.ITU601, 10: Colorspace.BT2020}  # SMPTE 170M; BT.2020 of constant luminance
_THREADED_PIXELS = 1920 * 1088
_MEND = "give a video that plays elsewhere, or convert it to MP4 (H.264)"
_NOT_VIDEO = ("tty",)  # FFmpeg would play a text file as a terminal recording
_LISTS = (b"#EXTM3U", b"ffconcat")  # it would play the files that are named there, and wait for more to be named
_PATIENCE_S = 20.0


class VideoFile:
    """Frames of a video by time; it loops, and goes on looping for ever.

    The frame at t is the newest whose stamp is <= t modulo the duration, whatever was asked before: variable frame
    rates, gaps and B-frames included. A step on decodes on; a jump seeks to the keyframe before and decodes forward.
    Rotation, pixel aspect, colour matrix and transparency (over black) are honoured; at most 1920x1080.

    Raises FileError when opened; later a damaged stretch shows the last good frame and sets ``notice``.
    """

    live = False

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.notice = ""
        self._counted = False
        self._container: av.container.InputContainer | None = None
        try:
            if self._path.is_dir():
                raise FileError("is a folder, not a video", str(self._path))
            if self._path.stat().st_size == 0:
                raise FileError("is empty", str(self._path), _MEND)
            with self._path.open("rb") as file:
                if file.read(64).lstrip(b"\xef\xbb\xbf \r\n").startswith(_LISTS):
                    raise FileError("is a list of films, not a film", str(self._path), "give one of them")
            self._open()
            self._measure()
            self._restart()
        except (FileNotFoundError, PermissionError) as error:
            raise FileError(error.strerror or "cannot be read", str(self._path)) from error
        except (av.FFmpegError, OSError, ValueError) as error:
            self.close()
            raise FileError("is neither a picture nor a video that can be read", str(self._path), _MEND) from error
        except FileError:
            self.close()
            raise
        if self._next is None:
            self.close()
            raise FileError("holds no video frame that can be decoded", str(self._path), _MEND)
        self._start = self._next[0]
        self._length = max(self._end - self._start, 1)
        self.duration_s = float(self._length * self._tick_s)
        self._now = self._next
        try:
            self._advance()
            self._rgb = self._convert(self._now[1])
        except (av.FFmpegError, OSError, ValueError) as error:
            self.close()
            raise FileError("holds no video frame that can be decoded", str(self._path), _MEND) from error
        self._rgb_of = self._now[0]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frame last asked for: some films change theirs."""
        return self._rgb.shape[1], self._rgb.shape[0]

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """The frame shown at ``now_s`` (any order), and when it began to be shown. Never raises."""
        if not math.isfinite(now_s):
            now_s = 0.0
        # Half a tick of slack: i / fps in floating point must never fall just before the frame that begins there.
        turns, into_s = divmod(now_s + min(self._tick_s / 2, _SLACK_S), self.duration_s)
        wanted = self._start + min(math.floor(into_s / self._tick_s), self._length - 1)
        if self._container is None:
            return self._rgb, turns * self.duration_s + (self._rgb_of - self._start) * self._tick_s
        try:
            self._go_to(wanted)
            if self._rgb_of != self._now[0]:
                self._rgb = self._convert(self._now[1])
                self._rgb_of = self._now[0]
            self.notice = ""
        except (av.FFmpegError, FileError, OSError, ValueError) as error:
            self.notice = f"{self._path}: cannot be read on ({error}); the last frame stays"
        return self._rgb, turns * self.duration_s + (self._rgb_of - self._start) * self._tick_s

    def alive(self, now_s: float) -> bool:
        """False once the file could not be read on."""
        return not self.notice

    def close(self) -> None:
        """Close the file; the last frame stays available."""
        # Decoding from a closed container crashes the process: first let nothing be able to.
        self._frames: Iterator[av.VideoFrame] = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self) -> None:
        self.close()
        # "file:" keeps a colon in the name from being read as a protocol.
        self._container = container = av.open(f"file:{self._path}", timeout=_PATIENCE_S)
        streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not streams or container.format.name in _NOT_VIDEO:
            if container.streams.audio:
                raise FileError("holds sound but no picture", str(self._path), "give a video or a picture")
            raise FileError("is neither a picture nor a video that can be read", str(self._path), _MEND)
        self._stream = stream = streams[0]
        if stream.codec_context is None:  # FFmpeg knows the kind but has no decoder for it
            raise FileError("is of a kind that cannot be decoded", str(self._path), _MEND)
        if stream.time_base is None:
            raise FileError("has no time base", str(self._path), _MEND)
        big = stream.codec_context.width * stream.codec_context.height > _THREADED_PIXELS
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 4 if big else 1
        rate = stream.average_rate or stream.guessed_rate
        self.rate_hz = float(rate) if rate else 25.0
        self._tick_s = float(stream.time_base)
        self._step = max(round(1.0 / (self.rate_hz * self._tick_s)), 1)
        self._frames = self._decode()
        self._count = 0

    def _measure(self) -> None:
        """Find the end of the last frame, by the last packets where the file can seek, else by all of them."""
        assert self._container is not None
        packets, stamped, end = 0, 0, 0
        if self._container.duration:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._container.seek((self._container.start_time or 0) + self._container.duration, backward=True)
                packets, stamped, end = self._to_the_end()
            self._open()
        if packets == 0 or stamped < packets:
            packets, stamped, end = self._to_the_end()
            self._open()
        if packets == 0:
            raise FileError("holds no video frames", str(self._path), _MEND)
        # Raw streams carry no stamps: frames are counted, and there is no seeking.
        self._counted = stamped < packets
        self._end = packets * self._step if self._counted else end

    def _to_the_end(self) -> tuple[int, int, int]:
        """From here on: packets, packets with a stamp, and the end of the last of those in ticks."""
        assert self._container is not None
        packets, stamped, end = 0, 0, 0
        for packet in self._container.demux(self._stream):
            if packet.size:
                packets += 1
                if packet.pts is not None:
                    stamped += 1
                    end = max(end, packet.pts + (packet.duration or self._step))
        return packets, stamped, end

    def _decode(self) -> Iterator[av.VideoFrame]:
        assert self._container is not None
        for packet in self._container.demux(self._stream):
            try:
                yield from packet.decode()
            except (av.error.InvalidDataError, av.error.ExternalError):
                continue  # a damaged stretch: the frames around it still play

    def _advance(self) -> None:
        """Decode one frame into ``_next``; None at the end."""
        for frame in self._frames:
            stamp = self._count * self._step if self._counted else frame.pts
            self._count += 1
            if stamp is not None:
                self._next: tuple[int, av.VideoFrame] | None = (stamp, frame)
                return
        self._next = None

    def _restart(self, at: int | None = None) -> None:
        """Decode anew from the keyframe at or before ``at``, or from the very start."""
        if at is not None and not self._counted and self._container is not None:
            try:
                self._container.seek(at, stream=self._stream, backward=True)
                self._frames = self._decode()
                self._advance()
                if self._next is not None and self._next[0] <= at:
                    return
            except (av.FFmpegError, OSError):
                pass
        self._open()
        self._advance()

    def _go_to(self, wanted: int) -> None:
        behind = wanted < self._now[0]
        ahead = self._next is not None and wanted >= self._next[0]
        if not behind and not ahead:
            return
        if behind or (not self._counted and (wanted - self._now[0]) * self._tick_s > _AHEAD_S):
            self._restart(wanted)
            if self._next is None:
                raise ValueError("no frame at the start")
            self._now = self._next
            self._advance()
        while self._next is not None and self._next[0] <= wanted:
            self._now = self._next
            self._advance()

    def _convert(self, frame: av.VideoFrame) -> np.ndarray:
        turns = round(frame.rotation / 90) % 4
        aspect = float(self._stream.sample_aspect_ratio or 1)
        width, height = frame.width * max(aspect, 1.0), frame.height / min(aspect, 1.0)
        if turns % 2:
            height, width = fitted(height, width)
        else:
            width, height = fitted(width, height)
        rgb = rgb_of(frame, int(width), int(height))
        return np.ascontiguousarray(np.rot90(rgb, turns))


def rgb_of(frame: av.VideoFrame, width: int, height: int) -> np.ndarray:
    """A decoded frame as RGB uint8 (height, width, 3), by its own colour matrix; transparent lies over black."""
    if "f32" in frame.format.name or "f16" in frame.format.name:
        return _exposed(frame, width, height)
    smaller = width < frame.width or height < frame.height
    matrix = _SAME_MATRIX.get(frame.colorspace, frame.colorspace)
    if matrix not in list(Colorspace) or matrix == 0:
        matrix = Colorspace.ITU709 if frame.height >= _HD_LINES else Colorspace.ITU601
    clear = any(part.is_alpha for part in frame.format.components)
    rgb = frame.reformat(width, height, "rgba" if clear else "rgb24", src_colorspace=matrix,
                         interpolation=Interpolation.AREA if smaller else Interpolation.BICUBIC,
                         threads=1).to_ndarray()
    return over_black(rgb) if clear else rgb


def _exposed(frame: av.VideoFrame, width: int, height: int) -> np.ndarray:
    """Linear light (Radiance, OpenEXR, PFM, float TIFF) as a picture."""
    # A change of format clips at 1.
    whole = frame.format.name in ("gbrpf32le", "rgbf32le")
    light = frame.to_ndarray() if whole else frame.reformat(format="gbrpf32le").to_ndarray()
    return seen(cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA))
