import io
import time

import numpy as np
import pytest
from PIL import Image, ImageCms

from pix2live.devices.picture import Picture, Slideshow, load_picture
from pix2live.errors import FileError

RED_LEFT = np.zeros((40, 60, 3), np.uint8)
RED_LEFT[:, :30] = (200, 30, 40)
RED_LEFT[:10] = (20, 60, 220)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def test_a_png_comes_back_as_it_is(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(RED_LEFT))
    assert np.array_equal(load_picture(path), RED_LEFT)


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation_puts_it_upright(tmp_path, turn):
    undo = [None, lambda a: a, lambda a: a[:, ::-1], lambda a: a[::-1, ::-1], lambda a: a[::-1],
            lambda a: a.transpose(1, 0, 2), lambda a: np.rot90(a, 1), lambda a: a[::-1, ::-1].transpose(1, 0, 2),
            lambda a: np.rot90(a, -1)][turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path / "t.png", Image.fromarray(np.ascontiguousarray(undo(RED_LEFT))), exif=exif)
    assert np.array_equal(load_picture(path), RED_LEFT)


def test_grey_of_every_depth_has_the_same_ramp(tmp_path):
    ramp = np.tile(np.linspace(0, 1, 256), (8, 1))
    paths = [
        saved(tmp_path / "8.png", Image.fromarray((ramp * 255).round().astype(np.uint8))),
        saved(tmp_path / "16.png", Image.fromarray((ramp * 65535).round().astype(np.uint16))),
        saved(tmp_path / "16.tif", Image.fromarray((ramp * 65535).round().astype(np.uint16))),
        saved(tmp_path / "32.tif", Image.fromarray((ramp * 65535).round().astype(np.int32))),
        saved(tmp_path / "f.tif", Image.fromarray(ramp.astype(np.float32))),
    ]
    for path in paths:
        frame = load_picture(path)
        assert frame.shape == (8, 256, 3), path.name
        assert np.abs(frame[..., 0].astype(int) - np.arange(256)).max() <= 1, path.name


def test_floats_beyond_one_are_brought_in_and_nan_is_black(tmp_path):
    values = np.array([[0.0, 5.0, 10.0, np.nan, -np.inf]], np.float32)
    frame = load_picture(saved(tmp_path / "f.tif", Image.fromarray(values)))
    assert frame[0, :, 0].tolist() == [0, 128, 255, 0, 0]


def test_one_bit_and_palette(tmp_path):
    mask = Image.fromarray(np.tile(np.arange(16) % 2 == 1, (4, 1)))
    assert mask.mode == "1"
    assert load_picture(saved(tmp_path / "b.png", mask))[0, :4, 0].tolist() == [0, 255, 0, 255]
    few = Image.fromarray(RED_LEFT).quantize(4)
    assert np.abs(load_picture(saved(tmp_path / "p.png", few)).astype(int) - RED_LEFT).max() <= 2


def test_transparency_lies_over_black(tmp_path):
    for mode, value in (("RGBA", (255, 100, 0, 128)), ("LA", (255, 128))):
        frame = load_picture(saved(tmp_path / "a.png", Image.new(mode, (4, 4), value)))
        want = [round(c * 128 / 255) for c in (value[:3] if mode == "RGBA" else (255,) * 3)]
        assert np.abs(frame[0, 0].astype(int) - want).max() <= 1
    clear = Image.fromarray(RED_LEFT).quantize(4)
    first = clear.getpixel((0, 0))
    frame = load_picture(saved(tmp_path / "c.png", clear, transparency=first))
    assert frame[0, 0].tolist() == [0, 0, 0] and frame[30, 10].max() > 150


def test_cmyk_is_not_inverted(tmp_path):
    image = Image.fromarray(RED_LEFT).convert("CMYK")
    frame = load_picture(saved(tmp_path / "c.jpg", image, quality=95, subsampling=0)).astype(int)
    assert np.abs(frame[20, 10] - RED_LEFT[20, 10]).max() < 12
    assert np.abs(frame[30, 50]).max() < 12


def test_an_embedded_profile_is_honoured_and_a_broken_one_passed_over(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    odd = load_picture(saved(tmp_path / "x.png", Image.fromarray(RED_LEFT), icc_profile=lab))
    assert odd.shape == RED_LEFT.shape
    broken = load_picture(saved(tmp_path / "y.png", Image.fromarray(RED_LEFT), icc_profile=b"no profile"))
    assert np.array_equal(broken, RED_LEFT)
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = load_picture(saved(tmp_path / "z.png", Image.fromarray(RED_LEFT), icc_profile=plain))
    assert np.abs(same.astype(int) - RED_LEFT).max() <= 1


def test_a_moving_picture_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), (v, v, v)) for v in (250, 120, 0)]
    path = saved(tmp_path / "m.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)
    assert load_picture(path)[0, 0, 0] == 250


def test_a_picture_of_a_hundred_megapixels_comes_down(tmp_path):
    path = saved(tmp_path / "huge.jpg", Image.linear_gradient("L").resize((10000, 10000)), quality=60)
    frame = load_picture(path)
    assert frame.shape == (4096, 4096, 3)
    column = frame[:, 2000, 0].astype(int)
    assert column[0] <= 3 and column[-1] >= 252 and np.all(np.diff(column[::64]) >= 0)
    assert Picture(path).size == (1080, 1080)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "I;16"])
def test_a_picture_comes_down_by_averaging_whatever_its_mode(tmp_path, mode):
    stripes = np.zeros((120, 200, 4), np.uint8)
    stripes[:, ::2] = 255
    stripes[:, 1::2, :3] = (255, 0, 255) if mode == "RGBA" else 0  # hidden colour under full transparency
    if mode == "I;16":
        image = Image.fromarray(stripes[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(stripes if mode == "RGBA" else stripes[..., :3]).convert(mode)
    frame = load_picture(saved(tmp_path / "s.png", image), max_side=40)
    assert frame.shape == (24, 40, 3)
    assert np.abs(frame[:, 1:-1].astype(int) - 127.5).max() < 28  # 2.5 stripes a pixel where it is no whole factor
    assert np.abs(frame.mean() - 127.5) < 2


def test_a_bomb_gets_one_line(tmp_path):
    path = saved(tmp_path / "bomb.png", Image.new("1", (30000, 30000)))
    with pytest.raises(FileError, match=r"bomb\.png.*too large.*scale it down"):
        load_picture(path)


def damaged(kind):
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(data, kind)
    return data.getvalue()[: len(data.getvalue()) // 2]


@pytest.mark.parametrize(("name", "content", "says"), [
    ("gone.jpg", None, "no such file"), ("empty.png", b"", "empty"), ("text.jpg", b"hello" * 50, "not a picture"),
    ("half.jpg", damaged("JPEG"), "damaged"), ("half.png", damaged("PNG"), "damaged"),
    ("header.png", b"\x89PNG\r\n\x1a\n", "not a picture"),
])
def test_what_is_no_picture_gets_one_line(tmp_path, name, content, says, capfd):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        load_picture(path)
    assert says in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_still_is_the_same_array_for_ever(tmp_path):
    still = Picture(saved(tmp_path / "a.png", Image.fromarray(RED_LEFT)))
    assert still.frame_at(0.0)[0] is still.frame_at(1e9)[0]
    assert still.frame_at(5.0)[1] == 0.0 and still.size == (60, 40) and not still.live and still.alive(1e9)


def folder_of(path, names):
    for i, name in enumerate(names):
        Image.new("RGB", (20 + i, 10), (10 * i + 5,) * 3).save(path / name)
    return path


def shown(show, t):
    return int(show.frame_at(t)[0][0, 0, 0]) // 10


def test_a_folder_shows_its_pictures_by_number_one_after_the_other(tmp_path):
    folder_of(tmp_path, ["b2.png", "b10.png", "a.png", "b1.jpg"])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    show = Slideshow(tmp_path, 2.0)
    assert [shown(show, t) for t in (0.0, 2.0, 4.0, 6.0, 8.0, -0.1)] == [2, 3, 0, 1, 2, 1]
    assert show.frame_at(5.9)[1] == 4.0
    assert show.frame_at(4.1)[0] is show.frame_at(5.9)[0]
    assert show.size == (20, 10) and show.rate_hz == 0.5


def test_a_folder_is_a_function_of_time_alone(tmp_path):
    folder_of(tmp_path, [f"{i}.png" for i in range(7)])
    show = Slideshow(tmp_path, 1.0)
    times = np.random.default_rng(3).uniform(-20, 40, 60)
    assert [shown(show, t) for t in times] == [int(t // 1) % 7 for t in times]


def test_the_next_picture_is_ready_before_its_turn(tmp_path, monkeypatch):
    folder_of(tmp_path, ["0.png", "1.png", "2.png"])
    from pix2live.devices import picture

    reads = []
    real = picture.load_picture
    monkeypatch.setattr(picture, "load_picture", lambda path, side: (reads.append(path.name), real(path, side))[1])
    show = Slideshow(tmp_path, 1.0)
    show.frame_at(0.0)
    for _ in range(500):
        if "1.png" in reads:
            break
        time.sleep(0.01)
    assert reads == ["0.png", "1.png"]
    show.frame_at(1.0)
    assert reads.count("1.png") == 1


def test_a_damaged_picture_in_a_folder_is_passed_over_and_named(tmp_path):
    folder_of(tmp_path, ["0.png", "2.png"])
    (tmp_path / "1.png").write_bytes(damaged("PNG"))
    show = Slideshow(tmp_path, 1.0)
    assert [shown(show, t) for t in (0.5, 1.5, 2.5, 3.5)] == [0, 1, 1, 0]
    assert "1.png" in show.notice


@pytest.mark.parametrize("content", [{}, {"a.txt": b"x"}, {"a.png": b"", "b.jpg": b"not"}])
def test_a_folder_without_pictures_gets_one_line(tmp_path, content):
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError, match="holds no picture"):
        Slideshow(tmp_path)
