"""Measure the drum net beside plain band-energy onsets, on kits and music that training never met.

Needs scipy and soundfile beside pix2live, and from Debian ``sonic-pi-samples hydrogen-drumkits hydrogen-data
fluid-soundfont-gm timgm6mb-soundfont fluidsynth mma`` (GPL and CC-BY-SA material: to measure with alone).

    python tools/eval_drums.py [--model FILE] [--work build/drums]

Every figure is causal and counts the delay against the detector: an onset is known at the end of the hop in which it
was found. Thresholds and bands of the band-energy detectors are tuned on clips of the training kind, none on these.
"""

import argparse
import subprocess
import time
from pathlib import Path

import numpy as np
from drums_data import (
    CLASSES,
    FLUID,
    GM_DRUMS,
    HOP,
    RATE,
    TIM,
    Clip,
    analyse,
    held_back_kits,
    hydrogen_kit,
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
    level,
    mix,
    pattern,
    song_bank,
    sonic_pi_textures,
    training_clip,
)

from pix2live.models.contract import load_model
from pix2live.models.runner import Runner
from pix2live.signals import table

ZOO = Path(__file__).resolve().parent.parent / "pix2live" / "models" / "zoo" / "drums.onnx"
GROOVES = (
    ("Rock1", 118), ("BasicRock", 128), ("8Beat", 104), ("PopBallad", 88), ("Trance", 138), ("BvFunk", 100),
    ("Blues", 96), ("Ska", 150), ("BossaNova", 130), ("Samba", 110), ("FolkRock", 112), ("Twist", 160),
    ("BoneyM", 122), ("SoftRock", 108), ("50sRock", 140), ("Swing", 150), ("DSoul", 98), ("Jive", 170), ("Strut", 120),
)
CHORDS = ("Am", "F", "C", "G", "Dm", "Bb", "C7", "Am7", "Em", "G7", "F", "Gm7", "C", "A7", "Dm", "G")
Detections = dict[str, list[float]]


# ---- clips ---------------------------------------------------------------------------------------------------------
def mma_midi(folder: Path, groove: str, bpm: int) -> Path | None:
    """A band playing a chord chart in one of MMA's grooves; None where this MMA does not have it."""
    midi = folder / f"mma_{groove}.mid"
    if not midi.is_file():
        chart = midi.with_suffix(".mma")
        chart.write_text(f"Tempo {bpm}\nGroove {groove}\n" + "\n".join(CHORDS) + "\n")
        if subprocess.run(["mma", "-f", str(midi), str(chart)], capture_output=True, check=False).returncode:
            return None
    return midi


def part(folder: Path, midi: Path, kind: str, seconds: float) -> np.ndarray:
    """One drum of a band's MIDI file ("rest": all other drums) through the soundfont, alone."""
    notes, programs = read_midi(midi)
    wanted = [n for n in notes if n[2] == 9 and (GM_DRUMS.get(n[3]) == kind or
                                                  (kind == "rest" and GM_DRUMS.get(n[3]) not in CLASSES))]
    alone = folder / f"{midi.stem}_{kind}.mid"
    write_midi(alone, wanted, programs, seconds)
    sound = np.zeros(int(seconds * RATE), np.float32)
    rendered = render_midi(alone, TIM)[: len(sound)] if wanted else sound
    sound[: len(rendered)] = rendered
    return sound


def clip_sets(folder: Path, seed: int = 7) -> dict[str, list[Clip]]:
    """The test clips by set."""
    rng = np.random.default_rng(seed)
    kits = held_back_kits()
    folder.mkdir(parents=True, exist_ok=True)
    songs = song_bank(rng, folder, TIM, 12, 40.0)
    made, alone, bands, gm = [], [], [], []
    for i in range(2 * len(kits)):
        seconds = 20.0
        start = int(rng.integers(0, 20 * RATE))
        music = level(songs[i % len(songs)][start : start + int(seconds * RATE)])
        if i % 3 == 0:
            music = music + level(computed_music(rng, seconds))[: len(music)]
        made.append(mix(rng, pattern(rng, seconds), kit_of(rng, [kits[i % len(kits)]]), music, rng.uniform(-3, 6)))
        if i % 2:
            silence = np.zeros(len(music), np.float32)
            alone.append(mix(rng, pattern(rng, seconds), kit_of(rng, [kits[i // 2]]), silence, 0.0))
    for i, (groove, bpm) in enumerate(GROOVES):
        midi = mma_midi(folder, groove, bpm)
        if midi is None:
            print(f"(this mma has no groove {groove})")
            continue
        notes, programs = read_midi(midi)
        seconds = min(24.0, max(start + length for start, length, *_ in notes))
        backing = folder / f"{midi.stem}_backing.mid"
        write_midi(backing, [note for note in notes if note[2] != 9], programs, seconds)
        music = np.pad(render_midi(backing, TIM), (0, int(seconds * RATE)))[: int(seconds * RATE)]
        hits = [hit for hit in hits_of_midi(notes) if hit[0] < seconds - 0.1]
        bands.append(mix(rng, hits, kit_of(rng, [kits[i % len(kits)]]), music, rng.uniform(-3, 6)))
        tracks = {kind: part(folder, midi, kind, seconds) for kind in (*CLASSES, "rest")}
        whole = np.pad(render_midi(midi, TIM), (0, int(seconds * RATE)))[: int(seconds * RATE)]
        gm.append(answers(hits, tracks, music, whole / max(1e-6, float(np.abs(whole).max()))))
    return {"held-back kits in made-up music": made, "held-back kits in an MMA band": bands,
            "MMA band, all General MIDI": gm, "held-back kits alone": alone}


def tuning_clips(folder: Path, seed: int = 99) -> list[Clip]:
    """Clips of the training kind, not those learnt: on these the band-energy detectors are tuned."""
    rng = np.random.default_rng(seed)
    kits = [sonic_pi_kit(), hydrogen_kit("Audiophob"), *soundfont_kits(folder, FLUID, (0, 16, 25))]
    songs = song_bank(rng, folder, FLUID, 6, 40.0)
    textures = sonic_pi_textures()
    return [training_clip(rng, kits, songs, textures, 20.0) for _ in range(24)]


# ---- detectors -----------------------------------------------------------------------------------------------------
def hop_time(hops: np.ndarray | list[int]) -> list[float]:
    return [(int(i) + 1) * HOP / RATE for i in hops]


def detect_net(runner: Runner, mel: np.ndarray) -> Detections:
    """Onsets as the shipped file counts them, through the runner, hop by hop."""
    runner.reset()
    names = runner.names()
    counts = np.zeros((len(mel) + 1, 3))
    columns = [names.index(f"model.drums.{kind}_count") for kind in CLASSES]
    for i in range(len(mel)):
        runner.step({"audio.mel": mel[i : i + 1]})
        counts[i + 1] = runner.values[columns]
    return {kind: hop_time(np.flatnonzero(np.diff(counts[:, c]))) for c, kind in enumerate(CLASSES)}


def band_flux(mel: np.ndarray, low: int, high: int, subtract: float) -> np.ndarray:
    """Spectral rise in mel bands low..high (SuperFlux's lag 2 and maximum filter), less a running mean of 100 ms."""
    padded = np.pad(mel, ((2, 0), (1, 1)))[:-2]
    before = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    flux = np.maximum(mel - before, 0)[:, low:high].mean(axis=1)
    total = np.cumsum(np.pad(flux, (20, 0)))
    return flux - subtract * (total[19:-1] - total[:-20]) / 19


def pick(values: np.ndarray, threshold: float) -> np.ndarray:
    """The same peak picker as in the net's graph (see tools/train_drums.py)."""
    found, held, last = [], False, -99
    for i in np.flatnonzero((values >= threshold) | (np.diff(values >= 0.5 * threshold, prepend=False) != 0)):
        if values[i] < 0.5 * threshold:
            held = False
        elif values[i] >= threshold and not held and i - last > 7:
            found.append(int(i))
            held, last = True, i
    return np.array(found, int)


_RANGES = {"kick": ((0, 3), (0, 6), (1, 6)), "snare": ((12, 40), (20, 50), (6, 30), (30, 56)),
           "hat": ((46, 64), (52, 64), (57, 64))}


def tune_flux(clips: list[Clip], mels: list[np.ndarray]) -> dict[str, tuple[int, int, float, float]]:
    best = {}
    for kind in CLASSES:
        tried = []
        for low, high in _RANGES[kind]:
            for subtract in (0.0, 1.0, 2.0):
                fluxes = [band_flux(mel, low, high, subtract) for mel in mels]
                for threshold in (0.01, 0.015, 0.02, 0.03, 0.04, 0.055, 0.075, 0.1, 0.13, 0.17, 0.22):
                    found = [{kind: hop_time(pick(flux, threshold))} for flux in fluxes]
                    tried.append((f_measure(clips, found, kind, 0.05)[0], low, high, subtract, threshold))
        best[kind] = max(tried)[1:]
    return best


def tune_bands(clips: list[Clip], scalars: list[np.ndarray]) -> dict[str, int]:
    """For each drum the Analyzer's band whose hits (``audio.BAND.count``) fit best."""
    columns = [table.AUDIO.index(f"audio.{band}.count") for band in table.BANDS]
    return {kind: max(columns, key=lambda column: f_measure(
        clips, [{kind: count_times(s, column)} for s in scalars], kind, 0.05)[0]) for kind in CLASSES}


def count_times(scalars: np.ndarray, column: int) -> list[float]:
    return hop_time(np.flatnonzero(np.diff(scalars[:, column], prepend=0.0) > 0))


# ---- figures -------------------------------------------------------------------------------------------------------
def f_measure(
    clips: list[Clip], found: list[Detections], kind: str, within_s: float
) -> tuple[float, float, float, float]:
    """F, precision, recall and median delay over all clips; detections at ignored events count neither way."""
    hit = wrong = missed = 0
    delays = []
    for clip, detections in zip(clips, found, strict=True):
        free = list(detections[kind])
        for at in clip.times[kind]:
            near = [t for t in free if abs(t - at) <= within_s]
            if near:
                match = min(near, key=lambda t: abs(t - at))
                free.remove(match)
                delays.append(match - at)
                hit += 1
            else:
                missed += 1
        wrong += sum(1 for t in free if all(abs(t - at) > 0.06 for at in clip.ignore[kind]))
    precision, recall = hit / max(1, hit + wrong), hit / max(1, hit + missed)
    return 2 * hit / max(1, 2 * hit + wrong + missed), precision, recall, float(np.median(delays)) if delays else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ZOO)
    parser.add_argument("--work", type=Path, default=Path("build/drums"))
    options = parser.parse_args()
    model = load_model(options.model)
    runner = Runner([model], budget_s=float("inf"))
    tuning = tuning_clips_cached(options.work / "tune")
    analysed = [analyse(clip.audio) for clip in tuning]
    flux = tune_flux(tuning, [mel for mel, _ in analysed])
    bands = tune_bands(tuning, [scalars for _, scalars in analysed])
    print("band flux tuned to (mel band from, to, mean subtracted, threshold):", flux)
    print("best Analyzer bands:", {kind: table.AUDIO[column] for kind, column in bands.items()})
    for name, clips in clip_sets(options.work / "test").items():
        analysed = [analyse(clip.audio) for clip in clips]
        started, hops = time.perf_counter(), sum(len(mel) for mel, _ in analysed)
        net = [detect_net(runner, mel) for mel, _ in analysed]
        cost_us = (time.perf_counter() - started) / hops * 1e6
        plain = [{kind: hop_time(pick(band_flux(mel, *flux[kind][:3]), flux[kind][3])) for kind in CLASSES}
                 for mel, _ in analysed]
        hits = [{kind: count_times(scalars, bands[kind]) for kind in CLASSES} for _, scalars in analysed]
        print(f"\n{name}: {len(clips)} clips, {hops * HOP / RATE:.0f} s")
        print("             events   net F ±25 ms  F ±50 ms  precision recall  delay    "
              "band flux F ±25  ±50 ms   Analyzer hits F ±25  ±50 ms")
        rows = []
        for kind in CLASSES:
            tight, wide = f_measure(clips, net, kind, 0.025), f_measure(clips, net, kind, 0.05)
            row = [tight[0], wide[0], wide[1], wide[2], 1000 * wide[3]]
            row += [f_measure(clips, other, kind, s)[0] for other in (plain, hits) for s in (0.025, 0.05)]
            rows.append(row)
            print(_line(kind, sum(len(clip.times[kind]) for clip in clips), row))
        print(_line("mean", 0, list(np.mean(rows, axis=0))))
        print(f"  the net costs {cost_us:.0f} us a hop of {1e6 * HOP / RATE:.0f} us, runner included")


def tuning_clips_cached(folder: Path) -> list[Clip]:
    folder.mkdir(parents=True, exist_ok=True)
    return tuning_clips(folder)


def _line(label: str, events: int, row: list[float]) -> str:
    return (f"  {label:8s} {events or '':>8}        {row[0]:.3f}      {row[1]:.3f}      {row[2]:.3f}   {row[3]:.3f}  "
            f"{row[4]:4.1f} ms            {row[5]:.3f}   {row[6]:.3f}                 {row[7]:.3f}   {row[8]:.3f}")


if __name__ == "__main__":
    main()
