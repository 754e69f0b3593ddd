import ctypes
import signal

import pytest

from pix2live.show.progress import steps

ENDS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture(autouse=True)
def as_a_shell_starts_us():
    """Whoever runs the tests may have set signals to be ignored."""
    old = {name: signal.signal(getattr(signal, name), signal.SIG_DFL) for name in ENDS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for name, handler in old.items():
        signal.signal(getattr(signal, name), handler)


def ask(name: str) -> None:
    signal.raise_signal(getattr(signal, name))


@pytest.mark.parametrize("name", ENDS)
def test_a_stop_asked_for_within_a_step_comes_before_the_next(name: str) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), steps("work") as progress:
        for step in range(10):
            progress(step / 10)
            if step == 4:
                ask(name)
            done.append(step)
    assert done == [0, 1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_compiled_code_that_drops_exceptions_cannot_drop_a_stop() -> None:
    work = ctypes.CFUNCTYPE(None)(lambda: ask("SIGTERM"))  # ctypes prints and drops what its callbacks raise
    with pytest.raises(KeyboardInterrupt), steps("work") as progress:
        progress(0.1)
        work()
        progress(0.2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_dropped_before_the_first_step_ends_the_work_at_it() -> None:
    work = ctypes.CFUNCTYPE(None)(lambda: ask("SIGTERM"))
    with pytest.raises(KeyboardInterrupt), steps("work") as progress:
        work()
        progress(0.1)


def test_before_the_first_step_and_asked_twice_it_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), steps("work"):
        ask("SIGINT")
    with steps("work") as progress:
        progress(0.1)
        ask("SIGINT")
        with pytest.raises(KeyboardInterrupt):
            ask("SIGINT")


def test_work_that_is_done_is_not_called_stopped() -> None:
    with steps("work") as progress:
        progress(0.9)
        ask("SIGINT")
        progress(1.0)


def test_what_is_ignored_stays_ignored_and_every_handler_comes_back() -> None:
    signal.signal(getattr(signal, ENDS[-1]), signal.SIG_IGN)
    before = [signal.getsignal(getattr(signal, name)) for name in ENDS]
    with steps("work") as progress:
        progress(0.1)
        ask(ENDS[-1])
        progress(0.2)
    assert [signal.getsignal(getattr(signal, name)) for name in ENDS] == before
