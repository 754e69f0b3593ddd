"""A compiled ISF shader: a program a pass, the uniforms of all of them, the driver's complaints as file and line."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import moderngl

from pix2live.errors import FileError, ShaderError
from pix2live.signals.spec import ParamSpec
from pix2live.visuals.inputs import AudioTextures, CameraTexture, FrameInputs
from pix2live.visuals.isf import Input, IsfShader, read_text

__all__ = ["AudioTextures", "CameraTexture", "FrameInputs", "Program", "driver_error"]

# TIME is a float32 in the shader: left to grow it would stutter after a day. 2000 pi is a whole number of turns for
# every sin(k * TIME) whose k has up to three decimals, so that most motion does not jump when it starts over.
TIME_WRAP_S = 2000.0 * math.pi

# Mesa "0:12(5): error: x", NVIDIA "0(12) : error C1008: x", AMD, Apple, Intel and ANGLE "ERROR: 0:12: x".
_PLACE = re.compile(r"^\s*(?:(ERROR|WARNING):\s*)?(\d+)(?::(\d+)(?:\(\d+\))?|\((\d+)\))\s*:\s*(.*)$", re.IGNORECASE)
_NOISE = re.compile(r"^(?:error|fatal error)\s*(?:\(#\d+\)|[CL]?\d+)?\s*:?\s*", re.IGNORECASE)
_OURS = {"isf_main": "main", "isf_FragColor": "gl_FragColor", "isf_texture2D": "texture2D",
         "isf_pixel": "IMG_PIXEL", "isf_norm_pixel": "IMG_NORM_PIXEL", "isf_size": "IMG_SIZE"}
_OUR_NAME = re.compile(r"\b(" + "|".join(_OURS) + r")\b")


class _Uniforms:
    """The uniforms of one name in all programs of a shader, set as one."""

    __slots__ = ("_members",)

    def __init__(self, members: Sequence[moderngl.Uniform]) -> None:
        self._members = members

    def set(self, value: Any) -> None:
        for member in self._members:
            member.value = value


class Program:
    """``shader`` compiled on ``ctx``, once for each of its passes, with a texture unit for each of its samplers.

    Raises:
        ShaderError: where it does not compile or link, naming the user's own file and line.
    """

    def __init__(self, ctx: moderngl.Context, shader: IsfShader, prefix: str = "") -> None:
        self.mark = 0.0  # what a NaN or Inf of the shader becomes; a check sets Inf to find them
        self._programs: dict[tuple[str, str], _PassProgram] = {}
        self._passes: list[_PassProgram] = []
        try:
            for index in range(len(shader.passes)):
                sources = shader.source.of_pass(index)
                if sources not in self._programs:
                    self._programs[sources] = _PassProgram(ctx, *sources)
                self._passes.append(self._programs[sources])
        except moderngl.Error as error:
            self.release()
            raise driver_error(shader, str(error)) from None
        used = dict.fromkeys(name for program in self._programs.values() for name in program.uniforms)
        self._uniforms = {
            name: _Uniforms([p.uniforms[name] for p in self._programs.values() if name in p.uniforms])
            for name in used}
        mixers = ("progress",) if shader.kind == "transition" else ()  # set by the mixer, not by a knob
        self._knobs = [knob for item in shader.inputs if item.name not in mixers and (knob := self._knob(item, prefix))]
        pictures = [item.name for item in shader.inputs if item.type in ("image", "audio", "audioFFT")]
        pictures += [*dict.fromkeys(item.target for item in shader.passes if item.target), *shader.images]
        self.samplers = {name: unit for unit, name in enumerate(p for p in pictures if p in self._uniforms)}
        if len(self.samplers) > ctx.max_texture_units:
            self.release()
            raise ShaderError(f"uses {len(self.samplers)} pictures; here a shader may use {ctx.max_texture_units}",
                              f"{shader.path}:1")
        for name, unit in self.samplers.items():
            self._set(name, unit)

    def set_frame(self, frame: FrameInputs) -> None:
        """Set TIME, TIMEDELTA, DATE and FRAMEINDEX."""
        self._set("TIME", math.fmod(frame.time_s, TIME_WRAP_S))
        self._set("TIMEDELTA", frame.dt_s)
        self._set("DATE", frame.date)
        self._set("FRAMEINDEX", frame.index & 0x7FFFFFFF)

    def set_values(self, values: Mapping[str, float]) -> None:
        """Set every knob from ``{scalar spec id: value}``; what is missing or NaN has its default."""
        for knob in self._knobs:
            knob(values)

    def set_one(self, name: str, value: float) -> None:
        """Set a float uniform by its GLSL name, where the shader uses it."""
        self._set(name, value)

    def draw(self, framebuffer: moderngl.Framebuffer, size: tuple[int, int], index: int, limit: float) -> None:
        """Draw pass ``index`` over the whole of ``framebuffer``; its textures must be bound by now."""
        program = self._passes[index]
        program.set("RENDERSIZE", size)
        program.set("isf_Limit", limit)
        program.set("isf_Mark", self.mark)
        framebuffer.use()
        program.array.render(moderngl.TRIANGLE_STRIP, vertices=4)

    def release(self) -> None:
        """Free the programs."""
        for program in self._programs.values():
            program.release()
        self._programs.clear()

    def _set(self, name: str, value: object) -> None:
        uniform = self._uniforms.get(name)
        if uniform is not None:
            uniform.set(value)

    def _knob(self, item: Input, prefix: str) -> Callable[[Mapping[str, float]], None] | None:
        spec, uniform = item.spec(prefix), self._uniforms.get(item.name)
        if spec is None or uniform is None:
            return None
        return _event(uniform, spec) if item.type == "event" else _knob(uniform, item, spec)


class _PassProgram:
    """One linked GL program, the uniforms that the driver left in it by name, and what to draw with it."""

    def __init__(self, ctx: moderngl.Context, vertex: str, fragment: str) -> None:
        self._program = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
        self.array = ctx.vertex_array(self._program, [])
        members = [(name, self._program[name]) for name in self._program]
        self.uniforms = {name: member for name, member in members if isinstance(member, moderngl.Uniform)}

    def set(self, name: str, value: object) -> None:
        uniform = self.uniforms.get(name)
        if uniform is not None:
            uniform.value = value

    def release(self) -> None:
        self.array.release()
        self._program.release()


def _knob(uniform: _Uniforms, item: Input, spec: ParamSpec) -> Callable[[Mapping[str, float]], None]:
    ids = [scalar.id for scalar in spec.scalars()]
    if len(ids) > 1:
        rows = list(zip(ids, item.default, item.low, item.high, strict=True))

        def several(values: Mapping[str, float]) -> None:
            uniform.set(tuple(_within(values.get(i, d), d, low, high) for i, d, low, high in rows))

        return several
    name, default, low, high = ids[0], spec.default, spec.low, spec.high
    if spec.kind == "float":

        def one(values: Mapping[str, float]) -> None:
            uniform.set(_within(values.get(name, default), default, low, high))

        return one
    numbers = item.values if item.values and not item.contiguous else ()

    def whole(values: Mapping[str, float]) -> None:
        value = round(_within(values.get(name, default), default, low, high))
        uniform.set(numbers[value] if numbers else value)

    return whole


def _event(uniform: _Uniforms, spec: ParamSpec) -> Callable[[Mapping[str, float]], None]:
    held = False

    def event(values: Mapping[str, float]) -> None:
        nonlocal held
        down = values.get(spec.id, 0.0) > 0.5
        uniform.set(down and not held)
        held = down

    return event


def _within(value: float, default: float, low: float, high: float) -> float:
    return low if value < low else high if value > high else value if not math.isnan(value) else default


def driver_error(shader: IsfShader, message: str) -> ShaderError:
    """The first complaint in a driver's ``message`` (moderngl's text) as a ShaderError with the user's file:line."""
    stage = "vertex" if "\nvertex_shader" in message else "fragment"
    for line in message.splitlines():
        match = _PLACE.match(line)
        if match and (match.group(1) or "").upper() != "WARNING" and not match.group(5).lower().startswith("warning"):
            place = shader.source.place(stage, int(match.group(3) or match.group(4)))
            return ShaderError(_plain(match.group(5)), place)
    body = message.split("==\n", 1)[-1]
    reason = next((line for line in body.splitlines() if line.strip(" -\n")), "does not compile")
    return ShaderError(_plain(reason), f"{shader.path}:{_line_with(shader, reason)}")


def _plain(message: str) -> str:
    words = _OUR_NAME.sub(lambda m: _OURS[m.group()], _NOISE.sub("", message.strip()))
    return words.replace("`", "'") or "does not compile"


def _line_with(shader: IsfShader, message: str) -> int:
    """The first line of the file with a name that a linker's message quotes (linkers know no lines)."""
    for word in re.findall(r"[`'\"](\w+)", message):
        try:
            lines = read_text(shader.path).split("\n")
        except FileError:
            return 1
        for number, line in enumerate(lines, 1):
            if re.search(rf"\b{word}\b", line):
                return number
    return 1
