"""What the options of ``pix2live sonify`` mean: ordinary params, by id."""

from collections.abc import Mapping
from pathlib import Path

from pix2live.errors import UsageError
from pix2live.patch.preset import find_preset, load_preset
from pix2live.resources import bundled_dir
from pix2live.signals.spec import ParamSpec
from pix2live.synth.instrument import Instrument
from pix2live.synth.scan import SCORE_SPECS

INSTRUMENTS = ("scan", "drone", "harmony")
# Each option moves the params of these ids that belong to an instrument which sounds.
MEANING: dict[str, tuple[str, ...]] = {
    "--rows": ("synth.scan.rows",),
    "--row-count": ("synth.scan.row_count",),
    "--low-hz": ("synth.scan.low_hz", "synth.drone.low_hz"),
    "--high-hz": ("synth.scan.high_hz", "synth.drone.high_hz"),
    "--sweep-seconds": ("synth.scan.seconds",),
    "--style": ("synth.harmony.style",),
    "--key": ("synth.scan.root", "synth.drone.root", "synth.harmony.key"),
    "--scale": ("synth.scan.scale", "synth.drone.scale", "synth.harmony.mode"),
    "--tempo": ("synth.harmony.tempo",),
}
_OWN = {"drone": "still_water", "harmony": "picture_music"}
_FLATS = {"cb": "B", "db": "C#", "eb": "D#", "fb": "E", "gb": "F#", "ab": "G#", "bb": "A#"}
_MODES = {"major": "ionian", "minor": "aeolian", "natural minor": "aeolian"}


def own_preset(instrument: str) -> Path:
    """The preset that plays one instrument where none is named: of scan the bare one, so that a picture is itself."""
    if instrument == "scan":
        return Path(__file__).with_name("plain.toml")
    return bundled_dir("presets") / f"{_OWN[instrument]}.toml"


def sounding(instrument: str | None, preset: str | None) -> tuple[str, ...]:
    """The instruments that will sound: the one asked for, else those of the preset, else scan. Raises UsageError."""
    if instrument is not None:
        if instrument not in INSTRUMENTS or not _has(instrument):
            raise UsageError(f"there is no instrument {instrument}", "--instrument",
                             f"use {' or '.join(name for name in INSTRUMENTS if _has(name))}")
        return (instrument,)
    if preset is None:
        return ("scan",)
    loaded = load_preset(find_preset(preset))
    found = tuple(name for name in INSTRUMENTS
                  if loaded.params.get(f"synth.{name}.level", float(name == loaded.instrument)) > 0.0)
    return found or ("scan",)


def overrides(instrument: str | None, playing: tuple[str, ...], options: Mapping[str, str | float | None],
              preset: str | None = None) -> tuple[tuple[str, float], ...]:
    """Base values of params for what was asked, ``options`` by name as in ``MEANING``; None is not asked. ``preset`` is
    what they are laid over, None for the instrument's own.

    Raises UsageError, naming the option, where a value makes no sense or belongs to no instrument that sounds.
    """
    specs = _specs()
    out: list[tuple[str, float]] = []
    if instrument is not None:
        out += [(id_, float(name == instrument)) for name in INSTRUMENTS
                if (id_ := f"synth.{name}.level") in specs]
    for option, value in options.items():
        if value is None:
            continue
        meant = [specs[id_] for id_ in MEANING[option] if id_ in specs and id_.split(".")[1] in playing]
        if not meant:
            raise UsageError(f"means nothing to {' and '.join(playing)}", option,
                             f"it belongs to {' or '.join(dict.fromkeys(i.split('.')[1] for i in MEANING[option]))}")
        out += [(spec.id, _value(spec, option, value)) for spec in meant]
    asked = [option for option in ("--low-hz", "--high-hz") if options.get(option) is not None]
    if asked:
        below = load_preset(find_preset(preset) if preset else own_preset(playing[0])).params
        for name in playing:
            ends = [f"synth.{name}.{end}_hz" for end in ("low", "high") if f"synth.{name}.{end}_hz" in specs]
            low, high = (dict(out).get(id_, below.get(id_, specs[id_].default)) for id_ in ends) if ends else (0.0, 1.0)
            if low >= high:
                other = {"--low-hz": "give --high-hz too", "--high-hz": "give --low-hz too"}
                raise UsageError(f"{low:g} Hz is not below {high:g} Hz", asked[0],
                                 "swap them" if len(asked) == 2 else other[asked[0]])
    return tuple(out)


def _value(spec: ParamSpec, option: str, value: str | float) -> float:
    if spec.kind == "choice":
        return _choice(spec, option, str(value))
    try:
        number = float(value)
    except ValueError:
        raise UsageError(f"{value!r} is not a number", option, f"give {spec.low:g} to {spec.high:g}") from None
    low = 40.0 if option == "--tempo" else spec.low  # below, the param means "of itself"
    if not low <= number <= spec.high:
        raise UsageError(f"{number:g} is out of range", option, f"give {low:g} to {spec.high:g} {spec.unit}")
    return number


def _choice(spec: ParamSpec, option: str, value: str) -> float:
    text = value.strip()
    if option == "--key":
        text = _FLATS.get(text.lower(), text)
    names = [_plain(choice) for choice in spec.choices]
    for wanted in (_plain(text), _plain(_MODES.get(text.lower(), text))):
        if wanted in names:
            return spec.low + names.index(wanted)
    raise UsageError(f"{value!r} is none of its choices", option, f"use {', '.join(spec.choices)}")


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum() or c == "#")


def _specs() -> dict[str, ParamSpec]:
    return {spec.id: spec for spec in (*Instrument.SPECS, *SCORE_SPECS)}


def _has(instrument: str) -> bool:
    return any(id_.startswith(f"synth.{instrument}.") and not id_.endswith(".level") for id_ in _specs())
