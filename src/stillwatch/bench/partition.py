"""Does one operator come out as one campaign? Purity, splits, merges, and the adjusted Rand index.

In: true and found groups of accounts. Out: numbers; all are symmetric in names and order.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

_HOLDS_FRACTION = 0.1  # of an operator's accounts: a campaign that holds fewer does not merge it with another


@dataclass(frozen=True, slots=True)
class Campaigns:
    """purity_fraction: share of all members that belong to the commonest operator of their campaign, None without any.

    splits: campaigns beyond the first of each operator (a campaign is its commonest operator's). merges: operators
    beyond the first in each campaign, each with a tenth of its accounts there or more.
    """

    found: int
    purity_fraction: float | None
    splits: int
    merges: int


def compare_campaigns(owner: Mapping[str, str], campaigns: Mapping[str, Collection[str]]) -> Campaigns:
    """Compare found campaigns with the operators ("" is nobody's) that own their accounts."""
    size = Counter(owner.values())
    members = pure = merges = 0
    campaigns_of: Counter[str] = Counter()
    for accounts in campaigns.values():
        shares = Counter(owner[account] for account in accounts if owner[account])
        members += len(accounts)
        if shares:
            commonest, most = min(shares.items(), key=lambda pair: (-pair[1], pair[0]))
            pure += most
            campaigns_of[commonest] += 1
            merges += max(0, sum(n >= _HOLDS_FRACTION * size[name] for name, n in shares.items()) - 1)
    splits = sum(n - 1 for n in campaigns_of.values())
    return Campaigns(len(campaigns), pure / members if members else None, splits, merges)


def account_partition_index(owner: Mapping[str, str], campaigns: Mapping[str, Collection[str]]) -> float:
    """Give the adjusted Rand index over all accounts of a log; the innocent and the unaccused stand alone.

    An account in several campaigns is counted in the largest.
    """
    place: dict[str, str] = {}
    for name in sorted(campaigns, key=lambda c: (len(campaigns[c]), c)):
        place |= dict.fromkeys(campaigns[name], name)
    accounts = sorted(owner)
    true = [("operator", owner[a]) if owner[a] else ("alone", a) for a in accounts]
    found = [("campaign", place[a]) if a in place else ("alone", a) for a in accounts]
    return adjusted_rand_index(true, found)


def adjusted_rand_index(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Agreement of two partitions of the same things, corrected for chance: 1 equal, about 0 unrelated.

    >>> adjusted_rand_index([1, 1, 2, 2], ["a", "a", "b", "b"])
    1.0

    Raises:  ValueError: the lengths differ.
    Source:  Hubert & Arabie 1985, Comparing partitions.
    """
    cells = Counter(zip(first, second, strict=True))
    together = sum(comb(n, 2) for n in cells.values())
    in_first = sum(comb(n, 2) for n in Counter(first).values())
    in_second = sum(comb(n, 2) for n in Counter(second).values())
    expected = in_first * in_second / max(comb(len(first), 2), 1)
    most = (in_first + in_second) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
