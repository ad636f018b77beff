"""Parquet with canonical columns, batch after batch, whatever the size of its row groups.

In: a Parquet file. Out: batches of declared columns; rows that do not fit are quarantined. Read `casts` next.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.read.canonical_csv import Numbered
from stillwatch.read.casts import cast
from stillwatch.read.folded import folded_columns, text_columns, unfolded_pieces
from stillwatch.read.reading import Reading
from stillwatch.read.rows import document_batches, is_of_known_format
from stillwatch.read.streams import Truncated, UnreadableError
from stillwatch.read.values import RowFault, lacking_columns
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES, Table

_BUFFER = 1 << 20  # bytes read ahead in each column: memory must not follow the size of row groups
_BATCH_BYTES = 16 << 20
_GROUP_BYTES = 64 << 20  # of a row group, below which long rows are told one by one


def parquet_batches(
    path: Path, table: Table, reading: Reading, groups: range | None = None
) -> Iterator[pa.RecordBatch]:
    """Read a Parquet file in batches; damage after good rows is quarantined as one fault.

    A table of another program is read row after row, as a file of its rows would be.

    Args:    groups: the row groups to read, else all.
    Raises:  UnreadableError: the file cannot be opened as Parquet. InputError: it lacks a required column.
    """
    try:
        metadata = pq.read_metadata(path)
        folded = folded_columns(path, metadata, _rows_at_once(metadata, reading.settings))
        file = pq.ParquetFile(path, metadata=metadata, read_dictionary=folded, buffer_size=_BUFFER, pre_buffer=False)
        have = file.schema_arrow.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise UnreadableError(f"{path}: cannot be read as Parquet ({type(fault).__name__})") from fault
    settings, tally = reading.settings, reading.tally
    with file:
        if table is EXCHANGES and lacking_columns(have, table) and is_of_known_format(have, reading):
            yield from document_batches(path, table, reading, _documents(file, settings))
            return
        if fault_of_names := lacking_columns(have, table):
            raise InputError(f"{path}: {fault_of_names}")
        tally.saw_extra(name for name in have if name not in table.names)
        used = [name for name in table.names if name in have]
        groups = range(file.num_row_groups) if groups is None else groups
        row = sum(metadata.row_group(number).num_rows for number in range(groups.start))
        try:
            for batch, _ in _small_batches(file, settings, list(groups), used):
                yield from good_rows(batch, table, reading, (str(path), row))
                row += batch.num_rows
        except RowFault as fault:
            tally.quarantine(str(path), row + 1, str(fault))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
            tally.quarantine(str(path), row + 1, f"the rest of the file is damaged ({type(fault).__name__})")


def good_rows(
    batch: pa.RecordBatch, table: Table, reading: Reading, place: tuple[str, int]
) -> Iterator[pa.RecordBatch]:
    """Give the rows of a batch that fit the table, in small batches, and quarantine the others.

    Args:    place: the name of what the batch is from, and how many of its rows came before.
    """
    name, before = place
    columns, faults = _checked(batch, table, reading.settings)
    for at in sorted(faults):
        reading.tally.quarantine(name, before + at + 1, faults[at])
    yield from _pieces(_kept(columns, faults, table))


def plain_values(row: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON has them, but for times."""
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value for name, value in row.items()
    }


def group_ranges(path: Path, piece_bytes: int) -> list[range]:
    """Cut a Parquet file into ranges of row groups of about so many bytes on disk; one range if it is small or damaged.

    Returns: ranges in order; an empty one stands for the whole file.
    """
    size = path.stat().st_size
    if size <= piece_bytes:
        return [range(0)]
    try:
        groups = pq.read_metadata(path).num_row_groups
    except (pa.ArrowException, OSError):
        return [range(0)]
    count = min(groups, -(-size // piece_bytes))
    return [range(groups * k // count, groups * (k + 1) // count) for k in range(count)] or [range(0)]


def _documents(file: pq.ParquetFile, settings: Settings) -> Iterator[Numbered]:
    number = 0
    try:
        for batch, size_bytes in _small_batches(file, settings, list(range(file.num_row_groups)), None):
            for row in batch.to_pylist(maps_as_pydicts="lossy"):
                number += 1
                yield number, size_bytes // batch.num_rows, plain_values(row)
    except RowFault as fault:
        raise Truncated(str(fault)) from fault
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise Truncated(f"the rest of the file is damaged ({type(fault).__name__})") from fault


def _small_batches(
    file: pq.ParquetFile, settings: Settings, groups: list[int], columns: list[str] | None
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Give batches of few enough bytes, whatever repeated texts unfold to, each with its bytes.

    Raises:  RowFault: a row group declares more bytes than all of its rows may have.
    """
    for number in groups:
        group = file.metadata.row_group(number)
        if group.total_byte_size > max(_GROUP_BYTES, settings.row_limit_bytes * group.num_rows):
            raise RowFault(f"the rest of the file has rows longer than {settings.row_limit_bytes:,} bytes")
    rows = _rows_at_once(file.metadata, settings)
    for some in _read_together(file, groups):
        for batch in file.iter_batches(rows, row_groups=some, columns=columns, use_threads=True):
            yield from unfolded_pieces(batch, _BATCH_BYTES)


def _read_together(file: pq.ParquetFile, groups: list[int]) -> list[list[int]]:
    """All row groups at once, or each alone: Arrow has no batches of folded texts inside lists across two of them."""
    nested = any("." in column for column in text_columns(file.metadata))
    return [[number] for number in groups] if nested else [groups]


def _rows_at_once(metadata: Any, settings: Settings) -> int:
    """Rows of which a batch holds few enough bytes, by the fattest row group."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    fattest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=0.0)
    return max(1, min(settings.batch_rows, int(_BATCH_BYTES / max(1.0, fattest))))


def _checked(batch: pa.RecordBatch, table: Table, settings: Settings) -> tuple[list[Any], dict[int, str]]:
    """Cast every column; give them with the rows that do not fit and why."""
    faults: dict[int, str] = {}
    columns: list[Any] = []
    for column, kind in zip(table.columns, arrow_schema(table).types, strict=True):
        if column.name not in batch.schema.names:
            columns.append(pa.array([None] * batch.num_rows, kind))
            continue
        values, wrong = cast(batch[column.name], column, kind)
        columns.append(values)
        for row in wrong:
            faults.setdefault(int(row), f"column {column.name} holds a value that is no {column.type}")
        if column.required and values.null_count:
            for row in np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False)):
                faults.setdefault(int(row), f"required column {column.name} has no value")
    for row in _oversized(columns, settings.row_limit_bytes):
        faults.setdefault(row, f"longer than {settings.row_limit_bytes:,} bytes")
    return columns, faults


def _kept(columns: list[Any], faults: dict[int, str], table: Table) -> pa.RecordBatch:
    """The batch without the rows at fault; before that it may hold nulls where the table allows none."""
    if not faults:
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(table))
    keep = np.ones(len(columns[0]), bool)
    keep[list(faults)] = False
    good = pa.array(keep)
    return pa.RecordBatch.from_arrays([column.filter(good) for column in columns], schema=arrow_schema(table))


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    count = max(1, -(-batch.nbytes // _BATCH_BYTES))
    size = max(1, -(-batch.num_rows // count))
    for start in range(0, batch.num_rows, size):
        yield batch.slice(start, size)


def _oversized(columns: list[Any], limit_bytes: int) -> list[int]:
    """Rows whose strings are together longer than the limit; only looked for in batches that could hold one."""
    texts = [column for column in columns if pa.types.is_string(column.type)]
    if sum(column.nbytes for column in texts) <= limit_bytes:
        return []
    total = np.zeros(len(columns[0]), np.int64)
    for column in texts:
        total += pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    return [int(row) for row in np.flatnonzero(total > limit_bytes)]
