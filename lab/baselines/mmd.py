"""The window test of arXiv 2606.05725: is this window of traffic drawn from what benign traffic is drawn from?

In: unit vectors of queries; windows as counts over them. Out: unbiased MMD^2, the published score and thresholds.
As published: mean of four RBF kernels, sigma 1/2, 1, 2 and 4 times the median distance of 2,000 reference queries;
score = mean MMD^2 against 20 random reference windows; threshold = 95th percentile of 1,000 MMD^2 of two disjoint
reference windows. That null is ONE comparison and the score a mean of 20, so nominal 5 % is far less. Re-calibrated
here: the null is the score itself, of reference windows against 20 others that share no query with them.
Sources: Gretton et al. 2012, A kernel two-sample test, lemma 6; the protocol from the paper's result files.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

REFERENCE_WINDOWS = 20
NULL_PAIRS = 1_000
NULL_SCORES = 200  # of the re-calibrated threshold
QUANTILE = 0.95
_MEDIAN_POINTS = 2_000
_BANK = 400  # reference windows that scores choose from

Vectors: TypeAlias = npt.NDArray[np.float32]
Counts: TypeAlias = npt.NDArray[np.float32]
Rows: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


def squared_distances(x: Vectors, y: Vectors) -> Vectors:
    """Squared Euclidean distances [len(x), len(y)]."""
    inner = x @ y.T
    inner *= -2
    inner += (x**2).sum(axis=1)[:, None]
    inner += (y**2).sum(axis=1)[None, :]
    np.maximum(inner, 0, out=inner)
    return inner


def median_distance(x: Vectors, pick: np.random.Generator) -> float:
    """Median pairwise distance of at most 2,000 rows, a row's distance to itself left out."""
    rows = x if len(x) <= _MEDIAN_POINTS else x[pick.choice(len(x), _MEDIAN_POINTS, replace=False)]
    return float(np.sqrt(np.median(squared_distances(rows, rows)[np.triu_indices(len(rows), 1)])))


def kernel(x: Vectors, y: Vectors, median: float) -> Vectors:
    """Mean of the four kernels exp(-d^2 / (2 sigma^2)): each is the fourth power of the next wider one."""
    narrower = squared_distances(x, y)
    narrower *= -1 / (2 * (4 * median) ** 2)
    np.exp(narrower, out=narrower)
    total = narrower.copy()
    for _ in range(3):
        narrower **= 2
        narrower **= 2
        total += narrower
    total /= 4
    return total


def mmd2(x: Vectors, y: Vectors, median: float) -> float:
    """Unbiased MMD^2 of two samples; its mean is 0 when both come from one distribution.

    Raises:  ValueError: a sample of fewer than two.
    """
    if min(len(x), len(y)) < 2:
        raise ValueError("MMD^2 needs two rows in each sample")
    gram = kernel(np.concatenate([x, y]), np.concatenate([x, y]), median)
    left = (np.arange(len(gram)) < len(x)).astype(np.float32)[None, :]
    return float(paired_mmd2(gram, left, 1 - left)[0])


def paired_mmd2(gram: Vectors, left: Counts, right: Counts) -> Floats:
    """Unbiased MMD^2 of left[i] and right[i], windows as counts over the rows of `gram`."""
    return own_mean(gram, left) + own_mean(gram, right) - 2 * cross_mean(gram, left, right)


def own_mean(gram: Vectors, windows: Counts) -> Floats:
    """Mean kernel of two different places in each window; a query that stands twice meets itself once."""
    size = windows.sum(axis=1, dtype=np.float64)
    whole = np.einsum("ij,ij->i", windows @ gram, windows, dtype=np.float64)
    return np.asarray((whole - windows @ np.diag(gram).astype(np.float64)) / (size * (size - 1)))


def cross_mean(gram: Vectors, left: Counts, right: Counts) -> Floats:
    """Mean kernel of a place in left[i] with a place in right[i]."""
    whole = np.einsum("ij,ij->i", left @ gram, right, dtype=np.float64)
    return np.asarray(whole / left.sum(axis=1, dtype=np.float64) / right.sum(axis=1, dtype=np.float64))


def draw(pool: Rows, size: int, pick: np.random.Generator) -> Rows:
    """Draw a window from a pool of rows, each at most once; a smaller pool is drawn from with repeats."""
    return np.asarray(pick.choice(pool, size, replace=len(pool) < size, shuffle=False))


def counted(windows: list[Rows], rows: int) -> Counts:
    """Windows of row numbers as counts [windows, rows]."""
    return np.vstack([np.bincount(window, minlength=rows) for window in windows]).astype(np.float32)


def narrowed(gram: Vectors, pool: Rows) -> tuple[Vectors, Rows]:
    """The part of `gram` that a pool's windows can touch, and the pool as rows of that part: it costs far less."""
    kept, place = np.unique(pool, return_inverse=True)
    return np.ascontiguousarray(gram[np.ix_(kept, kept)]), place


def published_threshold(gram: Vectors, pool: Rows, size: int, pick: np.random.Generator) -> float:
    """95th percentile of MMD^2 between two disjoint windows of the reference pool.

    Raises:  ValueError: the pool does not hold two windows.
    """
    if len(pool) < 2 * size:
        raise ValueError(f"{len(pool)} reference queries do not hold two windows of {size}")
    gram, pool = narrowed(gram, pool)
    pairs = [draw(pool, 2 * size, pick) for _ in range(NULL_PAIRS)]
    for pair in pairs:
        pick.shuffle(pair)
    left, right = (counted([pair[part] for pair in pairs], len(gram)) for part in (slice(size), slice(size, None)))
    return float(np.quantile(paired_mmd2(gram, left, right), QUANTILE))


def recalibrated_threshold(gram: Vectors, pool: Rows, size: int, pick: np.random.Generator) -> float:
    """95th percentile of the score itself, of reference windows against 20 windows of the rest of the pool."""
    gram, pool = narrowed(gram, pool)
    scores = []
    for _ in range(NULL_SCORES):
        order = pick.permutation(pool)
        others = counted([draw(order[size:], size, pick) for _ in range(REFERENCE_WINDOWS)], len(gram))
        window = counted([order[:size]], len(gram))
        mean = others.mean(axis=0, keepdims=True)
        scores.append(own_mean(gram, window) + own_mean(gram, others).mean() - 2 * cross_mean(gram, window, mean))
    return float(np.quantile(scores, QUANTILE))


class Scorer:
    """Scores windows against 20 reference windows each, chosen from a bank drawn once from the reference pool."""

    def __init__(self, gram: Vectors, pool: Rows, size: int, pick: np.random.Generator) -> None:
        self._gram, self._pick = gram, pick
        windows = [draw(np.arange(len(pool)), size, pick) for _ in range(_BANK)]
        inner, place = narrowed(gram, pool)
        self._own = own_mean(inner, counted([place[window] for window in windows], len(inner)))
        self._bank = counted([pool[window] for window in windows], len(gram))

    def scores(self, windows: Counts) -> Floats:
        """Mean MMD^2 of each window against its reference windows."""
        chosen = np.vstack([self._pick.choice(_BANK, REFERENCE_WINDOWS, replace=False) for _ in windows])
        means = np.vstack([self._bank[row].mean(axis=0) for row in chosen])
        own = self._own[chosen].mean(axis=1)
        return np.asarray(own_mean(self._gram, windows) + own - 2 * cross_mean(self._gram, windows, means))
