"""Counts over a log that grows: what an earlier look counted is added up with the new rows, not counted again.

In: rows, and the tables that an earlier look counted of some of them. Out: for each query a table, the same as of all
rows at once. `Afresh` is a scan; a look of `watch` puts `Grown` upon `Held`, or begins with `First`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ibis
import ibis.expr.types as ir

from stillwatch import profile
from stillwatch.engine import DuckDBEngine, Engine

Query = Callable[[ir.Table], ir.Table]
"""Rows of `tables.SKETCHED`, or of what was counted of them, to what is counted."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """Counts by the values of a column, of which those are kept that recur.

    query: to counts of (value, account_key); added: as in `sums`; kept: gives the rows of the counts that are kept, and
    with more rows never lets a value go.
    """

    column: str
    query: Query
    added: Query
    kept: Query


@dataclass(frozen=True, slots=True)
class Telling:
    """Counts by the values of a column, of which those are kept that so many accounts tell something by.

    sees: what else the query looks at, beside account_key; query: to counts of (value, account_key, exchanges, ...),
    null being no value; added: as in `sums`; signs: gives the (value, account_key) of those counts that tell something;
    kept: gives the values of which there are enough signs. With more rows neither lets one go.
    """

    column: str
    sees: Sequence[str]
    query: Query
    added: Query
    signs: Query
    kept: Query


@dataclass(frozen=True, slots=True)
class Grouped:
    """Counts by keys, nearly as many as there are rows. by: a hash of all that the query looks at beside the rows;
    sums, least, most: the columns that add up, and those of which the least or the most counts.
    """

    by: str
    keys: Sequence[str]
    query: Query
    sums: Sequence[str]
    least: Sequence[str] = ()
    most: Sequence[str] = ()


_TOLD = Grouped(
    "", ("value", "account_key"), lambda told: told.select("value", "account_key", "exchanges"), ("exchanges",)
)


class Counting(Protocol):
    """Counts the rows of one log; names tell what is counted apart."""

    def sums(self, name: str, query: Query, added: Query) -> ir.Table:
        """Count by a query whose results add up: `added` makes one result of the rows of several."""
        ...

    def recurring(self, name: str, how: Recurring) -> ir.Table:
        """Count by the values of a column, and keep the values that recur often enough."""
        ...

    def told(self, name: str, hows: Sequence[Telling]) -> list[ir.Table]:
        """Count by the values of each column that enough accounts tell something by: (value, account_key, exchanges).

        One table a column.
        """
        ...

    def grouped(self, name: str, how: Grouped) -> ir.Table:
        """Count by keys, and keep the counts."""
        ...

    def facets(self) -> ir.Table:
        """Count `profile.facets`: gaps lie between exchanges, and do not simply add up."""
        ...


class Leaving(Counting, Protocol):
    """Counts in files of a folder, which the next look finds."""

    @property
    def folder(self) -> Path: ...  # noqa: D102 - said above

    def group_file(self, name: str, how: Grouped) -> Path | None:
        """Give the file of what is counted by keys; None where it was counted by something else."""
        ...


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that tells something: its counts of before, those of new rows, and what of these is not kept yet."""

    name: str
    how: Telling
    before: ir.Table
    new: ir.Table
    loose: ir.Table


@dataclass(frozen=True, slots=True)
class Afresh:
    """Counts all rows and leaves nothing. suffix: tells the kept tables of several logs apart."""

    engine: Engine
    rows: ir.Table
    suffix: str = ""

    def sums(self, name: str, query: Query, added: Query) -> ir.Table:  # noqa: ARG002, D102 - there is but one part
        return query(self.rows)

    def recurring(self, name: str, how: Recurring) -> ir.Table:  # noqa: D102
        return self.engine.keep(how.kept(how.query(self.rows)), f"{name}{self.suffix}")

    def told(self, name: str, hows: Sequence[Telling]) -> list[ir.Table]:  # noqa: D102
        counts = [how.query(self.rows) for how in hows]
        told = [some.semi_join(how.kept(how.signs(some)), "value") for some, how in zip(counts, hows, strict=True)]
        names = [f"{name}_{how.column}{self.suffix}" for how in hows]
        return [self.engine.keep(_TOLD.query(some), kept) for some, kept in zip(told, names, strict=True)]

    def grouped(self, name: str, how: Grouped) -> ir.Table:  # noqa: D102
        return self.engine.keep(how.query(self.rows), f"{name}{self.suffix}")

    def facets(self) -> ir.Table:  # noqa: D102
        return profile.facets(self.rows)


@dataclass(frozen=True, slots=True)
class Held:
    """Gives what an earlier look left in a folder. rows: of which it was counted."""

    engine: DuckDBEngine
    folder: Path
    rows: ir.Table

    def sums(self, name: str, query: Query, added: Query) -> ir.Table:  # noqa: ARG002, D102
        return self._table(name, query(self.rows))

    def recurring(self, name: str, how: Recurring) -> ir.Table:  # noqa: D102
        return self._table(name, how.query(self.rows))

    def told(self, name: str, hows: Sequence[Telling]) -> list[ir.Table]:  # noqa: D102
        return [self._table(f"{name}_{how.column}", _TOLD.query(how.query(self.rows))) for how in hows]

    def grouped(self, name: str, how: Grouped) -> ir.Table:  # noqa: D102
        counted, path = how.query(self.rows), self.group_file(name, how)
        if path is None:
            return self.engine.keep(counted, f"held_{name}")
        return _found(self.engine, self.folder, path.stem, "held", counted)

    def group_file(self, name: str, how: Grouped) -> Path | None:  # noqa: D102
        path = self.folder / f"{name}-{how.by}.parquet"
        return path if path.exists() else None

    def facets(self) -> ir.Table:  # noqa: D102
        return self._table("facets", profile.facets(self.rows))

    def _table(self, name: str, like: ir.Table) -> ir.Table:
        return _found(self.engine, self.folder, name, "held", like)


@dataclass(frozen=True, slots=True)
class First:
    """Counts all rows and leaves the tables in a folder for the next look."""

    engine: DuckDBEngine
    rows: ir.Table
    folder: Path

    def sums(self, name: str, query: Query, added: Query) -> ir.Table:  # noqa: ARG002, D102
        return _left(self.engine, self.folder, name, lambda: query(self.rows))

    def recurring(self, name: str, how: Recurring) -> ir.Table:  # noqa: D102
        return _left(self.engine, self.folder, name, lambda: how.kept(how.query(self.rows)))

    def told(self, name: str, hows: Sequence[Telling]) -> list[ir.Table]:  # noqa: D102
        return [self._told(f"{name}_{how.column}", how) for how in hows]

    def _told(self, name: str, how: Telling) -> ir.Table:
        def counted() -> ir.Table:
            signs = self.engine.keep(how.signs(how.query(self.rows)), f"all_{self.folder.name}_{name}_signs")
            values = how.kept(signs)
            _file(self.engine, self.folder, f"{name}_signs", lambda: signs.anti_join(values, "value"))
            return _TOLD.query(how.query(_showing(self.rows, [(how, values)])))

        return _left(self.engine, self.folder, name, counted)

    def grouped(self, name: str, how: Grouped) -> ir.Table:  # noqa: D102
        return _left(self.engine, self.folder, f"{name}-{how.by}", lambda: how.query(self.rows))

    def group_file(self, name: str, how: Grouped) -> Path | None:  # noqa: D102
        return _file(self.engine, self.folder, f"{name}-{how.by}", lambda: how.query(self.rows))

    def facets(self) -> ir.Table:  # noqa: D102
        return _left(self.engine, self.folder, "facets", lambda: profile.facets(self.rows))


@dataclass(frozen=True, slots=True)
class Grown:
    """Adds new rows to what was counted of earlier ones, and leaves the tables in a folder.

    before: the counting of `earlier`.
    """

    engine: DuckDBEngine
    before: "Leaving"
    earlier: ir.Table
    new: ir.Table
    folder: Path

    def sums(self, name: str, query: Query, added: Query) -> ir.Table:
        """Add the new counts to those of before."""
        before = self.before.sums(name, query, added)
        return _left(self.engine, self.folder, name, lambda: added(ibis.union(before, query(self.new))))

    def recurring(self, name: str, how: Recurring) -> ir.Table:
        """Add the new counts to those of before; values that none were kept of are counted among earlier rows, too.

        Most of what was kept is nothing new of: it passes by, and is neither grouped nor looked at again.
        """
        before = self.before.recurring(name, how)

        def counted() -> ir.Table:
            new = self.engine.keep(how.query(self.new), f"new_{self.folder.name}_{name}")
            fresh = new.anti_join(before.select("value").distinct(), "value").select("value").distinct()
            fresh = self.engine.keep(fresh, f"fresh_{self.folder.name}_{name}")
            missed = how.query(self.earlier.semi_join(fresh.select(**{how.column: "value"}), how.column))
            more = how.kept(how.added(ibis.union(new.semi_join(fresh, "value"), missed)))
            keys = ["value", "account_key"]
            again = how.added(ibis.union(before.semi_join(new, keys), new.anti_join(fresh, "value")))
            return ibis.union(before.anti_join(new, keys), again, more)

        return _left(self.engine, self.folder, name, counted)

    def told(self, name: str, hows: Sequence[Telling]) -> list[ir.Table]:
        """Add the new counts to those of before; earlier rows are asked for pairs of values that are not kept, and for
        values that are from now on: for all columns at once, since to read them takes longer than to look them up.
        """
        befores = self.before.told(name, hows)
        columns = [self._column(name, how, before) for how, before in zip(hows, befores, strict=True)]
        asked = [(column.how, column.loose.select("value", "account_key")) for column in columns]
        met = self.engine.keep(_showing(self.earlier, asked), f"met_{self.folder.name}_{name}")
        kept = [self._kept(column, met) for column in columns]
        asked = [(column.how, values) for column, values in zip(columns, kept, strict=True)]
        more = self.engine.keep(_showing(self.earlier, asked), f"more_{self.folder.name}_{name}")
        return [self._more(column, values, more) for column, values in zip(columns, kept, strict=True)]

    def _column(self, name: str, how: Telling, before: ir.Table) -> _Column:
        name = f"{name}_{how.column}"
        new = self.engine.keep(how.query(self.new), f"new_{self.folder.name}_{name}")
        loose = new.anti_join(before.select("value").distinct(), "value")
        return _Column(name, how, before, new, self.engine.keep(loose, f"loose_{self.folder.name}_{name}"))

    def _kept(self, column: _Column, met: ir.Table) -> ir.Table:
        """Give the values that are kept from now on, and leave the signs of those that are not.

        Args:    met: earlier rows of the pairs that are not kept.
        """
        how, name, by = column.how, column.name, self.folder.name
        told = how.signs(how.added(ibis.union(column.loose, how.query(met))))
        signs = _found(self.engine, self.before.folder, f"{name}_signs", f"before_{by}", told)
        signs = self.engine.keep(ibis.union(signs, told).distinct(), f"all_{by}_{name}_signs")
        values = self.engine.keep(how.kept(signs), f"kept_{by}_{name}")
        _file(self.engine, self.folder, f"{name}_signs", lambda: signs.anti_join(values, "value"))
        return values

    def _more(self, column: _Column, values: ir.Table, met: ir.Table) -> ir.Table:
        """Leave the counts of before with the new ones, and those of values that are kept from now on.

        Args:    met: earlier rows that show such a value.
        """
        how, loose = column.how, column.loose
        known = _TOLD.query(column.new.anti_join(loose, "value"))
        more = _TOLD.query(how.added(ibis.union(how.query(met), loose.semi_join(values, "value"))))
        return _left(
            self.engine, self.folder, column.name, lambda: ibis.union(_grown(column.before, known, _TOLD), more)
        )

    def grouped(self, name: str, how: Grouped) -> ir.Table:
        """Add the new counts to those of before."""
        self.group_file(name, how)
        return _found(self.engine, self.folder, f"{name}-{how.by}", self.folder.name, how.query(self.new))

    def group_file(self, name: str, how: Grouped) -> Path | None:
        """Give the file of all rows, made of the one of before where there is one."""
        path = self.before.group_file(name, how)

        def counted() -> ir.Table:
            if path is None:
                return how.query(ibis.union(self.earlier, self.new))
            asked = how.query(self.new)
            new = self.engine.keep(asked, f"new_{self.folder.name}_{name}").cast(asked.schema())
            before = _found(self.engine, path.parent, path.stem, f"before_{self.folder.name}", asked)
            return _grown(before, new, how)

        return _file(self.engine, self.folder, f"{name}-{how.by}", counted)

    def facets(self) -> ir.Table:
        """Add the new facets to those of before."""
        before = self.before.facets()
        totals = self.before.sums("totals", profile.totals, profile.added_totals)
        grown = profile.grown_facets(before, totals, self.earlier, self.new)
        return _left(self.engine, self.folder, "facets", lambda: grown)


def _showing(rows: ir.Table, asked: Sequence[tuple[Telling, ir.Table]]) -> ir.Table:
    """Keep the rows that show a value that is asked for, and of each row the values that are; the others are null.

    Args:    asked: by column the values, each once, of any account or, beside its account_key, of that one.
    """
    columns = [how.column for how, _ in asked]
    sees = ["account_key", *sorted({name for how, _ in asked for name in how.sees})]
    joined = rows.select(*sees, *columns)
    for number, (column, (_, values)) in enumerate(zip(columns, asked, strict=True)):
        named = values.select(**{f"{name}_{number}": name for name in values.columns})
        shown = {"value": joined[column], "account_key": joined.account_key}
        joined = joined.left_join(named, [shown[name] == named[f"{name}_{number}"] for name in values.columns])
    found = joined.select(*sees, **{column: f"value_{number}" for number, column in enumerate(columns)})
    return found.filter(ibis.or_(*(found[column].notnull() for column in columns)))


def _grown(before: ir.Table, new: ir.Table, how: Grouped) -> ir.Table:
    """Add counts to those of before in one pass over them, in which only the new ones are held."""
    more = new.select(**{f"new_{name}": name for name in new.columns})
    joined = before.outer_join(more, [before[key] == more[f"new_{key}"] for key in how.keys])
    both = {name: (joined[name], joined[f"new_{name}"]) for name in before.columns}
    keys = {name: ibis.coalesce(*both[name]) for name in how.keys}
    least = {name: ibis.least(*both[name]) for name in how.least}
    most = {name: ibis.greatest(*both[name]) for name in how.most}
    sums = {name: sum((part.fill_null(0) for part in both[name]), ibis.literal(0)) for name in how.sums}
    return joined.select(
        **{name: (keys | least | most | sums)[name].cast(kind) for name, kind in before.schema().items()}
    )


def _left(engine: DuckDBEngine, folder: Path, name: str, expression: Callable[[], ir.Table]) -> ir.Table:
    """Leave a table in a folder, once, and give it."""
    made = expression()
    _file(engine, folder, name, lambda: made)
    return _found(engine, folder, name, folder.name, made)


def _file(engine: DuckDBEngine, folder: Path, name: str, expression: Callable[[], ir.Table]) -> Path:
    """Write a table into a folder unless it is there."""
    path = folder / f"{name}.parquet"
    if not path.exists():
        engine.write(expression(), path)
    return path


def _found(engine: DuckDBEngine, folder: Path, name: str, by: str, like: ir.Table) -> ir.Table:
    """Read a table of a folder; sums come back from Parquet as the wider type in which the engine adds up."""
    return engine.read([folder / f"{name}.parquet"], f"{by}_{name}").cast(like.schema())
