"""The eye: a frame of video in, every ``vision`` signal out."""

import cv2
import numpy as np

from pix2live.signals import table
from pix2live.vision import colour, composition
from pix2live.vision.blobs import SIZE, Blobs
from pix2live.vision.cuts import Cuts
from pix2live.vision.motion import Motion
from pix2live.vision.palette import Palette
from pix2live.vision.ranges import Ranges
from pix2live.vision.texture import Texture

# One picture a few hundred times a second needs no second core, and the sound needs it.
cv2.setNumThreads(1)

WORK_SIDE = 160
_INDEX = {name.partition(".")[2]: table.local("perception", name) - table.local("perception", table.VISION[0])
          for name in table.VISION}
_LEVELLED = np.array([_INDEX[name] for name in table.LEVELLED])
_AUTO = np.array([_INDEX[f"{name}.auto"] for name in table.LEVELLED])


class VisualFeatures:
    """What the eye saw in one frame; preallocated, overwritten by ``Viewer.process``.

    scalars: float64 (len(table.VISION),) in that order. palette: float32 (5, 3) sRGB 0..1, darkest first.
    grid: float32 (64, 64) lightness 0..1, row 0 the top.

    palette_weights: float32 (5,), the palette's shares of the picture. directions: float32 (12,), as of ``Texture``.
    flow: float32 (12, 16, 2), as of ``Motion``. things: float32 (20, 6), the blobs followed, as of ``Blobs.write``.
    """

    def __init__(self) -> None:
        self.scalars = np.zeros(len(table.VISION))
        self.palette = np.zeros((table.PALETTE_SIZE, 3), np.float32)
        self.grid = np.zeros((table.GRID_SIZE, table.GRID_SIZE), np.float32)
        self.palette_weights = np.zeros(table.PALETTE_SIZE, np.float32)
        self.directions = np.zeros(table.DIRECTIONS_SIZE, np.float32)
        self.flow = np.zeros(table.FLOW_SHAPE, np.float32)
        self.things = np.zeros(table.THINGS_SHAPE, np.float32)

    def __getitem__(self, name: str) -> float:
        """The scalar ``name`` without its group: ``out["hue"]``."""
        return float(self.scalars[_INDEX[name]])


class Viewer:
    """All vision signals of a stream of frames.

    brightness: mean OKLab L, 0 black..1 white (sRGB mid grey 119 is 0.57). contrast: 2 x the standard deviation of L.
    saturation: mean OKLab chroma over 0.25. hue: of the most colour (chroma times lightness), the OKLab angle as a turn
    from sRGB red, 0..1; a grey picture keeps the last. warmth: 0 cool..0.5 neutral..1 warm, the mean colour on OKLab's
    blue-orange axis. colourfulness: Hasler & Süsstrunk. entropy: of the lightness in 64 steps, over 6 bits. edges,
    angularity, texture (its fine part), coarse, roughness: ``Texture``. symmetry, centre_x, centre_y (1 at the top):
    ``composition``. motion (relative to a running range; all others are absolute), flow_x, flow_y: ``Motion``. blobs
    (how many), size (root of the largest one's share): ``Blobs``. cut_count: ``Cuts``. X.auto: X by its running range,
    ``Ranges``.

    Pictures are first brought to at most 160 pixels on the longer side by area averaging, so resolution hardly matters.
    Deterministic; again the same after ``reset``. Latency: motion's memory, a new blob's 0.1 s, what may be a
    flash's 0.3 s. Not for the audio process.
    """

    def __init__(self) -> None:
        self._table = colour.srgb_to_linear_table()
        self._means = np.zeros(colour.MEANS)
        self._hues = np.zeros((colour.HUE_BINS, 2))
        self._light_shares = np.zeros(colour.LIGHT_BINS)
        self._colour_shares = np.zeros(colour.COLOUR_BINS)
        self._small = np.zeros((table.GRID_SIZE, table.GRID_SIZE, 3), np.float32)
        self._work = np.zeros((0, 0, 3), np.uint8)
        self._texture = Texture()
        self._palette = Palette(table.PALETTE_SIZE)
        self._motion = Motion(table.GRID_SIZE)
        self._cuts = Cuts(table.GRID_SIZE, colour.COLOUR_BINS)
        self._blobs = Blobs()
        self._ranges = Ranges(len(_LEVELLED))
        self._auto = np.zeros(len(_LEVELLED))
        self._hue = 0.0

    def warm(self) -> None:
        """Compile every kernel now (a second or more the first time on a machine), then forget the picture."""
        picture = np.zeros((120, 160, 3), np.uint8)
        picture[:, 80:] = 200
        self.process(picture, 0.0, VisualFeatures())
        self.process(picture[:, ::-1], 0.05, VisualFeatures())
        self.reset()

    def reset(self) -> None:
        """Forget every picture seen."""
        self._palette.reset()
        self._motion.reset()
        self._cuts.reset()
        self._blobs.reset()
        self._ranges.reset()
        self._hue = 0.0

    def process(self, frame: np.ndarray, time_s: float, out: VisualFeatures) -> None:
        """Look at ``frame`` shown at ``time_s`` and fill ``out``.

        Args:
            frame: uint8 (h, w, 3) RGB; (h, w), (h, w, 1) grey and (h, w, 4) RGBA (over black) are taken too.
            time_s: when it was taken; may stand still or jump back (as at the end of a loop).

        Raises:
            ValueError: ``frame`` is no such picture.
        """
        rgb = self._reduce(frame)
        if rgb.shape != self._work.shape:
            self._lab = np.zeros(rgb.shape, np.float32)
            self._light = np.zeros(rgb.shape[:2], np.float32)
        self._work = rgb
        colour.to_oklab(rgb, self._table, self._lab)
        self._light[:] = self._lab[..., 0]
        colour.measure(rgb, self._lab, np.cos(colour.WARM_AXIS), np.sin(colour.WARM_AXIS), self._means, self._hues,
                       self._light_shares, self._colour_shares)
        cv2.resize(self._lab, (table.GRID_SIZE, table.GRID_SIZE), self._small, interpolation=cv2.INTER_AREA)
        np.clip(self._small[..., 0], 0.0, 1.0, out=out.grid)

        means = self._means
        variance = max(means[colour.LIGHT_SQUARE] - means[colour.LIGHT] ** 2, 0.0)
        self._hue = colour.dominant_hue(self._hues, self._hue)
        self._texture.process(self._light, variance)
        shares = self._light_shares[self._light_shares > 0.0]
        symmetry, centre_x, centre_y = composition.balance(self._small)
        new = self._motion.looks_new(out.grid, self._light)
        time_s = time_s if np.isfinite(time_s) else 0.0
        if new:
            self._move(out.grid, time_s)
            self._write_moves(out)
        else:
            self.rest(time_s, out)
        if self._cuts.jump:
            self._palette.reset()
        self._palette.process(rgb, self._lab, out.palette, out.palette_weights)
        out.directions[:] = self._texture.directions
        _write(out, {
            "brightness": min(max(means[colour.LIGHT], 0.0), 1.0),
            "contrast": min(2.0 * np.sqrt(variance), 1.0),
            "saturation": min(means[colour.CHROMA] / colour.FULL_CHROMA, 1.0),
            "hue": self._hue,
            "warmth": min(max(0.5 + 0.5 * means[colour.WARMTH] / colour.FULL_WARMTH, 0.0), 1.0),
            "colourfulness": colour.colourfulness(means),
            "edges": self._texture.edges,
            "angularity": self._texture.angularity,
            "texture": self._texture.fine,
            "entropy": max(-float((shares * np.log2(shares)).sum()) / np.log2(colour.LIGHT_BINS), 0.0),
            "symmetry": symmetry,
            "centre_x": centre_x,
            "centre_y": centre_y,
            "coarse": self._texture.coarse,
            "roughness": self._texture.roughness,
        })
        if new:
            self._ranges.process(out.scalars[_LEVELLED], time_s, self._auto)
        out.scalars[_AUTO] = self._auto

    def rest(self, time_s: float, out: VisualFeatures) -> None:
        """No new frame has come by ``time_s``: let what moves in ``out`` die away. Some 0.05 ms."""
        time_s = time_s if np.isfinite(time_s) else 0.0
        self._motion.rest(time_s)
        self._cuts.rest(time_s, self._motion.still)
        if self._cuts.cut:
            self._blobs.restart()
        self._blobs.rest(time_s, self._motion.still)
        self._write_moves(out)

    def _move(self, grid: np.ndarray, time_s: float) -> None:
        self._cuts.process(grid, self._colour_shares, time_s)
        self._motion.process(grid, time_s, self._cuts.jump)
        if self._cuts.cut:
            self._blobs.restart()
        self._blobs.process(*composition.areas(self._small), time_s)

    def _write_moves(self, out: VisualFeatures) -> None:
        _write(out, {
            "motion": self._motion.motion,
            "flow_x": self._motion.flow_x,
            "flow_y": self._motion.flow_y,
            "blobs": self._blobs.count,
            "cut_count": self._cuts.count,
        })
        out.flow[:] = self._motion.flow
        self._blobs.write(out.things)
        _write(out, {"size": min(float(np.sqrt(out.things[:, SIZE].max())), 1.0)})

    def _reduce(self, frame: np.ndarray) -> np.ndarray:
        """The picture at working size: contiguous uint8 (h, w, 3), at most WORK_SIDE on the longer side."""
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim not in (2, 3):
            kind = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
            raise ValueError(f"a frame is uint8 (height, width, 3), not {kind}")
        if frame.ndim == 2:
            frame = frame[:, :, None]
        if frame.shape[2] not in (1, 3, 4):
            raise ValueError(f"a frame has 1, 3 or 4 channels, not {frame.shape[2]}")
        height, width = frame.shape[:2]
        if height == 0 or width == 0:
            return np.zeros((1, 1, 3), np.uint8)
        scale = min(WORK_SIDE / max(height, width), 1.0)
        if scale < 1.0:
            size = max(round(width * scale), 1), max(round(height * scale), 1)
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            if frame.ndim == 2:
                frame = frame[:, :, None]
        if frame.shape[2] == 4:
            alpha = frame[..., 3:].astype(np.uint16)
            return ((frame[..., :3] * alpha + 127) // 255).astype(np.uint8)
        if frame.shape[2] == 1:
            frame = np.repeat(frame, 3, axis=2)
        return np.ascontiguousarray(frame)


def _write(out: VisualFeatures, values: dict[str, float]) -> None:
    for name, value in values.items():
        out.scalars[_INDEX[name]] = value
