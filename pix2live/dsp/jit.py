"""How every kernel is compiled: cached on disk, without Python's lock, keeping NaN and Inf meaningful."""

import contextlib
import functools
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import platformdirs
from numba.core import types
from numba.extending import intrinsic

# Rounding must not hang on how a kernel was compiled: the copy that was inlined into another, the one compiled in this
# very process and the one from the cache would then differ in the last bit, and so would live and offline. Hence
# neither "contract" nor "reassoc" nor "arcp" (where a fused multiply-add pays, kernels ask for one by ``fma``), and
# no "nnan" or "ninf", which would let the compiler drop the guards against NaN and Inf.
_FAST = {"nsz"}
_KEPT_CACHES = 4
_PACKAGE = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(rb"^\s*from (pix2live[\w.]*) import ([^(\n]+|\([^)]+\))", re.MULTILINE)


def _sources(path: Path, seen: dict[Path, bytes]) -> dict[Path, bytes]:
    """The file and every file of this package that it imports, at any depth: path to source."""
    if path not in seen and path.is_file():
        seen[path] = path.read_bytes()
        for module, names in _IMPORT.findall(seen[path]):
            parts = module.decode().split(".")
            for tail in [[], *([name] for name in re.findall(r"\w+", names.decode()))]:
                _sources(_PACKAGE.parent.joinpath(*parts, *tail).with_suffix(".py"), seen)
    return seen


@functools.cache
def _cache_folder(path: Path) -> str:
    """The cache of one file's kernels, as they are with all that they call.

    Numba's own cache looks only at the file of the outermost kernel, and would go on using an old one after a kernel
    that it calls was changed in another file.
    """
    sources = _sources(path, {Path(__file__).resolve(): Path(__file__).read_bytes()})
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(sources):
        digest.update(source.name.encode() + sources[source])
    kernels = Path(platformdirs.user_cache_dir("pix2live", appauthor=False)) / "kernels"
    root = kernels / f"{path.parent.name}.{path.stem}"
    folder = root / digest.hexdigest()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        for old in sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT_CACHES:]:
            shutil.rmtree(old, ignore_errors=True)
    return str(folder)


def compiled_mark(path: Path) -> Path | None:
    """A file to make when all kernels that ``path`` imports are compiled; gone when any of them must be compiled anew.

    None where nothing can be cached. Like Numba's own cache it looks at the processor, the version and each source's
    date.
    """
    digest = hashlib.blake2b(f"{numba.__version__} {llvmlite.binding.get_host_cpu_name()}".encode(), digest_size=8)
    for source in sorted(_sources(path.resolve(), {})):
        digest.update(f"{source.name} {source.stat().st_mtime_ns}".encode())
    folder = Path(_cache_folder(path.resolve()))
    return folder / f"compiled.{digest.hexdigest()}" if os.access(folder, os.W_OK) else None


def kernel(function: Callable[..., Any], forceinline: bool = False) -> Callable[..., Any]:
    """Compile ``function`` for real-time use (lazily, at its first call; call it once before start)."""
    numba.config.CACHE_DIR = _cache_folder(Path(function.__code__.co_filename).resolve())  # type: ignore[attr-defined]
    return numba.njit(function, cache=True, nogil=True, error_model="numpy", fastmath=_FAST, forceinline=forceinline)


inlined: Callable[[Callable[..., Any]], Callable[..., Any]] = functools.partial(kernel, forceinline=True)
"""A kernel that becomes part of every kernel which calls it: for those in the innermost loops that handle ``lanes``."""


def _fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    if not (isinstance(a, types.Float) and a == b == c):
        raise numba.errors.TypingError(f"fma wants three floats of one kind, not {a}, {b}, {c}")
    return a(a, b, c), lambda context, builder, signature, args: builder.fma(*args)


fma: Callable[[Any, Any, Any], Any] = intrinsic(_fma)  # type: ignore[assignment, unused-ignore]
"""``a * b + c`` of three floats of one kind, rounded once; in kernels only. One instruction on every processor since
2013."""
