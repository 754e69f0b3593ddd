"""Where the audio engine's sound comes from and goes to: a sound card, a file, the demo tune, or a null clock."""

from pathlib import Path
from typing import Protocol

import numpy as np

from pix2live.devices.audiofile import AudioFile
from pix2live.devices.bridge import Callback
from pix2live.devices.nullclock import NullClock
from pix2live.devices.soundcard import SoundCard, list_devices
from pix2live.devices.soundwriter import SoundWriter
from pix2live.engine.options import Options
from pix2live.errors import DeviceError, Pix2liveError
from pix2live.signals.bus import Bus
from pix2live.signals.clock import Clock
from pix2live.signals.status import Status

NULL_RATE = 48000
RETRY_S = 2.0
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

    Args:
        written: frames that an engine before this one has played already.

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
        self._lost_s = -1.0
        self._measured_s = -1e9
        self._driver: SoundCard | NullClock
        self._told = ""
        self._open(first=True)
        self._had = (self._driver.in_channels, bool(self._driver.out_channels))

    def _open(self, first: bool) -> None:
        options = self._options
        wanted_in, wanted_out = options.audio_in, options.audio_out
        devices = []
        if self._wants_card(wanted_in) or self._wants_card(wanted_out):
            try:
                devices = list_devices()
            except DeviceError:
                if wanted_in is not None or wanted_out is not None:
                    raise
        card_in = wanted_in if self._wants_card(wanted_in) else None
        card_out = wanted_out if self._wants_card(wanted_out) else None
        if wanted_in is None and any(d.inputs for d in devices):
            card_in = "default"
        if wanted_out is None and any(d.outputs for d in devices):
            card_out = "default"
        if card_in is None and card_out is None:
            self.rate, self._driver = NULL_RATE, NullClock(NULL_RATE, options.block, self._callback, self._clock.now)
        else:
            card = self._open_card(card_in, card_out)
            self.rate, self._driver = card.rate, card
        if first:
            self._open_source(card_in, card_out)
            self._open_writer()
        self.channels = self.source.channels if self.source else max(1, self._driver.in_channels)
        self.latency_s = self._driver.out_latency_s

    def _open_card(self, card_in: str | None, card_out: str | None) -> SoundCard:
        # Sound servers claim 44.1 kHz whatever they run at, and would resample; where 48 kHz is refused the device's
        # own rate is taken.
        block, clock = self._options.block, self._clock.now
        try:
            return SoundCard(card_in, card_out, NULL_RATE, block, callback=self._callback, clock=clock)
        except DeviceError:
            return SoundCard(card_in, card_out, None, block, callback=self._callback, clock=clock)

    @staticmethod
    def _wants_card(name: str | None) -> bool:
        return name is None or not (name in ("none", "demo") or looks_like_file(name))

    def _open_source(self, card_in: str | None, card_out: str | None) -> None:
        wanted = self._options.audio_in
        if wanted is not None and wanted not in ("none", "demo") and looks_like_file(wanted):
            file = AudioFile(Path(wanted), self.rate, loop=True)
            file.start_prefetch()
            self.source = file
        elif wanted == "demo" or (wanted is None and card_in is None):
            self.source = _demo_tune(self.rate)
            if wanted is None:
                self._notices.append("no sound input was found: playing the built-in demo tune "
                                     "(choose another with --audio-in)")
        if card_out is None and self._options.audio_out is None:
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
        if self._lost_s < 0.0:
            if not self._driver.alive(now_s):
                self._lost_s = now_s
                if not self._driver.close():
                    raise RuntimeError("the sound driver hangs")  # only a new process is rid of its thread
                self._notices.append("the sound device is gone: silence until it comes back")
                self._stand_in()
        elif now_s - self._lost_s >= RETRY_S:
            self._lost_s = now_s
            self._try_again()

    def _stand_in(self) -> None:
        # The null clock keeps features, synth and picture running at the same rate meanwhile.
        self._driver = NullClock(self.rate, self._options.block, self._callback, self._clock.now)
        self._driver.start()

    def _try_again(self) -> None:
        stand_in, rate, channels = self._driver, self.rate, self.channels
        try:
            self._open(first=False)
        except Pix2liveError:
            self._driver, self.rate, self.channels = stand_in, rate, channels
            return
        card = self._driver
        self.channels = channels
        same = (card.in_channels, bool(card.out_channels)) == self._had and card.rate == rate
        if not isinstance(card, SoundCard) or not same:
            card.close()
            self._driver, self.rate = stand_in, rate
            return
        stand_in.close()
        try:
            card.start()
        except Pix2liveError:
            card.close()
            self._stand_in()
            return
        self._lost_s = -1.0
        self._notices.append("the sound device is back")

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
            status["load"] = status["compute_p50"] * self.rate / self._options.block

    def close(self, bus: Bus) -> None:
        """Stop, let the devices go and finish the file. Never hangs."""
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
