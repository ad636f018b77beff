"""From files to the `sketched` table and the accounts table.

In: paths, or a table. Out: `Intake`. Text is read and forgotten here; what follows works on sketches and counts.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa

from stillwatch.engine import Engine, Spreading
from stillwatch.errors import InputError
from stillwatch.ids import canonical_id
from stillwatch.pipeline.counting import Counting
from stillwatch.pipeline.once import all_once
from stillwatch.pipeline.pieces import Wanted, projection, sketch_catalogued, sketch_pieces, until
from stillwatch.pipeline.strays import believed, set_aside
from stillwatch.read import (
    Format,
    Identity,
    Tally,
    exchange_files,
    exchange_pieces,
    find_accounts,
    is_database,
    is_keyed,
    keyed_batches,
    read_accounts,
    read_database,
    read_exchanges,
    read_identity,
    read_map,
    shown_url,
)
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.sketch import sketch
from stillwatch.tables import ACCOUNTS, SKETCHED
from stillwatch.types import AccountId

_LOW_BITS = 0xFFFFFF  # of a hash: their sum over 100 billion rows fits 64 bits


@dataclass(frozen=True, slots=True)
class Source:
    """What to scan. accounts: a file, or None for the one beside the logs; reference: traffic believed benign;
    as_of: later exchanges are left out; known: folders of earlier reports, whose campaigns may go on here;
    column_map: a file that says which field is which column; identity: a file of who stands behind keys;
    table: instead of paths, a table of the cluster's catalog, or the URL of one of a database; innocents: a file of
    accounts known innocent, one a line.
    """

    paths: tuple[Path, ...]
    accounts: Path | None = None
    reference: Path | None = None
    as_of: datetime | None = None
    known: tuple[Path, ...] = ()
    column_map: Path | None = None
    identity: Path | None = None
    table: str = ""
    innocents: Path | None = None

    def __str__(self) -> str:
        return (shown_url(self.table) if is_database(self.table) else self.table) or ", ".join(map(str, self.paths))


@dataclass(frozen=True, slots=True)
class Intake:
    """sketched: one row an exchange, each once; accounts: as declared, or empty; counts of what was read; counting: of
    the sketched rows, where some have been counted before; strays: exchanges that a wrong clock has dated, left out.
    """

    sketched: ir.Table
    accounts: pa.Table
    tally: Tally
    account_tally: Tally
    duplicated: int
    counting: Counting | None = None
    strays: int = 0


def take_in(engine: Engine, source: Source, settings: Settings, name: str = "") -> Intake:
    """Read and sketch every exchange, drop repeated ones, and read the accounts."""
    tally = Tally()
    sketched = _sketched(engine, source, settings, tally, name)
    if tally.rows_read == 0:
        raise InputError(f"{source}: no exchange could be read; {why_nothing(tally)}")
    if source.table:
        tally.digests.append(_digest(engine, sketched))
    if source.as_of and not engine.run(sketched.agg(rows=sketched.count()))["rows"][0].as_py():
        raise InputError(f"{source}: no exchange is as old as {source.as_of:%Y-%m-%d %H:%M} UTC; give a later --as-of")
    dates = believed(engine, sketched)
    strays = set_aside(engine, sketched, dates, tally)
    return replace(intake_of(engine, dates.of(sketched), source, tally, settings, name), strays=strays)


def _sketched(engine: Engine, source: Source, settings: Settings, tally: Tally, name: str) -> ir.Table:
    """Sketch on the engine's machines what they can reach themselves, and in this process all else."""
    wanted = Wanted(settings, source.as_of, source.column_map, source.identity)
    catalogued = bool(source.table) and not is_database(source.table)
    if isinstance(engine, Spreading):
        if catalogued:
            return sketch_catalogued(engine, source.table, wanted, tally, name)
        if not source.table and not any(map(is_keyed, exchange_files(source.paths))):
            return sketch_pieces(engine, exchange_pieces(source.paths, tally), wanted, tally, name)
    elif catalogued:
        raise InputError(f"table {source.table}: only an engine with a catalog has such a table; give --engine spark")
    batches = (until(batch, source.as_of) for batch in batches_of(source, settings, tally))
    return engine.map_batches(batches, sketcher(), SKETCHED, name)


def _digest(engine: Engine, sketched: ir.Table) -> str:
    """Hash of a table's rows in whatever order and parts they came: there are no bytes of a file to hash."""
    found = engine.run(sketched.agg(
        rows=sketched.count(), ids=(sketched.exchange_key & _LOW_BITS).sum(),
        tasks=(sketched.task_hash & _LOW_BITS).sum(), tokens=sketched.output_tokens.sum(), end=sketched.second.max(),
    ))  # fmt: skip
    return hashlib.sha256(repr(found.to_pylist()).encode()).hexdigest()


def intake_of(  # noqa: PLR0913, PLR0917 - where rows are, where they came from, and how they were counted
    engine: Engine, sketched: ir.Table, source: Source, tally: Tally, settings: Settings, name: str = ""
) -> Intake:
    """Drop repeated exchanges of what was sketched, and read the accounts."""
    once = all_once(engine, sketched, name)
    unique = engine.keep(once.rows, f"unique{name}") if once.duplicated else sketched
    return intake_with(unique, once.duplicated, source, tally, settings)


def intake_with(  # noqa: PLR0913, PLR0917 - same
    unique: ir.Table,
    duplicated: int,
    source: Source,
    tally: Tally,
    settings: Settings,
    counting: Counting | None = None,
) -> Intake:
    """Read the accounts to rows of which each exchange is there once."""
    account_tally, path = Tally(), source.accounts or find_accounts(source.paths)
    accounts = read_accounts(path, settings, account_tally) if path else arrow_schema(ACCOUNTS).empty_table()
    if source.identity:
        accounts = read_identity(source.identity, settings, account_tally).accounts(accounts)
    return Intake(unique, accounts, tally, account_tally, duplicated, counting)


def exchanges_of(source: Source, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read a log with its text, joined with who stands behind the keys.

    Raises:  InputError: see `read_exchanges`; a path is a file of keyed sketches, which have no text.
    """
    identity = read_identity(source.identity, settings, Tally()) if source.identity else None
    if keyed := next((file for file in exchange_files(source.paths) if is_keyed(file)), None):
        raise InputError(f"{keyed}: holds keyed sketches, which have no text: scan reads them, nothing else does")
    yield from _texts(source, source.paths, settings, tally, identity)


def sketcher() -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Give the function that sketches a batch of exchanges, and leaves one of sketches as it is."""
    weights, made = projection(), arrow_schema(SKETCHED)
    return lambda batch: batch if batch.schema.equals(made) else sketch(batch, weights)


def batches_of(source: Source, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read batches of exchanges from logs or a database, and of sketches from files of keyed ones."""
    identity = read_identity(source.identity, settings, Tally()) if source.identity else None
    if source.table:
        yield from _identified(read_database(source.table, settings, tally, _map_of(source)), identity)
        return
    files = exchange_files(source.paths, tally)
    keyed = [file for file in files if is_keyed(file)]
    if keyed:
        yield from keyed_batches(keyed, tally)
        if texts := [file for file in files if file not in keyed]:
            tally.remarks.append(
                "keyed sketches and text were read together: they share no hash, so no words link them"
            )
            yield from _texts(source, texts, settings, tally, identity)
    else:
        yield from _texts(source, source.paths, settings, tally, identity)


def _texts(
    source: Source, paths: Sequence[Path], settings: Settings, tally: Tally, identity: Identity | None
) -> Iterator[pa.RecordBatch]:
    yield from _identified(read_exchanges(paths, settings, tally, _map_of(source)), identity)


def _map_of(source: Source) -> Format | None:
    return read_map(source.column_map) if source.column_map else None


def _identified(batches: Iterator[pa.RecordBatch], identity: Identity | None) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield identity.identify(batch) if identity else batch


def why_nothing(tally: Tally) -> str:
    """Say why no exchange was read: the first fault."""
    first = next(iter(tally.quarantined), None)
    return f"first fault: {first.file} row {first.row}: {first.reason}" if first else "the files hold no rows"


def seen_columns(tallies: Sequence[Tally]) -> frozenset[str]:
    """Columns with a value anywhere in the input."""
    return frozenset(name for tally in tallies for name, share in tally.column_fraction().items() if share > 0)


def read_accounts_listed(file: Path | None) -> frozenset[AccountId] | None:
    """Read a list of accounts, one a line; None where there is none.

    Raises:  InputError: it cannot be read.
    """
    if file is None:
        return None
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(f"{file}: cannot be read as a list of accounts, one a line") from fault
    return frozenset(AccountId(account) for line in lines if (account := canonical_id(line)))
