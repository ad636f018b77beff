"""Which values tell members from strangers, and the most telling one of each account, compiled.

In: which account shows which value. Out: one number a value, or an account. Traits are many millions: arrays as long as
they took most of the time of weighing. Read `membership` for their use.
"""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from stillwatch.together.squares import compiled

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int32]


def holders(rows: Places, codes: Places, accounts: Mask, values: int) -> Counts:
    """Count the accounts, among those named, that show each of so many values.

    Args:    rows, codes: account and value of each trait.
    """
    counts = np.zeros(values, np.int64)
    _count(rows, codes, accounts, counts)
    return counts


def most_telling(rows: Places, codes: Places, core: Mask, weights: Floats) -> Floats:
    """Give the largest weight among the values that each account shows, -inf where it shows none.

    Args:    weights: [2, values], of accounts outside the core and inside it.
    """
    best = np.full(len(core), -np.inf)
    _raise(rows, codes, core, weights, best)
    return best


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
