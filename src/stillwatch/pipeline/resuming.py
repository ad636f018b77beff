"""What a look of `watch` need not count again: the rows of parts that an earlier look has counted.

In: the parts of this look, and what the last one left. Out: `Resumed`: all rows, each exchange once, and a counting of
them that adds to what was left. Read `counting` next.

A part is counted for good once it has stayed as it is for a look: one whose file grows (`grew`) is added on top, and
counted again next time. A new version, another setting that counts depend on, a part that has gone, a first second
that moves into what was counted, or other dates that are not believed begin everything anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir

from stillwatch import __version__, state
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.counting import First, Grown, Held, Leaving
from stillwatch.pipeline.once import Once, all_once, once_more
from stillwatch.pipeline.strays import Believed
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.state import Counted, Part, State
from stillwatch.tables import SKETCHED

_COUNTS = 3  # raised when what is counted changes within a version
_REPEATED, _CHOSEN = "repeated", "chosen"


@dataclass(frozen=True, slots=True)
class Resumed:
    """once: all rows; counting: of them; left: what to leave for the next look, or None if nothing has changed."""

    once: Once
    counting: Leaving
    left: Counted | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Which rows count: from the first second that is kept, None for all, and those whose dates are believed."""

    since: int | None
    dates: Believed

    def of(self, rows: ir.Table) -> ir.Table:
        """Give the rows that count."""
        return self.dates.of(rows if self.since is None else rows.filter(rows.second >= self.since))


@dataclass(frozen=True, slots=True)
class _Layer:
    """Rows that are counted, and how."""

    once: Once
    counting: Leaving


def resumed(  # noqa: PLR0913, PLR0917 - what is counted, by what, and where it is kept
    engine: DuckDBEngine, held: State, parts: Sequence[Part], counts: Counts, folder: Path, settings: Settings
) -> Resumed:
    """Find out what need not be counted again.

    Args:    folder: an empty folder of the state directory, to write tables into.
    """
    since, dates = counts.since, counts.dates
    strays = f" {dates.after} {dates.before}" if dates.strays else ""
    made_by = f"{__version__} {_COUNTS} {settings.minimum_accounts}{strays}"
    before = _usable(state.counted(held), parts, since, made_by)
    seen = before.seen if before else frozenset[str]()
    settled = [part for part in parts if not part.grew or part.folder.name in seen]
    known = [part for part in settled if before and part.folder.name in before.parts]
    new = [part for part in settled if part not in known]
    layer, kept, scratch = _held(engine, before, known, counts) if before else None, folder / "kept", folder / "growing"
    kept.mkdir()
    scratch.mkdir()
    if new or layer is None:
        grown = layer and _more(engine, layer, _rows(engine, new, counts, "new"), kept)
        layer = grown or _first(engine, _rows(engine, settled, counts, "settled"), kept)
    names = frozenset(part.folder.name for part in settled), frozenset(part.folder.name for part in parts)
    left = Counted(kept, made_by, since or 0, *names, layer.once.duplicated) if new or not before else None
    if left:
        engine.write(layer.once.repeated, kept / f"{_REPEATED}.parquet")
        engine.write(layer.once.chosen, kept / f"{_CHOSEN}.parquet")
    growing = [part for part in parts if part not in settled]
    if growing:
        on_top = _more(engine, layer, _rows(engine, growing, counts, "growing"), scratch)
        layer = on_top or _first(engine, _rows(engine, parts, counts, "all"), scratch)
        left = left if on_top else None  # its tables are made as they are asked for
    return Resumed(layer.once, layer.counting, left)


def _usable(before: Counted | None, parts: Sequence[Part], since: int | None, made_by: str) -> Counted | None:
    """What the last look left, if its rows are just those of parts that are there today."""
    if before is None or before.made_by != made_by:
        return None
    covered = [part for part in parts if part.folder.name in before.parts]
    whole = since is None or all(part.first_second >= since for part in covered if part.last_second)
    return before if len(covered) == len(before.parts) and (whole or since == before.since) else None


def _rows(engine: DuckDBEngine, parts: Sequence[Part], counts: Counts, name: str) -> ir.Table:
    if not parts:
        return engine.adopt(arrow_schema(SKETCHED).empty_table(), f"no_{name}")
    return counts.of(engine.read([part.rows for part in parts], f"{name}_sketches"))


def _held(engine: DuckDBEngine, before: Counted, known: Sequence[Part], counts: Counts) -> _Layer:
    repeated, chosen = (engine.read([before.folder / f"{n}.parquet"], f"held_{n}") for n in (_REPEATED, _CHOSEN))
    once = Once.of(_rows(engine, known, counts, "known"), repeated, chosen, before.duplicated)
    return _Layer(once, Held(engine, before.folder, once.rows))


def _first(engine: DuckDBEngine, rows: ir.Table, folder: Path) -> _Layer:
    once = all_once(engine, rows, f"_{folder.name}")
    return _Layer(once, First(engine, once.rows, folder))


def _more(engine: DuckDBEngine, layer: _Layer, new: ir.Table, folder: Path) -> _Layer | None:
    """Put new rows on top; None where one takes the place of an earlier one."""
    found = once_more(engine, layer.once, new, f"_{folder.name}")
    if found is None:
        return None
    once, added = found
    return _Layer(once, Grown(engine, layer.counting, layer.once.rows, added, folder))
