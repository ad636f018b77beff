"""The `sketched` table by many machines: each reads pieces of the log where they lie, and hands back what it counted.

In: pieces of files. Out: `sketched` with the engine, and the counts of all pieces as if one process had read them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.engine import Spreading
from stillwatch.errors import InputError
from stillwatch.read import Piece, Tally, read_identity, read_map, read_piece
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
    work = partial(_sketched, tuple(pieces), wanted)
    sketched, notes = engine.map_pieces(len(pieces), work, SKETCHED, name)
    for note in notes:
        told = json.loads(note)
        if fault := told.get("fault"):
            raise InputError(fault)
        tally.add(Tally.from_json(told))
    return sketched


def until(batch: pa.RecordBatch, as_of: datetime | None) -> pa.RecordBatch:
    """Leave out exchanges after a moment of event time."""
    return batch if as_of is None else batch.filter(pc.less_equal(batch["ts"], pa.scalar(as_of, batch["ts"].type)))


def _sketched(pieces: tuple[Piece, ...], wanted: Wanted, number: int) -> Iterator[pa.RecordBatch | bytes]:
    """Sketch one piece; the counts come last, when all rows were counted."""
    tally, weights = Tally(), projection()
    try:
        column_map = read_map(wanted.column_map) if wanted.column_map else None
        identity = read_identity(wanted.identity, wanted.settings, Tally()) if wanted.identity else None
        for batch in read_piece(pieces[number], wanted.settings, tally, column_map):
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
