import numpy as np
import pytest

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.signals.table import AUDIO

from .sounds import PARTS, Analysis, drums, noise, pad, sine

UNIT = ("level", "silence", "centroid", "spread", "flatness", "rolloff", "flux", "crest", "roughness", "width",
        "onset", "onset_strength", "percussive", "harmonic", "kick", "snare", "hat")  # fmt: skip


def music(seconds: float = 3.0) -> np.ndarray:
    beat, _ = drums(seconds + 1.2)
    mono = (beat[: int(seconds * 48000)] + 0.5 * pad(seconds)) * 0.5
    return np.stack([mono, 0.6 * mono + noise(seconds, 0.02)], axis=1).astype(np.float32)


def same(a: Analysis, b: Analysis) -> bool:
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in PARTS)


@pytest.mark.parametrize("block", [1, 64, 128, 256, 441, 1024, 10007])
def test_features_are_bit_identical_at_any_block_size(block):
    sound = music(0.7 if block == 1 else 3.0)
    assert same(Analysis(sound, block=block), Analysis(sound))


def test_features_are_bit_identical_after_reset():
    sound = music()
    first = Analysis(sound)
    first.analyzer.process(np.full((777, 2), np.nan, np.float32), AudioFeatures(8))
    first.analyzer.reset()
    assert same(Analysis(sound, block=441, analyzer=first.analyzer), first)


def test_two_analyzers_do_not_hear_each_other():
    sound, alone = music(1), Analysis(music(1))
    a, b = Analyzer(48000, 2), Analyzer(48000, 2)
    out_a, out_b = AudioFeatures(1), AudioFeatures(1)
    rows = []
    for start in range(0, len(sound) - 255, 256):
        a.process(sound[start : start + 256], out_a)
        b.process(np.ones((256, 2), np.float32), out_b)
        rows.append(out_a.scalars[0].copy())
    assert np.array_equal(np.array(rows), alone.scalars[: len(rows)])


@pytest.mark.parametrize(("rate", "hop", "window"), [
    (44100, 256, 2048), (48000, 256, 2048), (88200, 512, 4096), (96000, 512, 4096), (192000, 1024, 8192),
    (22050, 128, 1024), (8000, 32, 256),
])  # fmt: skip
def test_hop_and_window_follow_the_rate(rate, hop, window):
    analyzer = Analyzer(rate, 1)
    assert (analyzer.hop, analyzer.window) == (hop, window)
    heard = Analysis(sine(300, 0.5, 0.5, rate), rate)
    assert np.isfinite(heard.scalars).all()
    assert heard["audio.rms_db"][-1] == pytest.approx(-9.03, abs=0.2)


def test_end_is_the_sample_after_each_hop_within_the_block():
    analyzer, out = Analyzer(48000, 1), AudioFeatures(8)
    assert analyzer.process(np.zeros((100, 1), np.float32), out) == 0
    assert analyzer.process(np.zeros((700, 1), np.float32), out) == 3
    assert out.end[:3].tolist() == [156, 412, 668]
    assert analyzer.process(np.zeros((0, 1), np.float32), out) == 0


def test_a_block_of_more_hops_than_rows_keeps_the_newest_in_the_last_row():
    sound, whole = music(1), Analysis(music(1))
    out = AudioFeatures(2)
    assert Analyzer(48000, 2).process(sound, out) == 2
    assert np.array_equal(out.scalars[1], whole.scalars[-1])
    assert np.array_equal(out.scalars[0], whole.scalars[0])


FULL = np.where(np.arange(20000) // 50 % 2, 1.0, -1.0)
HOSTILE = {
    "silence": np.zeros(20000), "full scale": FULL, "dc": np.ones(20000), "nan": np.full(20000, np.nan),
    "inf": np.full(20000, np.inf), "minus inf": np.full(20000, -np.inf), "denormal": np.full(20000, 1e-42),
    "huge": FULL * 3e38, "mixed": np.tile([np.nan, 1e-42, -np.inf, 0.5, 3e38], 4000),
}  # fmt: skip


@pytest.mark.parametrize("channels", [0, 1, 2, 3, 6, 8])
@pytest.mark.parametrize("name", list(HOSTILE))
def test_any_input_gives_finite_features_in_range_and_is_left_alone(name, channels):
    sound = np.repeat(HOSTILE[name].astype(np.float32)[:, None], channels, axis=1)
    kept = sound.copy()
    heard = Analysis(sound, block=1000)
    assert len(heard.end) == 20000 // 256
    assert np.array_equal(sound, kept, equal_nan=True)
    for part in PARTS:
        assert np.isfinite(getattr(heard, part)).all(), part
    for signal in UNIT:
        assert heard[f"audio.{signal}"].min() >= 0, signal
        assert heard[f"audio.{signal}"].max() <= 1, signal
    assert np.abs(heard["audio.balance"]).max() <= 1
    for vector in (heard.spectrum, heard.mel, heard.fft):
        assert vector.min() >= 0
        assert vector.max() <= 1


@pytest.mark.parametrize("name", ["nan", "inf", "huge"])
def test_it_recovers_from_bad_samples(name):
    bad = HOSTILE[name].astype(np.float32)
    heard = Analysis(np.concatenate([bad, np.zeros(48000 * 4, np.float32), sine(1000, 20, 0.3)]))
    clean = Analysis(sine(1000, 20, 0.3))
    assert heard["audio.rms_db"][-1] == pytest.approx(clean["audio.rms_db"][-1], abs=0.1)
    assert np.abs(heard.spectrum[-1] - clean.spectrum[-1]).max() < 0.05


def test_silence_after_sound_leaves_no_denormal_behind():
    heard = Analysis(np.concatenate([music(1)[:, 0], np.zeros(48000 * 200, np.float32)]), block=48000)
    for array in heard.analyzer._state:
        if array.dtype.kind == "f":
            least = np.finfo(array.dtype).tiny
            assert not ((array != 0) & (np.abs(array) < least)).any()


def test_layout_and_type_of_the_block_do_not_matter():
    sound = music(0.5)
    expected = Analysis(sound).scalars
    readonly = np.frombuffer(sound.tobytes(), np.float32).reshape(-1, 2)
    for other in (readonly, np.asfortranarray(sound), np.repeat(sound, 2, axis=1)[:, ::2], sound.astype(np.float64)):
        assert np.array_equal(Analysis(other).scalars, expected)


def test_missing_channels_are_silent_and_further_ones_ignored():
    sound = music(0.5)
    out, rows = AudioFeatures(200), {}
    for name, block in (("one", sound[:, :1]), ("four", np.concatenate([sound, sound], axis=1))):
        n = Analyzer(48000, 2).process(block, out)
        rows[name] = out.scalars[:n].copy()
    silent_right = sound * np.array([1, 0], np.float32)
    assert np.array_equal(rows["one"], Analysis(silent_right).scalars)
    assert np.array_equal(rows["four"], Analysis(sound).scalars)


def test_every_signal_of_this_room_moves():
    beat, _ = drums(8)
    mono = beat + 0.4 * pad(8)
    sound = np.stack([mono, np.roll(mono, 500)], axis=1).astype(np.float32)
    heard = Analysis(np.concatenate([sound, np.zeros((48000, 2), np.float32)]))
    for name in AUDIO:
        assert np.ptp(heard[name]) > 0, name


@pytest.mark.parametrize(("rate", "channels"), [(48000, 9), (48000, -1), (4000, 2), (0, 2), (1e6, 2)])
def test_rates_and_channels_out_of_range_are_refused(rate, channels):
    with pytest.raises(ValueError, match="can be analysed"):
        Analyzer(rate, channels)
