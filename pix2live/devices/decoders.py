"""Sound files as chunks of frames: libsndfile for what it knows, FFmpeg (PyAV) for the rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pix2live.errors import FileError
from pix2live.quiet import quiet_stderr

CHUNK = 2048
_MEND = "choose a sound or video file, for example wav, flac, ogg, mp3 or mp4"
_CUT = "copy it again from where it came"


class Decoder(Protocol):
    """A file as it is: ``frames`` (as the file claims, 0 if it does not say) at ``rate``, ``channels``."""

    rate: int
    channels: int
    frames: int

    def read(self) -> np.ndarray:
        """The next float32 ``(n, channels)``, n > 0, owned by the caller; n = 0 at the end. Raises FileError."""
        ...

    def rewind(self) -> None:
        """Back to the first frame."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


def open_decoder(path: Path) -> Decoder:
    """The decoder for ``path``. Raises FileError: missing, a folder, empty, cut short, or not sound."""
    try:
        if path.is_dir():
            raise FileError("is a folder", str(path), _MEND)
        if not path.exists():
            raise FileError("there is no such file", str(path), "check the name")
        if path.stat().st_size == 0:
            raise FileError("is empty (0 bytes)", str(path), _CUT)
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", str(path), "check that you may read it") from error
    return _sndfile(path) or _ffmpeg(path)


def _sndfile(path: Path) -> Decoder | None:
    """None where libsndfile does not know the format."""
    import soundfile

    try:
        with quiet_stderr():  # mpg123 complains there by itself
            file = soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, TypeError, ValueError):
        return None
    if file.format in ("MP3", "MPEG"):
        # libsndfile 1.2.2 loses the sound of an mp3 that is read piece by piece.
        file.close()
        return None
    decoder = _SndFile(path, file)
    if decoder.frames:
        _check_whole(path, file, decoder)
    return decoder


def _check_whole(path: Path, file: Any, decoder: "_SndFile") -> None:
    import soundfile

    claimed = _claimed_bytes(path)
    whole = not claimed or claimed <= path.stat().st_size + 1  # a pad byte may be left out
    if whole and file.seekable():
        try:
            file.seek(decoder.frames - 1)
            whole = len(file.read(1, dtype="float32", always_2d=True)) == 1
            file.seek(0)
        except (soundfile.LibsndfileError, RuntimeError):
            whole = False
    if not whole:
        file.close()
        raise FileError("is cut short: it holds less sound than it says", str(path), _CUT)


def _claimed_bytes(path: Path) -> int:
    """Where a RIFF file's sound ends by its own header; 0 for other files, and for streams that do not know."""
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return 0
        file.seek(12)
        while len(header := file.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"data":
                return 0 if size == 0 or size >= 0x7FFFF000 else file.tell() + size
            file.seek(size + size % 2, 1)
    return 0


class _SndFile:
    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        self.rate, self.channels = int(file.samplerate), int(file.channels)
        # Pipes and damaged headers claim absurd lengths.
        self.frames = int(file.frames) if 0 < file.frames < 1 << 40 else 0

    def read(self) -> np.ndarray:
        import soundfile

        try:
            return np.asarray(self._file.read(CHUNK, dtype="float32", always_2d=True))
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise FileError(f"is corrupt ({error})", str(self._path), _CUT) from error

    def rewind(self) -> None:
        import soundfile

        try:
            self._file.seek(0)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise FileError(f"cannot be played again ({error})", str(self._path), _CUT) from error

    def close(self) -> None:
        self._file.close()


def _ffmpeg(path: Path) -> Decoder:
    return _Ffmpeg(path)


class _Ffmpeg:
    def __init__(self, path: Path) -> None:
        import av

        av.logging.set_level(av.logging.PANIC)
        self._path = path
        self._open()
        stream = self._container.streams.audio[0]
        self.rate, self.channels = int(stream.rate), int(stream.codec_context.channels)
        if self.rate <= 0 or self.channels <= 0:
            self.close()
            raise FileError("its sound cannot be decoded", str(path), _MEND)
        seconds = 0.0
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration:
            seconds = self._container.duration / av.time_base
        self.frames = max(0, round(seconds * self.rate))

    def _open(self) -> None:
        import av

        try:
            self._container = av.open(str(self._path))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise FileError("is not a sound file that can be read", str(self._path), _MEND) from error
        if not self._container.streams.audio:
            self._container.close()
            raise FileError("holds no sound", str(self._path), _MEND)
        self._chunks = self._decoded()

    def _decoded(self) -> Iterator[np.ndarray]:
        import av

        stream = self._container.streams.audio[0]
        to_float = av.AudioResampler("flt", stream.layout, stream.rate)
        for frame in self._container.decode(stream):
            frame.pts = None
            for same in to_float.resample(frame):
                yield np.array(same.to_ndarray().reshape(-1, self.channels))
        for same in to_float.resample(None):
            yield np.array(same.to_ndarray().reshape(-1, self.channels))

    def read(self) -> np.ndarray:
        import av

        try:
            for chunk in self._chunks:
                if len(chunk):
                    return chunk
        except (av.FFmpegError, ValueError) as error:
            raise FileError(f"is corrupt ({error})", str(self._path), _CUT) from error
        return np.zeros((0, self.channels), np.float32)

    def rewind(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self._container.close()
