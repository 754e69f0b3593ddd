"""An hour of harmony on a film that never stops changing, as quickly as it can be computed.

    python -m tools.soak_harmony [--minutes 60] [--seed 1] [--wav OUT.wav]

The film is made up: every param that a picture feeds wanders, and a cut comes every 20 to 120 s. Everything runs
through the whole instrument (reverb, delay, limiter). Prints, for every ten minutes, loudness (LUFS), highest peak, the
largest step between two samples and the largest one farther than 60 ms from the begin of any note, clipped and
non-finite samples, notes, and the memory in use. Exit 1 where a sample is not finite, clips, or the loudness drifts by
1 LU or more.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

from pix2live.devices.soundwriter import SoundWriter
from pix2live.dsp.weighting import OFFSET_DB, k_weighting, weighted_power
from pix2live.synth.instrument import Instrument

RATE = 48000
BLOCK = 4800  # a tenth of a second: how often the film is looked at
SPAN_S = 600
NEAR_S = 0.06
WANDERING = ("valence", "arousal", "brightness", "warmth", "density", "rhythm", "roughness", "register", "tension")


class Film:
    """What a camera might make of params: slow random walks within their ranges, and cuts."""

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        ids = [spec.id for spec in instrument.SPECS]
        self.params = np.array([spec.default for spec in instrument.SPECS], np.float32)
        for id_, value in (("synth.scan.level", 0.0), ("synth.harmony.level", 1.0), ("synth.reverb.mix", 0.25),
                           ("synth.delay.mix", 0.12)):  # fmt: skip
            self.params[ids.index(id_)] = value
        self._at = np.array([ids.index(f"synth.harmony.{name}") for name in WANDERING])
        self._low = np.array([instrument.SPECS[i].low for i in self._at])
        self._high = np.array([instrument.SPECS[i].high for i in self._at])
        self._where = self._rng.random(len(WANDERING))
        self._cut = 0

    def step(self) -> None:
        """A tenth of a second on."""
        if self._cut == 0:
            self._where = self._rng.random(len(WANDERING))
            self._cut = int(self._rng.integers(200, 1200))
        self._cut -= 1
        self._where += 0.004 * self._rng.normal(size=len(WANDERING))
        self._where = 1.0 - np.abs(1.0 - np.abs(self._where))
        self.params[self._at] = self._low + self._where * (self._high - self._low)


def _onsets(instrument: Instrument, heard: int, first: int) -> tuple[int, list[int]]:
    """Events so far, and the samples within the block that begins at ``first`` where notes begin."""
    state = instrument.harmony.state
    newest = int(state.note_count[0])
    ring = [state.notes[j % len(state.notes)] for j in range(max(heard, newest - len(state.notes)), newest)]
    return newest, [int(event["position"]) - first for event in ring if event["velocity"] > 0.0]


def main() -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wav", type=Path)
    options = parser.parse_args()
    instrument = Instrument(RATE, 64, options.seed)
    film, out = Film(instrument, options.seed), np.zeros((BLOCK, 2), np.float32)
    writer = SoundWriter(options.wav, RATE, 2) if options.wav else None
    weighting, memory = k_weighting(RATE), np.zeros((2, 4))
    last, near_until, heard = np.zeros((1, 2), np.float32), 0, int(instrument.harmony.state.note_count[0])
    blocks, began, loudness, good = round(options.minutes * 60 * RATE / BLOCK), time.thread_time(), [], True
    power, peak, step, far_step, notes, wrong = 0.0, 0.0, 0.0, 0.0, 0, 0
    print("minute    LUFS    peak    step   step far from onsets   notes   wrong   RSS MB")
    for block in range(blocks):
        film.step()
        instrument.process(film.params, out)
        if writer is not None:
            writer.write(out)
        first = block * BLOCK
        heard, begins = _onsets(instrument, heard, first - instrument.latency_samples)
        steps = np.abs(np.diff(np.concatenate([last, out]), axis=0)).max(1)
        last = out[-1:].copy()
        far = np.ones(BLOCK, bool)
        far[: max(near_until, 0)] = False
        for begin in begins:
            far[max(begin - 64, 0) : max(begin + round(NEAR_S * RATE), 0)] = False
        near_until = max([near_until, *(begin + round(NEAR_S * RATE) for begin in begins)]) - BLOCK
        power += weighted_power(weighting, memory, out.T.copy())
        peak, step = max(peak, float(np.abs(out).max())), max(step, float(steps.max()))
        far_step = max(far_step, float(steps[far].max(initial=0.0)))
        notes += len(begins)
        wrong += int((~np.isfinite(out)).sum() + (np.abs(out) >= 1.0).sum())
        if (block + 1) % (SPAN_S * RATE // BLOCK) == 0 or block + 1 == blocks:
            span = (block % (SPAN_S * RATE // BLOCK)) + 1
            loudness.append(OFFSET_DB + 10.0 * np.log10(power / span))
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            minute = (block + 1) * BLOCK / RATE / 60
            print(f"{minute:6.0f} {loudness[-1]:7.2f} {peak:7.3f} {step:7.3f} {far_step:22.3f} {notes:7d} {wrong:7d} "
                  f"{rss:8.1f}", flush=True)  # fmt: skip
            good &= wrong == 0
            power, peak, step, far_step, notes, wrong = 0.0, 0.0, 0.0, 0.0, 0, 0
    if writer is not None:
        writer.close()
    drift = max(loudness) - min(loudness)
    spent = time.thread_time() - began
    share = 100.0 * spent / (blocks * BLOCK / RATE)
    print(f"drift {drift:.2f} LU; {spent:.0f} s of processor time, {share:.1f} % of a core")
    return 0 if good and drift < 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
