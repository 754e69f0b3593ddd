"""What each engine says of itself: numbers that only it writes and anyone may read."""

import numpy as np

STATUS_FIELDS = (
    "pid", "heartbeat_s", "ready_s", "load", "xruns", "dropped", "frames", "callbacks", "latency_s", "errors",
    "stop", "restarts", "cpu_p50", "cpu_p99", "compute_p50", "compute_p99", "interval_p50", "interval_p99", "first_s",
)
_INDEX = {name: i for i, name in enumerate(STATUS_FIELDS)}


class Status:
    """One engine's row. Every field is one aligned float64, so that a read is never torn."""

    def __init__(self, memory: np.ndarray) -> None:
        self._values = memory

    def __getitem__(self, field: str) -> float:
        return float(self._values[_INDEX[field]])

    def __setitem__(self, field: str, value: float) -> None:
        self._values[_INDEX[field]] = value

    def clear(self) -> None:
        """All zero: the engine is not there."""
        self._values[:] = 0.0
