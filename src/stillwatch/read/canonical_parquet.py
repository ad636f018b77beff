"""Parquet with canonical columns: cast in Arrow, no Python object a row.

In: a Parquet file. Out: batches of declared columns. Only a column that Arrow cannot cast is walked value by value,
to find the rows at fault.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.read.tally import Tally
from stillwatch.read.values import RowFault, convert, text
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import Column, Table

_BUFFER = 1 << 20  # bytes read ahead in each column: memory must not follow the size of row groups
_BATCH_BYTES = 64 << 20


def parquet_batches(path: Path, table: Table, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read a Parquet file in batches; damage after good rows is quarantined as one fault.

    Raises:  InputError: the file cannot be opened as Parquet, or lacks a required column.
    """
    try:
        file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    except (pa.ArrowException, OSError) as fault:
        raise InputError(f"{path}: cannot be read as Parquet ({type(fault).__name__})") from fault
    with file:
        have = file.schema_arrow.names
        lacking = [c.name for c in table.columns if c.required and c.name not in have]
        if lacking:
            raise InputError(f"{path}: has no column {', '.join(lacking)}; it has: {', '.join(have)[:300]}")
        tally.extra_columns.update(name for name in have if name not in table.names)
        used = [name for name in table.names if name in have]
        row = 0
        try:
            for batch in file.iter_batches(settings.batch_rows, columns=used, use_threads=False):
                yield from _pieces(_checked(path, batch, row, table, settings, tally))
                row += batch.num_rows
        except (pa.ArrowException, OSError) as fault:
            tally.quarantine(str(path), row + 1, f"the rest of the file is damaged ({type(fault).__name__})")


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    count = max(1, -(-batch.nbytes // _BATCH_BYTES))
    size = max(1, -(-batch.num_rows // count))
    for start in range(0, batch.num_rows, size):
        yield batch.slice(start, size)


def _checked(  # noqa: PLR0913, PLR0917 - a batch and where it came from
    path: Path, batch: pa.RecordBatch, before: int, table: Table, settings: Settings, tally: Tally
) -> pa.RecordBatch:
    """Cast the columns and take out the rows that do not fit."""
    faults: dict[int, str] = {}
    columns = []
    for column, kind in zip(table.columns, arrow_schema(table).types, strict=True):
        if column.name not in batch.schema.names:
            columns.append(pa.nulls(batch.num_rows, kind))
            continue
        cast, wrong = _cast(batch[column.name], column, kind)
        columns.append(cast)
        for row in wrong:
            faults.setdefault(int(row), f"column {column.name} does not hold a {column.type}")
        if column.required:
            empty = cast.is_null() if kind != pa.string() else pc.or_kleene(cast.is_null(), pc.equal(cast, ""))
            missing = pc.coalesce(empty, pa.scalar(value=True))
            for row in np.flatnonzero(missing.to_numpy(zero_copy_only=False)):
                faults.setdefault(int(row), f"required column {column.name} has no value")
    for row in _oversized(columns, settings.row_limit_bytes):
        faults.setdefault(int(row), f"longer than {settings.row_limit_bytes:,} bytes")
    for row in sorted(faults):
        tally.quarantine(str(path), before + row + 1, faults[row])
    schema = pa.schema([pa.field(field.name, field.type) for field in arrow_schema(table)])
    whole = pa.RecordBatch.from_arrays(columns, schema=schema)
    if faults:
        keep = np.ones(batch.num_rows, bool)
        keep[list(faults)] = False
        whole = whole.filter(pa.array(keep))
    return pa.RecordBatch.from_arrays(whole.columns, schema=arrow_schema(table))


def _cast(values: pa.Array, column: Column, kind: pa.DataType) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Give the column in its type, and the rows that have a value but none of that type."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    none = np.zeros(0, np.int64)
    try:
        fast = _fast(values, column, kind)
    except pa.ArrowException:
        fast = None
    if fast is not None:
        return fast, none
    slow = [_slow(value, column) for value in values.to_pylist()]
    wrong = np.array([row for row, value in enumerate(slow) if isinstance(value, RowFault)], np.int64)
    return pa.array([None if isinstance(v, RowFault) else v for v in slow], kind), wrong


def _fast(values: pa.Array, column: Column, kind: pa.DataType) -> pa.Array | None:
    """Cast without looking at single values; None where that could hide a fault."""
    source = values.type
    if source == kind:
        if kind == pa.string():
            values.validate(full=True)
        return values
    if pa.types.is_timestamp(kind):
        return _utc(values, kind) if pa.types.is_timestamp(source) else None
    text_like = pa.types.is_large_string(source) or pa.types.is_string_view(source)
    numeric = pa.types.is_integer(source)
    if kind == pa.string():
        return values.cast(kind) if text_like or numeric else _by_value(values) if column.name == "params" else None
    numbers = (pa.types.is_floating(kind) or pa.types.is_integer(kind)) and (numeric or pa.types.is_floating(source))
    if numbers or (column.type == "strings" and pa.types.is_list(source) and source.value_type == pa.string()):
        return values.cast(kind)
    return pa.nulls(len(values), kind) if values.null_count == len(values) else None


def _utc(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Times with a zone are moved to UTC; times without one are UTC."""
    return (values if values.type.tz else values.cast(pa.timestamp("us"))).cast(kind)


def _by_value(values: pa.Array) -> pa.Array:
    """Structs or maps as canonical JSON."""
    as_map = pa.types.is_map(values.type)
    plain = [
        None if value is None else dict(value) if as_map else {k: v for k, v in value.items() if v is not None}
        for value in values.to_pylist()
    ]
    return pa.array([None if value is None else text(value) for value in plain], pa.string())


def _slow(value: Any, column: Column) -> Any:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return RowFault("not UTF-8")
    try:
        return convert({column.name: value}, Table("one", "", (Column(column.name, column.type, ""),)))[column.name]
    except RowFault as fault:
        return fault


def _oversized(columns: list[pa.Array], limit_bytes: int) -> npt.NDArray[np.int64]:
    """Rows whose strings are together longer than the limit; only looked for in batches that could hold one."""
    texts = [column for column in columns if pa.types.is_string(column.type)]
    if sum(column.nbytes for column in texts) <= limit_bytes:
        return np.zeros(0, np.int64)
    total = np.zeros(len(columns[0]), np.int64)
    for column in texts:
        total += pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    return np.flatnonzero(total > limit_bytes)
