import numpy as np
import pytest

from stillwatch.together.trust import Labelled, Trust, fit_trust

FAMILIES = 5


def _drawn(seed: int, factors: list[float], shift_bits: float) -> list[Labelled]:
    """Campaigns whose accounts belong with exactly the odds that these factors and this shift give."""
    rng, drawn = np.random.default_rng(seed), []
    for prior in (-4.0, -2.0, -6.0):
        families = rng.normal(0, 3, (4000, FAMILIES))
        bits = prior + shift_bits + families @ np.array(factors)
        drawn.append(Labelled(families, prior, rng.random(4000) < 1 / (1 + np.exp2(-bits))))
    return drawn


@pytest.mark.parametrize("seed", [1, 2])
def test_factors_and_shift_of_known_odds_are_found_again(seed: int) -> None:
    factors = [0.8, 0.2, 0.7, 1.6, 1.4]
    trust = fit_trust(_drawn(seed, factors, 2.0))
    assert list(trust.factors.values()) == pytest.approx(factors, abs=0.15)
    assert trust.shift_bits == pytest.approx(2.0, abs=0.4)


def test_a_family_that_misleads_is_silenced_and_never_turned_round() -> None:
    trust = fit_trust(_drawn(3, [1.0, -0.5, 1.0, 1.0, 1.0], 0.0))
    assert min(trust.factors.values()) == pytest.approx(0.0, abs=0.02)


def test_a_family_of_which_nothing_was_learnt_counts_in_full() -> None:
    assert Trust().of("rhythm") == 1.0
    one = Labelled(np.zeros((10, FAMILIES)), 0.0, np.arange(10) < 5)
    assert list(fit_trust([one]).factors.values()) == pytest.approx([1.0] * FAMILIES)
