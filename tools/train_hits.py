"""Fit the weights of ``audio.kick``, ``audio.snare`` and ``audio.hat``, and measure them beside plain band onsets.

Needs scipy and soundfile beside pix2live, and from Debian ``sonic-pi-samples hydrogen-drumkits fluid-soundfont-gm
fluidsynth mma`` (and ``hydrogen-data timgm6mb-soundfont`` to measure).

    python tools/train_hits.py [--work build/hits]            fit, write pix2live/analysis/hit_weights.npy, measure
    python tools/train_hits.py --measure                      measure what is there

Learnt from: clips of ``drums_mix`` (sonic-pi-samples, CC0; Hydrogen's Audiophob kit, CC0; the FluidR3 soundfont, MIT;
drums and music computed there and here) and the same kits in MMA bands played by FluidR3, in grooves that
``eval_drums`` does not use. Measured on ``eval_drums``' clips: kits, soundfont and grooves that the weights never met.
The features are the analyzer's own, so what is fitted is what plays.
"""

import argparse
from pathlib import Path

import eval_drums
import numpy as np
from drums_data import (
    CLASSES,
    FLUID,
    HOP,
    RATE,
    Clip,
    Kit,
    hydrogen_kit,
    one_shot,
    read_midi,
    render_midi,
    sonic_pi_kit,
    soundfont_kits,
    write_midi,
)
from drums_mix import (
    answers,
    computed_music,
    hits_of_midi,
    kit_of,
    mix,
    pattern,
    song_bank,
    sonic_pi_textures,
    training_clip,
)
from drums_synth import computed_kit, noise_band
from scipy import signal

from pix2live.analysis import hits as stage
from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.signals import table

HOP_S = HOP / RATE
GROOVES = (
    ("8BeatSus", 96), ("Bluegrass", 120), ("Bolero", 92), ("ChaCha", 118), ("CountrySwing", 126), ("EasySwing", 132),
    ("JazzRock", 112), ("LFusion", 104), ("Mambo", 108), ("Rhumba", 112), ("SlowRock", 80), ("Tango", 116),
    ("Techno", 134), ("60sRock", 130), ("BigBand", 140), ("Merengue", 126), ("ShuffleBoggie", 128),
)
OVER = 0.5  # share of the chance at which a hit begins, below which it is over
PART_ALONE = (0.3, 0.3, 0.3, 0.05, 0.05)
Layers = list[np.ndarray]


# ---- sounds of its own ---------------------------------------------------------------------------------------------
def box(rng: np.random.Generator) -> Kit:
    """A plain drum machine: snares of white noise over a tone, hats of noise through a gentle filter, shakers with a
    soft attack, the rest computed."""
    kit = computed_kit(rng)
    kit.shots["snare"], kit.shots["cymbal"], kit.shots["hat"] = [], [], []
    for _ in range(3):
        t = np.arange(int(0.5 * RATE)) / RATE
        tone = np.sin(2 * np.pi * rng.uniform(150, 330) * t) * np.exp(-t / rng.uniform(0.02, 0.1))
        wires = rng.standard_normal(len(t)) * np.exp(-t / rng.uniform(0.03, 0.12))
        kit.add("snare", one_shot((rng.uniform(0.2, 1.0) * tone + rng.uniform(0.3, 0.9) * wires).astype(np.float32)))
        pole = np.exp(-2 * np.pi * rng.uniform(4000, 9000) / RATE)
        hiss = np.diff(signal.lfilter([1.0], [1.0, pole], rng.standard_normal(len(t) + 1)))
        tail = np.exp(-t / np.exp(rng.uniform(np.log(0.015), np.log(0.2))))
        kit.add("hat", one_shot((hiss * tail).astype(np.float32)))
        low = rng.uniform(3000, 6500)
        grains = noise_band(rng, len(t), low, low * rng.uniform(1.4, 2.5))
        swell = (1 - np.exp(-t / rng.uniform(0.005, 0.02))) * np.exp(-t / rng.uniform(0.02, 0.06))
        kit.add("cymbal", one_shot((grains * swell).astype(np.float32)))
    return kit


def bass_line(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Notes of 30 to 130 Hz, soft or plucked, dull or bright: what is low and struck and yet no kick."""
    out = np.zeros(int(seconds * RATE), np.float32)
    step, decay = rng.uniform(0.12, 0.5), rng.choice([0.1, 0.3, 10.0])
    attack, release, fall = np.exp(rng.uniform(np.log(0.002), np.log(0.03))), 0.02, rng.uniform(0.8, 3.0)
    root, count, at = rng.uniform(30, 62), int(rng.integers(1, 16)), 0.3
    while at < seconds - 1.0:
        length = step * rng.choice([1, 1, 2, 3])
        if rng.random() < 0.85:
            t = np.arange(int(length * rng.uniform(0.6, 1.0) * RATE)) / RATE
            hz = root * 2 ** (rng.integers(0, 14) / 12)
            tone = sum(np.sin(2 * np.pi * hz * h * t + rng.uniform(0, 1)) / h**fall for h in range(1, count + 1))
            shape = np.clip(t / attack, 0, 1) * np.clip((t[-1] - t) / release, 0, 1) * np.exp(-t / decay)
            start = int(at * RATE)
            out[start : start + len(t)] += (rng.uniform(0.5, 1.0) * tone * shape)[: len(out) - start]
        at += length
    return out


# ---- clips and frames ----------------------------------------------------------------------------------------------
def clips(folder: Path, count: int, seed: int) -> tuple[list[Clip], list[Clip]]:
    """Clips to learn from: made-up mixes and bands; and bare ones, of a drum or two, of a bass, without drums."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    recorded = [sonic_pi_kit(), hydrogen_kit("Audiophob")] * 3  # the most varied kits come most often
    kits = [*recorded, *soundfont_kits(folder, FLUID, (0, 8, 16, 24, 25, 32))]
    kits += [box(rng) for _ in range(3)]
    songs, textures = song_bank(rng, folder, FLUID, 12, 40.0), sonic_pi_textures()
    made, bare = [training_clip(rng, kits, songs, textures, 20.0) for _ in range(count)], []
    for i in range(count // 3):  # one or two drums alone: what nothing else stands beside must not be taken for more
        kinds = rng.choice(["kick", "snare", "hat", "tom", "cymbal"], 1 + i % 2, replace=False, p=PART_ALONE)
        struck = [hit for hit in pattern(rng, 12.0) if hit[1] in kinds]
        kit = kit_of(rng, [computed_kit(rng), box(rng), *kits], vary=i % 3 > 0)
        bare.append(mix(rng, struck, kit, np.zeros(12 * RATE, np.float32), 0.0))
    for i in range(count // 5):  # music without a drum
        music = computed_music(rng, 12.0) if i % 2 else songs[i % len(songs)][: 12 * RATE]
        bare.append(mix(rng, [], kits[0], music, 0.0))
    for i in range(count // 4):  # a bass line, alone or under drums
        struck = pattern(rng, 12.0) if i % 2 else []
        bare.append(mix(rng, struck, kit_of(rng, [computed_kit(rng), box(rng), *kits]), bass_line(rng, 12.0), 3.0))
    for i, (groove, bpm) in enumerate(GROOVES):
        midi = eval_drums.mma_midi(folder, groove, bpm)
        if midi is None:
            print(f"(this mma has no groove {groove})")
            continue
        notes, programs = read_midi(midi)
        seconds = min(24.0, max(start + length for start, length, *_ in notes))
        backing = folder / f"{midi.stem}_backing.mid"
        write_midi(backing, [note for note in notes if note[2] != 9], programs, seconds)
        music = _fit(render_midi(backing, FLUID), seconds)
        struck = [hit for hit in hits_of_midi(notes) if hit[0] < seconds - 0.1]
        made.append(mix(rng, struck, kit_of(rng, [kits[i % len(kits)]]), music, rng.uniform(-3, 6)))
        if i % 2 == 0:
            tracks = {kind: _part(folder, midi, kind, seconds) for kind in (*CLASSES, "rest")}
            whole = _fit(render_midi(midi, FLUID), seconds)
            made.append(answers(struck, tracks, music, whole / max(1e-6, float(np.abs(whole).max()))))
    return made, bare


def _fit(sound: np.ndarray, seconds: float) -> np.ndarray:
    return np.pad(sound, (0, int(seconds * RATE)))[: int(seconds * RATE)]


def _part(folder: Path, midi: Path, kind: str, seconds: float) -> np.ndarray:
    eval_drums.TIM = FLUID
    return eval_drums.part(folder, midi, kind, seconds)


def described(audio: np.ndarray) -> np.ndarray:
    """What the stage makes of each hop: float32 ``(hops, 100)``."""
    analyzer, out = Analyzer(RATE, 1), AudioFeatures(1)
    x = analyzer._stages.onset.hits.x
    rows = np.empty((len(audio) // HOP, len(x)), np.float32)
    sound = np.ascontiguousarray(audio, dtype=np.float32)
    for i in range(len(rows)):
        analyzer.process(sound[i * HOP : (i + 1) * HOP], out)
        rows[i] = x
    return rows


def targets(clip: Clip, hops: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether a hit is to be known at each hop (the third to fifth of it), and what each hop weighs."""
    wanted, weight = np.zeros((hops, 3), np.float32), np.ones((hops, 3), np.float32)
    for c, kind in enumerate(CLASSES):
        for at in clip.ignore[kind]:
            weight[max(0, int(at / HOP_S) - 3) : int(at / HOP_S) + 10, c] = 0.0
        for at in clip.times[kind]:
            weight[int(at / HOP_S) : int(at / HOP_S) + 7, c] = 0.0
        for at in clip.times[kind]:
            here = slice(int(at / HOP_S) + 2, int(at / HOP_S) + 5)
            wanted[here, c], weight[here, c] = 1.0, 1.0
    return wanted, weight


def frames(made: list[Clip], share: float, rng: np.random.Generator) -> Layers:
    """Inputs, answers and weights (times ``share``) of the hops of all clips, at gains from -24 to 0 dB over a little
    noise; of those where nothing rises, one in seven."""
    parts = []
    for clip in made:
        hiss = 10 ** (rng.uniform(-95, -72) / 20) * rng.standard_normal(len(clip.audio))
        x = described(clip.audio * 10 ** (rng.uniform(-24, 0) / 20) + hiss)
        wanted, weight = targets(clip, len(x))
        moves = (x[:, 6 * stage.GROUPS : 7 * stage.GROUPS].max(axis=1) > 0.25) | (wanted.max(axis=1) > 0)
        chance = np.where(moves, 1.0, 0.15)
        kept = rng.random(len(x)) < chance
        parts.append((x[kept], wanted[kept], (share * weight / chance[:, None])[kept]))
    return [np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)]


# ---- fitting -------------------------------------------------------------------------------------------------------
def fit(x: np.ndarray, wanted: np.ndarray, weight: np.ndarray, rng: np.random.Generator, epochs: int) -> Layers:
    """Two layers by Adam on the weighted cross entropy, hits weighing three times as much; inputs get some noise."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = (x - mean) / spread
    width, batch = x.shape[1], 4096
    layers = [rng.normal(0, width**-0.5, (stage.HIDDEN, width)), np.zeros(stage.HIDDEN),
              rng.normal(0, 0.5 * stage.HIDDEN**-0.5, (3, stage.HIDDEN)), np.full(3, -2.0)]
    layers = [layer.astype(np.float32) for layer in layers]
    first, second = [np.zeros_like(p) for p in layers], [np.zeros_like(p) for p in layers]
    weight = weight * np.where(wanted > 0, np.float32(3.0), np.float32(1.0))
    weight /= weight.mean()
    steps, step = epochs * (len(x) // batch), 0
    for epoch in range(epochs):
        order, loss = rng.permutation(len(x)), 0.0
        for start in range(0, len(x) - batch + 1, batch):
            pick = order[start : start + batch]
            xs = x[pick] + rng.standard_normal((batch, width), dtype=np.float32) * np.float32(0.1)
            hidden = np.maximum(xs @ layers[0].T + layers[1], 0)
            odds = hidden @ layers[2].T + layers[3]
            loss += float((weight[pick] * (np.logaddexp(0, odds) - wanted[pick] * odds)).mean())
            d_odds = ((1 / (1 + np.exp(-odds)) - wanted[pick]) * weight[pick] / batch).astype(np.float32)
            d_hidden = (d_odds @ layers[2]) * (hidden > 0)
            slopes = (d_hidden.T @ xs, d_hidden.sum(axis=0), d_odds.T @ hidden, d_odds.sum(axis=0))
            step += 1
            rate = 5e-3 * min(1.0, step / 100) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
            for i, slope in enumerate(slopes):
                pull = slope + np.float32(1e-5) * layers[i]
                first[i] += 0.1 * (pull - first[i])
                second[i] += 0.01 * (pull * pull - second[i])
                size = np.sqrt(second[i] / (1 - 0.99**step)) + 1e-8
                layers[i] -= (rate * first[i] / (1 - 0.9**step) / size).astype(np.float32)
        print(f"epoch {epoch + 1:3d}  loss {loss / (len(x) // batch):.4f}", flush=True)
    return [layers[0] / spread, layers[1] - (layers[0] / spread) @ mean, layers[2], layers[3]]


def limits(layers: Layers, made: list[Clip], gains: np.random.Generator) -> list[float]:
    """For each drum the chance at which a hit begins that gives the best F at 50 ms on ``made``."""
    chances = []
    for clip in made:
        x = described(clip.audio * 10 ** (gains.uniform(-30, 0) / 20))
        chances.append(1 / (1 + np.exp(-(np.maximum(x @ layers[0].T + layers[1], 0) @ layers[2].T + layers[3]))))
    best = []
    for c, kind in enumerate(CLASSES):
        tried = []
        for limit in np.arange(0.4, 0.95, 0.05):
            found = [{kind: eval_drums.hop_time(began(chance[:, c], float(limit)))} for chance in chances]
            tried.append((eval_drums.f_measure(made, found, kind, 0.05)[0], float(limit)))
        print(f"{kind}: F {max(tried)[0]:.3f} on clips not learnt, at a chance of {max(tried)[1]:.2f}", flush=True)
        best.append(max(tried)[1])
    return best


def began(chance: np.ndarray, limit: float) -> np.ndarray:
    """Hops at which the stage counts a hit."""
    found, held, free = [], False, 0
    for i, value in enumerate(chance):
        if value < OVER * limit:
            held = False
        elif value >= limit and not held and i >= free:
            found.append(i)
            held, free = True, i + round(stage.REST_S / HOP_S)
    return np.array(found, int)


def write(layers: Layers, limit: list[float]) -> None:
    """The file that the stage reads."""
    log_odds = [np.log(p / (1 - p)) for share in (1.0, OVER) for p in (share * one for one in limit)]
    flat = [np.column_stack(layers[:2]).ravel(), np.column_stack(layers[2:]).ravel(), log_odds]
    np.save(stage._WEIGHTS, np.concatenate(flat).astype(np.float32))


# ---- measuring -----------------------------------------------------------------------------------------------------
def counted(scalars: np.ndarray) -> eval_drums.Detections:
    """When each drum's counter grew, at the ends of hops."""
    columns = {kind: table.AUDIO.index(f"audio.{kind}_count") for kind in CLASSES}
    return {kind: eval_drums.count_times(scalars, column) for kind, column in columns.items()}


def measure(folder: Path) -> None:
    """F of the counters on ``eval_drums``' clips, beside band rises and the analyzer's band hits, tuned as there."""
    tuning = eval_drums.tuning_clips_cached(folder / "tune")
    analysed = [eval_drums.analyse(clip.audio) for clip in tuning]
    flux = eval_drums.tune_flux(tuning, [mel for mel, _ in analysed])
    bands = eval_drums.tune_bands(tuning, [scalars for _, scalars in analysed])
    for name, made in eval_drums.clip_sets(folder / "test").items():
        analysed = [eval_drums.analyse(clip.audio) for clip in made]
        found = [counted(scalars) for _, scalars in analysed]
        plain = [{kind: eval_drums.hop_time(eval_drums.pick(eval_drums.band_flux(mel, *flux[kind][:3]), flux[kind][3]))
                  for kind in CLASSES} for mel, _ in analysed]
        band = [{kind: eval_drums.count_times(scalars, bands[kind]) for kind in CLASSES} for _, scalars in analysed]
        print(f"\n{name}: {len(made)} clips\n         F ±50 ms  ±25 ms  precision recall  delay     "
              "band rise ±50  ±25     band hits ±50  ±25")
        for kind in CLASSES:
            wide, tight = (eval_drums.f_measure(made, found, kind, s) for s in (0.05, 0.025))
            others = [eval_drums.f_measure(made, other, kind, s)[0] for other in (plain, band) for s in (0.05, 0.025)]
            own = "{:.3f}     {:.3f}   {:.3f}     {:.3f}".format(wide[0], tight[0], *wide[1:3])
            rest = "{:.3f}    {:.3f}     {:.3f}    {:.3f}".format(*others)
            print(f"  {kind:6} {own}  {wide[3] * 1000:5.1f} ms     {rest}", flush=True)


def main() -> None:
    """Fit and measure, or measure alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("build/hits"))
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--clips", type=int, default=220)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    if not options.measure:
        rng = np.random.default_rng(11)
        made, bare = clips(options.work / "learn", options.clips, 1234)
        kept = made[::6]  # to choose the limits on
        learnt = frames([clip for i, clip in enumerate(made) if i % 6], 1.0, rng)
        x, wanted, weight = map(np.concatenate, zip(learnt, frames(bare, 0.5, rng), strict=True))
        print(f"{len(made) + len(bare)} clips, {len(x)} hops, {x.shape[1]} numbers each", flush=True)
        layers = fit(x, wanted, weight, rng, options.epochs)
        write(layers, limits(layers, kept, rng))
    measure(options.work)


if __name__ == "__main__":
    main()
