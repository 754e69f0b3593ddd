"""The bus: one shared-memory segment from which any process reads the newest frame, or a recent one, without a lock.

Each section has one writer and a fixed dtype that begins with ``stamp`` (float64, monotonic seconds). The parent
creates the segment, engines attach to it by name; offline the same class lies in ordinary memory.
"""

import contextlib
import os
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path
from typing import Any

import numpy as np

from pix2live.errors import Pix2liveError
from pix2live.signals import table
from pix2live.signals.commands import CommandQueue
from pix2live.signals.status import STATUS_FIELDS, Status

MAX_PARAMS = 512
MAX_PATCH_BYTES = 1 << 18
CAMERA_MAX = (1080, 1920)
SCORE_MAX = (256, 4096)  # columns, rows
SCORE_CELLS, SCORE_PLANES = 256 * 2048, 3  # of more rows than half there are fewer columns
RING_FRAMES = 1 << 18
NOTES_KEPT = 1024

ENGINES = ("parent", "audio", "perception", "desk", "render", "web")
# writer > reader; "parent" collects what is said to the person
QUEUES = (
    "parent>desk", "render>desk", "web>desk", "desk>audio", "desk>perception", "desk>render",
    "audio>parent", "perception>parent", "desk>parent", "render>parent", "web>parent",
)

_FIELDS: dict[str, tuple[int, list]] = {
    "audio": (1024, [
        ("hop", "<i8"), ("end_frame", "<i8"), ("rate", "<f8"), ("hop_frames", "<i8"),
        ("scalars", "<f8", (len(table.SECTIONS["audio"]),)),
        ("spectrum", "<f4", (table.SPECTRUM_SIZE,)), ("waveform", "<f4", (table.WAVEFORM_SIZE,)),
        ("mel", "<f4", (table.MEL_SIZE,)), ("fft", "<f4", (table.FFT_SIZE,)),
    ]),
    "hearing": (1024, [("hop", "<i8"), ("scalars", "<f8", (len(table.SECTIONS["hearing"]),))]),
    "perception": (64, [
        ("scalars", "<f8", (len(table.SECTIONS["perception"]),)), ("palette", "<f4", (table.PALETTE_SIZE, 3)),
        ("palette_weights", "<f4", (table.PALETTE_SIZE,)), ("directions", "<f4", (table.DIRECTIONS_SIZE,)),
        ("grid", "<f4", (table.GRID_SIZE, table.GRID_SIZE)), ("flow", "<f4", table.FLOW_SHAPE),
        ("things", "<f4", table.THINGS_SHAPE),
    ]),
    "control": (16, [("scalars", "<f8", (len(table.SECTIONS["control"]),))]),
    "params": (64, [
        ("generation", "<i8"), ("panics", "<i8"), ("tapped", "<f8"), ("nudge_s", "<f8"), ("bpm", "<f8"),
        ("anchor_s", "<f8"), ("beats", "<f8"), ("in_bar", "<f8"), ("bars", "<f8"), ("meter", "<f8"),
        ("confidence", "<f8"),
        ("values", "<f8", (MAX_PARAMS,)),
    ]),
    "patch": (4, [("generation", "<i8"), ("length", "<i8"), ("text", "u1", (MAX_PATCH_BYTES,))]),
    "models": (4, [("generation", "<i8"), ("length", "<i8"), ("text", "u1", (8192,))]),
    "camera": (3, [("height", "<i8"), ("width", "<i8"), ("pixels", "u1", (CAMERA_MAX[0] * CAMERA_MAX[1] * 3,))]),
    "score": (3, [("columns", "<i8"), ("rows", "<i8"), ("amplitude", "<f4", (SCORE_CELLS * SCORE_PLANES,))]),
    # What the synth played, each note by itself: stamp is the moment at which it is in the air.
    "notes": (NOTES_KEPT, [("channel", "<i8"), ("note", "<i8"), ("velocity", "<f8")]),
    "preview": (3, [("height", "<i8"), ("width", "<i8"), ("pixels", "u1", (360 * 640 * 3,))]),
}


def _aligned(size: int, to: int = 64) -> int:
    return -(-size // to) * to


class Section:
    """One section of the bus: a ring of time-stamped frames of ``dtype``.

    The writer fills ``frame`` (a staging record of its own) and calls ``publish``. Readers call ``newest`` or ``at``
    with a record from ``record()``. All are real-time safe and may run in any thread; only one thread may write.
    """

    def __init__(self, memory: np.ndarray, dtype: np.dtype, slots: int) -> None:
        words = dtype.itemsize // 8
        self.dtype = dtype
        self._head = memory[:8].view(np.int64)
        self._seqs = memory[64:64 + 8 * slots].view(np.int64)
        start = 64 + _aligned(8 * slots)
        self._slots = memory[start:start + slots * dtype.itemsize].view(np.uint64).reshape(slots, words)
        self._stamps = self._slots.view(np.float64)[:, 0]
        self._frame: np.ndarray | None = None

    @staticmethod
    def size(dtype: np.dtype, slots: int) -> int:
        """Bytes that a section takes."""
        return _aligned(64 + _aligned(8 * slots) + slots * dtype.itemsize)

    @property
    def frame(self) -> np.ndarray:
        """The writer's staging record, shape (1,): set its fields, then ``publish``."""
        if self._frame is None:
            self._frame = self.record()
            self._words = self._frame.view(np.uint64)
        return self._frame

    def record(self) -> np.ndarray:
        """A fresh zeroed record of this section's dtype, shape (1,), to read into."""
        return np.zeros(1, self.dtype)

    @property
    def count(self) -> int:
        """Frames published since the bus was made."""
        return int(self._head[0])

    def publish(self, used_bytes: int | None = None) -> int:
        """Publish ``frame`` (its first ``used_bytes`` where only those matter); returns the frame's number."""
        words = self.frame.nbytes // 8 if used_bytes is None else -(-used_bytes // 8)
        return int(_kernels().publish(self._head, self._seqs, self._slots, self._words, words))

    def newest(self, into: np.ndarray, used_bytes: int | None = None) -> int:
        """Read the newest frame into a record; returns its number, or -1 (record untouched) where there is none."""
        words = into.nbytes // 8 if used_bytes is None else -(-used_bytes // 8)
        return int(_kernels().read_newest(self._head, self._seqs, self._slots, into.view(np.uint64), words))

    def at(self, time_s: float, into: np.ndarray, used_bytes: int | None = None) -> int:
        """Read the newest frame stamped at or before ``time_s`` (or the oldest kept); its number, or -1 if none."""
        k = int(_kernels().find(self._head, self._seqs, self._stamps, time_s))
        if k >= 0 and not self.read(k, into, used_bytes):
            return self.newest(into, used_bytes)
        return k

    def read(self, number: int, into: np.ndarray, used_bytes: int | None = None) -> bool:
        """Read frame ``number``; False if it is no longer (or not yet) there."""
        words = into.nbytes // 8 if used_bytes is None else -(-used_bytes // 8)
        return bool(_kernels().read(self._seqs, self._slots, number, into.view(np.uint64), words))


class AudioRing:
    """The newest seconds of raw sound (stereo float32): one writer, any readers."""

    def __init__(self, memory: np.ndarray) -> None:
        self._written = memory[:8].view(np.int64)
        self.ring = memory[64:64 + RING_FRAMES * 8].view(np.float32).reshape(RING_FRAMES, 2)

    @property
    def written(self) -> int:
        """Frames written since the bus was made."""
        return int(self._written[0])

    def write(self, block: np.ndarray) -> None:
        """Append ``block`` (frames, channels), folded to two sides. Real-time safe."""
        _kernels().write_ring(self.ring, self._written, block)

    def read(self, start: int, out: np.ndarray) -> bool:
        """Copy the frames from number ``start`` on to ``out`` (n, 2); False if they are not there (any more)."""
        return bool(_kernels().read_ring(self.ring, self._written, start, out))


def segment_name(pid: int) -> str:
    """The name of the bus whose parent process has the number ``pid``."""
    return f"pix2live-{pid}"


class _Segment(shared_memory.SharedMemory):
    """Shared memory whose arrays may outlive it: the mapping goes with the last array, or with the process."""

    def close(self) -> None:
        with contextlib.suppress(BufferError):
            super().close()


def _bytes_of(shared: shared_memory.SharedMemory) -> np.ndarray:
    assert shared.buf is not None
    return np.frombuffer(shared.buf, np.uint8)


def _kernels() -> Any:
    # The parent makes the bus but never reads it, and must not pay for numba.
    global _seqlock  # noqa: PLW0603
    if _seqlock is None:
        from pix2live.signals import seqlock

        _seqlock = seqlock
    return _seqlock


_seqlock: Any = None


class Bus:
    """The whole bus: ``sections`` by name (also as attributes), ``rings``, ``queues``, ``status``.

    Use ``Bus.create()`` in the parent, ``Bus.attach(name)`` in an engine, ``Bus.local()`` offline and in tests.
    """

    audio: Section
    hearing: Section
    perception: Section
    control: Section
    params: Section
    patch: Section
    models: Section
    camera: Section
    score: Section
    notes: Section
    preview: Section

    def __init__(self, memory: np.ndarray, shared: shared_memory.SharedMemory | None = None, owner: bool = False):
        self._shared, self._owner = shared, owner
        at = 0
        for name, (slots, fields) in _FIELDS.items():
            dtype = _dtype(fields)
            size = Section.size(dtype, slots)
            setattr(self, name, Section(memory[at:at + size], dtype, slots))
            at += size
        self.sound_in = AudioRing(memory[at:at + 64 + RING_FRAMES * 8])
        at += 64 + RING_FRAMES * 8
        self.sound_out = AudioRing(memory[at:at + 64 + RING_FRAMES * 8])
        at += 64 + RING_FRAMES * 8
        self.status: dict[str, Status] = {}
        for name in ENGINES:
            size = _aligned(8 * len(STATUS_FIELDS))
            self.status[name] = Status(memory[at:at + 8 * len(STATUS_FIELDS)].view(np.float64))
            at += size
        self.queues: dict[str, CommandQueue] = {}
        for name in QUEUES:
            self.queues[name] = CommandQueue(memory[at:at + CommandQueue.SIZE])
            at += CommandQueue.SIZE

    @property
    def begin_s(self) -> float:
        """When the show began, on the clock that stamps everything; film and TIME count from here in every engine."""
        return self.status["parent"]["first_s"]

    @property
    def name(self) -> str:
        """The segment's name, for ``attach``; empty for a local bus."""
        return self._shared.name if self._shared else ""

    @staticmethod
    def size() -> int:
        """Bytes of the whole segment."""
        sections = sum(Section.size(_dtype(fields), slots) for slots, fields in _FIELDS.values())
        return (sections + 2 * (64 + RING_FRAMES * 8) + len(ENGINES) * _aligned(8 * len(STATUS_FIELDS))
                + len(QUEUES) * CommandQueue.SIZE)

    @classmethod
    def create(cls) -> "Bus":
        """Make the segment. Raises Pix2liveError where the machine has too little shared memory left."""
        size = cls.size()
        room = Path("/dev/shm")
        if room.is_dir():
            free = os.statvfs(room).f_bavail * os.statvfs(room).f_frsize
            if free < size:
                raise Pix2liveError(
                    f"{size >> 20} MiB of shared memory are needed and {free >> 20} MiB are free", "/dev/shm",
                    "close other programs, or give the container more (docker: --shm-size=256m)")
        name = segment_name(os.getpid())
        try:
            shared = _Segment(name, create=True, size=size)
        except FileExistsError:  # left by a process that was killed and had the same number
            old = _Segment(name)
            old.close()
            old.unlink()
            shared = _Segment(name, create=True, size=size)
        return cls(_bytes_of(shared), shared, owner=True)

    @classmethod
    def attach(cls, name: str) -> "Bus":
        """Attach to a segment that the parent made."""
        shared = _Segment(name)
        return cls(_bytes_of(shared), shared)

    @classmethod
    def local(cls) -> "Bus":
        """A bus in ordinary memory, for one process."""
        return cls(np.zeros(cls.size(), np.uint8))

    def unlink(self) -> None:
        """Remove the segment's name; the memory goes when the last process lets go of it. Only the parent does."""
        if self._shared and self._owner:
            self._owner = False
            self._shared.unlink()

    def forget(self) -> None:
        """In an engine started without the parent's tracker: leave the removal of the segment to the parent."""
        if self._shared and not self._owner:
            resource_tracker.unregister(f"/{self._shared.name.lstrip('/')}", "shared_memory")


def _dtype(fields: list) -> np.dtype:
    dtype = np.dtype([("stamp", "<f8"), *fields])
    pad = -dtype.itemsize % 8
    return np.dtype([*dtype.descr, ("_pad", "u1", (pad,))]) if pad else dtype
