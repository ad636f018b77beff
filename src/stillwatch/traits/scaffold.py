"""Scaffolds: words that stay while the payload changes, at the head, at the tail or anywhere in a prompt.

In: `sketched`. Out: one expression a hash column, of `tables.TRAITS`. A scaffold is known by the hash of its words.
Words that come back only with the very same task are that task's own: they are a shared task, not a scaffold.
"""

import ibis.expr.types as ir

from stillwatch.traits.columns import of_values
from stillwatch.types import TraitKind

SCAFFOLD_COLUMNS = ("head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")


def scaffold_traits(sketched: ir.Table, column: str, accounts: int) -> ir.Table:
    """Count how often each account uses each hash of a column, for hashes that are a scaffold to so many accounts.

    A hash is a scaffold to an account that asks two different tasks under it; who asks one is counted with the rest.
    """
    rows = sketched.filter(sketched[column] != 0)
    counts = rows.group_by(value=rows[column], account_key=rows.account_key).agg(
        exchanges=lambda t: t.count(), changes=lambda t: (t.task_hash.min() != t.task_hash.max()).cast("int64")
    )
    scaffolds = counts.group_by("value").agg(changing=lambda t: t.changes.sum())
    return of_values(counts, scaffolds.filter(scaffolds.changing >= accounts), TraitKind.SCAFFOLD)
