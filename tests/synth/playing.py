"""The whole synth: its knobs, and how loud and how clean its sound is."""

import numpy as np
from scipy.signal import butter, sosfilt

from pix2live.synth.instrument import Instrument

RATE = 48000
IDS = [spec.id for spec in Instrument.SPECS]


def knobs(settings=None):
    """Every param at its default but for ``settings``, by name without "synth."."""
    wanted = {f"synth.{name}": value for name, value in (settings or {}).items()}
    assert wanted.keys() <= set(IDS)
    return np.array([wanted.get(spec.id, spec.default) for spec in Instrument.SPECS], np.float32)


def turn(name, value):
    """What turns one knob of the values that it is given."""
    index = IDS.index(f"synth.{name}")
    return lambda values: values.__setitem__(index, value)


def rms_db(sound):
    return 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-30)


def clicks_db(out, above_hz=4000, rate=RATE):
    """The loudest 2.7 ms above ``above_hz``, against the loudest 21 ms of all: clicks, where only low partials play."""
    high = sosfilt(butter(8, above_hz, "highpass", fs=rate, output="sos"), out.astype(float), axis=0)
    click, loud = ((1 << round(np.log2(rate * s)), sound) for s, sound in ((2.7e-3, high), (21e-3, out.astype(float))))
    loudest = [np.square(x[: len(x) // n * n]).reshape(-1, 2 * n).mean(1).max() for n, x in (click, loud)]
    return 10 * np.log10(loudest[0] / loudest[1])
