import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from pix2live.devices import soundwriter
from pix2live.devices.soundwriter import SoundWriter, write_sound
from pix2live.errors import FileError, UsageError


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("block", [64, 441, 1024])
def test_sound_comes_back_to_24_bits(tmp_path, name, block):
    sound = np.random.default_rng(0).uniform(-1, 1, (5000, 2)).astype(np.float32)
    writer = SoundWriter(tmp_path / name, 44100)
    for part in np.split(sound, range(block, len(sound), block)):
        writer.write(part)
    assert not (tmp_path / name).exists()
    assert writer.finish() == tmp_path / name
    heard, rate = soundfile.read(tmp_path / name)
    assert rate == 44100 and soundfile.info(tmp_path / name).subtype == "PCM_24"
    assert np.abs(heard - sound).max() <= 2**-23
    assert os.listdir(tmp_path) == [name]


def test_nan_is_silence_and_loud_is_clipped(tmp_path):
    sound = np.array([[np.nan, 3.0], [np.inf, -3.0]], np.float32)
    heard, _ = soundfile.read(write_sound(tmp_path / "a.wav", sound, 48000))
    assert heard == pytest.approx(np.array([[0, 1], [0, -1]]), abs=2**-22)
    assert np.isnan(sound[0, 0])


def test_abort_leaves_the_older_take(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"older")
    writer = SoundWriter(tmp_path / "a.wav", 48000)
    writer.write(np.zeros((10, 2), np.float32))
    writer.abort()
    assert os.listdir(tmp_path) == ["a.wav"] and (tmp_path / "a.wav").read_bytes() == b"older"
    with pytest.raises(ValueError, match="ended"):
        writer.write(np.zeros((10, 2), np.float32))


def test_a_wav_ends_at_its_limit_and_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(soundwriter, "_WAV_BYTES", 6000)
    writer = SoundWriter(tmp_path / "a.wav", 48000)
    writer.write(np.zeros((900, 2), np.float32))
    with pytest.raises(FileError, match=r"4 GB.*kept"):
        writer.write(np.zeros((900, 2), np.float32))
    assert soundfile.info(tmp_path / "a.wav").frames == 900


@pytest.mark.parametrize(("name", "rate", "channels", "kind", "says"), [
    ("a.mp3", 48000, 2, FileError, "end it in .wav"), ("none/a.wav", 48000, 2, FileError, "no folder"),
    ("a.wav", 0, 2, UsageError, "0 Hz"), ("a.wav", 48000, 0, UsageError, "0 channels"),
    ("a.wav", 48000, 9, UsageError, "9 channels"),
])
def test_what_cannot_be_written_gets_one_line(tmp_path, name, rate, channels, kind, says):
    with pytest.raises(kind, match=says):
        SoundWriter(tmp_path / name, rate, channels)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_disk_that_fills_up_is_said_and_free_again(tmp_path, name):
    mount = ["mount", "-t", "tmpfs", "-o", "size=34m", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        noise = np.random.default_rng(0).uniform(-1, 1, (1 << 20, 8)).astype(np.float32)
        writer = SoundWriter(tmp_path / name, 48000, 8)
        with pytest.raises(FileError, match="the disk is full; free some space"):
            for _ in range(3):
                writer.write(noise)
        assert os.listdir(tmp_path) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
