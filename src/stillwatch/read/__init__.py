"""Bytes to exchanges and accounts: one format a file, rows stream, bad rows are quarantined with file, row and reason.

In: paths. Out: batches of `tables.EXCHANGES`, the table of `tables.ACCOUNTS`, and a `Tally`. Formats are told by
content: Parquet, or rows (JSON of a known shape, or CSV), plain, gzip or zstd; see docs/reference/formats.md.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.read.canonical_ids import canonical
from stillwatch.read.canonical_parquet import parquet_batches
from stillwatch.read.column_map import read_map
from stillwatch.read.dialects import request_columns
from stillwatch.read.format import Format
from stillwatch.read.identified import Identity
from stillwatch.read.in_place import database_rows, is_database, shown_url, table_batches, used_columns
from stillwatch.read.keyed_sketches import is_keyed, keyed_batches
from stillwatch.read.names import ENDINGS, PACKED, among, is_accounts
from stillwatch.read.pieces import Piece, pieces_of
from stillwatch.read.reading import Reading
from stillwatch.read.rows import rest_batches, row_batches
from stillwatch.read.stores import Stored, is_elsewhere, stored
from stillwatch.read.streams import UnreadableError, is_parquet
from stillwatch.read.tally import Tally
from stillwatch.read.topics import Chunk, Topic, is_topic
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import ACCOUNTS, EXCHANGES, IDENTITY, Table

__all__ = [
    "Chunk",
    "Format",
    "Identity",
    "Piece",
    "Stored",
    "Tally",
    "Topic",
    "UnreadableError",
    "exchange_files",
    "exchange_pieces",
    "find_accounts",
    "is_database",
    "is_elsewhere",
    "is_keyed",
    "is_topic",
    "keyed_batches",
    "read_accounts",
    "read_database",
    "read_exchanges",
    "read_identity",
    "read_map",
    "read_piece",
    "read_table",
    "request_columns",
    "shown_url",
    "stored",
    "used_columns",
]


def read_exchanges(
    paths: Sequence[Path], settings: Settings, tally: Tally, column_map: Format | None = None
) -> Iterator[pa.RecordBatch]:
    """Read files and folders of logs, in order of path. A file that cannot be read costs itself, not the others.

    Exchanges in pieces are put together across files. A column map, see `read_map`, is used for every document.

    Raises:  InputError: a path does not exist, a file lacks a required column, or nothing at all can be read.
    """
    unreadable = None
    reading = Reading(settings, tally, column_map)
    for file in exchange_files(paths, tally):
        try:
            yield from _read(Piece(file), EXCHANGES, reading)
        except UnreadableError as fault:
            unreadable = unreadable or fault
            _quarantine(file, fault, tally)
    for batch in rest_batches(reading):
        yield _counted(batch, EXCHANGES, reading)
    if unreadable and not tally.rows_read:
        raise unreadable


def exchange_pieces(paths: Sequence[Path], tally: Tally) -> list[Piece]:
    """Cut the files that `read_exchanges` reads into pieces, in the same order; the tally notes what is left out.

    Raises:  InputError: a path does not exist, or no log file is found.
    """
    return [piece for file in exchange_files(paths, tally) for piece in pieces_of(file)]


def read_piece(
    piece: Piece, settings: Settings, tally: Tally, column_map: Format | None = None
) -> Iterator[pa.RecordBatch]:
    """Read one piece. A file that cannot be read is quarantined: whoever has all tallies sees if it was the only one.

    Exchanges in pieces are put together within a file, not across files.

    Raises:  InputError: the file lacks a required column.
    """
    reading = Reading(settings, tally, column_map)
    try:
        yield from _read(piece, EXCHANGES, reading)
    except UnreadableError as fault:
        _quarantine(piece.path, fault, tally)
    for batch in rest_batches(reading):
        yield _counted(batch, EXCHANGES, reading)


def read_table(
    rows: Iterable[pa.RecordBatch], name: str, settings: Settings, tally: Tally, column_map: Format | None = None
) -> Iterator[pa.RecordBatch]:
    """Read rows of a table as an engine hands them over; what does not fit is quarantined under `name`.

    Raises:  InputError: a required column is missing.
    """
    yield from _of_table(rows, name, Reading(settings, tally, column_map))


def read_database(
    url: str, settings: Settings, tally: Tally, column_map: Format | None = None
) -> Iterator[pa.RecordBatch]:
    """Read a table of a database where it lies.

    Raises:  InputError: see `in_place.database_rows`; a required column is missing.
    """
    reading = Reading(settings, tally, column_map)
    tally.files.append(shown_url(url))
    yield from _of_table(database_rows(url, reading, settings.database_options), shown_url(url), reading)


def _of_table(rows: Iterable[pa.RecordBatch], name: str, reading: Reading) -> Iterator[pa.RecordBatch]:
    for batch in table_batches(rows, name, reading):
        yield _counted(batch, EXCHANGES, reading)
    for batch in rest_batches(reading):
        yield _counted(batch, EXCHANGES, reading)


def _quarantine(file: Path, fault: UnreadableError, tally: Tally) -> None:
    tally.quarantine(str(file), 1, "the whole file" + str(fault).removeprefix(f"{file}:"))


def read_accounts(path: Path, settings: Settings, tally: Tally) -> pa.Table:
    """Read the accounts file; of several rows of one account the first counts, the others are noted.

    Raises:  InputError: the file does not exist, is of no known format, lacks account_id or holds no account.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of accounts")
    rows = _filled(path, ACCOUNTS, Reading(settings, tally))
    numbered = rows.append_column("row", pa.array(range(len(rows)), pa.int64()))
    first = numbered.group_by("account_id").aggregate([("row", "min")])
    if len(first) < len(rows):
        tally.remarks.append(f"{len(rows) - len(first):,} repeated rows of accounts were left out")
        rows = rows.take(first["row_min"].sort())
    return rows


def read_identity(path: Path, settings: Settings, tally: Tally) -> Identity:
    """Read the file that joins keys and accounts with who stands behind them.

    Raises:  InputError: the file does not exist, is of no known format, lacks account_id or holds no row.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of identities")
    return Identity(_filled(path, IDENTITY, Reading(settings, tally)).combine_chunks())


def _filled(path: Path, table: Table, reading: Reading) -> pa.Table:
    """Read a whole file; one without a row says nothing of anybody, and is more likely a failed export than meant so.

    Raises:  InputError: it has no row that can be read.
    """
    rows = pa.Table.from_batches(_read(Piece(path), table, reading), arrow_schema(table))
    if not len(rows):
        faults = [fault for fault in reading.tally.quarantined if fault.file == str(path)]
        fault = f"first fault: row {faults[0].row}: {faults[0].reason}" if faults else "it is empty"
        raise InputError(f"{path}: no row of {table.name} could be read; {fault}; write it anew, or remove it")
    return rows


def find_accounts(paths: Sequence[Path]) -> Path | None:
    """Find a file called accounts.*: named among several paths, in the folders that are scanned, or beside the logs."""
    named = [path for path in paths if len(paths) > 1 and is_accounts(path) and path.is_file()]
    if named:
        return named[0]
    for path in paths:
        for folder in (path, path.parent) if path.is_dir() else (path.parent,):
            for ending in ENDINGS:
                for packed in PACKED:
                    candidate = folder / f"accounts{ending}{packed}"
                    if candidate.is_file() and candidate not in paths:
                        return candidate
    return None


def exchange_files(paths: Sequence[Path], tally: Tally | None = None) -> list[Path]:
    """List the log files: those named, and those in folders but for hidden ones, labels, accounts and Stillwatch's own.

    Args:    tally: notes the folders that were left out as Stillwatch's own.
    Raises:  InputError: a path does not exist, or no log file is found.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            held = among([file.relative_to(path) for file in path.rglob("*") if file.is_file()])
            found += [path / file for file in held.logs]
            if tally:
                tally.left_out(str(path / folder) for folder in held.own)
        elif not path.is_file():
            what = "neither a file nor a folder" if path.exists() else "no such file or folder"
            raise InputError(f"{path}: {what}")
        elif len(paths) == 1 or not is_accounts(path):
            found.append(path)
    if not found:
        looked = ", ".join(map(str, paths))
        raise InputError(f"{looked}: no log files in there ({', '.join(ENDINGS)}, plain, .gz or .zst)")
    return list(dict.fromkeys(found))


def _read(piece: Piece, table: Table, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Read one piece of a file of any format and count what it holds."""
    path, tally = piece.path, reading.tally
    if piece.begins_file:
        tally.files.append(str(path))
    try:
        if piece.begins_file:
            with path.open("rb") as file:
                tally.digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        for batch in _batches(piece, table, reading):
            yield _counted(batch, table, reading)
    except OSError as fault:
        raise UnreadableError(f"{path}: cannot be opened ({fault.strerror})") from fault


def _counted(batch: pa.RecordBatch, table: Table, reading: Reading) -> pa.RecordBatch:
    """Write ids and addresses in the one way, and count the values."""
    clean = canonical(batch, table, reading.settings)
    reading.tally.read(clean)
    return clean


def _batches(piece: Piece, table: Table, reading: Reading) -> Iterator[pa.RecordBatch]:
    if is_parquet(piece.path):
        return parquet_batches(piece.path, table, reading, piece.groups)
    return row_batches(piece.path, table, reading)
