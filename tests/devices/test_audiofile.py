"""AudioFile: every format, the same stream at any read size and with prefetch, and one line for a bad file."""

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pix2live.devices.audiofile import AudioFile
from pix2live.errors import FileError

RATE = 48000


def tone(seconds: float, rate: int, channels: int = 2, hz: float = 997.0) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return np.stack([0.5 * np.sin(2 * np.pi * hz * (c + 1) * t) for c in range(channels)], axis=1).astype(np.float32)


def write(path: Path, sound: np.ndarray, rate: int, **options: str) -> Path:
    soundfile.write(path, sound, rate, **options)
    return path


def write_aac(path: Path, sound: np.ndarray, rate: int) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout="stereo")
        for start in range(0, len(sound), 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[start : start + 1024].T), "fltp", "stereo")
            frame.rate = rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_all(file: AudioFile, block: int, most: int = 10**7) -> np.ndarray:
    parts = []
    while sum(map(len, parts)) < most:
        out = np.full((block, file.channels), 9.0, np.float32)
        given = file.read(out)
        assert not out[given:].any()
        parts.append(out[:given])
        if given < block:
            break
    return np.concatenate(parts)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.m4a", "a.mp4", "a.aiff"])
@pytest.mark.parametrize("rate", [48000, 44100])
def test_every_format_gives_the_sound_that_went_in(tmp_path: Path, name: str, rate: int) -> None:
    sound = tone(1.0, rate, hz=1000.0)
    path = (write_aac if name[2:] in ("m4a", "mp4") else write)(tmp_path / name, sound, rate)
    file = AudioFile(path, RATE)
    heard = read_all(file, 512)
    assert file.ended and file.error is None
    assert file.channels == 2
    assert file.duration_s == pytest.approx(1.0, abs=0.06)
    assert len(heard) == pytest.approx(RATE, abs=0.06 * RATE)
    middle = heard[RATE // 4 : 3 * RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))[:, None], axis=0)) / len(middle) * 4
    assert spectrum.argmax(axis=0) * 2 == pytest.approx([1000, 2000], abs=2)
    assert spectrum.max(axis=0) == pytest.approx([0.5, 0.5], abs=0.03)
    file.close()


def test_a_wav_at_the_same_rate_is_exact(tmp_path: Path) -> None:
    sound = tone(0.3, RATE)
    path = write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    assert np.array_equal(read_all(AudioFile(path, RATE), 441), sound)


def test_resampled_tone_is_clean(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(1.0, 44100, 1), 44100, subtype="FLOAT")
    heard = read_all(AudioFile(path, RATE), 256)[2000:-2000, 0]
    t = (np.arange(len(heard)) + 2000) / RATE
    assert np.abs(heard - 0.5 * np.sin(2 * np.pi * 997 * t)).max() < 1e-4


@pytest.mark.parametrize("name", ["a.flac", "a.mp4"])
def test_same_stream_at_any_read_size_and_with_prefetch(tmp_path: Path, name: str) -> None:
    sound = tone(0.7, 44100) + np.random.default_rng(1).normal(0, 0.05, (30870, 2)).astype(np.float32)
    path = write_aac(tmp_path / name, sound, 44100) if name == "a.mp4" else write(tmp_path / name, sound, 44100)
    first = read_all(AudioFile(path, RATE), 64)
    for block in (128, 256, 441, 1024, 50000):
        assert np.array_equal(read_all(AudioFile(path, RATE), block), first)
    for block in (64, 441, 1024):
        live = AudioFile(path, RATE)
        live.start_prefetch()
        assert np.array_equal(read_all(live, block), first)
        assert live.ended and live.underruns == 0
        live.close()


def test_prefetch_streams_files_longer_than_its_ring(tmp_path: Path) -> None:
    sound = np.random.default_rng(2).uniform(-0.5, 0.5, (9 * 8000, 1)).astype(np.float32)
    live = AudioFile(write(tmp_path / "a.wav", sound, 8000, subtype="FLOAT"), 8000)
    live.start_prefetch()
    parts, out = [], np.empty((400, 1), np.float32)
    while not live.ended:
        parts.append(out[: live.read(out)].copy())
        time.sleep(0.001)
    assert np.array_equal(np.concatenate(parts), sound)
    live.close()


@pytest.mark.parametrize("prefetch", [False, True])
def test_a_loop_joins_end_and_start_without_a_gap(tmp_path: Path, prefetch: bool) -> None:
    sound = tone(0.25, RATE, 1, hz=1000.0)
    path = write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    file = AudioFile(path, RATE, loop=True)
    if prefetch:
        file.start_prefetch()
    assert np.array_equal(read_all(file, 500, most=4 * len(sound)), np.tile(sound, (4, 1)))
    assert not file.ended
    file.close()


def test_a_loop_is_seamless_through_the_resampler(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(0.5, 44100, 1, hz=1000.0), 44100, subtype="FLOAT")
    heard = read_all(AudioFile(path, RATE, loop=True), 1000, most=3 * RATE)[2000:, 0]
    t = (np.arange(len(heard)) + 2000) / RATE
    assert np.abs(heard - 0.5 * np.sin(2 * np.pi * 1000 * t)).max() < 1e-4


def test_nan_and_inf_become_zero(tmp_path: Path) -> None:
    sound = tone(0.1, RATE)
    sound[100], sound[200], sound[300] = np.nan, np.inf, -np.inf
    heard = read_all(AudioFile(write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT"), RATE), 256)
    sound[[100, 200, 300]] = 0.0
    assert np.array_equal(heard, sound)


@pytest.mark.parametrize(("have", "want"), [(1, 2), (2, 1), (6, 2), (8, 2), (3, None), (2, 4)])
def test_channels_are_mixed_without_clipping(tmp_path: Path, have: int, want: int | None) -> None:
    sound = np.ones((4800, have), np.float32) * 0.9
    file = AudioFile(write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT"), RATE, channels=want)
    heard = read_all(file, 256)
    assert heard.shape == (4800, want or have) and file.channels == (want or have)
    assert heard.max() == pytest.approx(0.9, abs=1e-3)
    assert heard[:, 0].min() > 0.5


def test_centre_and_surround_are_heard_in_stereo(tmp_path: Path) -> None:
    for channel in (2, 4, 5):
        sound = np.zeros((4800, 6), np.float32)
        sound[:, channel] = 0.5
        path = write(tmp_path / f"{channel}.wav", sound, RATE, subtype="FLOAT")
        assert read_all(AudioFile(path, RATE, channels=2), 256).max() > 0.1


def bad_files(folder: Path) -> dict[str, Path]:
    sound = tone(1.0, RATE)
    whole = {name: write(folder / name, sound, RATE).read_bytes() for name in ("w.wav", "w.flac", "w.mp3")}
    whole["w.mp4"] = write_aac(folder / "w.mp4", sound, RATE).read_bytes()
    files = {
        "text": b"This is no sound.\n" * 500,
        "empty": b"",
        "half.wav": whole["w.wav"][: len(whole["w.wav"]) // 2],
        "half.flac": whole["w.flac"][: len(whole["w.flac"]) // 2],
        "half.mp4": whole["w.mp4"][: len(whole["w.mp4"]) // 2],
        "head.wav": whole["w.wav"][:30],
        "head.mp3": whole["w.mp3"][:40],
        "noise.wav": np.random.default_rng(3).bytes(5000),
        "noise.mp3": np.random.default_rng(4).bytes(5000),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    write(folder / "none.wav", sound[:0], RATE)
    return {name: folder / name for name in (*files, "none.wav")} | {"missing": folder / "missing", "folder": folder}


def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path) -> None:
    for name, path in bad_files(tmp_path).items():
        with pytest.raises(FileError) as caught:
            AudioFile(path, RATE)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value), name


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(FileError, match=r"a\.png"):
        AudioFile(tmp_path / "a.png", RATE)


def test_damage_in_the_middle_raises_offline_and_ends_live(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.random.default_rng(5).uniform(-0.5, 0.5, (4 * RATE, 1)), RATE)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 60000] = bytes(60000)
    path.write_bytes(data)
    offline, live = AudioFile(path, RATE), AudioFile(path, RATE)
    out = np.empty((4096, 1), np.float32)
    try:
        while not offline.ended:
            offline.read(out)
    except FileError as error:
        assert str(path) in str(error)
    live.start_prefetch()
    deadline = time.monotonic() + 10.0
    while not live.ended:
        live.read(out)
        time.sleep(0.002)
        assert time.monotonic() < deadline
    assert (live.error is None) == (offline.error is None)
    live.close()
