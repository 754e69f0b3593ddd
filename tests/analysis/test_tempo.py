import numpy as np
import pytest

from pix2live.analysis.novelty import FUNCTIONS, Novelty
from pix2live.analysis.pulse import DELAY_S, Pulse
from pix2live.analysis.tempo import Tempo
from pix2live.signals.transport import Transport

from .sounds import RATE, hat, kick, noise, pad, snare

HOP = 256
HOP_S = HOP / RATE
NONE = np.zeros(0, np.float32)


@pytest.fixture(scope="module")
def stages():
    novelty = Novelty(RATE, HOP)
    return novelty, Pulse(novelty.centre_hz), Tempo(RATE, HOP)


class Followed:
    """All rows of one sound, and the moments at which beats and bars were counted."""

    def __init__(self, stages, sound, extra=NONE):
        novelty, pulse, tempo = stages
        for stage in stages:
            stage.reset()
        hops = len(sound) // HOP
        self.rows = np.zeros((hops, 7))
        for i in range(hops):
            functions = novelty.process(sound[i * HOP : (i + 1) * HOP])
            learned = extra[i] if len(extra) else pulse.process(novelty.logs, novelty.smooth)
            tempo.process(functions, learned, self.rows[i])
        self.seconds = (np.arange(hops) + 1) * HOP_S
        self.bpm, self.phase, self.bar_phase, self.count, self.bar, self.confidence, self.meter = self.rows.T

    def beats(self, column: int = 3):
        """When the counter grew, to a fraction of a hop."""
        at = np.flatnonzero(np.diff(self.rows[:, column]) > 0) + 1
        if column == 4:
            return self.seconds[at] - 0.5 * HOP_S
        past = self.phase[at] / np.maximum(self.phase[at] + 1.0 - self.phase[at - 1], 1e-9)
        return self.seconds[at] - past * HOP_S

    def late_ms(self, times, after_s=0.0):
        """How late each beat after ``after_s`` was counted, against the nearest of ``times``."""
        beats = self.beats()
        beats = beats[(beats > after_s) & (beats < times[-1] + 0.1)]
        return 1e3 * np.array([beat - times[np.abs(times - beat).argmin()] for beat in beats])


def clicks(times, seconds, amplitude=0.8):
    sound = np.zeros(int(seconds * RATE), np.float32)
    at = (np.asarray(times) * RATE).round().astype(int)
    sound[at[at < len(sound)]] = amplitude
    return sound


def band(beats, seconds, swing=0.5, beats_a_bar=4, seed=0):
    """Drums at given beat times: kick on the first (and third of four), snare on the rest, hats on the eighths."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(int((seconds + 1) * RATE))

    def strike(drum, at, gain):
        start, made = int(at * RATE), gain * drum(RATE, rng)
        sound[start : start + len(made)] += made[: len(sound) - start]

    for i, at in enumerate(beats):
        if at >= seconds:
            break
        place = i % beats_a_bar
        first = place == 0 or (beats_a_bar == 4 and place == 2)
        # Three beats go as a waltz does: low, high, high.
        drum = kick if first else snare if beats_a_bar == 4 else hat
        strike(drum, at, (0.9 if place == 0 else 0.75) if first else 0.6)
        strike(hat, at, 0.5)
        if i + 1 < len(beats) and beats_a_bar == 4:
            strike(hat, at + swing * (beats[i + 1] - at), 0.4)
    return (0.5 * sound[: int(seconds * RATE)]).astype(np.float32)


def recall(followed, beats, after_s, tolerance_ms=50):
    """Share of true beats after ``after_s`` that were counted within the tolerance, and the excess of counts."""
    found = followed.beats()
    true = beats[(beats > after_s) & (beats < followed.seconds[-1] - 0.1)]
    hit = [np.abs(found - beat).min() * 1e3 < tolerance_ms for beat in true]
    return np.mean(hit), np.sum(found > after_s) / len(true)


@pytest.mark.parametrize("bpm", [40, 50, 60, 75, 90, 100, 120, 140, 160, 180, 200, 220, 240])
def test_the_tempo_of_clicks_is_found_within_4_s_or_6_beats_and_the_phase_crosses_0_at_each(stages, bpm):
    lock_s = 0.37 + max(4.0, 6 * 60 / bpm)
    seconds = lock_s + max(6.0, 5 * 60 / bpm)
    times = np.arange(0.37, seconds, 60 / bpm)
    heard = Followed(stages, clicks(times, seconds))
    settled = heard.seconds > lock_s
    assert np.abs(heard.bpm[settled] / bpm - 1).max() < 0.02
    assert abs(np.mean(heard.bpm[settled]) / bpm - 1) < 0.01
    late = heard.late_ms(times, lock_s)
    assert np.abs(late).max() < max(25, 0.03 * 60e3 / bpm) and abs(np.median(late)) < max(12, 0.015 * 60e3 / bpm)
    assert heard.confidence[settled].min() > (0.4 if bpm < 50 else 0.5)
    assert len(late) == pytest.approx((seconds - lock_s) * bpm / 60, abs=1.1)


@pytest.mark.parametrize(("bpm", "swing"), [(174, 0.5), (150, 0.5), (126, 0.5), (92, 0.5), (132, 2 / 3), (100, 0.62)])
def test_drums_are_followed_at_their_own_tempo_straight_and_swung(stages, bpm, swing):
    beats = 0.5 + np.arange(0, 60) * 60 / bpm
    heard = Followed(stages, band(beats, 14.0, swing))
    found, counted = recall(heard, beats, 4.5)
    assert found == 1.0 and counted == pytest.approx(1.0, abs=0.07)
    assert np.median(heard.bpm[heard.seconds > 5]) == pytest.approx(bpm, rel=0.01)


@pytest.mark.parametrize("change", [1.1, 0.9])
def test_a_ramp_of_10_percent_is_followed(stages, change):
    at, bpm, beats = 0.5, 120.0, []
    while at < 24.0:
        beats.append(at)
        bpm = 120.0 * (1 + (change - 1) * np.clip((at - 6.0) / 12.0, 0, 1))
        at += 60 / bpm
    heard = Followed(stages, band(np.array(beats), 24.0))
    found, counted = recall(heard, np.array(beats), 4.5)
    assert found > 0.97 and counted == pytest.approx(1.0, abs=0.05)
    assert heard.bpm[-1] == pytest.approx(120.0 * change, rel=0.015)


@pytest.mark.parametrize("held", [False, True])
def test_a_break_of_four_bars_is_bridged_in_phase(stages, held):
    beats = 0.5 + np.arange(0, 60) * 0.5
    sound = band(beats, 28.0)
    rest = slice(int(10.4 * RATE), int(18.4 * RATE))
    sound[rest] = 0.3 * pad(8.0)[: rest.stop - rest.start] if held else 0.0
    heard = Followed(stages, sound)
    found, counted = recall(heard, beats, 4.5, tolerance_ms=70)
    assert found > 0.97 and counted == pytest.approx(1.0, abs=0.04)


def test_a_new_tempo_is_taken_up_within_6_s(stages):
    beats = np.concatenate((0.5 + np.arange(0, 20) * 0.5, 10.5 + np.arange(0, 40) * 60 / 95))
    heard = Followed(stages, band(beats, 24.0))
    assert np.median(heard.bpm[heard.seconds > 18]) == pytest.approx(95, rel=0.01)
    assert recall(heard, beats, 17.0)[0] == 1.0


def test_counts_never_go_back_and_the_phase_moves_on_without_a_jump(stages):
    beats = np.concatenate((0.5 + np.arange(0, 16) * 0.5, 8.7 + np.arange(0, 20) * 0.41))
    heard = Followed(stages, np.concatenate((noise(2.0, 0.3), band(beats, 15.0), np.zeros(RATE, np.float32))))
    position = heard.count + heard.phase
    step = np.diff(position)
    assert step.min() > 0 and step.max() < 5 * HOP_S * 240 / 60
    assert np.diff(heard.count).max() <= 1 and np.diff(heard.bar).min() >= 0 and np.diff(heard.bar).max() <= 1
    for column in (heard.phase, heard.bar_phase, heard.confidence):
        assert column.min() >= 0 and column.max() <= 1
    assert heard.bpm.min() >= 40 and heard.bpm.max() <= 240


def test_bars_of_three_are_counted_in_three(stages):
    beats = 0.5 + np.arange(0, 60) * 0.45
    heard = Followed(stages, band(beats, 20.0, beats_a_bar=3))
    bars = heard.beats(4)
    bars = bars[bars > 10]
    assert (heard.meter[heard.seconds > 10] == 3).all()
    assert np.diff(bars) == pytest.approx(3 * 0.45, abs=0.05)
    assert np.abs((bars - 0.5 + 0.6) % 1.35 - 0.6).max() < 0.06


def test_silence_and_noise_have_no_confidence_and_the_phase_runs_on(stages):
    beats = 0.5 + np.arange(0, 20) * 0.5
    for rest in (np.zeros(RATE * 12, np.float32), noise(12.0)):
        heard = Followed(stages, np.concatenate((band(beats, 10.0), rest)))
        assert heard.confidence[heard.seconds < 10][-1] > 0.8
        assert heard.confidence[-1] < 0.25
        assert np.diff(heard.count[heard.seconds > 10]).sum() > 12
    heard = Followed(stages, noise(10.0))
    assert heard.confidence.mean() < 0.3


def test_learned_activations_outweigh_an_unclear_sound(stages):
    sound = noise(10.0)
    hops = len(sound) // HOP
    learned = np.full((hops, 2), 0.02, np.float32)
    for i, at in enumerate(np.arange(0.5, 10.0, 60 / 104)):
        learned[int((at + DELAY_S) / HOP_S) :][:3, 0] = 0.9
        learned[int((at + DELAY_S) / HOP_S) :][:3, 1] = 0.9 if i % 3 == 0 else 0.02
    heard = Followed(stages, sound, learned)
    assert np.median(heard.bpm[heard.seconds > 5]) == pytest.approx(104, rel=0.01)
    assert np.diff(heard.beats(4)[-3:]) == pytest.approx(3 * 60 / 104, abs=0.05)


def test_again_after_reset_to_the_bit(stages):
    sound = band(0.5 + np.arange(0, 12) * 0.5, 5.0)
    assert np.array_equal(Followed(stages, sound).rows, Followed(stages, sound).rows)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_other_rates_find_the_same_beat(rate):
    hop = 256 if rate < 50000 else 512
    novelty, tempo = Novelty(rate, hop), Tempo(rate, hop)
    pulse = Pulse(novelty.centre_hz)
    sound = np.zeros(rate * 8, np.float32)
    sound[np.arange(rate // 2, len(sound), rate // 2)] = 0.8
    row = np.zeros(7)
    for at in range(0, len(sound) - hop, hop):
        functions = novelty.process(sound[at : at + hop])
        tempo.process(functions, pulse.process(novelty.logs, novelty.smooth), row)
    assert row[0] == pytest.approx(120, rel=0.01)
    now = (len(sound) // hop * hop) / rate
    assert abs((row[1] - now * 2 + 0.5) % 1 - 0.5) < 0.04


@pytest.mark.parametrize("value", [0.0, 1e-40, 1.0, 1e30])
def test_any_functions_give_finite_signals_and_are_left_untouched(stages, value):
    tempo = stages[2]
    tempo.reset()
    functions, row = np.full(len(FUNCTIONS), value, np.float32), np.full(7, np.nan)
    extra = np.full(2, min(value, 1.0), np.float32)
    before = functions.copy()
    for _ in range(400):
        tempo.process(functions, extra, row)
        assert np.isfinite(row).all()
    assert np.array_equal(functions, before)


@pytest.mark.parametrize(
    ("from_bpm", "to_bpm", "p95_ms"),
    [(60, 60, 10), (100, 100, 10), (150, 150, 10), (180, 180, 10), (120, 132, 25), (120, 108, 25)],
)
def test_the_transport_foresees_a_beat_a_tenth_of_a_second_ahead(stages, from_bpm, to_bpm, p95_ms):
    seconds = 14.0 if from_bpm == to_bpm else 28.0
    times, at = [], 0.4
    while at < seconds:
        times.append(at)
        at += 60 / (from_bpm + np.clip((at - 6.0) / 20.0, 0, 1) * (to_bpm - from_bpm))
    heard, transport, away = Followed(stages, clicks(times, seconds)), Transport(), []
    for true in times:
        hop = int((true - 0.1) / HOP_S) - 1
        if true > 6.0 and hop < len(heard.rows):
            transport.hear(heard.seconds[hop], heard.rows[hop])
            beat = round(transport.beats_at(true))
            away.append(1e3 * (transport.anchor_s + (beat - transport.beats) * 60 / transport.bpm - true))
    assert np.percentile(np.abs(away), 95) <= p95_ms
