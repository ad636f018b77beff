"""Shared task lists: accounts that ask the same tasks, as when one list is worked off, or re-asked, by many accounts.

In: `sketched`. Out: an expression of account pairs with the number of tasks they share, and rows of `tables.TRAITS`
for the communities of that graph. People who share an assignment or a public benchmark show this trait too.
"""

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from stillwatch import leiden
from stillwatch.schemas import arrow_schema
from stillwatch.tables import TRAITS
from stillwatch.types import TraitKind

_MOST_HOLDERS = 50  # accounts; a task asked by more is common talk, and its pairs would grow with the square
_FEWEST_TASKS = 3  # shared tasks; fewer happen by chance between busy bots


def asked_tasks(sketched: ir.Table) -> ir.Table:
    """List which account asks which task, once each: (value, account_key), nearly as many rows as exchanges."""
    return sketched.filter(sketched.task_hash != 0).select("account_key", value="task_hash").distinct()


def shared_tasks(asked: ir.Table) -> ir.Table:
    """Keep the rows of tasks that several accounts ask; keep them with the engine."""
    holders = asked.group_by("value").agg(holders=lambda t: t.count())
    return asked.semi_join(holders.filter(holders.holders >= 2), "value")


def task_pairs(shared: ir.Table) -> ir.Table:
    """Count the distinct tasks that two accounts share, common talk left out: (left, right, tasks), left < right."""
    holders = shared.group_by("value").agg(holders=lambda t: t.count())
    some = shared.semi_join(holders.filter(holders.holders <= _MOST_HOLDERS), "value")
    left = some.select("value", left="account_key")
    right = some.select(other="value", right="account_key")
    pairs = left.inner_join(right, [left["value"] == right.other, left.left < right.right])
    counted = pairs.group_by("left", "right").agg(tasks=lambda t: t.count())
    return counted.filter(counted.tasks >= _FEWEST_TASKS)


def task_list_traits(pairs: pa.Table) -> pa.Table:
    """Group accounts that share tasks into communities (Leiden 2019); each is one trait value."""
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    keys, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    half = len(left)
    order = np.lexsort((ends[half:], ends[:half]))
    edges = np.column_stack([ends[:half], ends[half:]])[order]
    community = leiden.communities(len(keys), edges, np.sqrt(pairs["tasks"].to_numpy()[order]))
    smallest = np.array([keys[community == c].min() for c in range(community.max() + 1)]) if len(keys) else community
    values = pa.array([f"{int(smallest[c]) & (2**64 - 1):016x}" for c in community], pa.string())
    kinds = pa.array([str(TraitKind.TASK_LIST)] * len(keys), pa.string())
    return pa.table(
        [kinds, values, pa.array(keys), pa.array(np.ones(len(keys), np.int64))], schema=arrow_schema(TRAITS)
    )
