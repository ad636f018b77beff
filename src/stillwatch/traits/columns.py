"""Traits read straight off a column of an exchange: address, network, client, parameters, tools, model.

In: `sketched`. Out: one expression a kind, of `tables.TRAITS`.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from stillwatch.types import TraitKind

COLUMN_KINDS: Mapping[TraitKind, str] = {
    TraitKind.ADDRESS: "ip",
    TraitKind.NETWORK: "network",
    TraitKind.ASN: "asn",
    TraitKind.CLIENT: "client",
    TraitKind.PARAMETERS: "parameters",
    TraitKind.TOOL_SCHEMA: "tool_schema",
    TraitKind.MODEL: "model",
    TraitKind.SYSTEM_PROMPT: "system_hash",
}


def column_traits(sketched: ir.Table, kind: TraitKind) -> ir.Table:
    """Count how often each account shows each value of the kind's column, for values that two accounts share."""
    value = sketched[COLUMN_KINDS[kind]]
    present = value.notnull() & (value != (0 if kind is TraitKind.SYSTEM_PROMPT else ""))
    counts = sketched.filter(present).group_by(value=value, account_key=sketched.account_key)
    return shared(counts.agg(exchanges=lambda t: t.count()), kind, 2)


def shared(counts: ir.Table, kind: TraitKind, accounts: int) -> ir.Table:
    """Give the trait rows of the values of (value, account_key, exchanges) that at least so many accounts show."""
    holders = counts.group_by("value").agg(holders=lambda t: t.count())
    kept = counts.semi_join(holders.filter(holders.holders >= accounts), "value")
    return kept.select(
        kind=ibis.literal(str(kind)),
        value=kept["value"].cast("string"),
        account_key=kept.account_key,
        exchanges=kept.exchanges,
    )
