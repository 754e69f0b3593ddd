"""The one thread that must be on time asks to go before all others, for as long as it behaves."""

import contextlib
import os
import signal
import threading
from pathlib import Path
from types import FrameType

PRIORITY = 10
# Seconds that a real-time thread may compute without a pause: then it is an ordinary one (``yield_when_stuck``), and if
# that fails the kernel ends the process. A callback that hangs must not take the machine with it.
PATIENCE_S, MOST_S = 0.5, 5.0


def ask_for_realtime() -> bool:
    """Let the calling thread run before every ordinary one (SCHED_RR); its children run as ordinary ones.

    Returns False where that is not permitted, or not Linux (CoreAudio and WASAPI see to their threads themselves).
    Two system calls; no error. On Linux a user may do so whose ``ulimit -r`` is 10 or more.
    """
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
        most = round(MOST_S * 1e6) if hard == resource.RLIM_INFINITY else min(hard, round(MOST_S * 1e6))
        resource.setrlimit(resource.RLIMIT_RTTIME, (min(round(PATIENCE_S * 1e6), most), most))
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except (ImportError, OSError, AttributeError, ValueError):
        return False
    return True


def yield_when_stuck() -> None:
    """From now on a real-time thread of this process that computes for half a second without a pause goes on as an
    ordinary one. Call in the main thread, before any asks, which must wake now and then; does nothing in another thread
    or where there is no such signal.
    """
    if hasattr(signal, "SIGXCPU") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGXCPU, _all_ordinary)


def _all_ordinary(_: int, __: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # it ended meanwhile
                os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))
