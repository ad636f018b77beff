"""What is learnt: marks of the campaign, and nothing that innocents share."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from stillwatch.known import KnownCampaign, Values, learn
from stillwatch.types import TraitKind


def values(campaign: KnownCampaign) -> dict[str, tuple[int, int]]:
    return {v.value: (v.members, v.strangers) for kind in campaign.kinds for v in kind.values}


def test_values_come_with_the_members_and_strangers_that_show_them(campaign: KnownCampaign) -> None:
    assert values(campaign)["1001"] == (60, 0)
    assert values(campaign)["rare/1.0"] == (30, 2)
    assert values(campaign)["card-1"] == (20, 0)


def test_what_many_strangers_show_is_left_out(campaign: KnownCampaign) -> None:
    """The prompt of a popular tool, shown by every member and a third of the strangers, and what members never show."""
    assert {"3003", "curl", "own"}.isdisjoint(values(campaign))


def test_a_value_of_one_member_alone_is_its_own_affair(shown: Mapping[TraitKind, Values]) -> None:
    members = np.arange(len(shown[TraitKind.PAYMENT].rows) + 2440) == 0
    assert learn(shown, members, ~members).kinds == ()


def test_the_order_of_accounts_does_not_matter(shown: Mapping[TraitKind, Values], campaign: KnownCampaign) -> None:
    part = shown[TraitKind.SCAFFOLD]
    order = np.random.default_rng(2).permutation(len(part.rows))
    shuffled = {**shown, TraitKind.SCAFFOLD: type(part)(part.rows[order], part.codes[order], part.values)}  # type: ignore[call-arg]
    members = np.arange(2460) < 60
    left = learn(shuffled, members, ~members)
    assert (left.kinds, left.families) == (campaign.kinds, campaign.families)


def test_a_value_names_the_organisations_of_the_few_strangers_that_show_it(shown: Mapping[TraitKind, Values]) -> None:
    """Not of members, and not where many strangers show it."""
    members, clients = np.arange(2460) < 60, shown[TraitKind.CLIENT]
    rare = clients.rows[clients.codes == 0]
    seats = type(clients)(rare, np.where(members[rare], 0, 1), pa.array(["the operator's", "a company"]))  # type: ignore[call-arg]
    left = learn({**shown, TraitKind.ORGANISATION: seats}, members, ~members)
    named = {value.value: value.organisations for kind in left.kinds for value in kind.values}
    assert named.pop("rare/1.0") == ("a company",)
    assert set(named.values()) == {()}
