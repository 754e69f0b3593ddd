"""Where shaders, presets and models lie: the user's own folder first, then what the program brings."""

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_SUFFIXES = {"shaders": (".fs", ".frag"), "presets": (".toml",), "models": (".onnx",)}


def user_dir(kind: str = "") -> Path:
    """The user's own folder for ``shaders``, ``presets``, ``models`` (it may not exist yet)."""
    return Path(platformdirs.user_data_dir("pix2live", appauthor=False)) / kind


def config_dir() -> Path:
    """The folder of the MIDI mapping and the remembered devices (it may not exist yet)."""
    return Path(platformdirs.user_config_dir("pix2live", appauthor=False))


def state_dir() -> Path:
    """The folder of the desk's autosave (it may not exist yet)."""
    return Path(platformdirs.user_state_dir("pix2live", appauthor=False))


def bundled_dir(kind: str) -> Path:
    """The folder of ``shaders``, ``presets`` or ``models`` that came with the program.

    An installed wheel carries shaders and presets inside the package; a checkout has them beside it.
    """
    if kind == "models":
        return _PACKAGE / "models" / "zoo"
    inside = _PACKAGE / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def listing(kind: str) -> dict[str, Path]:
    """Every file of a kind (``shaders``, ``presets``, ``models``) by stem, sorted; the user's own file wins."""
    found: dict[str, Path] = {}
    for root in (user_dir(kind), bundled_dir(kind)):
        if root.is_dir():
            for path in sorted(root.rglob("*")):
                if path.suffix.lower() in _SUFFIXES[kind] and path.is_file():
                    found.setdefault(path.stem, path)
    return dict(sorted(found.items()))
