"""Tries a shader out: does it parse, compile and draw; is there something to see; are all its numbers finite."""

import math
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from pix2live.errors import Pix2liveError
from pix2live.signals.table import FFT_SIZE, MEL_SIZE, SPECTRUM_SIZE, WAVEFORM_SIZE
from pix2live.visuals.inputs import AudioTextures, CameraTexture, FrameInputs
from pix2live.visuals.isf import load_shader
from pix2live.visuals.mixer import Mixer
from pix2live.visuals.stage import Stage

FPS = 30.0
TEMPO_HZ = 2.0  # of the made-up music


def made_up_sound(time_s: float) -> tuple[npt.NDArray[np.float32], ...]:
    """Lively sound features of a moment, the same each time: waveform, fft, spectrum, mel as analysis gives them."""
    beat = math.exp(-5.0 * (time_s * TEMPO_HZ % 1.0))
    rng = np.random.default_rng(int(time_s * 1000.0) + 1)

    def bumps(size: int, top: float) -> npt.NDArray[np.float32]:
        x = np.linspace(0.0, 1.0, size)
        notes = sum(np.exp(-(((x - top * c) / (0.012 + 0.02 * c)) ** 2)) * (0.5 + 0.5 * math.sin(time_s * r + c * 9.0))
                    for c, r in ((0.3, 1.1), (0.38, 1.7), (0.45, 2.3), (0.6, 3.1), (0.72, 2.9)))
        values = 0.75 * beat * np.exp(-(x / (0.16 * top)) ** 2) + 0.6 * notes + 0.08 * rng.random(size) * (1.2 - x)
        return np.clip(values, 0.0, 1.0).astype(np.float32)

    t = time_s + np.arange(WAVEFORM_SIZE) / 48000.0
    wave = 0.6 * beat * np.sin(2 * np.pi * 60.0 * t) + 0.25 * np.sin(2 * np.pi * 440.0 * t)
    wave += 0.05 * rng.standard_normal(WAVEFORM_SIZE)
    return np.clip(wave, -1.0, 1.0).astype(np.float32), *(
        bumps(size, top) for size, top in ((FFT_SIZE, 0.3), (SPECTRUM_SIZE, 1.0), (MEL_SIZE, 1.0)))


def made_up_picture(width: int, height: int, time_s: float = 0.0) -> npt.NDArray[np.uint8]:
    """A picture with colours, edges and a moving disc, RGB uint8 (height, width, 3), for shaders that look at one."""
    y, x = np.mgrid[0.0 : 1.0 : height * 1j, 0.0 : 1.0 : width * 1j]
    hue = 2.0 * np.pi * (x + 0.1 * time_s)
    picture = np.stack([0.5 + 0.4 * np.cos(hue + shift) * (1.0 - 0.6 * y) for shift in (0.0, 2.1, 4.2)], axis=2)
    disc = np.hypot((x - 0.5 - 0.2 * math.cos(time_s)) * width / height, y - 0.45 - 0.15 * math.sin(time_s * 1.3)) < 0.2
    picture[disc] = 0.95 - 0.6 * picture[disc]
    return (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


class Bench:
    """Made-up sound and pictures on a context, and a mixer: what a shader needs to be tried out alone."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], camera: tuple[int, int] = (640, 360)) -> None:
        self.ctx, self.size, self._camera = ctx, size, camera
        self._audio, self._picture = AudioTextures(ctx), CameraTexture(ctx)
        self._mixer = Mixer(ctx, size)
        self._picture.update(made_up_picture(*camera))
        # Filters and transitions see the picture as a layer gives it: half floats of the full size.
        self._layers = [_half_floats(ctx, made_up_picture(*size, time_s)) for time_s in (0.0, 3.0)]

    def draw(self, stage: Stage, index: int, values: dict[str, float] | None = None) -> moderngl.Texture:
        """Draw frame ``index`` of ``stage`` at its moment of the made-up show."""
        time_s = index / FPS
        self._audio.update(*made_up_sound(time_s))
        frame = FrameInputs(time_s, 1.0 / FPS, index, (2025.0, 6.0, 21.0, 72000.0 + time_s), self._audio,
                            self._picture.texture)
        kind = stage.shader.kind
        if kind == "transition":
            stage.set_progress((index / 60.0) % 1.0)
        roles = {"filter": ("inputImage",), "transition": ("startImage", "endImage")}.get(kind, ())
        return stage.draw(frame, values or {}, dict(zip(roles, self._layers, strict=False)))

    def picture(self, texture: moderngl.Texture) -> npt.NDArray[np.uint8]:
        """``texture`` as the audience would see it: RGB uint8 (height, width, 3), upright."""
        self._mixer.draw(texture, None, 0.0, FrameInputs())
        width, height = self.size
        data = self._mixer.framebuffer.read(components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)[::-1]

    def release(self) -> None:
        """Free everything it holds on the GPU."""
        for texture in self._layers:
            texture.release()
        self._audio.release()
        self._picture.release()
        self._mixer.release()


def check(
    path: str | Path, ctx: moderngl.Context, size: tuple[int, int] = (640, 360),
    out: npt.NDArray[np.uint8] | None = None, frames: int = 60,
) -> dict[str, Any]:
    """Try out the shader file ``path`` over two seconds of made-up sound.

    Args:
        out: takes the last picture, uint8 (height, width, 3), upright. frames: how many to draw.

    Returns:
        ``{file, parsed, compiled, drew, blank, finite, error}``: ``blank`` is True where all pixels of all frames are
        of one colour, ``finite`` False where the shader gave NaN or Inf (which playing turns to 0), both None where
        nothing was drawn; ``error`` is one line naming file and line, or None.
    """
    result: dict[str, Any] = {"file": str(path), "parsed": False, "compiled": False, "drew": False, "blank": None,
                              "finite": None, "error": None}
    stage, bench = None, None
    _forget_errors(ctx)
    try:
        shader = load_shader(path)
        result["parsed"] = True
        stage = Stage(ctx, shader, size)
        result["compiled"] = True
        bench = Bench(ctx, size)
        low, high = np.full(3, 255), np.zeros(3, np.int64)
        picture = np.zeros((size[1], size[0], 3), np.uint8)
        for index in range(frames):
            texture = bench.draw(stage, index)
            if index % 15 == 14 or index == frames - 1:
                picture = bench.picture(texture)
                low, high = np.minimum(low, picture.min((0, 1))), np.maximum(high, picture.max((0, 1)))
        result["drew"] = ctx.error == "GL_NO_ERROR"
        # The dither moves a colour between two steps by one.
        result["blank"] = bool((high - low).max() <= 1)
        if out is not None:
            out[:] = picture
        result["finite"] = _finite(stage, bench)
    except Pix2liveError as error:
        result["error"] = str(error)
    finally:
        for thing in (stage, bench):
            if thing is not None:
                thing.release()
    return result


def _finite(stage: Stage, bench: Bench) -> bool:
    stage.clear()
    stage.keep_bad(True)
    try:
        for index in (0, 1, 2, 15, 31):
            bench.draw(stage, index)
            if not stage.finite():
                return False
    finally:
        stage.keep_bad(False)
    return True


def _forget_errors(ctx: moderngl.Context) -> None:
    """GL keeps an error until it is asked for: one of somebody else's must not be taken for the shader's."""
    for _ in range(16):  # a lost context would go on for ever
        if ctx.error == "GL_NO_ERROR":
            return


def _half_floats(ctx: moderngl.Context, picture: npt.NDArray[np.uint8]) -> moderngl.Texture:
    rows = np.ones((*picture.shape[:2], 4), np.float16)
    rows[..., :3] = picture[::-1] / np.float32(255.0)
    texture = ctx.texture((picture.shape[1], picture.shape[0]), 4, data=rows, dtype="f2")
    texture.repeat_x = texture.repeat_y = False
    return texture
