"""Takes of sound alone: WAV or FLAC, 24 bits."""

import contextlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pix2live.atomic import Beside, write_error
from pix2live.errors import FileError, UsageError

SUFFIXES = (".wav", ".flac")
TAGS = ("title", "software", "comment")
_WAV_BYTES = 4_290_000_000  # a WAV counts its bytes in 32 bits


def most_seconds(path: str | Path, sample_rate: int, channels: int) -> float:
    """How long a file of this suffix can be."""
    return _WAV_BYTES / (3 * channels * sample_rate) if Path(path).suffix.lower() == ".wav" else math.inf


class SoundWriter:
    """Writes sound beside its place and renames it when it is finished.

    Args:
        path: ``.wav`` or ``.flac``; its folder must be there. sample_rate: Hz. channels: 1..8.
        tags: what the file says of itself: any of ``TAGS`` (LIST/INFO in WAV, Vorbis comments in FLAC).

    Raises:
        UsageError: rate or channels make no sound file. FileError: the place cannot be written; at any call.
    """

    def __init__(self, path: str | Path, sample_rate: int, channels: int = 2,
                 tags: Mapping[str, str] | None = None) -> None:
        if not 1 <= channels <= 8:
            raise UsageError(f"a sound file cannot have {channels} channels", "channels", "give 1 to 8")
        if not 1000 <= sample_rate <= 655350:
            raise UsageError(f"a sound file cannot have a rate of {sample_rate} Hz", "sample rate",
                             "give 44100 or 48000")
        self._beside = Beside(path, SUFFIXES)
        self._channels = channels
        self._left = _WAV_BYTES // (3 * channels) if self._beside.path.suffix.lower() == ".wav" else 1 << 62
        self._file: Any = None
        try:
            self._file = soundfile.SoundFile(self._beside.part, "w", sample_rate, channels, "PCM_24")
            for name, text in (tags or {}).items():
                setattr(self._file, name, text)
        except (OSError, RuntimeError, ValueError) as error:
            self.abort()
            raise write_error(self._beside.path, error) from error

    def write(self, block: np.ndarray) -> None:
        """Append float32 (frames, channels) in -1..1, any length; NaN and Inf become 0, what is beyond is clipped."""
        if self._file is None:
            raise ValueError("this take has ended")
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise ValueError(f"sound is (frames, {self._channels}), not {block.shape}")
        self._left -= len(block)
        if self._left < 0:
            kept = self.finish()
            raise FileError("a WAV file ends at 4 GB; what came before is kept", str(kept), "write FLAC")
        try:
            self._file.write(np.clip(np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0))
        except (OSError, RuntimeError) as error:
            said = write_error(self._beside.path, error)  # before the place is free again
            self.abort()
            raise said from error

    def finish(self) -> Path:
        """Put the sound in its place and return that. Raises FileError, leaving nothing behind."""
        if self._file is None:
            raise ValueError("this take has ended")
        file, self._file = self._file, None
        try:
            file.close()
        except (OSError, RuntimeError) as error:
            said = write_error(self._beside.path, error)
            self._beside.discard()
            raise said from error
        self._beside.commit()
        return self._beside.path

    def abort(self) -> None:
        """Give the take up and leave nothing behind. Does nothing once it has ended."""
        if self._file is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._file.close()
            self._file = None
        self._beside.discard()


def write_sound(path: str | Path, sound: np.ndarray, sample_rate: int) -> Path:
    """A whole sound, float (frames, channels), to WAV or FLAC by the path's suffix. Raises FileError."""
    writer = SoundWriter(path, sample_rate, sound.shape[1])
    writer.write(sound)
    return writer.finish()
