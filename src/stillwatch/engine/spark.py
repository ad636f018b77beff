"""The distributed engine: Spark, where many machines read and sketch a log; only small tables come to this one.

In: Ibis expressions, Arrow batches, pieces of work. Out: Arrow tables. Intermediate tables lie on the executors'
disks; what a lost executor held is computed again from the log. Setting up: docs/how-to/spark.md.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyspark import StorageLevel, TaskContext
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql.functions import col
from pyspark.sql.pandas.types import from_arrow_schema

from stillwatch.errors import EngineError, InputError
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import Table

PieceWork = Callable[[int], Iterator[pa.RecordBatch | bytes]]
RowsWork = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch | bytes]]
_Numbered = Callable[[Iterator[pa.RecordBatch]], Iterator[tuple[int, pa.RecordBatch | bytes]]]

_NOTE = "note"  # the column beside a table's own in which a piece of work hands back what it counted
_PIECE = "piece"
_CARRIED = pa.schema([(_PIECE, pa.int64()), (_NOTE, pa.binary())])
_WIRE = pa.schema([("batch", pa.binary())])
_DRIVER_BATCHES = 64  # batches from this process that one Spark table takes up
_SHUFFLE = "spark.sql.shuffle.partitions"
_TASKS_PER_CORE = 3  # as Spark's own tuning guide advises: Spark's default of 200 is slow on few cores and few on many
_CONSTANT = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "16384",  # a prompt each may be long, and no limit is in bytes
    "spark.sql.adaptive.enabled": "true",
}
_OWN = {  # of a session that is started here; the user's options beat them
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "0",  # what comes here is bounded by accounts, and 1 GB would stop at half a million
}


class SparkEngine:
    """Runs expressions on Spark; use as a context manager. A session that already runs is used and left running."""

    spilled_bytes = 0  # Spark keeps its own account of that

    def __init__(self, settings: Settings) -> None:
        running = SparkSession.getActiveSession()
        self._owns_session = running is None
        self._base = running or _session(settings)
        self._session = self._base.newSession()  # names and options of its own
        for name, setting in _CONSTANT.items():
            self._session.conf.set(name, setting)
        if _SHUFFLE not in settings.spark_options:
            tasks = _TASKS_PER_CORE * self._base.sparkContext.defaultParallelism
            self._session.conf.set(_SHUFFLE, str(tasks))
        self._connection = ibis.pyspark.connect(self._session)
        self._held: list[DataFrame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owns_session:
            self._base.stop()
            return
        for rows in self._held:
            rows.unpersist()

    def expect(self, accounts: int) -> None:
        """Be told how many accounts a log has; what executors may hold is up to the cluster."""

    def map_pieces(self, count: int, work: PieceWork, table: Table, name: str = "") -> tuple[ir.Table, list[bytes]]:
        """Do `work(0)` to `work(count - 1)` on the executors and keep the batches that they give as the declared table.

        Bytes that the work gives come here, in order of the pieces, each once however often a piece was done.
        """
        numbers = self._session.range(0, count, 1, numPartitions=max(count, 1))
        return self._noted(numbers, _of_pieces(work), table, name)

    def map_catalogued(
        self, source: str, chosen: Callable[[list[str]], list[str]], work: RowsWork, table: Table, name: str = ""
    ) -> tuple[ir.Table, list[bytes]]:
        """Do the work on each part of a table of the cluster's catalog, of which some columns are chosen by name.

        Raises:  InputError: the catalog has no such table, or does not let it be read.
        """
        try:
            rows = self._session.read.table(source)
            rows = rows.select(*map(_quoted, chosen(rows.columns)))
        except AnalysisException as fault:
            raise InputError(f"table {source}: {_lines(fault)[0][:300]}") from fault
        return self._noted(rows, _of_rows(work), table, name)

    def _noted(self, rows: DataFrame, work: _Numbered, table: Table, name: str) -> tuple[ir.Table, list[bytes]]:
        """Do numbered work on the executors; keep its batches, and bring what it counted here in order of numbers."""
        schema = _carrying(table)
        done = self._hold(rows.mapInArrow(_carried(work, schema), from_arrow_schema(schema)))
        with _plain_faults():
            noted = done.filter(f"{_NOTE} IS NOT NULL").select(_PIECE, _NOTE).toArrow().sort_by(_PIECE)
        kept = self._named(done.filter(f"{_NOTE} IS NULL").drop(_PIECE, _NOTE), f"{table.name}{name}")
        return kept, [bytes(note) for note in noted[_NOTE].to_pylist()]

    def map_batches(
        self,
        batches: ir.Table | Iterable[pa.RecordBatch],
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        table: Table,
        name: str = "",
    ) -> ir.Table:
        """Apply `function` on the executors and keep the results as the declared table.

        Batches from this process pass through its memory, so many at a time; a table does not.
        """
        schema = arrow_schema(table)

        def mapped(rows: DataFrame) -> DataFrame:
            return self._hold(rows.mapInArrow(lambda given: map(function, given), from_arrow_schema(schema)))

        with _plain_faults():
            if isinstance(batches, ir.Table):
                whole = mapped(self._frame(batches))
            else:
                whole = self._session.createDataFrame(schema.empty_table(), from_arrow_schema(schema))
                remaining = iter(batches)
                while taken := list(islice(remaining, _DRIVER_BATCHES)):
                    part = mapped(self._session.createDataFrame(pa.Table.from_batches(taken)))
                    part.count()  # so that this process need not hold the batches for a second time
                    whole = whole.unionAll(part)
            whole.count()
        return self._named(whole, f"{table.name}{name}")

    def run(self, expression: ir.Table) -> pa.Table:
        """Compute an expression whose result is small and bring it here."""
        with _plain_faults():
            return self._frame(expression).toArrow().cast(expression.schema().to_pyarrow())

    def keep(self, expression: ir.Table, name: str) -> ir.Table:
        """Compute an expression once and keep the result on the executors' disks."""
        rows = self._hold(self._frame(expression))
        with _plain_faults():
            rows.count()
        return self._named(rows, name)

    def adopt(self, rows: pa.Table, name: str) -> ir.Table:
        """Make an Arrow table visible to expressions under `name`."""
        return self._named(self._session.createDataFrame(rows), name)

    def read(self, files: Sequence[Path], name: str) -> ir.Table:
        """Make Parquet files of one schema, which every machine can open, visible as one table under `name`."""
        self._session.read.parquet(*map(str, files)).createOrReplaceTempView(name)
        return self._connection.table(name)

    def stream(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        """Compute an expression of any size and bring it here partition by partition, in its order."""
        schema = expression.schema().to_pyarrow()
        wired = self._frame(expression).mapInArrow(_to_wire, from_arrow_schema(_WIRE))
        with _plain_faults():
            for row in wired.toLocalIterator(prefetchPartitions=True):
                for batch in pa.ipc.open_stream(row.batch):
                    yield from pa.Table.from_batches([batch]).cast(schema).to_batches()

    def _frame(self, expression: ir.Table) -> DataFrame:
        return self._session.sql(self._connection.compile(expression))

    def _hold(self, rows: DataFrame) -> DataFrame:
        self._held.append(rows.persist(StorageLevel.DISK_ONLY))
        return self._held[-1]

    def _named(self, rows: DataFrame, name: str) -> ir.Table:
        rows.createOrReplaceTempView(name)
        return self._connection.table(name)


def _session(settings: Settings) -> SparkSession:
    """Start a session; the executors run the Python that runs here, unless an option or the environment differs."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("stillwatch")
    if settings.spark_master:
        builder = builder.master(settings.spark_master)
    elif "spark.master" not in settings.spark_options and "MASTER" not in os.environ:
        builder = builder.master("local[*]" if not settings.threads else f"local[{settings.threads}]")
    for name, setting in (_OWN | dict(settings.spark_options)).items():
        builder = builder.config(name, setting)
    with _plain_faults():
        return builder.getOrCreate()


def _quoted(column: str) -> Column:
    return col("`" + column.replace("`", "``") + "`")


def _carrying(table: Table) -> pa.Schema:
    """The columns of a table, any of which may be empty where a row is a note, and those of a note."""
    own = [field.with_nullable(nullable=True) for field in arrow_schema(table)]
    return pa.schema([*own, *_CARRIED])


def _of_pieces(work: PieceWork) -> _Numbered:
    """What an executor does with the numbers of the pieces that it was given."""

    def done(numbers: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch | bytes]]:
        for batch in numbers:
            for number in batch[0].to_pylist():
                for given in work(number):
                    yield number, given

    return done


def _of_rows(work: RowsWork) -> _Numbered:
    """What an executor does with its part of a table, which has the number of Spark's partition."""

    def done(rows: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch | bytes]]:
        context = TaskContext.get()
        number = context.partitionId() if context else 0
        for given in work(rows):
            yield number, given

    return done


def _carried(work: _Numbered, schema: pa.Schema) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The work with its batches and its notes as rows of one schema."""

    def done(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, given in work(rows):
            yield _as_note(given, number, schema) if isinstance(given, bytes) else _plain(given, schema)

    return done


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    absent = [pa.nulls(batch.num_rows, field.type) for field in _CARRIED]
    return pa.RecordBatch.from_arrays([*batch.columns, *absent], schema=schema)


def _as_note(note: bytes, number: int, schema: pa.Schema) -> pa.RecordBatch:
    absent = [pa.nulls(1, field.type) for field in schema][: -len(_CARRIED)]
    return pa.RecordBatch.from_arrays([*absent, pa.array([number]), pa.array([note], pa.binary())], schema=schema)


def _to_wire(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield pa.RecordBatch.from_arrays([pa.array([sink.getvalue().to_pybytes()], pa.binary())], schema=_WIRE)


def _lines(fault: PySparkException) -> list[str]:
    """What Spark says, line by line; at least the kind of fault."""
    return [line.strip() for line in str(fault).splitlines() if line.strip()] or [type(fault).__name__]


class _plain_faults:  # noqa: N801 - reads as a verb where it is used
    """Turn Spark's faults into ours: the last line of what went wrong, which never holds text of a log."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(fault, PySparkException):
            lines = _lines(fault)
            told = next((line for line in reversed(lines) if "Error: " in line), lines[0])
            raise EngineError(f"Spark could not finish: {told[:300]}; its own log says more") from fault
