"""What a sound card's callback does, without a card: bytes, channels, times, counts, and devices found by name."""

import math
import subprocess
import sys
import threading
from time import monotonic

import numpy as np
import pytest

from pix2live.devices.airclock import AirClock, input_age_s
from pix2live.devices.bridge import Bridge, Capture, Splice
from pix2live.devices.meter import RING, CallbackMeter
from pix2live.devices.soundcard import SoundCard, _explained
from pix2live.devices.soundlist import DeviceInfo, find_device
from pix2live.errors import DeviceError
from pix2live.quiet import quiet_stderr

RATE = 48000
TIMES = {"input_buffer_adc_time": 0.0, "current_time": 0.0, "output_buffer_dac_time": 0.0}


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bridge(callback, in_channels=2, out_channels=2, opened=0, block=256):
    time, meter = Time(), CallbackMeter(RATE, block)
    capture = Capture(RATE, in_channels, opened or in_channels, 8192, meter) if in_channels else None
    return Bridge(callback, RATE, block, in_channels, out_channels, meter, time, capture), meter, time


def copy_first(heard: np.ndarray, out: np.ndarray, air_s: float) -> None:
    out[:] = heard[:, :1]


@pytest.mark.parametrize("frames", [1, 64, 128, 256, 441, 1024, 8192, 20000])
def test_any_number_of_frames_passes_through(frames: int) -> None:
    b, meter, _ = bridge(lambda heard, out, air_s: np.copyto(out, heard))
    sound = np.random.default_rng(1).uniform(-1, 1, (frames, 2)).astype(np.float32)
    for _ in range(3):
        played, flag = b(sound.tobytes(), frames, TIMES, 0)
        assert np.array_equal(played, sound) and flag == 0
        assert played.flags.c_contiguous and played.dtype == np.float32
    assert meter.callbacks == 3 and meter.frames == 3 * frames and meter.errors == 0


@pytest.mark.parametrize("channels", range(9))
def test_the_callback_hears_the_channels_there_are(channels: int) -> None:
    heard_shape = []
    b, meter, _ = bridge(lambda heard, out, air_s: heard_shape.append(heard.shape), in_channels=channels)
    b(np.ones((256, channels), np.float32).tobytes() if channels else None, 256, TIMES, 0)
    assert heard_shape == [(256, channels)] and meter.errors == 0


def test_channels_opened_beyond_the_wanted_are_left_out() -> None:
    b, _, _ = bridge(copy_first, in_channels=1, opened=2)
    sound = np.stack([np.full(256, 0.25), np.full(256, 0.75)], axis=1).astype(np.float32)
    assert np.all(b(sound.tobytes(), 256, TIMES, 0)[0] == 0.25)


@pytest.mark.parametrize("bad", [0.0, np.nan])
def test_chosen_channels_are_heard_in_their_order(bad: float) -> None:
    meter = CallbackMeter(RATE, 64)
    sound = np.arange(8, dtype=np.float32) + np.zeros((64, 1), np.float32)
    sound[5, 7] += bad
    heard = Capture(RATE, 3, 8, 64, meter, (7, 0, 2)).block(sound.tobytes(), 64)
    expected = np.tile(np.array([7, 0, 2], np.float32), (64, 1))
    expected[5, 0] += bad
    assert np.array_equal(heard, np.nan_to_num(expected)) and meter.not_finite == (bad != 0.0)
    # Any order of all of them too, and never the device's own order by mistake.
    assert np.array_equal(Capture(RATE, 2, 2, 64, meter, (1, 0)).block(sound[:, :2].tobytes(), 64), sound[:, 1::-1])


class Streams:
    """A PyAudio that notes how streams are opened; what it lists is ``devices``."""

    def __init__(self) -> None:
        self.opened: list[dict] = []

    def open(self, **how: object) -> "Streams":
        self.opened.append(how)
        return self

    def get_input_latency(self) -> float:
        return 0.0

    get_output_latency = get_input_latency

    def close(self) -> None: ...

    terminate = stop_stream = close


@pytest.mark.parametrize(("device", "asked", "picks", "opened"), [
    (DeviceInfo(0, "Big: Audio (hw:1,0)", 18, 0, 48000.0, "ALSA", True, False), None, range(8), 8),
    (DeviceInfo(0, "Big: Audio (hw:1,0)", 18, 0, 48000.0, "ALSA", True, False), (18, 3), (17, 2), 18),
    (DeviceInfo(0, "Mono", 1, 0, 48000.0, "Core Audio", True, False), None, (0,), 1),
    (DeviceInfo(0, "plug", 32, 0, 44100.0, "ALSA", True, False), None, (0, 1), 2),
    (DeviceInfo(0, "plug", 32, 0, 44100.0, "ALSA", True, False), 1, (0,), 2),
    (DeviceInfo(0, "default", 6, 0, 48000.0, "ALSA", True, False, rate_is_true=True), (2,), (1,), 6),
    (DeviceInfo(0, "Four", 4, 0, 48000.0, "PulseAudio", False, False, 9, "s", True), 2, (0, 1), 2),
])
def test_enough_channels_are_opened_for_those_that_are_heard(
        device: DeviceInfo, asked: object, picks: object, opened: int, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = Streams()
    monkeypatch.setattr("pix2live.devices.soundcard.portaudio", lambda: audio)
    monkeypatch.setattr("pix2live.devices.soundcard.devices_of", lambda _: [device])
    card = SoundCard(0, None, in_channels=asked, callback=copy_first)  # type: ignore[arg-type]
    assert card.picks == tuple(picks) and card.in_channels == len(card.picks)  # type: ignore[arg-type]
    how = audio.opened[0]
    assert how["channels"] == opened and how["input_device_index"] == device.portaudio and not how["output"]
    for wrong in (0, 9, (0,), (device.inputs + 1,), (), (1,) * 9):
        with pytest.raises(DeviceError, match=device.name.split()[0]):
            SoundCard(0, None, in_channels=wrong, callback=copy_first)
    card.close()


def test_a_block_is_as_long_at_double_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pix2live.devices.soundcard.portaudio", Streams)
    monkeypatch.setattr("pix2live.devices.soundcard.devices_of", lambda _: DEVICES)
    for rate, block in ((44100, 256), (48000, 256), (88200, 512), (96000, 512), (192000, 1024)):
        card = SoundCard(1, None, rate, 256, callback=copy_first)
        assert (card.rate, card.block) == (rate, block)
        card.close()


def test_stereo_is_mixed_to_a_mono_device_and_laid_on_the_first_two_of_many() -> None:
    def make(heard: np.ndarray, out: np.ndarray, air_s: float) -> None:
        out[:, 0], out[:, 1] = 0.5, 0.25

    mono = bridge(make, out_channels=1)[0](bytes(8 * 256), 256, TIMES, 0)[0]
    assert mono.shape == (256, 1) and np.all(mono == 0.375)
    many = bridge(make, out_channels=6)[0](bytes(8 * 256), 256, TIMES, 0)[0]
    assert many.shape == (256, 6) and np.all(many[:, :2] == [0.5, 0.25]) and not many[:, 2:].any()


def test_an_exception_becomes_silence_and_a_count() -> None:
    def fail(heard: np.ndarray, out: np.ndarray, air_s: float) -> None:
        out.fill(1.0)
        raise RuntimeError("broken")

    b, meter, _ = bridge(fail)
    for _ in range(4):
        assert not b(bytes(8 * 256), 256, TIMES, 0)[0].any()
    assert meter.errors == 4 and meter.last_error == "RuntimeError: broken" and meter.callbacks == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_pass_neither_in_nor_out(bad: float) -> None:
    seen = []
    b, meter, _ = bridge(lambda heard, out, air_s: seen.append(heard.copy()))
    sound = np.full((256, 2), 0.5, np.float32)
    sound[7, 1] = bad
    b(sound.tobytes(), 256, TIMES, 0)
    sound[7, 1] = 0.0
    assert np.array_equal(seen[0], sound) and meter.not_finite == 1

    def poison(heard: np.ndarray, out: np.ndarray, air_s: float) -> None:
        out[:] = 0.5
        out[3, 0] = bad

    b, meter, _ = bridge(poison)
    assert not b(bytes(8 * 256), 256, TIMES, 0)[0].any() and meter.not_finite == 1


@pytest.mark.parametrize("data", [None, b"", bytes(11)])
def test_missing_or_odd_bytes_are_silence(data: bytes | None) -> None:
    seen = []
    b, meter, _ = bridge(lambda heard, out, air_s: seen.append(heard.copy()))
    b(data, 256, TIMES, 0)
    assert seen[0].shape == (256, 2) and not seen[0].any() and meter.errors == 0


def test_an_input_only_stream_plays_nothing() -> None:
    b, _, _ = bridge(copy_first, out_channels=0)
    assert b(bytes(8 * 256), 256, TIMES, 0)[0] is None


def test_late_and_flagged_callbacks_are_xruns() -> None:
    meter = CallbackMeter(RATE, 256)
    now, block_s = 5.0, 256 / RATE
    for number in range(1, 501):
        now += block_s * (4.0 if number in (300, 400) else 1.0)
        meter.begin(now, 256, flagged=number in (400, 450))
        meter.end(now + 0.001)
    assert (meter.gaps, meter.flagged, meter.xruns) == (2, 2, 3)
    assert np.median(meter.interval_s()) == pytest.approx(block_s) and len(meter.interval_s()) == 499
    assert meter.compute_s() == pytest.approx(np.full(500, 0.001))


def test_small_blocks_handed_out_in_bursts_are_no_gaps_but_a_stall_is() -> None:
    meter = CallbackMeter(RATE, 128)
    now = 5.0
    for number in range(2000):
        now += 0.0002 if number % 2 else 256 / RATE - 0.0002
        if number in (1500, 1540, 1580):
            now += 0.15
        meter.begin(now, 128)
    assert meter.gaps == 3


@pytest.mark.parametrize(("block", "quantum"), [(64, 1024), (441, 512), (279, 256)])
def test_a_driver_that_counts_in_other_blocks_has_no_gaps(block: int, quantum: int) -> None:
    meter, given = CallbackMeter(RATE, block), 0
    for turn in range(1, 2000):
        while given + block <= turn * quantum:
            given += block
            meter.begin(turn * quantum / RATE + 0.0001 * (given % 7), block)
    assert meter.gaps <= 1


def test_the_meter_keeps_the_newest_8192_in_order() -> None:
    meter = CallbackMeter(RATE, 1)
    for number in range(RING + 100):
        meter.begin(float(number), 1)
        meter.end(2.0 * number)
    assert np.array_equal(meter.compute_s(), np.arange(100, RING + 100))
    assert len(meter.interval_s()) == RING


def test_the_watchdog_sees_a_card_that_stops() -> None:
    meter = CallbackMeter(RATE, 256)
    assert meter.alive(101.0, started_s=100.0) and not meter.alive(104.0, started_s=100.0)
    meter.begin(104.0, 256)
    assert meter.alive(104.3, started_s=100.0) and not meter.alive(105.0, started_s=100.0)


def test_input_age_takes_portaudio_times_only_where_they_can_be_true() -> None:
    assert input_age_s(256, RATE, 0.02, adc_s=9.99, current_s=10.0) == pytest.approx(0.01)
    for adc_s, current_s in ((0.0, 0.0), (10.0, 10.0), (9.9995, 10.0), (3.0, 10.0), (11.0, 10.0), (math.nan, 10.0)):
        assert input_age_s(256, RATE, 0.02, adc_s, current_s) == 0.02
    assert input_age_s(2048, RATE, 0.02, 0.0, 0.0) == 2048 / RATE


@pytest.mark.parametrize("block", [64, 256, 441, 1024])
def test_the_air_clock_smooths_jitter_and_follows_the_true_rate(block: int) -> None:
    true_rate = RATE * 1.0003
    clock, random = AirClock(RATE), np.random.default_rng(3)
    starts = 50.0 + np.arange(20000 * 64 // block) * block / true_rate
    raw = starts + random.exponential(0.002, len(starts))
    stamps = np.array([clock.stamp(r, block) for r in raw])
    late = stamps[len(stamps) // 2 :] - starts[len(stamps) // 2 :]
    assert np.std(late) < 0.25 * np.std(raw - starts)
    assert np.mean(late) == pytest.approx(0.002, abs=0.0005)


def test_the_air_clock_follows_a_stall_at_once() -> None:
    clock = AirClock(RATE)
    for number in range(1000):
        clock.stamp(1.0 + number * 256 / RATE, 256)
    assert clock.stamp(90.0, 256) == 90.0
    assert clock.stamp(90.0 + 256 / RATE, 256) == pytest.approx(90.0 + 256 / RATE, abs=1e-6)


@pytest.mark.parametrize(("in_block", "out_block"), [(256, 256), (441, 256), (64, 1024), (1024, 64)])
def test_two_streams_spliced_lose_nothing_while_their_clocks_agree(in_block: int, out_block: int) -> None:
    time, meter = Time(), CallbackMeter(RATE, in_block)
    splice = Splice(Capture(RATE, 1, 1, 8192, meter), 1, max(in_block, out_block), RATE, meter, time)
    sound = np.arange(1, 200001, dtype=np.float32)
    written, got, stamps, room = 0, [], [], np.empty((out_block, 1), np.float32)
    for turn in range(1, 400):
        time.now = 100.0 + turn * out_block / RATE
        while written + in_block <= min(turn * out_block, len(sound)):
            splice(sound[written : written + in_block].tobytes(), in_block, TIMES, 0)
            written += in_block
        stamps.append(splice.take(room))
        got.append(room[:, 0].copy())
        if written + in_block > len(sound):
            break
    heard = np.concatenate(got)
    first = int(np.argmax(heard > 0))
    assert np.array_equal(np.diff(heard[first:]), np.ones(len(heard) - first - 1)) and meter.xruns == 0
    assert all(s < 100.0 + (i + 1) * out_block / RATE for i, s in enumerate(stamps))


def test_a_spliced_input_that_stops_is_silence_and_comes_back() -> None:
    time, meter = Time(), CallbackMeter(RATE, 256)
    splice = Splice(Capture(RATE, 2, 2, 8192, meter), 2, 256, RATE, meter, time)
    loud, room = np.full((256, 2), 0.5, np.float32).tobytes(), np.empty((256, 2), np.float32)
    heard = []
    for turn in range(60):
        if not 20 <= turn < 40:
            splice(loud, 256, TIMES, 0)
        splice.take(room)
        heard.append(float(room.max()))
    assert heard[10:20] == [0.5] * 10 and not any(heard[22:40]) and heard[45:] == [0.5] * 15
    assert meter.xruns == 1


DEVICES = [
    DeviceInfo(0, "Built-in Mic", 1, 0, 44100.0, "ALSA", True, False),
    DeviceInfo(1, "USB Audio: Mix", 2, 2, 48000.0, "ALSA", False, True),
    DeviceInfo(2, "USB Audio: Phones", 0, 2, 48000.0, "ALSA", False, False),
    DeviceInfo(3, "usb audio: mix", 2, 2, 48000.0, "JACK", False, False),
    DeviceInfo(4, "Built-in Mic", 1, 0, 48000.0, "JACK", False, False),
]


@pytest.mark.parametrize(("wanted", "way", "index"), [
    (1, "input", 1), ("2", "output", 2), ("default", "input", 0), ("default", "output", 1), ("phones", "output", 2),
    ("MIC", "input", 0), ("built-in mic", "input", 0),
])
def test_devices_are_found_by_index_name_and_part_of_name(wanted: int | str, way: str, index: int) -> None:
    assert find_device(DEVICES, wanted, way).index == index


@pytest.mark.parametrize(("wanted", "way", "part"), [
    ("usb", "output", "more than one"), ("piano", "input", "no such"), (2, "input", "no such"),
    (99, "output", "no such"), (-1, "output", "no such"),
])
def test_unknown_and_ambiguous_devices_are_one_line_with_a_list(wanted: int | str, way: str, part: str) -> None:
    with pytest.raises(DeviceError, match=part) as caught:
        find_device(DEVICES, wanted, way)
    assert "\n" not in str(caught.value) and "'USB Audio: Mix'" in str(caught.value)


def test_a_machine_without_sound_says_so() -> None:
    with pytest.raises(DeviceError, match="no sound input"):
        find_device([], "default", "input")


def test_a_card_with_neither_way_is_refused() -> None:
    with pytest.raises(DeviceError):
        SoundCard(None, None, callback=copy_first)


def test_chatter_on_stderr_is_silenced_and_stderr_comes_back() -> None:
    code = ("import os; from pix2live.quiet import quiet_stderr\n"
            "with quiet_stderr(): os.write(2, b'chatter')\nos.write(2, b'after')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stderr == b"after"
    with quiet_stderr():
        pass


@pytest.mark.parametrize(("code", "part"), [
    (-9985, "in use"), (-9997, "96000 Hz"), (-9998, "channels"), (-9993, "together"), (-9996, "not there"),
    (-9999, "odd"),
])
def test_what_portaudio_refuses_is_one_line_with_a_mend(code: int, part: str) -> None:
    told = str(_explained(OSError(code, "odd"), DEVICES[0], DEVICES[1], 96000, True))
    assert part in told and "Built-in Mic and USB Audio: Mix: " in told and "; " in told and "\n" not in told


def test_close_leaves_a_driver_behind_that_hangs() -> None:
    release = threading.Event()

    class Hung:
        def stop_stream(self) -> None:
            release.wait(30.0)

        def close(self) -> None: ...

        def terminate(self) -> None: ...

    card = SoundCard.__new__(SoundCard)
    card._streams, card._audio = [Hung()], Hung()
    began = monotonic()
    assert card.close() is False and monotonic() - began < 10.0
    assert card.close() is True and not card.alive(monotonic())
    release.set()
