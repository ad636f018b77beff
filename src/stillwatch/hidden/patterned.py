"""Patterned addresses: the members' mailboxes are named by one machine.

Source: account farms name mailboxes by a rule (adjective, noun, three digits). Claims: the members concentrate on one
pattern (`email_shape`) that is rare among others. Innocent twin: first.last of a company, which many others have.
"""

from stillwatch.hidden.group_share import GroupShare
from stillwatch.hidden.population import Mask, Population
from stillwatch.types import Evidence


def pattern_share(accounts: Population, members: Mask) -> GroupShare:
    """Count the members of their commonest pattern, and the strangers whose pattern is at most as common as it.

    The commonest pattern is picked after looking; counting all patterns of its rarity among the strangers pays
    for the pick. The members are one more draw, so their pattern is held by one more than the strangers show.
    """
    counts, others = accounts.shape.counts(members), accounts.shape.counts(~members)
    place = counts.argmax() if counts.any() else -1
    rarer = others[others <= others[place] + 1].sum() if place >= 0 else 0
    return GroupShare(
        hits=int(counts[place]) if place >= 0 else 0,
        members=int(counts.sum()),
        stranger_hits=int(rarer),
        strangers=int(others.sum()),
    )


def pattern_evidence(accounts: Population, members: Mask, share: GroupShare) -> Evidence:
    """Say which pattern the members have and how common it is."""
    counts, others = accounts.shape.counts(members), accounts.shape.counts(~members)
    place = int(counts.argmax())
    shape = accounts.shape.values[place]
    mine = f"{share.hits:,} of {share.members:,} addresses have the pattern {shape}"
    claim = f"{mine}; {int(others[place]):,} of {share.strangers:,} others do."
    return Evidence("patterned e-mail", "hidden", share.bits, claim)
