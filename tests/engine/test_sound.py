"""Which devices a show takes: asked for, remembered or default; what it says. On cards that only stand there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pix2live.cli import main
from pix2live.devices import remembered
from pix2live.devices.remembered import Chosen, load_chosen, save_chosen
from pix2live.devices.soundlist import DeviceInfo
from pix2live.engine import sound as sound_module
from pix2live.engine.options import Options
from pix2live.engine.sound import Sound, looks_like_file
from pix2live.errors import DeviceError, UsageError
from pix2live.signals.clock import SystemClock

DEVICES = [
    DeviceInfo(0, "Built-in", 2, 2, 44100.0, "ALSA", True, True),
    DeviceInfo(1, "Scarlett 18i20 USB: Audio (hw:1,0)", 18, 20, 48000.0, "ALSA", False, False),
    DeviceInfo(2, "Scarlett 2i2 USB: Audio (hw:2,0)", 2, 2, 48000.0, "ALSA", False, False),
    DeviceInfo(3, "Monitor of Built-in", 4, 0, 96000.0, "PulseAudio", False, False, 0, "b.monitor", True, True, True),
]


class Card:
    refused: tuple[float | None, ...] = ()
    out_latency_s = 0.0

    def __init__(self, into: Any, out: Any, rate: float | None, block: int, channels: Any, **_: Any) -> None:
        if rate in self.refused:
            raise DeviceError("cannot run at that rate")
        self.input, self.output, self.rate, self.block = into, out, rate or 88200, block
        chosen = channels or range(1, (into.usual_inputs if into else 0) + 1)
        self.picks = tuple(channel - 1 for channel in chosen)

    def close(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "config_dir", lambda: tmp_path / "config")
    monkeypatch.setattr(remembered, "state_dir", lambda: tmp_path / "state")
    monkeypatch.setattr(sound_module, "SoundCard", Card)
    monkeypatch.setattr(Card, "refused", ())
    plug(monkeypatch, DEVICES)


def plug(monkeypatch: pytest.MonkeyPatch, devices: list[DeviceInfo]) -> None:
    monkeypatch.setattr(sound_module, "list_devices", lambda: devices)


def opened(**options: Any) -> tuple[Sound, list[str]]:
    said: list[str] = []
    return Sound(Options(**options), SystemClock(), lambda *_: None, said), said


def test_without_a_choice_the_defaults_are_taken_and_said_and_nothing_is_remembered() -> None:
    sound, said = opened()
    assert said == ["hears Built-in (channels 1, 2) and plays to Built-in at 48000 Hz"]
    assert sound.channels == 2 and load_chosen() == Chosen()


def test_a_choice_is_taken_again_another_day_with_its_channels() -> None:
    opened(audio_in="18i20", audio_out="2i2", audio_channels=(3, 4, 1))
    sound, said = opened()
    assert said == ["hears Scarlett 18i20 USB: Audio (hw:1,0) (channels 3, 4, 1) and plays to "
                    "Scarlett 2i2 USB: Audio (hw:2,0) at 48000 Hz"]
    assert sound.channels == 3
    _, said = opened(audio_in="none")
    assert said == ["plays to Scarlett 2i2 USB: Audio (hw:2,0) at 48000 Hz"]
    # Channels belong to their input: of another one all are heard.
    assert opened(audio_in="built-in")[0].channels == 2
    assert opened(audio_in="18i20")[0].channels == 8


def test_a_remembered_monitor_keeps_its_channels_and_its_rate() -> None:
    assert opened(audio_in="monitor", audio_out="none", audio_channels=(4,))[0].rate == 96000
    _, said = opened(audio_out="none")
    assert said == ["hears Monitor of Built-in (channel 4) at 96000 Hz"] and load_chosen().input == "monitor"


def test_a_remembered_device_that_is_not_here_is_said_and_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    save_chosen(Chosen("Scarlett 2i2 USB: Audio (hw:2,0)", (2,), ""))
    plug(monkeypatch, DEVICES[:1])
    _, said = opened()
    assert "not here" in said[0] and "taking the default" in said[0] and "hears Built-in (channels 1, 2)" in said[1]
    assert load_chosen().input.startswith("Scarlett 2i2")
    plug(monkeypatch, [DEVICES[0], DeviceInfo(7, "Scarlett 2i2 USB: Audio (hw:5,0)", 2, 2, 48000.0, "ALSA", False,
                                              False)])
    assert "hears Scarlett 2i2 USB: Audio (hw:5,0) (channel 2)" in opened()[1][0]


def test_remembered_channels_that_are_not_there_today_are_said_and_all_are_heard(
        monkeypatch: pytest.MonkeyPatch) -> None:
    save_chosen(Chosen("monitor", (4,), ""))
    plug(monkeypatch, [DEVICES[0], replace(DEVICES[3], inputs=2)])
    _, said = opened(audio_out="none")
    assert "channel 4" in said[0] and said[1] == "hears Monitor of Built-in (channels 1, 2) at 96000 Hz"


def test_what_was_asked_for_by_name_is_never_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, DEVICES[:1])
    for options in ({"audio_in": "scarlett"}, {"audio_out": "2"}, {"audio_in": "monitor"}):
        with pytest.raises(DeviceError):
            opened(**options)


def test_channels_of_what_is_no_device_are_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="--audio-channels"):
        opened(audio_in="demo", audio_channels=(1,))


def test_with_no_devices_at_all_it_plays_the_demo_and_says_both(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, [])
    sound, said = opened()
    assert sound.source is not None and sound.rate == 48000
    assert len(said) == 2 and "demo tune" in said[0] and "no sound output" in said[1]


def test_where_48_khz_is_refused_the_device_s_own_rate_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Card, "refused", (48000,))
    assert opened(audio_in="built-in")[0].rate == 88200


def test_a_folder_with_a_device_s_name_is_not_taken_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monitor").mkdir()
    (tmp_path / "song").write_bytes(b"x")
    assert not looks_like_file("monitor") and looks_like_file("song") and looks_like_file("x.WAV")
    assert not looks_like_file("Scarlett 2i2 USB: Audio (hw:2,0)")


@pytest.mark.parametrize("arguments", [
    ("play", "--audio-channels", "0"), ("play", "--audio-channels", "1,2,x"), ("play", "--audio-channels", ""),
    ("play", "--audio-channels", "1,2,3,4,5,6,7,8,9"), ("devices", "--seconds", "3"), ("devices", "mic"),
    ("devices", "--meter", "--seconds", "-1")])
def test_wrong_options_are_one_line_and_exit_code_two(
        arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(arguments)) == 2
    assert capsys.readouterr().err.count("\n") == 1
