"""What the picture asks of the harmony is heard: in its notes, and in its sound."""

import itertools

import numpy as np
import pytest

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.dsp.weighting import k_weighting, weighted_power
from pix2live.signals.table import AUDIO
from pix2live.synth.composing import MODES
from pix2live.synth.harmony import KEYS, Harmony
from tests.synth.band import CALM, CITY, LOW_RATE, STYLES, Listener, piece

RATE = 48000
KICK = 36
RISING = (0.0, 0.25, 0.5, 0.75, 1.0)


def rises(values, ties=False):
    return all(a <= b if ties else a < b for a, b in itertools.pairwise(values))


def kicks(listener):
    return np.array([n.start_s for n in listener.notes("drums") if n.note == KICK])


def heard(sound, *names):
    """Means of audio signals over the sound (2, frames) at 48 kHz, its first second left out."""
    analyzer = Analyzer(RATE, 2)
    out = AudioFeatures(sound.shape[1] // 256 + 2)
    hops = analyzer.process(np.ascontiguousarray(sound.T), out)
    return [float(out.scalars[190:hops, AUDIO.index(f"audio.{name}")].mean()) for name in names]


def state_of(listener):
    return listener.harmony.state.memory["piece"]["state"][0]


def test_valence_brightens_the_mode():
    modes = [int(state_of(piece(0.1, valence=v))["mode"]) for v in np.linspace(1.0, -1.0, 13)]
    assert rises(modes, ties=True)
    assert set(modes) == set(range(len(MODES)))


def test_warmth_goes_round_the_circle_of_fifths_to_flats():
    keys = [int(state_of(piece(0.1, warmth=w))["fifths"]) for w in (1.0, 0.75, 0.5, 0.25, 0.0)]
    assert keys == [-5, -3, 0, 3, 6]
    assert [int(state_of(piece(0.1, key=k))["tonic"]) for k in KEYS[1:]] == list(range(12))


def test_key_mode_and_style_set_by_hand_turn_with_the_next_bar_and_stay():
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    listener.play(4.5, tempo=120.0, style="pulse")
    listener.play(2.0, tempo=120.0, style="minimal", key="F#", mode="phrygian")
    state = state_of(listener)
    assert (state["tonic"], state["mode"], state["style"]) == (6, MODES.index("phrygian"), 2)
    for _ in range(20):
        listener.play(12.0, tempo=190.0, style="minimal", key="F#", mode="phrygian", form=1.0)
        assert state_of(listener)["tonic"] == 6
    assert state_of(listener)["movement"] >= 2


def test_left_alone_the_key_modulates_between_movements():
    listener = Listener(Harmony(LOW_RATE, 2), LOW_RATE)
    tonics = []
    for _ in range(45):
        listener.play(12.0, tempo=200.0, style="ambient", form=1.0)
        tonics.append(int(state_of(listener)["tonic"]))
    assert tonics[0] == 0
    assert 2 <= len(set(tonics)) <= 6


def test_tension_brings_a_few_colours_from_outside_the_scale():
    def share(tension):
        listener = piece(90.0, style="chamber", key="C", mode="ionian", tempo=160.0, tension=tension, form=0.0)
        notes = listener.notes("pad", "bass", "melody")
        return sum(n.note % 12 in (1, 3, 6, 8, 10) for n in notes) / len(notes)

    assert share(0.3) == 0.0
    assert 0.0 < share(0.9) < 0.2


@pytest.mark.parametrize(("arousal", "valence", "tempo"), [
    (-1.0, 0.0, 50.0), (-0.5, 0.0, 75.0), (0.0, 0.0, 100.0), (0.5, 0.0, 125.0), (1.0, 0.0, 150.0),
    (0.0, -1.0, 65.0), (0.0, 1.0, 135.0), (0.8, 0.8, 150.0),
])  # fmt: skip
def test_arousal_and_valence_set_the_tempo(arousal, valence, tempo):
    options = dict(arousal=arousal, valence=valence, rhythm=0.1, humanise=0.0, form=0.0)
    gaps = np.diff(kicks(piece(9.0, style="pulse", **options)))
    assert np.median(gaps) == pytest.approx(60.0 / tempo, rel=0.002)


def test_a_tempo_set_by_hand_holds():
    gaps = np.diff(kicks(piece(9.0, style="pulse", arousal=-1.0, tempo=128.0, rhythm=0.1, humanise=0.0, form=0.0)))
    assert np.median(gaps) == pytest.approx(60.0 / 128.0, rel=0.001)


def test_locked_it_lands_on_the_beat_and_follows_a_jump():
    listener = Listener(Harmony(RATE, 1), RATE)
    options = dict(style="pulse", rhythm=0.1, humanise=0.0, form=0.0, follow=1.0, bpm=117.0)
    listener.play(4.0, beats=lambda t: 5.3 + t * 117.0 / 60.0, **options)
    listener.play(4.0, beats=lambda t: 105.75 + (t - 4.0) * 117.0 / 60.0, **options)
    times = kicks(listener)
    before, after = times[times < 4.0], times[times >= 4.0]
    for times, first in ((before, 5.3), (after - 4.0, 105.75)):
        beats = first + times * 117.0 / 60.0
        assert len(beats) >= 7
        assert np.abs(beats - np.round(beats)).max() * 60.0 / 117.0 < 1e-4


def test_swing_delays_every_second_sixteenth_by_a_third_of_it():
    options = dict(style="pulse", tempo=120.0, density=1.0, rhythm=0.3, humanise=0.0, form=0.0)
    step_s = 60.0 / 120.0 / 4.0
    for swing in (0.0, 0.5, 1.0):
        places = np.array([n.start_s for n in piece(6.0, swing=swing, **options).notes("drums")]) / step_s % 2.0
        late = places[(places > 0.5) & (places < 1.9)]
        assert len(late) > 10
        assert late == pytest.approx(1.0 + swing / 3.0, abs=0.01)


def test_steps_are_straight_without_swing_and_humanise():
    listener = piece(8.0, rate=RATE, style="minimal", tempo=100.0, humanise=0.0, drums=0.75)
    places = np.array([n.start_s for n in listener.notes("arp", "bass")]) * 100.0 / 60.0 * 4.0
    assert np.abs(places - np.round(places)).max() < 0.002


@pytest.mark.parametrize("style", STYLES)
def test_denser_pictures_have_more_notes(style):
    counts = [len(piece(25.0, **{**STYLES[style], "style": style, "form": 0.0, "density": d}).notes()) for d in RISING]
    assert rises(counts)
    assert counts[-1] > 1.6 * counts[0]


@pytest.mark.parametrize("style", STYLES)
def test_higher_pictures_play_higher(style):
    means = [np.mean([n.note for n in piece(25.0, **{**STYLES[style], "style": style, "register": r})
                      .notes("pad", "bass", "arp", "melody", "bells")]) for r in RISING]  # fmt: skip
    assert rises(means)
    assert means[-1] - means[0] > 8.0


@pytest.mark.parametrize("style", ["ambient", "pulse"])
def test_brightness_is_heard_as_brightness(style):
    sounds = [piece(5.0, rate=RATE, **{**STYLES[style], "brightness": b}).sound for b in RISING[::2]]
    assert rises([heard(sound, "centroid")[0] for sound in sounds])


@pytest.mark.parametrize(("style", "times"), [("ambient", 1.08), ("pulse", 1.2)])
def test_rough_pictures_sound_rough_and_less_so_where_all_floats(style, times):
    sounds = [piece(5.0, rate=RATE, **{**STYLES[style], "roughness": r}).sound for r in (0.0, 0.5, 1.0)]
    rough = [heard(sound, "roughness")[0] for sound in sounds]
    assert rises(rough)
    assert rough[-1] > times * rough[0]


def unbroken(sound):
    """dB from the mean level down to that which a tenth of the 50 ms frames stay below."""
    size = RATE // 20
    power = (sound[:, RATE : sound.shape[1] // size * size] ** 2).mean(axis=0).reshape(-1, size).mean(axis=1)
    return 10.0 * np.log10(np.percentile(power, 10.0) / power.mean())


@pytest.mark.parametrize("style", ["chamber", "minimal"])
def test_staccato_cuts_notes_short_and_chords_up(style):
    pieces = [piece(9.0, rate=RATE, **{**STYLES[style], "form": 0.0, "drums": 0.0, "staccato": s}) for s in RISING[::2]]
    lengths = [np.median([n.end_s - n.start_s for n in played.notes("melody", "bass") if n.end_s]) for played in pieces]
    assert lengths[2] < 0.5 * lengths[0]
    gaps = [unbroken(played.sound) for played in pieces]
    assert rises(gaps[::-1]) and gaps[2] < gaps[0] - 3.0


def test_what_floats_is_not_cut():
    flowing, cut = (piece(9.0, rate=RATE, **{**CALM, "staccato": s}).sound for s in (0.0, 1.0))
    assert np.array_equal(flowing, cut)


def level_db(sound, first_s, last_s):
    """K-weighted, of both channels together."""
    part = np.ascontiguousarray(sound[:, round(first_s * RATE) : round(last_s * RATE)])
    power = weighted_power(k_weighting(float(RATE)), np.zeros((2, 4)), part)
    return 10.0 * np.log10(power)


def test_every_style_begins_at_the_same_level():
    levels = [level_db(piece(12.0, rate=RATE, **{**STYLES[style], "form": 0.0, "arousal": 0.0, "style": style}).sound,
                       4.0, 12.0) for style in STYLES]  # fmt: skip
    assert max(levels) - min(levels) < 1.5


def test_what_excites_more_than_the_last_minutes_is_louder_until_it_is_usual():
    listener = Listener(Harmony(RATE, 1), RATE)
    options = {**STYLES["chamber"], "style": "chamber", "form": 0.0, "humanise": 0.0, "tempo": 120.0}
    calm = listener.play(60.0, **{**options, "arousal": -0.5})
    excited = listener.play(300.0, **{**options, "arousal": 0.5})
    before, at_once, later = level_db(calm, 40.0, 60.0), level_db(excited, 2.0, 22.0), level_db(excited, 280.0, 300.0)
    assert at_once > before + 2.0
    assert abs(later - before) < at_once - before - 0.8


def test_notes_in_common_ring_on():
    pads = piece(40.0, **CALM).notes("pad")
    chord_s = 8 * 60.0 / 75.0
    assert len(pads) < 0.9 * 4 * 40.0 / chord_s
    assert max((n.end_s or 40.0) - n.start_s for n in pads) > 1.5 * chord_s


@pytest.mark.parametrize("style", STYLES)
def test_pads_play_the_chord_through_every_section(style):
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    memory = listener.harmony.state.memory[0]
    lived = set()
    for _ in range(240):
        listener.play(0.5, **{**STYLES[style], "tempo": 190.0, "tension": 0.6})
        state = memory["piece"]["state"]
        tones = set(memory["piece"]["tones"][: state["tones"]].tolist())
        voices = memory["piece"]["voicing"].tolist()
        assert {note % 12 for note in voices} <= tones
        assert voices == sorted(voices)
        assert voices[3] - voices[0] <= 21
        # What the strings hold, too: no older note hangs.
        held = [v for v in memory["voices"]["voice"] if v["state"] == 1 and v["part"] == 0]
        assert {int(v["note"]) for v in held} <= set(voices)
        lived.add((int(state["section"]), tuple(voices)))
    assert len(lived) > 20


def test_a_theme_comes_back():
    bar_s = 60.0 / 120.0 * 4
    listener = piece(34 * bar_s, style="chamber", tempo=120.0, valence=0.4, density=0.6, humanise=0.0, form=0.0)

    def bar(number):
        return [(round((n.start_s - number * bar_s) * 8.0), n.note) for n in listener.notes("melody")
                if number * bar_s - 0.01 <= n.start_s < (number + 1) * bar_s - 0.01]  # fmt: skip

    firsts = [bar(number) for number in (0, 4, 16, 32)]
    assert any(firsts)
    assert firsts[0] == firsts[1] == firsts[2] == firsts[3]
    assert len({tuple(bar(number)) for number in range(8)}) >= 3


def test_form_lets_parts_enter_and_leave():
    listener = piece(130.0, style="pulse", tempo=180.0, valence=-0.2, density=0.5, form=1.0)
    section_s = 8 * 4 * 60.0 / 180.0
    counts = [sum(n * section_s <= note.start_s < (n + 1) * section_s for note in listener.notes("drums"))
              for n in range(12)]  # fmt: skip
    assert min(counts) < 0.5 * max(counts)
    steady = piece(60.0, style="pulse", tempo=180.0, valence=-0.2, density=0.5, form=0.0).notes("drums")
    halves = [sum(n.start_s < 30.0 for n in steady), sum(n.start_s >= 30.0 for n in steady)]
    assert abs(halves[0] - halves[1]) < 0.1 * len(steady)


def test_a_change_of_picture_turns_style_with_the_next_bar():
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    listener.play(10.0, **CALM)
    assert not listener.notes("drums")
    listener.play(8.0, **CITY)
    first = min(n.start_s for n in listener.notes("drums"))
    assert 10.0 <= first < 10.0 + 4 * 60.0 / 75.0 + 0.1


def test_a_first_picture_that_comes_late_is_followed_with_the_next_beat():
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    listener.play(0.3, arousal=-0.4, valence=-1.0)
    assert state_of(listener)["style"] == 0
    listener.play(1.0, **CITY)
    assert state_of(listener)["style"] == 3
    assert state_of(listener)["mode"] == MODES.index("aeolian")
    assert state_of(listener)["bar"] == 0


def test_an_ending_is_a_cadence_on_the_tonic_and_then_silence():
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    options = dict(style="chamber", key="D", mode="ionian", tempo=150.0, tension=0.1)
    listener.play(8.0, **options)
    tail = listener.play(24.0, ending=1.0, **options)
    last = [n for n in listener.notes("pad") if n.start_s > 8.0][-4:]
    assert {n.note % 12 for n in last} <= {2, 6, 9, 4}
    assert all(n.start_s < 14.0 for n in listener.notes())
    assert all(n.end_s is not None for n in listener.notes())
    assert np.abs(tail[:, -LOW_RATE:]).max() < 1e-3
    listener.play(4.0, **options)
    assert listener.notes()[-1].start_s > 32.0


def test_parts_that_nobody_wants_send_no_notes():
    parts = ("pad", "bass", "arp", "melody", "bells", "drums")
    for part in parts:
        listener = piece(8.0, **{**CITY, **{other: 0.0 for other in parts}, part: 0.75})
        assert {n.part for n in listener.notes()} <= {part}


def test_the_long_run_does_not_drift():
    """A quarter of an hour that goes through all kinds of pictures again and again: each round is as loud."""
    listener = Listener(Harmony(LOW_RATE, 1), LOW_RATE)
    weighting, memory, means = k_weighting(LOW_RATE), np.zeros((2, 4)), []
    for _ in range(4):
        power = [weighted_power(weighting, memory, listener.play(50.0, **style)) for style in STYLES.values()]
        means.append(10.0 * np.log10(np.mean(power)))
    assert max(means[1:]) - min(means[1:]) < 1.0
    assert np.mean(means) == pytest.approx(-17.0, abs=1.5)  # -20 dBFS RMS, weighted by the ear, in either channel
