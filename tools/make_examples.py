"""Three short sounds for the guide, each composed from a picture made here: a landscape, a city at night, a painting.

    python -m tools.make_examples [FOLDER] [--seconds 36] [--preset picture_music] [--pictures]

Writes Ogg Vorbis (48 kHz, stereo) of the whole instrument with its effects, as `pix2live sonify --instrument harmony`
plays the picture with its own preset, and prints length, size and levels.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import soundfile

from pix2live.show.sonify import Job, Piece, play

WIDTH, HEIGHT = 960, 600


def _noise(rng: np.random.Generator, height: int, width: int, *scales: float) -> np.ndarray:
    """Smooth noise (height, width), about -1..1: octaves of blurred grain."""
    out = np.zeros((height, width), np.float32)
    for scale in scales:
        grain = rng.normal(size=(max(int(height / scale), 2), max(int(width / scale), 2))).astype(np.float32)
        out += cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC) * scale / max(scales)
    return out / np.abs(out).max()


def _gradient(stops: list[tuple[float, tuple[int, int, int]]], height: int, width: int) -> np.ndarray:
    """Colours from top to bottom, float32 (height, width, 3)."""
    y = np.linspace(0.0, 1.0, height)
    at, colours = [s for s, _ in stops], np.array([c for _, c in stops], np.float32)
    column = np.stack([np.interp(y, at, colours[:, i]) for i in range(3)], axis=1)
    return np.repeat(column[:, None], width, axis=1).astype(np.float32)


def landscape() -> np.ndarray:
    """A calm landscape: morning sky, four ridges that fade into haze, a lake."""
    rng = np.random.default_rng(4)
    sky = [(0.0, (150, 190, 222)), (0.45, (232, 226, 205)), (0.7, (206, 214, 204)), (1.0, (168, 190, 198))]
    picture = _gradient(sky, HEIGHT, WIDTH)
    picture += 7.0 * _noise(rng, HEIGHT, WIDTH, 260, 120)[..., None]
    cv2.circle(picture, (660, 190), 34, (255, 246, 214), -1, cv2.LINE_AA)
    x = np.arange(WIDTH)
    for depth, (base, colour) in enumerate([(300, (186, 200, 208)), (335, (158, 182, 182)), (375, (126, 160, 148)),
                                            (420, (96, 136, 112))]):  # fmt: skip
        ridge = base + (26 + 12 * depth) * _noise(rng, 2, WIDTH, 300 - 40 * depth, 120)[0]
        mask = np.clip(np.arange(HEIGHT)[:, None] - ridge[x][None] + 0.5, 0.0, 1.0)[..., None]
        picture = picture * (1.0 - mask) + np.array(colour, np.float32) * mask
    lake = slice(470, HEIGHT)
    picture[lake] = 0.5 * picture[lake] + 0.5 * picture[340:470][::-1] + 6.0
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.6), 0, 255).astype(np.uint8)


def night_city() -> np.ndarray:
    """A city at night: towers with lit windows, neon, a wet street."""
    rng = np.random.default_rng(11)
    picture = _gradient([(0.0, (10, 10, 34)), (0.6, (46, 16, 70)), (0.75, (70, 20, 62)), (1.0, (8, 8, 20))],
                        HEIGHT, WIDTH)  # fmt: skip
    neon = [(255, 40, 140), (40, 220, 255), (255, 150, 30), (160, 60, 255), (255, 230, 90), (60, 110, 255)]
    for layer in range(3):
        x = -20
        while x < WIDTH:
            wide, top = int(rng.integers(38, 96)), int(rng.integers(90, 300) + 45 * layer)
            shade = np.array([16, 14, 34]) * (1.5 - 0.45 * layer)
            cv2.rectangle(picture, (x, top), (x + wide, 470), shade.tolist(), -1)
            step = 9 + 2 * layer
            for wy in range(top + 8, 462, step + 3):
                for wx in range(x + 5, x + wide - 5, step):
                    if rng.random() < 0.5:
                        warm = neon[int(rng.integers(6))] if rng.random() < 0.3 else (255, 205, 120)
                        light = (np.array(warm) * rng.uniform(0.45, 1.0)).tolist()
                        cv2.rectangle(picture, (wx, wy), (wx + step - 5, wy + step - 3), light, -1)
            if rng.random() < 0.6:
                sign = neon[int(rng.integers(6))]
                cv2.rectangle(picture, (x + 6, top + 20), (x + 16, top + 90), sign, -1)
            x += wide + int(rng.integers(2, 10))
    glow = cv2.GaussianBlur(picture, (0, 0), 14)
    picture = np.maximum(picture, 1.15 * glow)
    street = picture[340:470][::-1]
    picture[470:600] = 0.75 * cv2.GaussianBlur(street, (0, 0), sigmaX=1.2, sigmaY=7)
    for _ in range(60):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(480, 590))
        cv2.line(picture, (x, y), (x + int(rng.integers(10, 60)), y), neon[int(rng.integers(6))], 2, cv2.LINE_AA)
    return np.clip(picture, 0, 255).astype(np.uint8)


def painting() -> np.ndarray:
    """An abstract painting: planes, arcs and lines of colour on cream."""
    rng = np.random.default_rng(23)
    picture = np.full((HEIGHT, WIDTH, 3), (236, 226, 204), np.float32)
    picture += 9.0 * _noise(rng, HEIGHT, WIDTH, 90, 24, 6)[..., None]
    paints = [(206, 52, 40), (28, 84, 160), (240, 184, 36), (24, 28, 36), (58, 148, 112), (226, 118, 52),
              (126, 60, 132)]  # fmt: skip
    for _ in range(16):
        centre = np.array([rng.uniform(0.05, 0.95) * WIDTH, rng.uniform(0.05, 0.95) * HEIGHT])
        corners = centre + rng.normal(0.0, 90.0, (int(rng.integers(3, 5)), 2))
        layer = picture.copy()
        cv2.fillConvexPoly(layer, cv2.convexHull(corners.astype(np.int32)), paints[int(rng.integers(7))], cv2.LINE_AA)
        picture = 0.22 * picture + 0.78 * layer
    for _ in range(9):
        centre = (int(rng.uniform(0.1, 0.9) * WIDTH), int(rng.uniform(0.1, 0.9) * HEIGHT))
        radius, turn = int(rng.uniform(18, 120)), float(rng.uniform(0, 360))
        thick = -1 if radius < 45 else int(rng.integers(3, 10))
        colour = paints[int(rng.integers(7))]
        arc = float(rng.uniform(140, 360))
        cv2.ellipse(picture, centre, (radius, radius), turn, 0, arc, colour, thick, cv2.LINE_AA)
    for _ in range(22):
        a = np.array([rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)])
        b = a + rng.normal(0.0, 190.0, 2)
        cv2.line(picture, tuple(a.astype(int).tolist()), tuple(b.astype(int).tolist()), (22, 22, 28),
                 int(rng.integers(2, 6)), cv2.LINE_AA)  # fmt: skip
    picture += 5.0 * _noise(rng, HEIGHT, WIDTH, 5, 2)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


EXAMPLES: dict[str, Callable[[], np.ndarray]] = {
    "calm_landscape": landscape, "night_city": night_city, "abstract_painting": painting,
}  # fmt: skip


def play_example(name: str, folder: Path, seconds: float, preset: str, wav: bool = False) -> Path:
    """Paint the picture, play it, and write the sound as Ogg Vorbis or WAV; returns its path."""
    with tempfile.TemporaryDirectory() as rest:
        picture, sound = Path(rest) / f"{name}.png", Path(rest) / f"{name}.wav"
        cv2.imwrite(str(picture), EXAMPLES[name]()[..., ::-1])
        play(Job(picture, sound), Piece(("harmony",), preset, seconds, 1, ()), lambda share: None)
        samples, rate = soundfile.read(sound, dtype="float32")
    path = folder / f"{name}.{'wav' if wav else 'ogg'}"
    written = {"format": "WAV", "subtype": "PCM_24"} if wav else {"format": "OGG", "subtype": "VORBIS"}
    with soundfile.SoundFile(path, "w", rate, 2, **written) as file:
        # In pieces: libsndfile's Vorbis writer overruns its stack on a long one.
        for start in range(0, len(samples), 4096):
            file.write(samples[start : start + 4096])
    rms_db = 10.0 * np.log10(np.mean(np.square(samples, dtype=np.float64)))
    print(f"{path}: {len(samples) / rate:.1f} s, {path.stat().st_size / 1e6:.2f} MB, "
          f"RMS {rms_db:.1f} dBFS, peak {20.0 * np.log10(np.abs(samples).max()):.1f} dBFS")  # fmt: skip
    return path


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/examples"))
    parser.add_argument("--seconds", type=float, default=36.0)
    parser.add_argument("--preset", default="picture_music")
    parser.add_argument("--wav", action="store_true", help="WAV of 24 bits instead of Ogg Vorbis")
    parser.add_argument("--pictures", action="store_true", help="write the pictures too, as JPEG")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, paint in EXAMPLES.items():
        if options.pictures:
            cv2.imwrite(str(options.folder / f"{name}.jpg"), paint()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
        play_example(name, options.folder, options.seconds, options.preset, options.wav)


if __name__ == "__main__":
    main()
