"""Marginal Mahalanobis distance: how far the mean of a window of prompts lies from that of benign traffic.

Claims: this account asks for something else than customers do. A window is 20 prompts spread evenly over an account's
life; its mean is compared coordinate by coordinate, with the reference's variances and a ridge of 1e-6.
Half of the reference's accounts give mean and variance, the other half the fair threshold. Plain: the 95th percentile
of the second half's windows, as in the paper that compares it.
Source: Liu, Guo & Dong 2026, arXiv 2606.05725, whose baseline this is (there: windows of 1,500 queries of all users).
"""

from functools import lru_cache

import numpy as np

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log
from baselines.texts import vectors, window

WINDOW = 20
RIDGE = 1e-6
PLAIN_QUANTILE = 0.95


@lru_cache(maxsize=4)
def distances(log: Log, reference: Log) -> Floats:
    """Score every account with at least `WINDOW` prompts; NaN otherwise."""
    pool = vectors(reference, reference)[reference.account % 2 == 0].astype(np.float64)
    centre, spread = pool.mean(axis=0), pool.var(axis=0) + RIDGE
    prompts = vectors(log, reference)
    scores = np.full(len(log.ids), np.nan)
    for account in np.flatnonzero(log.counts >= WINDOW):
        mean = prompts[window(log, int(account), WINDOW)].mean(axis=0)
        scores[account] = np.sqrt(np.sum((mean - centre) ** 2 / spread))
    return scores


def held_out(reference: Log) -> Floats:
    """Give the distances of the reference's other half; NaN for the half that gave the mean."""
    own = np.arange(len(reference.ids)) % 2 == 0
    return np.where(own, np.nan, distances(reference, reference))


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts further away than the held-out reference accounts."""
    return flagged(log, distances(log, reference), score_cut(held_out(reference)))


def plain(log: Log, reference: Log) -> list[Group]:
    """Give the accounts beyond the 95th percentile of the held-out reference accounts."""
    return flagged(log, distances(log, reference), float(np.nanquantile(held_out(reference), PLAIN_QUANTILE)))
