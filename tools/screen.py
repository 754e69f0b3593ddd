"""Films the top left corner of an X display, as fast as it can be copied: what a person in front of it would see."""

import time
from types import TracebackType

import mss
import numpy as np


class Screen:
    """The corner of ``size`` (width, height) of ``display`` (such as ``:99``). Use in a with statement."""

    def __init__(self, display: str, size: tuple[int, int]) -> None:
        self._grabber = mss.MSS(display=display)
        self._box = {"left": 0, "top": 0, "width": size[0], "height": size[1]}

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._grabber.close()

    def picture(self) -> np.ndarray:
        """RGB uint8 (height, width, 3)."""
        shot = self._grabber.grab(self._box)
        return np.frombuffer(shot.bgra, np.uint8).reshape(shot.height, shot.width, 4)[:, :, 2::-1]

    def film(self, seconds: float, rate_hz: float = 30.0, shrink: int = 4) -> tuple[np.ndarray, np.ndarray]:
        """Stamps (n,) in monotonic seconds, and pictures (n, height / shrink, width / shrink, 3) that differ."""
        stamps, pictures = [], []
        end_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < end_s:
            picture = self.picture()
            height, width = (n // shrink * shrink for n in picture.shape[:2])
            blocks = picture[:height, :width].reshape(height // shrink, shrink, width // shrink, shrink, 3)
            small = blocks[:, 0, :, 0].copy() if shrink > 1 else picture.copy()
            if not pictures or (small != pictures[-1]).any():
                stamps.append(now_s)
                pictures.append(small)
            time.sleep(max(0.0, now_s + 1.0 / rate_hz - time.monotonic()))
        return np.array(stamps), np.array(pictures)
