import numpy as np
import pytest
import scipy.sparse as sp

from stillwatch.bits import e_bh
from stillwatch.together.groups import Groups
from stillwatch.together.stakes import fit_stakes, stakes_bits
from stillwatch.types import Trait, TraitKind


def _groups(kinds: list[TraitKind]) -> Groups:
    return _sized(kinds, [3] * len(kinds))


def _sized(kinds: list[TraitKind], accounts: list[int]) -> Groups:
    traits = tuple((Trait(kind, str(number)),) for number, kind in enumerate(kinds))
    members = np.arange(max(accounts, default=0))[None, :] < np.array(accounts, int)[:, None]
    return Groups(traits, sp.csr_array(members.astype(float)))


def test_stakes_average_to_one_whatever_they_are() -> None:
    """This is what keeps the share of false accusations below what was promised."""
    groups = _groups([TraitKind.SCAFFOLD] * 3 + [TraitKind.ASN] * 20 + [TraitKind.PAYMENT])
    for stakes in ({"scaffold": 3.0, "asn": 0.3}, {"payment": 100.0}, {}):
        assert np.exp2(stakes_bits(groups, stakes)).mean() == pytest.approx(1.0)


def test_without_stakes_every_group_counts_the_same() -> None:
    assert stakes_bits(_groups([TraitKind.SCAFFOLD, TraitKind.ASN]), {}).tolist() == [0.0, 0.0]
    assert stakes_bits(_groups([]), {"asn": 1.0}).tolist() == []


def test_few_large_groups_are_staked_as_much_as_many_small_ones() -> None:
    groups = _sized([TraitKind.ASN] * 40, [5] * 36 + [200] * 4)
    stakes = np.exp2(stakes_bits(groups, {"asn": 1.0}))
    assert stakes[:36].sum() == pytest.approx(stakes[36:].sum())
    assert stakes.mean() == pytest.approx(1.0)


def test_the_kind_that_campaigns_come_to_light_by_is_staked_more_and_no_kind_nothing() -> None:
    kinds = np.array(["asn"] * 50 + ["scaffold"] * 50)
    bits = np.where(np.arange(100) >= 90, 20.0, 0.0)
    stakes = fit_stakes([(kinds, np.ones(100), bits, np.arange(100) >= 90)] * 5)
    assert stakes["scaffold"] > 1 > stakes["asn"] >= 0.5


def test_a_log_without_a_campaign_teaches_nothing() -> None:
    kinds, bits = np.array(["asn", "scaffold"]), np.array([1.0, 30.0])
    campaign = (kinds, np.ones(2), bits, np.array([False, True]))
    quiet = (kinds, np.ones(2), bits, np.array([False, False]))
    assert fit_stakes([campaign, quiet]) == fit_stakes([campaign])


def test_staked_e_bh_accuses_innocents_no_more_often_than_promised() -> None:
    """Over 2,000 runs of 60 independent innocent groups: the share of runs with an accusation is at most alpha."""
    rng, alpha = np.random.default_rng(1), 0.1
    stakes = stakes_bits(_groups([TraitKind.SCAFFOLD] * 20 + [TraitKind.ASN] * 40), {"scaffold": 2.4, "asn": 0.3})
    accused = 0
    for _ in range(2000):
        bits = np.log2(0.5 / np.sqrt(rng.random(60)))  # e = 1 / (2 sqrt(p)) has expectation 1
        accused += bool(e_bh(bits + stakes, alpha).any())
    assert accused / 2000 <= alpha
