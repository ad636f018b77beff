"""The values of each account, side by side or as shares, compiled.

In: which account shows which value. Out: arrays in order of accounts. Read `fitting` and `likeness` for their use.
"""

import numpy as np
import scipy.sparse as sp

from stillwatch.loops import Counts, Floats, Places, compiled


def starts_of(rows: Places, accounts: int) -> Counts:
    """Give where the traits of each account begin, and where the last one's end, when they stand account by account."""
    counts = np.zeros(accounts + 1, np.int64)
    _count_rows(rows, counts[1:])
    return np.cumsum(counts)


def by_account(rows: Places, starts: Counts, codes: Places) -> Places:
    """Put the value of each trait in order of accounts, and of one account as it comes."""
    placed = np.empty_like(codes)
    _place(rows, codes, starts[:-1].copy(), placed)
    return placed


def unit_rows_of(rows: Places, codes: Places, exchanges: Counts, whole: Counts, shape: tuple[int, int]) -> sp.csr_array:
    """Give accounts as unit vectors of the shares of values; what an account shares with nobody, which fills its
    shares up to 1, adds to its length.

    Args:    exchanges: of each trait; whole: how many of each account are a share of 1, and more are no more.
    """
    starts = starts_of(rows, shape[0])
    shares, placed = np.empty(len(rows)), np.empty(len(rows), np.int32)
    _place_shares(rows, codes, exchanges, whole, starts[:-1].copy(), shares, placed)
    matrix = sp.csr_array((shares, placed, starts.astype(np.int32)), shape=shape)
    matrix.sum_duplicates()
    _scale(matrix.indptr, matrix.indices, matrix.data)
    return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=shape)


@compiled
def _scale(starts: Places, codes: Places, shares: Floats) -> None:
    """Give each row its length, and turn it round, as a product of sparse matrices would."""
    for row in range(starts.size - 1):
        whole, squares = 0.0, 0.0
        for place in range(starts[row], starts[row + 1]):
            whole += shares[place]
            squares += shares[place] ** 2
        factor = 1 / np.sqrt(squares + max(1 - whole, 0.0) ** 2)
        left, right = starts[row], starts[row + 1] - 1
        while left <= right:
            codes[left], codes[right] = codes[right], codes[left]
            first, last = shares[left] * factor, shares[right] * factor
            shares[left], shares[right] = last, first
            left, right = left + 1, right - 1


@compiled
def _count_rows(rows: Places, counts: Counts) -> None:
    for place in range(rows.size):
        counts[rows[place]] += 1


@compiled
def _place(rows: Places, codes: Places, following: Counts, placed: Places) -> None:
    for place in range(rows.size):
        account = rows[place]
        placed[following[account]] = codes[place]
        following[account] += 1


@compiled
def _place_shares(  # noqa: PLR0913, PLR0917 - what is placed, and where
    rows: Places,
    codes: Places,
    exchanges: Counts,
    whole: Counts,
    following: Counts,
    shares: Floats,
    placed: Places,
) -> None:
    """Share and value of each trait by account, in one go: each of these arrays is as long as all traits."""
    for place in range(rows.size):
        account = rows[place]
        free = following[account]
        shares[free], placed[free] = min(exchanges[place] / whole[account], 1.0), codes[place]
        following[account] = free + 1
