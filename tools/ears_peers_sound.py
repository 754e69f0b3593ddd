"""What the workers of all peers share: the sound of a clip, whole and in blocks. Runs in the peers' environment."""

import functools

import numpy as np

FRAME = 2048


@functools.lru_cache(maxsize=4)
def sound(path, rate):
    """The file as mono float32 at ``rate``."""
    import soundfile
    import soxr
    samples, own = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    return np.ascontiguousarray(mono if own == rate else soxr.resample(mono, own, rate), np.float32)


def blocks(samples, size):
    """Whole blocks of ``samples``; the last is filled up with silence."""
    for start in range(0, len(samples), size):
        block = samples[start:start + size]
        yield np.pad(block, (0, size - len(block))) if len(block) < size else block
