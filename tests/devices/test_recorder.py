import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from pix2live.atomic import rescue_takes
from pix2live.devices.recorder import Recorder
from pix2live.errors import FileError, Pix2liveError, UsageError

from .media import number_of, numbered

RATE = 48000


def film(path, frames, sound=None, fps=30.0, block=800, **options):
    frames = list(frames)
    recorder = Recorder(path, (frames[0].shape[1], frames[0].shape[0]), fps, RATE, speed="ultrafast", **options)
    blocks = iter(np.split(sound, range(block, len(sound), block))) if sound is not None else iter(())
    for frame in frames:
        recorder.picture(frame)
        part = next(blocks, None)
        if part is not None:
            recorder.sound(part)
    for part in blocks:
        recorder.sound(part)
    return recorder.finish()


def pictures_of(path):
    """(seconds, RGB) of each frame, as a player shows them."""
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def sound_of(path):
    """(start in seconds, samples (n, channels)) as a player plays them: the edit list taken into account."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts, start = [], None
        for frame in container.decode(stream):
            block = frame.to_ndarray().T
            begin = round(frame.time * RATE)
            if begin < 0:
                block = block[-begin:]
                begin = 0
            if start is None and len(block):
                start = begin / RATE
            parts.append(block)
    return start, np.concatenate(parts)


def test_each_picture_comes_back_at_its_time(tmp_path):
    path = film(tmp_path / "a.mp4", map(numbered, range(1, 61)))
    seen = pictures_of(path)
    assert [number_of(frame) for _, frame in seen] == list(range(1, 61))
    assert [time for time, _ in seen] == pytest.approx([i / 30 for i in range(60)], abs=1e-4)


@pytest.mark.parametrize("fps", [23.976, 25.0, 29.97, 60.0])
def test_the_frame_rate_is_exact(tmp_path, fps):
    path = film(tmp_path / "a.mp4", map(numbered, range(30)), fps=fps)
    exact = {23.976: 24000 / 1001, 29.97: 30000 / 1001}.get(fps, fps)
    assert pictures_of(path)[-1][0] == pytest.approx(29 / exact, abs=1e-4)


@pytest.mark.parametrize("block", [441, 800, 1024, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_click_is_heard_when_its_flash_is_seen(tmp_path, channels, block):
    """A white frame and a click at each of 0.5, 1.0 and 1.5 s."""
    sound = np.zeros((2 * RATE, channels), np.float32)
    frames = [np.zeros((96, 160, 3), np.uint8) for _ in range(60)]
    for at in (0.5, 1.0, 1.5):
        sound[int(at * RATE) : int(at * RATE) + 48] = 0.9
        frames[round(at * 30)][:] = 255
    path = film(tmp_path / "a.mp4", frames, sound, block=block, channels=channels)
    flashes = [time for time, frame in pictures_of(path) if frame.mean() > 127]
    start, heard = sound_of(path)
    assert start == 0.0 and heard.shape[1] == channels
    loud = np.flatnonzero(np.abs(heard[:, 0]) > 0.4) / RATE
    clicks = [loud[np.abs(loud - at) < 0.2].min() for at in (0.5, 1.0, 1.5)]
    assert flashes == pytest.approx([0.5, 1.0, 1.5], abs=1e-3)
    assert clicks == pytest.approx(flashes, abs=1e-3)


def test_sound_comes_back_whole(tmp_path):
    time_s = np.arange(3 * RATE // 2) / RATE
    sound = np.stack([np.sin(2 * np.pi * 440 * time_s), np.sin(2 * np.pi * 660 * time_s)], axis=1) * 0.5
    path = film(tmp_path / "a.mp4", map(numbered, range(45)), sound.astype(np.float32))
    _, heard = sound_of(path)
    assert 0 <= len(heard) - len(sound) < 2048
    error = heard[: len(sound)] - sound
    assert 20 * np.log10(np.sqrt(np.mean(error[4800:-4800] ** 2)) / 0.354) < -30


def test_colours_come_back_and_are_tagged(tmp_path):
    colours = np.array([(255, 255, 255), (0, 0, 0), (200, 30, 30), (30, 180, 60), (40, 60, 220), (250, 200, 40)],
                       np.uint8)
    frame = np.repeat(np.repeat(colours[None], 64, 0), 32, 1)
    path = film(tmp_path / "a.mp4", [frame] * 5)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
        seen = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(seen[32, 16::32].astype(int) - colours).max() <= 4


def test_the_same_film_twice_is_the_same_bytes(tmp_path):
    rng = np.random.default_rng(0)
    frames = [np.roll(rng.integers(0, 255, (96, 160, 3), np.uint8), i, 1) for i in range(40)]
    sound = rng.uniform(-0.5, 0.5, (RATE, 2)).astype(np.float32)
    a, b = (film(tmp_path / name, frames, sound).read_bytes() for name in ("a.mp4", "b.mp4"))
    assert a == b


def test_odd_sizes_lose_one_row_and_column(tmp_path):
    path = film(tmp_path / "a.mp4", [numbered(3, 161, 97)] * 3)
    assert pictures_of(path)[0][1].shape == (96, 160, 3)


def test_a_picture_of_another_size_is_fitted(tmp_path):
    path = film(tmp_path / "a.mp4", [numbered(3), numbered(3, 320, 192), numbered(3, 80, 48)])
    assert [number_of(frame) for _, frame in pictures_of(path)] == [3, 3, 3]


def test_a_film_without_sound_and_one_with_silence_both_end(tmp_path):
    film(tmp_path / "a.mp4", [numbered(1)] * 3, channels=0)
    film(tmp_path / "b.mp4", [numbered(1)] * 3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert not container.streams.audio


def test_sound_that_is_no_number_or_too_loud_does_no_harm(tmp_path):
    sound = np.full((RATE // 10, 2), np.nan, np.float32)
    sound[::3] = np.inf
    sound[1::3] = 7.0
    before = sound.copy()
    path = film(tmp_path / "a.mp4", [numbered(1)] * 3, sound)
    assert np.isfinite(sound_of(path)[1]).all()
    assert np.array_equal(sound, before, equal_nan=True)


def test_nothing_is_seen_at_its_place_until_it_is_finished(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"an older take")
    recorder = Recorder(path, (160, 96), 30.0, RATE)
    recorder.picture(numbered(1))
    assert path.read_bytes() == b"an older take"
    recorder.abort()
    recorder.abort()
    assert os.listdir(tmp_path) == ["a.mp4"] and path.read_bytes() == b"an older take"
    film(path, [numbered(1)] * 3)
    assert os.listdir(tmp_path) == ["a.mp4"] and path.stat().st_size > 500


@pytest.mark.parametrize(("name", "size", "fps", "rate", "kind", "says"), [
    ("a.mp4", (0, 0), 30.0, RATE, UsageError, "0x0"), ("a.mp4", (160, -2), 30.0, RATE, UsageError, "160x-2"),
    ("a.mp4", (160, 96), 0.0, RATE, UsageError, "frames a second"),
    ("a.mp4", (160, 96), float("nan"), RATE, UsageError, "frames a second"),
    ("a.mp4", (160, 96), 30.0, 12345, UsageError, "12345 Hz"),
    ("a.xyz", (160, 96), 30.0, RATE, FileError, "end it in .mp4"),
    ("none/a.mp4", (160, 96), 30.0, RATE, FileError, "there is no folder"),
    ("folder.mp4", (160, 96), 30.0, RATE, FileError, "is a folder"),
])
def test_what_cannot_be_recorded_is_said_before_the_work(tmp_path, name, size, fps, rate, kind, says, capfd):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(kind) as caught:
        Recorder(tmp_path / name, size, fps, rate)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["folder.mp4"]
    assert capfd.readouterr() == ("", "")


def test_a_place_that_cannot_be_written_is_said_before_the_work():
    with pytest.raises(FileError, match=r"/proc/a\.mp4"):
        Recorder("/proc/a.mp4", (160, 96), 30.0, RATE)


def test_an_ended_take_says_so(tmp_path):
    recorder = Recorder(tmp_path / "a.mp4", (160, 96), 30.0, RATE)
    recorder.abort()
    with pytest.raises(ValueError, match="ended"):
        recorder.picture(numbered(1))
    with pytest.raises(ValueError, match="ended"):
        recorder.finish()
    empty = Recorder(tmp_path / "b.mp4", (160, 96), 30.0, RATE)
    with pytest.raises(Pix2liveError, match="without a picture"):
        empty.finish()
    assert os.listdir(tmp_path) == []


DIES = """
import os, sys
import numpy as np
from pix2live.devices.recorder import Recorder
sys.path.insert(0, sys.argv[2])
from devices.media import numbered
take = Recorder(sys.argv[1], (160, 96), 30.0, 48000, speed="ultrafast")
for i in range(400):
    take.picture(numbered(i))
    take.sound(np.zeros((1600, 2), np.float32))
os.kill(os.getpid(), 9)
"""


def test_a_take_whose_process_is_killed_can_be_rescued(tmp_path):
    ended = subprocess.run([sys.executable, "-c", DIES, str(tmp_path / "a.mp4"), str(Path(__file__).parents[1])],
                           capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -9, ended.stderr
    assert not (tmp_path / "a.mp4").exists()
    running = Recorder(tmp_path / "b.mp4", (160, 96), 30.0, RATE)
    (tmp_path / "a rescued.mp4").write_bytes(b"an earlier one")
    assert rescue_takes(tmp_path) == [tmp_path / "a rescued 2.mp4"]
    seen = [number_of(frame) for _, frame in pictures_of(tmp_path / "a rescued 2.mp4")]
    # Fragments of two seconds, and what the encoder and the muxer still held.
    assert seen == list(range(len(seen))) and len(seen) >= 400 - 3 * 60
    assert rescue_takes(tmp_path) == []
    running.abort()


FULL = """
import resource, signal, sys
import numpy as np
from pix2live.errors import FileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
noise = np.random.default_rng(0)
try:
    if sys.argv[2] == "film":
        from pix2live.devices.recorder import Recorder
        take = Recorder(sys.argv[1], (640, 480), 30.0, 48000, speed="ultrafast")
        for _ in range(12):
            take.picture(noise.integers(0, 255, (480, 640, 3), np.uint8))
    else:
        from pix2live.devices.soundwriter import SoundWriter
        take = SoundWriter(sys.argv[1], 48000)
        for _ in range(12):
            take.write(noise.uniform(-1, 1, (48000, 2)).astype(np.float32))
    take.finish()
except FileError as error:
    print(error)
    raise SystemExit(1)
"""


@pytest.mark.parametrize(("kind", "name"), [("film", "a.mp4"), ("sound", "a.wav"), ("sound", "a.flac")])
def test_a_disk_that_fills_up_gets_one_line_and_leaves_nothing(tmp_path, kind, name):
    """A limit on the file's size stands for the full disk: every write beyond it fails."""
    ended = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / name), kind], capture_output=True, text=True,
                           timeout=60, check=False)
    assert ended.returncode == 1, ended.stderr
    assert name in ended.stdout and ended.stdout.count("\n") == 1 and ended.stderr == ""
    assert os.listdir(tmp_path) == []
