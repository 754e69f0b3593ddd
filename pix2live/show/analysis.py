"""``pix2live analyze``: a sound file heard through the live engines, every signal of every hop kept."""

from dataclasses import dataclass, replace

import numpy as np

from pix2live.engine.options import Options
from pix2live.errors import UsageError
from pix2live.show.offline import BEGIN_S, OfflineShow, Progress, sound_length
from pix2live.signals import table
from pix2live.signals.bus import Section

# Flux peaks when the onset fills the window's newest quarter; the detector knows it at the end of that hop.
ONSET_DELAY_S = 0.011
_VECTORS = ("spectrum", "mel")


@dataclass(frozen=True)
class Analysis:
    """Every signal over time: ``time_s`` (hops,), ``signals`` name to (hops,) or (hops, size); ``events`` name
    (``onset_s``, ``beat_s``, ``downbeat_s``, and beside each ``onset_known_s`` and so on, the moment at which the live
    instrument knew) to (events,) seconds; ``notices``."""

    time_s: np.ndarray
    signals: dict[str, np.ndarray]
    events: dict[str, np.ndarray]
    rate: int
    notices: list[str]


class _Follower:
    """Keeps every frame of a section that has one frame a hop."""

    def __init__(self, section: Section, vectors: tuple[str, ...] = ()) -> None:
        self._section, self._record, self._next = section, section.record(), section.count
        self.stamps: list[float] = []
        self.rows: dict[str, list[np.ndarray]] = {name: [] for name in ("scalars", *vectors)}

    def take(self) -> None:
        """Read what is new."""
        while self._next < self._section.count:
            self._section.read(self._next, self._record)
            self.stamps.append(float(self._record["stamp"][0]) - BEGIN_S)
            for name, rows in self.rows.items():
                rows.append(self._record[name][0].copy())
            self._next += 1

    def array(self, name: str) -> np.ndarray:
        """All frames of one field."""
        return np.array(self.rows[name]).reshape(len(self.stamps), -1)


def analyze(options: Options, progress: Progress) -> Analysis:
    """Hear a sound file through the live engines and keep every signal of every hop. Raises FileError."""
    if options.audio_in in (None, "none", "demo"):
        raise UsageError("is no sound file", str(options.audio_in), "give one to analyze")
    seconds = sound_length(options, None)
    options = replace(options, camera="none", overrides=(*options.overrides, ("synth.mute", 1.0)))
    show = OfflineShow(options, picture=False)
    show.open()
    assert show.perception is not None
    audio, hearing = _Follower(show.bus.audio, _VECTORS), _Follower(show.bus.hearing)
    perception, seen = show.bus.perception.record(), []
    try:
        for time_s, _, _ in show.blocks(seconds):
            show.bus.perception.newest(perception)
            known = len(audio.stamps)
            audio.take()
            seen += [perception["scalars"][0].copy()] * (len(audio.stamps) - known)
            hearing.take()
            progress(min(1.0, time_s / seconds))
        show.perception.step(show.clock.now())
        hearing.take()
        models = show.perception.model_names()
    finally:
        show.close()
    progress(1.0)
    time = np.array(audio.stamps)
    signals = dict(zip(table.SECTIONS["audio"], audio.array("scalars").T, strict=True))
    signals |= dict(zip(table.SECTIONS["hearing"], hearing.array("scalars").T, strict=True))
    first = table.local("perception", table.MODEL[0])
    values = np.array(seen).reshape(len(time), -1)
    signals |= {name: values[:, first + slot] for slot, name in enumerate(models)}
    signals |= {f"audio.{name}": audio.array(name) for name in _VECTORS}
    return Analysis(time, signals, _events(time, signals), show.audio.rate, show.notices)


def _events(time_s: np.ndarray, signals: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    onset_s = time_s[_grown(signals["audio.onset_count"])]
    events = {"onset_s": np.maximum(0.0, onset_s - ONSET_DELAY_S), "onset_known_s": onset_s}
    for event, counter, phase in (("beat", "beat.count", "beat.phase"), ("downbeat", "beat.bar", "beat.phase")):
        at = _grown(signals[counter])
        # Known at the hop's end; the phase says how long ago within the hop it was.
        since_s = signals[phase][at] * 60.0 / np.maximum(signals["beat.bpm"][at], 1.0)
        hop_s = time_s[1] - time_s[0] if len(time_s) > 1 else 0.0
        events |= {f"{event}_s": np.maximum(0.0, time_s[at] - np.minimum(since_s, hop_s)),
                   f"{event}_known_s": time_s[at]}
    for name in ("kick", "snare", "hat"):
        events[f"{name}_known_s"] = time_s[_grown(signals[f"audio.{name}_count"])]
    return events


def _grown(counter: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.diff(counter, prepend=0.0) > 0)
