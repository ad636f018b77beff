"""Record linkage after Fellegi and Sunter, by Splink, on what accounts say and show of themselves.

Claims: these accounts are one customer who signed up more than once. Compared: e-mail domain and shape, payment,
telephone and declared country, verification, the address and the client an account uses most; all exact, rare values
weigh more (term frequencies). Pairs that share payment, address, or e-mail domain and shape are compared; weights are
learnt without labels, by expectation maximisation. Components of 3 accounts or more above a match weight are accused.
Fair threshold: the match weight in bits
(of a model learnt in the same way on the reference) and the size. Plain: probability 0.95.
Source: Fellegi & Sunter 1969, A theory for record linkage; Linacre et al. 2022, Splink.
"""

import logging
import warnings
from functools import lru_cache
from math import log2
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from splink import Linker, SettingsCreator, block_on
from splink import comparison_library as compare
from splink.backends.duckdb import DuckDBAPI
from splink.internals.exceptions import EMTrainingException

from baselines.cuts import Pairs, fair_groups, groups
from baselines.log import Floats, Group, Ints, Log
from baselines.objects import objects

SAID = ("email_domain", "email_shape", "payment_fingerprint", "phone_country", "declared_country", "verification")
USED = ("address", "client")
FEW_VALUES = ("phone_country", "declared_country", "verification")  # term frequencies would add nothing
BLOCKS = (("payment_fingerprint",), ("address",), ("email_domain", "email_shape"))
LEARNING_PAIRS = 1e6
CONVERGED, MOST_ITERATIONS = 0.01, 10
SEED = 1969
LEAST_ACCOUNTS = 3
PLAIN_PROBABILITY = 0.95


def most_used(log: Log, keys: Ints) -> pa.Array:
    """Give the key that every account shows most often, the smallest of equals; null if none."""
    there = keys >= 0
    seen, times = np.unique(np.column_stack([log.account[there], keys[there]]), axis=0, return_counts=True)
    order = np.lexsort((seen[:, 1], -times, seen[:, 0]))
    owners, first = np.unique(seen[order, 0], return_index=True)
    found = np.full(len(log.ids), -1, np.int64)
    found[owners] = seen[order, 1][first]
    return pa.array([str(key) if key >= 0 else None for key in found.tolist()], pa.string())


def records(log: Log) -> pa.Table:
    """Give one row an account: what it said at sign-up, and what it uses."""
    table = log.accounts.select(["account_id", *SAID])
    for name in USED:
        table = table.append_column(name, most_used(log, objects(log)[name]))
    return table


def settings() -> SettingsCreator:
    """Compare every column exactly; rare values weigh more."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="account_id",
        comparisons=[
            compare.ExactMatch(name).configure(term_frequency_adjustments=name not in FEW_VALUES)
            for name in (*SAID, *USED)
        ],
        blocking_rules_to_generate_predictions=[block_on(*names) for names in BLOCKS],
        em_convergence=CONVERGED,
        max_iterations=MOST_ITERATIONS,
    )


@lru_cache(maxsize=4)
def match_weights(log: Log) -> Pairs:
    """Give the match weight in bits of every pair that shares a block."""
    api = DuckDBAPI(connection=duckdb.connect(config={"threads": 1}))  # one thread: sums in one order
    linker = Linker(api.register(records(log)), settings())
    logging.getLogger("splink").setLevel(logging.ERROR)  # it tells every iteration, and making a linker turns that on
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every column that a block leaves unlearnt
        linker.training.estimate_u_using_random_sampling(max_pairs=LEARNING_PAIRS, seed=SEED)
        for names in BLOCKS:
            _learn(linker, names)
        table = linker.inference.predict().as_pyarrow_table()  # type: ignore[no-untyped-call]  # Splink types it in part
    return _pairs(log, table)


def _learn(linker: Any, names: tuple[str, ...]) -> None:
    """Learn from the pairs of one block; a block without pairs teaches nothing, and starting values stay."""
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*names))
    except EMTrainingException:
        logging.getLogger(__name__).info("no pairs share %s", names)


def _pairs(log: Log, table: pa.Table) -> Pairs:
    place = {name: row for row, name in enumerate(log.ids)}
    one, other = ([place[name] for name in table[f"account_id_{side}"].to_pylist()] for side in "lr")
    ends: Ints = np.sort(np.array([one, other], np.int64).reshape(2, -1), axis=0)
    weight: Floats = np.round(table["match_weight"].to_numpy(), 9)
    return Pairs(ends[0], ends[1], weight, len(log.ids))


def find(log: Log, reference: Log) -> list[Group]:
    """Give the components above the fair match weight."""
    return fair_groups(log, reference, match_weights, LEAST_ACCOUNTS)


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed threshold needs no reference
    """Give the components of match probability above 0.95."""
    cut = log2(PLAIN_PROBABILITY / (1 - PLAIN_PROBABILITY))
    return groups(log, match_weights(log).above(cut), LEAST_ACCOUNTS)
