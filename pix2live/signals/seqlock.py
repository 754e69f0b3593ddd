"""The bus's kernels: one writer, any readers, no lock and no waiting.

A section is a ring of slots. Slot ``k % n`` holds frame ``k``; its sequence number is ``2k+1`` while it is being
written and ``2k+2`` when it is whole. A reader that sees the same even number before and after its copy has a
consistent frame (a seqlock; Boehm 2012, "Can seqlocks get along with programming language memory models?").
Fences keep that order on processors that reorder memory.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from pix2live.dsp.jit import kernel


def _fence(typingctx: Any) -> tuple[Any, Any]:
    """A sequentially consistent memory fence."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), build


fence: Any = intrinsic(_fence)


@kernel
def publish(head, seqs, slots, source, words):
    """Write ``source[:words]`` as the next frame; returns its number. Only the section's one writer may call it."""
    k = head[0]
    i = k % seqs.shape[0]
    seqs[i] = 2 * k + 1
    fence()
    for w in range(words):
        slots[i, w] = source[w]
    fence()
    seqs[i] = 2 * k + 2
    fence()
    head[0] = k + 1
    return k


@kernel
def read(seqs, slots, k, target, words):
    """Copy frame ``k`` to ``target[:words]``; False if it is being written or already overwritten."""
    i = k % seqs.shape[0]
    whole = 2 * k + 2
    if seqs[i] != whole:
        return False
    fence()
    for w in range(words):
        target[w] = slots[i, w]
    fence()
    return seqs[i] == whole


@kernel
def read_newest(head, seqs, slots, target, words):
    """Copy the newest whole frame; returns its number, or -1 where there is none yet."""
    for _ in range(64):
        fence()
        k = head[0] - 1
        if k < 0:
            return -1
        if read(seqs, slots, k, target, words):
            return k
    return -1


@kernel
def find(head, seqs, stamps, time_s):
    """Number of the newest frame stamped at or before ``time_s``; the oldest kept one if all are later; -1 if none."""
    fence()
    newest = head[0] - 1
    if newest < 0:
        return -1
    n = seqs.shape[0]
    # The slot after the newest may be under way at this moment, so it is left out.
    oldest = max(0, newest - n + 2)
    k = newest
    while k > oldest and stamps[k % n] > time_s:
        k -= 1
    return k


@kernel
def write_ring(ring, written, block):
    """Append ``block`` (frames, 1 or more channels) to ``ring`` (size, 2) and add to ``written[0]``.

    One channel goes to both sides; of many, the mean of the first, third and so on to the left, of the others to the
    right.
    """
    size = ring.shape[0]
    at = written[0]
    channels = block.shape[1]
    for f in range(block.shape[0]):
        i = (at + f) % size
        for side in range(2):
            first = min(side, channels - 1)
            total = np.float32(0.0)
            for c in range(first, channels, 2):
                total += block[f, c]
            ring[i, side] = total / np.float32((channels - first + 1) // 2)
    fence()
    written[0] = at + block.shape[0]


@kernel
def read_ring(ring, written, start, out):
    """Copy frames ``start ..`` to ``out``; False if they are not there yet or were overwritten meanwhile."""
    size = ring.shape[0]
    n = out.shape[0]
    fence()
    if start < 0 or start + n > written[0] or written[0] - start > size:
        return False
    for f in range(n):
        i = (start + f) % size
        for c in range(ring.shape[1]):
            out[f, c] = ring[i, c]
    fence()
    return written[0] - start <= size


def warm() -> None:
    """Compile every kernel for the types the bus uses."""
    head, seqs = np.zeros(1, np.int64), np.zeros(4, np.int64)
    slots, frame = np.zeros((4, 2), np.uint64), np.zeros(2, np.uint64)
    publish(head, seqs, slots, frame, 2)
    read(seqs, slots, 0, frame, 2)
    read_newest(head, seqs, slots, frame, 2)
    find(head, seqs, slots.view(np.float64)[:, 0], 0.0)
    ring, block = np.zeros((8, 2), np.float32), np.zeros((4, 2), np.float32)
    write_ring(ring, head, block)
    read_ring(ring, head, 0, block)
