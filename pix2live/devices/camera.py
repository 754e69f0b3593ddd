"""Whatever gives pictures, behind one face: camera, video, picture, folder of pictures, network stream."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from pix2live.errors import DeviceError, FileError
from pix2live.signals.clock import SystemClock

SLIDE_S = 8.0


class Camera(Protocol):
    """What gives pictures.

    size: (width, height) of the newest frame. rate_hz: frames a second, 0 for a still. live: True for a camera that
    runs by itself; else the frame is a pure function of the time asked for, so ask with the time of the show.
    notice: one line while something is wrong, else empty.
    """

    live: bool

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def rate_hz(self) -> float: ...

    @property
    def notice(self) -> str: ...

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """RGB uint8 (h, w, 3), at most 1920x1080, not to be written to, and its stamp in seconds. The same array
        object while unchanged. Waits for a decode at most; never raises."""
        ...

    def alive(self, now_s: float) -> bool: ...

    def close(self) -> None: ...


def open_camera(spec: str | Path, clock: Callable[[], float] | None = None, slide_s: float = SLIDE_S,
                size: tuple[int, int] = (1280, 720), rate_hz: float = 30.0) -> Camera:
    """Open what ``spec`` names.

    Args:
        spec: a camera number ("0"), a device path, a video or picture file, a folder of pictures, or an http(s) URL of
            an MJPEG stream (rtsp works too).
        clock: the monotonic clock that stamps the frames of live cameras (the system's by default).
        slide_s: seconds a picture of a folder is shown.
        size, rate_hz: what is asked of a camera on a cable; it may give another.

    Raises:
        FileError, DeviceError: one line naming what is wrong and the mend.
    """
    text = str(spec).strip()
    now = clock or SystemClock().now
    if not text:
        raise DeviceError("no camera named", "camera", "give a number, a file, a folder, a URL or none")
    if "://" in text:
        from pix2live.devices.livecamera import LiveCamera, NetworkSource

        # A password in the address stays out of every message.
        return LiveCamera(re.sub(r"//[^/@]*@", "//", text), lambda: NetworkSource(text), now)
    path = Path(text).expanduser()
    try:
        on_cable = path.is_char_device() or (text.isdigit() and not path.exists())
        is_folder, there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise FileError("cannot be looked at", text, "check the name and the permissions") from error
    if on_cable:
        from pix2live.devices.livecamera import CableSource, LiveCamera

        return LiveCamera(text, lambda: CableSource(text, *size, rate_hz), now)
    if is_folder:
        from pix2live.devices.picture import Slideshow

        return Slideshow(path, slide_s)
    if not there:
        if text.startswith("/dev/"):
            raise DeviceError("no such device", text, "plug the camera in, or give its number")
        raise FileError("no such file, folder or camera", text, "give a number such as 0, a file, a folder or a URL")
    if path.stat().st_size == 0:
        raise FileError("is empty", str(path), "give a video or a picture")
    return _open_file(path)


def _open_file(path: Path) -> Camera:
    from pix2live.devices.animation import Animation
    from pix2live.devices.picture import SUFFIXES, Picture, is_picture, moves
    from pix2live.devices.videofile import VideoFile

    if is_picture(path):
        if not moves(path):
            return Picture(path)
        return Animation(path) if path.suffix.lower() in (".webp", ".avif", ".avifs") else VideoFile(path)
    if path.suffix.lower() in (*SUFFIXES, ".svg", ".svgz"):
        return Picture(path)
    return VideoFile(path)
