"""Sound coming in with a gain, and the mix of what is heard and what is played; both ramp, so nothing clicks."""

import numpy as np

from pix2live.dsp.jit import kernel


@kernel
def take_in(heard, gain0, gain1, out):
    """``out = heard`` times a gain ramp, NaN and Inf to 0; ``out`` has at least as many frames as ``heard``."""
    n, channels = heard.shape
    step = (gain1 - gain0) / max(n, 1)
    for f in range(n):
        gain = np.float32(gain0 + step * (f + 1))
        for c in range(channels):
            x = heard[f, c]
            out[f, c] = x * gain if np.isfinite(x) else np.float32(0.0)


@kernel
def mix(heard, synth, monitor0, monitor1, gain0, gain1, out):
    """``out = gain * (synth + monitor * heard)``, both ramped over the block; mono is heard on both sides."""
    n = out.shape[0]
    channels = heard.shape[1]
    d_monitor, d_gain = (monitor1 - monitor0) / max(n, 1), (gain1 - gain0) / max(n, 1)
    for f in range(n):
        monitor = np.float32(monitor0 + d_monitor * (f + 1))
        gain = np.float32(gain0 + d_gain * (f + 1))
        left, right = synth[f, 0], synth[f, 1]
        if channels > 0:
            left += monitor * heard[f, 0]
            right += monitor * heard[f, min(1, channels - 1)]
        left, right = left * gain, right * gain
        out[f, 0] = left if np.isfinite(left) else np.float32(0.0)
        out[f, 1] = right if np.isfinite(right) else np.float32(0.0)
