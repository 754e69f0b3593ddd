"""What harmony plays reaches another program as MIDI, in time; no note hangs when a process dies or the show ends."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rtmidi
from PIL import Image

from pix2live.synth.harmony import HARMONY_SPECS
from tools.rig import Rig
from tools.running import Running, wait_for


@pytest.fixture
def daw(midi_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator["Daw"]:
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, midi_rig.env[name])
    daw = Daw()
    yield daw
    daw.client.close_port()
    time.sleep(0.05)
    daw.client.delete()


class Daw:
    """Another program that hears the show's notes."""

    def __init__(self) -> None:
        self.client = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="daw", queue_size_limit=8192)
        self.heard: list[tuple[float, list[int]]] = []

    def join(self) -> bool:
        names = self.client.get_ports()
        own = [n for n, name in enumerate(names) if name.endswith(":pix2live")]
        if own:
            self.client.open_port(own[0])
        return bool(own)

    def listen(self, seconds: float) -> list[tuple[float, list[int]]]:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            while (found := self.client.get_message()) is not None:
                self.heard.append((time.monotonic(), found[0]))
            time.sleep(0.001)
        return self.heard

    def sounding(self) -> set[tuple[int, int]]:
        on: set[tuple[int, int]] = set()
        for _, (status, *data) in self.heard:
            key = status & 15, data[0]
            if status & 0xF0 == 0x90:
                on.add(key)
            elif status & 0xF0 == 0x80:
                on.discard(key)
            elif status & 0xF0 == 0xB0 and data[0] in (120, 123):
                on = {other for other in on if other[0] != status & 15}
        return on


@pytest.mark.live
def test_another_program_hears_the_beat_and_nothing_hangs(midi_rig: Rig, daw: Daw, tmp_path: Path) -> None:
    style = next(spec for spec in HARMONY_SPECS if spec.id == "synth.harmony.style").choices.index("pulse")
    preset = tmp_path / "beat.toml"
    preset.write_text(f"""
[deck.a]
shader = "ember_sea"
[synth]
instrument = "harmony"
[params]
"synth.harmony.tempo" = 120.0
"synth.harmony.humanise" = 0.0
"synth.harmony.density" = 0.9
"synth.harmony.style" = {style}
""")
    Image.new("RGB", (32, 32), (200, 80, 40)).save(tmp_path / "a.png")
    with Running("--audio-in", "none", "--audio-out", "none", "--camera", str(tmp_path / "a.png"), "--headless",
                 "--size", "160x90", "--fps", "10", "--preset", str(preset), "--midi-out", "virtual",
                 env=midi_rig.env) as show:
        wait_for("the port", daw.join)
        heard = daw.listen(6.0)
        drums = np.array([at for at, message in heard if message[0] == 0x99])
        assert len(drums) >= 8
        # Every stroke is on a sixteenth of 120 beats a minute, less what JACK and this machine add.
        late = (drums - drums[0] + 0.0625) % 0.125 - 0.0625
        assert np.median(np.abs(late - np.median(late))) < 0.01
        # The player dies in mid-note: what sounds is ended, and the next one plays on.
        daw.heard.clear()
        show.kill("audio")
        after = [message for _, message in daw.listen(6.0)]
        assert [0xB9, 123, 0] in after
        assert [m for m in after[after.index([0xB9, 123, 0]):] if m[0] == 0x99]
    daw.listen(1.0)
    assert daw.sounding() == set()
