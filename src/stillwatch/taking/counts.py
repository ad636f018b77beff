"""The counted units as arrays: campaigns first, then the strangers they are compared with.

In: the results of `units` as Arrow tables. Out: `Counts`, which every harvest test reads.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.taking.units import MOST_STRANGERS, PARTS, STRANGER_EXCHANGES, TARGET_COLUMNS

STREAM_FRACTION = 0.2  # of a unit's exchanges; with less under common words, all of them are looked at

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Sums over a part of each unit's exchanges, [n]; `targets` [n, 11].

    tasks: distinct tasks; once: tasks asked once; single: exchanges that open a conversation, of the `turned` whose
    turn is known; elicits, judged: exchanges that ask for reasoning, or for a short verdict on a candidate answer.
    """

    exchanges: Vector
    tasks: Vector
    once: Vector
    single: Vector
    turned: Vector
    elicits: Vector
    judged: Vector
    targets: Vector

    def where(self, chosen: npt.NDArray[np.bool_], other: "Part") -> "Part":
        """Take this part's rows where chosen, the other's elsewhere."""
        rows = {
            field.name: np.where(
                chosen if field.name != "targets" else chosen[:, None],
                getattr(self, field.name),
                getattr(other, field.name),
            )
            for field in fields(self)
        }
        return Part(**rows)


@dataclass(frozen=True)
class Counts:
    """All units: `campaigns` in rows 0..c-1, then the strangers with enough exchanges.

    exchanges, texted: answered exchanges, and those of them whose text has words. stream: the part under recurring
    first or last words, whichever covers more. modal_times, modal_exchanges: the multiplicity from 2 on at which most
    exchanges lie, and how many do.
    """

    campaigns: tuple[str, ...]
    exchanges: Vector
    texted: Vector
    whole: Part
    stream: Part
    modal_times: Vector
    modal_exchanges: Vector

    @property
    def strangers(self) -> int:
        """Number of strangers."""
        return len(self.exchanges) - len(self.campaigns)

    @property
    def wordless(self) -> bool:
        """Whether any campaign has no words at all: blanks, signs and emoji are none."""
        return bool((self.texted[: len(self.campaigns)] == 0).any())

    @cached_property
    def considered(self) -> Part:
        """The stream where it covers enough of the unit, all of it elsewhere."""
        streaming = self.stream.exchanges >= STREAM_FRACTION * np.maximum(self.whole.exchanges, 1)
        return self.stream.where(streaming, self.whole)


def counts(totals: pa.Table, parts: pa.Table, multiplicities: pa.Table) -> Counts:
    """Turn the results of `unit_totals`, `unit_parts` and `unit_multiplicities` into arrays."""
    campaigns = tuple(sorted({str(name) for name in totals["campaign_id"].to_pylist()} - {""}))
    by_part = {name: _where(parts, "part", name) for name in PARTS}
    strangers = _where(by_part["whole"], "campaign_id", "")
    keys = strangers["account_key"].to_numpy()[strangers["exchanges"].to_numpy() >= STRANGER_EXCHANGES]
    order = _Order(campaigns, np.sort(keys)[:MOST_STRANGERS])
    placed = {name: _part(table, order) for name, table in by_part.items()}
    head, tail = placed["head"], placed["tail"]
    times, most = _modal(multiplicities, order)
    rows = order.rows(totals)
    return Counts(
        campaigns,
        exchanges=order.column(rows, totals["exchanges"]),
        texted=order.column(rows, totals["texted"]),
        whole=placed["whole"],
        stream=head.where(head.exchanges >= tail.exchanges, tail),
        modal_times=times,
        modal_exchanges=most,
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """Which row each unit has: campaigns in order of name, then strangers in order of key."""

    campaigns: tuple[str, ...]
    keys: npt.NDArray[np.int64]

    def rows(self, table: pa.Table) -> npt.NDArray[np.int64]:
        """Give the unit of each row of a table, or -1 for a stranger who is not looked at."""
        place = pc.index_in(table["campaign_id"], value_set=pa.array(self.campaigns, pa.string()))
        campaign = place.cast(pa.int64()).fill_null(-1).to_numpy()
        key = table["account_key"].to_numpy()
        spot = np.minimum(np.searchsorted(self.keys, key), max(len(self.keys) - 1, 0))
        found = self.keys[spot] == key if len(self.keys) else np.zeros(len(key), np.bool_)
        return np.where(campaign >= 0, campaign, np.where(found, len(self.campaigns) + spot, -1))

    def column(self, rows: npt.NDArray[np.int64], values: "pa.ChunkedArray[Any]") -> Vector:
        """Spread values over the units; units without a row have 0."""
        spread = np.zeros(len(self.campaigns) + len(self.keys))
        spread[rows[rows >= 0]] = values.to_numpy()[rows >= 0]
        return spread


def _part(table: pa.Table, order: _Order) -> Part:
    rows = order.rows(table)
    names = ("exchanges", "tasks", "once", "single", "turned", "elicits", "judged")
    columns = {name: order.column(rows, table[name]) for name in names}
    return Part(**columns, targets=np.column_stack([order.column(rows, table[name]) for name in TARGET_COLUMNS]))


def _where(table: pa.Table, column: str, value: str) -> pa.Table:
    return table.filter(pc.field(column) == value)


def _modal(table: pa.Table, order: _Order) -> tuple[Vector, Vector]:
    """Find the multiplicity at which most exchanges of each unit lie; of two equal ones the smaller."""
    rows, times = order.rows(table), table["times"].to_numpy()
    exchanges = times * table["tasks"].to_numpy()
    ranked = np.lexsort((-times, exchanges))
    ranked = ranked[rows[ranked] >= 0]
    modal, most = (np.zeros(len(order.campaigns) + len(order.keys)) for _ in range(2))
    modal[rows[ranked]], most[rows[ranked]] = times[ranked], exchanges[ranked]
    return modal, most
