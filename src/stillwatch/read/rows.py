"""Row formats: JSON lines of any known shape, and CSV, told by their beginning.

In: a file. Out: batches of good rows; bad rows are quarantined and counted, nothing else is lost. JSON rows may be
canonical, LiteLLM payloads or request/response pairs, mixed in one file.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.read import anthropic_messages, litellm, openai_chat, pairs
from stillwatch.read.canonical_csv import Numbered, csv_rows, header_names
from stillwatch.read.streams import Truncated, UnreadableError, beginning, lines
from stillwatch.read.tally import Tally
from stillwatch.read.values import RowFault, convert, lacking_columns
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES, Table

_BATCH_BYTES = 16 << 20  # held before a batch is given, whatever the number of rows
_CANONICAL = frozenset(EXCHANGES.names)
_COLUMN_NAME = re.compile(r"[\w .:/-]{0,64}")


def row_batches(path: Path, table: Table, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read a file of rows.

    Raises:  UnreadableError: the file is of no known format. InputError: a required column is missing.
    """
    numbered = _opened(path, table, settings, tally)
    good: list[dict[str, Any]] = []
    held = number = 0
    try:
        for number, size_bytes, row in numbered:
            fitting = _good(row, table, tally)
            if isinstance(fitting, RowFault):
                tally.quarantine(str(path), number, str(fitting))
                continue
            good.append(fitting)
            held += size_bytes
            if len(good) >= settings.batch_rows or held >= _BATCH_BYTES:
                yield _batch(good, table)
                good, held = [], 0
    except Truncated as fault:
        tally.quarantine(str(path), number + 1, str(fault))
    if good:
        yield _batch(good, table)


def _opened(path: Path, table: Table, settings: Settings, tally: Tally) -> Iterator[Numbered]:
    """Tell the format by the first lines: a header of the table's columns, or any line that begins an object."""
    try:
        start = beginning(path)
    except Truncated as fault:
        raise UnreadableError(f"{path}: {fault}") from fault
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableError(f"{path}: is UTF-16 text; write it as UTF-8")
    first, *others = [line.lstrip() for line in start.split(b"\n") if line.strip()] or [b""]
    if not first:
        return iter(())
    header = _header(first)
    lack = lacking_columns(header, table)
    if first[:1] == b"[":
        raise UnreadableError(f"{path}: is one JSON array; write one JSON object a line (jq -c '.[]')")
    if first[:1] == b"{" or (lack and any(line[:1] == b"{" for line in others)):
        return _json(path, settings)
    if lack and all(_COLUMN_NAME.fullmatch(name) for name in header):
        raise InputError(f"{path}: {lack}")
    if lack:
        raise UnreadableError(f"{path}: is neither Parquet, CSV with a header, nor one JSON object a line")
    return csv_rows(path, table, settings, tally)


def _header(first: bytes) -> list[str]:
    """The fields of the first line, if it is one of CSV; otherwise one that is no name."""
    try:
        return header_names(next(csv.reader([first.decode()], strict=True), []))
    except (UnicodeDecodeError, csv.Error):
        return ["\0"]


def _json(path: Path, settings: Settings) -> Iterator[Numbered]:
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(lines(path, settings.row_limit_bytes), 1):
        if line is None:
            yield number, 0, RowFault(f"longer than {settings.row_limit_bytes:,} bytes")
            continue
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield number, 0, RowFault("not valid JSON in UTF-8")
            continue
        yield number, len(line), row if isinstance(row, dict) else RowFault("not a JSON object")


def _good(row: Mapping[str, Any] | RowFault, table: Table, tally: Tally) -> dict[str, Any] | RowFault:
    if isinstance(row, RowFault):
        return row
    try:
        return convert(_columns(row, tally) if table is EXCHANGES else row, table.columns)
    except RowFault as fault:
        return fault
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return RowFault("a value inside the row is of an unexpected shape")


def _columns(row: Mapping[str, Any], tally: Tally) -> Mapping[str, Any]:
    """Give a row's canonical columns, whatever its shape."""
    if litellm.matches(row):
        return litellm.columns(row)
    pair = pairs.opened(row)
    if pair is None:
        tally.saw_extra(row.keys() - _CANONICAL)
        return row
    tally.saw_extra(row.keys() - _CANONICAL - pairs.ENVELOPE)
    dialect = anthropic_messages if anthropic_messages.matches(pair) else openai_chat
    said = dialect.columns(pair)
    return {**pair, **{name: value for name, value in said.items() if value is not None}}


def _batch(rows: list[dict[str, Any]], table: Table) -> pa.RecordBatch:
    schema = arrow_schema(table)
    seen = set().union(*rows)
    columns = [
        pa.array([r.get(f.name) for r in rows] if f.name in seen else [None] * len(rows), f.type) for f in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
