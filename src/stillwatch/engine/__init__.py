"""Where queries run: the only stage that knows which engine it is.

In: Ibis expressions and streams of Arrow batches. Out: Arrow tables and engine-resident tables.
Stages build expressions; they never run them. Read `duckdb` for the embedded default.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

import ibis.expr.types as ir
import pyarrow as pa

from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.errors import EngineError
from stillwatch.settings import Settings
from stillwatch.tables import Table

__all__ = ["BatchFunction", "DuckDBEngine", "Engine", "PieceWork", "RowsWork", "Spreading", "opened"]

BatchFunction = Callable[[pa.RecordBatch], pa.RecordBatch]
PieceWork = Callable[[int], Iterator[pa.RecordBatch | bytes]]
"""What is done with a piece of work, by its number: batches of the wanted table, and bytes for whoever asked."""

RowsWork = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch | bytes]]
"""What is done with the rows of a part of a table; gives the same as `PieceWork`."""


class Engine(Protocol):
    """What a stage's expressions run on. spilled_bytes: written to disk for want of memory so far."""

    @property
    def spilled_bytes(self) -> int: ...  # noqa: D102 - said above

    def expect(self, accounts: int) -> None:
        """Be told how many accounts a log has: what is held at once may grow with them."""
        ...

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


@runtime_checkable
class Spreading(Protocol):
    """An engine of many machines, which read the log themselves."""

    def map_pieces(self, count: int, work: PieceWork, table: Table, name: str = "") -> tuple[ir.Table, list[bytes]]:
        """Do the work on each piece and keep its batches as the declared table; give its bytes in order of pieces."""
        ...

    def map_catalogued(
        self, source: str, chosen: Callable[[list[str]], list[str]], work: RowsWork, table: Table, name: str = ""
    ) -> tuple[ir.Table, list[bytes]]:
        """Do the work on each part of a table of the cluster's catalog, of which some columns are chosen by name.

        Raises:  InputError: the catalog has no such table, or does not let it be read.
        """
        ...


def opened(settings: Settings) -> AbstractContextManager[Engine]:
    """Open the engine that the settings name.

    Raises:  EngineError: it is not installed, or does not start.
    """
    if settings.engine == "duckdb":
        return DuckDBEngine(settings)
    try:
        spark = import_module("stillwatch.engine.spark")
    except ImportError as fault:
        raise EngineError("--engine spark needs more packages: pip install 'stillwatch[spark]', and Java 17") from fault
    engine: AbstractContextManager[Engine] = spark.SparkEngine(settings)
    return engine
