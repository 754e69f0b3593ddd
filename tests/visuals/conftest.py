"""A small offscreen picture for each module, and shaders written where a test needs them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import moderngl
import numpy as np
import numpy.typing as npt
import pytest

from pix2live.devices.window import Window
from pix2live.visuals.isf import IsfShader, load_shader
from pix2live.visuals.program import FrameInputs
from pix2live.visuals.stage import Stage

SIZE = (16, 8)


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    with Window(SIZE, headless=True) as opened:
        yield opened


@pytest.fixture
def ctx(window: Window) -> Iterator[moderngl.Context]:
    yield window.ctx
    assert window.ctx.error == "GL_NO_ERROR"


@pytest.fixture
def shader(tmp_path: Path) -> Callable[..., IsfShader]:
    """``shader(main_body, header_json, before_main)`` -> a parsed shader in a file of its own."""

    def make(body: str, header: str = '"ISFVSN": "2"', before: str = "", name: str = "test.fs") -> IsfShader:
        path = tmp_path / name
        path.write_text(f"/*{{{header}}}*/\n{before}\nvoid main() {{\n{body}\n}}\n")
        return load_shader(path)

    return make


def pixels(texture: moderngl.Texture) -> npt.NDArray[np.float64]:
    """A texture's (height, width, 4), top row first, as floats."""
    kind = {"f1": np.uint8, "f2": np.float16, "f4": np.float32}[texture.dtype]
    data = np.frombuffer(texture.read(), kind).reshape(texture.height, texture.width, texture.components)[::-1]
    return data / 255.0 if kind is np.uint8 else data.astype(np.float64)


def draw(ctx: moderngl.Context, parsed: IsfShader, values: dict[str, float] | None = None, **given) -> npt.NDArray:
    """One frame of a shader, drawn by a stage of its own."""
    pictures = given.pop("pictures", None)
    stage = Stage(ctx, parsed, SIZE)
    try:
        return pixels(stage.draw(FrameInputs(**given), values or {}, pictures))
    finally:
        stage.release()
