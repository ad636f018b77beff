"""What a campaign leaves behind: the values that its members show and strangers do not.

In: which account shows which value, and who is a member and who a stranger. Out: `KindIndicators`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.known.campaigns import CHANGED_FRACTION, FAMILIES, Indicator, KindIndicators
from stillwatch.known.levels import NO_LEVEL, Counts, bits_at, level_bits, levels
from stillwatch.types import TraitKind

Mask = npt.NDArray[np.bool_]

_FEWEST_MEMBERS = 2  # a value of one member alone is its own affair
_MOST_VALUES = 20_000  # of one kind and campaign: those that most members show


class Values(Protocol):
    """Which account shows which value of a kind: account rows, codes, and the values that the codes name."""

    @property
    def rows(self) -> Counts: ...  # noqa: D102 - said above
    @property
    def codes(self) -> Counts: ...  # noqa: D102
    @property
    def values(self) -> pa.Array: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Seen:
    """How often each value is shown, by members and by strangers, of how many."""

    members: Counts
    all_members: int
    strangers: Counts
    all_strangers: int


def learn(shown: Mapping[TraitKind, Values], members: Mask, strangers: Mask) -> tuple[KindIndicators, ...]:
    """Learn the indicators of a campaign; kinds and values that say nothing are left out."""
    found = [_of_kind(kind, shown[kind], members, strangers) for kind in FAMILIES if kind in shown]
    kept = [(kind, gain) for kind, gain in found if kind is not None]
    total: dict[str, float] = {}
    for kind, gain in kept:
        total[FAMILIES[kind.kind]] = total.get(FAMILIES[kind.kind], 0.0) + gain
    return tuple(
        KindIndicators(kind.kind, round(gain / total[FAMILIES[kind.kind]], 6), kind.level_bits, kind.values)
        for kind, gain in kept
    )


def _of_kind(kind: TraitKind, part: Values, members: Mask, strangers: Mask) -> tuple[KindIndicators | None, float]:
    """Indicators of one kind, and the bits that a member's best value has on average."""
    size = len(part.values)
    seen = _Seen(
        np.bincount(part.codes[members[part.rows]], minlength=size),
        int(members.sum()),
        np.bincount(part.codes[strangers[part.rows]], minlength=size),
        int(strangers.sum()),
    )
    best = _best_of_members(part, members, seen)
    table = level_bits(best, _levels_of_strangers(part, strangers, seen), seen.all_strangers)
    values = _values(part, seen, table)
    gain = float(np.mean([bits_at(int(level), table) for level in best])) if len(best) else 0.0
    return (KindIndicators(kind, 1.0, table, values) if values and gain > 0 else None), gain


def _best_of_members(part: Values, members: Mask, seen: _Seen) -> Counts:
    """The best level of each member, were it not a member itself."""
    own = members[part.rows]
    codes = part.codes[own]
    level = levels(seen.members[codes] - 1, seen.all_members - 1, seen.strangers[codes], seen.all_strangers)
    best = np.full(len(members), NO_LEVEL)
    np.maximum.at(best, part.rows[own], level)
    return best[members]


def _levels_of_strangers(part: Values, strangers: Mask, seen: _Seen) -> Counts:
    """Every level that each stranger shows, were it not counted itself; only values that are indicators."""
    other = strangers[part.rows] & (seen.members[part.codes] >= _FEWEST_MEMBERS)
    codes = part.codes[other]
    level = levels(seen.members[codes], seen.all_members, seen.strangers[codes] - 1, seen.all_strangers - 1)
    pairs = np.unique(np.column_stack([part.rows[other], level])[level != NO_LEVEL], axis=0)
    return pairs[:, 1]


def _values(part: Values, seen: _Seen, table: Mapping[int, float]) -> tuple[Indicator, ...]:
    level = levels(seen.members, seen.all_members, seen.strangers, seen.all_strangers)
    marks = np.flatnonzero((level != NO_LEVEL) & (seen.members >= _FEWEST_MEMBERS))
    marks = marks[np.argsort(-seen.members[marks], kind="stable")][:_MOST_VALUES]
    found = [
        Indicator(str(part.values[int(c)].as_py()), int(seen.members[c]), int(seen.strangers[c]), bits)
        for c in marks
        if (bits := _with_change(bits_at(int(level[c]), table))) > 0
    ]
    return tuple(found)


def _with_change(bits: float) -> float:
    """Bits of a match when the bet allows that the kind was changed altogether."""
    return round(float(np.log2(CHANGED_FRACTION + (1 - CHANGED_FRACTION) * 2.0**bits)), 3) if bits > 0 else 0.0
