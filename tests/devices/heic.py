"""Writes a HEIC picture of tiles, as telephones do; FFmpeg's muxer writes none."""

import io
from pathlib import Path

import av
import numpy as np


def write_tiled(path: Path, picture: np.ndarray, tile: int, turns: int = 0, mirror: int | None = None) -> None:
    """``picture`` RGB (h, w, 3) in tiles of ``tile`` pixels; irot: quarter turns anticlockwise, imir: its axis."""
    height, width = picture.shape[:2]
    rows, columns = -(-height // tile), -(-width // tile)
    padded = np.pad(picture, ((0, rows * tile - height), (0, columns * tile - width), (0, 0)), mode="edge")
    coded = [_coded(padded[y:y + tile, x:x + tile])
             for y in range(0, rows * tile, tile) for x in range(0, columns * tile, tile)]
    count = len(coded)
    grid, numbers = count + 1, range(1, count + 1)

    properties = [_box(b"hvcC", coded[0][0]), _full(b"ispe", _u(tile, 4) + _u(tile, 4)),
                  _full(b"ispe", _u(width, 4) + _u(height, 4)), _box(b"irot", bytes([turns])),
                  _box(b"imir", bytes([mirror or 0]))]
    uses = {number: [1, 2] for number in numbers} | {grid: [3, 4, *([5] if mirror is not None else [])]}
    ipma = _u(len(uses), 4) + b"".join(_u(n, 2) + bytes([len(p)]) + bytes(p) for n, p in uses.items())
    infe = b"".join(_full(b"infe", _u(n, 2) + _u(0, 2) + (b"grid" if n == grid else b"hvc1") + b"\0", version=2)
                    for n in (*numbers, grid))
    payload = bytes([0, 0, rows - 1, columns - 1]) + _u(width, 2) + _u(height, 2)

    def meta(begin: int) -> bytes:
        places = b""
        for number, (_, sample) in zip(numbers, coded, strict=True):
            places += _u(number, 2) + _u(0, 2) + _u(0, 2) + _u(1, 2) + _u(begin, 4) + _u(len(sample), 4)
            begin += len(sample)
        places += _u(grid, 2) + _u(1, 2) + _u(0, 2) + _u(1, 2) + _u(0, 4) + _u(len(payload), 4)
        dimg = _box(b"dimg", _u(grid, 2) + _u(count, 2) + b"".join(_u(n, 2) for n in numbers))
        return _full(b"meta", b"".join((
            _full(b"hdlr", _u(0, 4) + b"pict" + bytes(13)), _full(b"pitm", _u(grid, 2)),
            _full(b"iloc", b"\x44\x00" + _u(count + 1, 2) + places, version=1),
            _full(b"iinf", _u(count + 1, 2) + infe), _full(b"iref", dimg),
            _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full(b"ipma", ipma)), _box(b"idat", payload))))

    head = _box(b"ftyp", b"heic" + _u(0, 4) + b"mif1heic")
    begin = len(head) + len(meta(0)) + 8
    path.write_bytes(head + meta(begin) + _box(b"mdat", b"".join(sample for _, sample in coded)))


def _coded(rgb: np.ndarray) -> tuple[bytes, bytes]:
    """One tile in HEVC: its configuration (hvcC) and its data, as an MP4 holds them."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=1)
        stream.height, stream.width, stream.pix_fmt = rgb.shape[0], rgb.shape[1], "yuv420p"
        stream.codec_context.codec_tag = "hvc1"
        stream.options = {"crf": "4", "preset": "ultrafast",
                          "x265-params": "log-level=none:info=0:pools=none:frame-threads=1:bframes=0"}
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU601")
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = buffer.getvalue()
    at = data.index(b"hvcC")
    configuration = data[at + 4:at - 4 + int.from_bytes(data[at - 4:at], "big")]
    with av.open(io.BytesIO(data)) as container:
        return configuration, b"".join(bytes(packet) for packet in container.demux(video=0) if packet.size)


def _u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def _box(kind: bytes, data: bytes) -> bytes:
    return _u(len(data) + 8, 4) + kind + data


def _full(kind: bytes, data: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + data)
