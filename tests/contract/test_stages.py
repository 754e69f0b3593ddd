"""One walk over every stage with every unkind input: finite, input untouched, no exception, the same after reset."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.dsp.limiter import TruePeakLimiter
from pix2live.engine.audio import AudioEngine
from pix2live.engine.desk import DeskEngine
from pix2live.engine.hearing import Hearing
from pix2live.engine.options import Options
from pix2live.models.runner import Runner, open_models
from pix2live.patch.param import MASTER, ParamTable
from pix2live.patch.route import Route, RouteTable
from pix2live.resources import listing
from pix2live.signals import table
from pix2live.signals.bus import Bus
from pix2live.signals.clock import ManualClock
from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import score_from_picture
from pix2live.vision.viewer import Viewer, VisualFeatures

RATE = 48000
FRAMES = 4800
BLOCKS = (64, 128, 256, 441, 1024)


def sounds(channels: int) -> dict[str, np.ndarray]:
    shape = (FRAMES, channels)
    rng = np.random.default_rng(7)
    noise = rng.uniform(-1, 1, shape).astype(np.float32)
    broken = noise.copy()
    broken[::7] = np.nan
    broken[3::11] = np.inf
    broken[5::13] = -np.inf
    return {
        "silence": np.zeros(shape, np.float32), "full scale": np.where(noise > 0, 1, -1).astype(np.float32),
        "far beyond full scale": noise * 1e6, "DC": np.ones(shape, np.float32),
        "all NaN": np.full(shape, np.nan, np.float32), "all Inf": np.full(shape, np.inf, np.float32), "broken": broken,
        "denormals": noise * 1e-41, "noise": noise,
    }


PICTURES = {
    "1x1": np.full((1, 1, 3), 200, np.uint8), "black": np.zeros((48, 64, 3), np.uint8),
    "white": np.full((48, 64, 3), 255, np.uint8), "one row": np.full((1, 500, 3), 90, np.uint8),
    "one column": np.full((500, 1, 3), 90, np.uint8),
    "noise": np.random.default_rng(5).integers(0, 256, (120, 160, 3), dtype=np.uint8),
    "4096x4096": np.random.default_rng(6).integers(0, 256, (512, 512, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1),
}


class Stage(NamedTuple):
    """How a stage is walked: made for a number of channels, run over a block, and put back to the beginning."""

    make: Callable[[int], object]
    run: Callable[[object, np.ndarray], list[np.ndarray]]
    reset: Callable[[object], None]
    channels: tuple[int, ...]


def _analyze(stage: Analyzer, block: np.ndarray) -> list[np.ndarray]:  # type: ignore[misc]
    out = AudioFeatures(len(block) // stage.hop + 2)
    n = stage.process(block, out)
    return [out.scalars[:n], out.spectrum[:n], out.waveform[:n], out.mel[:n], out.fft[:n]]


def _limit(stage: TruePeakLimiter, block: np.ndarray) -> list[np.ndarray]:
    copy = block.copy()
    stage.process(copy)
    return [copy]


def _instrument(_: int) -> Instrument:
    instrument = Instrument(RATE, 64)
    instrument.set_score(np.random.default_rng(1).random((32, 64, 2)).astype(np.float32))
    return instrument


def _play(stage: Instrument, block: np.ndarray) -> list[np.ndarray]:
    # The block's values become the instrument's params: whatever a route may send.
    params = np.resize(block, len(Instrument.SPECS)).astype(np.float32) * 100.0
    out = np.empty((len(block), 2), np.float32)
    stage.process(params, out)
    return [out]


def _routes(_: int) -> RouteTable:
    return RouteTable([Route("audio.bass", "master.gain_db", curve=c, release_s=1.0) for c in
                       ("linear", "square", "cube", "sqrt", "smooth")], ParamTable(MASTER), table.INDEX)


def _route(stage: RouteTable, block: np.ndarray) -> list[np.ndarray]:
    values = np.resize(block, len(table.NAMES)).astype(np.float64)
    return [stage.evaluate(values, stage.params.default, len(block) / RATE).copy()]


def _models(_: int) -> Runner:
    models, notices = open_models(listing("models"))
    assert models and not notices
    return Runner(models, 1e9)


def _judge(stage: Runner, block: np.ndarray) -> list[np.ndarray]:
    rows = {"audio.mel": np.resize(block, (8, table.MEL_SIZE)).astype(np.float32)}
    stage.step({signal: rows.get(signal, np.zeros((8, 1), np.float32)) for signal in stage.signals()})
    assert not stage.notices
    return [stage.values.copy()]


def _engine(channels: int) -> AudioEngine:
    bus, clock = Bus.local(), ManualClock(1.0)
    options = Options(audio_in="none", camera="none", offline=True, preset=next(iter(listing("presets"))))
    desk = DeskEngine(bus, clock, options)
    desk.open()
    engine = AudioEngine(bus, clock, options)
    engine.open()
    engine.bus = bus  # type: ignore[attr-defined]
    return engine


def _hear(stage: AudioEngine, block: np.ndarray) -> list[np.ndarray]:
    out = np.empty((len(block), 2), np.float32)
    stage.callback(block, out, 1.0)
    record = stage.bus.audio.record()  # type: ignore[attr-defined]
    stage.bus.audio.newest(record)  # type: ignore[attr-defined]
    assert np.abs(out).max() <= 10 ** (-1 / 20) + 1e-6
    return [out, record["scalars"]]


def _with_hearing(channels: int) -> AudioEngine:
    engine = _engine(channels)
    engine.hearing = Hearing(engine.bus)  # type: ignore[attr-defined]
    return engine


def _hear_beat_tone_and_form(stage: AudioEngine, block: np.ndarray) -> list[np.ndarray]:
    stage.callback(block, np.empty((len(block), 2), np.float32), 1.0)
    bus = stage.bus  # type: ignore[attr-defined]
    first = bus.hearing.count
    stage.hearing.step()  # type: ignore[attr-defined]
    assert bus.hearing.count == bus.audio.count
    records = [bus.hearing.record() for _ in range(first, bus.hearing.count)]
    assert all(bus.hearing.read(first + k, record) for k, record in enumerate(records))
    return [np.array([record["scalars"][0] for record in records]).reshape(-1, len(table.SECTIONS["hearing"]))]


def _no_reset(stage: object) -> None:
    """An engine begins anew by being made anew."""


STAGES = {
    "analyzer": Stage(lambda c: Analyzer(RATE, c), _analyze, lambda s: s.reset(), (0, 1, 2, 3, 8)),  # type: ignore
    "limiter": Stage(lambda c: TruePeakLimiter(RATE), _limit, lambda s: s.reset(), (2,)),  # type: ignore
    "instrument": Stage(_instrument, _play, lambda s: s.reset(), (2,)),  # type: ignore
    "routes": Stage(_routes, _route, lambda s: s.reset(), (2,)),  # type: ignore
    "models": Stage(_models, _judge, lambda s: s.reset(), (2,)),  # type: ignore
    "audio engine": Stage(_engine, _hear, _no_reset, (1, 2, 5)),  # type: ignore
    "hearing": Stage(_with_hearing, _hear_beat_tone_and_form, _no_reset, (1, 2, 5)),  # type: ignore
}
WALK = [(name, channels) for name, stage in STAGES.items() for channels in stage.channels]


@pytest.mark.parametrize(("name", "channels"), WALK)
def test_sound_stage_stays_finite_and_leaves_its_input_alone(name: str, channels: int) -> None:
    make, run, _, _ = STAGES[name]
    stage = make(channels)
    for kind, sound in sounds(channels).items():
        before = sound.copy()
        for start in range(0, FRAMES, 441):
            for out in run(stage, sound[start:start + 441]):
                assert np.isfinite(out).all(), f"{name}: {kind}, {channels} channels"
        assert np.array_equal(before, sound, equal_nan=True), f"{name} changed its input"


@pytest.mark.parametrize(("name", "channels"), [w for w in WALK if STAGES[w[0]].reset is not _no_reset])
def test_sound_stage_gives_the_same_after_reset(name: str, channels: int) -> None:
    make, run, reset, _ = STAGES[name]
    stage = make(channels)
    noise = sounds(channels)["noise"]
    passes = []
    for _ in range(2):
        passes.append([out.copy() for start in range(0, FRAMES, 256) for out in run(stage, noise[start:start + 256])])
        for sound in sounds(channels).values():
            run(stage, sound)
        reset(stage)
        if name == "instrument":
            stage.set_score(np.random.default_rng(1).random((32, 64, 2)).astype(np.float32))  # type: ignore
    for first, second in zip(*passes, strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["analyzer", "limiter", "audio engine", "hearing"])
def test_sound_stage_gives_the_same_at_any_block_size(name: str) -> None:
    make, run, _, _ = STAGES[name]
    noise = np.tile(sounds(2)["noise"], (3, 1))
    results = []
    for block in BLOCKS:
        stage = make(2)
        outs = [run(stage, noise[start:start + block]) for start in range(0, len(noise), block)]
        if name == "audio engine":
            bus = stage.bus  # type: ignore[attr-defined]
            records = [bus.audio.record() for _ in range(bus.audio.count)]
            assert all(bus.audio.read(k, record) for k, record in enumerate(records))
            results.append([np.concatenate([r[field] for r in records])
                            for field in ("scalars", "spectrum", "waveform", "mel", "fft")])
            results[-1][0] = results[-1][0][:, :len(table.AUDIO)]
        else:
            results.append([np.concatenate(parts) for parts in zip(*outs, strict=True)])
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            assert np.array_equal(first, second)


@pytest.mark.parametrize("kind", PICTURES)
def test_picture_stages_stay_finite_and_leave_the_picture_alone(kind: str) -> None:
    picture = PICTURES[kind]
    before = picture.copy()
    viewer, out = Viewer(), VisualFeatures()
    for n in range(3):
        viewer.process(picture, n / 30.0, out)
        assert np.isfinite(out.scalars).all() and np.isfinite(out.palette).all() and np.isfinite(out.grid).all()
    for rows, columns in ((1, 1), (64, 256), (2048, 256)):
        score = score_from_picture(picture, rows, columns)
        assert score.shape == (columns, rows, 3) and np.isfinite(score).all()
        assert score[:, :, :2].min() >= 0.0 and np.abs(score).max() <= 1.0
    assert np.array_equal(before, picture)


def test_the_viewer_sees_the_same_after_reset() -> None:
    viewer = Viewer()
    passes = []
    for _ in range(2):
        seen = []
        for n, picture in enumerate((PICTURES["noise"], PICTURES["white"], PICTURES["noise"][::-1].copy())):
            out = VisualFeatures()
            viewer.process(picture, n / 30.0, out)
            seen.append(out.scalars.copy())
        passes.append(np.array(seen))
        viewer.reset()
    assert np.array_equal(*passes)
