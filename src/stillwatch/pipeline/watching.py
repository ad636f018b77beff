"""`stillwatch watch`: new log files are sketched once and kept; every pass judges all that is kept.

In: paths, a state directory. Out: as of a scan of everything, bit for bit, since both end in `examine`; or None when
nothing has come. Text of a file that was taken in is never read again.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pyarrow as pa

from stillwatch import read, state
from stillwatch.abreast import abreast
from stillwatch.engine import DuckDBEngine
from stillwatch.errors import InputError
from stillwatch.pipeline import Asked, Source, Tell, examine
from stillwatch.pipeline.intake import batches_of, intake_of, sketcher
from stillwatch.pipeline.nulls import nulls_for
from stillwatch.pipeline.stages import Stages
from stillwatch.read import Tally
from stillwatch.settings import Settings
from stillwatch.state import Part, Stamp, State
from stillwatch.types import Scan

_DAY_SECONDS = 86_400


def watch(source: Source, folder: Path, settings: Settings, out: Path, tell: Tell) -> Scan | None:
    """Take in what is new, let go what is too old, and judge the rest; None if nothing is new since the last report.

    Raises:  as `scan`; InputError: the state directory is held by another run or of another version.
    """
    asked = Asked.of(source, settings)
    with state.opened(folder, _made_by()) as held, DuckDBEngine(settings) as engine:
        clock = Stages(tell, "seconds", lambda: engine.spilled_bytes)
        clock.start("reading and sketching what is new")
        take_new(held, source, settings)
        parts = _in_time(held, settings)
        if held.is_reported() and (out / "campaigns.json").exists():
            return None
        if not any(part.last_second for part in parts):
            raise InputError(f"{', '.join(map(str, source.paths))}: no exchange could be read")
        end = datetime.fromtimestamp(max(part.last_second for part in parts) + 1, UTC)
        asked = replace(asked, source=replace(source, as_of=end))
        clock.start("learning what is normal")
        nulls = nulls_for(engine, asked.source, settings)
        clock.start("putting parts together")
        sketched = engine.read([part.rows for part in parts], "kept_sketches")
        since = _since(parts, settings)
        kept = sketched if since is None else sketched.filter(sketched.second >= since)
        intake = intake_of(engine, kept, asked.source, _counts(parts), settings)
        found = examine(engine, intake, asked, nulls, out, clock)
        held.reported()
        return found


def take_new(held: State, source: Source, settings: Settings) -> list[Part]:
    """Sketch every file that is new or has changed; a run that dies between two files has kept the first."""
    known = {part.stamp for part in held.parts()}
    fresh = []
    for path in read.exchange_files(source.paths):
        stamp = Stamp.of(path)
        if stamp not in known:
            tally = Tally()
            batches = _sketched(replace(source, paths=(path,)), settings, tally)
            fresh.append(held.add(stamp, batches, tally.as_json))
    held.drop_replaced()
    return fresh


def _sketched(source: Source, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Sketch one file; one that cannot be read is counted as such, and read again when it has changed."""
    try:
        yield from abreast(sketcher(), batches_of(source, settings, tally), settings.threads or os.cpu_count() or 1)
    except read.UnreadableError:
        return


def _in_time(held: State, settings: Settings) -> tuple[Part, ...]:
    """The parts that retention has not passed by; older ones go as soon as their log file has gone, too."""
    parts = held.parts()
    since = _since(parts, settings)
    old = [part for part in parts if since is not None and part.last_second < since]
    held.drop(part for part in old if not Path(part.stamp.file).exists())
    return tuple(part for part in parts if part not in old)


def _since(parts: tuple[Part, ...], settings: Settings) -> int | None:
    """The first second that is kept: retention counts back from the last exchange, not from today."""
    last = max((part.last_second for part in parts), default=0)
    return last - settings.retention_days * _DAY_SECONDS if settings.retention_days else None


def _counts(parts: tuple[Part, ...]) -> Tally:
    total = Tally()
    for part in parts:
        total.add(Tally.from_json(part.counts))
    return total


def _made_by() -> str:
    """What a sketch depends on: the columns kept, and the weights that exchanges are told apart by."""
    weights = files("stillwatch.taking").joinpath("target_weights.npz").read_bytes()
    return f"1 {hashlib.sha256(weights).hexdigest()}"
