"""The mixing desk's picture side: two layers become one picture, with master brightness, blackout and dithering."""

import math
from collections.abc import Mapping

import moderngl

from pix2live.visuals.inputs import FrameInputs
from pix2live.visuals.stage import OUTPUT_BITS, Stage
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
# A program without a crossfade is kept beside it, for software renderers run both sides of an "if".
_FRAGMENT = """#version 330 core
%s
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
#ifdef CROSSFADE
    vec3 d = over_black(texture(B, uv));
    c = pow(mix(pow(c, vec3(2.2)), pow(d, vec3(2.2)), blend), vec3(1.0 / 2.2));
#endif
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
        sources = {"one": _FRAGMENT % "", "two": _FRAGMENT % "#define CROSSFADE", "copy": _COPY}
        self._programs = {name: ctx.program(vertex_shader=_VERTEX, fragment_shader=s) for name, s in sources.items()}
        self._programs["two"]["B"].value = 1  # type: ignore[union-attr]
        self._arrays = {name: ctx.vertex_array(program, []) for name, program in self._programs.items()}
        # Pixel for pixel, the nearest one is exact and quicker.
        kinds = {True: moderngl.NEAREST, False: moderngl.LINEAR}
        self._samplers = {
            exact: ctx.sampler(repeat_x=False, repeat_y=False, filter=(kind, kind)) for exact, kind in kinds.items()}
        self._light = 1.0
        # Drawn once with a layer's kind of picture, a driver has compiled it: the first crossfade must not stall.
        layer = Target(ctx, OUTPUT_BITS)
        layer.fit(*size)
        for name in ("two", "one"):
            self._draw(name, self._target.framebuffer, size, *[layer.texture] * (2 if name == "two" else 1))
        self._target.clear()
        layer.release()

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
        if b is not None and blend == 1.0:
            a, blend = b, 0.0
        pictures = (a,) if b is None or blend == 0.0 else (a, b)
        name = "one" if len(pictures) == 1 else "two"
        light = self._light * (0.0 if math.isnan(master) else min(max(master, 0.0), 1.0))
        self._programs[name]["light"].value = light  # type: ignore[union-attr]
        if name == "two":
            self._programs[name]["blend"].value = blend  # type: ignore[union-attr]
        self._draw(name, self._target.framebuffer, self.size, *pictures)

    def show(self, framebuffer: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        """Draw the picture into a window of any ``size``, whole, with black bars where it does not fit."""
        scale = min(size[0] / self.size[0], size[1] / self.size[1])
        width, height = max(round(self.size[0] * scale), 1), max(round(self.size[1] * scale), 1)
        framebuffer.viewport = (0, 0, *size)
        if (width, height) != size:
            framebuffer.clear(0.0, 0.0, 0.0, 1.0)
        framebuffer.viewport = ((size[0] - width) // 2, (size[1] - height) // 2, width, height)
        self._draw("copy", framebuffer, (width, height), self._target.texture)
        framebuffer.viewport = (0, 0, *size)

    def reset(self) -> None:
        """Begin anew: no blackout half-way."""
        self._light = 1.0

    def release(self) -> None:
        """Free everything it holds on the GPU."""
        for thing in (*self._arrays.values(), *self._programs.values(), *self._samplers.values(), self._target):
            thing.release()  # type: ignore[attr-defined]

    def _draw(
        self, name: str, framebuffer: moderngl.Framebuffer, size: tuple[int, int], *pictures: moderngl.Texture,
    ) -> None:
        for unit, picture in enumerate(pictures):
            picture.use(unit)
            self._samplers[picture.size == size].use(unit)
        framebuffer.use()
        self._arrays[name].render(moderngl.TRIANGLE_STRIP, vertices=4)
        for unit in range(len(pictures)):
            self._samplers[True].clear(unit)
