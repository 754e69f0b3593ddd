import numpy as np
import pytest

from pix2live.analysis.tone import Tone
from pix2live.signals.table import TONE

from .sounds import RATE, drums, noise
from .tones import cadence, chord, heard, listener, triad

KEY, MODE, CHORD = TONE.index("tone.key"), TONE.index("tone.mode"), TONE.index("tone.chord")


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("root", range(12))
def test_each_of_24_triads_is_named(root, minor):
    track = heard(chord(triad(root, minor), 1.0))[:, CHORD]
    assert track[-1] == root + 12 * minor
    # Known after a quarter of a second, and for good.
    assert (track[int(0.35 * RATE / 256) :] == track[-1]).all()


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("tonic", range(12))
def test_each_of_24_keys_is_heard_in_its_cadences(tonic, minor):
    track = heard(cadence(tonic, minor, seconds=0.5))
    assert (track[-1, KEY], track[-1, MODE]) == (tonic, 0 if minor else 1)


@pytest.mark.parametrize("cents", [-30, 30])
def test_key_and_chords_are_right_in_a_detuned_piece(cents):
    track = heard(cadence(9, True, cents=cents))
    assert (track[-1, KEY], track[-1, MODE]) == (9, 0)
    assert track[-1, CHORD] == 9 + 12


def test_a_held_chord_never_flickers():
    t = np.arange(8 * RATE) / RATE
    held = sum(np.sin(2 * np.pi * 440 * 2 ** ((n - 69) / 12) * h * t + 2 * np.sin(2 * np.pi * 5 * t + n)) / h
               for n in triad(5, True) for h in range(1, 8))  # fmt: skip
    sound = (0.05 * held * (1 + 0.3 * np.sin(2 * np.pi * 0.7 * t)) + noise(8, 0.01)).astype(np.float32)
    track = heard(sound)
    after = track[int(0.5 * RATE / 256) :]
    assert (after[:, CHORD] == 17).all()
    assert np.count_nonzero(np.diff(track[:, CHORD])) <= 2
    assert np.count_nonzero(np.diff(track[:, KEY])) <= 2


def test_chords_change_once_where_they_change():
    track = heard(cadence(0, False, times=2))
    changes = np.count_nonzero(np.diff(track[:, CHORD]))
    # Sixteen chords, of which one follows itself.
    assert 15 <= changes <= 17
    middles = ((np.arange(16) + 0.75) * 0.7 * RATE / 256).astype(int)
    assert list(track[middles, CHORD]) == [0, 5, 7, 0, 21, 5, 7, 0] * 2


@pytest.mark.parametrize("kind", ["silence", "noise", "drums"])
def test_without_tones_there_is_no_chord_and_no_key(kind):
    sound = {"silence": np.zeros(3 * RATE), "noise": noise(6, 0.1), "drums": 0.3 * drums(6.0)[0]}[kind]
    track = heard(sound)
    assert (track[0, KEY], track[0, CHORD]) == (-1, -1)
    assert np.mean(track[:, CHORD] == -1) > (0.8 if kind == "drums" else 0.99)
    if kind != "drums":
        assert (track[:, KEY] == -1).all()


@pytest.mark.parametrize("rate", [22050, 44100, 96000])
def test_chord_and_key_do_not_depend_on_the_rate(rate):
    degrees = [(2, True), (7, True), (9, False), (2, True)]
    sound = np.concatenate([chord(triad(r, m), 0.6, rate=rate) for r, m in degrees] * 3)
    track = heard(sound, rate)
    assert track[-1, CHORD] == 2 + 12
    assert (track[-1, KEY], track[-1, MODE]) == (2, 0)


def test_a_chord_ends_soon_after_the_sound():
    track = heard(np.concatenate([chord(triad(3, False), 1.0), np.zeros(RATE, np.float32)]))[:, CHORD]
    assert track[int(0.9 * RATE / 256)] == 3
    assert track[int(1.6 * RATE / 256)] == -1


def test_loudness_changes_nothing():
    sound = cadence(7, False, times=1)
    loud, soft = heard(sound), heard(0.02 * sound)
    assert np.mean(loud[:, CHORD] == soft[:, CHORD]) > 0.99


def test_results_are_bit_identical_after_reset_and_in_another_listener():
    sound = cadence(1, True, times=1)
    first = heard(sound)
    listener(RATE).process(np.ones(256, np.float32), np.zeros(len(TONE)))
    assert np.array_equal(heard(sound), first)
    assert np.array_equal(heard(sound, tone=Tone(RATE, 256)), first)


@pytest.mark.parametrize("sound", [np.zeros(9600), np.ones(9600), np.sign(noise(0.3)), noise(0.3) * 1e-38,
                                   noise(0.3, 16.0), np.eye(1, 9600, 4000)[0] * 16], ids=str)  # fmt: skip
def test_unkind_sound_gives_finite_values_in_range_and_is_left_alone(sound):
    given = sound.astype(np.float32)
    kept = given.copy()
    track = heard(given)
    assert np.array_equal(given, kept)
    assert np.isfinite(track).all()
    assert ((track[:, KEY] >= -1) & (track[:, KEY] <= 11)).all()
    assert ((track[:, CHORD] >= -1) & (track[:, CHORD] <= 23)).all()
    assert np.isin(track[:, MODE], (0, 1)).all()
    assert ((track[:, 6:] >= 0) & (track[:, 6:] <= 1)).all()


@pytest.mark.parametrize(("rate", "hop"), [(48000, 250), (48000, 4), (4000, 256), (400000, 256)])
def test_impossible_rates_and_hops_are_refused(rate, hop):
    with pytest.raises(ValueError, match=r"sample rate|power of two"):
        Tone(rate, hop)
