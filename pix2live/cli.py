"""The commands a person types. Each imports what it needs only when it runs."""

import sys
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
    midi_out: Annotated[str | None, typer.Option(
        metavar="PORT|virtual|none", help="Where the notes of harmony go.")] = None,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
) -> None:
    """Perform: window, sound in, sound out."""
    raise typer.Exit(_play(
        preset=preset, audio_in=audio_in, audio_out=audio_out, audio_channels=_channels(audio_channels), camera=camera,
        size=_size(size) if size else None, fps=_fps(fps), fullscreen=fullscreen, monitor=monitor, headless=headless,
        midi_out=midi_out, duration=duration))


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
    from pix2live.show.progress import steps

    _need_suffix(output, ".mp4")
    options = Options(preset=preset, audio_in=audio, camera=camera, size=_size(size), fps=_fps(fps), headless=True)
    with steps(f"{output.name}") as progress:
        notices = offline.render(options, output, _seconds(seconds), progress)
    _finish(notices, output)


@app.command()
def sonify(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, films, folders.", metavar="IMAGE|VIDEO|FOLDER...")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", metavar="FILE|FOLDER",
        help="What to write: .wav, .flac, .mp4 (with the picture) or .mid (notes); a folder for several pictures.")],
    instrument: Annotated[str | None, typer.Option(
        help="scan: the picture as a score. drone: all of it at once. harmony: music of its mood.")] = None,
    preset: Annotated[str | None, typer.Option(help="Play it as this preset does (see 'pix2live presets').")] = None,
    seconds: Annotated[float | None, typer.Option(
        help="How long; else 8, as a drone 30, as harmony 60, and a film its own length where that is more.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, another piece.", min=0, max=(1 << 63) - 1)] = 1,
    style: Annotated[str | None, typer.Option(help="Of harmony: a style by name, such as ambient.")] = None,
    key: Annotated[str | None, typer.Option(help="C, C#, Db ... B.")] = None,
    scale: Annotated[str | None, typer.Option(help="A scale or mode by name, such as dorian.")] = None,
    tempo: Annotated[float | None, typer.Option(help="Of harmony, in beats a minute.")] = None,
    rows: Annotated[str | None, typer.Option(help="Of scan: linear, log, erb or scale.")] = None,
    row_count: Annotated[int | None, typer.Option(help="Of scan: how many rows.")] = None,
    low_hz: Annotated[float | None, typer.Option(help="Of scan: frequency of the lowest row.")] = None,
    high_hz: Annotated[float | None, typer.Option(help="Of scan: frequency of the highest row.")] = None,
    sweep_seconds: Annotated[float | None, typer.Option(
        "--sweep-seconds", "--sweep",
        help="Of scan: seconds for one sweep; else a picture is swept once, a film every 8 s.")] = None,
    mp4: Annotated[Path | None, typer.Option(help="Write a film of it too: picture, playhead, sound.")] = None,
    midi: Annotated[Path | None, typer.Option(help="Write the notes of harmony too (.mid).")] = None,
    kind: Annotated[str, typer.Option("--format", help="Into a folder: wav, flac, mp4 or mid.")] = "wav",
) -> None:
    """Pictures in, sounds out: a file for each, the same every time."""
    from pix2live.show import sonify as show
    from pix2live.show.progress import steps
    from pix2live.show.sonify_options import overrides, sounding

    playing = sounding(instrument, preset)
    asked = overrides(instrument, playing, {
        "--rows": rows, "--row-count": row_count, "--low-hz": low_hz, "--high-hz": high_hz,
        "--sweep-seconds": sweep_seconds, "--style": style, "--key": key, "--scale": scale, "--tempo": tempo}, preset)
    jobs = show.jobs(pictures, output, mp4, midi, kind)
    if "harmony" not in playing and any(job.notes for job in jobs):
        raise UsageError(f"{' and '.join(playing)} plays no notes", "--midi" if midi else str(output),
                         "use --instrument harmony")
    piece = show.Piece(playing, preset, _seconds(seconds), seed, asked)
    if len(jobs) == 1:
        with steps(jobs[0].outputs[0].name) as progress:
            notices = show.play(jobs[0], piece, progress)
        for line in dict.fromkeys(notices):
            print(f"pix2live: {line}", file=sys.stderr)
        for path in jobs[0].outputs:
            print(f"pix2live: wrote {path}", file=sys.stderr)
        return
    raise typer.Exit(1 if _batch(jobs, piece) else 0)


def _batch(jobs: list[Any], piece: Any) -> int:
    """Play every job, a line for each; returns how many failed."""
    from pix2live.show import sonify as show
    from pix2live.show.progress import steps

    failed = 0
    with steps("") as progress:
        for number, job in enumerate(jobs):
            def step(share: float, number: int = number, job: Any = job) -> None:
                progress((number + share) / len(jobs), f"{number + 1} of {len(jobs)}  {job.source.name}")

            try:
                lines = [*show.play(job, piece, step), *(f"wrote {path}" for path in job.outputs)]
            except Pix2liveError as error:
                failed += 1
                lines = [str(error)]
            except Exception as error:  # a fault of ours in one picture must not cost the other thousand
                failed += 1
                lines = [f"{job.source}: could not be played ({type(error).__name__}: {error})"]
            for line in dict.fromkeys(lines):
                progress.say(f"pix2live: {line}")
    if failed:
        print(f"pix2live: {failed} of {len(jobs)} could not be played", file=sys.stderr)
    return failed


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
    from pix2live.show.progress import steps

    _need_suffix(output, ".npz", ".csv", ".json")
    if plot is not None:
        _need_suffix(plot, ".png", ".svg", ".pdf")
    for place in (output, plot):
        if place is not None:
            report.check_place(place)
    with steps(output.name) as progress:
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
        if result == 130:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
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
