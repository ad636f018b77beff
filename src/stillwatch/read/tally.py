"""What was read: counted as it streams by.

In: batches and faults, as readers meet them. Out: the numbers of the coverage report.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.types import Quarantined

_NAMED_FAULTS = 1_000  # quarantined rows that are named; more are counted


@dataclass(slots=True)
class Tally:
    """Counters of one input; they only grow."""

    files: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_quarantined: int = 0
    quarantined: list[Quarantined] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)
    extra_columns: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)

    def read(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Count a batch of good rows and the values in its columns."""
        self.rows_read += batch.num_rows
        for name in batch.schema.names:
            column = batch[name]
            held = batch.num_rows - column.null_count
            if held and pa.types.is_string(column.type):
                held -= pc.sum(pc.equal(column, "")).as_py() or 0
            self.values[name] = self.values.get(name, 0) + held

    def quarantine(self, file: str, row: int, reason: str) -> None:
        """Count a row that could not be read."""
        self.rows_quarantined += 1
        if len(self.quarantined) < _NAMED_FAULTS:
            self.quarantined.append(Quarantined(file, row, reason))

    def column_fraction(self) -> Mapping[str, float]:
        """Share of rows with a value, by column; empty strings are no values."""
        return {name: count / self.rows_read if self.rows_read else 0.0 for name, count in sorted(self.values.items())}

    def fingerprint(self) -> str:
        """Hash of all input files' bytes, in whatever order they came."""
        return hashlib.sha256("".join(sorted(self.digests)).encode()).hexdigest()

    def notes(self) -> tuple[str, ...]:
        """Say what a reader should know beside the numbers."""
        extra = ", ".join(sorted(self.extra_columns)[:20])
        return (*self.remarks, *([f"columns read but not used: {extra}"] if extra else []))
