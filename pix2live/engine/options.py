"""What a person asked for on the command line, as plain data that every engine understands."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``None`` means "not said": the engine chooses and says what it chose.

    audio_in: device name or index, ``default``, ``monitor``, file, ``demo`` or ``none``. audio_out: device, file or
    ``none``. audio_channels: which of the input's channels are heard, from 1, in this order.
    camera: index, device, file, folder, URL or ``none``. size: width, height in pixels of the picture.
    midi_out: where the notes that are played go: part of a port's name, ``virtual`` or ``none``.
    overrides: base values of params (by scalar id) that win over the preset's.
    """

    preset: str | None = None
    audio_in: str | None = None
    audio_out: str | None = None
    audio_channels: tuple[int, ...] | None = None
    camera: str | None = None
    size: tuple[int, int] | None = None
    fps: float = 60.0
    fullscreen: bool = False
    monitor: int = 0
    headless: bool = False
    offline: bool = False
    block: int = 256
    seed: int = 1
    midi_out: str | None = None
    overrides: tuple[tuple[str, float], ...] = ()
