"""The header reader: what is found in the wild is read, and what is wrong is named with its line."""

import random
from pathlib import Path

import pytest

from pix2live.errors import FileError, Pix2liveError, ShaderError
from pix2live.visuals.isf import IsfShader, load_shader

WILD = """// a licence may stand first
/* and a comment */
/*{
    "isfvsn": "2.0",   // lower-case key, comment
    "Description": "two
lines",
    "CATEGORIES": ["a", "b",],
    "inputs": [
        {"NAME": "speed", "type": "FLOAT", "DEFAULT": .5, "MIN": -1., "max": 2,},
        {"NAME": "mode", "TYPE": "long", "VALUES": [0, 1, 2], "LABELS": ["off", "on"], "DEFAULT": 1},
        {"NAME": "steps", "TYPE": "long", "VALUES": [2, 8, 32], "DEFAULT": 8},
        {"NAME": "count", "TYPE": "long", "MIN": 1, "MAX": 9, "DEFAULT": 3},
        {"NAME": "on", "TYPE": "bool", "DEFAULT": true},
        {"NAME": "hit", "TYPE": "event"},
        {"NAME": "centre", "TYPE": "point2D", "DEFAULT": [0.25, 0.75], "MIN": [0, 0], "MAX": [1, 1]},
        {"NAME": "tint", "TYPE": "color", "DEFAULT": [1, 0.5, 0, 1]}
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 256},
        {"NAME": "inputImage", "TYPE": "image"},
    ],
    "PASSES": [
        {"TARGET": "small", "PERSISTENT": "true", "FLOAT": 1, "WIDTH": "$WIDTH / max($count, 2)", "HEIGHT": 40},
        {"TARGET": "half", "FLOAT": 16},
        {},
    ],
}*/
void main() { gl_FragColor = vec4(speed); }
"""


def write(folder: Path, text: str, name: str = "x.fs") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_reads_what_is_found_in_the_wild(tmp_path: Path) -> None:
    shader = load_shader(write(tmp_path, WILD))
    assert (shader.version, shader.kind, shader.name, shader.categories) == (2, "filter", "x", ("a", "b"))
    assert [i.name for i in shader.inputs][-2:] == ["spectrum", "inputImage"]
    small, half, last = shader.passes
    assert (small.target, small.persistent, small.bits) == ("small", True, 32)
    assert small.width is not None and small.height is not None
    assert small.width.evaluate({"WIDTH": 300.0, "HEIGHT": 200.0, "count": 3.0}, 1) == 100
    assert small.height.evaluate({}, 1) == 40
    assert (half.bits, half.persistent, last.target) == (16, False, "")


def test_knobs_have_the_ranges_of_their_inputs(tmp_path: Path) -> None:
    specs = {spec.id: spec for spec in load_shader(write(tmp_path, WILD)).specs("deck.a")}
    speed = specs["deck.a.speed"]
    assert (speed.low, speed.high, speed.default, speed.kind) == (-1.0, 2.0, 0.5, "float")
    mode = specs["deck.a.mode"]
    assert (mode.kind, mode.low, mode.high, mode.default, mode.choices) == ("choice", 0, 2, 1, ("off", "on", "2"))
    steps = specs["deck.a.steps"]  # values with gaps: the param counts places
    assert (steps.kind, steps.low, steps.high, steps.default, steps.choices) == ("choice", 0, 2, 1, ("2", "8", "32"))
    assert (specs["deck.a.count"].kind, specs["deck.a.count"].high) == ("int", 9.0)
    assert (specs["deck.a.on"].kind, specs["deck.a.on"].default) == ("bool", 1.0)
    assert specs["deck.a.hit"].kind == "event"
    assert [(s.id, s.default) for s in specs["deck.a.centre"].scalars()] == [
        ("deck.a.centre.x", 0.25), ("deck.a.centre.y", 0.75)]
    assert [s.default for s in specs["deck.a.tint"].scalars()] == [1.0, 0.5, 0.0, 1.0]
    assert len(specs) == 8


def test_a_default_outside_of_an_unstated_range_widens_it(tmp_path: Path) -> None:
    text = '/*{"INPUTS": [{"NAME": "a", "TYPE": "float", "DEFAULT": 7}, {"NAME": "b", "TYPE": "float", "MAX": 4, ' \
           '"DEFAULT": 9}]}*/\nvoid main() {}'
    a, b = load_shader(write(tmp_path, text)).specs("")
    assert (a.low, a.high, a.default) == (0.0, 7.0, 7.0)
    assert (b.low, b.high, b.default) == (0.0, 4.0, 4.0)


def test_version_1_persistent_buffers(tmp_path: Path) -> None:
    text = '/*{"PERSISTENT_BUFFERS": %s, "PASSES": [{"TARGET": "b"}, {}]}*/ void main() {}'
    listed = load_shader(write(tmp_path, text % '["b"]'))
    assert (listed.version, listed.passes[0].persistent, listed.passes[0].bits) == (1, True, 8)
    named = load_shader(write(tmp_path, text % '{"b": {"FLOAT": true, "WIDTH": 12}}'))
    size = named.passes[0].width
    assert named.passes[0].persistent and named.passes[0].bits == 32 and size and size.evaluate({}, 1) == 12


def test_kind_comes_from_the_image_inputs(tmp_path: Path) -> None:
    def kind(*names: str) -> IsfShader:
        kinds = dict.fromkeys(names, "image") | {"progress": "float"}
        inputs = ", ".join(f'{{"NAME": "{n}", "TYPE": "{kinds[n]}"}}' for n in names)
        return load_shader(write(tmp_path, f'/*{{"ISFVSN": 2, "INPUTS": [{inputs}]}}*/\nvoid main() {{}}'))

    assert kind().kind == kind("camera").kind == "generator"
    assert kind("inputImage").kind == "filter"
    transition = kind("startImage", "endImage", "progress")
    assert transition.kind == "transition" and transition.specs("t") == []
    with pytest.raises(ShaderError, match="progress"):
        kind("startImage", "endImage")


@pytest.mark.parametrize(("header", "line", "says"), [
    ('{\n"INPUTS": [\n{"NAME": "a",\n"TYPE": "flot"}]}', 4, "flot"),
    ('{\n"INPUTS": [\n{"NAME": "1a", "TYPE": "float"}]}', 3, "no GLSL name"),
    ('{\n"INPUTS": [{"NAME": "a", "TYPE": "float"},\n{"NAME": "a", "TYPE": "bool"}]}', 3, "twice"),
    ('{\n"INPUTS": [{"NAME": "a", "TYPE": "float",\n"DEFAULT": "loud"}]}', 3, "not a number"),
    ('{\n"INPUTS": [{"NAME": "a", "TYPE": "float",\n"MAX": 1e999}]}', 3, "not a number"),
    ('{\n\n"PASSES": [{"TARGET": "t",\n"WIDTH": "$WIDTH / $nothing"}]}', 4, "nothing"),
    ('{\n\n"PASSES": [{"TARGET": "t", "HEIGHT": "__import__(\'os\')"}]}', 3, "has a stray"),
    ('{\n"IMPORTED": {\n"p": {"PATH": "nowhere.png"}}}', 3, "nowhere.png"),
    ('{\n"INPUTS": [\n{"NAME" "a"}]}', 3, '":"'),
    ('{\n"INPUTS": [\n', 3, "not closed"),
    ('{\n"A": "b\n\n', 2, "string is not closed"),
    ('{\n} trailing', 2, "after the header"),
    ('{"a":' * 60, 1, "levels deep"),
])
def test_errors_name_the_line(tmp_path: Path, header: str, line: int, says: str) -> None:
    path = write(tmp_path, f"/*{header}*/\nvoid main() {{}}")
    with pytest.raises(ShaderError) as caught:
        load_shader(path)
    assert caught.value.where == f"{path}:{line}"
    assert says in str(caught.value)


def test_files_that_are_no_shaders(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        load_shader(tmp_path / "none.fs")
    with pytest.raises(FileError, match="cannot be read"):
        load_shader(tmp_path)
    (tmp_path / "binary.fs").write_bytes(b"/*{}*/\0")
    with pytest.raises(FileError, match="not text"):
        load_shader(tmp_path / "binary.fs")
    (tmp_path / "huge.fs").write_bytes(b" " * 5_000_000)
    with pytest.raises(FileError, match="too large"):
        load_shader(tmp_path / "huge.fs")
    for text, says in (("void main() {}", "no ISF header"), ("", "no ISF header"), ("/*{ void main() {}", "not closed"),
                       ("/*{}*/ // void main()", "no main")):
        with pytest.raises(ShaderError, match=says):
            load_shader(write(tmp_path, text))


def test_a_mutilated_file_gives_one_clear_error_or_a_shader(tmp_path: Path) -> None:
    rng = random.Random(7)
    for _ in range(400):
        text = list(WILD)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(text))
            put = rng.choice(["", "{", "}", '"', "[", ",", "*/", "1e9", "null", "\\", "-"])
            text[at : at + rng.randint(0, 12)] = put
        path = write(tmp_path, "".join(text))
        try:
            load_shader(path).specs("p")
        except Pix2liveError as error:
            assert str(path) in str(error) and "\n" not in str(error)


def test_line_endings_and_a_byte_order_mark_do_not_move_lines(tmp_path: Path) -> None:
    path = tmp_path / "dos.fs"
    path.write_bytes(b'\xef\xbb\xbf/*{\r\n"INPUTS": [\r\n{"NAME": "a", "TYPE": "x"}]}*/\r\nvoid main() {}')
    with pytest.raises(ShaderError) as caught:
        load_shader(path)
    assert caught.value.where == f"{path}:3"
