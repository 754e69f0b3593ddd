"""Pieces with a known form, heard through the whole analysis."""

from functools import cache

import numpy as np
import pytest

from pix2live.analysis.form import Form
from pix2live.signals.table import AUDIO, FORM, MEL_SIZE, local

from .sounds import RATE, Analysis, hat, kick, noise, pad, snare

TREND, BUILD, DROP, SECTIONS = range(len(FORM))
HOP, BEAT_S = 256, 0.5


held = cache(pad)  # forty sines take longer than hearing them


def _place(y: np.ndarray, sound: np.ndarray, at_s: float) -> None:
    at = round(at_s * RATE)
    end = min(len(y), at + len(sound))
    y[at:end] += sound[: max(0, end - at)]


def groove(seconds: float, hats: bool = True, gain: float = 1.0, seed: int = 0) -> np.ndarray:
    """Kick on every beat, snare on the second and fourth, hats between, a bass line and a pad: a full section."""
    rng = np.random.default_rng(seed)
    y = 0.35 * held(seconds, seed=seed)
    t = np.arange(round(0.22 * RATE)) / RATE
    for beat in range(round(seconds / BEAT_S)):
        at = beat * BEAT_S
        _place(y, kick(RATE, rng), at)
        if beat % 2:
            _place(y, 0.8 * snare(RATE, rng), at)
        if hats:
            for part in (0.0, 0.5):
                _place(y, 0.8 * hat(RATE, rng), at + part * BEAT_S)
        hz = (55.0, 55.0, 65.4, 49.0)[beat // 4 % 4]
        _place(y, 0.4 * np.sin(2 * np.pi * hz * t) * np.exp(-t / 0.15), at + 0.25)
    return 0.35 * gain * y


def high_passed(y: np.ndarray, hz: float = 300.0) -> np.ndarray:
    spectrum = np.fft.rfft(y)
    f = np.fft.rfftfreq(len(y), 1 / RATE)
    return np.fft.irfft(spectrum * np.clip((f - 0.7 * hz) / (0.6 * hz), 0, 1), len(y))


def quiet(seconds: float, seed: int = 0) -> np.ndarray:
    """A break: the pad alone, without its lows."""
    return 0.3 * high_passed(held(seconds, seed=seed))


def riser(seconds: float, seed: int = 1) -> np.ndarray:
    """A build: noise that grows and climbs, and a snare roll that thickens, without bass."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    share = np.arange(n) / n
    bright = np.diff(rng.standard_normal(n + 1))
    dull = np.convolve(bright, np.ones(8) / 8, "same")
    y = 0.003 * 10 ** (1.7 * share) * (share * bright + (1 - share) * dull)
    at = 0.0
    while at < seconds - 0.2:
        _place(y, (0.1 + 0.3 * at / seconds) * high_passed(snare(RATE, rng)), at)
        at += (0.5, 0.5, 0.25, 0.125)[min(3, int(4 * at / seconds))]
    return y + 0.3 * quiet(seconds)


def form(*parts: np.ndarray, gain_db: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Times and rows (hops, 4) of the parts, one after another."""
    heard = Analysis((10 ** (gain_db / 20) * np.concatenate(parts)).astype(np.float32))
    return heard.seconds, rows_of(heard)


def rows_of(heard: Analysis, stage: Form | None = None) -> np.ndarray:
    stage = stage or Form(RATE, HOP)
    rows = np.zeros((len(heard.mel), len(FORM)))
    for mel, scalars, row in zip(heard.mel, heard.scalars, rows, strict=True):
        stage.process(mel, scalars, row)
    return rows


def counted(seconds: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return seconds[np.flatnonzero(np.diff(rows[:, SECTIONS], prepend=0.0) > 0)]


def drops(seconds: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return seconds[rows[:, DROP] == 1.0]


@cache
def dance(gain_db: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Groove to 20 s, break to 28 s, build to 44 s, groove again to 60 s."""
    return form(groove(20.0), quiet(8.0), riser(16.0), groove(16.0), gain_db=gain_db)


def test_the_drop_is_found_within_50_ms_and_nowhere_else():
    seconds, rows = dance()
    found = drops(seconds, rows)
    assert len(found) == 1
    assert 0.0 <= found[0] - 44.0 < 0.05
    after = np.searchsorted(seconds, found[0] + 1.0)
    assert rows[after, DROP] == pytest.approx(np.exp(-1.0), abs=0.02)


def test_a_build_rises_to_one_and_is_cut_at_the_drop():
    seconds, rows = dance()
    build = rows[:, BUILD]
    assert build[seconds < 28.0].max() < 0.05
    at = [build[np.searchsorted(seconds, s)] for s in (32.0, 35.0, 38.0, 41.0, 43.9)]
    assert np.all(np.diff(at) >= 0.0) and at[1] > 0.1 and at[2] > 0.5 and at[4] > 0.95
    assert build[seconds > 45.0].max() < 0.05


def test_the_energy_trend_falls_into_the_break_and_rises_in_the_build():
    seconds, rows = dance()
    trend = rows[:, TREND]
    assert trend.min() >= -1.0 and trend.max() <= 1.0
    assert np.abs(trend[(seconds > 12.0) & (seconds < 19.5)]).max() < 0.3
    assert trend[(seconds > 21.5) & (seconds < 25.0)].max() < -0.6
    assert trend[(seconds > 38.0) & (seconds < 44.0)].min() > 0.4


def test_break_build_and_return_are_one_section_each():
    found = counted(*dance())
    assert len(found) == 3
    for at, begins, latest in zip(found, (20.0, 28.0, 44.0), (3.0, 6.0, 0.05), strict=True):
        assert 0.0 <= at - begins < latest


def test_form_does_not_depend_on_gain():
    found = counted(*dance(-18.0))
    assert len(found) == 3 and np.abs(found - counted(*dance())).max() < 2.0
    assert drops(*dance(-18.0)) == pytest.approx(drops(*dance()), abs=0.03)


@pytest.mark.parametrize("kind", ["groove", "pad", "noise"])
def test_constant_music_has_no_section_no_build_and_no_drop(kind):
    sound = {"groove": groove(30.0), "pad": 0.2 * held(30.0), "noise": noise(30.0)}[kind]
    _, rows = form(sound)
    assert rows[-1, SECTIONS] == 0.0
    assert rows[:, BUILD].max() < 0.1 and rows[:, DROP].max() == 0.0


def test_a_return_from_a_break_is_a_drop_without_a_build():
    seconds, rows = form(groove(16.0), quiet(8.0), groove(8.0))
    assert drops(seconds, rows) == pytest.approx([24.0], abs=0.05)
    assert rows[:, BUILD].max() < 0.2


def test_a_crossfade_of_two_pieces_is_one_section():
    share = np.clip((np.arange(36 * RATE) / RATE - 14.0) / 8.0, 0.0, 1.0)
    seconds, rows = form(groove(36.0) * np.sqrt(1.0 - share) + 0.3 * held(36.0, seed=4) * np.sqrt(share))
    found = counted(seconds, rows)
    assert len(found) == 1 and 14.0 < found[0] < 22.0


def test_silence_ends_a_piece_and_the_next_begins_as_new():
    second = groove(16.0, seed=5)
    seconds, rows = form(groove(16.0), np.zeros(5 * RATE), second)
    found = counted(seconds, rows)
    assert len(found) == 1 and 0.0 <= found[0] - 21.0 < 0.03
    end = np.searchsorted(seconds, 20.9)
    assert abs(rows[end, TREND]) < 0.02 and rows[end, BUILD] < 0.01
    assert rows[:, DROP].max() == 0.0  # a new piece is no return of the old one
    _, alone = form(np.zeros(RATE), second)
    assert np.abs(rows[-1, [TREND, BUILD]] - alone[-1, [TREND, BUILD]]).max() < 0.05


def test_a_pause_of_a_bar_is_no_section():
    seconds, rows = form(groove(16.0), np.zeros(RATE), groove(12.0))
    assert [at for at in counted(seconds, rows) if at < 17.0] == []


def test_the_same_again_after_reset():
    heard = Analysis(np.concatenate([groove(10.0), quiet(3.0)]).astype(np.float32))
    stage = Form(RATE, HOP)
    first = rows_of(heard, stage)
    stage.reset()
    assert np.array_equal(first, rows_of(heard, stage))
    assert np.array_equal(first, rows_of(heard))


@pytest.mark.parametrize("value", [0.0, 1.0, -1e300, 1e300, np.nan, np.inf, -np.inf, 1e-310])
def test_any_input_gives_finite_values_in_range_and_stays_as_it_was(value):
    stage, row = Form(RATE, HOP), np.zeros(len(FORM))
    mel, scalars = np.full(MEL_SIZE, np.clip(value, -3e38, 3e38), np.float32), np.full(len(AUDIO), value)
    kept = mel.copy(), scalars.copy()
    rng = np.random.default_rng(1)
    for hop in range(2000):
        stage.process(mel, scalars, row)
        assert np.isfinite(row).all()
        assert -1.0 <= row[TREND] <= 1.0 and 0.0 <= row[BUILD] <= 1.0 and 0.0 <= row[DROP] <= 1.0
        if hop % 3 == 0:  # between good hops, so that what was poured in would have to wash out
            good = np.zeros(len(AUDIO))
            good[local("audio", "audio.flux")] = 0.3
            stage.process(rng.random(MEL_SIZE).astype(np.float32), good, row)
    assert np.array_equal(mel, kept[0], equal_nan=True) and np.array_equal(scalars, kept[1], equal_nan=True)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_other_rates_find_the_same_form(rate):
    sound = np.concatenate([groove(16.0), quiet(8.0), groove(6.0)])
    at = np.arange(int(30 * rate)) * (RATE / rate)
    heard = Analysis(np.interp(at, np.arange(len(sound)), sound).astype(np.float32), rate)
    rows = rows_of(heard, Form(rate, heard.analyzer.hop))
    assert drops(heard.seconds, rows) == pytest.approx([24.0], abs=0.06)
    assert rows[-1, SECTIONS] == 2.0
