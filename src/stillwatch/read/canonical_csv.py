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
        source.begin_row()
        try:
            fields = next(reader, None)
            if fields is None:
                return
            if fields:
                yield number, source.held_bytes, _row(header, fields)
        except csv.Error:
            why = f"not valid CSV: a quote is open since line {source.first_line:,} or out of place"
            yield number, 0, RowFault(f"{why}{source.swallowed()}")
        except RowFault as fault:
            yield number, 0, RowFault(f"{fault}{source.swallowed()}")


def header_names(fields: list[str]) -> list[str]:
    """Column names without the space around them."""
    return [name.strip() for name in fields]


def _row(header: list[str], fields: list[str]) -> Mapping[str, Any]:
    if len(fields) != len(header):
        raise RowFault(f"{len(fields)} fields under {len(header)} columns")
    if not _NOTHING.isdisjoint(fields):
        fields = ["" if value in _NOTHING else value for value in fields]
    return dict(zip(header, fields, strict=True))


class _BoundedText:
    """Lines as text. A byte that is no UTF-8 becomes a lone surrogate, which no column accepts.

    Not a generator: `csv` can go on after a fault was raised from here, so an open quote costs one row limit at most.
    """

    def __init__(self, source: Iterator[bytes | None], limit_bytes: int) -> None:
        self.held_bytes = 0  # of the current row, which begins in `first_line`
        self.first_line = 1
        self._lines = 0  # of the file, so far
        self._source = source
        self._limit_bytes = limit_bytes

    def begin_row(self) -> None:
        """Be told that the next line begins a row."""
        self.held_bytes, self.first_line = 0, self._lines + 1

    def swallowed(self) -> str:
        """Say what went with the current row, if that is at fault: an open quote makes one row of all that follows."""
        count = self._lines - self.first_line + 1
        where = f"lines {self.first_line:,} to {self._lines:,}"
        return f"; it swallowed {where}: {count:,} lines, {self.held_bytes:,} bytes" if count > 1 else ""

    def __iter__(self) -> "_BoundedText":
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self._lines += 1
        self.held_bytes += len(line or b"")
        if line is None or self.held_bytes > self._limit_bytes:
            raise RowFault(f"longer than {self._limit_bytes:,} bytes")
        return line.decode("utf-8", "surrogateescape") + "\n"
