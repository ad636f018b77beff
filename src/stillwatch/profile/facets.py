"""Histograms of an account's behaviour.

In: `sketched`. Out: one expression for `tables.FACETS`: (account, facet, bin, exchanges), which adds up over shards
and days. Bins are made by comparisons, not by logarithms: those differ between SQL engines.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from stillwatch.tables import GAP_EDGES, PROMPT_EDGES, REPLY_EDGES


def facets(sketched: ir.Table) -> ir.Table:
    """Count each account's exchanges by hour of day, gap, lengths and target."""
    return ibis.union(_plain(sketched), _gaps(sketched))


def grown_facets(held: ir.Table, totals: ir.Table, earlier: ir.Table, new: ir.Table) -> ir.Table:
    """Add new exchanges to the facets of earlier ones, as if all had been counted at once.

    Gaps go on from each account's last earlier exchange. Where new exchanges lie before it, as when a file comes late,
    the account's gaps are counted anew.

    Args:    held, totals: `facets` and `totals` of `earlier`.
    """
    begun = new.group_by("account_key").agg(begin=lambda t: t.second.min())
    known = totals.inner_join(begun, "account_key").select("account_key", "last_second", "begin")
    late = known.filter(known.begin < known.last_second).select("account_key")
    last = known.filter(known.begin >= known.last_second).select("account_key", second="last_second")
    narrow = new.select("account_key", "second")
    every = ibis.union(earlier.select("account_key", "second"), narrow).semi_join(late, "account_key")
    gaps = _gaps(ibis.union(narrow.anti_join(late, "account_key"), last, every))
    stays = held.left_join(late.mutate(is_late=True), "account_key")
    stays = stays.filter(stays.is_late.isnull() | (stays.facet != "gap"))
    rows = ibis.union(stays.select("account_key", "facet", "bin", "exchanges"), _plain(new), gaps)
    return rows.group_by("account_key", "facet", "bin").agg(exchanges=lambda t: t.exchanges.sum().cast("int64"))


def _plain(sketched: ir.Table) -> ir.Table:
    """All facets but gaps: those of two logs add up."""
    hour = sketched.second // 3600
    plain = {
        "hour": hour % 24,
        "prompt": _bin(sketched.prompt_chars, PROMPT_EDGES),
        "reply": _bin(sketched.output_tokens, REPLY_EDGES),
        "target": ibis.cases((sketched.target >= 0, sketched.target)),
    }
    parts = [_count(sketched, facet, expression) for facet, expression in plain.items()]
    return ibis.union(*parts)


def _count(rows: ir.Table, facet: str, expression: ir.Value) -> ir.Table:
    counted = rows.mutate(bin=expression.cast("int64"))
    counted = counted.filter(counted.bin.notnull()).group_by("account_key", "bin").agg(exchanges=lambda t: t.count())
    return counted.select("account_key", facet=ibis.literal(facet), bin=counted.bin, exchanges=counted.exchanges)


def _gaps(sketched: ir.Table) -> ir.Table:
    """Time since the account's previous exchange; rows at the same second are in no order and differ by 0."""
    narrow = sketched.select("account_key", "second")
    window = ibis.window(group_by=narrow.account_key, order_by=narrow.second)
    gap = narrow.mutate(gap=narrow.second - narrow.second.lag().over(window))
    return _count(gap.filter(gap.gap.notnull()), "gap", _bin(gap.gap, GAP_EDGES))


def _bin(value: ir.Value, edges: Sequence[int]) -> ir.Value:
    binned = (value >= edges[0]).cast("int64")
    for edge in edges[1:]:
        binned = binned + (value >= edge).cast("int64")
    return binned
