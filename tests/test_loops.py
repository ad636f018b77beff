import numpy as np
import pytest

from stillwatch.loops import holders, kept, most_telling, put_in_order

ROWS, CODES = np.array([0, 0, 1, 2, 2], np.int32), np.array([0, 2, 2, 1, 2], np.int32)


def test_values_are_counted_by_the_accounts_named() -> None:
    assert holders(ROWS, CODES, np.array([True, False, True, True]), 4).tolist() == [1, 1, 2, 0]


def test_an_account_is_judged_by_its_best_value_and_by_its_own_side() -> None:
    weights = np.array([[-1.0, -2.0, -3.0], [5.0, 6.0, 7.0]])
    found = most_telling(ROWS, CODES, np.array([False, True, False, True]), weights)
    assert found.tolist() == [-1.0, 7.0, -2.0, -np.inf]


def test_traits_of_those_with_a_place_are_kept_and_what_they_show() -> None:
    *some, shown = kept(ROWS, CODES, np.array([7, 8, 9, 10, 11]), np.array([-1, 0, 1], np.int32), 4)
    assert [column.tolist() for column in some] == [[0, 1, 1], [1, 0, 1], [9, 10, 11]]
    assert shown.tolist() == [False, True, True, False]


@pytest.mark.parametrize("bits", [0, 1, 8, 9, 17, 46, 62, 63])
def test_numbers_are_put_in_order_where_they_are(bits: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 2**bits - 1, 5_000, endpoint=True)
    expected = np.sort(numbers)
    put_in_order(numbers, bits, np.empty_like(numbers))
    assert numbers.tolist() == expected.tolist()


def test_parts_that_are_worked_on_at_once_give_what_one_gives() -> None:
    pick = np.random.default_rng(3)
    rows, codes = (pick.integers(0, most, 2_500_000).astype(np.int32) for most in (50, 20))
    accounts, weights = pick.integers(0, 2, 50).astype(bool), pick.normal(size=(2, 20))
    assert holders(rows, codes, accounts, 20).tolist() == np.bincount(codes[accounts[rows]], minlength=20).tolist()
    best = np.full(50, -np.inf)
    np.maximum.at(best, rows, weights[accounts[rows].astype(int), codes])
    assert most_telling(rows, codes, accounts, weights).tolist() == best.tolist()
    exchanges, place = pick.integers(1, 9, 2_500_000), np.where(accounts, np.cumsum(accounts) - 1, -1).astype(np.int32)
    some, coded = accounts[rows], np.where(codes == 7, 6, codes).astype(np.int32)
    *left, shown = kept(rows, coded, exchanges, place, 20)
    assert shown.tolist() == [code != 7 for code in range(20)]
    expected = place[rows[some]], coded[some] - (coded[some] > 7), exchanges[some]
    assert all(np.array_equal(column, whole) for column, whole in zip(left, expected, strict=True))
