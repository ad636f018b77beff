"""Co-sharing after Pacheco: accounts that share too many unusual objects.

Claims: these accounts are coordinated. Accounts and objects (address, client, system prompt, prompt opening, whole
prompt) form a two-sided graph; objects are weighted by TF-IDF, so that what everybody shows weighs little; pairs of
accounts above a cosine are joined, and components of 3 accounts or more are accused. Fair threshold: cosine and size.
Plain: the top half per cent of non-zero cosines, as in the paper's case studies.
Source: Pacheco et al. 2021, Uncovering coordinated networks on social media: methods and case studies.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack

from baselines.cuts import Pairs, fair_groups, groups, pairs_of
from baselines.log import Group, Log
from baselines.objects import MOST_SHARERS, objects

LEAST_ACCOUNTS = 3
PLAIN_QUANTILE = 0.995


def shown(log: Log) -> csr_array:
    """Count how often every account shows every object: [accounts, objects]."""
    parts = []
    for keys in objects(log).values():
        there = keys >= 0
        shape = (len(log.ids), int(keys.max(initial=-1)) + 1)
        parts.append(csr_array((np.ones(int(there.sum())), (log.account[there], keys[there])), shape=shape))
    counts = csr_array(hstack(parts, format="csr"))
    counts.sum_duplicates()
    return counts


@lru_cache(maxsize=4)
def cosines(log: Log) -> Pairs:
    """Give the cosine of the TF-IDF rows of every pair of accounts that share an object."""
    counts = shown(log)
    sharers = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log(len(log.ids) / np.maximum(sharers, 1))
    weighted = csr_array(counts @ diags_array(rarity))
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    unit = csr_array(diags_array(1.0 / np.maximum(length, 1e-12)) @ weighted)
    shared = csr_array(unit[:, (sharers >= 2) & (sharers <= MOST_SHARERS)])
    return pairs_of(csr_array(shared @ shared.T))


def find(log: Log, reference: Log) -> list[Group]:
    """Give the components above the fair cosine."""
    return fair_groups(log, reference, cosines, LEAST_ACCOUNTS)


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a quantile of the log itself needs no reference
    """Give the components of the top half per cent of cosines."""
    pairs = cosines(log)
    cut = float(np.quantile(pairs.weight, PLAIN_QUANTILE)) if len(pairs.weight) else 0.0
    return groups(log, pairs.above(cut), LEAST_ACCOUNTS)
