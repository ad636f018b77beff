"""The `sketched` table by many machines: each reads pieces of the log where they lie, and hands back what it counted.

In: pieces of files, or a table of the catalog. Out: `sketched` with the engine, and the counts of all pieces as if one
process had read them.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.engine import Spreading
from stillwatch.errors import InputError
from stillwatch.read import Piece, Tally, read_identity, read_map, read_piece, read_table, used_columns
from stillwatch.settings import Settings
from stillwatch.sketch import Projection, sketch
from stillwatch.tables import SKETCHED
from stillwatch.taking import load_projection


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to read, and until which moment of event time; column_map and identity as in `Source`."""

    settings: Settings
    as_of: datetime | None
    column_map: Path | None = None
    identity: Path | None = None


def sketch_pieces(engine: Spreading, pieces: Sequence[Piece], wanted: Wanted, tally: Tally, name: str = "") -> ir.Table:
    """Read and sketch every piece where the engine likes, and add what was counted to `tally`.

    Raises:  InputError: a file lacks a required column.
    """
    work = partial(_piece_sketched, tuple(pieces), wanted)
    return _counted(engine.map_pieces(len(pieces), work, SKETCHED, name), tally)


def sketch_catalogued(engine: Spreading, source: str, wanted: Wanted, tally: Tally, name: str = "") -> ir.Table:
    """Read and sketch a table of the cluster's catalog where its parts lie, and add what was counted to `tally`.

    Raises:  InputError: there is no such table, or it lacks a required column.
    """
    tally.files.append(source)
    chosen = partial(used_columns, mapped=wanted.column_map is not None)
    work = partial(_rows_sketched, source, wanted)
    return _counted(engine.map_catalogued(source, chosen, work, SKETCHED, name), tally)


def _counted(done: tuple[ir.Table, list[bytes]], tally: Tally) -> ir.Table:
    sketched, notes = done
    for note in notes:
        told = json.loads(note)
        if fault := told.get("fault"):
            raise InputError(fault)
        tally.add(Tally.from_json(told))
    return sketched


def until(batch: pa.RecordBatch, as_of: datetime | None) -> pa.RecordBatch:
    """Leave out exchanges after a moment of event time."""
    return batch if as_of is None else batch.filter(pc.less_equal(batch["ts"], pa.scalar(as_of, batch["ts"].type)))


def _piece_sketched(pieces: tuple[Piece, ...], wanted: Wanted, number: int) -> Iterator[pa.RecordBatch | bytes]:
    return _sketched(wanted, partial(read_piece, pieces[number]))


def _rows_sketched(source: str, wanted: Wanted, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch | bytes]:
    return _sketched(wanted, partial(read_table, rows, source))


def _sketched(wanted: Wanted, read: Callable[..., Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch | bytes]:
    """Sketch what is read; the counts come last, when all rows were counted.

    Args:    read: a reader that lacks only settings, a tally and a column map.
    """
    tally, weights = Tally(), projection()
    try:
        column_map = read_map(wanted.column_map) if wanted.column_map else None
        identity = read_identity(wanted.identity, wanted.settings, Tally()) if wanted.identity else None
        for batch in read(wanted.settings, tally, column_map):
            known = identity.identify(batch) if identity else batch
            yield sketch(until(known, wanted.as_of), weights)
    except InputError as fault:
        yield json.dumps({"fault": str(fault)}).encode()
    else:
        yield json.dumps(tally.as_json()).encode()


@cache
def projection() -> Projection:
    """Give the classifier's weights as the sketch wants them, loaded once a process."""
    weights = load_projection()
    return Projection(weights.weights, weights.scale, weights.bias)
