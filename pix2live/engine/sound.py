"""Where the audio engine's sound comes from and goes to: a sound card, a file, the demo tune, or a null clock."""

import os
from pathlib import Path
from typing import Protocol

import numpy as np

from pix2live.devices.audiofile import AudioFile
from pix2live.devices.bridge import Callback
from pix2live.devices.nullclock import NullClock
from pix2live.devices.remembered import Chosen, InUse, load_chosen, load_in_use, save_chosen, save_in_use
from pix2live.devices.soundcard import SoundCard
from pix2live.devices.soundlist import DeviceInfo, Lookout, find_again, find_device, list_devices
from pix2live.devices.soundwriter import SoundWriter
from pix2live.engine.options import Options
from pix2live.errors import DeviceError, Pix2liveError, UsageError
from pix2live.signals.bus import Bus
from pix2live.signals.clock import Clock
from pix2live.signals.status import Status

NULL_RATE = 48000
RATES = (44100, 48000, 88200, 96000)
RETRY_S = 1.0
MEASURE_S = 1.0


class Source(Protocol):
    """Something that is read block by block: fills ``out`` (frames, channels), returns the frames it gave."""

    channels: int

    def read(self, out: np.ndarray) -> int: ...


def looks_like_file(name: str) -> bool:
    """True where a device name given by a person is meant as a file."""
    path = Path(name)
    return path.exists() or path.suffix.lower() in {
        ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".aif", ".mp4", ".mkv", ".mov",
        ".webm", ".wma"} or "/" in name


def _demo_tune(rate: int) -> Source:
    from pix2live.devices.demo_tune import DemoTune

    return DemoTune(rate)


class OfflineSound:
    """The file twin: nothing is paced and nothing is lost; whoever steps the engine calls its callback."""

    latency_s = 0.0

    def __init__(self, options: Options) -> None:
        self.rate = NULL_RATE
        self.source: Source | None = None
        wanted = options.audio_in
        if wanted == "demo":
            self.source = _demo_tune(self.rate)
        elif wanted not in (None, "none"):
            self.source = AudioFile(Path(str(wanted)), self.rate)
        self.channels = self.source.channels if self.source else 1

    def start(self) -> None:
        """Nothing to start."""

    def step(self, now_s: float, bus: Bus) -> None:
        """Nothing to watch."""

    def tell(self, status: Status, now_s: float) -> None:
        """Nothing to tell."""

    def close(self, bus: Bus) -> None:
        """Let the file go."""
        if self.source is not None and hasattr(self.source, "close"):
            self.source.close()


class Sound:
    """The devices as opened. ``source`` is read in the callback instead of the card's input where it is not None.

    A device that dies is replaced by silence at once, the other one goes on, and it is taken back when it returns: by
    its name, never another one in its place. What is here is looked up in a process of its own meanwhile.

    Args:
        written: frames that an engine before this one has played already; it goes on with the same devices then.

    Attributes:
        rate: frames a second. channels: of what is heard. latency_s: of the output, as the device says.
    """

    def __init__(self, options: Options, clock: Clock, callback: Callback, notices: list[str],
                 written: int = 0) -> None:
        self._options, self._clock, self._callback, self._notices = options, clock, callback, notices
        self.source: Source | None = None
        self._writer: SoundWriter | None = None
        self._written, self._take_began = written, written > 0
        self._block = np.zeros((4096, 2), np.float32)
        self._started = False
        self._lost: set[str] = set()
        self._lookout, self._look_s, self._lost_s = Lookout(), 0.0, clock.now()
        self._measured_s = -1e9
        self._driver: SoundCard | NullClock
        self._told = ""
        self._picks: tuple[int, ...] = ()  # of the input's channels, from 1
        before = load_in_use(os.getppid()) if written else None
        if before is None:
            self._open()
        else:
            self._go_on(before)
        self.channels = self.source.channels if self.source else max(1, len(self._picks))
        self.latency_s = self._driver.out_latency_s

    # -- opening ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        options = self._options
        wanted_in, wanted_out = options.audio_in, options.audio_out
        devices = []
        if self._wants_card(wanted_in) or self._wants_card(wanted_out):
            try:
                devices = list_devices()
            except DeviceError:
                if wanted_in is not None or wanted_out is not None:
                    raise
        chosen, readable = self._chosen()
        self._in = self._choose(devices, "input", wanted_in, chosen.input)
        self._out = self._choose(devices, "output", wanted_out, chosen.output)
        channels = options.audio_channels
        if channels is None and wanted_in is None and self._in is not None and self._in.name == chosen.input:
            channels = chosen.channels or None
        if self._in is None and channels:
            raise UsageError("channels can be chosen only of a sound device", "--audio-channels",
                             "name one with --audio-in")
        if self._in is None and self._out is None:
            self.rate = NULL_RATE
            self._driver = NullClock(NULL_RATE, options.block, self._callback, self._clock.now)
        else:
            card = self._first_card(channels)
            self.rate, self._driver, self._picks = card.rate, card, tuple(pick + 1 for pick in card.picks)
            self._notices.append(self._in_words(card))
        self._open_source()
        self._open_writer()
        self._note(chosen, readable)

    def _go_on(self, before: InUse) -> None:
        """Begin with the devices of the engine before this one: those that are not here are waited for."""
        self._in, self._out, self.rate, self._picks = before.input, before.output, before.rate, before.channels
        self._driver = NullClock(self.rate, self._options.block, self._callback, self._clock.now)
        self._lost = {way for way, device in (("input", self._in), ("output", self._out)) if device is not None}
        if self._lost:
            try:
                devices = list_devices()
            except DeviceError:
                devices = []
            self._reopen(devices, start=False)
            if self._lost:
                self._say_lost(self._lost)
        self._open_source()
        self._open_writer()

    def _chosen(self) -> tuple[Chosen, bool]:
        try:
            return load_chosen(), True
        except Pix2liveError as error:
            self._notices.append(str(error))
            return Chosen(), False

    def _choose(self, devices: list[DeviceInfo], way: str, wanted: str | None, last: str) -> DeviceInfo | None:
        if wanted is not None:
            return find_device(devices, wanted, way) if self._wants_card(wanted) else None
        if not any(d.inputs if way == "input" else d.outputs for d in devices):
            return None
        if last:
            try:
                return find_device(devices, last, way)
            except DeviceError:
                self._notices.append(f"the sound {way} of last time is not here ({last}): taking the default")
        return find_device(devices, "default", way)

    def _first_card(self, channels: tuple[int, ...] | None) -> SoundCard:
        # ALSA's plugs of sound servers claim 44.1 kHz whatever those run at, and would resample; where 48 kHz is
        # refused the device's own rate is taken.
        known = next((d.rate for d in (self._out, self._in) if d is not None and d.rate_is_true), NULL_RATE)
        rate = int(known) if known in RATES else NULL_RATE
        block, clock = self._options.block, self._clock.now
        try:
            return SoundCard(self._in, self._out, rate, block, channels, callback=self._callback, clock=clock)
        except DeviceError:
            return SoundCard(self._in, self._out, None, block, channels, callback=self._callback, clock=clock)

    def _in_words(self, card: SoundCard) -> str:
        said = []
        if card.input is not None:
            numbers = ", ".join(map(str, self._picks))
            said.append(f"hears {card.input.name} (channel{'s' if len(self._picks) > 1 else ''} {numbers})")
        if card.output is not None:
            said.append(f"plays to {card.output.name}")
        return f"{' and '.join(said)} at {card.rate} Hz"

    def _note(self, last: Chosen, readable: bool) -> None:
        options = self._options
        now = last.after(options.audio_in, self._in, options.audio_channels, options.audio_out, self._out)
        try:
            save_in_use(InUse(os.getppid(), self._in, self._out, self.rate, self._picks))
            if readable and now != last:
                save_chosen(now)
        except Pix2liveError as error:
            self._notices.append(str(error))

    @staticmethod
    def _wants_card(name: str | None) -> bool:
        return name is None or not (name in ("none", "demo") or looks_like_file(name))

    def _open_source(self) -> None:
        wanted = self._options.audio_in
        if wanted is not None and wanted not in ("none", "demo") and looks_like_file(wanted):
            file = AudioFile(Path(wanted), self.rate, loop=True)
            file.start_prefetch()
            self.source = file
        elif wanted == "demo" or (wanted is None and self._in is None):
            self.source = _demo_tune(self.rate)
            if wanted is None:
                self._notices.append("no sound input was found: playing the built-in demo tune "
                                     "(choose another with --audio-in)")
        if self._out is None and self._options.audio_out is None:
            self._notices.append("no sound output was found: nothing will be heard, all else runs in time")

    def _open_writer(self) -> None:
        wanted = self._options.audio_out
        if wanted is not None and wanted != "none" and looks_like_file(wanted):
            # A take is never written over: after a restart the next one lies beside it.
            path, number = Path(wanted), 2
            while self._take_began and path.exists():
                path, number = Path(wanted).with_stem(f"{Path(wanted).stem} {number}"), number + 1
            self._writer = SoundWriter(path, self.rate, 2)

    def start(self) -> None:
        """Let the callback run."""
        self._driver.start()
        self._started = True

    def step(self, now_s: float, bus: Bus) -> None:
        """Write what was played to a file where one was asked for; watch the device and take it back when it returns.

        Main thread only.
        """
        if self._writer is not None:
            self._drain(bus)
        if not self._started:
            return
        self._watch(now_s)
        if self._lost:
            devices = self._lookout.seen(now_s)
            if devices is not None:
                # A device that stays away for hours is looked for less often: each look costs a process.
                self._look_s = now_s + min(max(RETRY_S, 0.1 * (now_s - self._lost_s)), 10.0 * RETRY_S)
                self._take_back(devices)
            elif now_s >= self._look_s:
                self._lookout.look(now_s)

    # -- lost and found ---------------------------------------------------------------------------------------

    def _watch(self, now_s: float) -> None:
        card = self._driver
        if not isinstance(card, SoundCard):
            return
        held = self._held(card)
        if not card.output_alive(now_s):
            lost, self._look_s = held, now_s
            self._drop(card)
        elif "input" in held and not card.input_alive(now_s):
            lost, self._look_s = {"input"}, now_s
            card.drop_input()
        else:
            return
        self._lost |= lost
        self._lost_s = now_s
        self._say_lost(lost)

    def _held(self, card: SoundCard) -> set[str]:
        ways = (("input", card.input), ("output", card.output))
        return {way for way, device in ways if device is not None} - self._lost

    def _drop(self, card: SoundCard) -> None:
        if not card.close():
            raise RuntimeError("the sound driver hangs")  # only a new process is rid of its thread
        # The null clock keeps features, synth and picture running at the same rate meanwhile.
        self._driver = NullClock(self.rate, card.block, self._callback, self._clock.now)
        self._driver.start()

    def _take_back(self, devices: list[DeviceInfo]) -> None:
        card = self._driver
        here = {way for way, device in (("input", self._in), ("output", self._out))
                if way in self._lost and device is not None and find_again(devices, device, way) is not None}
        if not here:
            return
        try:
            if isinstance(card, SoundCard) and here == {"input"} and card.can_reopen(devices):
                card.reopen_input()
                self._lost -= here
                self._notices.append(f"the sound device is back: {self._names(here)}")
                return
        except DeviceError as error:
            self._notices.append(str(error))
            return
        if isinstance(card, SoundCard):
            self._lost |= self._held(card)
            self._drop(card)
        self._reopen(devices, start=True)

    def _reopen(self, devices: list[DeviceInfo], start: bool) -> None:
        """Open what is here of the lost devices in place of the null clock, at the same rate and channels."""
        stand_in = self._driver
        ways = [(way, device) for way, device in (("input", self._in), ("output", self._out)) if way in self._lost]
        found = {way: find_again(devices, device, way) for way, device in ways if device is not None}
        into, out = found.get("input"), found.get("output")
        if into is None and out is None:
            return
        try:
            card = SoundCard(into, out, self.rate, self._options.block, self._picks if into else None,
                             callback=self._callback, clock=self._clock.now)
        except DeviceError as error:
            self._notices.append(str(error))
            return
        if start:
            stand_in.close()
            try:
                card.start()
            except DeviceError as error:
                self._notices.append(str(error))
                self._drop(card)
                return
        self._driver, self.latency_s = card, card.out_latency_s
        back = {way for way, device in found.items() if device is not None}
        self._lost -= back
        self._notices.append(f"the sound device is back: {self._names(back)}")

    def _names(self, ways: set[str]) -> str:
        named = (("input", self._in), ("output", self._out))
        return " and ".join(f"{way} {device.name}" for way, device in named if way in ways and device is not None)

    def _say_lost(self, ways: set[str]) -> None:
        self._notices.append(f"the sound device is gone: {self._names(ways)}; silence until it comes back, "
                             "no other is taken instead")

    def _drain(self, bus: Bus) -> None:
        assert self._writer is not None
        try:
            self._drain_to(self._writer, bus)
        except Pix2liveError as error:
            self._notices.append(str(error))
            self._writer = None

    def _drain_to(self, writer: SoundWriter, bus: Bus) -> None:
        while bus.sound_out.written - self._written >= len(self._block):
            if bus.sound_out.read(self._written, self._block):
                writer.write(self._block)
            self._written += len(self._block)

    def tell(self, status: Status, now_s: float) -> None:
        """Put counts, and once a second the times of the callback, into the engine's status."""
        meter = self._driver.meter
        for fault in (meter.last_error, str(getattr(self.source, "error", None) or "")):
            if fault and fault != self._told:
                self._told = fault
                self._notices.append(f"sound: {fault}")
        status["callbacks"], status["xruns"], status["errors"] = meter.callbacks, meter.xruns, meter.errors
        if now_s - self._measured_s < MEASURE_S:
            return
        self._measured_s = now_s
        compute, interval = meter.compute_s(), meter.interval_s()
        if len(compute) and len(interval):
            status["cpu_p50"], status["cpu_p99"] = np.percentile(meter.cpu_s(), (50, 99))
            status["compute_p50"], status["compute_p99"] = np.percentile(compute, (50, 99))
            status["interval_p50"], status["interval_p99"] = np.percentile(interval, (50, 99))
            status["load"] = status["compute_p50"] * self.rate / self._driver.block

    def close(self, bus: Bus) -> None:
        """Stop, let the devices go and finish the file. Never hangs."""
        self._lookout.close()
        self._driver.close()
        if self._writer is not None:
            self._drain(bus)
        if self._writer is not None:
            rest = bus.sound_out.written - self._written
            tail = self._block[:rest]
            if rest and bus.sound_out.read(self._written, tail):
                self._writer.write(tail)
            self._writer.finish()
        if self.source is not None and hasattr(self.source, "close"):
            self.source.close()
