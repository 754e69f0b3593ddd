"""Cameras that run by themselves: on a cable through OpenCV, on the network through FFmpeg."""

import contextlib
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np

from pix2live.devices.frames import fit, fitted
from pix2live.errors import DeviceError

FIRST_FRAME_S = 8.0
TIMEOUT_S = 5.0
_SILENT_S = 2.0
_RETRY_S, _LONGEST_RETRY_S = 0.25, 8.0


class Source(Protocol):
    """One connection to a camera, used by one thread. ``read`` waits for a frame (RGB); None when it is gone."""

    rate_hz: float

    def read(self) -> np.ndarray | None: ...

    def close(self) -> None: ...


class CableSource:
    """A camera by number or device path. Raises DeviceError."""

    def __init__(self, spec: str, width: int, height: int, rate_hz: float) -> None:
        target: int | str = int(spec) if spec.isdigit() else spec
        backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
        self._capture = cv2.VideoCapture(target, backend)
        if not self._capture.isOpened():
            self._capture.release()
            raise DeviceError("cannot be opened", mend=_what_there_is())
        # MJPG first: raw video of this size does not fit a USB 2 cable at full rate.
        for prop, value in ((cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")), (cv2.CAP_PROP_FRAME_WIDTH, width),
                            (cv2.CAP_PROP_FRAME_HEIGHT, height), (cv2.CAP_PROP_FPS, rate_hz),
                            (cv2.CAP_PROP_BUFFERSIZE, 1)):
            self._capture.set(prop, value)
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate if 1.0 <= rate <= 1000.0 else rate_hz

    def read(self) -> np.ndarray | None:
        got, frame = self._capture.read()
        if not got or frame is None or frame.size == 0:
            return None
        if frame.ndim == 2:
            return cv2.cvtColor(fit(frame), cv2.COLOR_GRAY2RGB)
        return cv2.cvtColor(fit(frame), cv2.COLOR_BGR2RGB)

    def close(self) -> None:
        self._capture.release()


class NetworkSource:
    """An HTTP(S) MJPEG stream, or any other live stream FFmpeg opens by its URL. Raises DeviceError."""

    def __init__(self, url: str) -> None:
        try:
            self._container = av.open(url, timeout=(TIMEOUT_S, TIMEOUT_S),
                                      options={"fflags": "nobuffer", "analyzeduration": "100000",
                                               "probesize": "1000000"})
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", "") or str(error)
            if isinstance(error, av.error.ExitError):
                reason = f"no answer within {TIMEOUT_S:g} s"
            raise DeviceError(f"cannot be reached ({reason})",
                              mend="check the address and that the camera is on") from error
        if not self._container.streams.video:
            self._container.close()
            raise DeviceError("holds no video", mend="give the address of an MJPEG stream")
        stream = self._container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        self.rate_hz = float(rate) if rate and rate <= 1000 else 25.0
        self._frames = self._container.decode(stream)

    def read(self) -> np.ndarray | None:
        while True:
            try:
                frame = next(self._frames)
            except av.error.InvalidDataError:
                continue  # one damaged frame
            except (StopIteration, av.FFmpegError, OSError):
                return None
            width, height = fitted(frame.width, frame.height)
            return frame.reformat(width, height, "rgb24", interpolation="AREA", threads=1).to_ndarray()

    def close(self) -> None:
        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.close()


class LiveCamera:
    """The newest frame of a camera, kept by a thread that connects again (0.25 s, doubling to 8 s) when it is lost.

    Meanwhile the last frame stays and ``notice`` says so in one line. The constructor waits for the first frame.

    Args:
        name: as the user wrote it.
        connect: opens the camera (in the thread); raises DeviceError.
        clock: the monotonic clock, for stamps.

    Raises:
        DeviceError: no frame within 8 s.
    """

    live = True

    def __init__(self, name: str, connect: Callable[[], Source], clock: Callable[[], float]) -> None:
        self._name, self._connect, self._clock = name, connect, clock
        self.rate_hz = 0.0
        self._newest: tuple[np.ndarray, float] | None = None
        self._trouble = ""
        self._failure: DeviceError | None = None
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)
        self._thread.start()
        self._settled.wait(FIRST_FRAME_S)
        if self._newest is None:
            self._stop.set()
            cause = self._failure
            raise DeviceError(cause.what if cause else "gives no picture", f"camera {name}",
                              cause.mend if cause and cause.mend else "check that no other program is using it")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the newest frame."""
        frame = self.frame_at(0.0)[0]
        return frame.shape[1], frame.shape[0]

    @property
    def notice(self) -> str:
        """One line while the camera is lost, else empty."""
        return self._trouble

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """The newest frame and when it came; the same array while no newer one has come. Never waits. Any thread."""
        assert self._newest is not None
        return self._newest

    def alive(self, now_s: float) -> bool:
        """Whether a frame came within the last 2 s (longer for a camera slower than 2 frames a second)."""
        return now_s - self.frame_at(now_s)[1] <= max(_SILENT_S, 4.0 / max(self.rate_hz, 0.1))

    def close(self) -> None:
        """Let the camera go (a read under way is waited for no longer than 1 s)."""
        self._stop.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        pause_s = _RETRY_S
        while not self._stop.is_set():
            source: Source | None = None
            try:
                source = self._connect()
                self.rate_hz = source.rate_hz
                while not self._stop.is_set() and (frame := source.read()) is not None:
                    self._newest = frame, self._clock()
                    self._trouble = ""
                    self._settled.set()
                    pause_s = _RETRY_S
            except DeviceError as error:
                self._failure = error
            except Exception as error:  # a driver's fault must not end the thread that is to mend it
                self._failure = DeviceError(f"failed ({error})")
            finally:
                if source is not None:
                    source.close()
            if self._newest is None:
                self._settled.set()
                return
            if not self._stop.is_set():
                self._trouble = f"camera {self._name}: lost; the last picture stays, trying again"
                self._stop.wait(pause_s)
                pause_s = min(pause_s * 2.0, _LONGEST_RETRY_S)


def list_cameras() -> list[tuple[str, str]]:
    """(number, name) of each camera here. The kernel's list on Linux; elsewhere numbers 0 to 3 are tried (slow)."""
    if sys.platform.startswith("linux"):
        found = []
        for entry in sorted(Path("/sys/class/video4linux").glob("video*"), key=lambda p: int(p.name[5:])):
            with contextlib.suppress(OSError):
                if (entry / "index").read_text().strip() == "0":  # further nodes of a camera carry no picture
                    found.append((entry.name[5:], (entry / "name").read_text().strip()))
        return found
    found = []
    for number in range(4):
        capture = cv2.VideoCapture(number)
        if capture.isOpened():
            found.append((str(number), f"camera {number}"))
        capture.release()
    return found


def _what_there_is() -> str:
    there = list_cameras() if sys.platform.startswith("linux") else []
    if there:
        return "cameras here: " + ", ".join(f"{number} ({name})" for number, name in there)
    return "plug one in, or give a video, a picture, a folder of pictures or a URL"
