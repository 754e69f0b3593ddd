import numpy as np
import pytest

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.signals.table import AUDIO

from .sounds import Analysis, noise, pad, sine


def test_rms_and_peak_of_a_full_scale_sine():
    heard = Analysis(sine(1000, 0.5))
    assert heard["audio.rms_db"][-1] == pytest.approx(-3.01, abs=0.01)
    assert heard["audio.peak_db"][-1] == pytest.approx(0.0, abs=0.01)
    assert heard["audio.crest"][-1] == pytest.approx(3.01 / 24, abs=0.001)


@pytest.mark.parametrize("gain_db", [0, -12, -30])
def test_level_is_the_same_whatever_the_gain(gain_db):
    rng = np.random.default_rng(2)
    beats = np.repeat(rng.uniform(0.2, 1.0, 80), 12000).astype(np.float32) * noise(20, 0.2)
    loud, quiet = Analysis(beats), Analysis(beats * np.float32(10 ** (gain_db / 20)))
    late = loud.seconds > 10
    assert np.allclose(loud["audio.level"][late], quiet["audio.level"][late], atol=0.06)
    assert loud["audio.level"][late].max() > 0.95
    assert loud["audio.level"][late].min() < 0.45


def test_silence_does_not_pump():
    sound = np.concatenate([noise(5, 0.2), np.zeros(48000 * 20, np.float32), noise(5, 0.2, seed=1)])
    heard = Analysis(sound)
    quiet = (heard.seconds > 7) & (heard.seconds < 25)
    assert heard["audio.level"][quiet].max() < 1e-3
    assert (heard["audio.silence"][quiet] == 1.0).all()
    back = np.searchsorted(heard.seconds, 25.1)
    assert heard["audio.silence"][back] == 0.0
    assert 0.7 < heard["audio.level"][back] <= 1.0


def test_the_noise_of_a_quiet_room_becomes_silence_but_a_quiet_drone_does_not():
    room = Analysis(noise(15, 10 ** (-65 / 20)))
    assert room["audio.silence"][-1] == 1.0
    assert room["audio.level"][-1] < 1e-3
    drone = Analysis((pad(15) * 10 ** (-30 / 20)).astype(np.float32))
    assert drone["audio.silence"][drone.seconds > 1].max() == 0.0
    assert drone["audio.level"][-1] > 0.5


def test_noise_never_becomes_music_by_gain():
    sound = np.concatenate([noise(10, 0.2), noise(60, 10 ** (-56 / 20), seed=1)])
    heard = Analysis(sound)
    assert heard["audio.level"][-1] < 0.6
    assert heard["audio.level"][heard.seconds > 12].max() < 0.6


@pytest.mark.parametrize(("left", "right", "width", "balance"), [
    (1, 1, 0.0, 0.0), (1, -1, 1.0, 0.0), (1, 0, 0.5, -1.0), (0, 1, 0.5, 1.0), (1, 0.5, 0.25, -1 / 3),
])  # fmt: skip
def test_width_and_balance(left, right, width, balance):
    tone = sine(440, 2, 0.5)
    heard = Analysis(np.stack([tone * left, tone * right], axis=1).astype(np.float32))
    assert heard["audio.width"][-1] == pytest.approx(width, abs=0.002)
    assert heard["audio.balance"][-1] == pytest.approx(balance, abs=0.002)


def test_opposite_sides_do_not_cancel():
    beats = noise(4, 0.2)
    same = Analysis(np.stack([beats, beats], axis=1))
    opposite = Analysis(np.stack([beats, -beats], axis=1))
    for name in ("audio.level", "audio.bass", "audio.centroid", "audio.rms_db"):
        assert np.allclose(same[name], opposite[name], rtol=1e-4, atol=1e-4)
    assert np.allclose(same.spectrum, opposite.spectrum, atol=1e-4)


def test_dc_is_not_sound_but_shows_as_peak():
    heard = Analysis(np.full(48000 * 4, 0.5, np.float32))
    assert heard["audio.rms_db"][-1] < -100
    assert heard["audio.silence"][-1] == 1.0
    assert heard["audio.peak_db"][-1] == pytest.approx(-6.02, abs=0.01)


def bursts(seconds: float, rms_db: float, seed: int = 0) -> np.ndarray:
    """Music of a sort: notes with gaps, 20 dB of swing, its loudest moments near ``rms_db``."""
    rng = np.random.default_rng(seed)
    gains = np.repeat(10 ** (rng.uniform(-20, 0, int(seconds * 4)) / 20), 12000)
    return (gains * pad(seconds, seed=seed)[: len(gains)] * 10 * 10 ** (rms_db / 20)).astype(np.float32)


@pytest.mark.parametrize(("music_db", "room_db"), [(-60, -78), (-45, -70), (-10, -60)])
def test_a_quiet_room_and_a_loud_club_both_use_the_whole_range(music_db, room_db):
    music = bursts(24, music_db)
    heard = Analysis(music + noise(24, 10 ** (room_db / 20))[: len(music)])
    late = heard["audio.level"][heard.seconds > 12]
    assert late.max() > 0.95
    assert np.percentile(late, 5) < 0.3
    assert heard["audio.silence"][heard.seconds > 12].mean() < 0.1


def room(kind: str, seconds: float, rms_db: float) -> np.ndarray:
    rng, n = np.random.default_rng(5), int(seconds * 48000)
    t = np.arange(n) / 48000
    if kind == "hum":
        y = sum(np.sin(2 * np.pi * 50 * h * t + h) / h for h in (1, 2, 3, 5))
    elif kind == "hiss":
        y = rng.standard_normal(n)
    else:  # pink rumble
        bins = np.fft.rfft(rng.standard_normal(n))
        y = np.fft.irfft(bins / np.sqrt(np.maximum(np.arange(len(bins)), seconds * 20)), n)
    return (y / np.sqrt(np.mean(y**2)) * 10 ** (rms_db / 20)).astype(np.float32)


@pytest.mark.parametrize("kind", ["hum", "hiss", "rumble"])
@pytest.mark.parametrize("rms_db", [-75, -60, -48])
def test_hum_and_hiss_alone_never_fill_the_range_and_become_silence(kind, rms_db):
    heard = Analysis(room(kind, 12, rms_db))
    assert heard["audio.level"].max() < 0.5
    assert heard["audio.level"][heard.seconds > 7].max() < 0.3
    assert heard["audio.silence"][heard.seconds > 7].mean() > 0.95
    for name in ("audio.mid", "audio.percussive", "audio.harmonic"):
        assert heard[name][heard.seconds > 7].mean() < 0.05, name


def test_the_room_does_not_rise_when_the_music_stops():
    noisy = room("hiss", 40, -52)
    music = np.concatenate([np.zeros(8 * 48000), bursts(16, -20), np.zeros(16 * 48000)]).astype(np.float32)
    heard = Analysis(music + noisy)
    assert heard["audio.level"][(heard.seconds > 12) & (heard.seconds < 24)].max() > 0.95
    assert heard["audio.level"][heard.seconds > 25].max() < 0.1
    assert heard["audio.silence"][heard.seconds > 26].min() == 1.0


def test_music_above_a_learnt_hum_is_heard_at_once():
    music = np.concatenate([np.zeros(8 * 48000), bursts(10, -34)]).astype(np.float32)
    heard = Analysis(music + room("hum", 18, -52))
    at = heard.seconds > 8.1
    assert heard["audio.silence"][at].mean() < 0.1
    assert heard["audio.level"][at & (heard.seconds > 10)].max() > 0.8


def frozen(sound: np.ndarray, from_s: float, to_s: float) -> dict[str, np.ndarray]:
    analyzer, out = Analyzer(48000, 1), AudioFeatures(1)
    rows = []
    for start in range(0, len(sound) - 255, 256):
        analyzer.freeze = from_s <= start / 48000 < to_s
        analyzer.process(sound[start : start + 256], out)
        rows.append(out.scalars[0].copy())
    tracks = np.array(rows)
    return {name: tracks[:, AUDIO.index(name)] for name in AUDIO}


def test_freeze_holds_every_level_and_letting_go_levels_again():
    loud = bursts(10, -12)
    sound = np.concatenate([loud, loud * np.float32(0.1), loud * np.float32(0.1)])
    free, held = frozen(sound, 99, 99), frozen(sound, 9.9, 20)
    seconds = np.arange(len(free["audio.level"])) * 256 / 48000
    for name in ("audio.level", "audio.mid", "audio.percussive", "audio.harmonic"):
        part = (seconds > 13) & (seconds < 19.9)
        before = (seconds > 3) & (seconds < 9.9)
        ratio = held[name][part].mean() / held[name][before].mean()
        assert ratio == pytest.approx(0.1, rel=0.35), name
        assert free[name][part].mean() > 1.4 * held[name][part].mean(), name
    after = seconds > 28
    assert held["audio.mid"][after].mean() > 2 * held["audio.mid"][part].mean()


def test_freeze_before_anything_was_heard_does_not_stop_learning_and_reset_keeps_it():
    held, free = frozen(bursts(6, -40), 0, 99), frozen(bursts(6, -40), 99, 99)
    assert held["audio.level"][-400:].max() > 0.3 * free["audio.level"][-400:].max()
    analyzer = Analyzer(48000, 1)
    analyzer.freeze = True
    analyzer.reset()
    assert analyzer.freeze
