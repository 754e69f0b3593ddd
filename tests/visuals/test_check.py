"""The check of a shader file, and the helper process that compiles."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import moderngl
import numpy as np
import pytest

from pix2live.visuals.check import Bench, check
from pix2live.visuals.compiler import Compiled, Compiler
from pix2live.visuals.isf import IsfShader

Make = Callable[..., IsfShader]
PLAIN = "gl_FragColor = vec4(isf_FragNormCoord, sin(TIME), 1.0);"
SIZE = (32, 18)


def run(ctx: moderngl.Context, parsed: IsfShader, **kwargs: object) -> dict[str, object]:
    result = check(parsed.path, ctx, SIZE, **kwargs)  # type: ignore[arg-type]
    assert set(result) == {"file", "parsed", "compiled", "drew", "blank", "finite", "error"}
    return result


def test_a_good_shader_passes_and_gives_its_picture(ctx: moderngl.Context, shader: Make) -> None:
    out = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    parsed = shader(PLAIN)
    assert run(ctx, parsed, out=out) == {"file": str(parsed.path), "parsed": True, "compiled": True, "drew": True,
                                         "blank": False, "finite": True, "error": None}
    assert out[0, 0, 1] > 240 and out[-1, 0, 1] < 15 and out[0, -1, 0] > 240  # green grows upwards, red to the right


def test_each_fault_is_told_apart(ctx: moderngl.Context, shader: Make, tmp_path: Path) -> None:
    assert run(ctx, shader("gl_FragColor = vec4(0.3);"))["blank"] is True
    assert run(ctx, shader("gl_FragColor = vec4(isf_FragNormCoord, 1.0, 0.0);"))["blank"] is True
    assert run(ctx, shader("gl_FragColor = vec4(fract(TIME));"))["blank"] is False
    bad = run(ctx, shader("gl_FragColor = vec4(log(isf_FragNormCoord.x - 0.5));"))
    assert (bad["finite"], bad["drew"], bad["error"]) == (False, True, None)
    deep = shader("""if (PASSINDEX == 1) gl_FragColor = vec4(log(isf_FragNormCoord.x - 0.5));
        else gl_FragColor = vec4(isf_FragNormCoord, 0.0, 1.0);""",
        '"PASSES": [{"TARGET": "a", "FLOAT": 16}, {"TARGET": "b", "FLOAT": 16}, {}]')
    assert run(ctx, deep)["finite"] is False
    broken = shader("\ngl_FragColor = nonsense;")
    result = run(ctx, broken)
    assert (result["parsed"], result["compiled"], result["drew"], result["blank"]) == (True, False, False, None)
    assert str(result["error"]).startswith(f"{broken.path}:5: ")
    (tmp_path / "none.fs").write_text("nothing")
    assert check(tmp_path / "none.fs", ctx, SIZE)["parsed"] is False


def test_what_one_check_met_does_not_tell_on_the_next(ctx: moderngl.Context, shader: Make) -> None:
    passes = '"PASSES": [{"TARGET": "a", "PERSISTENT": true, "FLOAT": true}, {}]'
    broken = shader("gl_FragColor = nonsense;", passes, name="broken.fs")
    good = shader("gl_FragColor = vec4(isf_FragNormCoord, IMG_THIS_PIXEL(a).b, 1.0);", passes, name="good.fs")
    for parsed in (good, broken, good, good):
        assert run(ctx, parsed, frames=3)["drew"] is (parsed is good)
    texture = ctx.texture((1, 1), 4)
    texture.use(100_000)  # no such unit: GL notes an error, which it keeps until somebody asks
    texture.release()
    assert run(ctx, good, frames=3)["drew"] is True


@pytest.mark.parametrize("names", [("inputImage",), ("startImage", "endImage")])
def test_filters_and_transitions_get_pictures(ctx: moderngl.Context, shader: Make, names: tuple[str, ...]) -> None:
    inputs = ", ".join(f'{{"NAME": "{name}", "TYPE": "image"}}' for name in names)
    inputs += ', {"NAME": "progress", "TYPE": "float"}'
    parsed = shader(f"gl_FragColor = IMG_THIS_PIXEL({names[-1]});", f'"ISFVSN": "2", "INPUTS": [{inputs}]')
    result = run(ctx, parsed)
    assert result["drew"] is True and result["blank"] is False


def wait_for(compiler: Compiler, count: int, limit_s: float = 40.0) -> list[Compiled]:
    found: list[Compiled] = []
    end = time.monotonic() + limit_s
    while len(found) < count and time.monotonic() < end:
        found += compiler.poll()
        time.sleep(0.02)
    assert len(found) == count
    return found


def test_the_helper_tells_good_from_bad_and_survives_a_hang_and_a_crash(shader: Make) -> None:
    good, bad = shader(PLAIN, name="good.fs"), shader("gl_FragColor = zilch;", name="bad.fs")
    compiler = Compiler(SIZE, timeout_s=8.0)

    def stopped() -> int:
        assert compiler._helper is not None
        os.kill(compiler._helper.pid, signal.SIGSTOP)  # to its parent a stopped process is a hung one
        compiler.submit(good.path)
        time.sleep(0.3)
        return compiler._helper.pid

    try:
        compiler.submit(good.path)
        compiler.submit(bad.path)
        first, second = wait_for(compiler, 2)
        assert first.error is None and first.path == good.path
        assert second.error is not None and second.error.where == f"{bad.path}:4" and "zilch" in second.error.what
        hung = stopped()
        compiler.submit(good.path)
        first, second = wait_for(compiler, 2)
        assert "more than 8 s" in str(first.error) and str(good.path) in str(first.error) and second.error is None
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)
        os.kill(stopped(), signal.SIGKILL)  # as a crash of the driver would
        assert "crashed" in str(wait_for(compiler, 1)[0].error)
        compiler.submit(good.path)
        assert wait_for(compiler, 1)[0].error is None
        assert compiler._helper is not None
        helper = compiler._helper.pid
    finally:
        compiler.close()
        compiler.close()
    with pytest.raises(ProcessLookupError):
        os.kill(helper, 0)


def test_where_no_helper_can_run_shaders_are_let_through(shader: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    good = shader(PLAIN)
    for program in ("/bin/false", "/nowhere/python"):
        monkeypatch.setattr("sys.executable", program)
        compiler = Compiler(SIZE)
        for _ in range(2):
            compiler.submit(good.path)
        assert [answer.error for answer in wait_for(compiler, 2)] == [None, None]
        compiler.close()


def test_made_up_material_is_the_same_each_time(ctx: moderngl.Context) -> None:
    from pix2live.visuals.check import made_up_picture, made_up_sound

    for a, b in zip(made_up_sound(1.25), made_up_sound(1.25), strict=True):
        assert np.array_equal(a, b) and a.dtype == np.float32 and np.isfinite(a).all() and np.ptp(a) > 0.3
    assert np.array_equal(made_up_picture(8, 4), made_up_picture(8, 4))
    Bench(ctx, SIZE).release()
