"""Tempo and phase: given a tempo and the moment of one beat, the phase at any coming moment."""

from dataclasses import dataclass

import numpy as np

LOW_BPM, HIGH_BPM = 40.0, 240.0


@dataclass(frozen=True)
class Transport:
    """A steady tempo. ``anchor_s`` is the moment of a beat (monotonic seconds); ``tapped`` where a person set it."""

    bpm: float = 120.0
    anchor_s: float = 0.0
    tapped: bool = False

    def beats(self, time_s: float) -> float:
        """Beats since the anchor at ``time_s`` (may be negative); its fraction is the beat phase."""
        return (time_s - self.anchor_s) * self.bpm / 60.0

    def write(self, time_s: float, scalars: np.ndarray) -> None:
        """Put the six ``beat`` signals of the moment ``time_s`` into ``scalars`` (float64, table.BEAT's order)."""
        beats = self.beats(time_s)
        scalars[0] = self.bpm
        scalars[1] = beats % 1.0
        scalars[2] = (beats / 4.0) % 1.0
        scalars[3] = max(0.0, beats // 1.0)
        scalars[4] = max(0.0, beats // 4.0)
        scalars[5] = 1.0 if self.tapped else 0.0


class TapTempo:
    """Taps to a transport: the median interval of the last taps; a pause of over 2 s begins anew."""

    def __init__(self) -> None:
        self._taps: list[float] = []

    def tap(self, time_s: float, current: Transport) -> Transport:
        """The transport after a tap at ``time_s``: one tap sets the phase, two or more the tempo too."""
        if self._taps and time_s - self._taps[-1] > 2.0:
            self._taps.clear()
        self._taps = [*self._taps[-7:], time_s]
        bpm = current.bpm
        if len(self._taps) > 1:
            interval_s = float(np.median(np.diff(self._taps)))
            if interval_s > 0.0:
                bpm = min(max(60.0 / interval_s, LOW_BPM), HIGH_BPM)
        return Transport(bpm, time_s, True)
