import numpy as np
import pytest

from .sounds import Analysis, drums, noise, sine


def place(hz: float) -> float:
    return float(np.log(hz / 20) / np.log(1000))


@pytest.mark.parametrize("hz", [100, 1000, 8000])
def test_centroid_and_rolloff_of_a_sine_are_its_frequency(hz):
    heard = Analysis(sine(hz, 1, 0.5))
    assert heard["audio.centroid"][-1] == pytest.approx(place(hz), abs=0.02)
    assert heard["audio.rolloff"][-1] == pytest.approx(place(hz), abs=0.04)
    assert heard["audio.spread"][-1] < place(60)


def test_shape_equals_its_definition():
    sound = (sine(300, 1, 0.3) + sine(2100, 1, 0.1) + noise(1, 0.01)).astype(np.float32)
    heard = Analysis(sound)
    m = np.abs(np.fft.rfft(sound[heard.end[-1] - 2048 : heard.end[-1]] * np.hanning(2049)[:-1]))[1:854]
    hz = np.fft.rfftfreq(2048, 1 / 48000)[1:854]
    centroid = (m * hz).sum() / m.sum()
    spread = np.sqrt((m * (hz - centroid) ** 2).sum() / m.sum())
    rolloff = hz[np.searchsorted(np.cumsum(m), 0.85 * m.sum())]
    assert heard["audio.centroid"][-1] == pytest.approx(place(centroid), abs=1e-4)
    assert heard["audio.spread"][-1] == pytest.approx(place(spread), abs=1e-4)
    assert heard["audio.rolloff"][-1] == pytest.approx(place(rolloff), abs=1e-4)
    p = m[:512] ** 2
    flat = np.exp(np.log(p).mean()) / p.mean()
    assert heard["audio.flatness"][-1] == pytest.approx(1 + 10 * np.log10(flat) / 60, abs=1e-3)


def test_noise_is_flat_and_a_tone_is_not():
    assert Analysis(noise(2))["audio.flatness"][-100:].mean() == pytest.approx(0.96, abs=0.01)
    assert Analysis(sine(1000, 1, 0.5))["audio.flatness"][-1] == 0.0


def test_flux_is_high_at_a_change_and_nothing_in_a_tone():
    heard = Analysis(np.concatenate([sine(440, 1, 0.3), sine(3000, 1, 0.3)]))
    steady = (heard.seconds > 0.5) & (heard.seconds < 0.99)
    assert heard["audio.flux"][steady].max() < 0.02
    assert heard["audio.flux"][(heard.seconds > 1.0) & (heard.seconds < 1.05)].max() > 0.5


def test_a_drum_is_not_rough():
    beat, _ = drums(8)
    assert Analysis(beat.astype(np.float32))["audio.roughness"].mean() < 0.25


def test_in_silence_flux_rests_and_the_colour_stays():
    heard = Analysis(np.concatenate([sine(2000, 1, 0.3), np.zeros(48000 * 3, np.float32)]))
    assert heard["audio.flux"][-1] == 0.0
    assert heard["audio.crest"][-1] < 0.01
    assert 0.0 < heard["audio.centroid"][-1] <= 1.0


def modulated(hz: float, rate_hz: float) -> np.ndarray:
    t = np.arange(48000 * 2) / 48000
    return (0.3 * np.sin(2 * np.pi * hz * t) * (1 + np.cos(2 * np.pi * rate_hz * t))).astype(np.float32)


def test_a_tone_fully_modulated_at_70_hz_has_roughness_near_one():
    assert Analysis(modulated(1000, 70))["audio.roughness"][-1] == pytest.approx(1.0, abs=0.15)


def test_roughness_orders_sounds_as_the_ear_does():
    def roughness(sound):
        return Analysis(sound)["audio.roughness"][-100:].mean()

    pure = roughness(sine(440, 2, 0.4))
    fifth = roughness(sine(440, 2, 0.2) + sine(660, 2, 0.2))
    near = roughness(sine(440, 2, 0.2) + sine(475, 2, 0.2))
    tremolo = roughness(modulated(1000, 4))
    assert pure < 0.01
    assert tremolo < 0.3
    assert fifth < 0.1
    assert near > 0.6
