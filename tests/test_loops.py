import numpy as np

from stillwatch.loops import holders, kept, most_telling

ROWS, CODES = np.array([0, 0, 1, 2, 2], np.int32), np.array([0, 2, 2, 1, 2], np.int32)


def test_values_are_counted_by_the_accounts_named() -> None:
    assert holders(ROWS, CODES, np.array([True, False, True, True]), 4).tolist() == [1, 1, 2, 0]


def test_an_account_is_judged_by_its_best_value_and_by_its_own_side() -> None:
    weights = np.array([[-1.0, -2.0, -3.0], [5.0, 6.0, 7.0]])
    found = most_telling(ROWS, CODES, np.array([False, True, False, True]), weights)
    assert found.tolist() == [-1.0, 7.0, -2.0, -np.inf]


def test_traits_of_those_with_a_place_are_kept_and_what_they_show() -> None:
    some, shown = kept(ROWS, CODES, np.array([-1, 0, 1], np.int32), 4)
    assert (some.tolist(), shown.tolist()) == ([2, 3, 4], [False, True, True, False])


def test_parts_that_are_worked_on_at_once_give_what_one_gives() -> None:
    pick = np.random.default_rng(3)
    rows, codes = (pick.integers(0, most, 2_500_000).astype(np.int32) for most in (50, 20))
    accounts, weights = pick.integers(0, 2, 50).astype(bool), pick.normal(size=(2, 20))
    assert holders(rows, codes, accounts, 20).tolist() == np.bincount(codes[accounts[rows]], minlength=20).tolist()
    best = np.full(50, -np.inf)
    np.maximum.at(best, rows, weights[accounts[rows].astype(int), codes])
    assert most_telling(rows, codes, accounts, weights).tolist() == best.tolist()
