import numpy as np

from pix2live.analysis.hpss import NARROW, NEIGHBOURS, SPAN_S, TILT_DB_PER_OCTAVE, TILT_PIVOT_HZ
from pix2live.dsp.filterbank import mel_filterbank

from .sounds import RATE, Analysis, drums, noise, pad, sine


def mean(sound: np.ndarray, name: str) -> float:
    heard = Analysis(sound.astype(np.float32))
    return float(heard[f"audio.{name}"][heard.seconds > 1.0].mean())


def test_a_held_chord_is_harmonic_and_clicks_are_percussive():
    chord = pad(6)
    clicks = np.zeros(6 * RATE)
    clicks[RATE // 8 :: RATE // 4] = 0.5
    assert mean(chord, "harmonic") > 5 * mean(chord, "percussive")
    assert mean(clicks, "percussive") > 4 * mean(clicks, "harmonic")


def test_percussive_jumps_at_hits_over_a_chord_and_harmonic_hardly_moves():
    beat, times = drums(10)
    heard = Analysis((0.6 * beat + pad(10)).astype(np.float32))
    hits = np.unique(np.concatenate([times["snare"], times["kick"]]))
    hits = hits[hits > 2]
    since = np.min(np.where(heard.seconds[:, None] >= hits, heard.seconds[:, None] - hits, 9.0), axis=1)
    late = heard.seconds > 2.2
    at, away = late & (since > 0.01) & (since < 0.04), late & (since > 0.12)
    assert heard["audio.percussive"][at].mean() > 2.5 * heard["audio.percussive"][away].mean()
    assert heard["audio.harmonic"][at].mean() < 1.7 * heard["audio.harmonic"][away].mean()


def test_both_squared_add_to_the_whole_and_stay_in_range_at_any_gain():
    beat, _ = drums(8)
    sound = (0.5 * beat + 0.5 * pad(8)).astype(np.float32)
    loud, quiet = Analysis(sound), Analysis(sound * np.float32(0.01))
    for name in ("audio.percussive", "audio.harmonic"):
        assert loud[name].min() >= 0.0
        assert loud[name].max() <= 1.0
        late = loud.seconds > 3
        assert np.abs(loud[name] - quiet[name])[late].max() < 0.05
    whole = np.hypot(loud["audio.percussive"], loud["audio.harmonic"])
    assert np.percentile(whole, 95) > 0.6


def test_a_burst_of_noise_is_percussive_at_once_and_harmonic_after_half_the_span():
    heard = Analysis(np.concatenate([noise(1, 1e-5), noise(2, 0.2)]))
    after = heard.seconds - 1.0
    early, settled = (after > 0.01) & (after < 0.05), after > SPAN_S / 2 + 0.04
    assert (heard["audio.percussive"][early] > 2 * heard["audio.harmonic"][early]).all()
    assert heard["audio.harmonic"][settled].mean() > 2.5 * heard["audio.percussive"][settled].mean()


def test_the_beginning_of_a_tone_is_hardly_percussive():
    t = np.arange(2 * RATE) / RATE
    soft = np.clip(t / 0.02, 0, 1) * np.sin(2 * np.pi * 700 * t) * 0.3
    heard = Analysis(np.concatenate([noise(1, 1e-5), soft.astype(np.float32)]))
    after = heard.seconds > 1.03
    assert heard["audio.harmonic"][after].min() > 2 * heard["audio.percussive"][after].max()


def test_shares_equal_their_definition():
    rng = np.random.default_rng(3)
    breath = 0.1 * rng.standard_normal(RATE) * (1 + np.sin(np.arange(RATE) / 900))
    sound = (breath + sine(900, 1, 0.2)).astype(np.float32)
    heard = Analysis(sound)
    bank = mel_filterbank(RATE, 2048, 64, 30.0, 16000.0)
    padded = np.concatenate([np.zeros(2048), sound])
    dense = np.zeros((64, 1025))
    for i in range(64):
        weights = bank.weights[bank.offset[i] : bank.offset[i + 1]]
        dense[i, bank.first[i] : bank.first[i] + len(weights)] = weights
    rows = [np.sqrt(dense @ (np.abs(np.fft.rfft(padded[e : e + 2048] * np.hanning(2049)[:-1])) / 512) ** 2)
            for e in heard.end[-40:]]
    hops, half = 2 * round(SPAN_S * RATE / 256 / 2) + 1, NEIGHBOURS // 2
    lasting = np.median(rows[-hops:], axis=0) ** 2
    wide = np.pad(np.maximum(rows[-1] - np.sqrt(lasting), 0), half, mode="reflect")
    broad = np.median([wide[i : i + 64] for i in range(NEIGHBOURS)], axis=0) ** 2
    weighed = rows[-1] ** 2 * 10 ** (TILT_DB_PER_OCTAVE * np.log2(bank.centre_hz / TILT_PIVOT_HZ) / 10)
    share = (weighed * broad / (broad + lasting + NARROW * rows[-1] ** 2)).sum() / weighed.sum()
    p, h = heard["audio.percussive"][-1], heard["audio.harmonic"][-1]
    assert abs(p**2 / (p**2 + h**2) - share) < 0.01
