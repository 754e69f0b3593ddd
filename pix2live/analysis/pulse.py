"""Chances that this moment is a beat and a downbeat, as a small net hears them.

A causal temporal convolutional net (Davies & Böck 2019) over what ``novelty`` has made already: in 30 bands from 30 Hz
to 16 kHz how high the whitened spectrum stands, how fast it rises and how far it lies over its slow mean. A layer over
three frames, then blocks that each look twice as far back as the one before, 11 s in all. Its weights
(``pulse_weights.npz``) are fitted by ``tools/train_beat.py``, which says on what.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pix2live.dsp.jit import kernel

FRAME_HOPS = 2
# How long after a beat its chance is highest.
DELAY_S = 0.0263
EDGES_HZ = (30.0, 60.0, 100.0, 150.0, *(200.0 * 2.0 ** (k / 4.0) for k in range(26)), 17000.0)
BANDS = len(EDGES_HZ) - 1
INPUTS, TAPS, OUTPUTS = 3 * BANDS, 3, 2
_WEIGHTS = Path(__file__).with_name("pulse_weights.npz")


class Weights(NamedTuple):
    """The net, float32: the last axis of each is what comes out, so that sums run over neighbours in memory."""

    front: np.ndarray  # (TAPS * INPUTS, channels); the newest frame last
    front_offset: np.ndarray  # (channels,)
    past: np.ndarray  # (blocks, TAPS, channels, channels); the newest frame last
    past_offset: np.ndarray  # (blocks, channels)
    mix: np.ndarray  # (blocks, channels, channels)
    mix_offset: np.ndarray  # (blocks, channels)
    end: np.ndarray  # (channels, OUTPUTS)
    end_offset: np.ndarray  # (OUTPUTS,)


class _Pulse(NamedTuple):
    edges: np.ndarray  # int64 (BANDS + 1,): where each band's filters begin, and the end
    net: Weights
    inputs: np.ndarray  # float32 (TAPS, INPUTS): ring of frames
    before: np.ndarray  # float32 (2 * BANDS,): the frame's first hops so far
    ring: np.ndarray  # float32 (blocks, frames, channels): what came into each block
    x: np.ndarray  # float32 (channels,)
    y: np.ndarray  # float32 (channels,)
    out: np.ndarray  # float32 (OUTPUTS,)
    at: np.ndarray  # int64 (2,): frames, hops of this frame


def weights() -> Weights:
    """The fitted numbers."""
    with np.load(_WEIGHTS) as held:
        return Weights(*(np.ascontiguousarray(held[name], dtype=np.float32) for name in Weights._fields))


@kernel
def _describe(s: _Pulse, logs: np.ndarray, smooth: np.ndarray) -> bool:
    """This hop's part in the frame's description; whether the frame is whole."""
    new, old, before = logs[0], logs[logs.shape[0] - 1], s.before
    first, last = s.at[1] == 0, new.shape[0] - 1
    none, half = np.float32(0.0), np.float32(1.0 / FRAME_HOPS)
    row = s.inputs[s.at[0] % TAPS]
    s.at[1] += 1
    whole = s.at[1] == FRAME_HOPS
    for g in range(BANDS):
        start, stop = s.edges[g], s.edges[g + 1]
        height, rise, over = none, none, none
        for k in range(start, stop):
            height += new[k]
            rise += max(new[k] - max(old[max(k - 1, 0)], old[k], old[min(k + 1, last)]), none)
            over += max(smooth[0, k] - smooth[1, k], none)
        share = np.float32(1.0 / max(stop - start, 1))
        before[g] = (none if first else before[g]) + half * share * height
        before[BANDS + g] = max(none if first else before[BANDS + g], share * rise)
        if whole:
            row[g], row[BANDS + g], row[2 * BANDS + g] = before[g], before[BANDS + g], share * over
    return whole


@kernel
def _add(x: np.ndarray, weights: np.ndarray, y: np.ndarray) -> None:
    # Each input on all outputs in turn: neighbouring sums go side by side, and none is reordered.
    for i in range(x.shape[0]):
        value = x[i]
        if value != 0.0:
            row = weights[i]
            for k in range(y.shape[0]):
                y[k] += value * row[k]


@kernel
def _rectify(x: np.ndarray) -> None:
    for k in range(x.shape[0]):
        x[k] = max(x[k], np.float32(0.0))


@kernel
def _answer(s: _Pulse) -> None:
    net, now, x, y = s.net, s.at[0], s.x, s.y
    x[:] = net.front_offset
    for tap in range(TAPS):
        _add(s.inputs[(now + 1 + tap) % TAPS], net.front[tap * INPUTS : (tap + 1) * INPUTS], x)
    _rectify(x)
    room, reach = s.ring.shape[1], 1
    for b in range(s.ring.shape[0]):
        ring = s.ring[b]
        ring[now % room] = x
        y[:] = net.past_offset[b]
        for tap in range(TAPS):
            _add(ring[(now - (TAPS - 1 - tap) * reach) % room], net.past[b, tap], y)
        _rectify(y)
        x += net.mix_offset[b]
        _add(y, net.mix[b], x)
        reach *= 2
    _rectify(x)
    for n in range(OUTPUTS):
        odds = net.end_offset[n]
        for k in range(x.shape[0]):
            odds += x[k] * net.end[k, n]
        s.out[n] = np.float32(1.0 / (1.0 + np.exp(-np.float64(odds))))


@kernel
def _process(s: _Pulse, logs: np.ndarray, smooth: np.ndarray) -> None:
    if _describe(s, logs, smooth):
        _answer(s)
        s.at[0] += 1
        s.at[1] = 0


class Pulse:
    """Learned chances of a beat and of a downbeat, for each second hop.

    Args:
        centre_hz: of the filters of ``Novelty``.

    Latency: a chance is highest ``DELAY_S`` after its beat.
    """

    def __init__(self, centre_hz: np.ndarray) -> None:
        net = weights()
        blocks, channels, f32 = len(net.past), net.front.shape[1], np.float32
        self._s = _Pulse(
            np.searchsorted(centre_hz, EDGES_HZ).astype(np.int64),
            net,
            np.zeros((TAPS, INPUTS), f32),
            np.zeros(2 * BANDS, f32),
            np.zeros((blocks, (TAPS - 1) * 2 ** (blocks - 1) + 1, channels), f32),
            np.zeros(channels, f32),
            np.zeros(channels, f32),
            np.zeros(OUTPUTS, f32),
            np.zeros(2, np.int64),
        )
        silence = np.zeros((2, len(centre_hz)), f32)
        for _ in range(FRAME_HOPS):
            self.process(silence, silence)
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard."""
        s = self._s
        for array in (s.inputs, s.before, s.ring, s.out, s.at):
            array.fill(0)

    def process(self, logs: np.ndarray, smooth: np.ndarray) -> np.ndarray:
        """One hop: ``Novelty.logs`` and ``Novelty.smooth`` after it.

        Returns:
            float32 ``(2,)``: the chances 0..1 of a beat and of a downbeat at the newest whole frame, 0 before the
            first. Overwritten by the next call.
        """
        _process(self._s, logs, smooth)
        return self._s.out
