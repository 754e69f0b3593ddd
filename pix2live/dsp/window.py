"""Analysis windows."""

import numpy as np


def hann(size: int) -> np.ndarray:
    """A periodic Hann window, float32 ``(size,)``, peak 1 (coherent gain 0.5, noise bandwidth 1.5 bins)."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)).astype(np.float32)
