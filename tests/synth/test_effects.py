"""All effects together: asleep they cost no bit, awake they neither click nor break, and the synth obeys as before."""

import numpy as np
import pytest

from pix2live.dsp.oscillator import CHUNK
from pix2live.synth.effects import EFFECT_SPECS, Effects
from pix2live.synth.instrument import Instrument
from tests.synth import playing
from tests.synth.chain import RATE, above, noise, rms, silence, sine, through

ALL = {"filter_hz": 3000.0, "filter_resonance": 0.6, "chorus_mix": 0.5, "delay_mix": 0.4, "reverb_mix": 0.5}
MIXES = ("chorus_mix", "delay_mix", "reverb_mix")


def score():
    return np.random.default_rng(2).random((32, 48, 2)).astype(np.float32)


def knobs(settings):
    return playing.knobs({name.replace("_", ".", 1): value for name, value in settings.items()})


def play(synth, seconds, settings, block=256, bpm=120.0, out=None):
    out = np.zeros((round(seconds * RATE), 2), np.float32)
    for start in range(0, len(out), block):
        synth.process(knobs(settings), out[start : start + block], bpm)
    return out


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=64)


@pytest.fixture
def synth(shared):
    shared.set_score(score())
    shared.reset()
    return shared


def test_by_default_every_bit_passes():
    sound = noise(1.0)
    sound[:, 100:200] *= np.float32(1e-38)
    assert np.array_equal(through(sound), sound)


@pytest.mark.parametrize("mix", MIXES)
def test_an_effect_that_was_on_leaves_no_trace_once_its_mix_is_0(mix):
    sound = noise(2.0)
    out = through(sound, **{mix: lambda i: 0.8 if i < 100 else 0.0})
    off = 100 * CHUNK + 2000
    assert not np.array_equal(out[:, : 100 * CHUNK], sound[:, : 100 * CHUNK])
    assert np.array_equal(out[:, off:], sound[:, off:])


@pytest.mark.parametrize("block", [1, 64, 128, 441, 4800])
def test_the_sound_is_the_same_to_the_bit_at_every_block_size(synth, block):
    seconds = 0.6 if block > 1 else 0.15
    whole = play(synth, seconds, ALL)
    synth.reset()
    assert np.array_equal(whole, play(synth, seconds, ALL, block))


def test_reset_gives_the_same_again_whatever_was_played_between(synth):
    first = play(synth, 0.6, ALL)
    play(synth, 0.5, ALL | {"reverb_seconds": 20.0, "filter_hz": 200.0}, bpm=77.0)
    synth.reset()
    assert np.array_equal(first, play(synth, 0.6, ALL))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 192000])
def test_unusual_sample_rates_work(rate):
    sound = noise(0.5, rate=rate)
    out = through(sound, rate=rate, **ALL)
    assert np.isfinite(out).all()
    assert 0.2 < rms(out) / rms(sound) < 2.0


@pytest.mark.parametrize("kind", ["nan", "inf", "huge", "dc", "denormal", "square"])
def test_any_input_gives_finite_sound_and_then_silence(kind):
    sound = silence(4.0)
    burst = noise(0.5)
    burst = {"nan": np.where(burst > 0, np.nan, burst), "inf": np.where(burst > 0, np.inf, -np.inf),
             "huge": burst * np.float32(1e30), "dc": np.ones_like(burst), "denormal": burst * np.float32(1e-40),
             "square": np.sign(burst)}[kind]  # fmt: skip
    sound[:, : burst.shape[1]] = burst
    effects = Effects.empty(RATE)
    out = through(sound, effects, **(ALL | {"reverb_seconds": 0.3, "delay_feedback": 0.0}))
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 20000.0
    assert np.abs(out[:, -RATE // 2 :]).max() < 1e-6 * max(np.abs(out).max(), 1e-12)
    for effect in effects:
        for array in effect:
            if array.dtype.kind == "f":
                assert np.isfinite(array).all()
                assert not ((array != 0.0) & (np.abs(array) < 1.2e-38)).any()


@pytest.mark.parametrize("name", [spec.id.removeprefix("synth.").replace(".", "_") for spec in EFFECT_SPECS])
def test_no_param_clicks_when_it_jumps_from_end_to_end(name):
    spec = next(spec for spec in EFFECT_SPECS if spec.id == "synth." + name.replace("_", ".", 1))
    on = {"chorus_mix": 0.5, "delay_mix": 0.5, "reverb_mix": 0.5, "filter_hz": 5000.0, "reverb_damping": 0.0}
    sound = sine(200, 4.0)
    out = through(sound, **(on | {name: lambda i: (spec.low, spec.high)[i // 150 % 2]}))
    if name in ("filter_hz", "filter_resonance"):
        assert np.abs(above(out[0], 6000)[4000:]).max() < 3e-3
    else:
        assert np.abs(above(out[0], 4000)[4000:]).max() < 1e-3


def test_a_click_would_be_heard_by_these_tests():
    cut = sine(200, 1.0)
    cut[:, 30060:] *= 0.5  # at a crest
    assert np.abs(above(cut[0], 4000)[4000:]).max() > 0.05


def test_waking_in_the_middle_of_a_loud_tone_does_not_click():
    out = through(sine(200, 2.0), **{mix: lambda i: float(i >= 333) for mix in MIXES})
    assert np.abs(above(out[0], 4000)[4000:]).max() < 3e-4


def test_panic_silences_every_tail_within_15_ms_and_none_comes_back(synth):
    settings = ALL | {"reverb_seconds": 20.0, "delay_feedback": 0.9}
    assert rms(play(synth, 1.0, settings)) > 1e-3
    synth.panic()
    out = play(synth, 1.0, settings)
    quiet = round(0.017 * RATE) + synth.latency_samples + CHUNK
    assert not out[quiet:].any()


def test_mute_silences_the_tails_too(synth):
    play(synth, 0.5, ALL)
    out = play(synth, 0.2, ALL | {"mute": 1.0})
    assert not out[RATE // 20 :].any()


def test_the_tail_rings_on_when_the_score_is_gone(synth):
    settings = ALL | {"reverb_seconds": 3.0}
    play(synth, 0.5, settings)
    synth.set_score(None)
    out = play(synth, 1.0, settings)
    assert rms(out[RATE // 2 :]) > 1e-4
    synth.set_score(score())


def test_the_output_stays_under_the_limiter_whatever_rings(synth):
    settings = ALL | {"filter_resonance": 1.0, "delay_feedback": 0.95, "delay_mix": 1.0, "gain": 12.0}
    assert np.abs(play(synth, 2.0, settings)).max() <= 10 ** (-1 / 20)
