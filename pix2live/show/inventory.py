"""What there is on this machine: devices, how loud an input is, and whether each part of the instrument works."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pix2live.errors import DeviceError, Pix2liveError

if TYPE_CHECKING:
    from pix2live.devices.soundcard import SoundCard
    from pix2live.devices.soundlist import DeviceInfo

LOOK_S, LINE_S = 0.05, 0.5


def lines() -> list[str]:
    """Sound inputs and outputs, cameras and MIDI ports both ways, each as one plain line with what to type for it."""
    sound = _sound()
    last_in, last_out = _last_chosen(sound)
    out = ["Sound in (--audio-in NAME, part of it, or number; also a FILE, demo, none):"]
    out += [_line(d, d.inputs, d.is_default_in, d == last_in) for d in sound if d.inputs and not d.is_monitor]
    monitors = [_line(d, d.inputs, d.is_default_monitor, d == last_in) for d in sound if d.is_monitor]
    out += ([] if len(out) > 1 else ["  none found"])
    out.append("What this machine plays, heard as an input (--audio-in monitor, or likewise):")
    out += monitors or ["  none found (docs/devices.md says how)"]
    out.append("Sound out (--audio-out NAME, part of it, or number; also a FILE, none):")
    out += [_line(d, d.outputs, d.is_default_out, d == last_out) for d in sound if d.outputs] or ["  none found"]
    out.append("Cameras (--camera number; also a FILE, a folder of pictures, http://... , none):")
    out += [f"  {name}" for name in _cameras()] or ["  none found"]
    out.append("MIDI in:")
    out += [f"  {name}" for name in _midi()] or ["  none found"]
    out.append("MIDI out (--midi-out NAME, part of it; also virtual, for a port of its own):")
    out += [f"  {name}" for name in _midi("MidiOut")] or ["  none found"]
    out.append("* the default" + ("; + chosen last, taken again where none is named" if last_in or last_out else ""))
    return out


def _line(device: "DeviceInfo", channels: int, default: bool, last: bool) -> str:
    marks = ("  *" if default else "") + ("  +" if last else "")
    from pix2live.devices.soundlist import PLUG_CHANNELS

    count = f"{channels} channel{'s' if channels != 1 else ''}, "
    if device.is_plug and channels >= PLUG_CHANNELS:
        count = ""
    rate = "" if device.is_plug and not device.rate_is_true else f"{device.rate:g} Hz, "
    return f"  {device.index:3}  {device.name}  ({count}{rate}{device.host_api}){marks}"


def _last_chosen(sound: list) -> "tuple[DeviceInfo | None, DeviceInfo | None]":
    from pix2live.devices.remembered import load_chosen
    from pix2live.devices.soundlist import find_device

    try:
        chosen = load_chosen()
    except Pix2liveError:
        return None, None
    found = []
    for way, name in (("input", chosen.input), ("output", chosen.output)):
        try:
            found.append(find_device(sound, name, way) if name else None)
        except DeviceError:
            found.append(None)
    return found[0], found[1]


def meter(name: str, channels: tuple[int, ...] | None, seconds: float | None) -> None:
    """Show peak and RMS of each channel of a sound input until Ctrl-C, or for ``seconds``: a live picture on a
    terminal, else two plain lines a second. Raises DeviceError."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from pix2live.devices.levels import LevelMeter
    from pix2live.devices.soundcard import SoundCard

    levels = LevelMeter()
    card = SoundCard(name, None, None, 1024, channels, callback=levels.hear)
    assert card.input is not None
    names = [str(pick + 1) for pick in card.picks]
    console = Console()
    print(f"{card.input.name}, {card.rate} Hz; peak and RMS in dB below full scale; Ctrl-C ends", file=sys.stderr)
    end_s = time.monotonic() + (seconds if seconds is not None else float("inf"))
    try:
        card.start()
        if console.is_terminal:
            with Live(console=console, refresh_per_second=20, transient=True) as live:
                while _listening(card, end_s, LOOK_S):
                    live.update(Text("\n").join(map(Text.from_markup, levels.take().bars(names, console.width))))
        else:
            while _listening(card, end_s, LINE_S):
                console.print(levels.take().line(names), soft_wrap=True, markup=False, highlight=False)
                sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    finally:
        card.close()


def _listening(card: "SoundCard", end_s: float, every_s: float) -> bool:
    now_s = time.monotonic()
    if now_s >= end_s:
        return False
    if not card.alive(now_s):
        raise DeviceError("gives no sound any more", card.input.name if card.input else "sound", "plug it in again")
    time.sleep(min(every_s, end_s - now_s))
    return True


def _sound() -> "list[DeviceInfo]":
    from pix2live.devices.soundlist import list_devices

    try:
        return list_devices()
    except Pix2liveError:
        return []


def _cameras() -> list[str]:
    return [f"{path.name.removeprefix('video')}  {path}" for path in sorted(Path("/dev").glob("video[0-9]*"))]


def _midi(kind: str = "MidiIn") -> list[str]:
    from pix2live.control.midi import list_ports

    return list_ports(kind=kind)


def examine() -> tuple[list[str], bool]:
    """Try each part; ``(lines, sound)`` where ``sound`` is False if something is broken and not merely absent."""
    out, fine = [], True
    for what, check in (("shared memory", _check_memory), ("kernels", _check_kernels), ("drawing", _check_drawing),
                        ("window", _check_window), ("models", _check_models), ("presets", _check_presets),
                        ("sound card", _check_sound), ("camera", _check_camera), ("MIDI", _check_midi)):
        try:
            mark, line = check()
        except Pix2liveError as error:
            mark, line = "broken", str(error)
        fine = fine and mark != "broken"
        out.append(f"{mark:7} {what}: {line}")
    return out, fine


Result = tuple[str, str]


def _check_memory() -> Result:
    from pix2live.signals.bus import Bus

    bus = Bus.create()
    bus.unlink()
    return "ok", f"{Bus.size() >> 20} MiB"


def _check_kernels() -> Result:
    from pix2live.engine import warm  # noqa: F401

    return "ok", "all compiled"


def _check_drawing() -> Result:
    from pix2live.devices.window import Window

    window = Window((64, 64), headless=True)
    info = window.ctx.info
    window.close()
    return "ok", f"OpenGL on {info['GL_RENDERER']}"


def _check_window() -> Result:
    return _absent_if(_open_window, "draws offscreen instead")


def _open_window() -> str:
    from pix2live.devices.window import Window

    window = Window((64, 64))
    window.close()
    if window.notice:
        raise Pix2liveError(window.notice)
    return "opens"


def _check_models() -> Result:
    from pix2live.models.runner import open_models
    from pix2live.resources import listing

    models, notices = open_models(listing("models"))
    if notices:
        return "broken", notices[0]
    return "ok", ", ".join(model.contract.name for model in models) or "none"


def _check_presets() -> Result:
    from pix2live.patch.preset import load_preset
    from pix2live.resources import listing

    found = listing("presets")
    for path in found.values():
        load_preset(path)
    return "ok", f"{len(found)}, with {len(listing('shaders'))} shaders"


def _check_sound() -> Result:
    found = _sound()
    return ("ok", f"{len(found)} devices") if found else ("absent", "the demo tune plays through a null clock")


def _check_camera() -> Result:
    found = _cameras()
    return ("ok", ", ".join(found)) if found else ("absent", "the built-in moving picture is looked at")


def _check_midi() -> Result:
    found = _midi()
    return ("ok", ", ".join(found)) if found else ("absent", "no MIDI ports here")


def _absent_if(check: Callable[[], str], otherwise: str) -> Result:
    try:
        return "ok", check()
    except Pix2liveError as error:
        return "absent", f"{error}; {otherwise}"
