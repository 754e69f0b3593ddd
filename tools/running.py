"""A show in processes of its own, as a person would start it, and the eyes of a test or benchmark on its bus."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from pix2live.signals.bus import Bus, segment_name

PROGRAM = [sys.executable, "-m", "pix2live"]
ENGINES = ("audio", "perception", "desk", "render")


def wait_for(what: str, ready: Callable[[], bool], seconds: float = 60.0) -> float:
    """Seconds until ``ready()``; fails naming ``what`` where that takes too long."""
    begin_s = time.monotonic()
    while not ready():
        if time.monotonic() - begin_s > seconds:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)
    return time.monotonic() - begin_s


def processes_of(pid: int) -> list[int]:
    """The process ``pid`` and all that came of it and live, by the kernel's list."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for candidate in found:
        found += [child for child, parent in parents.items() if parent == candidate]
    return found


class Running:
    """``pix2live play`` with ``arguments``; ``bus`` is the show's own. Use in a with statement."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None, program: Sequence[str] = tuple(PROGRAM),
                 cwd: Path | None = None) -> None:
        self._command, self._env, self._cwd = [*program, "play", *arguments], env, cwd
        self.output = ""

    def __enter__(self) -> "Running":
        self.process = subprocess.Popen(self._command, env=self._env, cwd=self._cwd, text=True,
                                        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        os.set_blocking(self.process.stderr.fileno(), False)  # type: ignore[union-attr]
        try:
            wait_for("the bus", lambda: Path("/dev/shm", segment_name(self.pid)).exists() or self._ended(), 30.0)
            time.sleep(0.2)
            self.bus = Bus.attach(segment_name(self.pid))
            self.bus.forget()
            wait_for("all engines", lambda: all(self.bus.status[e]["ready_s"] for e in ENGINES) or self._ended(), 240.0)
            wait_for("picture and sound", lambda: self.frames() > 2 and self.bus.status["audio"]["callbacks"] > 2)
            assert not self._ended(), self.said()
        except BaseException as error:
            self.process.kill()
            print(self.said(), error)
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.all = processes_of(self.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15.0)
            except subprocess.TimeoutExpired:
                for pid in self.all:
                    os.kill(pid, signal.SIGKILL)
        if error is not None:
            print(self.said())

    def _ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        """Every plain line so far."""
        assert self.process.stderr is not None
        # Past the text layer, which does not know that there may be nothing to read yet.
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.process.stderr.fileno(), 1 << 16):
                self.output += data.decode(errors="replace")
        return self.output

    def frames(self) -> int:
        """Frames drawn by the present render process."""
        return int(self.bus.status["render"]["frames"])

    def engine_pid(self, name: str) -> int:
        return int(self.bus.status[name]["pid"])

    def kill(self, name: str) -> float:
        """Kill an engine outright; returns the seconds until another one of that name is ready."""
        old = self.engine_pid(name)
        os.kill(old, signal.SIGKILL)
        status = self.bus.status[name]
        return wait_for(f"another {name}", lambda: status["pid"] not in (0, old) and status["ready_s"] > 0, 30.0)

    def signal(self, section: str, index: int) -> float:
        """The newest value of a section's scalar."""
        part = getattr(self.bus, section)
        record = part.record()
        part.newest(record)
        return float(record["scalars"][0, index])

    def preview(self) -> np.ndarray:
        """The newest small picture, RGB uint8 (360, 640, 3)."""
        record = self.bus.preview.record()
        self.bus.preview.newest(record)
        return record["pixels"][0].reshape(360, 640, 3).copy()

    def params(self) -> np.ndarray:
        """The newest base values."""
        record = self.bus.params.record()
        self.bus.params.newest(record)
        return record
