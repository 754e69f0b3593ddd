"""How faithfully ``scan`` sounds a picture, beside other ways to do it: one table, one analyser (``eval_scan``)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import eval_scan, voice_baselines, voice_pictures
from tools.eval_scan import HIGH_HZ, LOW_HZ, SAMPLE_RATE, SWEEPS

BASELINE_PICTURES = ("camera", "coffee", "text")
WINDOWS = (1024, 2048, 4096)


def measure(
    sizes: Sequence[tuple[int, float]] = eval_scan.SIZES, modes: Sequence[str] = eval_scan.MODES,
    pictures: Sequence[str] = voice_pictures.NAMES, baselines: Sequence[str] | None = None,
    baseline_pictures: Sequence[str] = BASELINE_PICTURES,
) -> Iterator[list[dict[str, Any]]]:  # fmt: skip
    """For each size and mode: the figures of ``scan`` on all pictures, then of every system on a few of them.

    Args:
        baselines: names in ``voice_baselines.ROWWISE`` and ``WINDOWED``; None is all.
    """
    if baselines is None:
        baselines = (*voice_baselines.ROWWISE, *voice_baselines.WINDOWED)
    for size, seconds in sizes:
        for mode in modes:
            rows = [eval_scan.compare(name, size, seconds, mode)[0] for name in pictures]
            yield rows
            few = [row | {"system": "scan, few"} for row in rows if row["picture"] in baseline_pictures]
            if baselines and few:
                yield few
                yield from _baselines(size, seconds, mode, baselines, [row["picture"] for row in few])


def _baselines(
    size: int, seconds: float, mode: str, names: Sequence[str], pictures: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    row_hz = plain_rows(size, mode)
    frames = round(SWEEPS * seconds * SAMPLE_RATE)
    window = 0
    for name in names:
        rows = []
        for picture in pictures:
            _, truth = eval_scan.truth_of(picture, size)
            wanted = eval_scan.amplitude(truth)
            if name in voice_baselines.ROWWISE:
                sound = voice_baselines.ROWWISE[name](wanted, row_hz, frames)
            else:
                window = window or _best_window(wanted, truth, row_hz, frames)
                sound = voice_baselines.WINDOWED[name](wanted, row_hz, frames, window)
            figures, _ = eval_scan.judge(sound, row_hz, truth)
            rows.append({"system": name, "picture": picture, "size": size, "seconds": seconds, "rows": mode,
                         "window": window, **figures})  # fmt: skip
        yield rows


def _best_window(wanted: NDArray, truth: NDArray, row_hz: NDArray, frames: int) -> int:
    """The window that serves best: chosen once for a size and mode, by RTPGHI on the first picture."""
    return max(WINDOWS, key=lambda window: eval_scan.judge(
        voice_baselines.rtpghi(wanted, row_hz, frames, window), row_hz, truth)[0]["ssim"])  # fmt: skip


def plain_rows(count: int, mode: str) -> NDArray:
    """Hz of the baselines' rows, row 0 the highest: the scales as textbooks have them."""
    place = np.linspace(1.0, 0.0, count)
    if mode == "linear":
        return LOW_HZ + (HIGH_HZ - LOW_HZ) * place
    if mode == "log":
        return LOW_HZ * (HIGH_HZ / LOW_HZ) ** place
    low, high = np.log1p(0.00437 * LOW_HZ), np.log1p(0.00437 * HIGH_HZ)
    return np.expm1(low + (high - low) * place) / 0.00437
