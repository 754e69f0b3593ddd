"""What there is on this machine: devices, and whether each part of the instrument works."""

from collections.abc import Callable
from pathlib import Path

from pix2live.errors import Pix2liveError


def lines() -> list[str]:
    """Sound inputs and outputs, cameras and MIDI ports, each as one plain line with what to type for it."""
    out = ["Sound in (--audio-in NAME or number; also a FILE, demo, none):"]
    sound = _sound()
    out += [f"  {d.index:3}  {d.name}  ({d.inputs} channels, {d.rate:g} Hz, {d.host_api})"
            f"{'  *' if d.is_default_in else ''}" for d in sound if d.inputs] or ["  none found"]
    out.append("Sound out (--audio-out NAME or number; also a FILE, none):")
    out += [f"  {d.index:3}  {d.name}  ({d.outputs} channels, {d.rate:g} Hz, {d.host_api})"
            f"{'  *' if d.is_default_out else ''}" for d in sound if d.outputs] or ["  none found"]
    out.append("Cameras (--camera number; also a FILE, a folder of pictures, http://... , none):")
    out += [f"  {name}" for name in _cameras()] or ["  none found"]
    out.append("MIDI in:")
    out += [f"  {name}" for name in _midi()] or ["  none found"]
    out.append("* the default")
    return out


def _sound() -> list:
    from pix2live.devices.soundcard import list_devices

    try:
        return list_devices()
    except Pix2liveError:
        return []


def _cameras() -> list[str]:
    return [f"{path.name.removeprefix('video')}  {path}" for path in sorted(Path("/dev").glob("video[0-9]*"))]


def _midi() -> list[str]:
    from pix2live.control.midi import list_ports

    try:
        return list(list_ports())
    except Pix2liveError:
        return []


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
