import random
import time

import av
import numpy as np
import pytest

from pix2live.devices.videofile import VideoFile
from pix2live.errors import FileError

from .media import number_of, numbered, write_video

EVEN = 75


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def even(folder):
    """75 frames at 30 Hz with B-frames and a keyframe every 25."""
    return write_video(folder / "even.mp4", map(numbered, range(EVEN)), g=25, bf=3)


def numbers(video, times):
    return [number_of(video.frame_at(t)[0]) for t in times]


def test_each_frame_is_shown_at_its_time(even):
    video = VideoFile(even)
    assert numbers(video, [i / 30 for i in range(EVEN)]) == list(range(EVEN))
    assert video.duration_s == pytest.approx(EVEN / 30)
    assert video.rate_hz == pytest.approx(30)
    assert video.size == (160, 96) and not video.live and video.alive(0.0)


def test_a_frame_stays_the_same_array_until_the_next(even):
    video = VideoFile(even)
    first, stamp = video.frame_at(1.0)
    again, same = video.frame_at(1.0 + 0.9 / 30)
    assert again is first and same == stamp == pytest.approx(1.0)
    other, later = video.frame_at(1.0 + 1.1 / 30)
    assert other is not first and later == pytest.approx(31 / 30)


def test_the_same_picture_in_whatever_order(even):
    times = [i / 60 for i in range(-60, 400)]
    video = VideoFile(even)
    forward = [video.frame_at(t)[0].copy() for t in times]
    order = list(range(len(times)))
    random.Random(4).shuffle(order)
    other = VideoFile(even)
    for i in order[:150]:
        assert np.array_equal(other.frame_at(times[i])[0], forward[i]), times[i]


def test_it_loops_before_and_after(even):
    video = VideoFile(even)
    length = EVEN / 30
    times = [length, length + 0.5, 2 * length - 1e-3, -1 / 30, 1000 * length + 1.0]
    assert numbers(video, times) == [0, 15, 74, 74, 30]
    assert video.frame_at(length + 0.5)[1] == pytest.approx(length + 0.5, abs=1e-6)


def test_a_variable_rate_keeps_each_frame_as_long_as_it_should(folder):
    stamps = [0.0, 0.1, 0.15, 0.9, 1.0, 1.02, 2.5]
    path = write_video(folder / "variable.mp4", map(numbered, range(7)), stamps, g=3)
    video = VideoFile(path)
    for i, stamp in enumerate(stamps):
        assert number_of(video.frame_at(stamp)[0]) == i
        assert number_of(video.frame_at(stamp - 0.005)[0]) == (i - 1) % 7
    assert numbers(video, [0.5, 2.0, 0.12]) == [2, 5, 1]


@pytest.mark.parametrize(("name", "options"), [
    ("a.mkv", {"g": 20}), ("b.webm", {"codec": "libvpx-vp9", "g": 20, "cpu-used": 8}), ("c.avi", {"codec": "mpeg4"}),
    ("d.ts", {"g": 20}), ("e.h264", {"g": 20, "format_": "h264"}),
    ("f.gif", {"codec": "gif", "pix_fmt": "rgb8", "rate": 20}),
    ("g.mov", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}), ("h.mp4", {"g": 10, "sound_s": 5.0}),
])
def test_every_container_gives_its_frames_at_their_times(folder, name, options):
    rate = options.get("rate", 30)
    path = write_video(folder / name, map(numbered, range(40)), **options)
    video = VideoFile(path)
    # An H.264 stream without a container has no times: FFmpeg takes it for 25 a second.
    rate = 25 if name == "e.h264" else rate
    assert video.duration_s == pytest.approx(40 / rate, abs=1.1 / rate)
    times = [(i + 0.5) / rate for i in (0, 1, 2, 15, 38, 3, 22, 21, 39, 0)]
    assert numbers(video, times) == [0, 1, 2, 15, 38, 3, 22, 21, 39, 0]


def test_milliseconds_do_not_lose_frames(folder):
    """Matroska rounds stamps to milliseconds: at the frames' own times each frame must still be there."""
    path = write_video(folder / "ms.mkv", map(numbered, range(60)))
    assert numbers(VideoFile(path), [i / 30 for i in range(60)]) == list(range(60))


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_rotation_is_honoured(folder, turn):
    picture = np.zeros((96, 160, 3), np.uint8)
    picture[:48, :80] = (255, 0, 0)
    path = write_video(folder / f"turned{turn}.mp4", [picture] * 3, rotation=turn)
    frame, _ = VideoFile(path).frame_at(0.0)
    want = np.rot90(picture, round(turn / 90) % 4)
    assert frame.shape == want.shape
    assert np.abs(frame.astype(int) - want).mean() < 4


def test_pixel_aspect_makes_square_pixels(folder):
    path = write_video(folder / "wide.mp4", [numbered(5)] * 3, aspect=2)
    video = VideoFile(path)
    assert video.size == (320, 96)
    assert number_of(video.frame_at(0.0)[0]) == 5


def test_transparency_lies_over_black(folder):
    picture = np.full((64, 64, 4), 255, np.uint8)
    picture[:, :32, 3] = 0
    path = write_video(folder / "clear.mov", [picture] * 3, codec="png", pix_fmt="rgba")
    frame, _ = VideoFile(path).frame_at(0.0)
    assert frame[:, :32].max() == 0 and frame[:, 32:].min() == 255


@pytest.mark.parametrize(("height", "matrix"), [(96, "bt601"), (720, "bt709")])
def test_untagged_colour_is_taken_as_its_height_says(folder, height, matrix):
    from av.video.reformatter import Colorspace

    picture = np.empty((height, 160, 3), np.uint8)
    picture[:] = (30, 180, 60)
    code = {"bt601": Colorspace.ITU601, "bt709": Colorspace.ITU709}[matrix]
    import av

    path = folder / f"untagged{height}.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 160, height, "yuv444p"
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv444p", dst_colorspace=code)
        frame.colorspace = 2  # unspecified
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    seen, _ = VideoFile(path).frame_at(0.0)
    assert np.abs(seen.astype(int) - picture).max() <= 3


def test_a_large_video_comes_down_to_the_bus_slot(folder):
    path = write_video(folder / "large.mp4", [numbered(77, 2560, 1600)] * 2, preset="ultrafast")
    video = VideoFile(path)
    assert video.size == (1728, 1080)
    assert number_of(video.frame_at(0.0)[0]) == 77


def test_one_frame_is_a_still(folder):
    video = VideoFile(write_video(folder / "one.mp4", [numbered(9)]))
    assert numbers(video, [0.0, 0.01, 5.0, -3.0]) == [9] * 4


def test_odd_times_do_no_harm(even):
    video = VideoFile(even)
    for t in (float("nan"), float("inf"), -float("inf"), 1e12, -1e12):
        frame, stamp = video.frame_at(t)
        assert frame.shape == (96, 160, 3) and np.isfinite(stamp)


def test_a_damaged_stretch_is_played_over(even, folder, capfd):
    data = bytearray(even.read_bytes())
    middle = data.find(b"mdat") + (len(data) - data.find(b"mdat")) // 3
    data[middle : middle + 300] = bytes(300)
    path = folder / "scratched.mp4"
    path.write_bytes(data)
    video = VideoFile(path)
    for i in range(EVEN):
        assert video.frame_at(i / 30)[0].shape == (96, 160, 3)
    assert number_of(video.frame_at(0.0)[0]) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "content", "says"), [
    ("gone.mp4", None, "no such file"), ("empty.mp4", b"", "empty"), ("noise.mp4", bytes(range(256)) * 40, "neither"),
    ("text.txt", b"only words\n" * 100, "neither"),
])
def test_what_is_no_video_gets_one_line(folder, name, content, says, capfd):
    path = folder / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        VideoFile(path)
    assert says in str(caught.value).lower() and name in str(caught.value) and "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_cut_off_file_gets_one_line(even, folder):
    path = folder / "cut.mp4"
    path.write_bytes(even.read_bytes()[:2000])  # the index stands at the end
    with pytest.raises(FileError, match=r"cut\.mp4"):
        VideoFile(path)


def test_a_sound_file_is_named_as_such(folder):
    import soundfile

    soundfile.write(folder / "tone.wav", np.zeros(4800), 48000)
    with pytest.raises(FileError, match="sound but no picture"):
        VideoFile(folder / "tone.wav")


def test_a_colon_in_the_name_is_no_protocol(even, folder):
    path = folder / "http: night.mp4"
    path.write_bytes(even.read_bytes())
    assert number_of(VideoFile(path).frame_at(0.5)[0]) == 15


def test_a_file_that_goes_away_leaves_its_last_frame_and_says_so(folder):
    path = write_video(folder / "going.h264", map(numbered, range(20)), format_="h264")
    video = VideoFile(path)
    frame, _ = video.frame_at(0.5)
    path.unlink()
    assert video.frame_at(0.0)[0] is frame  # this kind starts over by opening the file anew
    assert "going.h264" in video.notice and not video.alive(0.0)


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "yuv444p", "gray"])
def test_other_pixel_kinds_show_the_same_picture(folder, pix_fmt):
    path = write_video(folder / f"{pix_fmt}.mkv", map(numbered, range(12)), codec="ffv1", pix_fmt=pix_fmt)
    assert numbers(VideoFile(path), [0.0, 0.2, 0.1]) == [0, 6, 3]


def test_a_file_cut_off_in_its_frames_plays_what_is_there(folder):
    path = write_video(folder / "whole.mkv", map(numbered, range(60)), g=10)
    (folder / "half.mkv").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = VideoFile(folder / "half.mkv")
    assert 0.3 < video.duration_s < 1.9
    assert numbers(video, [0.0, 0.2]) == [0, 6]


def test_closed_it_keeps_its_last_frame(even):
    video = VideoFile(even)
    frame, _ = video.frame_at(1.0)
    video.close()
    assert video.frame_at(1.0)[0] is frame
    assert video.frame_at(2.0)[0] is frame and video.frame_at(0.0)[0] is frame


def test_a_film_that_changes_its_size_goes_on_in_the_new_one(folder):
    parts = []
    for n, (width, height) in enumerate(((160, 96), (320, 192))):
        path = write_video(folder / f"part{n}.ts", [numbered(20 * n + i, width, height) for i in range(20)],
                           stamps=[n + 1 + i / 20 for i in range(20)], rate=20)
        parts.append(path.read_bytes())
    path = folder / "grows.ts"
    path.write_bytes(b"".join(parts))
    film = VideoFile(path)
    for turn in range(2):
        for time_s, number, shape in ((0.5, 10, (96, 160, 3)), (1.5, 30, (192, 320, 3))):
            frame, _ = film.frame_at(turn * film.duration_s + time_s)
            assert frame.shape == shape and film.size == (shape[1], shape[0])
            assert abs(number_of(frame) - number) <= 1


def test_a_film_of_no_frames_and_one_of_no_codec_get_one_line(folder):
    with av.open(str(folder / "none.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    raw = (write_video(folder / "known.avi", [numbered(1)] * 3, codec="mpeg4")).read_bytes()
    (folder / "unknown.avi").write_bytes(raw.replace(b"FMP4", b"QQQQ"))
    for name in ("none.mkv", "unknown.avi"):
        with pytest.raises(FileError) as raised:
            VideoFile(folder / name)
        assert name in str(raised.value) and "\n" not in str(raised.value)


def test_a_list_of_films_is_refused_and_not_waited_for(folder):
    (folder / "list.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nmore.ts\n")
    begin_s = time.monotonic()
    with pytest.raises(FileError, match="list of films"):
        VideoFile(folder / "list.mp4")
    assert time.monotonic() - begin_s < 5.0


def test_large_films_of_smpte_170m_keep_their_colours(folder):
    red = np.zeros((720, 64, 3), np.uint8)
    red[:] = (220, 40, 30)
    path = folder / "sd_colours.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 720, "yuv420p"
        stream.codec_context.colorspace = 6  # SMPTE 170M, as telephones write it
        frame = av.VideoFrame.from_ndarray(red, "rgb24").reformat(format="yuv420p", dst_colorspace="ITU601")
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert np.abs(VideoFile(path).frame_at(0.0)[0][300, 30].astype(int) - (220, 40, 30)).max() <= 6
