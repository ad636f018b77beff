"""Hourly profiles that correlate: accounts that work in the same hours are one scheduler.

Claims: these accounts follow one clock. Every account with 30 exchanges or more becomes a row of square roots of
counts, one an hour of the log (the root makes busy and quiet accounts comparable). Pairs above a Pearson correlation
are joined; components of 5 accounts or more are accused. Fair threshold: correlation and size. Plain: 0.9.
Source: the usual first attempt of an abuse team; Chavoshi et al. 2016, DeBot, for the idea of correlated activity.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from baselines.cuts import Pairs, fair_groups, groups, pairs_of
from baselines.log import Floats, Group, Log

LEAST_EXCHANGES = 30
LEAST_ACCOUNTS = 5
PLAIN_CORRELATION = 0.9
WORTH_KEEPING = 0.2  # below it no cut is ever chosen, and the pairs would fill memory


def profiles(log: Log) -> Floats:
    """Give square roots of exchanges an hour: [accounts, hours]."""
    hours = log.seconds // 3600
    hours = hours - (hours.min() if len(hours) else 0)
    width = int(hours.max(initial=0)) + 1
    counts = np.bincount(log.account * width + hours, minlength=len(log.ids) * width)
    return np.sqrt(counts.reshape(len(log.ids), width).astype(np.float64))


@lru_cache(maxsize=4)
def correlations(log: Log) -> Pairs:
    """Give the correlation of every pair of busy accounts."""
    busy = np.flatnonzero(log.counts >= LEAST_EXCHANGES)
    rows = profiles(log)[busy]
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    left, right = np.nonzero(np.triu(rows @ rows.T > WORTH_KEEPING, 1))
    weight = np.einsum("ij,ij->i", rows[left], rows[right])
    size = len(log.ids)
    return pairs_of(csr_array((weight, (busy[left], busy[right])), shape=(size, size)))


def find(log: Log, reference: Log) -> list[Group]:
    """Give the components above the fair correlation."""
    return fair_groups(log, reference, correlations, LEAST_ACCOUNTS)


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed threshold needs no reference
    """Give the components of correlation above 0.9."""
    return groups(log, correlations(log).above(PLAIN_CORRELATION), LEAST_ACCOUNTS)
