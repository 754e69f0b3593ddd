"""Echoes in beats that go from side to side."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec
from pix2live.synth.ramps import FADE_S, approach, asleep, flushed, ramp, read_back, ring_size, stir

_NAMES = ("1/4", "1/3", "1/2", "2/3", "3/4", "1", "3/2", "2")
_BEATS = (0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.75, 1.0, 1.5, 2.0)
DELAY_SPECS = (
    ParamSpec("synth.delay.mix", "delay"),
    ParamSpec("synth.delay.beats", "delay beats", "beats", high=len(_NAMES) - 1.0, default=float(_NAMES.index("3/4")),
              kind="choice", choices=_NAMES),
    ParamSpec("synth.delay.feedback", "delay feedback", high=0.95, default=0.45),
)  # fmt: skip
_LOWEST_BPM, _HIGHEST_BPM = 30.0, 300.0
_STEADY = 0.0025  # a tempo that is heard trembles: what is nearer than this to the last one is the last one
_GLIDE_S = 0.1
_SPEED_S = 0.01
_GLIDE_SPEED = 0.5  # samples a sample: an echo in flight bends by at most a fifth up or an octave down
_TONE_HZ = 6000.0  # each echo is duller than the one before
_STATE = np.dtype([
    ("at", np.int64), ("filled", np.int64), ("bpm", np.float64), ("back", np.float64), ("speed", np.float64),
    ("feedback", np.float64), ("left", np.float32), ("right", np.float32),
])  # fmt: skip


class Delay(NamedTuple):
    """Ping-pong: the middle of the sound echoes left, then right, then left, beats x 60 / tempo apart. Another tempo or
    number of beats is glided to as on tape: what is in flight bends in pitch, and nothing clicks."""

    mixed: NDArray[np.void]
    state: NDArray[np.void]
    memory: NDArray[np.float32]  # (channels, samples)

    @classmethod
    def empty(cls, sample_rate: float) -> "Delay":
        """A delay that sleeps."""
        memory = np.zeros((2, ring_size(_BEATS[-1] * 60.0 / _LOWEST_BPM * sample_rate)), np.float32)
        memory[...] = 0.0  # so that no page is first met in the audio thread
        return cls(asleep(), np.zeros(1, _STATE), memory)


@kernel
def echo(
    mix: NDArray[np.float32], delay: Delay, amount: float, beats: float, feedback: float, bpm: float,
    sample_rate: float,
) -> None:  # fmt: skip
    """Add the echoes to a chunk (2, CHUNK) in place.

    Args:
        amount: mix, 0..1. beats: index into the choices. feedback: level of an echo over the one before, 0..0.95.
        bpm: the tempo, held to 30..300; changes under 0.25 % are ignored, and what is no tempo (NaN, 0) leaves the last
            one, at first 120.
    """
    m, s, left, right = delay.mixed[0], delay.state[0], delay.memory[0], delay.memory[1]
    if 0.0 < bpm < np.inf:
        bpm = min(max(bpm, _LOWEST_BPM), _HIGHEST_BPM)
        if m.awake == 0 or abs(bpm - s.bpm) > _STEADY * s.bpm:
            s.bpm = bpm
    elif s.bpm == 0.0:
        s.bpm = 120.0
    if not stir(m, amount, sample_rate):
        return
    # A whole number of samples: an echo at rest is the sound itself, not an interpolation.
    target = math.floor(_BEATS[int(beats + 0.5)] * 60.0 / s.bpm * sample_rate + 0.5)
    if m.woken == 1:
        # What the ring holds from before is never read, so it need not be cleared: that would take too long.
        s.at = s.filled = 0
        s.back, s.speed, s.feedback = target, 0.0, feedback
        s.left = s.right = np.float32(0.0)
    if abs(target - s.back) < 0.01 and abs(s.speed) < 1e-4:
        s.back, s.speed = target, 0.0
    back, speed, feedback0 = s.back, s.speed, s.feedback
    pull, push = 1.0 / (_GLIDE_S * sample_rate), 1.0 / (_SPEED_S * sample_rate)
    s.feedback = approach(s.feedback, feedback, CHUNK / (FADE_S * sample_rate))
    g = math.tan(math.pi * min(_TONE_HZ, 0.4 * sample_rate) / sample_rate)
    tone = np.float32(g / (1.0 + g))
    mask = len(left) - 1
    low_left, low_right = s.left, s.right
    for n in range(CHUNK):
        # Second order, far from swinging: neither the place nor the speed of the read jumps.
        speed += (min(max((target - back) * pull, -_GLIDE_SPEED), _GLIDE_SPEED) - speed) * push
        back += speed
        echo_left = echo_right = np.float32(0.0)
        if back + 3.0 < s.filled + n:
            echo_left, echo_right = read_back(left, s.at + n, back), read_back(right, s.at + n, back)
        again = ramp(feedback0, s.feedback, n)
        step_left, step_right = (echo_left - low_left) * tone, (echo_right - low_right) * tone
        dull_left, dull_right = low_left + step_left, low_right + step_right
        low_left, low_right = flushed(dull_left + step_left), flushed(dull_right + step_right)
        middle = np.float32(0.5) * (mix[0, n] + mix[1, n]) * ramp(m.send0, m.send1, n)
        left[(s.at + n) & mask] = flushed(middle + again * dull_right)
        right[(s.at + n) & mask] = flushed(again * dull_left)
        dry, wet = ramp(m.dry0, m.dry1, n), ramp(m.wet0, m.wet1, n)
        mix[0, n] = mix[0, n] * dry + echo_left * wet
        mix[1, n] = mix[1, n] * dry + echo_right * wet
    s.left, s.right = low_left, low_right
    s.back, s.speed = back, speed
    s.at += CHUNK
    s.filled += CHUNK
