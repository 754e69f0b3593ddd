"""The drone: the whole picture as one breathing chord."""

import itertools

import numpy as np
import pytest

from pix2live.synth.drone import DRONE_SPECS
from pix2live.synth.instrument import Instrument
from pix2live.synth.rows import SCALES
from tests.synth import playing
from tests.synth.playing import IDS, RATE, clicks_db, rms_db, turn

ALONE = {"scan.level": 0.0, "drone.level": 1.0}


def knobs(settings=None):
    return playing.knobs(ALONE | (settings or {}))


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=64)


@pytest.fixture
def synth(shared):
    shared.set_score(picture())
    shared.reset()
    return shared


def picture(seed=0, warmth=0.0):
    """A landscape: bright above, dark below, soft everywhere."""
    x, y = np.linspace(0, 1, 96)[:, None], np.linspace(0, 1, 48)[None]
    light = 0.75 - 0.5 * y + 0.15 * np.sin(6 * x + 3 * y + seed)
    return np.stack([light, light, np.full_like(light, warmth)], axis=2).astype(np.float32)


def lights(seed=0):
    """A city at night: small lights in the dark."""
    rng = np.random.default_rng(seed)
    score = np.full((256, 48, 2), 0.05, np.float32)
    for x, y in zip(rng.integers(0, 254, 500), rng.integers(0, 48, 500), strict=True):
        score[x : x + 3, y] = 1.0
    return score


def play(synth, seconds, settings=None, block=256, events=None):
    values = settings if isinstance(settings, np.ndarray) else knobs(settings)
    out = np.full((round(seconds * RATE), 2), np.nan, np.float32)
    for i, start in enumerate(range(0, len(out), block)):
        if events and i in events:
            events[i](values)
        synth.process(values, out[start : start + block])
    return out


def spectrum(sound):
    """Power (hertz) of the mono mix."""
    mono = sound.sum(axis=1).astype(float) * np.hanning(len(sound))
    power = np.square(np.abs(np.fft.rfft(mono)))
    return np.fft.rfftfreq(len(mono), 1 / RATE), power


def centroid(sound):
    hz, power = spectrum(sound)
    return float((hz * power).sum() / power.sum())


def liveliness(sound):
    """How much the spectrum changes within a quarter of a second: mean distance of normalised spectra."""
    frames = sound.sum(axis=1)[: len(sound) // 4096 * 4096].reshape(-1, 4096) * np.hanning(4096)
    shape = np.abs(np.fft.rfft(frames, axis=1))[:, 4:300]
    shape /= np.linalg.norm(shape, axis=1, keepdims=True)
    return float(np.linalg.norm(shape[3:] - shape[:-3], axis=1).mean())


@pytest.mark.parametrize("block", [1, 64, 128, 441, 9600])
def test_the_sound_is_the_same_to_the_bit_at_every_block_size(synth, block):
    settings = {"drone.stir": 0.6, "drone.density": 40.0}
    seconds = 0.5 if block > 1 else 0.1
    whole = play(synth, seconds, settings)
    synth.reset()
    assert np.array_equal(whole, play(synth, seconds, settings, block))
    assert rms_db(whole) > -40


def test_the_same_seed_gives_the_same_and_another_seed_another_drone(synth):
    first = play(synth, 0.5)
    play(synth, 0.3, {"drone.stir": 1.0, "drone.root": 7.0})
    synth.reset()
    assert np.array_equal(first, play(synth, 0.5))
    other = Instrument(RATE, max_partials=64, seed=9)
    other.set_score(picture())
    assert not np.array_equal(first, play(other, 0.5))


@pytest.mark.parametrize("scale", ["minor pentatonic", "major", "fifths", "whole tone"])
@pytest.mark.parametrize("root", [0.0, 9.0])
def test_every_partial_lies_on_a_note_of_the_scale(synth, scale, root):
    settings = {"drone.scale": float(list(SCALES).index(scale)), "drone.root": root, "drone.detune_cents": 0.0,
                "drone.metal": 0.0, "drone.low_hz": 130.0, "drone.high_hz": 1500.0, "drone.density": 60.0}  # fmt: skip
    hz, power = spectrum(play(synth, 2.0, settings)[RATE // 2 :])
    peaks = hz[1:-1][(power[1:-1] > 1e-4 * power.max()) & (power[1:-1] > power[:-2]) & (power[1:-1] > power[2:])]
    peaks = peaks[peaks < 390.0]  # overtones begin above
    notes = 69 + 12 * np.log2(peaks / 440.0)
    assert len(peaks) > 1
    assert np.abs(notes - np.round(notes)).max() < 0.08
    assert set((np.round(notes).astype(int) - int(root)) % 12) <= set(SCALES[scale])


def test_no_score_and_a_black_picture_are_silent(synth):
    synth.set_score(None)
    synth.reset()
    assert not play(synth, 0.1).any()
    synth.set_score(np.zeros((16, 48, 2), np.float32))
    assert not play(synth, 0.3).any()


def test_density_is_how_many_partials_sound(synth):
    counts = []
    for density in (4.0, 16.0, 64.0):
        synth.reset()
        play(synth, 0.2, {"drone.density": density})
        counts.append(int(np.count_nonzero(synth._drone.level[0, :1024])))
    assert counts == [4, 16, 64]
    play(synth, 30.0, {"drone.density": 4.0})
    assert np.count_nonzero(synth._drone.level[0, :1024]) == 4


def test_stirring_makes_it_brighter_and_livelier(synth):
    settings = {"drone.breath_s": 20.0, "drone.detune_cents": 0.0}
    calm = play(synth, 5.0, settings)[RATE:]
    synth.reset()
    stirred = play(synth, 5.0, settings | {"drone.stir": 1.0})[RATE:]
    assert centroid(stirred) > 1.3 * centroid(calm)
    assert liveliness(stirred) > 1.5 * liveliness(calm)


def test_small_lights_ring_bright_and_metallic_where_a_landscape_is_warm(synth):
    landscape = play(synth, 4.0)[RATE:]
    synth.set_score(lights())
    synth.reset()
    city = play(synth, 4.0)[RATE:]
    synth.reset()
    dull = play(synth, 4.0, {"drone.metal": 0.0})[RATE:]
    assert centroid(city) > 1.5 * centroid(landscape)
    assert centroid(city) > 1.2 * centroid(dull)


def test_any_picture_is_comfortable(synth):
    for score in (picture(), lights(), np.ones((4, 48, 2), np.float32), 0.3 * picture()):
        synth.set_score(score)
        synth.reset()
        out = play(synth, 4.0)[RATE:]
        assert -27 < rms_db(out) < -16
        assert np.abs(out).max() < 0.9


def test_the_level_stays_while_it_breathes(synth):
    out = play(synth, 60.0, {"drone.breath_s": 6.0}, block=4800)[2 * RATE :]
    levels = [rms_db(part) for part in np.array_split(out, 11)]
    assert max(levels) - min(levels) < 4.0


@pytest.mark.parametrize("what", ["panic", "none", "late"])
def test_a_picture_that_comes_after_silence_is_no_louder_than_one_that_stays(synth, what):
    synth.set_score(picture())
    synth.reset()
    stays = play(synth, 14.0, block=4800)
    events = {60: lambda _: synth.panic() if what == "panic" else synth.set_score(None)}
    events |= {120: lambda _: synth.set_score(picture())}
    synth.set_score(None if what == "late" else picture())
    synth.reset()
    back = play(synth, 14.0, block=4800, events=events)
    for second in (12.5, 13.0, 13.5):
        heard = slice(round(second * RATE), round((second + 0.5) * RATE))
        assert rms_db(back[heard]) < rms_db(stays[heard]) + 1.5


def test_it_breathes_so_the_chord_is_ever_another(synth):
    out = play(synth, 40.0, {"drone.breath_s": 8.0, "drone.density": 48.0}, block=4800)
    moments = [np.sqrt(spectrum(part)[1][500:4000]) for part in np.array_split(out, 10)]
    likeness = [np.corrcoef(a, b)[0, 1] for a, b in itertools.pairwise(moments)]
    assert np.mean(likeness) < 0.8


def test_width_spreads_it_and_none_is_mono(synth):
    def sides(width):
        synth.reset()
        out = play(synth, 2.0, {"drone.width": width})[RATE // 2 :]
        return rms_db(out[:, 0] - out[:, 1]) - rms_db(out[:, 0] + out[:, 1])

    assert sides(0.0) < -60
    assert sides(1.0) > sides(0.4) > -25


LOW = {"drone.high_hz": 500.0, "drone.metal": 0.0, "drone.density": 64.0}


def test_the_click_meter_hears_a_click(synth):
    out = play(synth, 1.0, LOW)
    assert clicks_db(out, 6000) < -68
    out[24000:] *= 0.5
    assert clicks_db(out, 6000) > -60


@pytest.mark.parametrize(
    "name,value",
    [("drone.level", 0.0), ("drone.level", 0.3), ("scan.level", 1.0), ("drone.stir", 1.0), ("drone.density", 4.0),
     ("drone.density", 200.0), ("drone.root", 6.0), ("drone.scale", 4.0), ("drone.low_hz", 120.0),
     ("drone.high_hz", 300.0), ("drone.breath_s", 2.0), ("drone.tilt_db", -12.0), ("drone.detune_cents", 40.0),
     ("drone.width", 0.0), ("mute", 1.0)],
)  # fmt: skip
def test_turning_a_knob_is_click_free(synth, name, value):
    low = LOW | {"scan.high_hz": 400.0}
    out = play(synth, 1.6, low, events={90: turn(name, value), 200: turn(name, dict(zip(IDS, knobs(low), strict=True))[
        f"synth.{name}"])})  # fmt: skip
    assert clicks_db(out, 6000) < -65


@pytest.mark.parametrize("change", ["picture", "camera", "black", "none", "panic"])
def test_changing_the_picture_is_click_free(synth, change):
    events = {
        "picture": {90: lambda _: synth.set_score(picture(2))},
        "camera": {i: (lambda _, i=i: synth.set_score(picture(i))) for i in range(40, 250, 6)},
        "black": {90: lambda _: synth.set_score(np.zeros((4, 48, 2), np.float32))},
        "none": {90: lambda _: synth.set_score(None)},
        "panic": {90: lambda _: synth.panic(), 180: lambda _: synth.set_score(picture())},
    }[change]
    assert clicks_db(play(synth, 1.6, LOW, events=events), 6000) < -65


def test_panic_is_silence_and_a_new_picture_sounds_again(synth):
    out = play(synth, 2.0, events={94: lambda _: synth.panic(), 200: lambda _: synth.set_score(picture())})
    assert rms_db(out[94 * 256 - 4800 : 94 * 256]) > -40
    assert not out[94 * 256 + int(0.02 * RATE) : 200 * 256].any()
    assert rms_db(out[-4800:]) > -40


def test_asleep_it_changes_no_bit_of_the_scan(synth):
    before = play(synth, 0.5, {"scan.level": 1.0, "drone.level": 0.0})
    synth.reset()
    after = play(synth, 0.5, {"scan.level": 1.0, "drone.level": 0.0, "drone.stir": 1.0, "drone.density": 500.0})
    assert np.array_equal(before, after)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def test_broken_params_give_finite_sound(synth, value):
    values = knobs()
    for i, id_ in enumerate(IDS):
        if id_.startswith("synth.drone.") and id_ != "synth.drone.level":
            values[i] = value
    out = play(synth, 0.2, values)
    assert np.isfinite(out).all()
    assert np.isfinite(play(synth, 0.5)).all()


@pytest.mark.parametrize("shape", [(1, 1, 2), (1, 64, 3), (3000, 1, 2), (2, 2, 2)])
def test_any_shape_of_score_plays(synth, shape):
    synth.set_score(np.full(shape, 0.9, np.float32))
    synth.reset()
    out = play(synth, 0.2)
    assert np.isfinite(out).all()
    assert out.any()


@pytest.mark.parametrize("rate", [8000, 16000, 192000])
def test_other_sample_rates(rate):
    synth = Instrument(rate, max_partials=64)
    synth.set_score(lights())
    out = play(synth, 0.5, {"drone.high_hz": 12000.0})
    assert np.isfinite(out).all()
    assert rms_db(out) > -40


def test_silent_above_nyquist():
    synth = Instrument(16000, max_partials=64)
    synth.set_score(np.ones((8, 64, 2), np.float32))
    sound = play(synth, 1.0, {"drone.low_hz": 2000.0, "drone.high_hz": 12000.0})[8000:].mean(1)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / 16000)
    # The highest note of the scale below 8 kHz is an A at 7040 Hz.
    assert power[hz > 7400].sum() < 1e-5 * power.sum()


def test_specs_have_defaults_in_range():
    for spec in DRONE_SPECS:
        assert spec.clamp(spec.default) == spec.default
        assert spec.id.startswith("synth.drone.")
