"""Disposable addresses: accounts signed up with mailboxes that nobody keeps.

Source: account farms use mail-only domains (2026 reports: 27 domains for 2,256 accounts). Claims: a larger share of
the members than of others have addresses at domains known for disposable mail. Innocent twin: one private
person who dislikes spam: the bits are at most those of one draw.
"""

from stillwatch.hidden.domains import is_disposable
from stillwatch.hidden.group_share import GroupShare
from stillwatch.hidden.population import Mask, Population
from stillwatch.types import Evidence


def disposable_share(accounts: Population, members: Mask) -> GroupShare:
    """Count disposable addresses among the members and the others whose domain is known."""
    disposable = accounts.domain.among(value for value in accounts.domain.values if is_disposable(value))
    known = accounts.domain.known
    return GroupShare(
        hits=int((disposable & members).sum()),
        members=int((known & members).sum()),
        stranger_hits=int((disposable & ~members).sum()),
        strangers=int((known & ~members).sum()),
    )


def disposable_evidence(share: GroupShare) -> Evidence:
    """Say how many addresses are disposable."""
    return Evidence("disposable e-mail", "hidden", share.bits, f"Disposable addresses: {share.words()}.")
