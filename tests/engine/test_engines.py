"""The contract of every engine: the verbs give the same rows wherever they run."""

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from stillwatch.engine import Engine, Spreading, opened
from stillwatch.errors import EngineError
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import SCAFFOLDS, Column, Table

NUMBERS = Table("numbers", "Numbers.", (Column("n", "int64", "a number"),))
Doubling = Callable[[pa.RecordBatch], pa.RecordBatch]


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    with opened(settings) as running:
        yield running


@pytest.fixture
def doubled() -> Doubling:
    """Made here, so that it travels to another process without this file."""
    schema = arrow_schema(NUMBERS)
    return lambda batch: pa.RecordBatch.from_arrays([pa.array(batch["n"].to_numpy() * 2)], schema=schema)


def batches(count: int, rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(count):
        numbers = pa.array(range(start * rows, (start + 1) * rows), pa.int64())
        yield pa.RecordBatch.from_arrays([numbers], schema=arrow_schema(NUMBERS))


def test_mapped_batches_hold_every_row_once(engine: Engine, doubled: Doubling) -> None:
    table = engine.map_batches(batches(70, 100), doubled, NUMBERS, "_once")
    summed = engine.run(table.agg(rows=table.count(), total=table.n.sum(), most=table.n.max()))
    assert summed.to_pylist() == [{"rows": 7000, "total": 6999 * 7000, "most": 13998}]


def test_a_table_can_be_mapped_again(engine: Engine, doubled: Doubling) -> None:
    first = engine.map_batches(batches(3, 10), doubled, NUMBERS, "_first")
    second = engine.map_batches(first, doubled, NUMBERS, "_again")
    assert engine.run(second.agg(total=second.n.sum()))["total"].to_pylist() == [4 * sum(range(30))]


def test_an_empty_stream_gives_an_empty_table(engine: Engine, doubled: Doubling) -> None:
    table = engine.map_batches(iter(()), doubled, NUMBERS, "_none")
    assert engine.run(table.agg(rows=table.count())).to_pylist() == [{"rows": 0}]


def test_kept_and_adopted_tables_can_be_joined(engine: Engine, doubled: Doubling) -> None:
    numbers = engine.map_batches(batches(1, 10), doubled, NUMBERS, "_joined")
    even = engine.keep(numbers.filter(numbers.n % 4 == 0), "fours")
    named = engine.adopt(pa.table([["c"], [8]], schema=arrow_schema(SCAFFOLDS)), "named")
    joined = engine.run(even.inner_join(named, even.n == named["value"]).select("campaign_id", "n"))
    assert joined.to_pylist() == [{"campaign_id": "c", "n": 8}]


def test_streamed_rows_are_all_rows_in_order(engine: Engine, doubled: Doubling) -> None:
    numbers = engine.map_batches(batches(5, 1000), doubled, NUMBERS, "_streamed")
    found = [n for batch in engine.stream(numbers.order_by(numbers.n.desc())) for n in batch["n"].to_pylist()]
    assert found == list(range(9998, -1, -2))


def test_an_empty_result_has_its_columns(engine: Engine, doubled: Doubling) -> None:
    numbers = engine.map_batches(batches(1, 10), doubled, NUMBERS, "_columns")
    assert engine.run(numbers.filter(numbers.n < 0)).schema.names == ["n"]


def test_a_fault_in_the_function_reaches_the_caller(engine: Engine) -> None:
    def broken(_batch: pa.RecordBatch) -> pa.RecordBatch:
        raise ValueError("broken")

    with pytest.raises((ValueError, EngineError), match="broken"):
        engine.map_batches(batches(3, 10), broken, NUMBERS, "_broken")


def test_pieces_give_rows_and_notes_in_order(engine: Engine) -> None:
    if not isinstance(engine, Spreading):
        pytest.skip("this engine runs in one process: it is given batches, not pieces")
    schema = arrow_schema(NUMBERS)

    def work(number: int) -> Iterator[pa.RecordBatch | bytes]:
        yield pa.RecordBatch.from_arrays([pa.array([number, number + 100])], schema=schema)
        yield f"piece {number}".encode()

    table, notes = engine.map_pieces(5, work, NUMBERS, "_pieces")
    assert notes == [f"piece {number}".encode() for number in range(5)]
    assert sorted(engine.run(table)["n"].to_pylist()) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]
