"""A sound card that never stops: what dies is silence at once, and is taken back when it returns."""

import contextlib
from collections.abc import Callable

from pix2live.devices.bridge import Callback
from pix2live.devices.meter import CallbackMeter
from pix2live.devices.nullclock import NullClock
from pix2live.devices.soundcard import SoundCard
from pix2live.devices.soundlist import DeviceInfo, Lookout, find_again, list_devices
from pix2live.errors import DeviceError

RETRY_S, RETRY_MOST_S, FAILED_S = 1.0, 10.0, 10.0


class SteadyCard:
    """A ``SoundCard`` whose devices may go and come back; a ``NullClock`` stands in where nothing is left of it.

    A lost device is silence while the other one goes on. It is looked for in a process of its own, by its name, and
    never is another taken in its place; all of it is said. An input that comes back where it was is heard again with no
    break in what is played; in any other case both are opened anew, which takes a moment.

    Args:
        into, out: the devices, None for none of that way. rate, block: as for ``SoundCard``, for good.
        picks: channels of the input, the first is 1. callback, clock: as for ``SoundCard``.
        notices: takes a line for each loss and each return.
        card: as it was opened from these; None: what is here of them is opened now, and the rest waited for.

    All methods run in one thread.
    """

    def __init__(self, into: DeviceInfo | None, out: DeviceInfo | None, rate: int, block: int, picks: tuple[int, ...],
                 callback: Callback, clock: Callable[[], float], notices: list[str], card: SoundCard | None) -> None:
        self._wanted = {way: device for way, device in (("input", into), ("output", out)) if device is not None}
        self._rate, self._asked, self._picks = rate, block, picks
        self._callback, self._clock, self._notices = callback, clock, notices
        self._lookout, self._look_s, self._lost_s = Lookout(), 0.0, clock()
        self._started = False
        self._lost: set[str] = set()
        self._driver: SoundCard | NullClock = card or self._null_clock()
        if card is None and self._wanted:
            self._lost = set(self._wanted)
            with contextlib.suppress(DeviceError):
                self._take_back(list_devices())
            if self._lost:
                self._say_lost(self._lost)

    @property
    def meter(self) -> CallbackMeter:
        """Counts and times of the callback since a device was last lost or found."""
        return self._driver.meter

    @property
    def block(self) -> int:
        """Frames asked for at a time."""
        return self._driver.block

    @property
    def out_latency_s(self) -> float:
        """What PortAudio says of the output now."""
        return self._driver.out_latency_s

    def start(self) -> None:
        """Let the callback run. Raises DeviceError."""
        self._driver.start()
        self._started = True

    def close(self) -> None:
        """Stop and let the devices go. Never hangs."""
        self._lookout.close()
        self._driver.close()

    def step(self, now_s: float) -> None:
        """Notice what died, look for it, take it back. Often; a driver that hangs makes it wait for 2 s.

        Raises RuntimeError: the driver hangs for good, and only a new process is rid of its thread.
        """
        if not self._started:
            return
        self._watch(now_s)
        if not self._lost:
            return
        devices = self._lookout.seen(now_s)
        if devices is not None:
            # A device that stays away for hours is looked for less often: each look costs a process.
            self._look_s = now_s + min(max(RETRY_S, 0.1 * (now_s - self._lost_s)), RETRY_MOST_S)
            self._take_back(devices)
        elif now_s >= self._look_s:
            self._lookout.look(now_s)

    def _watch(self, now_s: float) -> None:
        card = self._driver
        if not isinstance(card, SoundCard):
            return
        lost = self._held(card)
        if not card.output_alive(now_s):
            self._drop(card)
        elif "input" in lost and not card.input_alive(now_s):
            lost = {"input"}
            card.drop_input()
        else:
            return
        self._lost |= lost
        self._lost_s = self._look_s = now_s
        self._say_lost(lost)

    def _held(self, card: SoundCard) -> set[str]:
        ways = (("input", card.input), ("output", card.output))
        return {way for way, device in ways if device is not None} - self._lost

    def _drop(self, card: SoundCard) -> None:
        if not card.close():
            raise RuntimeError("the sound driver hangs")
        # It keeps features, synth and picture running at the same rate meanwhile.
        self._driver = self._null_clock()
        self._driver.start()

    def _null_clock(self) -> NullClock:
        return NullClock(self._rate, self._asked * max(1, round(self._rate / 48000)), self._callback, self._clock)

    def _take_back(self, devices: list[DeviceInfo]) -> None:
        card = self._driver
        here = {way for way in self._lost if find_again(devices, self._wanted[way], way) is not None}
        if not here:
            return
        if isinstance(card, SoundCard) and here == {"input"} and card.can_reopen(devices):
            try:
                card.reopen_input()
            except DeviceError as error:
                self._notices.append(str(error))
                return
            self._found(here)
            return
        if isinstance(card, SoundCard):
            here |= self._held(card)
            self._lost |= here
            self._drop(card)
        self._reopen(*(self._wanted.get(way) if way in here else None for way in ("input", "output")))

    def _reopen(self, into: DeviceInfo | None, out: DeviceInfo | None) -> None:
        """Open what will of these in place of the null clock; say what will not."""
        for each_in, each_out in dict.fromkeys(((into, out), (None, out), (into, None))):
            if each_in is None and each_out is None:
                continue
            try:
                card = SoundCard(each_in, each_out, self._rate, self._asked, self._picks if each_in else None,
                                 callback=self._callback, clock=self._clock)
                if self._started:
                    self._driver.close()
                    self._start_or_drop(card)
                self._driver = card
                self._found({way for way in ("input", "output") if getattr(card, way) is not None})
                return
            except DeviceError as error:
                self._notices.append(str(error))
                # Each try makes a pause in what plays.
                self._look_s = self._clock() + FAILED_S

    def _start_or_drop(self, card: SoundCard) -> None:
        try:
            card.start()
        except DeviceError:
            self._drop(card)
            raise

    def _found(self, ways: set[str]) -> None:
        self._lost -= ways
        if not self._started:
            return  # what was here from the beginning was never missed
        self._notices.append(f"the sound device is back: {self._names(ways)}")

    def _say_lost(self, ways: set[str]) -> None:
        self._notices.append(f"the sound device is gone: {self._names(ways)}; silence until it comes back, "
                             "no other is taken instead")

    def _names(self, ways: set[str]) -> str:
        return " and ".join(f"{way} {device.name}" for way, device in self._wanted.items() if way in ways)
