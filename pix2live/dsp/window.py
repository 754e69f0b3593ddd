"""Analysis windows."""

import numpy as np


def hann(size: int) -> np.ndarray:
    """A periodic Hann window, float32 ``(size,)``, peak 1 (coherent gain 0.5, noise bandwidth 1.5 bins)."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)).astype(np.float32)


def blackman(size: int) -> np.ndarray:
    """A periodic Blackman window (alpha 0.16, as in Web Audio), float32 ``(size,)``, coherent gain 0.42."""
    turn = 2.0 * np.pi * np.arange(size) / size
    return (0.42 - 0.5 * np.cos(turn) + 0.08 * np.cos(2.0 * turn)).astype(np.float32)
