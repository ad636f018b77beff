"""EvilCohort: accounts that are used from a common set of addresses.

Claims: these accounts are driven by the same machines. Accounts and addresses form a two-sided graph; its projection on
accounts weighs a pair by the number of addresses it shares; light pairs are cut; communities of 10 accounts or more are
accused. The paper's Louvain is replaced by its successor Leiden, which is seeded here. Fair threshold: weight and
size, chosen on whole components, which are never smaller than communities. Plain: one shared address.
Source: Stringhini et al. 2015, EvilCohort: detecting communities of malicious accounts on online services.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from baselines.cuts import Pairs, fair_setting, pairs_of, undeclared
from baselines.log import Group, Log
from baselines.objects import incidence, objects
from stillwatch import leiden

LEAST_ACCOUNTS = 10


@lru_cache(maxsize=4)
def shared_addresses(log: Log) -> Pairs:
    """Count the addresses that every pair of accounts shares."""
    seen = incidence(log, objects(log)["address"])
    return pairs_of(csr_array(seen @ seen.T))


def communities(log: Log, pairs: Pairs, least: int) -> list[Group]:
    """Give the communities of at least `least` accounts."""
    if not len(pairs.weight):
        return []
    edges = np.column_stack([pairs.left, pairs.right])
    labels = leiden.communities(pairs.size, edges, pairs.weight)
    order = np.argsort(labels, kind="stable")
    partition = np.split(order, np.cumsum(np.bincount(labels))[:-1])
    return sorted(log.name(rows) for rows in partition if len(rows) >= least)


def find(log: Log, reference: Log) -> list[Group]:
    """Give the communities of pairs above the fair number of shared addresses."""
    pairs = undeclared(log, shared_addresses(log))
    cut, size = fair_setting(pairs, undeclared(reference, shared_addresses(reference)), LEAST_ACCOUNTS)
    return communities(log, pairs.above(cut), size)


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed threshold needs no reference
    """Give the communities of pairs that share any address."""
    return communities(log, shared_addresses(log), LEAST_ACCOUNTS)
