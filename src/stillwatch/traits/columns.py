"""Traits read straight off a column of an exchange: address, network, client, parameters, tools, model.

In: `sketched`. Out: one expression a kind, of counts that add up, and of the `tables.TRAITS` in them.
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


def column_counts(sketched: ir.Table, kind: TraitKind) -> ir.Table:
    """Count how often each account shows each value of the kind's column: (value, account_key, exchanges)."""
    value = sketched[COLUMN_KINDS[kind]]
    present = value.notnull() & (value != (0 if kind is TraitKind.SYSTEM_PROMPT else ""))
    counts = sketched.filter(present).group_by(value=value, account_key=sketched.account_key)
    return counts.agg(exchanges=lambda t: t.count())


def added_counts(parts: ir.Table) -> ir.Table:
    """Give the counts of several logs together from the rows of each."""
    return parts.group_by("value", "account_key").agg(exchanges=lambda t: t.exchanges.sum().cast("int64"))


def column_traits(counts: ir.Table, kind: TraitKind) -> ir.Table:
    """Give the trait rows of the values of (value, account_key, exchanges) that two accounts share."""
    holders = counts.group_by("value").agg(holders=lambda t: t.count())
    kept = counts.semi_join(holders.filter(holders.holders >= 2), "value")
    return kept.select(
        kind=ibis.literal(str(kind)),
        value=kept["value"].cast("string"),
        account_key=kept.account_key,
        exchanges=kept.exchanges,
    )
