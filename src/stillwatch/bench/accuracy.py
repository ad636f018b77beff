"""How many were accused rightly: by account, by exchange, by kind of innocent.

In: `Truth` and `Found`. Out: counts, from which precision and recall follow.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.bench.found import Found
from stillwatch.bench.truth import PROBE_KIND, Truth
from stillwatch.types import Verdict


@dataclass(frozen=True, slots=True)
class Hits:
    """true: how many there are; accused: how many were named; right: how many of these truly are."""

    true: int
    accused: int
    right: int

    @property
    def precision_fraction(self) -> float | None:
        """Share of the accused that truly are; None when nobody was accused."""
        return self.right / self.accused if self.accused else None

    @property
    def recall_fraction(self) -> float | None:
        """Share of the true that were accused; None when there are none."""
        return self.right / self.true if self.true else None


def account_hits(truth: Truth, found: Found) -> Hits:
    """Count accounts: who is accused, and who should be."""
    guilty, accused = truth.guilty, found.accused
    return Hits(len(guilty), len(accused), len(guilty & accused))


def declared_hits(truth: Truth, found: Found) -> Hits:
    """Count accounts that are named as harvesting openly and are not accused: found, and called a contract question."""
    named = found.named.get(Verdict.DECLARED_HARVEST, frozenset()) - found.accused
    return Hits(len(truth.guilty), len(named), len(truth.guilty & named))


def innocents_by_kind(truth: Truth, found: Found) -> dict[str, int]:
    """Count accused accounts that no operator ran, by what they really are."""
    return dict(sorted(Counter(truth.kind[account] for account in found.accused - truth.guilty).items()))


def innocent_accounts_by_kind(truth: Truth) -> dict[str, int]:
    """Count accounts that no operator ran, by what they really are: how many of each kind could have been accused."""
    return dict(sorted(Counter(truth.kind[account] for account in truth.kind.keys() - truth.guilty).items()))


def exchange_hits(truth: Truth, found: Found) -> Hits:
    """Count exchanges; a detector that lists none accuses every exchange of its accounts. Probing counts nowhere."""
    counted = np.asarray(truth.column("kind") != PROBE_KIND)
    taken, listed = truth.taken() & counted, listed_rows(truth, found) & counted
    return Hits(int(taken.sum()), int(listed.sum()), int((taken & listed).sum()))


def listed_rows(truth: Truth, found: Found) -> NDArray[np.bool_]:
    """Tell which exchanges of the log the detector accuses."""
    name, named = ("account_id", found.accused) if found.exchanges is None else ("exchange_id", found.exchanges.keys())
    chosen = pc.is_in(truth.exchanges[name], value_set=pa.array(sorted(named), pa.string()))
    return np.asarray(chosen.to_numpy(), bool)
