"""Roots and angles that are cheap enough to take at every pixel."""

import numpy as np

from pix2live.dsp.jit import kernel

_TWO = np.float32(2.0)
_TINY = np.float32(1e-30)
_HALF_PI = np.float32(np.pi / 2.0)
_PI = np.float32(np.pi)


@kernel
def cube_root(x):
    """Cube root of a float32 in 0..1, to 1e-6; 0 (to 1e-12) at 0.

    A third of the exponent as a first guess, then two of Halley's steps.
    """
    y = np.int32(np.float32(x).view(np.int32) // 3 + 709921077).view(np.float32)
    cube = y * y * y
    y = y * (cube + _TWO * x) / (_TWO * cube + x + _TINY)
    cube = y * y * y
    return y * (cube + _TWO * x) / (_TWO * cube + x + _TINY)


@kernel
def angle(y, x):
    """The angle of (x, y) in −pi..pi to 2e-5, float32; 0 where both are 0 (Abramowitz & Stegun 4.4.49's kind)."""
    along, across = abs(x), abs(y)
    high, low = max(along, across), min(along, across)
    if high <= np.float32(0.0):
        return np.float32(0.0)
    t = low / high
    s = t * t
    turn = t * (np.float32(0.9998660) + s * (np.float32(-0.3302995) + s * (np.float32(0.1801410)
                + s * (np.float32(-0.0851330) + s * np.float32(0.0208351)))))
    if across > along:
        turn = _HALF_PI - turn
    if x < np.float32(0.0):
        turn = _PI - turn
    return -turn if y < np.float32(0.0) else turn
