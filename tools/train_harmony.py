"""Learn the chord weights of ``pix2live/analysis/chord_weights.py``.

The material is made here, note by note, and played by fluidsynth with soundfonts under the MIT licence (FluidR3,
MuseScore General): bands of up to five parts in all keys, out of tune, with drums, noise and melodies. The features are
the product's own. A softmax over 24 triads and none is fitted to every eighth spectrum, the same weights for all roots.

    python -m tools.train_harmony [--clips 36] [--check 8]

prints how often the newest spectrum alone and the whole filter are right on clips that were not learned from, and
writes the file. Needs scipy, and ``apt install fluidsynth fluid-soundfont-gm musescore-general-soundfont-lite``.
"""

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from pix2live.analysis.chroma import EVERY, REGISTERS, Chroma, chroma, chroma_step
from pix2live.analysis.harmony import NONE, harmony, harmony_step
from pix2live.dsp.jit import kernel
from pix2live.signals.table import TONE
from tools.ears_corpus_midi import DRUMS, RATE, Note, sound_of

HOP, SECONDS, ALONE_S, GROUPS = 256, 24.0, 3.0, len(REGISTERS)
STEP_S = EVERY * HOP / RATE
CHORD = TONE.index("tone.chord")
OUT = Path(__file__).resolve().parent.parent / "pix2live" / "analysis" / "chord_weights.py"
FONTS = ("fluid", "musescore")
SHAPES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "M7": (0, 4, 7, 11), "m7": (0, 3, 7, 10),
          "9": (0, 4, 7, 10, 14), "m9": (0, 3, 7, 10, 14), "add9": (0, 4, 7, 14), "6": (0, 4, 7, 9)}  # fmt: skip
MAJOR = ((0, ""), (5, ""), (7, ""), (9, "m"), (2, "m"), (4, "m"), (7, "7"), (2, "m7"), (9, "m7"), (0, "M7"), (5, "M7"),
         (0, "add9"), (5, "6"), (10, ""), (5, "m"), (2, "7"), (0, "6"), (4, "m7"))  # fmt: skip
MINOR = ((0, "m"), (5, "m"), (7, "m"), (8, ""), (3, ""), (10, ""), (7, "7"), (7, ""), (0, "m7"), (5, "m7"), (8, "M7"),
         (3, "M7"), (0, "m9"), (5, ""), (10, "7"), (1, ""))  # fmt: skip
COMPS = (0, 1, 2, 4, 5, 7, 11, 16, 18, 24, 25, 26, 27, 29, 30, 46, 48, 49, 50, 51, 52, 61, 62, 63, 81, 88, 89, 90, 91)
BASSES = (32, 33, 34, 35, 36, 38, 39, 43, 87, 58)
LEADS = (0, 11, 22, 40, 52, 56, 60, 65, 66, 71, 73, 75, 80, 81, 82, 84, 85)


def compose(rng: np.random.Generator) -> tuple[list[Note], list[tuple[float, bytes]], list[tuple[float, int]]]:
    """Notes in seconds, MIDI set-up, and the chord from each moment on (0..11 major, 12..23 minor, 24 none)."""
    key, minor = int(rng.integers(12)), rng.random() < 0.5
    beat = 60.0 / rng.uniform(65, 175)
    palette = MINOR if minor else MAJOR
    length = int(rng.choice([3, 3, 5, 7]))
    loop = [palette[0]] + [palette[min(int(rng.exponential(5)), len(palette) - 1)] for _ in range(length)]
    lengths = [int(rng.choice([2, 4, 4, 4, 8])) for _ in loop]
    scale = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    notes: list[Note] = []
    chords: list[tuple[float, int]] = []
    parts = {name: rng.random() < p for name, p in (("bass", 0.8), ("lead", 0.5), ("pad", 0.35), ("drums", 0.65))}
    comp_style = rng.choice(["block", "stab", "arpeggio", "strum", "held"])
    bass_style = rng.choice(["root", "fifth", "walk", "octave"])
    hit = int(rng.integers(50, 128))
    low = int(rng.integers(45, 62))
    loud = {c: int(rng.integers(55, 115)) for c in range(4)}
    rest = int(rng.integers(0, 12)) if parts["drums"] and rng.random() < 0.5 else -1
    at, place = 0.0, 0

    def play(channel: int, pitch: int, start: float, length: float) -> None:
        velocity = int(np.clip(loud.get(channel, 90) + rng.normal(0, 8), 25, 127))
        notes.append(Note(start + rng.uniform(0, 0.012), length, channel, pitch, velocity))

    while at < SECONDS - ALONE_S:
        degree, shape = loop[place % len(loop)]
        beats = lengths[place % len(loop)]
        root, tones, silent = (key + degree) % 12, SHAPES[shape], place == rest
        chords.append((at, NONE if silent else root + 12 * (3 in tones)))
        inverted = rng.random() < 0.12
        voices = sorted(low + (root + t - low) % 12 + (12 if t > 12 else 0) for t in tones)
        if not silent:
            if comp_style in ("block", "held"):
                for n in voices:
                    play(0, n, at, beats * beat * (1.0 if comp_style == "held" else 0.9))
            elif comp_style == "strum":
                for b in range(beats):
                    for i, n in enumerate(voices):
                        play(0, n, at + (b + 0.03 * i) * beat, 0.9 * beat)
            elif comp_style == "stab":
                for b in range(beats * 2):
                    if rng.random() < 0.6 or b == 0:
                        for n in voices:
                            play(0, n, at + b * beat / 2, beat * 0.3)
            else:
                for b in range(beats * 4):
                    i = b % (2 * len(voices))
                    play(0, voices[i % len(voices)] + (12 if i >= len(voices) else 0), at + b * beat / 4, beat * 0.4)
            if parts["pad"]:
                for n in voices:
                    play(3, n + 12, at, beats * beat)
            if parts["bass"]:
                foot = tones[1] if inverted else 0
                for b in range(beats):
                    step = {"root": 0, "fifth": 7 * (b % 2), "octave": 12 * (b % 2), "walk": 0}[str(bass_style)]
                    if bass_style == "walk" and b > 0:
                        step = int(rng.choice(tones)) if rng.random() < 0.6 else int(rng.choice(scale)) - degree
                    play(1, 28 + (root + foot - 28) % 12 + (step if b else 0), at + b * beat, beat * 0.85)
            if parts["lead"]:
                b = 0.0
                while b < beats:
                    length = float(rng.choice([0.5, 0.5, 1, 1, 2]))
                    pitch = root + int(rng.choice(tones)) if rng.random() < 0.6 else key + int(rng.choice(scale))
                    if rng.random() < 0.85:
                        high = 67 + (pitch - 67) % 12 + 12 * int(rng.random() < 0.3)
                        play(2, high, at + b * beat, length * beat * 0.95)
                    b += length
        if parts["drums"]:
            for b in range(beats * 2):
                notes.append(Note(at + b * beat / 2, 0.1, DRUMS, int(rng.choice([42, 42, 46])), hit * 2 // 3))
                if b % 2 == 0 or rng.random() < 0.2:
                    notes.append(Note(at + b * beat / 2, 0.1, DRUMS, 38 if b % 4 == 2 else 36, hit))
        at += beats * beat
        place += 1
    chords.append((at + 0.3, NONE))
    programs = (rng.choice(COMPS), rng.choice(BASSES), rng.choice(LEADS), rng.choice(COMPS))
    return notes, [(0.0, bytes([0xC0 + c, int(p)])) for c, p in enumerate(programs)], chords


def make(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A clip's registers (steps, groups, 12), share explained (steps,) and chord (steps,), -1 where not to be asked."""
    rng = np.random.default_rng([7, seed])
    notes, setup, chords = compose(rng)
    with tempfile.TemporaryDirectory() as work:
        sound = sound_of(notes, setup, FONTS[seed % len(FONTS)], SECONDS, Path(work))
    mono = np.asarray(sound, dtype=np.float64)
    mono = mono.mean(axis=1) if mono.ndim > 1 else mono
    stretch = 2.0 ** (rng.normal(0, 12) / 1200)
    mono = np.interp(np.arange(0, len(mono) - 1, stretch), np.arange(len(mono)), mono)
    mono *= 10 ** (rng.uniform(-30, -3) / 20) / max(np.abs(mono).max(), 1e-9)
    # Pink to white noise, of another strength every few seconds; the last ones are noise alone.
    bins = np.fft.rfft(rng.standard_normal(len(mono)))
    noise = np.fft.irfft(bins / (1 + np.arange(len(bins))) ** rng.uniform(0.1, 0.7), len(mono))
    strength_db = rng.uniform(-45, 4, 6).repeat(-(-len(mono) // 6))[: len(mono)]
    mono += noise * np.sqrt(np.mean(mono**2)) / noise.std() * 10 ** (strength_db / 20)
    registers, explained = features(mono.astype(np.float32))
    time_s = (np.arange(len(explained)) + 1) * STEP_S * stretch
    starts = np.array([start for start, _ in chords])
    chord = np.array([c for _, c in chords])[np.searchsorted(starts, time_s, side="right") - 1]
    return registers, explained, chord


def features(mono: np.ndarray, rate: float = RATE, hop: int = HOP) -> tuple[np.ndarray, np.ndarray]:
    """What ``Chroma`` gives to ``Harmony`` for each spectrum of a sound."""
    steps = len(mono) // hop // EVERY
    registers, explained = np.zeros((steps, GROUPS, 12)), np.zeros(steps)
    _hear(chroma(rate, hop), mono, hop, registers, explained)
    return registers, explained


@kernel
def _hear(state: Chroma, mono: np.ndarray, hop: int, registers: np.ndarray, explained: np.ndarray) -> None:
    row, n = np.zeros(len(TONE)), 0
    for start in range(0, len(mono) - hop + 1, hop):
        if chroma_step(state, mono[start : start + hop], row) and n < len(explained):
            registers[n], explained[n] = state.registers, state.explained[0]
            n += 1


def fit(registers: np.ndarray, explained: np.ndarray, chord: np.ndarray, l2: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (2, 12 groups + 1) of major and minor, and (3,) of none: convex, by L-BFGS."""
    turned = np.stack([np.roll(registers, -root, axis=2).reshape(len(chord), -1) for root in range(12)], axis=1)
    turned = np.concatenate([turned, np.ones((*turned.shape[:2], 1))], axis=2).astype(np.float32)
    flat = np.stack([np.ones(len(chord)), explained, registers.sum(axis=(1, 2))], axis=1).astype(np.float32)
    answer = np.zeros((len(chord), 25), dtype=np.float32)
    answer[np.arange(len(chord)), chord] = 1.0
    size = turned.shape[2]

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        w, none = x[: 2 * size].reshape(2, size).astype(np.float32), x[2 * size :].astype(np.float32)
        logits = np.concatenate([turned @ w[0], turned @ w[1], (flat @ none)[:, None]], axis=1)
        logits -= logits.max(axis=1, keepdims=True)
        chance = np.exp(logits)
        total = chance.sum(axis=1, keepdims=True)
        value = -np.mean((logits - np.log(total))[answer > 0]) + l2 * float((w[:, :-1] ** 2).sum())
        rest = (chance / total - answer) / len(chord)
        slope = np.stack([np.tensordot(rest[:, 12 * m : 12 * m + 12], turned, axes=([0, 1], [0, 1])) for m in range(2)])
        slope[:, :-1] += 2 * l2 * w[:, :-1]
        return float(value), np.concatenate([slope.ravel(), rest[:, 24] @ flat]).astype(np.float64)

    result = minimize(loss, np.zeros(2 * size + 3), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return result.x[: 2 * size].reshape(2, size), result.x[2 * size :]


def tracked(registers: np.ndarray, explained: np.ndarray, weights: np.ndarray, none: np.ndarray) -> np.ndarray:
    """The chord shown at each spectrum (-1 none), by the product's own filter with these weights."""
    state = harmony(STEP_S)._replace(
        weights=weights[:, :-1].reshape(2, -1, 12).copy(), bias=weights[:, -1].copy(), none=none
    )
    row, shown = np.zeros(len(TONE)), np.zeros(len(explained))
    for i in range(len(explained)):
        harmony_step(state, registers[i], float(explained[i]), True, row)
        shown[i] = row[CHORD]
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=36)
    parser.add_argument("--check", type=int, default=8)
    parser.add_argument("--gain", type=float, default=0.3, help="what one spectrum counts: neighbours are much alike")
    parser.add_argument("--l2", type=float, default=3e-3)
    parser.add_argument("--cache", type=Path, help="keep the features in this .npz")
    options = parser.parse_args()
    if options.cache and options.cache.exists():
        held = np.load(options.cache, allow_pickle=True)["made"]
        made = [tuple(clip) for clip in held]
    else:
        with ProcessPoolExecutor(2) as pool:
            made = list(pool.map(make, range(options.clips + options.check)))
        if options.cache:
            held = np.empty((len(made), 3), dtype=object)
            for i, clip in enumerate(made):
                held[i] = clip
            np.savez(options.cache, made=held)
    learn, check = made[: options.clips], made[options.clips :]
    weights, none = fit(*(np.concatenate([clip[i][::8] for clip in learn]) for i in range(3)), options.l2)
    newest, shown = [], []
    for registers, explained, chord in check:
        track = tracked(registers, explained, options.gain * weights, options.gain * none)
        shown.append(np.mean(np.where(track < 0, NONE, track) == chord))
        alone = tracked(registers, explained, 50.0 * weights, 50.0 * none)
        newest.append(np.mean(np.where(alone < 0, NONE, alone) == chord))
    print(f"right on clips not learned from: newest spectrum {np.mean(newest):.3f}, filtered {np.mean(shown):.3f}")
    OUT.write_text(written(options.gain * weights, options.gain * none))


def written(weights: np.ndarray, none: np.ndarray) -> str:
    """The text of ``chord_weights.py``."""
    modes = []
    for mode in weights:
        lines = [", ".join(f"{v:.3f}" for v in row) for row in mode[:-1].reshape(-1, 12)]
        modes.append("(" + ",\n     ".join([*lines, f"{mode[-1]:.3f}"]) + ")")
    return (
        '"""Weights of the chord filter, learned by ``tools/train_harmony.py``; do not edit by hand."""\n\n'
        "# Major, then minor: for each register, lowest first, twelve intervals above the root; then a constant.\n"
        "CHORD_WEIGHTS = (\n    " + ",\n    ".join(modes) + ",\n)  # fmt: skip\n"
        "# No chord: a constant, the share of the spectrum that notes explain, the sum of all notes.\n"
        f"NONE_WEIGHTS = ({', '.join(f'{v:.3f}' for v in none)})\n"
    )


if __name__ == "__main__":
    main()
