import numpy as np
import pytest

from pix2live.analysis.metre import (
    HIGH_BPM,
    LOW_BPM,
    PHASES,
    REACH,
    advance,
    forget,
    lean,
    metre,
    phase_near,
    phases_of,
)  # fmt: skip
from pix2live.analysis.rhythm import FUNCTIONS, LEARNED, PATTERNS

FRAME_S = 512 / 48000


@pytest.fixture(scope="module")
def space():
    return metre(FRAME_S)


def newest(space):
    return space.belief[int(space.memory[1])]


def frame(space, onset, low=True, activity=1.0):
    onsets = np.full(FUNCTIONS, 1.0 if onset else 0.0)
    onsets[0] = 1.0 if onset and low else 0.0
    return advance(space, onsets, activity, np.ones(LEARNED), 0.01, activity == 0.0)


def hear(space, frames, period, each=1):
    """Onsets of every band each ``period`` frames, the low band on every ``each``-th alone."""
    return [frame(space, t % period == 0, t // period % each == 0) for t in range(frames)]


def test_every_tempo_from_40_to_240_has_states():
    space = metre(FRAME_S)
    bpm = 60 / FRAME_S / space.period
    assert bpm.max() >= HIGH_BPM and bpm.min() <= LOW_BPM
    assert (space.period[1:] / space.period[:-1] - 1).max() < 0.025
    beats = sum(len(share) for _, share in PATTERNS)
    assert len(space.place) == pytest.approx(beats * space.period.sum(), rel=0.01)


def test_belief_sums_to_one_before_and_after_anything_is_heard(space):
    forget(space)
    assert newest(space).sum() == pytest.approx(1, abs=1e-3)
    hear(space, 300, 47)
    assert space.by_tempo.sum() == pytest.approx(1)
    assert newest(space).sum() * space.memory[0] == pytest.approx(1, abs=1e-3)
    assert newest(space).min() > 0


@pytest.mark.parametrize("period", [38, 47, 58, 63])
def test_the_period_of_onsets_is_believed(space, period):
    forget(space)
    hear(space, 600, period)
    assert space.period[space.by_tempo.argmax()] == pytest.approx(period, rel=0.02)


def test_the_phase_of_onsets_is_believed(space):
    forget(space)
    hear(space, 47 * 12 + 24, 47)
    i = int(space.by_tempo.argmax())
    phases_of(space, i, i + 1)
    phase, share = phase_near(space, 0.0, 1.0)
    assert phase == pytest.approx(0.5, abs=0.06) and share > 0.8


def test_three_beats_with_a_low_first_are_believed_a_bar_of_three(space):
    forget(space)
    hear(space, 47 * 36, 47, each=3)
    i = int(np.abs(space.period - 47).argmin())
    phases_of(space, i - 1, i + 2)
    assert space.by_beat[space.beats == 3].sum() > 0.5 * space.by_beat.sum()


def test_what_was_foreseen_is_worth_more_than_what_was_not(space):
    forget(space)
    steady = hear(space, 47 * 16, 47)[47 * 12 :]
    rng = np.random.default_rng(1)
    random = [frame(space, rng.random() < 1 / 47) for _ in range(47 * 8)]
    assert np.mean(steady) > 2 * np.mean(random)


def test_a_new_period_takes_the_belief_over(space):
    forget(space)
    hear(space, 47 * 12, 47)
    hear(space, 61 * 12, 61)
    assert space.period[space.by_tempo.argmax()] == pytest.approx(61, rel=0.02)


def test_beats_a_frame_early_or_late_keep_the_belief(space):
    forget(space)
    hear(space, 47 * 8, 47)
    at = set(np.cumsum([47, 48, 46, 47, 46, 48, 47, 48]))
    for t in range(47 * 8):
        frame(space, t in at)
    i = int(space.by_tempo.argmax())
    assert space.period[i] == pytest.approx(47, rel=0.02) and space.by_tempo[i - 2 : i + 3].sum() > 0.9


def test_leaning_moves_the_belief_to_a_phase(space):
    forget(space)
    lean(space, 0, len(space.period), 0.3)
    phases_of(space, 0, len(space.period))
    phase, share = phase_near(space, 0.0, 1.0)
    assert phase == pytest.approx(0.3, abs=0.02) and share > 0.85


def test_a_rest_keeps_tempo_and_turns_the_phase(space):
    forget(space)
    hear(space, 600, 47)
    before = space.by_tempo.copy()
    for _ in range(200):
        frame(space, False, activity=0.0)
    assert np.abs(space.by_tempo - before).max() < 1e-3


def test_phase_near_keeps_to_the_phase_that_is_asked_for_until_another_is_likelier(space):
    space.by_phase[:] = 0.0
    space.by_phase[0], space.by_phase[PHASES // 2] = 0.5, 0.6
    assert phase_near(space, 0.02, 1.5)[0] % 1.0 == pytest.approx(0.0)
    assert phase_near(space, 0.02, 1.1)[0] == pytest.approx(0.5)
    assert phase_near(space, 0.5, 1.1)[1] == pytest.approx(0.6 / 1.1)
    assert REACH < PHASES // 4
