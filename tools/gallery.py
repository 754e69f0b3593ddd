"""Renders every preset to the built-in tune, with the built-in moving picture as its camera, one sheet of them all, and
the page of all that is heard in the tune.

    python -m tools.gallery docs/gallery [--seconds 12] [--size 960x540] [--only NAME|analysis]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from pix2live.devices.demo_tune import DemoTune
from pix2live.engine.options import Options
from pix2live.resources import listing
from pix2live.show.analysis import analyze
from pix2live.show.offline import OfflineShow
from pix2live.show.plot import plot

FPS, COLUMNS = 15.0, 3
RATE, TUNE_S = 48000, 120.0
# Where the tune is in full swing; what comes before is heard at once, without pictures.
BEGIN_S = 17.0


def picture(preset: str, size: tuple[int, int], seconds: float) -> np.ndarray:
    """The preset after ``seconds`` of pictures, RGB uint8 (height, width, 3)."""
    show = OfflineShow(Options(preset=preset, audio_in="demo", size=size, fps=FPS))
    show.open()
    try:
        assert show.audio.sound.source is not None
        show.audio.sound.source.read(np.zeros((round(BEGIN_S * show.audio.rate), 2), np.float32))
        frame = None
        for _, _, frames in show.blocks(seconds):
            frame = frames[-1] if frames else frame
        assert frame is not None
        return frame.copy()
    finally:
        show.close()


def page(path: Path) -> None:
    """What is heard in two minutes of the tune, on one page."""
    tune = np.zeros((round(TUNE_S * RATE), 2), np.float32)
    DemoTune(RATE).read(tune)
    with tempfile.TemporaryDirectory() as folder:
        song, drawn = Path(folder) / "The built-in tune.wav", Path(folder) / "page.png"
        soundfile.write(song, tune, RATE)
        plot(analyze(Options(audio_in=str(song)), lambda share: None), song, drawn)
        with Image.open(drawn) as picture:
            small = picture.convert("RGB").resize((1920, 1080), Image.Resampling.LANCZOS)
    small.save(path, quality=88)


def main() -> None:
    """Write NAME.jpg for each preset, presets.jpg, a sheet of all, and analysis.jpg."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--size", default="960x540")
    parser.add_argument("--only")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    options.folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name in listing("presets"):
        if options.only in (None, name):
            pictures.append(picture(name, (width, height), options.seconds))
            Image.fromarray(pictures[-1]).save(options.folder / f"{name}.jpg", quality=90)
            print(options.folder / f"{name}.jpg")
    if options.only in (None, "analysis"):
        page(options.folder / "analysis.jpg")
    if options.only is None:
        small = [np.asarray(Image.fromarray(p).resize((width // 2, height // 2), Image.Resampling.LANCZOS))
                 for p in pictures]
        small += [np.zeros_like(small[0])] * (-len(small) % COLUMNS)
        rows = [np.hstack(small[i:i + COLUMNS]) for i in range(0, len(small), COLUMNS)]
        Image.fromarray(np.vstack(rows)).save(options.folder / "presets.jpg", quality=88)


if __name__ == "__main__":
    main()
