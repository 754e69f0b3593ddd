"""Pitch, chroma, key and chord: the stages that hear tones, as one compiled call a hop."""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.experimental import structref

from pix2live.analysis.chroma import EVERY, Chroma, chroma, chroma_step
from pix2live.analysis.harmony import Harmony, harmony, harmony_step
from pix2live.analysis.pitch import Pitch, pitch, pitch_step
from pix2live.dsp.jit import kernel
from pix2live.signals.table import TONE


class _Stages(NamedTuple):
    pitch: Pitch
    chroma: Chroma
    harmony: Harmony


@structref.register
class _HeldType(types.StructRef):
    pass


class _Held(structref.StructRefProxy):
    """All stages behind one pointer: handing over their arrays one by one would cost 10 microseconds a call."""


structref.define_proxy(_Held, _HeldType, ["stages"])


@kernel
def _hold(stages: _Stages) -> Any:
    return _Held(stages)


@kernel
def _step(held: Any, samples: np.ndarray, row: np.ndarray) -> None:
    stages = held.stages
    pitch_step(stages.pitch, samples, row)
    fresh = chroma_step(stages.chroma, samples, row)
    harmony_step(stages.harmony, stages.chroma.registers, stages.chroma.explained[0], fresh, row)


class Tone:
    """What is heard of tones, hop by hop: the signals of ``table.TONE``.

    Args:
        sample_rate: in Hz, 8000..384000. hop: samples a hop, a power of two, of about 5.3 ms (as ``Analyzer.hop``).

    All memory is taken and all kernels are compiled here. ``process`` is real-time safe, and for one thread. Results
    depend on the sequence of hops alone. Latencies are those of the stages: pitch 21 ms, chroma about 0.1 s, chords
    about a quarter of a second; a key takes a few seconds of music to be known.
    """

    def __init__(self, sample_rate: float, hop: int) -> None:
        if hop < 8 or hop & (hop - 1):
            raise ValueError(f"hop {hop} is not a power of two of 8 or more")
        if not 8000 <= sample_rate <= 384000:
            raise ValueError(f"sample rate {sample_rate}: 8000 to 384000 Hz can be analysed")
        self.sample_rate, self.hop = float(sample_rate), int(hop)
        self._stages = _Stages(
            pitch(sample_rate, hop), chroma(sample_rate, hop), harmony(EVERY * hop / sample_rate)
        )
        self._held = _hold(self._stages)
        self._state = [a for a in _arrays(self._stages) if not a.any()]
        self.process(np.zeros(self.hop, dtype=np.float32), np.zeros(len(TONE)))
        self.reset()

    def process(self, samples: np.ndarray, row: np.ndarray) -> None:
        """Hear one hop. Real-time safe.

        Args:
            samples: float32 ``(hop,)``, contiguous, the mono mix, finite; left as it is.
            row: float64 ``(len(table.TONE),)``, contiguous, written in that order: ``f0_hz`` and ``note`` (0 where
                there is no pitch), ``confidence`` of the pitch 0..1, ``key`` 0..11 for C..B or -1, ``mode`` 1 major
                or 0 minor, ``chord`` 0..11 major, 12..23 minor or -1, and the twelve of ``chroma`` 0..1.
        """
        _step(self._held, samples, row)

    def reset(self) -> None:
        """Forget all sound heard, as if new."""
        for array in self._state:
            array.fill(0)


def _arrays(stage: tuple) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for item in stage:
        if isinstance(item, np.ndarray):
            found.append(item)
        elif isinstance(item, tuple):
            found += _arrays(item)
    return found
