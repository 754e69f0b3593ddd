"""Edges, their directions, angularity, and texture of a picture, from its lightness."""

import cv2
import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.vision.angle import angle

ANGLES = 12
_EDGE = 0.08          # lightness step a pixel that counts half as an edge
_FINE = 5             # detail that a box of 5 pixels wipes out is fine texture
_COARSE = 25          # what is left of it in a box of 25 pixels is shape
_FLAT_VARIANCE = 4e-4  # a spread below 0.02 is noise: texture fades out there
_BLUR = 2.0           # pixels: outlines are followed after this Gaussian, so that steps of pixels are no corners
_OUTLINE = 0.03       # as _EDGE, after the blur
_FAINTEST = 0.02
_STRAIGHT = 0.012     # curvature in 1/pixels that counts half as straight: a circle as wide as the picture
_CORNER = 0.15        # and above which it is a corner, which is neither straight nor round
_LAGS = (1, 2, 4, 8)


@kernel
def _edge_sums(gx, gy, angles):
    """Share of the picture that is an edge; ``angles`` gets the edge strength in each direction of the half circle.

    Directions are those of the edges themselves, anticlockwise from level: bin 0 level, the middle one upright.
    """
    angles[:] = 0.0
    edges = 0.0
    size = len(angles)
    per_turn = np.float32(size / np.pi)
    for y in range(gx.shape[0]):
        for x in range(gx.shape[1]):
            power = gx[y, x] * gx[y, x] + gy[y, x] * gy[y, x]
            edge = power / (power + _EDGE * _EDGE)
            edges += edge
            if edge > 0.1:
                # An edge lies across its gradient; rows run down.
                position = angle(gx[y, x], gy[y, x]) * per_turn
                low = int(np.floor(position))
                part = position - low
                angles[low % size] += edge * (1.0 - part)
                angles[(low + 1) % size] += edge * part
    return edges / (gx.shape[0] * gx.shape[1])


@kernel
def _straight_share(light):
    """Share of the outlines that runs straight among what runs straight or round; 0 without outlines.

    ``light`` (h, w) float32, blurred. The curvature of its level lines, weighted by how much of an edge they are.
    """
    straight, bent = 0.0, 0.0
    for y in range(2, light.shape[0] - 2):
        for x in range(2, light.shape[1] - 2):
            gx = 0.5 * (light[y, x + 1] - light[y, x - 1])
            gy = 0.5 * (light[y + 1, x] - light[y - 1, x])
            power = gx * gx + gy * gy
            if power < _FAINTEST * _FAINTEST:
                continue
            gxx = 0.25 * (light[y, x + 2] - 2.0 * light[y, x] + light[y, x - 2])
            gyy = 0.25 * (light[y + 2, x] - 2.0 * light[y, x] + light[y - 2, x])
            gxy = 0.25 * (light[y + 1, x + 1] - light[y + 1, x - 1] - light[y - 1, x + 1] + light[y - 1, x - 1])
            curve = (gx * gx * gyy - 2.0 * gx * gy * gxy + gy * gy * gxx) / (power * np.sqrt(power))
            weight = power / (power + _OUTLINE * _OUTLINE)
            rank = (curve / _STRAIGHT) ** 2
            level = 1.0 / (1.0 + rank * rank)
            rank = (curve / _CORNER) ** 2
            straight += weight * level
            bent += weight * (1.0 - level) / (1.0 + rank * rank)
    return straight / (straight + bent) if straight > 0.0 else 0.0


@kernel
def _steps(light, lags, power):
    """``power[i]``: mean squared difference of pixels ``lags[i]`` apart in rows and columns; 0 if there are none."""
    height, width = light.shape
    for i in range(len(lags)):
        lag = lags[i]
        total = np.float64(0.0)
        count = height * max(width - lag, 0) + width * max(height - lag, 0)
        for y in range(height):
            row = np.float32(0.0)
            for x in range(width - lag):
                gap = light[y, x + lag] - light[y, x]
                row += gap * gap
            if y + lag < height:
                for x in range(width):
                    gap = light[y + lag, x] - light[y, x]
                    row += gap * gap
            total += row
        power[i] = total / count if count > 0 else 0.0


class Texture:
    """What a picture's surface is like; every figure 0..1.

    edges: share of the picture that is an edge (soft threshold at a lightness step of 0.08 a pixel, Scharr gradient).
    directions: (12,) shares of the edges that lie level, at 15 degrees anticlockwise and so on; 0 without edges.
    angularity: how much of the outlines runs straight between corners instead of round: 0 discs, 0.9 a square however
    it lies, 0.1 to 0.3 photographs and noise. Also near 1 where all edges keep to a few directions, as in a fine
    checkerboard; 0 without edges.
    fine: share of the lightness spread (as an amplitude) that a box of 5 pixels wipes out: 0 smooth, near 1 grain.
    coarse: the share that is left by that box and wiped out by one of 25.
    roughness: fractal dimension of the surface less 2 (Pentland 1984), from differences 1 to 8 pixels apart: 0 a smooth
    gradient, about 0.5 hard outlines, 1 noise, whatever the contrast.
    """

    def __init__(self) -> None:
        self._angles = np.zeros(ANGLES)
        self.directions = np.zeros(ANGLES, np.float32)
        self.edges = self.angularity = 0.0
        self.fine = self.coarse = self.roughness = 0.0
        self._lags = np.array(_LAGS)
        self._power = np.zeros(len(_LAGS))
        log_lag = np.log(np.array(_LAGS, float))
        self._slope = (log_lag - log_lag.mean()) / ((log_lag - log_lag.mean()) ** 2).sum()
        self._shape = (0, 0)

    def process(self, light: np.ndarray, variance: float) -> None:
        """``light`` (h, w) float32 OKLab L and its variance."""
        if light.shape != self._shape:
            self._gx, self._gy, self._smooth, self._wide = (np.zeros(light.shape, np.float32) for _ in range(4))
            self._shape = light.shape
        self._outlines(light)
        cv2.blur(light, (_FINE, _FINE), self._smooth, borderType=cv2.BORDER_REPLICATE)
        cv2.blur(light, (_COARSE, _COARSE), self._wide, borderType=cv2.BORDER_REPLICATE)
        self._wide -= self._smooth
        np.subtract(light, self._smooth, out=self._smooth)
        self.fine, self.coarse = (min(float(np.sqrt(np.dot(part.ravel(), part.ravel())
                                                    / light.size / (variance + _FLAT_VARIANCE))), 1.0)
                                  for part in (self._smooth, self._wide))
        _steps(light, self._lags, self._power)
        # The power of a fractal's differences grows as the lag to twice (3 less its dimension).
        rise = 0.5 * float(self._slope @ np.log(self._power + 1e-12))
        shown = self._power.max() / (self._power.max() + _FLAT_VARIANCE)
        self.roughness = float(min(max(1.0 - rise, 0.0), 1.0) * shown)

    def _outlines(self, light: np.ndarray) -> None:
        # 1/32 makes Scharr's kernel a lightness step a pixel.
        cv2.Scharr(light, cv2.CV_32F, 1, 0, self._gx, scale=1.0 / 32.0, borderType=cv2.BORDER_REPLICATE)
        cv2.Scharr(light, cv2.CV_32F, 0, 1, self._gy, scale=1.0 / 32.0, borderType=cv2.BORDER_REPLICATE)
        self.edges = float(_edge_sums(self._gx, self._gy, self._angles))
        strength = self._angles.sum()
        self.directions[:] = self._angles / max(strength, 1e-12)
        share = self._angles[self._angles > 0.0] / max(strength, 1e-12)
        order = 1.0 + float((share * np.log(share)).sum()) / np.log(ANGLES) if strength > 0.0 else 0.0
        cv2.GaussianBlur(light, (0, 0), _BLUR, self._smooth, borderType=cv2.BORDER_REPLICATE)
        # A handful of edge pixels always points somewhere: only a real outline may speak.
        self.angularity = max(float(_straight_share(self._smooth)), order) * min(self.edges / 0.005, 1.0)
