"""The audio engine: capture, analysis, synth, limiter and ring, in one callback.

    source or sound card in ─ input gain ─ analyzer ─ bus.audio
                                  │
    routes ─ instrument ──────────┴─ mix ─ master gain ─ limiter ─ sound card out, bus.sound_out
"""

import json
import math
from pathlib import Path

import numpy as np

from pix2live.analysis.analyzer import Analyzer, AudioFeatures
from pix2live.dsp.limiter import TruePeakLimiter
from pix2live.dsp.mixing import mix, take_in
from pix2live.engine.notes import NoteTap
from pix2live.engine.options import Options
from pix2live.engine.sound import OfflineSound, Sound
from pix2live.patch.param import ParamTable
from pix2live.patch.patch import Patch, PatchReader
from pix2live.patch.route import RouteTable, model_index
from pix2live.signals import table
from pix2live.signals.bus import SCORE_MAX, Bus
from pix2live.signals.clock import Clock
from pix2live.signals.reader import SignalReader
from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import PLANES

MAX_BLOCK = 4096
HIT_S = 0.15  # in which synth.hit dies away
FIRST_PATCH_S, FIRST_SCORE_S, FIRST_CAMERA_S = 3.0, 3.0, 1.0
_BPM, _BEAT_CONFIDENCE = table.INDEX["beat.bpm"], table.INDEX["beat.confidence"]
_GROWING = np.array([name.endswith((".count", "_count", ".phase")) for name in table.AUDIO])


class _Plan:
    """What one patch means to the audio engine: its routes, and where the params it obeys lie."""

    def __init__(self, patch: Patch, models: dict[str, int]) -> None:
        index = patch.table.index
        self.patch = patch
        self.generation = patch.generation
        self.table: ParamTable = patch.table
        self.routes = RouteTable(patch.routes, patch.table, {**table.INDEX, **models})
        self.base = patch.table.default.copy()
        self.synth = np.array([index[spec.id] for spec in Instrument.SPECS], np.int64)
        self.monitor, self.thru, self.input_gain = (
            index["audio.monitor"], index["audio.thru"], index["audio.input_gain_db"])
        self.freeze = index["audio.freeze"]
        self.gain, self.mute = index["master.gain_db"], index["master.mute"]
        self.synth_settings = np.zeros(len(self.synth))
        self.synth_values = np.zeros(len(self.synth), np.float32)


class AudioEngine:
    """Hears and plays. ``callback`` runs in the sound card's thread and is real-time safe; ``step`` runs in the
    process's main thread about 50 times a second and does everything that is not.

    Args:
        bus: where features go and params come from. clock: the time. options: devices and block size.
    """

    name = "audio"
    period_s = 0.005

    def __init__(self, bus: Bus, clock: Clock, options: Options) -> None:
        self._bus, self._clock, self._options = bus, clock, options
        self._status = bus.status["audio"]
        self._plan: _Plan | None = None
        self._patch_reader, self._model_reader = PatchReader(bus.patch), PatchReader(bus.models)
        self._models: dict[str, int] = {}
        self._reader = SignalReader(bus, vectors=False)
        self._score_seen = 0
        self._score_record = bus.score.record()
        self._frames = self._synth_frames = 0
        self._hops = 0
        self._monitor = self._gain = 0.0
        self._input_gain = 1.0
        self._panics = self._panics_scored = 0
        self.notices: list[str] = []

    def open(self) -> None:
        """Open the devices, make every buffer, compile every kernel, start. Raises DeviceError, FileError."""
        self.sound: Sound | OfflineSound = (
            OfflineSound(self._options) if self._options.offline
            else Sound(self._options, self._clock, self.callback, self.notices, self._bus.sound_out.written))
        self._ready_for(self.sound)
        self._await_first_patch_and_score()
        self.sound.start()

    def _ready_for(self, sound: Sound | OfflineSound) -> None:
        rate, channels = sound.rate, sound.channels
        self.rate = rate
        self._channels = channels
        self.analyzer = Analyzer(rate, channels)
        self._features = AudioFeatures(MAX_BLOCK // self.analyzer.hop + 2)
        self.instrument = Instrument(rate, SCORE_MAX[1], self._options.seed)
        self._tap = NoteTap(self.instrument.harmony.state, self._bus)
        self._notes_before, self._fade = 0.0, math.exp(-self.analyzer.hop / (HIT_S * rate))
        self._lag_s = math.nan
        self._limiter = TruePeakLimiter(rate)
        self.latency_frames = self._limiter.latency_samples + self.instrument.latency_samples
        self._heard = np.zeros((MAX_BLOCK, channels), np.float32)
        self._synth = np.zeros((MAX_BLOCK, 2), np.float32)
        self._source_block = np.zeros((MAX_BLOCK, channels), np.float32)
        self._silence = np.zeros((MAX_BLOCK, channels), np.float32)
        self._offsets = np.zeros(len(table.AUDIO))
        self._continue_from_bus()
        out = np.zeros((256, 2), np.float32)
        take_in(self._silence[:256], 1.0, 1.0, self._heard)
        mix(self._heard[:256], self._synth[:256], 0.0, 0.0, 0.0, 0.0, out)
        self.step(self._clock.now())

    def _await_first_patch_and_score(self) -> None:
        # A show begins with what it is to play, so that live and offline sound the same from the first sample; a slow
        # camera does not hold it up for long, a picture or film on disk is worth some patience.
        options = self._options
        until_s = self._clock.now() + (0.0 if options.offline else FIRST_PATCH_S)
        while self._plan is None and self._clock.now() < until_s:
            self._clock.wait(self._clock.now() + 0.005)
            self.step(self._clock.now())
        patience_s = FIRST_SCORE_S if options.camera and Path(options.camera).exists() else FIRST_CAMERA_S
        until_s = self._clock.now() + (0.0 if options.offline or options.camera == "none" else patience_s)
        while not self._score_seen and self._clock.now() < until_s:
            self._clock.wait(self._clock.now() + 0.005)
            self.step(self._clock.now())

    def _continue_from_bus(self) -> None:
        # After a crash counters and phases go on from where they stood, so that nothing that reads them jumps.
        last = self._bus.audio.record()
        if self._bus.audio.newest(last) >= 0:
            self._offsets[_GROWING] = last["scalars"][0, :len(table.AUDIO)][_GROWING]
            self._hops = int(last["hop"][0]) + 1
            self._notes_before = float(last["scalars"][0, table.local("audio", "synth.note_count")])
        params = self._bus.params.record()
        if self._bus.params.newest(params) >= 0:
            self._panics = self._panics_scored = int(params["panics"][0])

    # -- in the sound card's thread ---------------------------------------------------------------------------

    def callback(self, heard: np.ndarray | None, out: np.ndarray, in_air_s: float) -> None:
        """One block: ``heard`` (frames, channels) or None, ``out`` (frames, 2) to fill, and the moment at which the
        block's first sample is in the air. Real-time safe."""
        for start in range(0, out.shape[0], MAX_BLOCK):
            part = out[start:start + MAX_BLOCK]
            self._process(None if heard is None else heard[start:start + MAX_BLOCK], part,
                          in_air_s + start / self.rate)

    def _process(self, heard: np.ndarray | None, out: np.ndarray, in_air_s: float) -> None:
        n = out.shape[0]
        source = self.sound.source
        if source is not None:
            heard = self._source_block[:n]
            got = source.read(heard)
            heard[got:] = 0.0
        elif heard is None or heard.shape[1] != self._channels:
            heard = self._silence[:n]  # no input, or the null clock standing in for a lost card
        plan = self._plan
        monitor, gain, input_gain = 0.0, 0.0, 1.0
        panics = self._panics
        if plan is not None:
            values = self._reader.read(self._clock.now(), self._frames / self.rate, self._hops)
            params = self._reader.params
            if params["generation"][0] == plan.generation:
                np.copyto(plan.base, params["values"][0, :plan.base.shape[0]])
                panics = params["panics"][0]
            settings = plan.routes.evaluate(values, plan.base, n / self.rate)
            np.take(settings, plan.synth, out=plan.synth_settings)
            np.copyto(plan.synth_values, plan.synth_settings, casting="same_kind")
            monitor = settings[plan.thru if source is None else plan.monitor]
            gain = 0.0 if settings[plan.mute] > 0.5 else 10.0 ** (settings[plan.gain] / 20.0)
            input_gain = 10.0 ** (settings[plan.input_gain] / 20.0)
            self.analyzer.freeze = settings[plan.freeze] > 0.5
        taken = self._heard[:n]
        take_in(heard, self._input_gain, input_gain, taken)
        first_frame = self._bus.sound_in.written
        self._bus.sound_in.write(taken)
        self._publish(self.analyzer.process(taken, self._features), in_air_s, first_frame)
        synth = self._synth[:n]
        if plan is not None:
            if panics != self._panics:
                self.instrument.panic()
                self._panics = panics
            heard_s = self._heard_at(in_air_s)
            beats = np.nan
            if values[_BEAT_CONFIDENCE] > 0.0:
                # On the beat where it is heard.
                beats = self._reader.transport.beats_at(heard_s + float(params["nudge_s"][0]))
            self.instrument.process(plan.synth_values, synth, values[_BPM], beats)
            self._tap.publish(self._synth_frames, n, heard_s, self.rate)
            self._synth_frames += n
        mix(taken, synth, self._monitor, monitor, self._gain, gain, out)
        self._monitor, self._gain, self._input_gain = monitor, gain, input_gain
        self._limiter.process(out)
        self._bus.sound_out.write(out)
        self._frames += n

    def _heard_at(self, in_air_s: float) -> float:
        # The input's stamps are smooth, the moments of callbacks are not.
        lag_s = self._clock.now() - in_air_s
        self._lag_s = lag_s if math.isnan(self._lag_s) else self._lag_s + 0.02 * (lag_s - self._lag_s)
        return in_air_s + self._lag_s + self.sound.latency_s + self.latency_frames / self.rate

    def _publish(self, hops: int, in_air_s: float, first_frame: int) -> None:
        features, frame = self._features, self._bus.audio.frame
        frame["rate"], frame["hop_frames"] = self.rate, self.analyzer.hop
        for h in range(hops):
            frame["stamp"] = in_air_s + features.end[h] / self.rate
            frame["hop"] = self._hops
            frame["end_frame"] = first_frame + features.end[h]
            scalars = frame["scalars"][0]
            np.add(features.scalars[h], self._offsets, out=scalars[:len(table.AUDIO)])
            self._tap.hit *= self._fade
            scalars[len(table.AUDIO):] = (self.instrument.playhead, self._notes_before + self._tap.begun,
                                          self._tap.hit, self._tap.beat_phase)
            frame["spectrum"][0] = features.spectrum[h]
            frame["waveform"][0] = features.waveform[h]
            frame["mel"][0] = features.mel[h]
            frame["fft"][0] = features.fft[h]
            self._bus.audio.publish()
            self._hops += 1

    # -- in the process's main thread -------------------------------------------------------------------------

    def step(self, now_s: float) -> None:
        """Take in a new patch and a new score, watch the device, say how it goes."""
        names, text = self._model_reader.changed(), self._patch_reader.changed()
        if names is not None:
            self._models = model_index(json.loads(names))
        patch = Patch.loads(text) if text else self._plan.patch if names is not None and self._plan else None
        if patch is not None:
            plan = _Plan(patch, self._models)
            # A record of its own: the callback reads into the reader's at any moment.
            params = self._bus.params.record()
            self._bus.params.newest(params)
            if params["generation"][0] == plan.generation:
                np.copyto(plan.base, params["values"][0, :plan.base.shape[0]])
            # Compiled and run once here, so that the callback meets nothing new.
            plan.routes.evaluate(np.zeros(len(table.NAMES)), plan.base, 0.0)
            plan.routes.reset()
            self._plan = plan
        self._take_score()
        self.sound.step(now_s, self._bus)
        self.sound.tell(self._status, now_s)
        self._status["frames"] = self._hops
        self._status["latency_s"] = self.latency_frames / self.rate + self.sound.latency_s

    def _take_score(self) -> None:
        bus = self._bus
        if self._panics_scored != self._panics:
            # A panic dropped the score; a still picture would never send it again.
            self._panics_scored, self._score_seen = self._panics, 0
        if bus.score.count == self._score_seen:
            return
        record = self._score_record
        number = bus.score.newest(record, 24)
        if number < 0:
            return
        columns, rows = int(record["columns"][0]), int(record["rows"][0])
        if not (0 < columns <= SCORE_MAX[0] and 0 < rows <= SCORE_MAX[1]):
            return
        size = columns * rows * PLANES
        if size > record["amplitude"].shape[1]:
            return
        if not bus.score.read(number, record, 24 + size * 4):
            return
        self._score_seen = number + 1
        self.instrument.set_score(record["amplitude"][0, :size].reshape(columns, rows, PLANES))

    def close(self) -> None:
        """Stop and close the devices. Never hangs."""
        self.sound.close(self._bus)

