import numpy as np
import pytest

from pix2live.analysis.notes import FIRST_NOTE, NOTES, notes, notes_step
from pix2live.analysis.vqt import bin_hz, hann_response, lengths_s, vqt, vqt_gather, vqt_transform
from pix2live.signals.table import TONE

from .sounds import RATE, drums, sine
from .tones import chord, heard, listener, triad, voice

CHROMA = slice(TONE.index("tone.chroma.0"), TONE.index("tone.chroma.0") + 12)


@pytest.mark.parametrize("hz", [55.0, 220.0, 466.16, 1760.0])
def test_transform_shows_a_sine_at_its_bin_with_its_amplitude_and_known_leakage(hz):
    state, sound = vqt(RATE, 256), sine(hz, 0.6, 0.5)
    for start in range(0, len(sound) - 255, 256):
        vqt_gather(state, sound[start : start + 256])
    magnitude = np.zeros(len(bin_hz()), np.float32)
    vqt_transform(state, magnitude)
    x = (hz - bin_hz()) * lengths_s()
    expected = np.where(np.abs(x) < 3, 0.5 * np.abs(hann_response(x)), 0)
    assert np.abs(magnitude - expected).max() < 0.005
    assert bin_hz()[magnitude.argmax()] == pytest.approx(hz, rel=0.01)


def test_nothing_above_5_khz_folds_into_the_transform():
    state = vqt(RATE, 256)
    magnitude = np.zeros(len(bin_hz()), np.float32)
    for hz in (7000, 11500, 13000, 20000, 23000):
        for start in range(0, 24000 - 255, 256):
            vqt_gather(state, sine(hz, 0.5)[start : start + 256])
        vqt_transform(state, magnitude)
        assert magnitude.max() < 1e-3


def test_every_tone_lights_its_own_pitch_class_most():
    for note in range(40, 88):
        strip = heard(voice(440 * 2 ** ((note - 69) / 12), 0.6))[-1, CHROMA]
        assert strip.argmax() == note % 12
        assert strip.max() == 1.0
        assert np.sort(strip)[-2] < 0.5


@pytest.mark.parametrize("root", range(12))
@pytest.mark.parametrize("minor", [False, True])
def test_the_three_tones_of_a_triad_are_the_strongest(root, minor):
    strip = heard(chord(triad(root, minor), 0.8))[-10, CHROMA]
    assert set(np.argsort(strip)[-3:]) == {n % 12 for n in triad(root, minor)}
    assert np.sort(strip)[-3] > 1.5 * np.sort(strip)[-4]


@pytest.mark.parametrize("cents", [-45, -30, 30, 45])
def test_chroma_of_a_detuned_chord_is_that_of_the_chord_in_tune(cents):
    # The tuning is first heard in the chord itself.
    strip = heard(chord(triad(2, False), 1.2, cents))[-10, CHROMA]
    assert set(np.argsort(strip)[-3:]) == {2, 6, 9}
    tuning = listener(RATE)._stages.chroma.notes.tuning[2]
    assert 100 * tuning == pytest.approx(cents, abs=6)


def test_drums_do_not_hide_a_chord():
    beat = drums(3.0)[0]
    held = chord(triad(4, True), 3.0)
    mixed = held[: len(beat)] + 0.3 * beat[: len(held)]
    strips = heard(mixed.astype(np.float32))[150:-20, CHROMA]
    right = [set(np.argsort(strip)[-3:]) == {4, 7, 11} for strip in strips]
    assert np.mean(right) > 0.9


def test_chroma_falls_to_zero_in_silence_and_stays_between_zero_and_one():
    strips = heard(np.concatenate([chord(triad(0, False), 1.0), np.zeros(3 * RATE, np.float32)]))[:, CHROMA]
    assert strips.min() >= 0
    assert strips.max() <= 1
    assert strips[-1].max() < 0.01


def test_chroma_moves_smoothly():
    strips = heard(np.concatenate([chord(triad(r, False), 0.5) for r in (0, 6, 1, 7)]))[:, CHROMA]
    assert np.abs(np.diff(strips, axis=0)).max() < 0.75


def test_a_note_of_the_dictionary_is_explained_by_itself_alone():
    state = notes(0.02)
    for note in range(30, 97, 3):
        spectrum = np.ascontiguousarray(state.dictionary[:, note - FIRST_NOTE])
        state.activation[:] = 0
        assert notes_step(state, spectrum) > 0.5
        assert state.activation.argmax() == note - FIRST_NOTE
        # Below 50 Hz the transform hardly tells neighbours apart: there only the strongest is asked for.
        others = np.delete(state.activation, note - FIRST_NOTE)
        assert others.max() < (0.7 if note > 40 else 1.0) * state.activation.max()
    assert state.activation.shape == (NOTES,)
