from pix2live.signals.bus import Bus
from pix2live.signals.commands import SLOTS


def test_commands_arrive_once_and_in_order() -> None:
    queue = Bus.local().queues["parent>desk"]
    for n in range(10):
        assert queue.put({"do": "x", "n": n})
    assert [c["n"] for c in queue.drain()] == list(range(10))
    assert queue.drain() == []


def test_a_full_queue_drops_and_counts_and_goes_on() -> None:
    queue = Bus.local().queues["render>desk"]
    for n in range(SLOTS + 5):
        assert queue.put({"n": n}) == (n < SLOTS)
    assert queue.dropped == 5
    assert len(queue.drain()) == SLOTS
    assert queue.put({"n": 99}) and queue.drain() == [{"n": 99}]


def test_a_command_too_long_for_a_slot_is_dropped_and_counted() -> None:
    queue = Bus.local().queues["desk>audio"]
    assert not queue.put({"text": "x" * 4000})
    assert queue.dropped == 1 and queue.drain() == []


def test_names_in_any_language_pass() -> None:
    queue = Bus.local().queues["desk>render"]
    queue.put({"name": "Glühwürmchen 光"})
    assert queue.drain() == [{"name": "Glühwürmchen 光"}]


def test_a_command_whose_bytes_are_not_whole_yet_waits() -> None:
    queue = Bus.local().queues["desk>render"]
    queue.put({"n": 1})
    queue._slots[0, 20] ^= 255
    assert queue.drain() == []
    queue._slots[0, 20] ^= 255
    assert queue.drain() == [{"n": 1}]
