"""Every kind of picture is right, every broken one is one clear line, and the largest cost neither memory nor time."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pix2live.devices.animation import Animation
from pix2live.devices.camera import open_camera
from pix2live.errors import FileError
from tests.devices.odd_pictures import shown, write_bad, write_good

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pytest undoes that Pillow's are kept quiet


def test_every_kind_of_picture_shows_its_colours(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = {}
    for name, (tolerance, colours) in write_good(tmp_path).items():
        camera = open_camera(tmp_path / name)
        frame, _ = camera.frame_at(0.0)
        if np.abs(np.array(shown(frame)) - colours).max() > tolerance or not frame.flags.c_contiguous:
            wrong[name] = shown(frame)
        camera.close()
    assert wrong == {}
    assert capfd.readouterr().err == ""


def test_every_broken_picture_gets_one_line_that_names_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    names = write_bad(tmp_path)
    assert len(names) > 25
    for name in names:
        with pytest.raises(FileError) as raised:
            open_camera(tmp_path / name)
        line = str(raised.value)
        assert name in line and "\n" not in line and ";" in line, line
    assert capfd.readouterr().err == ""


def test_each_fault_is_called_by_its_name(tmp_path: Path) -> None:
    write_bad(tmp_path)
    for name, says in (("cut.png", "is damaged"), ("header.jpg", "is damaged"), ("empty.png", "is empty"),
                       ("text.png", "is not a picture that can be read"), ("drawing.svg", "is a drawing (SVG)"),
                       ("drawing.png", "is a drawing (SVG)"), ("list.mp4", "is a list of films"),
                       ("folder.jpg", "holds no pictures")):
        with pytest.raises(FileError) as raised:
            open_camera(tmp_path / name)
        assert says in str(raised.value)


def test_damaged_files_never_raise_anything_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(5)
    names = sorted(write_good(tmp_path))
    for turn in range(200):
        source = tmp_path / names[turn % len(names)]
        data = bytearray(source.read_bytes())
        if turn % 3 == 0:
            data = data[: rng.integers(1, len(data))]
        for place in rng.integers(0, len(data) if turn % 2 else min(len(data), 200), 6):
            data[place] = rng.integers(256)
        path = tmp_path / f"broken{source.suffix}"
        path.write_bytes(bytes(data))
        try:
            camera = open_camera(path)
        except FileError as error:
            assert "\n" not in str(error)
            continue
        frame, _ = camera.frame_at(0.7)
        assert frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3 and frame.size
        camera.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["moving.gif", "moving.png", "moving.webp", "moving.avif"])
def test_a_moving_picture_plays_as_a_film_in_a_loop(tmp_path: Path, name: str) -> None:
    write_good(tmp_path)
    film = open_camera(tmp_path / name)
    assert film.rate_hz == pytest.approx(2.0)
    for _ in range(2):  # also backwards
        for time_s, value in ((0.0, 250), (0.49, 250), (0.5, 120), (1.2, 0), (1.5, 250), (-0.1, 0), (7.0, 0), (6, 250)):
            frame, _ = film.frame_at(time_s)
            assert abs(int(frame[12, 16, 0]) - value) <= 4, time_s
    film.close()


def test_frames_of_an_animation_that_are_not_kept_are_decoded_again(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pix2live.devices import animation

    frames = [Image.new("RGBA", (8, 8), (0, 0, 0, 0)) for _ in range(4)]
    for n, frame in enumerate(frames):
        frame.paste((40 * n + 40, 0, 0, 255), (2 * n, 0, 2 * n + 2, 8))
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], duration=[100, 200, 300, 0],
                   lossless=True)
    times = np.random.default_rng(2).uniform(-3.0, 3.0, 40)
    kept = Animation(tmp_path / "a.webp")
    monkeypatch.setattr(animation, "_KEPT_BYTES", 0)
    again = Animation(tmp_path / "a.webp")
    assert kept.duration_s == again.duration_s == pytest.approx(0.7)  # no time at all means a tenth
    for time_s in times:
        one, other = kept.frame_at(time_s), again.frame_at(time_s)
        number = int(np.searchsorted([0.1, 0.3, 0.6], time_s % 0.7, side="right"))
        assert np.array_equal(one[0], other[0]) and one[1] == other[1]
        assert one[0][4, 2 * number, 0] == 40 * number + 40 and one[0][4, (2 * number + 4) % 8, 0] == 0
    assert kept.frame_at(0.0)[0] is kept.frame_at(0.05)[0]


def test_one_pixel_and_a_very_wide_picture_are_pictures(tmp_path: Path) -> None:
    for name in ("1.png", "1.jpg", "1.gif", "1.bmp"):
        Image.new("RGB", (1, 1), (200, 100, 50)).save(tmp_path / name)
        assert np.abs(open_camera(tmp_path / name).frame_at(0.0)[0] - np.array([200, 100, 50])).max() < 4
    ramp = np.tile(np.linspace(0, 255, 20000).astype(np.uint8), (10, 1))
    Image.fromarray(ramp).save(tmp_path / "wide.png")
    frame, _ = open_camera(tmp_path / "wide.png").frame_at(0.0)
    assert frame.shape == (1, 1920, 3)
    assert np.abs(frame[0, :, 0] - np.linspace(0, 255, 1920)).max() < 2
    Image.fromarray(ramp.T).save(tmp_path / "tall.png")
    assert open_camera(tmp_path / "tall.png").frame_at(0.0)[0].shape == (1080, 1, 3)


LOCKED = """
import os, sys
from pix2live.devices import animation, videofile
from pix2live.devices.camera import open_camera
from pix2live.errors import FileError
if os.geteuid() == 0:  # root may read everything
    os.setegid(65534)
    os.seteuid(65534)
try:
    open_camera(sys.argv[1])
except FileError as error:
    print(error)
"""


def test_a_picture_one_may_not_read_gets_one_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder) / "mine.png"
        Image.new("RGB", (4, 4)).save(path)
        path.chmod(0)
        told = subprocess.run([sys.executable, "-c", LOCKED, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout == f"{path}: may not be read; change its permissions\n"


HUGE = """
import resource, sys, time
from pix2live.devices.picture import Picture
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.process_time()
frame, _ = Picture(sys.argv[1]).frame_at(0.0)
height, width = frame.shape[:2]
print(width, height, frame[height // 2, width // 8, 0], frame[height // 2, 7 * width // 8, 0],
      (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, round(time.process_time() - begin, 1))
"""


@pytest.mark.parametrize("kind", ["jpg", "png", "16bit.png", "webp", "bit.png", "palette.png"])
def test_a_hundred_megapixels_take_neither_gigabytes_nor_minutes(tmp_path: Path, kind: str) -> None:
    side = (16000, 6250) if kind == "webp" else (10000, 10000)
    path = tmp_path / f"huge.{kind}"
    if kind == "16bit.png":
        ramp = np.tile(np.linspace(0, 65535, side[0]).astype(np.uint16), (side[1], 1))
        cv2.imwrite(str(path), ramp, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    else:
        grey = Image.fromarray(np.tile(np.linspace(0, 255, side[0]).astype(np.uint8), (side[1], 1)))
        image = {"bit.png": lambda: grey.point(lambda v: 255 * (v > 127), "1"), "palette.png": lambda: grey.convert("P")
                 }.get(kind, lambda: Image.merge("RGB", (grey,) * 3))()
        quick = {"jpg": {"quality": 50}, "webp": {"quality": 20, "method": 0}}.get(kind, {"compress_level": 1})
        image.save(path, **quick)
    told = subprocess.run([sys.executable, "-c", HUGE, str(path)], capture_output=True, text=True, check=True)
    width, height, left, right, megabytes, seconds = map(float, told.stdout.split())
    assert (width, height) == ((1920, 750) if kind == "webp" else (1080, 1080))
    assert [left, right] == pytest.approx([0, 255] if kind == "bit.png" else [32, 223], abs=5)
    assert megabytes < 600 and seconds < 60
