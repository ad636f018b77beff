"""Maximum mean discrepancy between an account's window of prompts and benign traffic.

Claims: this account asks for something else than customers do. A window is 20 prompts spread evenly over an account's
life (the paper: 1,500 queries of all users, which names nobody). Score: unbiased MMD^2, with the kernel of `mmd`,
against 400 reference prompts.
Half of the reference's accounts give those prompts, the other half the fair threshold: the re-calibrated test.
Plain: the published threshold, the 95th percentile of windows that mix all reference accounts.
Source: Liu, Guo & Dong 2026, arXiv 2606.05725; Gretton et al. 2012, A kernel two-sample test.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log
from baselines.mmd import kernel, median_distance
from baselines.texts import Vectors, vectors, window

WINDOW = 20
POOL = 400
NULL_WINDOWS = 1_000
PLAIN_QUANTILE = 0.95
SEED = 2606


@dataclass(frozen=True, eq=False)
class Benign:
    """Reference prompts, the median distance between them, and their mean kernel."""

    prompts: Vectors
    median: float
    within: float


def _within(x: Vectors, median: float) -> float:
    """Mean kernel between different rows."""
    gram = kernel(x, x, median).astype(np.float64)
    return float((gram.sum() - np.trace(gram)) / (len(x) * (len(x) - 1)))


@lru_cache(maxsize=4)
def benign(reference: Log) -> Benign:
    """Take prompts evenly from every second account of the reference."""
    rows = np.flatnonzero(reference.account % 2 == 0)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, POOL).astype(np.int64))]
    prompts = vectors(reference, reference)[rows]
    median = max(median_distance(prompts, np.random.default_rng(SEED)), 1e-6)
    return Benign(prompts, median, _within(prompts, median))


def discrepancy(prompts: Vectors, pool: Benign) -> float:
    """Give the unbiased MMD^2 of a window against benign prompts: `mmd.mmd2`, with the pool's own part known."""
    across = kernel(prompts, pool.prompts, pool.median).mean(dtype=np.float64)
    return _within(prompts, pool.median) + pool.within - 2.0 * float(across)


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
