"""The device a person means is the one that is found, on each system, and no other one in its place."""

import sys
from dataclasses import replace
from time import monotonic, sleep

import pytest

from pix2live.devices import soundlist
from pix2live.devices.soundlist import DeviceInfo, Lookout, find_again, find_device, with_monitors
from pix2live.devices.soundserver import Source, listening_to, sources
from pix2live.errors import DeviceError

LINUX = [
    DeviceInfo(0, "HDA Intel PCH: ALC257 Analog (hw:0,0)", 2, 2, 44100.0, "ALSA", False, False),
    DeviceInfo(1, "Scarlett 18i20 USB: Audio (hw:2,0)", 18, 20, 44100.0, "ALSA", False, False),
    DeviceInfo(2, "pulse", 32, 32, 44100.0, "ALSA", False, False),
    DeviceInfo(3, "default", 32, 32, 44100.0, "ALSA", True, True),
]
SERVER = [
    Source("alsa_output.pci.monitor", "Monitor of Built-in Audio", 2, 48000, True, False, True),
    Source("alsa_output.usb.monitor", "Monitor of Scarlett 18i20", 4, 96000, True, False, False),
    Source("alsa_input.pci", "Built-in Audio", 1, 44100, False, True, False),
]


def test_what_the_server_plays_is_listed_behind_the_devices_and_opened_through_it() -> None:
    devices = with_monitors(LINUX, SERVER)
    assert [d.index for d in devices] == list(range(6)) and devices[:2] == LINUX[:2]
    monitor = find_device(devices, "monitor", "input")
    assert (monitor.name, monitor.index, monitor.portaudio, monitor.source, monitor.inputs, monitor.rate) == (
        "Monitor of Built-in Audio", 4, 2, "alsa_output.pci.monitor", 2, 48000.0)
    for wanted in ("4", 4, "of built", "ALSA_OUTPUT.PCI", "monitor of built-in audio"):
        assert find_device(devices, wanted, "input") == monitor
    assert all(d.index < 4 for d in devices if d.outputs)


def test_a_device_wins_over_a_monitor_of_the_same_name() -> None:
    devices = with_monitors(LINUX, SERVER)
    assert find_device(devices, "scarlett", "input").index == 1
    assert find_device(devices, "of scarlett", "input").index == 5


def test_the_server_tells_the_channels_and_rate_behind_its_plugs() -> None:
    devices = with_monitors(LINUX, SERVER)
    assert [(d.inputs, d.rate, d.rate_is_true) for d in devices[2:4]] == [(1, 44100.0, True)] * 2
    assert [d.usual_inputs for d in devices] == [2, 8, 1, 1, 2, 4]
    # Asked for fewer than it has, a server would mix them.
    assert [d.least_inputs for d in devices] == [1, 1, 1, 1, 2, 4]
    unknown = with_monitors(LINUX, [])
    assert unknown == LINUX and [d.usual_inputs for d in unknown] == [2, 8, 2, 2] and unknown[2].least_inputs == 2


def test_without_the_pulse_plug_no_monitor_is_promised_and_the_line_says_where_to_read() -> None:
    devices = with_monitors(LINUX[:2], SERVER)
    assert devices == LINUX[:2]
    with pytest.raises(DeviceError, match=r"docs/devices\.md"):
        find_device(devices, "monitor", "input")


def test_wasapi_loopback_of_the_default_output_is_the_monitor_on_windows() -> None:
    devices = with_monitors([
        DeviceInfo(0, "Microphone (USB)", 2, 0, 44100.0, "MME", True, False),
        DeviceInfo(1, "Speakers (Realtek(R) Audio with", 0, 2, 44100.0, "MME", False, True),
        DeviceInfo(2, "Phones (USB) [Loopback]", 2, 0, 48000.0, "Windows WASAPI", False, False),
        DeviceInfo(3, "Speakers (Realtek(R) Audio with a long name) [Loopback]", 2, 0, 48000.0, "Windows WASAPI",
                   False, False)], [])
    assert find_device(devices, "monitor", "input").index == 3
    assert find_device(devices, "phones", "input").index == 2
    assert find_device(devices, "default", "input").index == 0


def test_blackhole_is_the_monitor_on_macos() -> None:
    devices = with_monitors([
        DeviceInfo(0, "MacBook Pro Microphone", 1, 0, 48000.0, "Core Audio", True, False),
        DeviceInfo(1, "MacBook Pro Speakers", 0, 2, 48000.0, "Core Audio", False, True),
        DeviceInfo(2, "BlackHole 2ch", 2, 2, 48000.0, "Core Audio", False, False)], [])
    assert find_device(devices, "monitor", "input").index == 2
    assert find_device(devices, "blackhole", "output").index == 2


def test_a_card_under_another_number_is_still_the_same_card() -> None:
    old = LINUX[1]
    moved = [LINUX[0], replace(old, index=4, name="Scarlett 18i20 USB: Audio (hw:5,0)")]
    assert find_again(moved, old, "input") == moved[1]
    assert find_device(moved, old.name, "input") == moved[1]
    # Of two alike, the one that was meant.
    assert find_again([replace(old, index=7, name="Scarlett 18i20 USB: Audio (hw:1,0)"), *LINUX], old, "input") == old


def test_what_is_gone_is_not_found_again_under_a_similar_name_or_another_api() -> None:
    old = LINUX[1]
    others = [LINUX[0], replace(old, name="Scarlett 2i2 USB: Audio (hw:2,0)"), replace(old, host_api="JACK"),
              replace(old, inputs=0)]
    assert find_again(others, old, "input") is None
    monitors = with_monitors(LINUX, SERVER)[4:]
    assert find_again(monitors[1:], monitors[0], "input") is None


def test_a_listing_in_a_process_of_its_own_comes_once_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    lookout, began_s = Lookout(), monotonic()
    assert lookout.seen(0.0) is None
    lookout.look(0.0)
    lookout.look(0.0)
    assert monotonic() - began_s < 2.0
    seen = lookout.seen(0.0)
    while seen is None:
        sleep(0.02)
        seen = lookout.seen(1.0)
    assert all(isinstance(d, DeviceInfo) for d in seen) and lookout.seen(1.0) is None
    monkeypatch.setattr(soundlist.sys, "executable", "/no/such/python")
    lookout.look(2.0)
    assert lookout.seen(3.0) is None


def test_a_listing_that_hangs_is_ended_and_saw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lookout = Lookout()
    monkeypatch.setattr(soundlist.subprocess, "Popen", _sleeper(soundlist.subprocess.Popen))
    lookout.look(0.0)
    assert lookout.seen(5.0) is None
    process = lookout._process
    assert process is not None
    assert lookout.seen(20.0) == [] and process.poll() is not None
    lookout.close()


def _sleeper(popen):
    return lambda command, **more: popen([sys.executable, "-c", "import time; time.sleep(60)"], **more)


def test_without_a_sound_server_there_are_no_sources(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nothing")
    assert sources() == []


def test_the_source_to_be_heard_is_named_only_while_a_stream_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("PULSE_SOURCE", "mine")
    with listening_to(""):
        assert os.environ["PULSE_SOURCE"] == "mine"
    with pytest.raises(OSError), listening_to("theirs"):
        assert os.environ["PULSE_SOURCE"] == "theirs"
        raise OSError
    assert os.environ["PULSE_SOURCE"] == "mine"
    monkeypatch.delenv("PULSE_SOURCE")
    with listening_to("theirs"):
        assert os.environ["PULSE_SOURCE"] == "theirs"
    assert "PULSE_SOURCE" not in os.environ
