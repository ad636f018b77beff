"""Sketching at the edge: a log with text in, a file of keyed sketches out. No text touches the disk.

In: paths, a key ring. Out: a Parquet file of `tables.KEYED` that `scan` reads like any log, and what was done.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.pipeline.intake import Source, exchanges_of
from stillwatch.pipeline.key_ring import KeyRing, open_ring
from stillwatch.pipeline.pieces import projection
from stillwatch.read import Tally
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.sketch import bridges, keyed, keyed_values, sketch
from stillwatch.tables import KEYED

__all__ = ["Sketching", "open_ring", "sketch_log"]


@dataclass(slots=True)
class Sketching:
    """What was done: rows written, rows without a key, epochs, keys destroyed at the end."""

    tally: Tally
    written: int = 0
    without_key: int = 0
    epochs: set[int] = field(default_factory=set)
    destroyed: int = 0
    newest_second: int = 0
    bridged: set[tuple[int, int]] = field(default_factory=set)

    def as_json(self) -> dict[str, int]:
        """Give the counts."""
        return {
            "exchanges": self.written,
            "quarantined": self.tally.rows_quarantined,
            "without_key": self.without_key,
            "epochs": len(self.epochs),
            "keys_destroyed": self.destroyed,
        }

    def sentence(self) -> str:
        """Say what was done."""
        lost = f"; {self.without_key:,} left out: the key of their epoch is destroyed" if self.without_key else ""
        bad = f"; {self.tally.rows_quarantined:,} bad rows" if self.tally.rows_quarantined else ""
        done = f"exchanges sketched: {self.written:,}, under keys: {len(self.epochs)}"
        return f"{done}; keys destroyed: {self.destroyed}{lost}{bad}"


def sketch_log(source: Source, ring: KeyRing, out: Path, settings: Settings) -> Sketching:
    """Write the keyed sketches of a log; then destroy the keys whose time is over.

    Time is that of the newest exchange, or now if that is earlier.

    Raises:  InputError: nothing can be read, or `out` cannot be written.
    """
    done = Sketching(Tally())
    unfinished = out.with_name(f"{out.name}.part")
    try:
        with pq.ParquetWriter(unfinished, arrow_schema(KEYED), compression="zstd") as writer:
            for batch in exchanges_of(source, settings, done.tally):
                for piece in _pieces(sketch(batch, projection()), ring, done):
                    writer.write_batch(piece)
        if not done.written:
            raise InputError(f"{', '.join(map(str, source.paths))}: no exchange could be sketched")
        done.destroyed = ring.expire(min(done.newest_second, int(time.time())))
        unfinished.replace(out)
    except OSError as fault:
        raise InputError(f"{out}: cannot be written ({fault.strerror})") from fault
    finally:
        with suppress(OSError):  # the fault that is being told of, once more
            unfinished.unlink(missing_ok=True)
    return done


def _pieces(batch: pa.RecordBatch, ring: KeyRing, done: Sketching) -> Iterator[pa.RecordBatch]:
    """Cut a batch by epoch and by whether it overlaps with the epoch before, and key each piece."""
    seconds = batch["second"].to_numpy()
    span = np.array([[ring.epoch_of(int(s)), ring.overlaps(int(s))] for s in seconds], np.int64).reshape(-1, 2)
    for epoch, overlapping in np.unique(span, axis=0).tolist():
        piece = batch.filter(pa.array((span == (epoch, overlapping)).all(axis=1)))
        key = ring.key(epoch)
        if key is None:
            done.without_key += piece.num_rows
            continue
        values = keyed_values(piece, key)
        before = ring.key(epoch - 1) if overlapping else None
        pairs = bridges(keyed_values(piece, before), values, done.bridged) if before else [[]] * piece.num_rows
        done.epochs.add(epoch)
        done.written += piece.num_rows
        done.newest_second = max(done.newest_second, int(piece["second"].to_numpy().max()))
        yield keyed(piece, values, epoch, pairs)
