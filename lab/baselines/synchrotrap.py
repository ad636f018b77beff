"""SynchroTrap: accounts that do the same thing at the same time, again and again.

Claims: these accounts are one loosely synchronised group. An action is (object, hour); objects are addresses, clients
and prompt openings, each a graph of its own. Two accounts are as similar as the Jaccard index of their actions, the
better of two hour grids half an hour apart, so that a pair of actions is not cut by the grid; accounts need 5 actions.
Clusters are single-linkage components of 5 accounts or more; a pair weighs its best similarity over the objects.
Fair threshold: similarity and size. Plain: 0.5; the paper's smallest cluster is made for a social network of a billion
accounts and is not used.
Source: Cao, Yang, Yu & Palow 2014, Uncovering large groups of active malicious accounts in online social networks.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array, csr_array

from baselines.cuts import Pairs, fair_groups, groups, pairs_of
from baselines.log import Group, Ints, Log, combined
from baselines.objects import distinct, incidence, objects

OBJECTS = ("address", "client", "opening")
BIN_SECONDS = 3600
LEAST_ACTIONS = 5
LEAST_ACCOUNTS = 5
PLAIN_JACCARD = 0.5


def jaccard(log: Log, actions: Ints) -> csr_array:
    """Give the Jaccard index of the actions of every pair of accounts that share one; -1 is no action."""
    matrix, sizes = incidence(log, actions), distinct(log, actions)
    shared = coo_array(matrix @ matrix.T)
    union = sizes[shared.row] + sizes[shared.col] - shared.data
    enough = np.minimum(sizes[shared.row], sizes[shared.col]) >= LEAST_ACTIONS
    weight = np.where(enough, shared.data / union, 0.0)
    return csr_array((weight, (shared.row, shared.col)), shape=shared.shape)


def actions(log: Log, name: str, shift_seconds: int) -> Ints:
    """Code (object, time bin) of every exchange; -1 where the object is absent."""
    seen = objects(log)[name]
    return np.where(seen < 0, -1, combined(seen, (log.seconds + shift_seconds) // BIN_SECONDS))


@lru_cache(maxsize=4)
def similarities(log: Log) -> Pairs:
    """Give every pair's best similarity over objects and grids."""
    best = csr_array((len(log.ids), len(log.ids)))
    for name in OBJECTS:
        for shift_seconds in (0, BIN_SECONDS // 2):
            best = best.maximum(jaccard(log, actions(log, name, shift_seconds)))
    return pairs_of(csr_array(best))


def find(log: Log, reference: Log) -> list[Group]:
    """Give the clusters above the fair similarity."""
    return fair_groups(log, reference, similarities, LEAST_ACCOUNTS)


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed threshold needs no reference
    """Give the clusters of similarity above one half."""
    return groups(log, similarities(log).above(PLAIN_JACCARD), LEAST_ACCOUNTS)
