"""Squared lengths of sums of sparse rows, compiled: the sums are as wide as a kind has values, and never held.

In: which rows to add up, and the rows. Out: one number a sum. Read `dispersion` for what it is used for.
"""

import os
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from stillwatch.abreast import abreast
from stillwatch.loops import compiled

Rows: TypeAlias = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], npt.NDArray[np.float64]]
"""A sparse matrix as compiled loops read it: where each row begins, columns, values."""


_PIECES = 16  # of the sums, so that no thread waits long for another
_MANY = 100_000  # rows to add up below which threads cost more than they spare


def squared_sums(picked: sp.csr_array, values: sp.csr_array) -> npt.NDArray[np.float64]:
    """Give the squared length of each row of `picked @ values`.

    Args:    values: none negative, so that nothing cancels.
    """
    out = np.zeros(picked.shape[0])
    rows, added = _rows(picked), _rows(values)
    pieces = _PIECES if picked.nnz >= _MANY else 1
    shares = np.linspace(0, picked.nnz, pieces + 1)
    ends = [0, *np.searchsorted(picked.indptr, shares[1:-1]).tolist(), len(out)]

    def add_up(piece: tuple[int, int]) -> None:
        _add_up(rows, added, values.shape[1], piece, out)

    for _ in abreast(add_up, list(pairwise(ends)), os.cpu_count() or 1):
        pass
    return out


def _rows(matrix: sp.csr_array) -> Rows:
    return matrix.indptr, matrix.indices, matrix.data.astype(np.float64, copy=False)


@compiled
def _add_up(picked: Rows, rows: Rows, width: int, piece: tuple[int, int], out: npt.NDArray[np.float64]) -> None:
    """Add up some sums, one at a time, in an array of all columns, and their squares: (s + x)^2 - s^2 = (2 s + x) x."""
    total = np.zeros(width)
    for g in range(piece[0], piece[1]):
        squared, some = 0.0, picked[1][picked[0][g] : picked[0][g + 1]]
        for p in range(some.size):
            weight = picked[2][picked[0][g] + p]
            for q in range(rows[0][some[p]], rows[0][some[p] + 1]):
                column, more = rows[1][q], weight * rows[2][q]
                squared += (2 * total[column] + more) * more
                total[column] += more
        out[g] = squared
        _clear(some, rows, total)


@compiled
def _clear(some: npt.NDArray[np.integer], rows: Rows, total: npt.NDArray[np.float64]) -> None:
    """Put zeros where some rows were added, or everywhere where that is less."""
    added = 0
    for row in some:
        added += rows[0][row + 1] - rows[0][row]
    if added > total.size:
        total[:] = 0
        return
    for row in some:
        for q in range(rows[0][row], rows[0][row + 1]):
            total[rows[1][q]] = 0
