"""The measures on made-up answers whose scores are known, the store of peers' answers, and the whole command."""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tools import ears_corpus, ears_own, ears_peers, ears_score, eval_ears
from tools.ears_peers import System

LENGTH_S = 20.0
BEATS = [0.5 + 0.5 * i for i in range(38)]


@dataclass
class Played:
    """A truth: a beat of 120 from 0.5 s on."""

    name: str = "made-up"
    source: str = "here"
    path: Path = Path("made-up.wav")
    tags: list[str] = field(default_factory=lambda: ["steady"])
    beats_s: Any = field(default_factory=lambda: list(BEATS))
    downbeats_s: Any = field(default_factory=lambda: BEATS[::4])
    onsets_s: Any = field(default_factory=lambda: list(BEATS))
    soft_onsets_s: Any = field(default_factory=list)
    tempo: Any = field(default_factory=lambda: [(0.5, 120.0)])
    key: Any = "C major"
    chords: Any = field(default_factory=lambda: [(0.0, 10.0, "C:maj"), (10.0, 20.0, "A:min")])
    pitch: Any = field(default_factory=lambda: [(0.01 * i, 440.0 if i < 1000 else 0.0) for i in range(2000)])


def scored(task: str, heard: dict[str, Any] | None, truth: Played | None = None) -> dict[str, float]:
    return ears_score.score(task, truth or Played(), heard, True, LENGTH_S)[0]


def shifted(by_s: float) -> list[float]:
    return [at + by_s for at in BEATS]


# ---- onsets and beats ----------------------------------------------------------------------------------------------
def test_the_truth_itself_scores_one_everywhere() -> None:
    heard = {"onsets": BEATS, "beats": BEATS, "downbeats": BEATS[::4], "bpm": [(0.5, 120.0)], "key": "C major",
             "chords": Played().chords, "pitch": Played().pitch}
    for task in ears_score.NEEDS:
        found = scored(task, heard)
        lock = found.pop("lock s", 1.5)
        assert found and all(value == pytest.approx(1.0, abs=0.002) for value in found.values()), (task, found)
        assert lock == pytest.approx(1.5)


def test_hearing_nothing_scores_nought_and_is_not_left_out() -> None:
    for task in ears_score.NEEDS:
        for heard in ({}, None):
            found = scored(task, heard)
            assert found.pop("lock s", BEATS[-1] - BEATS[0]) == pytest.approx(BEATS[-1] - BEATS[0])
            assert found.pop("pitch all", 0.5) == pytest.approx(0.5, abs=0.01)  # half of the time there is no pitch
            assert found and set(found.values()) == {0.0}, task


def test_what_the_truth_does_not_know_is_not_scored() -> None:
    unknown = Played(beats_s=None, downbeats_s=None, onsets_s=None, tempo=None, key=None, chords=None, pitch=[])
    for task in ears_score.NEEDS:
        assert scored(task, {"onsets": BEATS, "beats": BEATS, "key": "C major"}, unknown) == {}


@pytest.mark.parametrize(("by_s", "wide", "narrow"), [(0.02, 1.0, 1.0), (0.03, 1.0, 0.0), (0.06, 0.0, 0.0)])
def test_onsets_count_within_their_window_alone(by_s: float, wide: float, narrow: float) -> None:
    found = scored("onset", {"onsets": shifted(by_s)})
    assert (found["onset F"], found["onset F25"]) == (wide, narrow)


def test_errors_keep_their_sign() -> None:
    for by_s in (-0.02, 0.03):
        for task, key in (("onset", "onsets"), ("beat", "beats")):
            off = ears_score.score(task, Played(), {key: shifted(by_s)}, True, LENGTH_S)[1]
            assert np.median(off) == pytest.approx(by_s)


def test_a_soft_onset_is_neither_asked_for_nor_held_against_anyone() -> None:
    truth = Played(soft_onsets_s=[1.25, 2.25])
    assert scored("onset", {"onsets": BEATS}, truth)["onset F"] == 1.0
    assert scored("onset", {"onsets": [*BEATS, 1.26, 2.24]}, truth)["onset F"] == 1.0
    # The soft one excuses one event, and none elsewhere.
    precision = 38 / 40
    assert scored("onset", {"onsets": [*BEATS, 1.24, 1.26, 3.25]}, truth)["onset F"] == pytest.approx(
        2 * precision / (precision + 1))


def test_lateness_is_of_the_saying_of_what_was_dated_right() -> None:
    late = ears_score.lateness([1.0, 2.0], [1.01, 2.0, 2.5], [1.08, 2.09, 2.6])
    np.testing.assert_allclose(late, [0.08, 0.09])


def test_a_double_tempo_is_right_on_another_metrical_level_alone() -> None:
    double = sorted([*BEATS, *(at + 0.25 for at in BEATS)])
    found = scored("beat", {"beats": double})
    assert found["CMLt"] == 0.0
    assert found["AMLt"] > 0.95
    assert found["beat F"] == pytest.approx(2 / 3, abs=0.02)


def test_the_first_five_seconds_of_beats_are_scored_apart() -> None:
    found = scored("beat", {"beats": [at for at in BEATS if at > 4.0]})
    assert found["beat F"] == found["CMLt"] == 1.0
    assert found["beat F all"] == pytest.approx(2 * 30 / (30 + 38))
    assert found["lock s"] == pytest.approx(5.5)  # 4.5, 5.0, 5.5 and 6.0, counted from 0.5


def test_a_lock_wants_four_in_a_row_with_none_between() -> None:
    true = np.array(BEATS)
    assert ears_score.lock_s(true, np.array([*BEATS[:3], *BEATS[4:]])) == pytest.approx(BEATS[7] - BEATS[0])
    double = np.sort(np.concatenate((true, true + 0.25)))
    assert ears_score.lock_s(true, double) == pytest.approx(true[-1] - true[0])


def test_downbeats_one_beat_off_are_wrong() -> None:
    assert scored("downbeat", {"downbeats": BEATS[1::4]})["downbeat F"] == 0.0


# ---- tempo ---------------------------------------------------------------------------------------------------------
def test_tempo_forgives_an_octave_in_its_second_figure_alone() -> None:
    for bpm, first, second in ((124.0, 1.0, 1.0), (126.0, 0.0, 0.0), (60.0, 0.0, 1.0), (240.0, 0.0, 1.0),
                               (90.0, 0.0, 0.0)):
        found = scored("tempo", {"bpm": [(0.0, bpm)]})
        assert (found["tempo 1"], found["tempo 2"]) == (first, second), bpm


def test_tempo_is_scored_as_it_was_known_and_where_there_is_a_beat() -> None:
    changing = Played(tempo=[(0.5, 120.0), (12.5, 90.0)])
    said = {"bpm": [(0.5, 120.0), (15.0, 90.0)]}
    assert scored("tempo", said, changing)["tempo 1"] == pytest.approx(25 / 30)
    # No beat from 10 s on: nobody is asked there.
    ending = Played(beats_s=[at for at in BEATS if at < 10.0])
    assert scored("tempo", {"bpm": [(0.5, 120.0), (11.0, 55.0)]}, ending)["tempo 1"] == 1.0


def test_beats_alone_tell_a_tempo_and_the_causal_one_not_before_they_came() -> None:
    beats = np.concatenate((np.arange(0.0, 10.0, 0.5), np.arange(10.0, 20.0, 1.0)))
    at = np.array([0.2, 9.7, 10.5, 16.5])
    np.testing.assert_allclose(ears_score.bpm_at({"beats": beats}, at, causal=True), [0, 120, 120, 60])
    assert ears_score.bpm_at({"beats": beats}, np.array([11.0]), causal=False)[0] == pytest.approx(60)
    np.testing.assert_array_equal(ears_score.bpm_at({}, at, causal=True), 0)


# ---- keys, chords, pitch -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "worth"), [("G major", 0.5), ("A minor", 0.3), ("C minor", 0.2), ("F# major", 0.0)])
def test_near_keys_are_worth_a_part(name: str, worth: float) -> None:
    assert scored("key", {"key": name})["key"] == worth


def test_a_key_in_time_is_worth_the_time_for_which_it_was_held() -> None:
    held = [(0.0, 8.0, ""), (8.0, 11.0, "G major"), (11.0, 20.0, "C major")]
    found = scored("key", {"key": held})
    assert found["key"] == 1.0
    assert found["key time"] == pytest.approx((3 * 0.5 + 9 * 1.0) / 15)


def test_chords_are_worth_the_time_for_which_their_triad_is_right() -> None:
    assert scored("chord", {"chords": [(0.0, 20.0, "C:maj")]})["chord"] == pytest.approx(0.5)
    late = [(0.0, 0.5, "N"), (0.5, 10.5, "C:maj"), (10.5, 20.0, "A:min")]
    assert scored("chord", {"chords": late})["chord"] == pytest.approx(0.95)


def test_a_pitch_an_octave_off_or_unvoiced_is_wrong() -> None:
    for hz, right in ((440.0, 1.0), (450.0, 1.0), (455.0, 0.0), (880.0, 0.0), (0.0, 0.0)):
        said = {"pitch": [(0.0053 * i, hz) for i in range(3000)]}
        assert scored("pitch", said)["pitch"] == pytest.approx(right, abs=0.002), hz


def test_a_consensus_is_what_enough_of_them_say_and_says_it_once() -> None:
    votes = [[1.0, 2.0, 3.0], [1.02, 2.02, 5.0], [1.04, 3.0, 6.0]]
    np.testing.assert_allclose(ears_score.consensus(votes, 0.05, 2), [1.02, 2.01, 3.0])
    np.testing.assert_allclose(ears_score.consensus(votes, 0.05, 3), [1.02])
    assert ears_score.consensus([[], [], [1.0]], 0.05, 2) == []


# ---- what the instrument published ---------------------------------------------------------------------------------
def test_events_are_the_growth_of_counters_and_beats_pass_within_their_hop() -> None:
    stamps = np.array([0.00, 0.01, 0.02, 0.03, 0.04])
    count = np.array([3.0, 3.0, 4.0, 4.0, 5.0])  # what was counted before the file is no event of it
    np.testing.assert_allclose(ears_own.events(stamps, count), [0.02, 0.04])
    phase, bpm = np.array([0.98, 0.99, 0.01, 0.03, 0.5]), np.full(5, 120.0)
    # 0.01 of a beat of 0.5 s is 5 ms ago; half a beat cannot have passed in one hop.
    np.testing.assert_allclose(ears_own.crossings(stamps, count, phase, bpm), [0.015, 0.03])


def test_labels_run_until_the_next_is_published() -> None:
    runs = ears_own.segments(np.array([0.1, 0.2, 0.3]), ["N", "C:maj", "C:maj"], 1.0)
    assert runs == [(0.1, 0.2, "N"), (0.2, 1.0, "C:maj")]


def test_signals_become_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    n, hop_s = 400, 0.01
    at = hop_s * np.arange(1, n + 1)
    beats = at * 2.0
    found = {name: np.zeros(n) for section in ("audio", "hearing") for name in ears_own.table.SECTIONS[section]}
    found |= {
        "audio": at, "hearing": at, "audio.onset_count": np.floor(at + 1e-9), "beat.bpm": np.full(n, 120.0),
        "beat.count": np.floor(beats + 1e-9), "beat.phase": (beats + 1e-9) % 1, "beat.bar": np.floor(beats / 4 + 1e-9),
        "tone.key": np.where(at < 1.0, -1, 9.0), "tone.mode": np.zeros(n), "tone.chord": np.where(at < 2.0, 2.0, 14.0),
        "tone.f0_hz": np.full(n, 440.0), "tone.confidence": np.where(at < 3.0, 0.9, 0.4),
    }
    monkeypatch.setattr(ears_own, "signals", lambda path: (found, {"callback": 0.25, "perception": 0.5}))
    soundfile.write(tmp_path / "a.wav", np.zeros(4 * 48000), 48000)
    heard = ears_own.heard(tmp_path / "a.wav")
    np.testing.assert_allclose(heard["onsets"], [1, 2, 3, 4])
    np.testing.assert_allclose(heard["beats"], [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4], atol=1e-6)
    np.testing.assert_allclose(heard["downbeats"], [2, 4], atol=1e-6)
    assert [label for *_, label in heard["key"]] == ["", "A minor"]
    assert [label for *_, label in heard["chords"]] == ["D:maj", "D:min"]
    assert heard["chords"][1][:2] == pytest.approx((2.0, 4.0))
    voiced = [hz for at_s, hz in heard["pitch"] if at_s < 2.995]
    assert set(voiced) == {440.0}
    assert {hz for at_s, hz in heard["pitch"] if at_s > 3.005} == {0.0}
    assert heard["cpu_s"] == 0.75


# ---- peers ---------------------------------------------------------------------------------------------------------
WORKER = """
import json, sys
if sys.argv[1] == "versions":
    print(json.dumps(dict.fromkeys(["made.onset", "early.both", "late.both", "lost.both"], "1"))); sys.exit()
for line in sys.stdin:
    name = line.strip().rpartition("/")[2]
    with open(sys.argv[0] + ".log", "a") as log:
        log.write(name + " ")
    if name == "dies.wav":
        sys.exit("no more of this")
    if sys.argv[1] != "made.onset":
        at = {"early.both": 6.0, "late.both": 6.02, "lost.both": 7.5}[sys.argv[1]]
        answer = {"onsets": [at, at + 2], "beats": [at, at + 0.5, at + 1, at + 1.5], "cpu_s": 0.1}
        print(json.dumps(answer), flush=True)
        continue
    answer = {"error": "cannot"} if name == "fails.wav" else {"onsets": [1.0], "onsets_known": [1.04], "cpu_s": 0.1}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up peer with one ear; the folder holds its worker, with a log of what it was asked to hear."""
    (tmp_path / "worker.py").write_text(WORKER)
    monkeypatch.setattr(ears_peers, "FOLDER", tmp_path / "peers")
    monkeypatch.setattr(ears_peers, "WORKER", tmp_path / "worker.py")
    monkeypatch.setattr(ears_peers, "python", lambda: Path(sys.executable))
    monkeypatch.setattr(ears_peers, "SYSTEMS", (System("made", True, {"onset": "made.onset", "beat": "made.beat"}),))
    (tmp_path / "peers").mkdir()
    ears_peers.versions.cache_clear()
    yield tmp_path
    ears_peers.versions.cache_clear()


def sounds(folder: Path, *names: str) -> list[Path]:
    for i, name in enumerate(names):
        soundfile.write(folder / name, np.full(960, 0.01 * (i + 1)), 48000)
    return [folder / name for name in names]


def test_an_answer_is_kept_by_the_bytes_of_its_clip_and_a_failure_is_not(peers: Path) -> None:
    said: list[str] = []
    paths = sounds(peers, "a.wav", "fails.wav", "dies.wav", "b.wav")
    assert [bool(answer) for answer in ears_peers.hear("made.onset", paths, said.append)] == [True, False, False, False]
    assert "failed on 2 of 4" in said[0]
    (peers / "dies.wav").write_bytes((peers / "a.wav").read_bytes())
    again = ears_peers.hear("made.onset", [paths[0], paths[2], paths[3]], said.append)
    assert again == [{"onsets": [1.0], "onsets_known": [1.04], "cpu_s": 0.1}] * 3
    assert (peers / "worker.py.log").read_text().split() == ["a.wav", "fails.wav", "dies.wav", "b.wav"]


def test_a_causal_peer_is_scored_when_it_spoke_and_again_by_its_own_dates(peers: Path) -> None:
    (path,) = sounds(peers, "a.wav")
    truth = Played(path=path, onsets_s=[1.0], beats_s=None, tempo=None, key=None, chords=None, pitch=[])
    known, dated = eval_ears.measure([truth], ears_peers.SYSTEMS, lambda _: None)
    assert (known.figures["onset F"], known.figures["onset F25"]) == (1.0, 0.0)
    assert known.figures["onset ms"] == known.figures["late ms"] == pytest.approx(40.0)
    assert known.figures["us/s"] == pytest.approx(1e6 * 0.1 / 0.02)
    assert (dated.name, dated.figures["onset F25"], dated.figures["onset ms"]) == ("made, back-dated", 1.0, 0.0)


def test_a_missing_ear_is_said_and_shown_as_a_dash(peers: Path) -> None:
    (path,) = sounds(peers, "a.wav")
    said: list[str] = []
    rows = eval_ears.measure([Played(path=path)], ears_peers.SYSTEMS, said.append)
    assert said == ["made: made.beat not here: python -m tools.eval_ears --make-peers"]
    line = eval_ears.overview(rows).splitlines()[2].split("|")
    head = [cell.strip() for cell in eval_ears.overview(rows).splitlines()[0].split("|")]
    assert line[head.index("beat F")].strip() == "-"
    assert line[head.index("onset F")].strip() != "-"


def test_without_any_peer_there_is_a_line_and_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears_peers, "FOLDER", tmp_path / "none")
    ears_peers.versions.cache_clear()
    said: list[str] = []
    assert eval_ears.measure([Played()], ears_peers.SYSTEMS, said.append) == []
    assert len(said) == len(ears_peers.SYSTEMS)
    assert all("--make-peers" in line for line in said)
    ears_peers.versions.cache_clear()


def test_on_real_recordings_the_consensus_of_the_offline_peers_is_the_truth(
        peers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = sounds(peers, "a.wav")
    names = {"librosa": "early", "essentia": "late", "madmom": "lost", "madmom other": "late"}
    systems = tuple(System(name, False, {"onset": f"{unit}.both", "beat": f"{unit}.both", "key": "none"})
                    for name, unit in names.items())
    monkeypatch.setattr(ears_peers, "SYSTEMS", systems)
    monkeypatch.setattr(ears_corpus, "real_tracks", lambda folder: [path])
    rows = {row.name: row.figures for row in eval_ears.real(systems, peers, 0, lambda _: None)}
    assert rows["librosa (votes)"]["onset F"] == rows["essentia (votes)"]["onset F"] == 1.0
    assert rows["madmom (votes)"]["onset F"] == 0.0
    assert rows["librosa (votes)"]["beat F"] == 1.0
    assert 0 < rows["madmom (votes)"]["beat F"] < 0.5  # its first beat alone is one of theirs


def test_the_tables_set_the_instrument_beside_the_best_of_each_kind() -> None:
    clips = [Played(), Played(name="other", tags=["ramp"])]
    figures = {"pix2live": (0.7, 0.9), "slow": (0.5, 0.5), "quick": (0.8, 0.9), "offline": (0.9, 1.0)}
    rows = [eval_ears.Row(name, name != "offline", {clip.name: {"beat F": value} for clip, value in
                                                    zip(clips, pair, strict=True)}, {"beat F": float(np.mean(pair))})
            for name, pair in figures.items()]
    assert [row.name for row in eval_ears.beside(rows, "beat F")] == ["pix2live", "quick", "offline"]
    ramp, steady = [line.split("|")[1:6] for line in eval_ears.by_tag(rows, clips).splitlines()[2:]]
    assert [cell.strip() for cell in ramp] == ["ramp", "1", "0.900", "0.900", "1.000"]
    assert [cell.strip() for cell in steady] == ["steady", "1", "0.700", "0.800", "0.900"]
    assert eval_ears.worst(rows, clips, "beat F").splitlines()[2].split("|")[1].strip() == "made-up"


# ---- the whole -----------------------------------------------------------------------------------------------------
def test_the_command_hears_a_clip_through_the_instrument(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rate, beats = 48000, [0.5 + 0.5 * i for i in range(13)]
    sound, rng = np.zeros(7 * rate), np.random.default_rng(3)
    for at in beats:
        first = int(at * rate)
        sound[first:first + 2400] += 0.5 * rng.standard_normal(2400) * np.exp(-np.arange(2400) / 400)
    soundfile.write(tmp_path / "clicks.wav", sound, rate)
    clip = ears_corpus.Clip("clicks", "dev", "here", ["steady"], tmp_path / "clicks.wav", beats, beats[::4], beats,
                            [(0.5, 120.0)], None, None, [])
    data = {key: value for key, value in asdict(clip).items() if key != "path"}
    (tmp_path / "clicks.json").write_text(json.dumps(data))
    (tmp_path / "manifest.json").write_text(json.dumps(
        {"version": ears_corpus.VERSION, "seed": 0, "clips": ["clicks", "clicks"]}))
    eval_ears.main(["--folder", str(tmp_path), "--split", "dev", "--only", "own", "--limit", "1", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["causal"], list(row["clips"])) == ("pix2live", True, ["clicks"])
    assert row["figures"]["onset F"] == 1.0
    assert 0 < row["figures"]["onset ms"] < 25
    assert set(row["figures"]) >= {"beat F", "CMLt", "AMLt", "tempo 1", "downbeat F", "us/s"}
    assert row["figures"]["us/s"] == pytest.approx(sum(row["cost"].values()))
    assert not {"key", "chord", "pitch"} & set(row["figures"])


def test_no_corpus_is_one_line_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"tools\.ears_corpus"):
        eval_ears.main(["--folder", str(tmp_path), "--only", "own"])
