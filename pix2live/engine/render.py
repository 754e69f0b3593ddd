"""The render engine: one frame, one budget.

    bus ─ routes ─ layer (generator, effects) ─┐
                   layer going out ────────────┴─ mixer ─ hud ─ window, preview, recorder
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from pix2live.control.keyboard import HELP_LINES, command_for
from pix2live.devices.window import Window
from pix2live.engine.options import Options
from pix2live.errors import Pix2liveError
from pix2live.patch.param import MASTER
from pix2live.patch.patch import Patch, PatchReader
from pix2live.patch.route import RouteTable, model_index
from pix2live.signals import table
from pix2live.signals.bus import Bus
from pix2live.signals.clock import Clock
from pix2live.signals.reader import SignalReader
from pix2live.visuals.compiler import Compiler
from pix2live.visuals.hud import Hud
from pix2live.visuals.inputs import AudioTextures, CameraTexture, FrameInputs
from pix2live.visuals.isf import load_shader
from pix2live.visuals.layer import Layer
from pix2live.visuals.mixer import Mixer
from pix2live.visuals.pacer import FramePacer

_CHROMA = slice(table.INDEX["tone.chroma.0"], table.INDEX["tone.chroma.0"] + table.CHROMA_SIZE)
PREVIEW_SIZE = (640, 360)
USUAL_SIZE, SOFTWARE_SIZE = (1280, 720), (640, 360)
PREVIEW_S = 0.5
PARAM_S = 6.0
ERROR_S = 12.0
TIMES_KEPT, TIMES_S, SETTLING_S = 1024, 1.0, 1.0  # frame times for the status; a start's own frames do not count


class _Deck:
    """One patch being drawn: its layer, its routes and its values."""

    def __init__(self, layer: Layer, patch: Patch) -> None:
        self.layer = layer
        self.deck = patch.deck
        self.take(patch, {})

    def take(self, patch: Patch, models: dict[str, int]) -> None:
        """Obey ``patch``'s routes and params from now on; the layer stays."""
        self.patch = patch
        self.routes = RouteTable(patch.routes, patch.table, {**table.INDEX, **models})
        self.base = patch.table.default.copy()
        self.values: dict[str, float] = {}

    def evaluate(self, signals: np.ndarray, dt_s: float) -> dict[str, float]:
        """Every param's value at this moment, by scalar id."""
        out = self.routes.evaluate(signals, self.base, dt_s)
        self.values = dict(zip(self.patch.table.ids, out.tolist(), strict=True))
        return self.values


class RenderEngine:
    """Draws. All methods run in the process's main thread, which owns the window and its context.

    Args:
        bus: the bus. clock: the time. options: size, rate, window or offscreen.
    """

    name = "render"
    period_s = 0.0

    def __init__(self, bus: Bus, clock: Clock, options: Options) -> None:
        self._bus, self._clock, self._options = bus, clock, options
        self._status = bus.status["render"]
        self.notices: list[str] = []
        self._reader = SignalReader(bus)
        self._chroma = np.zeros(table.CHROMA_SIZE, np.float32)
        self._patch_reader, self._model_reader = PatchReader(bus.patch), PatchReader(bus.models)
        self._models: dict[str, int] = {}
        self._deck: _Deck | None = None
        self._old: _Deck | None = None
        self._fade_from_s = 0.0
        self._waiting: Patch | None = None
        self._wanted: set[Path] = set()
        self._camera_seen = 0
        self._camera_record = bus.camera.record()
        self._index = 0
        self._last_s = -1.0
        self._preview_s = -1e9
        self._heard = -1
        self._quit = False
        self._param_until_s = 0.0
        self._times = np.zeros((2, TIMES_KEPT))  # seconds to draw a frame, and from one frame to the next
        self._timed, self._timed_s = 0, 0.0
        self._began_s = self._first_s = -1.0

    def open(self) -> None:
        """Open the window (or the offscreen twin) and draw the first picture. Raises DeviceError."""
        options = self._options
        self.window = Window(options.size or USUAL_SIZE, "pix2live", options.fullscreen, options.monitor,
                             options.headless or options.offline)
        if self.window.notice:
            self.notices.append(self.window.notice)
        self.ctx = self.window.ctx
        self.size = options.size or self._affordable_size()
        self._pacer = FramePacer(options.fps, self._clock.now, self._sleep)
        self._audio = AudioTextures(self.ctx)
        self._camera = CameraTexture(self.ctx)
        self._mixer = Mixer(self.ctx, self.size)
        self._hud = Hud(self.ctx)
        self._compiler = None if options.offline else Compiler(self.size)
        self._rgb = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        self._preview = np.zeros((PREVIEW_SIZE[1], PREVIEW_SIZE[0], 3), np.uint8)
        self._small = self.ctx.simple_framebuffer(PREVIEW_SIZE, 4)
        self._help = False
        self._pick_up_patch(self._clock.now(), at_once=True)

    def _affordable_size(self) -> tuple[int, int]:
        renderer = str(self.ctx.info["GL_RENDERER"])
        if any(name in renderer.lower() for name in ("llvmpipe", "softpipe", "swrast", "software")):
            self.notices.append(f"no graphics card was found ({renderer.partition(' (')[0]}): drawing at "
                                f"{SOFTWARE_SIZE[0]}x{SOFTWARE_SIZE[1]} (choose with --size)")
            return SOFTWARE_SIZE
        return USUAL_SIZE

    @property
    def wants_to_quit(self) -> bool:
        """True once the person closed the window or pressed the key for it."""
        return self._quit or self.window.should_close

    # -- patches ----------------------------------------------------------------------------------------------

    def _pick_up_patch(self, now_s: float, at_once: bool = False) -> None:
        names = self._model_reader.changed()
        if names is not None:
            self._models = model_index(json.loads(names))
            if self._deck is not None:
                self._deck.take(self._deck.patch, self._models)
        text = self._patch_reader.changed()
        if text is not None:
            patch = Patch.loads(text)
            if self._deck is not None and patch.deck == self._deck.deck:
                self._deck.take(patch, self._models)
            else:
                self._waiting = patch
                self._wanted = set() if at_once else {Path(path) for path in (patch.shader, *patch.effects)}
                if self._compiler is not None:
                    for path in self._wanted:
                        self._compiler.submit(path)
        for done in self._compiler.poll() if self._compiler is not None else ():
            if done.path in self._wanted:
                self._wanted.discard(done.path)
                if done.error is not None:
                    self._refuse(done.error)
        if self._waiting is not None and (self._compiler is None or not self._wanted):
            self._swap(self._waiting, now_s)
            self._waiting = None

    def _refuse(self, error: Pix2liveError) -> None:
        # The old picture goes on, with its own params and routes.
        self._waiting = None
        self._wanted.clear()
        self.notices.append(str(error))
        self._hud.say(str(error), self._clock.now(), ERROR_S)

    def _swap(self, patch: Patch, now_s: float) -> None:
        layer = Layer(self.ctx, self._mixer.size)
        try:
            layer.set_generator(layer.prepare(load_shader(Path(patch.shader)), "deck.a"))
            layer.set_effects([layer.prepare(load_shader(Path(path)), f"deck.a.fx{number}")
                               for number, path in enumerate(patch.effects, 1)])
        except Pix2liveError as error:
            layer.release()
            if self._options.offline:
                raise
            self._refuse(error)
            return
        if self._old is not None:
            self._old.layer.release()
        self._old, self._fade_from_s = self._deck, now_s
        self._deck = _Deck(layer, patch)
        self._deck.take(patch, self._models)

    # -- one frame --------------------------------------------------------------------------------------------

    def draw(self, seen_s: float) -> None:
        """Draw the frame that will be seen at the moment ``seen_s`` to the mixer's target."""
        dt_s = max(0.0, seen_s - self._last_s) if self._last_s >= 0.0 else 0.0
        self._last_s = seen_s
        show_s = seen_s - self._bus.begin_s
        self._pick_up_patch(seen_s, at_once=self._options.offline)
        signals = self._reader.read(seen_s, show_s, self._index)
        self._take_pictures()
        frame = FrameInputs(show_s, dt_s, self._index, self._date(show_s), self._audio, self._camera.texture)
        deck = self._deck
        values: dict[str, float] = {}
        picture = old = None
        if deck is not None:
            params = self._reader.params
            if params["generation"][0] == deck.patch.generation:
                np.copyto(deck.base, params["values"][0, :len(deck.base)])
            elif params["generation"][0] > 0:
                # A new preset is being compiled, or was refused: blackout and brightness work all the same.
                np.copyto(deck.base[:len(MASTER)], params["values"][0, :len(MASTER)])
            values = deck.evaluate(signals, dt_s)
            picture = deck.layer.draw(frame, values)
        fade_s = values.get("mixer.fade_s", 0.0)
        mix = 1.0 if self._old is None or fade_s <= 0.0 else min(1.0, (seen_s - self._fade_from_s) / fade_s)
        if self._old is not None:
            if mix >= 1.0:
                self._old.layer.release()
                self._old = None
            else:
                old = self._old.layer.draw(frame, self._old.evaluate(signals, dt_s))
        if picture is not None:
            first, second, blend = (picture, None, 0.0) if old is None else (old, picture, mix)
            self._mixer.draw(first, second, blend, frame, values, values["master.brightness"],
                             values["master.blackout"] > 0.5)
        self._index += 1

    def _take_pictures(self) -> None:
        audio = self._reader.audio
        if int(audio["hop"][0]) != self._heard:
            self._heard = int(audio["hop"][0])
            np.copyto(self._chroma, self._reader.values[_CHROMA], casting="same_kind")
            self._audio.update(audio["waveform"][0], audio["fft"][0], audio["spectrum"][0], audio["mel"][0],
                               self._chroma)
        bus, record = self._bus, self._camera_record
        if bus.camera.count == self._camera_seen:
            return
        number = bus.camera.newest(record, 24)
        height, width = int(record["height"][0]), int(record["width"][0])
        size = height * width * 3
        if number >= 0 and 0 < size <= record["pixels"].shape[1] and bus.camera.read(number, record, 24 + size):
            self._camera_seen = number + 1
            self._camera.update(record["pixels"][0, :size].reshape(height, width, 3))

    def _date(self, show_s: float) -> tuple[float, float, float, float]:
        if self._options.offline:
            return (1970.0, 1.0, 1.0, show_s % 86400.0)
        now = time.localtime()
        return (float(now.tm_year), float(now.tm_mon), float(now.tm_mday),
                now.tm_hour * 3600.0 + now.tm_min * 60.0 + now.tm_sec)

    def step(self, now_s: float) -> None:
        """One live frame: keys and commands, draw, present at its time, preview; counts what was missed."""
        self._take_keys(now_s)
        for command in self._bus.queues["desk>render"].drain():
            self._obey(command, now_s)
        if self._param_until_s and now_s > self._param_until_s:
            self._param_until_s = 0.0
            self._hud.learning(None)
        seen_s = self._pacer.next()
        begin_s = self._clock.now()
        self.draw(seen_s)
        window = self.window
        self._mixer.show(window.framebuffer, window.size)
        self._hud.draw(window.framebuffer, window.size, begin_s)
        # Waiting here lets other threads run, and makes the load true: draw calls only queue the work.
        window.wait()
        end_s = self._clock.now()
        self._status["load"] = (end_s - begin_s) * self._options.fps
        self._time_frame(begin_s, end_s)
        if now_s - self._preview_s >= PREVIEW_S:
            self._preview_s = now_s
            self._publish_preview(now_s)
        self.window.present()
        self._status["frames"] = self._index
        self._status["dropped"] = self._pacer.missed

    def _time_frame(self, begin_s: float, end_s: float) -> None:
        if self._first_s < 0.0:
            self._first_s = begin_s
        if begin_s - self._first_s > SETTLING_S:
            self._times[:, self._timed % TIMES_KEPT] = end_s - begin_s, begin_s - self._began_s
            self._timed += 1
            if end_s - self._timed_s > TIMES_S:
                self._timed_s = end_s
                times = np.percentile(self._times[:, :self._timed], (50, 99), axis=1)
                self._status["compute_p50"], self._status["interval_p50"] = times[0]
                self._status["compute_p99"], self._status["interval_p99"] = times[1]
        self._began_s = begin_s

    def _sleep(self, seconds: float) -> None:
        self._clock.wait(self._clock.now() + seconds)

    def _take_keys(self, now_s: float) -> None:
        for key in self.window.poll():
            command: dict[str, Any] | None = command_for(key)
            if command is None:
                continue
            what = command["do"]
            if what == "quit":
                self._quit = True
            elif what == "fullscreen":
                self.window.set_fullscreen(not self.window.fullscreen)
            elif what == "help":
                self._help = not self._help
                self._hud.help(HELP_LINES if self._help else None)
            else:
                self._bus.queues["render>desk"].put({**command, "at_s": now_s})

    def _obey(self, command: dict[str, Any], now_s: float) -> None:
        if command.get("do") == "say":
            self._hud.say(str(command["text"]), now_s)
        elif command.get("do") == "show_param":
            self._hud.learning(f"{command['label']}  ({command['id']})",
                               f"{command['value']:g} {command['unit']}", float(command["position"]))
            self._param_until_s = now_s + PARAM_S

    def _publish_preview(self, now_s: float) -> None:
        self._mixer.show(self._small, PREVIEW_SIZE)
        self.window.read_rgb(self._preview, self._small)
        frame = self._bus.preview.frame
        frame["stamp"], frame["height"], frame["width"] = now_s, *self._preview.shape[:2]
        frame["pixels"][0] = self._preview.reshape(-1)
        self._bus.preview.publish()

    def picture(self) -> np.ndarray:
        """The frame drawn last, RGB uint8 (height, width, 3), top row first; the array is reused."""
        self.window.read_rgb(self._rgb, self._mixer.framebuffer)
        return self._rgb

    def close(self) -> None:
        """Let go of the window and the compiler."""
        if self._compiler is not None:
            self._compiler.close()
        self.window.close()
