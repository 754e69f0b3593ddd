"""The perception engine: camera, vision, the picture as a score, hearing, and models. Soft: it skips before it is late.

    camera ─┬─ bus.camera            bus.audio (every hop, once) ─┬─ hearing ─ bus.hearing
            ├─ viewer ──────────────────────────────┐             └─ models ─┐
            └─ score ─ bus.score                    └────────────────────────┴─ bus.perception
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pix2live.devices.camera import open_camera
from pix2live.engine.hearing import Hearing
from pix2live.engine.options import Options
from pix2live.models.runner import Runner, open_models
from pix2live.patch.patch import Patch, PatchReader, publish_text
from pix2live.signals import table
from pix2live.signals.bus import SCORE_MAX, Bus
from pix2live.signals.clock import Clock
from pix2live.synth.scan import PLANES, SCORE_SPECS, score_from_picture
from pix2live.vision.viewer import Viewer, VisualFeatures

_VISION = table.local("perception", table.VISION[0])
_MODEL = table.local("perception", table.MODEL[0])
MODEL_BUDGET_S = 0.004
MAX_FEED = 256
_VISION_VECTORS = ("palette", "palette_weights", "directions", "grid", "flow", "things")
_AUDIO_VECTORS = {"audio.mel": "mel", "audio.spectrum": "spectrum", "audio.fft": "fft", "audio.waveform": "waveform"}


class PerceptionEngine:
    """Sees, and lets models judge what is heard. ``step`` runs in the process's main thread; never real-time.

    Args:
        bus: the bus. clock: the time. options: which camera.
    """

    name = "perception"
    period_s = 0.008

    def __init__(self, bus: Bus, clock: Clock, options: Options) -> None:
        self._bus, self._clock, self._options = bus, clock, options
        self._status = bus.status["perception"]
        self._patch_reader = PatchReader(bus.patch)
        self._patch: Patch | None = None
        self._params = bus.params.record()
        self._settings = (0, 0.0)
        self._frame: np.ndarray | None = None
        self._audio = bus.audio.record()
        self._next_hop = 0
        self.notices: list[str] = []

    def open(self) -> None:
        """Open the camera and load the models. Raises DeviceError, FileError for a camera that was asked for."""
        spec = self._options.camera
        self._camera: Any = None
        if spec is None:
            from pix2live.devices.demo_picture import DemoPicture

            self._camera = DemoPicture()
        elif spec != "none":
            self._camera = open_camera(spec, lambda: self._clock.now() - self._bus.begin_s)
        if spec is None and not self._options.offline:
            self.notices.append("no camera was named: looking at the built-in moving picture (choose with --camera)")
        self._viewer, self._features = Viewer(), VisualFeatures()
        self._viewer.warm()
        self._hearing = Hearing(self._bus)
        self._next_hop = self._bus.audio.count
        self._use_models(())
        self.step(self._clock.now())

    def _use_models(self, names: Sequence[str]) -> None:
        models, notices = open_models(names)
        self.notices += notices
        self._models = Runner(models, math.inf if self._options.offline else MODEL_BUDGET_S)
        self._model_names = tuple(names)
        self._feed = {signal: np.zeros((MAX_FEED, *self._shape(signal)), np.float32)
                      for signal in self._models.signals()}
        # Generation 0 of an engine that was restarted must still be new to the readers.
        self._generation = self._bus.models.count + 1
        publish_text(self._bus.models, json.dumps(self._models.names()), self._generation, self._clock.now())

    def _shape(self, signal: str) -> tuple[int, ...]:
        if signal in _AUDIO_VECTORS:
            return (self._audio[_AUDIO_VECTORS[signal]].shape[1],)
        group, _, name = signal.partition(".")
        return (getattr(self._features, name).size,) if group == "vision" and name in _VISION_VECTORS else ()

    def step(self, now_s: float) -> None:
        """Look at the newest picture and feed the models all new hops; publish where anything changed."""
        text = self._patch_reader.changed()
        if text:
            self._patch = Patch.loads(text)
            if tuple(self._patch.models) != self._model_names:
                self._use_models(self._patch.models)
        seen = self._look(now_s)
        self._hearing.step()
        heard = self._listen()
        if seen or heard:
            frame = self._bus.perception.frame
            frame["stamp"] = now_s
            scalars = frame["scalars"][0]
            scalars[_VISION:_VISION + len(table.VISION)] = self._features.scalars
            scalars[_MODEL:_MODEL + table.MODEL_SLOTS] = self._models.values
            for vector in _VISION_VECTORS:
                frame[vector][0] = getattr(self._features, vector)
            self._bus.perception.publish()
        self._status["dropped"] = self._models.skipped

    def _look(self, now_s: float) -> bool:
        if self._camera is None:
            return False
        show_s = now_s - self._bus.begin_s
        picture, _ = self._camera.frame_at(show_s)
        notice = getattr(self._camera, "notice", "")
        if notice and notice not in self.notices:
            self.notices.append(notice)
        settings = self._score_settings()
        if picture is self._frame and settings == self._settings:
            # Motion dies away while the picture stands still.
            self._viewer.rest(show_s, self._features)
            return True
        # The score goes first: it is what sounds next.
        fresh = picture is not self._frame
        self._frame, self._settings = picture, settings
        self._make_score(now_s, picture, settings)
        if fresh:
            self._viewer.process(picture, show_s, self._features)
            frame = self._bus.camera.frame
            height, width = picture.shape[:2]
            frame["stamp"], frame["height"], frame["width"] = now_s, height, width
            frame["pixels"][0, :picture.size] = picture.reshape(-1)
            self._bus.camera.publish(24 + picture.size)
        return True

    def _make_score(self, now_s: float, picture: np.ndarray, settings: tuple[int, float]) -> None:
        frame = self._bus.score.frame
        # Many rows leave room for fewer columns.
        columns = min(SCORE_MAX[0], frame["amplitude"].shape[1] // (settings[0] * PLANES))
        score = score_from_picture(picture, settings[0], columns, hue_pan=settings[1])
        frame["stamp"], frame["columns"], frame["rows"] = now_s, *score.shape[:2]
        frame["amplitude"][0, :score.size] = score.reshape(-1)
        self._bus.score.publish(24 + score.size * 4)

    def _score_settings(self) -> tuple[int, float]:
        rows, hue_pan = (spec.default for spec in SCORE_SPECS)
        patch = self._patch
        if patch is not None and self._bus.params.newest(self._params) >= 0 and (
                self._params["generation"][0] == patch.generation):
            rows, hue_pan = (float(self._params["values"][0, patch.table.index[spec.id]]) for spec in SCORE_SPECS)
        return max(1, min(int(rows), SCORE_MAX[1])), hue_pan

    def _listen(self) -> bool:
        newest = self._bus.audio.count
        # More than fits was missed (this process was down or held up): go on from what is newest.
        lost = max(0, newest - MAX_FEED - self._next_hop)
        self._next_hop += lost
        count = 0
        while self._next_hop < newest:
            if self._bus.audio.read(self._next_hop, self._audio):
                for signal, rows in self._feed.items():
                    self._fill(signal, rows[count])
                count += 1
            else:
                lost += 1
            self._next_hop += 1
        if not count:
            return False
        self._models.step({signal: rows[:count] for signal, rows in self._feed.items()}, lost)
        if self._models.notices:
            self.notices += self._models.notices
            self._models.notices.clear()
        return True

    def _fill(self, signal: str, row: np.ndarray) -> None:
        if signal in _AUDIO_VECTORS:
            row[...] = self._audio[_AUDIO_VECTORS[signal]][0]
        elif signal.startswith("vision.") and signal[7:] in _VISION_VECTORS:
            row[...] = getattr(self._features, signal[7:]).reshape(-1)
        elif signal in table.SECTIONS["audio"]:
            row[...] = self._audio["scalars"][0, table.local("audio", signal)]
        elif signal in table.VISION:
            row[...] = self._features.scalars[table.VISION.index(signal)]

    def model_names(self) -> list[str]:
        """The signals that the models in force give, in the order of the bus's model slots."""
        return self._models.names()

    def close(self) -> None:
        """Let go of the camera."""
        if self._camera is not None and hasattr(self._camera, "close"):
            self._camera.close()

