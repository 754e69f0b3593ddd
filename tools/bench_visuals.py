"""Measures the picture engine: its cost over a bare draw, and how long a new shader holds up the picture.

    python -m tools.bench_visuals [--size 640x360] [--shader FILE]

The cold and the warmed compile each run in a fresh process with an empty shader cache (Mesa's; NVIDIA's where set).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import moderngl

from pix2live.devices.window import Window
from pix2live.visuals.check import Bench
from pix2live.visuals.compiler import Compiler
from pix2live.visuals.inputs import AudioTextures, FrameInputs
from pix2live.visuals.isf import load_shader
from pix2live.visuals.layer import Layer
from pix2live.visuals.mixer import Mixer
from pix2live.visuals.stage import Stage

_PLAIN = """/*{"ISFVSN": "2", "INPUTS": [%s]}*/
void main() {
    float s = 0.0;
    vec2 p = isf_FragNormCoord;
    for (int i = 0; i < 8; i++) s += sin(p.x * float(i) * 9.0 + TIME) * sin(p.y * 7.0 + s);
    gl_FragColor = vec4(0.5 + 0.5 * sin(s + vec3(0.0, 2.0, 4.0)) * (%s), 1.0);
}
"""


def _per_frame(window: Window, draw: object, frames: int = 120) -> float:
    """Milliseconds of one drawn and finished frame: the quickest tenth, for a machine that is shared."""
    times = []
    for index in range(frames):
        began = time.perf_counter()
        draw(index)  # type: ignore[operator]
        window.wait()
        times.append(time.perf_counter() - began)
    return 1e3 * sorted(times)[frames // 10]


def overhead(size: tuple[int, int]) -> dict[str, float]:
    """Frame times in ms: the bare program, the same as a layer with 12 knobs, and with mixer and read-back."""
    import numpy as np

    names = [f"k{i}" for i in range(12)]
    knobs = ", ".join(f'{{"NAME": "{name}", "TYPE": "float", "DEFAULT": 0.1}}' for name in names)
    source = _PLAIN % (knobs, " + ".join(names))
    with tempfile.TemporaryDirectory() as folder, Window(size, headless=True) as window:
        path = Path(folder) / "plain.fs"
        path.write_text(source)
        shader, ctx = load_shader(path), window.ctx
        program = ctx.program(vertex_shader=shader.source.vertex, fragment_shader=shader.source.fragment)
        array = ctx.vertex_array(program, [])
        texture = ctx.texture(size, 4, dtype="f2")
        bare_target = ctx.framebuffer([texture])
        for name in names:
            program[name].value = 0.1  # type: ignore[union-attr]
        program["isf_Limit"].value = 65504.0  # type: ignore[union-attr]

        def bare(index: int) -> None:
            program["TIME"].value = index / 60.0  # type: ignore[union-attr]
            bare_target.use()
            array.render(moderngl.TRIANGLE_STRIP, vertices=4)

        layer, mixer, audio = Layer(ctx, size), Mixer(ctx, size), AudioTextures(ctx)
        layer.set_generator(layer.prepare(shader, "deck.a"))
        values = {f"deck.a.{n}": 0.1 for n in names}
        out = np.zeros((size[1], size[0], 3), np.uint8)

        def frame(index: int) -> FrameInputs:
            return FrameInputs(index / 60.0, 1 / 60.0, index, audio=audio)

        def as_layer(index: int) -> None:
            layer.draw(frame(index), values)

        def mixed(index: int) -> None:
            mixer.draw(layer.draw(frame(index), values), None, 0.0, frame(index))

        def read(index: int) -> None:
            mixed(index)
            window.read_rgb(out, mixer.framebuffer)

        result = {"bare draw": _per_frame(window, bare), "layer": _per_frame(window, as_layer),
                  "layer + mixer": _per_frame(window, mixed), "layer + mixer + read-back": _per_frame(window, read)}
        began = time.perf_counter()
        for _ in range(500):
            layer.generator._program.set_values(values)  # type: ignore[union-attr]
        result["12 knobs, Python alone"] = 1e3 * (time.perf_counter() - began) / 500
        layer.release()
    return result


def stall(shader: Path, size: tuple[int, int]) -> dict[str, float]:
    """Milliseconds for which a new shader holds up the picture: cold, and after the helper had it."""
    result = {}
    for name in ("cold", "warmed by the helper"):
        with tempfile.TemporaryDirectory() as cache:
            env = {**os.environ, "MESA_SHADER_CACHE_DIR": cache, "__GL_SHADER_DISK_CACHE_PATH": cache}
            answer = subprocess.run(
                [sys.executable, "-m", "tools.bench_visuals", "--one-stall", name, "--shader", str(shader),
                 "--size", f"{size[0]}x{size[1]}"], env=env, check=True, capture_output=True, text=True).stdout
            result.update(json.loads(answer))
    return result


def _one_stall(shader: Path, size: tuple[int, int], name: str) -> dict[str, float]:
    with Window(size, headless=True) as window:
        result = {}
        if name != "cold":
            compiler = Compiler(size)
            compiler.submit(shader)
            while not (done := compiler.poll()):
                time.sleep(0.05)
            compiler.close()
            if done[0].error:
                raise done[0].error
            result["the helper took"] = 1e3 * done[0].seconds
        bench, parsed = Bench(window.ctx, size), load_shader(shader)  # pictures of the kinds that a show has
        began = time.perf_counter()
        stage = Stage(window.ctx, parsed, size)
        result[f"{name}: compile"] = 1e3 * (time.perf_counter() - began)
        for index, moment in enumerate(("first frame", "second frame")):
            began = time.perf_counter()
            bench.draw(stage, index)
            window.wait()
            result[f"{name}: {moment}"] = 1e3 * (time.perf_counter() - began)
        if name != "cold":
            wall_s, cpu_s = [], []
            for index in range(2, 42):
                began, busy = time.perf_counter(), time.process_time()
                bench.draw(stage, index)
                window.wait()
                wall_s.append(time.perf_counter() - began)
                cpu_s.append(time.process_time() - busy)
            result["a frame"], result["a frame, CPU"] = (1e3 * sorted(times)[4] for times in (wall_s, cpu_s))
    return result


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--shader", type=Path, default=Path("shaders/generators/ink_range.fs"))
    parser.add_argument("--one-stall", help=argparse.SUPPRESS)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    if options.one_stall:
        print(json.dumps(_one_stall(options.shader, (width, height), options.one_stall)))
        return
    for title, table in (("frame", overhead((width, height))),
                         (f"new shader {options.shader.name}", stall(options.shader, (width, height)))):
        for name, value in table.items():
            print(f"{title:28} {name:34} {value:9.2f} ms")


if __name__ == "__main__":
    main()
