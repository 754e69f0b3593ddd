"""The chorus widens and drifts in pitch, and stays as loud."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from tests.synth.chain import RATE, noise, rms, sine, through


def test_a_voice_drifts_by_cents_not_semitones():
    hz = 1000.0
    out = through(sine(hz, 8.0), chorus_mix=1.0)[0, RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out)))) ** 2
    at = np.fft.rfftfreq(len(out), 1 / RATE)
    spread = 1200 * np.sqrt((spectrum * np.log2(np.maximum(at, 1) / hz) ** 2).sum() / spectrum.sum())
    assert 3.0 < spread < 20.0


def test_a_sound_in_the_middle_becomes_wide():
    sound = np.tile(noise(4.0)[:1], (2, 1))
    out = through(sound, chorus_mix=1.0)[:, RATE:]
    assert np.corrcoef(out)[0, 1] < 0.3


@pytest.mark.parametrize("mix", [0.3, 0.7, 1.0])
def test_is_as_loud_as_the_dry_sound(mix):
    # White noise would lose its top octave between the samples.
    sound = sosfilt(butter(2, 6000, fs=RATE, output="sos"), noise(6.0)).astype(np.float32)
    assert rms(through(sound, chorus_mix=mix)[:, RATE:]) == pytest.approx(rms(sound), rel=0.06)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_sounds_alike_at_every_sample_rate(rate):
    wanted = through(sine(500, 3.0), chorus_mix=0.5)
    out = through(sine(500, 3.0, rate), rate=rate, chorus_mix=0.5)
    envelopes = [np.abs(x[0, r // 2 :].reshape(-1)[: 2 * r].reshape(100, -1)).max(1)
                 for x, r in ((wanted, RATE), (out, rate))]  # fmt: skip
    assert np.abs(envelopes[0] - envelopes[1]).max() < 0.03
