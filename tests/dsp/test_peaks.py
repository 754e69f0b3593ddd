import numpy as np

from pix2live.dsp.peaks import pick, picker

SETTINGS = {"delta": 0.1, "ratio": 1.5, "near": 4, "rest": 8}


def picked(values, state=None, row=0):
    state = state or picker(row + 1, 20)
    return [i for i, v in enumerate(values) if pick(state, row, float(v), *SETTINGS.values())]


def test_a_peak_is_known_at_the_step_where_it_begins():
    values = np.zeros(60)
    values[30:34] = [0.5, 1.0, 0.7, 0.2]
    assert picked(values) == [30]


def test_a_second_peak_within_the_rest_is_not_counted():
    values = np.zeros(60)
    values[[30, 35, 50]] = 1.0
    assert picked(values) == [30, 50]


def test_a_steady_level_is_no_peak():
    values = np.full(100, 0.5)
    assert picked(values) in ([], [0])


def test_a_step_up_of_a_busy_function_needs_to_stand_out():
    values = np.full(100, 0.5)
    values[60] = 0.7
    values[80] = 1.0
    assert picked(values)[-1] == 80
    assert 60 not in picked(values)


def test_rows_do_not_hear_each_other():
    state = picker(2, 20)
    assert picked([0, 0, 1.0], state, 0) == [2]
    assert picked([0, 0, 1.0], state, 1) == [2]
