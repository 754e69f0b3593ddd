"""The mix: exact at its ends, smooth between, black when told, the same bytes each time."""

from collections.abc import Callable, Iterator

import moderngl
import numpy as np
import pytest

from pix2live.devices.window import Window
from pix2live.visuals.hud import Hud
from pix2live.visuals.isf import IsfShader
from pix2live.visuals.layer import Layer
from pix2live.visuals.mixer import BLACKOUT_FADE_S, Mixer
from pix2live.visuals.program import FrameInputs
from pix2live.visuals.stage import Stage

from .conftest import SIZE, pixels

Make = Callable[..., IsfShader]


@pytest.fixture
def mixer(ctx: moderngl.Context) -> Iterator[Mixer]:
    made = Mixer(ctx, SIZE)
    yield made
    made.release()


def flat(ctx: moderngl.Context, *colour: float) -> moderngl.Texture:
    data = np.broadcast_to(np.array(colour, np.float16), (SIZE[1], SIZE[0], 4))
    return ctx.texture(SIZE, 4, np.ascontiguousarray(data), dtype="f2")


def mixed(mixer: Mixer, *args: object, **kwargs: object) -> np.ndarray:
    mixer.draw(*args, **kwargs)  # type: ignore[arg-type]
    return np.round(pixels(mixer.texture)[..., :3] * 255.0)


def test_every_8_bit_value_comes_through_exactly(ctx: moderngl.Context, mixer: Mixer) -> None:
    for value in range(256):
        a = flat(ctx, value / 255.0, 1.0 - value / 255.0, value / 255.0, 1.0)
        got = mixed(mixer, a, None, 0.0, FrameInputs())
        assert (got == [value, 255 - value, value]).all()
        a.release()


def test_between_two_steps_the_dither_keeps_the_mean(ctx: moderngl.Context, window: Window) -> None:
    big = Mixer(ctx, (128, 128))
    for value in (20.25, 20.5, 100.75):
        got = mixed(big, flat(ctx, *[value / 255.0] * 3, 1.0), None, 0.0, FrameInputs())
        assert set(np.unique(got)) == {np.floor(value), np.ceil(value)}
        assert got.mean() == pytest.approx(value, abs=0.12)
    big.release()


def test_a_crossfade_is_exact_at_its_ends_and_adds_light_between(ctx: moderngl.Context, mixer: Mixer) -> None:
    a, b = flat(ctx, 1.0, 0.2, 0.0, 1.0), flat(ctx, 0.0, 0.2, 0.6, 1.0)
    frame = FrameInputs()
    assert (mixed(mixer, a, b, 0.0, frame) == [255, 51, 0]).all()
    assert (mixed(mixer, a, b, 1.0, frame) == [0, 51, 153]).all()
    half = mixed(mixer, a, b, 0.5, frame)
    expected = [255 * 0.5 ** (1 / 2.2), 51, 255 * (0.5 * 0.6**2.2) ** (1 / 2.2)]
    assert np.abs(half - expected).max() <= 1.0
    assert (mixed(mixer, a, b, float("nan"), frame) == [255, 51, 0]).all()
    assert (mixed(mixer, a, None, 0.7, frame) == [255, 51, 0]).all()


def test_a_picture_stands_over_black_by_its_alpha(ctx: moderngl.Context, mixer: Mixer) -> None:
    assert (mixed(mixer, flat(ctx, 1.0, 1.0 / 3.0, 7.0, 0.6), None, 0.0, FrameInputs()) == [153, 51, 153]).all()
    assert (mixed(mixer, flat(ctx, 1.0, 1.0, 1.0, 0.0), None, 0.0, FrameInputs()) == 0).all()
    assert (mixed(mixer, flat(ctx, -1.0, 0.0, 0.0, 3.0), None, 0.0, FrameInputs()) == 0).all()


def test_blackout_fades_to_perfect_black_and_back(ctx: moderngl.Context, mixer: Mixer) -> None:
    white, frame = flat(ctx, 1.0, 1.0, 1.0, 1.0), FrameInputs(dt_s=BLACKOUT_FADE_S / 4)
    down = [mixed(mixer, white, None, 0.0, frame, blackout=True).mean() for _ in range(6)]
    assert down == pytest.approx([191.25, 127.5, 63.75, 0.0, 0.0, 0.0], abs=1.0) and down[3] == 0.0
    up = [mixed(mixer, white, None, 0.0, frame).mean() for _ in range(5)]
    assert up == pytest.approx([63.75, 127.5, 191.25, 255.0, 255.0], abs=1.0)


def test_master_dims_and_bad_values_do_no_harm(ctx: moderngl.Context, mixer: Mixer) -> None:
    white = flat(ctx, 1.0, 1.0, 1.0, 1.0)
    for master, value in ((0.5, 127.5), (0.0, 0.0), (9.0, 255.0), (-1.0, 0.0), (float("nan"), 0.0)):
        got = mixed(mixer, white, None, 0.0, FrameInputs(), master=master)
        assert got.mean() == pytest.approx(value, abs=0.6)


def test_a_transition_shader_takes_the_place_of_the_crossfade(
    ctx: moderngl.Context, mixer: Mixer, shader: Make,
) -> None:
    wipe = shader("gl_FragColor = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), "
                  "float(isf_FragNormCoord.x < progress));",
                  """"ISFVSN": "2", "INPUTS": [{"NAME": "startImage", "TYPE": "image"},
                  {"NAME": "endImage", "TYPE": "image"}, {"NAME": "progress", "TYPE": "float"}]""")
    mixer.transition = Stage(ctx, wipe, SIZE)
    a, b = flat(ctx, 1.0, 0.0, 0.0, 1.0), flat(ctx, 0.0, 1.0, 0.0, 1.0)
    got = mixed(mixer, a, b, 0.25, FrameInputs())
    assert (got[:, :4] == [0, 255, 0]).all() and (got[:, 4:] == [255, 0, 0]).all()
    assert (mixed(mixer, a, b, 1.0, FrameInputs()) == [0, 255, 0]).all()
    mixer.transition.release()


@pytest.mark.parametrize(("size", "bars"), [
    ((32, 32), (slice(0, 8), slice(None))), ((64, 8), (slice(None), slice(0, 24)))])
def test_a_window_of_another_shape_gets_black_bars(
    ctx: moderngl.Context, mixer: Mixer, size: tuple[int, int], bars: tuple[slice, slice],
) -> None:
    mixer.draw(flat(ctx, 0.0, 1.0, 0.0, 1.0), None, 0.0, FrameInputs())
    texture = ctx.texture(size, 4)
    target = ctx.framebuffer([texture])
    target.clear(1.0, 0.0, 1.0, 1.0)
    mixer.show(target, size)
    got = pixels(texture)[..., :3]
    assert (got[bars] == 0.0).all()
    assert (got == [0.0, 1.0, 0.0]).all(axis=2).mean() == (0.5 if size[0] == 32 else 0.25)
    ctx.detect_framebuffer(0).use()
    target.release()
    texture.release()


def test_effects_run_in_order_on_the_generator_s_picture(ctx: moderngl.Context, shader: Make) -> None:
    layer, frame = Layer(ctx, SIZE), FrameInputs()
    assert (pixels(layer.draw(frame, {}))[0, 0] == [0, 0, 0, 1]).all()
    header = '"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}, {"NAME": "k", "TYPE": "float", "MAX": 9}]'
    generator = layer.prepare(shader("gl_FragColor = vec4(0.5, 0.25, 0.0, 1.0);", name="g.fs"), "deck.a")
    add = layer.prepare(shader("gl_FragColor = IMG_THIS_PIXEL(inputImage) + k;", header, name="add.fs"), "fx.1")
    double = layer.prepare(shader("gl_FragColor = IMG_THIS_PIXEL(inputImage) * k;", header, name="mul.fs"), "fx.2")
    layer.set_generator(generator)
    values = {"fx.1.k": 1.0, "fx.2.k": 2.0}
    for effects, red in (([], 0.5), ([add], 1.5), ([add, double], 3.0), ([double, add], 2.0)):
        layer.set_effects(effects)
        assert pixels(layer.draw(frame, values))[0, 0, 0] == red
        if len(effects) < 2:  # a stage that is taken out is gone: prepare it again
            add = layer.prepare(add.shader, "fx.1") if add not in layer.effects else add
    layer.release()


def test_a_shader_that_fails_leaves_the_old_picture(ctx: moderngl.Context, shader: Make) -> None:
    layer, frame = Layer(ctx, SIZE), FrameInputs()
    layer.set_generator(layer.prepare(shader("gl_FragColor = vec4(0.5);"), "a"))
    with pytest.raises(Exception, match="nonsense"):
        layer.set_generator(layer.prepare(shader("gl_FragColor = nonsense;", name="bad.fs"), "a"))
    assert pixels(layer.draw(frame, {}))[0, 0, 0] == 0.5
    layer.set_generator(layer.prepare(shader("gl_FragColor = vec4(0.75);", name="new.fs"), "a"))
    assert pixels(layer.draw(frame, {}))[0, 0, 0] == 0.75
    layer.release()


def test_a_filter_without_a_generator_looks_at_the_camera(ctx: moderngl.Context, shader: Make) -> None:
    header = '"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]'
    layer = Layer(ctx, SIZE)
    layer.set_generator(layer.prepare(shader("gl_FragColor = IMG_THIS_PIXEL(inputImage);", header), "a"))
    camera = flat(ctx, 0.25, 0.5, 0.75, 1.0)
    assert pixels(layer.draw(FrameInputs(camera=camera), {}))[0, 0].tolist() == [0.25, 0.5, 0.75, 1.0]
    layer.release()


def test_the_overlay_shows_what_it_is_told_and_goes_away(ctx: moderngl.Context) -> None:
    size = (640, 360)
    texture = ctx.texture(size, 4)
    target, hud = ctx.framebuffer([texture]), Hud(ctx)

    def shown(now_s: float) -> np.ndarray:
        target.clear(0.0, 0.5, 0.0, 1.0)
        hud.draw(target, size, now_s)
        return np.abs(pixels(texture)[..., :3] - [0.0, 128 / 255, 0.0]).max(2) > 0.05

    assert not shown(0.0).any()
    hud.say("a message", 10.0, seconds=2.0)
    message = shown(11.0)
    assert message[300:, :200].mean() > 0.1 and not message[:250].any()
    assert not shown(12.1).any()
    hud.learning("Deck A: Warp", "0.50", 0.5)
    half = shown(20.0)
    assert half[:90].any() and not half[120:].any()
    pixels_half = pixels(texture)
    hud.learning("Deck A: Warp", "0.50", 1.0)
    shown(20.0)
    yellow = [int(((p[..., 0] > 0.9) & (p[..., 2] < 0.5)).sum()) for p in (pixels_half, pixels(texture))]
    assert yellow[1] > 1.5 * yellow[0] > 0
    hud.learning(None)
    hud.help([("F", "fullscreen"), ("→", "next preset")] * 8)
    assert shown(30.0)[150:210, 280:360].mean() > 0.9
    hud.help(None)
    assert not shown(31.0).any()
    hud.say("x" * 5000 + "\n漢字", 40.0)
    hud.help([("k" * 200, "w" * 2000)] * 60)
    hud.learning("l" * 500, "v" * 500, 7.0)
    assert shown(40.0).any()
    hud.release()
    ctx.detect_framebuffer(0).use()
    target.release()
    texture.release()
