"""HEIC pictures that are made of tiles, as telephones write them: FFmpeg gives each tile by itself.

Source of the format: ISO/IEC 23008-12 (HEIF), 14496-12 (boxes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from pix2live.devices.frames import fit
from pix2live.devices.videofile import rgb_of

_MOST_HEAD = 1 << 24  # bytes of boxes before the pictures themselves


@dataclass(frozen=True)
class Grid:
    """A picture of tiles: item numbers row by row, columns of them, its size, and how it is turned to stand upright.

    turns: quarter turns anticlockwise, then mirror: None, "left-right" or "top-bottom".
    """

    tiles: tuple[int, ...]
    columns: int
    size: tuple[int, int]
    turns: int
    mirror: str | None


def read_grid(path: Path) -> Grid | None:
    """The grid that the file's main picture is; None where it is none. Raises ValueError where its boxes are broken."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] != b"ftyp" or head[8:12] not in (b"heic", b"heix", b"mif1", b"heim", b"heis", b"MiHE"):
            return None
        file.seek(0)
        data = file.read(_MOST_HEAD)
    try:
        meta = next((box for kind, box in _boxes(data) if kind == b"meta"), None)
        return None if meta is None else _grid(dict(_boxes(meta[4:])), data)
    except (IndexError, KeyError) as error:
        raise ValueError("its boxes are broken") from error


def load_grid(path: Path, grid: Grid, max_side: int) -> np.ndarray:
    """The picture of all tiles, RGB uint8, upright, at most ``max_side`` pixels on the longer side.

    Raises ValueError or av.FFmpegError where it is broken.
    """
    width, height = grid.size
    rows = len(grid.tiles) // grid.columns
    places = {item: divmod(number, grid.columns) for number, item in enumerate(grid.tiles)}
    step = 1 << max(0, (max(width, height) // max_side).bit_length() - 1)  # tiles have sides of many twos
    canvas = np.zeros((0, 0, 3), np.uint8)
    missing = set(grid.tiles)
    with av.open(f"file:{path}") as container:
        for packet in container.demux([stream for stream in container.streams.video if stream.id in places]):
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame)
                wide, high = max(1, frame.width // step), max(1, frame.height // step)
                if not canvas.size:
                    canvas = np.zeros((rows * high, grid.columns * wide, 3), np.uint8)
                row, column = places[packet.stream.id]
                # A picture may have a tile that is unlike the first; it would not fit.
                if (high, wide) != (canvas.shape[0] // rows, canvas.shape[1] // grid.columns):
                    raise ValueError("its tiles differ in size")
                canvas[row * high:(row + 1) * high, column * wide:(column + 1) * wide] = rgb_of(frame, wide, high)
                missing.discard(packet.stream.id)
    if missing:
        raise ValueError(f"{len(missing)} of its {len(grid.tiles)} tiles cannot be decoded")
    picture = np.rot90(canvas[:max(1, height // step), :max(1, width // step)], grid.turns)
    if grid.mirror is not None:
        picture = picture[:, ::-1] if grid.mirror == "left-right" else picture[::-1]
    return fit(picture, max_side, max_side)


def _grid(boxes: dict[bytes, bytes], data: bytes) -> Grid | None:
    pitm = boxes[b"pitm"]
    main = _number(pitm, 4, 4 if pitm[0] else 2)
    if _kinds(boxes[b"iinf"]).get(main) != b"grid":
        return None
    payload = _payload(main, boxes, data)
    wide = 4 if payload[1] & 1 else 2
    rows, columns = payload[2] + 1, payload[3] + 1
    size = _number(payload, 4, wide), _number(payload, 4 + wide, wide)
    tiles = _tiles(main, boxes[b"iref"])
    if len(tiles) != rows * columns or 0 in size:
        raise ValueError("its grid is broken")
    turns, mirror = _turned(main, dict(_boxes(boxes[b"iprp"])))
    return Grid(tiles, columns, size, turns, mirror)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, begin = _number(data, at, 4), at + 8
        if size == 1:
            size, begin = _number(data, at + 8, 8), at + 16
        end = at + size if size else len(data)
        if end < begin:
            raise ValueError("a box is broken")
        yield data[at + 4:at + 8], data[begin:end]
        at = end


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise ValueError("a box is cut short")
    return int.from_bytes(data[at:at + size], "big")


def _kinds(iinf: bytes) -> dict[int, bytes]:
    kinds = {}
    for _, entry in _boxes(iinf[8 if iinf[0] else 6:]):
        wide = 4 if entry[0] >= 3 else 2
        kinds[_number(entry, 4, wide)] = entry[6 + wide:10 + wide]
    return kinds


def _tiles(main: int, iref: bytes) -> tuple[int, ...]:
    wide = 4 if iref[0] else 2
    for kind, box in _boxes(iref[4:]):
        if kind == b"dimg" and _number(box, 0, wide) == main:
            return tuple(_number(box, wide + 2 + n * wide, wide) for n in range(_number(box, wide, 2)))
    raise ValueError("it names no tiles")


def _payload(main: int, boxes: dict[bytes, bytes], data: bytes) -> bytes:
    """The bytes of an item, which lie in the file or in the box for small data."""
    iloc = boxes[b"iloc"]
    version, sizes = iloc[0], _number(iloc, 4, 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    at = 6 + wide
    for _ in range(_number(iloc, 6, wide)):
        item, at = _number(iloc, at, wide), at + wide
        method = _number(iloc, at, 2) & 15 if version else 0
        at += (2 if version else 0) + 2
        base, at = _number(iloc, at, base_size), at + base_size
        extents, at = _number(iloc, at, 2), at + 2
        found = b""
        for _ in range(extents):
            at += index_size
            begin, length = base + _number(iloc, at, offset_size), _number(iloc, at + offset_size, length_size)
            at += offset_size + length_size
            found += (boxes[b"idat"] if method == 1 else data)[begin:begin + length]
        if item == main:
            return found
    raise ValueError("its data are nowhere")


def _turned(main: int, iprp: dict[bytes, bytes]) -> tuple[int, str | None]:
    properties = list(_boxes(iprp[b"ipco"]))
    ipma = iprp[b"ipma"]
    wide, step = 4 if ipma[0] else 2, 2 if ipma[3] & 1 else 1
    at, turns, mirror = 8, 0, None
    for _ in range(_number(ipma, 4, 4)):
        item, count, at = _number(ipma, at, wide), ipma[at + wide], at + wide + 1
        for n in range(count):
            index = _number(ipma, at + n * step, step) & (0x7FFF if step == 2 else 0x7F)
            if item == main and 0 < index <= len(properties):
                kind, box = properties[index - 1]
                if kind == b"irot":
                    turns = box[0] & 3
                elif kind == b"imir":
                    mirror = "left-right" if box[0] & 1 else "top-bottom"
        at += count * step
    return turns, mirror
