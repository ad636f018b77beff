"""From files to the `sketched` table and the accounts table.

In: paths. Out: `Intake`. Text is read and forgotten here; what follows works on sketches and counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from stillwatch.engine import Engine, Spreading
from stillwatch.errors import InputError
from stillwatch.pipeline.pieces import Wanted, sketch_pieces, until
from stillwatch.read import Tally, exchange_pieces, find_accounts, read_accounts, read_exchanges
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.sketch import Projection, sketch
from stillwatch.tables import ACCOUNTS, SKETCHED
from stillwatch.taking import load_projection


@dataclass(frozen=True, slots=True)
class Source:
    """What to scan. accounts: a file, or None for the one beside the logs; reference: traffic believed benign;
    as_of: later exchanges are left out; known: folders of earlier reports, whose campaigns may go on here.
    """

    paths: tuple[Path, ...]
    accounts: Path | None = None
    reference: Path | None = None
    as_of: datetime | None = None
    known: tuple[Path, ...] = ()


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
    tally, account_tally = Tally(), Tally()
    if isinstance(engine, Spreading):
        sketched = sketch_pieces(engine, exchange_pieces(source.paths), Wanted(settings, source.as_of), tally, name)
    else:
        weights = load_projection()
        projection = Projection(weights.weights, weights.scale, weights.bias)
        batches = (until(batch, source.as_of) for batch in read_exchanges(source.paths, settings, tally))
        sketched = engine.map_batches(batches, lambda batch: sketch(batch, projection), SKETCHED, name)
    if tally.rows_read == 0:
        raise InputError(f"{', '.join(map(str, source.paths))}: no exchange could be read; {_why(tally)}")
    unique, duplicated = _each_once(engine, sketched, name)
    path = source.accounts or find_accounts(source.paths)
    accounts = read_accounts(path, settings, account_tally) if path else arrow_schema(ACCOUNTS).empty_table()
    return Intake(unique, accounts, tally, account_tally, duplicated)


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
