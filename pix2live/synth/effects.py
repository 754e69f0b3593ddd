"""The chain of effects: filter, chorus, delay, reverb."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.synth.chorus import CHORUS_SPECS, Chorus, chorus_in
from pix2live.synth.delay import DELAY_SPECS, Delay, echo
from pix2live.synth.filter import FILTER_SPECS, Filter, low_pass
from pix2live.synth.reverb import REVERB_SPECS, Reverb, reverberate

EFFECT_SPECS = (*FILTER_SPECS, *CHORUS_SPECS, *DELAY_SPECS, *REVERB_SPECS)
_LOUDEST = np.float32(1000.0)  # +60 dBFS, as in the limiter


class Effects(NamedTuple):
    """What all effects remember. An effect whose mix is 0 (a filter that is open) sleeps: it adds nothing, to the bit,
    and starts anew when it wakes."""

    filter: Filter
    chorus: Chorus
    delay: Delay
    reverb: Reverb

    @classmethod
    def empty(cls, sample_rate: float) -> "Effects":
        """All asleep."""
        return cls(Filter.empty(), Chorus.empty(sample_rate), Delay.empty(sample_rate), Reverb.empty(sample_rate))

    def reset(self) -> None:
        """As new. What the lines hold needs no clearing: an effect does that as it wakes."""
        for record in (self.filter.state, self.chorus.mixed, self.delay.mixed, self.delay.state, self.reverb.mixed):
            record[...] = np.zeros((), record.dtype)


@kernel
def apply_effects(mix: NDArray[np.float32], effects: Effects, knobs: Any, bpm: float, sample_rate: float) -> None:
    """Send a chunk (2, CHUNK) through all effects, in place. Real-time safe.

    Args:
        mix: NaN and Inf become 0; beyond +60 dBFS it is clipped.
        knobs: record with a field for each of EFFECT_SPECS (``reverb_mix`` for ``synth.reverb.mix``), in range.
        bpm: tempo for the delay; 0 or NaN where unknown.
    """
    for c in range(2):
        for n in range(CHUNK):
            x = mix[c, n]
            mix[c, n] = min(max(x, -_LOUDEST), _LOUDEST) if np.isfinite(x) else np.float32(0.0)
    low_pass(mix, effects.filter, knobs.filter_hz, knobs.filter_resonance, sample_rate)
    chorus_in(mix, effects.chorus, knobs.chorus_mix, sample_rate)
    echo(mix, effects.delay, knobs.delay_mix, knobs.delay_beats, knobs.delay_feedback, bpm, sample_rate)
    reverberate(mix, effects.reverb, knobs.reverb_mix, knobs.reverb_seconds, knobs.reverb_damping, sample_rate)


@kernel
def silence_effects(effects: Effects) -> None:
    """Put all to sleep: their tails are gone."""
    effects.filter.state[0].awake = 0
    effects.filter.state[0].blend = 0.0
    effects.chorus.mixed[0].awake = 0
    effects.delay.mixed[0].awake = 0
    effects.reverb.mixed[0].awake = 0
