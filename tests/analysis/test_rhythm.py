import numpy as np
import pytest

from pix2live.analysis.rhythm import (
    BEAT,
    EDGE,
    EIGHTH,
    FUNCTIONS,
    HALF,
    KINDS,
    LEARNED,
    NOTHING,
    OFF_HALF,
    PATTERNS,
    SIXTEENTH,
    THIRD,
    TWO_THIRDS,
    expected,
    places,
)


def test_every_pattern_expects_the_low_drum_first_and_most():
    for _, share in PATTERNS:
        assert share.shape[1:] == (KINDS, FUNCTIONS)
        assert share[0, BEAT, 0] == share[:, BEAT, 0].max()
        assert (share >= 0).all() and (share <= 1).all()


def test_an_onset_is_worth_most_on_the_beat_and_nothing_where_none_is_expected():
    worth, cost, learned = expected()
    count = sum(len(share) for _, share in PATTERNS)
    worth = worth.reshape(count, KINDS, FUNCTIONS)
    assert (worth[:, NOTHING] == 0).all() and (cost.reshape(count, KINDS)[:, NOTHING] == 0).all()
    assert (worth[:, BEAT, 3] > worth[:, [EIGHTH, SIXTEENTH, THIRD, TWO_THIRDS], 3].max(axis=1)).all()
    assert (worth[:, BEAT] > worth[:, EDGE]).all()
    assert learned.shape == (count * KINDS, LEARNED) and learned.min() >= 0 and learned.sum(axis=1).max() < 1


def test_a_place_costs_the_same_however_many_frames_a_beat_has():
    cost = expected()[1][:KINDS]
    totals = [cost[places(period, 0.0, int(period))].sum() for period in (60.0, 90.0, 120.0)]
    assert totals == pytest.approx([totals[0]] * 3)


@pytest.mark.parametrize("early", [-0.5, 0.0, 0.4])
def test_the_kinds_of_a_beat_lie_where_they_should(early):
    period = 96.0
    kinds = places(period, early, 96)
    at = np.arange(96) + early
    assert kinds[0] == BEAT and kinds[-1] in (BEAT, EDGE)
    for kind, part in ((EIGHTH, 0.5), (THIRD, 1 / 3), (TWO_THIRDS, 2 / 3)):
        assert np.abs(at[kinds == kind] - part * period).max() <= OFF_HALF
        assert (kinds == kind).sum() == 2 * OFF_HALF
    assert (kinds == BEAT).sum() == 2 * HALF
    assert (kinds == SIXTEENTH).sum() == 4 * OFF_HALF
