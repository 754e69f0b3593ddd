"""Compiles shaders in a helper process first, so that neither a bad one nor a slow compiler stops the picture.

``ctx.program()`` holds Python's lock and blocks the frame, a driver may hang or crash on a shader, and contexts that
share their programs are not to be had everywhere. So a helper compiles and draws each shader in a context of its own.
That checks it, and it leaves the finished machine code in the driver's cache on disk: the renderer's own compile, a
moment later, takes it from there.
"""

import contextlib
import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pix2live.errors import ShaderError

_MAX_WARM_ROUNDS = 6
_READY = '"ready"\n'


@dataclass(frozen=True)
class Compiled:
    """What came of one shader: ``error`` is None where it may be loaded (or where no helper can run, so that nobody
    knows better). ``seconds`` is how long it took."""

    path: Path
    error: ShaderError | None
    seconds: float


class Compiler:
    """Checks and warms up shaders in a helper process; no call of it waits.

    Args:
        size: of the pictures that the renderer draws. camera: of the camera's pictures (drivers compile for formats).
        timeout_s: a shader that keeps the helper longer than this is given up, and the helper replaced.
    """

    def __init__(
        self, size: tuple[int, int], camera: tuple[int, int] = (640, 360), timeout_s: float = 20.0,
    ) -> None:
        self._size, self._camera, self._timeout_s = size, camera, timeout_s
        self._jobs: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Compiled] = queue.SimpleQueue()
        self._helper: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._ready = self._useless = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="shader compiler", daemon=True)
        self._thread.start()

    def submit(self, path: str | Path) -> None:
        """Ask for a shader file; its answer comes through ``poll``."""
        self._jobs.put(Path(path))

    def poll(self) -> list[Compiled]:
        """What was finished since the last call."""
        found = []
        while True:
            try:
                found.append(self._done.get_nowait())
            except queue.Empty:
                return found

    def close(self) -> None:
        """Stop the helper; what it has not finished is dropped. It may be called twice."""
        with self._lock:
            self._closed = True
            if self._helper is not None:
                self._helper.kill()
        self._jobs.put(None)
        self._thread.join(5.0)

    def _work(self) -> None:
        try:
            self._start()
            while (path := self._jobs.get()) is not None:
                began = time.monotonic()
                error = self._ask(path)
                if self._closed:
                    return
                self._done.put(Compiled(path, error, time.monotonic() - began))
        finally:
            self._stop()

    def _ask(self, path: Path) -> ShaderError | None:
        helper = None if self._useless else self._start()
        if helper is None or helper.stdin is None or helper.stdout is None:
            return None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            helper.kill()

        timer = threading.Timer(self._timeout_s, give_up)
        timer.daemon = True
        timer.start()
        try:
            if not self._ready:
                self._ready = helper.stdout.readline() == _READY
                self._useless = not self._ready
            with contextlib.suppress(OSError):
                helper.stdin.write(json.dumps(str(path)) + "\n")
                helper.stdin.flush()
            answer = helper.stdout.readline()
        finally:
            timer.cancel()
        if answer:
            reply = json.loads(answer)
            return ShaderError(reply["what"], reply["where"], reply["mend"]) if reply else None
        self._stop()
        if self._useless:
            return None
        if late.is_set():
            return ShaderError(f"keeps the graphics driver busy for more than {self._timeout_s:g} s", str(path),
                               "make its loops shorter")
        return ShaderError("the graphics driver crashed on it", str(path), "try a simpler shader or another driver")

    def _start(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._closed:
                return None
            if self._helper is None or self._helper.poll() is not None:
                self._ready = False
                arguments = [f"{n}" for n in (*self._size, *self._camera)]
                try:
                    self._helper = subprocess.Popen(
                        [sys.executable, "-m", "pix2live.visuals.compiler", *arguments], text=True,
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
                except OSError:
                    self._useless = True
            return self._helper

    def _stop(self) -> None:
        with self._lock:
            helper, self._helper, self._ready = self._helper, None, False
        if helper is not None:
            helper.kill()
            for pipe in (helper.stdin, helper.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            helper.wait()


def _serve(size: tuple[int, int], camera: tuple[int, int]) -> None:
    """The helper: reads a path a line, answers ``null`` or the error's parts a line."""
    if sys.platform == "linux":
        # A helper that is stuck in the driver would outlive a renderer that was killed.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)
    import moderngl

    if sys.platform in ("darwin", "win32"):
        ctx = moderngl.create_context(standalone=True, require=330)
    else:
        ctx = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
    from pix2live.visuals.check import Bench

    bench = Bench(ctx, size, camera)
    # What a driver may print must not get among the answers.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        answers.write(_READY)
        answers.flush()
        for line in sys.stdin:
            answers.write(json.dumps(_try(bench, json.loads(line))) + "\n")
            answers.flush()


def _try(bench: Any, path: str) -> dict[str, str] | None:
    from pix2live.errors import Pix2liveError
    from pix2live.visuals.isf import load_shader
    from pix2live.visuals.stage import Stage

    try:
        shader = load_shader(path)
        # Mesa's software renderer stores one more variant of a shader each time it is built anew: until building it
        # takes no longer than drawing it, the renderer would still have to wait.
        for _ in range(_MAX_WARM_ROUNDS):
            stage = Stage(bench.ctx, shader, bench.size)
            seconds = []
            for index in range(2):
                began = time.perf_counter()
                bench.draw(stage, index)
                bench.ctx.finish()
                seconds.append(time.perf_counter() - began)
            stage.release()
            if seconds[0] < 1.5 * seconds[1] + 0.02:
                break
    except Pix2liveError as error:
        return {"what": error.what, "where": error.where, "mend": error.mend}
    return None


if __name__ == "__main__":
    _serve((int(sys.argv[1]), int(sys.argv[2])), (int(sys.argv[3]), int(sys.argv[4])))
