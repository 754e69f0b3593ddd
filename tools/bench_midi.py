"""How long a MIDI message takes from another process to the desk: ``python tools/bench_midi.py [--json]``.

A second process stamps and sends controllers through the rig's JACK server (128 frames at 48 kHz, so up to 2.7 ms for
the server itself). Measured: to the stamp that the message bears, and to the thread that waits in ``MidiIn.wait``.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from pix2live.control.midi import MidiIn
from pix2live.signals.clock import SystemClock
from tools.rig import Rig

_SENDER = """
import random, sys, time, json, rtmidi
count = int(sys.argv[1])
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="bench")
out.open_virtual_port("out")
print("ready", flush=True)
sys.stdin.readline()
stamps = []
for i in range(count):
    time.sleep(random.uniform(0.002, 0.008))  # no fixed place within the server's period
    message = [0xB0, 1 + i % 2, i % 128]
    stamps.append(time.monotonic())
    out.send_message(message)
time.sleep(0.2)
print(json.dumps(stamps), flush=True)
"""


def measure(count: int = 500) -> dict[str, float]:
    """Send ``count`` controllers, one each 2 to 8 ms; latencies in ms, from the moment before the sender's call.

    Returns count, lost, and p50, p99 and max as ``stamped_*_ms`` and ``taken_*_ms``. Raises RigError without jackd.
    """
    import rtmidi

    clock = SystemClock()
    stamped: list[float] = []
    taken: list[float] = []
    with Rig(midi=True) as rig, _environment(rig.env, "JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        sender = subprocess.Popen([sys.executable, "-c", _SENDER, str(count)], env=rig.env, text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert sender.stdin is not None and sender.stdout is not None
        sender.stdout.readline()
        midi = MidiIn(api=rtmidi.API_UNIX_JACK)
        try:
            sender.stdin.write("go\n")
            sender.stdin.flush()
            end_s = clock.now() + 5.0 + 0.02 * count
            while len(stamped) < count and clock.now() < end_s:
                midi.wait(clock.now() + 0.1)
                events = midi.take()
                now_s = clock.now()
                stamped += [event.stamp_s for event in events]
                taken += [now_s] * len(events)
        finally:
            midi.close()
        sent = np.array(json.loads(sender.communicate(timeout=30)[0]))
    if len(stamped) != count:
        return {"count": count, "lost": count - len(stamped)}
    result: dict[str, float] = {"count": count, "lost": 0}
    for name, stamps in (("stamped", stamped), ("taken", taken)):
        late_ms = (np.array(stamps) - sent) * 1e3
        result |= {f"{name}_p50_ms": round(float(np.percentile(late_ms, 50)), 3),
                   f"{name}_p99_ms": round(float(np.percentile(late_ms, 99)), 3),
                   f"{name}_max_ms": round(float(late_ms.max()), 3)}
    return result


@contextmanager
def _environment(env: dict[str, str], *names: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: env[name] for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def main() -> int:
    """Measure and print; 1 if a message was lost."""
    parser = argparse.ArgumentParser(description="MIDI latency from another process, through JACK.")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    result = measure(chosen.count)
    if chosen.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:18}{value:g}")
    return int(result["lost"] > 0)


if __name__ == "__main__":
    sys.exit(main())
