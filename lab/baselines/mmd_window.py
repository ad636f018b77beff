"""Maximum mean discrepancy between an account's window of prompts and benign traffic.

Claims: this account asks for something else than customers do. A window is 20 prompts spread evenly over an account's
life (the paper: 1,500 queries of all users, which names nobody). Kernel: the mean of four Gaussians at 0.5, 1, 2 and 4
times the median distance of reference prompts; unbiased MMD^2 against 400 reference prompts.
Half of the reference's accounts give those prompts, the other half the fair threshold: the re-calibrated test.
Plain: the published threshold, the 95th percentile of windows that mix all reference accounts.
Source: Liu, Guo & Dong 2026, arXiv 2606.05725; Gretton et al. 2012, A kernel two-sample test.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log
from baselines.texts import Vectors, vectors, window

WINDOW = 20
POOL = 400
SCALES = (0.5, 1.0, 2.0, 4.0)
NULL_WINDOWS = 1_000
PLAIN_QUANTILE = 0.95
SEED = 2606


@dataclass(frozen=True, eq=False)
class Benign:
    """Reference prompts, the median squared distance between them, and their mean kernel."""

    prompts: Vectors
    median_squared: float
    within: float


def mean_kernel(squared: Floats, median_squared: float) -> Floats:
    """Give the mean of four Gaussian kernels of squared distances."""
    parts = [np.exp(squared / (-2.0 * scale * scale * median_squared)) for scale in SCALES]
    return np.asarray(np.mean(parts, axis=0))


def _squared(x: Vectors, y: Vectors) -> Floats:
    """Squared distances between rows."""
    lengths = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None, :]
    return np.asarray(np.maximum(lengths - 2.0 * (x @ y.T), 0.0), np.float64)


def _within(x: Vectors, median_squared: float) -> float:
    """Mean kernel between different rows."""
    kernel = mean_kernel(_squared(x, x), median_squared)
    return float((kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1)))


@lru_cache(maxsize=4)
def benign(reference: Log) -> Benign:
    """Take prompts evenly from every second account of the reference."""
    rows = np.flatnonzero(reference.account % 2 == 0)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, POOL).astype(np.int64))]
    prompts = vectors(reference, reference)[rows]
    squared = _squared(prompts, prompts)[np.triu_indices(len(prompts), 1)]
    median_squared = max(float(np.median(squared)), 1e-9)
    return Benign(prompts, median_squared, _within(prompts, median_squared))


def discrepancy(prompts: Vectors, pool: Benign) -> float:
    """Give the unbiased MMD^2 of a window against benign prompts."""
    across = mean_kernel(_squared(prompts, pool.prompts), pool.median_squared).mean()
    return _within(prompts, pool.median_squared) + pool.within - 2.0 * float(across)


@lru_cache(maxsize=4)
def discrepancies(log: Log, reference: Log) -> Floats:
    """Score every account with at least `WINDOW` prompts; NaN otherwise."""
    prompts, pool = vectors(log, reference), benign(reference)
    scores = np.full(len(log.ids), np.nan)
    for account in np.flatnonzero(log.counts >= WINDOW):
        scores[account] = discrepancy(prompts[window(log, int(account), WINDOW)], pool)
    return scores


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts more discrepant than the held-out reference accounts."""
    usual = np.where(np.arange(len(reference.ids)) % 2 == 0, np.nan, discrepancies(reference, reference))
    return flagged(log, discrepancies(log, reference), score_cut(usual))


def plain(log: Log, reference: Log) -> list[Group]:
    """Give the accounts beyond the published threshold, which takes traffic for one stream of like customers."""
    prompts, pool = vectors(reference, reference), benign(reference)
    draw = np.random.default_rng(SEED)
    rows = [draw.choice(len(prompts), min(WINDOW, len(prompts)), replace=False) for _ in range(NULL_WINDOWS)]
    null = [discrepancy(prompts[np.sort(chosen)], pool) for chosen in rows]
    return flagged(log, discrepancies(log, reference), float(np.quantile(null, PLAIN_QUANTILE)))
