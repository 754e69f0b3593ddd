"""The bus keeps its promises: nothing torn, nothing lost silently, nothing left behind."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from pix2live.errors import Pix2liveError
from pix2live.signals import bus as bus_module
from pix2live.signals.bus import AudioRing, Bus, Section

WORDS = 16
DTYPE = np.dtype([("stamp", "<f8"), ("data", "<i8", (WORDS - 1,))])
READS = 5_000_000


def _write_full_speed(name: str, stop: object) -> None:
    from multiprocessing import shared_memory

    from tests.signals.tearing import write_many

    memory = shared_memory.SharedMemory(name)
    section = Section(np.frombuffer(memory.buf, np.uint8), DTYPE, 4)
    while not stop.is_set():  # type: ignore[attr-defined]
        write_many(section._head, section._seqs, section._slots, 100_000)
    del section


def _read_full_speed(name: str, reads: int, results: object) -> None:
    from multiprocessing import shared_memory

    from tests.signals.tearing import read_many

    memory = shared_memory.SharedMemory(name)
    section = Section(np.frombuffer(memory.buf, np.uint8), DTYPE, 4)
    results.put(tuple(int(v) for v in read_many(section._head, section._seqs, section._slots, reads)))  # type: ignore[attr-defined]
    del section


def test_no_torn_read_in_ten_million_with_writer_and_two_readers_at_full_speed() -> None:
    from multiprocessing import shared_memory

    context = multiprocessing.get_context("spawn")
    memory = shared_memory.SharedMemory(create=True, size=Section.size(DTYPE, 4))
    stop, results = context.Event(), context.Queue()
    writer = context.Process(target=_write_full_speed, args=(memory.name, stop))
    readers = [context.Process(target=_read_full_speed, args=(memory.name, READS, results)) for _ in range(2)]
    try:
        writer.start()
        for reader in readers:
            reader.start()
        counts = [results.get(timeout=240) for _ in readers]
    finally:
        stop.set()
        for process in (writer, *readers):
            process.join(20)
            if process.is_alive():
                process.kill()
        memory.close()
        memory.unlink()
    assert sum(good for good, _, _ in counts) >= 2 * READS
    assert all(torn == 0 for _, torn, _ in counts)
    # The test means something only if frames changed under the readers.
    assert all(distinct >= 1000 for _, _, distinct in counts)


def test_a_checker_without_the_sequence_number_does_see_torn_frames() -> None:
    from tests.signals.tearing import is_torn

    frame = np.full(WORDS, 7, np.uint64)
    assert not is_torn(frame)
    frame[9] = 8
    assert is_torn(frame)


def test_newest_is_the_last_published_and_at_is_the_last_before_that_moment() -> None:
    bus = Bus.local()
    record = bus.control.record()
    assert bus.control.newest(record) == -1
    for k in range(10):
        bus.control.frame["stamp"] = float(k)
        bus.control.frame["scalars"][0, 0] = k * 10
        assert bus.control.publish() == k
    assert bus.control.newest(record) == 9 and record["scalars"][0, 0] == 90
    assert bus.control.at(4.5, record) == 4 and record["stamp"][0] == 4.0
    assert bus.control.at(4.0, record) == 4


def test_asked_for_a_moment_before_all_history_the_oldest_kept_frame_comes() -> None:
    bus = Bus.local()
    for k in range(40):  # the ring holds 16
        bus.control.frame["stamp"] = float(k)
        bus.control.publish()
    record = bus.control.record()
    number = bus.control.at(-1.0, record)
    assert 40 - 16 < number <= 40 - 14 and record["stamp"][0] == number


def test_an_overwritten_frame_is_refused() -> None:
    bus = Bus.local()
    for _ in range(40):
        bus.control.publish()
    assert not bus.control.read(3, bus.control.record())
    assert bus.control.read(39, bus.control.record())


def test_the_ring_of_sound_gives_back_what_was_written_until_it_is_overwritten() -> None:
    ring = AudioRing(np.zeros(64 + bus_module.RING_FRAMES * 8, np.uint8))
    noise = np.random.default_rng(1).standard_normal((bus_module.RING_FRAMES + 1000, 2)).astype(np.float32)
    for start in range(0, len(noise), 777):
        ring.write(noise[start:start + 777])
    out = np.zeros((500, 2), np.float32)
    assert ring.read(len(noise) - 500, out) and np.array_equal(out, noise[-500:])
    assert not ring.read(100, out)
    assert not ring.read(len(noise) - 100, out)


def test_mono_is_written_to_both_sides_of_the_ring() -> None:
    ring = AudioRing(np.zeros(64 + bus_module.RING_FRAMES * 8, np.uint8))
    ring.write(np.full((4, 1), 0.5, np.float32))
    out = np.zeros((4, 2), np.float32)
    assert ring.read(0, out) and (out == 0.5).all()


def test_attached_bus_sees_what_the_owner_wrote_and_nothing_is_left_behind() -> None:
    owner = Bus.create()
    name = owner.name
    attached = Bus.attach(name)
    attached.status["render"]["heartbeat_s"] = 3.0
    assert owner.status["render"]["heartbeat_s"] == 3.0
    owner.unlink()
    assert not (Path("/dev/shm") / name).exists()


def test_too_little_shared_memory_is_one_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    # A full /dev/shm cannot be had without filling the machine's: only the figure asked of the system is replaced.
    class Full:
        f_bavail, f_frsize = 1, 4096

    monkeypatch.setattr(bus_module.os, "statvfs", lambda path: Full)
    with pytest.raises(Pix2liveError, match="MiB of shared memory are needed"):
        Bus.create()


@pytest.mark.parametrize(("channels", "left", "right"), [(1, [0], [0]), (2, [0], [1]), (3, [0, 2], [1]),
                                                         (8, [0, 2, 4, 6], [1, 3, 5, 7])])
def test_the_ring_folds_all_channels_to_two_sides(channels: int, left: list[int], right: list[int]) -> None:
    ring = AudioRing(np.zeros(64 + bus_module.RING_FRAMES * 8, np.uint8))
    block = np.random.default_rng(0).standard_normal((64, channels)).astype(np.float32)
    ring.write(block)
    out = np.zeros((64, 2), np.float32)
    assert ring.read(0, out)
    np.testing.assert_allclose(out, np.stack([block[:, left].mean(1), block[:, right].mean(1)], 1), atol=1e-6)
