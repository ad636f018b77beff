"""Row formats: documents of any known shape, and CSV, told by their beginning.

In: a file. Out: batches of good rows; bad rows are quarantined and counted, nothing else is lost. Documents of several
formats may be mixed in one file.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch.abreast import abreast
from stillwatch.errors import InputError
from stillwatch.read.canonical_csv import Numbered, csv_rows, header_names
from stillwatch.read.casts import nothing_for_empty
from stillwatch.read.documents import is_spread, line_documents, spread_documents
from stillwatch.read.foreign import foreign, separated
from stillwatch.read.format import SHAPE, UNEXPECTED, Columns, Document
from stillwatch.read.json_blocks import Faults
from stillwatch.read.otlp_protobuf import is_protobuf, protobuf_documents
from stillwatch.read.reading import Reading
from stillwatch.read.registry import CANONICAL, format_of
from stillwatch.read.streams import Truncated, UnreadableError, beginning, line_blocks, split_lines
from stillwatch.read.values import RowFault, convert, lacking_columns
from stillwatch.schemas import arrow_schema
from stillwatch.tables import EXCHANGES, Table

Row = tuple[Any, ...]
"""Values in the order of a table's columns."""

Lines = bytes | Truncated | None
"""A block of whole lines, None for a line beyond the limit, or why there are no more."""

_PARSERS = 2  # blocks parsed at once: what parses them holds no lock of the interpreter
_BATCH_BYTES = 16 << 20  # held before a batch is given, whatever the number of rows
_COLUMN_NAME = re.compile(r"[\w .:/-]{0,64}")


def row_batches(path: Path, table: Table, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Read a file of rows.

    Raises:  UnreadableError: the file is of no known format. InputError: a required column is missing.
    """
    numbered = _opened(path, table, reading)
    if numbered is None:
        yield from _line_batches(path, table, reading)
    else:
        yield from document_batches(path, table, reading, numbered)


def _line_batches(path: Path, table: Table, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Read lines of JSON, blocks of plain canonical ones at once and all others one by one."""
    limit_bytes, blocks = reading.settings.row_limit_bytes, reading.blocks if table is EXCHANGES else None

    def parsed(lines: Lines) -> tuple[Lines, pa.RecordBatch | None, Faults]:
        return lines, *(blocks.batch(lines, limit_bytes) if blocks and isinstance(lines, bytes) else (None, ()))

    number = 1
    for lines, batch, faults in abreast(parsed, _line_blocks(path, limit_bytes), _PARSERS):
        if isinstance(lines, Truncated):
            reading.tally.quarantine(str(path), number, str(lines))
            return
        if batch is not None:
            for at, fault in faults:
                reading.tally.quarantine(str(path), number + at, str(fault))
            reading.tally.saw(CANONICAL.name, batch.num_rows)
            yield batch
        elif lines is None or lines.strip():
            one_by_one = line_documents(
                split_lines(lines, limit_bytes), limit_bytes, number, reading.typed if blocks else None
            )
            yield from document_batches(path, table, reading, one_by_one)
        number += 1 if lines is None else lines.count(b"\n")


def _line_blocks(path: Path, limit_bytes: int) -> Iterator[Lines]:
    try:
        yield from line_blocks(path, limit_bytes)
    except Truncated as fault:
        yield fault


def document_batches(
    path: Path | str, table: Table, reading: Reading, numbered: Iterator[Numbered]
) -> Iterator[pa.RecordBatch]:
    """Turn numbered documents into batches; `path` is what they are from."""
    good: list[Row] = []
    held = number = 0
    try:
        for number, size_bytes, document in numbered:
            for fitting in _fitting(document, table, reading):
                if isinstance(fitting, RowFault):
                    reading.tally.quarantine(str(path), number, str(fitting))
                    continue
                good.append(fitting)
                held += size_bytes
                if len(good) >= reading.settings.batch_rows or held >= _BATCH_BYTES:
                    yield _batch(good, table)
                    good, held = [], 0
    except Truncated as fault:
        reading.tally.quarantine(str(path), number + 1, str(fault))
    if good:
        yield _batch(good, table)


def rest_batches(reading: Reading) -> Iterator[pa.RecordBatch]:
    """Give the exchanges that waited for another file in vain, or for the end."""
    good: list[Row] = []
    for fitting in _converted(reading.rest(), EXCHANGES):
        if isinstance(fitting, RowFault):
            reading.tally.quarantine("(joined rows)", 1, str(fitting))
            continue
        good.append(fitting)
        if len(good) >= reading.settings.batch_rows:
            yield _batch(good, EXCHANGES)
            good = []
    if good:
        yield _batch(good, EXCHANGES)


def _fitting(document: Document | Row | RowFault, table: Table, reading: Reading) -> Iterable[Row | RowFault]:
    if isinstance(document, tuple):
        reading.tally.saw(CANONICAL.name, 1)
        return (document,)
    return _careful(document, table, reading)


def _careful(document: Document | RowFault, table: Table, reading: Reading) -> Iterator[Row | RowFault]:
    if isinstance(document, RowFault):
        yield document
    elif table is not EXCHANGES:
        yield from _converted((document,), table)
    else:
        try:
            found = reading.exchanges(document)
        except RowFault as fault:
            yield fault
        except SHAPE:
            yield RowFault(UNEXPECTED)
        else:
            yield from _converted(found, table)


def _converted(rows: Iterable[Columns | RowFault], table: Table) -> Iterator[Row | RowFault]:
    waiting = iter(rows)
    while True:
        try:
            row = next(waiting, None)
            fitting: Row | RowFault | None = (
                row if row is None or isinstance(row, RowFault) else convert(row, table.columns)
            )
        except RowFault as fault:
            fitting = fault
        except SHAPE:
            fitting = RowFault(UNEXPECTED)
        if fitting is None:
            return
        yield fitting


def _opened(path: Path, table: Table, reading: Reading) -> Iterator[Numbered] | None:
    """Tell the format by the first lines: a header of columns, protobuf, or (None) any line that begins an object."""
    try:
        start = beginning(path)
    except Truncated as fault:
        raise UnreadableError(f"{path}: {fault}") from fault
    limit_bytes = reading.settings.row_limit_bytes
    if what := foreign(start):
        raise UnreadableError(f"{path}: {what}")
    if table is EXCHANGES and is_protobuf(start):
        return protobuf_documents(path, limit_bytes)
    first, *others = [line.lstrip() for line in start.split(b"\n") if line.strip()] or [b""]
    if not first:
        return iter(())
    if is_spread(start):
        return spread_documents(path, limit_bytes)
    header = _header(first)
    lack = lacking_columns(header, table)
    if first[:1] in (b"{", b"[") or (lack and any(line[:1] == b"{" for line in others)):
        return None
    if lack and all(_COLUMN_NAME.fullmatch(name) for name in header):
        if table is EXCHANGES and is_of_known_format(header, reading):
            return csv_rows(path, header, reading.settings)
        raise InputError(f"{path}: {lack}")
    if lack:
        other = separated(first, table.names) or "is neither Parquet, CSV with a header, nor one JSON object a line"
        raise UnreadableError(f"{path}: {other}")
    reading.tally.saw_extra(name for name in header if name not in table.names)
    return csv_rows(path, header, reading.settings)


def is_of_known_format(header: Iterable[str], reading: Reading) -> bool:
    """Tell a table of another program by the names of its columns, or by the user's map."""
    return reading.column_map is not None or format_of(dict.fromkeys(header, "")) is not CANONICAL


def _header(first: bytes) -> list[str]:
    """The fields of the first line, if it is one of CSV; otherwise one that is no name."""
    try:
        return header_names(next(csv.reader([first.decode()], strict=True), []))
    except (UnicodeDecodeError, csv.Error):
        return ["\0"]


def _batch(rows: list[Row], table: Table) -> pa.RecordBatch:
    schema = arrow_schema(table)
    columns = [_array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    column = pa.array(values, kind)
    return nothing_for_empty(column) if kind == pa.string() else column
