"""Moving pictures that FFmpeg does not play, or not in full: WebP and AVIF."""

import math
from bisect import bisect_right
from pathlib import Path

import numpy as np
from PIL import Image

from pix2live.devices.frames import MAX_WIDTH, fit
from pix2live.devices.picture import MAX_PIXELS, picture_of
from pix2live.errors import FileError

_MOST_PIXELS = 4_000_000_000  # of all frames: each is decoded once before it plays
_KEPT_BYTES = 1 << 28
_LEAST_S = 0.02               # as browsers have it: less means that nothing was meant
_USUAL_S = 0.1


class Animation:
    """Frames of a moving WebP or AVIF by time; it loops. Transparent is over black; at most 1920x1080.

    A pure function of time: the frame at t is the one shown at t modulo the length of a turn. Short ones are kept
    decoded; of long ones a step on decodes on, and a step back decodes from the start. Raises FileError.
    """

    live = False

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.notice = ""
        self._kept: list[np.ndarray] = []
        self._shown = 0
        try:
            self._image = Image.open(self._path)
            self._count = int(getattr(self._image, "n_frames", 1))
            pixels = self._image.width * self._image.height
            if pixels > MAX_PIXELS or pixels * self._count > _MOST_PIXELS:
                raise FileError(f"is too large ({self._count} frames)", str(self._path), "convert it to MP4 (H.264)")
            self._frame = self._decode(0)
            keep = self._frame.nbytes * self._count <= _KEPT_BYTES
            self._begins_s, end_s = [], 0.0
            for number in range(self._count):
                frame = self._decode(number)
                if keep:
                    self._kept.append(frame)
                lasts_s = float(self._image.info.get("duration", 0)) / 1000.0
                self._begins_s.append(end_s)
                end_s += lasts_s if lasts_s >= _LEAST_S else _USUAL_S
        except FileError:
            raise
        except Exception as error:  # decoders of broken files raise nearly anything
            raise FileError(f"is damaged ({error})", str(self._path), "save it anew from its source") from error
        self.duration_s = end_s
        self.rate_hz = self._count / end_s

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frames."""
        return self._frame.shape[1], self._frame.shape[0]

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """The frame shown at ``now_s`` (any order), and when it began to be shown. Never raises."""
        # Half a millisecond of slack: i / fps in floating point must not fall just before the frame that begins there.
        turns, into_s = divmod(now_s + 5e-4 if math.isfinite(now_s) else 0.0, self.duration_s)
        wanted = bisect_right(self._begins_s, into_s) - 1
        if wanted != self._shown:
            try:
                self._frame = self._kept[wanted] if self._kept else self._decode(wanted)
                self.notice = ""
            except Exception as error:
                self.notice = f"{self._path}: cannot be read on ({error}); the last frame stays"
            self._shown = wanted
        elif self._kept:
            self._frame = self._kept[wanted]
        return self._frame, turns * self.duration_s + self._begins_s[wanted]

    def alive(self, now_s: float) -> bool:
        """False once the file could not be read on."""
        return not self.notice

    def close(self) -> None:
        """Close the file; what is decoded stays."""
        self._image.close()

    def _decode(self, number: int) -> np.ndarray:
        self._image.seek(number)
        self._image.load()
        return fit(picture_of(self._image, MAX_WIDTH))
