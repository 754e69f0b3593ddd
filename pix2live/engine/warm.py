"""Imported once, before the engines are forked: loads what they share and every kernel.

A cold first start compiles the kernels, which takes a while, and says so. Must start no thread and open no device,
for it is forked afterwards.
"""

import os
import sys
import time

import numpy as np

PATIENCE_S = 3.0


def warm_all() -> None:
    """Run every kernel once, for the types the engines use (from the disk's cache where they were compiled before)."""
    from pix2live.analysis.analyzer import Analyzer, AudioFeatures
    from pix2live.devices.demo_picture import DemoPicture
    from pix2live.devices.demo_tune import DemoTune
    from pix2live.dsp.limiter import TruePeakLimiter
    from pix2live.dsp.mixing import mix, take_in
    from pix2live.engine.hearing import Hearing
    from pix2live.patch.param import MASTER, ParamTable
    from pix2live.patch.route import Route, RouteTable
    from pix2live.signals import seqlock, table
    from pix2live.signals.bus import Bus
    from pix2live.synth.instrument import Instrument
    from pix2live.vision.viewer import Viewer

    steps = _Steps()
    steps.say("bus")
    seqlock.warm()
    steps.say("routes")
    params = ParamTable(MASTER)
    routes = RouteTable([Route("audio.bass", "master.gain_db")], params, table.INDEX)
    routes.evaluate(np.zeros(len(table.NAMES)), params.default, 0.01)
    steps.say("analysis")
    block, out = np.zeros((256, 2), np.float32), np.zeros((256, 2), np.float32)
    for channels in (1, 2):  # one kernel for all numbers of channels, but two layouts of a block
        analyzer = Analyzer(48000, channels)
        analyzer.process(block[:, :channels].copy(), AudioFeatures(4))
        heard = block[:, :channels].copy()
        take_in(heard, 1.0, 1.0, out[:, :channels].copy())
        heard.flags.writeable = False  # as sound cards hand it over: another signature
        take_in(heard, 1.0, 1.0, out[:, :channels].copy())
    steps.say("hearing")
    Hearing(Bus.local())
    steps.say("synth")
    instrument = Instrument(48000)
    instrument.set_score(np.zeros((2, 2, 2), np.float32))
    instrument.process(np.array([spec.default for spec in Instrument.SPECS], np.float32), out)
    steps.say("limiter")
    TruePeakLimiter(48000).process(out)
    mix(block, block, 0.0, 1.0, 0.0, 1.0, out)
    steps.say("vision")
    Viewer().warm()
    if steps.cold:
        # Quick when compiled, but not free: a show that has its own sound and camera need not pay for them.
        steps.say("demo")
        DemoTune(48000)
        DemoPicture().frame_at(0.0)
    steps.done()


class _Steps:
    """Says what a cold start is doing, once it has taken longer than a warm one would."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self.cold = False

    def say(self, what: str) -> None:
        if time.monotonic() - self._begin_s > PATIENCE_S:
            if not self.cold:
                print("pix2live: first start: compiling for this machine, about a minute, once",
                      file=sys.stderr, flush=True)
            self.cold = True
            print(f"pix2live: compiling {what}", file=sys.stderr, flush=True)

    def done(self) -> None:
        if self.cold:
            print("pix2live: compiled; the next start is quick", file=sys.stderr, flush=True)


def _load_libraries() -> None:
    # The engines' own heavy imports, paid once for all of them. None of these starts a thread when imported.
    import cv2
    import moderngl  # noqa: F401
    import rtmidi  # noqa: F401

    import pix2live.engine.desk
    import pix2live.engine.perception
    import pix2live.engine.render  # noqa: F401

    cv2.setNumThreads(1)


if os.environ.get("PIX2LIVE_NO_WARM") != "1":
    warm_all()
    _load_libraries()
