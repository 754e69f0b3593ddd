import numpy as np
import pytest

from pix2live.dsp.filterbank import Filterbank, apply_filterbank, band_filterbank, log_filterbank, mel_filterbank
from pix2live.dsp.units import hz_from_mel, mel_from_hz

BANDS = (20.0, 60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 16000.0)


def dense(bank: Filterbank, bins: int = 1025) -> np.ndarray:
    rows = np.zeros((len(bank.first), bins))
    for i, first in enumerate(bank.first):
        weights = bank.weights[bank.offset[i] : bank.offset[i + 1]]
        rows[i, first : first + len(weights)] = weights
    return rows


def test_mel_filters_are_triangles_between_evenly_spaced_mels():
    bank = mel_filterbank(48000, 2048, 64, 30.0, 16000.0)
    mel = np.linspace(mel_from_hz(30.0), mel_from_hz(16000.0), 66)
    hz = np.arange(1025) * 48000 / 2048
    for i, row in enumerate(dense(bank)):
        assert np.allclose(row, np.interp(hz, hz_from_mel(mel[i : i + 3]), [0, 1, 0]), atol=1e-6)
    assert bank.centre_hz[0] == pytest.approx(86.2846, abs=0.001)


def test_bands_share_every_bin_between_their_edges_once():
    rows = dense(band_filterbank(48000, 2048, BANDS))
    total = rows.sum(axis=0)
    assert np.allclose(total[2:682], 1.0)
    assert total.sum() * 48000 / 2048 == pytest.approx(16000 - 20, rel=1e-6)
    assert rows[1].sum() * 48000 / 2048 == pytest.approx(90.0, rel=1e-5)


def test_log_filters_have_sum_one_and_rising_centres():
    bank = log_filterbank(48000, 2048, 24, 30.0, 16000.0)
    assert np.allclose(dense(bank).sum(axis=1), 1.0, atol=1e-5)
    assert (np.diff(bank.centre_hz) > 0).all()
    top = bank.centre_hz[-24:]
    assert np.log2(top[1:] / top[:-1]) == pytest.approx(np.full(23, 1 / 24), abs=0.01)


@pytest.mark.parametrize("rate", [8000, 22050])
def test_filters_above_the_nyquist_frequency_are_empty(rate):
    for bank in (mel_filterbank(rate, 512, 64, 30.0, 16000.0), band_filterbank(rate, 512, (*BANDS, 22000.0))):
        out = np.full(len(bank.first), np.nan, np.float32)
        apply_filterbank(bank, np.ones(257, np.float32), out)
        assert out[-1] == 0.0
        assert np.isfinite(out).all()
    assert log_filterbank(rate, 512, 24, 30.0, 16000.0).centre_hz[-1] < rate / 2


def test_applying_equals_the_dense_product():
    bank = mel_filterbank(44100, 2048, 64, 30.0, 16000.0)
    bins = np.random.default_rng(0).random(1025).astype(np.float32)
    out = np.empty(64, np.float32)
    apply_filterbank(bank, bins, out)
    assert np.allclose(out, dense(bank) @ bins, rtol=1e-5)
