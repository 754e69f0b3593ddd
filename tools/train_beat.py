"""Learn the net of ``pix2live/analysis/pulse.py``: chances of beat and downbeat.

The material is composed here (``train_beat_music``), played by fluidsynth with soundfonts under the MIT licence
(FluidR3, MuseScore General) and by drum machines computed here, timed (steady, by hand, faster and slower, in steps,
freely, with stops), and heard through rooms, crowds and noise at -6 to -30 dBFS. What is kept of it is what the net is
given.

    python -m tools.train_beat FOLDER [--first 0] [--clips 1200] [--processes 2]     makes clips, in this environment
    python tools/train_beat_fit.py FOLDER [--epochs 12]                              fits, where torch is installed

Needs scipy, and ``apt install fluidsynth fluid-soundfont-gm musescore-general-soundfont-small espeak-ng``.
"""

import argparse
import random
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import signal

from pix2live.analysis.novelty import Novelty, _process
from pix2live.analysis.pulse import BANDS, EDGES_HZ, FRAME_HOPS, INPUTS, TAPS, _describe, _Pulse, weights
from pix2live.dsp.jit import kernel
from tools import ears_corpus_kit
from tools.ears_corpus_degrade import crowd, decibels, room
from tools.ears_corpus_midi import DRUMS, RATE, Piece, Tempo, perform, sound_of
from tools.train_beat_music import compose
from tools.train_beat_parts import SECONDS

HOP, CROWD_SEED = 256, 11
HEARD = ("room", "room", "crowd", "noise", "room crowd", "room noise", "room noise crowd", "")


def timed(piece: Piece, rng: random.Random) -> Tempo:
    """How a piece moves in time."""
    if piece.tags[0] == "clicks":
        manner = rng.choice(("steady", "steady", "steady", "ramp"))
    elif piece.tags[0] in ("alone", "line", "parts"):
        manner = rng.choice(("steady", "steady", "hand", "hand", "rubato", "ramp", "step", "stop"))
    else:
        manner = rng.choice(("steady",) * 8 + ("hand",) * 4 + ("ramp", "ramp", "step", "stop"))
    lead_s = rng.uniform(2.0, 5.0) if rng.random() < 0.12 else rng.uniform(0.05, 1.5)
    marks = [*piece.beats, piece.end]
    turn = rng.choice(piece.downbeats[len(piece.downbeats) // 4 :])
    change = rng.choice((-1, 1)) * rng.uniform(0.06, 0.3)
    begin, span = rng.uniform(0.1, 0.4) * piece.end, rng.uniform(0.2, 0.6) * piece.end
    walk = drawn = 0.0
    at, points = lead_s, [(marks[0], lead_s)]
    for beat, after in pairwise(marks):
        factor = 1.0
        if manner == "step":
            factor = 1 + change * (beat >= turn)
        elif manner == "ramp":
            factor = 1 + 0.6 * change * min(1.0, max(0.0, (beat - begin) / span))
        elif manner in ("hand", "rubato"):
            drawn = 0.75 * drawn + rng.gauss(0, 1)
            walk = 0.85 * walk + 0.15 * drawn
            factor = min(1.35, max(0.7, 1 + walk * (0.02 if manner == "hand" else 0.1)))
        at += 60 / (piece.bpm * factor) * (after - beat)
        points.append((after, at))
    return Tempo(points, [(turn, rng.uniform(0.8, 4.0))] if manner == "stop" and turn > 0 else [])


class Ear:
    """What the net is given of a sound, by the product's own stages."""

    def __init__(self) -> None:
        self.novelty = Novelty(RATE, HOP)
        some = np.zeros(0, np.float32)
        net = weights()._replace(**{name: np.zeros((0,) * array.ndim, np.float32)
                                    for name, array in weights()._asdict().items()})  # fmt: skip
        self.state = _Pulse(np.searchsorted(self.novelty.centre_hz, EDGES_HZ).astype(np.int64), net,
                            np.zeros((TAPS, INPUTS), np.float32), np.zeros(2 * BANDS, np.float32),
                            np.zeros((0, 0, 0), np.float32), some, some, some, np.zeros(2, np.int64))  # fmt: skip

    def inputs(self, mono: np.ndarray) -> np.ndarray:
        """float32 ``(frames, INPUTS)`` of float32 sound at 48 kHz."""
        self.novelty.reset()
        for array in (self.state.inputs, self.state.before, self.state.at):
            array.fill(0)
        out = np.zeros((len(mono) // HOP // FRAME_HOPS, INPUTS), np.float32)
        _hear(self.novelty._s, self.state, mono, out)
        return out


@kernel
def _hear(novelty: tuple, state: _Pulse, mono: np.ndarray, out: np.ndarray) -> None:
    for n in range(out.shape[0] * FRAME_HOPS):
        _process(novelty, mono[n * HOP : (n + 1) * HOP])
        if _describe(state, novelty.logs, novelty.smooth):
            out[n // FRAME_HOPS] = state.inputs[state.at[0] % TAPS]
            state.at[0] += 1
            state.at[1] = 0


@cache
def _ear() -> Ear:
    return Ear()


@cache
def _babble(folder: Path) -> np.ndarray:
    return crowd(folder, CROWD_SEED).mean(axis=1).astype(np.float32)


@cache
def _room(number: int) -> np.ndarray:
    return room(np.random.default_rng([9, number]))[0].mean(axis=1).astype(np.float32)


def heard(mono: np.ndarray, how: str, babble: np.ndarray, seed: int) -> np.ndarray:
    """``mono`` as heard, float32: as ``ears_corpus_degrade.degrade`` has it, by one ear and in one of 64 rooms."""
    rng = np.random.default_rng(seed)
    out = mono
    if "room" in how:
        out = signal.oaconvolve(out, _room(int(rng.integers(64))))[: len(out)]
    power = out**2
    loudness = np.sqrt(power[power > 1e-3 * power.max()].mean() + 1e-20)
    for name in ("crowd", "noise"):
        if name in how:
            if name == "crowd":
                added = np.take(babble, np.arange(len(out)) + int(rng.integers(len(babble))), mode="wrap")
            else:
                bins = np.fft.rfft(rng.standard_normal(len(out), dtype=np.float32))
                bins *= (1.0 + np.arange(len(bins)) / 2000) ** rng.choice((0.0, -0.5, -0.5, -0.75))
                added = np.fft.irfft(bins, len(out))
            out = out + added * (loudness * decibels(-rng.uniform(3.0, 21.0)) / (added.std() + 1e-9))
    return (out * (decibels(rng.uniform(-30.0, -6.0)) / (np.abs(out).max() + 1e-9))).astype(np.float32)


def make(seed: int, folder: Path) -> int:
    """Two clips of one piece, as it is and as heard somewhere: ``SEED-0.npz``, ``SEED-1.npz``."""
    if (folder / f"{seed:05d}-1.npz").exists():
        return seed
    rng = random.Random(f"beat {seed}")
    piece = compose(rng)
    tempo = timed(piece, rng)
    notes, setup = perform(piece, tempo)
    end_s = min(tempo.at(piece.end), SECONDS + 6.0) + rng.choice((0.3, 0.5, 1.0, 3.0, 8.0))
    notes = [n for n in notes if n.start < end_s - 0.05]
    # Reading MuseScore's font takes far longer than playing it.
    font = "musescore" if rng.random() < 0.09 else "fluid"
    work = folder / f".{seed}"
    if "machine" in piece.tags:
        music = sound_of([n for n in notes if n.channel != DRUMS], setup, font, end_s, work)
        drums = ears_corpus_kit.play(notes, len(music), rng.randrange(2**31))
        if np.abs(music).max() > 1e-4:
            music = ears_corpus_kit.pumped(music, notes, rng.choice((0.0, 0.5, 0.8)), rng.uniform(0.15, 0.3))
            dry = ears_corpus_kit.mixed(music, drums, rng.uniform(0.7, 2.0))
        else:
            dry = drums.astype(np.float32)
    else:
        dry = sound_of(notes, setup, font, end_s, work)
    dry = dry.mean(axis=1)
    beats = np.array([tempo.at(b) for b in piece.beats])
    downbeats = np.array([tempo.at(b) for b in piece.downbeats])
    for turn, how in enumerate(("clean", rng.choice(HEARD))):
        mono = heard(dry, how, _babble(folder), rng.randrange(2**31))
        np.savez(folder / f"{seed:05d}-{turn}.npz", x=_ear().inputs(mono).astype(np.float16), beats=beats,
                 downbeats=downbeats, bars=np.array("no bars" not in piece.tags), kind=np.array(piece.source),
                 sounds_from=np.array(min(n.start for n in notes)))  # fmt: skip
    return seed


def nothing(folder: Path) -> None:
    """Rooms in which no music plays, 12 s each: ``quiet-N.npz``."""
    for n in range(40):
        rng = np.random.default_rng([4, n])
        mono = np.zeros(12 * RATE, np.float32)
        if n:
            how = ("noise", "crowd", "room noise crowd")[n % 3]
            mono = heard(rng.standard_normal(len(mono)).astype(np.float32) * 0.05, how, _babble(folder), n)
        np.savez(folder / f"quiet-{n}.npz", x=_ear().inputs(mono).astype(np.float16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--clips", type=int, default=1200)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    nothing(given.folder)
    seeds = range(given.first, given.first + given.clips)
    with ProcessPoolExecutor(given.processes) as pool:
        for seed in pool.map(partial(make, folder=given.folder), seeds):
            if seed % 50 == 49:
                print(seed + 1, flush=True)


if __name__ == "__main__":
    main()
