"""Pictures in; sounds, films and notes out: in step with each other, the same every time, and saying what made them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from pix2live.cli import main
from pix2live.engine.options import Options
from pix2live.errors import FileError, UsageError
from pix2live.show.sonify import Job, facts, jobs, sonify
from pix2live.show.sonify_options import overrides, own_preset, sounding
from tests.devices.media import numbered, write_video
from tests.devices.odd_pictures import write_bad, write_good
from tests.devices.test_midifile import parsed, seconds

Play = Callable[..., list[str]]


@pytest.fixture
def play(capfd: pytest.CaptureFixture[str]) -> Play:
    """Runs ``sonify``; returns its lines without the program's name."""

    def call(*arguments: str | Path, code: int = 0) -> list[str]:
        assert main(["sonify", *map(str, arguments)]) == code
        lines = [line for line in capfd.readouterr().err.splitlines() if line.strip()]
        assert all(line.startswith("pix2live: ") for line in lines), lines
        told = [line.removeprefix("pix2live: ") for line in lines]
        return [line for line in told if not line.startswith(("first start", "compil"))]  # of a cold machine

    return call


@pytest.fixture(scope="module")
def landscape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warm sky over a dark land: 96x64, red growing from left to right."""
    path = tmp_path_factory.mktemp("pictures") / "land.png"
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:32] = (230, 150, 70)
    picture[32:] = (20, 70, 40)
    picture[::9, ::7] = (250, 250, 240)
    Image.fromarray(picture).save(path)
    return path


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def test_the_film_shows_the_picture_in_the_middle_and_the_playhead_where_the_sound_is(
        play: Play, landscape: Path, tmp_path: Path) -> None:
    play(landscape, "-o", tmp_path / "a.wav", "--mp4", tmp_path / "a.mp4", "--seconds", "2")
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert float(film.streams.video[0].duration * film.streams.video[0].time_base) == pytest.approx(2.0)
        assert film.streams.video[0].codec_context.name == "h264"
        assert film.streams.audio[0].codec_context.name == "aac"
    frames = frames_of(tmp_path / "a.mp4")
    assert len(frames) == 60 and frames[0].shape == (720, 1280, 3)
    # 96x64 becomes eleven times as large: 1056x704 at (112, 8); black beside it.
    for frame in frames[::7]:
        assert frame[:, :108].max() < 24 and frame[:, 1172:].max() < 24 and frame[:5].max() < 24
    assert np.abs(frames[0][8 + 11 * 3 + 5, 112 + 11 * 80 + 5].astype(int) - (230, 150, 70)).max() < 14
    for number in (6, 20, 40, 55):
        lit = frames[number][600, 112:1168].astype(int).sum(axis=1)
        assert np.argmax(lit) / 1056 == pytest.approx(number / 30 / 2.0, abs=0.012)
    with av.open(str(tmp_path / "a.mp4")) as film:
        sound = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1).T
    wav, _ = soundfile.read(tmp_path / "a.wav")
    assert np.corrcoef(sound[:len(wav), 0], wav[:len(sound), 0])[0, 1] > 0.98


def test_a_film_is_played_at_its_own_length_and_pace(play: Play, tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", [numbered(n) for n in range(240)], rate=24)
    assert facts(tmp_path / "in.mp4", "scan") == (pytest.approx(10.0), pytest.approx(24.0))
    assert facts(tmp_path / "in.mp4", "drone") == (30.0, pytest.approx(24.0))
    play(tmp_path / "in.mp4", "-o", tmp_path / "out.mp4", "--seconds", "1")
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.streams.video[0].average_rate == 24
        assert sum(1 for _ in film.decode(video=0)) == 24


def test_a_picture_sounds_as_long_as_its_instrument_likes(landscape: Path, tmp_path: Path) -> None:
    assert [facts(landscape, name)[0] for name in ("scan", "drone", "harmony")] == [8.0, 30.0, 60.0]
    frames = [Image.new("RGB", (16, 16), (n * 20, 0, 0)) for n in range(12)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=1000)
    assert facts(tmp_path / "a.gif", "scan") == (12.0, pytest.approx(1.0))


def test_each_kind_of_file_says_what_made_it(play: Play, landscape: Path, tmp_path: Path) -> None:
    made = ("instrument: scan", "seed: 7", "synth.scan.low_hz = 110 Hz", "synth.scan.rows = log", "land.png")
    for name in ("a.wav", "a.flac", "a.mp4"):
        play(landscape, "-o", tmp_path / name, "--seconds", "0.2", "--seed", "7", "--low-hz", "110", "--rows", "log")
    for name in ("a.wav", "a.flac"):
        with soundfile.SoundFile(tmp_path / name) as file:
            tags = file.copy_metadata()
        assert tags["title"] == "land" and tags["software"].startswith("pix2live ")
        assert all(word in tags["comment"] for word in made), tags
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert film.metadata["title"] == "land"
        assert all(word in film.metadata["comment"] for word in (*made, "pix2live "))
    play(landscape, "-o", tmp_path / "a.mid", "--instrument", "harmony", "--seconds", "4", "--style", "pulse")
    _, _, tracks = parsed((tmp_path / "a.mid").read_bytes())
    text = next(m[2:].decode() for _, m in tracks[0] if m[:2] == b"\xff\x01")
    assert "pix2live " in text and "instrument: harmony" in text and "synth.harmony.style = pulse" in text


def test_the_same_picture_and_seed_give_the_same_bytes_and_another_seed_others(
        play: Play, landscape: Path, tmp_path: Path) -> None:
    for turn, seed in enumerate((1, 1, 2)):
        play(landscape, "-o", tmp_path / f"{turn}.flac", "--mp4", tmp_path / f"{turn}.mp4",
             "--midi", tmp_path / f"{turn}.mid", "--instrument", "harmony", "--style", "pulse",
             "--seconds", "6", "--seed", seed)
    for suffix in ("flac", "mp4", "mid"):
        first, again, other = ((tmp_path / f"{turn}.{suffix}").read_bytes() for turn in range(3))
        assert first == again and first != other, suffix


def test_the_notes_begin_where_they_are_heard(landscape: Path, tmp_path: Path) -> None:
    dry = {"synth.reverb.mix": 0.0, "synth.delay.mix": 0.0, "synth.harmony.humanise": 0.0, "synth.harmony.tempo": 120.0,
           **{f"synth.harmony.{part}": 0.0 for part in ("pad", "bass", "arp", "melody", "bells")}}
    levels = overrides("harmony", ("harmony",), {"--style": "pulse"})
    sonify(Job(landscape, tmp_path / "a.wav", None, tmp_path / "a.mid"),
           Options(preset=str(own_preset("harmony")), overrides=(*levels, *dry.items())), 8.0, lambda share: None)
    sound, rate = soundfile.read(tmp_path / "a.wav")
    level = np.abs(sound).max(axis=1)
    _, _, tracks = parsed((tmp_path / "a.mid").read_bytes())
    drums = [track for track in tracks[1:] if any(m[0] == 0x99 for _, m in track)]
    kicks = [time_s for time_s, m in seconds([tracks[0], *drums]) if m[0] == 0x99 and m[1] in (35, 36) and time_s < 7.9]
    assert len(kicks) >= 4
    for time_s in kicks:
        at = round(time_s * rate)
        if at > 2400:
            assert level[at + 48:at + 960].max() > 4.0 * level[at - 240:at - 24].max()
    # At 120 beats a minute nothing but a sixteenth can begin.
    ticks = [tick for tick, m in drums[0] if m[0] == 0x99]
    assert np.abs((np.array(ticks) + 60) % 240 - 60).max() <= 2


def test_key_scale_and_tempo_are_kept(play: Play, landscape: Path, tmp_path: Path) -> None:
    play(landscape, "-o", tmp_path / "a.mid", "--instrument", "harmony", "--key", "Eb", "--scale", "dorian",
         "--tempo", "96", "--style", "ambient", "--seconds", "40")
    _, _, tracks = parsed((tmp_path / "a.mid").read_bytes())
    tempi = [int.from_bytes(m[2:], "big") for _, m in tracks[0] if m[:2] == b"\xff\x51"]
    assert len(tempi) == 1 and tempi[0] == pytest.approx(60e6 / 96, abs=3)
    notes = [m[1] for track in tracks[1:] for _, m in track if m[0] & 0xF0 == 0x90 and m[0] != 0x99]
    dorian = {(3 + step) % 12 for step in (0, 2, 3, 5, 7, 9, 10)}
    assert len(notes) > 20 and np.mean([note % 12 in dorian for note in notes]) > 0.9


def test_a_piece_comes_home_before_it_ends_and_an_excerpt_does_not(
        play: Play, landscape: Path, tmp_path: Path) -> None:
    for seconds_long in (20, 12):  # bars of two seconds
        play(landscape, "-o", tmp_path / "a.mid", "--instrument", "harmony", "--key", "C", "--scale", "ionian",
             "--tempo", "120", "--style", "pulse", "--seconds", seconds_long)
        _, _, tracks = parsed((tmp_path / "a.mid").read_bytes())
        begun = [(time_s, m[0] & 15, m[1]) for time_s, m in seconds(tracks) if m[0] & 0xF0 == 0x90]
        if seconds_long == 12:
            assert max(begun)[0] > 11.5
            continue
        last_s = max(time_s for time_s, *_ in begun if time_s < 20.0)
        assert 15.9 < last_s < 18.1
        bass = [note for time_s, channel, note in begun if channel == 1 and time_s > last_s - 0.1]
        assert bass and bass[-1] % 12 == 0


def test_a_folder_becomes_a_folder_and_a_bad_file_costs_one_line(play: Play, landscape: Path, tmp_path: Path) -> None:
    pictures, out = tmp_path / "in", tmp_path / "out"
    pictures.mkdir()
    for name in ("2.png", "10.png", "2.bmp"):
        Image.open(landscape).save(pictures / name)
    (pictures / "3.jpg").write_text("no picture")
    (pictures / "notes.txt").write_text("no picture, and does not claim to be one")
    lines = play(pictures, landscape, "-o", out, "--format", "flac", "--seconds", "0.2", code=1)
    assert [line.rpartition("/")[2] for line in lines[:2]] == ["2.flac", "2.png.flac"]
    assert "3.jpg" in lines[2] and "is not a picture" in lines[2]
    assert lines[3:] == [f"wrote {out}/10.flac", f"wrote {out}/land.flac", "1 of 5 could not be played"]
    assert {path.name for path in out.iterdir()} == {"2.flac", "2.png.flac", "10.flac", "land.flac"}
    assert all(len(soundfile.read(path)[0]) == 9600 for path in out.iterdir())


def test_a_folder_and_a_file_make_one_sound_of_picture_after_picture(play: Play, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, value in enumerate((200, 0)):
        Image.new("RGB", (16, 16), (value,) * 3).save(tmp_path / "in" / f"{number}.png")
    assert facts(tmp_path / "in", "scan")[0] == 16.0
    play(tmp_path / "in", "-o", tmp_path / "a.wav", "--seconds", "10")
    sound, rate = soundfile.read(tmp_path / "a.wav")
    assert np.abs(sound[2 * rate:7 * rate]).max() > 0.02 > 20 * np.abs(sound[9 * rate:]).max()


def test_what_fails_leaves_the_older_file_as_it_was(play: Play, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for name in ("a.wav", "a.mp4", "a.mid"):
        (tmp_path / name).write_bytes(b"older")
        play(tmp_path / "bad.png", "-o", tmp_path / name, "--instrument", "harmony", "--seconds", "0.2", code=1)
        assert (tmp_path / name).read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"bad.png", "a.wav", "a.mp4", "a.mid"}


@pytest.mark.parametrize(("arguments", "says"), [
    (("a.png", "b.png", "-o", "out.wav"), "2 pictures cannot become one file"),
    (("a.png", "-o", "out.mp3"), "this writes .wav or .flac or .mp4 or .mid"),
    (("a.png", "-o", "out.wav", "--mp4", "film.avi"), "this writes .mp4"),
    (("a.png", "-o", "out.mid"), "plays no notes"),
    (("a.png", "-o", "out.mp4", "--mp4", "film.mp4"), "leave one of them out"),
    (("a.png", "-o", "out.wav", "--midi", "notes.mid", "--instrument", "drone"), "plays no notes"),
    (("a.png", "-o", "out", "--format", "ogg"), "--format"),
    (("a.png", "-o", "out.wav", "--tempo", "120"), "it belongs to harmony"),
    (("a.png", "-o", "out.wav", "--instrument", "harmony", "--rows", "log"), "it belongs to scan"),
    (("a.png", "-o", "out.wav", "--instrument", "harmony", "--tempo", "20"), "give 40 to 200"),
    (("a.png", "-o", "out.wav", "--key", "H"), "use C, C#"),
    (("a.png", "-o", "out.wav", "--scale", "martian"), "minor pentatonic"),
    (("a.png", "-o", "out.wav", "--low-hz", "5000"), "5000 Hz is not below 2100 Hz; give --high-hz too"),
    (("a.png", "-o", "out.wav", "--high-hz", "30"), "65 Hz is not below 30 Hz; give --low-hz too"),
    (("a.png", "-o", "out.wav", "--low-hz", "300", "--high-hz", "200"), "swap them"),
    (("a.png", "-o", "out.wav", "--seed", "9223372036854775808"), "--seed"),
    (("a.png", "-o", ".wav"), "is a suffix without a name"),
    (("a.png", "-o", "out", "--format", "mp4", "--mp4", "films"), "--format mp4 is one already"),
])
def test_wrong_usage_is_said_before_any_work(
        play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str) -> None:
    monkeypatch.chdir(tmp_path)
    [line] = play(*arguments, code=2)
    assert says in line and not list(tmp_path.iterdir())


def test_a_film_is_never_written_over_itself(play: Play, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [numbered(n) for n in range(10)])
    before = (tmp_path / "a.mp4").read_bytes()
    [line] = play(tmp_path / "a.mp4", "-o", tmp_path / "a.mp4", code=2)
    assert "over itself" in line
    lines = play(tmp_path / "a.mp4", tmp_path / "a.mp4", "-o", tmp_path, "--format", "mp4", "--seconds", "0.2", code=1)
    assert "over itself" in lines[0] and (tmp_path / "a.mp4").read_bytes() == before


def test_a_film_beside_a_picture_of_its_name_is_never_written_over(play: Play, landscape: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "live.mp4", [numbered(n) for n in range(10)])
    before = (tmp_path / "live.mp4").read_bytes()
    Image.open(landscape).save(tmp_path / "live.jpg")
    play(tmp_path / "live.jpg", tmp_path / "live.mp4", "-o", tmp_path, "--format", "mp4", "--seconds", "0.2", code=1)
    assert (tmp_path / "live.mp4").read_bytes() == before
    play(tmp_path, "-o", tmp_path / "out", "--mp4", tmp_path, "--seconds", "0.2", code=1)
    assert (tmp_path / "live.mp4").read_bytes() == before


def test_a_sound_begins_and_ends_without_a_click(play: Play, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (220, 220, 220)).save(tmp_path / "grey.png")
    for name, fade_s in (("scan", 0.01), ("drone", 0.3), ("harmony", 0.3)):
        play(tmp_path / "grey.png", "-o", tmp_path / "a.wav", "--mp4", tmp_path / "a.mp4", "--instrument", name,
             "--seconds", "3")
        sound, rate = soundfile.read(tmp_path / "a.wav")
        assert len(sound) == 3 * rate and np.abs(sound[[0, -1]]).max() < 1e-3, name
        tenth = round(fade_s * rate / 10)
        assert np.abs(sound[-tenth:]).max() < 0.03 < np.abs(sound[-20 * tenth:-10 * tenth]).max(), name
        with av.open(str(tmp_path / "a.mp4")) as film:
            heard = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1)
        assert np.abs(heard[:, 3 * rate - 4:3 * rate]).max() < 0.01, name


@pytest.mark.parametrize("name", ["none", "demo", "0", " space.png", "~", "Fot\udcf6.png"])
def test_a_name_is_a_file_whatever_else_it_could_mean(
        play: Play, landscape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    if name in ("none", "demo", "~"):
        (tmp_path / name).mkdir()
        Image.open(landscape).save(tmp_path / name / "a.png")
    else:
        try:
            Path(name).write_bytes(landscape.read_bytes())
        except (OSError, UnicodeError):
            pytest.skip("the file system takes no such name")
    play(name, "-o", "a.wav", "--seconds", "0.2")
    assert np.abs(soundfile.read("a.wav")[0]).max() > 0.01
    play(name, "-o", "out", "--seconds", "0.2")
    [made] = Path("out").iterdir()
    assert made.name.encode() and np.abs(soundfile.read(made)[0]).max() > 0.01


def test_the_folder_one_is_in_gives_the_sound_its_name(
        play: Play, landscape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "holiday").mkdir()
    Image.open(landscape).save(tmp_path / "holiday" / "a.png")
    monkeypatch.chdir(tmp_path / "holiday")
    play(".", "-o", tmp_path / "a.wav", "--seconds", "0.2")
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert file.copy_metadata()["title"] == "holiday"


def test_a_piece_without_a_note_changes_no_file(landscape: Path, tmp_path: Path) -> None:
    silent = {f"synth.harmony.{part}": 0.0 for part in ("pad", "bass", "arp", "melody", "bells", "drums")}
    job = Job(landscape, tmp_path / "a.wav", tmp_path / "a.mp4", tmp_path / "a.mid")
    for path in job.outputs:
        path.write_bytes(b"older")
    with pytest.raises(FileError, match=r"a\.mid: not a note was played"):
        sonify(job, Options(preset=str(own_preset("harmony")), overrides=tuple(silent.items())), 0.5,
               lambda share: None)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"] * 3


def test_what_a_wav_cannot_hold_is_said_before_the_work(play: Play, landscape: Path, tmp_path: Path) -> None:
    [line] = play(landscape, "-o", tmp_path / "a.wav", "--seconds", "28800", code=2)
    assert "a.wav" in line and "write FLAC" in line and not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="there, no signal asks a process to end")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whoever_ends_it_half_way_finds_nothing_half_written(landscape: Path, tmp_path: Path, number: str) -> None:
    outputs = [tmp_path / f"a.{kind}" for kind in ("wav", "mp4", "mid")]
    outputs[0].write_bytes(b"older")
    code = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from pix2live.cli import main; sys.exit(main())")
    child = subprocess.Popen([sys.executable, "-c", code, "sonify", landscape, "-o", outputs[0], "--mp4", outputs[1],
                              "--midi", outputs[2], "--instrument", "harmony", "--seconds", "3600"],
                             stderr=subprocess.PIPE, text=True)
    end_s = time.monotonic() + 200.0

    def written() -> int:
        try:
            return (tmp_path / f".a.{child.pid}.part.wav").stat().st_size
        except FileNotFoundError:  # not there yet, or only to see whether the place can be written
            return 0

    while written() < 100_000:
        assert child.poll() is None and time.monotonic() < end_s
        time.sleep(0.05)
    child.send_signal(getattr(signal, number))
    said = child.communicate(timeout=30)[1]
    assert child.returncode == 130 and said.splitlines()[-1] == "pix2live: stopped"
    assert list(tmp_path.iterdir()) == [outputs[0]] and outputs[0].read_bytes() == b"older"


def test_a_fault_in_one_picture_does_not_cost_the_others(
        play: Play, landscape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pix2live.show import sonify as module

    whole = module.facts
    monkeypatch.setattr(module, "facts", lambda source, name: whole(source, name) if source == landscape else 1 / 0)
    lines = play(tmp_path / "b.png", landscape, "-o", tmp_path / "out", "--seconds", "0.2", code=1)
    assert "ZeroDivisionError" in lines[0] and lines[1].startswith("wrote ")


def test_options_are_ordinary_params() -> None:
    assert dict(overrides(None, ("scan",), {"--rows": "linear", "--low-hz": 100.0, "--high-hz": None})) == {
        "synth.scan.rows": 0.0, "synth.scan.low_hz": 100.0}
    harmony = dict(overrides("harmony", ("harmony",), {"--key": "Bb", "--scale": "minor", "--tempo": 90.0}))
    assert harmony["synth.harmony.level"] == 1.0 and harmony["synth.scan.level"] == 0.0
    assert harmony["synth.harmony.tempo"] == 90.0 and "synth.scan.root" not in harmony
    both = dict(overrides(None, ("scan", "drone"), {"--key": "f#"}))
    assert both["synth.scan.root"] == both["synth.drone.root"] == 6.0
    with pytest.raises(UsageError, match="no instrument kazoo"):
        sounding("kazoo", None)
    assert sounding(None, None) == ("scan",) and sounding("drone", "ember_sea") == ("drone",)
    assert sounding(None, "ember_sea") == ("scan",)


def test_two_of_one_name_from_two_folders_are_both_kept(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / folder / "x.png")
    made = jobs([tmp_path / "a", tmp_path / "b", tmp_path / "a" / "x.png"], tmp_path / "out", None, None, "wav")
    assert [job.sound.name for job in made if job.sound] == ["x.wav", "x.png.wav", "x.png 2.wav"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_odd_pictures_sound_and_every_broken_one_costs_one_line(play: Play, tmp_path: Path) -> None:
    for name, write in (("good", write_good), ("bad", write_bad)):
        (tmp_path / name).mkdir()
        write(tmp_path / name)
    good = sorted((tmp_path / "good").iterdir())[::4]  # each is looked at by the devices' tests
    bad = [path for path in sorted((tmp_path / "bad").iterdir()) if path.is_file()]
    lines = play(*good, *bad, "-o", tmp_path / "out", "--seconds", "0.15", "--sweep", "0.15", code=1)
    wrote = [line for line in lines if line.startswith("wrote ")]
    assert len(wrote) == len(good) and len(lines) == len(good) + len(bad) + 1
    for path in bad:
        assert sum(f"/{path.name}: " in line for line in lines) == 1, path.name
    for line in wrote:
        sound, _ = soundfile.read(line.removeprefix("wrote "))
        assert np.isfinite(sound).all() and np.sqrt((sound**2).mean()) > 0.003, line
    assert len(list((tmp_path / "out").iterdir())) == len(good)


def test_a_broken_film_is_one_line_and_exit_code_one(play: Play, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", [numbered(n) for n in range(30)]).read_bytes()
    with av.open(str(tmp_path / "sound.mp4"), "w") as film:
        stream = film.add_stream("aac", rate=48000)
        block = av.AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), "fltp", "stereo")
        block.sample_rate = 48000
        film.mux(stream.encode(block))
        film.mux(stream.encode(None))
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "head.mp4").write_bytes(whole[:40])
    for name, says in (("cut.mp4", "neither a picture nor a video"), ("head.mp4", "neither a picture nor a video"),
                       ("sound.mp4", "holds sound but no picture")):
        [line] = play(tmp_path / name, "-o", tmp_path / "out.wav", code=1)
        assert name in line and says in line
    assert not (tmp_path / "out.wav").exists()
