"""CSV with a header, separated by commas (RFC 4180).

In: the lines of a file. Out: numbered rows or faults; row 1 is the first below the header, blank ones count.
"""

import csv
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillwatch.read.streams import lines
from stillwatch.read.values import RowFault
from stillwatch.settings import Settings

Numbered = tuple[int, int, Mapping[str, Any] | tuple[Any, ...] | RowFault]
"""Row number, bytes, and the row by name, or its values as `values.convert` gives them, or why there is none."""

_NOTHING = frozenset({"NULL", "null", r"\N", "None", "NaN", "nan"})
"""What databases and data frames write for no value: accounts without an organisation must not share the one "NULL"."""


def csv_rows(path: Path, header: list[str], settings: Settings) -> Iterator[Numbered]:
    """Give the rows below the header of a CSV file; quoted fields may hold line breaks."""
    csv.field_size_limit(settings.row_limit_bytes)
    source = _BoundedText(lines(path, settings.row_limit_bytes), settings.row_limit_bytes)
    reader = csv.reader(source, strict=True)
    next((fields for fields in reader if fields), None)
    for number in itertools.count(1):
        source.held_bytes = 0
        try:
            fields = next(reader, None)
        except csv.Error:
            yield number, 0, RowFault("not valid CSV: a quote is open or out of place")
            continue
        except RowFault as fault:
            yield number, 0, fault
            continue
        if fields is None:
            return
        if fields:
            yield number, source.held_bytes, _row(header, fields)


def header_names(fields: list[str]) -> list[str]:
    """Column names without the space around them."""
    return [name.strip() for name in fields]


def _row(header: list[str], fields: list[str]) -> Mapping[str, Any] | RowFault:
    if len(fields) != len(header):
        return RowFault(f"{len(fields)} fields under {len(header)} columns")
    if not _NOTHING.isdisjoint(fields):
        fields = ["" if value in _NOTHING else value for value in fields]
    return dict(zip(header, fields, strict=True))


class _BoundedText:
    """Lines as text. A byte that is no UTF-8 becomes a lone surrogate, which no column accepts.

    Not a generator: `csv` can go on after a fault was raised from here, so an open quote costs one row limit at most.
    """

    def __init__(self, source: Iterator[bytes | None], limit_bytes: int) -> None:
        self.held_bytes = 0  # of the current row; whoever takes rows resets it
        self._source = source
        self._limit_bytes = limit_bytes

    def __iter__(self) -> "_BoundedText":
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.held_bytes += len(line or b"")
        if line is None or self.held_bytes > self._limit_bytes:
            raise RowFault(f"longer than {self._limit_bytes:,} bytes")
        return line.decode("utf-8", "surrogateescape") + "\n"
