"""The window on a real (virtual) screen and its offscreen twin."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pix2live.devices.window import KeyEvent, Window
from pix2live.errors import DeviceError
from tools.rig import Rig

ROOT = Path(__file__).resolve().parents[2]

# GL contexts of GLFW and EGL do not share a process well, so what needs the screen runs in one of its own.
_ON_SCREEN = """
import subprocess, time
import glfw, numpy as np
from pix2live.devices.window import Window

with Window((320, 180), "a test") as window:
    assert not window.headless and window.notice == "" and window.size == (320, 180), window.notice
    out = np.zeros((180, 320, 3), np.uint8)

    def paint():
        screen = window.framebuffer
        screen.use()
        window.ctx.clear(0.0, 0.0, 1.0)
        window.ctx.scissor = (0, window.size[1] // 2, window.size[0], window.size[1])
        window.ctx.clear(1.0, 0.0, 0.0)
        window.ctx.scissor = None

    paint()
    window.read_rgb(out)
    assert out[10, 10].tolist() == [255, 0, 0] and out[170, 10].tolist() == [0, 0, 255]
    for _ in range(5):
        paint()
        window.present()
        window.poll()
        time.sleep(0.02)
    shot = subprocess.run(["import", "-window", "root", "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout
    root = np.frombuffer(shot, np.uint8).reshape(720, 1280, 3)
    x, y = glfw.get_window_pos(window._handle)
    assert root[y + 20, x + 20].tolist() == [255, 0, 0] and root[y + 160, x + 20].tolist() == [0, 0, 255]

    def type_keys(*names):
        subprocess.run(["xdotool", "mousemove", str(x + 50), str(y + 50)], check=True)
        found, end = [], time.monotonic() + 10.0
        subprocess.run(["xdotool", "key", *names], check=True)
        while time.monotonic() < end and sum(not key.pressed for key in found) < len(names):
            found += window.poll()
            time.sleep(0.01)
        return [key for key in found if not key.repeat]

    keys = type_keys("f", "space", "F11", "7", "Right", "Escape")
    assert [key.name for key in keys if key.pressed] == ["f", "space", "f11", "7", "right", "escape"], keys
    assert [key.name for key in keys if not key.pressed] == ["f", "space", "f11", "7", "right", "escape"], keys

    def poll_until(condition):
        end = time.monotonic() + 10.0
        while not condition() and time.monotonic() < end:
            window.poll()
            time.sleep(0.02)
        assert condition(), window.size

    window.set_fullscreen(True)
    poll_until(lambda: window.size == (1280, 720))
    assert window.fullscreen and window.framebuffer.viewport == (0, 0, 1280, 720)
    assert glfw.get_input_mode(window._handle, glfw.CURSOR) == glfw.CURSOR_HIDDEN
    window.present()
    window.set_fullscreen(False)
    poll_until(lambda: window.size == (320, 180))
    assert not window.fullscreen
    assert glfw.get_input_mode(window._handle, glfw.CURSOR) == glfw.CURSOR_NORMAL
    glfw.set_window_size(window._handle, 400, 300)
    poll_until(lambda: window.size == (400, 300))
    out = np.zeros((300, 400, 3), np.uint8)
    paint()
    window.read_rgb(out)
    assert out[0, 0].tolist() == [255, 0, 0] and out[-1, -1].tolist() == [0, 0, 255]
    assert not window.should_close, "close"
    glfw.set_window_should_close(window._handle, True)
    window.poll()
    assert window.should_close and window.ctx.error == "GL_NO_ERROR"
window.close()

try:
    Window((64, 64), monitor=7, fullscreen=True)
except Exception as error:
    assert type(error).__name__ == "DeviceError" and "monitor 7" in str(error), error
else:
    raise AssertionError("monitor 7")
with Window((64, 64), fullscreen=True) as window:
    assert window.fullscreen and window.size == (1280, 720), window.size
print("all is well")
"""


def test_a_real_window_shows_reads_keys_resizes_and_closes(screen_rig: Rig) -> None:
    done = subprocess.run([sys.executable, "-c", _ON_SCREEN], env=screen_rig.env, cwd=ROOT, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.stdout.strip() == "all is well", done.stderr


def test_without_a_display_it_draws_offscreen_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with Window((20, 10), fullscreen=True) as window:
        assert window.headless and not window.fullscreen and window.size == (20, 10)
        assert "offscreen" in window.notice and "\n" not in window.notice
        assert window.poll() == [] and not window.should_close and window.refresh_hz == 0.0
        window.set_fullscreen(True)
        window.present()
    window.close()


def test_headless_reads_back_upright_without_allocating() -> None:
    import tracemalloc

    with Window((640, 360), headless=True) as window:
        assert window.notice == ""
        out = np.full((360, 640, 3), 9, np.uint8)
        window.framebuffer.use()
        window.ctx.clear(0.0, 0.0, 1.0)
        window.ctx.scissor = (0, 180, 640, 180)
        window.ctx.clear(1.0, 0.0, 0.0)
        window.ctx.scissor = None
        window.read_rgb(out)
        assert (out[:180] == [255, 0, 0]).all() and (out[180:] == [0, 0, 255]).all()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(5):
            window.read_rgb(out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak - before < 8_000  # a picture has 691,200 bytes
        with pytest.raises(ValueError, match="not uint8"):
            window.read_rgb(out[:10])


def test_waiting_for_the_gpu_lets_other_threads_run() -> None:
    source = """#version 330 core
    out vec4 o; uniform float t;
    void main() { float a = t; for (int i = 0; i < 2500; i++) a = fract(a * 1.7 + 0.1); o = vec4(a); }"""
    with Window((640, 360), headless=True) as window:
        program = window.ctx.program(
            vertex_shader="#version 330 core\nvoid main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1)"
                          " * 2.0 - 1.0, 0.0, 1.0); }", fragment_shader=source)
        array = window.ctx.vertex_array(program, [])
        window.framebuffer.use()
        array.render(5, vertices=4)
        window.wait()
        ticks, stop = [0], threading.Event()

        def tick() -> None:
            while not stop.is_set():
                ticks[0] += 1
                time.sleep(0.001)

        thread = threading.Thread(target=tick)
        thread.start()
        array.render(5, vertices=4)
        ticks[0], began = 0, time.perf_counter()
        window.wait()
        waited, counted = time.perf_counter() - began, ticks[0]
        stop.set()
        thread.join()
        # Held for the whole wait, the lock would leave one tick at most.
        assert counted > 3 or waited < 0.02, (counted, waited)


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-1, -1)])
def test_a_size_must_be_positive(size: tuple[int, int]) -> None:
    with pytest.raises(DeviceError, match="cannot be shown"):
        Window(size, headless=True)


def test_a_key_event_says_what_and_how() -> None:
    assert KeyEvent("a", True) == ("a", True, False, False, False, False)
