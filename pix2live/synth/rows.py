"""Where the rows of a picture lie in pitch: linear, logarithmic, ERB, or on the notes of a scale."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import TONED_HARMONICS, step_from_hz

TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
ROW_MODES = ("linear", "log", "erb", "scale")
LINEAR, LOG, ERB, SCALE = range(4)

SCALES: dict[str, tuple[int, ...]] = {
    "minor pentatonic": (0, 3, 5, 7, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "hirajoshi": (0, 2, 3, 7, 8),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "fifths": (0, 7),
    "chromatic": tuple(range(12)),
}
SCALE_MASKS = np.array([[d in degrees for d in range(12)] for degrees in SCALES.values()])
"""bool (scales, 12): is this semitone above the root a note of the scale."""

_NOTES = 160
_RUNS = 10
_CHIRP = 0.25 + 0.016  # turns
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class Rows(NamedTuple):
    """What each row is to the sweep: arrays of (max partials), the rows in use first; row 0 is the highest."""

    hz: NDArray[np.float64]
    step: NDArray[np.int32]  # phase per sample
    gain: NDArray[np.float32]  # tilt, at most 1; 0 above Nyquist
    weight: NDArray[np.float32]  # power weight of the ear
    overtones: NDArray[np.float32]  # 0..1: is there room for them under Nyquist
    notes: NDArray[np.int64]  # scratch


def empty_rows(partials: int) -> Rows:
    """Rows of ``partials`` partials, not yet placed."""
    return Rows(
        np.zeros(partials), np.zeros(partials, np.int32), np.zeros(partials, np.float32),
        np.zeros(partials, np.float32), np.zeros(partials, np.float32), np.zeros(_NOTES, np.int64),
    )  # fmt: skip


@kernel
def place_rows(
    rows: Rows, count: int, mode: int, low_hz: float, high_hz: float, mask: NDArray[np.bool_], root: int,
    detune_cents: float, tilt_db: float, sample_rate: float,
) -> None:  # fmt: skip
    """Fill ``rows`` for ``count`` rows from ``low_hz`` (the last) to ``high_hz`` (row 0). Real-time safe.

    Args:
        mode: LINEAR, LOG, ERB (Glasberg & Moore 1990, laid in ten straight runs: at most 0.25 ERB from the curve) or
            SCALE: the notes (``mask`` over ``root``, 0 = C) within the range in equal temperament, each given an equal
            share of the rows, those on one note spread over +-``detune_cents``. A range that holds no note falls back
            to LOG.
        tilt_db: level change per octave upwards; the loudest end stays at 0 dB.
    """
    low, high = max(min(low_hz, high_hz), 1.0), max(low_hz, high_hz, 1.0)
    notes = list_notes(rows.notes, low, high, mask, root) if mode == SCALE else 0
    for r in range(count):
        u = (count - 1 - r) / (count - 1) if count > 1 else 0.5
        if mode == LINEAR:
            hz = low + (high - low) * u
        elif mode == ERB:
            hz = _erb_hz(low, high, count - 1 - r, count)
        elif notes > 0:
            hz = _scale_hz(rows.notes, notes, count - 1 - r, count, detune_cents)
        else:
            hz = low * (high / low) ** u
        loudest = low if tilt_db < 0.0 else high
        gain = 10.0 ** (tilt_db * math.log2(hz / loudest) / 20.0)
        rows.hz[r] = hz
        rows.step[r] = step_from_hz(hz, sample_rate)
        rows.gain[r] = min(gain, 1.0) if hz < 0.5 * sample_rate else 0.0
        rows.weight[r] = ear_weight(hz)
        rows.overtones[r] = min(max((0.5 - TONED_HARMONICS * hz / sample_rate) * 5.0, 0.0), 1.0)


@kernel
def _erb_hz(low_hz: float, high_hz: float, row: int, rows: int) -> float:
    """Frequency of ``row`` (0 = lowest): ERB at the ends of the runs, equal steps in Hz within one."""
    if rows == 1:
        return _erb_at(low_hz, high_hz, 0.5)
    nth = min(row * _RUNS // (rows - 1), _RUNS - 1)
    first, last = nth * (rows - 1) // _RUNS, (nth + 1) * (rows - 1) // _RUNS
    if last == first:
        return _erb_at(low_hz, high_hz, row / (rows - 1))
    below, above = _erb_at(low_hz, high_hz, first / (rows - 1)), _erb_at(low_hz, high_hz, last / (rows - 1))
    return below + (above - below) * (row - first) / (last - first)


@kernel
def _erb_at(low_hz: float, high_hz: float, share: float) -> float:
    a, b = math.log1p(0.00437 * low_hz), math.log1p(0.00437 * high_hz)
    return math.expm1(a + (b - a) * share) / 0.00437


@kernel
def start_phase(row: int) -> np.int32:
    """Phase at which ``row`` (0 = lowest) of ERB rows begins, a full turn being 2**32.

    Low rows lie closer together than a column's length can tell apart, so neighbours beat. Where each is a quarter of a
    turn from the mean of its neighbours, their two beats cancel to first order, for as long as the three are equally
    far apart in Hz: hence the straight runs. The rest of the chirp spreads the peaks, as Schroeder's (1970) does.
    """
    turns = _CHIRP * row * row
    return np.int32(np.int64((turns - math.floor(turns + 0.5)) * 4294967295.0))


@kernel
def list_notes(notes: NDArray[np.int64], low_hz: float, high_hz: float, mask: NDArray[np.bool_], root: int) -> int:
    """Fill ``notes`` with the MIDI notes of a scale between two frequencies, the lowest first; returns how many."""
    count = 0
    first = math.ceil(_note(min(low_hz, high_hz)) - 1e-6)
    last = math.floor(_note(max(low_hz, high_hz)) + 1e-6)
    for note in range(first, last + 1):
        if mask[(note - root) % 12] and count < len(notes):
            notes[count] = note
            count += 1
    return count


@kernel
def note_hz(note: float) -> float:
    """Frequency of a MIDI note, equal temperament, A4 = 440 Hz."""
    return 440.0 * 2.0 ** ((note - 69.0) / 12.0)


@kernel
def _scale_hz(notes: NDArray[np.int64], count: int, row: int, rows: int, detune_cents: float) -> float:
    """Frequency of ``row`` (0 = lowest) of ``rows`` shared out over ``count`` notes."""
    if rows == 1:
        return 440.0 * 2.0 ** ((notes[count // 2] - 69) / 12.0)
    at = row * count // rows
    if rows < count:
        at = int(row * (count - 1) / (rows - 1) + 0.5)
    first_of_note = (at * rows + count - 1) // count
    nth = row - first_of_note
    # Golden-ratio spacing: rows on one note never beat in step.
    cents = detune_cents * (2.0 * ((nth * _GOLDEN + 0.5) % 1.0) - 1.0) if rows >= count else 0.0
    return 440.0 * 2.0 ** ((notes[at] - 69 + cents / 100.0) / 12.0)


@kernel
def _note(hz: float) -> float:
    return 69.0 + 12.0 * math.log2(hz / 440.0)


@kernel
def ear_weight(hz: float) -> float:
    """Power weight after the K weighting of ITU-R BS.1770: a high-pass at 38 Hz and a +4 dB shelf above 1.7 kHz."""
    below, above = (hz / 38.0) ** 4, (hz / 1700.0) ** 2
    return below / (1.0 + below) * (1.0 + 2.51 * above) / (1.0 + above)
