"""How loud each channel of an input is: peak and RMS, for a person who sets a gain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FLOOR_DB = -120.0
_LOW_DB = -60.0  # where a bar begins
_HOLD = 20  # takes for which the highest peak is shown


@dataclass(frozen=True)
class Levels:
    """Per channel, dB relative to full scale, -120 to about 0 (a full-scale sine has an RMS of -3).

    Attributes:
        peak_db, rms_db: since the last look. held_db: the highest peak of the last 20 looks. clipped: samples at full
            scale since the beginning.
    """

    peak_db: np.ndarray
    rms_db: np.ndarray
    held_db: np.ndarray
    clipped: np.ndarray

    def line(self, names: Sequence[str]) -> str:
        """All channels on one plain line."""
        return "   ".join(
            f"{name}: peak {peak:6.1f} rms {rms:6.1f}{' CLIPPED' if clipped else ''}"
            for name, peak, rms, clipped in zip(names, self.peak_db, self.rms_db, self.clipped, strict=True))

    def bars(self, names: Sequence[str], width: int) -> list[str]:
        """One line a channel in rich's markup: RMS as a solid bar, the peak as a light one, a tick at the held peak."""
        room = max(width - 34, 10)
        out = []
        for name, peak, rms, held, clipped in zip(names, self.peak_db, self.rms_db, self.held_db, self.clipped,
                                                  strict=True):
            solid, light, tick = (round(room * min(max(1.0 - db / _LOW_DB, 0.0), 1.0)) for db in (rms, peak, held))
            cells = ["█"] * solid + ["░"] * (max(light, solid) - solid) + [" "] * (room - max(light, solid))
            if tick:
                cells[tick - 1] = "▏" if cells[tick - 1] == " " else cells[tick - 1]
            # Green to -12 dB, yellow to -3, red above: what a mixing desk shows.
            yellow, red = round(room * (1.0 + 12.0 / _LOW_DB)), round(room * (1.0 + 3.0 / _LOW_DB))
            bar = "".join(cells)
            mark = "[bold red]CLIP[/]" if clipped else "    "
            out.append(f"{name:>3} [green]{bar[:yellow]}[/][yellow]{bar[yellow:red]}[/][red]{bar[red:]}[/] "
                       f"{peak:6.1f} {rms:6.1f} dB {mark}")
        return out


class LevelMeter:
    """Gathers levels in a sound card's callback (``hear``), and gives what came since the last ``take``.

    ``hear`` allocates, and is for a meter that stands alone. ``take`` may run in any other thread, at worst one block
    apart from the truth. A channel that was not heard yet is at -120 dB.
    """

    def __init__(self) -> None:
        self._gathered: list[tuple[np.ndarray, np.ndarray, np.ndarray, int]] = []
        self._channels = 0
        self._held: list[np.ndarray] = []
        self._clipped = np.zeros(0, np.int64)

    def hear(self, heard: np.ndarray, out: np.ndarray, in_air_s: float) -> None:
        """A ``bridge.Callback``: ``heard`` is float32 (frames, channels)."""
        size = np.abs(heard)
        self._channels = heard.shape[1]
        self._gathered.append((size.max(axis=0, initial=0.0), np.square(heard, dtype=np.float64).sum(axis=0),
                               (size >= 1.0).sum(axis=0), len(heard)))

    def take(self) -> Levels:
        """The levels since the last take."""
        gathered, self._gathered = self._gathered, []
        channels = self._channels
        peak, power, frames = np.zeros(channels), np.zeros(channels), 0
        if len(self._clipped) != channels:
            self._clipped = np.zeros(channels, np.int64)
            self._held.clear()
        for each_peak, each_power, clipped, each_frames in gathered:
            peak = np.maximum(peak, each_peak)
            power += each_power
            self._clipped += clipped
            frames += each_frames
        self._held = [*self._held, peak][-_HOLD:]
        return Levels(_db(peak), _db(np.sqrt(power / max(frames, 1))), _db(np.max(self._held, axis=0)),
                      self._clipped.copy())


def _db(amplitude: np.ndarray) -> np.ndarray:
    return np.maximum(20.0 * np.log10(np.maximum(amplitude, 1e-9)), FLOOR_DB)
