"""The values of each account, side by side or as shares, compiled.

In: which account shows which value. Out: arrays in order of accounts. Read `fitting` and `likeness` for their use.
"""

import numpy as np
import scipy.sparse as sp

from stillwatch.loops import Counts, Floats, Places, compiled


def starts_of(rows: Places, accounts: int) -> Counts:
    """Give where the traits of each account begin, and where the last one's end, when they stand account by account."""
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=accounts))])


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
    squares = sp.csr_array((matrix.data**2, matrix.indices, matrix.indptr), shape=shape)
    rest = np.maximum(1 - matrix.sum(axis=1), 0)
    _scale(matrix.indptr, matrix.indices, matrix.data, 1 / np.sqrt(squares.sum(axis=1) + rest**2))
    return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=shape)


@compiled
def _scale(starts: Places, codes: Places, shares: Floats, factors: Floats) -> None:
    """Multiply each row by its factor and turn it round, as a product of sparse matrices would."""
    for row in range(factors.size):
        left, right = starts[row], starts[row + 1] - 1
        while left <= right:
            codes[left], codes[right] = codes[right], codes[left]
            first, last = shares[left] * factors[row], shares[right] * factors[row]
            shares[left], shares[right] = last, first
            left, right = left + 1, right - 1


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
