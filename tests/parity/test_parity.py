"""Live equals offline, twice equals once."""

import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from pix2live.engine.desk import DeskEngine
from pix2live.engine.options import Options
from pix2live.engine.render import RenderEngine
from pix2live.resources import listing
from pix2live.show import offline
from pix2live.show.offline import BEGIN_S, OfflineShow
from pix2live.signals import table
from pix2live.signals.bus import Bus
from pix2live.signals.clock import ManualClock
from tools.rig import Rig
from tools.running import Running, wait_for

HOPS = 600
NOTHING = lambda share: None  # noqa: E731


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A lively sound at another rate than the engine's, and a picture."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(2)
    t = np.arange(int(44100 * 6.0)) / 44100
    beat = np.exp(-8.0 * (t % 0.5))
    sound = 0.4 * beat * np.sin(2 * np.pi * 70 * t) + 0.2 * np.sin(2 * np.pi * 440 * t) * (t % 2 > 1)
    stereo = np.stack([sound, np.roll(sound, 300)], 1) + 0.05 * beat[:, None] * rng.standard_normal((len(t), 2))
    soundfile.write(folder / "beat.wav", stereo, 44100)
    Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)).resize((320, 240)).save(folder / "picture.png")
    return str(folder / "beat.wav"), str(folder / "picture.png")


def _frames(bus: Bus, first: int) -> dict[str, np.ndarray]:
    """``HOPS`` hops from number ``first`` on, each read as it comes: the ring keeps only the newest."""
    record, heard = bus.audio.record(), bus.hearing.record()
    rows: dict[str, list[np.ndarray]] = {name: [] for name in (
        "hop", "scalars", "spectrum", "waveform", "mel", "fft", "hearing")}
    for number in range(first, first + HOPS):
        wait_for(f"hop {number}", lambda number=number: min(bus.audio.count, bus.hearing.count) > number, 30.0)
        assert bus.audio.read(number, record) and bus.hearing.read(number, heard), f"frame {number} is gone"
        assert heard["hop"][0] == number
        for name, row in rows.items():
            row.append(heard["scalars"][0].copy() if name == "hearing" else record[name][0].copy())
    return {name: np.array(row) for name, row in rows.items()}


@pytest.mark.live
def test_live_engines_on_file_devices_give_the_features_and_the_sound_that_offline_gives(
        files: tuple[str, str], sound_rig: Rig, tmp_path: Path) -> None:
    sound, picture = files
    played = tmp_path / "live.wav"
    with Running("--audio-in", sound, "--audio-out", str(played), "--camera", picture, "--preset", "ember_sea",
                 "--headless", "--size", "160x90", "--fps", "10", env=sound_rig.env) as show:
        # On a busy machine the show may be under way for long by now, and its first hops gone.
        first = max(0, show.bus.audio.count - HOPS)
        live = _frames(show.bus, first)
    still = OfflineShow(Options(audio_in=sound, camera=picture, preset="ember_sea", size=(160, 90), fps=10),
                        picture=False)
    still.open()
    blocks = [block.copy() for _, block, _ in still.blocks((first + HOPS) * 256 / 48000)]
    assert still.perception is not None
    still.perception.step(still.clock.now())
    same = _frames(still.bus, first)
    still.close()
    scalars = {name: (live["scalars"][:, i], same["scalars"][:, i]) for i, name in enumerate(table.AUDIO)}
    heard = table.SECTIONS["hearing"]
    scalars |= {name: (live["hearing"][:, i], same["hearing"][:, i]) for i, name in enumerate(heard)}
    vectors = {name: (live[name], same[name]) for name in ("hop", "waveform", "fft", "spectrum", "mel")}
    for name, (one, other) in {**vectors, **scalars}.items():
        apart = np.abs(one.astype(np.float64) - other)
        unlike = np.flatnonzero((apart > 0.0).reshape(HOPS, -1).any(axis=1))
        assert len(unlike) == 0, (f"{name} at {len(unlike)} hops from {unlike[0]} to {unlike[-1]} by up to "
                                  f"{apart.max():.2e}: {show.said()}")
    # The synth plays the still picture, and beside it the sound file: the same from the first sample to the last.
    sounded, rate = soundfile.read(played, dtype="float32", always_2d=True)
    expected = np.concatenate(blocks)
    n = min(len(sounded), len(expected))
    assert rate == 48000 and n > 100_000 and np.abs(expected[:n]).max() > 0.05
    assert np.abs(sounded[:n] - expected[:n]).max() <= 2.0**-23  # the file has 24 bits


def test_the_render_engine_draws_live_what_it_draws_offline(files: tuple[str, str]) -> None:
    sound, picture = files
    options = Options(audio_in=sound, camera=picture, preset="ember_sea", size=(160, 90), fps=10, headless=True)
    offline_show = OfflineShow(options)
    offline_show.open()
    drawn = [frame.copy() for _, _, frames in offline_show.blocks(1.0) for frame in frames]
    # The live engine, on the very bus that the offline engines have filled, asked for the same moments.
    live = RenderEngine(offline_show.bus, ManualClock(BEGIN_S), Options(**{**options.__dict__, "offline": False}))
    live._date = lambda show_s: (1970.0, 1.0, 1.0, show_s % 86400.0)  # type: ignore[method-assign]
    live.open()
    again = []
    for number in range(len(drawn)):
        live.draw(BEGIN_S + number / 10)
        again.append(live.picture().copy())
    live.close()
    offline_show.close()
    assert len(drawn) == 10
    # Frames that were drawn before the first sound came see the oldest sound there is, so the first is left out.
    for first, second in zip(drawn[2:], again[2:], strict=True):
        assert np.abs(first.astype(int) - second.astype(int)).mean() < 1.0
    assert np.abs(drawn[2].astype(int) - drawn[9].astype(int)).mean() > 1.0


@pytest.mark.parametrize("preset", ["ember_sea", "living_enamel"])
def test_rendering_twice_gives_byte_identical_frames_and_sound(
        files: tuple[str, str], tmp_path: Path, preset: str) -> None:
    films = []
    for name in ("one.mp4", "two.mp4"):
        path = tmp_path / name
        offline.render(Options(audio_in=files[0], camera=files[1], preset=preset, size=(160, 90), fps=15.0), path, 1.5,
                       NOTHING)
        films.append(path)
        time.sleep(1.1)  # the clock on the wall must not matter
    pictures, sounds = zip(*(_decoded(path) for path in films), strict=True)
    assert len(pictures[0]) == 22 or len(pictures[0]) == 23
    assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))
    assert np.array_equal(*sounds) and np.abs(sounds[0]).max() > 0.05


def _decoded(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return pictures, sound


def test_every_preset_renders_offline_and_looks_like_no_other(files: tuple[str, str]) -> None:
    pictures = {}
    for name in listing("presets"):
        show = OfflineShow(Options(audio_in=files[0], camera=files[1], preset=name, size=(160, 90), fps=5.0))
        show.open()
        frames = [frame.copy() for _, _, frames in show.blocks(1.6) for frame in frames]
        show.close()
        assert frames[-1].std() > 8.0, f"{name} is nearly blank"
        assert show.notices == [], show.notices
        pictures[name] = frames[-1].astype(float)
    names = list(pictures)
    for i, one in enumerate(names):
        for other in names[i + 1:]:
            assert np.abs(pictures[one] - pictures[other]).mean() > 8.0, f"{one} looks like {other}"


def test_the_desk_gives_the_same_patch_twice() -> None:
    texts = []
    for _ in range(2):
        bus = Bus.local()
        desk = DeskEngine(bus, ManualClock(1.0), Options(offline=True, preset="ember_sea"))
        desk.open()
        record = bus.patch.record()
        bus.patch.newest(record)
        texts.append(record["text"].tobytes())
    assert texts[0] == texts[1]
