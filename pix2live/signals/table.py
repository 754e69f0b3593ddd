"""The names of all signals, and where each lies in the flat table of values that routes read.

Scalars are float64 on the bus: a counter or accumulated phase that grows for months does not fit float32.
"""

BANDS = ("sub", "bass", "low_mid", "mid", "high_mid", "presence", "air")
BAND_EDGES_HZ = (20.0, 60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 16000.0)

SPECTRUM_SIZE = 512
FFT_SIZE = 1025
WAVEFORM_SIZE = 1024
MEL_SIZE = 64
CHROMA_SIZE = 12
GRID_SIZE = 64
PALETTE_SIZE = 5
DIRECTIONS_SIZE = 12
FLOW_SHAPE = (12, 16, 2)
THINGS_SHAPE = (20, 6)
MODEL_SLOTS = 64

AUDIO = (
    "audio.level", "audio.rms_db", "audio.peak_db", "audio.lufs_m", "audio.lufs_s", "audio.silence",
    *(f"audio.{band}{part}" for band in BANDS for part in ("", ".att", ".hit", ".count", ".phase")),
    "audio.centroid", "audio.spread", "audio.flatness", "audio.rolloff", "audio.flux", "audio.crest",
    "audio.roughness", "audio.percussive", "audio.harmonic", "audio.width", "audio.balance",
    "audio.onset", "audio.onset_strength", "audio.onset_count", "audio.kick", "audio.snare", "audio.hat",
    "audio.kick_count", "audio.snare_count", "audio.hat_count",
)
BEAT = ("beat.bpm", "beat.phase", "beat.bar_phase", "beat.count", "beat.bar", "beat.confidence", "beat.meter")
TONE = ("tone.f0_hz", "tone.note", "tone.confidence", "tone.key", "tone.mode", "tone.chord",
        *(f"tone.chroma.{i}" for i in range(CHROMA_SIZE)))
FORM = ("form.energy_trend", "form.build", "form.drop", "form.section_count")
# Those that are also measured against what was seen of late, as "vision.X.auto".
LEVELLED = ("brightness", "contrast", "saturation", "warmth", "colourfulness", "edges", "angularity", "texture",
            "coarse", "roughness", "entropy", "centre_x", "centre_y")
VISION = (
    "vision.brightness", "vision.contrast", "vision.saturation", "vision.hue", "vision.warmth",
    "vision.colourfulness", "vision.edges", "vision.angularity", "vision.texture", "vision.entropy",
    "vision.symmetry", "vision.centre_x", "vision.centre_y", "vision.motion", "vision.flow_x", "vision.flow_y",
    "vision.blobs", "vision.cut_count", "vision.coarse", "vision.roughness",
    "vision.size",
    *(f"vision.{name}.auto" for name in LEVELLED),
)
MODEL = tuple(f"model.{i}" for i in range(MODEL_SLOTS))  # named at run time by the models that are loaded
CLOCK = ("clock.time_s", "clock.frame")
SYNTH = ("synth.playhead", "synth.note_count", "synth.hit", "synth.beat_phase")
KEY = tuple(f"key.{i}" for i in range(10))
# Channels 1..16, numbers 0..127, all scaled 0..1. A note is its velocity while held.
MIDI = (
    *(f"midi.cc.{c}.{n}" for c in range(1, 17) for n in range(128)),
    *(f"midi.note.{c}.{n}" for c in range(1, 17) for n in range(128)),
    *(f"midi.bend.{c}" for c in range(1, 17)),
    *(f"midi.pressure.{c}" for c in range(1, 17)),
    *(f"midi.program.{c}" for c in range(1, 17)),
    "midi.note_count", "midi.clock_count",
)

# Names that presets may use already and that later work will measure; until then they stay 0.
RESERVED = frozenset(KEY)

SECTIONS: dict[str, tuple[str, ...]] = {
    "audio": (*AUDIO, *SYNTH),
    "hearing": (*BEAT, *TONE, *FORM),
    "perception": (*VISION, *MODEL),
    "control": (*KEY, *MIDI),
    "clock": CLOCK,
}
NAMES: tuple[str, ...] = tuple(name for names in SECTIONS.values() for name in names)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
SPANS: dict[str, slice] = {}
_start = 0
for _section, _names in SECTIONS.items():
    SPANS[_section] = slice(_start, _start + len(_names))
    _start += len(_names)


def local(section: str, name: str) -> int:
    """Index of signal ``name`` within its section's scalars. Raises KeyError for an unknown name."""
    return INDEX[name] - SPANS[section].start
