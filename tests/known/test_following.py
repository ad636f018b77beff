"""An account is followed exchange by exchange; users of a product that the operator uses too are not accused."""

from collections.abc import Sequence
from dataclasses import replace
from math import log2

import pytest

from stillwatch.known import KnownCampaign, follow, index, needed_bits, passed, publicised, reasons, total_bits
from stillwatch.types import AccountId, Trait, TraitKind

SCAFFOLD, PRODUCT = Trait(TraitKind.SCAFFOLD, "1001"), Trait(TraitKind.SCAFFOLD, "2002")
CLIENT, CARD = Trait(TraitKind.CLIENT, "rare/1.0"), Trait(TraitKind.PAYMENT, "card-1")
NEEDED = (log2(1000),) * 2  # bits, by campaign


def test_a_replacement_is_named_at_its_first_exchange(campaign: KnownCampaign) -> None:
    number, exchanges, bits = passed(index([campaign]), [(1, SCAFFOLD), (1, PRODUCT), (2, CLIENT)], NEEDED) or (
        -1,
        -1,
        0.0,
    )
    assert (number, exchanges) == (0, 1)
    assert bits >= NEEDED[0]


def test_an_account_that_shows_its_mark_late_is_named_late(campaign: KnownCampaign) -> None:
    """Cover traffic comes first; the third exchange carries the scaffold."""
    named = passed(index([campaign]), [(3, SCAFFOLD), (3, PRODUCT)], NEEDED)
    assert named is not None
    assert named[1] == 3


@pytest.mark.parametrize("met", [[], [Trait(TraitKind.SCAFFOLD, "3003")], [Trait(TraitKind.CLIENT, "curl")]])
def test_who_meets_nothing_has_no_bits(campaign: KnownCampaign, met: Sequence[Trait]) -> None:
    assert total_bits(index([campaign]), follow(index([campaign]), {}, met)) == {}


def test_users_of_a_product_whose_scaffold_the_operator_uses_are_not_accused(campaign: KnownCampaign) -> None:
    """40 of 2,400 strangers show it: its fresh users stay far below the threshold, with the operator's client too."""
    known = index([campaign])
    assert passed(known, [(1, PRODUCT)], NEEDED) is None
    assert total_bits(known, follow(known, {}, [PRODUCT]))[0] < 6


def test_a_prompt_that_became_popular_after_the_report_accuses_nobody(campaign: KnownCampaign) -> None:
    """500 of 2,000 long-standing accounts send the operator's scaffold by now; the bits of its other marks stay."""
    now = publicised(campaign, {TraitKind.SCAFFOLD: {"1001": 500, "2002": 500}}, 2000)
    assert passed(index([now]), [(1, SCAFFOLD), (1, PRODUCT)], NEEDED) is None
    assert [kind for kind in now.kinds if kind.kind is not TraitKind.SCAFFOLD] == [
        kind for kind in campaign.kinds if kind.kind is not TraitKind.SCAFFOLD
    ]


def test_being_seen_less_often_now_raises_no_bits(campaign: KnownCampaign) -> None:
    assert publicised(campaign, {TraitKind.SCAFFOLD: {"2002": 1}}, 100_000) == campaign


def test_bits_never_fall_as_exchanges_come(campaign: KnownCampaign) -> None:
    known, trail, last = index([campaign]), {}, -100.0  # type: ignore[var-annotated]
    for trait in (PRODUCT, CLIENT, SCAFFOLD, CARD, PRODUCT):
        trail = follow(known, trail, [trait])
        bits = total_bits(known, trail)[0]
        assert bits >= last
        last = bits


def test_nothing_new_gives_the_same_trail(campaign: KnownCampaign) -> None:
    """A gateway writes nothing for an exchange that tells it nothing."""
    known = index([campaign])
    trail = follow(known, {}, [SCAFFOLD])
    assert follow(known, trail, [SCAFFOLD, Trait(TraitKind.CLIENT, "curl")]) is trail


def test_of_several_campaigns_the_one_with_the_most_bits_is_named(campaign: KnownCampaign) -> None:
    other = replace(campaign, kinds=campaign.kinds[:1])
    named = passed(index([other, campaign]), [(1, SCAFFOLD), (1, PRODUCT), (1, CARD)], (0.0, 0.0))
    assert named is not None
    assert named[0] == 1


def test_reasons_can_be_checked(campaign: KnownCampaign) -> None:
    assert reasons(index([campaign]), 0, [SCAFFOLD, CARD])[0] == (
        "scaffold +11.2 bits: shown by 60 of 60 members and 0 of 2,400 strangers"
    )


def test_what_other_seats_of_its_company_showed_says_nothing_about_an_account(campaign: KnownCampaign) -> None:
    """The operator copied the company's prompt; whoever is no seat of it is linked by it all the same."""
    kinds = tuple(
        replace(kind, values=tuple(replace(value, organisations=("company",)) for value in kind.values))
        for kind in campaign.kinds
    )
    known, met = index([replace(campaign, kinds=kinds)]), [(1, SCAFFOLD), (1, PRODUCT), (2, CLIENT)]
    assert passed(known, met, NEEDED, "company") is None
    assert reasons(known, 0, [SCAFFOLD, CLIENT], "company") == ()
    for organisation in ("", "another"):
        assert passed(known, met, NEEDED, organisation) == passed(index([campaign]), met, NEEDED)


def test_campaigns_share_the_false_ones_by_their_accounts(campaign: KnownCampaign) -> None:
    """Union bound: what all together may name falsely is the fraction; one alone has all of it."""
    small = replace(campaign, members=frozenset(map(AccountId, "abc")))
    needed = needed_bits([campaign, small], 0.002)
    assert sum(2**-bits for bits in needed) == pytest.approx(0.002)
    assert needed[1] - needed[0] == pytest.approx(log2(len(campaign.members) / 3))
    assert needed_bits([small], 0.002) == (pytest.approx(log2(500)),)
