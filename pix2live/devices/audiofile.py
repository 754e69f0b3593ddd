"""A sound file in the place of a sound card's input: decoded, resampled, and read ahead for live use."""

import threading
from pathlib import Path
from typing import Protocol

import numpy as np

from pix2live.devices.decoders import open_decoder
from pix2live.errors import FileError

RING_S = 4.0
POLL_S = 0.05


class _Resampler(Protocol):
    def resample_chunk(self, x: np.ndarray, last: bool = False) -> np.ndarray: ...


class AudioFile:
    """Anything that libsndfile or FFmpeg decodes (wav, flac, ogg, mp3, m4a, the sound of an mp4 ...), as a stream.

    The stream is the same whatever the sizes of the reads, and with and without prefetch. NaN and Inf in the file
    become 0.

    Args:
        path: the file. rate: of the stream, frames a second; a file at another rate is resampled (soxr, HQ).
        loop: go on from the start at the end, without a gap. channels: mix to so many (1 to 8; surround is folded
            into stereo as ITU-R BS.775 does); None takes the file's own, the first eight at most.

    Raises:
        FileError: missing, a folder, empty, cut short, not sound, or corrupt.

    Attributes:
        channels: of the stream. frames, duration_s: length of one turn, as the file claims it.
        ended: the stream is over (never while it loops). error: what broke it off before its time, or None.
        underruns: reads that came before the disk did (prefetch only).
    """

    def __init__(self, path: str | Path, rate: int, loop: bool = False, channels: int | None = None) -> None:
        self.path, self.rate, self.loop = Path(path), int(rate), loop
        self._decoder = open_decoder(self.path)
        self._mix = _mix_matrix(self._decoder.channels, channels)
        self.channels = self._mix.shape[1] if self._mix is not None else self._decoder.channels
        self.frames = round(self._decoder.frames * self.rate / self._decoder.rate)
        self.duration_s = self._decoder.frames / self._decoder.rate
        self.ended = False
        self.error: FileError | None = None
        self.underruns = 0
        self._ring: _Ring | None = None
        self._restart()
        try:
            self._pending = self._next_chunk()
        except BaseException:
            self._decoder.close()
            raise
        if not len(self._pending):
            self._decoder.close()
            raise FileError("holds no sound", str(self.path), "choose another file")

    def _restart(self) -> None:
        self._resampler: _Resampler | None = None
        if self._decoder.rate != self.rate:
            import soxr

            self._resampler = soxr.ResampleStream(self._decoder.rate, self.rate, self.channels, "float32", "HQ")
        self._turn_frames, self._source_over = 0, False
        self._pending, self._at = np.zeros((0, self.channels), np.float32), 0

    def _next_chunk(self) -> np.ndarray:
        """The next stretch of the stream, of the decoder's choice of length; empty at the end. Raises FileError."""
        while not self._source_over:
            chunk = self._source_chunk()
            if not len(chunk):
                if self.loop and self._turn_frames:
                    self._decoder.rewind()
                    self._turn_frames = 0
                    continue
                self._source_over = True
            self._turn_frames += len(chunk)
            np.nan_to_num(chunk, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            if self._mix is not None:
                chunk = chunk @ self._mix
            if self._resampler is not None:
                chunk = self._resampler.resample_chunk(chunk, last=self._source_over)
            if len(chunk):
                return chunk
        return np.zeros((0, self.channels), np.float32)

    def _source_chunk(self) -> np.ndarray:
        try:
            return self._decoder.read()
        except FileError as error:
            # A damaged file that plays for months in a loop goes on with what is whole of it.
            if not (self.loop and self._turn_frames and self._ring is not None):
                raise
            self.error = error
            return np.zeros((0, self._decoder.channels), np.float32)

    def _decode(self, out: np.ndarray) -> int:
        done = 0
        while done < len(out):
            if self._at == len(self._pending):
                self._pending, self._at = self._next_chunk(), 0
                if not len(self._pending):
                    break
            count = min(len(out) - done, len(self._pending) - self._at)
            out[done : done + count] = self._pending[self._at : self._at + count]
            self._at += count
            done += count
        return done

    def read(self, out: np.ndarray) -> int:
        """Fill ``out``, float32 ``(frames, channels)``; returns the frames given, the rest of ``out`` is 0.

        Fewer frames than asked mean the end (``ended``), or with prefetch perhaps a slow disk (``underruns``).
        With prefetch this touches no disk, takes no lock and never raises (``error`` tells): fit for the audio
        callback. Without, it decodes, and raises FileError where the file is corrupt.
        """
        if self._ring is not None:
            # Asked before the ring is read: what the thread wrote before it ended is still to be given.
            over = self._ring.over
            done = self._ring.read(out)
            if done < len(out):
                if over:
                    self.ended = True
                else:
                    self.underruns += 1
        elif self.ended:
            done = 0
        else:
            try:
                done = self._decode(out)
            except FileError as error:
                self.ended, self.error = True, error
                raise
            self.ended = done < len(out)
        out[done:] = 0.0
        return done

    def start_prefetch(self) -> None:
        """Read ahead from now on in a thread: up to 4 s, of which the first is here when this returns."""
        if self._ring is None:
            self._ring = _Ring(int(RING_S * self.rate), self.channels)
            self._fill(self._ring, self.rate)
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._ring,), name="sound file", daemon=True)
            self._thread.start()

    def _run(self, ring: "_Ring") -> None:
        while not ring.over and not self._stop.is_set():
            self._fill(ring, len(ring.data))
            self._stop.wait(POLL_S)

    def _fill(self, ring: "_Ring", frames: int) -> None:
        while ring.waiting < frames and not ring.over:
            span = ring.span()[:2048]
            if not len(span):
                return
            try:
                done = self._decode(span)
            except FileError as error:
                self.error, done = error, 0
            except Exception as error:  # a decoder's own fault must end the stream, not the thread alone
                self.error, done = FileError(f"cannot be played on ({error})", str(self.path)), 0
            ring.written += done
            ring.over = done < len(span)

    def close(self) -> None:
        """End the prefetch and let the file go."""
        self.ended = True
        if self._ring is not None and self._thread.is_alive():
            self._stop.set()
            self._thread.join(2.0)
        self._decoder.close()


class _Ring:
    """Frames on their way from one thread to one other: each side moves only its own counter."""

    def __init__(self, frames: int, channels: int) -> None:
        self.data = np.zeros((frames, channels), np.float32)
        self.written = self.taken = 0
        self.over = False

    @property
    def waiting(self) -> int:
        return self.written - self.taken

    def span(self) -> np.ndarray:
        """The free room that can be written in one piece."""
        start = self.written % len(self.data)
        return self.data[start : start + len(self.data) - self.waiting]

    def read(self, out: np.ndarray) -> int:
        count, size = min(len(out), self.waiting), len(self.data)
        start = self.taken % size
        first = min(count, size - start)
        out[:first] = self.data[start : start + first]
        out[first:count] = self.data[: count - first]
        self.taken += count
        return count


def _mix_matrix(have: int, want: int | None) -> np.ndarray | None:
    """Matrix ``(have, want)`` that mixes channels, or None where nothing is to be mixed."""
    if want is None:
        want = min(have, 8)
    if want == have:
        return None
    matrix = np.zeros((have, want), np.float32)
    if have == 1:
        matrix[:] = 1.0
    elif want == 1:
        matrix[:] = 1.0 / have
    elif want == 2 and have >= 6:
        # FL FR C LFE, then pairs of left and right: centre and surrounds 3 dB down, bass channel left out.
        side = np.sqrt(0.5)
        matrix[0, 0] = matrix[1, 1] = 1.0
        matrix[2] = side
        matrix[4::2, 0] = matrix[5::2, 1] = side
        matrix /= matrix.sum(axis=0).max()
    else:
        np.fill_diagonal(matrix, 1.0)
    return matrix
