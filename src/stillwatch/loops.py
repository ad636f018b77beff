"""Loops over who shows which value, compiled: arrays as long as all traits took most of the time of weighing.

In: account and value of each trait. Out: one number a value, or an account.
"""

import os
from functools import reduce
from itertools import pairwise
from typing import Any, TypeAlias

import numba as nb
import numpy as np
import numpy.typing as npt

from stillwatch.abreast import abreast

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Places: TypeAlias = npt.NDArray[np.int32]

_MANY = 2**20  # traits that are worth a thread of their own


def compiled(function: Any) -> Any:
    """Compile at the first call and keep the result on disk; where no folder can be written, compile in every run."""
    try:
        return nb.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return nb.njit(nogil=True)(function)


def holders(rows: Places, codes: Places, accounts: Mask, values: int) -> Counts:
    """Count the accounts, among those named, that show each of so many values.

    Args:    rows, codes: account and value of each trait.
    """

    def counted(part: slice) -> Counts:
        counts = np.zeros(values, np.int64)
        _count(rows[part], codes[part], accounts, counts)
        return counts

    return reduce(np.add, abreast(counted, cut(len(rows)), os.cpu_count() or 1))


def most_telling(rows: Places, codes: Places, core: Mask, weights: Floats) -> Floats:
    """Give the largest weight among the values that each account shows, -inf where it shows none.

    Args:    weights: [2, values], of accounts outside the core and inside it.
    """

    def raised(part: slice) -> Floats:
        best = np.full(len(core), -np.inf)
        _raise(rows[part], codes[part], core, weights, best)
        return best

    return reduce(np.maximum, abreast(raised, cut(len(rows)), os.cpu_count() or 1))


def kept(rows: Places, codes: Places, place: Places, values: int) -> tuple[npt.NDArray[np.int64], Mask]:
    """Give which traits are of accounts that have a place, and which of so many values they show.

    Args:    place: of every account, -1 for none.
    """
    some, shown = np.empty(len(rows), np.int64), np.zeros(values, np.bool_)
    return some[: _keep(rows, codes, place, some, shown)].copy(), shown


def cut(length: int) -> list[slice]:
    """Cut so many traits into parts, each worth a thread of its own, that follow each other."""
    bounds = np.linspace(0, length, min(os.cpu_count() or 1, length // _MANY + 1) + 1).astype(int)
    return [slice(*ends) for ends in pairwise(bounds.tolist())]


@compiled
def _keep(rows: Places, codes: Places, place: Places, some: Counts, shown: Mask) -> int:
    count = 0
    for trait in range(rows.size):
        if place[rows[trait]] >= 0:
            some[count] = trait
            count += 1
            shown[codes[trait]] = True
    return count


@compiled
def _count(rows: Places, codes: Places, accounts: Mask, counts: Counts) -> None:
    for place in range(rows.size):
        if accounts[rows[place]]:
            counts[codes[place]] += 1


@compiled
def _raise(rows: Places, codes: Places, core: Mask, weights: Floats, best: Floats) -> None:
    for place in range(rows.size):
        account = rows[place]
        weight = weights[1 if core[account] else 0, codes[place]]
        best[account] = max(best[account], weight)
