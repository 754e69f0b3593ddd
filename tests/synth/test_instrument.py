"""The scan instrument: the picture is what sounds; nothing clicks, clips or hangs."""

import sys

import numpy as np
import pytest
from scipy.signal import resample_poly

from pix2live.signals.spec import ParamSpec
from pix2live.synth.instrument import Instrument
from tests.synth.playing import RATE, knobs, rms_db

ROWS = {"linear": 0.0, "log": 1.0, "erb": 2.0, "scale": 3.0}
PLAIN = {
    "scan.rows": ROWS["linear"], "scan.tilt_db": 0.0, "scan.detune_cents": 0.0, "scan.contrast_db": 48.0,
    "scan.normalise": 0.0, "scan.seconds": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def shared():
    return Instrument(RATE, max_partials=256)


@pytest.fixture
def synth(shared):
    shared.set_score(None)
    shared.reset()
    return shared


def play(synth, seconds, settings=None, block=256, events=None):
    """(frames, 2): ``events`` {block number: call before it}."""
    values = settings if isinstance(settings, np.ndarray) else knobs(settings)
    out = np.full((round(seconds * RATE), 2), np.nan, np.float32)
    for i, start in enumerate(range(0, len(out), block)):
        if events and i in events:
            events[i]()
        synth.process(values, out[start : start + block])
    return out


def photo(rows=96, columns=128, seed=0):
    rng = np.random.default_rng(seed)
    rough = rng.random((columns // 8 + 2, rows // 8 + 2, 2))
    smooth = np.repeat(np.repeat(rough, 8, 0), 8, 1)[:columns, :rows]
    return np.ascontiguousarray(smooth, np.float32)


def lines(rows, columns, *cells):
    score = np.zeros((columns, rows, 2), np.float32)
    for column, row in cells:
        score[column, row] = 1.0
    return score


def test_specs_have_defaults_in_range_and_unique_ids():
    ids = [spec.id for spec in Instrument.SPECS]
    assert len(set(ids)) == len(ids)
    for spec in Instrument.SPECS:
        assert isinstance(spec, ParamSpec)
        assert spec.clamp(spec.default) == spec.default
        assert spec.id.startswith("synth.")


@pytest.mark.parametrize("block", [1, 64, 128, 441, 1024, 9600])
def test_the_sound_is_the_same_to_the_bit_at_every_block_size(synth, block):
    settings = {"scan.seconds": 0.3, "scan.pan": 0.7, "scan.direction": 2.0}
    seconds = 0.6 if block > 1 else 0.1
    synth.set_score(photo())
    whole = play(synth, seconds, settings)
    synth.reset()
    assert np.array_equal(whole, play(synth, seconds, settings, block))


def test_reset_gives_the_same_again(synth):
    synth.set_score(photo())
    first = play(synth, 0.4)
    play(synth, 0.1, {"scan.rows": ROWS["erb"], "gain": -20.0})
    synth.reset()
    assert np.array_equal(first, play(synth, 0.4))


def test_no_score_and_a_black_picture_are_silent(synth):
    assert not play(synth, 0.1).any()
    synth.set_score(np.zeros((16, 64, 2), np.float32))
    assert not play(synth, 0.2).any()


@pytest.mark.parametrize("row", [0, 3, 7])
def test_a_row_sounds_at_its_frequency(synth, row):
    score = lines(8, 4, *((column, row) for column in range(4)))
    synth.set_score(score)
    out = play(synth, 1.2, PLAIN | {"scan.low_hz": 400.0, "scan.high_hz": 7400.0})[RATE // 5 :, 0]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    assert np.argmax(spectrum) == pytest.approx(7400 - 1000 * row, abs=1)
    assert np.sort(spectrum)[-4] < 1e-3 * spectrum.max()


def test_the_playhead_meets_each_column_in_its_time(synth):
    synth.set_score(lines(4, 10, (0, 1), (3, 1), (7, 1)))
    out = play(synth, 2.0, PLAIN)[RATE + synth.latency_samples :, 0]
    level = np.sqrt(np.convolve(np.square(out, dtype=float), np.ones(480) / 480, "same"))
    for column in range(10):
        heard = level[int(column * RATE / 10) + 480 if column == 0 else int(column * RATE / 10)]
        assert (heard > 0.3 * level.max()) == (column in (0, 3, 7)), column


def test_brightness_is_level_over_the_contrast_range(synth):
    settings = PLAIN | {"scan.low_hz": 1000.0, "scan.high_hz": 1000.0}
    levels = []
    for brightness in (1.0, 0.75, 0.5):
        synth.set_score(np.full((2, 1, 2), brightness, np.float32))
        synth.reset()
        levels.append(rms_db(play(synth, 0.3, settings)[RATE // 10 :]))
    assert levels[0] - levels[1] == pytest.approx(12.0, abs=0.3)
    assert levels[0] - levels[2] == pytest.approx(24.0, abs=0.7)


def test_contrast_of_zero_is_linear_and_gamma_is_a_power(synth):
    settings = PLAIN | {"scan.contrast_db": 0.0, "scan.gamma": 2.0}
    score = np.full((2, 1, 2), 0.5, np.float32)
    synth.set_score(score)
    half = rms_db(play(synth, 0.3, settings)[RATE // 10 :])
    synth.set_score(2 * score)
    synth.reset()
    assert rms_db(play(synth, 0.3, settings)[RATE // 10 :]) - half == pytest.approx(12.04, abs=0.05)


def test_invert_sounds_the_dark(synth):
    synth.set_score(lines(2, 2, (0, 0), (1, 0)))
    out = play(synth, 1.2, PLAIN | {"scan.invert": 1.0, "scan.low_hz": 500.0, "scan.high_hz": 3000.0})[RATE // 5 :, 0]
    spectrum = np.abs(np.fft.rfft(out))
    assert spectrum[490:510].max() > 1000 * spectrum[2990:3010].max()


def test_directions_freeze_and_offset(synth):
    synth.set_score(photo())
    quarter = knobs({"scan.seconds": 1.0})
    play(synth, 0.25, quarter)
    assert synth.playhead == pytest.approx(0.25, abs=0.002)
    play(synth, 0.2, {"scan.seconds": 1.0, "scan.freeze": 1.0})
    assert synth.playhead == pytest.approx(0.25, abs=0.002)
    play(synth, 0.15, {"scan.seconds": 1.0, "scan.direction": 1.0})
    assert synth.playhead == pytest.approx(0.1, abs=0.004)
    play(synth, 0.2, {"scan.seconds": 1.0, "scan.direction": 1.0})
    assert synth.playhead == pytest.approx(0.9, abs=0.004)
    play(synth, 0.2, {"scan.seconds": 1.0, "scan.direction": 2.0})
    assert synth.playhead == pytest.approx(0.7, abs=0.004)
    play(synth, 1.0, {"scan.seconds": 1.0, "scan.direction": 2.0})
    assert synth.playhead == pytest.approx(0.3, abs=0.004)
    play(synth, 0.4, {"scan.freeze": 1.0, "scan.offset": 0.5})
    assert synth.playhead == pytest.approx(0.8, abs=0.004)


def test_left_and_right_of_the_score_are_left_and_right(synth):
    score = photo()
    score[:, :, 1] = 0
    synth.set_score(score)
    out = play(synth, 0.5)
    assert rms_db(out[:, 0]) > rms_db(out[:, 1]) + 50
    assert rms_db(out[:, 0]) > -30


def test_pan_follows_the_playhead(synth):
    synth.set_score(np.full((8, 16, 2), 0.8, np.float32))
    out = play(synth, 2.0, {"scan.seconds": 2.0, "scan.pan": 1.0})
    first, last = out[RATE // 10 : RATE // 3], out[-RATE // 4 : -RATE // 50]
    assert rms_db(first[:, 0]) > rms_db(first[:, 1]) + 9
    assert rms_db(last[:, 1]) > rms_db(last[:, 0]) + 9


def test_silent_above_nyquist():
    synth = Instrument(16000, max_partials=8)
    synth.set_score(np.ones((2, 8, 2), np.float32))
    settings = PLAIN | {"scan.low_hz": 8500.0, "scan.high_hz": 20000.0}
    assert not play(synth, 0.2, settings).any()
    both = play(synth, 0.4, PLAIN | {"scan.low_hz": 1000.0, "scan.high_hz": 15000.0})[-3200:, 0]
    spectrum = np.abs(np.fft.rfft(both * np.hanning(3200)))
    peaks = np.flatnonzero(spectrum > 0.1 * spectrum.max()) * 5
    assert {round(peak / 1000) for peak in peaks} == {1, 3, 5, 7}


def test_a_camera_s_pictures_keep_the_playhead_going(synth):
    synth.set_score(photo())
    pictures = {i: lambda i=i: synth.set_score(photo(seed=i)) for i in range(0, 180, 6)}
    play(synth, 1.0, {"scan.seconds": 4.0}, events=pictures)
    assert synth.playhead == pytest.approx(0.25, abs=0.002)


def test_crossfade_to_other_rows_keeps_the_level(synth):
    synth.set_score(np.ones((2, 200, 2), np.float32))
    settings = PLAIN | {"scan.low_hz": 200.0, "scan.high_hz": 12000.0}
    out = play(synth, 0.6, settings, events={60: lambda: synth.set_score(np.ones((2, 230, 2), np.float32))})
    steady = rms_db(out[6000:14000])
    during = [rms_db(out[start : start + 600]) for start in range(15000, 19000, 600)]
    assert max(abs(level - steady) for level in during) < 2.5


def test_panic_is_silence_within_20_ms_and_a_new_picture_sounds_again(synth):
    synth.set_score(photo())
    out = play(synth, 1.0, events={94: synth.panic, 140: lambda: synth.set_score(photo())})
    silent_from = 94 * 256 + int(0.02 * RATE)
    assert rms_db(out[94 * 256 - 4800 : 94 * 256]) > -40
    assert not out[silent_from : 140 * 256].any()
    assert rms_db(out[-4800:]) > -40


def test_mute_holds(synth):
    synth.set_score(photo())
    values = knobs()
    mute = [spec.id for spec in Instrument.SPECS].index("synth.mute")
    out = play(synth, 0.5, values, events={20: lambda: values.__setitem__(mute, 1.0)})
    assert out[:5120].any()
    assert not out[20 * 256 + int(0.02 * RATE) :].any()


@pytest.mark.parametrize("rows", [1, 16, 256])
@pytest.mark.parametrize("kind", ["white", "photo", "night", "noise", "one bright column"])
def test_any_picture_is_comfortable(synth, rows, kind):
    rng = np.random.default_rng(1)
    score = {
        "white": np.ones((64, rows, 2)),
        "photo": photo(rows, 64),
        "night": 0.3 * photo(rows, 64),
        "noise": rng.random((64, rows, 2)),
        "one bright column": lines(rows, 64, *((10, row) for row in range(rows))),
    }[kind].astype(np.float32)
    synth.set_score(score)
    out = play(synth, 2.0, {"scan.seconds": 1.5})
    loudest = np.max([rms_db(out[start : start + 4800]) for start in range(4800, len(out) - 4800, 2400)])
    assert -45 < loudest < -8
    if kind in ("white", "photo", "noise") and rows > 1:
        assert -26 < rms_db(out[9600:]) < -17
    assert 20 * np.log10(np.abs(resample_poly(out, 8, 1, axis=0)).max()) < -1.0


def test_full_gain_never_passes_minus_one_dbfs(synth):
    synth.set_score(np.ones((4, 256, 2), np.float32))
    out = play(synth, 1.0, {"gain": 12.0, "scan.normalise": 0.0, "scan.contrast_db": 96.0})
    assert 20 * np.log10(np.abs(resample_poly(out, 8, 1, axis=0)).max()) < -1.0
    assert np.abs(out).max() > 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def test_broken_params_and_scores_give_finite_sound(synth, value):
    score = photo()
    score[3:9, 5:60] = value
    given = score.copy()
    synth.set_score(score)
    assert np.array_equal(score, given, equal_nan=True)
    out = play(synth, 0.2, np.full(len(Instrument.SPECS), value, np.float32))
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 0.9
    later = play(synth, 0.3)
    assert np.isfinite(later).all()
    assert later.any()


def test_denormal_scores_are_silence(synth):
    synth.set_score(np.full((4, 8, 2), 1e-42, np.float32))
    assert np.isfinite(play(synth, 0.1)).all()


@pytest.mark.parametrize("shape", [(1, 1, 2), (1, 256, 2), (5000, 1, 2), (3, 7, 2)])
def test_any_shape_of_score_plays(synth, shape):
    synth.set_score(np.ones(shape, np.float64))
    for direction in (0.0, 1.0, 2.0):
        out = play(synth, 0.1, {"scan.direction": direction, "scan.seconds": 0.1})
        assert np.isfinite(out).all()
        assert out.any()


@pytest.mark.parametrize("shape", [(4, 257, 2), (0, 4, 2), (4, 0, 2), (4, 4), (4, 4, 4), (4, 4, 1)])
def test_a_score_that_cannot_be_played_is_refused_and_the_old_one_goes_on(synth, shape):
    synth.set_score(photo())
    with pytest.raises(ValueError, match="a score is"):
        synth.set_score(np.zeros(shape, np.float32))
    assert play(synth, 0.1).any()


def test_an_output_that_is_a_view_is_filled_alike(synth):
    synth.set_score(photo())
    whole = play(synth, 0.1)
    synth.reset()
    wide = np.full((len(whole), 8), 0.5, np.float32)
    synth.process(knobs(), wide[:, 2:4])
    assert np.array_equal(wide[:, 2:4], whole)
    assert (wide[:, 4:] == 0.5).all()


def test_params_are_left_untouched_even_read_only(synth):
    values = np.full(len(Instrument.SPECS), np.nan, np.float32)
    values.flags.writeable = False
    synth.set_score(photo())
    assert np.isfinite(play(synth, 0.05, values)).all()


def test_playing_takes_no_memory(synth):
    synth.set_score(photo())
    values, out = knobs(), np.zeros((256, 2), np.float32)
    for _ in range(50):
        synth.process(values, out)
    before = sys.getallocatedblocks()
    for _ in range(500):
        synth.process(values, out)
    assert sys.getallocatedblocks() - before < 250
