"""How every file is written: beside its place, then renamed, so that nothing is ever lost or half-written."""

import contextlib
import errno
import os
import re
import shutil
from pathlib import Path

from pix2live.errors import FileError

LEAST_FREE_BYTES = 32_000_000
_FULL_BYTES = 1_000_000


def write_error(path: Path, error: BaseException) -> FileError:
    """The one line for what went wrong while writing ``path``."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or (number is None and _is_full(path.parent)):
        return FileError("the disk is full", str(path), "free some space or write elsewhere")
    if number == errno.EFBIG:
        return FileError("the file system takes no larger file", str(path), "write elsewhere or shorter takes")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FileError("may not be written", str(path), "write to a folder of your own")
    return FileError(f"cannot be written ({getattr(error, 'strerror', None) or error})", str(path), "write elsewhere")


def _is_full(folder: Path) -> bool:
    # libsndfile keeps the number of a system error to itself.
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < _FULL_BYTES
    return False


def rescue_takes(folder: str | Path) -> list[Path]:
    """Give takes in ``folder`` whose process died a name that can be seen: ``NAME rescued.mp4``. Returns these."""
    rescued = []
    for part in sorted(Path(folder).glob(".*.part.*")):
        match = re.fullmatch(r"\.(.+)\.(\d+)\.part(\.\w+)", part.name)
        if match is None or _runs(int(match[2])) or part.stat().st_size == 0:
            continue
        target, number = part.with_name(f"{match[1]} rescued{match[3]}"), 1
        while target.exists():
            number += 1
            target = part.with_name(f"{match[1]} rescued {number}{match[3]}")
        with contextlib.suppress(OSError):
            part.rename(target)
            rescued.append(target)
    return rescued


def _runs(process: int) -> bool:
    if os.name == "nt":
        return process == os.getpid()  # there, signal 0 would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


class Beside:
    """A hidden file beside ``path`` that takes its place at ``commit`` and vanishes at ``discard``.

    Made at once, so a folder that is missing or read-only, or a full disk, is known before any work. Raises FileError.
    """

    def __init__(self, path: str | Path, suffixes: tuple[str, ...]) -> None:
        self.path = Path(path).expanduser()
        if self.path.suffix.lower() not in suffixes:
            raise FileError("cannot be told what to write by its name", str(path), f"end it in {' or '.join(suffixes)}")
        if self.path.is_dir():
            raise FileError("is a folder", str(path), "give a file name")
        folder = self.path.parent
        if not folder.is_dir():
            raise FileError(f"there is no folder {folder}", str(path), "make it first, or write elsewhere")
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise FileError("is write-protected", str(path), "give another name or lift the protection")
        self.part = folder / f".{self.path.stem}.{os.getpid()}.part{self.path.suffix}"
        try:
            with open(self.part, "wb"):
                pass
            free = shutil.disk_usage(folder).free
        except OSError as error:
            self.discard()
            raise write_error(self.path, error) from error
        if free < LEAST_FREE_BYTES:
            self.discard()
            raise FileError(f"only {free // 1_000_000} MB are free there", str(path),
                            "free some space or write elsewhere")

    def commit(self) -> None:
        """Put the finished file in its place. Raises FileError, and then the place is as before."""
        try:
            with open(self.part, "rb") as file:
                os.fsync(file.fileno())
            os.replace(self.part, self.path)
        except OSError as error:
            self.discard()
            raise write_error(self.path, error) from error

    def discard(self) -> None:
        """Remove the unfinished file, if it is there."""
        with contextlib.suppress(OSError):
            self.part.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, make_folder: bool = False) -> None:
    """Put ``data`` at ``path`` in one step, making its folder first where asked to. Raises FileError; the old file
    stays then."""
    if make_folder:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
    beside = Beside(path, (path.suffix.lower(),))
    try:
        beside.part.write_bytes(data)
    except OSError as error:
        beside.discard()
        raise write_error(path, error) from error
    beside.commit()
