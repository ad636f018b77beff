"""How much the members of a group differ, against what strangers of the same sort (stratum) would.

In: features of accounts, groups as a sparse 0/1 matrix, which accounts are strangers. Out: for each group the log
ratio of its dispersion to that of strangers, with its sampling mean and variance. Independent people differ; accounts
run by one scheduler do not: clones give strongly negative ratios. Read `null` next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import digamma, polygamma

from stillwatch.together.squares import squared_sums

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Matrix: TypeAlias = npt.NDArray[np.float64] | sp.csr_array

_STRATA = 10  # strangers are matched within tenths of the volume distribution
_SMALL = 1e-12
_FEWEST_ALIKE = 3  # strangers of a stratum: where they are fewer, all strangers stand in for them
_LEAST_SIGNAL = 0.1  # of the strangers' dispersion that is taken to be more than noise, at least
_DOUBT = 0.2  # strangers' worth of belief that a group is like everybody: bounds what few accounts can say


@dataclass(frozen=True, slots=True)
class Features:
    """One aspect of all accounts. values: [n, d], dense or sparse; squares: |x|^2 [n], what is not shared included;
    known: which accounts have it; stratum: int [n], strangers are matched within it (tenths of volume, or whether a
    value is shown), all 0 for no matching; noise: [n], the part of |x|^2 that independent exchanges of one and the same
    habit scatter by, 0 where there is none.
    """

    values: Matrix
    squares: Floats
    known: Mask
    stratum: npt.NDArray[np.int64]
    noise: Floats


@dataclass(frozen=True, slots=True)
class Dispersion:
    """One aspect of all groups; NaN where a group has fewer than three known accounts.

    log_ratio: ln(dispersion of the group / expected of strangers); mean, variance: of that logarithm under sampling
    alone (chi-square of matched degrees of freedom); accounts: how many are known; group, strangers: the dispersions.
    """

    log_ratio: Floats
    mean: Floats
    variance: Floats
    accounts: Floats
    group: Floats
    strangers: Floats


def strata(exchanges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Cut accounts into tenths by volume; equal volumes fall into one stratum."""
    edges = np.unique(np.quantile(exchanges, np.linspace(0, 1, _STRATA + 1)[1:-1]))
    return np.searchsorted(edges, exchanges, side="left")


@dataclass(frozen=True, slots=True)
class Measured:
    """What does not depend on who the strangers are. count: known accounts of each group, NaN below three; share: how
    they spread over strata [groups, strata]; spread: dispersion of each group; noise: the sampling noise in it.
    """

    features: Features
    count: Floats
    share: sp.csr_array
    spread: Floats
    noise: Floats


def measure(features: Features, groups: sp.csr_array) -> Measured:
    """Measure the spread of each group of a 0/1 matrix [groups, accounts]."""
    known = groups if features.known.all() else sp.csr_array(groups @ sp.diags_array(features.known.astype(float)))
    accounts = np.asarray(known.sum(axis=1)).ravel()
    count = np.where(accounts >= 3, accounts, np.nan)
    spread = (known @ features.squares - _squared_sums(known, features.values) / count) / (count - 1)
    shape = (known.shape[1], int(features.stratum.max()) + 1)
    stratum = _placed(np.arange(shape[0]), features.stratum, shape)
    share = sp.csr_array(sp.diags_array(1 / count) @ (known @ stratum))
    return Measured(features, count, share, spread, (known @ features.noise) / count)


def dispersion(measured: Measured, strangers: Mask) -> Dispersion:
    """Compare the spread of each group with that of strangers of the same strata.

    Args:    strangers: accounts that the expectation is taken from.
    Source:  Satterthwaite 1946 for the degrees of freedom; log chi-square moments are digamma and trigamma.
    """
    count = measured.count
    whole, noise, freedom = _expected(measured, strangers)
    expected = np.maximum(whole - noise, _LEAST_SIGNAL * whole)
    spread = measured.spread - measured.noise
    shrunk = ((count - 1) * np.maximum(spread, 0) + _DOUBT * expected) / (count - 1 + _DOUBT)
    half = freedom / 2
    return Dispersion(
        log_ratio=np.log(np.maximum(shrunk, _SMALL) / np.maximum(expected, _SMALL)),
        mean=digamma(half) - np.log(half),
        variance=polygamma(1, half) * (whole / np.maximum(expected, _SMALL)) ** 2,
        accounts=np.nan_to_num(count),
        group=spread,
        strangers=expected,
    )


def stacked(results: Sequence[Dispersion]) -> Dispersion:
    """Put the groups of several runs one after the other."""
    return Dispersion(*(np.concatenate([getattr(r, f.name) for r in results]) for f in fields(Dispersion)))


def _expected(measured: Measured, strangers: Mask) -> tuple[Floats, ...]:
    """Expected dispersion of strangers of each group's strata, the noise in it, and its degrees of freedom."""
    features, count, share = measured.features, measured.count, measured.share
    bins = share.shape[1]
    rows = np.flatnonzero(features.known & strangers)
    stratum = features.stratum[rows]
    alike = np.bincount(stratum, minlength=bins).astype(float)
    lean = np.where(alike < _FEWEST_ALIKE, 1 / max(len(rows), 1), 0.0)  # on all strangers, where few are like these
    each = np.where(alike < _FEWEST_ALIKE, 0.0, 1 / np.maximum(alike, 1))
    weight = np.diag(each) + lean[:, None]

    def mean(values: Floats) -> Floats:
        return np.asarray(weight @ np.bincount(stratum, values[rows], minlength=bins))

    pick = _placed(stratum, rows, (bins, len(features.known)))
    means = sp.csr_array(weight) @ (pick @ features.values)
    centre = _sum_of(features.values, rows) / max(len(rows), 1)
    away = features.squares - 2 * (features.values @ centre) + centre @ centre
    expected = np.asarray(share @ mean(features.squares) - _squared_mixes(share, means))
    first, second = np.asarray(share @ mean(away)), np.asarray(share @ mean(away**2))
    freedom = 2 * (count - 1) * first**2 / np.maximum(second - first**2, _SMALL)
    noise = np.asarray(share @ mean(features.noise))
    return expected, noise, np.clip(freedom, 0.5 * (count - 1), 200 * count)


def _placed(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]) -> sp.csr_array:
    """A 0/1 matrix. Its indices are as short as those of what it is multiplied with, which would be copied else."""
    return sp.csr_array((np.ones(len(rows)), (rows.astype(np.int32), columns.astype(np.int32))), shape=shape)


def _sum_of(values: Matrix, rows: npt.NDArray[np.int64]) -> Floats:
    """Add up some rows; sparse ones without a copy of them, which is as large as all traits of a kind."""
    if not sp.issparse(values):
        return np.asarray(np.ones(len(rows)) @ values[rows])
    chosen = np.zeros(values.shape[0])
    chosen[rows] = 1.0
    return np.asarray(chosen @ values)


def _squared_mixes(share: sp.csr_array, means: Any) -> Floats:
    """Squared length of each row's mix of the means, from their inner products: the means can be very wide."""
    inner: Any = means @ means.T
    mixes = share @ (inner.toarray() if sp.issparse(means) else inner)
    return np.asarray(share.multiply(mixes).sum(axis=1)).ravel()


def _squared_sums(picked: sp.csr_array, values: Matrix) -> Floats:
    """Squared length of the sum of `values` over each row's picks."""
    if sp.issparse(values):
        return squared_sums(sp.csr_array(picked), sp.csr_array(values))
    sums = picked @ values
    return np.asarray((sums * sums).sum(axis=1)).ravel()
