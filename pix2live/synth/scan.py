"""A picture becomes a score: rows are partials, columns are moments, colour is the place between left and right."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.signals.spec import ParamSpec

MAX_ROWS = 4096
SCORE_SPECS = (
    ParamSpec("synth.scan.row_count", "how many rows", "", 1.0, float(MAX_ROWS), 64.0, kind="int"),
    ParamSpec("synth.scan.hue_pan", "colour to left and right", "", 0.0, 1.0, 0.8),
)
PLANES = 3
_LINEAR_PIXELS = 1 << 19  # a larger picture is shrunk to this in 8 bit first: linear light costs time and memory
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709


def score_from_picture(
    picture: NDArray[np.uint8], rows: int = 64, columns: int = 256, *, hue_pan: float = 0.8
) -> NDArray[np.float32]:
    """The score of a picture, for ``Instrument.set_score``. Not real-time: 1 to 3 ms for a camera frame.

    Every cell is the area average of its pixels' luminance (Rec. 709, in linear light up to half a megapixel; a larger
    picture is shrunk to that as it is encoded), encoded again with the sRGB curve: a grey picture of the score's own
    size comes back as it is. The instrument's contrast turns 0..1 into decibels.

    Args:
        picture: uint8 (height, width, 3) RGB; (height, width) or 1 channel is grey, channels after the third are left
            out, two channels count as grey. Any size from 1x1. Floats are taken as 0..1, NaN as black.
        rows, columns: of the score, at least 1.
        hue_pan: 0..1, how far colour moves a cell from the middle: warm (red) to the left, cool (cyan) to the right,
            grey in the middle.

    Returns:
        float32 (columns, rows, 3): left and right in 0..1, the louder of which is the brightness; and warmth, from -1
        (cyan) through 0 (grey) to 1 (red). Row 0 is the top.

    Raises:
        ValueError: an empty picture, or less than one row or column.
    """
    rows, columns = int(rows), int(columns)
    if picture.ndim not in (2, 3) or picture.size == 0 or rows < 1 or columns < 1:
        raise ValueError(f"no score of {rows} rows and {columns} columns in a picture of shape {picture.shape}")
    if picture.dtype != np.uint8:
        scaled = np.nan_to_num(np.asarray(picture, np.float32), nan=0.0, posinf=1.0, neginf=0.0)
        picture = (np.clip(scaled, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    if picture.ndim == 3:
        picture = picture[:, :, :3] if picture.shape[2] >= 3 else picture[:, :, 0]
    picture = np.ascontiguousarray(picture)

    height, width = picture.shape[:2]
    shrink = min((_LINEAR_PIXELS / (height * width)) ** 0.5, 1.0)
    # Never below the score's own size, nor a picture of one line to none.
    height, width = min(height, max(rows, round(height * shrink))), min(width, max(columns, round(width * shrink)))
    # Where the score is larger than the picture the finished cells are stretched: encoding them all costs much more.
    linear = _resized(cv2.LUT(_resized(picture, height, width), _LINEAR), min(rows, height), min(columns, width))
    if linear.ndim == 2:
        linear = cv2.cvtColor(linear, cv2.COLOR_GRAY2RGB)
    cells: NDArray[np.float32] = np.empty((linear.shape[1], linear.shape[0], PLANES), np.float32)
    _write_cells(linear, min(max(float(hue_pan), 0.0), 1.0), _ENCODED, cells)
    return _resized(cells, columns, rows)


@kernel
def _write_cells(
    linear: NDArray[np.float32], hue_pan: float, table: NDArray[np.float32], cells: NDArray[np.float32]
) -> None:
    """Linear light (rows, columns, 3) to cells (columns, rows, 3): left, right, warmth."""
    share = np.float32(hue_pan)
    for y in range(linear.shape[0]):
        for x in range(linear.shape[1]):
            r, g, b = linear[y, x, 0], linear[y, x, 1], linear[y, x, 2]
            light = np.float32(_LUMINANCE[0]) * r + np.float32(_LUMINANCE[1]) * g + np.float32(_LUMINANCE[2]) * b
            brightness = _encoded(table, light)
            r, g, b = _encoded(table, r), _encoded(table, g), _encoded(table, b)
            warmth = (r - np.float32(0.5) * (g + b)) / max(r, g, b, np.float32(1e-3))
            cells[x, y, 0] = brightness * min(np.float32(1.0), np.float32(1.0) + share * warmth)
            cells[x, y, 1] = brightness * min(np.float32(1.0), np.float32(1.0) - share * warmth)
            cells[x, y, 2] = warmth


@kernel
def _encoded(table: NDArray[np.float32], light: np.float32) -> np.float32:
    """sRGB encoding of linear light, clipped to 0..1, error below 3e-5."""
    at = min(max(light, np.float32(0.0)), np.float32(1.0)) * np.float32(len(table) - 1)
    i = min(int(at), len(table) - 2)
    return table[i] + (table[i + 1] - table[i]) * (at - np.float32(i))


@kernel
def take_score(score: NDArray[np.float32], copy: NDArray[np.float32]) -> None:
    """Copy a score (columns, rows, 2 or 3) to (3, columns, rows), NaN to 0, brightness to 0..1, warmth to -1..1.

    A kernel, so that Python's lock stays free for the callback; planes, so that the callback's loops are quick.
    """
    columns, rows, planes = score.shape
    for plane in range(3):
        low = np.float32(-1.0 if plane == 2 else 0.0)
        for column in range(columns):
            for row in range(rows):
                x = score[column, row, plane] if plane < planes else np.float32(0.0)
                copy[plane, column, row] = np.float32(0.0) if np.isnan(x) else min(max(x, low), np.float32(1.0))


def _resized(picture: NDArray, height: int, width: int) -> NDArray:
    """Area average where the picture shrinks, linear interpolation where it grows, each axis on its own."""
    if (height, width) == picture.shape[:2]:
        return picture
    shrunk = min(height, picture.shape[0]), min(width, picture.shape[1])
    if shrunk != picture.shape[:2]:
        picture = cv2.resize(picture, shrunk[::-1], interpolation=cv2.INTER_AREA)
    if shrunk != (height, width):
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    return picture


_codes = np.arange(256) / 255.0
_LINEAR = np.where(_codes <= 0.04045, _codes / 12.92, ((_codes + 0.055) / 1.055) ** 2.4).astype(np.float32)
_steps = np.linspace(0.0, 1.0, 8193)
_ENCODED = np.where(_steps <= 0.0031308, 12.92 * _steps, 1.055 * _steps ** (1.0 / 2.4) - 0.055).astype(np.float32)
