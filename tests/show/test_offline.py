"""Files in, files out: what the offline commands write is right."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from pix2live.cli import main
from pix2live.resources import listing
from pix2live.signals.table import AUDIO, RESERVED


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clicks a second from 0.5 s on, over a soft tone."""
    path = tmp_path_factory.mktemp("clicks") / "clicks.wav"
    sound = 0.01 * np.sin(np.arange(4 * 48000) * 2 * np.pi * 220 / 48000)
    for n in range(24000, len(sound) - 200, 12000):
        sound[n:n + 200] += 0.7 * np.random.default_rng(n).standard_normal(200) * np.exp(-np.arange(200) / 40)
    soundfile.write(path, np.clip(sound, -1, 1), 48000)
    return path


def test_analyze_writes_every_measured_signal_for_every_hop(clicks: Path, tmp_path: Path) -> None:
    assert main(["analyze", str(clicks), "-o", str(tmp_path / "a.npz"), "--plot", str(tmp_path / "a.png")]) == 0
    data = np.load(tmp_path / "a.npz")
    hops = len(data["time_s"])
    assert hops == 4 * 48000 // 256
    assert np.allclose(np.diff(data["time_s"]), 256 / 48000)
    for name in set(AUDIO) - RESERVED:
        assert data[name].shape == (hops,) and np.isfinite(data[name]).all(), name
    assert not set(data.files) & RESERVED
    assert data["audio.spectrum"].shape == (hops, 512)
    truth = np.arange(0.5, 4.0 - 0.01, 0.25)
    late = data["onset_s"] > 0.1  # the tone's own beginning is an onset too
    onset_s, known_s = data["onset_s"][late], data["onset_known_s"][late]
    assert len(onset_s) == len(truth) and np.abs(onset_s - truth).max() < 0.02
    assert (known_s >= truth).all() and (known_s - truth).max() < 0.03
    assert Image.open(tmp_path / "a.png").size[0] > 1000


def test_csv_and_json_hold_the_same_numbers(clicks: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "a.json"):
        assert main(["analyze", str(clicks), "-o", str(tmp_path / name)]) == 0
    data = json.loads((tmp_path / "a.json").read_text())
    header, *rows = (tmp_path / "a.csv").read_text().splitlines()
    columns = header.split(",")
    assert len(rows) == len(data["time_s"])
    place = columns.index("audio.rms_db")
    assert [float(row.split(",")[place]) for row in rows[:50]] == pytest.approx(data["audio.rms_db"][:50], rel=1e-4)


def test_sonify_puts_a_bright_row_at_its_frequency_and_moment(tmp_path: Path) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[16, 16:48] = 255  # a quarter from the top, in the middle half of the time
    Image.fromarray(picture).save(tmp_path / "line.png")
    assert main(["sonify", str(tmp_path / "line.png"), "-o", str(tmp_path / "line.wav"), "--seconds", "4",
                 "--rows", "linear", "--row-count", "64", "--low-hz", "200", "--high-hz", "4200"]) == 0
    sound, rate = soundfile.read(tmp_path / "line.wav")
    assert len(sound) == 4 * rate
    middle = sound[int(1.7 * rate):int(2.3 * rate)].mean(axis=1)
    peak_hz = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * rate / len(middle)
    assert peak_hz == pytest.approx(4200 - 16 * 4000 / 63, rel=0.01)
    level = [np.sqrt((sound[int(a * rate):int(b * rate)] ** 2).mean()) for a, b in ((0.3, 0.8), (1.7, 2.3), (3.3, 3.8))]
    assert level[1] > 0.01 and level[1] > 30 * max(level[0], level[2])


def test_another_seed_gives_another_sound_and_the_same_seed_the_same(tmp_path: Path) -> None:
    Image.fromarray(np.full((32, 32, 3), 180, np.uint8)).save(tmp_path / "grey.png")
    sounds = []
    for n, seed in enumerate((1, 1, 2)):
        assert main(["sonify", str(tmp_path / "grey.png"), "-o", str(tmp_path / f"{n}.wav"), "--seconds", "1",
                     "--seed", str(seed)]) == 0
        sounds.append(soundfile.read(tmp_path / f"{n}.wav")[0])
    assert np.array_equal(sounds[0], sounds[1]) and not np.array_equal(sounds[0], sounds[2])


def test_a_film_as_long_as_its_sound_with_sound_and_picture_in_step(clicks: Path, tmp_path: Path) -> None:
    assert main(["render", str(clicks), "-o", str(tmp_path / "film.mp4"), "--preset", "silk_strings",
                 "--size", "160x90", "--fps", "20"]) == 0
    with av.open(str(tmp_path / "film.mp4")) as film:
        pictures = sum(1 for _ in film.decode(video=0))
    with av.open(str(tmp_path / "film.mp4")) as film:
        sound = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1).mean(axis=0)
    assert pictures == 80
    # The first click is where it was: the limiter's look-ahead is taken out again.
    first = np.flatnonzero(np.abs(sound) > 0.2)[0] / 48000
    assert first == pytest.approx(0.5, abs=0.004)


def test_without_a_camera_the_sound_of_a_film_is_the_song_alone(clicks: Path, tmp_path: Path) -> None:
    assert main(["render", str(clicks), "-o", str(tmp_path / "f.mp4"), "--size", "64x64", "--fps", "5",
                 "--seconds", "2"]) == 0
    with av.open(str(tmp_path / "f.mp4")) as film:
        sound = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1)
    song, _ = soundfile.read(clicks)
    quiet = slice(4800, 20000)  # before the first click there is only the soft tone
    assert np.sqrt((sound[0, quiet] ** 2).mean()) == pytest.approx(np.sqrt((song[quiet] ** 2).mean()), rel=0.1)


def test_presets_lists_every_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(listing("presets"))


def test_devices_and_doctor_say_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    said = capsys.readouterr().out
    assert all(f"{what} (" in said or f"{what}:" in said for what in ("Sound in", "Cameras", "MIDI in", "MIDI out"))
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9 and not [line for line in lines if line.startswith("broken")]
