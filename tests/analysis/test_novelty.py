import numpy as np
import pytest

from pix2live.analysis.novelty import FULL, FUNCTIONS, HARMONIC, HIGH, LOW, MID, Novelty

from .sounds import RATE, drums, noise, sine

HOP = 256


def functions(sound: np.ndarray, rate: float = RATE, hop: int = HOP, stage: Novelty | None = None) -> np.ndarray:
    stage = stage or Novelty(rate, hop)
    return np.array([stage.process(sound[at : at + hop]).copy() for at in range(0, len(sound) - hop + 1, hop)])


def test_a_click_rises_in_every_band_within_two_hops():
    sound = np.zeros(RATE * 2, np.float32)
    sound[RATE] = 0.5
    heard = functions(sound)
    at = RATE // HOP
    for function in (FULL, LOW, MID, HIGH):
        assert heard[:at, function].max() == 0.0
        assert heard[at : at + 2, function].max() > 0.5
        assert abs((at + 1 + heard[at : at + 12, function].argmax()) * HOP / RATE - 1.0 - 0.013) < 0.011


@pytest.mark.parametrize(("hz", "own"), [(60.0, LOW), (1500.0, MID), (9000.0, HIGH)])
def test_a_tone_rises_most_in_its_own_band(hz, own):
    sound = np.zeros(RATE * 2, np.float32)
    sound[RATE:] = sine(hz, 1.0, 0.5) * np.clip(np.arange(RATE) / 2400, 0, 1)
    peaks = functions(sound)[RATE // HOP :].max(axis=0)
    assert own == 1 + peaks[[LOW, MID, HIGH]].argmax()


@pytest.mark.parametrize("gain_db", [-12, 12])
def test_functions_hardly_depend_on_the_level(gain_db):
    sound = drums(2.0)[0].astype(np.float32)
    stage = Novelty(RATE, HOP)
    once = functions(sound, stage=stage)
    stage.reset()
    again = functions(sound * np.float32(10 ** (gain_db / 20)), stage=stage)
    assert np.abs(once - again).max() < 0.05 * once.max()


def test_a_change_of_chord_shows_in_the_harmonic_function_and_a_held_one_does_not():
    def chord(*notes):
        return sum(sine(440 * 2 ** ((n - 69) / 12) * h, 3.0, 0.1 / h) for n in notes for h in (1, 2, 3))

    heard = functions(np.concatenate((chord(60, 64, 67), chord(65, 69, 72))).astype(np.float32))[:, HARMONIC]
    change = 3 * RATE // HOP
    assert heard[change : change + 60].max() > 5 * heard[change - 200 : change].max()


def test_again_after_reset_and_at_other_rates_alike():
    sound = noise(1.0)
    stage = Novelty(RATE, HOP)
    first = functions(sound, stage=stage)
    stage.reset()
    assert np.array_equal(first, functions(sound, stage=stage))
    for rate, hop in ((44100, 256), (96000, 512)):
        click = np.zeros(2 * rate, np.float32)
        click[rate] = 0.5
        heard = functions(click, rate, hop)[:, FULL]
        assert abs((heard.argmax() + 1) * hop / rate - 1.0 - 0.013) < 0.011


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e-40, 1e30])
def test_any_input_gives_finite_functions_and_is_left_untouched(value):
    sound = np.full(HOP * 40, value, np.float32)
    before = sound.copy()
    heard = functions(sound)
    assert heard.shape == (40, len(FUNCTIONS)) and np.isfinite(heard).all() and heard.min() >= 0
    assert np.array_equal(sound, before, equal_nan=True)


def test_it_recovers_at_once_from_nan():
    sound = noise(1.0)
    sound[1000:2000] = np.nan
    stage = Novelty(RATE, HOP)
    assert np.isfinite(functions(sound, stage=stage)).all()
