"""The picture's way out: a GLFW window, or an offscreen context with the same face where there is no display."""

import ctypes
import sys
import time
from typing import Any, NamedTuple

import moderngl
import numpy as np
import numpy.typing as npt

from pix2live.errors import DeviceError

_FENCE_COMPLETE = 0x9117  # GL_SYNC_GPU_COMMANDS_COMPLETE
_TIMEOUT, _FAILED = 0x911B, 0x911D
_PACK_ALIGNMENT, _RGB, _UNSIGNED_BYTE = 0x0D05, 0x1907, 0x1401

# GLFW's codes of the keys that print nothing; the others go by what the keyboard's layout prints on them.
_KEY_NAMES = {
    32: "space", 256: "escape", 257: "enter", 258: "tab", 259: "backspace", 260: "insert", 261: "delete", 262: "right",
    263: "left", 264: "down", 265: "up", 266: "page_up", 267: "page_down", 268: "home", 269: "end", 335: "enter",
    **{289 + n: f"f{n}" for n in range(1, 13)}, **{320 + n: str(n) for n in range(10)},
}


class KeyEvent(NamedTuple):
    """A key of the window: ``name`` (``a``, ``7``, ``space``, ``f11``, ``left``...), down or up, and with what."""

    name: str
    pressed: bool
    repeat: bool = False
    shift: bool = False
    ctrl: bool = False
    alt: bool = False


class Window:
    """A window (or, ``headless``, an offscreen picture) of ``size`` with a GL 3.3 core context.

    Use it in one thread, the main one. Where there is no display it falls back to an offscreen context and says so in
    ``notice`` (one line, empty otherwise).

    Args:
        size: width, height in pixels (of the offscreen picture, or of the window while not fullscreen).
        monitor: which monitor fullscreen takes, 0 is the primary one.
        vsync: let ``present`` wait for the display, so that the picture does not tear.

    Raises:
        DeviceError: where there is no GL 3.3, the monitor is not there or the size is not positive.
    """

    def __init__(
        self, size: tuple[int, int], title: str = "pix2live", fullscreen: bool = False, monitor: int = 0,
        headless: bool = False, vsync: bool = True,
    ) -> None:
        if min(size) < 1:
            raise DeviceError(f"a picture of {size[0]}x{size[1]} cannot be shown", "window", "try 1280x720")
        self.notice = ""
        self.should_close = False
        self._size, self._title, self._monitor, self._vsync = size, title, monitor, vsync
        self._events: list[KeyEvent] = []
        self._glfw: Any = None
        self._handle: Any = None
        self._offscreen: moderngl.Framebuffer | None = None
        self._staging = np.zeros((0, 0, 3), np.uint8)
        self._rows = 0
        reason = "" if headless else self._open_window()
        if self._handle is None:
            self._open_offscreen(reason)
            if reason:
                self.notice = f"no window ({reason}); drawing offscreen"
        self._finish = ctypes.CFUNCTYPE(None)(self._address("glFinish"))
        self._fence = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)(self._address("glFenceSync"))
        self._await = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint64)(
            self._address("glClientWaitSync"))
        self._drop = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._address("glDeleteSync"))
        self._pack = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_int)(self._address("glPixelStorei"))
        self._read = ctypes.CFUNCTYPE(None, *[ctypes.c_int] * 4, *[ctypes.c_uint] * 2, ctypes.c_void_p)(
            self._address("glReadPixels"))
        if fullscreen and self._handle is not None:
            self.set_fullscreen(True)

    @property
    def headless(self) -> bool:
        """True where nothing is on a screen."""
        return self._offscreen is not None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is drawn into, in pixels; at least 1x1, also while minimised."""
        return self._size

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """What to draw the frame into."""
        if self._offscreen is not None:
            return self._offscreen
        screen = self.ctx.screen
        screen.viewport = (0, 0, *self._size)
        return screen

    @property
    def refresh_hz(self) -> float:
        """The display's refresh rate, or 0 where it is not known."""
        if self._handle is None:
            return 0.0
        monitor = self._glfw.get_window_monitor(self._handle) or self._glfw.get_primary_monitor()
        mode = self._glfw.get_video_mode(monitor) if monitor else None
        return float(mode.refresh_rate) if mode else 0.0

    def poll(self) -> list[KeyEvent]:
        """The keys pressed and released since the last call, in order; also notices resizing and the close button."""
        if self._handle is not None:
            self._glfw.poll_events()
            self.should_close = self.should_close or bool(self._glfw.window_should_close(self._handle))
        events, self._events = self._events, []
        return events

    def present(self) -> None:
        """Show what was drawn. Other threads run while it waits."""
        if self._handle is not None:
            self._glfw.swap_buffers(self._handle)

    @property
    def fullscreen(self) -> bool:
        """Whether the window covers a monitor."""
        return self._handle is not None and bool(self._glfw.get_window_monitor(self._handle))

    def set_fullscreen(self, on: bool) -> None:
        """Cover the chosen monitor (the primary one if that is gone) with the cursor hidden, or go back to a window."""
        if self._handle is None or on == self.fullscreen:
            return
        glfw = self._glfw
        if on:
            monitors = glfw.get_monitors()
            if not monitors:
                return
            monitor = monitors[self._monitor] if self._monitor < len(monitors) else monitors[0]
            mode = glfw.get_video_mode(monitor)
            self._place = (*glfw.get_window_pos(self._handle), *glfw.get_window_size(self._handle))
            glfw.set_window_monitor(self._handle, monitor, 0, 0, mode.size.width, mode.size.height,
                                    mode.refresh_rate or glfw.DONT_CARE)
        else:
            glfw.set_window_monitor(self._handle, None, *self._place, glfw.DONT_CARE)
        glfw.set_input_mode(self._handle, glfw.CURSOR, glfw.CURSOR_HIDDEN if on else glfw.CURSOR_NORMAL)
        glfw.swap_interval(1 if self._vsync else 0)
        self._resized()

    def wait(self, poll_s: float = 0.0005) -> None:
        """Wait until all that was drawn is done, letting other threads run (moderngl's waits hold Python's lock)."""
        fence = self._fence(_FENCE_COMPLETE, 0)
        if not fence:
            self._finish()
            return
        state = self._await(fence, 1, 0)  # 1: flush, so that the GPU begins
        while state == _TIMEOUT:
            state = self._await(fence, 0, int(poll_s * 1e9))
            if state == _TIMEOUT:
                time.sleep(0)
        self._drop(fence)
        if state == _FAILED:
            self._finish()

    def read_rgb(self, out: npt.NDArray[np.uint8], framebuffer: moderngl.Framebuffer | None = None) -> None:
        """Read a picture (what this window shows, or ``framebuffer``) into ``out``, upright; nothing is allocated.

        Args:
            out: uint8 (height, width, 3), C-contiguous, of the picture's size; row 0 becomes its top row.
        """
        source = framebuffer or self.framebuffer
        width, height = source.size if framebuffer is not None else self._size
        if out.shape != (height, width, 3) or out.dtype != np.uint8:
            raise ValueError(f"out is {out.dtype} {out.shape}, not uint8 {(height, width, 3)}")
        if self._staging.shape != out.shape:
            self._staging = np.zeros(out.shape, np.uint8)
            self._rows = self._staging.ctypes.data
        self.wait()
        # moderngl's read holds Python's lock, and is an error on a window's own framebuffer.
        source.use()
        self._pack(_PACK_ALIGNMENT, 1)
        self._read(0, 0, width, height, _RGB, _UNSIGNED_BYTE, self._rows)
        out[:] = self._staging[::-1]

    def close(self) -> None:
        """Give everything back; it may be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self.ctx.release()
            self._glfw.destroy_window(handle)
            self._glfw.terminate()
        elif self._offscreen is not None:
            self._offscreen.release()
            self._offscreen = None
            self.ctx.release()
            if self._glfw is not None:
                self._glfw.terminate()

    def _open_window(self) -> str:
        """Open the window; the reason why not, where that fails."""
        import glfw

        glfw.ERROR_REPORTING = "ignore"
        if not glfw.init():
            return _reason(glfw, "no display")
        self._glfw = glfw
        monitors = glfw.get_monitors()
        if not 0 <= self._monitor < max(len(monitors), 1):
            glfw.terminate()
            raise DeviceError(f"monitor {self._monitor} is not there", "window", f"choose 0..{len(monitors) - 1}")
        handle = self._create(visible=True)
        if not handle:
            reason = _reason(glfw, "no OpenGL 3.3")
            glfw.terminate()
            self._glfw = None
            return reason
        self._handle = handle
        self._place = (*glfw.get_window_pos(handle), *glfw.get_window_size(handle))
        glfw.swap_interval(1 if self._vsync else 0)
        glfw.set_key_callback(handle, self._key)
        glfw.set_framebuffer_size_callback(handle, lambda *_: self._resized())
        self.ctx = moderngl.create_context(require=330, context=_Loader(glfw))  # type: ignore[arg-type]
        self._resized()
        return ""

    def _open_offscreen(self, why: str) -> None:
        """EGL needs no display; where there is none (macOS, Windows) a hidden window does."""
        try:
            if sys.platform in ("darwin", "win32"):
                raise RuntimeError("no EGL here")
            self.ctx = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
        except Exception as error:  # glcontext and moderngl raise plain Exception
            import glfw

            glfw.ERROR_REPORTING = "ignore"
            if not glfw.init():
                raise DeviceError(f"no OpenGL, neither in a window ({why or 'not asked for'}) nor offscreen ({error})",
                                  "window", "install libegl1 and libgl1-mesa-dri, or a graphics driver") from None
            self._glfw = glfw
            if not self._create(visible=False):
                glfw.terminate()
                raise DeviceError(f"no OpenGL 3.3 ({error})", "window", "install a graphics driver") from None
            self.ctx = moderngl.create_context(require=330, context=_Loader(glfw))  # type: ignore[arg-type]
        self._offscreen = self.ctx.simple_framebuffer(self._size, 4)
        self._offscreen.clear()
        self._offscreen.use()

    def _create(self, visible: bool) -> Any:
        glfw = self._glfw
        glfw.default_window_hints()
        for hint, value in (
            (glfw.CONTEXT_VERSION_MAJOR, 3), (glfw.CONTEXT_VERSION_MINOR, 3), (glfw.OPENGL_FORWARD_COMPAT, True),
            (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE), (glfw.VISIBLE, visible), (glfw.DEPTH_BITS, 0),
            (glfw.STENCIL_BITS, 0), (glfw.AUTO_ICONIFY, False),
        ):
            glfw.window_hint(hint, value)
        handle = glfw.create_window(*self._size, self._title, None, None)
        if handle:
            glfw.make_context_current(handle)
        return handle

    def _address(self, name: str) -> int:
        return int(self.ctx.mglo._context.load_opengl_function(name))

    def _resized(self) -> None:
        width, height = self._glfw.get_framebuffer_size(self._handle)
        if width > 0 and height > 0:
            self._size = (width, height)

    def _key(self, _window: Any, key: int, scancode: int, action: int, mods: int) -> None:
        glfw = self._glfw
        name = (glfw.get_key_name(key, scancode) or "").lower() or _KEY_NAMES.get(key, "")
        if name and len(self._events) < 1000:
            self._events.append(KeyEvent(
                name, action != glfw.RELEASE, action == glfw.REPEAT, bool(mods & glfw.MOD_SHIFT),
                bool(mods & (glfw.MOD_CONTROL | glfw.MOD_SUPER)), bool(mods & glfw.MOD_ALT)))

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Loader:
    """Gives moderngl the functions of the context that GLFW has made current, on any platform."""

    def __init__(self, glfw: Any) -> None:
        self._glfw = glfw

    def load_opengl_function(self, name: str) -> int:
        return ctypes.cast(self._glfw.get_proc_address(name), ctypes.c_void_p).value or 0

    load = load_opengl_function

    def __enter__(self) -> "_Loader":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def release(self) -> None:
        pass


def _reason(glfw: Any, fallback: str) -> str:
    text = glfw.get_error()[1]
    return (text.decode(errors="replace").strip().rstrip(".") if text else "") or fallback
