"""Where queries run: the only stage that knows which engine it is.

In: Ibis expressions and streams of Arrow batches. Out: Arrow tables and engine-resident tables.
Stages build expressions; they never run them. Read `duckdb` for the embedded default.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import ibis.expr.types as ir
import pyarrow as pa

from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.tables import Table

__all__ = ["BatchFunction", "DuckDBEngine", "Engine"]

BatchFunction = Callable[[pa.RecordBatch], pa.RecordBatch]


class Engine(Protocol):
    """What a stage's expressions run on."""

    def map_batches(
        self, batches: ir.Table | Iterable[pa.RecordBatch], function: BatchFunction, table: Table, name: str = ""
    ) -> ir.Table:
        """Apply `function` to every batch and keep the results as the declared table; `name` tells several apart."""
        ...

    def run(self, expression: ir.Table) -> pa.Table:
        """Compute an expression whose result is small (bounded by accounts) and bring it here."""
        ...

    def keep(self, expression: ir.Table, name: str) -> ir.Table:
        """Compute an expression once and keep the result with the engine under `name`."""
        ...

    def adopt(self, rows: pa.Table, name: str) -> ir.Table:
        """Make an Arrow table visible to expressions under `name`."""
        ...

    def read(self, files: Sequence[Path], name: str) -> ir.Table:
        """Make Parquet files of one schema visible to expressions as one table under `name`."""
        ...

    def stream(self, expression: ir.Table) -> Iterable[pa.RecordBatch]:
        """Compute an expression of any size and bring it here batch by batch."""
        ...
