import resource
import subprocess
import sys
import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest

import stillwatch.engine.duckdb
from stillwatch.engine import DuckDBEngine
from stillwatch.errors import EngineError
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import Column, Table

NUMBERS = Table("numbers", "Numbers.", (Column("n", "int64", "a number"),))


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(Settings(memory_limit_bytes=256 * 2**20)) as opened:
        yield opened


def batches(count: int, rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(count):
        numbers = pa.array(range(start * rows, (start + 1) * rows), pa.int64())
        yield pa.RecordBatch.from_arrays([numbers], schema=arrow_schema(NUMBERS))


def doubled(batch: pa.RecordBatch) -> pa.RecordBatch:
    numbers = pa.array(batch["n"].to_numpy() * 2)
    return pa.RecordBatch.from_arrays([numbers], schema=arrow_schema(NUMBERS))


def test_few_batches_wait_at_a_time(engine: DuckDBEngine) -> None:
    drawn, done, most, lock = [0], [0], [0], threading.Lock()

    def source() -> Iterator[pa.RecordBatch]:
        for batch in batches(60, 10):
            with lock:
                drawn[0] += 1
                most[0] = max(most[0], drawn[0] - done[0])
            yield batch

    def count(batch: pa.RecordBatch) -> pa.RecordBatch:
        with lock:
            done[0] += 1
        return batch

    engine.map_batches(source(), count, NUMBERS)
    assert done[0] == 60
    assert most[0] <= 8


def test_the_work_folder_is_gone_afterwards() -> None:
    with DuckDBEngine(Settings()) as opened:
        root = opened._root
        assert root.exists()
    assert not root.exists()


def test_running_out_of_memory_says_which_setting_to_raise() -> None:
    with DuckDBEngine(Settings(memory_limit_bytes=128 * 2**20)) as opened:
        numbers = opened.map_batches(batches(40, 50_000), doubled, NUMBERS)
        pairs = numbers.view()
        huge = numbers.inner_join(pairs, numbers.n % 3 == pairs.n % 3)
        opened._connection.raw_sql("SET max_temp_directory_size = '1MB'")
        with pytest.raises(EngineError, match=r"memory_limit_bytes|work folder"):
            opened.run(huge.select(numbers.n, other=pairs.n).distinct())


def test_what_a_query_spills_is_counted(engine: DuckDBEngine) -> None:
    """Nothing at first; a sort that does not fit the limit puts bytes on disk."""
    assert engine.spilled_bytes == 0
    table = engine.map_batches(batches(60, 200_000), doubled, NUMBERS)
    wide = table.mutate(**{f"copy_{k}": table.n + k for k in range(6)})
    engine.keep(wide.order_by(-wide.n), "sorted")
    assert engine.spilled_bytes > 2**20


def test_threads_that_write_parts_lose_no_row_at_their_bounds() -> None:
    """Parts of a million rows, written by three threads at once."""
    with DuckDBEngine(Settings(threads=3)) as engine:
        table = engine.map_batches(batches(55, 50_000), doubled, NUMBERS)
        summed = engine.run(table.agg(rows=table.count(), total=table.n.sum()))
    assert summed.to_pylist() == [{"rows": 2_750_000, "total": 2_749_999 * 2_750_000}]


def test_a_query_that_needs_more_gets_it_where_no_limit_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails under a limit of 128 MiB ends when that is only where the engine begins."""
    monkeypatch.setattr(stillwatch.engine.duckdb, "_FIRST_LIMIT_BYTES", 128 * 2**20)
    rows = pa.table({"key": pa.array(range(1_500_000), pa.int64())})

    def listed(engine: DuckDBEngine) -> int:
        whole = engine.adopt(rows, "whole")
        texts = whole.mutate(text=whole.key.cast("string") + "x" * 150)
        return len(engine.run(texts.aggregate(all=texts.text.collect()))["all"][0])

    with DuckDBEngine(Settings(memory_limit_bytes=128 * 2**20)) as held, pytest.raises(EngineError, match="ran out"):
        listed(held)
    with DuckDBEngine(Settings()) as free:
        assert listed(free) == len(rows)


def test_a_full_disk_is_said_with_the_way_out(engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the work folder takes no more: here it takes files of 100 kB at most, as under a quota."""
    monkeypatch.setattr(stillwatch.engine.duckdb, "_WRITTEN_ROWS", 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(EngineError, match=r"work folder.*TMPDIR"):
            engine.map_batches(batches(20, 50_000), doubled, NUMBERS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_bar_is_drawn_into_what_a_program_says() -> None:
    """DuckDB draws one to standard output where the main module has no file, as in a worker of a process pool."""
    code = (
        "from stillwatch.engine import DuckDBEngine; from stillwatch.settings import Settings\n"
        "with DuckDBEngine(Settings()) as engine:\n"
        "    print(engine._connection.raw_sql(\"SELECT current_setting('enable_progress_bar')\").fetchone())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "(False,)\n"


def test_more_accounts_may_take_more_memory_but_never_more_than_was_set() -> None:
    def limit(settings: Settings) -> str:
        with DuckDBEngine(settings) as opened:
            opened.expect(100_000)
            return str(opened._connection.raw_sql("SELECT current_setting('memory_limit')").fetchone())

    assert "256.0 MiB" in limit(Settings(memory_limit_bytes=256 * 2**20))
    assert "781.0 MiB" in limit(Settings())
