"""Draws every shader at several moments of made-up music into one PNG, to be looked at.

    python -m tools.contact_sheet OUT.png [--size 320x180] [--moments 0.6,2,4,6] [--knobs] [--only NAME ...]

A row a shader: its name, then its picture at each moment. ``--knobs`` swings every float knob through its range
instead of leaving it at its default. Exit 1 where a shader fails (its row says why).
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pix2live.devices.window import Window
from pix2live.errors import Pix2liveError
from pix2live.resources import listing
from pix2live.visuals.check import FPS, TEMPO_HZ, Bench
from pix2live.visuals.isf import load_shader
from pix2live.visuals.stage import Stage

_GAP, _NAME_ROW = 6, 22


def lively_values(stage: Stage, time_s: float, swing: bool) -> dict[str, float]:
    """Knob values of a moment: events on each beat, knobs whose default is 0 and name says hit follow the beat."""
    beat = math.exp(-6.0 * (time_s * TEMPO_HZ % 1.0))
    values = {}
    for number, spec in enumerate(stage.shader.specs("")):
        if spec.kind == "event":
            values[spec.id] = float(beat > 0.8)
        elif spec.kind == "float" and ("hit" in spec.id or "hit" in spec.label.lower().split()):
            values[spec.id] = spec.map(beat)
        elif spec.kind == "float" and swing:
            values[spec.id] = spec.map(0.5 + 0.5 * math.sin(0.9 * time_s + 1.7 * number))
    return values


def pictures(bench: Bench, path: Path, moments: list[float], swing: bool) -> list[np.ndarray]:
    """The pictures of one shader at ``moments`` (seconds, rising); raises ShaderError."""
    stage = Stage(bench.ctx, load_shader(path), bench.size)
    try:
        found: list[np.ndarray] = []
        for index in range(round(moments[-1] * FPS) + 1):
            texture = bench.draw(stage, index, lively_values(stage, index / FPS, swing))
            while len(found) < len(moments) and index >= round(moments[len(found)] * FPS):
                found.append(bench.picture(texture).copy())
        return found
    finally:
        stage.release()


def main() -> int:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", default=[], dest="names", help="stems or files of shaders (default: all)")
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--moments", default="0.6,2,4,6")
    parser.add_argument("--knobs", action="store_true")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    moments = sorted(float(m) for m in options.moments.split(","))
    known = listing("shaders")
    paths = [Path(n) if Path(n).is_file() else known[n] for n in options.names] or list(known.values())
    rows = len(paths)
    extent = (_GAP + len(moments) * (width + _GAP), _GAP + rows * (height + _NAME_ROW + _GAP))
    sheet = Image.new("RGB", extent, (24, 24, 26))
    draw, font, failed = ImageDraw.Draw(sheet), ImageFont.load_default(14), False
    with Window((width, height), headless=True) as window:
        bench = Bench(window.ctx, (width, height))
        for row, path in enumerate(paths):
            top = _GAP + row * (height + _NAME_ROW + _GAP)
            title = f"{path.parent.name}/{path.stem}"
            try:
                for column, picture in enumerate(pictures(bench, path, moments, options.knobs)):
                    sheet.paste(Image.fromarray(picture), (_GAP + column * (width + _GAP), top + _NAME_ROW))
            except Pix2liveError as error:
                title, failed = str(error), True
            draw.text((_GAP, top + 2), title, (230, 230, 225), font)
            print(title)
        bench.release()
    sheet.save(options.out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
