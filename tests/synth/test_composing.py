import itertools

import numpy as np
import pytest

from pix2live.synth.composing import (
    AWAY,
    ELEVENTH,
    KINDS,
    MODES,
    NEXT,
    SCALES,
    SLOTS,
    TONES,
    TURN,
    VOICES,
    chance,
    kind_of_chord,
    lead,
    nearest_tone,
    pick,
    progression,
    scale_note,
    spell,
)

STYLES = range(4)


def degrees(seed, material=0, theme=0, mode=1, style=1):
    found = np.zeros(SLOTS, np.int64)
    progression(seed, material, theme, mode, style, np.zeros(7), found)
    return found.tolist()


def chord(tonic, mode, degree, kind, leading=False):
    tones = np.zeros(TONES, np.int64)
    return tones[: spell(tonic, mode, degree, kind, leading, tones)].tolist()


def voiced(before, tones, centre=60.0, held=True):
    after = np.zeros(VOICES, np.int64)
    padded = np.zeros(TONES, np.int64)
    padded[: len(tones)] = tones
    lead(np.array(before), padded, len(tones), centre, held, after)
    return after.tolist()


def test_chance_is_even_and_hangs_on_every_argument():
    lots = np.array([chance(1, what, where, which) for what, where, which in itertools.product(range(12), repeat=3)])
    assert len(set(lots)) == len(lots)
    assert np.histogram(lots, 8, (0.0, 1.0))[0].min() > 0.8 * len(lots) / 8
    assert chance(1, 2, 3, 4) == chance(1, 2, 3, 4) != chance(2, 2, 3, 4)


def test_pick_draws_in_proportion():
    drawn = [pick(np.array([1.0, 0.0, 3.0]), lot) for lot in np.linspace(0.0, 0.999, 400)]
    assert [drawn.count(i) for i in range(3)] == pytest.approx([100, 0, 300], abs=2)
    assert pick(np.zeros(3), 0.5) == 0


def test_each_mode_has_one_flat_more_than_the_one_before():
    for brighter, darker in itertools.pairwise(SCALES):
        assert sorted(brighter - darker) == [0] * 6 + [1]


@pytest.mark.parametrize("mode", range(len(MODES)))
def test_progressions_are_periods_that_lead_home(mode):
    found = set()
    for seed, style in itertools.product(range(40), STYLES):
        d = degrees(seed, mode=mode, style=style)
        assert d[0] == d[4] == 0
        assert d[5] == d[1]
        assert TURN[mode, d[7]] > 0.0
        assert all(NEXT[mode, a, b] > 0.0 for a, b in itertools.pairwise(d[:3]))
        assert all(a != b for a, b in itertools.pairwise(d[4:]))
        assert AWAY[mode, degrees(seed, theme=1, mode=mode, style=style)[0]] > 0.0
        found.add(tuple(d))
    assert len(found) > 25


def test_chords_are_spelled_as_the_mode_has_them():
    assert chord(0, 1, 0, 0) == [0, 4, 7]
    assert chord(2, 3, 0, 3) == [2, 5, 9, 0]
    assert chord(9, 4, 4, 3, leading=True) == [4, 8, 11, 2]
    assert chord(0, 1, 4, 6) == [7, 0, 2, 5]


def test_no_chord_has_a_tone_a_semitone_above_its_root_or_major_third():
    for mode, degree, kind in itertools.product(range(6), range(7), range(len(KINDS))):
        root, *others = chord(0, mode, degree, kind)
        above = {(tone - root) % 12 for tone in others}
        assert 1 not in above
        assert not (kind == ELEVENTH and {4, 5} <= above)
        assert len(above) == len(others) >= 2


def test_tension_adds_tones():
    mean = [np.mean([len(chord(0, 1, 0, kind_of_chord(tension, lot))) for lot in np.linspace(0, 0.999, 60)])
            for tension in (0.0, 0.25, 0.5, 0.75)]  # fmt: skip
    assert mean[0] < 3.2
    assert all(a < b for a, b in itertools.pairwise(mean))


def test_voice_leading_known_answers():
    # C major to A minor: only the fifth moves, by a step.
    assert voiced([48, 55, 60, 64], [9, 0, 4], 57.0) == [48, 57, 60, 64]
    # C major to F major: C stays, the others go by a step.
    assert voiced([52, 55, 60, 67], [5, 9, 0], 58.0) == [53, 57, 60, 65]


def test_voice_leading_keeps_common_tones_moves_little_and_never_crosses():
    kept, shared = 0, 0
    for seed, mode, kind in itertools.product(range(12), range(6), (0, 2, 3, 4)):
        voices = [53, 58, 63, 67]
        for degree in degrees(seed, mode=mode, theme=seed % 2):
            tones = chord(seed % 12, mode, degree, kind)
            after = voiced(voices, tones)
            steps = [abs(a - b) for a, b in zip(after, voices, strict=True)]
            turned = abs(np.mean(voices) - 60.0) > 4.0
            assert turned or sum(steps) <= 14
            assert turned or max(steps) <= 7
            assert all(a < b for a, b in itertools.pairwise(after))
            assert {note % 12 for note in after} <= set(tones)
            # The third and whatever colours the chord is there.
            assert {note % 12 for note in after} >= set(tones[1:2] + tones[3:4])
            shared += sum(note % 12 in tones for note in voices)
            kept += sum(step == 0 and note % 12 in tones for step, note in zip(steps, voices, strict=True))
            voices = after
    assert kept > 0.8 * shared


@pytest.mark.parametrize("centre", [52.0, 60.0, 68.0])
def test_voicings_stay_whole_over_a_thousand_chords(centre):
    voices = [int(centre) + way for way in (-7, -2, 3, 7)]
    for n in range(1000):
        lots = [chance(5, n, which, 0) for which in range(4)]
        tones = chord(int(12 * lots[0]), int(6 * lots[1]), int(7 * lots[2]), kind_of_chord(lots[3], lots[0]))
        voices = voiced(voices, tones, centre)
        assert all(a < b for a, b in itertools.pairwise(voices))
        assert {note % 12 for note in voices} <= set(tones)
        assert voices[3] - voices[0] <= 21
        assert abs(np.mean(voices) - centre) < 7.0


@pytest.mark.parametrize("before", [[48, 74, 60, 63], [0, 0, 0, 0], [127, 126, 125, 124], [10, 60, 90, 99]])
def test_from_any_voicing_it_finds_back(before):
    voices = before
    for degree in (0, 3, 4, 0, 5, 1, 4, 0, 3, 4, 0):
        tones = chord(0, 1, degree, 3)
        voices = voiced(voices, tones)
        assert {note % 12 for note in voices} <= set(tones)
    assert voices[3] - voices[0] <= 19
    assert abs(np.mean(voices) - 60.0) < 7.0


def test_voices_come_back_to_their_register():
    voices = [74, 78, 81, 86]
    for degree in [0, 3, 4, 5] * 4:
        voices = voiced(voices, chord(0, 1, degree, 3), 58.0)
    assert abs(np.mean(voices) - 58.0) < 5.0


def test_steps_of_the_scale_and_nearest_tones():
    assert [scale_note(0, 1, 35 + step) for step in range(8)] == [60, 62, 64, 65, 67, 69, 71, 72]
    tones = np.array([0, 4, 7, 0, 0])
    assert nearest_tone(62, tones, 3, True) == 64
    assert nearest_tone(62, tones, 3, False) == 60
    assert nearest_tone(61, tones, 3, True) == 60
