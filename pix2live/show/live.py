"""The live show: make the bus, start the engines, watch them, restart what dies, stop cleanly.

This is the parent process. It imports nothing heavy and never blocks for long.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pix2live.engine.options import Options
from pix2live.signals.bus import Bus

NAMES = ("desk", "audio", "perception", "render")
WATCH_S = 0.02
FROZEN_S = {"audio": 5.0, "desk": 5.0, "perception": 15.0, "render": 15.0}
START_S = 120.0  # a cold start compiles every kernel
STOP_S = 3.0
USER_ERROR = 4
BACK_OFF_S = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0)


class LiveShow:
    """Engines in processes of their own, all on one bus.

    Args:
        options: what is played. say: prints one plain line.

    ``run`` returns the exit code. ``processes`` maps an engine's name to its process while it runs.
    """

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self._options, self._say = options, say
        self.processes: dict[str, Any] = {}
        self._deaths: dict[str, list[float]] = {name: [] for name in NAMES}
        self._due: dict[str, float] = {}
        self._stop = False
        self._exit_code = 0
        self._told: dict[str, float] = {}
        self.first_s: dict[str, float] = {}

    def run(self, duration_s: float | None = None) -> int:
        """Play until the person stops it, or for ``duration_s`` seconds from the first picture and sound."""
        begin_s = time.monotonic()
        ends = [getattr(signal, name) for name in ("SIGINT", "SIGHUP", "SIGTERM") if hasattr(signal, name)]
        old = {number: signal.getsignal(number) for number in ends}
        for number in ends:
            # What is started while these are ignored ignores them for good: Ctrl-C reaches every process of a terminal,
            # and the helpers must outlive it to clean up.
            signal.signal(number, self._on_signal if number == signal.SIGTERM else signal.SIG_IGN)
        self.bus = Bus.create()
        self.bus.status["parent"]["first_s"] = begin_s
        try:
            context = self._context()
            for number in ends:
                signal.signal(number, self._on_signal)
            for name in NAMES:
                if not self._stop:
                    self._start(context, name)
            self._watch(context, begin_s, duration_s)
        finally:
            self._stop_all()
            self.bus.unlink()
            for number, handler in old.items():
                signal.signal(number, handler)
        return self._exit_code

    def _context(self) -> Any:
        if "forkserver" not in multiprocessing.get_all_start_methods():
            return multiprocessing.get_context("spawn")
        from multiprocessing import forkserver

        context = multiprocessing.get_context("forkserver")
        # One process imports everything and loads every kernel once; each engine, also one that is restarted, is a
        # fork of it and begins at once.
        context.set_forkserver_preload(["pix2live.engine.warm"])
        forkserver.ensure_running()
        return context

    def _on_signal(self, *_: Any) -> None:
        self._stop = True

    def _start(self, context: Any, name: str) -> None:
        from pix2live.engine.process import run_engine

        options = self._options
        if self._deaths[name] and name == "desk":
            # What the command line asked for was carried out at the first start; the show goes on from the bus.
            options = replace(options, preset=None, overrides=())
        self.bus.status[name].clear()
        self.bus.status[name]["heartbeat_s"] = time.monotonic()
        process = context.Process(target=run_engine, args=(name, self.bus.name, options), name=f"pix2live {name}")
        process.start()
        self.processes[name] = process

    def _watch(self, context: Any, begin_s: float, duration_s: float | None) -> None:
        end_s = None
        while not self._stop:
            now_s = time.monotonic()
            self.bus.status["parent"]["heartbeat_s"] = now_s
            self._listen()
            for name in NAMES:
                self._look_after(context, name, now_s)
            self._note_first(begin_s, now_s)
            if duration_s is not None and len(self.first_s) == 2:
                end_s = end_s or now_s + duration_s
                if now_s >= end_s:
                    return
            time.sleep(WATCH_S)

    def _note_first(self, begin_s: float, now_s: float) -> None:
        for what, name, field in (("picture", "render", "frames"), ("sound", "audio", "callbacks")):
            if what not in self.first_s and self.bus.status[name][field] > 0:
                self.first_s[what] = now_s - begin_s

    def _look_after(self, context: Any, name: str, now_s: float) -> None:
        process = self.processes.get(name)
        if process is None:
            if now_s >= self._due.get(name, 0.0) and not self._stop:
                self._start(context, name)
            return
        status = self.bus.status[name]
        patience_s = FROZEN_S[name] if status["ready_s"] else START_S
        if process.is_alive() and now_s - status["heartbeat_s"] > patience_s:
            self._say(f"{name} does not answer: it is started again")
            process.kill()
            process.join(1.0)
        if process.is_alive():
            return
        self._listen()
        code = process.exitcode
        process.join()
        self.processes.pop(name)
        if self._stop or (code == 0 and self.bus.status["parent"]["stop"]):
            return
        if code == USER_ERROR and not self._deaths[name]:
            self._stop = True
            self._exit_code = self._exit_code or 1
            return
        recent = [moment for moment in self._deaths[name] if now_s - moment < 60.0]
        self._deaths[name] = [*recent, now_s]
        self.bus.status["parent"]["restarts"] += 1
        self._due[name] = now_s + BACK_OFF_S[min(len(recent), len(BACK_OFF_S) - 1)]
        if len(recent) < 3:
            self._say(f"{name} is started again")

    def _listen(self) -> None:
        for name in NAMES:
            for command in self.bus.queues[f"{name}>parent"].drain():
                if command["do"] == "quit":
                    self._stop = True
                elif command["do"] == "error":
                    if not self._deaths[name]:
                        self._exit_code = int(command.get("exit_code", 1))
                    self._tell(str(command["text"]))
                else:
                    self._tell(str(command["text"]))

    def _tell(self, text: str) -> None:
        # A line that comes again and again is said once a minute.
        now_s = time.monotonic()
        if now_s - self._told.get(text, -1e9) > 60.0:
            self._told[text] = now_s
            self._say(text)

    def _stop_all(self) -> None:
        self.bus.status["parent"]["stop"] = 1.0
        end_s = time.monotonic() + STOP_S
        for process in self.processes.values():
            process.join(max(0.0, end_s - time.monotonic()))
        self._listen()
        for process in self.processes.values():
            if process.is_alive():
                process.terminate()
                process.join(0.5)
            if process.is_alive():
                process.kill()
                process.join(1.0)
        self.processes.clear()
        _stop_forkserver()


def _stop_forkserver() -> None:
    # It would end with this process anyway; ended here, nothing is left even for a moment after the command returns.
    from multiprocessing import forkserver

    with contextlib.suppress(Exception):
        forkserver._forkserver._stop()  # type: ignore[attr-defined]


def play(options: Options, duration_s: float | None = None) -> int:
    """Play live; prints plain lines on stderr. Returns the exit code."""
    def say(text: str) -> None:
        print(f"pix2live: {text}", file=sys.stderr, flush=True)

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return LiveShow(options, say).run(duration_s)
