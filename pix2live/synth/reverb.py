"""A room: sixteen delay lines that feed one another, dense from the start and smooth to the end."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec
from pix2live.synth.ramps import asleep, flushed, ramp, read_back, ring_size, stir

REVERB_SPECS = (
    ParamSpec("synth.reverb.mix", "reverb"),
    ParamSpec("synth.reverb.seconds", "reverb seconds", "s", 0.3, 20.0, 3.0, curve="exp"),
    ParamSpec("synth.reverb.damping", "reverb damping", default=0.5),
)
_LINES = 16
_SHORTEST_S, _LONGEST_S = 0.0205, 0.0825
_PRE_DELAY_S = 0.010
_DIFFUSE_S = ((0.00313, 0.00471, 0.00839, 0.01193), (0.00347, 0.00523, 0.00791, 0.01259))  # left, right
_DIFFUSE = (0.72, 0.72, 0.62, 0.62)
_DRIFT_S = 0.0003  # how far a line's length drifts: 0.5 to 4 cents, so that no mode stands and rings
_SLOWEST_HZ, _FASTEST_HZ = 0.13, 1.3
_EARLY = 0.35  # level of what has only been diffused
_MIDDLE_HZ = 1000.0  # where the decay is the one asked for
_CROSSOVER_HZ = 5000.0
_DARKEST = 0.1  # decay of the highest over that of the middle at full damping
_CHANGE_S = 0.05
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0

_STATE = np.dtype([("at", np.int64), ("seconds", np.float64), ("damping", np.float64),
                   ("level", np.float64), ("next_level", np.float64)])  # fmt: skip
_LINE = np.dtype([
    ("length", np.float64),  # samples
    ("rate_hz", np.float64),  # of its drift
    ("low", np.float64), ("high", np.float64),  # gain of one pass, far below and above the crossover
    ("next_low", np.float64), ("next_high", np.float64),  # what these are on their way to
    ("left", np.float32), ("right", np.float32),  # its sign on either side of the output
    ("held", np.float32),  # the shelf's memory
])  # fmt: skip


class Reverb(NamedTuple):
    """Feedback delay network (Jot & Chaigne 1991): pre-delay, four all-passes a side, sixteen drifting lines mixed by a
    Hadamard matrix; the absorption in every line is a first-order shelf (Jot 1992). True stereo: either side of the
    input excites eight of the lines, and either side of the output hears all sixteen.
    """

    mixed: NDArray[np.void]
    state: NDArray[np.void]
    lines: NDArray[np.void]  # (lines)
    memory: NDArray[np.float32]  # (lines, samples)
    passes: NDArray[np.int64]  # (channels, all-passes): their lengths
    diffuse: NDArray[np.float32]  # (channels, 1 + all-passes, samples): the pre-delay first
    work: NDArray[np.float32]  # (lines, CHUNK)
    sides: NDArray[np.float32]  # (2 in, then 2 out; CHUNK)

    @classmethod
    def empty(cls, sample_rate: float) -> "Reverb":
        """A reverb that sleeps."""
        lines = np.zeros(_LINES, _LINE)
        nth = np.arange(_LINES)
        # Evenly spread on a logarithmic scale, each moved a little: even spacing is heard as a pitch.
        place = (nth + 0.6 * ((nth * _GOLDEN) % 1.0)) / (_LINES - 0.4)
        seconds = _SHORTEST_S * (_LONGEST_S / _SHORTEST_S) ** place
        # Neighbours in length are not neighbours in the matrix.
        lines["length"] = [_prime(x * sample_rate) for x in seconds[(nth * 7) % _LINES]]
        lines["rate_hz"] = _SLOWEST_HZ * (_FASTEST_HZ / _SLOWEST_HZ) ** ((nth * _GOLDEN) % 1.0)
        # Bent patterns: equally unlike every row of the mixing matrix, so that no line is heard before the others.
        bits = (nth[:, None] >> np.arange(4)) & 1
        bent = bits[:, 0] * bits[:, 1] + bits[:, 2] * bits[:, 3]
        lines["left"] = (-1.0) ** bent
        lines["right"] = (-1.0) ** (bent + bits[:, 0] + bits[:, 2])
        passes = np.array([[_prime(x * sample_rate) for x in side] for side in _DIFFUSE_S], np.int64)
        memory = np.zeros((_LINES, ring_size(lines["length"].max() + _DRIFT_S * sample_rate)), np.float32)
        memory[...] = 0.0  # so that no page is first met in the audio thread
        return cls(
            asleep(), np.zeros(1, _STATE), lines, memory, passes,
            np.zeros((2, 1 + passes.shape[1], ring_size(float(max(passes.max(), _PRE_DELAY_S * sample_rate)))),
                     np.float32),
            np.zeros((_LINES, CHUNK), np.float32), np.zeros((4, CHUNK), np.float32),
        )  # fmt: skip


def _prime(samples: float) -> int:
    """The first prime from ``samples`` on, and longer than a chunk: lengths with no common factor share no modes."""
    n = max(math.ceil(samples), CHUNK + 16)
    while any(n % k == 0 for k in range(2, math.isqrt(n) + 1)):
        n += 1
    return n


@kernel
def reverberate(
    mix: NDArray[np.float32], reverb: Reverb, amount: float, seconds: float, damping: float, sample_rate: float
) -> None:
    """Add the room to a chunk (2, CHUNK) in place.

    Args:
        amount: mix, 0..1; steady noise is as loud wet as dry.
        seconds: time of decay by 60 dB at 1 kHz.
        damping: 0..1; the highest frequencies decay in the same time (0) to a tenth of it (1).
    """
    m, s = reverb.mixed[0], reverb.state[0]
    if not stir(m, amount, sample_rate):
        return
    if m.woken == 1:
        _clear(reverb)
        s.at = 0
    if m.woken == 1 or s.seconds != seconds or s.damping != damping:
        s.seconds, s.damping = seconds, damping
        _absorb(reverb, s, sample_rate)
        if m.woken == 1:
            s.level = s.next_level
            for i in range(_LINES):
                line = reverb.lines[i]
                line.low, line.high = line.next_low, line.next_high
    _diffuse(mix, reverb, m, s.at, sample_rate)
    _circulate(reverb, s, sample_rate)
    out = reverb.sides
    for c in range(2):
        for n in range(CHUNK):
            mix[c, n] = mix[c, n] * ramp(m.dry0, m.dry1, n) + out[2 + c, n] * ramp(m.wet0, m.wet1, n)
    s.at += CHUNK


@kernel
def _clear(reverb: Reverb) -> None:
    for i in range(_LINES):
        reverb.lines[i].held = np.float32(0.0)
        for n in range(reverb.memory.shape[1]):
            reverb.memory[i, n] = np.float32(0.0)
    for c in range(2):
        for k in range(reverb.diffuse.shape[1]):
            for n in range(reverb.diffuse.shape[2]):
                reverb.diffuse[c, k, n] = np.float32(0.0)


@kernel
def _absorb(reverb: Reverb, s: Any, sample_rate: float) -> None:
    """The gains of each line's shelf for the decay asked for, and the level that makes up for its length."""
    top = _DARKEST**s.damping
    crossover = math.tan(math.pi * _crossover(sample_rate) / sample_rate)
    tilt = (math.tan(math.pi * _MIDDLE_HZ / sample_rate) / crossover) ** 2
    power = 0.0
    for i in range(_LINES):
        line = reverb.lines[i]
        decay = -3.0 * line.length / (sample_rate * s.seconds)
        middle, high = 10.0**decay, 10.0 ** (decay / top)
        # The shelf's own slope at 1 kHz is taken back, and no frequency may last for ever.
        low = math.sqrt(max(middle * middle * (1.0 + tilt) - tilt * high * high, 0.0))
        line.next_low, line.next_high = min(low, 10.0 ** (0.6 * decay)), high
        power += middle * middle / _LINES
    s.next_level = math.sqrt((1.0 - _EARLY * _EARLY) * (1.0 - power) / (_LINES * power))


@kernel
def _crossover(sample_rate: float) -> float:
    return min(_CROSSOVER_HZ, 0.3 * sample_rate)


@kernel
def _diffuse(mix: NDArray[np.float32], reverb: Reverb, m: Any, at: int, sample_rate: float) -> None:
    """Pre-delay and all-passes, ``mix`` to the first two rows of ``sides``."""
    mask = reverb.diffuse.shape[2] - 1
    before = int(_PRE_DELAY_S * sample_rate + 0.5)
    for c in range(2):
        row = reverb.sides[c]
        ring = reverb.diffuse[c, 0]
        for n in range(CHUNK):
            ring[(at + n) & mask] = mix[c, n] * ramp(m.send0, m.send1, n)
        for n in range(CHUNK):
            row[n] = ring[(at + n - before) & mask]
        for k in range(len(_DIFFUSE)):
            ring = reverb.diffuse[c, 1 + k]
            length, gain = reverb.passes[c, k], np.float32(_DIFFUSE[k])
            for n in range(CHUNK):
                late = ring[(at + n - length) & mask]
                into = flushed(row[n] - gain * late)
                ring[(at + n) & mask] = into
                row[n] = late + gain * into


@kernel
def _circulate(reverb: Reverb, s: Any, sample_rate: float) -> None:
    """One chunk through all lines: read, absorb, hear, mix, write back."""
    work, sides, memory = reverb.work, reverb.sides, reverb.memory
    share = 1.0 - math.exp(-CHUNK / (_CHANGE_S * sample_rate))
    g = math.tan(math.pi * _crossover(sample_rate) / sample_rate)
    corner = np.float32(g / (1.0 + g))
    for n in range(CHUNK):
        sides[2, n] = np.float32(_EARLY) * sides[0, n]
        sides[3, n] = np.float32(_EARLY) * sides[1, n]
    for i in range(_LINES):
        line, row, out = reverb.lines[i], memory[i], work[i]
        back = line.length + _drift(line.rate_hz, i, s.at, sample_rate)
        slope = (line.length + _drift(line.rate_hz, i, s.at + CHUNK, sample_rate) - back) / CHUNK
        for n in range(CHUNK):
            out[n] = read_back(row, s.at + n, back + slope * n)
        low0, high0 = line.low, line.high
        line.low += (line.next_low - line.low) * share
        line.high += (line.next_high - line.high) * share
        held = line.held
        for n in range(CHUNK):
            step = (out[n] - held) * corner
            below = held + step
            held = below + step
            high = ramp(high0, line.high, n)
            out[n] = high * out[n] + (ramp(low0, line.low, n) - high) * below
        line.held = flushed(held)
        left, right = line.left, line.right
        for n in range(CHUNK):
            sides[2, n] += left * out[n]
            sides[3, n] += right * out[n]
    _hadamard(work)
    level0 = s.level
    s.level += (s.next_level - s.level) * share
    mask = memory.shape[1] - 1
    for i in range(_LINES):
        row, start = memory[i], s.at & mask
        for n in range(CHUNK):
            row[start + n] = flushed(np.float32(0.25) * work[i, n] + ramp(level0, s.level, n) * sides[i % 2, n])


@kernel
def _drift(rate_hz: float, line: int, at: int, sample_rate: float) -> float:
    """How much longer a line is at sample ``at``, in samples."""
    turn = (at / sample_rate * rate_hz + line * _GOLDEN) % 1.0
    return _DRIFT_S * sample_rate * math.sin(2.0 * math.pi * turn)


@kernel
def _hadamard(rows: NDArray[np.float32]) -> None:
    """Every row the sum of all rows, each with its signs: a rotation, but for the factor of 4."""
    span = 1
    while span < _LINES:
        for i in range(_LINES):
            if i & span == 0:
                first, second = rows[i], rows[i + span]
                for n in range(CHUNK):
                    a, b = first[n], second[n]
                    first[n], second[n] = a + b, a - b
        span *= 2
