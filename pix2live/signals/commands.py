"""Ordered changes from one process to another: a bounded queue in shared memory that never blocks.

A command is a small JSON object such as ``{"do": "load_preset", "name": "Ember Sea"}``. One writer, one reader.
A full queue drops the command and counts it.
"""

import json
import zlib
from typing import Any

import numpy as np

SLOTS = 64
SLOT_BYTES = 2048
_HEADER = 16  # crc32 and length, as two int64


class CommandQueue:
    """One writer's queue to one reader. Not for the audio callback (it makes objects)."""

    SIZE = 64 + SLOTS * SLOT_BYTES

    def __init__(self, memory: np.ndarray) -> None:
        self._counters = memory[:24].view(np.int64)  # written, read, dropped
        self._slots = memory[64:self.SIZE].reshape(SLOTS, SLOT_BYTES)

    @property
    def dropped(self) -> int:
        """Commands lost because the queue was full or the command too long."""
        return int(self._counters[2])

    def put(self, command: dict[str, Any]) -> bool:
        """Append ``command``; False (and counted) if the queue is full or it is longer than a slot."""
        data = json.dumps(command, separators=(",", ":")).encode()
        written = int(self._counters[0])
        if written - int(self._counters[1]) >= SLOTS or len(data) > SLOT_BYTES - _HEADER:
            self._counters[2] += 1
            return False
        slot = self._slots[written % SLOTS]
        slot[_HEADER:_HEADER + len(data)] = np.frombuffer(data, np.uint8)
        slot[:_HEADER].view(np.int64)[:] = (zlib.crc32(data), len(data))
        self._counters[0] = written + 1
        return True

    def drain(self) -> list[dict[str, Any]]:
        """Take all waiting commands, oldest first. A command whose bytes have not arrived whole waits for next time."""
        taken: list[dict[str, Any]] = []
        read, written = int(self._counters[1]), int(self._counters[0])
        while read < written:
            slot = self._slots[read % SLOTS]
            crc, length = (int(v) for v in slot[:_HEADER].view(np.int64))
            data = slot[_HEADER:_HEADER + max(0, min(length, SLOT_BYTES - _HEADER))].tobytes()
            if zlib.crc32(data) != crc:
                break
            taken.append(json.loads(data))
            read += 1
            self._counters[1] = read
        return taken
