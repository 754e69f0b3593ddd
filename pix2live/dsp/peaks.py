"""Causal peak picking: decides at once, with no look-ahead."""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.jit import kernel


class Picker(NamedTuple):
    """What a bank of peak pickers remembers, one row for each function watched (all zero at the start)."""

    past: np.ndarray  # float64 (rows, steps looked back)
    wait: np.ndarray  # int64 (rows,): steps before the next peak may come


def picker(rows: int, steps: int) -> Picker:
    """A bank of ``rows`` pickers that compare with the last ``steps`` values."""
    return Picker(np.zeros((rows, steps)), np.zeros(rows, dtype=np.int64))


@kernel
def pick(state: Picker, row: int, value: float, delta: float, ratio: float, near: int, rest: int) -> bool:
    """True where ``value`` begins a peak: the first value of a rise that stands out of the recent past.

    It must be above the mean of all remembered values times ``ratio`` plus ``delta``, above each of the last
    ``near`` values, and at least ``rest`` steps after the last peak. Latency: none. After Böck, Krebs & Schedl
    2012, with nothing of the future.
    """
    past = state.past[row]
    steps = past.shape[0]
    total, highest = 0.0, 0.0
    for i in range(steps):
        total += past[i]
    for i in range(near):
        highest = max(highest, past[i])
    for i in range(steps - 1, 0, -1):
        past[i] = past[i - 1]
    past[0] = value
    if state.wait[row] > 0:
        state.wait[row] -= 1
        return False
    if value <= highest or value <= delta + ratio * total / steps:
        return False
    state.wait[row] = rest - 1
    return True
