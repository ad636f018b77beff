"""Which groups are accused: the bound on false ones, what a group needs, and that aiming accuses nobody fewer."""

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.bits import e_bh
from stillwatch.together import Nulls, Sums, load
from stillwatch.together.null import bits_of_sums, choose

ALPHA = 0.05


@pytest.mark.parametrize("measured", [True, False])
def test_a_group_raised_to_what_it_needs_is_accused(measured: bool) -> None:  # noqa: FBT001 - the case
    """And one a tenth of a bit below is not."""
    nulls = load() if measured else replace(load(), sums=Sums())
    sums, stakes = np.array([30.0, 14.0, 12.0, 3.0, 1.0, *[-1.0] * 95]), np.linspace(-1.5, 1.5, 100)
    choice = choose(sums, stakes, nulls, ALPHA)
    chosen = choice.chosen
    needed = choice.needed(chosen, int(chosen.sum()))
    assert 0 < chosen.sum() < 5
    free = int(np.flatnonzero(~chosen)[0])
    steps = np.arange(0.0, 40.0, 0.01)
    for above, expected in ((0.1, True), (-0.1, False)):
        raised = sums.copy()
        raised[free] = steps[np.searchsorted(bits_of_sums(steps, nulls), needed[free] + above)]
        assert bool(choose(raised, stakes, nulls, ALPHA).chosen[free]) is expected


def test_without_campaigns_somebody_is_accused_as_seldom_as_promised() -> None:
    """Sums drawn as the reference has them, one in 2^-b beyond its last level; 4,000 runs of 200 groups."""
    pick, alpha = np.random.default_rng(5), 0.2
    nulls = Nulls({}, "", sums=Sums((0.0, 1.0), (1.0, 0.5), 1000))
    stakes = np.log2(np.tile([0.5, 1.5], 100))
    runs = [choose(-np.log2(pick.random(200)), stakes, nulls, alpha).chosen.any() for _ in range(4000)]
    assert 0 < np.mean(runs) < alpha


def test_aiming_accuses_whoever_was_accused_before() -> None:
    """Against e-BH on the bits that are shown, which bet on every strength alike."""
    nulls, pick = load(), np.random.default_rng(6)
    more = 0
    for _ in range(50):
        sums = np.concatenate([pick.uniform(4, 16, 20), pick.normal(-2, 1, 1000)])
        aimed = choose(sums, np.zeros(len(sums)), nulls, 0.01).chosen
        even = e_bh(bits_of_sums(sums, nulls), 0.01)
        assert np.all(aimed[even])
        more += int(aimed.sum() - even.sum())
    assert more > 0


def test_no_group_is_no_error() -> None:
    """A log of one account."""
    choice = choose(np.zeros(0), np.zeros(0), load(), ALPHA)
    assert (len(choice.chosen), len(choice.needed(choice.chosen, 0))) == (0, 0)


def test_a_large_campaign_does_not_make_a_small_one_cheap() -> None:
    """A thousand groups of one let a group of nine bits through e-BH; alone beside it, that group does not stand."""
    nulls = load()
    sums = np.concatenate([np.full(1000, 30.0), [9.0], np.full(20_000, -2.0)])
    choice = choose(sums, np.zeros(len(sums)), nulls, 0.01)
    assert choice.chosen[1000]
    assert choice.stands(np.arange(1000), 0)
    assert not choice.stands(np.array([1000]), 1)
    assert choice.stands(np.array([0]), 0)
