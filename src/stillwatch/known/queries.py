"""Values of known campaigns met in a log: expressions over `sketched`.

In: `sketched`, the fresh accounts, the values looked for. Out: expressions, small because most accounts meet nothing.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from stillwatch.types import TraitKind

LOOKED = 16  # exchanges of a fresh account that are looked at: who shows nothing until then is left to `together`

_SCAFFOLDS = ("head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")
COLUMNS: Mapping[TraitKind, tuple[str, ...]] = {
    TraitKind.SCAFFOLD: _SCAFFOLDS,
    TraitKind.SYSTEM_PROMPT: ("system_hash",),
    TraitKind.TOOL_SCHEMA: ("tool_schema",),
    TraitKind.CLIENT: ("client",),
    TraitKind.PARAMETERS: ("parameters",),
    TraitKind.ADDRESS: ("ip",),
    TraitKind.NETWORK: ("network",),
}
"""Columns of `sketched` in which the values of a kind stand; the other kinds stand in the accounts table."""


def first_exchanges(sketched: ir.Table, fresh: ir.Table) -> ir.Table:
    """Number the first exchanges of fresh accounts from 1, in order of time; keep it with the engine.

    Args:    fresh: (account_key), the accounts to follow.
    """
    columns = [column for columns in COLUMNS.values() for column in columns]
    rows = sketched.semi_join(fresh, "account_key").select("account_key", "ts", "exchange_key", *columns)
    window = ibis.window(group_by="account_key", order_by=[rows.ts, rows.exchange_key])
    numbered = rows.mutate(place=ibis.row_number().over(window) + 1)
    return numbered.filter(numbered.place <= LOOKED).drop("ts", "exchange_key")


def met(first: ir.Table, values: ir.Table) -> ir.Table:
    """List the values of known campaigns that accounts meet, and when: (account_key, kind, value, place), once each.

    Args:    values: (kind, value), the values looked for.
    """
    parts = []
    for kind, columns in COLUMNS.items():
        wanted = values.filter(values.kind == str(kind)).select("kind", "value")
        for column in columns:
            rows = first.select("account_key", "place", value=first[column].cast("string"))
            parts.append(rows.inner_join(wanted, "value").select("account_key", "kind", "value", "place"))
    every = ibis.union(*parts)
    return every.group_by("account_key", "kind", "value").agg(place=lambda t: t.place.min())
