"""Music with known answers, made here: what ``eval_ears`` measures on.

    python -m tools.ears_corpus [--folder F] [--clips 200] [--seed 3]

200 clips of 20 to 40 s: bands by mma over charts made here, electronic music made here, scores and tunes of music21's
corpus, played by fluidsynth with three soundfonts, with steps, ramps and freedom of tempo, breaks and silences; then
in rooms, crowds and noise, at -6 to -30 dBFS. Split into train, dev and test by source: no groove library, rhythm or
score is in two of them, and the soundfont ``timgm`` is in test alone. The same seed gives the same files.

A clip's fields that are not known are None and not to be scored. Nothing of it is shipped: sources and soundfonts
serve to measure (music21's scores have licences of their own).
"""

import argparse
import json
import os
import random
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import platformdirs
import soundfile
import soxr

from tools import ears_corpus_beats, ears_corpus_kit, ears_corpus_mma, ears_corpus_scores
from tools.ears_corpus_degrade import crowd, degrade
from tools.ears_corpus_midi import (
    DRUMS,
    FONTS,
    RATE,
    TAIL_S,
    CorpusError,
    Piece,
    Tempo,
    heard_from,
    lags,
    perform,
    sound_of,
)
from tools.ears_corpus_truth import answers

VERSION = 3
FOLDER = Path(platformdirs.user_cache_dir("pix2live")) / "ears"
KINDS = ("mma", "beats", "mma", "melody", "mma", "beats", "mma", "score")
SPLITS = ("train", "test", "train", "dev", "train", "test", "train", "dev", "test", "train")
DEGRADATIONS = ("clean", "clean", "clean", "mono", "room", "room", "crowd", "noise", "noise+mono", "room+crowd",
                "room+noise", "room+crowd+mono")  # fmt: skip

REAL = {
    "singularity": ("games/singularity/**/*.ogg",),
    "wesnoth": ("games/wesnoth/**/music/*.ogg",),
    "warzone2100": ("games/warzone2100/**/*.ogg", "games/warzone2100/**/*.opus"),
    "hyperrogue": ("hyperrogue/**/*.ogg",),
}
REAL_EACH = 12
MANNERS = {
    "mma": "steady " * 9 + "human human human step ramp ramp rubato stop",
    "beats": "steady " * 16 + "step ramp ramp stop",
    "score": "steady human human rubato rubato stop",
    "melody": "steady human human rubato rubato stop",
}


@dataclass
class Clip:
    """One clip and its truth; times in s from the start of ``path`` (48 kHz WAV, mono or stereo).

    ``split``: train, dev or test. ``tags``: what it is made of, how its tempo goes, and what was done to it.
    ``tempo``: (from, beats a minute), each until the next. ``key`` and ``chords`` (start, end, label) as mir_eval
    writes them. ``pitch``: (time, Hz or 0 where nothing sounds) each 10 ms for one melodic line, else empty.
    ``onsets_s``: note-ons plus the time until the instrument is heard. ``soft_onsets_s``: those neither to be asked for
    nor held against anyone (ghosts, strums, what is buried). ``breaks_s``: spans in which the drums rest (or play
    alone) and the beat goes on. In a silence there is no beat, and it need not go on after it where it was.
    ``heard``: SNR, room and level in figures.
    """

    name: str
    split: str
    source: str
    tags: list[str]
    path: Path
    beats_s: list[float] | None
    downbeats_s: list[float] | None
    onsets_s: list[float] | None
    tempo: list[tuple[float, float]] | None
    key: str | None
    chords: list[tuple[float, float, str]] | None
    pitch: list[tuple[float, float]]
    soft_onsets_s: list[float] = field(default_factory=list)
    breaks_s: list[tuple[float, float]] = field(default_factory=list)
    heard: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What a clip is to be, before it is made."""

    name: str
    kind: str
    split: str
    source: str
    spare: str  # where the source cannot be played: another that no clip has
    seed: int


# ---- plan ----------------------------------------------------------------------------------------------------------
def missing() -> str | None:
    """One line that says what the corpus needs and lacks, and how to get it; None when all is there."""
    packages = {"mma": "mma", "fluidsynth": "fluidsynth", "espeak-ng": "espeak-ng"}
    want = [package for program, package in packages.items() if not shutil.which(program)]
    files = {"fluid": "fluid-soundfont-gm", "musescore": "musescore-general-soundfont-small",
             "timgm": "timgm6mb-soundfont"}  # fmt: skip
    want += [package for font, package in files.items() if not FONTS[font].exists()]
    if want:
        return f"the ears' corpus needs programs of Debian: apt install {' '.join(want)}"
    if ears_corpus_scores.corpus() is None:
        return "the ears' corpus needs music21: pip install -e '.[dev]'"
    return None


def plan(clips: int, seed: int) -> list[Recipe]:
    """The first ``clips`` recipes; any beginning of the list holds all kinds and splits."""
    sources = {
        "mma": [str(p.relative_to(ears_corpus_mma.LIBRARY)) for p in ears_corpus_mma.libraries()],
        "beats": ears_corpus_beats.sources(),
        "melody": ears_corpus_scores.tunes(),
        "score": ears_corpus_scores.scores(),
    }
    for kind in ("mma", "melody"):
        random.Random(f"{seed} {kind}").shuffle(sources[kind])
    used = dict.fromkeys(sources, 0)
    out: list[Recipe] = []
    for slot in range(10 * clips):
        kind = KINDS[slot % len(KINDS)]
        if kind not in sources:
            continue
        i = used[kind]
        used[kind] += 1
        source, spare = (sources[kind][(i + skip) % len(sources[kind])] for skip in (0, len(sources[kind]) // 2))
        out.append(Recipe(f"{len(out):03d}-{kind}", kind, SPLITS[i % len(SPLITS)], source, spare, seed))
        if len(out) == clips:
            break
    return out


def compose(recipe: Recipe, rng: random.Random, work: Path) -> tuple[Piece, list[tuple[float, float]]]:
    """The piece of a recipe, and the spans of its breaks in beats."""
    seconds = rng.uniform(20.0, 31.0)
    if recipe.kind == "beats":
        return ears_corpus_beats.track(recipe.source, seconds, rng)
    if recipe.kind in ("score", "melody"):
        try:
            return ears_corpus_scores.score(recipe.source, seconds, rng), []
        except CorpusError:
            return ears_corpus_scores.score(recipe.spare, seconds, rng), []
    piece = ears_corpus_mma.band(ears_corpus_mma.LIBRARY / recipe.source, seconds, rng, work)
    return piece, breaks(piece, rng)


# ---- time ----------------------------------------------------------------------------------------------------------
def choose_tempo(piece: Piece, kind: str, lead_s: float, rng: random.Random) -> tuple[Tempo, str, float]:
    """How a piece moves in time: its tempo, the tag that names it, and where it ends in s."""
    manner = rng.choice(MANNERS[kind].split())
    marks = [*piece.beats, piece.end]
    middle = [d for d in piece.downbeats if 0.3 * piece.end < d < 0.7 * piece.end] or [piece.downbeats[0]]
    turn = rng.choice(middle)
    change = rng.choice((-1, 1)) * rng.uniform(0.08, 0.25)
    span = rng.uniform(0.3, 0.5) * piece.end
    walk, drawn = 0.0, 0.0
    points, at = [(marks[0], lead_s)], lead_s
    for beat, after in pairwise(marks):
        factor = 1.0
        if manner == "step":
            factor = 1 + change * (beat >= turn)
        elif manner == "ramp":
            factor = 1 + 0.1 * (1 if change > 0 else -1) * min(1.0, max(0.0, (beat - 0.3 * piece.end) / span))
        elif manner in ("human", "rubato"):
            drawn = 0.75 * drawn + rng.gauss(0, 1)
            walk = 0.85 * walk + 0.15 * drawn
            factor = 1 + walk * (0.02 if manner == "human" else 0.12)
            factor = min(1.3, max(0.75, factor))
        at += 60 / (piece.bpm * factor) * (after - beat)
        points.append((after, at))
    stops = [(turn, rng.uniform(1.5, 4.0))] if manner == "stop" and turn > 0 else []
    return Tempo(points, stops), manner, at + sum(gap for _, gap in stops)


def breaks(piece: Piece, rng: random.Random) -> list[tuple[float, float]]:
    """Four bars without drums, or of drums alone, in some pieces; notes are taken out of ``piece``."""
    bars = [*piece.downbeats, piece.end]
    if "drums" not in piece.tags or len(bars) < 10 or rng.random() > 0.22:
        return []
    first = rng.randrange(3, len(bars) - 6)
    a, b = bars[first], bars[first + 4]
    alone = rng.random() < 0.35
    if piece.key is None:
        return []
    piece.notes = [n for n in piece.notes if not a <= n.start < b or (n.channel == DRUMS) == alone]
    for n in piece.notes:
        if alone and n.channel != DRUMS and n.start < a:
            n.length = min(n.length, a - n.start)
    piece.tags.append("drum break" if alone else "beatless break")
    if alone and piece.chords:
        parts = [(s, min(e, a), c) for s, e, c in piece.chords if s < a]
        parts += [(a, b, "N")] + [(max(s, b), e, c) for s, e, c in piece.chords if e > b]
        piece.chords = parts
    return [(a, b)]


# ---- making --------------------------------------------------------------------------------------------------------
def make(recipe: Recipe, folder: Path) -> str:
    """Make one clip's files in ``folder``; answers its name. Whole files or none."""
    rng = random.Random(f"{recipe}")
    work = folder / f".{recipe.name}-{os.getpid()}"
    piece, spans = compose(recipe, rng, work)
    lead_s = rng.uniform(3.0, 5.0) if rng.random() < 0.15 else rng.uniform(0.3, 1.5)
    tempo, manner, end_s = choose_tempo(piece, recipe.kind, lead_s, rng)
    notes, setup = perform(piece, tempo)
    chances = ("timgm", "timgm", "fluid", "musescore") if recipe.split == "test" else ("fluid", "musescore")
    font = rng.choice(chances)
    if recipe.kind == "beats" and rng.random() < 0.7:
        piece.tags.append("drum machine")
        machine = rng.randrange(2**31)
        music = sound_of([n for n in notes if n.channel != DRUMS], setup, font, end_s + TAIL_S, work)
        drums = ears_corpus_kit.play(notes, len(music), machine)
        music = ears_corpus_kit.pumped(music, notes, rng.choice((0.0, 0.5, 0.8)), rng.uniform(0.15, 0.3))
        dry = ears_corpus_kit.mixed(music, drums, rng.uniform(0.7, 2.0))
    else:
        dry = sound_of(notes, setup, font, end_s + TAIL_S, work)
    if float(abs(dry).max()) < 1e-4:
        raise CorpusError(f"{recipe.name} ({recipe.source}) is silent")
    how = rng.choice(DEGRADATIONS)
    heard, figures = degrade(dry, how, crowd(folder, recipe.seed), rng.randrange(2**31))
    wav = folder / f"{recipe.name}.wav"
    part = work.with_suffix(".part.wav")
    soundfile.write(part, heard, RATE, subtype="PCM_24")
    clip = {
        "name": recipe.name,
        "split": recipe.split,
        "source": piece.source,
        "tags": [*piece.tags, manner, *(["late start"] if lead_s >= 3 else []), font, *how.split("+")],
        **answers(piece, tempo, notes, heard_from(notes, setup, lags(font, folder)), dry),
        "breaks_s": [(round(tempo.at(a), 4), round(tempo.at(b), 4)) for a, b in spans],
        "heard": figures,
        "made": _stamp(recipe),
    }
    os.replace(part, wav)
    write_text(wav.with_suffix(".json"), json.dumps(clip))
    return recipe.name


def write_text(path: Path, text: str) -> None:
    """The whole file or none."""
    part = path.with_name(f".{path.name}-{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _stamp(recipe: Recipe) -> str:
    return f"{VERSION} {asdict(recipe)}"


def _made(recipe: Recipe, folder: Path) -> bool:
    try:
        text = (folder / f"{recipe.name}.json").read_text(encoding="utf-8")
        return json.loads(text)["made"] == _stamp(recipe) and (folder / f"{recipe.name}.wav").exists()
    except (OSError, ValueError, KeyError):
        return False


def build(folder: Path = FOLDER, clips: int = 200, seed: int = 3) -> list[Clip]:
    """Make what is not there yet of the first ``clips`` clips, and load them; CorpusError says what is missing."""
    lacking = missing()
    if lacking:
        raise CorpusError(lacking)
    folder.mkdir(parents=True, exist_ok=True)
    recipes = plan(clips, seed)
    todo = [r for r in recipes if not _made(r, folder)]
    if todo:
        crowd(folder, seed)
        for font in FONTS:
            lags(font, folder)
        with ProcessPoolExecutor(min(2, len(todo))) as pool:
            for i, job in enumerate(as_completed([pool.submit(make, r, folder) for r in todo]), 1):
                name = job.result()
                if sys.stderr.isatty() or i % 20 == 0:
                    print(f"corpus: {i} of {len(todo)} made ({name})", file=sys.stderr)
    names = [r.name for r in recipes]
    known = _manifest(folder)
    if known.get("version") != VERSION or known.get("seed") != seed or len(known["clips"]) < clips:
        write_text(folder / "manifest.json", json.dumps({"version": VERSION, "seed": seed, "clips": names}))
    return load(folder)[:clips]


def real_tracks(folder: Path = FOLDER) -> list[Path]:
    """30 s from the middle of each track of real music that Debian's packages brought, as 48 kHz WAV in ``folder``.

    From ``singularity-music``, ``wesnoth-1.16-music``, ``warzone2100-music`` and ``hyperrogue-music``, whichever are
    installed; every track of 75 s and more, at most ``REAL_EACH`` a package, evenly chosen. No truth is known of them.
    """
    out = []
    for package, places in REAL.items():
        files = sorted({f for place in places for f in Path("/usr/share").glob(place)})
        long = [f for f in files if soundfile.info(f).duration >= 75.0]
        for track in long[:: max(1, -(-len(long) // REAL_EACH))]:
            wav = folder / "real" / f"{package}-{track.stem}.wav"
            if not wav.exists():
                wav.parent.mkdir(parents=True, exist_ok=True)
                info = soundfile.info(track)
                start = int((info.duration / 2 - 15) * info.samplerate)
                sound, rate = soundfile.read(track, 30 * info.samplerate, start, dtype="float32", always_2d=True)
                part = wav.with_name(f".{wav.name}-{os.getpid()}.wav")
                soundfile.write(part, soxr.resample(sound, rate, RATE), RATE, subtype="PCM_24")
                os.replace(part, wav)
            out.append(wav)
    return out


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def load(folder: Path = FOLDER) -> list[Clip]:
    """The clips that were built in ``folder``; CorpusError if there are none of this version."""
    known = _manifest(folder)
    if known.get("version") != VERSION:
        raise CorpusError(f"no corpus in {folder}: python -m tools.ears_corpus --folder {folder}")
    names = {f.name for f in fields(Clip)}
    out = []
    for name in known["clips"]:
        data = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for key in ("tempo", "chords", "pitch", "breaks_s"):
            if data[key] is not None:
                data[key] = [tuple(row) for row in data[key]]
        out.append(Clip(path=folder / f"{name}.wav", **{k: v for k, v in data.items() if k in names}))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the corpus of music with known answers that eval_ears uses.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    try:
        clips = build(given.folder, given.clips, given.seed)
    except CorpusError as error:
        sys.exit(str(error))
    for clip in clips:
        print(f"{clip.name}  {clip.split:5} {clip.source:32} {', '.join(clip.tags)}")


if __name__ == "__main__":
    main()
