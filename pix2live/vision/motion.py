"""What changes between pictures: motion, its direction, and cuts; the same at any frame rate."""

import math

import cv2
import numpy as np

FLOW_SIZE = (160, 120)
_MEMORY_S = 0.1       # motion is the difference from a picture that follows with this time constant
_NOISE = 0.02         # lightness change that a quiet camera makes by itself
_FULL_MOTION = 0.25   # RMS lightness change called 1
_FLOW_SMOOTH_S = 0.15
_STILL_S = 0.1        # a picture that stays the same for longer than this stands still; shorter, it is a repeated frame
_CUT_SCORE = 0.25     # between sample photographs cuts score 0.24 to 0.9, pans of 1 to 3 widths a second 0.08 to 0.26
_CUT_RATIO = 3.0      # times the usual change of late: strobes and shaking hands are no cuts
_CUT_REST_S = 0.25
_USUAL_S = 0.3


class Motion:
    """Motion 0..1, flow in picture widths and heights a second (−1..1; right and up are positive), and a count of cuts.

    Latency: motion answers at once and dies away with 0.1 s. Flow: dense inverse search (Kroeger et al. 2016), weighted
    by its own size, smoothed over 0.15 s.
    """

    def __init__(self, grid_size: int, colour_bins: int) -> None:
        self.motion = self.flow_x = self.flow_y = 0.0
        self.cut_count = 0
        self.cut = False
        self._slow = np.zeros((grid_size, grid_size), np.float32)
        self._shown = np.zeros((grid_size, grid_size), np.float32)
        self._colours = np.zeros(colour_bins)
        self._picture = np.zeros((FLOW_SIZE[1], FLOW_SIZE[0]), np.uint8)
        self._newer = np.zeros_like(self._picture)
        self._flow = np.zeros((*self._picture.shape, 2), np.float32)
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self.reset()

    def reset(self) -> None:
        """Forget all pictures and cuts."""
        self._first = True
        self.motion = self.flow_x = self.flow_y = 0.0
        self.cut_count, self.cut = 0, False
        self._taken_s, self._still = 0.0, False
        self._cut_s = -math.inf
        self._usual = 0.0

    def process(self, grid: np.ndarray, light: np.ndarray, colours: np.ndarray, time_s: float) -> None:
        """The picture at ``time_s``: ``grid`` (n, n) and ``light`` (h, w) float32 L, ``colours`` its shares."""
        cv2.resize(np.multiply(light, 255.0).astype(np.uint8), FLOW_SIZE, self._newer, interpolation=cv2.INTER_AREA)
        self.cut = False
        if self._first:
            self._first = False
            self._taken_s, self._still = time_s, False
            self._slow[:] = grid
            self._remember(grid, colours)
            return
        if np.array_equal(grid, self._shown) and np.array_equal(self._newer, self._picture):
            self.rest(time_s)
            return
        since_s = max(time_s - self._taken_s, 0.0)
        self._still, self._taken_s = False, time_s
        self._follow(grid, since_s)
        self._look_for_cut(grid, colours, time_s, since_s)
        if not self.cut and since_s > 0.0:
            self._towards(*self._direction(since_s), since_s)
        self._remember(grid, colours)

    def rest(self, time_s: float) -> None:
        """The picture is still the same at ``time_s``: motion and flow die away once it has stood for 0.1 s."""
        self.cut = False
        since_s = max(time_s - self._taken_s, 0.0)
        if self._first or (not self._still and since_s < _STILL_S):
            return
        self._still, self._taken_s = True, time_s
        self._follow(self._shown, since_s)
        self._towards(0.0, 0.0, since_s)
        self._usual *= math.exp(-since_s / _USUAL_S)

    def _follow(self, grid: np.ndarray, since_s: float) -> None:
        # The picture is taken to have changed evenly since the last one, which makes the frame rate cancel out.
        x = since_s / _MEMORY_S
        kept = math.exp(-x)
        mean = (1.0 - kept) / x if x > 1e-6 else 1.0
        self._slow *= np.float32(kept)
        self._slow += np.float32(mean - kept) * self._shown + np.float32(1.0 - mean) * grid
        apart = np.maximum(np.abs(grid - self._slow) - np.float32(_NOISE), 0.0)
        self.motion = min(math.sqrt(float(np.dot(apart.ravel(), apart.ravel())) / apart.size) / _FULL_MOTION, 1.0)

    def _remember(self, grid: np.ndarray, colours: np.ndarray) -> None:
        self._shown[:] = grid
        self._colours[:] = colours
        self._picture, self._newer = self._newer, self._picture

    def _look_for_cut(self, grid: np.ndarray, colours: np.ndarray, time_s: float, since_s: float) -> None:
        # Both must jump: the colours alone jump where a slow fade crosses a bin's edge, the places alone in a fast pan.
        colour_jump = 0.5 * float(np.abs(colours - self._colours).sum())
        place_jump = min(float(np.abs(grid - self._shown).mean()) / 0.25, 1.0)
        score = math.sqrt(colour_jump * place_jump)
        if score > max(_CUT_SCORE, _CUT_RATIO * self._usual) and time_s - self._cut_s >= _CUT_REST_S:
            self.cut = True
            self.cut_count += 1
            self._cut_s = time_s
        else:
            self._usual += (score - self._usual) * (1.0 - math.exp(-since_s / _USUAL_S))

    def _direction(self, since_s: float) -> tuple[float, float]:
        height, width = self._picture.shape
        self._flow[:] = 0.0
        flow = self._dis.calc(self._picture, self._newer, self._flow)
        size = np.sqrt(flow[..., 0] ** 2 + flow[..., 1] ** 2)
        size[size < 0.2] = 0.0
        total = float(size.sum()) + 0.002 * size.size
        x = float((size * flow[..., 0]).sum()) / total / width / since_s
        y = float((size * flow[..., 1]).sum()) / total / height / since_s
        return min(max(x, -1.0), 1.0), min(max(-y, -1.0), 1.0)

    def _towards(self, x: float, y: float, passed_s: float) -> None:
        step = 1.0 - math.exp(-passed_s / _FLOW_SMOOTH_S)
        self.flow_x += (x - self.flow_x) * step
        self.flow_y += (y - self.flow_y) * step
