from pathlib import Path

import pytest

from pix2live.errors import FileError, Pix2liveError, PresetError
from pix2live.patch.param import MASTER, ParamTable
from pix2live.patch.patch import Patch, PatchReader, publish_text, read_patch
from pix2live.patch.preset import Preset, find_preset, load_preset, save_preset
from pix2live.patch.route import Route
from pix2live.signals.bus import Bus

GOOD = Preset("Ember Sea", "ember_sea", "one line", ("afterglow",), models=("drums",), params={"deck.a.warp": 0.5},
              routes=(Route("audio.bass", "deck.a.warp", 0.4, "square", 0.01, 0.3),))


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "ember.toml"
    save_preset(GOOD, path)
    loaded = load_preset(path)
    assert loaded == Preset(**{**GOOD.__dict__, "path": path})
    assert [p.name for p in tmp_path.iterdir()] == ["ember.toml"]


@pytest.mark.parametrize(("text", "says"), [
    ("name = ", "not valid TOML"),
    ("name = 'x'", r"\[deck.a\] is missing"),
    ("[deck.a]\neffects = []", "deck.a.shader is missing"),
    ("surprise = 1\n[deck.a]\nshader = 'x'", "unknown entry surprise"),
    ("[deck.a]\nshader = 'x'\n[params]\n'deck.a.w' = 'loud'", "param deck.a.w = 'loud' is not a number"),
    ("[deck.a]\nshader = 'x'\n[params]\n'deck.a.w' = nan", "is not a number"),
    ("[deck.a]\nshader = 'x'\n[[routes]]\nsource = 'a'", "lacks source or target"),
    ("[deck.a]\nshader = 'x'\n[[routes]]\nsource = 'a'\ntarget = 'b'\nbend = 1", "unknown entry"),
    ("[deck.a]\nshader = 'x'\n[[routes]]\nsource = 'a'\ntarget = 'b'\ncurve = 'wavy'", "curve 'wavy' is unknown"),
    ("[deck.a]\nshader = 'x'\neffects = 'glow'", "not a list of names"),
    ("models = ['drums']\n[deck.a]\nshader = 'x'", "models is not a table"),
    ("synth = 'scan'\n[deck.a]\nshader = 'x'", "synth is not a table"),
    ("routes = 3\n[deck.a]\nshader = 'x'", "routes is not a list"),
    (f"[deck.a]\nshader = 'x'\n[params]\nx = {10 ** 400}", "makes no sense"),
    ("[deck.a]\nshader = 'x'\n[[routes]]\nsource = 3\ntarget = 'b'", "lacks source or target"),
])
def test_a_bad_preset_is_one_line_that_names_the_file(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=says) as caught:
        load_preset(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_binary_and_folder_are_file_errors(tmp_path: Path) -> None:
    binary = tmp_path / "b.toml"
    binary.write_bytes(bytes(range(256)))
    for path in (tmp_path / "none.toml", binary, tmp_path):
        with pytest.raises(FileError):
            load_preset(path)


def test_a_preset_that_cannot_be_written_leaves_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder.toml"
    target.mkdir()
    with pytest.raises(FileError, match="is a folder"):
        save_preset(GOOD, target)
    assert list(tmp_path.iterdir()) == [target]


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(Pix2liveError, match="no preset of that name"):
        find_preset("no such preset at all")


def test_a_patch_passes_over_the_bus_unchanged() -> None:
    bus = Bus.local()
    assert read_patch(bus) is None
    patch = Patch(3, 2, "Ember Sea", "/x/ember_sea.fs", ["/x/glow.fs"], table=ParamTable(MASTER),
                  routes=list(GOOD.routes))
    reader = PatchReader(bus.patch)
    publish_text(bus.patch, patch.dumps(), 3, 1.0)
    text = reader.changed()
    assert text is not None and reader.changed() is None
    back = Patch.loads(text)
    assert (back.preset, back.effects, back.routes, back.table.ids) == (
        patch.preset, patch.effects, patch.routes, patch.table.ids)
    assert back.table.specs == patch.table.specs
