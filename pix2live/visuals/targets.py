"""The off-screen buffers that passes draw into; a persistent one is a ping-pong pair that can read its last frame."""

import moderngl
import numpy as np

_DTYPES = {8: "f1", 16: "f2", 32: "f4"}
_NUMBERS = {16: np.float16, 32: np.float32}
_LARGEST_FLOAT = {8: 65504.0, 16: 65504.0, 32: 3.4e38}
_MAX_SIDE = 8192
_MAX_AREA = 1 << 24


class Target:
    """An RGBA buffer with ``bits`` a channel (8, 16 or 32), transparent black whenever it is made anew."""

    def __init__(self, ctx: moderngl.Context, bits: int = 8, persistent: bool = False) -> None:
        self._ctx, self._bits = ctx, bits
        self._pair: list[tuple[moderngl.Texture, moderngl.Framebuffer]] = []
        self._count = 2 if persistent else 1
        self.persistent = persistent
        self.size = (0, 0)
        self.limit = _LARGEST_FLOAT[bits]  # the largest number it holds
        self.number = _NUMBERS.get(bits)  # its numpy type, None for 8 bits

    def fit(self, width: int, height: int) -> None:
        """Have this size (sides and area have a ceiling); what it held is lost where that changes."""
        width = max(min(width, _MAX_SIDE), 1)
        height = max(min(height, _MAX_SIDE, _MAX_AREA // width), 1)
        if self.size != (width, height):
            self.release()
            self.size = (width, height)
            self._pair = [self._make() for _ in range(self._count)]

    @property
    def texture(self) -> moderngl.Texture:
        """What was drawn last."""
        return self._pair[0][0]

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """What to draw into next; call ``drawn`` afterwards."""
        return self._pair[-1][1]

    @property
    def shown(self) -> moderngl.Framebuffer:
        """The framebuffer of what was drawn last, to read it back."""
        return self._pair[0][1]

    def drawn(self) -> None:
        """Make what was just drawn the readable side."""
        self._pair.reverse()

    def clear(self) -> None:
        """Forget everything: transparent black."""
        for _, framebuffer in self._pair:
            framebuffer.clear()

    def release(self) -> None:
        """Free the buffers."""
        for texture, framebuffer in self._pair:
            if self._ctx.fbo is framebuffer:
                # moderngl binds again what was bound, which is an error once that is gone.
                self._ctx.detect_framebuffer(0).use()
            framebuffer.release()
            texture.release()
        self._pair = []
        self.size = (0, 0)

    def _make(self) -> tuple[moderngl.Texture, moderngl.Framebuffer]:
        texture = self._ctx.texture(self.size, 4, dtype=_DTYPES[self._bits])
        texture.repeat_x = texture.repeat_y = False
        framebuffer = self._ctx.framebuffer([texture])
        framebuffer.clear()
        return texture, framebuffer
