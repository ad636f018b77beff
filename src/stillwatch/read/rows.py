"""Row formats: JSON lines of any known shape, and CSV.

In: a file. Out: batches of good rows; bad rows are quarantined and counted, nothing else is lost.
"""

import csv
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.read import anthropic_messages, litellm, openai_chat
from stillwatch.read.streams import Truncated, lines
from stillwatch.read.tally import Tally
from stillwatch.read.values import RowFault, convert
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES, Table

_BATCH_BYTES = 64 << 20  # text held before a batch is given, whatever the number of rows
_FORMATS = (litellm, anthropic_messages, openai_chat)

Numbered = tuple[int, Mapping[str, Any] | RowFault]


def row_batches(path: Path, table: Table, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read a file of rows, JSON or CSV by its first character."""
    first = next((line for line in _peek(path, settings) if line and line.strip()), None)
    if first is None:
        return
    if first.lstrip()[:1] == b"[":
        raise InputError(f"{path}: is one JSON array; write one JSON object a line (jq -c '.[]')")
    numbered = _json(path, settings) if first.lstrip()[:1] == b"{" else _csv(path, table, settings)
    yield from _batches(path, numbered, table, settings, tally)


def _peek(path: Path, settings: Settings) -> list[bytes | None]:
    try:
        return list(itertools.islice(lines(path, settings.row_limit_bytes), 20))
    except Truncated as fault:
        raise InputError(f"{path}: {fault}") from fault


def _json(path: Path, settings: Settings) -> Iterator[Numbered]:
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(lines(path, settings.row_limit_bytes), 1):
        if line is None:
            yield number, RowFault(f"longer than {settings.row_limit_bytes:,} bytes")
            continue
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield number, RowFault("not valid JSON in UTF-8")
            continue
        yield number, row if isinstance(row, dict) else RowFault("not a JSON object")


def _csv(path: Path, table: Table, settings: Settings) -> Iterator[Numbered]:
    csv.field_size_limit(settings.row_limit_bytes)
    reader = csv.reader(_decoded(path, settings), strict=True)
    header = [name.strip().removeprefix("\ufeff") for name in next(reader, [])]
    lacking = [c.name for c in table.columns if c.required and c.name not in header]
    if lacking:
        raise InputError(f"{path}: has no column {', '.join(lacking)}; it has: {', '.join(header)[:300]}")
    for number in itertools.count(1):
        try:
            fields = next(reader, None)
        except csv.Error:
            yield number, RowFault("not valid CSV, or a field beyond the row limit")
            continue
        if fields is None:
            return
        if fields:
            yield number, _row(header, fields)


def _row(header: list[str], fields: list[str]) -> Mapping[str, Any] | RowFault:
    if len(fields) != len(header):
        return RowFault(f"{len(fields)} fields under {len(header)} columns")
    return dict(zip(header, fields, strict=True))


def _decoded(path: Path, settings: Settings) -> Iterator[str]:
    """Lines as text; a byte that is no UTF-8 becomes a lone surrogate, which no column accepts."""
    for line in lines(path, settings.row_limit_bytes):
        yield "\x00\n" if line is None else line.decode("utf-8", "surrogateescape") + "\n"


def _batches(
    path: Path, numbered: Iterator[Numbered], table: Table, settings: Settings, tally: Tally
) -> Iterator[pa.RecordBatch]:
    good: list[dict[str, Any]] = []
    held = number = 0
    try:
        for number, row in numbered:
            converted = _good(row, table, tally)
            if isinstance(converted, RowFault):
                tally.quarantine(str(path), number, str(converted))
                continue
            good.append(converted)
            held += sum(len(value) for value in converted.values() if isinstance(value, str))
            if len(good) >= settings.batch_rows or held >= _BATCH_BYTES:
                yield _batch(good, table)
                good, held = [], 0
    except Truncated as fault:
        tally.quarantine(str(path), number + 1, str(fault))
    if good:
        yield _batch(good, table)


def _good(row: Mapping[str, Any] | RowFault, table: Table, tally: Tally) -> dict[str, Any] | RowFault:
    if isinstance(row, RowFault):
        return row
    try:
        if table is EXCHANGES:
            for known in _FORMATS:
                if known.matches(row):
                    return convert(known.columns(row), table)
        if len(tally.extra_columns) < 100:
            tally.extra_columns.update(name for name in row if name not in table.names)
        return convert(row, table)
    except RowFault as fault:
        return fault


def _batch(rows: list[dict[str, Any]], table: Table) -> pa.RecordBatch:
    schema = arrow_schema(table)
    return pa.RecordBatch.from_arrays([pa.array([r[f.name] for r in rows], f.type) for f in schema], schema=schema)
