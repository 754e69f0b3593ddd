"""Compiling: old dialects work, and every driver's complaint becomes a line of the user's own file."""

from collections.abc import Callable
from pathlib import Path

import moderngl
import numpy as np
import pytest

from pix2live.errors import ShaderError
from pix2live.resources import bundled_dir
from pix2live.visuals import glsl
from pix2live.visuals.isf import IsfShader, load_shader
from pix2live.visuals.program import Program, driver_error

from .conftest import draw

Make = Callable[..., IsfShader]


@pytest.mark.parametrize("log", [
    "0:7(37): error: `bogus' undeclared",
    "0:3(1): warning: `x' used uninitialized\n0:7(37): error: `bogus' undeclared",
    "0(7) : error C1503: undefined variable \"bogus\"",
    "0(2) : warning C7050: \"x\" might be used before\n0(7) : error C1503: undefined variable \"bogus\"",
    "ERROR: 0:7: Use of undeclared identifier 'bogus'",
    "ERROR: 0:7: 'bogus' : undeclared identifier \nERROR: 1 compilation errors.  No code generated.",
    "WARNING: 0:2: something\nERROR: 0:7: error(#143) Undeclared identifier: bogus",
])
def test_each_driver_s_log_names_the_line(shader: Make, log: str) -> None:
    parsed = shader("\n" * 9)
    error = driver_error(parsed, f"GLSL Compiler failed\n\nfragment_shader\n===============\n{log}\n")
    assert error.where == f"{parsed.path}:7"
    assert "bogus" in error.what and "error" not in error.what.lower() and "\n" not in str(error)


def failure(ctx: moderngl.Context, parsed: IsfShader) -> ShaderError:
    with pytest.raises(ShaderError) as caught:
        Program(ctx, parsed)
    return caught.value


def test_a_mistake_in_the_body_names_its_line(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("  gl_FragColor = vec4(1.0);\n  float a = bogus;", '\n"ISFVSN": "2"\n', "// one\n// two")
    error = failure(ctx, parsed)
    assert error.where == f"{parsed.path}:8" and "bogus" in error.what


def test_a_mistake_in_the_vertex_shader_names_that_file(ctx: moderngl.Context, shader: Make, tmp_path: Path) -> None:
    (tmp_path / "own.vs").write_text("void main() {\n  isf_vertShaderInit();\n  oops = 1.0;\n}\n")
    assert failure(ctx, shader("gl_FragColor = vec4(1.0);", name="own.fs")).where == f"{tmp_path / 'own.vs'}:3"


def test_a_mistake_in_an_include_names_that_file(ctx: moderngl.Context, shader: Make, tmp_path: Path) -> None:
    (tmp_path / "part.glsl").write_text("float part() {\n  return nothing;\n}\n")
    before = '#include "part.glsl"\n#include "part.glsl"\nfloat after() { return 1.0; }'
    assert failure(ctx, shader("gl_FragColor = vec4(part());", before=before)).where == f"{tmp_path / 'part.glsl'}:2"
    (tmp_path / "part.glsl").write_text("float part() { return 0.5; }")
    assert draw(ctx, shader("gl_FragColor = vec4(part() * after());", before=before))[0, 0, 0] == 0.5
    parsed = shader("\n  gl_FragColor = vec4(zilch);", before=before)
    assert failure(ctx, parsed).where == f"{parsed.path}:7"
    with pytest.raises(ShaderError, match=r"test\.fs:2: .*absent\.glsl"):
        shader("", before='#include "absent.glsl"')


def test_an_include_of_the_user_s_serves_the_user_and_breaks_no_shader_of_ours(
        ctx: moderngl.Context, shader: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own" / "include"
    own.mkdir(parents=True)
    (own / "hash.glsl").write_text("float hash3(vec4 mine) { return 0.25; }\n")
    monkeypatch.setattr(glsl, "user_dir", lambda kind: own.parent)
    mine = shader("gl_FragColor = vec4(hash3(vec4(0.0)));", before='#include "hash.glsl"')
    assert draw(ctx, mine)[0, 0, 0] == 0.25
    ours = bundled_dir("shaders") / "effects" / "film.fs"
    assert '#include "hash.glsl"' in ours.read_text()
    Program(ctx, load_shader(ours)).release()

def test_a_reserved_word_as_input_names_the_line_of_the_header(ctx: moderngl.Context, shader: Make) -> None:
    header = '"ISFVSN": "2", "INPUTS": [\n{"NAME": "fine", "TYPE": "float"},\n{"NAME": "while", "TYPE": "float"}]'
    parsed = shader("gl_FragColor = vec4(fine);", header)
    assert failure(ctx, parsed).where == f"{parsed.path}:3"


def test_a_brace_too_few_names_the_end_of_the_file(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("if (true) {")
    assert failure(ctx, parsed).where == f"{parsed.path}:5"


def test_a_link_error_names_the_line_of_the_name(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("gl_FragColor = vec4(never());", before="\nfloat never();\n")
    error = failure(ctx, parsed)
    assert error.where == f"{parsed.path}:3" and "never" in error.what


PASSES = '"ISFVSN": "2", "PASSES": [{"TARGET": "one"}, {"TARGET": "two"}, {}]'


def test_a_mistake_in_the_branch_of_a_later_pass_names_its_line(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("gl_FragColor = vec4(1.0);\nif (PASSINDEX == 2)\n  gl_FragColor = vec4(bogus);", PASSES)
    assert failure(ctx, parsed).where == f"{parsed.path}:6"
    parsed = shader("if (PASSINDEX == 2) gl_FragColor = vec4(never());", PASSES, "float never();")
    assert failure(ctx, parsed).where == f"{parsed.path}:2"


def test_what_is_wrong_only_in_another_pass_s_branch_compiles(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("""
        float weights[2] = float[2](0.25, 0.5);
        if (PASSINDEX < 2) gl_FragColor = vec4(weights[PASSINDEX], 6 / (2 - PASSINDEX), 1 << PASSINDEX, 8.0) / 8.0;
        else gl_FragColor = vec4(IMG_THIS_PIXEL(one).rg, IMG_THIS_PIXEL(two).rg) * 8.0;""",
        PASSES.replace('"}', '", "FLOAT": true}'))
    assert draw(ctx, parsed)[0, 0].tolist() == [0.25, 3.0, 0.5, 6.0]


def test_passes_do_not_carry_each_other_s_branches(ctx: moderngl.Context, shader: Make) -> None:
    program = Program(ctx, shader("""
        if (PASSINDEX == 0) gl_FragColor = vec4(sin(TIME));
        else if (PASSINDEX == 1) gl_FragColor = IMG_THIS_PIXEL(one) + DATE;
        else gl_FragColor = IMG_THIS_PIXEL(two);""", PASSES))
    left = [{"TIME", "DATE", "one", "two"} & set(item.uniforms) for item in program._passes]
    assert left == [{"TIME"}, {"one", "DATE"}, {"two"}]
    program.release()


def test_passes_that_do_the_same_share_one_program(ctx: moderngl.Context, shader: Make) -> None:
    program = Program(ctx, shader("gl_FragColor = vec4(0.5);", PASSES))
    assert len(set(program._passes)) == 1
    program.release()


OLD = """#version 120
#extension GL_OES_standard_derivatives : enable
#extension GL_EXT_shader_texture_lod : require
#ifdef GL_ES
precision mediump float;
#endif
precision highp float;
float texture = 0.25;  // a name that was free in the old dialect
vec4 pick(sampler2D image, vec2 p) { return texture2D(image, p) + texture2D(image, p, 0.0) + texture2DRect(image, p); }
"""


def test_the_old_dialect_works(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("gl_FragData[0] = vec4(texture, dFdx(gl_FragCoord.x), 0.0, 1.0) + pick(camera, vec2(0.5));",
                    '"INPUTS": [{"NAME": "camera", "TYPE": "image"}]', OLD)
    assert np.allclose(draw(ctx, parsed)[0, 0], [0.25, 1.0, 0.0, 1.0])


def test_a_shader_without_a_file_error_keeps_the_context_usable(ctx: moderngl.Context, shader: Make) -> None:
    for _ in range(20):
        failure(ctx, shader("gl_FragColor = bogus;"))
    assert draw(ctx, shader("gl_FragColor = vec4(0.5);"))[0, 0, 0] == 0.5


def test_other_letters_in_comments_are_no_matter(ctx: moderngl.Context, tmp_path: Path) -> None:
    path = tmp_path / "ü.fs"
    path.write_text('/*{"DESCRIPTION": "Größe ∞"}*/\n// naïve 漢字\nvoid main() { gl_FragColor = vec4(1.0); }')
    assert load_shader(path).description == "Größe ∞"
    assert draw(ctx, load_shader(path)).min() == 1.0
