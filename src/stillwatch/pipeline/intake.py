"""From files to the `sketched` table and the accounts table.

In: paths. Out: `Intake`. Text is read and forgotten here; what follows works on sketches and counts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from stillwatch.engine import Engine, Spreading
from stillwatch.errors import InputError
from stillwatch.pipeline.pieces import Wanted, projection, sketch_pieces, until
from stillwatch.read import (
    Identity,
    Tally,
    exchange_files,
    exchange_pieces,
    find_accounts,
    is_keyed,
    keyed_batches,
    read_accounts,
    read_exchanges,
    read_identity,
    read_map,
)
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.sketch import sketch
from stillwatch.tables import ACCOUNTS, SKETCHED


@dataclass(frozen=True, slots=True)
class Source:
    """What to scan. accounts: a file, or None for the one beside the logs; reference: traffic believed benign;
    as_of: later exchanges are left out; known: folders of earlier reports, whose campaigns may go on here;
    column_map: a file that says which field is which column; identity: a file of who stands behind keys.
    """

    paths: tuple[Path, ...]
    accounts: Path | None = None
    reference: Path | None = None
    as_of: datetime | None = None
    known: tuple[Path, ...] = ()
    column_map: Path | None = None
    identity: Path | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """sketched: one row an exchange, each once; accounts: as declared, or empty; counts of what was read."""

    sketched: ir.Table
    accounts: pa.Table
    tally: Tally
    account_tally: Tally
    duplicated: int


def take_in(engine: Engine, source: Source, settings: Settings, name: str = "") -> Intake:
    """Read and sketch every exchange, drop repeated ones, and read the accounts."""
    tally = Tally()
    if isinstance(engine, Spreading) and not any(map(is_keyed, exchange_files(source.paths))):
        wanted = Wanted(settings, source.as_of, source.column_map, source.identity)
        sketched = sketch_pieces(engine, exchange_pieces(source.paths), wanted, tally, name)
    else:
        batches = (until(batch, source.as_of) for batch in batches_of(source, settings, tally))
        sketched = engine.map_batches(batches, sketcher(), SKETCHED, name)
    if tally.rows_read == 0:
        raise InputError(f"{', '.join(map(str, source.paths))}: no exchange could be read; {_why(tally)}")
    return intake_of(engine, sketched, source, tally, settings, name)


def intake_of(  # noqa: PLR0913, PLR0917 - where rows are, where they came from, and how they were counted
    engine: Engine, sketched: ir.Table, source: Source, tally: Tally, settings: Settings, name: str = ""
) -> Intake:
    """Drop repeated exchanges of what was sketched, and read the accounts."""
    unique, duplicated = _each_once(engine, sketched, name)
    account_tally, path = Tally(), source.accounts or find_accounts(source.paths)
    accounts = read_accounts(path, settings, account_tally) if path else arrow_schema(ACCOUNTS).empty_table()
    if source.identity:
        accounts = read_identity(source.identity, settings, account_tally).accounts(accounts)
    return Intake(unique, accounts, tally, account_tally, duplicated)


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
    """Read batches of exchanges from logs, and of sketches from files of keyed ones."""
    identity = read_identity(source.identity, settings, Tally()) if source.identity else None
    files = exchange_files(source.paths)
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
    column_map = read_map(source.column_map) if source.column_map else None
    for batch in read_exchanges(paths, settings, tally, column_map):
        yield identity.identify(batch) if identity else batch


def _each_once(engine: Engine, sketched: ir.Table, name: str) -> tuple[ir.Table, int]:
    """Drop repeated exchange ids; of rows that differ under one id the same one is kept in any order of files."""
    counts = sketched.group_by("exchange_key").agg(rows=lambda t: t.count())
    repeated = engine.keep(counts.filter(counts.rows > 1), f"repeated{name}")
    total = engine.run(repeated.agg(rows=repeated.rows.sum(), ids=repeated.count())).to_pylist()[0]
    if not total["ids"]:
        return sketched, 0
    order = [sketched[c] for c in ("second", "ts", "account_key", "task_hash", "model", "output_tokens")]
    window = ibis.window(group_by="exchange_key", order_by=order)
    doubled = sketched.semi_join(repeated, "exchange_key").mutate(place=ibis.row_number().over(window))
    kept = doubled.filter(doubled.place == 0).drop("place")
    once = engine.keep(ibis.union(sketched.anti_join(repeated, "exchange_key"), kept), f"unique{name}")
    return once, total["rows"] - total["ids"]


def _why(tally: Tally) -> str:
    first = next(iter(tally.quarantined), None)
    return f"first fault: {first.file} row {first.row}: {first.reason}" if first else "the files hold no rows"


def seen_columns(tallies: Sequence[Tally]) -> frozenset[str]:
    """Columns with a value anywhere in the input."""
    return frozenset(name for tally in tallies for name, share in tally.column_fraction().items() if share > 0)
