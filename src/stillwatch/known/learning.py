"""What a campaign leaves behind: the values that its members show and strangers do not, and what meeting them says.

In: which account shows which value, and who is a member and who a stranger. Out: `KindIndicators` and `FamilyOdds`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from stillwatch.known.campaigns import FAMILIES, Family, FamilyOdds, Indicator, KindIndicators
from stillwatch.known.lifts import Counts, Floats, family_odds, lifts
from stillwatch.loops import Mask, Places, holders, most_telling
from stillwatch.types import TraitKind

_FEWEST_MEMBERS = 2  # a value of one member alone is its own affair
_MOST_VALUES = 20_000  # of one kind and campaign: those that most members show
_MOST_NAMED = 100  # strangers that show a value, up to which their organisations are named


class Values(Protocol):
    """Which account shows which value of a kind: account rows, codes, and the values that the codes name."""

    @property
    def rows(self) -> Places: ...  # noqa: D102 - said above
    @property
    def codes(self) -> Places: ...  # noqa: D102 - same
    @property
    def values(self) -> pa.Array: ...  # noqa: D102 - same


@dataclass(frozen=True, slots=True)
class Left:
    """What a campaign leaves behind."""

    kinds: tuple[KindIndicators, ...]
    families: tuple[FamilyOdds, ...]


def learn(shown: Mapping[TraitKind, Values], members: Mask, strangers: Mask) -> Left:
    """Learn the indicators of a campaign; kinds and families that say nothing are left out."""
    kinds, scores = [], dict[Family, Floats]()
    for kind, family in FAMILIES.items():
        if kind in shown:
            inside, outside = _holders(shown[kind], members), _holders(shown[kind], strangers)
            sizes = int(members.sum()), int(strangers.sum())
            rare = ((inside >= _FEWEST_MEMBERS) & (outside <= _MOST_NAMED))[shown[kind].codes]
            seats = _seats(shown[kind], rare & strangers[shown[kind].rows], shown.get(TraitKind.ORGANISATION))
            values = _values(shown[kind], inside, outside, sizes, seats)
            if values:
                kinds.append(KindIndicators(kind, values))
                best = _best(shown[kind], inside, outside, members, strangers)
                scores[family] = scores.get(family, np.zeros(len(members))) + best
    odds = (family_odds(family, score[members], score[strangers]) for family, score in scores.items())
    return Left(tuple(kinds), tuple(family for family in odds if family.steps))


def _holders(part: Values, accounts: Mask) -> Counts:
    return holders(part.rows, part.codes, accounts, len(part.values))


def _seats(part: Values, some: Mask, declared: Values | None) -> Mapping[int, tuple[str, ...]]:
    """The organisations of the accounts that show some of the values, by code."""
    found = defaultdict[int, tuple[str, ...]](tuple)
    if declared is not None and some.any():
        of = np.full(max(int(part.rows.max()), int(declared.rows.max(initial=0))) + 1, -1, np.int64)
        of[declared.rows] = declared.codes
        pairs = np.unique(np.column_stack([part.codes[some], of[part.rows[some]]]), axis=0)
        for code, organisation in pairs[pairs[:, 1] >= 0].tolist():
            found[code] = (*found[code], str(declared.values[organisation].as_py()))
    return found


def _values(
    part: Values, inside: Counts, outside: Counts, sizes: tuple[int, int], seats: Mapping[int, tuple[str, ...]]
) -> tuple[Indicator, ...]:
    lift = lifts(inside, sizes[0], outside, sizes[1])
    marks = np.flatnonzero((lift > 0) & (inside >= _FEWEST_MEMBERS))
    marks = marks[np.argsort(-inside[marks], kind="stable")][:_MOST_VALUES]
    return tuple(
        Indicator(
            str(part.values[c].as_py()), int(inside[c]), int(outside[c]), round(float(lift[c]), 3), seats.get(c, ())
        )
        for c in marks.tolist()
    )


def _best(part: Values, inside: Counts, outside: Counts, members: Mask, strangers: Mask) -> Floats:
    """The best lift that each account shows, were it neither a member nor a stranger itself."""
    sizes, fit = (int(members.sum()), int(strangers.sum())), inside >= _FEWEST_MEMBERS
    as_member = lifts(inside - 1, sizes[0] - 1, outside, sizes[1])
    as_stranger = lifts(inside, sizes[0], outside - 1, sizes[1] - 1)
    telling = np.where(fit, np.maximum([as_stranger, as_member], 0), 0)
    best = most_telling(part.rows, part.codes, members, telling)
    return np.where(members | strangers, np.maximum(best, 0), 0)
