"""Fair thresholds: what the reference would have suffered decides, in the same way for every baseline.

In: scores of accounts, or weighted pairs of accounts, of the reference. Out: the lowest cut above which at most
`ACCUSED_FRACTION` of the reference's accounts are accused. With fewer than 1,000 accounts that is: none of them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from baselines.log import Floats, Group, Ints, Log

ACCUSED_FRACTION = 0.001


@dataclass(frozen=True, eq=False)
class Pairs:
    """Weighted pairs of accounts of a log of `size` accounts; `left` < `right`, each pair once."""

    left: Ints
    right: Ints
    weight: Floats
    size: int

    def above(self, cut: float) -> "Pairs":
        """Give the pairs that weigh more than the cut."""
        kept = self.weight > cut
        return Pairs(self.left[kept], self.right[kept], self.weight[kept], self.size)


def pairs_of(matrix: csr_array) -> Pairs:
    """Read the upper triangle of a symmetric matrix as pairs."""
    full = coo_array(matrix)
    kept = (full.row < full.col) & (full.data > 0)
    left, right = full.row[kept].astype(np.int64), full.col[kept].astype(np.int64)
    return Pairs(left, right, full.data[kept].astype(np.float64), full.shape[0])


def allowed(accounts: int) -> int:
    """Count the reference accounts that may be accused."""
    return int(accounts * ACCUSED_FRACTION)


def score_cut(scores: npt.ArrayLike) -> float:
    """Give the lowest cut that at most the allowed number of reference scores exceed; NaN counts as not evaluated."""
    values = np.asarray(scores, np.float64)
    real = np.sort(values[~np.isnan(values)])[::-1]
    place = allowed(len(values))
    return float(real[place]) if len(real) > place else -np.inf


def flagged(log: Log, scores: npt.ArrayLike, cut: float) -> list[Group]:
    """Give every account whose score exceeds the cut, each as a group of its own."""
    return [log.name([row]) for row in np.flatnonzero(np.asarray(scores) > cut)]


def components(pairs: Pairs, least: int) -> list[Ints]:
    """Give the connected components of at least `least` accounts, by their first account."""
    graph = csr_array((np.ones(len(pairs.left)), (pairs.left, pairs.right)), shape=(pairs.size, pairs.size))
    labels = connected_components(graph, directed=False)[1]
    sizes = np.bincount(labels, minlength=1)
    found = [np.flatnonzero(labels == label) for label in np.flatnonzero(sizes >= least)]
    return sorted(found, key=lambda rows: int(rows[0]))


def pair_cut(reference: Pairs, least: int) -> float:
    """Give the lowest weight above which components accuse at most the allowed number of reference accounts.

    Components at any cut are those of the maximum spanning forest, so only its pairs are searched.
    """
    forest = _forest(reference)
    cuts = np.unique(np.concatenate([[-np.inf], forest.weight]))
    low, high = 0, len(cuts) - 1
    while low < high:
        middle = (low + high) // 2
        accused = sum(len(rows) for rows in components(forest.above(cuts[middle]), least))
        low, high = (low, middle) if accused <= allowed(reference.size) else (middle + 1, high)
    return float(cuts[low])


def groups(log: Log, pairs: Pairs, least: int) -> list[Group]:
    """Give the components of at least `least` accounts as groups of account ids."""
    return [log.name(rows) for rows in components(pairs, least)]


def _forest(pairs: Pairs) -> Pairs:
    if not len(pairs.weight):
        return pairs
    top = float(pairs.weight.max()) + 1.0
    graph = csr_array((top - pairs.weight, (pairs.left, pairs.right)), shape=(pairs.size, pairs.size))
    tree = coo_array(minimum_spanning_tree(graph))
    exact = _weights(pairs, tree.row.astype(np.int64), tree.col.astype(np.int64))
    return Pairs(tree.row.astype(np.int64), tree.col.astype(np.int64), exact, pairs.size)


def _weights(pairs: Pairs, left: Ints, right: Ints) -> Floats:
    """Look the tree's weights up again, so that a cut is exactly one of the weights."""
    key, wanted = pairs.left * pairs.size + pairs.right, left * pairs.size + right
    order = np.argsort(key)
    return pairs.weight[order[np.searchsorted(key[order], wanted)]]
