"""How telling a value is, and what a sum of such lifts says: bits that hold for exchangeable strangers.

In: how many members and strangers show a value; scores of members and strangers. Out: lifts, and `FamilyOdds`.

The bits are of a conformal e-value. Let c of N strangers ever reach a score, each judged without its own share in the
counts. A fresh stranger is exchangeable with them, so E[1{reaches it} (N + 1) / (c + 1)] <= 1. Bets on several scores
that add up to 1 give an e-value again. Strangers are counted by what they ever show and scores only rise, so the bits
may be looked at after every exchange. Nothing is assumed about kinds of one family being independent.
Source: Vovk, Gammerman & Shafer 2005 (exchangeability); Vovk & Wang 2021 (merging); Good 1953 (leaving one out).
"""

from collections.abc import Mapping
from math import log2

import numpy as np
import numpy.typing as npt

from stillwatch.known.campaigns import Family, FamilyOdds

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SPREAD_FRACTION = 0.05
LEAST_LIFT_BITS = 3.0  # what members show less than 8 times as often as strangers is no indicator
CHANGED_FRACTION: Mapping[Family, float] = {"application": 0.05, "identity": 0.75}
"""The bet that a replacement shows nothing known of a family. Fresh cards and addresses are what a replacement is for:
showing nothing known costs little there (0.4 bits at most)."""


def lifts(members: Counts, all_members: int, strangers: Counts, all_strangers: int) -> Floats:
    """Give the lift of values in bits: log2 of their share among members over that among strangers; 0 if too low.

    Strangers are counted one too many, so that what nobody else shows is not for that reason impossible.

    >>> lifts(np.array([8, 8, 0]), 8, np.array([0, 127, 0]), 1023).tolist()
    [10.0, 3.0, 0.0]
    """
    share = np.maximum(members, 0) / max(all_members, 1)
    background = (np.maximum(strangers, 0) + 1) / (max(all_strangers, 0) + 1)
    with np.errstate(divide="ignore"):
        lift = np.log2(share / background)
    return np.where(lift >= LEAST_LIFT_BITS, lift, 0.0)


def family_odds(family: Family, members: Floats, strangers: Floats) -> FamilyOdds:
    """Give the bits of every score, from the scores of members and strangers; 0 is nothing met.

    Each member bets on the lowest whole score that is as rare among strangers as its own; a small part of all bets is
    spread over every rarity, for accounts that have not yet shown all that they will.
    """
    top = int(members.max(initial=0.0))
    count = np.array([int(np.sum(strangers >= score)) for score in range(1, top + 1)])
    bets = np.zeros(top + 1)  # bets[0]: nothing met
    for score in np.floor(members).astype(int).tolist():
        bets[0 if score == 0 else 1 + int(np.argmax(count == count[score - 1]))] += 1
    bets[0] += 1
    rarer = 1 + np.flatnonzero(np.diff(count, prepend=len(strangers)) < 0)  # scores that fewer strangers reach
    bets = (1 - _SPREAD_FRACTION) * bets / bets.sum()
    bets[rarer] += _SPREAD_FRACTION / max(len(rarer), 1)
    e_values = bets[0] + np.cumsum(np.append(0.0, bets[1:] * (len(strangers) + 1) / (count + 1)))
    changed = CHANGED_FRACTION[family]
    bits = [round(log2(changed + (1 - changed) * e), 3) for e in e_values.tolist()]
    steps = tuple((float(s), bits[s]) for s in range(1, top + 1) if bits[s] > bits[s - 1])
    return FamilyOdds(family, bits[0], steps)
