"""Where the beat is at any coming moment: what was heard or tapped, run on at its tempo."""

import numpy as np

LOW_BPM, HIGH_BPM = 40.0, 240.0
_PAUSE_S = 2.0
_FIELDS = ("bpm", "anchor_s", "beats", "in_bar", "bars", "meter", "confidence")


class Transport:
    """A tempo and a place: at the moment ``anchor_s`` so many ``beats`` had passed, ``in_bar`` of them since the
    present bar, the one after ``bars`` others, began.

    Attributes: bpm; anchor_s (monotonic seconds); beats, in_bar (with fractions); bars; meter (beats in a bar);
    confidence (0..1); tapped (a person has set it).
    """

    __slots__ = (*_FIELDS, "tapped")

    def __init__(self, bpm: float = 120.0, anchor_s: float = 0.0, beats: float = 0.0, in_bar: float = 0.0,
                 bars: float = 0.0, meter: float = 4.0, confidence: float = 0.0, tapped: bool = False) -> None:
        self.bpm, self.anchor_s, self.beats, self.in_bar = bpm, anchor_s, beats, in_bar
        self.bars, self.meter, self.confidence, self.tapped = bars, meter, confidence, tapped

    def hear(self, stamp_s: float, row: np.ndarray) -> None:
        """Take over what was heard at ``stamp_s``: ``row`` in the order of ``table.BEAT``. Real-time safe."""
        self.bpm, phase, bar_phase, count, self.bars, self.confidence, self.meter = row.tolist()
        self.anchor_s, self.beats, self.in_bar = stamp_s, count + phase, bar_phase * self.meter

    def read(self, record: np.ndarray) -> None:
        """Take over what ``put`` has put into a record of the bus's ``params``."""
        for name in _FIELDS:
            setattr(self, name, float(record[name][0]))
        self.tapped = bool(record["tapped"][0])

    def put(self, record: np.ndarray) -> None:
        """Put all of it into a record of the bus's ``params``."""
        for name in (*_FIELDS, "tapped"):
            record[name] = getattr(self, name)

    def beats_at(self, time_s: float) -> float:
        """Beats that will have passed at ``time_s``; the fraction is the phase."""
        return self.beats + (time_s - self.anchor_s) * self.bpm / 60.0

    def write(self, time_s: float, out: np.ndarray, never_below: float = 0.0) -> float:
        """Put the ``beat`` signals of the moment ``time_s`` into ``out`` (float64, in the order of ``table.BEAT``).

        ``never_below``: the beats that were answered before. What comes out up to half a beat below that stands still
        instead, so that a correction never counts a beat twice. Returns the beats that this answer holds.
        """
        meter = max(self.meter, 1.0)
        beats = self.beats_at(time_s)
        if 0.0 < never_below - beats < 0.5:
            beats = never_below
        in_bar = self.in_bar + (beats - self.beats)
        out[0], out[1], out[2] = self.bpm, beats % 1.0, (in_bar / meter) % 1.0
        out[3], out[4] = max(0.0, beats // 1.0), max(0.0, self.bars + in_bar // meter)
        out[5], out[6] = self.confidence, self.meter
        return beats


class TapTempo:
    """Taps to a transport: the median interval of the last taps; a pause of over 2 s begins anew."""

    def __init__(self) -> None:
        self._taps: list[float] = []

    def tap(self, time_s: float, current: Transport) -> Transport:
        """The transport after a tap at ``time_s``: one tap sets the phase, two or more the tempo too.

        The tap is the beat nearest to it in ``current``, whose counting goes on.
        """
        if self._taps and time_s - self._taps[-1] > _PAUSE_S:
            self._taps.clear()
        self._taps = [*self._taps[-7:], time_s]
        bpm = current.bpm
        if len(self._taps) > 1:
            interval_s = float(np.median(np.diff(self._taps)))
            if interval_s > 0.0:
                bpm = min(max(60.0 / interval_s, LOW_BPM), HIGH_BPM)
        before = current.beats_at(time_s)
        beats = float(round(before))
        in_bar = float(round(current.in_bar + before - current.beats))
        return Transport(bpm, time_s, beats, in_bar, current.bars, current.meter, 1.0, True)
