"""What really happened in a simulated log: who ran which account, and what was taken.

In: the labels beside a simulated log, and the log itself for times. Out: a `Truth`, which no detector sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.errors import InputError

TAKEN_KIND, PROBE_KIND = "campaign", "probe"
_COLUMNS = ("exchange_id", "account_id", "operator", "target", "kind", "ts", "task")


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """owner: operator of every account, "" for the innocent; kind: what an innocent is.

    exchanges: exchange_id, account_id, operator, target, kind, ts (microseconds UTC), task: what was taken, equal for
    every asking of it in whatever words.
    """

    owner: Mapping[str, str]
    kind: Mapping[str, str]
    exchanges: pa.Table

    @property
    def guilty(self) -> frozenset[str]:
        """Accounts that an operator ran."""
        return frozenset(account for account, operator in self.owner.items() if operator)

    @property
    def operators(self) -> tuple[str, ...]:
        """Names of the operators, in order."""
        return tuple(sorted(set(self.owner.values()) - {""}))

    def column(self, name: str) -> NDArray[np.generic]:
        """Give a column of the exchanges as an array."""
        values: NDArray[np.generic] = self.exchanges[name].to_numpy()
        return values

    def moments(self, looks: int) -> tuple[int, ...]:
        """Give the ends of equal parts of the log's time (microseconds UTC); the last is the end of the log."""
        times = self.column("ts")
        first, last = int(times.min()), int(times.max())
        return (*(first + (last - first) * part // looks for part in range(1, looks)), last)

    def taken(self) -> NDArray[np.bool_]:
        """Tell which exchanges were taken: not an operator's cover, and not its probing, which no metric counts."""
        return np.asarray(self.column("kind") == TAKEN_KIND)


def read_truth(log: Path) -> Truth:
    """Read the truth of a log that `stillwatch simulate` wrote.

    Raises:  InputError: there are no labels beside it, or they do not fit the log.
    """
    try:
        accounts = pq.read_table(log / "labels" / "accounts.parquet", columns=["account_id", "operator", "kind"])
        labels = pq.read_table(
            log / "labels" / "exchanges.parquet", columns=["exchange_id", "operator", "target", "kind", "task"]
        )
        seen = pq.read_table(log / "exchanges", columns=["exchange_id", "account_id", "ts"])
    except (OSError, pa.ArrowInvalid) as fault:
        raise InputError(f"{log}: no simulated log with labels ({fault}); make one with stillwatch simulate") from fault
    place = pc.index_in(seen["exchange_id"], value_set=labels["exchange_id"].combine_chunks())
    if place.null_count or len(seen) != len(labels):
        raise InputError(f"{log}: labels and exchanges do not fit; simulate into an empty folder")
    truth = labels.take(place).drop_columns(["exchange_id"])
    truth = truth.set_column(truth.schema.get_field_index("task"), "task", pc.fill_null(truth["task"], 0))
    return truth_of(accounts, pa.table({**_columns(seen), **_columns(truth)}))


def truth_of(accounts: pa.Table, exchanges: pa.Table) -> Truth:
    """Make the truth out of labelled accounts and exchanges."""
    ids = accounts["account_id"].to_pylist()
    named = exchanges.set_column(
        exchanges.schema.get_field_index("operator"), "operator", pc.fill_null(exchanges["operator"], "")
    )
    moment = pc.cast(named["ts"], pa.int64())
    named = named.set_column(named.schema.get_field_index("ts"), "ts", moment)
    owner = {account: operator or "" for account, operator in zip(ids, accounts["operator"].to_pylist(), strict=True)}
    return Truth(owner, dict(zip(ids, accounts["kind"].to_pylist(), strict=True)), named.select(list(_COLUMNS)))


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table[name] for name in table.column_names}
