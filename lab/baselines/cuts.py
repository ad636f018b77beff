"""Fair thresholds: what the reference would have suffered decides, in the same way for every baseline.

In: scores of accounts, or weighted pairs of accounts, of the reference. Out: a cut above which at most
`ACCUSED_FRACTION` of the reference's accounts are accused. With fewer than 1,000 accounts that is: none of them.
For scores it is the lowest such cut. A linking baseline has two knobs, the weight of a pair and the size of a group: of
the fair settings it gets the one that accuses most accounts of the log it is judged on, which favours the baseline.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from baselines.log import Floats, Group, Ints, Log, codes

ACCUSED_FRACTION = 0.001
CUTS = 64  # tried settings of a linking baseline
SIZE_FRACTION = 0.02  # of the reference's accounts; a larger least size tells a graph grown together, not a group


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
    """Read the upper triangle of a symmetric matrix as pairs; weights are rounded, so that equal ones are equal."""
    full = coo_array(matrix)
    kept = (full.row < full.col) & (full.data > 0)
    left, right = full.row[kept].astype(np.int64), full.col[kept].astype(np.int64)
    return Pairs(left, right, np.round(full.data[kept], 9).astype(np.float64), full.shape[0])


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


def fair_size(found: list[Ints], least: int, accounts: int) -> int:
    """Give the smallest size, at least `least`, from which on components accuse at most the allowed accounts."""
    accused = 0
    for rows in sorted(found, key=len, reverse=True):
        accused += len(rows)
        if accused > allowed(accounts):
            return max(least, len(rows) + 1)
    return least


def fair_setting(log: Pairs, reference: Pairs, least: int) -> tuple[float, int]:
    """Give the cut and the smallest size that are fair to the reference and accuse most accounts of the log.

    A lower cut needs larger groups to be fair, up to `SIZE_FRACTION`. `CUTS` cuts are tried, evenly among those at
    which the reference changes; among equals the highest wins. Components at any cut are those of the maximum spanning
    forest, so only its pairs are looked at.
    """
    trees = forest(log), forest(reference)
    cuts = np.unique(np.concatenate([[-np.inf], trees[1].weight]))
    best, most = (float(cuts[-1]), least), -1
    for cut in cuts[np.unique(np.linspace(0, len(cuts) - 1, CUTS).astype(np.int64))][::-1].tolist():
        size = fair_size(components(trees[1].above(cut), least), least, reference.size)
        accused = sum(len(rows) for rows in components(trees[0].above(cut), size))
        if accused > most and size <= max(least, reference.size * SIZE_FRACTION):
            best, most = (cut, size), accused
    return best


def groups(log: Log, pairs: Pairs, least: int) -> list[Group]:
    """Give the components of at least `least` accounts as groups of account ids."""
    return [log.name(rows) for rows in components(pairs, least)]


def undeclared(log: Log, pairs: Pairs) -> Pairs:
    """Give the pairs that do not declare one organisation: nobody would accuse a company of having two seats."""
    declared = codes(log.accounts["org_id"])
    kept = (declared[pairs.left] < 0) | (declared[pairs.left] != declared[pairs.right])
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.weight[kept], pairs.size)


def fair_groups(log: Log, reference: Log, weigh: Callable[[Log], Pairs], least: int) -> list[Group]:
    """Give the components of undeclared pairs at the setting that is fair to the reference."""
    pairs = undeclared(log, weigh(log))
    cut, size = fair_setting(pairs, undeclared(reference, weigh(reference)), least)
    return groups(log, pairs.above(cut), size)


def forest(pairs: Pairs) -> Pairs:
    """Give the maximum spanning forest: at any cut it has the components that all pairs have."""
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
