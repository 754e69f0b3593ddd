"""Still pictures and folders of them, as cameras."""

import contextlib
import io
import math
import re
import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from pix2live.devices.frames import MAX_WIDTH, fit
from pix2live.errors import FileError
from pix2live.quiet import quiet_stderr

MAX_SIDE = 4096
MAX_PIXELS = 400_000_000   # 1.2 GB decoded; what is larger is a bomb or a map
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm",
            ".tga", ".jp2", ".avif", ".qoi", ".ico", ".heic", ".heif", ".hdr", ".pfm", ".exr")
_BAND = 1 << 22            # pixels worked on at a time
_LARGE = 1 << 25           # beyond, Pillow's WebP takes 16 bytes a pixel, FFmpeg's 2
_MOVING = (".gif", ".png", ".apng", ".webp", ".avif", ".avifs")

# Our own limit is checked before any pixel is decoded; Pillow's refuses twice this, and its warning would be chatter.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", module=r"PIL\.")  # on odd EXIF and the like: the picture itself is right or refused


def is_picture(path: Path) -> bool:
    """Whether Pillow knows the kind of this file (its content, not its name). Raises FileError if it cannot be read."""
    try:
        with Image.open(path):
            return True
    except OSError as error:
        if isinstance(error, UnidentifiedImageError):
            return False
        if error.errno is None:
            return True  # cut short in its header: whoever loads it says so
        if isinstance(error, PermissionError):
            raise FileError("may not be read", str(path), "change its permissions") from error
        raise FileError(error.strerror or "cannot be read", str(path), "check that it is there") from error
    except Exception:  # readers of broken headers raise nearly anything
        return False


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
            if image.format == "WEBP" and image.width * image.height > _LARGE:
                from pix2live.devices.videofile import VideoFile

                return fit(VideoFile(path).frame_at(0.0)[0], max_side, max_side)
            if image.format != "JPEG2000":
                # JPEG decodes straight to a half, quarter or eighth: the same for a fraction of time and memory.
                image.draft("RGB" if image.mode in ("RGB", "YCbCr") else None, (max_side, max_side))
                with quiet_stderr() if image.format == "TIFF" else contextlib.nullcontext():  # libtiff complains there
                    image.load()
                return picture_of(image, max_side)
        return _load_jpeg_2000(path, max_side)
    except FileError:
        raise
    except FileNotFoundError as error:
        raise FileError("no such file", str(path)) from error
    except UnidentifiedImageError:
        return _load_other(path, max_side)
    except Image.DecompressionBombError as error:
        raise FileError("is far too large", str(path),
                        f"scale it down to {MAX_PIXELS // 1_000_000} megapixels or less") from error
    except MemoryError as error:
        raise FileError("does not fit in memory", str(path), "scale it down") from error
    except PermissionError as error:
        raise FileError("may not be read", str(path), "change its permissions") from error
    except Exception as error:  # decoders of broken files raise nearly anything
        raise FileError(f"is damaged ({error})", str(path), "save it anew from its source") from error


def _load_other(path: Path, max_side: int) -> np.ndarray:
    """What FFmpeg knows and Pillow does not: HEIC, linear light."""
    import av

    from pix2live.devices.heif import load_grid, read_grid
    from pix2live.devices.videofile import VideoFile

    try:
        grid = read_grid(path)
        if grid is not None:
            if grid.size[0] * grid.size[1] > MAX_PIXELS:
                raise ValueError(f"it is too large, {grid.size[0]}x{grid.size[1]}")
            return load_grid(path, grid, max_side)
    except (ValueError, OSError, av.FFmpegError) as error:
        raise FileError(f"is damaged ({error})", str(path), "save it anew from its source") from error
    try:
        film = VideoFile(path)
    except FileError as error:
        with path.open("rb") as file:
            begin = file.read(1024)
        if b"<svg" in begin or path.suffix.lower() in (".svg", ".svgz"):
            raise FileError("is a drawing (SVG), not a picture of pixels", str(path), "export it as PNG") from error
        raise FileError("is not a picture that can be read", str(path), "save it anew as JPEG or PNG") from error
    film.close()
    return fit(film.frame_at(0.0)[0], max_side, max_side)


def _load_jpeg_2000(path: Path, max_side: int) -> np.ndarray:
    with Image.open(path) as image:
        halvings = max(0, (max(image.size) // max_side).bit_length() - 1)
    while True:
        with Image.open(path) as image:
            try:
                # As often as it fits: each wavelet level that is left out saves three quarters of the work.
                setattr(image, "reduce", halvings)  # noqa: B010 - of this plug-in a number, elsewhere a method
                image.load()
                return picture_of(image, max_side)
            except OSError:
                if not halvings:
                    raise
                halvings -= 1  # the file may hold fewer levels


def picture_of(image: Image.Image, max_side: int = MAX_SIDE) -> np.ndarray:
    """The frame that a Pillow image shows now, as ``load_picture`` gives it.

    Goes by bands, and brings a huge picture down by whole factors in each, so that it costs little memory beside the
    decoded image.
    """
    width, height = image.size
    factor = max(1, max(image.size) // max_side)
    band = factor * max(1, _BAND // (width * factor))
    to_rgb = _Converter(image)
    parts = [to_rgb(image.crop((0, top, width, min(height, top + band))), factor) for top in range(0, height, band)]
    return fit(_upright(np.concatenate(parts) if len(parts) > 1 else parts[0], image), max_side, max_side)


class _Converter:
    """Bands of one image, of whatever mode, to RGB over black."""

    def __init__(self, image: Image.Image) -> None:
        self._low, self._span = _range(image) if image.mode.startswith(("I", "F")) else (0.0, 0.0)
        self._transparent = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
        self._profile: dict[str, ImageCms.ImageCmsTransform | None] = {}
        self._source: bytes = image.info.get("icc_profile") or b""

    def __call__(self, band: Image.Image, factor: int) -> np.ndarray:
        if self._span:
            values = np.asarray(band)
            values = values.astype(np.float64 if values.dtype == np.int32 else np.float32)
            np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            scaled = np.clip((values - self._low) * (255.0 / self._span) + 0.5, 0.0, 255.0)
            band = Image.fromarray(scaled.astype(np.uint8))
        elif band.mode == "P" or self._transparent:
            band = band.convert("RGBA" if self._transparent else "RGB")
        elif band.mode == "1":
            band = band.convert("L")
        if self._source:
            band = self._to_srgb(band)
        # "RGBa" is premultiplied: exactly the colour over black, and what is clear cannot bleed its hidden colour.
        band = band.convert("RGBa" if band.mode == "RGBA" else "RGB")
        if factor > 1:
            band = band.reduce(factor)
        return np.asarray(band)[..., :3]

    def _to_srgb(self, band: Image.Image) -> Image.Image:
        """Pixels of an embedded profile to sRGB; a profile that cannot be used is passed over."""
        alpha = band.getchannel("A") if band.mode == "RGBA" else None
        base = band.convert("RGB") if alpha else band
        if base.mode not in self._profile:
            try:
                source = ImageCms.ImageCmsProfile(io.BytesIO(self._source))
                self._profile[base.mode] = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), base.mode,
                                                                   "RGB")
            except (ImageCms.PyCMSError, OSError, ValueError):
                self._profile[base.mode] = None
        transform = self._profile[base.mode]
        if transform is None:
            return band
        turned = ImageCms.applyTransform(base, transform)
        assert turned is not None
        if alpha:
            turned.putalpha(alpha)
        return turned


def _range(image: Image.Image) -> tuple[float, float]:
    """(lowest, span) of grey of more than 8 bits: 0..65535 of whole numbers, 0..1 of floats, or theirs if wider."""
    low, high = 0.0, 0.0
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        values = np.asarray(image.crop((0, top, image.width, min(image.height, top + rows))))
        whole = values.dtype.kind in "ui"
        if not whole:
            values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    if whole:
        return 0.0, 65535.0 if high <= 65535 else high
    return low, max(high, 1.0) - low


def _upright(picture: np.ndarray, source: Image.Image) -> np.ndarray:
    # A damaged EXIF block must not cost the picture.
    try:
        turn = source.getexif().get(0x0112, 1)
    except Exception:
        turn = 1
    if turn in (5, 6, 7, 8):
        picture = picture.transpose(1, 0, 2)
    if turn in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if turn in (3, 4, 7, 8):
        picture = picture[::-1]
    return picture


class Picture:
    """One still picture: the same frame for ever, at most 1920x1080. Raises FileError."""

    live = False
    rate_hz = 0.0
    notice = ""

    def __init__(self, path: str | Path) -> None:
        self._frame = fit(load_picture(path, MAX_WIDTH))
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
                self._ready[place] = fit(load_picture(self._paths[place], MAX_WIDTH))
            except FileError as error:
                self._broken.add(place)
                self.notice = str(error)
                return None
        return self._ready[place]


def by_number(path: Path) -> list[tuple[int, int, str]]:
    """A key that sorts files by name, 2 before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", path.name.lower())]
