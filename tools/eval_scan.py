"""How much of a picture is in its sound: play it with the scan instrument, analyse the sound, compare.

    python -m tools.eval_scan [--json] [--plot OUT.png]

The analyser is frozen: for every row a Gaussian window matched to the score's cell (its spread in time over the column
step equals its spread in frequency over that row's step to its neighbours), sampled at the row's frequency and at the
moment the playhead meets the column. Magnitudes go back through the instrument's 48 dB contrast curve with one free
gain for the whole picture, the one with the least squared error. The instrument plays faithfully: no tilt, no detune,
fixed level (the limiter never acts), grey pictures.
"""

import argparse
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import score_from_picture

SAMPLE_RATE = 48000
SIZES = ((64, 1.05), (128, 4.0), (256, 16.0))
MODES = ("linear", "erb", "log")
PICTURES = ("camera", "astronaut", "coffee", "chelsea", "rocket")
LOW_HZ, HIGH_HZ = 100.0, 20000.0
CONTRAST_DB = 48.0
_SWEEPS = 3  # the middle one is analysed


_MODE_NUMBER = {
    name: i for spec in Instrument.SPECS if spec.id == "synth.scan.rows" for i, name in enumerate(spec.choices)
}


def faithful_params(seconds: float, mode: str) -> NDArray[np.float32]:
    """Params of the instrument with which the sound is the picture and nothing else."""
    wanted = {
        "synth.gain": -12.0, "synth.scan.seconds": seconds, "synth.scan.low_hz": LOW_HZ, "synth.scan.high_hz": HIGH_HZ,
        "synth.scan.rows": float(_MODE_NUMBER[mode]), "synth.scan.tilt_db": 0.0, "synth.scan.detune_cents": 0.0,
        "synth.scan.contrast_db": CONTRAST_DB, "synth.scan.normalise": 0.0,
    }  # fmt: skip
    return np.array([wanted.get(spec.id, spec.default) for spec in Instrument.SPECS], np.float32)


def play(score: NDArray[np.float32], params: NDArray[np.float32], frames: int) -> tuple[NDArray, NDArray]:
    """(frames) mono sound of ``score``, its delay taken out, and the rows' frequencies in Hz."""
    instrument = Instrument(SAMPLE_RATE, max_partials=score.shape[1])
    instrument.set_score(score)
    sound = np.zeros((frames + instrument.latency_samples, 2), np.float32)
    for start in range(0, len(sound), 256):
        instrument.process(params, sound[start : start + 256])
    return sound[instrument.latency_samples :].mean(axis=1), instrument.row_hz


def analyse(sound: NDArray, row_hz: NDArray, columns: int) -> NDArray:
    """(rows, columns) magnitudes of the middle one of three sweeps."""
    frames, total = len(sound), _SWEEPS * columns
    bin_hz = SAMPLE_RATE / frames
    spectrum = np.fft.rfft(sound)
    column_s = frames / SAMPLE_RATE / total
    step_hz = np.abs(np.gradient(row_hz)) if len(row_hz) > 1 else np.array([1.0 / column_s])
    picture = np.empty((len(row_hz), columns))
    for r, hz in enumerate(row_hz):
        spread_s = np.sqrt(column_s / (2.0 * np.pi * step_hz[r]))
        spread_hz = 1.0 / (2.0 * np.pi * spread_s)
        first = max(int((hz - 6.0 * spread_hz) / bin_hz), 0)
        last = min(int((hz + 6.0 * spread_hz) / bin_hz) + 2, len(spectrum))
        bins = np.arange(first, last)
        band = spectrum[first:last] * np.exp(-0.5 * ((bins * bin_hz - hz) / spread_hz) ** 2)
        folded = np.zeros(total, complex)
        np.add.at(folded, bins % total, band)
        picture[r] = np.abs(np.fft.ifft(folded))[columns : 2 * columns]
    return picture


def brightness(magnitudes: NDArray, truth: NDArray) -> NDArray:
    """Magnitudes back to 0..1 through the contrast curve, with the gain of the least squared error."""
    floor = 10.0 ** (-CONTRAST_DB / 20.0)
    unit = magnitudes / np.quantile(magnitudes, 0.999)

    def back(gain_db: float) -> NDArray:
        amplitude = unit * 10.0 ** (gain_db / 20.0)
        return np.clip(1.0 + 20.0 / CONTRAST_DB * np.log10(amplitude * (1.0 - floor) + floor), 0.0, 1.0)

    gains = np.arange(-12.0, 12.01, 0.1)
    return back(gains[np.argmin([np.mean((back(gain) - truth) ** 2) for gain in gains])])


def compare(name: str, size: int, seconds: float, mode: str) -> tuple[dict[str, Any], NDArray, NDArray]:
    """One picture: its figures, the picture as played, and as heard."""
    from skimage import data

    score = score_from_picture(getattr(data, name)(), size, size, hue_pan=0.0)
    truth = score[:, :, 0].T.astype(np.float64)
    frames = round(_SWEEPS * seconds * SAMPLE_RATE)
    sound, row_hz = play(score, faithful_params(seconds, mode), frames)
    heard = brightness(analyse(sound, row_hz, size), truth)
    figures = {"picture": name, "size": size, "seconds": seconds, "rows": mode, **likeness(truth, heard)}
    return figures, truth, heard


def likeness(truth: NDArray, heard: NDArray) -> dict[str, float]:
    """SSIM (7x7 uniform windows), PSNR in dB and correlation of two pictures in 0..1."""
    from skimage.metrics import structural_similarity

    return {
        "ssim": float(structural_similarity(truth, heard, data_range=1.0)),
        "psnr_db": float(-10.0 * np.log10(np.mean((truth - heard) ** 2))),
        "correlation": float(np.corrcoef(truth.ravel(), heard.ravel())[0, 1]),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", metavar="OUT.png")
    options = parser.parse_args()
    results, shown = [], []
    for size, seconds in SIZES:
        for mode in MODES:
            rows = [compare(name, size, seconds, mode) for name in PICTURES]
            results += [figures for figures, _, _ in rows]
            shown.append(np.hstack([*rows[0][1:], *rows[1][1:]]))
            if not options.json:
                keys = ("ssim", "psnr_db", "correlation")
                mean = {key: np.mean([figures[key] for figures, _, _ in rows]) for key in keys}
                worst = min(figures["ssim"] for figures, _, _ in rows)
                print(f"{size:4d} rows in {seconds:5.2f} s, {mode:6s}  SSIM {mean['ssim']:.3f} (worst {worst:.3f})  "
                      f"PSNR {mean['psnr_db']:.1f} dB  correlation {mean['correlation']:.4f}")  # fmt: skip
    if options.json:
        print(json.dumps(results, indent=1))
    if options.plot:
        import cv2

        wide = [cv2.resize((255 * row).astype(np.uint8), (1024, 256), interpolation=cv2.INTER_NEAREST) for row in shown]
        cv2.imwrite(options.plot, np.vstack(wide))


if __name__ == "__main__":
    main()
