"""What a test of likeness is: an aspect of accounts, and a sentence about a group.

In: profiles and traits. Out: `Features` for `dispersion`. A test's bits come from comparing a group's dispersion in
this aspect with that of strangers who share a trait of the same kind (`null`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from stillwatch.together.dispersion import Features, Floats
from stillwatch.together.groups import Shown
from stillwatch.types import TraitKind

Family = Literal["pace", "rhythm", "content", "application", "identity"]
FAMILIES: tuple[str, ...] = get_args(Family)


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts as `likeness` sees them: arrays of one length, in order of account key.

    facets: name -> counts [n, bins]; shown: traits by kind; features: those computed so far (`features_of`).
    """

    exchanges: npt.NDArray[np.int64]
    first_second: npt.NDArray[np.int64]
    last_second: npt.NDArray[np.int64]
    volume_bin: npt.NDArray[np.int64]
    facets: Mapping[str, npt.NDArray[np.float32]]
    shown: Mapping[TraitKind, Shown]
    features: dict[str, Features] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def have_words(self) -> bool:
        """Whether the prompts of half the accounts or more were read."""
        return bool(2 * self.facets["prompt"].any(axis=1).sum() >= len(self.exchanges))


@dataclass(frozen=True, slots=True)
class Likeness:
    """One test. Tests of one family depend on each other and are averaged; families are taken as independent.

    entailed: kinds of trait that force this likeness, so that groups formed by them are not tested by it;
    say: (members, strangers) -> the sentence; both are account rows; coincident: a lesson or a workshop, which brings
    strangers together once, makes them alike in it; least_exchanges: with fewer, accounts are alike for want of room.
    """

    name: str
    family: Family
    needs: str
    entailed: frozenset[TraitKind]
    features: Callable[[Accounts], Features]
    say: Callable[[Accounts, npt.NDArray[np.int64], npt.NDArray[np.int64]], str]
    coincident: bool = False
    least_exchanges: int = 1


def features_of(likeness: Likeness, accounts: Accounts) -> Features:
    """Give the features of a test, computed once for the same `Accounts` value."""
    if likeness.name not in accounts.features:
        accounts.features[likeness.name] = likeness.features(accounts)
    return accounts.features[likeness.name]


def unit_rows(counts: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Square roots of shares: histograms as points on the unit sphere (Hellinger 1909); and which are not empty."""
    total = counts.sum(axis=1, dtype=np.float64)
    known = total > 0
    return np.sqrt(counts / np.where(known, total, 1)[:, None]), known


def histogram_features(accounts: Accounts, facet: str) -> Features:
    """Features of one facet, matched by volume."""
    counts = accounts.facets[facet]
    values, known = unit_rows(counts)
    filled, total = (counts > 0).sum(axis=1), np.maximum(counts.sum(axis=1, dtype=np.float64), 1)
    noise = np.where(known, (filled - 1) / (4 * total), 0)  # variance of square roots of multinomial shares
    return Features(values, known.astype(float), known, accounts.volume_bin, noise)


def spread_fraction(values: Floats, rows: npt.NDArray[np.int64], strangers: npt.NDArray[np.int64]) -> float:
    """Mean squared distance among `rows` as a share of that among `strangers`."""
    inside = float(values[rows].var(axis=0, ddof=1).sum())
    outside = float(values[strangers].var(axis=0, ddof=1).sum())
    return inside / outside if outside > 0 else 1.0
