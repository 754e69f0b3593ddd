"""The corpus of music with known answers: that its answers are those of the sound, and that a seed decides all."""

import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tools import ears_corpus, ears_corpus_beats, ears_corpus_kit, ears_corpus_scores
from tools.ears_corpus import Recipe, breaks, load, make, missing, plan
from tools.ears_corpus_charts import Chart, lead_line, make_chart
from tools.ears_corpus_degrade import degrade
from tools.ears_corpus_midi import (
    DRUMS,
    FONTS,
    RATE,
    CorpusError,
    Note,
    Piece,
    Tempo,
    heard_from,
    lags,
    perform,
    read_midi,
    write_midi,
)
from tools.ears_corpus_truth import answers, chords_s, onsets


def clicks(times: list[float], seconds: float, decay_s: float = 0.01) -> np.ndarray:
    out = np.zeros((int(seconds * RATE), 2), np.float32)
    shot = np.random.default_rng(0).standard_normal(4800) * np.exp(-np.arange(4800) / (decay_s * RATE))
    for t in times:
        at = round(t * RATE)
        out[at : at + len(shot)] += shot[: len(out) - at, None].astype(np.float32)
    return out


def test_midi_reads_back_as_it_was_written(tmp_path: Path) -> None:
    notes = [Note(0.25, 0.5, 0, 60, 90), Note(0.5, 1.0, DRUMS, 36, 127), Note(130.0005, 0.25, 3, 72, 1)]
    setup = [(0.0, bytes([0xC0, 73])), (2.0, bytes([0xB3, 7, 100]))]
    write_midi(tmp_path / "a.mid", notes, setup, 140.0)
    # The file's tempo is 120: a quarter is half a second.
    read, messages = read_midi(tmp_path / "a.mid")
    assert [(n.start / 2, n.length / 2, n.channel, n.pitch, n.velocity) for n in read] == [
        pytest.approx((n.start, n.length, n.channel, n.pitch, n.velocity), abs=2.6e-4) for n in notes
    ]
    assert [(t / 2, m) for t, m in messages] == setup


def test_a_tempo_goes_through_its_points_and_stops() -> None:
    tempo = Tempo([(0, 1.0), (4, 3.0), (8, 4.0)], [(4, 10.0)])
    assert tempo.at(0) == 1.0
    assert tempo.at(2) == 2.0
    assert tempo.at(4, before=True) == 3.0
    assert tempo.at(4) == 13.0
    assert tempo.at(6) == 13.5
    assert tempo.at(-1) == 0.5
    assert tempo.bpm(1) == pytest.approx(120)
    assert tempo.bpm(4) == pytest.approx(240)


def test_a_note_ends_where_the_music_stops() -> None:
    piece = Piece("x", [0, 1, 2, 3], [0], [Note(3.5, 2.0, 0, 60, 90)], 60.0)
    notes, _ = perform(piece, Tempo([(0, 0.0), (8, 8.0)], [(4, 5.0)]))
    assert notes[0].start == 3.5
    assert notes[0].length == pytest.approx(0.5)


def test_there_is_no_chord_while_the_music_stops() -> None:
    tempo = Tempo([(0, 0.0), (16, 8.0)], [(6, 3.0)])
    assert chords_s([(0, 8, "C:maj"), (8, 16, "G:maj")], tempo) == [
        (0.0, 3.0, "C:maj"), (3.0, 6.0, "N"), (6.0, 7.0, "C:maj"), (7.0, 11.0, "G:maj"),
    ]  # fmt: skip


def test_near_notes_are_one_onset_and_buried_ones_none() -> None:
    hits = [0.5, 1.0, 2.0]
    notes = [Note(0.5, 0.1, 0, 60, 100), Note(0.52, 0.1, 0, 64, 100), Note(1.0, 0.1, 0, 60, 100),
             Note(1.5, 0.1, 0, 60, 10), Note(1.7, 0.1, 0, 60, 90), Note(2.0, 0.1, 0, 60, 100),
             Note(2.04, 0.1, 0, 67, 100)]  # fmt: skip
    asked, soft = onsets(notes, clicks(hits, 3.0))  # nothing sounds at 1.7
    assert asked == hits
    assert soft == [1.5, 1.7, 2.04]


def test_a_soft_grace_does_not_move_the_onset_it_leads_to() -> None:
    notes = [Note(1.0, 0.1, 0, 60, 30), Note(1.02, 0.1, 0, 64, 120)]
    assert onsets(notes, clicks([1.02], 2.0))[0] == [1.02]


def test_the_answers_follow_the_tempo() -> None:
    piece = Piece("x", [0.0, 1, 2, 3], [0.0, 2.0], [Note(b, 0.5, 0, 69, 100) for b in range(4)], 120, key="A minor",
                  chords=[(0.0, 4.0, "A:min")], melody=0, end=4.0)  # fmt: skip
    tempo = Tempo([(0, 1.0), (2, 2.0), (4, 4.0)])
    notes, _ = perform(piece, tempo)
    truth = answers(piece, tempo, notes, notes, clicks([1.0, 1.5, 2.0, 3.0], 5.0))
    assert truth["beats_s"] == [1.0, 1.5, 2.0, 3.0] == truth["onsets_s"]
    assert truth["downbeats_s"] == [1.0, 2.0]
    assert truth["tempo"] == [(1.0, 120.0), (2.0, 60.0)]
    assert truth["chords"] == [(1.0, 4.0, "A:min")]
    hz = dict(truth["pitch"])
    assert hz[1.1] == 440.0
    assert hz[1.4] == 0.0
    assert hz[0.5] == 0.0


@pytest.mark.parametrize("jazz", [False, True])
def test_a_chart_stays_in_its_key_from_tonic_to_tonic(jazz: bool) -> None:
    for seed in range(20):
        chart = make_chart(random.Random(seed), 13, jazz)
        assert len(chart.bars) == 13
        assert chart.bars[0][0][1] == chart.tonic == chart.bars[-1][0][1]
        labels = chart.labels([4.0 * b for b in range(13)], 52.0)
        assert labels[0][0] == 0.0
        assert labels[-1][1] == 52.0
        assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(labels))


def test_a_bars_second_chord_begins_at_its_half() -> None:
    chart = Chart(0, "major", [[(0.5, 0, ""), (0.5, 7, "7")]])
    assert chart.labels([0.0], 4.0) == [(0.0, 2.0, "C:maj"), (2.0, 4.0, "G:7")]
    assert chart.mma(4) == ["1 C / G7"]
    assert chart.mma(6) == ["1 C / / G7"]


def test_a_lead_plays_in_the_key() -> None:
    chart = Chart(2, "major", [[(1.0, 2, "")]] * 3)
    notes = lead_line(random.Random(1), chart, [0.0, 4.0, 8.0], 12.0, 5, False)
    assert notes
    assert {n.pitch % 12 for n in notes} <= {(2 + s) % 12 for s in (0, 2, 4, 5, 7, 9, 11)}


def test_what_stands_between_moves_no_onset() -> None:
    hits = [0.3, 0.9, 1.5]
    dry = clicks(hits, 2.0, 0.003)
    babble = np.random.default_rng(1).standard_normal((RATE, 2))
    for kind in ("clean", "room", "room+crowd+mono", "noise"):
        heard, figures = degrade(dry, kind, babble, 7)
        assert heard.shape == (len(dry), 1 if "mono" in kind else 2)
        assert 20 * np.log10(np.abs(heard).max()) == pytest.approx(figures["peak_db"], abs=0.1)
        assert -30 <= figures["peak_db"] <= -6
        envelope = np.abs(heard).max(axis=1)
        for t in hits:
            before = envelope[round((t - 0.02) * RATE) : round(t * RATE) - 1].max()
            assert envelope[round(t * RATE) : round((t + 0.002) * RATE)].max() > 2 * before


def test_noise_comes_at_the_ratio_it_says() -> None:
    t = np.arange(2 * RATE) / RATE
    dry = np.tile(np.sin(2 * np.pi * 1000 * t)[:, None], (1, 2)).astype(np.float32)
    heard, figures = degrade(dry, "noise", dry, 3)
    gain = 2 * np.mean(heard[:, 0] * dry[:, 0])
    left = heard - gain * dry
    snr_db = 10 * np.log10(np.mean((gain * dry) ** 2) / np.mean(left**2))
    assert snr_db == pytest.approx(figures["noise_snr_db"], abs=0.5)


def test_a_break_takes_the_drums_or_all_but_them_for_four_bars() -> None:
    seen = set()
    for seed in range(200):
        notes = [Note(float(b), 1.5, c, 60, 90) for b in range(48) for c in (0, DRUMS)]
        piece = Piece("x", [float(b) for b in range(48)], [4.0 * b for b in range(12)], notes, 120, key="C major",
                      chords=[(0.0, 48.0, "C:maj")], tags=["drums"], end=48.0)  # fmt: skip
        for a, b in breaks(piece, random.Random(seed)):
            assert b - a == 16
            inside = {n.channel for n in piece.notes if a <= n.start < b}
            assert inside == ({DRUMS} if "drum break" in piece.tags else {0})
            outside = [n for n in piece.notes if not a <= n.start < b]
            assert len(outside) == 2 * 32
            assert ("N" in [c for _, _, c in piece.chords or []]) == ("drum break" in piece.tags)
            seen.add(piece.tags[-1])
    assert seen == {"drum break", "beatless break"}


def test_drums_alone_do_not_break_into_silence() -> None:
    for seed in range(100):
        notes = [Note(float(b), 0.1, DRUMS, 38, 90) for b in range(48)]
        piece = Piece("x", [float(b) for b in range(48)], [4.0 * b for b in range(12)], notes, 120)
        piece.tags, piece.end = ["drums"], 48.0
        assert breaks(piece, random.Random(seed)) == []
        assert len(piece.notes) == 48


def test_a_drum_machine_hits_where_it_is_told_and_the_music_ducks() -> None:
    for pitch in ears_corpus_kit.LEVELS:
        sound = ears_corpus_kit.play([Note(0.5, 0.1, DRUMS, pitch, 110)], 2 * RATE, 5)
        loud = np.abs(sound).max(axis=1) > 0.01
        assert np.argmax(loud) == pytest.approx(0.5 * RATE, abs=96)  # 2 ms: a shaker swells
        assert sound.shape == (2 * RATE, 2)
    notes = [Note(0.5, 0.1, DRUMS, ears_corpus_kit.KICK, 110), Note(1.0, 0.1, DRUMS, ears_corpus_kit.CLOSED, 110)]
    ducked = ears_corpus_kit.pumped(np.ones((2 * RATE, 2)), notes, 0.8, 0.2)
    assert ducked[: RATE // 2].min() == 1.0
    assert ducked[RATE // 2 + 240 : RATE // 2 + 480].max() < 0.3
    assert ducked[int(0.71 * RATE) :].min() == 1.0


def test_every_style_fills_its_bars_with_drums_on_the_grid() -> None:
    for source in ears_corpus_beats.sources():
        piece, spans = ears_corpus_beats.track(source, 25.0, random.Random(source))
        assert 20 < 60 * piece.end / piece.bpm < 45
        kicks = [n.start for n in piece.notes if n.channel == DRUMS and n.pitch == 36]
        swung = [k for k in kicks if (4 * k) % 1 > 1e-6]
        assert all((4 * k) % 2 > 1 for k in swung), source  # only every second sixteenth is late
        assert all(not a <= k < b for k in kicks for a, b in spans)
        assert all(0 <= n.start < piece.end and 0 < n.pitch < 128 and 0 < n.velocity < 128 for n in piece.notes)
        assert piece.chords is not None
        assert piece.chords[0][0] == 0.0
        assert piece.chords[-1][1] == piece.end


def test_no_source_is_in_two_splits_and_all_kinds_come_early() -> None:
    recipes = plan(200, 3)
    home: dict[str, str] = {}
    for r in recipes:
        for source in (r.source, r.spare):
            if r.kind not in ("mma", "beats") or source == r.source:
                assert home.setdefault(f"{r.kind} {source}", r.split) == r.split
    shares = {s: sum(r.split == s for r in recipes) / 200 for s in ("train", "dev", "test")}
    assert shares == pytest.approx({"train": 0.5, "dev": 0.2, "test": 0.3}, abs=0.03)
    assert {r.kind for r in recipes[:16]} == {"mma", "beats", "melody", "score"}
    assert sum(r.kind in ("melody", "score") for r in recipes) <= 50
    assert plan(20, 3) == recipes[:20]
    assert plan(20, 4) != recipes[:20]


def test_an_onset_is_as_late_as_the_instrument_of_its_moment() -> None:
    lag_s = [0.001 * program for program in range(128)]
    setup = [(0.0, bytes([0xC2, 10])), (1.0, bytes([0xC2, 40])), (0.0, bytes([0xC9, 25]))]
    notes = [Note(0.5, 0.1, 2, 60, 90), Note(1.5, 0.1, 2, 60, 90), Note(1.5, 0.1, DRUMS, 36, 90), Note(2, 1, 3, 60, 90)]
    assert [n.start for n in heard_from(notes, setup, lag_s)] == pytest.approx([0.51, 1.54, 1.5, 2.0])


def test_a_piano_is_heard_at_once_and_strings_are_not(tmp_path: Path) -> None:
    found = lags("timgm", tmp_path)
    assert found[0] < 0.01
    assert all(0 <= f < 0.2 for f in found)
    assert found[48] > found[0] + 0.01


def test_a_tune_is_played_on_its_beats() -> None:
    piece = ears_corpus_scores.score("ryansMammoth/MinstrelsFancyClog.abc", 20.0, random.Random(1))
    assert piece.downbeats[1] - piece.downbeats[0] == 2.0
    strong = sum(min(abs(n.start - d) for n in piece.notes) < 0.05 for d in piece.downbeats)
    assert strong > 0.8 * len(piece.downbeats)


def test_a_clip_sounds_where_its_answers_say_and_a_seed_makes_it_again(tmp_path: Path) -> None:
    recipe = Recipe("000-mma", "mma", "test", "casio/techno.mma", "casio/techno.mma", 3)
    said = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        soundfile.write(folder / "crowd-3.wav", np.random.default_rng(1).standard_normal((RATE, 2)) * 0.1, RATE)
        for font in FONTS:
            (folder / f"lags-{font}.json").write_text(json.dumps([0.0] * 128), encoding="utf-8")
        make(recipe, folder)
        (folder / "manifest.json").write_text(
            f'{{"version": {ears_corpus.VERSION}, "seed": 3, "clips": ["000-mma"]}}', encoding="utf-8"
        )
        said.append((folder / "000-mma.json").read_text(encoding="utf-8"))
        left = {p.name for p in folder.iterdir() if not p.name.startswith("lags")}
        assert left == {"000-mma.json", "000-mma.wav", "crowd-3.wav", "manifest.json"}
    assert said[0] == said[1]
    assert (tmp_path / "a/000-mma.wav").read_bytes() == (tmp_path / "b/000-mma.wav").read_bytes()
    clip = load(tmp_path / "a")[0]
    info = soundfile.info(clip.path)
    assert (info.samplerate, info.subtype) == (RATE, "PCM_24")
    assert clip.beats_s and clip.downbeats_s and clip.onsets_s and clip.chords and clip.tempo
    assert set(clip.downbeats_s) <= set(clip.beats_s)
    assert clip.beats_s[-1] < info.duration
    assert clip.pitch == []


def test_an_unbuilt_folder_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no corpus in"):
        load(tmp_path)


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears_corpus.shutil, "which", lambda program: None if program == "mma" else program)
    said = missing()
    assert said is not None
    assert "apt install mma" in said
