import numpy as np
import pytest

from pix2live.synth.composing import MODES, SCALES
from pix2live.synth.harmony import Harmony, harmony_chunk, silence_harmony
from pix2live.synth.instrument import Instrument
from pix2live.synth.patterns import PARTS
from pix2live.synth.voices import MOST_SOUNDING
from tests.synth.band import CALM, CITY, LOW_RATE, STYLES, Listener, controls, piece
from tests.synth.chain import above

RATE = 48000
SCALE_MODE = dict(zip(MODES, SCALES.tolist(), strict=True))


def rms_db(sound):
    return 10.0 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12)


def test_same_seed_same_piece_and_again_after_reset():
    first, second = piece(6.0, seed=3, **CITY), piece(6.0, seed=3, **CITY)
    assert np.array_equal(first.sound, second.sound)
    assert first.notes() == second.notes()
    for again in (second.harmony.reset, lambda: silence_harmony(second.harmony.state)):
        again()
        assert np.array_equal(Listener(second.harmony, LOW_RATE).play(6.0, **CITY), first.sound)


def test_another_seed_another_piece():
    melodies = [tuple((n.note, n.start_s) for n in piece(20.0, seed=seed, **STYLES["chamber"]).notes("melody", "pad"))
                for seed in (1, 2, 3)]  # fmt: skip
    assert len(set(melodies)) == 3
    knob = [tuple(n.note for n in piece(20.0, **{"seed": seed, **CITY}).notes("arp", "bass")) for seed in (0, 7)]
    assert knob[0] != knob[1]


@pytest.mark.parametrize("style", STYLES)
def test_each_style_sounds_at_once_and_at_its_level(style):
    sound = piece(12.0, rate=RATE, **STYLES[style]).sound
    assert np.isfinite(sound).all()
    assert rms_db(sound[:, : RATE // 2]) > -40.0
    assert -25.0 < rms_db(sound[:, 2 * RATE :]) < -17.0
    assert np.abs(sound).max() < 1.0


def test_through_the_instrument_every_block_size_is_the_same():
    instrument = Instrument(RATE, 64)
    params = np.array([spec.default for spec in instrument.SPECS], np.float32)
    asked = {"scan.level": 0.0, "harmony.level": 1.0, **{f"harmony.{name}": value for name, value in CITY.items()}}
    for name, value in asked.items():
        params[[spec.id for spec in instrument.SPECS].index(f"synth.{name}")] = value
    heard, notes = [], []
    for block in (64, 100, 441):
        instrument.reset()
        first = int(instrument.harmony.state.note_count[0])
        out = np.zeros((block * (22050 // block), 2), np.float32)
        for start in range(0, len(out), block):
            instrument.process(params, out[start : start + block])
        heard.append(out[:21000])
        ring = instrument.harmony.state.notes
        notes.append([ring[j % 1024].tolist() for j in range(first, first + 20)])
    assert np.abs(heard[0]).max() > 0.05
    assert np.array_equal(heard[0], heard[1])
    assert np.array_equal(heard[0], heard[2])
    assert notes[0] == notes[1] == notes[2]


def test_style_follows_arousal():
    drums = [len(piece(16.0, **{**CALM, "arousal": a}).notes("drums")) for a in (-0.6, 0.5)]
    assert drums[0] == 0
    assert drums[1] > 50


@pytest.mark.parametrize("by", ["silence_harmony", "reset"])
def test_every_note_ends_and_silence_is_silent(by):
    listener = piece(10.0, **CITY)
    state = listener.harmony.state
    if by == "reset":
        listener.harmony.reset()
    else:
        silence_harmony(state)
    ons, offs = {}, {}
    for j in range(listener.heard, int(state.note_count[0])):
        event = state.notes[j % 1024]
        listener.events.append((*event.tolist()[:3], float(event["velocity"])))
    for _, voice, note, velocity in listener.events:
        table = ons if velocity > 0.0 else offs
        table[voice, note] = table.get((voice, note), 0) + 1
    assert ons == offs
    assert sum(ons.values()) > 100
    assert not state.memory["voices"]["voice"]["state"].any()
    assert not state.memory["percussion"]["stroke"]["state"].any()
    quiet = listener.play(0.1, **{part: 0.0 for part in PARTS})
    assert not quiet.any()


def test_no_pad_note_hangs_where_the_transport_jumps_into_the_middle_of_a_bar():
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    for jump in range(24):
        listener.play(1.0, beats=lambda time_s, at=jump: 36.0 * at + 2.0 * (time_s - at) + 2.0,
                      **{**CITY, "tension": 1.0, "follow": 1.0})  # fmt: skip
    listener.play(6.0, **{**CITY, "pad": 0.0})
    assert len(listener.notes("pad")) > 40
    assert all(n.end_s is not None for n in listener.notes("pad"))


@pytest.mark.parametrize("mode", MODES)
def test_notes_lie_in_the_scale(mode):
    listener = piece(40.0, key="D", mode=mode, tension=0.3, density=0.8, form=0.0, **{"arousal": 0.1, "rhythm": 0.3})
    scale = {(2 + step) % 12 for step in SCALE_MODE[mode]}
    notes = listener.notes("pad", "bass", "arp", "melody", "bells")
    assert len(notes) > 100
    assert all(n.note % 12 in scale for n in notes)


def test_pool_never_overflows_and_theft_fades():
    listener = Listener(Harmony(RATE, 1), RATE)
    most = 0
    for _ in range(40):
        listener.play(0.1, style="minimal", density=1.0, rhythm=1.0, tempo=200.0, tension=1.0)
        states = listener.harmony.state.memory["voices"]["voice"]["state"]
        most = max(most, int(((states == 1) | (states == 2)).sum()))
    assert 8 < most <= MOST_SOUNDING


def test_no_knob_clicks():
    calm = {**CALM, "brightness": 0.0, "bells": 0.0, "arp": 0.0, "melody": 0.0, "humanise": 0.0}
    listener = Listener(Harmony(RATE, 1), RATE)
    listener.play(3.0, **calm)
    turns = [{"pad": 0.0}, {"pad": 1.0}, {"bass": 0.0}, {"register": 1.0}, {"density": 1.0}, {"warmth": 0.0},
             {"brightness": 0.2}, {"tempo": 100.0}]  # fmt: skip
    for turn in turns:
        sound = np.concatenate([listener.play(0.05, **calm), listener.play(0.15, **{**calm, **turn})], axis=1)
        assert np.abs(above(sound, 9000)[:, 1200:]).max() < 1e-4, turn


def test_stops_at_nothing_in_its_inputs():
    harmony = Harmony(LOW_RATE, 1)
    mix = np.zeros((2, 64), np.float32)
    for bpm, beats in ((np.nan, np.nan), (np.inf, 3.0), (-4.0, 2.0), (0.0, np.inf), (120.0, -1e9), (300.0, 1e12)):
        for _ in range(20):
            harmony_chunk(harmony.state, controls(follow=1.0)[0], mix, bpm, beats)
    assert np.isfinite(mix).all()
