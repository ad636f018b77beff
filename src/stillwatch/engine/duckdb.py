"""The embedded engine: DuckDB over Parquet parts in a work folder that is removed at the end.

In: Ibis expressions, Arrow batches. Out: Arrow tables. Intermediate tables live as Parquet files, so memory holds
what a query needs, not what the log holds; the memory limit makes DuckDB spill into the same folder.
"""

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.abreast import abreast
from stillwatch.errors import EngineError
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import Table

_Result = TypeVar("_Result")

_FIRST_LIMIT_BYTES = 256 * 2**20  # does for most logs, and keeps memory flat
_ACCOUNT_BYTES = 8 * 2**10  # that a query may hold for each account, where that is more: spilling took half of the time
_GROUP_ROWS = 20_480  # rows that a kept table buffers before it writes them: DuckDB's own 122,880 take 300 MB when wide
_PART_ROWS = 1_000_000  # rows a Parquet part holds: large enough to scan fast, small enough to drop early
_WRITTEN_ROWS = 65_536  # rows of a mapped table that are written at once
_HARDLY_REPEAT = frozenset({"exchange_id", "excerpt"})  # columns that a dictionary would not shorten


class DuckDBEngine:
    """Runs expressions on an embedded DuckDB with a memory limit; use as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="stillwatch-")
        self._root = Path(self._folder.name)
        self._threads = settings.threads or os.cpu_count() or 1
        self._streams = 0
        self._limit_bytes = settings.memory_limit_bytes or _FIRST_LIMIT_BYTES
        self._most_bytes = settings.memory_limit_bytes or max(_FIRST_LIMIT_BYTES, _memory_bytes() // 2)
        self.spilled_bytes = 0  # so far, by all queries: the most that each had on disk at a time
        self._connection = ibis.duckdb.connect(
            temp_directory=str(self._root / "spill"),
            memory_limit=f"{self._limit_bytes // 2**20}MiB",
            threads=self._threads,
            preserve_insertion_order=False,
            allocator_background_threads=True,
            allocator_flush_threshold="32MiB",
            enable_external_file_cache=False,
        )
        # Guesses of sizes go wrong by orders of magnitude here, and a join that holds the log instead of the members
        # ends in an out-of-memory. So joins run as written: the right side is the one held in memory.
        self._connection.raw_sql("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        self._connection.raw_sql("SET enable_profiling = 'no_output'")
        self._connection.raw_sql("SET enable_progress_bar = false")  # on under a main without a file; draws to stdout
        self._connection.raw_sql("SET parquet_metadata_cache = true")  # footers of 600 parts take as long as a column

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.disconnect()
        self._folder.cleanup()

    def expect(self, accounts: int) -> None:
        """Hold more at once for a log of many accounts, unless the settings say how much."""
        self._limit(max(self._limit_bytes, min(accounts * _ACCOUNT_BYTES, self._most_bytes)))

    def map_batches(
        self,
        batches: ir.Table | Iterable[pa.RecordBatch],
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        table: Table,
        name: str = "",
    ) -> ir.Table:
        """Apply `function` to every batch on all threads, in order, and keep the results as the declared table."""
        source = self.stream(batches) if isinstance(batches, ir.Table) else batches
        folder = self._root / f"{table.name}{name}"
        folder.mkdir()
        parts = _Parts(folder, table)
        for _ in abreast(lambda batch: parts.write(function(batch)), source, self._threads):
            pass
        with _plain_faults():
            parts.close()
        pa.default_memory_pool().release_unused()  # what batches of text leave behind is as large as a query needs
        return self._connection.read_parquet(str(folder / "*.parquet"), table_name=f"{table.name}{name}")

    def run(self, expression: ir.Table) -> pa.Table:
        """Compute an expression whose result is small and bring it here."""
        return self._counted(lambda: self._connection.to_pyarrow(expression))

    def keep(self, expression: ir.Table, name: str) -> ir.Table:
        """Compute an expression once into a Parquet file and give the table that reads it."""
        path = self._root / f"{name}.parquet"
        self.write(expression, path)
        return self._connection.read_parquet(str(path), table_name=name)

    def write(self, expression: ir.Table, path: Path) -> None:
        """Compute an expression into a Parquet file that outlives the engine."""
        self._counted(lambda: self._connection.to_parquet(expression, str(path), row_group_size=_GROUP_ROWS))
        self._let_go()

    def _counted(self, query: Callable[[], _Result]) -> _Result:
        """Run one query and count what it spilled; where memory does not do, take twice as much as long as we may."""
        while True:
            try:
                with _plain_faults():
                    result = query()
            except EngineError as fault:
                more = 2 * self._limit_bytes
                if not isinstance(fault.__cause__, duckdb.OutOfMemoryException) or more > self._most_bytes:
                    raise
                self._limit(more)
            else:
                told = json.loads(self._connection.con.get_profiling_information("json"))
                self.spilled_bytes += int(told.get("system", {}).get("peak_temp_dir_size", 0))
                return result

    def _limit(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._connection.raw_sql(f"SET memory_limit = '{limit_bytes // 2**20}MiB'")

    def _let_go(self) -> None:
        """Have DuckDB, whose threads do so when they end, and Arrow hand back what a large query leaves behind."""
        pa.default_memory_pool().release_unused()
        if self._threads > 1:
            self._connection.raw_sql("SET threads = 1")
            self._connection.raw_sql(f"SET threads = {self._threads}")

    def adopt(self, rows: pa.Table, name: str) -> ir.Table:
        """Make an Arrow table visible to expressions under `name`."""
        path = self._root / f"{name}.parquet"
        with _plain_faults():
            pq.write_table(rows, path, compression="lz4")
        return self._connection.read_parquet(str(path), table_name=name)

    def read(self, files: Sequence[Path], name: str) -> ir.Table:
        """Make Parquet files of one schema visible to expressions as one table under `name`."""
        return self._connection.read_parquet([str(file) for file in files], table_name=name)

    def stream(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        """Compute an expression of any size and bring it here batch by batch, by way of a file.

        Ibis 12 asks DuckDB for a record batch reader by a name that DuckDB 2 no longer has.
        """
        self._streams += 1
        path = self._root / f"stream-{self._streams}.parquet"
        self._counted(lambda: self._connection.to_parquet(expression, str(path)))
        self._let_go()
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(65_536)
        path.unlink()


def _memory_bytes() -> int:
    """The machine's memory; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0


class _plain_faults:  # noqa: N801 - reads as a verb where it is used
    """Turn faults of DuckDB and of the disk into ours, which say how to fix them."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(fault, duckdb.OutOfMemoryException):
            message = "the engine ran out of memory; raise memory_limit_bytes in the settings or free disk space"
            raise EngineError(f"{message} ({str(fault).splitlines()[0]})") from fault
        if isinstance(fault, duckdb.IOException):
            raise EngineError(f"the engine cannot use its work folder: {str(fault).splitlines()[0]}") from fault
        if isinstance(fault, OSError):
            folder = tempfile.gettempdir()
            why = f"the engine cannot use its work folder in {folder}: {fault.strerror or fault}"
            raise EngineError(f"{why}; free disk space, or name another folder with TMPDIR") from fault


class _Parts:
    """Parquet parts of one table; each thread that writes has a part of its own, so that none waits for another."""

    def __init__(self, folder: Path, table: Table) -> None:
        self._folder, self._schema = folder, arrow_schema(table)
        self._repeating = [c.name for c in table.columns if c.type == "string" and c.name not in _HARDLY_REPEAT]
        self._numbers = count()
        self._open: dict[int, _Part] = {}

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch to the part of the calling thread."""
        own = threading.get_ident()
        part = self._open.get(own) or self._new()
        self._open[own] = part
        with _plain_faults():
            part.write(batch)
            if part.rows >= _PART_ROWS:
                self._open.pop(own).close()

    def close(self) -> None:
        """Finish all parts; where nothing was written leave an empty one, so that the table exists."""
        if next(self._numbers) == 0:
            self._new().close()
        for part in self._open.values():
            part.close()

    def _new(self) -> "_Part":
        path = self._folder / f"part-{next(self._numbers):05}.parquet"
        return _Part(path, self._schema, self._repeating)


class _Part:
    """One file; a dictionary only where values repeat, no statistics: everything here is read whole."""

    def __init__(self, path: Path, schema: pa.Schema, repeating: list[str]) -> None:
        self._writer = pq.ParquetWriter(
            path, schema, compression="lz4", use_dictionary=repeating, write_statistics=False
        )
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._held, self.rows = 0, 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._held += batch.num_rows
        self.rows += batch.num_rows
        if self._held >= _WRITTEN_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema), row_group_size=self._held or 1)
        self._waiting, self._held = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()
