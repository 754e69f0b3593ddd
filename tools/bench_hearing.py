"""What hearing costs over a whole track, the callback's features and beat, tone and form in perception; and how well
the transport foresees the beat.

    python -m tools.bench_hearing [SOUND] [--minutes M] [--block N] [--json]

Without a file it hears the built-in demo tune. The sound goes through the audio engine in blocks of N frames, and each
hop through the stages that perception runs, one after the other on one core, as fast as it goes. Then clicks, steady
and on ramps, are heard, and the transport is asked at 0.1 s before each of them when it will be.
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from pix2live.analysis.novelty import Novelty
from pix2live.analysis.pulse import Pulse
from pix2live.analysis.tempo import Tempo
from pix2live.engine.hearing import Hearing
from pix2live.engine.options import Options
from pix2live.show.bench import first_in_line
from pix2live.show.offline import BEGIN_S, OfflineShow
from pix2live.signals import table
from pix2live.signals.transport import Transport

RATE, HOP = 48000, 256
AHEAD_S, SETTLED_S = 0.1, 6.0


class _Timed:
    """A call that notes the seconds it takes, by the clock and of the processor."""

    def __init__(self, call: Callable[..., object], room: int) -> None:
        self._call, self._count = call, 0
        self._wall, self._cpu = np.zeros(room), np.zeros(room)

    def __call__(self, *arguments: object) -> object:
        began, busy = time.perf_counter(), time.thread_time()
        result = self._call(*arguments)
        at = self._count
        self._wall[at], self._cpu[at] = time.perf_counter() - began, time.thread_time() - busy
        self._count += 1
        return result

    def shares(self, each_s: float, total_s: float) -> dict[str, float]:
        """Percent of a core over ``total_s``, and percentiles of single calls as a share of ``each_s``."""
        wall, cpu = self._wall[:self._count], self._cpu[:self._count]
        return {"of a core": 100 * cpu.sum() / total_s, "p50": 100 * float(np.median(wall)) / each_s,
                "p99": 100 * float(np.percentile(wall, 99)) / each_s,
                "p99 CPU": 100 * float(np.percentile(cpu, 99)) / each_s,
                "worst CPU us": 1e6 * float(cpu.max())}


def measure(sound: str = "demo", minutes: float = 5.0, block: int = 128) -> dict[str, dict[str, float]]:
    """Percentages by part: ``callback`` (shares of a block) and ``perception`` (shares of a hop). Raises FileError."""
    options = Options(audio_in=sound, camera="none", overrides=(("synth.mute", 1.0),))
    show = OfflineShow(options, picture=False, see=False)
    show.open()
    try:
        audio, hearing = show.audio, Hearing(show.bus)
        count = round(minutes * 60.0 * audio.rate / block)
        callback = _Timed(audio.analyzer.process, count)
        audio.analyzer.process = callback  # type: ignore[method-assign]
        perception = _Timed(hearing.step, count)
        out, heard = np.zeros((block, 2), np.float32), 0
        with first_in_line():
            for number in range(count):
                now_s = BEGIN_S + number * block / audio.rate
                show.clock.set(now_s)
                audio.callback(None, out, now_s)
                if show.bus.audio.count > heard:
                    heard = show.bus.audio.count
                    perception()
        total_s = count * block / audio.rate
        hop_s = audio.analyzer.hop / audio.rate
        return {"callback": callback.shares(block / audio.rate, total_s),
                "perception": perception.shares(hop_s, total_s)}
    finally:
        show.close()


def clicks_at(from_bpm: float, to_bpm: float, seconds: float, ramp_s: float = 20.0) -> np.ndarray:
    """Moments of clicks that go steadily for 6 s and then over to another tempo within ``ramp_s``."""
    out, at = [], 0.4
    while at < seconds:
        out.append(at)
        share = min(max((at - SETTLED_S) / ramp_s, 0.0), 1.0)
        at += 60.0 / (from_bpm + share * (to_bpm - from_bpm))
    return np.array(out)


def foresight_ms(times: np.ndarray, seconds: float, ahead_s: float = AHEAD_S) -> np.ndarray:
    """For each click after the first 6 s, how much later than it comes the transport foresaw it ``ahead_s`` before.

    Clicks of one sample at 48 kHz; what is foreseen is the beat nearest to the click.
    """
    sound = np.zeros(int(seconds * RATE), np.float32)
    sound[(times * RATE).astype(int)] = 0.8
    novelty, tempo, transport = Novelty(RATE, HOP), Tempo(RATE, HOP), Transport()
    pulse, row, out = Pulse(novelty.centre_hz), np.zeros(len(table.BEAT)), []
    asked = times[times > SETTLED_S]
    for n in range(len(sound) // HOP):
        now_s = (n + 1) * HOP / RATE
        functions = novelty.process(sound[n * HOP : (n + 1) * HOP])
        tempo.process(functions, pulse.process(novelty.logs, novelty.smooth), row)
        transport.hear(now_s, row)
        if len(out) < len(asked) and now_s > asked[len(out)] - ahead_s - HOP / RATE:
            true = asked[len(out)]
            beat = round(transport.beats_at(true))
            out.append(1e3 * (transport.anchor_s + (beat - transport.beats) * 60.0 / transport.bpm - true))
    return np.array(out)


def foresight() -> dict[str, dict[str, float]]:
    """Median and 95th percentile of what ``foresight_ms`` says, in either direction: steady, and on ramps of 10 %."""
    steady = [foresight_ms(clicks_at(bpm, bpm, 16.0), 16.0) for bpm in (60.0, 80.0, 100.0, 125.0, 150.0, 180.0)]
    turns = [(bpm, share * bpm) for bpm in (90.0, 120.0, 150.0) for share in (0.9, 1.1)]
    ramps = [foresight_ms(clicks_at(*turn, 28.0), 28.0) for turn in turns]
    out = {}
    for name, found in (("steady", steady), ("ramps", ramps)):
        away = np.abs(np.concatenate(found))
        out[name] = {"median ms": float(np.median(away)), "p95 ms": float(np.percentile(away, 95))}
    return out


def main() -> None:
    """Print both parts as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sound", nargs="?", default="demo")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found, ahead = measure(options.sound, options.minutes, options.block), foresight()
    if options.json:
        print(json.dumps(found | {"transport 0.1 s ahead": ahead}, indent=1))
        return
    for part, unit in (("callback", f"block of {options.block}"), ("perception", "hop")):
        row = found[part]
        print(f"{part:11}{row['of a core']:.2f} % of a core; "
              f"p50 {row['p50']:.1f} %, p99 {row['p99']:.1f} % of a {unit} by the clock, "
              f"{row['p99 CPU']:.1f} % of CPU time; worst {row['worst CPU us']:.0f} us of CPU time")
    for name, error in ahead.items():
        print(f"transport 0.1 s ahead, {name}: median {error['median ms']:.1f} ms, p95 {error['p95 ms']:.1f} ms off")


if __name__ == "__main__":
    main()
