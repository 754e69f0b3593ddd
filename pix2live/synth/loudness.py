"""One loudness for months: a gain so slow that nobody hears it move."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.dsp.weighting import OFFSET_DB, k_weighting, weighted_power
from pix2live.signals.spec import ParamSpec
from pix2live.synth.ramps import approach, ramp

LOUDNESS_SPECS = (
    ParamSpec("synth.loudness_on", "keep one loudness", kind="bool"),
    ParamSpec("synth.loudness_db", "loudness", "LUFS", -36.0, -10.0, -20.0),
)
_MOST_DB = 12.0
_MEAN_S, _GAIN_S = 60.0, 15.0
_MOMENT_S = 0.4
_GATE_DB = -60.0  # what is softer than that is silence, and teaches nothing
_BACK_DB_S = 6.0  # a second, on the way back to none

_STATE = np.dtype([
    ("awake", np.int64), ("heard_s", np.float64), ("mean", np.float64), ("moment", np.float64), ("gain_db", np.float64),
])  # fmt: skip


class Loudness(NamedTuple):
    """What the slow gain remembers (arrays only, changed in place)."""

    state: NDArray[np.void]
    biquads: NDArray[np.float64]
    memory: NDArray[np.float64]  # (channels, 4): of the biquads

    @classmethod
    def empty(cls, sample_rate: float) -> "Loudness":
        """As new."""
        return cls(np.zeros(1, _STATE), k_weighting(sample_rate), np.zeros((2, 4)))

    def reset(self) -> None:
        """As new."""
        self.state[...] = np.zeros(1, _STATE)


@kernel
def keep_loudness(
    mix: NDArray[np.float32], loudness: Loudness, on: float, target_db: float, sample_rate: float
) -> None:
    """Bring a chunk (2, CHUNK) towards ``target_db`` LUFS, in place, by at most 12 dB up or down.

    The mean power of the last minute in which something was heard (BS.1770's K weighting; what lies below -60 LUFS
    is left out) sets the gain, which follows with a time constant of 15 s. Off, it changes no bit, after a glide
    of 6 dB a second back to where it does not.
    """
    s = loudness.state[0]
    seconds = CHUNK / sample_rate
    if on < 0.5:
        s.awake = 0
        if s.gain_db == 0.0:
            return
    elif s.awake == 0:
        s.awake = 1
        s.heard_s = s.mean = s.moment = 0.0
        for c in range(2):
            for i in range(loudness.memory.shape[1]):
                loudness.memory[c, i] = 0.0
    before = 10.0 ** (s.gain_db / 20.0)
    if s.awake == 0:
        s.gain_db = approach(s.gain_db, 0.0, _BACK_DB_S * seconds)
    else:
        power = weighted_power(loudness.biquads, loudness.memory, mix)
        s.moment += (power - s.moment) * (1.0 - math.exp(-seconds / _MOMENT_S))
        if s.moment > 10.0 ** ((_GATE_DB - OFFSET_DB) / 10.0):
            s.heard_s += seconds
            s.mean += (power - s.mean) * max(seconds / s.heard_s, 1.0 - math.exp(-seconds / _MEAN_S))
            away_db = target_db - (OFFSET_DB + 10.0 * math.log10(max(s.mean, 1e-12)))
            wanted_db = min(max(away_db, -_MOST_DB), _MOST_DB)
            s.gain_db += (wanted_db - s.gain_db) * (1.0 - math.exp(-seconds / _GAIN_S))
    after = 10.0 ** (s.gain_db / 20.0)
    for c in range(2):
        for n in range(CHUNK):
            mix[c, n] *= ramp(before, after, n)
