"""Scaffolds: words that stay while the payload changes, at the head, at the tail or anywhere in a prompt.

In: `sketched`. Out: one expression a hash column, of `tables.TRAITS`. A scaffold is known by the hash of its words.
"""

import ibis.expr.types as ir

from stillwatch.traits.columns import shared
from stillwatch.types import TraitKind

SCAFFOLD_COLUMNS = ("head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")


def scaffold_traits(sketched: ir.Table, column: str, accounts: int) -> ir.Table:
    """Count how often each account uses each scaffold hash of a column, for hashes that so many accounts share."""
    value = sketched[column]
    counts = sketched.filter(value != 0).group_by(value=value, account_key=sketched.account_key)
    return shared(counts.agg(exchanges=lambda t: t.count()), TraitKind.SCAFFOLD, accounts)
