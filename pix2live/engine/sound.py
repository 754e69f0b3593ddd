"""Where the audio engine's sound comes from and goes to: a sound card, a file, the demo tune, or a null clock."""

import multiprocessing
import os
from pathlib import Path
from typing import Protocol

import numpy as np

from pix2live.devices.audiofile import AudioFile
from pix2live.devices.bridge import Callback
from pix2live.devices.remembered import Chosen, InUse, load_chosen, load_in_use, save_chosen, save_in_use
from pix2live.devices.soundcard import SoundCard
from pix2live.devices.soundlist import DeviceInfo, find_device, list_devices
from pix2live.devices.soundwriter import SoundWriter
from pix2live.devices.steadycard import SteadyCard
from pix2live.engine.options import Options
from pix2live.errors import DeviceError, Pix2liveError, UsageError
from pix2live.signals.bus import Bus
from pix2live.signals.clock import Clock
from pix2live.signals.status import Status

NULL_RATE = 48000
RATES = (44100, 48000, 88200, 96000)
MEASURE_S = 1.0


class Source(Protocol):
    """Something that is read block by block: fills ``out`` (frames, channels), returns the frames it gave."""

    channels: int

    def read(self, out: np.ndarray) -> int: ...


def looks_like_file(name: str) -> bool:
    """True where a device name given by a person is meant as a file."""
    path = Path(name)
    return path.is_file() or path.suffix.lower() in {
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


def _quiet_for_good() -> None:
    # PortAudio and ALSA write lines of their own from their threads when a stream dies. All that this engine has to say
    # goes through its notices.
    if multiprocessing.parent_process() is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)


class Sound:
    """The devices as opened. ``source`` is read in the callback instead of the card's input where it is not None.

    What a person chose by name is remembered and taken again another day; a device that dies is waited for
    (``SteadyCard``).

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
        self._measured_s = -1e9
        self._told = ""
        self._picks: tuple[int, ...] = ()  # of the input's channels, from 1
        before = load_in_use(os.getppid()) if written else None
        if before is None:
            self._open()
        else:
            self._go_on(before)
        self.channels = self.source.channels if self.source else max(1, len(self._picks))
        self.latency_s = self._card.out_latency_s

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
        self._in, again = self._choose(devices, "input", wanted_in, chosen.input)
        self._out, _ = self._choose(devices, "output", wanted_out, chosen.output)
        channels = options.audio_channels
        if channels is None and again and self._in is not None and chosen.channels:
            if max(chosen.channels) <= self._in.inputs:
                channels = chosen.channels
            else:
                self._notices.append(f"{self._in.name} has no channel {max(chosen.channels)} as last time: hearing all")
        if self._in is None and channels:
            raise UsageError("channels can be chosen only of a sound device", "--audio-channels",
                             "name one with --audio-in")
        self.rate, card = NULL_RATE, None
        if self._in is not None or self._out is not None:
            card = self._first_card(channels)
            self.rate, self._picks = card.rate, tuple(pick + 1 for pick in card.picks)
            self._notices.append(self._in_words(card))
        self._card = self._steady(card)
        self._open_source()
        self._open_writer()
        self._note(chosen, readable)

    def _go_on(self, before: InUse) -> None:
        """Begin with the devices of the engine before this one: those that are not here are waited for."""
        self._in, self._out, self.rate, self._picks = before.input, before.output, before.rate, before.channels
        self._card = self._steady(None)
        self._open_source()
        self._open_writer()

    def _steady(self, card: SoundCard | None) -> SteadyCard:
        return SteadyCard(self._in, self._out, self.rate, self._options.block, self._picks, self._callback,
                          self._clock.now, self._notices, card)

    def _chosen(self) -> tuple[Chosen, bool]:
        try:
            return load_chosen(), True
        except Pix2liveError as error:
            self._notices.append(str(error))
            return Chosen(), False

    def _choose(self, devices: list[DeviceInfo], way: str, wanted: str | None,
                last: str) -> tuple[DeviceInfo | None, bool]:
        """The device of one way, or None; and whether it is that of last time."""
        if wanted is not None:
            return find_device(devices, wanted, way) if self._wants_card(wanted) else None, False
        if not any(d.inputs if way == "input" else d.outputs for d in devices):
            return None, False
        if last:
            try:
                return find_device(devices, last, way), True
            except DeviceError:
                self._notices.append(f"the sound {way} of last time is not here ({last}): taking the default")
        return find_device(devices, "default", way), False

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
        _quiet_for_good()
        self._card.start()

    def step(self, now_s: float, bus: Bus) -> None:
        """Write what was played to a file where one was asked for; watch the device and take it back when it returns.

        Main thread only.
        """
        if self._writer is not None:
            self._drain(bus)
        self._card.step(now_s)
        self.latency_s = self._card.out_latency_s

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
        meter = self._card.meter
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
            status["load"] = status["compute_p50"] * self.rate / self._card.block

    def close(self, bus: Bus) -> None:
        """Stop, let the devices go and finish the file. Never hangs."""
        self._card.close()
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
