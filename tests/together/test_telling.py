import numpy as np

from stillwatch.together.telling import holders, most_telling

ROWS, CODES = np.array([0, 0, 1, 2, 2], np.int32), np.array([0, 2, 2, 1, 2], np.int32)


def test_values_are_counted_by_the_accounts_named() -> None:
    assert holders(ROWS, CODES, np.array([True, False, True, True]), 4).tolist() == [1, 1, 2, 0]


def test_an_account_is_judged_by_its_best_value_and_by_its_own_side() -> None:
    weights = np.array([[-1.0, -2.0, -3.0], [5.0, 6.0, 7.0]])
    found = most_telling(ROWS, CODES, np.array([False, True, False, True]), weights)
    assert found.tolist() == [-1.0, 7.0, -2.0, -np.inf]
