"""What the synth costs: partials a core in real time beside numpy's sine bank, and the instrument's share of a block.

    python -m tools.bench_synth [--json] [--seconds S]

A partial has a per-sample amplitude ramp on two channels and its own frequency. Both banks make chunks of 64 samples
in the same run on one core; the figure is the median chunk. The instrument plays a bright picture of 2,048 rows in
blocks of 256, once steadily and once with a new picture 30 times a second; then in blocks of 128 with all effects on.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pix2live.dsp.oscillator import CHUNK, add_partials, empty_mix, steps_from_hz
from pix2live.synth.instrument import Instrument

SAMPLE_RATE = 48000
PARTIALS = 2048
FRAMES = 256
EFFECTS_FRAMES = 128
EFFECTS = {
    "synth.filter.hz": 2000.0, "synth.filter.resonance": 0.5, "synth.chorus.mix": 0.5, "synth.delay.mix": 0.5,
    "synth.reverb.mix": 0.5,
}  # fmt: skip


def measure(seconds: float = 3.0) -> dict[str, float]:
    """All figures: partials a core (stereo), and shares of a block (1 = the whole block) by wall clock and CPU time."""
    rng = np.random.default_rng(0)
    steady, gliding, numpy_bank = (_partials_a_core(make(rng), PARTIALS, seconds / 6) for make in _BANKS)
    still = _instrument_shares(rng, seconds / 4, camera=False)
    camera = _instrument_shares(rng, seconds / 4, camera=True)
    dry = _instrument_shares(rng, seconds / 4, camera=True, frames=EFFECTS_FRAMES)
    effects = _instrument_shares(rng, seconds / 4, camera=True, frames=EFFECTS_FRAMES, settings=EFFECTS)
    return {
        "partials_a_core": steady,
        "partials_a_core_gliding": gliding,
        "partials_a_core_numpy": numpy_bank,
        "times_numpy": steady / numpy_bank,
        **{f"block_share_{name}": value for name, value in still.items()},
        **{f"block_share_camera_{name}": value for name, value in camera.items()},
        **{f"block_share_dry_{name}": value for name, value in dry.items()},
        **{f"block_share_effects_{name}": value for name, value in effects.items()},
    }


def _kernel_bank(rng: np.random.Generator, glide: bool) -> Callable[[], None]:
    phase = rng.integers(-(2**31), 2**31, PARTIALS, dtype=np.int64).astype(np.int32)
    ends = [steps_from_hz(rng.uniform(20, 20000, PARTIALS), SAMPLE_RATE) for _ in range(2)]
    levels = [rng.random((2, PARTIALS), dtype=np.float32) for _ in range(2)]
    step, level, out = ends[0].copy(), levels[0].copy(), empty_mix()
    turn = 0

    def chunk() -> None:
        nonlocal turn
        turn = 1 - turn
        out[...] = 0.0
        add_partials(phase, step, level, ends[turn if glide else 0], levels[turn], out)

    return chunk


def _numpy_bank(rng: np.random.Generator) -> Callable[[], None]:
    """As quick as plain numpy gets: no temporaries, float32, and the ramps as one matrix product."""
    step = (2 * np.pi / SAMPLE_RATE * rng.uniform(20, 20000, (PARTIALS, 1))).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (PARTIALS, 1)).astype(np.float32)
    nth = np.arange(CHUNK, dtype=np.float32)
    here, there = rng.random((2, 2, PARTIALS), dtype=np.float32)
    tone, sums = np.zeros((PARTIALS, CHUNK), np.float32), np.zeros((4, CHUNK), np.float32)

    def chunk() -> None:
        np.multiply(step, nth, out=tone)
        np.add(tone, phase, out=tone)
        np.sin(tone, out=tone)
        np.matmul(np.concatenate([here, (there - here) / CHUNK]), tone, out=sums)
        np.add(sums[:2], sums[2:] * (nth + 1), out=sums[:2])
        np.remainder(phase + CHUNK * step, 2 * np.pi, out=phase)

    return chunk


_BANKS = (lambda rng: _kernel_bank(rng, False), lambda rng: _kernel_bank(rng, True), _numpy_bank)


def _partials_a_core(chunk: Callable[[], None], partials: int, seconds: float) -> float:
    chunk()
    took = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        chunk()
        took.append(time.perf_counter() - start)
    return partials * CHUNK / SAMPLE_RATE / float(np.median(took))


def _instrument_shares(
    rng: np.random.Generator, seconds: float, camera: bool, frames: int = FRAMES,
    settings: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, float]:  # fmt: skip
    instrument = Instrument(SAMPLE_RATE, PARTIALS)
    params = np.array([settings.get(spec.id, spec.default) for spec in instrument.SPECS], np.float32)
    scores = [rng.uniform(0.2, 1.0, (64, PARTIALS, 2)).astype(np.float32) for _ in range(3)]
    out: NDArray[np.float32] = np.zeros((frames, 2), np.float32)
    instrument.set_score(scores[0])
    for _ in range(20):
        instrument.process(params, out)
    wall, cpu = [], []
    every = SAMPLE_RATE // 30 // frames
    for i in range(max(int(seconds * SAMPLE_RATE / frames), 100)):
        if camera and i % every == 0:
            instrument.set_score(scores[i // every % 3])
        start, busy = time.perf_counter(), time.thread_time()
        instrument.process(params, out)
        wall.append(time.perf_counter() - start)
        cpu.append(time.thread_time() - busy)
    block_s = frames / SAMPLE_RATE
    return {
        "p50": float(np.percentile(wall, 50)) / block_s,
        "p99": float(np.percentile(wall, 99)) / block_s,
        "cpu_p99": float(np.percentile(cpu, 99)) / block_s,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of the measurement")
    options = parser.parse_args()
    figures = measure(options.seconds)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"partials a core, stereo, steady pitch   {figures['partials_a_core']:9.0f}")
    print(f"partials a core, stereo, gliding pitch  {figures['partials_a_core_gliding']:9.0f}")
    print(f"numpy's sine bank in the same run       {figures['partials_a_core_numpy']:9.0f}   "
          f"({figures['times_numpy']:.0f} times fewer)")  # fmt: skip
    for name, label, frames in (
        ("", "a still picture", FRAMES), ("camera_", "30 pictures a second", FRAMES),
        ("dry_", "30 pictures a second", EFFECTS_FRAMES), ("effects_", "and all effects", EFFECTS_FRAMES),
    ):  # fmt: skip
        p50, p99, cpu = (100 * figures[f"block_share_{name}{key}"] for key in ("p50", "p99", "cpu_p99"))
        print(f"{PARTIALS} partials, {frames} frames, {label:21s}  p50 {p50:.1f} %  p99 {p99:.1f} %  "
              f"(CPU time p99 {cpu:.1f} %) of the block")  # fmt: skip


if __name__ == "__main__":
    main()
