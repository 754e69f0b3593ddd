"""A picture becomes a score: rows are partials, columns are moments, colour is the place between left and right."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2live.signals.spec import ParamSpec

SCORE_SPECS = (
    ParamSpec("synth.scan.row_count", "how many rows", "", 1.0, 2048.0, 64.0, kind="int"),
    ParamSpec("synth.scan.hue_pan", "colour to left and right", "", 0.0, 1.0, 0.8),
)
_LINEAR_PIXELS = 1 << 19  # a larger picture is shrunk to this in 8 bit first: linear light costs time and memory
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709


def score_from_picture(
    picture: NDArray[np.uint8], rows: int = 64, columns: int = 256, *, hue_pan: float = 0.8
) -> NDArray[np.float32]:
    """The score of a picture, for ``Instrument.set_score``. Not real-time: a few ms for a camera frame.

    Every cell is the area average of its pixels' luminance (Rec. 709, in linear light up to half a megapixel; a larger
    picture is shrunk to that as it is encoded), encoded again with the sRGB curve: a grey picture of the score's own
    size comes back as it is. The instrument's contrast turns 0..1 into decibels.

    Args:
        picture: uint8 (height, width, 3) RGB; (height, width) or 1 channel is grey, channels after the third are left
            out, two channels count as grey. Any size from 1x1.
        rows, columns: of the score, at least 1.
        hue_pan: 0..1, how far colour moves a cell from the middle: warm (red) to the left, cool (cyan) to the right,
            grey in the middle.

    Returns:
        float32 (columns, rows, 2) in 0..1: left, right, the louder of which is the brightness; row 0 is the top.

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
    grey = picture.ndim == 2

    height, width = picture.shape[:2]
    shrink = min((_LINEAR_PIXELS / (height * width)) ** 0.5, 1.0)
    # Never below the score's own size, nor a picture of one line to none.
    height, width = min(height, max(rows, round(height * shrink))), min(width, max(columns, round(width * shrink)))
    small = _resized(np.ascontiguousarray(picture), height, width)
    # Where the score is larger than the picture the finished cells are stretched: encoding them all costs much more.
    linear = _resized(cv2.LUT(small, _LINEAR), min(rows, height), min(columns, width))
    if grey:
        brightness = _resized(_encoded(linear), rows, columns)
        return np.ascontiguousarray(np.repeat(brightness.T[:, :, None], 2, axis=2))
    brightness = _encoded(linear @ _LUMINANCE)
    colour = _encoded(linear)
    warmth = colour[:, :, 0] - 0.5 * (colour[:, :, 1] + colour[:, :, 2])
    pan = np.clip(hue_pan, 0.0, 1.0) * warmth / np.maximum(colour.max(axis=2), 1e-3)
    left = _resized(brightness * np.minimum(1.0, 1.0 + pan), rows, columns)
    right = _resized(brightness * np.minimum(1.0, 1.0 - pan), rows, columns)
    return np.ascontiguousarray(np.stack([left.T, right.T], axis=2), dtype=np.float32)


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


def _encoded(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """sRGB encoding of linear light, 0..1."""
    x = np.clip(linear, 0.0, 1.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1.0 / 2.4) - 0.055).astype(np.float32)


_codes = np.arange(256) / 255.0
_LINEAR = np.where(_codes <= 0.04045, _codes / 12.92, ((_codes + 0.055) / 1.055) ** 2.4).astype(np.float32)
