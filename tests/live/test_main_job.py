"""The main job on real input: music moves the picture in a window, and at the same time a film drives the synth."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from pix2live.patch.preset import Preset, load_preset, save_preset
from pix2live.resources import listing
from pix2live.synth.scan import score_from_picture
from tools import eval_scan
from tools.rig import Rig
from tools.running import Running
from tools.screen import Screen

MUSIC = Path("/usr/share/games/singularity/music/Coherence.ogg")
ROWS, COLUMNS, SWEEP_S = 64, 64, 2.0
LOUD_S, SILENT_S = 12.0, 4.0
SIZE = (480, 270)
TAKES = 3


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, int]:
    """A real recording: a lively passage, then silence."""
    sound, rate = soundfile.read(MUSIC, dtype="float32", always_2d=True)
    loudness = uniform_filter1d((sound**2).mean(axis=1), rate)
    start = int(np.argmax(loudness[:-int(14 * rate)]))
    passage = np.concatenate([sound[start:start + int(LOUD_S * rate)], np.zeros((int(SILENT_S * rate), 2), np.float32)])
    path = tmp_path_factory.mktemp("music") / "music.wav"
    soundfile.write(path, passage * (0.7 / np.abs(passage).max()), rate)
    return path, passage, rate


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A film of a photo with a light that wanders over one corner: a camera's picture, not a still."""
    from skimage import data

    photo = cv2.resize(cv2.cvtColor(data.camera(), cv2.COLOR_GRAY2RGB), (320, 240), interpolation=cv2.INTER_AREA)
    path = tmp_path_factory.mktemp("film") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), 25.0, (320, 240))
    for _ in range(100):
        writer.write(photo[:, :, ::-1])
    writer.release()
    return path, photo


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ember Sea, with the scan instrument set to play the picture and nothing else."""
    base = load_preset(listing("presets")["ember_sea"])
    faithful = dict(zip((spec.id for spec in eval_scan.Instrument.SPECS),
                        eval_scan.faithful_params(SWEEP_S, "linear").tolist(), strict=True))
    params = {**base.params, **faithful, "synth.scan.row_count": float(ROWS), "synth.scan.hue_pan": 0.0}
    path = tmp_path_factory.mktemp("preset") / "faithful.toml"
    save_preset(Preset(**{**base.__dict__, "params": params}), path)
    return path


@pytest.mark.live
def test_music_moves_the_window_while_a_film_plays_the_synth(
        full_rig: Rig, music: tuple, film: tuple, preset: Path, tmp_path: Path) -> None:
    wav, passage, rate = music
    path, photo = film
    takes: list[tuple[float, ...]] = []
    # Other work on a shared machine tears holes into a take; the instrument is judged by one without them.
    for _ in range(TAKES):
        with Running("--audio-in", "mic", "--audio-out", "sink", "--camera", str(path), "--preset", str(preset),
                     "--size", f"{SIZE[0]}x{SIZE[1]}", "--fps", "30", env=full_rig.env) as show:
            recording = full_rig.start_recording()
            playing = full_rig.play(wav)
            with Screen(full_rig.env["DISPLAY"], SIZE) as screen:
                stamps, frames = screen.film(LOUD_S + SILENT_S)
            playing.wait(30)
            full_rig.screenshot(tmp_path / "silent.png")
            sound = recording.save(tmp_path / "heard.wav")
            assert show.process.poll() is None, show.said()
        takes.append((follow(stamps, frames, passage, rate), *movement(stamps, frames), seen_in_sound(sound, photo)))
        correlation, loud, silent, likeness = takes[-1]
        print(f"\npicture follows onsets: r = {correlation:.2f}; movement loud / silent = {loud / silent:.1f}; "
              f"{len(frames) / (LOUD_S + SILENT_S):.0f} pictures a second; sound against film: SSIM {likeness:.3f}")
        middle = frames[len(frames) // 3].astype(np.float64)
        # Screenshots of loud and silent passages differ by more than the slow breathing of silence.
        assert np.abs(middle - frames[-1]).mean() > 4.0
        if loud > 1.5 * silent and correlation > 0.25 and likeness > 0.8:
            return
    raise AssertionError(f"in none of {TAKES} takes did picture and sound follow: {takes}")


def follow(stamps: np.ndarray, frames: np.ndarray, passage: np.ndarray, rate: int) -> float:
    """Best correlation, over the music's unknown start, of frame-to-frame change with its spectral flux."""
    import librosa

    mono = passage.mean(axis=1)
    flux = librosa.onset.onset_strength(y=mono, sr=rate, hop_length=512)
    flux_s = np.arange(len(flux)) * 512 / rate
    change = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2, 3)) / np.diff(stamps)
    grid = np.arange(0.5, LOUD_S - 1.5, 0.02)
    change_s = stamps[1:] - stamps[0]
    best = -1.0
    for start in np.arange(-0.5, 1.5, 0.02):
        moved = gaussian_filter1d(np.interp(grid + start, change_s, change), 4)
        heard = gaussian_filter1d(np.interp(grid, flux_s, flux), 4)
        # What matters is the movement at onsets, not the slow swell of the piece.
        moved, heard = moved - uniform_filter1d(moved, 150), heard - uniform_filter1d(heard, 150)
        best = max(best, float(np.corrcoef(moved, heard)[0, 1]))
    return best


def movement(stamps: np.ndarray, frames: np.ndarray) -> tuple[float, float]:
    """Mean change a second of the loud passage and of the last two seconds of silence."""
    change = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2, 3)) / np.diff(stamps)
    time = stamps[1:] - stamps[0]
    return float(change[(time > 1) & (time < LOUD_S - 1)].mean()), float(change[time > LOUD_S + SILENT_S - 2].mean())


def seen_in_sound(path: Path, photo: np.ndarray) -> float:
    """SSIM of the film's picture with the re-analysed recording; the moment at which a sweep begins is searched for."""
    truth = score_from_picture(photo, ROWS, COLUMNS, hue_pan=0.0)[:, :, 0].T.astype(np.float64)
    sound, rate = soundfile.read(path)
    assert np.abs(sound).max() > 0.01, "silent"
    row_hz = np.linspace(eval_scan.HIGH_HZ, eval_scan.LOW_HZ, ROWS)
    frames = round(3 * SWEEP_S * rate)
    begin = len(sound) // 2 - frames // 2
    best = -1.0
    for part in range(4):  # a quarter of a column is near enough; whole columns are found by turning the picture
        offset = begin + round(part / 4 * SWEEP_S * rate / COLUMNS)
        heard = eval_scan.analyse(sound[offset:offset + frames].mean(axis=1), row_hz, COLUMNS)
        shifts = [np.corrcoef(np.roll(heard, k, axis=1).ravel(), truth.ravel())[0, 1] for k in range(COLUMNS)]
        turned = np.roll(heard, int(np.argmax(shifts)), axis=1)
        best = max(best, eval_scan.likeness(truth, eval_scan.brightness(turned, truth))["ssim"])
    return best
