"""Sound in, features out: the whole fast analysis as one compiled call per block."""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.experimental import structref

from pix2live.analysis.bands import Bands, bands, bands_step
from pix2live.analysis.hpss import Split, split, split_step
from pix2live.analysis.level import Level, level, level_step
from pix2live.analysis.loudness import MAX_CHANNELS, Loudness, loudness, loudness_step
from pix2live.analysis.onset import Onset, onset, onset_step
from pix2live.analysis.roughness import Roughness, roughness, roughness_step
from pix2live.analysis.shape import Shape, shape, shape_step
from pix2live.analysis.vectors import Vectors, fft_step, mel_step, spectrum_step, vectors, waveform_step
from pix2live.dsp.fft import RealFFT, add_power_spectrum, real_fft
from pix2live.dsp.follower import TINY
from pix2live.dsp.jit import kernel
from pix2live.dsp.window import blackman, hann
from pix2live.signals.table import AUDIO, FFT_SIZE, MEL_SIZE, SPECTRUM_SIZE, WAVEFORM_SIZE

HOP, WINDOW, BASE_RATE = 256, 2048, 46000.0
_CHUNK = 4096
_LOUDEST, _QUIETEST = np.float32(16.0), np.float32(1e-12)
_DC_HZ = 5.0


class AudioFeatures:
    """Room for the features of up to ``max_hops`` hops.

    Attributes (row = hop):
        scalars: float64 ``(max_hops, len(table.AUDIO))``, in the order of ``table.AUDIO``.
        spectrum, waveform, mel, fft: float32 ``(max_hops, 512 | 1024 | 64 | 1025)``.
        end: int64 ``(max_hops,)``: index within the block of the sample just after the hop.
    """

    def __init__(self, max_hops: int) -> None:
        self.max_hops = max(1, int(max_hops))
        self.scalars = np.zeros((self.max_hops, len(AUDIO)), dtype=np.float64)
        self.spectrum = np.zeros((self.max_hops, SPECTRUM_SIZE), dtype=np.float32)
        self.waveform = np.zeros((self.max_hops, WAVEFORM_SIZE), dtype=np.float32)
        self.mel = np.zeros((self.max_hops, MEL_SIZE), dtype=np.float32)
        self.fft = np.zeros((self.max_hops, FFT_SIZE), dtype=np.float32)
        self.end = np.zeros(self.max_hops, dtype=np.int64)


class _Front(NamedTuple):
    """Where samples gather, and the main spectrum."""

    dc_keep: float
    plan: RealFFT
    window: np.ndarray  # float32 (window,)
    blackman: np.ndarray  # float32 (window,)
    hop_in: np.ndarray  # float32 (8, hop)
    sides: np.ndarray  # float32 (2, hop): left and right, free of DC
    past: np.ndarray  # float32 (2, 2 * window): a ring written twice, so that any window of it is one slice
    memory: np.ndarray  # float64 (2, 2): DC blocker
    at: np.ndarray  # int64 (2,): samples gathered of this hop; place in the ring
    freeze: np.ndarray  # int64 (1,): 1 while the levelling is held
    spectrum: np.ndarray  # float32 (5, bins): real, imaginary, power, magnitude, power under the Blackman window


class _Stages(NamedTuple):
    front: _Front
    loudness: Loudness
    level: Level
    bands: Bands
    onset: Onset
    shape: Shape
    roughness: Roughness
    vectors: Vectors
    split: Split


@structref.register
class _HeldType(types.StructRef):
    pass


class _Held(structref.StructRefProxy):
    """All stages behind one pointer: handing over their 80 arrays one by one would cost 12 microseconds a call."""


structref.define_proxy(_Held, _HeldType, ["stages"])


@kernel
def _hold(stages: _Stages) -> Any:
    return _Held(stages)


class _Out(NamedTuple):
    scalars: np.ndarray
    spectrum: np.ndarray
    waveform: np.ndarray
    mel: np.ndarray
    fft: np.ndarray
    end: np.ndarray


@kernel
def _clean(value: np.float32) -> np.float32:
    # NaN fails the first comparison, Inf the second. Denormals would slow the sums; nothing at -240 dB is heard.
    size = abs(value)
    if not (size >= _QUIETEST):
        return np.float32(0.0)
    if size == np.inf:
        return np.float32(0.0)
    return np.float32(min(max(value, -_LOUDEST), _LOUDEST))


@kernel
def _fold(front: _Front, channels: int) -> np.float32:
    """All channels to two sides (even to left, odd to right), without DC, into the ring; returns the highest sample."""
    hop_in, sides = front.hop_in, front.sides
    hop = hop_in.shape[1]
    peak = np.float32(0.0)
    for side in range(2):
        out = sides[side]
        count = (channels + 1 - side) // 2
        if channels == 1 and side == 1:
            for i in range(hop):
                out[i] = sides[0, i]
        else:
            out[:] = np.float32(0.0)
            share = np.float32(1.0 / max(count, 1))
            for c in range(side, channels, 2):
                x = hop_in[c]
                for i in range(hop):
                    peak = max(peak, abs(x[i]))
                    out[i] += x[i] * share
            keep, before, after = front.dc_keep, front.memory[side, 0], front.memory[side, 1]
            for i in range(hop):
                value = np.float64(out[i])
                after = value - before + keep * after
                before = value
                out[i] = after
            front.memory[side, 0], front.memory[side, 1] = before, after if abs(after) > TINY else 0.0
            for i in range(hop):
                if abs(out[i]) < _QUIETEST:
                    out[i] = np.float32(0.0)
        at, window = front.at[1], front.window.shape[0]
        ring = front.past[side]
        for i in range(hop):
            ring[at + i] = out[i]
            ring[at + i + window] = out[i]
    front.at[1] = (front.at[1] + hop) % front.window.shape[0]
    return peak


@kernel
def _hop(stages: _Stages, channels: int, out: _Out, at: int) -> None:
    front = stages.front
    row = out.scalars[at]
    peak = _fold(front, channels)
    loudness_step(stages.loudness, front.hop_in, channels, row)
    heard = level_step(stages.level, front.sides[0], front.sides[1], peak, front.freeze[0] != 0, row)

    size = front.window.shape[0]
    begin, end = front.at[1], front.at[1] + size
    re, im, power, magnitude = front.spectrum[0], front.spectrum[1], front.spectrum[2], front.spectrum[3]
    shown = front.spectrum[4]
    different = 1 if channels == 1 else 2
    power[:] = np.float32(0.0)
    shown[:] = np.float32(0.0)
    for side in range(different):
        side_in = front.past[side, begin:end]
        add_power_spectrum(front.plan, side_in, front.window, (4.0 / size) ** 2 / different, re, im, power)
        add_power_spectrum(front.plan, side_in, front.blackman, (1.0 / size) ** 2 / different, re, im, shown)
    for k in range(power.shape[0]):
        magnitude[k] = np.sqrt(power[k])

    bands_step(stages.bands, power, heard, row)
    onset_step(stages.onset, magnitude, heard, row)
    shape_step(stages.shape, power, magnitude, heard, row)
    roughness_step(stages.roughness, front.past, end, heard, row)
    spectrum_step(stages.vectors, power, magnitude, out.spectrum[at])
    fft_step(stages.vectors, shown, out.fft[at])
    mel_step(stages.vectors, power, out.mel[at])
    split_step(stages.split, stages.vectors.mel_power[0], heard, row)
    waveform_step(stages.vectors, front.past[0, begin:end], front.past[1, begin:end], out.waveform[at])


@kernel
def _analyze(block: np.ndarray, frames: int, offset: int, channels: int, held: Any, out: _Out, row: int) -> int:
    stages = held.stages
    hop_in, at = stages.front.hop_in, stages.front.at
    hop, rows = hop_in.shape[1], out.end.shape[0]
    taken = 0
    while taken < frames:
        start = at[0]
        n = min(hop - start, frames - taken)
        for c in range(channels):
            x = hop_in[c]
            for i in range(n):
                x[start + i] = _clean(block[taken + i, c])
        taken += n
        at[0] = start + n
        if at[0] == hop:
            at[0] = 0
            place = min(row, rows - 1)
            _hop(stages, channels, out, place)
            out.end[place] = offset + taken
            row += 1
    return row


class Analyzer:
    """Streaming analysis in fixed hops, whatever the size of the blocks.

    Args:
        sample_rate: in Hz, 8000..384000. At 44.1 and 48 kHz a hop is 256 samples and the window 2048; both
            double at 88.2 and 96 kHz and so on, so that times and bins stay alike.
        channels: 0..8. 0 is silence. Features describe the mean power of all channels, so that nothing cancels;
            ``waveform`` is their mono mix.

    All memory is taken and all kernels are compiled here. ``process`` is real-time safe, and for one thread.
    Latency: features stand at the end of the hop they describe; the window's centre lies 21 ms before that.
    NaN and Inf are taken as 0, samples beyond +-16 are clipped there, and DC is removed below 5 Hz.
    """

    def __init__(self, sample_rate: float = 48000, channels: int = 2) -> None:
        if not 0 <= channels <= MAX_CHANNELS:
            raise ValueError(f"{channels} channels: 0 to {MAX_CHANNELS} can be analysed")
        if not 8000 <= sample_rate <= 384000:
            raise ValueError(f"sample rate {sample_rate}: 8000 to 384000 Hz can be analysed")
        self.sample_rate, self.channels = float(sample_rate), int(channels)
        scale = 2.0 ** round(float(np.log2(sample_rate / BASE_RATE)))
        self.hop, self.window = int(HOP * scale), int(WINDOW * scale)
        self._block = np.zeros((_CHUNK, max(1, self.channels)), dtype=np.float32)
        self._stages = self._build()
        self._held = _hold(self._stages)
        self._freeze = self._stages.front.freeze
        self._state = [a for a in _arrays(self._stages) if not a.any() and a is not self._freeze]
        self.warm()

    def _build(self) -> _Stages:
        rate, hop, window = self.sample_rate, self.hop, self.window
        front = _Front(
            float(np.exp(-2.0 * np.pi * _DC_HZ / rate)),
            real_fft(window),
            hann(window),
            blackman(window),
            np.zeros((MAX_CHANNELS, hop), dtype=np.float32),
            np.zeros((2, hop), dtype=np.float32),
            np.zeros((2, 2 * window), dtype=np.float32),
            np.zeros((2, 2)),
            np.zeros(2, dtype=np.int64),
            np.zeros(1, dtype=np.int64),
            np.zeros((5, window // 2 + 1), dtype=np.float32),
        )
        shown = vectors(rate, hop, window)
        return _Stages(
            front,
            loudness(rate, hop, self.channels),
            level(rate, hop, window),
            bands(rate, hop, window),
            onset(rate, hop, window),
            shape(rate, window),
            roughness(rate, hop, window),
            shown,
            split(hop / rate, shown.mel.centre_hz),
        )

    @property
    def freeze(self) -> bool:
        """Whether the automatic levels are held as they are, once a second of sound has been heard; for any thread.

        What follows the music's usual loudness stays put: ``level``, the gate, the bands, ``percussive``, ``harmonic``
        and ``onset_strength``. ``reset`` leaves it set.
        """
        return bool(self._freeze[0])

    @freeze.setter
    def freeze(self, on: bool) -> None:
        self._freeze[0] = int(on)

    def warm(self) -> None:
        """Compile everything by analysing one hop of silence, then reset."""
        self.process(np.zeros((self.hop, self.channels), dtype=np.float32), AudioFeatures(1))
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard, as if new. Not for the audio callback's thread while it plays."""
        for array in self._state:
            array.fill(0)

    def process(self, block: np.ndarray, out: AudioFeatures) -> int:
        """Analyse ``block`` and write a row of ``out`` for each hop that it completes. Real-time safe.

        Args:
            block: float32 ``(frames, channels)`` or ``(frames,)``, left as it is. Channels beyond those asked for
                are ignored, missing ones are silent.
            out: where features go. If more hops are completed than it has rows, the last row is the newest hop
                (size it with frames // hop + 1 rows).

        Returns:
            The number of rows written.
        """
        if block.ndim == 1:
            block = block.reshape(-1, 1)
        frames, given = block.shape
        channels = self.channels
        target = _Out(out.scalars, out.spectrum, out.waveform, out.mel, out.fft, out.end)
        rows = 0
        for start in range(0, frames, _CHUNK):
            n = min(_CHUNK, frames - start)
            # Copied so that the kernel sees one type, whatever the block's layout: another would be compiled here.
            if given >= channels:
                self._block[:n, :channels] = block[start : start + n, :channels]
            else:
                self._block[:n, :given] = block[start : start + n]
                self._block[:n, given:] = 0.0
            rows = _analyze(self._block, n, start, channels, self._held, target, rows)
        return min(rows, out.max_hops)


def _arrays(stage: tuple) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for item in stage:
        if isinstance(item, np.ndarray):
            found.append(item)
        elif isinstance(item, tuple):
            found += _arrays(item)
    return found
