"""A picture or film in; a sound, a film with its playhead, or the notes out: the offline show without shaders."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pix2live import __version__
from pix2live.devices.camera import SLIDE_S, open_camera
from pix2live.devices.midifile import MidiFile
from pix2live.devices.picture import SUFFIXES as PICTURES
from pix2live.devices.picture import by_number, moves
from pix2live.devices.soundwriter import SoundWriter, most_seconds
from pix2live.engine.notes import PARTS
from pix2live.engine.options import Options
from pix2live.errors import FileError, UsageError
from pix2live.show.offline import BEGIN_S, OfflineShow, Progress
from pix2live.show.report import check_place
from pix2live.show.sonify_film import Filmed, pace
from pix2live.show.sonify_options import own_preset

FILMS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".ogv",
         ".3gp")
KINDS = ("wav", "flac", "mp4", "mid")
RATE = 48000
# A still picture sounds so long where nothing is said: one sweep, a few breaths, a piece with a beginning and an end.
SECONDS = {"scan": 8.0, "drone": 30.0, "harmony": 60.0}
# So long it takes to fall silent at its end: what is cut off clicks, and what breathes is not broken off in a breath.
FADE_S = {"scan": 0.01, "drone": 3.0, "harmony": 2.5}
# So early harmony is told to end: what is left of a bar, the dominant's, and the last chord's; less is an excerpt.
_END_BARS, _LEAST_BARS = 3.0, 8.0


@dataclass(frozen=True)
class Job:
    """One picture and what is made of it: paths, at least one."""

    source: Path
    sound: Path | None = None
    film: Path | None = None
    notes: Path | None = None

    @property
    def outputs(self) -> list[Path]:
        """What is written."""
        return [path for path in (self.sound, self.film, self.notes) if path is not None]


@dataclass(frozen=True)
class Piece:
    """How every picture is to be played: the instruments that sound, a preset or None for the instrument's own, seconds
    or None for as long as usual, the seed, and base values of params that were asked for."""

    playing: tuple[str, ...]
    preset: str | None
    seconds: float | None
    seed: int
    asked: tuple[tuple[str, float], ...]


def jobs(sources: list[Path], output: Path, film: Path | None, notes: Path | None, kind: str) -> list[Job]:
    """What is to be written for ``sources``.

    Into a folder (one that is there, or a name without a suffix, which is made): a file for each picture and film, also
    for each of a folder's, named as it is and of ``kind`` (wav, flac, mp4, mid); ``film`` and ``notes`` are then
    folders too. Else one source to one file, a folder being shown picture after picture. None takes the place of
    another's source. Raises UsageError, FileError.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of file that can be written", "--format", f"use {', '.join(KINDS)}")
    if output.name.lower().lstrip(".") in KINDS and not output.suffix:
        raise UsageError("is a suffix without a name", str(output), f"name it, e.g. out{output.name.lower()}")
    into_folder = output.suffix.lower().lstrip(".") not in KINDS and (output.is_dir() or not output.suffix)
    for given, suffix, option in ((film, ".mp4", "--mp4"), (notes, ".mid", "--midi")):
        if given is not None and suffix in (output.suffix.lower(), f".{kind}" if into_folder else ""):
            raise UsageError(f"{'--format ' + kind if into_folder else '-o ' + output.name} is one already", option,
                             "leave one of them out")
    if not into_folder:
        for path, suffixes, option in ((output, tuple(f".{k}" for k in KINDS), ""), (film, (".mp4",), "--mp4"),
                                       (notes, (".mid",), "--midi")):
            if path is not None and path.suffix.lower() not in suffixes:
                raise UsageError(f"this writes {' or '.join(suffixes)}", option or str(path),
                                 f"name it so, e.g. out{suffixes[0]}")
        if len(sources) != 1:
            raise UsageError(f"{len(sources)} pictures cannot become one file", str(output), "give a folder")
        return [_job(sources[0], output, film, notes)]
    every = [path for source in sources for path in (pictures_in(source) if source.is_dir() else [source])]
    for folder in (output, film, notes):
        if folder is not None:
            _make_folder(folder)
    places = {_place(source) for source in every}
    taken: set[str] = set()
    made = []
    for source in every:
        # Two of one stem keep their suffix, so does what would take the place of another's source, and two of one name
        # get numbers.
        whole = _in_utf8(source.name)
        stem, number = Path(whole).stem, 0
        while True:
            name = (stem, whole)[number] if number < 2 else f"{whole} {number}"
            job = _job(source, output / f"{name}.{kind}", film and film / f"{name}.mp4",
                       notes and notes / f"{name}.mid")
            if name.casefold() not in taken and places.isdisjoint(
                    {_place(path) for path in job.outputs} - {_place(source)}):
                break
            number += 1
        taken.add(name.casefold())
        made.append(job)
    return made


def _place(path: Path) -> str:
    """The same for two names of one file; on some systems IMG.MP4 is img.mp4."""
    return str(path.resolve()).casefold()


def _job(source: Path, output: Path, film: Path | None, notes: Path | None) -> Job:
    kind = output.suffix.lower()
    return Job(source, output if kind in (".wav", ".flac") else None, output if kind == ".mp4" else film,
               output if kind == ".mid" else notes)


def _make_folder(folder: Path) -> None:
    if folder.suffix and not folder.is_dir():
        raise UsageError("is a file where many are to be written", str(folder), "give a folder")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot be made a folder ({error.strerror})", str(folder), "give another") from error


def play(job: Job, piece: Piece, progress: Progress) -> list[str]:
    """Write what ``job`` asks for. Returns notices; raises as ``sonify`` does."""
    for path in job.outputs:
        if path.exists() and job.source.exists() and path.samefile(job.source):
            raise UsageError("would be written over itself", str(path), "give another name")
        check_place(path)
    usual_s, fps = facts(job.source, piece.playing[-1])
    seconds = piece.seconds or usual_s
    if job.sound is not None and seconds > most_seconds(job.sound, RATE, 2):
        raise UsageError(f"{seconds:g} seconds do not fit into the 4 GB of a WAV file", str(job.sound), "write FLAC")
    asked = dict(piece.asked)
    if piece.preset is None and piece.playing == ("scan",) and not fps:
        # A still picture is swept once from side to side, or in equal sweeps where that would be too slow.
        asked.setdefault("synth.scan.seconds", max(0.1, seconds / -(-seconds // 120.0)))
    options = Options(preset=piece.preset or str(own_preset(piece.playing[0])), seed=piece.seed,
                      overrides=tuple(asked.items()))
    about = f"preset: {piece.preset}" if piece.preset else f"instrument: {piece.playing[0]}"
    return sonify(job, options, seconds, progress, fps, about)


def sonify(job: Job, options: Options, seconds: float, progress: Progress, fps: float = 0.0,
           about: str = "") -> list[str]:
    """Play ``job.source`` for ``seconds`` with ``options`` (preset, overrides, seed) and write ``job``'s outputs.

    ``fps`` is that of the film written, 0 for 30. The same source and options give the same bytes. ``about`` is kept in
    the files, with the program, the source's name and every param of the synth that is not at its default. The sound
    ends in silence, by ``FADE_S`` of the slowest instrument that plays or a tenth of the whole, and harmony with a
    cadence. Returns notices. Raises FileError, PresetError, UsageError; then nothing half-written is left, and what was
    there stays.
    """
    show = OfflineShow(replace(options, camera=_as_camera(job.source), audio_in="none"), picture=False)
    show.open()
    takes: list[Any] = []
    try:
        tags = _tags(job.source, show, about)
        playing = [name for name in FADE_S
                   if any(value > 0.0 for spec, value in show.params() if spec.id == f"synth.{name}.level")]
        sound = film = notes = None
        if job.sound is not None:
            takes.append(sound := SoundWriter(job.sound, RATE, 2, tags))
        if job.film is not None:
            takes.append(film := Filmed(job.film, show, "scan" in playing, pace(fps), tags))
        if job.notes is not None:
            takes.append(notes := _Notes(job.notes, show, tags))
        skip, left = show.audio.latency_frames, max(1, round(seconds * RATE))
        fade = min(round(RATE * max((FADE_S[name] for name in playing), default=0.0)), left // 10)
        ending = "harmony" not in playing
        for time_s, block, _ in show.blocks(seconds + skip / RATE):
            if not ending and _nears_end(show, left / RATE, seconds):
                ending = show.bus.queues["parent>desk"].put(
                    {"do": "set_param", "id": "synth.harmony.ending", "value": 1.0})
            kept = block[min(skip, len(block)):]
            skip -= len(block) - len(kept)
            kept = _faded(kept[:left], left, fade)
            left -= len(kept)
            if sound is not None:
                sound.write(kept)
            if film is not None:
                film.write(kept)
            if notes is not None:
                notes.gather(time_s + len(block) / RATE)
            progress(min(1.0, time_s / seconds))
        # Notes first: there may be none, and then nothing may have changed.
        if notes is not None:
            notes.finish(seconds)
        if film is not None:
            film.finish(seconds)
        if sound is not None:
            sound.finish()
    except BaseException:
        for take in takes:
            take.abort()
        raise
    finally:
        show.close()
    progress(1.0)
    return show.notices


def _nears_end(show: OfflineShow, left_s: float, seconds: float) -> bool:
    piece = show.audio.instrument.harmony.state.memory["piece"]["state"][0]
    bar_s = 240.0 / piece["bpm"] if piece["started"] and piece["bpm"] > 0.0 else math.inf
    return bool(left_s <= _END_BARS * bar_s <= seconds * _END_BARS / _LEAST_BARS)


def _faded(block: np.ndarray, left: int, fade: int) -> np.ndarray:
    """``block``, with which ``left`` frames begin; the last ``fade`` of those fall to silence."""
    if left - len(block) >= fade:
        return block
    share = np.minimum((left - 1 - np.arange(len(block))) / max(fade - 1, 1), 1.0)
    return block * (0.5 - 0.5 * np.cos(np.pi * share))[:, None].astype(np.float32)


def _as_camera(source: Path) -> str:
    """So that no file is taken for the number of a camera, for ``none`` or for one at home, nor loses a space."""
    return str(source.absolute()) if source.is_absolute() or str(source)[0] == "~" else f".{os.sep}{source}"


def facts(source: Path, instrument: str) -> tuple[float, float]:
    """How long ``source`` sounds where nothing is said, in seconds, and its frames a second (0 for a still).

    As long as a film, or ``SECONDS`` of the instrument where that is more: the film goes on in its loop. A folder shows
    each picture for 8 s. Raises FileError.
    """
    usual_s = SECONDS[instrument]
    if source.is_dir():
        return max(usual_s, SLIDE_S * len(_named(source, PICTURES))), 0.0
    if not source.exists():
        raise FileError("no such file or folder", str(source), "check the name")
    if source.suffix.lower() in PICTURES and not moves(source):
        return usual_s, 0.0
    film = open_camera(_as_camera(source))
    try:
        return max(usual_s, float(getattr(film, "duration_s", 0.0))), film.rate_hz
    finally:
        film.close()


def pictures_in(folder: Path) -> list[Path]:
    """The pictures and films of a folder, by name (2 before 10). Raises FileError where there are none."""
    found = _named(folder, (*PICTURES, *FILMS))
    if not found:
        raise FileError("holds no pictures and no films", str(folder), "put JPEG, PNG or MP4 files into it")
    return found


def _named(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    try:
        entries = [path for path in folder.iterdir() if path.suffix.lower() in tuple(suffixes) and path.is_file()
                   and not path.name.startswith(".")]
    except OSError as error:
        raise FileError(error.strerror or "cannot be read", str(folder), "check that you may read it") from error
    return sorted(entries, key=by_number)


def _tags(source: Path, show: OfflineShow, about: str) -> dict[str, str]:
    changed = [f"{spec.id} = {_in_words(spec, value)}" for spec, value in show.params()
               if spec.id.startswith("synth.") and value != spec.default]
    # "." and ".." have no name of their own.
    name = _in_utf8((source if source.name.strip(".") else source.resolve()).name or str(source))
    said = [f"picture: {name}", *([about] if about else []), f"seed: {show.options.seed}", *changed]
    return {"title": Path(name).stem, "software": f"pix2live {__version__}", "comment": "; ".join(said)}


def _in_utf8(name: str) -> str:
    """Sound files and films keep their words in UTF-8; a name of an older system is read as Latin-1."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("latin-1")
    return name


def _in_words(spec: Any, value: float) -> str:
    if spec.kind == "choice":
        return str(spec.choices[round(value - spec.low)])
    if spec.kind == "bool":
        return "on" if value > 0.5 else "off"
    return f"{value:.6g} {spec.unit}".strip()


class _Notes:
    """The notes on the bus as a MIDI file, in the time of the sound file."""

    def __init__(self, path: Path, show: OfflineShow, tags: dict[str, str]) -> None:
        self._path, self._bus, self._record = path, show.bus, show.bus.notes.record()
        self._next = show.bus.notes.count
        self._harmony, self._next_beat = show.audio.instrument.harmony, 0.0
        self._begin_s = BEGIN_S + show.audio.latency_frames / RATE
        self._file = MidiFile(path, tags["title"], f"{tags['software']}; {tags['comment']}")
        for part in PARTS:
            self._file.name(part.channel, part.name, part.program)

    def gather(self, now_s: float) -> None:
        """What has been played up to ``now_s`` of the sound."""
        piece = self._harmony.state.memory["piece"]["state"][0]
        if piece["started"] and piece["beat"] >= self._next_beat:
            self._file.beat(now_s, float(piece["beat"]))
            self._next_beat = math.floor(piece["beat"]) + 1.0
        while self._next < self._bus.notes.count:
            if self._bus.notes.read(self._next, self._record):
                record = self._record[0]
                self._file.note(float(record["stamp"]) - self._begin_s, int(record["channel"]), int(record["note"]),
                                float(record["velocity"]))
            self._next += 1

    def finish(self, seconds: float) -> None:
        if not self._file.notes:
            raise FileError("not a note was played", str(self._path),
                            "let harmony play for longer, or its level be above 0")
        self._file.finish(seconds)

    def abort(self) -> None:
        self._file.abort()
