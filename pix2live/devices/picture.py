"""Still pictures and folders of them, as cameras."""

import io
import math
import re
import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from pix2live.devices.frames import fit
from pix2live.errors import FileError

MAX_SIDE = 4096
MAX_PIXELS = 400_000_000   # 1.2 GB decoded; what is larger is a bomb or a map
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm",
            ".tga", ".jp2", ".avif", ".qoi", ".ico")
_MOVING = (".gif", ".png", ".apng", ".webp", ".avif", ".avifs")

# Our own limit is checked before any pixel is decoded; Pillow's refuses twice this, and its warning would be chatter.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def is_picture(path: Path) -> bool:
    """Whether Pillow knows the kind of this file (its content, not its name). Raises FileError if it cannot be read."""
    try:
        with Image.open(path):
            return True
    except (UnidentifiedImageError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return False
    except OSError as error:
        raise FileError(error.strerror or "cannot be read", str(path)) from error


def moves(path: Path) -> bool:
    """Whether a picture that Pillow knows has more than one frame. Raises nothing: what is damaged stands still."""
    if path.suffix.lower() not in _MOVING:
        return False  # the pages of a TIFF and the sizes of an icon are no film
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except Exception:
        return False


def load_picture(path: str | Path, max_side: int = MAX_SIDE) -> np.ndarray:
    """A still picture as RGB uint8 (h, w, 3), the right way up (EXIF), at most ``max_side`` pixels on the longer side.

    Any mode: grey, 1-bit, 16-bit (scaled), float (its own range), palette, CMYK, transparency (over black); an embedded
    colour profile is honoured; of a moving picture the first frame. Raises FileError.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError("is a folder, not a picture", str(path), "give one picture")
    try:
        if path.stat().st_size == 0:
            raise FileError("is empty", str(path), "give a picture such as a JPEG or PNG")
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FileError(f"is too large ({image.width}x{image.height})", str(path),
                                f"scale it down to {MAX_PIXELS // 1_000_000} megapixels or less")
            # JPEG decodes straight to a half, quarter or eighth: the same picture for a fraction of time and memory.
            image.draft("RGB" if image.mode in ("RGB", "YCbCr") else None, (max_side, max_side))
            image.load()
            return _to_rgb(image, max_side)
    except FileError:
        raise
    except FileNotFoundError as error:
        raise FileError("no such file", str(path)) from error
    except UnidentifiedImageError as error:
        raise FileError("is not a picture that can be read", str(path), "convert it to JPEG or PNG") from error
    except Image.DecompressionBombError as error:
        raise FileError("is far too large", str(path),
                        f"scale it down to {MAX_PIXELS // 1_000_000} megapixels or less") from error
    except MemoryError as error:
        raise FileError("does not fit in memory", str(path), "scale it down") from error
    except PermissionError as error:
        raise FileError("may not be read", str(path), "change its permissions") from error
    except Exception as error:  # decoders of broken files raise nearly anything
        raise FileError(f"is damaged ({error})", str(path), "save it anew from its source") from error


def _to_rgb(image: Image.Image, max_side: int) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        grey = _stretch(np.asarray(image))
        image = _upright(Image.fromarray(grey, "L"), image)
    else:
        image = _upright(image, image)
    image = _coarse(image, max_side)
    profile = image.info.get("icc_profile")
    transparent = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    if image.mode == "P" or transparent:
        image = image.convert("RGBA" if transparent else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    if profile:
        image = _to_srgb(image, profile)
    # "RGBa" is premultiplied: exactly the colour over black.
    rgb = np.asarray(image.convert("RGBa" if image.mode == "RGBA" else "RGB"))[..., :3]
    return fit(rgb, max_side, max_side)


def _coarse(image: Image.Image, max_side: int) -> Image.Image:
    """A huge picture by whole factors, so that the steps after this cost neither much time nor memory."""
    factor = max(image.size) // max_side
    if factor < 2 or image.mode not in ("L", "RGB", "CMYK", "RGBA") or "transparency" in image.info:
        return image
    info = dict(image.info)
    # Premultiplied, or clear pixels would bleed their hidden colour.
    clear = image.mode == "RGBA"
    image = image.convert("RGBa").reduce(factor).convert("RGBA") if clear else image.reduce(factor)
    image.info = info
    return image


def _upright(image: Image.Image, source: Image.Image) -> Image.Image:
    # A damaged EXIF block must not cost the picture.
    try:
        turn = source.getexif().get(0x0112, 1)
    except Exception:
        turn = 1
    method = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
              5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
              8: Image.Transpose.ROTATE_90}.get(turn)
    if method is None:
        return image
    turned = image.transpose(method)
    turned.info = dict(image.info)
    return turned


def _stretch(values: np.ndarray) -> np.ndarray:
    """Grey of more than 8 bits to uint8: whole numbers as 16-bit (or their range), floats as 0..1 (or theirs)."""
    if values.dtype.kind in "ui":
        top = 65535.0 if values.max() <= 65535 else float(values.max())
        return np.clip(values * (255.0 / top) + 0.5, 0.0, 255.0).astype(np.uint8)
    values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = min(values.min(), 0.0), max(values.max(), 1.0)
    return ((values - low) * (255.0 / (high - low)) + 0.5).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Pixels of an embedded profile to sRGB; a profile that cannot be used is passed over."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    base = image.convert("RGB") if alpha else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(base, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if turned is None:
        return image
    if alpha:
        turned.putalpha(alpha)
    return turned


class Picture:
    """One still picture: the same frame for ever, at most 1920x1080. Raises FileError."""

    live = False
    rate_hz = 0.0
    notice = ""

    def __init__(self, path: str | Path) -> None:
        self._frame = fit(load_picture(path))
        self.size = self._frame.shape[1], self._frame.shape[0]

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """The picture, taken at 0."""
        return self._frame, 0.0

    def alive(self, now_s: float) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing to close."""


class Slideshow:
    """The pictures of a folder by name (2 before 10), one after the other, over and over: a pure function of time.

    While one is shown the next is read by a thread, so that the change is quick. A picture that turns out to be damaged
    is passed over for the next good one, and ``notice`` names it. Raises FileError if the folder holds none.
    """

    live = False

    def __init__(self, folder: str | Path, seconds_each: float = 8.0) -> None:
        folder = Path(folder)
        if not seconds_each > 0.0 or not math.isfinite(seconds_each):
            raise ValueError(f"seconds_each is {seconds_each}, not a time")
        self._each_s = seconds_each
        self.rate_hz = 1.0 / seconds_each
        self.notice = ""
        try:
            named = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()
                     and not path.name.startswith(".")]
        except OSError as error:
            raise FileError(error.strerror or "cannot be read", str(folder), "give a folder of pictures") from error
        self._paths = sorted(named, key=by_number)
        if not self._paths:
            raise FileError("holds no pictures", str(folder), "put JPEG or PNG files into it")
        self._broken: set[int] = set()
        self._ready: dict[int, np.ndarray] = {}
        self._lock = threading.Lock()
        self._shown = -1
        self._frame = self._good(0, folder)[1]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture last asked for."""
        return self._frame.shape[1], self._frame.shape[0]

    def frame_at(self, now_s: float) -> tuple[np.ndarray, float]:
        """The picture of this moment, and when its turn began."""
        turn = math.floor(now_s / self._each_s + 1e-9) if math.isfinite(now_s) else 0
        place = turn % len(self._paths)
        if place != self._shown:
            found, self._frame = self._good(place, self._paths[0].parent)
            self._shown = place
            threading.Thread(target=self._read_ahead, args=((found + 1) % len(self._paths), {place, found}),
                             name="slideshow", daemon=True).start()
        return self._frame, turn * self._each_s

    def alive(self, now_s: float) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Let go of the pictures read ahead."""
        with self._lock:
            self._ready.clear()

    def _good(self, place: int, folder: Path) -> tuple[int, np.ndarray]:
        with self._lock:
            for step in range(len(self._paths)):
                at = (place + step) % len(self._paths)
                frame = self._load(at)
                if frame is not None:
                    return at, frame
        raise FileError("holds no picture that can be read", str(folder), self.notice)

    def _read_ahead(self, place: int, keep: set[int]) -> None:
        with self._lock:
            for old in set(self._ready) - keep - {place}:
                del self._ready[old]
            self._load(place)

    def _load(self, place: int) -> np.ndarray | None:
        if place in self._broken:
            return None
        if place not in self._ready:
            try:
                self._ready[place] = fit(load_picture(self._paths[place]))
            except FileError as error:
                self._broken.add(place)
                self.notice = str(error)
                return None
        return self._ready[place]


def by_number(path: Path) -> list[tuple[int, int, str]]:
    """A key that sorts files by name, 2 before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", path.name.lower())]
