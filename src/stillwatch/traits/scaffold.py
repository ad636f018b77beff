"""Scaffolds: words that stay while the payload changes, at the head, at the tail or anywhere in a prompt.

In: `sketched`. Out: `scaffold_counts` of `word_counts`, an expression a hash column, to be kept with the engine, and
`scaffold_traits`, the rows of `tables.TRAITS` in them. A scaffold is known by the hash of its words.
Words that come back only with the very same task are that task's own: they are a shared task, not a scaffold.
"""

import ibis
import ibis.expr.types as ir

from stillwatch.types import TraitKind

SCAFFOLD_COLUMNS = ("head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")


def word_counts(sketched: ir.Table, column: str) -> ir.Table:
    """Count how often each account uses each hash of a column: (value, account_key, exchanges, least_task, most_task).

    One row for nearly every exchange, since most words are used once.
    """
    rows = sketched.filter(sketched[column] != 0)
    return rows.group_by(value=rows[column], account_key=rows.account_key).agg(
        exchanges=lambda t: t.count(), least_task=lambda t: t.task_hash.min(), most_task=lambda t: t.task_hash.max()
    )


def added_words(parts: ir.Table) -> ir.Table:
    """Give the counts of several logs together from the rows of each."""
    return parts.group_by("value", "account_key").agg(
        exchanges=lambda t: t.exchanges.sum().cast("int64"),
        least_task=lambda t: t.least_task.min(),
        most_task=lambda t: t.most_task.max(),
    )


def scaffold_counts(counts: ir.Table, accounts: int) -> ir.Table:
    """Keep the rows of hashes that are a scaffold to so many accounts; more exchanges never make one less of it.

    A hash is a scaffold to an account that asks two different tasks under it; who asks one is counted with the rest.
    """
    counted = counts.mutate(changes=(counts.least_task != counts.most_task).cast("int64"))
    scaffolds = counted.group_by("value").agg(changing=lambda t: t.changes.sum())
    return counts.semi_join(scaffolds.filter(scaffolds.changing >= accounts), "value")


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
