"""Assembles the GLSL 3.30 core source of an ISF shader so that the driver's errors name the user's own lines."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pix2live.errors import ShaderError
from pix2live.resources import bundled_dir, user_dir

if TYPE_CHECKING:
    from pix2live.visuals.isf import Input

_GLSL_TYPE = {"float": "float", "bool": "bool", "event": "bool", "long": "int", "point2D": "vec2", "color": "vec4",
              "image": "sampler2D", "audio": "sampler2D", "audioFFT": "sampler2D"}
# Which file a line is of goes into its number, for Mesa mixes up the source-string numbers that #line may give.
_LINES = 100_000
_HEADER = 89  # the file number of the header's inputs; files count from 0
_PRELUDE = 90  # what we write ourselves before and after the user's text
_CLOSING = 91


def _line(line: int, file: int) -> str:
    return f"#line {file * _LINES + line}\n"


_INCLUDE = re.compile(r"[ \t]*#[ \t]*include[ \t]+[\"<]([^\">]+)[\">]")
_VERSION = re.compile(r"[ \t]*#[ \t]*version\b")
_EXTENSION = re.compile(r"[ \t]*#[ \t]*extension[ \t]+(\w+)")
_MEANT_FOR_ES = ("GL_OES_", "GL_EXT_shader_texture_lod", "GL_EXT_frag_depth")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

# Each pass is a program of its own, in which the driver drops the other passes' branches. Not const: an array's index
# or a division that goes wrong in another pass's branch would then be an error in this one.
_PASS = "int PASSINDEX = %d;\n"
_COMMON = """
uniform vec2 RENDERSIZE;
uniform float TIME;
uniform float TIMEDELTA;
uniform vec4 DATE;
uniform int FRAMEINDEX;
vec2 isf_size(sampler2D s) { return vec2(textureSize(s, 0)); }
vec4 isf_norm_pixel(sampler2D s, vec2 p) { return texture(s, p); }
vec4 isf_pixel(sampler2D s, vec2 p) { return texture(s, p / vec2(textureSize(s, 0))); }
vec4 isf_texture2D(sampler2D s, vec2 p) { return texture(s, p); }
vec4 isf_texture2DLod(sampler2D s, vec2 p, float lod) { return textureLod(s, p, lod); }
vec4 isf_texture2DProj(sampler2D s, vec3 p) { return textureProj(s, p); }
vec4 isf_texture2DProj(sampler2D s, vec4 p) { return textureProj(s, p); }
#define IMG_SIZE(image) isf_size(image)
#define IMG_PIXEL(image, p) isf_pixel(image, p)
#define IMG_NORM_PIXEL(image, p) isf_norm_pixel(image, p)
#define IMG_THIS_PIXEL(image) isf_norm_pixel(image, isf_FragNormCoord)
#define IMG_THIS_NORM_PIXEL(image) isf_norm_pixel(image, isf_FragNormCoord)
#define IMG_NORM_THIS_PIXEL(image) isf_norm_pixel(image, isf_FragNormCoord)
#define texture2D isf_texture2D
#define texture2DRect isf_pixel
#define texture2DLod isf_texture2DLod
#define texture2DLodEXT isf_texture2DLod
#define texture2DProj isf_texture2DProj
#define vv_FragNormCoord isf_FragNormCoord
"""

_VERTEX_HEAD = """
#define varying out
#define attribute in
out vec2 isf_FragNormCoord;
void isf_vertShaderInit() {
    isf_FragNormCoord = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(isf_FragNormCoord * 2.0 - 1.0, 0.0, 1.0);
}
#define vv_vertShaderInit isf_vertShaderInit
"""

# A NaN or Inf that reaches a feedback buffer would stay in it for ever, and half floats turn large numbers into Inf.
# The test looks at bits because drivers may optimise isnan() away.
_FRAGMENT_HEAD = """
#define varying in
in vec2 isf_FragNormCoord;
layout(location = 0) out vec4 isf_FragColor;
uniform float isf_Limit;
uniform float isf_Mark;
vec4 isf_texture2D(sampler2D s, vec2 p, float bias) { return texture(s, p, bias); }
#define gl_FragColor isf_FragColor
"""
_FRAGMENT_TAIL = """
#undef main
void main() {
    isf_FragColor = vec4(0.0);
    isf_main();
    bvec4 isf_bad = equal(floatBitsToUint(isf_FragColor) & 0x7f800000u, uvec4(0x7f800000u));
    isf_FragColor = mix(clamp(isf_FragColor, -isf_Limit, isf_Limit), vec4(isf_Mark), isf_bad);
}
"""
_PLAIN_VERTEX = "void main() { isf_vertShaderInit(); }\n"


@dataclass(frozen=True)
class Source:
    """What the driver compiles, and which files its line numbers mean.

    Args:
        vertex, fragment: complete GLSL 3.30 core sources of the first pass; ``of_pass`` gives those of another.
        vertex_files, fragment_files: the files by file number, each with its number of lines.
        clears: the target must be cleared before a draw, for the shader may leave pixels out.
    """

    vertex: str
    fragment: str
    vertex_files: tuple[tuple[Path, int], ...]
    fragment_files: tuple[tuple[Path, int], ...]
    clears: bool

    def of_pass(self, index: int) -> tuple[str, str]:
        """The vertex and the fragment source of pass ``index``; those that don't ask for PASSINDEX stay the same."""
        return _of_pass(self.vertex, index), _of_pass(self.fragment, index)

    def place(self, stage: str, number: int) -> str:
        """``file:line`` for a line number in a driver's message; ``stage`` is "vertex" or "fragment"."""
        files = self.vertex_files if stage == "vertex" else self.fragment_files
        file, line = divmod(number, _LINES)
        if file < len(files):
            path, lines = files[file]
            return f"{path}:{min(max(line, 1), lines)}"
        path, lines = files[0] if file == _CLOSING else self.fragment_files[0]
        return f"{path}:{line if file == _HEADER else lines if file == _CLOSING else 1}"


def read_source(
    path: Path, text: str, start: int, end: int, inputs: Sequence["Input"], samplers: Sequence[str],
    read: Callable[[Path], str],
) -> Source:
    """Build the sources of the ISF file ``path`` whose header comment is ``text[start:end]``.

    Args:
        inputs: the header's inputs. samplers: names of pass targets and imported pictures.
        read: reads the text of a further file (a ``.vs`` beside it, an include).

    Raises:
        ShaderError: where there is no ``main``, or an include is missing.
    """
    declared = "".join(f"{_line(i.line, _HEADER)}uniform {_GLSL_TYPE[i.type]} {i.name};\n" for i in inputs)
    declared += _line(1, _PRELUDE) + "".join(f"uniform sampler2D {name};\n" for name in samplers)
    body = text[:start] + "\n" * text.count("\n", start, end) + text[end:]
    fragment = _Body(path, body, read)
    if not re.search(r"\bmain\s*\(", _COMMENT.sub(" ", fragment.text)):
        raise ShaderError("has no main()", f"{path}:{fragment.files[0][1]}", "write void main() {...}")
    beside = path.with_suffix(".vs")
    own_vertex = path.suffix.lower() != ".vs" and beside.is_file()
    vertex = _Body(beside, read(beside), read) if own_vertex else _Body(path, "", read)
    vertex_text = vertex.text if own_vertex else _line(1, _PRELUDE) + _PLAIN_VERTEX
    return Source(
        "".join((vertex.head(), _line(1, _PRELUDE), _PASS % 0, _VERTEX_HEAD, _COMMON, declared, vertex_text)),
        "".join((fragment.head(), _line(1, _PRELUDE), _PASS % 0, _FRAGMENT_HEAD, _COMMON, declared,
                 "#define main isf_main\n", fragment.text, _line(1, _CLOSING), _FRAGMENT_TAIL)),
        tuple(vertex.files), tuple(fragment.files),
        own_vertex or bool(re.search(r"\bdiscard\b", _COMMENT.sub(" ", fragment.text))),
    )


def _of_pass(source: str, index: int) -> str:
    asks = len(re.findall(r"\bPASSINDEX\b", source)) > 1  # the first is ours
    return source.replace(_PASS % 0, _PASS % index, 1) if asks else source


class _Body:
    """A file's own text with its includes put in, ready for GLSL 3.30; ``text`` begins with its #line."""

    def __init__(self, path: Path, text: str, read: Callable[[Path], str]) -> None:
        self.files: list[tuple[Path, int]] = []
        self.extensions: list[str] = []
        self._read = read
        self.text = self._file(path, text)

    def head(self) -> str:
        return "#version 330 core\n" + "".join(self.extensions)

    def _file(self, path: Path, text: str) -> str:
        number = len(self.files)
        self.files.append((path, max(len(text.rstrip("\n").split("\n")), 1)))
        out = [_line(1, number).rstrip()]
        for count, line in enumerate(text.split("\n"), 1):
            include, extension = _INCLUDE.match(line), _EXTENSION.match(line)
            if include:
                out.append(self._include(include.group(1), path, count) + _line(count + 1, number).rstrip())
            elif _VERSION.match(line):
                out.append("")
            elif extension:
                if not extension.group(1).startswith(_MEANT_FOR_ES):
                    self.extensions.append(line.strip() + "\n")
                out.append("")
            else:
                out.append(re.sub(r"\bgl_FragData\s*\[\s*0\s*\]", "gl_FragColor", line))
        # Some drivers take nothing but ASCII, even in comments.
        return "\n".join(out).encode("ascii", "replace").decode() + "\n"

    def _include(self, name: str, path: Path, line: int) -> str:
        bundled = bundled_dir("shaders").resolve()
        further = [user_dir("shaders") / "include", bundled / "include"]
        if path.resolve().is_relative_to(bundled):
            further.reverse()  # a file of the user's with the name of ours must not break our shaders
        for folder in (path.parent, *further):
            found = (folder / name).resolve()
            if found.is_file():
                if any(found == other.resolve() for other, _ in self.files):
                    return ""  # each file is put in once
                if len(self.files) >= _HEADER:
                    raise ShaderError(f"includes more than {_HEADER - 1} files", f"{path}:{line}")
                return self._file(found, self._read(found))
        raise ShaderError(f'the include "{name}" is not there', f"{path}:{line}",
                          "put it beside the shader or in the include folder of the shaders")
