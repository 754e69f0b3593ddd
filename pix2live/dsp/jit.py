"""How every kernel is compiled: cached on disk, without Python's lock, keeping NaN and Inf meaningful."""

import contextlib
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs

# Not "nnan"/"ninf": kernels guard against NaN and Inf, and those flags would let the compiler drop the guards. Not
# "reassoc": a loop then has two versions with different rounding, and which one runs hangs on where the arrays happen
# to lie, so that two processes could differ in the last bit.
_FAST = {"arcp", "contract", "nsz"}
_KEPT_CACHES = 4


def _cache_folder() -> Path:
    """One cache for one state of all kernels.

    Numba's own cache looks only at the file of the outermost kernel, and would go on using an old one after a kernel
    that it calls was changed in another file.
    """
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if b"@kernel" in source or path.name in ("table.py", "jit.py"):
            digest.update(path.name.encode() + source)
    root = Path(platformdirs.user_cache_dir("pix2live", appauthor=False)) / "kernels"
    folder = root / digest.hexdigest()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        for old in sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT_CACHES:]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function`` for real-time use (lazily, at its first call; call it once before start)."""
    return numba.njit(function, cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
