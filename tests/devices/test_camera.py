import http.server
import threading
import time

import cv2
import numpy as np
import pytest
from PIL import Image

from pix2live.devices import camera, livecamera
from pix2live.devices.camera import open_camera
from pix2live.errors import DeviceError, FileError

from .media import number_of, numbered, write_video


class MjpegServer:
    """A network camera on loopback whose frames tell their number."""

    def __init__(self, port=0):
        self.number = 0
        self.stalled = False
        self._on = True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while outer._on:
                        if outer.stalled:
                            time.sleep(0.02)
                            continue
                        outer.number = (outer.number + 1) % 1024
                        jpeg = cv2.imencode(".jpg", numbered(outer.number, 320, 240))[1].tobytes()
                        self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
                        self.wfile.write(b"Content-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n")
                        time.sleep(0.03)
                except OSError:
                    pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *args):
                pass

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/video.mjpg"

    def stop(self):
        self._on = False
        self._server.shutdown()
        self._server.server_close()


def until(question, seconds=15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.02)
    return False


def test_a_network_camera_gives_its_newest_frame_and_comes_back(capfd):
    server = MjpegServer()
    eye = open_camera(server.url, time.monotonic)
    try:
        assert eye.live and eye.size == (320, 240) and eye.notice == ""
        frame, stamp = eye.frame_at(time.monotonic())
        assert frame.dtype == np.uint8 and number_of(frame) > 0
        assert 0 <= time.monotonic() - stamp < 5 and eye.alive(time.monotonic())
        assert until(lambda: eye.frame_at(0)[1] > stamp and number_of(eye.frame_at(0)[0]) != number_of(frame))
        # The newest, not the oldest of a growing queue:
        behind = (server.number - number_of(eye.frame_at(0)[0])) % 1024
        assert behind < 12
        server.stop()
        assert until(lambda: "lost" in eye.notice)
        last, last_s = eye.frame_at(time.monotonic())
        assert eye.frame_at(time.monotonic())[0] is last
        assert not eye.alive(last_s + 3.0)
        server = MjpegServer(server.port)
        assert until(lambda: eye.notice == "" and eye.frame_at(0)[1] > last_s)
    finally:
        eye.close()
        server.stop()
    assert not any(t.name == f"camera {server.url}" for t in threading.enumerate())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("spec", ["http://127.0.0.1:9/none", "http://no.such.host.invalid/x", "odd://thing"])
def test_an_address_without_a_camera_gets_one_line(spec, capfd):
    with pytest.raises(DeviceError, match="cannot be reached") as caught:
        open_camera(spec)
    assert spec in str(caught.value) and "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


class FakeCapture:
    """Stands for OpenCV's capture of a camera on a cable: frames in BGR, then unplugged."""

    plugged = True
    opened = 0

    def __init__(self, target, backend):
        type(self).opened += 1
        self.target, self.props = target, {}

    def isOpened(self):
        return type(self).plugged

    def set(self, prop, value):
        self.props[prop] = value
        return True

    def get(self, prop):
        return 25.0

    def read(self):
        time.sleep(0.005)
        if not type(self).plugged:
            return False, None
        frame = np.zeros((1200, 1600, 3), np.uint8)
        frame[..., 0] = 250  # blue
        return True, frame

    def release(self):
        pass


def test_a_camera_on_a_cable_is_rgb_in_the_slot_and_plugs_back_in(monkeypatch):
    monkeypatch.setattr(livecamera.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "plugged", True)
    now = iter(range(10**9)).__next__
    eye = open_camera("0", now)
    try:
        assert eye.live and eye.rate_hz == 25.0
        frame, _ = eye.frame_at(0.0)
        assert frame.shape == (1080, 1440, 3) and frame[0, 0].tolist() == [0, 0, 250]
        FakeCapture.plugged = False
        assert until(lambda: "camera 0: lost" in eye.notice)
        kept, stamp = eye.frame_at(0.0)
        assert kept[0, 0].tolist() == [0, 0, 250]
        FakeCapture.plugged = True
        assert until(lambda: eye.notice == "" and eye.frame_at(0.0)[1] > stamp)
    finally:
        eye.close()


def test_a_stream_that_stalls_is_left_and_taken_up_again(monkeypatch):
    monkeypatch.setattr(livecamera, "TIMEOUT_S", 0.5)
    server = MjpegServer()
    eye = open_camera(server.url, time.monotonic)
    try:
        server.stalled = True
        assert until(lambda: "lost" in eye.notice)
        _, stamp = eye.frame_at(0.0)
        server.stalled = False
        assert until(lambda: eye.notice == "" and eye.frame_at(0.0)[1] > stamp)
    finally:
        eye.close()
        server.stop()


def test_a_server_that_never_sends_gets_one_line(monkeypatch):
    monkeypatch.setattr(livecamera, "TIMEOUT_S", 0.3)
    server = MjpegServer()
    server.stalled = True
    try:
        with pytest.raises(DeviceError, match=r"camera http://127.0.0.1:\d+/video.mjpg: cannot be reached .no answer"):
            open_camera(server.url.replace("//", "//someone:secret@"))
    finally:
        server.stop()


def test_no_camera_gets_one_line(capfd):
    with pytest.raises(DeviceError, match="camera 77: cannot be opened") as caught:
        open_camera("77")
    assert "\n" not in str(caught.value)
    with pytest.raises(DeviceError, match="no such device"):
        open_camera("/dev/video77")
    assert capfd.readouterr() == ("", "")


def test_a_driver_that_fails_oddly_is_a_device_error():
    def broken():
        raise RuntimeError("driver fault")

    with pytest.raises(DeviceError, match="driver fault"):
        livecamera.LiveCamera("0", broken, time.monotonic)


def test_each_kind_of_file_finds_its_reader(tmp_path):
    Image.fromarray(numbered(5)).save(tmp_path / "still.png")
    write_video(tmp_path / "film.mp4", map(numbered, range(10)))
    (tmp_path / "film.png").write_bytes((tmp_path / "still.png").read_bytes())
    frames = [Image.fromarray(numbered(i)) for i in (1, 2, 3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=500, loop=0)
    looks = (("still.png", 9.0, 5), ("film.mp4", 0.15, 4), ("moving.gif", 0.7, 2), ("moving.gif", 1.6, 1))
    for spec, t, number in looks:
        eye = open_camera(tmp_path / spec)
        assert not eye.live and eye.notice == "" and eye.alive(0.0)
        assert number_of(eye.frame_at(t)[0]) == number, spec
        eye.close()
    (tmp_path / "moving.gif").unlink()
    show = open_camera(str(tmp_path), slide_s=3.0)
    assert number_of(show.frame_at(4.0)[0]) == 5
    show.close()


@pytest.mark.parametrize(("name", "content", "says"), [
    ("gone.png", None, "no such file"), ("empty.mp4", b"", "is empty"), ("words.txt", b"words " * 99, "neither"),
    ("noise.mov", bytes(range(255)) * 99, "neither"), ("bad\0name", None, ""),
])
def test_what_gives_no_picture_gets_one_line(tmp_path, name, content, says, capfd):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError) as caught:
        open_camera(str(tmp_path / name))
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_nothing_named_gets_one_line():
    with pytest.raises(DeviceError, match="no camera named"):
        open_camera("  ")
    assert camera.SLIDE_S == 8.0
