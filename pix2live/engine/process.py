"""How an engine lives in a process of its own: attach, open, step until told to stop, say what happens."""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import traceback
from typing import Any, Protocol

from pix2live.engine.options import Options
from pix2live.errors import Pix2liveError
from pix2live.signals.bus import Bus
from pix2live.signals.clock import Clock, SystemClock

AUDIO_NICE = -15
FAILED, USER_ERROR = 3, 4


class Engine(Protocol):
    """What every engine is: ``open``, ``step`` every ``period_s``, ``close``; ``notices`` are lines for the person."""

    name: str
    period_s: float
    notices: list[str]

    def open(self) -> None: ...

    def step(self, now_s: float) -> None: ...

    def close(self) -> None: ...


def make_engine(name: str, bus: Bus, clock: Clock, options: Options) -> Engine:
    """The engine called ``name``; imports only what that one needs."""
    if name == "audio":
        from pix2live.engine.audio import AudioEngine

        return AudioEngine(bus, clock, options)
    if name == "perception":
        from pix2live.engine.perception import PerceptionEngine

        return PerceptionEngine(bus, clock, options)
    if name == "desk":
        from pix2live.engine.desk import DeskEngine

        return DeskEngine(bus, clock, options)
    from pix2live.engine.render import RenderEngine

    return RenderEngine(bus, clock, options)


def run_engine(name: str, bus_name: str, options: Options) -> None:
    """The body of an engine's process. Ends when the parent says stop or is gone; exit code 0 then.

    A person's mistake (Pix2liveError in ``open``) is told to the parent and ends with code 4, anything else with 3.
    """
    for ignored in ("SIGINT", "SIGHUP"):
        if hasattr(signal, ignored):
            signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    bus, clock = Bus.attach(bus_name), SystemClock()
    status, stop = bus.status[name], bus.status["parent"]
    status["pid"], status["heartbeat_s"], status["ready_s"] = os.getpid(), clock.now(), 0.0
    say = bus.queues[f"{name}>parent"].put
    if name == "audio":
        # The callback takes Python's lock back from the main thread after half a millisecond at most.
        sys.setswitchinterval(0.0005)
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, 0, AUDIO_NICE)
    engine = make_engine(name, bus, clock, options)
    try:
        engine.open()
        gc.collect()
        gc.freeze()
        if name == "audio":
            gc.disable()
        # In this order: a ready engine with an old heartbeat would be taken for a frozen one.
        status["heartbeat_s"] = clock.now()
        status["ready_s"] = clock.now()
        _loop(engine, clock, status, stop, say)
        engine.close()
    except SystemExit:
        _quietly_close(engine)
        os._exit(0)
    except Pix2liveError as error:
        if status["ready_s"]:
            # In mid-show nothing ends the show: this engine begins anew.
            say({"do": "notice", "text": str(error)})
            _quietly_close(engine)
            os._exit(FAILED)
        say({"do": "error", "text": str(error), "exit_code": error.exit_code})
        _quietly_close(engine)
        os._exit(USER_ERROR)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        say({"do": "notice", "text": f"{name} stopped: {type(error).__name__}: {error} "
                                     f"({os.path.basename(last.filename)}:{last.lineno})"})
        _quietly_close(engine)
        os._exit(FAILED)
    # Threads of drivers that hang must not keep the process.
    sys.stdout.flush()
    os._exit(0)


def _loop(engine: Engine, clock: Clock, status: Any, stop: Any, say: Any) -> None:
    parent = multiprocessing.parent_process()
    wait = getattr(engine, "wait", clock.wait)
    checked_s = collected_s = clock.now()
    next_s = clock.now()
    while not stop["stop"]:
        now_s = clock.now()
        engine.step(now_s)
        status["heartbeat_s"] = now_s
        while engine.notices:
            say({"do": "notice", "text": engine.notices.pop(0)})
        if getattr(engine, "wants_to_quit", False):
            say({"do": "quit"})
        if now_s - checked_s > 0.5:
            checked_s = now_s
            if parent is not None and not parent.is_alive():
                return
        if now_s - collected_s > 10.0 and not gc.isenabled():
            collected_s = now_s
            gc.collect(0)
        if engine.period_s:
            # Woken early (by MIDI) it does not fall into a longer sleep, held up it does not hurry to catch up.
            next_s = min(max(next_s + engine.period_s, now_s), now_s + engine.period_s)
            wait(next_s)


def _quietly_close(engine: Engine) -> None:
    with contextlib.suppress(Exception):
        engine.close()


