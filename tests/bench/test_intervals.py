import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.bench.intervals import fraction_estimate, mean_estimate, wilson


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_a_library(counts: tuple[int, int]) -> None:
    """Oracle: scipy's Wilson interval of whole hits."""
    hits, trials = counts
    known = stats.binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert wilson(hits, trials) == pytest.approx((known.low, known.high), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_mean_lies_in_its_interval_and_that_in_its_range(values: list[float]) -> None:
    """A fraction's interval stays within 0..1, even where all seeds agree."""
    made = fraction_estimate(values)
    assert 0 <= made.low <= made.mean <= made.high <= 1
    assert made.seeds == len(values)


def test_one_perfect_seed_promises_little() -> None:
    """Three perfect seeds still leave room for one in two to fail."""
    assert fraction_estimate([1.0]).low < 0.3
    assert 0.4 < fraction_estimate([1.0] * 3).low < 0.5


def test_numbers_that_agree_have_no_spread_and_others_a_repeatable_one() -> None:
    """The bootstrap draws from a fixed seed."""
    same, varied = mean_estimate([3.0, 3.0]), mean_estimate([1.0, 2.0, 6.0])
    assert (same.low, same.mean, same.high) == (3.0, 3.0, 3.0)
    assert 1.0 <= varied.low < varied.mean == 3.0 < varied.high <= 6.0
    assert varied == mean_estimate([1.0, 2.0, 6.0])


@pytest.mark.parametrize("values", [[], [1.2], [-0.1]])
def test_what_is_no_fraction_is_refused(values: list[float]) -> None:
    """Nor is an empty mean one."""
    with pytest.raises(ValueError, match="from 0 to 1"):
        fraction_estimate(values)
    with pytest.raises(ValueError, match="one value"):
        mean_estimate([])
