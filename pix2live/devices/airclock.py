"""When a block of sound was in the air: the callback's jittery times smoothed against the sound card's steady count."""

import math

BANDWIDTH_HZ = 0.3
JUMP_S = 0.03


class AirClock:
    """Monotonic time of the first frame of each captured block.

    A callback may come milliseconds late while the card counts frames evenly, so the raw times go through a
    second-order delay-locked loop (Adriaensen, "Using a DLL to filter time", LAC 2005). A jump of more than 30 ms
    (a stall, a lost buffer) is followed at once. Real-time safe.

    Args:
        rate: nominal frames a second; the loop finds the true one.
    """

    def __init__(self, rate: float) -> None:
        self._nominal_s = 1.0 / rate
        self.reset()

    def reset(self) -> None:
        """Start anew."""
        self._frame_s = self._nominal_s
        self._next_s = math.nan
        self._locked_s = 0.0

    def stamp(self, raw_s: float, frames: int) -> float:
        """Smoothed time of the first frame of a block of ``frames`` whose measured time is ``raw_s``, in seconds."""
        error = raw_s - self._next_s
        if frames <= 0:
            return raw_s
        if not abs(error) <= JUMP_S:
            self.reset()
            self._next_s = raw_s + frames * self._frame_s
            return raw_s
        # Wide at first, so that a first block at an odd moment is soon forgotten.
        self._locked_s += frames * self._nominal_s
        bandwidth_hz = max(BANDWIDTH_HZ, 0.5 / self._locked_s)
        omega = min(2.0 * math.pi * bandwidth_hz * frames * self._nominal_s, 0.7)
        stamp = self._next_s + math.sqrt(2.0) * omega * error
        self._frame_s += omega * omega * error / frames
        # A crystal is within 1%: what lies beyond is the loop chasing noise.
        self._frame_s = min(max(self._frame_s, 0.99 * self._nominal_s), 1.01 * self._nominal_s)
        self._next_s = stamp + frames * self._frame_s
        return stamp


def input_age_s(frames: int, rate: float, latency_s: float, adc_s: float, current_s: float) -> float:
    """Age of a captured block's first frame when its callback runs, in seconds.

    PortAudio's own times are taken where they can be true: not younger than the block is long (some drivers answer
    0) and not older than a second. Else the stream's input latency is taken, and at least the length of the block.

    Args:
        frames, rate: the block. latency_s: the stream's input latency. adc_s, current_s: PortAudio's time_info.
    """
    length_s = frames / rate
    age_s = current_s - adc_s
    if adc_s > 0.0 and 0.95 * length_s <= age_s <= 1.0:
        return age_s
    return max(latency_s, length_s)
