import numpy as np
import pytest
from scipy.stats import hypergeom

from stillwatch.windows.over_represented import ODDS, bets


@pytest.mark.parametrize(("pool", "window", "marked"), [(50, 10, 5), (50, 10, 45), (30, 15, 15), (400, 7, 3)])
def test_a_bet_has_expectation_one(pool: int, window: int, marked: int) -> None:
    """The mean of the e-value over the hypergeometric law of the marked exchanges is 1: it is exact, not a bound."""
    inside = np.arange(max(0, window - (pool - marked)), min(marked, window) + 1)
    found = bets(pool, window, np.full(len(inside), marked), inside)
    chance = hypergeom(pool, marked, window).pmf(inside)
    assert float(np.exp2(found.bits) @ chance) == pytest.approx(1.0, rel=1e-9)


def test_a_bet_is_the_mixture_over_odds_of_its_formula() -> None:
    """Bits are log2 of the mean over rho of rho^c / E[rho^C], with scipy's hypergeometric as the oracle."""
    law = hypergeom(60, 12, 20)
    support = np.arange(13)
    wanted = np.mean([rho**9 / float(rho**support @ law.pmf(support)) for rho in ODDS])
    assert float(bets(60, 20, np.array([12]), np.array([9])).bits[0]) == pytest.approx(np.log2(wanted))


def test_the_parts_of_exchanges_add_up_to_no_less_than_the_bits() -> None:
    """What marked exchanges add, less what all pay, is the posterior mean over odds: at least the mixture's bits."""
    found = bets(1_000, 100, np.array([50, 50, 50]), np.array([5, 20, 50]))
    parts = np.array([5, 20, 50]) * found.exchange_bits - 100 * found.toll_bits
    assert np.all(parts >= found.bits - 1e-9)


def test_more_inside_is_more_bits() -> None:
    """Bits grow with the marked exchanges that are inside."""
    found = bets(1_000, 100, np.full(21, 20), np.arange(21))
    assert np.all(np.diff(found.bits) > 0)
