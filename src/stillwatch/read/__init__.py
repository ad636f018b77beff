"""Bytes to exchanges and accounts: one format a file, rows stream, bad rows are quarantined with file, row and reason.

In: paths. Out: batches of `tables.EXCHANGES`, the table of `tables.ACCOUNTS`, and a `Tally`. Formats are told by
content: Parquet, or rows (JSON of a known shape, or CSV), each plain, gzip or zstd.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.read.canonical_parquet import parquet_batches
from stillwatch.read.rows import row_batches
from stillwatch.read.streams import is_parquet
from stillwatch.read.tally import Tally
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import ACCOUNTS, EXCHANGES, Table

__all__ = ["Tally", "find_accounts", "read_accounts", "read_exchanges"]

_ENDINGS = (".parquet", ".csv", ".jsonl", ".ndjson", ".json")
_PACKED = (".gz", ".zst", "")


def read_exchanges(paths: Sequence[Path], settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read files and folders of logs, in order of path.

    Raises:  InputError: a path does not exist, a file has no known format or lacks a required column.
    """
    for file in exchange_files(paths):
        yield from _read(file, EXCHANGES, settings, tally)


def read_accounts(path: Path, settings: Settings, tally: Tally) -> pa.Table:
    """Read the accounts file; of several rows of one account the first counts, the others are noted."""
    if not path.is_file():
        raise InputError(f"{path}: no such file of accounts")
    rows = pa.Table.from_batches(_read(path, ACCOUNTS, settings, tally), arrow_schema(ACCOUNTS))
    first = (
        rows.append_column("row", pa.array(range(len(rows)), pa.int64()))
        .group_by("account_id")
        .aggregate([("row", "min")])
    )
    if len(first) < len(rows):
        tally.remarks.append(f"{len(rows) - len(first):,} repeated rows of accounts were left out")
        rows = rows.take(first["row_min"].sort())
    return rows


def find_accounts(paths: Sequence[Path]) -> Path | None:
    """Find a file called accounts.* in the folders that are scanned, or beside them."""
    for path in paths:
        for folder in (path, path.parent) if path.is_dir() else (path.parent,):
            for ending in _ENDINGS:
                for packed in _PACKED:
                    candidate = folder / f"accounts{ending}{packed}"
                    if candidate.is_file() and candidate not in paths:
                        return candidate
    return None


def exchange_files(paths: Sequence[Path]) -> list[Path]:
    """List the log files: those named, and those in folders but for hidden ones, labels and accounts."""
    found: list[Path] = []
    for path in paths:
        if path.is_file():
            found.append(path)
        elif path.is_dir():
            found += sorted(file for file in path.rglob("*") if file.is_file() and _is_log(file.relative_to(path)))
        else:
            raise InputError(f"{path}: no such file or folder")
    if not found:
        raise InputError(
            f"{', '.join(map(str, paths))}: no log files in there ({', '.join(_ENDINGS)}, plain, .gz or .zst)"
        )
    return list(dict.fromkeys(found))


def _is_log(path: Path) -> bool:
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    hidden = any(part.startswith(".") or part == "labels" for part in path.parts)
    return not hidden and name.endswith(_ENDINGS) and not name.startswith("accounts.")


def _read(path: Path, table: Table, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read one file of any format and count what it holds."""
    try:
        with path.open("rb") as file:
            tally.digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        tally.files.append(str(path))
        reader = parquet_batches if is_parquet(path) else row_batches
        for batch in reader(path, table, settings, tally):
            tally.read(batch)
            yield batch
    except OSError as fault:
        raise InputError(f"{path}: cannot be opened ({fault.strerror})") from fault
