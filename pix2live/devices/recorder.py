"""Takes of picture and sound: MP4 with H.264 and AAC."""

import contextlib
import math
import platform
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from pix2live.atomic import Beside, write_error
from pix2live.errors import FileError, UsageError

av.logging.set_level(None)

SUFFIXES = (".mp4", ".m4v", ".mov")
QUALITY_CRF = 17
SOUND_BITS = 256_000
KEYFRAME_S = 2
# x264 gives the same stream for the same number of threads, so the number may not depend on the machine.
_THREADS = 4
# Its AVX-512 code gave another stream at every run of one machine (10 of 10 runs differed; with AVX2 none of 10).
_STEADY = {"x264-params": "asm=AVX2"} if platform.machine() in ("x86_64", "AMD64") else {}
_BT709 = 1
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)


class Recorder:
    """Writes a film beside its place and renames it when it is finished.

    Picture: H.264, yuv420p, BT.709 limited range, constant quality (crf 17); deterministic, so the same frames give the
    same bytes. Odd sizes lose one row or column. Sound: AAC, 256 kbit/s. Both start at 0; the encoder's priming is
    taken off by the file's edit list. Blocks and pictures may come in any order and size, each kind in its own order.
    If the process dies, ``atomic.rescue_takes`` finds the film up to its last seconds.

    Not for the audio process: ``picture`` takes tens of ms at 720p (it lets Python's lock go while it encodes).

    Args:
        path: ``.mp4``, ``.m4v`` or ``.mov``; its folder must be there.
        size: (width, height) of the pictures. fps: pictures a second (29.97 and kin become n/1001 exactly).
        sample_rate: one that AAC knows, 8 to 96 kHz. channels: 1 or 2, or 0 for no sound.
        speed: x264's preset: "medium" offline, "veryfast" for a live take.
        tags: what the file says of itself, such as title and comment.

    Raises:
        UsageError: size, fps, rate or channels make no film. FileError: the place cannot be written; at any call.
    """

    def __init__(self, path: str | Path, size: tuple[int, int], fps: float, sample_rate: int, channels: int = 2,
                 speed: str = "medium", tags: Mapping[str, str] | None = None) -> None:
        width, height = int(size[0]), int(size[1])
        if width < 2 or height < 2 or width > 16384 or height > 16384:
            raise UsageError(f"a film cannot be {width}x{height}", "size", "give 2x2 to 16384x16384")
        if not (math.isfinite(fps) and 0.1 <= fps <= 1000.0):
            raise UsageError(f"a film cannot have {fps} frames a second", "fps", "give 0.1 to 1000")
        if channels not in (0, 1, 2):
            raise UsageError(f"a film's sound cannot have {channels} channels", "channels", "give 0, 1 or 2")
        if channels and sample_rate not in _AAC_RATES:
            raise UsageError(f"AAC knows no rate of {sample_rate} Hz", "sample rate", "give 44100 or 48000")
        self._given = width, height
        self._size = width // 2 * 2, height // 2 * 2
        self._channels = channels
        self._rate = sample_rate
        self._fps = _exact(fps)
        self._pictures = self._samples = 0
        self._container: Any = None
        self._beside = Beside(path, SUFFIXES)
        try:
            self._open(speed, tags or {})
        except (av.FFmpegError, OSError, ValueError) as error:
            self.abort()
            raise write_error(self._beside.path, error) from error

    def _open(self, speed: str, tags: Mapping[str, str]) -> None:
        # Written in fragments, so that a take whose process dies plays up to its last two seconds, and turned into a
        # plain film at the end. Without delay_moov the edit list, and with it the sound's true start, would be lost.
        self._container = container = av.open(str(self._beside.part), "w", format="mp4",
                                              options={"movflags": "+hybrid_fragmented+delay_moov",
                                                       "flush_packets": "1"})
        container.metadata.update(tags)
        self._video = video = container.add_stream("libx264", rate=self._fps)
        video.width, video.height = self._size
        video.pix_fmt = "yuv420p"
        video.time_base = 1 / self._fps
        context = video.codec_context
        context.thread_count = _THREADS
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = ColorRange.MPEG
        video.options = {"crf": str(QUALITY_CRF), "preset": speed, "g": str(max(round(KEYFRAME_S * self._fps), 1)),
                         **_STEADY}
        self._sound: Any = None
        if self._channels:
            self._sound = container.add_stream("aac", rate=self._rate)
            self._sound.codec_context.layout = "stereo" if self._channels == 2 else "mono"
            self._sound.codec_context.format = "fltp"
            self._sound.bit_rate = SOUND_BITS

    @property
    def picture_s(self) -> float:
        """Length of the pictures given so far, in seconds."""
        return float(self._pictures / self._fps)

    @property
    def sound_s(self) -> float:
        """Length of the sound given so far, in seconds."""
        return self._samples / self._rate

    def picture(self, rgb: np.ndarray) -> None:
        """Append one picture, uint8 (height, width, 3) of the size promised (another size is stretched to it)."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
            raise ValueError(f"a picture is uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
        width, height = self._given
        if rgb.shape[:2] != (height, width):
            rgb = cv2.resize(rgb, self._given, interpolation=cv2.INTER_AREA)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb[: self._size[1], : self._size[0]]), "rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG,
                               interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND, threads=1)
        frame.pts = self._pictures
        frame.time_base = 1 / self._fps
        self._pictures += 1
        self._write(self._video, frame)

    def sound(self, block: np.ndarray) -> None:
        """Append sound, float32 (frames, channels) in -1..1, any length; NaN and Inf become 0."""
        if self._sound is None:
            return
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise ValueError(f"sound is (frames, {self._channels}), not {block.shape}")
        if not len(block):
            return
        planes = np.nan_to_num(block.T.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(np.clip(planes, -1.0, 1.0)), "fltp",
                                           "stereo" if self._channels == 2 else "mono")
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._samples
        self._samples += len(block)
        self._write(self._sound, frame)

    def finish(self) -> Path:
        """Write the end, put the film in its place and return that. Raises FileError, leaving nothing behind."""
        if self._container is None:
            raise ValueError("this take has ended")
        if not self._pictures:
            self.abort()
            raise FileError("a film without a picture", str(self._beside.path), "record for longer")
        self._write(self._video, None)
        if self._sound is not None and self._samples:
            self._write(self._sound, None)
        try:
            self._container.close()
        except (av.FFmpegError, OSError, ValueError) as error:
            self.abort()
            raise write_error(self._beside.path, error) from error
        self._container = None
        self._beside.commit()
        return self._beside.path

    def abort(self) -> None:
        """Give the take up and leave nothing behind. Does nothing once it has ended."""
        if self._container is not None:
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                self._container.close()
            self._container = None
        self._beside.discard()

    def _write(self, stream: Any, frame: Any) -> None:
        if self._container is None:
            raise ValueError("this take has ended")
        try:
            for packet in stream.encode(frame):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            self.abort()
            raise write_error(self._beside.path, error) from error


def _exact(fps: float) -> Fraction:
    """The frame rate as a fraction: 29.97 is 30000/1001."""
    for whole in (24, 30, 48, 60, 120):
        if abs(fps - whole * 1000 / 1001) < 0.005:
            return Fraction(whole * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)
