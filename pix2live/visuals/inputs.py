"""What a frame is drawn from: its moment, its sound as textures and the newest camera picture as a texture."""

from dataclasses import dataclass

import moderngl
import numpy as np
import numpy.typing as npt

from pix2live.signals.table import CHROMA_SIZE, FFT_SIZE, MEL_SIZE, SPECTRUM_SIZE, WAVEFORM_SIZE

Floats = npt.NDArray[np.float32]


_SIZES = {"wave": WAVEFORM_SIZE, "fft": FFT_SIZE - 1, "spectrum": SPECTRUM_SIZE, "mel": MEL_SIZE,
          "chroma": CHROMA_SIZE}
_NAMED = ("spectrum", "mel", "chroma")  # what an audioFFT input of that name gets


class AudioTextures:
    """The newest sound as one-row-a-channel textures, as ISF asks for: one of each kind and width that a shader wants.

    An ``audio`` input gets the waveform, newest sample last, centred on 0.5. An ``audioFFT`` input gets linear bins;
    named ``spectrum`` it gets the 512 log-spaced points, named ``mel`` the 64 mel bands, named ``chroma`` the twelve
    pitch classes from C on. MAX takes the newest MAX samples, or the loudest of each of MAX groups of bins.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._rows = {name: np.zeros((1, size), np.float32) for name, size in _SIZES.items()}
        self._textures: dict[tuple[str, int], tuple[moderngl.Texture, Floats]] = {}

    def update(self, waveform: Floats, fft: Floats, spectrum: Floats, mel: Floats | None = None,
               chroma: Floats | None = None) -> None:
        """Take over a frame's sound: each ``(size,)`` or ``(channels, size)`` float32; NaN and Inf become 0."""
        for name, values in (("wave", waveform), ("fft", fft), ("spectrum", spectrum), ("mel", mel),
                             ("chroma", chroma)):
            if values is not None:
                self._take(name, np.atleast_2d(values))
        for key in self._textures:
            self._upload(*key)

    def texture(self, kind: str, name: str, columns: int = 0) -> moderngl.Texture:
        """The texture for an input of type ``kind`` ("audio" or "audioFFT"), made at the first call.

        Valid until the number of channels changes, so ask each frame.
        """
        source = "wave" if kind == "audio" else name if name in _NAMED else "fft"
        size = self._rows[source].shape[1]
        key = (source, min(columns, size) if columns else size)
        if key not in self._textures:
            self._upload(*key)
        return self._textures[key][0]

    def release(self) -> None:
        """Free the textures."""
        for texture, _ in self._textures.values():
            texture.release()
        self._textures.clear()

    def _take(self, name: str, values: Floats) -> None:
        size = _SIZES[name]
        if not 0 < values.shape[0] <= 64 or values.shape[1] == 0:
            values = np.zeros((1, size), np.float32)
        rows = self._rows[name]
        if rows.shape[0] != values.shape[0]:
            rows = self._rows[name] = np.zeros((values.shape[0], size), np.float32)
        count = min(size, values.shape[1])
        rows[:] = 0.0
        if name == "wave":
            rows[:, size - count :] = values[:, values.shape[1] - count :]
        else:
            rows[:, :count] = values[:, :count]
        np.nan_to_num(rows, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        if name == "wave":
            rows *= 0.5
            rows += 0.5

    def _upload(self, source: str, columns: int) -> None:
        rows = self._rows[source]
        texture, staging = self._textures.get((source, columns), (None, None))
        if texture is None or staging is None or staging.shape[0] != rows.shape[0]:
            if texture is not None:
                texture.release()
            staging = np.zeros((rows.shape[0], columns), np.float32)
            texture = self._ctx.texture((columns, rows.shape[0]), 1, dtype="f4")
            texture.swizzle = "RRR1"
            texture.repeat_x = texture.repeat_y = False
            self._textures[source, columns] = (texture, staging)
        if source == "wave":
            staging[:] = rows[:, rows.shape[1] - columns :]
        elif columns == rows.shape[1]:
            staging[:] = rows
        else:
            starts = np.arange(columns) * rows.shape[1] // columns
            np.maximum.reduceat(rows, starts, axis=1, out=staging)
        texture.write(staging)


class CameraTexture:
    """The newest camera picture as a texture that stands upright: ``v = 1`` is its top row."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._limit = int(ctx.info["GL_MAX_TEXTURE_SIZE"])
        self._rows = np.zeros((1, 1, 3), np.uint8)
        self.texture = self._make()

    def update(self, frame: npt.NDArray[np.uint8]) -> None:
        """Take over a new picture: RGB uint8 (height, width, 3), top row first."""
        if frame.ndim != 3 or frame.shape[2] < 3 or 0 in frame.shape:
            return
        step = -(-max(frame.shape[:2]) // self._limit)
        frame = frame[::step, ::step, :3]
        if frame.shape != self._rows.shape:
            self._rows = np.zeros(frame.shape, np.uint8)
            self.texture.release()
            self.texture = self._make()
        self._rows[:] = frame[::-1]
        self.texture.write(self._rows)

    def release(self) -> None:
        """Free the texture."""
        self.texture.release()

    def _make(self) -> moderngl.Texture:
        height, width = self._rows.shape[:2]
        texture = self._ctx.texture((width, height), 3, data=self._rows, alignment=1)
        texture.repeat_x = texture.repeat_y = False
        return texture


@dataclass
class FrameInputs:
    """One frame's moment and material.

    Args:
        time_s: the moment at which the frame will be seen, seconds since the show began. dt_s: since the frame before.
        index: frames drawn before this one. date: year, month 1..12, day 1..31, seconds since midnight.
        audio, camera: the textures, or None for silence and darkness.
    """

    time_s: float = 0.0
    dt_s: float = 0.0
    index: int = 0
    date: tuple[float, float, float, float] = (1970.0, 1.0, 1.0, 0.0)
    audio: AudioTextures | None = None
    camera: moderngl.Texture | None = None
