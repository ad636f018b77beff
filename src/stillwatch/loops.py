"""Loops over who shows which value, compiled: arrays as long as all traits took most of the time of weighing.

In: account and value of each trait. Out: one number a value, or an account; fewer traits; or numbers in order.
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
_DIGIT_BITS = 8  # of a number that is sorted: as many places to write to as a processor keeps at hand


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


def kept(
    rows: Places, codes: Places, exchanges: Counts, place: Places, values: int
) -> tuple[Places, Places, Counts, Mask]:
    """Give the traits of accounts that have a place, with that place for the account, and which values are left.

    Values are coded anew, in their order, without those that are not.

    Args:    rows, codes, exchanges: of each trait; place: of every account, -1 for none; values: how many there were.
    """
    parts, workers = cut(len(rows)), os.cpu_count() or 1
    left = [np.zeros(values, np.bool_) for _ in parts]

    def look(n: int) -> int:
        return int(_leave(rows[parts[n]], codes[parts[n]], place, left[n]))

    ends = np.cumsum([0, *abreast(look, range(len(parts)), workers)])
    shown = reduce(np.logical_or, left)
    renamed = np.cumsum(shown, dtype=np.int32) - 1
    some = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.int32), np.empty(ends[-1], np.int64)

    def keep(n: int) -> None:
        part, out = parts[n], slice(ends[n], ends[n + 1])
        _keep(rows[part], codes[part], exchanges[part], place, renamed, *(column[out] for column in some))

    list(abreast(keep, range(len(parts)), workers))
    return *some, shown


def cut(length: int) -> list[slice]:
    """Cut so many traits into parts, each worth a thread of its own, that follow each other."""
    bounds = np.linspace(0, length, min(os.cpu_count() or 1, length // _MANY + 1) + 1).astype(int)
    return [slice(*ends) for ends in pairwise(bounds.tolist())]


@compiled
def put_in_order(numbers: Counts, bits: int, spare: Counts) -> None:
    """Sort numbers of so many bits, none negative, by way of a spare array of their length.

    NumPy's own sort takes seven times as long on processors that are slow to pick numbers out of wide registers.

    Source:  radix sort, the lowest digit first (Knuth, The Art of Computer Programming 3, 5.2.5).
    """
    digits = -(-bits // _DIGIT_BITS)
    for place in range(digits + digits % 2):  # an even number of moves ends where it began
        following = np.zeros(2**_DIGIT_BITS + 1, np.int64)
        for number in numbers:
            following[((number >> place * _DIGIT_BITS) & (2**_DIGIT_BITS - 1)) + 1] += 1
        following = np.cumsum(following)
        for number in numbers:
            digit = (number >> place * _DIGIT_BITS) & (2**_DIGIT_BITS - 1)
            spare[following[digit]] = number
            following[digit] += 1
        numbers, spare = spare, numbers


@compiled
def _leave(rows: Places, codes: Places, place: Places, shown: Mask) -> int:
    """Mark the values that are left, and count the traits."""
    count = 0
    for trait in range(rows.size):
        if place[rows[trait]] >= 0:
            count += 1
            shown[codes[trait]] = True
    return count


@compiled
def _keep(  # noqa: PLR0913, PLR0917 - what is kept, and where
    rows: Places,
    codes: Places,
    exchanges: Counts,
    place: Places,
    renamed: Places,
    kept_rows: Places,
    kept_codes: Places,
    kept_exchanges: Counts,
) -> None:
    count = 0
    for trait in range(rows.size):
        row = place[rows[trait]]
        if row >= 0:
            kept_rows[count], kept_codes[count] = row, renamed[codes[trait]]
            kept_exchanges[count] = exchanges[trait]
            count += 1


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
