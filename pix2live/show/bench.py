"""How fast the instrument is on this machine: what ``pix2live bench`` measures, with no device and no window.

Everything here runs in one process. What needs a sound card, a screen and two processes is in ``tools/bench``.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pix2live.devices.demo_tune import DemoTune
from pix2live.engine.options import Options
from pix2live.engine.process import AUDIO_NICE
from pix2live.show.offline import BEGIN_S, BLOCK, OfflineShow

RATE = 48000
PARTIALS = 2048
SCORES_HZ = 30.0
SIZE = (1280, 720)
_SETTLE = 64
_MIN_FRAMES, _MAX_FRAMES = 8, 240


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the figure with its unit, and how."""

    what: str
    figure: str
    how: str


def measure(seconds: float) -> list[Row]:
    """Every figure; about four times ``seconds`` in all, and what it takes to compile the shaders."""
    part_s = seconds / 4
    return [*callback(seconds), analysis(part_s), partials(part_s), *vision(part_s), *models(part_s),
            *pictures(seconds * 2)]


def table(rows: list[Row]) -> str:
    """The rows as text in three columns."""
    what, figure = (max((len(getattr(row, name)) for row in rows), default=0) for name in ("what", "figure"))
    return "\n".join(f"{row.what:{what}}  {row.figure:>{figure}}  {row.how}" for row in rows)


def both(values: np.ndarray | list[float], scale: float, unit: str) -> str:
    """``p50 / p99 UNIT`` of values times ``scale``."""
    low, high = np.percentile(np.asarray(values) * scale, (50, 99))
    return f"{low:.3g} / {high:.3g} {unit}"


def timed(call: Callable[[int], object], seconds: float, least: int = 20, most: int = 1 << 30) -> list[float]:
    """Seconds that each call took; calls for ``seconds``, but at least ``least`` and at most ``most`` times."""
    took: list[float] = []
    until_s = time.perf_counter() + seconds
    while len(took) < least or (time.perf_counter() < until_s and len(took) < most):
        begin_s = time.perf_counter()
        call(len(took))
        took.append(time.perf_counter() - begin_s)
    return took


@contextlib.contextmanager
def first_in_line(nice: int = AUDIO_NICE) -> Iterator[None]:
    """With a raised priority, as the audio engine has it, where that is allowed."""
    before = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0
    try:
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, 0, nice)
        yield
    finally:
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def callback(seconds: float) -> list[Row]:
    """The audio engine's own callback, hearing music and playing 2,048 stereo partials at once."""
    with first_in_line():
        wall, cpu = callback_times(seconds)
    block_s = BLOCK / RATE
    how = (f"{len(wall)} blocks of {BLOCK} at {RATE} Hz: analysis of the demo tune and {PARTIALS} stereo partials, "
           f"{SCORES_HZ:g} new scores a second; share of the block, ")
    return [Row("callback compute p50 / p99", both(wall, 100 / block_s, "%"), how + "by the clock"),
            Row("callback compute p50 / p99, CPU", both(cpu, 100 / block_s, "%"), how + "by the thread's CPU time")]


def callback_times(seconds: float, partials: int = PARTIALS) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of wall clock and of CPU time of each callback in about ``seconds`` of sound, in real time."""
    show = OfflineShow(Options(audio_in="demo", camera="none"), picture=False, see=False)
    show.open()
    try:
        audio, out, music = show.audio, np.zeros((BLOCK, 2), np.float32), _music()
        # It comes as from a sound card: making the tune is not what is measured.
        audio.sound.source = None
        rng = np.random.default_rng(0)
        scores = [rng.uniform(0.3, 1.0, (64, partials, 2)).astype(np.float32) for _ in range(3)]
        count, every = max(100, round(seconds * audio.rate / BLOCK)), max(1, round(audio.rate / BLOCK / SCORES_HZ))
        wall, cpu = np.zeros(count), np.zeros(count)
        next_s = time.perf_counter()
        for number in range(-_SETTLE, count):
            now_s = BEGIN_S + (number + _SETTLE) * BLOCK / audio.rate
            show.clock.set(now_s)
            audio.step(now_s)
            if number % every == 0:
                audio.instrument.set_score(scores[number // every % 3])
            # Once a block, as a sound card asks: between two of them others have the caches.
            next_s = max(next_s + BLOCK / audio.rate, time.perf_counter())
            time.sleep(max(0.0, next_s - time.perf_counter()))
            begin_s, busy_s = time.perf_counter(), time.thread_time()
            audio.callback(music[number % len(music)], out, now_s)
            if number >= 0:
                wall[number], cpu[number] = time.perf_counter() - begin_s, time.thread_time() - busy_s
        if not np.abs(out).max() > 0.01:
            raise RuntimeError("the callback that was measured made no sound")
        return wall, cpu
    finally:
        show.close()


def _music() -> np.ndarray:
    """Some seconds of the demo tune, float32 (blocks, 256, 2)."""
    music = np.zeros((4 * RATE // BLOCK * BLOCK, 2), np.float32)
    DemoTune(RATE).read(music)
    return music.reshape(-1, BLOCK, 2)


def analysis(seconds: float) -> Row:
    """The analysis alone."""
    from pix2live.analysis.analyzer import Analyzer, AudioFeatures

    blocks, analyzer, out = _music(), Analyzer(RATE, 2), AudioFeatures(2)
    took = timed(lambda i: analyzer.process(blocks[i % len(blocks)], out), seconds)
    return Row("analysis p50 / p99", both(took, 100 * RATE / BLOCK, "%"),
               f"{len(took)} blocks of {BLOCK}, one hop each, of the demo tune, stereo; share of the block")


def partials(seconds: float) -> Row:
    """The partial bank alone."""
    from pix2live.dsp.oscillator import CHUNK, add_partials, steps_from_hz

    rng = np.random.default_rng(0)
    phase = rng.integers(-(2**31), 2**31, PARTIALS, dtype=np.int64).astype(np.int32)
    steps = [steps_from_hz(rng.uniform(20, 20000, PARTIALS), RATE) for _ in range(2)]
    levels = [rng.random((2, PARTIALS), dtype=np.float32) for _ in range(2)]
    step, level, out = steps[0].copy(), levels[0].copy(), np.zeros((2, CHUNK), np.float32)
    add_partials(phase, step, level, steps[1], levels[1], out)

    def chunk(i: int) -> None:
        out[:] = 0.0
        add_partials(phase, step, level, steps[i % 2], levels[i % 2], out)

    took = timed(chunk, seconds)
    return Row("partials a core", f"{PARTIALS * CHUNK / RATE / float(np.median(took)):,.0f}",
               f"median of {len(took)} chunks of {CHUNK} samples, {PARTIALS} stereo partials, gliding pitch and level")


def vision(seconds: float) -> list[Row]:
    """What a camera's frame costs: looking at it, and making it a score."""
    from pix2live.synth.scan import score_from_picture
    from pix2live.vision.viewer import Viewer, VisualFeatures
    from pix2live.visuals.check import made_up_picture

    frames = [made_up_picture(640, 360, i / 30.0) for i in range(8)]
    viewer, out = Viewer(), VisualFeatures()
    viewer.warm()
    seen = timed(lambda i: viewer.process(frames[i % len(frames)], i / 30.0, out), seconds / 2)
    rows = [Row("vision p50 / p99", both(seen, 1e3, "ms"), f"{len(seen)} moving pictures of 640x360")]
    for count in (64, PARTIALS):
        scored = timed(lambda i, n=count: score_from_picture(frames[i % len(frames)], n), seconds / 4, 5)  # type: ignore[misc]
        rows.append(Row(f"picture to {count} rows p50 / p99", both(scored, 1e3, "ms"),
                        f"{len(scored)} pictures of 640x360 made a score"))
    return rows


def models(seconds: float) -> list[Row]:
    """What each model costs a call, beside the time that a hop leaves for it."""
    import math

    from pix2live.models.runner import Runner, open_models
    from pix2live.resources import listing

    found, _ = open_models(list(listing("models")))
    rows = []
    for model in found:
        runner = Runner([model], math.inf)
        rng = np.random.default_rng(0)
        sizes = {item.signal: item.size for item in model.contract.inputs}
        feeds = [{name: rng.random((1, size), dtype=np.float32) for name, size in sizes.items()} for _ in range(8)]

        def one(i: int, runner: Runner = runner, feeds: list = feeds) -> None:
            runner.step(feeds[i % len(feeds)])

        for i in range(16):
            one(i)
        before = runner.counts()[model.contract.name][0]
        took = timed(one, seconds / max(1, len(found)))
        calls = runner.counts()[model.contract.name][0] - before
        rows.append(Row(f"model {model.contract.name} p50 / p99", both(took, 1e3, "ms"),
                        f"{len(took)} frames of its input ({calls} calls), one thread; a hop lasts "
                        f"{1e3 * BLOCK / RATE:.2f} ms"))
    return rows


def pictures(seconds: float) -> list[Row]:
    """The time of a frame of each preset, offscreen, while the demo tune and the demo picture play."""
    from pix2live.resources import listing

    presets = listing("presets")
    return [_picture(stem, str(path), seconds / max(1, len(presets))) for stem, path in presets.items()]


def _picture(stem: str, path: str, seconds: float) -> Row:
    show = OfflineShow(Options(preset=path, audio_in="demo", size=SIZE, fps=4.0))
    show.open()
    try:
        render = show.render
        assert render is not None
        # Half a second of music first, with a few frames of it: a shader's first frames are not its usual ones.
        for _ in show.blocks(0.5):
            pass
        at_s = BEGIN_S + 0.5

        def frame(number: int) -> None:
            render.draw(at_s + number / 60.0)
            render.window.wait()

        took = timed(frame, seconds, _MIN_FRAMES, _MAX_FRAMES)
        gpu = render.ctx.info["GL_RENDERER"].split("(")[0].strip()
        fps = 1.0 / float(np.median(took))
        return Row(f"frame of {stem} p50 / p99", both(took, 1e3, "ms"),
                   f"{len(took)} frames of {SIZE[0]}x{SIZE[1]} offscreen on {gpu}: {fps:.0f} a second")
    finally:
        show.close()
