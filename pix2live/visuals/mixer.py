"""The mixing desk's picture side: two layers become one picture, with master brightness, blackout and dithering."""

import math
from collections.abc import Mapping

import moderngl

from pix2live.visuals.inputs import FrameInputs
from pix2live.visuals.stage import Stage
from pix2live.visuals.targets import Target

BLACKOUT_FADE_S = 0.2

_VERTEX = """#version 330 core
out vec2 uv;
void main() {
    uv = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
}
"""
# A crossfade adds light, so it is done in linear light; brightness and alpha work on the encoded values, as artists
# are used to. The dither (interleaved gradient noise, Jimenez 2014) stands still, which a video encoder takes for free,
# and stays under half a step less the error of a half float, so that 8-bit pictures come through exactly.
_FRAGMENT = """#version 330 core
in vec2 uv;
out vec4 colour;
uniform sampler2D A;
uniform sampler2D B;
uniform float blend;
uniform float light;
vec3 over_black(vec4 c) { c = clamp(c, 0.0, 1.0); return c.rgb * c.a; }
float noise(vec2 p) { return fract(52.9829189 * fract(dot(p, vec2(0.06711056, 0.00583715)))); }
void main() {
    vec3 c = over_black(texture(A, uv));
    if (blend > 0.0) {
        vec3 d = over_black(texture(B, uv));
        c = blend < 1.0 ? pow(mix(pow(c, vec3(2.2)), pow(d, vec3(2.2)), blend), vec3(1.0 / 2.2)) : d;
    }
    vec2 p = gl_FragCoord.xy;
    vec3 grain = vec3(noise(p), noise(p + vec2(47.0, 17.0)), noise(p + vec2(113.0, 71.0))) - 0.5;
    colour = vec4(c * light + grain * (0.87 / 255.0), 1.0);
}
"""
_COPY = """#version 330 core
in vec2 uv;
out vec4 colour;
uniform sampler2D A;
void main() { colour = vec4(texture(A, uv).rgb, 1.0); }
"""


class Mixer:
    """Makes the show's 8-bit picture of ``size`` out of two layers.

    Set ``transition`` to a Stage of a transition shader to use it in place of the plain crossfade (the mixer does not
    release it). The same inputs give the same bytes.
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int]) -> None:
        self._ctx, self.size = ctx, size
        self.transition: Stage | None = None
        self._target = Target(ctx, 8)
        self._target.fit(*size)
        self._mix = ctx.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        self._copy = ctx.program(vertex_shader=_VERTEX, fragment_shader=_COPY)
        self._mix["B"].value = 1  # type: ignore[union-attr]
        self._mix_array = ctx.vertex_array(self._mix, [])
        self._copy_array = ctx.vertex_array(self._copy, [])
        self._light = 1.0

    @property
    def texture(self) -> moderngl.Texture:
        """The picture drawn last."""
        return self._target.texture

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """The framebuffer of the picture drawn last, to read it back."""
        return self._target.shown

    def draw(
        self, a: moderngl.Texture, b: moderngl.Texture | None, blend: float, frame: FrameInputs,
        values: Mapping[str, float] | None = None, master: float = 1.0, blackout: bool = False,
    ) -> None:
        """Mix one frame.

        Args:
            a, b: the pictures of the two layers (straight alpha, shown over black); b None: a alone.
            blend: 0 is a, 1 is b. values: the knobs of the transition. master: brightness, 0..1.
            blackout: fade to black in 0.2 s (and back when it ends).
        """
        blend = 0.0 if b is None or math.isnan(blend) else min(max(blend, 0.0), 1.0)
        step = max(frame.dt_s, 0.0) / BLACKOUT_FADE_S
        self._light = max(self._light - step, 0.0) if blackout else min(self._light + step, 1.0)
        if self.transition is not None and b is not None and 0.0 < blend < 1.0:
            self.transition.set_progress(blend)
            a, blend = self.transition.draw(frame, values or {}, {"startImage": a, "endImage": b}), 0.0
        a.use(0)
        (b or a).use(1)
        self._mix["blend"].value = blend  # type: ignore[union-attr]
        self._mix["light"].value = self._light * (0.0 if math.isnan(master) else min(max(master, 0.0), 1.0))  # type: ignore[union-attr]
        self._target.framebuffer.use()
        self._mix_array.render(moderngl.TRIANGLE_STRIP, vertices=4)

    def show(self, framebuffer: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        """Draw the picture into a window of any ``size``, whole, with black bars where it does not fit."""
        scale = min(size[0] / self.size[0], size[1] / self.size[1])
        width, height = max(round(self.size[0] * scale), 1), max(round(self.size[1] * scale), 1)
        framebuffer.use()
        self._ctx.viewport = (0, 0, *size)
        if (width, height) != size:
            self._ctx.clear(0.0, 0.0, 0.0, 1.0)
        self._ctx.viewport = ((size[0] - width) // 2, (size[1] - height) // 2, width, height)
        self._target.texture.use(0)
        self._copy_array.render(moderngl.TRIANGLE_STRIP, vertices=4)
        self._ctx.viewport = (0, 0, *size)

    def reset(self) -> None:
        """Begin anew: no blackout half-way."""
        self._light = 1.0

    def release(self) -> None:
        """Free everything it holds on the GPU."""
        for thing in (self._mix_array, self._copy_array, self._mix, self._copy, self._target):
            thing.release()
