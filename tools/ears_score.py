"""What was heard against what was played, by mir_eval's measures.

``heard`` is a dict of what a system says of one clip, whatever it can: ``onsets``, ``beats``, ``downbeats`` (s),
``bpm`` [(s, bpm)], ``key`` (a name, or [(start, end, name)] as it was known over time),
``chords`` [(start, end, label)], ``pitch`` [(s, Hz or 0)]. A causal system's times are those at which it said so.
Truth is a clip of ``ears_corpus``: what it does not know (None, or empty) is not scored.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import mir_eval
import numpy as np

TRIM_S = 5.0         # mir_eval's custom: beats before this are not scored
ONSET_S, NARROW_S, BEAT_S = 0.05, 0.025, 0.07
TEMPO_TOLERANCE = 0.04
LOCK_BEATS = 4
Scores = dict[str, float]


class Truth(Protocol):
    """What is used of ``ears_corpus.Clip``."""

    beats_s: list[float] | None
    downbeats_s: list[float] | None
    onsets_s: list[float] | None
    soft_onsets_s: list[float]
    tempo: list[tuple[float, float]] | None
    key: str | None
    chords: list[tuple[float, float, str]] | None
    pitch: list[tuple[float, float]]


# Which field of the truth a task needs.
NEEDS = {"onset": "onsets_s", "beat": "beats_s", "downbeat": "downbeats_s", "tempo": "tempo", "key": "key",
         "chord": "chords", "pitch": "pitch"}


def score(task: str, truth: Truth, heard: dict[str, Any] | None, causal: bool, length_s: float) -> tuple[Scores, list]:
    """Figures of one task on one clip, and the signed errors in s of matched events (onset and beat).

    ``heard`` None counts as silence. An empty dict of figures: the truth does not know.
    """
    if not getattr(truth, NEEDS[task]):
        return {}, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mir_eval warns of nothing heard, which is an answer here
        return _TASKS[task](truth, heard or {}, causal, length_s)


def errors(truth_s: Sequence[float], heard_s: Sequence[float], window_s: float) -> list[float]:
    """Heard less true time of each event matched within ``window_s``, one to one."""
    pairs = mir_eval.util.match_events(np.sort(truth_s), np.sort(heard_s), window_s)
    truth, heard = np.sort(truth_s), np.sort(heard_s)
    return [float(heard[j] - truth[i]) for i, j in pairs]


def lateness(truth_s: Sequence[float], dated_s: Sequence[float], known_s: Sequence[float]) -> list[float]:
    """How long after the true time each event was said, of those that its system dates within 50 ms of the truth."""
    order = np.argsort(np.asarray(dated_s, float), kind="stable")
    truth, dated, known = np.sort(truth_s), np.asarray(dated_s, float)[order], np.asarray(known_s, float)[order]
    return [float(known[j] - truth[i]) for i, j in mir_eval.util.match_events(truth, dated, ONSET_S)]


def onset(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """F at 50 and 25 ms; what is heard at a soft onset, and at no asked one, is neither right nor wrong."""
    said = np.sort(np.asarray(heard.get("onsets", ()), float))
    out = {}
    for name, window_s in (("onset F", ONSET_S), ("onset F25", NARROW_S)):
        out[name] = f_measure(truth.onsets_s or (), _without(said, truth, window_s), window_s)
    return out, errors(truth.onsets_s or (), said, ONSET_S)


def _without(said: np.ndarray, truth: Truth, window_s: float) -> np.ndarray:
    asked, soft = np.sort(truth.onsets_s or ()), np.sort(truth.soft_onsets_s)
    matched = {j for _, j in mir_eval.util.match_events(asked, said, window_s)}
    left = np.array([j for j in range(len(said)) if j not in matched], int)
    excused = {int(left[j]) for _, j in mir_eval.util.match_events(soft, said[left], window_s)} if len(soft) else set()
    return np.delete(said, sorted(excused))


def f_measure(truth_s: Sequence[float], heard_s: Sequence[float], window_s: float) -> float:
    """F of events matched one to one within ``window_s``."""
    return float(mir_eval.onset.f_measure(np.sort(truth_s), np.sort(heard_s), window=window_s)[0])


def beat(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """F at 70 ms, CMLt and AMLt after the first 5 s; F of the whole; and the time to four beats right in a row."""
    true, said = np.asarray(truth.beats_s, float), np.sort(np.asarray(heard.get("beats", ()), float))
    late_true, late_said = (mir_eval.beat.trim_beats(x, min_beat_time=TRIM_S) for x in (true, said))
    if len(late_true) < 2:
        return {}, []
    continuity = (0.0, 0.0, 0.0, 0.0)
    if len(late_said) > 1:
        continuity = mir_eval.beat.continuity(late_true, late_said)
    out = {"beat F": float(mir_eval.beat.f_measure(late_true, late_said)), "CMLt": float(continuity[1]),
           "AMLt": float(continuity[3]), "beat F all": float(mir_eval.beat.f_measure(true, said)),
           "lock s": lock_s(true, said)}
    return out, errors(late_true, late_said, BEAT_S)


def lock_s(true: np.ndarray, said: np.ndarray) -> float:
    """From the first true beat to the last of the first four hit in a row, with none between; else to the end."""
    pairs = dict(mir_eval.util.match_events(true, said, BEAT_S))
    run = 0
    for i in range(len(true)):
        follows = run and i in pairs and pairs[i] == pairs[i - 1] + 1
        run = run + 1 if follows else int(i in pairs)
        if run == LOCK_BEATS:
            return float(true[i] - true[0])
    return float(true[-1] - true[0])


def downbeat(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """F at 70 ms after the first 5 s."""
    true, said = (mir_eval.beat.trim_beats(np.sort(np.asarray(x, float)), min_beat_time=TRIM_S)
                  for x in (truth.downbeats_s, heard.get("downbeats", ())))
    return ({"downbeat F": float(mir_eval.beat.f_measure(true, said))} if len(true) else {}), []


def tempo(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """Share of the time after 5 s in which the tempo is right within 4 % (1), or by 2, 3, 1/2 or 1/3 (2).

    Only times within a second of a true beat count: in a silence there is no tempo. A system that gives beats alone is
    asked for the median of its last four intervals (causal) or of the four around (offline).
    """
    beats = np.asarray(truth.beats_s or (), float)
    steps = np.asarray(truth.tempo, float).reshape(-1, 2)
    times = np.arange(TRIM_S, length_s, 0.5)
    if len(beats):
        times = times[np.abs(times[:, None] - beats[None, :]).min(axis=1) < 1.0] if len(times) else times
    if not len(times):
        return {}, []
    true = steps[np.clip(np.searchsorted(steps[:, 0], times, "right") - 1, 0, None), 1]
    said = bpm_at(heard, times, causal)
    ratio = said / true
    first, second = np.abs(ratio - 1) <= TEMPO_TOLERANCE, np.zeros(len(times), bool)
    for factor in (1.0, 2.0, 3.0, 0.5, 1 / 3):
        second |= np.abs(ratio / factor - 1) <= TEMPO_TOLERANCE
    return {"tempo 1": float(first.mean()), "tempo 2": float(second.mean())}, []


def bpm_at(heard: dict[str, Any], times: np.ndarray, causal: bool) -> np.ndarray:
    """The tempo that a system holds at each time, 0 where it has said none."""
    if heard.get("bpm"):
        said = np.asarray(heard["bpm"], float).reshape(-1, 2)
        at = np.searchsorted(said[:, 0], times, "right") - 1
        return np.where(at < 0, 0.0, said[np.clip(at, 0, None), 1])
    beats = np.sort(np.asarray(heard.get("beats", ()), float))
    out = np.zeros(len(times))
    intervals = np.diff(beats)
    for i, now in enumerate(times):
        after = int(np.searchsorted(beats, now, "right"))
        first, last = (after - 5, after - 1) if causal else (after - 3, after + 1)
        some = intervals[max(0, first):max(0, last)]
        out[i] = 60 / np.median(some) if len(some) and np.median(some) > 0 else 0.0
    return out


def key(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """mir_eval's weighted score of the answer at the end; and its mean over the time after 5 s, as it was known."""
    said = heard.get("key") or []
    spans = [(0.0, length_s, said)] if isinstance(said, str) else said
    total = weighted = final = 0.0
    for start, end, name in spans:
        final = float(mir_eval.key.weighted_score(truth.key, name)) if name else 0.0
        seconds = max(0.0, min(end, length_s) - max(start, TRIM_S))
        total, weighted = total + seconds, weighted + seconds * final
    return {"key": final, "key time": weighted / total if total else 0.0}, []


def chord(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """mir_eval's major/minor score: the share of time in which the triad is right."""
    rows = _filled(heard.get("chords") or [], truth.chords or [])
    true, said = (_intervals(x) for x in (truth.chords or [], rows))
    return {"chord": float(mir_eval.chord.evaluate(*true, *said)["majmin"])}, []


def _filled(rows: Sequence[Sequence], true: Sequence[Sequence]) -> list[Sequence]:
    """``rows`` without what is shorter than nothing, and never empty."""
    return [row for row in rows if row[1] > row[0]] or [(true[0][0], true[-1][1], "N")]


def _intervals(rows: Sequence[Sequence]) -> tuple[np.ndarray, list[str]]:
    return np.array([[row[0], row[1]] for row in rows], float), [str(row[2]) for row in rows]


def pitch(truth: Truth, heard: dict[str, Any], causal: bool, length_s: float) -> tuple[Scores, list]:
    """Share of sounding time with the right pitch within 50 cents; and of all time right, silence being one answer."""
    true = np.asarray(truth.pitch, float)
    said = np.asarray(heard.get("pitch") or [(0.0, 0.0), (length_s, 0.0)], float).reshape(-1, 2)
    said = np.where(np.isfinite(said), said, 0.0)
    if not (true[:, 1] > 0).any():
        return {}, []
    found = mir_eval.melody.evaluate(true[:, 0], true[:, 1], said[:, 0], said[:, 1])
    return {"pitch": float(found["Raw Pitch Accuracy"]), "pitch all": float(found["Overall Accuracy"])}, []


_TASKS: dict[str, Callable[[Truth, dict[str, Any], bool, float], tuple[Scores, list]]] = {
    "onset": onset, "beat": beat, "downbeat": downbeat, "tempo": tempo, "key": key, "chord": chord, "pitch": pitch}


def consensus(answers: Sequence[Sequence[float]], window_s: float, quorum: int) -> list[float]:
    """What several systems agree on in one recording: times that at least ``quorum`` of them give within the window.

    Each event of each system gathers the nearest event of every other within the window; the median of a gathering is
    kept, and gatherings nearer than the window to a larger one are dropped.
    """
    found: list[tuple[int, float]] = []
    for own in answers:
        for event in own:
            near = [min(other, key=lambda t, at=event: abs(t - at)) for other in answers if len(other)]
            near = [t for t in near if abs(t - event) <= window_s]
            if len(near) >= quorum:
                found.append((len(near), float(np.median(near))))
    kept: list[float] = []
    for _, at in sorted(found, key=lambda pair: (-pair[0], pair[1])):
        if all(abs(at - other) > window_s for other in kept):
            kept.append(at)
    return sorted(kept)
