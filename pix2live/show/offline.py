"""The offline show: the very same engines, stepped in one process by a manual clock and fed by the file twins.

Sound advances block by block; perception steps every other block; a frame is drawn when its time has passed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pix2live.devices.audiofile import AudioFile
from pix2live.devices.recorder import Recorder
from pix2live.engine.audio import AudioEngine
from pix2live.engine.desk import DeskEngine
from pix2live.engine.options import Options
from pix2live.engine.perception import PerceptionEngine
from pix2live.engine.render import RenderEngine
from pix2live.errors import UsageError
from pix2live.patch.patch import read_patch
from pix2live.signals.bus import Bus
from pix2live.signals.clock import ManualClock
from pix2live.signals.spec import ParamSpec

BLOCK = 256
PERCEPTION_EVERY = 2
# The show begins at this reading of the manual clock, so that a frame is never asked for before the first sound.
BEGIN_S = 1.0

Progress = Callable[[float], None]


class OfflineShow:
    """The engines on a bus of their own, in this process.

    Args:
        options: devices as files; ``offline`` is set here.
        picture: whether frames are drawn. see: whether a camera (or its file twin) is looked at.

    ``blocks`` steps everything. Deterministic: the same options give the same blocks and frames.
    """

    def __init__(self, options: Options, picture: bool = True, see: bool = True) -> None:
        options = replace(options, offline=True, headless=True, size=options.size or (1280, 720))
        self.options = options
        self.bus, self.clock = Bus.local(), ManualClock(BEGIN_S)
        self.bus.status["parent"]["first_s"] = BEGIN_S
        self.desk = DeskEngine(self.bus, self.clock, options)
        self.audio = AudioEngine(self.bus, self.clock, options)
        self.perception = PerceptionEngine(self.bus, self.clock, options) if see else None
        self.render = RenderEngine(self.bus, self.clock, options) if picture else None
        self.notices: list[str] = []

    def open(self) -> None:
        """Open every engine: devices are files. Raises the errors of each.

        The first time on a machine this compiles the kernels, which takes about a minute and is said.
        """
        self.desk.open()
        from pix2live.engine import warm  # noqa: F401
        if self.perception is not None:
            self.perception.open()
        self.audio.open()
        if self.render is not None:
            self.render.open()
        self._gather()

    def blocks(self, seconds: float) -> Iterator[tuple[float, np.ndarray, list[np.ndarray]]]:
        """Step through ``seconds``: yields ``(time_s, sound (256, 2), frames drawn since the last block)``.

        The arrays are reused by the next step.
        """
        rate, out = self.audio.rate, np.zeros((BLOCK, 2), np.float32)
        drawn = 0
        for number in range(-(-round(seconds * rate) // BLOCK)):
            now_s = BEGIN_S + number * BLOCK / rate
            self.clock.set(now_s)
            self.desk.step(now_s)
            if self.perception is not None and number % PERCEPTION_EVERY == 0:
                self.perception.step(now_s)
            self.audio.step(now_s)
            self.audio.callback(None, out, now_s)
            frames = []
            end_s = now_s + BLOCK / rate
            while self.render is not None and BEGIN_S + drawn / self.options.fps < end_s and (
                    drawn < round(seconds * self.options.fps)):
                self.render.draw(BEGIN_S + drawn / self.options.fps)
                frames.append(self.render.picture())
                drawn += 1
            self._gather()
            yield now_s - BEGIN_S, out, frames

    def params(self) -> list[tuple[ParamSpec, float]]:
        """Every param with its base value as it is now, before any route."""
        patch, record = read_patch(self.bus), self.bus.params.record()
        self.bus.params.newest(record)
        return list(zip(patch.table.specs, map(float, record["values"][0]), strict=False)) if patch else []

    def _gather(self) -> None:
        for engine in (self.desk, self.audio, self.perception, self.render):
            if engine is not None:
                self.notices += engine.notices
                engine.notices.clear()

    def close(self) -> None:
        """Close every engine."""
        for engine in (self.render, self.audio, self.perception, self.desk):
            if engine is not None:
                engine.close()


def render(options: Options, output: Path, seconds: float | None, progress: Progress) -> list[str]:
    """A film of ``options.audio_in``: H.264 and AAC at ``output``. Returns notices.

    Without a camera the synth rests, and the sound is the sound file's own. ``progress`` gets 0..1.
    Raises FileError, PresetError, ShaderError, DeviceError; nothing half-written is left.
    """
    if options.camera in (None, "none"):
        options = replace(options, overrides=(*options.overrides, ("synth.mute", 1.0)))
    seconds = sound_length(options, seconds)
    assert options.size is not None
    recorder = Recorder(output, options.size, options.fps, 48000)
    try:
        show = OfflineShow(options)
        show.open()
        try:
            skip = show.audio.latency_frames
            # The limiter looks ahead; so much later the sound would come out.
            for time_s, sound, frames in show.blocks(seconds + skip / show.audio.rate):
                for frame in frames:
                    recorder.picture(frame)
                kept = sound[min(skip, len(sound)):]
                skip -= len(sound) - len(kept)
                recorder.sound(kept)
                progress(min(1.0, time_s / seconds))
        finally:
            show.close()
        recorder.finish()
    except BaseException:
        recorder.abort()
        raise
    progress(1.0)
    return show.notices


def sound_length(options: Options, seconds: float | None) -> float:
    """Seconds of ``options.audio_in``, or ``seconds`` if fewer. Raises FileError; UsageError where it has no end."""
    wanted = options.audio_in
    if wanted in (None, "none", "demo"):
        if seconds is None:
            raise UsageError("how long is not known", "--seconds", "give a sound file or --seconds")
        return seconds
    file = AudioFile(Path(str(wanted)), 48000)
    try:
        length_s = file.duration_s
    finally:
        file.close()
    return min(length_s, seconds) if seconds else length_s
