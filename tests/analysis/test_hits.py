import numpy as np
import pytest

from pix2live.analysis.hits import DRUMS
from pix2live.devices.demo_tune import DemoTune, _Score

from .sounds import RATE, Analysis, drums, f_measure, hat, kick, noise, pad, sine, snare


def struck(drum, every_s: float = 0.5, seconds: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """One drum alone at a steady pace, no two strokes alike."""
    rng = np.random.default_rng(4)
    y, times = np.zeros(int(seconds * RATE)), np.arange(0.5, seconds - 0.6, every_s)
    for at in times:
        sound = rng.uniform(0.5, 0.8) * drum(RATE, rng)
        y[int(at * RATE) : int(at * RATE) + len(sound)] += sound
    return y, times


@pytest.mark.parametrize("music", [0.0, 0.5])
def test_each_drum_of_a_beat_is_told_from_the_others(music):
    beat, times = drums(20)
    heard = Analysis((0.5 * (beat + music * pad(20))).astype(np.float32))
    for drum in DRUMS:
        f, late = f_measure(heard.counted(f"audio.{drum}_count"), times[drum])
        assert f > 0.85, drum
        assert np.median(late) < 0.025, drum


@pytest.mark.parametrize(("drum", "name"), [(kick, "kick"), (hat, "hat"), (snare, "snare")])
def test_a_drum_alone_counts_once_a_stroke_and_as_no_other(drum, name):
    sound, times = struck(drum)
    heard = Analysis(sound.astype(np.float32))
    found = heard.counted(f"audio.{name}_count")
    assert f_measure(found, times)[0] > 0.9
    # White noise over a tone, with nothing beside it to compare with, may count as a hat too.
    for other in set(DRUMS) - {name} - ({"hat"} if name == "snare" else set()):
        assert len(heard.counted(f"audio.{other}_count")) <= 0.25 * len(times), other


@pytest.mark.parametrize("gain_db", [-40, -20, 6])
def test_hits_do_not_depend_on_gain(gain_db):
    beat, times = drums(10)
    heard = Analysis((0.4 * (beat + 0.3 * pad(10)) * 10 ** (gain_db / 20)).astype(np.float32))
    for drum in DRUMS:
        assert f_measure(heard.counted(f"audio.{drum}_count"), times[drum])[0] > 0.8, drum


@pytest.mark.parametrize("rate", [44100, 96000])
def test_hits_are_heard_alike_at_other_rates(rate):
    beat, times = drums(10, rate=rate)
    heard = Analysis((0.4 * beat).astype(np.float32), rate)
    for drum in DRUMS:
        assert f_measure(heard.counted(f"audio.{drum}_count"), times[drum])[0] > 0.8, drum


def test_a_walking_bass_is_hardly_ever_a_kick():
    rng = np.random.default_rng(1)
    y, times = np.zeros(16 * RATE), np.arange(0.5, 15, 0.4)
    t = np.arange(int(0.38 * RATE)) / RATE
    for at in times:
        hz = 41.2 * 2 ** (rng.integers(0, 19) / 12)
        tone = sum(np.sin(2 * np.pi * hz * h * t) / h**1.5 for h in range(1, 9))
        note = np.clip(t / 0.008, 0, 1) * np.clip((0.38 - t) / 0.03, 0, 1) * tone
        y[int(at * RATE) : int(at * RATE) + len(t)] += note
    found = Analysis((0.2 * y).astype(np.float32)).counted("audio.kick_count")
    assert len(found) <= 0.4 * len(times)


@pytest.mark.parametrize("sound", [np.zeros(10 * RATE), noise(10), sine(60, 10, 0.5), pad(10)])
def test_steady_sounds_strike_no_drum(sound):
    heard = Analysis(np.asarray(sound, np.float32))
    for drum in DRUMS:
        assert (heard.counted(f"audio.{drum}_count") > 1.0).sum() <= 2, drum


def test_a_hit_is_one_and_decays_over_100_ms():
    sound, _ = struck(kick)
    heard = Analysis(sound.astype(np.float32))
    at = np.flatnonzero(heard["audio.kick_count"] > 0)[0]
    assert heard["audio.kick"][at] == 1.0
    assert heard["audio.kick"][at - 1] == 0.0
    assert heard["audio.kick"][at + round(0.1 / heard.hop_s)] == pytest.approx(np.exp(-1), abs=0.02)


def demo_truth() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each drum's hits in the built-in tune, and what is neither asked for nor held against anyone: soft hats, shakers
    and crashes as hats, the roll's and the fills' thin snares as snares, the impact as a kick."""
    score = _Score(RATE)
    hats = [n for n in score.noises if n["from_hz"] == 9500.0]
    claps = [n["start"] for n in score.noises if n["from_hz"] == 1500.0]
    others = [n["start"] for n in score.noises if n["from_hz"] not in (1500.0, 9500.0)]
    thin = [n["start"] for n in score.noises if n["decay_s"] == 0.055]
    loud, soft = ([n["start"] for n in hats if (n["gain"] >= 0.3) == strong] for strong in (True, False))
    wanted = {"kick": (score.kicks, []), "snare": (claps, thin), "hat": (loud, soft + others)}
    return {drum: (np.unique(a) / RATE, np.unique(b) / RATE) for drum, (a, b) in wanted.items()}


def test_the_demo_tunes_own_hits_are_found():
    tune, truth = DemoTune(RATE), demo_truth()
    sound = np.empty((48 * RATE, 2), np.float32)
    tune.read(sound)
    heard = Analysis(sound)
    for drum, least in (("kick", 0.9), ("snare", 0.5), ("hat", 0.9)):
        wanted, either = (times[times < len(sound) / RATE - 0.1] for times in truth[drum])
        found = heard.counted(f"audio.{drum}_count")
        free = [t for t in found if np.abs(wanted - t).min() < 0.05 or not (np.abs(either - t) < 0.05).any()]
        assert f_measure(np.array(free), wanted)[0] > least, drum
