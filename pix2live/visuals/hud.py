"""Text over the picture, for the player alone: help, a message, the param being learned. It is never recorded."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache

import moderngl
from PIL import Image, ImageDraw, ImageFont

_VERTEX = """#version 330 core
uniform vec4 box;
out vec2 uv;
void main() {
    vec2 p = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    uv = vec2(p.x, 1.0 - p.y);
    gl_Position = vec4(mix(box.xy, box.zw, p) * 2.0 - 1.0, 0.0, 1.0);
}
"""
_FRAGMENT = """#version 330 core
in vec2 uv;
out vec4 colour;
uniform sampler2D panel;
uniform float opacity;
void main() { vec4 c = texture(panel, uv); colour = vec4(c.rgb * c.a, c.a) * opacity; }
"""
_PANEL = (10, 12, 16, 205)
_TEXT = (245, 245, 240, 255)
_DIM = (176, 180, 188, 255)
_ACCENT = (255, 196, 84, 255)
_TRACK = (84, 88, 96, 255)
_FADE_S = 0.4
# The built-in font has no arrows.
_SPELT = str.maketrans({"←": "Left", "→": "Right", "↑": "Up", "↓": "Down", "⏎": "Enter", "␣": "Space"})


class Hud:
    """Draws panels of text over a window. Each is laid out only when what it says, or the window's size, changes."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program = ctx.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        self._array = ctx.vertex_array(self._program, [])
        self._textures: dict[str, tuple[object, moderngl.Texture]] = {}
        self._help: tuple[str, tuple[tuple[str, str], ...]] | None = None
        self._message = ("", 0.0)
        self._learning: tuple[str, str, float] | None = None

    def help(self, rows: Sequence[tuple[str, str]] | None, title: str = "Keys") -> None:
        """Show ``rows`` of (key, what it does), or hide them with None."""
        spelt = tuple((_line(key)[:40], _line(what)) for key, what in rows or ())
        self._help = (title, spelt) if spelt else None

    def say(self, text: str, now_s: float, seconds: float = 4.0) -> None:
        """Show one line at the bottom left until ``now_s + seconds``; "" takes it away."""
        self._message = (_line(text), now_s + seconds)

    def learning(self, label: str | None, value: str = "", position: float = 0.0) -> None:
        """Show the param being learned, its value in words and its knob position 0..1; None hides it."""
        self._learning = None if label is None else (_line(label), _line(value), round(min(max(position, 0.0), 1.0), 3))

    def draw(self, framebuffer: moderngl.Framebuffer, size: tuple[int, int], now_s: float) -> None:
        """Draw what is to be shown over ``framebuffer`` of ``size``."""
        text, until_s = self._message
        fade = min(max((until_s - now_s) / _FADE_S, 0.0), 1.0) if text else 0.0
        if not (self._help or self._learning or fade > 0.0):
            return
        # Text of 1/30 of the height reads from arm's length on any window.
        font = min(max(round(min(size[1] / 30, size[0] / 40)), 12), 48)
        framebuffer.use()
        self._ctx.viewport = (0, 0, *size)
        self._ctx.enable_only(moderngl.BLEND)
        self._ctx.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        if self._help:
            self._panel("help", (*self._help, font, size), size, (0.5, 0.5), 1.0)
        if self._learning:
            self._panel("learn", (*self._learning, font, size), size, (0.5, 0.94), 1.0)
        if fade > 0.0:
            self._panel("say", (text, font, size), size, (0.0, 0.0), fade)
        self._ctx.enable_only(moderngl.NOTHING)

    def release(self) -> None:
        """Free everything it holds on the GPU."""
        for _, texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._array.release()
        self._program.release()

    def _panel(
        self, name: str, key: tuple[object, ...], size: tuple[int, int], anchor: tuple[float, float], opacity: float,
    ) -> None:
        held = self._textures.get(name)
        if held is None or held[0] != key:
            if held:
                held[1].release()
            picture = _LAYOUTS[name](*key)
            held = key, self._ctx.texture(picture.size, 4, picture.tobytes())
            self._textures[name] = held
        texture = held[1]
        margin = size[1] // 40
        x = margin + round((size[0] - 2 * margin - texture.width) * anchor[0])
        y = margin + round((size[1] - 2 * margin - texture.height) * anchor[1])
        texture.use(0)
        self._program["box"].value = (  # type: ignore[union-attr]
            x / size[0], y / size[1], (x + texture.width) / size[0], (y + texture.height) / size[1])
        self._program["opacity"].value = opacity  # type: ignore[union-attr]
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4)


@lru_cache(maxsize=8)
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)


def _sheet(width: int, height: int, radius: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGBA", (max(width, 1), max(height, 1)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=_PANEL)
    return picture, draw


def _line(text: str) -> str:
    return " ".join(text[:300].translate(_SPELT).split())


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    fits = bisect_right(range(1, len(text) + 1), width, key=lambda count: font.getlength(text[:count] + "…"))
    return text[:fits] + "…"


def _layout_say(text: str, pixels: int, size: tuple[int, int]) -> Image.Image:
    font, pad = _font(pixels), pixels * 2 // 3
    text = _cut(text, font, size[0] * 0.92 - 2 * pad)
    picture, draw = _sheet(int(font.getlength(text)) + 2 * pad, pixels + 2 * pad, pixels // 2)
    draw.text((pad, pad + pixels // 2), text, _TEXT, font, anchor="lm")
    return picture


def _layout_learn(label: str, value: str, position: float, pixels: int, size: tuple[int, int]) -> Image.Image:
    font, pad = _font(pixels), pixels * 2 // 3
    width = min(pixels * 22, round(size[0] * 0.9))
    bar = max(pixels // 4, 3)
    picture, draw = _sheet(width, pixels * 2 + 2 * pad + bar, pixels // 2)
    middle = pad + pixels // 2
    value = _cut(value, font, width * 0.4)
    room = width - 2 * pad - font.getlength(value) - pad
    draw.text((pad, middle), _cut(label, font, room), _TEXT, font, anchor="lm")
    draw.text((width - pad, middle), value, _ACCENT, font, anchor="rm")
    top = pad + pixels * 3 // 2
    right = pad + (width - 2 * pad) * position
    draw.rounded_rectangle((pad, top, width - pad, top + bar), bar // 2, fill=_TRACK)
    if right - pad >= 1:
        draw.rounded_rectangle((pad, top, right, top + bar), bar // 2, fill=_ACCENT)
    return picture


def _layout_help(
    title: str, rows: tuple[tuple[str, str], ...], pixels: int, size: tuple[int, int],
) -> Image.Image:
    room = size[1] * 0.94
    while pixels > 9 and (len(rows) + 3) * pixels * 1.5 > room:
        pixels -= 1
    font, pad, step = _font(pixels), pixels, round(pixels * 1.5)
    left = max(font.getlength(key) for key, _ in rows) + pixels * 1.5
    wide = max(*(font.getlength(what) for _, what in rows), font.getlength(title) - left)
    width = min(round(left + wide) + 2 * pad, round(size[0] * 0.96))
    picture, draw = _sheet(width, step * (len(rows) + 1) + 2 * pad, pixels // 2)
    draw.text((pad, pad + step // 3), title, _DIM, font, anchor="lm")
    for number, (key, what) in enumerate(rows, 1):
        middle = pad + step * number + step // 2
        draw.text((pad, middle), key, _ACCENT, font, anchor="lm")
        draw.text((pad + left, middle), _cut(what, font, width - 2 * pad - left), _TEXT, font, anchor="lm")
    return picture


_LAYOUTS: dict[str, Callable[..., Image.Image]] = {"help": _layout_help, "learn": _layout_learn, "say": _layout_say}
