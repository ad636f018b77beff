"""What each operator really did, counted while its exchanges are written.

In: rows in any order, their accounts. Out: `labels/operators.parquet`, one row an operator.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.simulate.layout import Accounts, Rows
from stillwatch.simulate.scenario import Scenario
from stillwatch.types import TARGETS

OPERATORS = pa.schema(
    [
        ("operator", pa.string()),
        ("accounts", pa.int64()),
        ("exchanges", pa.int64()),  # all of its accounts' exchanges
        ("taking_exchanges", pa.int64()),  # without cover and probes
        ("targets", pa.list_(pa.string())),  # what it takes, the most first
        ("target_exchanges", pa.list_(pa.int64())),  # in the order of `targets`
        ("first_exchange", pa.timestamp("us", tz="UTC")),
        ("last_exchange", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(slots=True, eq=False)
class OperatorTally:
    """Counts per operator; place 0 is everybody else. `taken`: (operators, targets); times as in rows."""

    operator: NDArray[np.uint8]
    accounts: NDArray[np.int64]
    exchanges: NDArray[np.int64]
    taken: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, accounts: Accounts) -> "OperatorTally":
        """Start at nothing for the operators of these accounts."""
        operator: NDArray[np.uint8] = accounts["operator"].copy()
        members = np.bincount(operator)
        size = len(members)
        never = np.iinfo(np.int64)
        return cls(
            operator,
            members,
            np.zeros(size, np.int64),
            np.zeros((size, len(TARGETS)), np.int64),
            np.full(size, never.max),
            np.full(size, never.min),
        )

    def watched(self, blocks: Iterator[Rows]) -> Iterator[Rows]:
        """Pass blocks of rows on and count them."""
        for rows in blocks:
            self.add(rows)
            yield rows

    def add(self, rows: Rows) -> None:
        """Count rows; any order and any blocks give the same."""
        owner = self.operator[rows["account"]]
        mine = np.flatnonzero(owner)
        operator, ts = owner[mine], rows["ts"][mine]
        self.exchanges += np.bincount(operator, minlength=len(self.exchanges))
        np.minimum.at(self.first, operator, ts)
        np.maximum.at(self.last, operator, ts)
        takes = rows["purpose"][mine] == 0
        np.add.at(self.taken, (operator[takes], rows["target"][mine][takes]), 1)


def write_operators(tally: OperatorTally, scenario: Scenario, out: Path) -> None:
    """Write one row an operator, in the order of the scenario."""
    origin = int(scenario.start.astimezone(UTC).timestamp()) * 1_000_000
    rows = []
    for number, operator in enumerate(scenario.operators, 1):
        taken = tally.taken[number]
        targets = [int(place) for place in np.argsort(-taken, kind="stable") if taken[place]]
        seen = bool(tally.exchanges[number])
        rows.append(
            {
                "operator": operator.name,
                "accounts": int(tally.accounts[number]),
                "exchanges": int(tally.exchanges[number]),
                "taking_exchanges": int(taken.sum()),
                "targets": [TARGETS[place].value for place in targets],
                "target_exchanges": [int(taken[place]) for place in targets],
                "first_exchange": int(tally.first[number]) + origin if seen else None,
                "last_exchange": int(tally.last[number]) + origin if seen else None,
            }
        )
    pq.write_table(pa.Table.from_pylist(rows, schema=OPERATORS), out / "labels" / "operators.parquet")
