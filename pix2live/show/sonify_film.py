"""The film of a picture that is played: the picture, letterboxed, with its playhead, and the sound."""

import math
from pathlib import Path

import cv2
import numpy as np

from pix2live.devices.recorder import Recorder
from pix2live.show.offline import OfflineShow

SIZES = ((1280, 720), (1920, 1080))
_FPS, _LEAST_FPS, _MOST_FPS = 30.0, 20.0, 60.5  # beyond 60 by what 59.94 and kin are counted wrong by
_SPEED = "veryfast"  # most of the picture stands still: "medium" takes three times as long for the same look


def pace(fps: float) -> float:
    """Frames a second of the film of a source of ``fps``, 0 being a still: a whole multiple or part of its own, so that
    each of its frames lasts as long as the next, and quick enough for a playhead."""
    if not fps > 0.0:
        return _FPS
    return fps / math.ceil(fps / _MOST_FPS) if fps > _LEAST_FPS else fps * math.ceil(_LEAST_FPS / fps)


class Filmed:
    """Writes H.264 and AAC at ``path``: what the show looks at, and the sound that it is given block by block.

    16:9, 1920x1080 for a picture that is larger than 1280x720, else 1280x720; the picture is fitted in, with black
    beside it. Small pictures are enlarged by whole factors, so that their pixels stay pixels.

    Args:
        show: whose camera is seen and whose playhead is drawn. playhead: whether there is one. fps: 1 to 60.
        tags: what the file says of itself.
    """

    def __init__(self, path: Path, show: OfflineShow, playhead: bool, fps: float, tags: dict[str, str]) -> None:
        self._show, self._fps, self._playhead = show, fps, playhead
        self._rate = show.audio.rate
        self._record = show.bus.camera.record()
        self._seen = -1
        show.bus.camera.newest(self._record)
        width, height = int(self._record["width"][0]), int(self._record["height"][0])
        self._size = SIZES[width > SIZES[0][0] or height > SIZES[0][1]]
        self._canvas = np.zeros((self._size[1], self._size[0], 3), np.uint8)
        self._at = (0, 0, *self._size)
        self._light, self._line = _playhead(self._size[1])
        self._samples = self._drawn = 0
        # An MP4 has no place for the program beside the one that packed it.
        told = {"title": tags["title"], "comment": f"{tags['software']}; {tags['comment']}"}
        self._recorder = Recorder(path, self._size, fps, self._rate, 2, speed=_SPEED, tags=told)

    def write(self, block: np.ndarray) -> None:
        """Append sound, float32 (frames, 2), and the pictures that are due by its end."""
        self._recorder.sound(block)
        self._samples += len(block)
        while self._drawn / self._fps < self._samples / self._rate:
            self._draw()

    def finish(self, seconds: float) -> None:
        """Bring the pictures to ``seconds``, at least one, and put the film in its place. Raises FileError."""
        while self._drawn < max(1, round(seconds * self._fps)):
            self._draw()
        self._recorder.finish()

    def abort(self) -> None:
        """Give the film up and leave nothing behind."""
        self._recorder.abort()

    def _draw(self) -> None:
        if self._show.bus.camera.count != self._seen:
            self._seen = self._show.bus.camera.count
            self._show.bus.camera.newest(self._record)
            height, width = int(self._record["height"][0]), int(self._record["width"][0])
            self._fit(self._record["pixels"][0, :height * width * 3].reshape(height, width, 3))
        picture = self._canvas
        if self._playhead:
            picture = self._canvas.copy()
            x, y, width, height = self._at
            middle = x + min(int(self._show.audio.instrument.playhead * width), width - 1)
            reach = len(self._light) // 2
            left, right = max(x, middle - reach), min(x + width, middle + reach + 1)
            part = slice(left - middle + reach, right - middle + reach)
            band = picture[y:y + height, left:right].astype(np.float32)
            band += (255.0 - band * 0.4) * self._light[None, part, None]
            band += (self._line[None, part, None].clip(0.0) * 255.0 - band) * np.abs(self._line[None, part, None])
            picture[y:y + height, left:right] = np.clip(band + 0.5, 0.0, 255.0).astype(np.uint8)
        self._recorder.picture(picture)
        self._drawn += 1

    def _fit(self, picture: np.ndarray) -> None:
        height, width = picture.shape[:2]
        scale = min(self._size[0] / width, self._size[1] / height)
        if scale >= 2.0:
            scale = float(int(scale))
            how = cv2.INTER_NEAREST
        else:
            how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        x, y = (self._size[0] - wide) // 2, (self._size[1] - high) // 2
        self._canvas[...] = 0
        self._canvas[y:y + high, x:x + wide] = cv2.resize(picture, (wide, high), interpolation=how)
        self._at = x, y, wide, high


def _playhead(height: int) -> tuple[np.ndarray, np.ndarray]:
    """By place across it: how much light it throws (0..1), and its line (1 white, -0.5 half black, 0 nothing)."""
    unit = height / 720.0
    away = np.abs(np.arange(-round(60 * unit), round(60 * unit) + 1, dtype=np.float32))
    light = 0.30 * np.exp(-0.5 * (away / (16.0 * unit)) ** 2)
    line = np.where(away < 1.2 * unit, 1.0, np.where(away < 2.6 * unit, -0.5, 0.0))
    return light.astype(np.float32), line.astype(np.float32)
