"""Patterns, computed music and the mix of drums and music, for ``train_drums`` and ``eval_drums``; needs scipy."""

from pathlib import Path

import numpy as np
from drums_data import (
    CLASSES,
    GM_DRUMS,
    IGNORED,
    RATE,
    SONIC_PI,
    Clip,
    Hit,
    Kit,
    Note,
    one_shot,
    read_sound,
    render_midi,
    write_midi,
)
from drums_synth import Rng, computed_kit, noise_band, seconds_of
from scipy import signal


def resampled(sound: np.ndarray, ratio: float) -> np.ndarray:
    """Played ``ratio`` times as fast."""
    at = np.arange(0, len(sound) - 1, ratio)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.float32)


def altered(rng: Rng, shot: np.ndarray) -> np.ndarray:
    """Another drum made of one: retuned, shortened, equalised, softened, driven or dulled, each by chance."""
    shot = resampled(shot, np.exp(rng.uniform(-0.2, 0.2)))
    t = np.arange(len(shot)) / RATE
    if rng.random() < 0.5:
        shot = shot * np.exp(-t / np.exp(rng.uniform(np.log(0.05), np.log(0.6))))
    for _ in range(int(rng.integers(0, 4))):  # peaking equaliser: the band added or taken away
        centre = np.exp(rng.uniform(np.log(60), np.log(11000)))
        b, a = signal.iirpeak(centre, rng.uniform(0.8, 2.0), fs=RATE)
        shot = shot + signal.lfilter(b, a, shot) * rng.uniform(-0.6, 1.2)
    if rng.random() < 0.15:
        shot = shot * np.minimum(1, t / rng.uniform(0.001, 0.004))
    if rng.random() < 0.2:
        shot = np.tanh(shot / max(1e-6, float(np.abs(shot).max())) * rng.uniform(1.5, 5))
    if rng.random() < 0.15:
        shot = signal.sosfilt(signal.butter(2, rng.uniform(6500, 12000), fs=RATE, output="sos"), shot)
    return one_shot(shot)


def kit_of(rng: Rng, kits: list[Kit], vary: bool = False) -> Kit:
    """A kit to play: one of ``kits``, or each drum from another; ``vary`` alters and layers the drums."""
    base, kit = kits[rng.integers(len(kits))], Kit("mixed")
    mixed = rng.random() < 0.5
    for kind in ("kick", "snare", "hat", "tom", "other", "cymbal", "stick"):
        sources = [k for k in kits if k.shots.get(kind)]
        if not sources:
            continue
        source = base if base.shots.get(kind) and not mixed else sources[rng.integers(len(sources))]
        for _ in range(4 if kind in ("tom", "other") else 2):
            shot = source.shots[kind][rng.integers(len(source.shots[kind]))]
            if vary and rng.random() < 0.8:
                shot = altered(rng, shot)
                if rng.random() < 0.3 and len(shot):
                    second = sources[rng.integers(len(sources))].shots[kind]
                    other = altered(rng, second[rng.integers(len(second))])
                    both = np.zeros(max(len(shot), len(other)), np.float32)
                    both[: len(shot)] += shot
                    both[: len(other)] += other * np.float32(rng.uniform(0.2, 1.0))
                    shot = one_shot(both)
            if len(shot):
                kit.add(kind, shot)
    return kit


# ---- patterns ------------------------------------------------------------------------------------------------------
_STYLES = {  # probability of a hit at each sixteenth, in tenths (X = certain)
    "four": ("X...X...X...X...", "....X.......X...", "..X...X...X...X."),
    "house": ("X...X...X...X.1.", "....X.......X..1", "2.X23.X22.X23.X3"),
    "rock": ("X.....3.X.52....", "....X.......X..1", "X.X.X.X.X.X.X.X."),
    "funk": ("X.4...5..3X..3..", "....X..4.4..X..3", "X5X5X5X5X5X5X5X5"),
    "break": ("X.X.......XX....", "....X..X.X..X..X", "X.X.X.X.X.X.X.X."),
    "half": ("X......4..5...3.", "........X.......", "X.X.X.X.X.X.X.X."),
    "trap": ("X..3..X...5..4..", "........X......2", "X4X4X6X4X4X6X7X7"),
    "dnb": ("X.........X..2..", "....X..2.2..X..2", "X3X3X3X3X3X3X3X3"),
    "sparse": ("6.......3.......", "....5.......6...", "2...3...2...3..."),
}


def pattern(rng: Rng, seconds: float) -> list[Hit]:
    """Hits of one style at one tempo, with swing, accents, ghosts, fills, rolls and human unevenness."""
    hits: list[Hit] = []
    bpm = np.exp(rng.uniform(np.log(72), np.log(178)))
    style = list(_STYLES)[rng.integers(len(_STYLES))]
    step, swing = 15.0 / bpm, rng.uniform(0, 0.33) * (rng.random() < 0.4)
    loose = rng.choice([0.0, 0.002, 0.006])
    rows = [[1.0 if c == "X" else 0.0 if c == "." else int(c) / 10 for c in row] for row in _STYLES[style]]
    if rng.random() < 0.3:
        rows[2] = [0.9 if i % rng.choice([1, 2, 4]) == 0 else 0.1 for i in range(16)]
    if rng.random() < 0.25:
        rows = [list(np.clip(np.array(row) * 0.7 + rng.uniform(0, 0.25), 0, 1)) for row in rows]
    absent = {kind for kind in CLASSES if rng.random() < 0.1}
    ride, extra = rng.random() < 0.15, rng.uniform(0, 0.25) * (rng.random() < 0.6)
    at, bar = rng.uniform(0, 4 * step), 0
    while at < seconds:
        fill = bar % 4 == 3 and rng.random() < 0.5
        for i in range(16):
            now = at + (i + swing * (i % 2)) * step + rng.normal(0, loose)
            for kind, row in zip(CLASSES, rows, strict=True):
                if kind in absent or rng.random() >= row[i] or (fill and i >= 12 and kind != "kick"):
                    continue
                loud = rng.uniform(0.75, 1.0) if row[i] >= 0.9 else rng.uniform(0.3, 0.9)
                loud *= 0.6 if kind == "hat" and i % 4 == 3 else 1.0
                name = "cymbal" if kind == "hat" and ride else kind
                hits.append((now, name, loud))
                if kind == "hat" and style == "trap" and rng.random() < 0.1:
                    hits.append((now + step / 2, name, loud * 0.8))
            if fill and i >= 12:
                hits.append((now, str(rng.choice(["tom", "snare"])), rng.uniform(0.5, 1.0)))
            if rng.random() < extra:
                name = str(rng.choice(["other", "tom", "stick"], p=[0.6, 0.25, 0.15]))
                hits.append((now, name, rng.uniform(0.3, 0.9)))
        if bar % 4 == 0 and rng.random() < 0.5:
            hits.append((at, "cymbal", 0.8))
        at, bar = at + 16 * step, bar + 1
    return sorted(hit for hit in hits if 0.0 <= hit[0] < seconds - 0.05)


def hits_of_midi(notes: list[Note]) -> list[Hit]:
    """The hits of a MIDI file's drum channel."""
    return [(start, GM_DRUMS.get(note, "other"), velocity / 127) for start, _, channel, note, velocity in notes
            if channel == 9]


# ---- music ---------------------------------------------------------------------------------------------------------
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 3, 5, 7, 10))
_INSTRUMENTS = {
    "bass": (32, 33, 34, 35, 36, 37, 38, 39),
    "chords": (0, 1, 2, 4, 5, 6, 7, 16, 18, 24, 25, 26, 27, 29, 30, 48, 50, 61, 62, 81, 88, 89, 90),
    "lead": (11, 12, 13, 22, 40, 45, 52, 56, 57, 61, 65, 66, 68, 73, 80, 81, 84, 87, 104, 105, 107),
}


def song_notes(rng: Rng, seconds: float) -> tuple[list[Note], dict[int, int]]:
    """A made-up band without drums: bass, chords, arpeggio or stabs, lead; notes and General MIDI programs."""
    scale, root = _SCALES[rng.integers(len(_SCALES))], int(rng.integers(0, 12))
    step = 15.0 / np.exp(rng.uniform(np.log(70), np.log(170)))
    tone = lambda degree, base: base + root + 12 * (degree // len(scale)) + scale[degree % len(scale)]  # noqa: E731
    notes: list[Note] = []
    programs = {0: "bass", 1: "chords", 2: "chords", 3: "lead"}
    chord, bass_rate, stab = 0, rng.choice([0.3, 0.6, 0.9]), rng.random() < 0.6
    for i in range(int(seconds / step)):
        now = i * step + abs(rng.normal(0, 0.003))
        if i % 16 == 0:
            chord = int(rng.integers(0, 7))
            if not stab:
                notes += [(now, 15 * step, 1, tone(chord + d, 48), 75) for d in (0, 2, 4)]
        if stab and rng.random() < (0.8 if i % 8 == 0 else 0.2):
            length, loud = step * rng.uniform(0.4, 3), int(rng.integers(60, 110))
            notes += [(now, length, 1, tone(chord + d, 48), loud) for d in (0, 2, 4, 6)]
        if rng.random() < bass_rate * (1.0 if i % 2 == 0 else 0.5):
            octave = int(rng.choice([0, 0, 12]))
            notes.append((now, step * rng.uniform(0.5, 2), 0, tone(chord, 28) + octave, int(rng.integers(70, 120))))
        if rng.random() < 0.5:
            notes.append((now, step * 0.9, 2, tone(chord + 2 * (i % 4), 60), int(rng.integers(50, 95))))
        if rng.random() < 0.25:
            length, loud = step * rng.uniform(1, 4), int(rng.integers(60, 115))
            notes.append((now, length, 3, tone(int(rng.integers(0, 10)), 60), loud))
    keep = {channel for channel in programs if rng.random() < 0.8} or {1}
    chosen = {c: int(rng.choice(_INSTRUMENTS[kind])) for c, kind in programs.items() if c in keep}
    return [note for note in notes if note[2] in keep], chosen


def computed_music(rng: Rng, seconds: float) -> np.ndarray:
    """Saw chords, square bass with a moving filter, plucks, sub, noise sweeps and a voice-like line."""
    out = np.zeros(int(seconds * RATE), np.float32)
    step, root = 15.0 / rng.uniform(80, 170), rng.uniform(36, 60)
    hertz = lambda note: 440 * 2 ** ((note - 69) / 12)  # noqa: E731
    scale = _SCALES[rng.integers(len(_SCALES))]
    parts = [p for p in ("pad", "bass", "pluck", "sub", "sweep", "voice") if rng.random() < 0.5] or ["pad"]
    for part in parts:
        bus, at = np.zeros_like(out), 0.0
        cut = {"pad": 3000, "bass": 900, "pluck": 6000, "sub": 200, "sweep": 12000, "voice": 7000}[part]
        cut *= rng.uniform(0.5, 2)
        steps = {"pad": (16,), "sub": (2, 4, 8), "sweep": (32,), "voice": (2, 4, 6)}.get(part, (1, 1, 2, 3))
        while at < seconds - 0.1:
            length = step * float(rng.choice(steps))
            if part in ("pad", "sweep") or rng.random() < 0.75:
                t = seconds_of(min(length, seconds - at))
                note = root + scale[rng.integers(len(scale))] + {"bass": -12, "sub": -24, "pluck": 24}.get(part, 0)
                f = hertz(note)
                fade = np.minimum(1, t / {"pad": 0.1, "sub": 0.004, "voice": 0.03, "sweep": 1.0}.get(part, 0.002))
                fade = fade * np.minimum(1, (t[-1] + 1e-3 - t) / 0.01) if len(t) else fade
                if part == "sweep":
                    tone = rng.standard_normal(len(t)) * (t / (length + 0.01)) ** 2
                elif part == "voice":
                    vibrato = 1 + 0.01 * np.sin(2 * np.pi * 5.5 * t)
                    tone = signal.sawtooth(2 * np.pi * np.cumsum(f * 2 * vibrato) / RATE)
                    for formant in (rng.uniform(300, 900), rng.uniform(900, 2500)):
                        b, a = signal.iirpeak(formant, 4, fs=RATE)
                        tone = tone * 0.5 + 3 * signal.lfilter(b, a, tone)
                    if rng.random() < 0.5:  # a sibilant
                        s = min(len(t), int(rng.uniform(0.04, 0.15) * RATE))
                        tone[:s] = 2 * noise_band(rng, s, 3500, 12000) * np.hanning(s) if s > 64 else 0
                elif part == "sub":
                    tone = np.sin(2 * np.pi * f * t)
                else:
                    chord = (0, 4, 7, 11) if part == "pad" else (0,)
                    tone = sum(signal.sawtooth(2 * np.pi * hertz(note + c) * d * t + rng.uniform(0, 6))
                               for c in chord for d in (1.0, 1 + rng.uniform(0.001, 0.01))) / len(chord)
                if part in ("pluck", "bass"):
                    tone = tone * np.exp(-t / rng.uniform(0.05, 0.5))
                start = int(at * RATE)
                bus[start : start + len(t)] += (tone * fade)[: len(bus) - start]
            at += length
        bus = signal.sosfilt(signal.butter(2, min(cut, 20000), fs=RATE, output="sos"), bus)
        out += level(bus.astype(np.float32)) * rng.uniform(0.3, 1.0)
    return out


def sonic_pi_textures() -> list[np.ndarray]:
    """Drones, basses, guitars and noises without drums among sonic-pi-samples."""
    wanted = ("ambi_", "bass_", "guit_", "loop_drone", "loop_3d", "misc_", "vinyl_", "mehackit_", "glitch_robot")
    return [read_sound(path, 20.0) for path in sorted(SONIC_PI.glob("*.flac")) if path.stem.startswith(wanted)]


def texture_bed(rng: Rng, textures: list[np.ndarray], seconds: float) -> np.ndarray:
    """Textures laid over one another at random moments and speeds."""
    out = np.zeros(int(seconds * RATE), np.float32)
    for _ in range(int(rng.integers(4, 14))):
        sound = resampled(textures[rng.integers(len(textures))], np.exp(rng.uniform(-0.5, 0.5)))
        sound = level(sound) * rng.uniform(0.2, 1)
        start = int(rng.integers(0, max(1, len(out) - RATE)))
        out[start : start + len(sound)] += sound[: len(out) - start]
    return out


# ---- the mix -------------------------------------------------------------------------------------------------------
def level(sound: np.ndarray) -> np.ndarray:
    """At -18 dB RMS over its sounding parts; silence stays."""
    loud = sound[np.abs(sound) > 1e-4]
    return sound * np.float32(0.126 / np.sqrt(np.mean(loud**2))) if len(loud) > 100 else sound


def play(rng: Rng, hits: list[Hit], kit: Kit, seconds: float) -> dict[str, np.ndarray]:
    """The hits on a kit, each drum at a level of its own and on a track of its own; hats choke hats."""
    length = int(seconds * RATE)
    lows = {"kick": 0.4, "snare": 0.3, "hat": 0.08, "cymbal": 0.1, "tom": 0.3, "other": 0.15, "stick": 0.2}
    highs = {"kick": 1.0, "snare": 1.0, "hat": 0.6, "cymbal": 0.6, "tom": 0.9, "other": 0.6, "stick": 0.6}
    gains = {kind: np.exp(rng.uniform(np.log(lows[kind]), np.log(highs[kind]))) for kind in lows}
    tracks = {kind: np.zeros(length + 2 * RATE, np.float32) for kind in (*CLASSES, "rest")}
    hat_times = [at for at, kind, _ in hits if kind == "hat"]
    for at, kind, velocity in hits:
        shots = kit.shots.get(kind)
        if not shots:
            continue
        shot = shots[0 if rng.random() < 0.75 else rng.integers(len(shots))]
        if kind == "hat":
            later = [t for t in hat_times if t > at + 0.01]
            if later:
                shot = shot[: max(480, int((later[0] - at) * RATE))]
        start = int(at * RATE)
        tracks.get(kind, tracks["rest"])[start : start + len(shot)] += shot * np.float32(gains[kind] * velocity)
    return {kind: track[:length] for kind, track in tracks.items()}


def room(rng: Rng, sound: np.ndarray, wet: float) -> np.ndarray:
    """A small room's decaying echo added at ``wet``."""
    t = seconds_of(rng.uniform(0.15, 0.7))
    echo = rng.standard_normal(len(t)) * np.exp(-t * 6.9 / t[-1])
    echo[: int(rng.uniform(0.002, 0.02) * RATE)] = 0
    echo *= wet / np.sqrt(np.sum(echo**2) + 1e-9)
    return sound + signal.fftconvolve(sound, echo)[: len(sound)].astype(np.float32)


def squeeze(rng: Rng, sound: np.ndarray) -> np.ndarray:
    """A bus compressor with a moving gain."""
    block = 128
    peaks = np.abs(sound[: len(sound) // block * block]).reshape(-1, block).max(axis=1)
    release, state, gains = np.exp(-block / RATE / rng.uniform(0.04, 0.25)), 0.0, np.empty(len(peaks))
    threshold, amount = rng.uniform(0.1, 0.4), rng.uniform(0.3, 0.85)
    for i, peak in enumerate(peaks):
        state = max(peak, state * release)
        gains[i] = (threshold / state) ** amount if state > threshold else 1.0
    at = np.arange(len(sound)) / block
    return (sound * np.interp(at, np.arange(len(gains)), gains)).astype(np.float32)


_OWN_HZ = {
    "kick": ((35.0, 110.0), (110.0, 400.0), (1500.0, 6000.0)),
    "snare": ((150.0, 400.0), (400.0, 2000.0), (2000.0, 8000.0)),
    "hat": ((5000.0, 9000.0), (9000.0, 16000.0)),
}


def audible(times: list[float], kind: str, own: np.ndarray, rest: np.ndarray) -> list[bool]:
    """Whether in the 40 ms after each hit, in one of its drum's ranges, it is at most 3 dB under all the rest."""
    heard = np.zeros(len(times), bool)
    starts = np.array([int(at * RATE) for at in times], int)
    for edges in _OWN_HZ[kind]:
        sos = signal.butter(2, edges, "bandpass", fs=RATE, output="sos")
        sums = [np.cumsum(np.pad(signal.sosfilt(sos, track) ** 2, (1, 2000))) for track in (own, rest)]
        ours, theirs = (total[starts + 1920] - total[starts] for total in sums)
        heard |= ours > 0.5 * theirs + 1e-5
    return list(heard)


def answers(hits: list[Hit], tracks: dict[str, np.ndarray], music: np.ndarray, mixed: np.ndarray) -> Clip:
    """The mix with what is asked of a detector, given every drum's track and the music as they went into it.

    Ghost notes (velocity under a quarter) and hits that the others drown (``audible``) are ignored, not asked for.
    """
    clip = Clip(mixed, {kind: [] for kind in CLASSES}, {kind: [] for kind in CLASSES}, hits)
    whole = music + sum(tracks.values())
    for kind in CLASSES:
        own = [(at, velocity) for at, name, velocity in hits if name == kind]
        heard = audible([at for at, _ in own], kind, tracks[kind], whole - tracks[kind])
        for (at, velocity), clear in zip(own, heard, strict=True):
            if clip.times[kind] and at - clip.times[kind][-1] < 0.03:
                continue  # two notes of one stroke, or a flam: one event
            (clip.times if clear and velocity >= 0.25 else clip.ignore)[kind].append(at)
        clip.ignore[kind] += [at for at, name, _ in hits if IGNORED.get(name) == kind]
    return clip


def mix(rng: Rng, hits: list[Hit], kit: Kit, music: np.ndarray, drums_db: float) -> Clip:
    """Drums at ``drums_db`` over the music, through room, ducking, compression and soft clipping; peak at most 1."""
    seconds = len(music) / RATE
    tracks = play(rng, hits, kit, seconds)
    dry = sum(tracks.values())
    drums = room(rng, dry, rng.uniform(0.05, 0.5)) if rng.random() < 0.7 else dry
    music = level(music)
    if rng.random() < 0.25:  # the kick ducks the music
        duck = np.ones(len(music), np.float32)
        for at, kind, _ in hits:
            if kind == "kick":
                start = int(at * RATE)
                dip = 1 - rng.uniform(0.5, 0.95) * np.exp(-seconds_of(0.35) / 0.12)
                duck[start : start + len(dip)] = np.minimum(duck[start : start + len(dip)], dip[: len(duck) - start])
        music = music * duck
    levelled = level(drums) * np.float32(10 ** (drums_db / 20))
    gain = np.sqrt(np.sum(levelled**2) / max(1e-9, float(np.sum(drums**2))))
    sound = levelled + music
    if rng.random() < 0.6:
        sound = squeeze(rng, level(sound) * 2)
    if rng.random() < 0.3:
        sound = np.tanh(level(sound) * rng.uniform(1.5, 6))
    sound = (sound / max(1e-6, float(np.abs(sound).max()))).astype(np.float32)
    return answers(hits, {kind: track * gain for kind, track in tracks.items()}, music, sound)


def training_clip(
    rng: Rng, kits: list[Kit], songs: list[np.ndarray], textures: list[np.ndarray], seconds: float
) -> Clip:
    """One clip: a pattern (sometimes none) on a kit (files or computed) in one of three kinds of music."""
    computed = [computed_kit(rng), computed_kit(rng)]
    kit = kit_of(rng, [*computed, *kits] if rng.random() < 0.65 else computed, vary=True)
    hits = pattern(rng, seconds) if rng.random() < 0.93 else []
    music = np.zeros(int(seconds * RATE), np.float32)
    kinds = rng.choice(["song", "computed", "texture", "none"], p=[0.5, 0.28, 0.15, 0.07])
    if kinds == "song" or (kinds != "none" and rng.random() < 0.2):
        song = songs[rng.integers(len(songs))]
        start = int(rng.integers(0, max(1, len(song) - len(music))))
        piece = song[start : start + len(music)]
        music[: len(piece)] += level(piece)
    if kinds == "computed":
        music += level(computed_music(rng, seconds))
    if kinds == "texture":
        music += level(texture_bed(rng, textures, seconds))
    return mix(rng, hits, kit, music, rng.uniform(-5.0, 11.0))


def song_bank(rng: Rng, folder: Path, soundfont: Path, count: int, seconds: float) -> list[np.ndarray]:
    """Made-up songs through a soundfont."""
    songs = []
    for i in range(count):
        notes, programs = song_notes(rng, seconds)
        midi = folder / f"song_{i}.mid"
        write_midi(midi, notes, programs, seconds)
        songs.append(render_midi(midi, soundfont))
    return songs
