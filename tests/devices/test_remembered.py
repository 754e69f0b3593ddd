"""A person's choice of devices outlives the show; what was not a choice changes nothing."""

from pathlib import Path

import pytest

from pix2live.devices import remembered
from pix2live.devices.remembered import Chosen, InUse, load_chosen, load_in_use, save_chosen, save_in_use
from pix2live.devices.soundlist import DeviceInfo
from pix2live.errors import FileError

CARD = DeviceInfo(3, "Scarlett 2i2 USB: Audio (hw:1,0)", 2, 2, 48000.0, "ALSA", False, False)
OTHER = DeviceInfo(4, "Built-in", 2, 2, 44100.0, "ALSA", True, True, 2, "a.monitor", True, True, True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(remembered, "config_dir", lambda: tmp_path / "config")
    monkeypatch.setattr(remembered, "state_dir", lambda: tmp_path / "state")
    return tmp_path


@pytest.mark.parametrize("chosen", [
    Chosen(), Chosen("monitor"), Chosen("Scarlett", (3, 4), "Built-in"), Chosen("", (), 'a "name" = [x]\nü')])
def test_what_is_remembered_is_read_back(chosen: Chosen) -> None:
    assert load_chosen() == Chosen()
    save_chosen(chosen)
    assert load_chosen() == chosen


@pytest.mark.parametrize("text", ["broken = [", "input = 3", "[input]\nchannels = ['x']", "\x00\xff"])
def test_a_file_that_cannot_be_read_is_named_in_one_line(folder: Path, text: str) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "sound.toml").write_text(text, encoding="latin-1")
    with pytest.raises(FileError, match=r"sound\.toml") as caught:
        load_chosen()
    assert "\n" not in str(caught.value)


def test_a_device_is_remembered_by_its_full_name_even_if_chosen_by_number_or_part() -> None:
    for wanted in ("3", "scar", CARD.name):
        assert Chosen().after(wanted, CARD, None, None, None) == Chosen(CARD.name)
    assert Chosen().after("Monitor ", OTHER, None, "4", OTHER) == Chosen("monitor", (), "Built-in")


def test_default_forgets_and_what_is_no_device_changes_nothing() -> None:
    last = Chosen(CARD.name, (2,), "Built-in")
    assert last.after("default", OTHER, None, "default", OTHER) == Chosen()
    assert last.after("demo", None, None, "none", None) == last
    assert last.after(None, CARD, None, None, OTHER) == last


def test_channels_belong_to_the_input_they_were_chosen_with() -> None:
    last = Chosen(CARD.name, (2,), "")
    assert last.after(None, CARD, (1,), None, None).channels == (1,)
    assert last.after("4", OTHER, None, None, None) == Chosen("Built-in")
    assert Chosen().after(None, OTHER, (1,), None, None) == Chosen("Built-in", (1,))


def test_what_a_show_runs_on_is_known_to_that_show_alone(folder: Path) -> None:
    now = InUse(17, CARD, None, 48000, (1, 2))
    save_in_use(now)
    assert load_in_use(17) == now and load_in_use(18) is None
    save_in_use(InUse(17, OTHER, CARD, 96000, ()))
    assert load_in_use(17) == InUse(17, OTHER, CARD, 96000, ())
    (folder / "state" / "sound.json").write_text("[3]")
    assert load_in_use(17) is None
