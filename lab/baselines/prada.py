"""PRADA: the distances between one client's queries should look normal, and an attack's do not.

Claims: this account's prompts are spread unnaturally. Every prompt's least distance to the account's earlier prompts is
collected; values beyond three standard deviations are dropped; the score is 1 - W of Shapiro and Wilk. The paper keeps
one set a predicted class; a language model has no classes, so there is one set. Needs 100 prompts, as published.
Fair threshold: as for all. Plain: W below 0.9, the paper's threshold.
Source: Juuti, Szyller, Marchal & Asokan 2019, PRADA: protecting against DNN model stealing attacks.
"""

from functools import lru_cache

import numpy as np
from scipy import stats

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log
from baselines.texts import Vectors, vectors, window

LEAST_PROMPTS = 100
MOST_PROMPTS = 400
PLAIN_W = 0.9
ROUNDING = 1e-5  # squared distance of equal prompts in single precision


def least_distances(prompts: Vectors) -> Floats:
    """Give every prompt's least distance to the prompts before it; none for the first."""
    squared = np.maximum(2.0 - 2.0 * (prompts @ prompts.T).astype(np.float64), 0.0)
    squared[squared < ROUNDING] = 0.0
    squared[np.triu_indices(len(prompts))] = np.inf
    return np.asarray(np.sqrt(squared.min(axis=1)[1:]), np.float64)


def departure(distances: Floats) -> float:
    """Give 1 - W: how far distances are from normal, without those beyond three standard deviations."""
    near = np.abs(distances - distances.mean()) <= 3 * distances.std()
    kept = distances[near]
    return 1.0 if np.ptp(kept) == 0 else 1.0 - float(stats.shapiro(kept).statistic)


@lru_cache(maxsize=4)
def departures(log: Log, reference: Log) -> Floats:
    """Score every account; NaN for accounts with too few prompts."""
    scores = np.full(len(log.ids), np.nan)
    prompts = vectors(log, reference)
    for account in np.flatnonzero(log.counts >= LEAST_PROMPTS):
        scores[account] = departure(least_distances(prompts[window(log, int(account), MOST_PROMPTS)]))
    return scores


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts that depart further from normal than the reference does."""
    return flagged(log, departures(log, reference), score_cut(departures(reference, reference)))


def plain(log: Log, reference: Log) -> list[Group]:
    """Give the accounts with W below the paper's threshold."""
    return flagged(log, departures(log, reference), 1 - PLAIN_W)
