"""Echoes come on the beat, from side to side, and glide to another tempo."""

import itertools

import numpy as np
import pytest

from pix2live.dsp.oscillator import CHUNK
from pix2live.synth.effects import EFFECT_SPECS
from tests.synth.chain import RATE, above, response, silence, sine, through

CHOICES = next(spec.choices for spec in EFFECT_SPECS if spec.id == "synth.delay.beats")


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("bpm", [93.7, 174.0])
def test_the_first_echo_comes_after_its_beats_to_the_sample(name, bpm):
    beats = float(np.divide(*map(float, name.split("/")))) if "/" in name else float(name)
    echoes = response(beats * 60 / bpm + 0.1, bpm=bpm, delay_mix=1.0, delay_beats=CHOICES.index(name))
    assert np.argmax(np.abs(echoes[0])) == round(beats * 60 / bpm * RATE)
    assert echoes[0].max() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_the_echo_keeps_time_at_every_sample_rate(rate):
    echoes = response(0.6, rate=rate, delay_mix=1.0, delay_beats=CHOICES.index("1"))
    assert np.argmax(np.abs(echoes[0])) == rate // 2


def test_echoes_go_from_left_to_right_and_fade_by_the_feedback():
    echoes = response(1.2, bpm=120.0, delay_mix=1.0, delay_beats=CHOICES.index("1/2"), delay_feedback=0.6)
    for nth in range(4):
        part = echoes[:, (nth + 1) * RATE // 4 - 50 : (nth + 1) * RATE // 4 + 1000]
        # Each pass through the tone filter keeps the sum of an echo.
        assert part[nth % 2].sum() == pytest.approx(0.6**nth, rel=0.01)
        assert not part[1 - nth % 2].any()


def test_each_echo_is_duller_than_the_one_before():
    echoes = response(1.2, delay_mix=1.0, delay_beats=CHOICES.index("1/2"), delay_feedback=0.95)
    parts = [np.abs(np.fft.rfft(echoes[nth % 2, (nth + 1) * RATE // 4 - 50 :][:1024])) for nth in range(4)]
    highs = [part[213] / part[2] for part in parts]  # 10 kHz
    assert all(b < 0.7 * a for a, b in itertools.pairwise(highs))


def test_the_highest_feedback_still_dies_away():
    sound = silence(20.0)
    sound[:, :RATE] = sine(220, 1.0)
    out = through(sound, delay_mix=1.0, delay_feedback=0.95, delay_beats=0.0)
    assert np.abs(out).max() < 3.0
    assert np.abs(out[:, -RATE:]).max() < 1e-3 * np.abs(out).max()


@pytest.mark.parametrize("to", [60.0, 121.0, 240.0])
def test_another_tempo_glides_without_a_click_and_arrives(to):
    sound = sine(300, 4.0)
    out = through(sound, bpm=lambda i: 120.0 if i < RATE // CHUNK else to, delay_mix=1.0,
                  delay_beats=CHOICES.index("1/2"), delay_feedback=0.0)  # fmt: skip
    # Bent by a fifth at most, a tone of 300 Hz stays below 2 kHz.
    assert np.abs(above(out[0, RATE // 2 :], 4000)[4000:]).max() < 1e-4
    late = round(30 / to * RATE)
    assert np.allclose(out[0, -RATE // 2 :], sound[0, -RATE // 2 - late : -late], atol=1e-6)


def test_a_tempo_that_trembles_does_not_make_the_echo_waver():
    steady = through(sine(300, 2.0), bpm=120.0, delay_mix=1.0)
    assert np.array_equal(steady, through(sine(300, 2.0), bpm=lambda i: 120.0 + (0, 0.2, -0.2)[i % 3], delay_mix=1.0))


@pytest.mark.parametrize("broken", [0.0, np.nan, np.inf, -120.0])
def test_what_is_no_tempo_leaves_the_last_one(broken):
    steady = response(1.0, bpm=90.0, delay_mix=1.0)
    assert np.array_equal(steady, response(1.0, bpm=lambda i: 90.0 if i == 0 else broken, delay_mix=1.0))
    assert np.array_equal(response(1.0, bpm=120.0, delay_mix=1.0), response(1.0, bpm=broken, delay_mix=1.0))


def test_what_was_heard_before_it_slept_never_comes_back():
    def mix(i):
        return 0.7 if i < 500 or i > 2500 else 0.0  # it sleeps from 1250 on

    sound = silence(5.0)
    sound[:, : 450 * CHUNK] = 0.3
    out = through(sound, delay_mix=mix, delay_feedback=0.9)
    assert out[:, 460 * CHUNK : 500 * CHUNK].any()
    assert not out[:, 2501 * CHUNK :].any()
