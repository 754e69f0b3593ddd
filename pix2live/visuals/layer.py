"""A layer: one generator and the chain of effects that its picture runs through."""

from collections.abc import Mapping, Sequence

import moderngl

from pix2live.visuals.inputs import FrameInputs
from pix2live.visuals.isf import IsfShader
from pix2live.visuals.stage import Stage


class Layer:
    """A generator (or a filter, which then looks at the camera) and its effects.

    To change a shader without losing the picture: ``prepare`` the new stage (it raises, and nothing has changed), then
    ``set_generator`` or ``set_effects`` between two frames. A stage that is taken out is released, unless it is put
    back in the same call.
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int]) -> None:
        self._ctx, self.size = ctx, size
        self.generator: Stage | None = None
        self.effects: list[Stage] = []
        self._black = ctx.texture((1, 1), 4, data=bytes([0, 0, 0, 255]))

    def prepare(self, shader: IsfShader, prefix: str) -> Stage:
        """Compile ``shader`` for this layer, changing nothing yet. Raises ShaderError naming file and line."""
        return Stage(self._ctx, shader, self.size, prefix)

    def set_generator(self, stage: Stage | None) -> None:
        """Swap the generator; None leaves black."""
        if self.generator is not None and self.generator is not stage:
            self.generator.release()
        self.generator = stage

    def set_effects(self, stages: Sequence[Stage]) -> None:
        """Swap the chain of effects, first to last."""
        for old in self.effects:
            if not any(old is stage for stage in stages):
                old.release()
        self.effects = list(stages)

    def draw(self, frame: FrameInputs, values: Mapping[str, float]) -> moderngl.Texture:
        """Draw one frame: the texture (RGBA half floats, straight alpha) is valid until the next call."""
        picture = self.generator.draw(frame, values) if self.generator else self._black
        for effect in self.effects:
            picture = effect.draw(frame, values, {"inputImage": picture})
        return picture

    def release(self) -> None:
        """Free everything it holds on the GPU."""
        self.set_generator(None)
        self.set_effects([])
        self._black.release()
