"""How telling a value is: its level, and the bits of meeting a value of that level.

In: how many members and strangers show a value. Out: levels, and an e-value for each.

The e-value is conformal. Let c of N strangers show a value of a level, each judged without its own share in the
counts. A fresh stranger is exchangeable with them, so E[1{shows one} (N + 1) / (c + 1)] <= 1. Betting the share of
members whose best value is of that level, the sum over levels is an e-value too, and so is its highest value at any
time of looking, because strangers are counted by what they ever show. A level that strangers show as often as members
has no bits.
Source: Vovk, Gammerman & Shafer 2005 (exchangeability); Vovk & Wang 2021 (merging); Good 1953 (leaving one out).
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

LEAST_LEVEL = 3  # bits: what members show less than 8 times as often as strangers is not looked at
NO_LEVEL = -1


def levels(members: Counts, all_members: int, strangers: Counts, all_strangers: int) -> Counts:
    """Give the level of values: log2 of their share among members over that among strangers, rounded down.

    A value that no member shows, or that is below `LEAST_LEVEL`, has `NO_LEVEL`. Strangers are counted one too many.

    >>> levels(np.array([8, 8, 0]), 8, np.array([0, 127, 0]), 1023).tolist()
    [10, 3, -1]
    """
    share = np.maximum(members, 0) / max(all_members, 1)
    background = (np.maximum(strangers, 0) + 1) / (max(all_strangers, 0) + 1)
    with np.errstate(divide="ignore"):
        level = np.floor(np.log2(share / background))
    return np.where(level >= LEAST_LEVEL, level, NO_LEVEL).astype(np.int64)


def level_bits(member_best: Counts, stranger_levels: Counts, all_strangers: int) -> dict[int, float]:
    """Give the bits of every level that members or strangers show; those of 0 or less are left out.

    Args:    member_best: the best level of each member, `NO_LEVEL` for none; stranger_levels: one entry for every
             level that a stranger ever shows, so several for some strangers and none for most.
    """
    shown = sorted({*member_best.tolist(), *stranger_levels.tolist()} - {NO_LEVEL})
    bits: dict[int, float] = {}
    for level in shown:
        bet = (np.sum(member_best == level) + 1 / len(shown)) / (len(member_best) + 1)
        rarity = (all_strangers + 1) / (np.sum(stranger_levels == level) + 1)
        if bet * rarity > 1:
            bits[level] = round(float(np.log2(bet * rarity)), 3)
    return bits


def bits_at(level: int, table: Mapping[int, float]) -> float:
    """Give the bits of a level: those of the next level below where nobody was seen at this one, 0 below all.

    >>> bits_at(7, {3: 1.0, 6: 4.0, 9: 8.0}), bits_at(2, {3: 1.0})
    (4.0, 0.0)
    """
    below = [known for known in table if known <= level]
    return table[max(below)] if below else 0.0
