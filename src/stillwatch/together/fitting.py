"""Which accounts of a fragment fit it: the odds of `membership`, of the fragment's own accounts alone.

In: a sample of the log, fragments. Out: the very numbers that `membership.odds` gives for these accounts. It weighs
everybody, which for each of a hundred fragments took longer than all else; this takes time with the fragment's size.
"""

from dataclasses import dataclass

import numpy as np

from stillwatch.loops import Counts, Floats, Mask, Places, compiled, holders
from stillwatch.together.groups import Shown
from stillwatch.together.likeness import Likeness, by_test, features_of
from stillwatch.together.membership import distance_weight, family_weights, log_shares, prior_bits
from stillwatch.together.sample import Sample
from stillwatch.together.telling import by_account, starts_of
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind


@dataclass(frozen=True, slots=True)
class _Held:
    """Traits of one kind, account by account: those of account a are codes[starts[a]:starts[a + 1]].

    strangers: how many of the sample's strangers show each value; bare: how many show none.
    """

    starts: Counts
    codes: Places
    strangers: Counts
    bare: int

    @classmethod
    def of(cls, part: Shown, strangers: Mask) -> "_Held":
        """Sort traits by account."""
        starts = starts_of(part.rows, len(strangers))
        shown = holders(part.rows, part.codes, strangers, len(part.values))
        bare = int((strangers & (np.diff(starts) == 0)).sum())
        return cls(starts, by_account(part.rows, starts, part.codes), shown, bare)


class Fitting:
    """Weighs the accounts of one fragment after the other against the same sample."""

    def __init__(self, sample: Sample, trust: Trust) -> None:
        self._sample, self._trust = sample, trust
        shown = sample.accounts.shown
        self._held = {kind: _Held.of(part, sample.strangers) for kind, part in shown.items()}

    def odds(self, core: Mask) -> Floats:
        """Give the log2 odds of each account of a fragment, in their order, that it belongs to it."""
        weights = by_test(lambda test: self._trust.of(test.family) * self._weight(test, core), len(core))
        sums = np.sum(list(family_weights(weights).values()), axis=0)
        return np.asarray(prior_bits(core) + self._trust.shift_bits + sums + self._sample.prior_bits(core))

    def _weight(self, test: Likeness, core: Mask) -> Floats:
        if test.name in set(TraitKind):
            return self._value_weight(self._held[TraitKind(test.name)], core)
        rows = np.flatnonzero(core | self._sample.strangers)
        features, own = features_of(test, self._sample.accounts), core[rows]
        strangers = self._sample.strangers[rows] & ~own
        return distance_weight(np.asarray(features.values)[rows], features.known[rows], own, strangers)[own]

    def _value_weight(self, held: _Held, core: Mask) -> Floats:
        """Weight of the most telling value that each account shows, or of showing no shared value."""
        accounts, values = np.flatnonzero(core), len(held.strangers)
        if values == 0:
            return np.zeros(len(accounts))
        stranger, strangers = self._sample.strangers[accounts], self._sample.strangers & ~core
        inside, outside = np.zeros(values, np.int64), held.strangers.copy()
        _add(held.starts, held.codes, accounts, 1, inside)
        _add(held.starts, held.codes, accounts[stranger], -1, outside)
        best, weights, met = np.full(len(accounts), -np.inf), np.full(values, -np.inf), np.flatnonzero(inside)
        weights[met] = log_shares(inside[met], outside[met], core, strangers)[1]
        _find_best(held.starts, held.codes, accounts, weights, best)
        none = held.starts[accounts] == held.starts[accounts + 1]
        bare = np.array([none.sum()]), np.array([held.bare - (none & stranger).sum()])
        return np.where(none, log_shares(*bare, core, strangers)[1, 0], best)


@compiled
def _add(starts: Counts, codes: Places, accounts: Counts, each: int, counts: Counts) -> None:
    """Count, up or down, the values that some accounts show."""
    for account in accounts:
        for place in range(starts[account], starts[account + 1]):
            counts[codes[place]] += each


@compiled
def _find_best(starts: Counts, codes: Places, accounts: Counts, weights: Floats, best: Floats) -> None:
    """Give each account the largest weight among its values."""
    for row in range(accounts.size):
        for place in range(starts[accounts[row]], starts[accounts[row] + 1]):
            best[row] = max(best[row], weights[codes[place]])
