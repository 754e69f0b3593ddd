"""How far a piece of work is, and the way out of it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Steps:
    """A bar on a terminal, elsewhere nothing but the lines that are said; call it at every step of the work."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self.bar = Progress(TextColumn("{task.description}", markup=False), BarColumn(),
                            TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn(), console=console,
                            disable=not console.is_terminal)
        self._task = self.bar.add_task(label, total=1.0)
        self._stepping = self._asked = False

    def __call__(self, share: float, label: str | None = None) -> None:
        """``share`` of the work is done (0..1). Raises KeyboardInterrupt if it was asked to end before all is."""
        self._stepping = True
        if self._asked and share < 1.0:
            raise KeyboardInterrupt
        self.bar.update(self._task, completed=share, description=label)

    def say(self, line: str) -> None:
        """A line above the bar."""
        if self.bar.disable:
            print(line, file=sys.stderr, flush=True)
        else:
            self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stop(self, *_: Any) -> None:
        """For ``signal.signal``: end with the step that is being taken; at once if it is asked twice, or no step was
        taken yet."""
        at_once = self._asked or not self._stepping
        self._asked = True
        if at_once:
            raise KeyboardInterrupt


@contextmanager
def steps(label: str) -> Iterator[Steps]:
    """Show ``Steps`` while the work is done. Whoever ends it by whatever signal means Ctrl-C: KeyboardInterrupt.

    It comes between two steps: raised in the midst of one, compiled code on the stack (PyAV's, numba's) may take the
    exception for its own and drop it, and the work would go on.
    """
    shown = Steps(label)
    # What is ignored stays so: "nohup" has its way.
    ends = {number: old for number in (getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")
                                       if hasattr(signal, name))
            if (old := signal.getsignal(number)) in (signal.SIG_DFL, signal.default_int_handler)}
    for number in ends:
        signal.signal(number, shown.stop)
    try:
        with shown.bar:
            yield shown
    finally:
        for number, old in ends.items():
            signal.signal(number, old)
