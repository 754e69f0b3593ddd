"""What the harmony instrument played, for MIDI and files: a ring of notes that another thread may read.

A reader that is more than the ring behind has lost some.
"""

from typing import Any

import numpy as np

from pix2live.dsp.jit import kernel

NOTE_SLOTS = 1024

Record = Any

_NOTE = np.dtype([
    ("position", np.int64),  # sample since the reset
    ("voice", np.int64),  # index into PARTS
    ("note", np.int64),  # MIDI; General MIDI's drum of that number for the drums
    ("velocity", np.float64),  # 0..1; 0 ends the note
], align=True)  # fmt: skip


LOG_MEMORY = np.dtype([
    ("notes", _NOTE, (NOTE_SLOTS,)),  # event i lies at i % NOTE_SLOTS
    ("note_count", np.int64, (1,)),  # events so far; it only grows, also over a reset
], align=True)  # fmt: skip


@kernel
def write_note(log: Record, position: int, voice: int, note: int, velocity: float) -> None:
    """Append an event. Real-time safe; the count grows after the event is whole."""
    slot = log.notes[log.note_count[0] % NOTE_SLOTS]
    slot.position, slot.voice, slot.note, slot.velocity = position, voice, note, velocity
    log.note_count[0] += 1
