"""Which sound devices a person chose last, and which ones the running show holds: two small files.

``sound.toml`` in the user's configuration is what was chosen by name; a later show without a choice takes it again.
``sound.json`` in the user's state is what a show runs on, so that an audio engine that begins anew in mid-show waits
for the very same devices and takes no others.
"""

import json
import tomllib
from dataclasses import asdict, dataclass, replace
from typing import Any

import tomli_w

from pix2live.atomic import write_whole
from pix2live.devices.soundlist import DeviceInfo
from pix2live.errors import FileError
from pix2live.resources import config_dir, state_dir


@dataclass(frozen=True)
class Chosen:
    """Names as ``find_device`` takes them, empty for no choice; ``channels`` of the input, from 1, empty for all."""

    input: str = ""
    channels: tuple[int, ...] = ()
    output: str = ""

    def after(self, audio_in: str | None, into: DeviceInfo | None, channels: tuple[int, ...] | None,
              audio_out: str | None, out: DeviceInfo | None) -> "Chosen":
        """What is remembered once a person asked for ``audio_in``, ``channels`` and ``audio_out`` (None: not said) and
        got ``into`` and ``out``. Files, ``demo`` and ``none`` change nothing; ``default`` forgets."""
        now = self
        if audio_in is not None and into is not None:
            now = replace(now, input=_lasting(audio_in, into), channels=channels or ())
        elif channels is not None and into is not None:
            now = replace(now, input=now.input or into.name, channels=channels)
        if audio_out is not None and out is not None:
            now = replace(now, output=_lasting(audio_out, out))
        return now


def _lasting(wanted: str, found: DeviceInfo) -> str:
    # The name finds it again another day, also where it was chosen by a number that may be another's then.
    low = wanted.strip().lower()
    return "" if low in ("", "default") else low if low == "monitor" else found.name


def load_chosen() -> Chosen:
    """What was chosen last. Raises FileError where the file cannot be understood."""
    path = config_dir() / "sound.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        sound_in, sound_out = data.get("input", {}), data.get("output", {})
        channels = tuple(int(channel) for channel in sound_in.get("channels", ()))
        return Chosen(str(sound_in.get("name", "")), channels, str(sound_out.get("name", "")))
    except FileNotFoundError:
        return Chosen()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise FileError(f"the remembered sound devices cannot be read ({error})", str(path),
                        "mend or delete it; until then the defaults are taken") from error


def save_chosen(chosen: Chosen) -> None:
    """Remember ``chosen``. Raises FileError; the old file stays then."""
    data: dict[str, dict[str, Any]] = {}
    if chosen.input:
        data["input"] = {"name": chosen.input}
        if chosen.channels:
            data["input"]["channels"] = list(chosen.channels)
    if chosen.output:
        data["output"] = {"name": chosen.output}
    write_whole(config_dir() / "sound.toml", tomli_w.dumps(data).encode(), make_folder=True)


@dataclass(frozen=True)
class InUse:
    """What a show runs on. ``show``: a number of its own; ``channels``: of the input, from 1."""

    show: int
    input: DeviceInfo | None
    output: DeviceInfo | None
    rate: int
    channels: tuple[int, ...]


def load_in_use(show: int) -> InUse | None:
    """What ``show`` ran on a moment ago; None where that is not known."""
    try:
        data = json.loads((state_dir() / "sound.json").read_text(encoding="utf-8"))
        if data["show"] != show:
            return None
        ways = [DeviceInfo(**data[way]) if data[way] else None for way in ("input", "output")]
        return InUse(show, ways[0], ways[1], int(data["rate"]), tuple(int(c) for c in data["channels"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def save_in_use(now: InUse) -> None:
    """Note what a show runs on. Raises FileError."""
    write_whole(state_dir() / "sound.json", json.dumps(asdict(now)).encode(), make_folder=True)
