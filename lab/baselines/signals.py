"""The signals that the published weights of `weights_and_signals` are put on: one number from 0 to 1 an account each.

In: `Log`. Out: arrays [accounts]. Written from the description of the open tool's workers; where it gives no ramp
between nothing and certain, a straight line to the named full value is ours. Never looks at labels.
"""

from functools import lru_cache

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from baselines.keyword_list import matches
from baselines.log import Floats, Ints, Log, codes, combined
from baselines.objects import distinct, objects
from baselines.rate_limit import busiest_hour
from baselines.texts import word_counts

HOSTING_ASNS = frozenset(
    {
        *("AS16509", "AS14618", "AS15169", "AS396982", "AS8075", "AS14061", "AS24940", "AS16276", "AS20473"),
        *("AS63949", "AS12876", "AS51167", "AS45102", "AS132203", "AS37963", "AS136907", "AS60781", "AS9009"),
    }
)
FULL_PER_HOUR = 100
FULL_CLUSTER = 12
SYNCHRONOUS_ACCOUNTS = 5
FULL_BUDGETS = 10
REFUSAL_PROBES = ("why (can|can't|won't) you", "ignore (all|previous)", "refus", "not allowed", "censor", "jailbreak")


def mean_of(log: Log, values: Floats) -> Floats:
    """Average a number of exchanges over each account."""
    return np.bincount(log.account, weights=values, minlength=len(log.ids)) / np.maximum(log.counts, 1)


def fingerprint(log: Log) -> Floats:
    """One client that shows several TLS fingerprints: a spoofed user agent."""
    agents, both = log.codes("user_agent"), combined(log.codes("user_agent"), log.codes("tls_fingerprint"))
    return np.clip((distinct(log, both) - distinct(log, agents)) / 3.0, 0.0, 1.0)


def velocity(log: Log) -> Floats:
    """Requests an hour, and gaps of one length."""
    return 0.6 * np.clip(busiest_hour(log) / FULL_PER_HOUR, 0.0, 1.0) + 0.4 * regular_gaps(log, 0)


def regular_gaps(log: Log, longer_than_seconds: int) -> Floats:
    """1 minus the coefficient of variation of gaps between exchanges, for accounts with 5 such gaps or more."""
    gap = np.diff(log.seconds, prepend=0).astype(np.float64)
    inside = np.r_[False, log.account[1:] == log.account[:-1]] & (gap > longer_than_seconds)
    owner, gap = log.account[inside], gap[inside]
    number = np.bincount(owner, minlength=len(log.ids))
    mean = np.bincount(owner, gap, len(log.ids)) / np.maximum(number, 1)
    square = np.bincount(owner, gap * gap, len(log.ids)) / np.maximum(number, 1)
    variation = np.sqrt(np.maximum(square - mean * mean, 0.0)) / np.maximum(mean, 1e-9)
    return np.where(number >= 5, np.clip(1.0 - variation, 0.0, 1.0), 0.0)


def phrases(log: Log, words: tuple[str, ...]) -> Floats:
    """Share of exchanges with one of the phrases."""
    return mean_of(log, matches(log, words))


def archetypes(log: Log) -> Floats:
    """Share of exchanges whose openings repeat within the account: templates, the archetype of harvesting."""
    return 1.0 - distinct(log, objects(log)["opening"]) / np.maximum(log.counts, 1)


@lru_cache(maxsize=4)
def cluster(log: Log) -> Ints:
    """Number the clusters of accounts that share a payment, a network of 256 addresses, or a TLS fingerprint."""
    network = codes(pc.replace_substring_regex(log.exchanges["ip"], r"\.[0-9]+$", ""))
    rows = np.arange(len(log.ids))
    shown = (
        (log.account, network),
        (log.account, log.codes("tls_fingerprint")),
        (rows, codes(log.accounts["payment_fingerprint"])),
    )
    size = len(log.ids)
    sides = []
    for owner, keys in shown:
        there = keys >= 0
        shape = (size, int(keys.max(initial=-1)) + 1)
        sides.append(csr_array((np.ones(int(there.sum())), (owner[there], keys[there])), shape=shape))
    both = coo_array(hstack(sides))
    nodes = size + both.shape[1]
    graph = csr_array((np.ones(both.nnz), (both.row, both.col + size)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:size].astype(np.int64)


def hydra(log: Log) -> Floats:
    """Size of the account's cluster."""
    labels = cluster(log)
    return np.clip((np.bincount(labels)[labels] - 1) / FULL_CLUSTER, 0.0, 1.0)


def same_second(log: Log) -> Floats:
    """Share of exchanges in a second in which five accounts or more acted."""
    moment = log.seconds - (log.seconds.min() if len(log.seconds) else 0)
    pairs = np.unique(moment * len(log.ids) + log.account)
    busy = np.bincount(pairs // max(len(log.ids), 1), minlength=1) >= SYNCHRONOUS_ACCOUNTS
    return mean_of(log, busy[moment].astype(np.float64))


def pivot(log: Log) -> Floats:
    """0.2 for any account that used two models, as the tool has it."""
    return np.where(distinct(log, log.codes("model")) > 1, 0.2, 0.0)


def sequence_sameness(log: Log) -> Floats:
    """Share of an account's words that its own prompts repeat: low entropy of a sequence of prompts."""
    counts = word_counts(log)
    used = np.diff(counts.indptr[log.starts])
    shape = (len(log.ids), len(log.account))
    owners = csr_array((np.ones(shape[1]), np.arange(shape[1]), log.starts), shape=shape)
    return 1.0 - np.diff(csr_array(owners @ counts).indptr) / np.maximum(used, 1)


def hosting(log: Log) -> Floats:
    """Share of exchanges from a network on a list of hosting companies."""
    listed = np.asarray([name in HOSTING_ASNS for name in log.exchanges["asn"].to_pylist()], np.float64)
    return mean_of(log, listed)


def budgets(log: Log) -> Floats:
    """Number of different reply lengths that the account asked for."""
    asked = pc.extract_regex(log.exchanges["params"], r'"max_tokens": (?P<tokens>[0-9]+)')
    return np.clip((distinct(log, codes(pc.struct_field(asked, "tokens"))) - 1) / FULL_BUDGETS, 0.0, 1.0)
