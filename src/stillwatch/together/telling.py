"""Which values tell members from strangers, and the most telling one of each account, compiled.

In: which account shows which value. Out: one number a value, or an account. Traits are many millions: arrays as long as
they took most of the time of weighing. Read `membership` for their use.
"""

import numpy as np
import numpy.typing as npt

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
