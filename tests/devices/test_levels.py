"""The level meter tells what was put in."""

import numpy as np
import pytest

from pix2live.devices.levels import FLOOR_DB, LevelMeter

OUT = np.zeros((1, 2), np.float32)


@pytest.mark.parametrize("block", [1, 64, 441, 4800])
def test_peak_and_rms_of_a_sine_are_known_at_any_block_size(block: int) -> None:
    meter = LevelMeter()
    sine = np.sin(2 * np.pi * 1000 / 48000 * np.arange(4800))
    sound = np.stack([sine, 0.1 * sine, 0 * sine], 1).astype(np.float32)
    for start in range(0, len(sound), block):
        meter.hear(sound[start:start + block], OUT, 0.0)
    levels = meter.take()
    assert levels.peak_db == pytest.approx([0.0, -20.0, FLOOR_DB], abs=0.02)
    assert levels.rms_db == pytest.approx([-3.01, -23.01, FLOOR_DB], abs=0.02)


def test_a_peak_is_held_for_twenty_looks_and_clipping_for_good() -> None:
    meter = LevelMeter()
    meter.hear(np.array([[1.0, 0.5]], np.float32), OUT, 0.0)
    meter.take()
    for _ in range(19):
        meter.hear(np.full((4, 2), 0.1, np.float32), OUT, 0.0)
        levels = meter.take()
    assert levels.held_db == pytest.approx([0.0, -6.02], abs=0.01)
    assert levels.peak_db == pytest.approx([-20.0, -20.0], abs=0.01)
    levels = meter.take()
    assert levels.held_db == pytest.approx([-20.0, -20.0], abs=0.01) and levels.peak_db.max() == FLOOR_DB
    assert levels.clipped.tolist() == [1, 0]
    one, two = levels.line(["1", "2"]).split("2:")
    assert "CLIPPED" in one and "CLIPPED" not in two


def test_a_look_before_any_sound_shows_nothing() -> None:
    levels = LevelMeter().take()
    assert levels.line([]) == "" and levels.bars([], 80) == []


def test_a_bar_is_as_long_as_the_level_and_fits_the_terminal() -> None:
    from rich.text import Text

    meter = LevelMeter()
    meter.hear(np.tile(np.array([[1.0, 10.0 ** (-30 / 20), 0.0]], np.float32), (64, 1)), OUT, 0.0)
    for width in (20, 80, 200):
        bars = [Text.from_markup(bar).plain for bar in meter.take().bars(["1", "2", "3"], width)]
        assert all(len(bar) <= max(width, 44) for bar in bars)
        meter.hear(np.tile(np.array([[1.0, 10.0 ** (-30 / 20), 0.0]], np.float32), (64, 1)), OUT, 0.0)
    full, half, none = (bar.count("█") for bar in bars)
    assert full == 166 and half == 83 and none == 0 and "CLIP" in bars[0] and "CLIP" not in bars[1]
