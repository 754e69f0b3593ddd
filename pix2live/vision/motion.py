"""What moves between pictures, how much and where to; the same at any frame rate."""

import math

import cv2
import numpy as np

FLOW_SIZE = (160, 120)
FLOW_GRID = (16, 12)  # columns, rows
_MEMORY_S = 0.1       # motion is the difference from a picture that follows with this time constant
_NOISE = 0.02         # lightness change that a quiet camera makes by itself
_FULL_MOTION = 0.25   # RMS lightness change called 1 in lively film
_QUIET_MOTION = 0.05  # and after a long time of stillness
_RANGE_S = 20.0       # time constant with which the one goes towards the other
_FLOW_SMOOTH_S = 0.15
_SHORTEST_S = 1e-3   # pictures closer than this tell nothing of speed
_STILL_S = 0.1        # a picture that stays the same for longer than this stands still; shorter, it is a repeated frame


class Motion:
    """Motion 0..1, and flow in picture widths and heights a second (−1..1; right and up are positive).

    motion: the change of lightness over the last 0.1 s over the running range: 1 is the largest of late, which falls
    with a time constant of 20 s, but no lower than to a fifth of the full range; so a quiet room gains sensitivity.
    flow_x, flow_y: dense inverse search (Kroeger et al. 2016), weighted by its own size, smoothed over 0.15 s.
    flow: the same by place, (12, 16, 2) float32, row 0 on top, the plain mean of each cell.
    """

    def __init__(self, grid_size: int) -> None:
        self._slow = np.zeros((grid_size, grid_size), np.float32)
        self._shown = np.zeros((grid_size, grid_size), np.float32)
        self._picture = np.zeros((FLOW_SIZE[1], FLOW_SIZE[0]), np.uint8)
        self._newer = np.zeros_like(self._picture)
        self._flow = np.zeros((*self._picture.shape, 2), np.float32)
        self._cells = np.zeros((FLOW_GRID[1], FLOW_GRID[0], 2), np.float32)
        self.flow = np.zeros_like(self._cells)
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self.reset()

    def reset(self) -> None:
        """Forget all pictures."""
        self._first = True
        self.motion = self.flow_x = self.flow_y = 0.0
        self.flow[:] = 0.0
        self.still = False
        self._taken_s = 0.0
        self._range = _FULL_MOTION

    def looks_new(self, grid: np.ndarray, light: np.ndarray) -> bool:
        """Whether ``grid`` (n, n) and ``light`` (h, w) float32 L show something else than the last picture did."""
        cv2.resize(np.multiply(light, 255.0).astype(np.uint8), FLOW_SIZE, self._newer, interpolation=cv2.INTER_AREA)
        return self._first or not (np.array_equal(grid, self._shown) and np.array_equal(self._newer, self._picture))

    def process(self, grid: np.ndarray, time_s: float, jump: bool) -> None:
        """The picture last given to ``looks_new`` was taken at ``time_s``. ``jump``: it is another scene, no flow."""
        since_s = max(time_s - self._taken_s, 0.0)
        self.still, self._taken_s = False, time_s
        if self._first:
            self._first = False
            self._slow[:] = grid
        else:
            self._follow(grid, since_s)
            if not jump and since_s >= _SHORTEST_S:
                self._towards(*self._direction(since_s), since_s)
        self._shown[:] = grid
        self._picture, self._newer = self._newer, self._picture

    def rest(self, time_s: float) -> None:
        """The picture is still the same at ``time_s``: motion and flow die away once it has stood for 0.1 s."""
        since_s = max(time_s - self._taken_s, 0.0)
        if self._first or (not self.still and since_s < _STILL_S):
            return
        self.still, self._taken_s = True, time_s
        self._follow(self._shown, since_s)
        self._cells[:] = 0.0
        self._towards(0.0, 0.0, since_s)

    def _follow(self, grid: np.ndarray, since_s: float) -> None:
        # The picture is taken to have changed evenly since the last one, which makes the frame rate cancel out.
        x = since_s / _MEMORY_S
        kept = math.exp(-x)
        mean = (1.0 - kept) / x if x > 1e-6 else 1.0
        self._slow *= np.float32(kept)
        self._slow += np.float32(mean - kept) * self._shown + np.float32(1.0 - mean) * grid
        apart = np.maximum(np.abs(grid - self._slow) - np.float32(_NOISE), 0.0)
        change = math.sqrt(float(np.dot(apart.ravel(), apart.ravel())) / apart.size)
        self._range = _QUIET_MOTION + (self._range - _QUIET_MOTION) * math.exp(-since_s / _RANGE_S)
        self._range = min(max(self._range, change), _FULL_MOTION)
        self.motion = min(change / self._range, 1.0)

    def _direction(self, since_s: float) -> tuple[float, float]:
        height, width = self._picture.shape
        self._flow[:] = 0.0
        flow = self._dis.calc(self._picture, self._newer, self._flow)
        cv2.resize(flow, FLOW_GRID, self._cells, interpolation=cv2.INTER_AREA)
        self._cells *= np.array([1.0 / (width * since_s), -1.0 / (height * since_s)], np.float32)
        np.clip(self._cells, -1.0, 1.0, out=self._cells)
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
        self.flow += (self._cells - self.flow) * np.float32(step)
