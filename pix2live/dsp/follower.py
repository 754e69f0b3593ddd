"""Attack and release smoothing, independent of the rate at which it is stepped."""

import numpy as np

from pix2live.dsp.jit import kernel

TINY = 1e-30


def coefficient(time_s: float, step_s: float) -> float:
    """Share of the way to its target that a one-pole follower goes in one step, 0..1.

    Args:
        time_s: time constant (63% of the way); 0 goes all the way at once. step_s: time between steps.
    """
    return 1.0 - float(np.exp(-step_s / time_s)) if time_s > 0.0 else 1.0


@kernel
def follow(value: float, target: float, attack: float, release: float) -> float:
    """One step of a follower; ``attack`` and ``release`` are coefficients. Flushes what would become denormal."""
    value += (target - value) * (attack if target > value else release)
    return value if abs(value) > TINY else 0.0
