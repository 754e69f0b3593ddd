"""Only the thread that asks goes first, and not for ever. Each test in a process of its own, which may be ended."""

import os
import signal
import subprocess
import sys

import pytest

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's scheduler of Linux")


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", "import os, threading, subprocess, sys, time\n"
                           "from pix2live.devices.realtime import ask_for_realtime\n" + code], text=True,
                          capture_output=True, timeout=60, check=False)


ASK = """
def thread():
    got = ask_for_realtime()
    policy = os.sched_getscheduler(0) & 0xff
    child = subprocess.run([sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"], capture_output=True)
    print(got, policy == os.SCHED_RR, int(child.stdout) == os.SCHED_OTHER)
one = threading.Thread(target=thread); one.start(); one.join()
print(os.sched_getscheduler(0) == os.SCHED_OTHER)
"""


@linux
def test_the_thread_that_asks_alone_is_real_time_and_its_children_are_not() -> None:
    words = run(ASK).stdout.split()
    # Without the permission it goes on as it was.
    assert words == (["True", "True", "True", "True"] if os.geteuid() == 0 else words) and words[-2:] == ["True"] * 2
    assert words[0] == words[1]


@linux
def test_where_it_is_not_permitted_all_goes_on_as_before() -> None:
    code = "import resource\nresource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))\n"
    if os.geteuid() == 0:
        code += "os.setuid(65534)\n"
    done = run(code + "print(ask_for_realtime(), os.sched_getscheduler(0) == os.SCHED_OTHER)")
    assert done.stdout.split() == ["False", "True"], done.stderr


# Computes without Python's lock, as a kernel that hangs in the callback would; each turn of the lock is a pause.
BUSY = """
import hashlib
began = time.thread_time()
hashlib.pbkdf2_hmac("sha256", b"a", b"b", 100_000)
rounds = int(1.5 / (time.thread_time() - began) * 100_000)
def thread():
    global was, now
    ask_for_realtime()
    was = os.sched_getscheduler(0) & 0xff
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", rounds)
    now = os.sched_getscheduler(0) & 0xff
one = threading.Thread(target=thread); one.start()
while one.is_alive(): time.sleep(0.01)  # as an engine's main thread does
print(was == os.SCHED_RR, now == os.SCHED_OTHER)
"""


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs the permission")
def test_a_thread_that_never_pauses_goes_on_as_an_ordinary_one() -> None:
    done = run("from pix2live.devices.realtime import yield_when_stuck\nyield_when_stuck()\n" + BUSY)
    assert done.stdout.split() == ["True", "True"] and done.returncode == 0, done.stderr


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs the permission")
def test_where_nobody_sees_to_that_the_kernel_ends_it_before_it_takes_the_machine() -> None:
    assert run(BUSY).returncode in (-signal.SIGXCPU, -signal.SIGKILL)
