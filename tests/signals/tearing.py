"""Kernels of the tearing test: a frame is whole when all its words are alike."""

import numpy as np

from pix2live.dsp.jit import kernel
from pix2live.signals.seqlock import publish, read_newest


@kernel
def write_many(head, seqs, slots, count):
    frame = np.empty(slots.shape[1], np.uint64)
    for _ in range(count):
        frame[:] = head[0]
        publish(head, seqs, slots, frame, frame.shape[0])


@kernel
def is_torn(frame):
    for w in range(1, frame.shape[0]):
        if frame[w] != frame[0]:
            return True
    return False


@kernel
def read_many(head, seqs, slots, count):
    """``(good reads, torn frames, distinct frames)`` after ``count`` good reads and a thousand distinct frames (on a
    busy machine the writer may not have run for long)."""
    frame = np.empty(slots.shape[1], np.uint64)
    good, torn, distinct, last = 0, 0, 0, -1
    while good < count or distinct < 1000:
        number = read_newest(head, seqs, slots, frame, frame.shape[0])
        if number < 0:
            continue
        good += 1
        if is_torn(frame) or frame[0] != number:
            torn += 1
        if number != last:
            distinct += 1
            last = number
    return good, torn, distinct
