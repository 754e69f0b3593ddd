"""Drums in busy music with known answers: what ``train_drums`` learns from and ``eval_drums`` measures on.

Nothing here is shipped; it needs scipy and soundfile and, from Debian, ``sonic-pi-samples fluidsynth
fluid-soundfont-gm hydrogen-drumkits`` (to train) and ``hydrogen-data mma timgm6mb-soundfont`` (to measure).

Trained on: sonic-pi-samples (CC0), Hydrogen's Audiophob kit (CC0), the FluidR3 soundfont (MIT), and drums, music and
voice-like sounds computed here. GPL and CC-BY-SA kits and soundfonts serve to measure alone (``held_back_kits``).
"""

import hashlib
import re
import struct
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

RATE = 48000
HOP = 256
CLASSES = ("kick", "snare", "hat")
# Besides the three: "tom" and "other" are no event of theirs; at "cymbal" (ride, crash, shaker) a hat, and at "stick"
# (side stick, snap) a snare is neither asked for nor held against anyone.
IGNORED = {"cymbal": "hat", "stick": "snare"}
SONIC_PI = Path("/usr/share/sonic-pi/samples")
HYDROGEN = Path("/usr/share/hydrogen/data/drumkits")
FLUID = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
TIM = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
HELD_BACK = (
    "BJA_Pacific", "ColomboAcousticDrumkit", "ElectricEmpireKit", "ForzeeStereo", "GMRockKit", "HardElectro1",
    "Millo-Drums_v.1", "Millo_MultiLayered2", "Millo_MultiLayered3", "TR808EmulationKit", "The Black Pearl 1.0",
    "VariBreaks", "rumpf_kit_z01_h2",
)
Hit = tuple[float, str, float]  # time in s, class, velocity 0..1


@dataclass
class Kit:
    """One-shots by class, each mono float32 at 48 kHz that begins with its onset."""

    name: str
    shots: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, kind: str, sound: np.ndarray) -> None:
        self.shots.setdefault(kind, []).append(sound)


@dataclass
class Clip:
    """One mix with its answers: ``times[class]`` in s, and ``ignore[class]`` where nothing is held against anyone.

    ``hits`` is all that was played, of every class.
    """

    audio: np.ndarray
    times: dict[str, list[float]]
    ignore: dict[str, list[float]]
    hits: list[Hit] = field(default_factory=list)


# ---- files ---------------------------------------------------------------------------------------------------------
def read_sound(path: Path, longest_s: float = 60.0) -> np.ndarray:
    """A sound file as mono float32 at 48 kHz."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound[: int(longest_s * rate)].mean(axis=1)
    return mono if rate == RATE else signal.resample_poly(mono, RATE, rate).astype(np.float32)


def one_shot(sound: np.ndarray, longest_s: float = 1.5) -> np.ndarray:
    """Cut to begin where it first passes -30 dB of its peak, peak 1, short fade at the end."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak < 1e-4:
        return np.zeros(0, np.float32)
    start = int(np.argmax(np.abs(sound) > 0.0316 * peak))
    shot = sound[max(0, start - 8) : start + int(longest_s * RATE)].astype(np.float32) / peak
    fade = min(len(shot) // 4, 2400)
    shot[len(shot) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return shot


def sonic_pi_kit() -> Kit:
    """All drums among sonic-pi-samples, by class."""
    kit = Kit("sonic-pi")
    rules = (
        ("kick", r"bd_(?!mehackit)|drum_bass_|drum_heavy_kick|elec_(hollow|soft)_kick"),
        ("snare", r"sn_|drum_snare|elec_(\w+_)?snare"),
        ("hat", r"drum_cymbal_(closed|pedal)"),
        ("hat", r"drum_cymbal_open"),
        ("cymbal", r"drum_cymbal_(hard|soft)|drum_splash|elec_cymbal"),
        ("stick", r"perc_snap"),
        ("tom", r"drum_tom|elec_fuzz_tom|tabla_(ghe|tun|dhec)"),
        ("other", r"drum_cowbell|tabla_|elec_|glitch_perc|perc_(bell|till|door)"),
    )
    for path in sorted(SONIC_PI.glob("*.flac")):
        for kind, rule in rules:
            if re.match(rule, path.stem):
                kit.add(kind, one_shot(read_sound(path, 3.0)))
                break
    return kit


_HYDROGEN_RULES = (
    (None, r"sample:|roll|fx|zap|(?<!bass )drum \d|whistle|redo"),
    ("kick", r"kick|bass ?drum"),
    ("stick", r"stick|rim click"),
    ("snare", r"snare|clap"),
    ("cymbal", r"ride|crash|cymbal|splash|china|bell|shaker|tambourine|swish|maraca"),
    ("hat", r"hat|hh|side"),
    ("tom", r"tom|conga"),
    ("other", r"cowbell|clave|agogo|wood|click|bongo"),
)


def hydrogen_kit(name: str) -> Kit:
    """One of Hydrogen's drum kits, by the names of its instruments; every velocity layer is a shot."""
    kit = Kit(name)
    text = re.sub(r' xmlns="[^"]+"', "", (HYDROGEN / name / "drumkit.xml").read_text("utf-8", "replace"))
    for instrument in ET.fromstring(text.encode()).iter("instrument"):
        label = (instrument.findtext("name") or "").lower()
        kind = next((kind for kind, rule in _HYDROGEN_RULES if re.search(rule, label)), None)
        if kind is None:
            continue
        for element in instrument.iter("filename"):
            path = HYDROGEN / name / (element.text or "")
            if path.is_file():
                shot = one_shot(read_sound(path, 3.0))
                if len(shot):
                    kit.add(kind, shot)
    return kit


def held_back_kits() -> list[Kit]:
    """Real kits that training never sees (GPL, CC-BY, CC-BY-SA: to measure with)."""
    kits = [hydrogen_kit(name) for name in HELD_BACK if (HYDROGEN / name / "drumkit.xml").is_file()]
    return [kit for kit in kits if all(kit.shots.get(kind) for kind in CLASSES)]


# ---- MIDI and fluidsynth -------------------------------------------------------------------------------------------
GM_DRUMS = {
    **dict.fromkeys((35, 36), "kick"), **dict.fromkeys((38, 39, 40), "snare"), **dict.fromkeys((42, 44, 46), "hat"),
    37: "stick", **dict.fromkeys((41, 43, 45, 47, 48, 50), "tom"),
    **dict.fromkeys((49, 51, 52, 53, 54, 55, 57, 59, 69, 70, 82), "cymbal"),
}
Note = tuple[float, float, int, int, int]  # start in s, length in s, channel, note, velocity


def write_midi(path: Path, notes: list[Note], programs: dict[int, int], end_s: float = 0.0) -> None:
    """A standard MIDI file of one track at 1000 ticks a second."""
    events = [(0, 0, bytes((0xC0 | channel, program))) for channel, program in programs.items()]
    for start, length, channel, note, velocity in notes:
        events.append((round(start * 1000), 2, bytes((0x90 | channel, note, velocity))))
        events.append((round((start + length) * 1000), 1, bytes((0x80 | channel, note, 0))))
    end = max(round(end_s * 1000), *(event[0] for event in events))
    events.append((end, 3, b"\xff\x2f\x00"))
    track, last = b"\x00\xff\x51\x03" + (500000).to_bytes(3, "big"), 0
    for tick, _, data in sorted(events):
        delta, chunks = tick - last, [(tick - last) & 0x7F]
        while delta := delta >> 7:
            chunks.append((delta & 0x7F) | 0x80)
        track += bytes(reversed(chunks)) + data
        last = tick
    path.write_bytes(b"MThd" + struct.pack(">IHHH", 6, 0, 1, 500) + b"MTrk" + struct.pack(">I", len(track)) + track)


def read_midi(path: Path) -> tuple[list[Note], dict[int, int]]:
    """Notes (in s) and the first program of each channel of a standard MIDI file."""
    data = path.read_bytes()
    division = struct.unpack(">H", data[12:14])[0]
    events, at, order = [], 14, 0
    while at < len(data):
        size = struct.unpack(">I", data[at + 4 : at + 8])[0]
        at, stop, tick, status = at + 8, at + 8 + size, 0, 0
        while at < stop:
            delta, at = _variable(data, at)
            tick += delta
            if data[at] >= 0x80:
                status, at = data[at], at + 1
            if status in (0xFF, 0xF0, 0xF7):
                kind = data[at] if status == 0xFF else 0
                length, at = _variable(data, at + (status == 0xFF))
                if kind == 0x51:
                    events.append((tick, order, "tempo", 0, int.from_bytes(data[at : at + 3], "big"), 0))
                at += length
            else:
                width = 1 if status >> 4 in (0xC, 0xD) else 2
                values = (*data[at : at + width], 0)
                kinds = {0x8: "off", 0x9: "on" if values[1] else "off", 0xC: "program"}
                events.append((tick, order, kinds.get(status >> 4, ""), status & 15, values[0], values[1]))
                at += width
            order += 1
    notes, programs, open_notes = [], {}, {}
    now, last, tempo = 0.0, 0, 500000
    for tick, _, kind, channel, first, second in sorted(events, key=lambda e: (e[0], e[1])):
        now, last = now + (tick - last) * tempo / 1e6 / division, tick
        if kind == "tempo":
            tempo = first
        elif kind == "program":
            programs.setdefault(channel, first)
        elif kind == "on":
            open_notes[channel, first] = (now, second)
        elif kind == "off" and (channel, first) in open_notes:
            start, velocity = open_notes.pop((channel, first))
            notes.append((start, now - start, channel, first, velocity))
    return sorted(notes), programs


def _variable(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        value, at = (value << 7) | (data[at] & 0x7F), at + 1
        if data[at - 1] < 0x80:
            return value, at


def render_midi(midi: Path, soundfont: Path) -> np.ndarray:
    """Fluidsynth's rendering of a MIDI file, dry, mono float32 at 48 kHz; kept beside the file, by its content."""
    wav = midi.with_suffix(f".{soundfont.stem}.{cache_key(midi.read_bytes())}.wav")
    if not wav.is_file():
        subprocess.run(["fluidsynth", "-niq", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE), "-T", "wav",
                        "-F", str(wav), str(soundfont), str(midi)], check=True, capture_output=True)
    return read_sound(wav, 300.0)


def soundfont_kits(folder: Path, soundfont: Path, programs: tuple[int, ...]) -> list[Kit]:
    """The GM drum kits of a soundfont as one-shots, each drum at two velocities."""
    kits = []
    for program in programs:
        kit, notes = Kit(f"{soundfont.stem} {program}"), []
        plan = [(note, velocity) for note in range(35, 71) for velocity in (60, 115)]
        for i, (note, velocity) in enumerate(plan):
            notes.append((0.1 + 2.0 * i, 0.5, 9, note, velocity))
        midi = folder / f"shots_{program}.mid"
        write_midi(midi, notes, {9: program}, 2.0 * len(plan) + 1.0)
        sound = render_midi(midi, soundfont)
        for i, (note, _) in enumerate(plan):
            shot = one_shot(sound[int((0.1 + 2 * i) * RATE) - 480 : int((2 + 2 * i) * RATE)])
            if len(shot):
                kit.add(GM_DRUMS.get(note, "other"), shot)
        kits.append(kit)
    return kits


def cache_key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


# ---- features ------------------------------------------------------------------------------------------------------
def analyse(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``audio.mel`` (hops, 64) and all scalars (hops, n) of a mono sound by the instrument's own Analyzer.

    Hop i ends at sample 256 (i + 1).
    """
    from pix2live.analysis.analyzer import Analyzer, AudioFeatures

    analyzer, block = Analyzer(sample_rate=RATE, channels=1), 64 * HOP
    out = AudioFeatures(block // HOP + 1)
    mel, scalars = [], []
    for start in range(0, len(audio), block):
        count = analyzer.process(np.ascontiguousarray(audio[start : start + block, None]), out)
        mel.append(out.mel[:count].copy())
        scalars.append(out.scalars[:count].copy())
    return np.concatenate(mel), np.concatenate(scalars)
