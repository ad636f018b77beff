"""Scaffolds: words that stay while the payload changes, at the head, at the tail or anywhere in a prompt.

In: `sketched`. Out: `scaffold_counts`, an expression a hash column, to be kept together with the engine, and
`scaffold_traits`, the rows of `tables.TRAITS` in them. A scaffold is known by the hash of its words.
Words that come back only with the very same task are that task's own: they are a shared task, not a scaffold.
"""

import ibis
import ibis.expr.types as ir

from stillwatch.types import TraitKind

SCAFFOLD_COLUMNS = ("head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")


def scaffold_counts(sketched: ir.Table, column: str, accounts: int) -> ir.Table:
    """Count how often each account uses each hash of a column, for hashes that are a scaffold to so many accounts.

    A hash is a scaffold to an account that asks two different tasks under it; who asks one is counted with the rest.
    """
    rows = sketched.filter(sketched[column] != 0)
    counts = rows.group_by(value=rows[column], account_key=rows.account_key).agg(
        exchanges=lambda t: t.count(), changes=lambda t: (t.task_hash.min() != t.task_hash.max()).cast("int64")
    )
    scaffolds = counts.group_by("value").agg(changing=lambda t: t.changes.sum())
    kept = counts.semi_join(scaffolds.filter(scaffolds.changing >= accounts), "value")
    return kept.select("value", "account_key", "exchanges")


def scaffold_traits(counts: ir.Table, values: int) -> ir.Table:
    """Give the trait rows of the so many hashes that the most exchanges carry, in whatever column; ties go by value.

    Words of a busy log repeat by the million: the rest stays with the engine. Values are still the hashes themselves:
    as words, which `together` names them by in the end, millions of them would be most of what is held.
    """
    carried = counts.group_by("value").agg(carried=lambda t: t.exchanges.sum())
    commonest = carried.order_by(carried.carried.desc(), carried["value"].cast("string")).limit(values)
    kept = counts.semi_join(commonest, "value")
    return kept.select(
        kind=ibis.literal(str(TraitKind.SCAFFOLD)),
        value=kept["value"],
        account_key=kept.account_key,
        exchanges=kept.exchanges,
    )
