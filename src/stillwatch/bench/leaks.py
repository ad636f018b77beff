"""What had gone before a detector spoke, when it looks at the growing log several times.

In: `Truth` and looks in order of time. Out: exchanges and unique tasks lost before the first flag and before the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.bench.found import Found
from stillwatch.bench.truth import Truth


@dataclass(frozen=True, slots=True)
class Look:
    """What a detector found in the exchanges up to a moment (microseconds UTC, inclusive)."""

    until: int
    found: Found


@dataclass(frozen=True, slots=True)
class Lost:
    """Summed over operators; an operator that is never flagged, or never whole, loses everything it took.

    first: before any of its accounts is flagged; whole: before each of its accounts has been flagged once.
    """

    exchanges: int
    first_exchanges: int
    first_tasks: int
    whole_exchanges: int
    whole_tasks: int


def lost_before(truth: Truth, looks: Sequence[Look]) -> Lost:
    """Count what each operator had taken by the look that first flagged it, and by the look that completed it."""
    ordered = sorted(looks, key=lambda look: look.until)
    taken, owner, moment, task = truth.taken(), truth.column("operator"), truth.column("ts"), truth.column("task")
    counts = np.zeros(5, np.int64)
    for operator in truth.operators:
        own = taken & np.asarray(owner == operator)
        first, whole = _flagged(truth, operator, ordered)
        counts += (int(own.sum()), *_by(first, moment[own], task[own]), *_by(whole, moment[own], task[own]))
    return Lost(*counts.tolist())


def _flagged(truth: Truth, operator: str, looks: Sequence[Look]) -> tuple[int | None, int | None]:
    """Give the moments of the first flag and of the flag that completes the operator's accounts with traffic."""
    rows = np.asarray(truth.column("operator") == operator)
    missing = set(truth.column("account_id")[rows].tolist())
    first: int | None = None
    for look in looks:
        named = missing & look.found.accused
        if named and first is None:
            first = look.until
        missing -= named
        if not missing:
            return first, look.until
    return first, None


def _by(moment: int | None, moments: NDArray[np.generic], tasks: NDArray[np.generic]) -> tuple[int, int]:
    gone = np.ones(len(moments), bool) if moment is None else np.asarray(moments <= np.int64(moment))
    return int(gone.sum()), len(np.unique(tasks[gone]))
