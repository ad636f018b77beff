"""One operator or two? Fragments of one operator behave alike; two operators on one pool of proxies do not.

In: cores of accounts. Out: fewer, larger cores. Two cores are one operator when their centres differ by a small share
of what two strangers differ by in every test of rhythm, content and application but two: fragments may differ in the
traits that cut them apart. Cores that declare different organisations, or of which only one does, stay apart.
"""

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from stillwatch.abreast import abreast
from stillwatch.together.dispersion import Features, Floats, Mask, Matrix
from stillwatch.together.likeness import ALL, Accounts, features_of
from stillwatch.types import TraitKind

_ALIKE_FRACTION = 0.02  # halves of one operator lie below 0.005, different operators above 0.1 (docs/decisions/0002)
_CUTTING_TESTS = 2  # tests in which fragments of one operator may differ
_SEATS = 3  # accounts that declare one organisation; two may be one person's
_FEWEST_STRANGERS = 3
_FAMILIES = ("rhythm", "content", "application")


def join_operators(accounts: Accounts, cores: list[Mask], strangers: Mask) -> list[Mask]:
    """Join the two most alike cores as long as they behave as one operator; largest core first."""
    if not cores:
        return []
    workers = os.cpu_count() or 1
    tests = [features_of(test, accounts) for test in ALL if test.family in _FAMILIES]
    aspects = list(abreast(partial(_aspect, cores=cores, strangers=strangers), tests, workers))
    while len(cores) > 1:
        apart = np.where(_declared_apart(accounts, cores), np.inf, _distances(aspects, len(cores)))
        first, second = np.unravel_index(np.argmin(apart), apart.shape)
        if apart[first, second] >= _ALIKE_FRACTION:
            break
        rest = [i for i in range(len(cores)) if i not in (first, second)]
        cores = [*(cores[i] for i in rest), cores[first] | cores[second]]
        aspects = list(abreast(partial(_joined, rest=rest, core=cores[-1]), aspects, workers))
    return sorted(cores, key=lambda mask: (-int(mask.sum()), int(np.flatnonzero(mask)[0])))


def seated_elsewhere(accounts: Accounts, core: Mask) -> Mask:
    """Accounts that declare an organisation of several seats which is not that of half the core.

    Who declares its seats does not pose as a stranger: it is judged as that organisation, not as somebody's disguise.
    """
    part = accounts.shown[TraitKind.ORGANISATION]
    seats = np.bincount(part.codes, minlength=1)
    inside = np.bincount(part.codes[core[part.rows]], minlength=len(seats))
    apart = (seats >= _SEATS) & (2 * inside < core.sum())
    elsewhere = np.zeros(len(core), bool)
    elsewhere[part.rows[apart[part.codes]]] = True
    return elsewhere


def _declared_apart(accounts: Accounts, cores: list[Mask]) -> npt.NDArray[np.bool_]:
    """Whether two cores declare different organisations; no organisation is different from any."""
    part = accounts.shown[TraitKind.ORGANISATION]
    declared = np.full(len(cores), -1)
    for number, core in enumerate(cores):
        counts = np.bincount(part.codes[core[part.rows]], minlength=1)
        if 2 * counts.max() >= core.sum():
            declared[number] = counts.argmax()
    return np.asarray(declared[:, None] != declared[None, :])


@dataclass(frozen=True, slots=True)
class _Aspect:
    """One aspect of all cores, kept while they are joined: one row of everything a core, none computed twice.

    known: accounts of each core that have it; centres [cores, d]; squares: mean |x|^2 of each core; inner: products of
    the centres; stranger_distance: squared distance of two strangers, NaN where too few of them have it.
    """

    features: Features
    known: Floats
    centres: Matrix
    squares: Floats
    inner: Floats
    stranger_distance: float


def _aspect(features: Features, cores: list[Mask], strangers: Mask) -> _Aspect:
    outside = _means(features, [strangers])
    spread = outside[2][0] - float(_dense(outside[1] @ outside[1].T)[0, 0])
    known, centres, squares = _means(features, cores)
    distance = max(2 * spread, 1e-12) if outside[0][0] >= _FEWEST_STRANGERS else np.nan
    return _Aspect(features, known, centres, squares, _dense(centres @ centres.T), distance)


def _joined(aspect: _Aspect, rest: list[int], core: Mask) -> _Aspect:
    """Keep the cores of `rest` and put one more behind them."""
    known, centre, square = _means(aspect.features, [core])
    kept: Any = aspect.centres[rest]
    if isinstance(centre, sp.csr_array):
        whole: Any = sp.csr_array(sp.vstack([kept, centre]))
    else:
        whole = np.vstack([kept, centre])
    products = _dense(whole @ centre.T)
    inner = np.block([[aspect.inner[np.ix_(rest, rest)], products[:-1]], [products.T]])
    return _Aspect(
        aspect.features,
        np.append(aspect.known[rest], known),
        whole,
        np.append(aspect.squares[rest], square),
        inner,
        aspect.stranger_distance,
    )


def _means(features: Features, cores: list[Mask]) -> tuple[Floats, Any, Floats]:
    """How many accounts of each core have an aspect, their centre, and the mean of their squares."""
    rows = [np.flatnonzero(core & features.known) for core in cores]
    count = np.array([len(some) for some in rows], float)
    weight = np.repeat(1 / np.maximum(count, 1), count.astype(int))
    starts = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    columns = np.concatenate(rows).astype(np.int32)  # as those of features: else scipy copies these to widen them
    pick = sp.csr_array((weight, columns, starts.astype(np.int32)), shape=(len(cores), len(features.known)))
    return count, pick @ features.values, pick @ features.squares


def _dense(matrix: Any) -> Floats:
    return np.asarray(matrix.toarray() if isinstance(matrix, sp.csr_array) else matrix)


def _distances(aspects: list[_Aspect], cores: int) -> Floats:
    """Squared distance between centres as a share of that between two strangers, the largest but two of all tests.

    A test is left out where a core or the strangers lack its aspect.
    """
    parts = [_apart(a) for a in aspects if a.known.all() and np.isfinite(a.stranger_distance)]
    if len(parts) <= _CUTTING_TESTS:
        return np.full((cores, cores), np.inf)
    apart = np.asarray(np.sort(parts, axis=0)[-1 - _CUTTING_TESTS])
    np.fill_diagonal(apart, np.inf)
    return apart


def _apart(aspect: _Aspect) -> Floats:
    """Squared distances between the centres of cores, less what sampling their members adds to it."""
    squares = np.diag(aspect.inner)
    chance = (aspect.squares - squares) / np.maximum(aspect.known - 1, 1)
    distance = squares[:, None] + squares[None, :] - 2 * aspect.inner - chance[:, None] - chance[None, :]
    return np.asarray(np.maximum(distance, 0) / aspect.stranger_distance)
