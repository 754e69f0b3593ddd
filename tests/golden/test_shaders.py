"""Every shader that comes with the program, drawn small: is it a picture, does it live, does it listen."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import moderngl
import numpy as np
import numpy.typing as npt
import pytest

from pix2live.resources import bundled_dir
from pix2live.signals.table import FFT_SIZE, NAMES, SPECTRUM_SIZE, WAVEFORM_SIZE
from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import SCORE_SPECS
from pix2live.visuals.check import check
from pix2live.visuals.inputs import AudioTextures, CameraTexture, FrameInputs
from pix2live.visuals.isf import load_shader
from pix2live.visuals.mixer import Mixer
from pix2live.visuals.stage import Stage

SIZE = (112, 64)
FPS = 30.0
SHADERS = sorted(bundled_dir("shaders").glob("*/*.fs"))
GENERATORS = [path for path in SHADERS if path.parent.name == "generators"]
EFFECTS = [path for path in SHADERS if path.parent.name == "effects"]
TRANSITIONS = [path for path in SHADERS if path.parent.name == "transitions"]
PRESETS = sorted(bundled_dir("presets").glob("*.toml"))

Picture = npt.NDArray[np.float32]  # 0..1, (height, width, 3)


def name(path: Path) -> str:
    return path.stem


def header(path: Path) -> dict:
    text = path.read_text()
    return json.loads(text[text.index("/*") + 2 : text.index("*/")])


def taking(*types: str) -> list[Path]:
    """The generators with an input of one of these types."""
    return [path for path in GENERATORS if any(item["TYPE"] in types for item in header(path)["INPUTS"])]


class Wall:
    """A context, its sound and camera, and a mixer to look through."""

    def __init__(self) -> None:
        self.ctx = moderngl.create_context(standalone=True, backend="egl")
        self.audio, self.camera, self.mixer = AudioTextures(self.ctx), CameraTexture(self.ctx), Mixer(self.ctx, SIZE)
        self.hear(0.0)

    def hear(self, loudness: float) -> None:
        """A held chord of three tones, from silence (0) to full (1)."""
        x = np.linspace(0.0, 1.0, SPECTRUM_SIZE)
        peaks = sum(np.exp(-(((x - c) / 0.08) ** 2)) for c in (0.15, 0.45, 0.75))
        t = np.arange(WAVEFORM_SIZE) / 48000.0
        wave = 0.5 * np.sin(2 * np.pi * 110.0 * t) + 0.3 * np.sin(2 * np.pi * 523.0 * t)
        self.audio.update((wave * loudness).astype(np.float32), np.zeros(FFT_SIZE, np.float32),
                          (np.clip(peaks, 0.0, 1.0) * loudness).astype(np.float32))

    def see(self, kind: str) -> None:
        """The camera shows nothing ("none"), or bars that stand or lie."""
        height, width = (1, 1) if kind == "none" else (48, 64)
        rows, columns = np.indices((height, width))
        bars = ((rows if kind == "lying" else columns) // 12) % 2 * 255
        self.camera.update(np.stack([bars, bars // 2, 255 - bars], axis=2).astype(np.uint8))

    def draw(
        self, stage: Stage, values: dict[str, float] | None = None, frames: int = 8, start_s: float = 20.0,
    ) -> Picture:
        """The last of ``frames`` pictures of a cleared ``stage``."""
        stage.clear()
        return self.go_on(stage, values, frames, start_s)

    def go_on(self, stage: Stage, values: dict[str, float] | None, frames: int, start_s: float) -> Picture:
        for index in range(frames):
            frame = FrameInputs(start_s + index / FPS, 1.0 / FPS, index, audio=self.audio, camera=self.camera.texture)
            texture = stage.draw(frame, values or {})
        return self.look(texture)

    def look(self, texture: moderngl.Texture) -> Picture:
        self.mixer.draw(texture, None, 0.0, FrameInputs())
        data = self.mixer.framebuffer.read(components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(SIZE[1], SIZE[0], 3)[::-1].astype(np.float32) / 255.0


@pytest.fixture(scope="module")
def wall() -> Iterator[Wall]:
    wall = Wall()
    yield wall
    assert wall.ctx.error == "GL_NO_ERROR"
    wall.ctx.release()


@pytest.fixture
def stage_of(wall: Wall) -> Iterator:
    stages: list[Stage] = []

    def make(path: Path) -> Stage:
        stages.append(Stage(wall.ctx, load_shader(path), SIZE))
        return stages[-1]

    wall.hear(0.0)
    wall.see("none")
    yield make
    for stage in stages:
        stage.release()


def shown(a: Picture, b: Picture, levels: float = 5.0) -> float:
    """Share of the picture's pixels that differ by more than ``levels`` of 255 in some colour."""
    return float((np.abs(a - b).max(axis=2) > levels / 255.0).mean())


def light(picture: Picture) -> float:
    """Mean relative luminance, 0..1."""
    return float((np.power(picture, 2.2) @ np.array([0.2126, 0.7152, 0.0722])).mean())


def test_the_folder_holds_what_the_presets_and_decks_need() -> None:
    assert len(GENERATORS) >= 6
    assert len(EFFECTS) >= 2
    assert TRANSITIONS
    assert taking("audio") and taking("audioFFT") and taking("image")


@pytest.mark.parametrize("path", SHADERS, ids=name)
def test_every_shader_compiles_draws_a_picture_and_stays_finite(path: Path, wall: Wall) -> None:
    result = check(path, wall.ctx, SIZE, frames=3)
    assert result["error"] is None
    assert result["parsed"] and result["compiled"] and result["drew"]
    assert result["blank"] is False
    assert result["finite"] is True


@pytest.mark.parametrize("path", SHADERS, ids=name)
def test_every_header_says_what_it_is_and_labels_each_input(path: Path) -> None:
    head = header(path)
    assert head["DESCRIPTION"] and head["CATEGORIES"] and "pix2live" in head["CREDIT"] and head["ISFVSN"] == "2"
    for item in head["INPUTS"]:
        assert item["LABEL"], item["NAME"]
        if item["TYPE"] == "float":
            assert item["MIN"] <= item["DEFAULT"] <= item["MAX"], item["NAME"]


@pytest.mark.parametrize("path", GENERATORS, ids=name)
def test_a_generator_is_alive_in_complete_silence(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    first = wall.draw(stage, frames=6)
    assert 0.01 < light(first) < 0.9, "neither black nor white"
    assert float(first.std()) > 0.08, "there is something to see"
    later = wall.go_on(stage, None, 6, 23.0)
    assert shown(first, later) > 0.01, "it breathes"


@pytest.mark.parametrize("path", GENERATORS, ids=name)
def test_a_generator_draws_the_same_again_after_clear(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    wall.hear(0.7)
    once = wall.draw(stage, frames=4)
    wall.go_on(stage, {"hit": 1.0}, 2, 31.0)
    assert np.array_equal(once, wall.draw(stage, frames=4))


@pytest.mark.parametrize("path", GENERATORS, ids=name)
def test_every_knob_of_a_generator_is_seen(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    wall.hear(0.5)
    usual = wall.draw(stage)
    unseen = []
    floats = [item for item in header(path)["INPUTS"] if item["TYPE"] in ("float", "long")]
    for item in floats:
        if item["TYPE"] == "long":
            ends = [len(item["VALUES"]) - 1]
        elif item["MAX"] == 8192.0:
            ends = [2.5]
        else:
            ends = [item["MAX"] if item["MAX"] - item["DEFAULT"] > item["DEFAULT"] - item["MIN"] else item["MIN"]]
        if shown(usual, wall.draw(stage, {item["NAME"]: float(ends[0])})) < 0.0015:
            unseen.append(item["NAME"])
    assert len(floats) >= 4
    assert not unseen


@pytest.mark.parametrize("path", taking("audio", "audioFFT"), ids=name)
def test_a_generator_that_listens_draws_the_sound(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    silence = wall.draw(stage)
    wall.hear(1.0)
    assert shown(silence, wall.draw(stage)) > 0.03


@pytest.mark.parametrize("path", taking("image"), ids=name)
def test_a_generator_that_looks_draws_what_the_camera_sees_and_does_without(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    alone = wall.draw(stage, {"haste": 1.0}, 12)
    wall.see("standing")
    standing = wall.draw(stage, {"haste": 1.0}, 12)
    wall.see("lying")
    lying = wall.draw(stage, {"haste": 1.0}, 12)
    assert min(shown(alone, standing), shown(alone, lying), shown(standing, lying)) > 0.2
    # Standing bars differ along the rows, lying ones down the columns.
    assert standing.mean(axis=0).std() > 2.0 * standing.mean(axis=1).std()
    assert lying.mean(axis=1).std() > 2.0 * lying.mean(axis=0).std()


@pytest.mark.parametrize("path", GENERATORS, ids=name)
def test_a_hit_is_no_flash_of_the_whole_field(path: Path, wall: Wall, stage_of) -> None:
    # A general flash is a change of a tenth of full luminance (WCAG 2.3.1); hits may come faster than three a second.
    stage = stage_of(path)
    knobs = {item["NAME"] for item in header(path)["INPUTS"]} & {"hit", "seal", "seeds", "bounce"}
    assert knobs
    before = light(wall.draw(stage))
    for knob in knobs:
        wall.draw(stage)
        assert abs(light(wall.go_on(stage, {knob: 1.0}, 2, 20.0 + 8 / FPS)) - before) < 0.1, knob


@pytest.mark.parametrize("size", [(48, 48), (27, 48), (1, 1)])
def test_generators_fill_any_shape_of_picture(size: tuple[int, int], wall: Wall) -> None:
    for path in GENERATORS:
        stage = Stage(wall.ctx, load_shader(path), size)
        frame = FrameInputs(5.0, 1.0 / FPS, 0, audio=wall.audio, camera=wall.camera.texture)
        texture = stage.draw(frame, {})
        rgb = np.frombuffer(texture.read(), np.float16).reshape(size[1], size[0], 4)[..., :3]
        assert np.isfinite(rgb).all()
        if size != (1, 1):
            for edge in (rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]):
                assert edge.max() > 0.01, f"{path.stem} leaves an edge black at {size}"
        stage.release()


def test_generators_differ_from_one_another(wall: Wall, stage_of) -> None:
    wall.hear(0.6)
    pictures = {path.stem: wall.draw(stage_of(path), frames=5) for path in GENERATORS}
    palettes = {key: np.histogramdd(p.reshape(-1, 3), bins=(6, 6, 6), range=[(0, 1)] * 3)[0] / p[..., 0].size
                for key, p in pictures.items()}
    names = list(pictures)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert float(np.abs(pictures[a] - pictures[b]).mean()) > 0.1, f"{a} and {b} look alike"
            assert 0.5 * float(np.abs(palettes[a] - palettes[b]).sum()) > 0.3, f"{a} and {b} have one palette"


def _texture(wall: Wall, seed: int) -> tuple[moderngl.Texture, Picture]:
    rows = np.random.default_rng(seed).random((8, 14, 3))
    rows = np.repeat(np.repeat(rows, 8, axis=0), 8, axis=1).astype(np.float16)
    texture = wall.ctx.texture(SIZE, 4, np.dstack([rows, np.ones_like(rows[..., :1])]).tobytes(), dtype="f2")
    texture.repeat_x = texture.repeat_y = False
    return texture, rows[::-1].astype(np.float32)


@pytest.mark.parametrize("path", EFFECTS, ids=name)
def test_an_effect_at_identity_leaves_the_picture_and_by_default_does_not(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    texture, picture = _texture(wall, 3)
    identity = {item["NAME"]: item["IDENTITY"] for item in header(path)["INPUTS"] if "IDENTITY" in item}
    assert identity
    other, _ = _texture(wall, 4)

    def run(values: dict[str, float]) -> Picture:
        stage.clear()
        for index, shown_first in enumerate((other, texture)):
            frame = FrameInputs(2.0 + index / FPS, 1.0 / FPS, index)
            drawn = stage.draw(frame, values, {"inputImage": shown_first})
        return wall.look(drawn)

    assert float(np.abs(run(identity) - picture).max()) < 3.5 / 255.0
    assert shown(run({}), picture) > 0.05
    for thing in (texture, other):
        thing.release()


@pytest.mark.parametrize("path", TRANSITIONS, ids=name)
def test_a_transition_goes_from_one_picture_to_the_other(path: Path, wall: Wall, stage_of) -> None:
    stage = stage_of(path)
    (start, first), (end, last) = _texture(wall, 3), _texture(wall, 4)
    drawn = []
    for progress in (0.0, 0.5, 1.0):
        stage.set_progress(progress)
        drawn.append(wall.look(stage.draw(FrameInputs(), {}, {"startImage": start, "endImage": end})))
    assert float(np.abs(drawn[0] - first).max()) < 2.5 / 255.0
    assert float(np.abs(drawn[2] - last).max()) < 2.5 / 255.0
    assert min(shown(drawn[1], first), shown(drawn[1], last)) > 0.1
    start.release()
    end.release()


@pytest.mark.parametrize("path", PRESETS, ids=name)
def test_a_preset_names_only_what_exists(path: Path) -> None:
    preset = tomllib.loads(path.read_text())
    assert preset["name"] and preset["description"]
    folder = bundled_dir("shaders")
    deck = preset["deck"]["a"]
    parts = {"deck.a": folder / "generators" / f"{deck['shader']}.fs"}
    parts |= {f"deck.a.fx{i}": folder / "effects" / f"{effect}.fs" for i, effect in enumerate(deck["effects"], 1)}
    specs = {scalar.id: scalar for prefix, file in parts.items()
             for spec in load_shader(file).specs(prefix) for scalar in spec.scalars()}
    specs |= {spec.id: spec for spec in (*Instrument.SPECS, *SCORE_SPECS)}
    for id_, value in preset["params"].items():
        assert specs[id_].low <= value <= specs[id_].high, id_
    own = [f"model.{model}." for model in preset["models"]["use"]]
    for route in preset["routes"]:
        assert route["target"] in specs, route["target"]
        assert route["source"] in NAMES or any(route["source"].startswith(p) for p in own), route["source"]
    assert len({route["target"] for route in preset["routes"]}) >= 4, "reacts in four ways at least"


def test_each_generator_has_a_preset_and_one_preset_hears_the_drum_model() -> None:
    presets = [tomllib.loads(path.read_text()) for path in PRESETS]
    assert {path.stem for path in GENERATORS} <= {preset["deck"]["a"]["shader"] for preset in presets}
    heard = [p for p in presets if any(r["source"] == "model.drums.snare" for r in p["routes"])]
    assert heard
    assert all("drums" in preset["models"]["use"] for preset in heard)
