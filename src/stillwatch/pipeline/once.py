"""Each exchange once: of rows that differ under one id the same one is kept, in any order of files and of looks.

In: sketched rows. Out: `Once`. A scan asks `all_once`; a look of `watch` adds new rows to earlier ones.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from stillwatch.engine import Engine
from stillwatch.tables import SKETCHED

_ORDER = ("second", "ts", "account_key", "task_hash", "model", "output_tokens")


@dataclass(frozen=True, slots=True)
class Once:
    """rows: each exchange once; repeated: (exchange_key) of those that came several times; chosen: the rows that are
    kept of those; duplicated: rows that were dropped.
    """

    rows: ir.Table
    repeated: ir.Table
    chosen: ir.Table
    duplicated: int

    @classmethod
    def of(cls, every: ir.Table, repeated: ir.Table, chosen: ir.Table, duplicated: int) -> "Once":
        """Leave out of all rows those that came several times, but for the chosen."""
        rows = ibis.union(every.anti_join(repeated, "exchange_key"), chosen) if duplicated else every
        return cls(rows, repeated, chosen, duplicated)


def all_once(engine: Engine, every: ir.Table, name: str = "") -> Once:
    """Drop repeated exchange ids."""
    counts = every.group_by("exchange_key").agg(rows=lambda t: t.count())
    repeated = engine.keep(counts.filter(counts.rows > 1), f"repeated{name}")
    total = engine.run(repeated.agg(rows=repeated.rows.sum(), ids=repeated.count())).to_pylist()[0]
    doubled = every.semi_join(repeated, "exchange_key") if total["ids"] else every.limit(0)
    ranked = doubled.mutate(place=ibis.row_number().over(_by_id(doubled)))
    chosen = engine.keep(ranked.filter(ranked.place == 0).drop("place"), f"chosen{name}")
    return Once.of(every, repeated.select("exchange_key"), chosen, (total["rows"] or 0) - total["ids"])


def once_more(engine: Engine, before: Once, new: ir.Table, name: str = "") -> tuple[Once, ir.Table] | None:
    """Add new rows to earlier ones; give all, and those of the new that are no repetition.

    Returns: None if a new row takes the place of an earlier one under the same id, which then must be counted anew.
    """
    keys = engine.keep(new.group_by("exchange_key").agg(rows=lambda t: t.count()), f"keys{name}")
    met = before.rows.select("exchange_key").semi_join(keys, "exchange_key")
    again = engine.keep(ibis.union(keys.filter(keys.rows > 1).select("exchange_key"), met).distinct(), f"again{name}")
    if not engine.run(again.agg(ids=again.count()))["ids"][0].as_py():
        return Once(ibis.union(before.rows, new), before.repeated, before.chosen, before.duplicated), new
    old, fresh = (
        rows.semi_join(again, "exchange_key").mutate(late=late) for late, rows in enumerate((before.rows, new))
    )
    doubled = ibis.union(old, fresh)
    window = ibis.window(group_by="exchange_key")
    ranked = doubled.mutate(
        place=ibis.row_number().over(_by_id(doubled, "late")), known=(1 - doubled.late).max().over(window)
    )
    chosen = engine.keep(ranked.filter(ranked.place == 0), f"again_chosen{name}")
    if engine.run(chosen.filter((chosen.late == 1) & (chosen.known == 1)).limit(1)).num_rows:
        return None
    added = chosen.filter(chosen.known == 0).select(*SKETCHED.names)
    once = ibis.union(new.anti_join(again, "exchange_key"), added)
    counts = engine.run(new.agg(rows=new.count())), engine.run(once.agg(rows=once.count()))
    dropped = int(counts[0]["rows"][0].as_py()) - int(counts[1]["rows"][0].as_py())
    kept = ibis.union(before.chosen.anti_join(again, "exchange_key"), chosen.select(*SKETCHED.names))
    repeated = ibis.union(before.repeated, again).distinct()
    return Once(ibis.union(before.rows, once), repeated, kept, before.duplicated + dropped), once


def _by_id(rows: ir.Table, *last: str) -> ibis.expr.builders.WindowBuilder:
    return ibis.window(group_by="exchange_key", order_by=[rows[column] for column in (*_ORDER, *last)])
