"""The benchmark's own musician: plays clicks at moments that it stamps, and stamps what it hears.

A process of its own inside the rig, so that nothing of the show is in its way:
``python -m tools.bench_player SECONDS``.
It plays into the sink that the show hears, and listens to that sink's monitor (what the sound server's own loop costs)
and to the monitor of the sink that the show plays into. Prints one line of JSON: ``clicks`` handed over, ``looped``
(heard again) and ``sounds`` (beginnings of sound after silence from the show), all in monotonic seconds.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

RATE, BLOCK = 48000, 256
EVERY_S = 0.4
CLICK_S = 0.005
LOUD = 1e-3  # of full scale: what counts as sound; the rig's own silence is all zeros
HUSH_S = 0.2  # of silence that goes before a beginning

_DEVICES = """<{rig}>
pcm.to_show {{ type pulse device "mic" }}
pcm.loop {{ type pulse device "mic.monitor" }}
pcm.from_show {{ type pulse device "sink.monitor" }}
"""


def environment(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The rig's environment with the musician's three devices."""
    config = folder / "player.conf"
    devices = _DEVICES.format(rig=env["ALSA_CONFIG_PATH"])
    for name in ("to_show", "loop", "from_show"):
        devices = devices.replace(f"pcm.{name} {{", f"pcm.{name} {{ hint {{ show on description \"{name}\" }}")
    config.write_text(devices)
    return {**env, "ALSA_CONFIG_PATH": str(config)}


def start(seconds: float, env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start it with ``environment``'s result; returns when it plays."""
    player = subprocess.Popen([sys.executable, "-m", "tools.bench_player", str(seconds)], env=dict(env), text=True,
                              cwd=Path(__file__).resolve().parent.parent, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    assert player.stdout is not None
    if player.stdout.readline().strip() != "ready":
        player.kill()
        raise RuntimeError("the benchmark's player did not start")
    return player


def go(player: "subprocess.Popen[str]") -> None:
    """Let its time begin."""
    assert player.stdin is not None
    player.stdin.write("go\n")
    player.stdin.flush()


def finish(player: "subprocess.Popen[str]") -> dict[str, list[float]]:
    """Wait for it to end; its stamps."""
    try:
        return json.loads(player.communicate(timeout=60)[0])
    finally:
        player.kill()
        player.wait()


class Ear:
    """Notes when sound begins after silence, to the sample: a block's stamp is that of its last frame."""

    def __init__(self) -> None:
        self.begins: list[float] = []
        self._silent_s = 0.0

    def hear(self, block: np.ndarray, now_s: float) -> None:
        """One mono block (frames,) that is complete at ``now_s``."""
        loud = np.flatnonzero(np.abs(block) > LOUD)
        if not len(loud):
            self._silent_s += len(block) / RATE
            return
        if self._silent_s + loud[0] / RATE >= HUSH_S:
            self.begins.append(now_s)
        self._silent_s = (len(block) - 1 - loud[-1]) / RATE


class Clicker:
    """Short bursts of noise, one at the first frame of a block every 0.4 s with a jitter that no clock has."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        frames = round(CLICK_S * RATE)
        burst = rng.uniform(-1.0, 1.0, frames) * np.exp(-np.arange(frames) / (0.3 * frames))
        burst[0] = 1.0
        self._click = (0.6 * burst).astype(np.float32)
        self._waits = rng.integers(-10, 11, 4096)
        self._left = 40
        self.handed: list[float] = []

    def play(self, now_s: float) -> np.ndarray:
        """The next mono block (256,), handed over at ``now_s``."""
        out = np.zeros(BLOCK, np.float32)
        self._left -= 1
        if self._left <= 0:
            out[:len(self._click)] = self._click[:BLOCK]
            self._left = round(EVERY_S * RATE / BLOCK) + int(self._waits[len(self.handed) % len(self._waits)])
            self.handed.append(now_s)
        return out


def main(seconds: float) -> None:
    """Play and listen for ``seconds``."""
    import pyaudio

    from pix2live.quiet import quiet_stderr

    with quiet_stderr():
        audio = pyaudio.PyAudio()
    index = {audio.get_device_info_by_index(i)["name"]: i for i in range(audio.get_device_count())}
    clicker, loop, show = Clicker(), Ear(), Ear()

    def play(_: object, frames: int, *rest: object) -> tuple[bytes, int]:
        return np.repeat(clicker.play(time.monotonic()), 2).tobytes(), pyaudio.paContinue

    def listen(ear: Ear) -> Callable[..., tuple[None, int]]:
        def take(data: bytes, frames: int, *rest: object) -> tuple[None, int]:
            ear.hear(np.frombuffer(data, np.float32)[::2], time.monotonic())
            return None, pyaudio.paContinue

        return take

    common = {"format": pyaudio.paFloat32, "channels": 2, "rate": RATE, "frames_per_buffer": BLOCK}
    with quiet_stderr():
        streams = [
            audio.open(input=True, input_device_index=index["loop"], stream_callback=listen(loop), **common),
            audio.open(input=True, input_device_index=index["from_show"], stream_callback=listen(show), **common),
            audio.open(output=True, output_device_index=index["to_show"], stream_callback=play, **common)]
    print("ready", flush=True)
    sys.stdin.readline()
    with quiet_stderr():
        time.sleep(seconds)
        for stream in streams:
            stream.stop_stream()
            stream.close()
        audio.terminate()
    print(json.dumps({"clicks": clicker.handed, "looped": loop.begins, "sounds": show.begins}), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
