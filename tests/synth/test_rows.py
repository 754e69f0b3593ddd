"""Where rows lie in pitch."""

import numpy as np
import pytest

from pix2live.synth.rows import ERB, LINEAR, LOG, SCALE, SCALE_MASKS, SCALES, empty_rows, place_rows, start_phase

RATE = 48000.0


def placed(count, mode, low=100.0, high=6400.0, scale="minor pentatonic", root=2, detune=0.0, tilt=0.0):
    rows = empty_rows(max(count, 8))
    mask = SCALE_MASKS[list(SCALES).index(scale)]
    place_rows(rows, count, mode, low, high, mask, root, detune, tilt, RATE)
    return rows


def hz_of(*args, **kwargs):
    return placed(*args, **kwargs).hz[: args[0]]


def test_row_zero_is_the_highest_and_the_ends_are_the_range():
    for mode in (LINEAR, LOG, ERB):
        hz = hz_of(7, mode)
        assert hz[0] == pytest.approx(6400)
        assert hz[-1] == pytest.approx(100)
        assert (np.diff(hz) < 0).all()


def test_spacing_of_linear_log_and_erb():
    assert hz_of(7, LINEAR)[3] == pytest.approx(3250)
    assert hz_of(7, LOG)[3] == pytest.approx(800)
    erb = 21.4 * np.log10(1 + 0.00437 * hz_of(9, ERB))
    assert np.allclose(np.diff(erb), np.diff(erb)[0])


@pytest.mark.parametrize("count", [64, 128, 256, 1001])
def test_many_erb_rows_lie_in_ten_straight_runs_beside_the_curve(count):
    hz = hz_of(count, ERB, low=100.0, high=20000.0)
    erb = 21.4 * np.log10(1 + 0.00437 * hz)
    assert np.abs(erb - np.linspace(erb[0], erb[-1], count)).max() < 0.25
    assert np.sum(np.abs(np.diff(hz, 2)) > 1e-6) == 9


def test_erb_neighbours_begin_a_quarter_turn_from_their_mean():
    turns = np.array([start_phase(row) for row in range(500)]) / 2.0**32
    bend = np.diff(turns, 2) % 1.0
    assert np.abs(bend - 0.5).max() < 0.04
    assert bend.std() < 1e-6


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("count", [5, 26, 64, 1000])
def test_scale_rows_lie_on_notes_of_the_scale_in_order(scale, count):
    hz = hz_of(count, SCALE, scale=scale, root=2)
    note = 69 + 12 * np.log2(hz / 440)
    assert np.allclose(note, np.round(note), atol=1e-9)
    assert set((np.round(note).astype(int) - 2) % 12) <= set(SCALES[scale])
    assert (np.diff(hz) <= 0).all()
    assert hz.min() >= 99.9
    assert hz.max() <= 6401


def test_every_note_gets_its_share_of_the_rows():
    notes, shares = np.unique(np.round(hz_of(128, SCALE), 6), return_counts=True)
    assert len(notes) == 30
    assert set(shares) <= {4, 5}


def test_detune_spreads_rows_on_one_note_but_leaves_the_first_in_tune():
    straight, spread = hz_of(128, SCALE), hz_of(128, SCALE, detune=8.0)
    cents = 1200 * np.log2(spread / straight)
    assert np.abs(cents).max() <= 8.0
    assert np.abs(cents).max() > 3.0
    assert np.sum(np.abs(cents) < 1e-6) == 30


def test_a_range_without_a_note_falls_back_to_log():
    assert np.allclose(hz_of(3, SCALE, low=104.0, high=109.0, scale="fifths"), hz_of(3, LOG, low=104.0, high=109.0))


@pytest.mark.parametrize("mode", [LINEAR, LOG, ERB, SCALE])
@pytest.mark.parametrize("count", [1, 2])
def test_one_and_two_rows_and_a_range_turned_round(mode, count):
    for low, high in ((100, 6400), (6400, 100), (440, 440)):
        hz = hz_of(count, mode, low=low, high=high)
        assert np.isfinite(hz).all()
        assert (hz > min(low, high) * 0.99).all()
        assert (hz < max(low, high) * 1.01).all()


def test_tilt_is_in_decibels_an_octave_and_never_above_one():
    gain = placed(7, LOG, tilt=-6.0).gain[:7]
    assert np.allclose(20 * np.log10(gain), -6.0 * np.arange(6, -1, -1), atol=1e-4)
    gain = placed(7, LOG, tilt=6.0).gain[:7]
    assert np.allclose(20 * np.log10(gain), -6.0 * np.arange(7), atol=1e-4)


def test_silent_above_nyquist():
    rows = placed(5, LINEAR, low=10000.0, high=30000.0)
    assert (rows.gain[:5] > 0).tolist() == (rows.hz[:5] < 24000).tolist()
