"""What the harmony instrument played, for MIDI and files: a ring of notes that another thread may read."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel

NOTE_SLOTS = 1024

_NOTE = np.dtype([("position", np.int64), ("voice", np.int64), ("note", np.int64), ("velocity", np.float64)])


class NoteLog(NamedTuple):
    """The newest notes. Event ``i`` lies at ``i % NOTE_SLOTS``; a reader that is more than the ring behind lost some.

    notes: records (NOTE_SLOTS): position (sample since reset), voice (index into PARTS), note (MIDI; General MIDI's
    drum of that number for the drums), velocity (0..1; 0 ends the note).
    note_count: int64 (1), events so far; it only grows, also over a reset.
    """

    notes: NDArray[np.void]
    note_count: NDArray[np.int64]

    @classmethod
    def empty(cls) -> "NoteLog":
        """No note yet."""
        return cls(np.zeros(NOTE_SLOTS, _NOTE), np.zeros(1, np.int64))


@kernel
def write_note(log: NoteLog, position: int, voice: int, note: int, velocity: float) -> None:
    """Append an event. Real-time safe; the count grows after the event is whole."""
    slot = log.notes[log.note_count[0] % NOTE_SLOTS]
    slot.position, slot.voice, slot.note, slot.velocity = position, voice, note, velocity
    log.note_count[0] += 1
