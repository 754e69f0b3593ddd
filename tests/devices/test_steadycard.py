"""What is lost is waited for by name, what is left goes on, and all of it is said. On cards that obey."""

from typing import Any, ClassVar

import pytest

from pix2live.devices import steadycard
from pix2live.devices.nullclock import NullClock
from pix2live.devices.soundlist import DeviceInfo
from pix2live.devices.steadycard import SteadyCard
from pix2live.errors import DeviceError

MIC = DeviceInfo(0, "Mic: Audio (hw:1,0)", 2, 0, 48000.0, "ALSA", True, False)
OUT = DeviceInfo(1, "Out: Audio (hw:2,0)", 0, 2, 48000.0, "ALSA", False, True)
OTHER = DeviceInfo(2, "Other: Audio (hw:3,0)", 2, 2, 48000.0, "ALSA", False, False)


class Card:
    """A sound card of which a test decides what lives; ``busy`` names what does not open."""

    opened: ClassVar[list["Card"]] = []
    busy: ClassVar[set[str]] = set()
    out_latency_s = 0.01

    def __init__(self, into: Any, out: Any, rate: int, block: int, picks: Any, *, callback: Any, clock: Any) -> None:
        for device in (into, out):
            if device is not None and device.name in self.busy:
                raise DeviceError("is in use", device.name)
        self.input, self.output, self.rate, self.block, self.picks = into, out, rate, block, picks
        self.meter = object()
        self.lives = {"input": True, "output": True}
        self.spliced = into is not None and out is not None
        self.did: list[str] = []
        self.hangs = False
        Card.opened.append(self)

    def output_alive(self, now_s: float) -> bool:
        return self.lives["output"] if self.output else self.lives["input"]

    def input_alive(self, now_s: float) -> bool:
        return not self.spliced or self.lives["input"]

    def can_reopen(self, devices: list[DeviceInfo]) -> bool:
        return self.spliced and any(d.name == self.input.name for d in devices)

    def drop_input(self) -> None:
        self.did.append("drop")

    def reopen_input(self) -> None:
        if self.input.name in self.busy:
            raise DeviceError("is in use", self.input.name)
        self.did.append("reopen")
        self.lives["input"] = True

    def start(self) -> None:
        self.did.append("start")

    def close(self) -> bool:
        self.did.append("close")
        return not self.hangs


class Eyes:
    """A lookout that sees at once what a test says is there."""

    here: ClassVar[list[DeviceInfo]] = []
    looks = 0

    def __init__(self) -> None:
        self.looking = False

    def look(self, now_s: float) -> None:
        self.looking = True
        Eyes.looks += 1

    def seen(self, now_s: float) -> list[DeviceInfo] | None:
        looking, self.looking = self.looking, False
        return list(Eyes.here) if looking else None

    def close(self) -> None: ...


class World:
    def __init__(self, into: DeviceInfo | None = MIC, out: DeviceInfo | None = OUT, opened: bool = True) -> None:
        self.now, self.said = 100.0, []  # type: float, list[str]
        made: Any = {"callback": None, "clock": None}
        card = Card(into, out, 48000, 256, (1, 2), **made) if opened else None
        self.steady = SteadyCard(into, out, 48000, 256, (1, 2), lambda *_: None, lambda: self.now, self.said,
                                 card)  # type: ignore[arg-type]
        self.steady.start()

    def go(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            self.steady.step(self.now)

    @property
    def driver(self) -> Any:
        return self.steady._driver


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(steadycard, "SoundCard", Card)
    monkeypatch.setattr(steadycard, "Lookout", Eyes)
    monkeypatch.setattr(steadycard, "list_devices", lambda: Eyes.here)
    Card.opened, Card.busy, Eyes.here, Eyes.looks = [], set(), [MIC, OUT, OTHER], 0
    yield
    for world in WORLDS:
        world.steady.close()
    WORLDS.clear()


WORLDS: list[World] = []


def world(**more: Any) -> World:
    WORLDS.append(World(**more))
    return WORLDS[-1]


def test_a_card_that_lives_is_left_alone() -> None:
    w = world()
    w.go(30.0)
    assert w.said == [] and len(Card.opened) == 1 and Eyes.looks == 0 and w.driver.did == ["start"]


def test_a_lost_input_is_dropped_and_heard_again_while_the_output_is_never_touched() -> None:
    w = world()
    card, Eyes.here = w.driver, [OUT, OTHER]
    card.lives["input"] = False
    w.go(5.0)
    assert w.driver is card and card.did == ["start", "drop"]
    Eyes.here = [OTHER, OUT, MIC]
    w.go(2.0)
    assert card.did == ["start", "drop", "reopen"] and len(Card.opened) == 1
    assert [line[:35] for line in w.said] == [f"the sound device is {what}: input Mic" for what in ("gone", "back")]


def test_an_input_under_another_card_number_is_taken_back_by_opening_both_anew() -> None:
    w = world()
    w.driver.lives["input"] = False
    moved = DeviceInfo(9, "Mic: Audio (hw:7,0)", 2, 0, 48000.0, "ALSA", True, False)
    Eyes.here = [OUT, moved]
    w.go(3.0)
    assert Card.opened[0].did == ["start", "drop", "close"] and Card.opened[1].did == ["start"]
    assert (Card.opened[1].input.name, Card.opened[1].output) == (MIC.name, OUT) and w.driver is Card.opened[1]


def test_when_the_output_dies_the_input_is_opened_again_at_once_and_alone() -> None:
    w = world()
    w.driver.lives["output"], Eyes.here = False, [MIC, OTHER]
    w.go(1.0)
    assert (w.driver.input, w.driver.output) == (MIC, None) and w.driver.picks == (1, 2)
    Eyes.here = [OTHER, OUT, MIC]
    w.go(2.0)
    assert (w.driver.input, w.driver.output) == (MIC, OUT)
    assert OTHER not in [device for card in Card.opened for device in (card.input, card.output)]


def test_when_all_is_lost_a_null_clock_stands_in_until_it_is_back() -> None:
    w = world()
    w.driver.lives["output"], Eyes.here = False, [OTHER]
    w.go(3.0)
    assert isinstance(w.driver, NullClock) and w.driver.alive(w.driver._clock()) and Card.opened[0].did[-1] == "close"
    assert len(w.said) == 1 and MIC.name in w.said[0] and OUT.name in w.said[0]
    Eyes.here = [OUT]
    w.go(2.0)
    assert (w.driver.input, w.driver.output, w.driver.picks) == (None, OUT, None)
    Eyes.here = [OUT, MIC]
    w.go(2.0)
    assert (w.driver.input, w.driver.output) == (MIC, OUT) and w.driver.rate == 48000


def test_what_is_busy_does_not_keep_the_other_silent_and_is_tried_less_often() -> None:
    w = world()
    w.driver.lives["output"] = False
    Card.busy = {MIC.name}
    w.go(1.0)
    assert (w.driver.input, w.driver.output) == (None, OUT) and any("in use" in line for line in w.said)
    tries = len(Card.opened)
    w.go(8.0)
    assert len(Card.opened) == tries  # each try would make a pause in what is played
    w.go(12.0)
    assert tries < len(Card.opened) <= tries + 2
    Card.busy = set()
    w.go(12.0)
    assert (w.driver.input, w.driver.output) == (MIC, OUT)


def test_an_input_that_does_not_open_yet_leaves_the_output_alone() -> None:
    w = world()
    card = w.driver
    card.lives["input"], Card.busy = False, {MIC.name}
    w.go(4.0)
    assert w.driver is card and "close" not in card.did and any("in use" in line for line in w.said)
    Card.busy = set()
    w.go(2.0)
    assert card.did[-1] == "reopen"


def test_a_device_that_stays_away_is_looked_for_ever_less_often_but_for_good() -> None:
    w = world()
    w.driver.lives["output"], Eyes.here = False, []
    w.go(10.0)
    first = Eyes.looks
    w.go(600.0)
    assert 6 <= first <= 12 and 50 <= Eyes.looks - first <= 80
    Eyes.here = [MIC, OUT]
    w.go(12.0)
    assert isinstance(w.driver, Card)


def test_a_driver_that_hangs_ends_the_process_by_an_error() -> None:
    w = world()
    w.driver.lives["output"], w.driver.hangs = False, True
    with pytest.raises(RuntimeError, match="hangs"):
        w.go(1.0)


@pytest.mark.parametrize("why", ["away", "busy"])
def test_begun_without_its_devices_it_says_so_and_waits(why: str) -> None:
    if why == "away":
        Eyes.here = [OTHER]
    else:
        Card.busy = {MIC.name, OUT.name}
    w = world(opened=False)
    assert isinstance(w.driver, NullClock) and "is gone: input Mic" in w.said[-1]
    assert len(w.said) == 1 or why == "busy"
    Card.busy, Eyes.here = set(), [OUT, OTHER, MIC]
    w.go(2.0 if why == "away" else 12.0)
    assert (w.driver.input, w.driver.output) == (MIC, OUT)


def test_begun_with_all_its_devices_here_it_says_nothing() -> None:
    w = world(opened=False)
    assert (w.driver.input, w.driver.output) == (MIC, OUT) and w.said == []


def test_with_no_device_wanted_nothing_is_ever_looked_for() -> None:
    w = world(into=None, out=None, opened=False)
    w.go(20.0)
    assert isinstance(w.driver, NullClock) and Eyes.looks == 0 and w.said == []
