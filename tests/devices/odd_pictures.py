"""One picture of known colours in every kind of file, and files that are broken in every way."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from tests.devices.heic import write_tiled

RED, BLUE, PALE = (220, 40, 30), (20, 60, 200), (240, 240, 200)
KINDS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".tiff": "TIFF", ".gif": "GIF", ".avif": "AVIF",
         ".jp2": "JPEG2000"}


def flag() -> np.ndarray:
    """90x160: a pale stripe of 20 rows on top, below it red to the left and blue to the right."""
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, :80], picture[:, 80:], picture[:20] = RED, BLUE, PALE
    return picture


def shown(frame: np.ndarray) -> list[list[int]]:
    """The colours of a flag: far left, left of the middle, far right, below the stripe; and the stripe."""
    height, width = frame.shape[:2]
    places = [(3 * height // 4, x * width // 8) for x in (1, 3, 7)]
    return [frame[place].tolist() for place in (*places, (height // 9, width // 2))]


def write_good(folder: Path) -> dict[str, tuple[int, list[tuple[int, ...]]]]:
    """Write the flag in every kind of file: name -> (tolerance, colours as ``shown``)."""
    rgb = flag()
    image, bgr16 = Image.fromarray(rgb), rgb[..., ::-1].astype(np.uint16) * 257
    plain: list[tuple[int, ...]] = [RED, RED, BLUE, PALE]
    good: dict[str, tuple[int, list[tuple[int, ...]]]] = {}

    def add(name: str, tolerance: int, colours: list[tuple[int, ...]] = plain) -> Path:
        good[name] = tolerance, colours
        return folder / name

    for suffix, kind in KINDS.items():
        image.save(add(f"plain{suffix}", 12 if suffix in (".jpg", ".avif", ".webp") else 3), kind)
    for name in ("plain.tga", "plain.pcx", "plain.sgi", "plain.ppm"):
        image.save(add(name, 0))
    image.save(add("progressive.jpg", 12), progressive=True)
    image.convert("CMYK").save(add("cmyk.jpg", 12), quality=95)
    image.convert("CMYK").save(add("cmyk.tif", 0))
    image.convert("LAB").save(add("lab.tif", 2))
    image.save(add("pages.tif", 0), save_all=True, append_images=[Image.new("RGB", (9, 9))])
    for suffix in ("png", "gif", "bmp", "tif"):
        image.quantize(8).save(add(f"palette.{suffix}", 0))
    for suffix in ("png", "tif", "ppm", "jp2"):
        cv2.imwrite(str(add(f"16bit.{suffix}", 1)), bgr16)
    cv2.imwrite(str(add("16bit_clear.png", 1, [(110, 20, 15), (110, 20, 15), (10, 30, 100), (120, 120, 100)])),
                np.dstack([bgr16, np.full((90, 160), 128 * 257, np.uint16)]))
    steps = np.repeat(np.array([0, 16384, 32768, 65535], np.uint16), 40)
    grey: list[tuple[int, ...]] = [(0,) * 3, (64,) * 3, (255,) * 3, (128,) * 3]
    for suffix in ("png", "tif"):
        cv2.imwrite(str(add(f"16bit_grey.{suffix}", 1, grey)), np.tile(steps, (90, 1)))
    Image.fromarray(np.tile(steps / 65535.0, (90, 1)).astype(np.float32)).save(add("float_grey.tif", 1, grey))
    bits: list[tuple[int, ...]] = [(0,) * 3, (0,) * 3, (255,) * 3, (255,) * 3]
    mask = Image.fromarray((np.arange(160)[None, :] > 79).repeat(90, 0))
    for name in ("bit.png", "bit.bmp", "bit.pbm", "bit.tif"):
        mask.save(add(name, 0, bits))
    # Clear to the left, half clear beside it: what is transparent lies over black.
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, 40, 90))
    alpha.paste(128, (40, 0, 80, 90))
    clear = image.convert("RGBA")
    clear.putalpha(alpha)
    over: list[tuple[int, ...]] = [(0, 0, 0), (110, 20, 15), BLUE, PALE]
    for suffix in ("png", "webp", "tif", "avif"):
        clear.save(add(f"clear.{suffix}", 8 if suffix == "avif" else 2, over))
    clear.convert("LA").save(add("clear_grey.png", 2, [(0,) * 3, (47,) * 3, (64,) * 3, (235,) * 3]))
    image.quantize(8).save(add("clear_palette.png", 0, [(0, 0, 0), (0, 0, 0), BLUE, PALE]),
                           transparency=image.quantize(8).getpixel((10, 80)))
    turned = Image.Exif()
    turned[0x0112] = 8
    image.transpose(Image.Transpose.ROTATE_270).save(add("turned.jpg", 12), exif=turned)
    # Linear light, at twice the light of the screen: exposed so that its brightest is white.
    light = (np.where(rgb > 10, (rgb / 255.0) ** 2.2, 0.0) * 2.0)[..., ::-1].astype(np.float32)
    bright: list[tuple[int, ...]] = [(234, 38, 26), (234, 38, 26), (14, 61, 214), (255, 255, 214)]
    for name in ("light.hdr", "light.pfm", "light.tif"):
        # Radiance has one exponent for three colours: what is dark beside a bright one is coarse.
        cv2.imwrite(str(add(name, 20 if name == "light.hdr" else 3, bright)), light)
    add("light.exr", 3, bright).write_bytes(_exr(light[..., ::-1]))
    large = np.kron(rgb, np.ones((4, 4, 1), np.uint8))
    write_tiled(add("tiles.heic", 4), large, 256)
    write_tiled(add("tiles_turned.heic", 4), np.rot90(large, -1), 256, turns=1)
    write_tiled(add("tiles_mirrored.heic", 4), np.rot90(large[::-1], -2), 256, turns=2, mirror=0)
    frames = [Image.new("RGB", (32, 24), (value, value, 0)) for value in (250, 120, 0)]
    first: list[tuple[int, ...]] = [(250, 250, 0)] * 4
    for name in ("moving.gif", "moving.png", "moving.webp", "moving.avif"):
        frames[0].save(add(name, 4, first), save_all=True, append_images=frames[1:], duration=500)
    return good


def _exr(light: np.ndarray) -> bytes:
    codec = av.CodecContext.create("exr", "w")
    codec.height, codec.width, codec.pix_fmt, codec.time_base = *light.shape[:2], "gbrpf32le", Fraction(1)
    return b"".join(map(bytes, codec.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(light), "gbrpf32le"))))


def write_bad(folder: Path) -> list[str]:
    """Write files that hold no picture: cut, with half a header, with a wrong one, empty, of text; their names."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8))
    for suffix, kind in KINDS.items():
        data = io.BytesIO()
        noise.save(data, kind)
        whole = data.getvalue()
        (folder / f"cut{suffix}").write_bytes(whole[: len(whole) // 2])
        (folder / f"header{suffix}").write_bytes(whole[:24])
        if suffix not in (".jpg", ".jp2"):  # in these FFmpeg finds the picture behind a broken beginning
            (folder / f"wrong{suffix}").write_bytes(b"XXXX" + whole[4:])
    write_tiled(folder / "whole.heic", np.kron(flag(), np.ones((4, 4, 1), np.uint8)), 256)
    whole = (folder / "whole.heic").read_bytes()
    (folder / "whole.heic").unlink()
    (folder / "cut.heic").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / "header.heic").write_bytes(whole[:60])
    (folder / "grid.heic").write_bytes(whole.replace(b"dimg", b"gmid"))
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("Dear diary,\n" * 200)
    (folder / "zeros.jpg").write_bytes(bytes(5000))
    (folder / "script.webm").write_text("ffconcat version 1.0\nfile other.mp4\n")
    (folder / "list.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nother.ts\n")  # waits for more
    (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    (folder / "drawing.png").write_text('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    (folder / "folder.jpg").mkdir()
    return sorted(path.name for path in folder.iterdir())
