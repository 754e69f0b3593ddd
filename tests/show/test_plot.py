"""The page of `analyze --plot`: made-up hearing with known contents, and what of it stands on the page."""

import builtins
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from pix2live.errors import FileError
from pix2live.show.analysis import Analysis
from pix2live.show.plot import _clock, draw, plot

HOP_S, SECONDS = 256 / 48000, 12.0


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "Some Song.wav"
    at = np.arange(int(SECONDS * 48000)) / 48000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 220 * at) * np.where(at < 6.0, 0.2, 1.0), 48000)
    return path


def heard(*without: str) -> Analysis:
    """120 BPM, C then A minor, drops at 6 s into a second section; a build from 3 s on."""
    time = np.arange(1, int(SECONDS / HOP_S) + 1) * HOP_S
    ones = np.ones(len(time))
    signals = {
        "audio.lufs_m": -20 + np.sin(time), "audio.lufs_s": -21 * ones,
        "audio.spectrum": np.random.default_rng(0).random((len(time), 512)).astype(np.float32),
        "audio.kick_count": np.floor(2 * time), "audio.snare_count": np.floor(time),
        "audio.hat_count": np.floor(4 * time),
        "beat.count": np.floor(2 * time), "beat.bar": np.floor(time / 2), "beat.bpm": 120 * ones,
        "beat.confidence": np.clip(time / 4, 0, 1), "tone.key": np.where(time < 2, -1.0, 0.0), "tone.mode": ones,
        "tone.chord": np.where(time < 6, 0.0, 21.0), **{f"tone.chroma.{i}": ones * (i == 0) for i in range(12)},
        "form.energy_trend": np.sin(time), "form.build": np.clip((time - 3) / 3, 0, 1) * (time < 6),
        "form.drop": np.where(time < 6, 0.0, np.exp(6 - time)), "form.section_count": 1.0 * (time >= 6),
    }
    kept = {name: values for name, values in signals.items() if not name.startswith(without)} if without else signals
    onset_s = np.arange(0.5, SECONDS, 0.5)
    return Analysis(time, kept, {"onset_s": onset_s, "onset_known_s": onset_s + 0.011}, 48000, [])


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [t.get_text() for t in figure.texts]


def lane(figure, name: str):
    return next(axes for axes in figure.axes if axes.get_label() == name)


def artist(axes, label: str):
    return next(child for child in axes.get_children() if child.get_label() == label)


def test_every_lane_stands_on_one_time_axis(song: Path) -> None:
    figure = draw(heard(), song)
    assert [axes.get_label() for axes in figure.axes] == [
        "waveform", "loudness", "spectrum", "hits", "beat", "tempo", "chroma", "harmony", "form"]
    for axes in figure.axes:
        assert axes.get_xlim() == pytest.approx((0.0, SECONDS))
    assert "Some Song" in texts(figure)
    facts = next(text for text in texts(figure) if "onsets" in text)
    assert "120.0 BPM" in facts and "C major" in facts and "-21.0 LUFS" in facts and "23 onsets" in facts


def test_events_stand_where_they_were_heard(song: Path) -> None:
    figure = draw(heard(), song)

    def at(name: str, label: str) -> np.ndarray:
        return np.array([segment[0][0] for segment in artist(lane(figure, name), label).get_segments()])

    assert at("hits", "onset") == pytest.approx(np.arange(0.5, SECONDS, 0.5))
    assert at("hits", "kick") == pytest.approx(np.arange(0.5, SECONDS + 0.1, 0.5), abs=HOP_S)
    assert len(at("hits", "snare")) == 12 and len(at("hits", "hat")) == 48
    assert at("beat", "beats") == pytest.approx(np.arange(0.5, SECONDS + 0.1, 0.5), abs=HOP_S)
    assert at("beat", "bars") == pytest.approx(np.arange(2.0, SECONDS + 0.1, 2.0), abs=HOP_S)
    drop = artist(lane(figure, "form"), "drop").get_offsets()
    assert np.asarray(drop)[:, 0] == pytest.approx([6.0], abs=HOP_S)


def test_curves_keys_chords_and_sections_are_drawn(song: Path) -> None:
    figure = draw(heard(), song)
    assert artist(lane(figure, "form"), "build").get_ydata().max() == pytest.approx(1.0, abs=0.02)
    assert artist(lane(figure, "form"), "trend") is not None
    assert np.allclose([s[:, 1] for s in artist(lane(figure, "tempo"), "tempo").get_segments()], 120.0)
    assert artist(lane(figure, "loudness"), "short-term").get_ydata() == pytest.approx(-21.0)
    words = texts(figure)
    assert "C major" in words and "C" in words and "Am" in words  # key, and chords 0 and 21
    assert "A" in words and "B" in words  # the sections
    assert artist(lane(figure, "spectrum"), "spectrogram").get_array().shape[0] == 512
    assert artist(lane(figure, "chroma"), "chroma").get_array().shape[0] == 12


def test_the_waveform_is_the_files_own(song: Path) -> None:
    figure = draw(heard(), song)
    shape = artist(lane(figure, "waveform"), "waveform").get_paths()[0].vertices
    for begin, end, peak in ((1.0, 5.0, 0.1), (7.0, 11.0, 0.5)):
        inside = shape[(shape[:, 0] > begin) & (shape[:, 0] < end), 1]
        assert inside.max() == pytest.approx(peak, rel=0.02) and inside.min() == pytest.approx(-peak, rel=0.02)


@pytest.mark.parametrize(("without", "gone"), [
    ("beat.", {"beat", "tempo"}), ("tone.", {"chroma", "harmony"}), ("form.", {"form"}),
    ("tone.chord", set()), ("form.section_count", set()), ("audio.kick_count", set()),
    ("audio.", {"loudness", "spectrum"})])
def test_lanes_of_missing_signals_are_left_out(song: Path, without: str, gone: set[str]) -> None:
    labels = {axes.get_label() for axes in draw(heard(), song).axes}
    assert {axes.get_label() for axes in draw(heard(without), song).axes} == labels - gone


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_file_is_whole_and_of_its_kind(song: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"page{suffix}"
    plot(heard(), song, output)
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    start = output.read_bytes()[:400]
    if suffix == ".png":
        picture = Image.open(output)
        assert picture.size == (3840, 2160)
        small = np.asarray(picture.convert("RGB").resize((192, 108))).astype(int)
        assert small[0, 0].max() < 40 and np.ptp(small, axis=2).max() > 60  # dark paper, colours on it
    else:
        assert (b"<svg" if suffix == ".svg" else b"%PDF") in output.read_bytes()[:2000], start


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_a_piece_of_no_length_still_gives_a_page(song: Path, hops: int) -> None:
    whole = heard()
    short = Analysis(whole.time_s[:hops], {name: values[:hops] for name, values in whole.signals.items()},
                     {"onset_s": np.zeros(0)}, 48000, [])
    figure = draw(short, song)
    assert "waveform" in {axes.get_label() for axes in figure.axes}
    figure.draw_without_rendering()


def test_without_matplotlib_one_line_says_how_to_mend_it(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args, **kwargs):
        if name == "matplotlib" or name.startswith("matplotlib."):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(FileError, match=r"pip install 'pix2live\[plot\]'") as caught:
        draw(heard(), song)
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_known_before_the_work(song: Path, tmp_path: Path) -> None:
    for bad in (tmp_path / "page.bmp", tmp_path / "missing" / "page.png"):
        with pytest.raises(FileError):
            plot(heard(), song, bad)
    assert not list(tmp_path.iterdir())


def test_times_read_as_minutes_and_seconds() -> None:
    assert [_clock(s) for s in (0.0, 59.6, 61.0, 600.0)] == ["0:00", "1:00", "1:01", "10:00"]
