"""Every kernel compiled before the show: from the disk's cache, or anew on all cores when a machine is new to us.

``python -m pix2live.engine.compiling PART...`` compiles some parts into the cache; a first start runs one such child a
core. What fails there is compiled again by the caller, whose errors count.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pix2live.dsp.jit import compiled_mark

PATIENCE_S = 3.0


def _bus() -> None:
    from pix2live.signals import seqlock

    seqlock.warm()


def _routes() -> None:
    from pix2live.patch.param import MASTER, ParamTable
    from pix2live.patch.route import Route, RouteTable
    from pix2live.signals import table

    params = ParamTable(MASTER)
    routes = RouteTable([Route("audio.bass", "master.gain_db")], params, table.INDEX)
    routes.evaluate(np.zeros(len(table.NAMES)), params.default, 0.01)


def _analysis() -> None:
    from pix2live.analysis.analyzer import Analyzer, AudioFeatures
    from pix2live.dsp.mixing import take_in

    block, out = np.zeros((256, 2), np.float32), np.zeros((256, 2), np.float32)
    for channels in (1, 2):  # one kernel for all numbers of channels, but two layouts of a block
        analyzer = Analyzer(48000, channels)
        analyzer.process(block[:, :channels].copy(), AudioFeatures(4))
        heard = block[:, :channels].copy()
        take_in(heard, 1.0, 1.0, out[:, :channels].copy())
        heard.flags.writeable = False  # as sound cards hand it over: another signature
        take_in(heard, 1.0, 1.0, out[:, :channels].copy())


def _hearing() -> None:
    from pix2live.engine.hearing import Hearing
    from pix2live.signals.bus import Bus

    Hearing(Bus.local())


def _synth() -> None:
    from pix2live.synth.instrument import Instrument

    instrument = Instrument(48000)
    instrument.set_score(np.zeros((2, 2, 2), np.float32))
    params, out = np.array([spec.default for spec in Instrument.SPECS], np.float32), np.zeros((256, 2), np.float32)
    instrument.process(params, out)


def _limiter() -> None:
    from pix2live.dsp.limiter import TruePeakLimiter
    from pix2live.dsp.mixing import mix

    block, out = np.zeros((256, 2), np.float32), np.zeros((256, 2), np.float32)
    TruePeakLimiter(48000).process(out)
    mix(block, block, 0.0, 1.0, 0.0, 1.0, out)


def _vision() -> None:
    from pix2live.vision.viewer import Viewer

    Viewer().warm()


def _demo() -> None:
    from pix2live.devices.demo_picture import DemoPicture
    from pix2live.devices.demo_tune import DemoTune

    DemoTune(48000)
    DemoPicture().frame_at(0.0)


# In the order in which they are warmed, with the seconds that each took to compile: only their proportions count.
_PARTS: dict[str, tuple[Callable[[], None], float]] = {
    "bus": (_bus, 1.0),
    "routes": (_routes, 1.0),
    "analysis": (_analysis, 25.0),
    "hearing": (_hearing, 38.0),
    "synth": (_synth, 53.0),
    "limiter": (_limiter, 2.0),
    "vision": (_vision, 3.0),
    "demo": (_demo, 5.0),
}


def warm_all() -> None:
    """Run every kernel once, for the types the engines use.

    From the disk's cache that takes a second or two. Where they are not there, all cores compile first, which takes
    about a minute and is said.
    """
    mark = compiled_mark(Path(__file__))
    known = mark is None or mark.exists()
    if not known:
        _say("first start: compiling for this machine, about a minute, once")
        _compile_on_all_cores()
    begin_s, late = time.monotonic(), False
    for name, (warm, _) in _PARTS.items():
        if name == "demo" and known and not late:
            continue  # quick, but not free: a show that has its own sound and camera need not pay for it
        if time.monotonic() - begin_s > PATIENCE_S:
            if known and not late:
                _say("first start: compiling for this machine, a minute or two")
            late = True
            _say(f"compiling {name}")
        warm()
    if not known or late:
        _say("compiled; the next start is quick")
    if mark is not None and not known:
        with contextlib.suppress(OSError):
            mark.touch()


def _compile_on_all_cores() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1:
        return
    groups: list[list[str]] = [[] for _ in range(min(cores, len(_PARTS)))]
    loads = [0.0] * len(groups)
    for name, (_, seconds) in sorted(_PARTS.items(), key=lambda part: -part[1][1]):
        least = loads.index(min(loads))
        groups[least].append(name)
        loads[least] += seconds
    path = os.pathsep.join(entry for entry in sys.path if entry)
    children: list[subprocess.Popen[bytes]] = []
    try:
        for group in groups:
            with contextlib.suppress(OSError):
                children.append(subprocess.Popen(
                    [sys.executable, "-m", "pix2live.engine.compiling", *group],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path},
                ))
        for child in children:
            child.wait()
    finally:
        for child in children:
            child.kill()
            child.wait()


def _say(line: str) -> None:
    print(f"pix2live: {line}", file=sys.stderr, flush=True)


def _main() -> None:
    try:
        for name in sys.argv[1:]:
            _say(f"compiling {name}")
            _PARTS[name][0]()
    except BaseException:
        os._exit(1)  # the caller meets the same fault and tells it


if __name__ == "__main__":
    _main()
