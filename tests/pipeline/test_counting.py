"""What a look adds up is what counting all rows at once would give."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pytest

from stillwatch import profile, taking, traits
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.behaviour import SHARED_TASKS, added_countries, countries_of, scaffolds_in
from stillwatch.pipeline.counting import Afresh, Counting, First, Grouped, Grown, Held
from stillwatch.pipeline.judging import ANSWERED, campaign_tasks
from stillwatch.pipeline.once import all_once, once_more
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import MEMBERS, SKETCHED
from stillwatch.types import TraitKind

ROWS, SEED = 900, 3
SCAFFOLDS = [scaffolds_in(column, 3) for column in ("head_hash", "tail_hash")]  # most of tails come in a later look
FEW = {
    "account_key": 40,
    "task_hash": 30,
    "head_hash": 12,
    "tail_hash": 100,
    "status": 600,
    "turn": 9,
    "target": 11,
    "second": 200_000,
}
WORDS = {"account_id": 40, "country": 3, "ip": 25, "org_id": 4}


def sketched(rows: int, seed: int, first_second: int = 0) -> pa.Table:
    """Rows of random values, few enough to meet again."""
    pick, columns = np.random.default_rng(seed), {}
    for field in arrow_schema(SKETCHED):
        if field.name == "exchange_key":
            values: pa.Array = pa.array(np.arange(rows) + 1_000_000 * seed)
        elif pa.types.is_string(field.type):
            values = pa.array([f"w{n}" for n in pick.integers(0, WORDS.get(field.name, 2), rows)])
        elif pa.types.is_boolean(field.type):
            values = pa.array(pick.integers(0, 2, rows).astype(bool))
        else:
            values = pa.array(pick.integers(0, FEW.get(field.name, 5), rows) + first_second * (field.name == "second"))
        columns[field.name] = values.cast(field.type)
    return pa.table(columns, schema=arrow_schema(SKETCHED))


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(Settings()) as running:
        yield running


def tasks_of(rows: ir.Table) -> ir.Table:
    return taking.task_counts(rows, ibis.memtable(pa.table({"campaign_id": ["c"], "account_key": pa.array([1])})))


TASKS = Grouped("x", taking.TASK_KEYS, tasks_of, taking.TASK_SUMS, taking.TASK_LEAST)


def counted(counting: Counting, engine: DuckDBEngine) -> list[list[dict[str, object]]]:
    """Everything that is counted, in order."""
    tables = (
        counting.sums("totals", profile.totals, profile.added_totals),
        counting.facets(),
        counting.sums("countries", countries_of, added_countries),
        counting.sums("address", partial(traits.column_counts, kind=TraitKind.ADDRESS), traits.added_counts),
        *counting.told("scaffolds", SCAFFOLDS),
        counting.recurring("shared_tasks", SHARED_TASKS),
        counting.grouped("tasks", TASKS),
        counting.grouped("answered", ANSWERED),
    )
    found = [engine.run(table) for table in tables]
    return [rows.sort_by([(name, "ascending") for name in rows.column_names]).to_pylist() for rows in found]


@pytest.mark.parametrize("begins", [200_000, 100_000, 0], ids=["later", "overlapping", "at the same time"])
def test_new_rows_on_top_of_earlier_ones_give_what_all_rows_give(
    engine: DuckDBEngine, tmp_path: Path, begins: int
) -> None:
    """Three looks; the first ones' rows are not there to be counted again, but where new values ask for them."""
    parts = [engine.adopt(sketched(ROWS, SEED + n, n * begins), f"part_{n}") for n in range(3)]
    folders = [tmp_path / str(n) for n in range(3)]
    for folder in folders:
        folder.mkdir()
    counted(First(engine, parts[0], folders[0]), engine)
    counted(Grown(engine, Held(engine, folders[0], parts[0]), parts[0], parts[1], folders[1]), engine)
    earlier = ibis.union(parts[0], parts[1])
    last = Grown(engine, Held(engine, folders[1], earlier), earlier, parts[2], folders[2])
    assert counted(last, engine) == counted(Afresh(engine, ibis.union(*parts)), engine)


def test_a_stack_of_two_gives_what_all_rows_give(engine: DuckDBEngine, tmp_path: Path) -> None:
    """As in a look that has both a new file and one that still grows."""
    parts = [engine.adopt(sketched(ROWS, SEED + n, n * 50_000), f"part_{n}") for n in range(3)]
    folders = [tmp_path / str(n) for n in range(3)]
    for folder in folders:
        folder.mkdir()
    first = First(engine, parts[0], folders[0])
    more = Grown(engine, first, parts[0], parts[1], folders[1])
    most = Grown(engine, more, ibis.union(parts[0], parts[1]), parts[2], folders[2])
    assert counted(most, engine) == counted(Afresh(engine, ibis.union(*parts)), engine)
    assert counted(more, engine) == counted(Afresh(engine, ibis.union(parts[0], parts[1]), "_two"), engine)


def test_rows_that_are_held_are_not_counted_again(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = engine.adopt(sketched(ROWS, SEED), "rows")
    told = counted(First(engine, rows, tmp_path), engine)
    nothing = engine.adopt(arrow_schema(SKETCHED).empty_table(), "nothing")
    assert counted(Held(engine, tmp_path, nothing), engine) == told


def tasks_by_name(engine: DuckDBEngine, counting: Counting, rows: ir.Table, named: dict[str, list[int]]) -> set[object]:
    """What campaigns of these accounts asked, and strangers, by the campaigns' names."""
    pairs = [(name, key) for name, keys in named.items() for key in keys]
    columns = [[name for name, _ in pairs], [key for _, key in pairs], [9.0] * len(pairs)]
    belong = pa.table([pa.array(column) for column in columns], schema=arrow_schema(MEMBERS))
    tasks, names = campaign_tasks(engine, counting, rows, belong)
    found = engine.run(tasks).to_pylist()
    called = {taking.STRANGER: ""} | dict(names)
    return {tuple({**row, "campaign_id": called[row["campaign_id"]]}.items()) for row in found}


def test_a_campaign_that_other_words_rename_keeps_the_counts_of_its_tasks(tmp_path: Path) -> None:
    parts, folders = [sketched(ROWS, SEED + n, n * 50_000) for n in range(2)], [tmp_path / "0", tmp_path / "1"]
    for folder in folders:
        folder.mkdir()
    with DuckDBEngine(Settings()) as engine:
        rows = engine.adopt(parts[0], "rows")
        tasks_by_name(engine, First(engine, rows, folders[0]), rows, {"c-a": [1, 2, 3], "c-b": [4, 5]})
    named = {"c-d": [5, 4], "c-c": [3, 1, 2]}
    with DuckDBEngine(Settings()) as engine:
        before, new = (engine.adopt(part, f"part_{n}") for n, part in enumerate(parts))
        grown = Grown(engine, Held(engine, folders[0], before), before, new, folders[1])
        told = tasks_by_name(engine, grown, ibis.union(before, new), named)
    with DuckDBEngine(Settings()) as engine:
        rows = engine.adopt(pa.concat_tables(parts), "rows")
        assert told == tasks_by_name(engine, Afresh(engine, rows), rows, named)
    names = [[path.name for path in folder.glob("tasks-*")] for folder in folders]
    assert len(names[0]) == 1
    assert names[0] == names[1], "it was counted anew"


def test_campaigns_of_the_same_accounts_are_both_counted(engine: DuckDBEngine) -> None:
    rows = engine.adopt(sketched(ROWS, SEED), "rows")
    told = tasks_by_name(engine, Afresh(engine, rows), rows, {"c-a": [1, 2], "c-b": [2, 1]})
    by_name = {name: {row[2:] for row in told if dict(row)["campaign_id"] == name} for name in ("c-a", "c-b")}
    assert by_name["c-a"] == by_name["c-b"] != set()


def repeated(*seconds: int) -> pa.Table:
    """A row a second; all have one id."""
    rows = sketched(len(seconds), SEED)
    for name, values in (("second", seconds), ("exchange_key", [7] * len(seconds))):
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(values, pa.int64()))
    return rows


def times(engine: DuckDBEngine, rows: ir.Table) -> list[tuple[int, int]]:
    return sorted((row["exchange_key"], row["second"]) for row in engine.run(rows).to_pylist())


def test_a_repetition_is_dropped_whichever_look_it_comes_in(engine: DuckDBEngine) -> None:
    others = [sketched(5, 10 + n) for n in range(3)]
    looks = [pa.concat_tables(pair) for pair in zip(others, (repeated(3, 3), repeated(5), repeated(4, 9)), strict=True)]
    tables = [engine.adopt(rows, f"look_{n}") for n, rows in enumerate(looks)]
    whole = all_once(engine, ibis.union(*tables), "_whole")
    once = all_once(engine, tables[0], "_0")
    for number, rows in enumerate(tables[1:], 1):
        found = once_more(engine, once, rows, f"_{number}")
        assert found is not None
        once = found[0]
    assert times(engine, once.rows) == times(engine, whole.rows)
    assert once.duplicated == whole.duplicated == 4
    engine_kept = (engine.keep(table, name) for table, name in ((once.repeated, "again_1"), (once.chosen, "again_2")))
    taken_up = type(once).of(ibis.union(*tables), *engine_kept, once.duplicated)
    assert times(engine, taken_up.rows) == times(engine, whole.rows)


def test_a_row_that_comes_before_the_one_that_was_kept_makes_all_be_counted_anew(engine: DuckDBEngine) -> None:
    early, late = engine.adopt(repeated(8), "late"), engine.adopt(repeated(2), "early")
    assert once_more(engine, all_once(engine, early), late) is None
