"""A picture or film in; a sound, a film with its playhead, or the notes out: the offline show without shaders."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pix2live import __version__
from pix2live.devices.camera import SLIDE_S, open_camera
from pix2live.devices.midifile import MidiFile
from pix2live.devices.picture import SUFFIXES as PICTURES
from pix2live.devices.picture import by_number, moves
from pix2live.devices.soundwriter import SoundWriter
from pix2live.engine.notes import PARTS
from pix2live.engine.options import Options
from pix2live.errors import FileError, UsageError
from pix2live.show.offline import BEGIN_S, OfflineShow, Progress
from pix2live.show.report import check_place
from pix2live.show.sonify_film import FPS, Filmed
from pix2live.show.sonify_options import own_preset

FILMS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".ogv",
         ".3gp")
KINDS = ("wav", "flac", "mp4", "mid")
RATE = 48000
# A still picture sounds so long where nothing is said: one sweep, a few breaths, a piece with a beginning and an end.
SECONDS = {"scan": 8.0, "drone": 30.0, "harmony": 60.0}


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
    folders too. Else one source to one file, a folder being shown picture after picture. Raises UsageError, FileError.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of file that can be written", "--format", f"use {', '.join(KINDS)}")
    into_folder = output.suffix.lower().lstrip(".") not in KINDS and (output.is_dir() or not output.suffix)
    if not into_folder:
        for path, suffixes, option in ((output, tuple(f".{k}" for k in KINDS), ""), (film, (".mp4",), "--mp4"),
                                       (notes, (".mid",), "--midi")):
            if path is not None and path.suffix.lower() not in suffixes:
                raise UsageError(f"this writes {' or '.join(suffixes)}", option or str(path),
                                 f"name it so, e.g. out{suffixes[0]}")
        if len(sources) != 1:
            raise UsageError(f"{len(sources)} pictures cannot become one file", str(output), "give a folder")
        for path, suffix, option in ((film, ".mp4", "--mp4"), (notes, ".mid", "--midi")):
            if path is not None and output.suffix.lower() == suffix:
                raise UsageError(f"-o {output.name} is one already", option, "leave one of them out")
        return [_job(sources[0], output, film, notes)]
    every = [path for source in sources for path in (pictures_in(source) if source.is_dir() else [source])]
    for folder in (output, film, notes):
        if folder is not None:
            _make_folder(folder)
    taken: set[str] = set()
    made = []
    for source in every:
        # Two of one stem keep their suffix, and two of one name get numbers.
        name, number = source.stem, 1
        while name.casefold() in taken:
            name = source.name if number == 1 else f"{source.name} {number}"
            number += 1
        taken.add(name.casefold())
        made.append(_job(source, output / f"{name}.{kind}", film and film / f"{name}.mp4",
                         notes and notes / f"{name}.mid"))
    return made


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
    the files, with the program, the source's name and every param of the synth that is not at its default. Returns
    notices. Raises FileError, PresetError, UsageError; then nothing half-written is left, and what was there stays.
    """
    show = OfflineShow(replace(options, camera=str(job.source), audio_in="none"), picture=False)
    show.open()
    takes: list[Any] = []
    try:
        tags = _tags(job.source, show, about)
        sound = film = notes = None
        if job.sound is not None:
            takes.append(sound := SoundWriter(job.sound, RATE, 2, tags))
        if job.film is not None:
            playhead = all(value > 0.0 for spec, value in show.params() if spec.id == "synth.scan.level")
            takes.append(film := Filmed(job.film, show, playhead, min(max(fps, 1.0), 60.0) if fps else FPS, tags))
        if job.notes is not None:
            takes.append(notes := _Notes(job.notes, show, tags))
        skip, left = show.audio.latency_frames, round(seconds * RATE)
        for time_s, block, _ in show.blocks(seconds + skip / RATE):
            kept = block[min(skip, len(block)):]
            skip -= len(block) - len(kept)
            kept = kept[:left]
            left -= len(kept)
            if sound is not None:
                sound.write(kept)
            if film is not None:
                film.write(kept)
            if notes is not None:
                notes.gather(time_s + len(block) / RATE)
            progress(min(1.0, time_s / seconds))
        _finish(sound, film, notes, seconds)
    except BaseException:
        for take in takes:
            take.abort()
        raise
    finally:
        show.close()
    progress(1.0)
    return show.notices


def _finish(sound: SoundWriter | None, film: Filmed | None, notes: "_Notes | None", seconds: float) -> None:
    if film is not None:
        film.finish(seconds)
    if notes is not None:
        notes.finish(seconds)
    if sound is not None:
        sound.finish()


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
    film = open_camera(source)
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
    # Sound files and films keep what they are told in UTF-8; a name that is none must not stop the work.
    name = source.name.encode("utf-8", "replace").decode()
    said = [f"picture: {name}", *([about] if about else []), f"seed: {show.options.seed}", *changed]
    return {"title": Path(name).stem, "software": f"pix2live {__version__}", "comment": "; ".join(said)}


def _in_words(spec: Any, value: float) -> str:
    if spec.kind == "choice":
        return str(spec.choices[round(value - spec.low)])
    if spec.kind == "bool":
        return "on" if value > 0.5 else "off"
    return f"{value:.6g} {spec.unit}".strip()


class _Notes:
    """The notes on the bus as a MIDI file, in the time of the sound file."""

    def __init__(self, path: Path, show: OfflineShow, tags: dict[str, str]) -> None:
        self._bus, self._record = show.bus, show.bus.notes.record()
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
            raise FileError("not a note was played", "notes", "let harmony play for longer, or its level be above 0")
        self._file.finish(seconds)

    def abort(self) -> None:
        self._file.abort()
