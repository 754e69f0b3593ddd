"""An hour of ``harmony`` on a changing film, rendered as fast as it goes: does it bear a night in a gallery.

The film is made here: landscapes, nights and patterns melt into each other over minutes, with things that move and a
cut now and then. What is measured: clicks, peaks, loudness of every five minutes and its drift, NaN, memory.
"""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from pix2live.dsp.weighting import k_weighting, weighted_power
from pix2live.patch.preset import find_preset, load_preset
from tools.voice_player import BLOCK, RATE, Film, Player
from tools.voice_sets import HEIGHT, SETS, WIDTH, from_oklch

FPS = 5.0
PART_S = 300.0
JUMP = 0.03
"""A click: a sample that lies farther than this from the line through the two before, and four times as far as any of
its neighbours within 2 ms. Full scale is 1."""
STEP = 0.2
"""No sample differs by more from the one before, outside of onsets."""
DRIFT_LU = 1.0
CEILING_DB = -1.0
_SCENE_S, _MELT_S = 150.0, 30.0
_ONSET_S = 0.05
_BANDS = 160


def film(seed: int = 1) -> Film:
    """Two and a half minutes a scene, half a minute from one to the next, every third time a cut."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT
    names = ("brightness", "saturation", "warmth", "angularity", "detail", "contrast", "motion")

    def scene(number: int, now_s: float) -> NDArray[np.float64]:
        rng = np.random.default_rng((seed, number))
        if number % 2 == 0:
            return SETS[names[number // 2 % len(names)]](float(rng.random()), number)(now_s).astype(np.float64)
        # Hills under a sky whose light comes and goes, and a sun or lamp that wanders.
        day = 0.5 + 0.4 * math.sin(now_s / 47.0 + number)
        hills = 0.35 + 0.1 * np.sin(5.0 * x + number) + 0.05 * np.sin(13.0 * x + 2.0 * number)
        lightness = np.where(1.0 - y < hills, 0.12 + 0.25 * day, (0.15 + 0.6 * day) * (0.7 + 0.3 * y))
        lamp = np.hypot(x - 0.66 - 0.5 * math.sin(now_s / 31.0), y - 0.35 - 0.2 * math.cos(now_s / 23.0))
        lightness = np.maximum(lightness, 0.95 * np.clip(1.3 - lamp * 12.0, 0.0, 1.0))
        chroma, hue = 0.03 + 0.1 * float(rng.random()), float(rng.uniform(0.0, 6.28))
        return from_oklch(lightness, chroma, hue).astype(np.float64)

    def at(now_s: float) -> NDArray[np.uint8]:
        number, into_s = int(now_s // _SCENE_S), now_s % _SCENE_S
        shown = scene(number, now_s)
        share = (into_s - (_SCENE_S - _MELT_S)) / _MELT_S
        if share > 0.0 and number % 3 != 2:
            shown = shown * (1.0 - share) + scene(number + 1, now_s) * share
        return shown.astype(np.uint8)

    return at


class Watch:
    """What is watched in the sound while it passes, a second at a time."""

    def __init__(self) -> None:
        self._biquads, self._memory = k_weighting(RATE), np.zeros((2, 4))
        self._before = np.zeros((256, 2), np.float32)
        self.powers: list[float] = []  # K-weighted, of each second
        self.spectra: list[NDArray[np.float32]] = []  # dB, of each second
        self.peak = self.true_peak = self.step = self.jump = 0.0
        self.clicks = self.not_finite = 0

    def hear(self, sound: NDArray[np.float32], onsets: NDArray[np.int64]) -> None:
        """The next second (frames, 2), and where in it notes begin, in frames (those of the second before below 0)."""
        self.not_finite += int(np.sum(~np.isfinite(sound)))
        sound = np.nan_to_num(sound)
        self.powers.append(weighted_power(self._biquads, self._memory, np.ascontiguousarray(sound.T)))
        whole = np.concatenate([self._before, sound])
        self._before = sound[-256:].copy()
        self.peak = max(self.peak, float(np.abs(sound).max()))
        self.true_peak = max(self.true_peak, float(np.abs(soxr.resample(whole, RATE, 4 * RATE)).max()))
        quiet = np.ones(len(whole), np.bool_)
        for at in onsets + 256:
            quiet[max(at - 48, 0) : max(at + round(_ONSET_S * RATE), 0)] = False
        steps = np.abs(np.diff(whole, axis=0)).max(axis=1)
        bends = np.abs(np.diff(whole, 2, axis=0)).max(axis=1)
        self.step = max(self.step, float(steps[quiet[1:]].max(initial=0.0)))
        self.jump = max(self.jump, float(bends[quiet[2:]].max(initial=0.0)))
        self.clicks += clicks(whole)
        window = np.hanning(8192)[:, None]
        middle = len(sound) // 2 - 4096
        power = (np.abs(np.fft.rfft(sound[middle : middle + 8192] * window, axis=0)) ** 2).mean(axis=1) / 2048.0**2
        edges = np.unique((np.geomspace(30.0, 20000.0, _BANDS + 1) * 8192 / RATE).astype(int))
        self.spectra.append((10.0 * np.log10(np.maximum.reduceat(power, edges[:-1]) + 1e-12)).astype(np.float32))

    def loudness(self, part_s: float = PART_S) -> list[float]:
        """LUFS (no gate) of every ``part_s``."""
        parts = [self.powers[i : i + round(part_s)] for i in range(0, len(self.powers), round(part_s))]
        return [-0.691 + 10.0 * math.log10(max(float(np.mean(part)), 1e-12)) for part in parts]


def clicks(sound: NDArray[np.float32]) -> int:
    """How many samples of (frames, channels) jump out of their surroundings (``JUMP``)."""
    count = 0
    for bends in np.abs(np.diff(sound.astype(np.float64), 2, axis=0)).T:
        for at in np.flatnonzero(bends > JUMP):
            around = np.concatenate([bends[max(at - 96, 0) : max(at - 3, 0)], bends[at + 4 : at + 97]])
            if len(around) and bends[at] > 4.0 * around.max() and bends[at] == bends[max(at - 3, 0) : at + 4].max():
                count += 1
    return count


def measure(minutes: float = 60.0, preset: str = "picture_music", seed: int = 1) -> tuple[dict[str, Any], Watch]:
    """Figures of ``minutes`` of ``preset`` on the film, and the watch with the curves.

    Raises PresetError, FileError: of the preset.
    """
    player, watch = Player(load_preset(find_preset(preset))), Watch()
    harmony = player.instrument.harmony
    second: list[NDArray[np.float32]] = []
    notes = done = 0
    settled_kb, begun = 0, np.zeros(0, np.int64)
    for block in player.blocks(film(seed), 60.0 * minutes, FPS):
        second.append(block.copy())
        if len(second) * BLOCK < RATE:
            continue
        sound = np.concatenate(second)
        count = int(harmony.state.note_count[0])
        new = harmony.state.notes[np.arange(max(notes, count - 1024), count) % 1024]
        fresh = new["position"][new["velocity"] > 0.0] + player.instrument.latency_samples - done
        watch.hear(sound, np.concatenate([begun, fresh]))
        begun = fresh - len(sound)
        notes, done = count, done + len(sound)
        second.clear()
        # By then every kind of scene has been seen once, and what is only made once has been made.
        if len(watch.powers) == max(round(10.0 * minutes), 30):
            settled_kb = _memory_kb()
    return _figures(watch, notes, minutes, _memory_kb() - settled_kb), watch


def _figures(watch: Watch, notes: int, minutes: float, grown_kb: int) -> dict[str, Any]:
    parts = watch.loudness(min(PART_S, 60.0 * minutes / 2.0))
    whole = [part for part in parts if part > -70.0] or [-70.0]
    line = np.polyfit(np.arange(len(whole)), whole, 1)[0] * (len(whole) - 1) if len(whole) > 2 else whole[-1] - whole[0]
    return {
        "minutes": minutes, "note_events": notes, "lufs": [round(part, 2) for part in parts],
        "lufs_all": watch.loudness(1e9)[0], "drift_lu": float(line), "spread_lu": max(whole) - min(whole),
        "peak_db": _db(watch.peak), "true_peak_db": _db(watch.true_peak), "largest_step": watch.step,
        "largest_jump": watch.jump, "clicks": watch.clicks, "not_finite": watch.not_finite,
        "memory_growth_mb": grown_kb / 1024.0,
    }  # fmt: skip


def verdicts(figures: dict[str, Any]) -> dict[str, bool]:
    """Each claim, and whether it holds."""
    return {
        "no click": figures["clicks"] == 0 and figures["largest_step"] <= STEP,
        "no clipping": figures["true_peak_db"] <= CEILING_DB + 0.1,
        "no drift": abs(figures["drift_lu"]) <= DRIFT_LU,
        "no NaN": figures["not_finite"] == 0,
        "no growth of memory": figures["memory_growth_mb"] < 4.0,
    }


def _db(value: float) -> float:
    return 20.0 * math.log10(max(value, 1e-9))


def _memory_kb() -> int:
    """Resident memory of this process, in KiB; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except (OSError, ValueError):
        return 0


def plot(watch: Watch, path: Path) -> None:
    """The hour on one page: spectrogram, and loudness by the second, the minute and five minutes."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    minutes = np.arange(len(watch.powers)) / 60.0
    momentary = -0.691 + 10.0 * np.log10(np.maximum(watch.powers, 1e-12))
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(14, 7), sharex=True, height_ratios=(3, 2))
    above.imshow(np.array(watch.spectra).T, origin="lower", aspect="auto", cmap="magma", vmin=-90.0, vmax=-25.0,
                 extent=(0.0, float(minutes[-1]) + 1 / 60, 0.0, 1.0))  # fmt: skip
    above.set(ylabel="30 Hz to 20 kHz", yticks=[])
    below.plot(minutes, momentary, lw=0.4, color="0.6")
    for length_s, colour in ((60.0, "tab:blue"), (PART_S, "tab:red")):
        parts = watch.loudness(length_s)
        below.step(np.arange(len(parts) + 1) * length_s / 60.0, [*parts, parts[-1]], where="post", color=colour,
                   lw=1.2, label=f"{length_s / 60:.0f} min")  # fmt: skip
    below.set(xlabel="minutes", ylabel="LUFS", ylim=(-45.0, -10.0), xlim=(0.0, float(minutes[-1]) + 1 / 60))
    below.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
