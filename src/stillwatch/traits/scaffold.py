"""Scaffolds: words that stay while the payload changes, at the head, at the tail or anywhere in a prompt.

In: `sketched`. Out: expressions: `word_counts` of a hash column; `scaffolds`, which words of it are one, by
`changed_tasks`; `commonest`, those that are kept; and `coded`, their traits as numbers. A scaffold is known by the hash
of its words.
Words that come back only with the very same task are that task's own: they are a shared task, not a scaffold.
"""

import ibis.expr.types as ir

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


def changed_tasks(counts: ir.Table) -> ir.Table:
    """List which account asks different tasks under which words: (value, account_key)."""
    return counts.filter(counts.least_task != counts.most_task).select("value", "account_key")


def scaffolds(changed: ir.Table, accounts: int) -> ir.Table:
    """Give the words under which so many accounts change their task: (value).

    Accounts that ask one task under them are counted with the rest.
    """
    changing = changed.group_by("value").agg(changing=lambda t: t.count())
    return changing.filter(changing.changing >= accounts).select("value")


def commonest(counts: ir.Table, values: int) -> ir.Table:
    """Give the so many hashes that the most exchanges carry, in whatever column; ties go by value: (value).

    Words of a busy log repeat by the million: the rest stays with the engine.
    """
    carried = counts.group_by("value").agg(carried=lambda t: t.exchanges.sum())
    return carried.order_by(carried.carried.desc(), carried["value"].cast("string")).limit(values).select("value")


def coded(counts: ir.Table, codes: ir.Table, places: ir.Table) -> ir.Table:
    """Give the counts of those hashes that have a code, each with the code and the row of its account.

    As `tables.TRAITS`, but numbers: looked up where they are counted, millions of rows come as small as they are kept.

    Args:    codes: (value, code); places: (account_key, row).
    """
    kept = counts.inner_join(codes, "value").inner_join(places, "account_key")
    return kept.select("code", "row", "exchanges")
