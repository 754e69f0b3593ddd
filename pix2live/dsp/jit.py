"""How every kernel is compiled: cached on disk, without Python's lock, keeping NaN and Inf meaningful."""

from collections.abc import Callable
from typing import Any

import numba

# Not "nnan"/"ninf": kernels guard against NaN and Inf, and those flags would let the compiler drop the guards.
_FAST = {"reassoc", "arcp", "contract", "nsz"}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function`` for real-time use (lazily, at its first call; call it once before start)."""
    return numba.njit(function, cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
