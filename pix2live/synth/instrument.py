"""The synth's front: a picture played as a score, with its effects, gain, fades and limiter."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.limiter import TruePeakLimiter
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec
from pix2live.synth.effects import EFFECT_SPECS, Effects
from pix2live.synth.rows import ROW_MODES, SCALE, SCALE_MASKS, SCALES, empty_rows
from pix2live.synth.sweep import DIRECTIONS, Bank, empty_state, play, take_score

_TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def _choice(id_: str, label: str, choices: tuple[str, ...], default: str) -> ParamSpec:
    return ParamSpec(
        id_, label, high=len(choices) - 1.0, default=float(choices.index(default)), kind="choice", choices=choices
    )


class Instrument:
    """Plays a score: each row is a sinusoid, brightness its level, and a playhead sweeps across the columns.

    Sound is made in chunks of 64 samples on absolute sample positions: params are read at a chunk's start and reached
    at its end along straight ramps, so the sound is the same to the bit at every block size. A new score is glided to
    within 1/30 s, the playhead going on; another number of rows, mode, scale or root is cross-faded at equal power.
    While ``synth.scan.normalise`` is on, the level follows the picture as a whole (time constant 1 s) towards -20 dBFS
    RMS, weighted by the ear, so that dark and bright pictures, few rows and many, are all comfortable.
    Filter, chorus, delay and reverb follow, and sleep until they are asked for; then gain, mute and limiter.

    Args:
        sample_rate: Hz.
        max_partials: most rows that a score may have.
        seed: of the partials' starting phases.

    Attributes:
        latency_samples: of the limiter (1.5 ms), the only delay.

    ``process`` and ``reset`` belong to the audio thread, ``set_score`` and ``panic`` to any other thread.
    """

    SPECS: ClassVar[tuple[ParamSpec, ...]] = (
        ParamSpec("synth.gain", "gain", "dB", -60.0, 12.0, 0.0),
        ParamSpec("synth.mute", "mute", kind="bool"),
        ParamSpec("synth.scan.seconds", "seconds a sweep", "s", 0.1, 120.0, 8.0, curve="exp"),
        _choice("synth.scan.direction", "direction", DIRECTIONS, "forward"),
        ParamSpec("synth.scan.freeze", "hold the playhead", kind="bool"),
        ParamSpec("synth.scan.offset", "shift of the playhead", low=0.0, high=1.0),
        _choice("synth.scan.rows", "rows", ROW_MODES, ROW_MODES[SCALE]),
        ParamSpec("synth.scan.low_hz", "lowest row", "Hz", 20.0, 20000.0, 65.0, curve="exp"),
        ParamSpec("synth.scan.high_hz", "highest row", "Hz", 20.0, 20000.0, 2100.0, curve="exp"),
        _choice("synth.scan.scale", "scale", tuple(SCALES), "minor pentatonic"),
        _choice("synth.scan.root", "root", _TONICS, "D"),
        ParamSpec("synth.scan.detune_cents", "detune", "cents", 0.0, 50.0, 5.0, curve="square"),
        ParamSpec("synth.scan.tilt_db", "tilt an octave", "dB", -12.0, 6.0, -3.0),
        ParamSpec("synth.scan.gamma", "gamma", low=0.25, high=4.0, default=1.0, curve="exp"),
        ParamSpec("synth.scan.contrast_db", "contrast", "dB", 0.0, 96.0, 48.0),
        ParamSpec("synth.scan.invert", "invert", kind="bool"),
        ParamSpec("synth.scan.pan", "pan with the playhead"),
        ParamSpec("synth.scan.normalise", "even out pictures", default=1.0, kind="bool"),
        *EFFECT_SPECS,
    )

    def __init__(self, sample_rate: float, max_partials: int = 2048, seed: int = 1) -> None:
        self.sample_rate, self.max_partials = float(sample_rate), int(max_partials)
        rng = np.random.default_rng(seed)
        self._first_phase = rng.integers(-(2**31), 2**31, (2, max_partials), dtype=np.int64).astype(np.int32)
        self._limiter = TruePeakLimiter(sample_rate)
        self.latency_samples = self._limiter.latency_samples
        names = (spec.id.removeprefix("synth.").removeprefix("scan.") for spec in self.SPECS)
        fields = [(name.replace(".", "_"), np.float32) for name in names]
        self._controls = np.zeros(1, np.dtype(fields))
        self._params = self._controls.view(np.float32)
        self._lows = np.array([spec.low for spec in self.SPECS], np.float32)
        self._highs = np.array([spec.high for spec in self.SPECS], np.float32)
        self._defaults = np.array([spec.default for spec in self.SPECS], np.float32)
        self._state = empty_state()
        self._rows = empty_rows(max_partials)
        self._bank = Bank.empty(max_partials)
        self._curve = np.zeros(1025, np.float32)
        self._mix = np.zeros((2, CHUNK), np.float32)
        self._chunk = np.zeros((CHUNK, 2), np.float32)
        self._strided = np.zeros((1024, 2), np.float32)  # for an output that is not contiguous
        self._effects = Effects.empty(self.sample_rate)
        self._silence = np.zeros((1, max_partials, 2), np.float32)
        self._score = self._pending = self._silence
        self._kept: list[NDArray[np.float32]] = []
        self._panic = False
        self.reset()
        self.process(self._defaults, self._chunk.copy())
        self.reset()

    def set_score(self, score: NDArray[np.float32] | None) -> None:
        """Play ``score`` from the next block on; None fades to silence. Lock-free, from any one thread.

        Args:
            score: (columns, rows, 2), left and right in 0..1; row 0 is the highest partial. Copied. NaN is silence;
                values are clipped.

        Raises:
            ValueError: another shape, no column, no row, or more rows than ``max_partials``.
        """
        if score is None:
            self._pending = self._silence
            return
        if score.ndim != 3 or score.shape[2] != 2 or score.size == 0 or score.shape[1] > self.max_partials:
            raise ValueError(f"a score is (columns, rows up to {self.max_partials}, 2), not {score.shape}")
        copy: NDArray[np.float32] = np.empty(score.shape, np.float32)
        take_score(np.ascontiguousarray(score, np.float32).reshape(-1), copy.reshape(-1))
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
        """Where the sound is in the picture, 0..1."""
        return float(self._state["shown"][0])

    @property
    def row_hz(self) -> NDArray[np.float64]:
        """Frequencies of the present rows in Hz, row 0 first (a copy; not for the audio thread)."""
        return self._rows.hz[: int(self._state["rows"][0])].copy()

    def reset(self) -> None:
        """As new, the score kept: the same params then give the same sound again."""
        self._state[...] = empty_state()
        self._bank.clear(self._first_phase)
        self._mix[...] = 0.0
        self._effects.reset()
        self._limiter.reset()
        self._score = self._silence
        self._panic = False

    def process(self, params: NDArray[np.float32], out: NDArray[np.float32], bpm: float = 120.0) -> None:
        """Fill ``out`` with the next frames. Real-time safe.

        Args:
            params: float32 in the order of ``SPECS``, raw units; NaN counts as the default.
            out: float32 (frames, 2), any number of frames; written in full.
            bpm: the tempo that the delay keeps; held to 30..300, and where it is none (0, NaN) the last one stays.
        """
        self._params[:] = params
        state = self._state
        if self._panic:
            self._panic = False
            state["stopping"] = 1
            self._take(self._silence)
        pending = self._pending
        if pending is not self._score and not state["switching"][0]:
            self._take(pending)
        if out.flags.c_contiguous:
            self._play(out, float(bpm))
            return
        for start in range(0, len(out), len(self._strided)):
            part = out[start : start + len(self._strided)]
            self._play(self._strided[: len(part)], float(bpm))
            part[...] = self._strided[: len(part)]

    def _take(self, score: NDArray[np.float32]) -> None:
        self._score = score
        self._state["fresh"] = 1
        if score is not self._silence:
            self._state["wanted_rows"] = score.shape[1]

    def _play(self, out: NDArray[np.float32], bpm: float) -> None:
        play(
            out, self._score, self._controls, self._params, self._lows, self._highs, self._defaults, SCALE_MASKS,
            self._state, self._rows, self._bank, self._curve, self._mix, self._chunk, self._effects,
            self._limiter.state, self._limiter.constants, bpm, self.sample_rate,
        )  # fmt: skip
