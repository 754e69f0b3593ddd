"""The audio engine in step with the others: what a person does, and what may go wrong, as one hears it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2live.engine.options import Options
from pix2live.show.offline import OfflineShow
from pix2live.signals import table


@pytest.fixture
def show(tmp_path: Path) -> Iterator[OfflineShow]:
    """A still grey picture that the synth plays."""
    Image.fromarray(np.full((48, 64, 3), 170, np.uint8)).save(tmp_path / "grey.png")
    show = OfflineShow(Options(audio_in="none", camera=str(tmp_path / "grey.png"), preset="ember_sea"), picture=False)
    show.open()
    yield show
    show.close()


def level(show: OfflineShow, seconds: float = 0.5) -> float:
    blocks = [sound.copy() for _, sound, _ in show.blocks(seconds)]
    return float(np.sqrt(np.mean(np.concatenate(blocks[len(blocks) // 2:]) ** 2)))


def test_a_still_picture_sounds_again_after_panic_is_pressed_twice(show: OfflineShow) -> None:
    show.clock.set = lambda now_s: None  # type: ignore[method-assign, assignment]  # blocks() begins anew each time
    before = level(show)
    assert before > 1e-3
    show.bus.queues["parent>desk"].put({"do": "panic"})
    assert level(show) < 1e-6
    show.bus.queues["parent>desk"].put({"do": "panic"})
    assert level(show, 1.5) > 0.3 * before


@pytest.mark.parametrize(("param", "value"), [
    ("synth.gain", -12.0), ("synth.scan.pan", 0.9), ("synth.filter.hz", 400.0),
])  # fmt: skip
def test_a_param_is_heard_within_the_block_that_follows(tmp_path: Path, param: str, value: float) -> None:
    Image.fromarray(np.tile(np.linspace(60, 220, 64).astype(np.uint8)[None, :, None], (48, 1, 3))).save(
        tmp_path / "ramp.png")
    options = Options(audio_in="none", camera=str(tmp_path / "ramp.png"), preset="ember_sea", offline=True)
    turned, left_alone = OfflineShow(options, picture=False), OfflineShow(options, picture=False)
    turned.open()
    left_alone.open()
    same = []
    for number, (heard, twin) in enumerate(zip(turned.blocks(0.6), left_alone.blocks(0.6), strict=True)):
        same.append(np.array_equal(heard[1], twin[1]))
        if number == 99:
            turned.bus.queues["parent>desk"].put({"do": "set_param", "id": param, "value": value})
    turned.close()
    left_alone.close()
    assert all(same[:100]) and not same[100]


def test_a_block_without_channels_is_silence_and_not_the_last_block_again(show: OfflineShow) -> None:
    index = table.local("audio", "audio.rms_db")
    out, record = np.zeros((256, 2), np.float32), show.bus.audio.record()
    buzz = np.resize(np.array([0.5, -0.5], np.float32), (256, 1))
    for _ in range(40):
        show.audio.callback(buzz, out, 1.0)
    show.bus.audio.newest(record)
    assert record["scalars"][0, index] > -12.0
    for _ in range(120):
        show.audio.callback(np.zeros((256, 0), np.float32), out, 1.0)
    show.bus.audio.newest(record)
    assert record["scalars"][0, index] < -60.0


def test_an_exception_proof_block_of_any_size_is_filled(show: OfflineShow) -> None:
    for frames in (1, 7, 256, 4096, 10_000):
        out = np.full((frames, 2), np.nan, np.float32)
        show.audio.callback(None, out, 1.0)
        assert np.isfinite(out).all()


def test_harmony_tells_its_notes_its_hits_and_its_beat(show: OfflineShow) -> None:
    section, record = show.bus.audio, show.bus.audio.record()
    show.bus.queues["parent>desk"].put({"do": "set_param", "id": "synth.harmony.level", "value": 1.0})
    show.bus.queues["parent>desk"].put({"do": "set_param", "id": "synth.harmony.tempo", "value": 120.0})
    rows, at = [], section.count
    for _ in show.blocks(4.0):
        while at < section.count and section.read(at, record):
            rows.append(record["scalars"][0, table.local("audio", "synth.note_count"):].copy())
            at += 1
    count, hit, phase = np.array(rows)[:, :3].T
    begun = np.flatnonzero(np.diff(count) > 0)
    assert len(begun) > 3 and (np.diff(count) >= 0).all()
    assert (hit[begun + 1] > 0.05).all() and hit.min() >= 0.0 and hit.max() <= 1.0
    assert np.diff(hit)[np.diff(count) == 0].max() <= 0.0
    # 120 BPM: eight beats in four seconds.
    assert np.count_nonzero(np.diff(phase) < -0.5) in (7, 8)
