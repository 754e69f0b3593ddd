"""Chroma: how strongly each of the twelve pitch classes sounds, and the same by register for harmony."""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.notes import FIRST_NOTE, NOTES, Notes, notes, notes_step
from pix2live.analysis.vqt import PER_SEMITONE, SEMITONES, Vqt, vqt, vqt_gather, vqt_transform
from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.signals.table import TONE

CHROMA = TONE.index("tone.chroma.0")
EVERY = 4  # hops between two spectra
REGISTERS = (36, 50, 62, 74, 86)  # the note in the middle of each; they overlap as triangles
_SHOWN = (0.6, 0.9, 1.0, 0.9, 0.7)  # weight of a note in the middle of each register in the chroma that is shown
_ATTACK_S, _RELEASE_S = 0.06, 0.25
_FULL = 0.6  # what counts as sounding fully: below it, chroma fades instead of being scaled up
# Of the logarithm that lets soft notes count beside loud ones: harmony wants all it can get, the eye the main ones.
_CONTRAST, _SHOWN_CONTRAST = 30.0, 4.0


class Chroma(NamedTuple):
    """Tables and state; the state begins at zero."""

    vqt: Vqt
    notes: Notes
    share: np.ndarray  # float64 (registers, notes): how much of each note belongs to each register
    shown: np.ndarray  # float64 (notes,): weight of each note in the chroma that is shown
    attack: float
    release: float
    magnitude: np.ndarray  # float32 (bins,)
    registers: np.ndarray  # float64 (registers, 12): notes by register and pitch class, a note's loudness 0..1
    newest: np.ndarray  # float64 (12,): the chroma to be shown, before smoothing
    smooth: np.ndarray  # float64 (12,)
    explained: np.ndarray  # float64 (1,): share of the spectrum that notes explain, 0..1
    hops: np.ndarray  # int64 (1,): hops since the last spectrum


def chroma(sample_rate: float, hop: int) -> Chroma:
    """The stage for hops of ``hop`` samples (a power of two)."""
    step_s = EVERY * hop / sample_rate
    note = np.arange(FIRST_NOTE, FIRST_NOTE + NOTES)
    share = np.stack([np.interp(note, REGISTERS, row) for row in np.eye(len(REGISTERS))])
    return Chroma(
        vqt(sample_rate, hop),
        notes(step_s),
        share,
        np.interp(note, REGISTERS, _SHOWN),
        coefficient(_ATTACK_S, step_s),
        coefficient(_RELEASE_S, step_s),
        np.zeros(SEMITONES * PER_SEMITONE, dtype=np.float32),
        np.zeros((len(REGISTERS), 12)),
        np.zeros(12),
        np.zeros(12),
        np.zeros(1),
        np.zeros(1, dtype=np.int64),
    )


@kernel
def _fold(state: Chroma) -> None:
    registers, activation = state.registers, state.notes.activation
    registers[:] = 0.0
    state.newest[:] = 0.0
    loudest = 1e-3
    for i in range(NOTES):
        loudest = max(loudest, np.float64(activation[i]))
    for i in range(NOTES):
        if activation[i] > np.float32(0.0):
            part = activation[i] / loudest
            value = np.log1p(_CONTRAST * part) / np.log1p(_CONTRAST)
            for r in range(registers.shape[0]):
                registers[r, (FIRST_NOTE + i) % 12] += value * state.share[r, i]
            value = state.shown[i] * np.log1p(_SHOWN_CONTRAST * part) / np.log1p(_SHOWN_CONTRAST)
            state.newest[(FIRST_NOTE + i) % 12] += value


@kernel
def chroma_step(state: Chroma, samples: np.ndarray, row: np.ndarray) -> bool:
    """One hop, float32 ``(hop,)``, finite; writes ``chroma.0`` (C) to ``chroma.11`` (B).

    Each is 0..1, the strongest 1 while anything tonal sounds; all fall to 0 in silence. True where there was a new
    spectrum (every fourth hop): then ``state.registers`` and ``state.explained`` are new too. Latency: half of the
    spectrum's windows (20 ms at 1 kHz, 60 ms at 220 Hz, 90 ms at 70 Hz) and 60 ms of smoothing.
    """
    vqt_gather(state.vqt, samples)
    fresh = state.hops[0] == EVERY - 1
    state.hops[0] = (state.hops[0] + 1) % EVERY
    smooth = state.smooth
    if fresh:
        vqt_transform(state.vqt, state.magnitude)
        state.explained[0] = notes_step(state.notes, state.magnitude)
        _fold(state)
        for i in range(12):
            smooth[i] = follow(smooth[i], min(state.newest[i], 1.0), state.attack, state.release)
    highest = _FULL
    for i in range(12):
        highest = max(highest, smooth[i])
    for i in range(12):
        row[CHROMA + i] = smooth[i] / highest
    return fresh
