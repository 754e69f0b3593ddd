"""How well the instrument hears, beside the best peers, on music whose truth is known.

    python -m tools.eval_ears [--split test] [--peers aubio,madmom] [--only own|peers] [--limit N] [--json]
                              [--by tag] [--worst "beat F"] [--real]
    python -m tools.eval_ears --make-peers

A causal system is scored at the moments at which it said what it said, never by a look back; a second row,
"back-dated", gives it the times by which it dates its events itself. Beats, downbeats and tempo are scored from 5 s on,
as mir_eval's custom is; "all" is beat F from the first beat. Each figure is the mean over the clips that have a truth
for it; a system that failed on a clip has heard nothing there. Peers' answers are kept, the instrument's are not.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tools import ears_corpus, ears_own, ears_peers, ears_score
from tools.ears_peers import System

OWN = System("pix2live", True, dict.fromkeys(ears_score.NEEDS, ""))
BACK, WHAT = ", back-dated", "what"
# Heading, figure, decimals.
COLUMNS = (
    ("onset F", "onset F", 3), ("25 ms", "onset F25", 3), ("on ms", "onset ms", 0), ("late ms", "late ms", 0),
    ("beat F", "beat F", 3), ("CMLt", "CMLt", 3), ("AMLt", "AMLt", 3), ("all", "beat F all", 3),
    ("lock s", "lock s", 1), ("bt ms", "beat ms", 0), ("tempo 1", "tempo 1", 3), ("2", "tempo 2", 3),
    ("downb F", "downbeat F", 3), ("key", "key", 3), ("in time", "key time", 3), ("chord", "chord", 3),
    ("pitch", "pitch", 3), ("us/s", "us/s", 0),
)
BROKEN_DOWN = ("onset F", "beat F", "AMLt", "downbeat F", "tempo 1", "key", "chord", "pitch")
LOW_IS_GOOD = frozenset(("lock s", "us/s"))
REAL_ONSETS = ("librosa", "essentia", "madmom", "madmom other")
REAL_BEATS = ("librosa", "essentia", "madmom")
Say = Callable[[str], None]


@dataclass
class Row:
    """One system: ``clips`` holds the figures of each clip by name; ``figures`` their means and the medians in ms."""

    name: str
    causal: bool
    clips: dict[str, dict[str, float]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)


# ---- measuring -----------------------------------------------------------------------------------------------------
def answers(system: System, clips: Sequence[Any], say: Say) -> dict[str, dict[str, dict | None]]:
    """What a system says, by task and clip name; tasks without an ear, or whose ear is not here, are left out."""
    if system is OWN:
        heard = {}
        for clip, answer in zip(clips, ears_own.hear([clip.path for clip in clips]), strict=True):
            heard[clip.name] = answer
            _progress("pix2live", len(heard), len(clips))
        return {task: heard for task in ears_score.NEEDS}
    out: dict[str, dict[str, dict | None]] = {}
    for task, unit in system.ears.items():
        asked = [clip for clip in clips if getattr(clip, ears_score.NEEDS[task])]
        if unit in ears_peers.versions():
            said = ears_peers.hear(unit, [clip.path for clip in asked], say)
            out[task] = {clip.name: answer for clip, answer in zip(asked, said, strict=True)}
    return out


def rows_of(system: System, clips: Sequence[Any], say: Say) -> list[Row]:
    """The system's row, and the back-dated one of a causal peer that dates its events."""
    said = answers(system, clips, say)
    if not said:
        return []
    rows = [score(system.name, system.causal, clips, said, _as_known)]
    if any(key.endswith("_known") for heard in said.values() for answer in heard.values() for key in answer or ()):
        dated = {task: heard for task, heard in said.items() if task in ("onset", "beat", "downbeat")}
        rows.append(score(system.name + BACK, system.causal, clips, dated, dict))
    rows[0].cost = cost(system, clips, said)
    rows[0].figures["us/s"] = sum(rows[0].cost.values())
    return rows


def _as_known(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with events at the times at which they were said."""
    known = {key.removesuffix("_known"): value for key, value in answer.items() if key.endswith("_known")}
    return {**answer, **known}


def score(name: str, causal: bool, clips: Sequence[Any], said: dict[str, dict[str, dict | None]],
          view: Callable[[dict[str, Any]], dict[str, Any]]) -> Row:
    """All figures of one system, each answer seen through ``view``."""
    row = Row(name, causal)
    errors: dict[str, list[float]] = {"onset ms": [], "beat ms": [], "late ms": []}
    for clip in clips:
        length_s = soundfile.info(clip.path).duration
        figures = row.clips.setdefault(clip.name, {})
        for task, heard in said.items():
            answer = heard.get(clip.name)
            seen = view(answer) if answer else None
            found, off = ears_score.score(task, clip, seen, causal, length_s)
            figures |= found
            errors.get(f"{task} ms", []).extend(off)
            if task == "onset" and causal and answer and view is _as_known and clip.onsets_s:
                known = answer.get("onsets_known", answer["onsets"])
                errors["late ms"] += ears_score.lateness(clip.onsets_s, answer["onsets"], known)
    for key in sorted({key for figures in row.clips.values() for key in figures}):
        row.figures[key] = float(np.mean([figures[key] for figures in row.clips.values() if key in figures]))
    row.figures |= {key: 1000 * float(np.median(off)) for key, off in errors.items() if off}
    return row


def cost(system: System, clips: Sequence[Any], said: dict[str, dict[str, dict | None]]) -> dict[str, float]:
    """Processor time in us for a second of sound, by ear: the median over the clips."""
    out = {}
    for task, unit in system.ears.items():
        pairs = [(said[task].get(clip.name), clip) for clip in clips] if task in said else []
        parts: dict[str, list[float]] = {}
        for answer, clip in pairs:
            spent = (answer or {}).get("cpu") or ({unit: answer["cpu_s"]} if answer else {})
            for part, seconds in spent.items():
                parts.setdefault(part, []).append(1e6 * seconds / soundfile.info(clip.path).duration)
        out |= {part: float(np.median(some)) for part, some in parts.items()}
    return out


def measure(clips: Sequence[Any], systems: Sequence[System], say: Say) -> list[Row]:
    """The table's rows, in the systems' order."""
    rows = []
    for system in systems:
        missing = sorted(set(system.ears.values()) - set(ears_peers.versions())) if system is not OWN else []
        if missing:
            say(f"{system.name}: {', '.join(missing)} {ears_peers.HOW}")
        rows += rows_of(system, clips, say)
    return rows


def real(systems: Sequence[System], folder: Path, limit: int, say: Say) -> list[Row]:
    """Agreement of each system's beats and onsets with the offline peers' consensus on real recordings.

    A consensus is what more than half of the offline peers say within the usual window; they are marked, as they vote.
    """
    clips = [ears_corpus.Clip(path.stem, "real", path.stem, [], path, None, None, None, None, None, None, [])
             for path in ears_corpus.real_tracks(folder)[:limit or None]]
    voters = {peer.name: peer for peer in ears_peers.SYSTEMS}
    for names, window_s, attribute, key in ((REAL_ONSETS, ears_score.ONSET_S, "onsets_s", "onsets"),
                                            (REAL_BEATS, ears_score.BEAT_S, "beats_s", "beats")):
        units = [voters[voter].ears[key.removesuffix("s")] for voter in names]
        votes = [ears_peers.hear(unit, [clip.path for clip in clips], say) for unit in units
                 if unit in ears_peers.versions()]
        if len(votes) < 3:
            say(f"no consensus on {key}: fewer than three offline peers are here")
            continue
        for i, clip in enumerate(clips):
            said = [(vote[i] or {}).get(key, []) for vote in votes]
            setattr(clip, attribute, ears_score.consensus(said, window_s, len(votes) // 2 + 1))
    rows = []
    for system in systems:
        ears = {task: unit for task, unit in system.ears.items() if task in ("onset", "beat")}
        some = OWN if system is OWN else System(system.name, system.causal, ears)
        rows += rows_of(some, clips, say) if ears else []
    for row in rows:
        row.name += " (votes)" if row.name in {*REAL_ONSETS, *REAL_BEATS} else ""
    return rows


# ---- showing -------------------------------------------------------------------------------------------------------
def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table, padded so that it reads in a terminal too."""
    widths = [max(len(row[i]) for row in (head, *body)) for i in range(len(head))]
    words = [i == 0 or head[i] == WHAT for i in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) if word else cell.rjust(width)
                               for cell, width, word in zip(row, widths, words, strict=True)) + " |"
             for row in (head, *body)]
    rule = "".join("|" + "-" * (w + 1) + ("-" if word else ":") for w, word in zip(widths, words, strict=True)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def overview(rows: Sequence[Row]) -> str:
    """One line a system."""
    body = [[row.name, "yes" if row.causal else "no",
             *(f"{row.figures[key]:.{digits}f}" if key in row.figures else "-" for _, key, digits in COLUMNS)]
            for row in rows]
    return table(["system", "causal", *(heading for heading, *_ in COLUMNS)], body)


def beside(rows: Sequence[Row], figure: str) -> list[Row]:
    """The instrument, the best causal (as known) and the best offline peer for one figure, as far as they are here."""
    some = [row for row in rows if figure in row.figures and not row.name.endswith(BACK)]
    sign = -1 if figure in LOW_IS_GOOD else 1
    kinds = [[row for row in some if row.name != OWN.name and row.causal == causal] for causal in (True, False)]
    return [row for row in some if row.name == OWN.name] + [
        max(kind, key=lambda row: sign * row.figures[figure]) for kind in kinds if kind]


def by_tag(rows: Sequence[Row], clips: Sequence[Any]) -> str:
    """For each figure: the instrument, the best causal and the best offline peer, tag by tag."""
    parts = []
    for figure in BROKEN_DOWN:
        shown = beside(rows, figure)
        body = []
        for tag in sorted({tag for clip in clips for tag in clip.tags}):
            names = [clip.name for clip in clips if tag in clip.tags]
            cells = [[row.clips[name][figure] for name in names if figure in row.clips.get(name, {})] for row in shown]
            if cells and cells[0]:
                body.append([tag, str(len(cells[0])), *(f"{np.mean(some):.3f}" if some else "-" for some in cells)])
        if body:
            parts.append(table([figure, "clips", *(row.name for row in shown)], body))
    return "\n\n".join(parts)


def worst(rows: Sequence[Row], clips: Sequence[Any], figure: str, count: int = 15) -> str:
    """The clips on which the instrument (or else the first system) does worst, beside the best peers."""
    shown = beside(rows, figure)
    if not shown:
        return f"nobody was scored for {figure}"
    first = shown[0]
    scored = [clip for clip in clips if figure in first.clips.get(clip.name, {})]
    sign = -1 if figure in LOW_IS_GOOD else 1
    scored.sort(key=lambda clip: sign * first.clips[clip.name][figure])
    body = [[clip.name, *(f"{row.clips[clip.name][figure]:.3f}" if figure in row.clips.get(clip.name, {}) else "-"
                          for row in shown), f"{clip.source}: {', '.join(clip.tags)}"] for clip in scored[:count]]
    return table([f"worst {figure}", *(row.name for row in shown), WHAT], body)


def _progress(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what} {done}/{of}   ", end="\n" if done == of else "", file=sys.stderr)


def say(line: str) -> None:
    """One line to the person, beside the table."""
    print(line, file=sys.stderr)


def chosen(only: str | None, peers: str | None) -> list[System]:
    """The systems asked for; ``peers`` are names or beginnings of names."""
    wanted = [name.strip().lower() for name in peers.split(",")] if peers else [""]
    some = [s for s in ears_peers.SYSTEMS if any(s.name.lower().startswith(name) for name in wanted)]
    return [*([] if only == "peers" else [OWN]), *([] if only == "own" else some)]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Score what the instrument hears, beside its peers.")
    parser.add_argument("--folder", type=Path, default=ears_corpus.FOLDER, help="where the corpus is")
    parser.add_argument("--split", choices=("train", "dev", "test", "all"), default="test")
    parser.add_argument("--peers", help="only these, by the beginnings of their names, with commas")
    parser.add_argument("--only", choices=("own", "peers"))
    parser.add_argument("--limit", type=int, default=0, help="the first N clips alone")
    parser.add_argument("--by", choices=("tag",), help="break the figures down")
    parser.add_argument("--worst", metavar="FIGURE", help='for example "beat F": the clips where it is worst')
    parser.add_argument("--real", action="store_true", help="agreement with offline peers on real recordings instead")
    parser.add_argument("--json", action="store_true", help="everything, clip by clip")
    parser.add_argument("--make-peers", action="store_true", help="install the peers in an environment of their own")
    given = parser.parse_args(arguments)
    if given.make_peers:
        ears_peers.make(say)
        return
    figures = {key for _, key, _ in COLUMNS}
    if given.worst and given.worst not in figures:
        parser.error(f"--worst knows {', '.join(sorted(figures))}")
    systems = chosen(given.only, given.peers)
    if given.real:
        rows, clips = real(systems, given.folder, given.limit, say), []
    else:
        try:
            clips = [c for c in ears_corpus.load(given.folder) if given.split in ("all", c.split)][:given.limit or None]
        except ears_corpus.CorpusError as error:
            sys.exit(str(error))
        rows = measure(clips, systems, say)
    if given.json:
        print(json.dumps([row.__dict__ for row in rows], indent=1))
        return
    print(overview(rows))
    if given.by and clips:
        print("\n" + by_tag(rows, clips))
    if given.worst and rows and clips:
        print("\n" + worst(rows, clips, given.worst))


if __name__ == "__main__":
    main()
