"""What ``pix2live shader`` does: try shader files out, offscreen, and keep the last picture."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pix2live.atomic import write_whole
from pix2live.devices.window import Window
from pix2live.visuals.check import check


def check_files(files: list[Path], size: tuple[int, int], output: Path | None) -> list[dict[str, Any]]:
    """Try each file (see ``visuals.check.check``); the last one that drew is written to ``output`` as PNG.

    Raises DeviceError where nothing can be drawn at all, FileError where ``output`` cannot be written.
    """
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    drawn = False
    results = []
    with Window(size, headless=True) as window:
        for path in files:
            results.append(check(path, window.ctx, size, picture))
            drawn = drawn or bool(results[-1]["drew"])
    if output is not None and drawn:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        write_whole(output, buffer.getvalue())
    return results
