"""One shader at work: what it reads, what it keeps, and that pictures stand upright."""

from collections.abc import Callable
from pathlib import Path

import moderngl
import numpy as np
import pytest
from PIL import Image

from pix2live.devices.window import Window
from pix2live.errors import ShaderError
from pix2live.visuals.isf import IsfShader, load_shader
from pix2live.visuals.mixer import Mixer
from pix2live.visuals.program import TIME_WRAP_S, AudioTextures, CameraTexture, FrameInputs
from pix2live.visuals.stage import Stage

from .conftest import SIZE, draw, pixels

Make = Callable[..., IsfShader]
CAMERA = '"ISFVSN": "2", "INPUTS": [{"NAME": "camera", "TYPE": "image"}]'


def corners() -> np.ndarray:
    """A camera picture with red on top (left brighter), blue below."""
    frame = np.zeros((6, 10, 3), np.uint8)
    frame[:3, :5, 0], frame[:3, 5:, 0], frame[3:, :, 2] = 255, 100, 200
    return frame


@pytest.mark.parametrize("read", [
    "IMG_THIS_PIXEL(camera)", "IMG_THIS_NORM_PIXEL(camera)", "IMG_NORM_THIS_PIXEL(camera)",
    "IMG_NORM_PIXEL(camera, isf_FragNormCoord)", "IMG_NORM_PIXEL(camera, gl_FragCoord.xy / RENDERSIZE)",
    "IMG_PIXEL(camera, isf_FragNormCoord * IMG_SIZE(camera))", "texture2D(camera, vv_FragNormCoord.xy)",
    "texture(camera, isf_FragNormCoord)",
])
def test_the_camera_stands_upright_however_it_is_read(
    ctx: moderngl.Context, window: Window, shader: Make, read: str,
) -> None:
    camera, mixer, out = CameraTexture(ctx), Mixer(ctx, SIZE), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    camera.update(corners())
    stage = Stage(ctx, shader(f"gl_FragColor = {read};", CAMERA), SIZE)
    mixer.draw(stage.draw(FrameInputs(camera=camera.texture), {}), None, 0.0, FrameInputs())
    for source in (stage.framebuffer, mixer.framebuffer):
        window.read_rgb(out, source)
        assert out[0, 0].tolist() == [255, 0, 0] and out[0, -1].tolist() == [100, 0, 0]
        assert out[-1, 0].tolist() == out[-1, -1].tolist() == [0, 0, 200]
    mixer.show(window.framebuffer, window.size)
    window.read_rgb(out)
    assert out[0, 0].tolist() == [255, 0, 0] and out[-1, 0].tolist() == [0, 0, 200]
    for thing in (stage, camera, mixer):
        thing.release()


def test_the_camera_takes_any_size_and_leaves_it_untouched(ctx: moderngl.Context, shader: Make) -> None:
    camera = CameraTexture(ctx)
    for height, width in ((1, 1), (3, 5), (480, 640), (4096, 4096), (1, 40000)):
        frame = np.full((height, width, 3), 77, np.uint8)
        frame.flags.writeable = False
        camera.update(frame)
        got = draw(ctx, shader("gl_FragColor = IMG_THIS_PIXEL(camera);", CAMERA), camera=camera.texture)
        assert np.allclose(got[..., :3], 77 / 255, atol=1e-3)
    camera.update(np.zeros((0, 4, 3), np.uint8))
    camera.update(np.zeros((4, 4), np.uint8))
    camera.release()


def test_the_builtins_say_when_and_where(ctx: moderngl.Context, shader: Make) -> None:
    got = draw(ctx, shader("gl_FragColor = vec4(TIME, TIMEDELTA, float(FRAMEINDEX), float(PASSINDEX));"),
               time_s=3.5, dt_s=0.25, index=41)
    assert got[0, 0].tolist() == [3.5, 0.25, 41.0, 0.0]
    got = draw(ctx, shader("gl_FragColor = DATE / vec4(1.0, 1.0, 1.0, 100.0);"), date=(2024.0, 2.0, 29.0, 3600.0))
    assert got[0, 0].tolist() == [2024.0, 2.0, 29.0, 36.0]
    got = draw(ctx, shader("gl_FragColor = vec4(RENDERSIZE, gl_FragCoord.xy);"))
    assert got[-1, 0].tolist() == [16.0, 8.0, 0.5, 0.5] and got[0, -1].tolist() == [16.0, 8.0, 15.5, 7.5]
    got = draw(ctx, shader("gl_FragColor = vec4(isf_FragNormCoord, 0.0, 1.0);"))
    assert got[-1, 0, :2].tolist() == [0.5 / 16, 0.5 / 8]


def test_time_wraps_where_sines_do_not_jump(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("gl_FragColor = vec4(sin(TIME * 0.137), cos(TIME * 1.25), fract(TIME), 1.0);")
    year = 365 * 86400.0
    near = round(year / TIME_WRAP_S) * TIME_WRAP_S
    before, after = (draw(ctx, parsed, time_s=near + step)[0, 0] for step in (-0.001, 0.001))
    assert np.abs(before - after)[:2].max() < 0.004
    parsed = shader("gl_FragColor = vec4(TIME - 3000.0);")
    late = [draw(ctx, parsed, time_s=near + 3000.0 + i / 60)[0, 0, 0] for i in (1, 2)]
    assert late[1] - late[0] == pytest.approx(1 / 60, abs=1e-3)  # after months time still flows smoothly


KNOBS = """"ISFVSN": "2", "INPUTS": [
 {"NAME": "f", "TYPE": "float", "DEFAULT": 0.25, "MIN": -2, "MAX": 2}, {"NAME": "b", "TYPE": "bool", "DEFAULT": 1},
 {"NAME": "l", "TYPE": "long", "VALUES": [4, 9, 25], "DEFAULT": 9}, {"NAME": "e", "TYPE": "event"},
 {"NAME": "p", "TYPE": "point2D", "MIN": [0, -1], "MAX": [1, 0], "DEFAULT": [0.5, -0.5]},
 {"NAME": "c", "TYPE": "color", "DEFAULT": [0.1, 0.2, 0.3, 0.4]}]"""


def test_knobs_reach_the_shader_and_stay_in_range(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("gl_FragColor = isf_FragNormCoord.x < 0.5 ? vec4(f, b, l, p.y) : c;", KNOBS)
    ids = [scalar.id for spec in parsed.specs("") for scalar in spec.scalars()]
    assert ids == ["f", "b", "l", "e", "p.x", "p.y", "c.r", "c.g", "c.b", "c.a"]
    got = draw(ctx, parsed)
    assert got[0, 0].tolist() == [0.25, 1.0, 9.0, -0.5]
    assert got[0, -1] == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=1e-3)
    got = draw(ctx, parsed, {"f": 99.0, "b": 0.0, "l": 2.0, "p.y": 5.0, "c.g": 1.0})
    assert got[0, 0].tolist() == [2.0, 0.0, 25.0, 0.0]
    assert got[0, -1, 1] == 1.0
    bad = {name: value for name in ids for value in [float("nan")]}
    assert draw(ctx, parsed, bad)[0, 0].tolist() == [0.25, 1.0, 9.0, -0.5]


def test_prefix_tells_two_of_the_same_shader_apart(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("gl_FragColor = vec4(f);", KNOBS)
    stage = Stage(ctx, parsed, SIZE, "deck.b")
    assert pixels(stage.draw(FrameInputs(), {"deck.a.f": 2.0, "f": 2.0, "deck.b.f": 1.5}))[0, 0, 0] == 1.5
    stage.release()


def test_an_event_is_true_for_one_frame(ctx: moderngl.Context, shader: Make) -> None:
    stage = Stage(ctx, shader("gl_FragColor = vec4(e);", KNOBS), SIZE)
    seen = [pixels(stage.draw(FrameInputs(), {"e": value}))[0, 0, 0] for value in (0, 1, 1, 1, 0, 1)]
    assert seen == [0, 1, 0, 0, 0, 1]
    stage.release()


TWICE = '"PASSES": [{"TARGET": "first", "FLOAT": true}, {}]'


def test_all_passes_of_a_frame_get_the_same_values(ctx: moderngl.Context, shader: Make) -> None:
    stage = Stage(ctx, shader("""
        if (PASSINDEX == 0) gl_FragColor = vec4(e, f, c.g, TIME + float(FRAMEINDEX) + progress);
        else gl_FragColor = IMG_THIS_PIXEL(first) + 16.0 * vec4(e, f, c.g, TIME + float(FRAMEINDEX) + progress);""",
        KNOBS.replace('"c"', '"progress", "TYPE": "float"},\n{"NAME": "c"') + ", " + TWICE), SIZE)
    for index, down in enumerate((0, 1, 1, 0, 1)):
        values = {"e": down, "f": index / 8, "c.g": 0.5, "progress": 0.5}
        got = pixels(stage.draw(FrameInputs(index * 2.0, index=index), values))[0, 0]
        fires = float(index in (1, 4))  # an event is true in each pass of its frame, and in no other frame
        assert got.tolist() == [17.0 * fires, 17.0 * index / 8, 8.5, 17.0 * (3.0 * index + 0.5)]
    stage.release()


def test_a_transition_s_progress_reaches_every_pass(ctx: moderngl.Context, shader: Make) -> None:
    inputs = ", ".join(f'{{"NAME": "{name}", "TYPE": "image"}}' for name in ("startImage", "endImage"))
    stage = Stage(ctx, shader("""
        if (PASSINDEX == 0) gl_FragColor = vec4(progress);
        else gl_FragColor = IMG_THIS_PIXEL(first) + 4.0 * progress;""",
        f'"INPUTS": [{inputs}, {{"NAME": "progress", "TYPE": "float"}}], {TWICE}'), SIZE)
    for progress in (0.25, 0.75):
        stage.set_progress(progress)
        assert (pixels(stage.draw(FrameInputs(), {})) == 5.0 * progress).all()
    stage.release()


def test_each_pass_of_a_vertex_shader_knows_its_number(ctx: moderngl.Context, shader: Make, tmp_path: Path) -> None:
    (tmp_path / "own.vs").write_text(
        "flat out float number;\nvoid main() { isf_vertShaderInit(); number = float(PASSINDEX) + 1.0; }\n")
    parsed = shader("gl_FragColor = vec4(number) + 8.0 * IMG_THIS_PIXEL(first);", '"ISFVSN": "2", ' + TWICE,
                    "flat in float number;", "own.fs")
    assert (draw(ctx, parsed) == 10.0).all()


@pytest.mark.parametrize("bits", ["true", "16", "false"])
def test_a_persistent_target_starts_transparent_black_and_remembers(
    ctx: moderngl.Context, shader: Make, bits: str,
) -> None:
    header = f'"ISFVSN": "2", "PASSES": [{{"TARGET": "buf", "PERSISTENT": true, "FLOAT": {bits}}}, {{}}]'
    stage = Stage(ctx, shader("""
        if (PASSINDEX == 0) { gl_FragColor = IMG_THIS_PIXEL(buf) + vec4(1.0 / 255.0); }
        else { gl_FragColor = IMG_THIS_PIXEL(buf) * 255.0; }""", header), SIZE)
    seen = [pixels(stage.draw(FrameInputs(), {}))[3, 3] for _ in range(5)]
    assert np.allclose(seen, np.arange(1, 6)[:, None], atol=0.02)
    stage.clear()
    assert np.allclose(pixels(stage.draw(FrameInputs(), {}))[3, 3], 1.0, atol=0.02)
    stage.release()


def test_a_target_that_is_not_persistent_reads_as_nothing_in_its_own_pass(ctx: moderngl.Context, shader: Make) -> None:
    header = '"ISFVSN": "2", "PASSES": [{"TARGET": "buf"}, {}]'
    stage = Stage(ctx, shader("gl_FragColor = IMG_THIS_PIXEL(buf) + vec4(0.2);", header), SIZE)
    for _ in range(3):
        assert np.allclose(pixels(stage.draw(FrameInputs(), {})), 0.4, atol=0.01)
    stage.release()


@pytest.mark.parametrize("bad", ["1.0 / z", "-1.0 / z", "sqrt(z - 1.0)", "log(z - 1.0)"])
def test_a_nan_does_not_stay_in_a_feedback_buffer(ctx: moderngl.Context, shader: Make, bad: str) -> None:
    header = '"ISFVSN": "2", "PASSES": [{"TARGET": "buf", "PERSISTENT": true, "FLOAT": true}, {}]'
    stage = Stage(ctx, shader(f"""
        float z = TIME - 1.0;
        vec4 old = 0.5 * IMG_THIS_PIXEL(buf);
        if (PASSINDEX == 0) gl_FragColor = old + vec4(0.5, FRAMEINDEX == 1 ? {bad} : 0.5, 0.5, 1.0);
        else gl_FragColor = IMG_THIS_PIXEL(buf);""", header), SIZE)
    for index in range(12):
        got = pixels(stage.draw(FrameInputs(time_s=1.0, index=index), {}))
        assert np.isfinite(got).all()
        assert (index != 1) or (got[..., 1] == 0.0).all()
    assert got[..., :3] == pytest.approx(1.0, abs=0.01)
    stage.release()


def test_numbers_too_large_for_half_floats_stay_finite(ctx: moderngl.Context, shader: Make) -> None:
    got = draw(ctx, shader("gl_FragColor = vec4(1e9, -1e9, 3.0, 1.0);"))
    assert got[0, 0].tolist() == [65504.0, -65504.0, 3.0, 1.0]


def test_what_a_shader_does_not_write_is_transparent_black(ctx: moderngl.Context, shader: Make) -> None:
    got = draw(ctx, shader("if (isf_FragNormCoord.x < 0.5) gl_FragColor = vec4(1.0);"))
    assert (got[:, :8] == 1.0).all() and (got[:, 8:] == 0.0).all()
    stage = Stage(ctx, shader("if (FRAMEINDEX == 1) discard; gl_FragColor = vec4(1.0);"), SIZE)
    assert [pixels(stage.draw(FrameInputs(index=i), {})).max() for i in range(2)] == [1.0, 0.0]
    stage.release()


def test_passes_have_their_own_sizes_which_may_follow_a_knob(ctx: moderngl.Context, shader: Make) -> None:
    body = "gl_FragColor = PASSINDEX == 0 ? vec4(RENDERSIZE / 64.0, 0.0, 1.0) : IMG_THIS_PIXEL(buf) * 64.0;"
    parsed = shader(body, """
        "ISFVSN": "2", "INPUTS": [{"NAME": "n", "TYPE": "float", "DEFAULT": 2, "MIN": 1, "MAX": 8}],
        "PASSES": [{"TARGET": "buf", "WIDTH": "$WIDTH / $n", "HEIGHT": "3", "FLOAT": true}, {}]""")
    assert draw(ctx, parsed)[0, 0, :2].tolist() == [8.0, 3.0]
    assert draw(ctx, parsed, {"n": 4.0})[0, 0, :2].tolist() == [4.0, 3.0]
    assert draw(ctx, parsed, {"n": float("nan")})[0, 0, :2].tolist() == [8.0, 3.0]


def test_a_last_pass_with_a_target_is_the_picture(ctx: moderngl.Context, shader: Make) -> None:
    got = draw(ctx, shader("gl_FragColor = vec4(0.5);", '"ISFVSN": "2", "PASSES": [{"TARGET": "only", "WIDTH": 4}]'))
    assert got.shape == (8, 4, 4) and np.allclose(got, 0.5, atol=0.01)


def test_imported_pictures_stand_upright(ctx: moderngl.Context, shader: Make, tmp_path: Path) -> None:
    Image.fromarray(corners()).save(tmp_path / "p.png")
    got = draw(ctx, shader("gl_FragColor = IMG_THIS_PIXEL(pic);", '"IMPORTED": {"pic": {"PATH": "p.png"}}'))
    assert got[0, 0].tolist() == [1, 0, 0, 1] and got[-1, 0, 2] == pytest.approx(200 / 255, abs=1e-3)
    (tmp_path / "p.png").write_bytes(b"no picture")
    with pytest.raises(ShaderError, match="cannot be read"):
        draw(ctx, load_shader(tmp_path / "test.fs"))


def test_sound_comes_as_rows_of_samples_and_bins(ctx: moderngl.Context, shader: Make) -> None:
    audio = AudioTextures(ctx)
    parsed = shader("""float x = (gl_FragCoord.x - 0.5) / 15.0 * 1023.0 + 0.5;
        gl_FragColor = vec4(IMG_PIXEL(wave, vec2(x, 0.5)).r, IMG_PIXEL(wave, vec2(x, 1.5)).g,
                            IMG_NORM_PIXEL(spectrum, isf_FragNormCoord).r, IMG_SIZE(bins).x);""", """"ISFVSN": "2",
        "INPUTS": [{"NAME": "wave", "TYPE": "audio"}, {"NAME": "spectrum", "TYPE": "audioFFT"},
                   {"NAME": "bins", "TYPE": "audioFFT", "MAX": 128}]""")
    wave = np.stack([np.linspace(-1, 1, 1024), np.zeros(1024)]).astype(np.float32)
    wave[1, 512] = np.nan
    fft, spectrum = np.zeros(1025, np.float32), np.linspace(0, 1, 512).astype(np.float32)
    audio.update(wave, fft, spectrum)
    got = draw(ctx, parsed, audio=audio)
    assert got[0, :, 0] == pytest.approx(np.linspace(0, 1, 16), abs=2e-3)  # centred: −1 is 0, 0 is 0.5, 1 is 1
    assert (got[..., 1] == 0.5).all()
    assert got[0, :, 2] == pytest.approx((np.arange(16) + 0.5) / 16, abs=2e-3)
    assert (got[..., 3] == 128).all()
    fft[500] = 0.75  # a single bin is not lost where a shader wants fewer columns
    audio.update(wave[0], fft, spectrum)
    assert pixels(audio.texture("audioFFT", "bins", 128)).max() == 0.75
    assert draw(ctx, parsed)[0, 0].tolist() == pytest.approx([0.5, 0.5, 0.0, 1.0], abs=3e-3)  # no sound is silence
    audio.release()


def test_sound_of_any_shape_is_taken(ctx: moderngl.Context) -> None:
    audio = AudioTextures(ctx)
    for rows in (0, 1, 2, 3, 8):
        for columns in (0, 1, 100, 1024, 5000):
            for value in (0.0, 1.0, np.nan, np.inf, 1e-40):
                block = np.full((rows, columns), value, np.float32)
                block.flags.writeable = False
                audio.update(block, block, block, block, block)
                for kind, name in (("audio", "wave"), ("audioFFT", "x"), ("audioFFT", "spectrum"), ("audioFFT", "mel"),
                                   ("audioFFT", "chroma")):
                    assert np.isfinite(pixels(audio.texture(kind, name))).all()
    audio.release()


def test_an_input_named_chroma_gets_the_twelve_pitch_classes(ctx: moderngl.Context) -> None:
    audio, classes = AudioTextures(ctx), np.linspace(0.0, 1.0, 12, dtype=np.float32)
    silence = np.zeros((1, 16), np.float32)
    audio.update(silence, silence, silence, silence, classes)
    assert pixels(audio.texture("audioFFT", "chroma")).reshape(-1) == pytest.approx(classes)
    audio.release()


def test_a_vertex_shader_beside_the_file_is_used(ctx: moderngl.Context, shader: Make, tmp_path: Path) -> None:
    (tmp_path / "own.vs").write_text(
        "varying vec2 place;\nvoid main() {\n  isf_vertShaderInit();\n  place = isf_FragNormCoord * 3.0;\n}\n")
    parsed = shader("gl_FragColor = vec4(place, 0.0, 1.0);", before="varying vec2 place;", name="own.fs")
    assert draw(ctx, parsed)[-1, -1, :2] == pytest.approx([3 * 15.5 / 16, 3 * 0.5 / 8], abs=2e-3)


def test_the_same_inputs_give_the_same_bytes(ctx: moderngl.Context, shader: Make) -> None:
    parsed = shader("""if (PASSINDEX == 0) gl_FragColor = 0.9 * IMG_NORM_PIXEL(buf, isf_FragNormCoord * 0.97)
            + vec4(fract(sin(dot(gl_FragCoord.xy, vec2(12.9, 78.2)) + TIME) * 43758.5));
        else gl_FragColor = IMG_THIS_PIXEL(buf) * 0.1;""",
        '"ISFVSN": "2", "PASSES": [{"TARGET": "buf", "PERSISTENT": true, "FLOAT": true}, {}]')

    def run() -> list[bytes]:
        stage, mixer = Stage(ctx, parsed, SIZE), Mixer(ctx, SIZE)
        found = []
        for index in range(20):
            frame = FrameInputs(index / 30, 1 / 30, index)
            mixer.draw(stage.draw(frame, {}), None, 0.0, frame)
            found.append(mixer.texture.read())
        stage.release()
        mixer.release()
        return found

    first = run()
    assert first == run() and len(set(first)) == 20
