"""How much of a picture is in its sound: play it with the scan instrument, analyse the sound, compare.

    python -m tools.eval_scan [--json] [--plot OUT.png]

The analyser is frozen and knows nothing of phases: for every row a Gaussian window matched to the score's cell (its
spread in time over the column step equals its spread in frequency over that row's step to its neighbours), sampled at
the row's frequency and at the moment the playhead meets the column. Magnitudes go back through the instrument's 48 dB
contrast curve with one free gain for the whole picture, the one with the least squared error. The instrument plays
faithfully: 100 Hz to 20 kHz, no tilt, no detune, fixed level (the limiter never acts), grey pictures. Beside it stands
an ear: gammatone filters of one ERB at the same places (Patterson 1987), which cannot tell rows closer than that apart.
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import score_from_picture
from tools import voice_pictures

SAMPLE_RATE = 48000
SIZES = ((64, 1.05), (128, 4.0), (256, 16.0))
MODES = ("linear", "erb", "log")
BARS = {"linear": 0.99, "erb": 0.95}
"""Mean SSIM over the pictures that the project asks of itself."""
LOW_HZ, HIGH_HZ = 100.0, 20000.0
CONTRAST_DB = 48.0
SWEEPS = 3
"""The middle one is analysed."""
KEYS = ("ssim", "psnr_db", "correlation", "ear_ssim")

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
    column_s = len(sound) / SAMPLE_RATE / (SWEEPS * columns)
    steps_hz = np.abs(np.gradient(row_hz)) if len(row_hz) > 1 else np.array([1.0 / column_s])

    def band(row: int, away_hz: NDArray) -> NDArray:
        spread_s = np.sqrt(column_s / (2.0 * np.pi * steps_hz[row]))
        return np.exp(-0.5 * (2.0 * np.pi * spread_s * away_hz) ** 2)

    widths_hz = 6.0 / (2.0 * np.pi * np.sqrt(column_s / (2.0 * np.pi * steps_hz)))
    return _through(sound, row_hz, columns, band, widths_hz)


def hear(sound: NDArray, row_hz: NDArray, columns: int) -> NDArray:
    """(rows, columns) envelopes of gammatone filters of order 4, one ERB wide, less each filter's delay."""
    erb_hz = 24.7 * (1.0 + 0.00437 * row_hz)

    def band(row: int, away_hz: NDArray) -> NDArray:
        wide = 1.019 * erb_hz[row]
        return (1.0 + 1j * away_hz / wide) ** -4.0 * np.exp(2j * np.pi * away_hz * 3.0 / (2.0 * np.pi * wide))

    return _through(sound, row_hz, columns, band, 12.0 * erb_hz)


def _through(
    sound: NDArray, row_hz: NDArray, columns: int, band: Callable[[int, NDArray], NDArray], widths_hz: NDArray
) -> NDArray:
    """Magnitudes of each row's band of the sound at every column; a band is a function of Hz from the row."""
    total = SWEEPS * columns
    bin_hz = SAMPLE_RATE / len(sound)
    spectrum = np.fft.rfft(sound)
    picture = np.empty((len(row_hz), columns))
    for row, hz in enumerate(row_hz):
        bins = np.arange(max(int((hz - widths_hz[row]) / bin_hz), 0),
                         min(int((hz + widths_hz[row]) / bin_hz) + 2, len(spectrum)))  # fmt: skip
        # Only every (frames / total)th sample is wanted: bins that far apart fall on each other.
        lead = int(bins[0]) % total
        folded = np.zeros(-(-(lead + len(bins)) // total) * total, complex)
        folded[lead : lead + len(bins)] = spectrum[bins] * band(row, bins * bin_hz - hz)
        picture[row] = np.abs(np.fft.ifft(folded.reshape(-1, total).sum(axis=0)))[columns : 2 * columns]
    return picture


def amplitude(picture: NDArray) -> NDArray:
    """What the contrast curve makes of brightness 0..1."""
    floor = 10.0 ** (-CONTRAST_DB / 20.0)
    return (10.0 ** (CONTRAST_DB * (picture - 1.0) / 20.0) - floor) / (1.0 - floor)


def brightness(magnitudes: NDArray, truth: NDArray) -> NDArray:
    """Magnitudes back to 0..1 through the contrast curve, with the gain of the least squared error."""
    floor = 10.0 ** (-CONTRAST_DB / 20.0)
    unit = magnitudes / np.quantile(magnitudes, 0.999)

    def back(gain_db: float) -> NDArray:
        level = unit * 10.0 ** (gain_db / 20.0)
        return np.clip(1.0 + 20.0 / CONTRAST_DB * np.log10(level * (1.0 - floor) + floor), 0.0, 1.0)

    def error(gain_db: float) -> float:
        return float(np.mean((back(gain_db) - truth) ** 2))

    coarse = min(np.arange(-CONTRAST_DB, 12.01), key=error)
    return back(min(coarse + np.arange(-1.0, 1.01, 0.1), key=error))


def truth_of(name: str, size: int) -> tuple[NDArray[np.float32], NDArray]:
    """The score of a picture and its brightness (rows, columns)."""
    score = score_from_picture(voice_pictures.picture(name), size, size, hue_pan=0.0)
    return score, score[:, :, 0].T.astype(np.float64)


def compare(name: str, size: int, seconds: float, mode: str) -> tuple[dict[str, Any], NDArray, NDArray]:
    """One picture: its figures, the picture as played, and as heard."""
    score, truth = truth_of(name, size)
    sound, row_hz = play(score, faithful_params(seconds, mode), round(SWEEPS * seconds * SAMPLE_RATE))
    figures, heard = judge(sound, row_hz, truth)
    return {"system": "scan", "picture": name, "size": size, "seconds": seconds, "rows": mode, **figures}, truth, heard


def judge(sound: NDArray, row_hz: NDArray, truth: NDArray) -> tuple[dict[str, float], NDArray]:
    """Figures of any sound of a picture, and the picture as heard."""
    heard = brightness(analyse(sound, row_hz, truth.shape[1]), truth)
    by_ear = brightness(hear(sound, row_hz, truth.shape[1]), truth)
    crest_db = 20.0 * np.log10(np.abs(sound).max() / sound.std())
    return {**likeness(truth, heard), "ear_ssim": likeness(truth, by_ear)["ssim"], "crest_db": float(crest_db)}, heard


def likeness(truth: NDArray, heard: NDArray) -> dict[str, float]:
    """SSIM (7x7 uniform windows), PSNR in dB and correlation of two pictures in 0..1."""
    from skimage.metrics import structural_similarity

    return {
        "ssim": float(structural_similarity(truth, heard, data_range=1.0)),
        "psnr_db": float(-10.0 * np.log10(np.mean((truth - heard) ** 2))),
        "correlation": float(np.corrcoef(truth.ravel(), heard.ravel())[0, 1]),
    }


def line(rows: list[dict[str, Any]]) -> str:
    """One line of the table: means over pictures, and the worst one."""
    mean = {key: float(np.mean([figures[key] for figures in rows])) for key in (*KEYS, "crest_db")}
    worst = min(rows, key=lambda figures: figures["ssim"])
    first = rows[0]
    return (
        f"{first['system']:12s} {first['size']:4d} rows in {first['seconds']:5.2f} s  {first['rows']:6s}  "
        f"SSIM {mean['ssim']:.3f}  PSNR {mean['psnr_db']:4.1f} dB  r {mean['correlation']:.4f}  "
        f"ear SSIM {mean['ear_ssim']:.3f}  crest {mean['crest_db']:4.1f} dB  "
        f"worst {worst['ssim']:.3f} ({worst['picture']})"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", metavar="OUT.png", help="four pictures as played and as heard, a line for each row")
    options = parser.parse_args()
    results, shown = [], []
    for size, seconds in SIZES:
        for mode in MODES:
            rows = [compare(name, size, seconds, mode) for name in voice_pictures.NAMES]
            results += [figures for figures, _, _ in rows]
            at = [voice_pictures.NAMES.index(name) for name in ("camera", "coffee", "hubble_deep_field", "text")]
            shown.append(np.hstack([picture for i in at for picture in rows[i][1:]]))
            if not options.json:
                print(line([figures for figures, _, _ in rows]), flush=True)
    if options.json:
        print(json.dumps(results, indent=1))
    if options.plot:
        import cv2

        wide = [cv2.resize((255 * row).astype(np.uint8), (2048, 256), interpolation=cv2.INTER_NEAREST) for row in shown]
        cv2.imwrite(options.plot, np.vstack(wide))


if __name__ == "__main__":
    main()
