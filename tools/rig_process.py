"""The processes of one rig: started in groups of their own, watched, stopped by process id, with nothing left over."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

MARKER = "PIX2LIVE_RIG"  # in the environment of every process of a rig: its run folder
_PREFIX = "pix2live-rig-"

PACKAGES = {
    "dbus-daemon": "dbus",
    "pipewire": "pipewire",
    "wireplumber": "wireplumber",
    "pipewire-pulse": "pipewire-pulse",
    "pactl": "pulseaudio-utils",
    "paplay": "pulseaudio-utils",
    "parec": "pulseaudio-utils",
    "Xvfb": "xvfb",
    "xdotool": "xdotool",
    "import": "imagemagick",
    "jackd": "jackd2",
    "jack_lsp": "jackd2",
    "setpriv": "util-linux",
}


class RigError(Exception):
    """The rig cannot do what was asked; one line says why and what mends it."""


def program(name: str) -> str:
    """Full path of a program. Raises RigError, naming the Debian package, where it is missing."""
    path = shutil.which(name)
    if path is None:
        raise RigError(f"{name} is not installed; apt-get install {PACKAGES[name]}")
    return path


def wait_until(ready: Callable[[], bool], seconds: float, what: str, server: "Server | None" = None) -> None:
    """Poll ``ready`` every 20 ms. Raises RigError when ``seconds`` have passed or ``server`` has died."""
    deadline = time.monotonic() + seconds
    while not ready():
        if server is not None and server.popen.poll() is not None:
            raise RigError(f"{what}: {server.name} stopped with code {server.popen.returncode}{server.last_words()}")
        if time.monotonic() > deadline:
            raise RigError(f"{what} did not come up within {seconds:g} s{server.last_words() if server else ''}")
        time.sleep(0.02)


def marked(folder: Path) -> list[int]:
    """Ids of the processes, other than this one, that carry the rig of ``folder`` in their environment."""
    mark = f"{MARKER}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def die_with_us(*argv: str) -> list[str]:
    """A command line whose program gets SIGTERM from the kernel when this process dies, even of SIGKILL."""
    # The kernel's rule follows the thread that forked, not the process: from a passing thread it would end too soon.
    if threading.current_thread() is not threading.main_thread():
        return list(argv)
    return [program("setpriv"), "--pdeathsig", "TERM", "--", *argv]


class Server:
    """One running process of the rig and the file that holds what it said."""

    def __init__(self, name: str, popen: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name, self.popen, self.log = name, popen, log

    def last_words(self) -> str:
        """The last line that it wrote, for an error; empty if none."""
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {last[:200]}" if last else ""


class Family:
    """A private run folder of mode 700 and the processes that live by it.

    Every process leads a group of its own and gets SIGTERM from the kernel should this process die without warning.
    ``close`` ends them, ends whatever they or the tests started with the rig's environment, and removes the folder.
    """

    def __init__(self) -> None:
        _remove_stale()
        root = tempfile.gettempdir()
        # A socket's path may have 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root if len(root) < 50 else "/tmp"))
        self.servers: list[Server] = []

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], pass_fds: tuple[int, ...] = ()) -> Server:
        """Start a program of PACKAGES; its output goes to a log in the run folder."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                die_with_us(program(argv[0]), *argv[1:]), env=dict(env), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, pass_fds=pass_fds,
            )
        server = Server(name, popen, log)
        self.servers.append(server)
        return server

    def stop(self, servers: Sequence[Server], force: bool = False, patience_s: float = 3.0) -> None:
        """End the given processes and wait: SIGTERM, then SIGKILL after ``patience_s`` (at once if ``force``)."""
        running = [server for server in reversed(servers) if server.popen.poll() is None]
        for server in running:
            _signal_group(server.popen.pid, signal.SIGKILL if force else signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        for server in running:
            try:
                server.popen.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(server.popen.pid, signal.SIGKILL)
                server.popen.wait()
        self.servers = [server for server in self.servers if server not in servers]

    def close(self) -> None:
        """End every process of the rig and remove the folder. Safe to call again."""
        self.stop(list(self.servers))
        _sweep(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _sweep(folder: Path) -> None:
    """End by id what still carries the rig's mark: strays of its servers and programs that a test left running."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        strays = marked(folder)
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = time.monotonic() + 2.0
        while strays and time.monotonic() < deadline:
            time.sleep(0.02)
            _reap(strays)
            strays = [pid for pid in marked(folder) if pid in strays]
        if not strays:
            return


def _reap(pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _remove_stale() -> None:
    """Remove what rigs of this user left behind whose maker was killed outright."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        maker = folder.name.removeprefix(_PREFIX).split("-")[0]
        with contextlib.suppress(OSError):
            if maker.isdigit() and not Path(f"/proc/{maker}").exists() and folder.stat().st_uid == os.getuid():
                _sweep(folder)
                shutil.rmtree(folder, ignore_errors=True)
