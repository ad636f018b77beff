"""Bits of a share are honest when the members of a group resemble each other."""

import numpy as np
import pytest
from scipy.stats import betabinom

from stillwatch.bits import calibrate_bits
from stillwatch.hidden.group_share import GroupShare

SEED = 11
STRANGERS = 2_000


def _bits_of_innocent_groups(correlation: float, rate: float, groups: int = 3_000) -> np.ndarray:
    pick = np.random.default_rng(SEED)
    weight = (1 - correlation) / correlation
    found = []
    for _ in range(groups):
        own_rate = pick.beta(rate * weight, (1 - rate) * weight) if correlation < 1 else float(pick.random() < rate)
        members = int(pick.integers(5, 60))
        stranger_hits = int(pick.binomial(STRANGERS, rate))
        found.append(GroupShare(int(pick.binomial(members, own_rate)), members, stranger_hits, STRANGERS).bits)
    return np.array(found)


@pytest.mark.parametrize("correlation", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("rate", [0.002, 0.05, 0.3])
def test_innocent_groups_reach_b_bits_at_most_as_often_as_allowed(correlation: float, rate: float) -> None:
    found = _bits_of_innocent_groups(max(correlation, 1e-9) if correlation < 1 else 1.0, rate)
    for level in (1, 2, 3, 4, 5):
        allowed = 2.0**-level
        slack = 3 * np.sqrt(allowed * (1 - allowed) / len(found))
        assert (found >= level).mean() <= allowed + slack, f"seed {SEED}, level {level}"


def test_the_bits_are_those_of_the_beta_binomial_tail() -> None:
    share = GroupShare(hits=3, members=40, stranger_hits=19, strangers=399)
    rate = 20 / 400
    expected = betabinom.sf(2, 40, rate, 1 - rate)
    assert share.bits == pytest.approx(float(calibrate_bits(np.log(expected))), rel=1e-9)


def test_never_more_bits_than_one_draw_gives_however_many_clones_there_are() -> None:
    few, many = GroupShare(50, 50, 9, 999), GroupShare(5_000, 5_000, 9, 999)
    one_draw = float(calibrate_bits(np.log(10 / 1000)))
    assert few.bits == pytest.approx(one_draw)
    assert many.bits == pytest.approx(one_draw)


def test_nobody_showing_it_speaks_against() -> None:
    assert GroupShare(0, 50, 9, 999).bits < 0
    assert GroupShare(0, 0, 9, 999).bits < 0
    assert GroupShare(50, 50, 999, 999).bits < 0


def test_both_shares_are_written_out() -> None:
    assert (
        GroupShare(41, 240, 3, 3_000).words() == "41 of 240 (17.1 %) of the accounts; 3 of 3,000 (0.1 %) of the others"
    )
