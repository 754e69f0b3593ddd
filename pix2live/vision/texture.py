"""Edges, angularity and texture of a picture, from its lightness."""

import cv2
import numpy as np

from pix2live.dsp.jit import kernel

_ANGLES = 24
_EDGE = 0.08          # lightness step a pixel that counts half as an edge
_FINE = 5             # detail that a box of 5 pixels wipes out is texture
_FLAT_VARIANCE = 4e-4  # a spread below 0.02 is noise: texture fades out there


@kernel
def _edge_sums(gx, gy, angles):
    """Share of the picture that is an edge; ``angles`` gets the edge strength in each direction of the half circle."""
    angles[:] = 0.0
    edges = 0.0
    size = len(angles)
    for y in range(gx.shape[0]):
        for x in range(gx.shape[1]):
            power = gx[y, x] * gx[y, x] + gy[y, x] * gy[y, x]
            edge = power / (power + _EDGE * _EDGE)
            edges += edge
            if edge > 0.1:
                position = np.arctan2(gy[y, x], gx[y, x]) * (size / np.pi)
                low = int(np.floor(position))
                part = position - low
                angles[low % size] += edge * (1.0 - part)
                angles[(low + 1) % size] += edge * part
    return edges / (gx.shape[0] * gx.shape[1])


class Texture:
    """Edges, angularity and texture, each 0..1.

    edges: share of the picture that is an edge (soft threshold at a lightness step of 0.08 a pixel, Scharr gradient).
    angularity: 0 where edges run in all directions alike (circles, noise), towards 1 where they keep to a few straight
    ones (root of 1 − entropy of the edge directions); 0 without edges.
    texture: fineness, the share of the lightness spread that a box of 5 pixels wipes out: 0 smooth, near 1 fine grain.
    """

    def __init__(self) -> None:
        self._angles = np.zeros(_ANGLES)
        self._shape = (0, 0)

    def process(self, light: np.ndarray, variance: float) -> tuple[float, float, float]:
        """``light`` (h, w) float32 OKLab L and its variance to (edges, angularity, texture)."""
        if light.shape != self._shape:
            self._gx, self._gy, self._smooth = (np.zeros(light.shape, np.float32) for _ in range(3))
            self._shape = light.shape
        # 1/32 makes Scharr's kernel a lightness step a pixel.
        cv2.Scharr(light, cv2.CV_32F, 1, 0, self._gx, scale=1.0 / 32.0, borderType=cv2.BORDER_REPLICATE)
        cv2.Scharr(light, cv2.CV_32F, 0, 1, self._gy, scale=1.0 / 32.0, borderType=cv2.BORDER_REPLICATE)
        edges = float(_edge_sums(self._gx, self._gy, self._angles))
        strength = self._angles.sum()
        angularity = 0.0
        if strength > 0.0:
            share = self._angles[self._angles > 0.0] / strength
            # A handful of edge pixels always points somewhere: only a real outline may speak.
            order = 1.0 + float((share * np.log(share)).sum()) / np.log(_ANGLES)
            angularity = float(np.sqrt(max(order, 0.0))) * min(edges / 0.005, 1.0)
        cv2.blur(light, (_FINE, _FINE), self._smooth, borderType=cv2.BORDER_REPLICATE)
        np.subtract(light, self._smooth, out=self._smooth)
        fine = float(np.dot(self._smooth.ravel(), self._smooth.ravel())) / light.size
        texture = min(float(np.sqrt(fine / (variance + _FLAT_VARIANCE))), 1.0)
        return edges, min(angularity, 1.0), texture
