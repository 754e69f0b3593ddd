"""The synth's front: three instruments that a picture plays, with their effects, gain, fades and limiter."""

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numba.core import types
from numba.experimental import structref
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.limiter import LimiterState, TruePeakLimiter, limit
from pix2live.dsp.oscillator import CHUNK, empty_mix
from pix2live.signals.spec import ParamSpec
from pix2live.synth.drone import DRONE_SPECS, Drone, drone_chunk, hush_drone
from pix2live.synth.effects import EFFECT_SPECS, Effects, apply_effects, silence_effects
from pix2live.synth.harmony import HARMONY_SPECS, Harmony, HarmonyState, harmony_chunk, silence_harmony
from pix2live.synth.loudness import LOUDNESS_SPECS, Loudness, keep_loudness
from pix2live.synth.master import DRONE, HARMONY, MASTER_SPECS, SCAN, Master, add_part, fade_level, finish
from pix2live.synth.ramps import ramp
from pix2live.synth.scan import take_score
from pix2live.synth.sweep import SCAN_SPECS, Scan, hush_scan, rest_scan, scan_chunk

_BEAT_GRAIN = float(1 << 20)  # beats are rounded to this, so that their sums are the same at every block size
_MOST_BEATS = 1e9
_SLOWEST_BPM, _QUICKEST_BPM = 20.0, 400.0


class _Knobs(NamedTuple):
    controls: NDArray[np.void]  # (1) record of the params: "synth.scan.low_hz" is scan_low_hz
    params: NDArray[np.float32]  # the same memory
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    default: NDArray[np.float32]


class _Parts(NamedTuple):
    knobs: _Knobs
    master: Master
    scan: Scan
    drone: Drone
    harmony: HarmonyState
    effects: Effects
    loudness: Loudness
    limiter: LimiterState
    limits: tuple[float, float, float]
    mix: NDArray[np.float32]  # (2, CHUNK)
    part: NDArray[np.float32]  # (2, CHUNK)
    chunk: NDArray[np.float32]  # (CHUNK, 2)
    sample_rate: float


@structref.register
class _HeldType(types.StructRef):
    pass


class _Held(structref.StructRefProxy):
    """All parts behind one pointer: handing over their arrays one by one would cost 15 microseconds a call."""


structref.define_proxy(_Held, _HeldType, ["parts"])


@kernel
def _hold(parts: _Parts) -> Any:
    return _Held(parts)


@kernel
def _play(
    out: NDArray[np.float32], done: int, score: NDArray[np.float32], held: Any, bpm: float, beats: float, waits: bool
) -> int:
    """Fill ``out`` (frames, 2) from frame ``done`` on, making chunks as they are needed; returns how far it is filled.

    Where another score ``waits`` for a cross-fade to end, it stops there: blocks of any size then take it up alike.
    """
    parts = held.parts
    knobs, s = parts.knobs, parts.master.state[0]
    params = knobs.params
    for i in range(len(params)):
        if np.isnan(params[i]):
            params[i] = knobs.default[i]
        params[i] = min(max(params[i], knobs.low[i]), knobs.high[i])
    if 0.0 < bpm < np.inf:
        s.bpm = min(max(bpm, _SLOWEST_BPM), _QUICKEST_BPM)
    elif s.bpm == 0.0:
        s.bpm = 120.0
    if not abs(beats) < _MOST_BEATS:
        beats = np.nan
    while done < out.shape[0]:
        if s.ready == 0:
            if waits and parts.scan.state[0].switching == 0:
                return done
            _make_chunk(parts, score, bpm, beats + done * s.bpm / (60.0 * parts.sample_rate))
            s.ready = CHUNK
        take = min(s.ready, out.shape[0] - done)
        for n in range(take):
            out[done + n, 0] = parts.chunk[CHUNK - s.ready + n, 0]
            out[done + n, 1] = parts.chunk[CHUNK - s.ready + n, 1]
        s.ready -= take
        done += take
    return done


@kernel
def _make_chunk(parts: _Parts, score: NDArray[np.float32], bpm: float, beats: float) -> None:
    knobs, master, mix, rate = parts.knobs.controls[0], parts.master, parts.mix, parts.sample_rate
    s, levels = master.state[0], master.levels
    begins = np.floor(beats * _BEAT_GRAIN + 0.5) / _BEAT_GRAIN
    ends = np.floor((beats + CHUNK * s.bpm / (60.0 * rate)) * _BEAT_GRAIN + 0.5) / _BEAT_GRAIN
    for n in range(CHUNK):
        mix[0, n] = mix[1, n] = 0.0

    before = fade_level(levels, SCAN, knobs.scan_level, s.begun == 1, rate)
    after = levels[SCAN]
    if before > 0.0 or after > 0.0:
        scan_chunk(parts.scan, score, knobs, mix, s.bpm, ends, rate)
        if before != 1.0 or after != 1.0:
            for c in range(2):
                for n in range(CHUNK):
                    mix[c, n] *= ramp(before, after, n)
        if after == 0.0:
            hush_scan(parts.scan)
    else:
        rest_scan(parts.scan, score.shape[1], knobs, s.bpm, ends, rate)

    before = fade_level(levels, DRONE, knobs.drone_level, s.begun == 1, rate)
    after = levels[DRONE]
    if before > 0.0 or after > 0.0:
        for n in range(CHUNK):
            parts.part[0, n] = parts.part[1, n] = 0.0
        drone_chunk(parts.drone, score, knobs, parts.part, parts.scan.state[0].blank == 1, rate)
        add_part(parts.part, before, after, mix)
        if after == 0.0:
            hush_drone(parts.drone)

    before = fade_level(levels, HARMONY, knobs.harmony_level, s.begun == 1, rate)
    after = levels[HARMONY]
    if (before > 0.0 or after > 0.0) and s.hushed == 0:
        for n in range(CHUNK):
            parts.part[0, n] = parts.part[1, n] = 0.0
        harmony_chunk(parts.harmony, knobs, parts.part, s.bpm, begins)
        add_part(parts.part, before, after, mix)
        if after == 0.0:
            silence_harmony(parts.harmony)

    apply_effects(mix, parts.effects, knobs, bpm, rate)
    keep_loudness(mix, parts.loudness, knobs.loudness_on, knobs.loudness_db, rate)
    if finish(knobs, s, mix, parts.chunk, rate):
        hush_scan(parts.scan)
        parts.scan.state[0].playhead = 0.0
        hush_drone(parts.drone)
        silence_harmony(parts.harmony)
        s.hushed = s.hushing
        silence_effects(parts.effects)
    limit(parts.chunk, parts.limiter, parts.limits[0], parts.limits[1], parts.limits[2])


class Instrument:
    """Three instruments that a picture plays, mixed at equal power: scan, drone and harmony.

    The scan plays a score: each row is a sinusoid, brightness its level, and a playhead sweeps across the columns. The
    drone sounds all of the score at once (``drone.py``); harmony composes from what routes tell it of the picture
    (``harmony.py``). What is at level 0 sleeps: it costs nothing and changes no bit.
    Sound is made in chunks of 64 samples on absolute sample positions: params are read at a chunk's start and reached
    at its end along straight ramps, so the sound is the same to the bit at every block size. A new score is glided to
    within 1/30 s, the playhead going on; another number of rows, mode, scale or root is cross-faded at equal power.
    While ``synth.scan.normalise`` is on, the level follows the picture as a whole (time constant 1 s) towards -20 dBFS
    RMS, weighted by the ear, so that dark and bright pictures, few rows and many, are all comfortable.
    Filter, chorus, delay and reverb follow, and sleep until they are asked for; then the slow gain of long runs, gain,
    mute and limiter.

    Args:
        sample_rate: Hz.
        max_partials: most rows that a score may have.
        seed: of the partials' starting phases, the drone's ways and harmony's piece.

    Attributes:
        latency_samples: of the limiter (1.5 ms), the only delay.
        harmony: whose ``state`` holds the notes played.

    ``process`` and ``reset`` belong to the audio thread, ``set_score`` and ``panic`` to any other thread.
    """

    SPECS: ClassVar[tuple[ParamSpec, ...]] = (
        *MASTER_SPECS, *LOUDNESS_SPECS, *SCAN_SPECS, *DRONE_SPECS, *HARMONY_SPECS, *EFFECT_SPECS,
    )  # fmt: skip

    def __init__(self, sample_rate: float, max_partials: int = 2048, seed: int = 1) -> None:
        self.sample_rate, self.max_partials = float(sample_rate), int(max_partials)
        rng = np.random.default_rng(seed)
        self._first_phase = rng.integers(-(2**31), 2**31, (2, max_partials), dtype=np.int64).astype(np.int32)
        self._limiter = TruePeakLimiter(sample_rate)
        self.latency_samples = self._limiter.latency_samples
        self._scan = Scan.empty(max_partials)
        self._drone, self._seed = Drone.empty(), seed
        self.harmony = Harmony(self.sample_rate, seed)
        self._master = Master.empty()
        self._effects = Effects.empty(self.sample_rate)
        self._loudness = Loudness.empty(self.sample_rate)
        fields = [(spec.id.removeprefix("synth.").replace(".", "_"), np.float32) for spec in self.SPECS]
        controls = np.zeros(1, np.dtype(fields))
        low, high, default = (
            np.array([getattr(spec, end) for spec in self.SPECS], np.float32) for end in ("low", "high", "default")
        )
        self._params = controls.view(np.float32)
        mix = empty_mix()
        self._chunk: NDArray[np.float32] = np.zeros((CHUNK, 2), np.float32)
        self._held = _hold(_Parts(
            _Knobs(controls, self._params, low, high, default), self._master, self._scan, self._drone,
            self.harmony.state, self._effects, self._loudness, self._limiter.state, self._limiter.constants, mix,
            empty_mix(), self._chunk, self.sample_rate,
        ))  # fmt: skip
        self._strided = np.zeros((1024, 2), np.float32)  # for an output that is not contiguous
        self._silence = np.zeros((3, 1, max_partials), np.float32)
        self._score = self._pending = self._silence
        self._kept: list[NDArray[np.float32]] = []
        self._panic = False
        self.reset()
        self.process(default, self._chunk.copy())
        self.reset()

    def set_score(self, score: NDArray[np.float32] | None) -> None:
        """Play ``score`` from the next block on; None fades to silence. Lock-free, from any one thread.

        Args:
            score: (columns, rows, 2 or 3): left and right in 0..1, and warmth in -1 (cool) to 1 (warm), without which
                all is grey. Row 0 is the highest partial. Copied. NaN is silence; values are clipped.

        Raises:
            ValueError: another shape, no column, no row, or more rows than ``max_partials``.
        """
        if score is None:
            self._pending = self._silence
            return
        if score.ndim != 3 or score.shape[2] not in (2, 3) or score.size == 0 or score.shape[1] > self.max_partials:
            raise ValueError(f"a score is (columns, rows up to {self.max_partials}, 2 or 3), not {score.shape}")
        copy: NDArray[np.float32] = np.empty((3, *score.shape[:2]), np.float32)
        take_score(np.ascontiguousarray(score, np.float32), copy)
        # Scores are freed here, never in the audio thread, which may be taking one of the last two just now.
        in_use = self._score
        self._kept = [kept for kept in self._kept[:-2] if kept is in_use] + self._kept[-2:] + [copy]
        self._pending = copy

    def panic(self) -> None:
        """Fade to silence within 15 ms and drop the score; the next ``set_score`` sounds again. From any thread."""
        self._pending = self._silence
        self._panic = True

    @property
    def playhead(self) -> float:
        """Where the scan is in the picture, 0..1."""
        return float(self._scan.state["shown"][0])

    @property
    def row_hz(self) -> NDArray[np.float64]:
        """Frequencies of the present rows in Hz, row 0 first (a copy; not for the audio thread)."""
        return self._scan.rows.hz[: int(self._scan.state["rows"][0])].copy()

    def reset(self) -> None:
        """As new, the score kept: the same params then give the same sound again."""
        self._scan.reset(self._first_phase)
        self._drone.reset(self._seed)
        self.harmony.reset()
        self._master.reset()
        self._effects.reset()
        self._loudness.reset()
        self._limiter.reset()
        self._score = self._silence
        self._panic = False

    def process(
        self, params: NDArray[np.float32], out: NDArray[np.float32], bpm: float = 120.0, beats: float = np.nan
    ) -> None:
        """Fill ``out`` with the next frames. Real-time safe.

        Args:
            params: float32 in the order of ``SPECS``, raw units; NaN counts as the default.
            out: float32 (frames, 2), any number of frames; written in full.
            bpm: the tempo; where it is none (0, NaN) the last one stays. The delay holds it to 30..300.
            beats: how many beats have passed at the first frame of ``out``, with fractions; NaN where none are kept.
        """
        self._params[:] = params
        if self._panic:
            self._panic = False
            self._master.state["stopping"], self._master.state["hushing"] = 1, self._master.state["pictured"]
            self._take(self._silence)
        if out.flags.c_contiguous:
            self._fill(out, float(bpm), float(beats))
            return
        for start in range(0, len(out), len(self._strided)):
            part = out[start : start + len(self._strided)]
            self._fill(self._strided[: len(part)], float(bpm), float(beats))
            part[...] = self._strided[: len(part)]
            beats += len(part) * float(self._master.state["bpm"][0]) / (60.0 * self.sample_rate)

    def _fill(self, out: NDArray[np.float32], bpm: float, beats: float) -> None:
        pending, done = self._pending, 0
        while done < len(out):
            waits = pending is not self._score
            if waits and not self._scan.state["switching"][0]:
                self._take(pending)
                waits = False
            done = _play(out, done, self._score, self._held, bpm, beats, waits)

    def _take(self, score: NDArray[np.float32]) -> None:
        self._score = score
        self._scan.state["fresh"], self._scan.state["blank"] = 1, score is self._silence
        if score is not self._silence:
            self._scan.state["wanted_rows"] = score.shape[2]
            self._master.state["hushed"] = self._master.state["hushing"] = 0
            self._master.state["pictured"] = 1
