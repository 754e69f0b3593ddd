"""The one thread that must be on time asks to go before all others."""

import os

PRIORITY = 10
# Seconds that a real-time thread may compute without a pause before the kernel ends the process (the show begins the
# audio engine anew then): a callback that hangs must not take the machine with it.
PATIENCE_S, MOST_S = 0.5, 1.0


def ask_for_realtime() -> bool:
    """Let the calling thread run before every ordinary one (SCHED_RR); its children run as ordinary ones.

    Returns False where that is not permitted, or not Linux (CoreAudio and WASAPI see to their threads themselves).
    One system call; no error. On Linux a user may do so whose ``ulimit -r`` is 10 or more.
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
