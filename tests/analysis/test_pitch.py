import numpy as np
import pytest

from pix2live.signals.table import TONE

from .sounds import RATE, noise, sine
from .tones import heard, voice

F0, NOTE, CONFIDENCE = TONE.index("tone.f0_hz"), TONE.index("tone.note"), TONE.index("tone.confidence")
SETTLED = 12  # hops after which the window holds nothing but the tone


def cents(hz: np.ndarray, truth: float | np.ndarray) -> np.ndarray:
    return 1200 * np.log2(np.maximum(hz, 1e-3) / truth)


@pytest.mark.parametrize("hz", [50, 82.41, 110, 196, 233.08, 440, 1000, 2093, 4000])
@pytest.mark.parametrize("missing", [False, True])
def test_steady_tones_are_placed_within_half_a_cent(hz, missing):
    sound = voice(hz, 0.5, first=2 if missing else 1)
    track = heard(sound)[SETTLED:]
    assert np.abs(cents(track[:, F0], hz)).max() < 0.5
    assert track[:, CONFIDENCE].min() > 0.9


def test_pure_tones_from_50_hz_to_4_khz_are_placed_within_half_a_cent():
    for hz in np.geomspace(50, 4000, 23):
        assert np.abs(cents(heard(sine(hz, 0.25, 0.3))[SETTLED:, F0], hz)).max() < 0.5


def test_note_is_the_midi_number_with_its_fraction():
    assert heard(sine(440, 0.3, 0.3))[-1, NOTE] == pytest.approx(69.0, abs=0.01)
    assert heard(voice(440 * 2 ** (-14.7 / 12), 0.3))[-1, NOTE] == pytest.approx(69 - 14.7, abs=0.01)


@pytest.mark.parametrize(("low", "high", "octaves_a_second"), [(100, 400, 1.0), (200, 1600, 1.5), (800, 200, 1.0)])
def test_glides_are_followed_within_20_cents_of_where_the_window_stands(low, high, octaves_a_second):
    seconds = abs(np.log2(high / low)) / octaves_a_second
    t = np.arange(int(seconds * RATE)) / RATE
    hz = low * (high / low) ** (t / seconds)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    sound = 0.1 * sum(np.sin(h * phase + h) / h for h in range(1, 8))
    track = heard(sound.astype(np.float32))[SETTLED:-1, F0]
    end = (np.arange(SETTLED, SETTLED + len(track)) + 1) * 256
    middle = np.where(track < 130, 1024, np.where(track > 190, 512, 768))
    away = np.abs(cents(track, hz[end - middle]))
    assert np.median(away) < 5
    assert np.percentile(away, 98) < 20


@pytest.mark.parametrize("kind", ["silence", "white", "pink", "faint"])
def test_no_pitch_in_silence_or_noise(kind):
    if kind == "silence":
        sound = np.zeros(RATE, np.float32)
    elif kind == "faint":
        sound = sine(440, 1, 1e-4)
    else:
        sound = noise(3, 0.1, seed=2)
        if kind == "pink":
            bins = np.fft.rfft(sound)
            bins[1:] /= np.sqrt(np.arange(1, len(bins)))
            sound = np.fft.irfft(bins)
            sound = (0.1 * sound / sound.std()).astype(np.float32)
    track = heard(sound)
    assert np.mean(track[:, F0] > 0) < 0.005
    assert np.mean(track[:, CONFIDENCE] > 0.5) < 0.005
    unpitched = track[:, F0] == 0
    assert (track[unpitched, NOTE] == 0).all()


def test_confidence_is_above_half_exactly_where_there_is_a_pitch():
    sound = np.concatenate([voice(220, 0.3), noise(0.3, 0.05), voice(330, 0.3) + noise(0.3, 0.05), np.zeros(9600)])
    track = heard(sound.astype(np.float32))
    assert np.array_equal(track[:, CONFIDENCE] > 0.5, track[:, F0] > 0)
    assert track[:, CONFIDENCE].min() >= 0
    assert track[:, CONFIDENCE].max() <= 1


def test_a_new_note_is_believed_within_30_ms():
    for low, high in ((220, 330), (440, 220), (262, 277)):
        track = heard(np.concatenate([voice(low, 0.5), voice(high, 0.5)]))[:, F0]
        begin = int(0.5 * RATE / 256)
        assert np.abs(cents(track[begin + 6 :], high)).max() < 30


@pytest.mark.parametrize("hz", [110, 262, 700])
def test_no_octave_jumps_in_noise_6_db_below_the_tone(hz):
    tone = voice(hz, 1.5)
    mixed = tone + noise(1.5, float(np.sqrt(np.mean(tone**2)) * 10 ** (-6 / 20)), seed=3)
    track = heard(mixed.astype(np.float32))[SETTLED:, F0]
    assert np.mean(np.abs(cents(track, hz)) < 50) > 0.95


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
def test_pitch_does_not_depend_on_the_rate(rate):
    track = heard(voice(311.13, 0.4, rate=rate), rate)
    assert np.abs(cents(track[SETTLED:, F0], 311.13)).max() < (5 if rate == 8000 else 1)
