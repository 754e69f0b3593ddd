"""The commands a person types. Each imports what it needs only when it runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pix2live import __version__
from pix2live.errors import Pix2liveError, UsageError

app = typer.Typer(
    name="pix2live", help="A real-time audiovisual instrument: sound draws, pictures sound.",
    no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]})

Preset = Annotated[str | None, typer.Option(help="A preset's name or file (see 'pix2live presets').")]
Size = Annotated[str, typer.Option(help="Width x height in pixels.", metavar="WxH")]
Fps = Annotated[float, typer.Option(help="Frames a second, 1 to 240.")]
Camera = Annotated[str | None, typer.Option(
    help="What is looked at: camera index, film, picture, folder of pictures, http:// MJPEG address, or none.",
    metavar="DEVICE|FILE|URL|none")]


@app.callback(invoke_without_command=True)
def default(context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Say which.")] = False,
            ) -> None:
    """Without a command: perform (the same as 'pix2live play')."""
    if version:
        typer.echo(f"pix2live {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(_play())


@app.command()
def play(
    preset: Preset = None,
    audio_in: Annotated[str | None, typer.Option(
        metavar="DEVICE|monitor|FILE|demo|none", help="What is heard (see 'pix2live devices').")] = None,
    audio_out: Annotated[str | None, typer.Option(metavar="DEVICE|FILE|none", help="Where sound goes.")] = None,
    audio_channels: Annotated[str | None, typer.Option(
        metavar="3,4", help="Which of the input's channels are heard, in this order (else all, up to 8).")] = None,
    camera: Camera = None,
    size: Annotated[str | None, typer.Option(
        metavar="WxH", help="Of the picture in pixels; 1280x720, and 640x360 without a graphics card.")] = None,
    fps: Fps = 60.0,
    fullscreen: Annotated[bool, typer.Option(help="Fill the monitor.")] = False,
    monitor: Annotated[int, typer.Option(help="Which monitor, from 0.", min=0)] = 0,
    headless: Annotated[bool, typer.Option(help="No window: draw offscreen.")] = False,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
) -> None:
    """Perform: window, sound in, sound out."""
    raise typer.Exit(_play(
        preset=preset, audio_in=audio_in, audio_out=audio_out, audio_channels=_channels(audio_channels), camera=camera,
        size=_size(size) if size else None, fps=_fps(fps), fullscreen=fullscreen, monitor=monitor, headless=headless,
        duration=duration))


def _play(duration: float | None = None, **options: Any) -> int:
    from pix2live.engine.options import Options
    from pix2live.show.live import play as play_live

    if duration is not None and not duration > 0.0:
        raise UsageError(f"{duration:g} seconds cannot be played", "--duration", "give a number above 0")
    return play_live(Options(**options), duration)


@app.command()
def render(
    audio: Annotated[str, typer.Argument(help="A sound file, or demo.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The film to write (.mp4).")],
    preset: Preset = None, camera: Camera = None, size: Size = "1280x720", fps: Fps = 30.0,
    seconds: Annotated[float | None, typer.Option(help="Only so much of it.")] = None,
) -> None:
    """A song in, a film out: the same every time."""
    from pix2live.engine.options import Options
    from pix2live.show import offline

    _need_suffix(output, ".mp4")
    options = Options(preset=preset, audio_in=audio, camera=camera, size=_size(size), fps=_fps(fps), headless=True)
    with _progress(f"{output.name}") as progress:
        notices = offline.render(options, output, _seconds(seconds), progress)
    _finish(notices, output)


@app.command()
def sonify(
    picture: Annotated[str, typer.Argument(help="A picture or film.", metavar="IMAGE|VIDEO")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The sound to write (.wav or .flac).")],
    instrument: Annotated[str, typer.Option(help="scan: the picture as a score.")] = "scan",
    seconds: Annotated[float, typer.Option(help="How long.")] = 8.0,
    seed: Annotated[int, typer.Option(help="Another number, other starting phases.")] = 1,
    rows: Annotated[str | None, typer.Option(help="linear, log, erb or scale: how rows become frequencies.")] = None,
    row_count: Annotated[int | None, typer.Option(help="How many rows, 1 to 2048.")] = None,
    low_hz: Annotated[float | None, typer.Option(help="Frequency of the lowest row.")] = None,
    high_hz: Annotated[float | None, typer.Option(help="Frequency of the highest row.")] = None,
    sweep: Annotated[float | None, typer.Option(help="Seconds for one sweep of the picture (else all of it).")] = None,
) -> None:
    """A picture in, a sound out."""
    from pix2live.engine.options import Options
    from pix2live.show import offline

    if instrument != "scan":
        raise UsageError(f"there is no instrument {instrument}", "--instrument", "use scan")
    _need_suffix(output, ".wav", ".flac")
    seconds_ = _seconds(seconds)
    assert seconds_ is not None
    overrides = (("synth.gain", 0.0), *_scan_overrides(rows, row_count, low_hz, high_hz, sweep or seconds_))
    options = Options(camera=picture, overrides=overrides, seed=seed)
    with _progress(f"{output.name}") as progress:
        notices = offline.sonify(options, output, seconds_, progress)
    _finish(notices, output)


def _scan_overrides(rows: str | None, count: int | None, low_hz: float | None, high_hz: float | None,
                    sweep_s: float) -> tuple[tuple[str, float], ...]:
    from pix2live.synth.instrument import Instrument
    from pix2live.synth.scan import SCORE_SPECS

    specs = {spec.id: spec for spec in (*Instrument.SPECS, *SCORE_SPECS)}
    wanted: list[tuple[str, str, float | None]] = [
        ("--row-count", "synth.scan.row_count", count), ("--low-hz", "synth.scan.low_hz", low_hz),
        ("--high-hz", "synth.scan.high_hz", high_hz), ("--sweep", "synth.scan.seconds", sweep_s)]
    if rows is not None:
        choices = specs["synth.scan.rows"].choices
        if rows not in choices:
            raise UsageError(f"{rows!r} is no way to place rows", "--rows", f"use {', '.join(choices)}")
        wanted.append(("--rows", "synth.scan.rows", float(choices.index(rows))))
    out = []
    for option, id_, value in wanted:
        if value is None:
            continue
        spec = specs[id_]
        if not spec.low <= value <= spec.high:
            raise UsageError(f"{value:g} is out of range", option, f"give {spec.low:g} to {spec.high:g} {spec.unit}")
        out.append((id_, float(value)))
    if low_hz is not None and high_hz is not None and low_hz >= high_hz:
        raise UsageError(f"{low_hz:g} Hz is not below {high_hz:g} Hz", "--low-hz", "swap them")
    return tuple(out)


@app.command()
def analyze(
    audio: Annotated[str, typer.Argument(help="A sound file.")],
    output: Annotated[Path, typer.Option("-o", "--output", help=".npz, .csv or .json")],
    plot: Annotated[Path | None, typer.Option(help="A page with all of it (.png, .svg, .pdf).")] = None,
    preset: Preset = None,
) -> None:
    """Every signal over time, as the live instrument knows it."""
    from pix2live.engine.options import Options
    from pix2live.show import analysis, report

    _need_suffix(output, ".npz", ".csv", ".json")
    if plot is not None:
        _need_suffix(plot, ".png", ".svg", ".pdf")
    for place in (output, plot):
        if place is not None:
            report.check_place(place)
    with _progress(output.name) as progress:
        result = analysis.analyze(Options(preset=preset, audio_in=audio), progress)
    report.write(result, output)
    if plot is not None:
        from pix2live.show.plot import plot as draw_page

        draw_page(result, Path(audio), plot)
    _finish(result.notices, output)


@app.command()
def shader(
    files: Annotated[list[Path], typer.Argument(help="ISF shader files.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A picture of the last one (.png).")] = None,
    size: Size = "640x360",
    json: Annotated[bool, typer.Option("--json", help="Print a list of {file, parsed, compiled, drew, ...}.")] = False,
) -> None:
    """Compile and draw shaders; exit 1 and name the line where one fails."""
    import json as json_module

    from pix2live.show.tryout import check_files

    if output is not None:
        _need_suffix(output, ".png")
    results = check_files(files, _size(size), output)
    if json:
        typer.echo(json_module.dumps(results, indent=2))
    for result in results:
        if not json:
            if result["error"]:
                print(f"pix2live: {result['error']}", file=sys.stderr)
            else:
                typer.echo(f"{result['file']}: draws{' (all black)' if result['blank'] else ''}")
    if any(result["error"] or not result["drew"] or not result["finite"] for result in results):
        raise typer.Exit(1)


@app.command()
def devices(
    name: Annotated[str | None, typer.Argument(help="Which sound input to meter (else the default).")] = None,
    meter: Annotated[bool, typer.Option("--meter", help="Show the level of a sound input until Ctrl-C.")] = False,
    audio_channels: Annotated[str | None, typer.Option(metavar="3,4", help="Which of its channels.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop the meter after so many.")] = None,
) -> None:
    """Sound devices, cameras and MIDI ports found here; or, with --meter, the level of a sound input."""
    from pix2live.show import inventory

    if meter:
        inventory.meter(name or "default", _channels(audio_channels), _seconds(seconds))
        return
    if name is not None or audio_channels is not None or seconds is not None:
        raise UsageError("these belong to the level meter", "devices", "add --meter")
    for line in inventory.lines():
        typer.echo(line)


@app.command()
def presets() -> None:
    """The presets there are."""
    from pix2live.patch.preset import load_preset
    from pix2live.resources import listing

    for number, (stem, path) in enumerate(listing("presets").items(), 1):
        try:
            preset = load_preset(path)
            typer.echo(f"{number:2}  {stem:20} {preset.name}: {preset.description}")
        except Pix2liveError as error:
            typer.echo(f"{number:2}  {stem:20} cannot be used: {error}")


@app.command()
def doctor() -> None:
    """Try everything the instrument needs and say, line by line, what works here."""
    from pix2live.show import inventory

    lines, sound = inventory.examine()
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if sound else 1)


@app.command()
def bench(
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    seconds: Annotated[float, typer.Option(help="How long each live measurement runs.")] = 10.0,
) -> None:
    """How fast the instrument is on this machine, with how each figure was measured."""
    from pix2live.show import bench as bench_module

    rows = bench_module.measure(_seconds(seconds) or 10.0)
    if json:
        import json as json_module

        typer.echo(json_module.dumps([row.__dict__ for row in rows], indent=2))
    else:
        typer.echo(bench_module.table(rows))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 7680 and 16 <= int(height) <= 7680):
        raise UsageError(f"{text!r} is not a size", "--size", "give it like 1280x720, each side 16 to 7680")
    return int(width), int(height)


def _channels(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    numbers = text.replace(" ", "").split(",")
    if not (1 <= len(numbers) <= 8 and all(number.isdigit() and int(number) for number in numbers)):
        raise UsageError(f"{text!r} names no channels", "--audio-channels", "give 1 to 8 numbers, like 3,4")
    return tuple(map(int, numbers))


def _fps(value: float) -> float:
    if not 1.0 <= value <= 240.0:
        raise UsageError(f"{value:g} frames a second cannot be drawn", "--fps", "give 1 to 240")
    return value


def _seconds(value: float | None) -> float | None:
    if value is not None and not 0.0 < value <= 86400.0:
        raise UsageError(f"{value:g} seconds cannot be", "--seconds", "give a number above 0, up to 86400")
    return value


def _need_suffix(path: Path, *suffixes: str) -> None:
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"this writes {' or '.join(suffixes)}", str(path), f"name it so, e.g. out{suffixes[0]}")


@contextmanager
def _progress(label: str) -> Iterator[Callable[[float], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
                  TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _finish(notices: list[str], output: Path) -> None:
    for line in dict.fromkeys(notices):
        print(f"pix2live: {line}", file=sys.stderr)
    print(f"pix2live: wrote {output}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line (``sys.argv`` where none is given) and return the exit code.

    A person's mistake is one line on stderr, never a traceback: exit code 1, or 2 for wrong usage.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version"):
        arguments.insert(0, "play")  # "pix2live --preset X" performs, as "pix2live" alone does
    try:
        result = app(arguments, standalone_mode=False)
        return int(result) if isinstance(result, int) else 0
    except Pix2liveError as error:
        print(f"pix2live: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("pix2live: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return 130
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's wrong usage
            print(f"pix2live: {error.format_message()}; see 'pix2live --help'", file=sys.stderr)
            return int(error.exit_code)
        raise


if __name__ == "__main__":
    sys.exit(main())
