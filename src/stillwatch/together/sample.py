"""A smaller log to weigh fragments in: all their accounts, and strangers enough to compare with.

In: all accounts, and those that must stay. Out: a `Sample`. Weighing every fragment against everybody would take time
with the square of the log's accounts, because larger logs have more fragments.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.loops import kept
from stillwatch.together.dispersion import Mask
from stillwatch.together.groups import Shown
from stillwatch.together.likeness import Accounts

_MOST_STRANGERS = 20_000  # account keys are hashes, so the lowest are a random sample; more would add no bits


@dataclass(frozen=True, slots=True)
class Sample:
    """rows: which of all accounts are kept; strangers: which of those stand for everybody; whole: how many all are."""

    accounts: Accounts
    rows: npt.NDArray[np.int64]
    strangers: Mask
    whole: int

    def prior_bits(self, core: Mask) -> float:
        """What odds in the sample are short of those among all accounts, where strangers are more."""
        size = int(core.sum())
        return float(np.log2(max(len(core) - size, 1) / max(self.whole - size, 1)))


def sampled(accounts: Accounts, named: Mask, most: int = _MOST_STRANGERS) -> Sample:
    """Keep the accounts named, and as strangers those of the first so many that are not, in order of account key.

    Whoever is in a fragment is no stranger to another: fragments of one operator would testify against each other.
    """
    whole = len(named)
    lowest = np.arange(whole) < most
    rows = np.flatnonzero(named | lowest)
    return Sample(accounts if len(rows) == whole else _of_rows(accounts, rows), rows, (lowest & ~named)[rows], whole)


def _of_rows(accounts: Accounts, rows: npt.NDArray[np.int64]) -> Accounts:
    place = np.full(len(accounts.exchanges), -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    return replace(
        accounts,
        exchanges=accounts.exchanges[rows],
        first_second=accounts.first_second[rows],
        last_second=accounts.last_second[rows],
        volume_bin=accounts.volume_bin[rows],
        facets={name: counts[rows] for name, counts in accounts.facets.items()},
        shown={kind: _shown(part, place) for kind, part in accounts.shown.items()},
    )


def _shown(part: Shown, place: npt.NDArray[np.int32]) -> Shown:
    """Traits of the accounts that stay, and the values that they show."""
    rows, codes, exchanges, left = kept(part.rows, part.codes, part.exchanges, place, len(part.values))
    return Shown(part.kind, rows, codes, exchanges, part.values.filter(pa.array(left)))
