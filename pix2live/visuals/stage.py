"""One ISF shader at work: its program, its pass targets and its imported pictures."""

import math
from collections.abc import Mapping

import moderngl
import numpy as np
from PIL import Image

from pix2live.errors import ShaderError
from pix2live.visuals.inputs import FrameInputs
from pix2live.visuals.isf import IsfShader, Pass
from pix2live.visuals.program import Program
from pix2live.visuals.targets import Target

OUTPUT_BITS = 16  # half floats, so that the mixer has something finer than 8 bits to dither


class Stage:
    """``shader`` compiled and ready to draw pictures of ``size``; everything it needs is made here, not while drawing.

    Args:
        prefix: that of its knobs' ids, as given to ``shader.specs``.

    Raises:
        ShaderError: where it does not compile, or an imported picture cannot be read; naming file and line.
    """

    def __init__(self, ctx: moderngl.Context, shader: IsfShader, size: tuple[int, int], prefix: str = "") -> None:
        self.shader, self.size, self.prefix = shader, size, prefix
        self._program = Program(ctx, shader, prefix)
        self._empty = ctx.texture((1, 1), 4, data=bytes(4))
        self._silence = ctx.texture((1, 1), 4, data=bytes([128, 128, 128, 255]))
        self._targets: dict[str, Target] = {"": Target(ctx, OUTPUT_BITS)}
        for item in shader.passes:
            self._targets.setdefault(item.target, Target(ctx, item.bits, item.persistent))
        used = {name for item in shader.passes for size_of in (item.width, item.height) if size_of
                for name in size_of.used}
        self._size_inputs = [(item.name, spec.id, item.default[0]) for item in shader.inputs
                             if item.name in used and (spec := item.spec(prefix))]
        self._constants: dict[str, moderngl.Texture] = {}
        try:
            for name, path in shader.images.items():
                if name in self._program.samplers:
                    self._constants[name] = _load_picture(ctx, name, shader, str(path))
        except ShaderError:
            self.release()
            raise
        wanted = {item.name: item for item in shader.inputs}
        self._sounds = [(unit, wanted[name]) for name, unit in self._program.samplers.items()
                        if name in wanted and wanted[name].type in ("audio", "audioFFT")]
        self._pictures = [(unit, name) for name, unit in self._program.samplers.items()
                          if name in wanted and wanted[name].type == "image"]
        self._buffers = [(unit, name, self._targets[name]) for name, unit in self._program.samplers.items()
                         if name in self._targets]
        self._last = self._targets[""]
        self._fit({})

    def draw(
        self, frame: FrameInputs, values: Mapping[str, float], pictures: Mapping[str, moderngl.Texture] | None = None,
    ) -> moderngl.Texture:
        """Draw one frame; the texture is valid until the next call.

        Args:
            values: knobs by scalar spec id. pictures: textures by input name (``inputImage``, ``startImage``...);
                an image input that is not among them gets the camera.
        """
        program = self._program
        program.set_frame(frame)
        program.set_values(values)
        self._fit(values)
        for unit, sound in self._sounds:
            texture = frame.audio.texture(sound.type, sound.name, sound.columns) if frame.audio else (
                self._silence if sound.type == "audio" else self._empty)
            texture.use(unit)
        for unit, name in self._pictures:
            ((pictures or {}).get(name) or frame.camera or self._empty).use(unit)
        for name, texture in self._constants.items():
            texture.use(program.samplers[name])
        target = self._targets[""]
        for index, item in enumerate(self.shader.passes):
            target = self._targets[item.target]
            for unit, _, buffer in self._buffers:
                # A pass can't read what it draws: of a persistent target it reads the frame before, of others nothing.
                (self._empty if buffer is target and not buffer.persistent else buffer.texture).use(unit)
            if self.shader.source.clears:
                target.framebuffer.clear()
            program.draw(target.framebuffer, target.size, index, target.limit)
            target.drawn()
        self._last = target
        return target.texture

    def set_progress(self, progress: float) -> None:
        """Of a transition: how far it is, 0..1."""
        self._program.set_one("progress", progress)

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """The framebuffer of the frame drawn last, to read it back."""
        return self._last.shown

    def keep_bad(self, on: bool) -> None:
        """For checks: let a NaN or Inf of the shader stand as Inf where it is otherwise made 0."""
        self._program.mark = math.inf if on else 0.0

    def finite(self) -> bool:
        """Whether all that the float buffers hold is finite (reads them back: for checks, not while playing)."""
        buffers = [target for target in self._targets.values() if target.number is not None]
        return all(np.isfinite(np.frombuffer(target.texture.read(), target.number)).all() for target in buffers)

    def clear(self) -> None:
        """Forget what persistent targets hold."""
        for target in self._targets.values():
            target.clear()

    def release(self) -> None:
        """Free everything it holds on the GPU."""
        for target in self._targets.values():
            target.release()
        for texture in (*self._constants.values(), self._empty, self._silence):
            texture.release()
        self._program.release()

    def _fit(self, values: Mapping[str, float]) -> None:
        width, height = self.size
        sizes = {"WIDTH": float(width), "HEIGHT": float(height)}
        for name, identity, default in self._size_inputs:
            value = values.get(identity, default)
            sizes[name] = default if math.isnan(value) else value
        self._targets[""].fit(width, height)
        for item in self.shader.passes:
            if item.target:
                self._targets[item.target].fit(*_size(item, sizes, width, height))


def _size(item: Pass, sizes: Mapping[str, float], width: int, height: int) -> tuple[int, int]:
    return (item.width.evaluate(sizes, width) if item.width else width,
            item.height.evaluate(sizes, height) if item.height else height)


def _load_picture(ctx: moderngl.Context, name: str, shader: IsfShader, path: str) -> moderngl.Texture:
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
    except Exception as error:  # Pillow raises whatever its decoders raise
        raise ShaderError(f"the picture {name!r} cannot be read ({error})", f"{shader.path}:1",
                          f"mend or replace {path}") from None
    largest = min(int(ctx.info["GL_MAX_TEXTURE_SIZE"]), 8192)
    picture.thumbnail((largest, largest))
    rows = np.ascontiguousarray(np.asarray(picture)[::-1])
    texture = ctx.texture(picture.size, 4, data=rows)
    texture.repeat_x = texture.repeat_y = False
    return texture
