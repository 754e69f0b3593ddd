"""The tools that measure how pictures sound, on sounds and pictures whose answer is known."""

import shutil
import struct
import subprocess

import numpy as np
import pytest
import soundfile

from pix2live.patch.preset import Preset
from pix2live.vision.viewer import Viewer, VisualFeatures
from tools import voice_baselines, voice_correspondence, voice_fidelity, voice_hearing, voice_hour, voice_partials
from tools.voice_player import RATE, Player, still
from tools.voice_sets import SETS


def tone(hz, seconds=2.0, amplitude=0.1):
    wave = amplitude * np.sin(2 * np.pi * hz / RATE * np.arange(round(seconds * RATE)))
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def test_rank_correlation_knows_order_ties_and_nothing():
    assert voice_hearing.spearman(np.arange(5), np.array([1, 10, 11, 100, 1e9])) == pytest.approx(1.0)
    assert voice_hearing.spearman(np.arange(5), -np.arange(5)) == pytest.approx(-1.0)
    assert voice_hearing.spearman(np.arange(4), np.array([1, 1, 2, 2])) == pytest.approx(0.894, abs=1e-3)
    assert voice_hearing.spearman(np.arange(4), np.ones(4)) == 0.0


@pytest.mark.parametrize("degrees,least,most", [
    ((0, 2, 4, 6, 7, 9, 11), 0.9, 1.0), ((0, 2, 4, 5, 7, 9, 11), 0.4, 0.8),
    ((0, 2, 3, 5, 7, 8, 10), -0.8, -0.4), ((0, 1, 3, 5, 7, 8, 10), -1.0, -0.9),
])  # fmt: skip
def test_modes_are_told_by_their_degrees(degrees, least, most):
    scale = sum(tone(440.0 * 2.0 ** ((60 + degree - 69) / 12)) for degree in degrees)
    assert least <= voice_hearing.measure(scale, 0.5)["mode"] <= most


def test_pitch_centroid_and_loudness_of_a_tone_are_its_own():
    low, high = (voice_hearing.measure(tone(hz), 0.5) for hz in (300.0, 1000.0))
    assert low["pitch"] == pytest.approx(300, abs=6)
    assert high["pitch"] == pytest.approx(1000, abs=6)
    assert high["centroid"] > low["centroid"]
    assert high["loudness"] == pytest.approx(-20.0, abs=0.2)


def test_clicks_are_counted_and_notes_are_not():
    rng = np.random.default_rng(1)
    sound = tone(1000.0, 1.0, 0.5)
    hats = rng.normal(0.0, 0.05, sound.shape) * np.exp(-np.arange(RATE) % 12000 / 2000.0)[:, None]
    assert voice_hour.clicks(sound) == 0
    assert voice_hour.clicks(sound + hats.astype(np.float32)) == 0
    broken = sound.copy()
    broken[20000:, 0] += 0.1
    broken[40000, 1] -= 0.2
    assert voice_hour.clicks(broken) == 2


def test_the_watch_measures_level_peaks_nan_and_steps():
    watch = voice_hour.Watch()
    watch.hear(tone(997.0, 1.0), np.zeros(0, np.int64))
    watch.hear(tone(997.0, 1.0, 0.05), np.zeros(0, np.int64))
    assert watch.loudness(1.0) == pytest.approx([-20.0, -26.0], abs=0.1)
    assert watch.peak == pytest.approx(0.1, abs=1e-4)
    assert watch.true_peak >= watch.peak - 1e-4
    assert watch.step == pytest.approx(0.1 * 2 * np.pi * 997 / RATE, rel=0.01)
    assert watch.not_finite == 0
    broken = tone(997.0, 1.0)
    broken[5, 0] = np.nan
    watch.hear(broken, np.array([5]))
    assert watch.not_finite == 1
    assert watch.step < 0.02, "what happens at a note's begin does not count"


def test_phases_from_magnitudes_come_nearer_than_random_ones():
    """Two seconds of a gliding voice: how far its spectrogram is from that of the sound made from its magnitudes."""
    t = np.arange(2 * RATE) / RATE
    voice = sum(np.sin(2 * np.pi * (300 * k * t + 40 * k * np.sin(8 * t))) / k for k in range(1, 9))
    window, count = 2048, 2 * RATE // 256
    spectra = voice_baselines._transform(voice, window, count)
    magnitude = np.abs(spectra)

    def away_db(phases):
        sound = voice_baselines._overlap_add(magnitude * np.exp(1j * phases), len(voice), window)
        again = np.abs(voice_baselines._transform(sound, window, count))[8:-16]
        return 20 * np.log10(np.linalg.norm(again - magnitude[8:-16]) / np.linalg.norm(magnitude[8:-16]))

    gauss = voice_baselines._GAUSS * window * window
    random_db = away_db(np.random.default_rng(0).uniform(0, 6.28, magnitude.shape))
    assert away_db(np.angle(spectra)) < -100
    assert away_db(voice_baselines._spsi_phases(magnitude, window // 8, window)) < random_db - 6
    for ahead in (False, True):
        phases = voice_baselines._pghi_phases(np.maximum(magnitude, 1e-10), window // 8, window, gauss, ahead)
        assert away_db(phases) < random_db - 9


def test_scan_is_the_most_faithful_of_all_on_a_small_picture():
    tables = list(voice_fidelity.measure([(64, 1.05)], ["erb"], ["coffee"], baseline_pictures=["coffee"]))
    ssim = {rows[0]["system"]: rows[0]["ssim"] for rows in tables}
    assert set(ssim) == {"scan", "scan, few", *voice_baselines.ROWWISE, *voice_baselines.WINDOWED}
    assert ssim["scan"] > 0.97
    assert ssim["scan"] > max(value for name, value in ssim.items() if not name.startswith("scan"))
    assert ssim["griffin-lim"] > ssim["noise"]


@pytest.mark.parametrize("name,signal", [
    ("brightness", "brightness"), ("saturation", "saturation"), ("warmth", "warmth"), ("contrast", "contrast"),
    ("detail", "edges"), ("roughness", "roughness"), ("height", "centre_y"),
])  # fmt: skip
def test_a_set_varies_in_its_own_respect_and_in_brightness_only_if_that_is_it(name, signal):
    viewer, seen = Viewer(), VisualFeatures()
    values, light = [], []
    for x in np.linspace(0.0, 1.0, 5):
        viewer.reset()
        viewer.process(SETS[name](x, 1)(0.0), 0.0, seen)
        values.append(seen[signal])
        light.append(seen["brightness"])
    assert (np.diff(values) > 0).all()
    assert name == "brightness" or np.ptp(light) < 0.02


def test_a_blob_higher_up_sounds_higher_and_so_the_bar_is_met():
    rows = list(voice_correspondence.measure_relations(
        voice_correspondence.PLAIN_SCAN, voice_correspondence.SCAN_RELATIONS, 4.0, 5, 1, ["height"]))  # fmt: skip
    assert [row["heard"] for row in rows] == ["centroid", "pitch"]
    assert all(row["met"] and row["rho"] > 0.9 for row in rows)


def test_the_bar_is_missed_by_no_relation_and_by_the_wrong_way():
    assert voice_correspondence.rank(np.array([[1.0, 2.0, 3.0, 4.0]]), 1)["met"]
    assert not voice_correspondence.rank(np.array([[1.0, 2.0, 3.0, 4.0]]), -1)["met"]
    assert not voice_correspondence.rank(np.array([[1.0, 4.0, 2.0, 3.0]]), 1)["met"]


def test_the_same_film_gives_the_same_sound_again():
    player = Player(Preset("scan", ""))
    film = still(SETS["detail"](0.5, 1)(0.0))
    assert np.array_equal(player.play(film, 0.5), player.play(film, 0.5))


def test_a_minute_of_harmony_is_clean():
    figures, _ = voice_hour.measure(1.0)
    claims = voice_hour.verdicts(figures)
    assert figures["note_events"] > 20
    assert -35.0 < figures["lufs_all"] < -12.0
    # A minute is no long run: its level moves with the form.
    assert all(holds for claim, holds in claims.items() if claim != "no drift"), figures


def test_the_synthdef_says_what_it_is():
    data = voice_partials._synthdef(5, 2.0, 2)
    assert data[:4] == b"SCgf"
    at = 4 + 6 + 5
    (constants,) = struct.unpack_from(">i", data, at)
    at += 4 + 4 * constants + 8
    assert constants == 2 + 2 * 5 + 4 * 5
    assert struct.unpack_from(">i", data, at) == (5 * (1 + 2 * 2) + 1,)


@pytest.mark.skipif(shutil.which("scsynth") is None, reason="not installed: apt install supercollider-server")
def test_supercollider_plays_as_many_partials_as_it_was_told(tmp_path):
    subprocess.run(voice_partials._supercollider(tmp_path, 6, 1.0, 2), capture_output=True, check=True, timeout=60)
    sound, rate = soundfile.read(tmp_path / "bank.wav")
    assert rate == RATE
    assert sound.shape[1] == 2
    spectrum = np.abs(np.fft.rfft(sound[:RATE, 0] * np.blackman(RATE)))
    hz = np.random.default_rng(1).uniform(20.0, 20000.0, 6)
    assert all(spectrum[round(f) - 3 : round(f) + 4].max() > 50 * np.median(spectrum) for f in hz)


def test_a_missing_peer_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(voice_partials.shutil, "which", lambda name: None)
    monkeypatch.setattr(voice_partials, "_own", lambda name, seconds: 1000.0)
    figures = voice_partials.measure(0.1, ["csound, one channel"])
    assert np.isnan(figures["csound, one channel"])
    assert voice_partials.missing("csound, one channel").endswith("apt install csound")
