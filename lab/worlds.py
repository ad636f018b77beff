"""Logs that grow, at every look, side by side in one table and still alone: each look at each log is a world.

In: exchanges of several logs, the log of each account, moments. Out: `Accounts` of every world, as a scan of that log
at that moment sees them. The product's own queries are asked once for all worlds: what accounts of two worlds could
share is written with the number of the world in front, so that they share nothing, and read without it in the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import profile, traits
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.behaviour import SHARED_TASKS, account_table, coded_scaffolds, scaffolds_in
from stillwatch.pipeline.counting import Afresh
from stillwatch.pipeline.intake import Intake
from stillwatch.profile import Profiles
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import TRAITS
from stillwatch.together import MOST_VALUES, Accounts
from stillwatch.together.dispersion import strata
from stillwatch.together.groups import Shown, shown
from stillwatch.types import TraitKind

_FIRST_WORLD = 10**6  # worlds are written as numbers of so many digits, values as nine more: words sort as they do
_DIGITS, _RANKS = 7, 10**9
_PLAIN = ("account_id", "org_id", "second", "input_tokens", "output_tokens", "status", "prompt_chars", "turn", "target")
_WORDS = tuple(column for kind, column in traits.COLUMN_KINDS.items() if kind is not TraitKind.SYSTEM_PROMPT)
_NO_COUNTRIES = pa.table({"account_key": pa.array([], "int64"), "country": pa.array([], "string"), "seen": []})
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column. ranks: of the value of each row in the order of words, -1 for none; words: the values, in order."""

    ranks: Ints
    words: pa.Array

    def of(self, world: Ints, rows: Ints) -> Ints:
        """Write the values of some rows with their worlds; 0 for none."""
        ranks = self.ranks[rows]
        return np.where(ranks < 0, 0, (_FIRST_WORLD + world) * _RANKS + ranks)


@dataclass(frozen=True, slots=True)
class Worlds:
    """The table of all worlds: world number times `width`, plus an account's place in `keys`, is its account key.

    words: by kind, the values that are written as ranks.
    """

    rows: pa.Table
    count: int
    keys: Ints
    words: Mapping[TraitKind, pa.Array]

    @property
    def width(self) -> int:
        """How many accounts there are in all logs."""
        return len(self.keys)


def accounts_of_worlds(
    engine: DuckDBEngine, intake: Intake, log_of: Mapping[int, int], ends: Sequence[int], settings: Settings
) -> Iterator[Accounts]:
    """Give the accounts of every log as they are known before each moment: of all logs at the first, at the next...

    Args:    log_of: number of the log of each account key; ends: seconds since 1970.
    """
    worlds = _worlds(engine.run(_needed(intake.sketched)), log_of, ends, settings.minimum_accounts)
    table = engine.adopt(worlds.rows, "worlds")
    profiles = profile.assemble(engine.run(profile.totals(table)), engine.stream(profile.facets(table)))
    bounds = np.searchsorted(profiles.keys // worlds.width, np.arange(worlds.count + 1)).tolist()
    declared = account_table(profiles, intake.accounts, _NO_COUNTRIES)
    counting, most = Afresh(engine, table, "_worlds"), MOST_VALUES * worlds.count
    counted = counting.told("scaffolds", [scaffolds_in(c, settings.minimum_accounts) for c in traits.SCAFFOLD_COLUMNS])
    scaffolds = coded_scaffolds(engine, ibis.union(*counted), profiles.keys, most, "_worlds")
    found = shown(_trait_rows(engine, counting, worlds, declared, bounds), profiles.keys, most)
    parts = [_Split.of(part, worlds) for part in (found | {scaffolds.kind: scaffolds}).values()]
    for world, (first, last) in enumerate(pairwise(bounds)):
        yield _accounts(profiles, {part.kind: part.of_world(world, first) for part in parts}, slice(first, last))


def _accounts(profiles: Profiles, own: Mapping[TraitKind, Shown], place: slice) -> Accounts:
    exchanges = profiles.exchanges[place]
    facets = {name: block[place] for name, block in profiles.facets.items()}
    seconds = profiles.first_second[place], profiles.last_second[place]
    return Accounts(exchanges, *seconds, strata(exchanges), facets, own)


def _needed(sketched: ir.Table) -> ir.Table:
    names = (*_PLAIN, "account_key", *traits.COLUMN_KINDS.values(), "task_hash", *traits.SCAFFOLD_COLUMNS)
    return sketched.select(*names)


def _worlds(table: pa.Table, log_of: Mapping[int, int], ends: Sequence[int], fewest: int) -> Worlds:
    """Write each exchange once for every look that sees it."""
    keys, account = np.unique(table["account_key"].to_numpy(), return_inverse=True)
    log = np.array([log_of[key] for key in keys.tolist()])
    logs, second = int(log.max()) + 1, table["second"].to_numpy()
    seen = [np.flatnonzero(second < end) for end in ends]
    rows = np.concatenate(seen)
    world = np.repeat(np.arange(len(ends)) * logs, [len(some) for some in seen]) + log[account[rows]]
    words = {name: _of_words(table[name]) for name in _WORDS}
    numbers = _of_numbers(table, ("system_hash",)) | _of_numbers(table, ("task_hash",))
    numbers |= _of_numbers(table, traits.SCAFFOLD_COLUMNS, fewest)
    columns = {name: table[name].combine_chunks().take(pa.array(rows)) for name in _PLAIN}
    columns["account_key"] = pa.array(world * len(keys) + account[rows])
    columns |= {name: _as_words(coded.of(world, rows)) for name, coded in words.items()}
    columns |= {name: pa.array(coded.of(world, rows)) for name, coded in numbers.items()}
    coded = {kind: (words | numbers)[column].words for kind, column in traits.COLUMN_KINDS.items()}
    coded[TraitKind.SCAFFOLD] = numbers[traits.SCAFFOLD_COLUMNS[0]].words
    return Worlds(pa.table(columns), logs * len(ends), keys, coded)


def _of_words(column: pa.ChunkedArray) -> Coded:
    coded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    rank[np.array(pc.equal(coded.dictionary, ""), bool)] = -1
    place = coded.indices.fill_null(-1).to_numpy()
    ranks = np.where(place < 0, -1, rank[place]) if len(rank) else np.full(len(place), -1)
    return Coded(ranks, coded.dictionary.take(pa.array(order)))


def _of_numbers(table: pa.Table, names: Sequence[str], fewest: int = 1) -> dict[str, Coded]:
    """Code columns alike; what fewer rows than so many show is left out: fewer accounts than that can share it."""
    values = np.stack([table[name].to_numpy() for name in names])
    unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    kept = np.flatnonzero((unique != 0) & (counts >= fewest))
    words = pa.array(unique[kept]).cast(pa.string())
    order = pc.sort_indices(words).to_numpy()
    rank = np.full(len(unique), -1)
    rank[kept[order]] = np.arange(len(order))
    ranks = rank[inverse].reshape(values.shape)
    return {name: Coded(own, words.take(pa.array(order))) for name, own in zip(names, ranks, strict=True)}


def _as_words(codes: Ints) -> pa.Array:
    return pa.array(codes, mask=codes == 0).cast(pa.string())


def _trait_rows(
    engine: DuckDBEngine, counting: Afresh, worlds: Worlds, table: pa.Table, bounds: Sequence[int]
) -> Iterator[pa.Table]:
    """Give what `behaviour.traits_of` does of every world."""
    schema = arrow_schema(TRAITS)
    for kind in traits.COLUMN_KINDS:
        counts = traits.column_counts(counting.rows, kind)
        yield engine.run(traits.column_traits(counts, kind)).cast(schema)
    pairs = engine.run(traits.task_pairs(counting.recurring("shared_tasks", SHARED_TASKS))).sort_by("left")
    starts = np.searchsorted(pairs["left"].to_numpy(), np.arange(worlds.count + 1) * worlds.width).tolist()
    for world in range(worlds.count):
        own = table.slice(bounds[world], bounds[world + 1] - bounds[world])
        tasks = _task_lists(pairs.slice(starts[world], starts[world + 1] - starts[world]), worlds, world)
        yield _with_world(pa.concat_tables([tasks, traits.declared_traits(own), traits.sign_up_traits(own)]), world)


def _task_lists(pairs: pa.Table, worlds: Worlds, world: int) -> pa.Table:
    """Trait rows of the task lists of one world: a list is named by an account's own key."""
    ends = {name: worlds.keys[pairs[name].to_numpy() % worlds.width] for name in ("left", "right")}
    found = traits.task_list_traits(pa.table({**ends, "tasks": pairs["tasks"]}))
    keys = np.searchsorted(worlds.keys, found["account_key"].to_numpy()) + world * worlds.width
    return found.set_column(found.schema.get_field_index("account_key"), found.schema.field("account_key"), [keys])


def _with_world(found: pa.Table, world: int) -> pa.Table:
    place = found.schema.get_field_index("value")
    named = pc.binary_join_element_wise(str(_FIRST_WORLD + world), found["value"], "")
    return found.set_column(place, found.schema.field(place), named)


@dataclass(frozen=True, slots=True)
class _Split:
    """Traits of one kind in all worlds. values: without worlds; first: where the values of each world begin, and the
    last one's end; begin: likewise its traits.
    """

    kind: TraitKind
    every: Shown
    first: Sequence[int]
    begin: Sequence[int]

    @classmethod
    def of(cls, every: Shown, worlds: Worlds) -> "_Split":
        world = pc.utf8_slice_codeunits(every.values, 0, _DIGITS).cast(pa.int64()).to_numpy() - _FIRST_WORLD
        values = pc.utf8_slice_codeunits(every.values, _DIGITS)
        if every.kind in worlds.words:
            values = worlds.words[every.kind].take(values.cast(pa.int64()))
        numbers = np.arange(worlds.count + 1)
        first = np.searchsorted(world, numbers)
        if np.diff(first).max(initial=0) > MOST_VALUES:
            raise ValueError(f"a world has more than {MOST_VALUES} values of {every.kind}: a scan leaves some out")
        begin = np.searchsorted(every.codes, first)
        return cls(every.kind, replace(every, values=values), first.tolist(), begin.tolist())

    def of_world(self, world: int, account: int) -> Shown:
        """Give the traits of one world, whose first account stands in that row of all."""
        first, some = self.first[world], slice(self.begin[world], self.begin[world + 1])
        rows, codes = self.every.rows[some] - np.int32(account), self.every.codes[some] - np.int32(first)
        values = self.every.values.slice(first, self.first[world + 1] - first)
        return Shown(self.kind, rows, codes, self.every.exchanges[some], values)
