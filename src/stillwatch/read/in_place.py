"""Tables that are read where they lie: of a database, by Ibis, or as an engine of many machines hands their rows over.

In: a table's URL, or batches of its rows. Out: batches of declared columns; rows that do not fit are quarantined under
the table's name. Setting up: docs/how-to/scan-a-table.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.common.exceptions import IbisError, TableNotFound

from stillwatch.errors import InputError
from stillwatch.read.canonical_csv import Numbered
from stillwatch.read.canonical_parquet import good_rows, plain_values
from stillwatch.read.folded import unfolded_pieces
from stillwatch.read.reading import Reading
from stillwatch.read.rows import document_batches, is_of_known_format
from stillwatch.read.values import lacking_columns
from stillwatch.tables import EXCHANGES

_BATCH_BYTES = 16 << 20
_NOT_READ = "reply_text"  # most of a table's bytes, and no stage looks at it
_FAULTS: Mapping[str, Mapping[str, str]] = {  # by scheme: what its driver raises, module and class
    "clickhouse": {"clickhouse_connect.driver.exceptions": "ClickHouseError"},
    "bigquery": {"google.api_core.exceptions": "GoogleAPIError", "google.auth.exceptions": "GoogleAuthError"},
}


def is_database(table: str) -> bool:
    """Tell the URL of a database's table from a name in a catalog."""
    return "://" in table


def used_columns(have: Sequence[str], *, mapped: bool) -> list[str]:
    """Choose the columns of a table to read: the declared ones but for replies, or all that a map may need."""
    declared = [name for name in have if name in EXCHANGES.names]
    if mapped or lacking_columns(declared, EXCHANGES):
        return list(have)
    return [name for name in declared if name != _NOT_READ]


def table_batches(rows: Iterable[pa.RecordBatch], name: str, reading: Reading) -> Iterator[pa.RecordBatch]:
    """Check the rows of a table.

    Raises:  InputError: it lacks a required column and is of no known format.
    """
    before = 0
    for batch in rows:
        names = batch.schema.names
        lacking = lacking_columns(names, EXCHANGES)
        if is_of_known_format(names, reading) and (lacking or reading.column_map):
            yield from document_batches(name, EXCHANGES, reading, _documents(batch, before))
        elif lacking:
            raise InputError(f"{name}: {lacking}; name the columns in a view, or give a column map with --map")
        else:
            at = before
            for piece, _ in unfolded_pieces(batch, _BATCH_BYTES):
                yield from good_rows(piece, EXCHANGES, reading, (name, at))
                at += piece.num_rows
        before += batch.num_rows


def _documents(batch: pa.RecordBatch, before: int) -> Iterator[Numbered]:
    size_bytes = batch.nbytes // max(1, batch.num_rows)
    for number, row in enumerate(batch.to_pylist(maps_as_pydicts="lossy"), before + 1):
        yield number, size_bytes, plain_values(row)


def shown_url(url: str) -> str:
    """Give a URL without what may be a secret: neither the user nor the query.

    >>> shown_url("clickhouse://watch:secret@lake:8123/llm/exchanges?secure=True")
    'clickhouse://lake:8123/llm/exchanges'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def database_rows(url: str, reading: Reading, options: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """Read a table of a database: clickhouse://HOST:PORT/DATABASE/TABLE or bigquery://PROJECT/DATASET/TABLE.

    Args:    options: what the driver is told beside the URL, such as a password.
    Raises:  InputError: the scheme is unknown, its driver is missing, or the database does not give the table.
    """
    parts, shown = urlsplit(url), shown_url(url)
    place, _, table = parts.path.rpartition("/")
    if parts.scheme not in _FAULTS or not table:
        known = ", ".join(f"{scheme}://" for scheme in _FAULTS)
        raise InputError(f"{shown}: no such table; a URL begins with {known} and ends with the table's name")
    faults = _driver_faults(parts.scheme)
    try:
        connection = ibis.connect(urlunsplit(parts._replace(path=place)), **_credentials(parts.scheme), **options)
        found = connection.table(table)
        columns = used_columns(found.columns, mapped=reading.column_map is not None)
        yield from connection.to_pyarrow_batches(_plain(found.select(columns)), chunk_size=reading.settings.batch_rows)
    except faults as fault:
        raise InputError(f"{shown}: the database does not give this table: {_reason(fault)}") from fault


def _plain(rows: ir.Table) -> ir.Table:
    """Addresses, UUIDs and what Ibis has no type for as text: Arrow has none either."""
    types = rows.schema().items()
    odd = [name for name, kind in types if kind.is_inet() or kind.is_uuid() or kind.is_unknown()]
    return rows.mutate(**{name: rows[name].cast("string") for name in odd}) if odd else rows


def _credentials(scheme: str) -> dict[str, Any]:
    """Those of the environment for BigQuery: left to itself, its driver opens a browser where there are none."""
    return {"credentials": import_module("google.auth").default()[0]} if scheme == "bigquery" else {}


def _driver_faults(scheme: str) -> tuple[type[BaseException], ...]:
    try:
        own = [getattr(import_module(module), name) for module, name in _FAULTS[scheme].items()]
    except ImportError as fault:
        raise InputError(f"{scheme}:// needs more packages: pip install 'stillwatch[{scheme}]'") from fault
    return (*own, IbisError, TableNotFound, ImportError, OSError, pa.ArrowException)


def _reason(fault: BaseException) -> str:
    lines = str(fault).splitlines() or [type(fault).__name__]
    return lines[0][:200]
