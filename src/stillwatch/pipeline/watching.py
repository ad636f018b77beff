"""`stillwatch watch`: new log files are sketched once and kept; every pass judges all that is kept.

In: paths, a state directory. Out: as of a scan of everything, bit for bit, since both end in `examine`; or None when
nothing has come. Text of a file that was taken in is never read again.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa

from stillwatch import read, report, state
from stillwatch.abreast import abreast
from stillwatch.engine import DuckDBEngine
from stillwatch.errors import InputError
from stillwatch.pipeline import Asked, Source, Tell, examine
from stillwatch.pipeline.intake import batches_of, intake_with, sketcher, why_nothing
from stillwatch.pipeline.nulls import nulls_for
from stillwatch.pipeline.resuming import Counts, resumed
from stillwatch.pipeline.stages import Stages
from stillwatch.pipeline.strays import YEAR_SECONDS, Believed, believed, set_aside
from stillwatch.read import Tally, is_elsewhere
from stillwatch.settings import Settings
from stillwatch.state import Part, Stamp, State
from stillwatch.types import Scan

__all__ = ["is_elsewhere", "take_new", "watch"]

_DAY_SECONDS = 86_400
_STEPS = 64  # of retention, by which its begin moves on
_AHEAD_SECONDS = 86_400  # by which the clock of whoever logs may be ahead of that of the disk


def watch(  # noqa: PLR0913, PLR0917 - what comes in, where it is kept, where the report goes
    source: Source, folder: Path, settings: Settings, out: Path, tell: Tell, elsewhere: Sequence[str] = ()
) -> Scan | None:
    """Take in what is new, let go what is too old, and judge the rest; None if nothing is new since the last report.

    Args:    elsewhere: URLs of object stores and topics that logs come from beside `source.paths`.
    Raises:  as `scan`; InputError: the state directory is held by another run or of another version.
    """
    report.check_writable(out)
    asked = Asked.of(_knowing(source, out), settings)
    with state.opened(folder, _made_by()) as held, DuckDBEngine(settings) as engine:
        clock = Stages(tell, "seconds", lambda: engine.spilled_bytes)
        clock.start("reading and sketching what is new")
        listed = Tally()
        present = take_new(held, source, settings, elsewhere, listed)
        dates = _dates(engine, held.parts())
        counts = Counts(_since(held.parts(), dates, settings), dates)
        parts = _in_time(held, present, counts.since)
        if held.is_reported() and (out / "campaigns.json").exists():
            return None
        if not any(part.last_second for part in parts):
            places = ", ".join([*map(str, source.paths), *elsewhere])
            raise InputError(f"{places}: no exchange could be read; {why_nothing(_counts(parts))}")
        end = datetime.fromtimestamp(dates.last + 1, UTC)
        asked = replace(asked, source=replace(source, as_of=end))
        clock.start("learning what is normal")
        nulls = nulls_for(engine, asked.source, settings)
        clock.start("putting parts together")
        with state.leaving(held) as tables:
            rest = resumed(engine, held, parts, counts, tables, settings)
            tally = _counts(parts)
            tally.add(listed)
            strays = set_aside(engine, _rows(engine, parts, counts.since), dates, tally)
            intake = intake_with(rest.once.rows, rest.once.duplicated, asked.source, tally, settings, rest.counting)
            found = examine(engine, replace(intake, strays=strays), asked, nulls, out, clock)
            if rest.left:
                state.leave(held, rest.left)
        held.reported()
        return found


def _knowing(source: Source, out: Path) -> Source:
    """The source without its own report as a known one where there is none yet: at first nothing is known."""
    if (out / "campaigns.json").exists():
        return source
    return replace(source, known=tuple(folder for folder in source.known if folder.resolve() != out.resolve()))


def take_new(
    held: State, source: Source, settings: Settings, elsewhere: Sequence[str] = (), listed: Tally | None = None
) -> frozenset[str]:
    """Sketch every file, object or message that is new or has changed; give the files and objects that are there.

    A run that dies between two of them has kept the first.

    Args:    listed: notes what was left out as no log.
    """
    known, present = {part.stamp.file: part for part in held.parts()}, set[str]()

    def take(stamp: Stamp, here: AbstractContextManager[Path]) -> None:
        present.add(stamp.file)
        earlier = known.get(stamp.file)
        if earlier is None or earlier.stamp != stamp:
            with here as path:
                _take(held, stamp, path, source, settings, earlier)

    for path in read.exchange_files(source.paths, listed) if source.paths else ():
        with suppress(FileNotFoundError):  # rotated away since it was listed
            take(Stamp.of(path), nullcontext(path))
    with tempfile.TemporaryDirectory(prefix="stillwatch-") as folder:
        for url in elsewhere:
            if read.is_topic(url):
                _take_messages(held, url, source, settings, Path(folder))
            else:
                for one in read.stored(url, listed):
                    take(Stamp(one.url, one.size_bytes, one.modified_ns), one.here(Path(folder)))
    return frozenset(present)


def _take_messages(held: State, url: str, source: Source, settings: Settings, folder: Path) -> None:
    """Keep what a topic holds beyond what is kept of it; its offsets are committed when the disk has all of it.

    A run that dies before it commits does not read twice: the parts themselves say up to where they go.
    """
    with read.Topic(url, settings.kafka_options) as topic:
        reached = topic.committed()
        for part in held.parts():
            place, _, offsets = part.stamp.file.rpartition("/")
            topic_place, _, partition = place.rpartition("/")
            if topic_place == topic.place:
                reached[int(partition)] = max(reached.get(int(partition), 0), int(offsets.split("-")[1]) + 1)
        for partition in topic.partitions:
            for chunk in topic.chunks(partition, reached.get(partition, 0), folder):
                name = f"{topic.place}/{partition}/{chunk.first}-{chunk.last}"
                stamp = Stamp(name, chunk.path.stat().st_size, chunk.time_ms * 1_000_000)
                _take(held, stamp, chunk.path, source, settings)
                reached[partition] = chunk.last + 1
        topic.commit(reached)


def _take(  # noqa: PLR0913, PLR0917 - a file, what it is, and what was known of it
    held: State, stamp: Stamp, path: Path, source: Source, settings: Settings, earlier: Part | None = None
) -> None:
    """Sketch one file, which may be a copy of what the stamp names, into a part."""
    tally = Tally()
    batches = _sketched(replace(source, paths=(path,)), settings, tally)
    called = str(path) if Path(stamp.file) == path.resolve() else stamp.file
    held.add(stamp, batches, lambda: tally.called(str(path), called).as_json(), earlier)


def _sketched(source: Source, settings: Settings, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Sketch one file; one that cannot be read is counted as such, and read again when it has changed.

    One that lacks a column is no log: a scan says so and ends, but whoever watches must not be stopped by a stray file.

    Raises:  InputError: what is wrong is not this file but, say, the identities, without which it must not be kept.
    """
    file = str(source.paths[0])
    try:
        yield from abreast(sketcher(), batches_of(source, settings, tally), settings.threads or os.cpu_count() or 1)
    except read.UnreadableError:
        return  # the tally says which
    except InputError as fault:
        if not str(fault).startswith(f"{file}: "):
            raise
        tally.quarantine(file, 1, str(fault).removeprefix(f"{file}: "))


def _dates(engine: DuckDBEngine, parts: Sequence[Part]) -> Believed:
    """Which dates are believed, as a scan of everything says; rows are looked at only where there is a year of them."""
    dated = [part for part in parts if part.last_second]
    first = min((part.first_second for part in dated), default=0)
    last = max((part.last_second for part in dated), default=0)
    if last - first <= YEAR_SECONDS:
        return Believed(last=last)
    return believed(engine, engine.read([part.rows for part in dated], "dated_sketches"))


def _rows(engine: DuckDBEngine, parts: Sequence[Part], since: int | None) -> ir.Table:
    rows = engine.read([part.rows for part in parts], "kept_sketches")
    return rows if since is None else rows.filter(rows.second >= since)


def _in_time(held: State, present: frozenset[str], since: int | None) -> tuple[Part, ...]:
    """The parts that retention has not passed by; older ones go as soon as their log file has gone, too.

    A part without an exchange tells what could not be read: it is as old as the look that took it in.
    """
    parts = held.parts()
    old = [part for part in parts if since is not None and (part.last_second or part.taken_second) < since]
    held.drop(part for part in old if part.stamp.file not in present and not Path(part.stamp.file).exists())
    return tuple(part for part in parts if part not in old)


def _since(parts: tuple[Part, ...], dates: Believed, settings: Settings) -> int | None:
    """The first second that is kept: retention counts back from the last exchange, not from today, and in steps, so
    that not every look must count anew what earlier ones counted.

    An exchange cannot be later than the file that tells of it: too many to be strays that are dated years ahead must
    not make all the others old.
    """
    ends = [min(part.last_second, part.stamp.modified_ns // 10**9 + _AHEAD_SECONDS) for part in parts]
    last = min(max(ends, default=0), dates.last)
    if not settings.retention_days:
        return None
    step = max(settings.retention_days * _DAY_SECONDS // _STEPS, 1)
    return -(-(last - settings.retention_days * _DAY_SECONDS) // step) * step


def _counts(parts: tuple[Part, ...]) -> Tally:
    total = Tally()
    for part in parts:
        total.add(Tally.from_json(part.counts))
    return total


def _made_by() -> str:
    """What a sketch depends on: the columns kept, and the weights that exchanges are told apart by."""
    weights = files("stillwatch.taking").joinpath("target_weights.npz").read_bytes()
    return f"1 {hashlib.sha256(weights).hexdigest()}"
