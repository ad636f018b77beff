from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def table(rows: int = 3, **columns: pa.Array) -> pa.Table:
    plain: dict[str, pa.Array] = {
        "exchange_id": pa.array([f"e{i}" for i in range(rows)]),
        "ts": pa.array([NOON] * rows, pa.timestamp("us", tz="UTC")),
        "account_id": pa.array(["a"] * rows),
        "model": pa.array(["m"] * rows),
    }
    return pa.table(plain | columns)


def written(tmp_path: Path, content: pa.Table) -> Path:
    path = tmp_path / "log.parquet"
    pq.write_table(content, path)
    return path


@pytest.mark.parametrize(
    "times",
    [
        pa.array([NOON], pa.timestamp("ns", tz="UTC")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ms")),
        pa.array([NOON], pa.timestamp("us", tz="Asia/Tokyo")),
        pa.array([1770120000]),
        pa.array([1770120000000]),
        pa.array([1770120000.0]),
        pa.array(["2026-02-03T12:00:00Z"]),
    ],
)
def test_times_of_any_unit_become_utc(read: Read, tmp_path: Path, times: pa.Array) -> None:
    rows, _ = read(written(tmp_path, table(1, ts=times)))
    assert rows[0]["ts"] == NOON


def test_columns_of_other_types_are_cast(read: Read, tmp_path: Path) -> None:
    content = table(
        1,
        account_id=pa.array([42]),
        model=pa.array(["m"]).dictionary_encode(),
        prompt_text=pa.array(["hi"], pa.large_string()),
        turn=pa.array([1.0]),
        params=pa.array([{"temperature": 0.5, "seed": None}]),
        tools=pa.array(['["a", "b"]']),
        status=pa.array(["200"]),
    )
    rows, tally = read(written(tmp_path, content))
    row = rows[0]
    assert (row["account_id"], row["model"], row["prompt_text"], row["turn"], row["status"]) == (
        "42",
        "m",
        "hi",
        1,
        200,
    )
    assert (row["params"], row["tools"]) == ('{"temperature":0.5}', ["a", "b"])
    assert tally.rows_quarantined == 0


def test_bad_values_cost_their_row_only(read: Read, tmp_path: Path) -> None:
    content = table(
        5,
        account_id=pa.array(["a", None, "", "a", "a"]),
        turn=pa.array(["0", "1", "2", "many", "4"]),
        ts=pa.array(["2026-02-03T12:00:00Z"] * 4 + ["never"]),
    )
    path = written(tmp_path, content)
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e0"]
    assert [(q.file, q.row) for q in tally.quarantined] == [(str(path), row) for row in (2, 3, 4, 5)]
    assert "column turn" in tally.quarantined[2].reason


def test_row_numbers_go_on_over_batches(read: Read, tmp_path: Path) -> None:
    accounts = ["a"] * 1000
    accounts[777] = None
    path = written(tmp_path, table(1000, account_id=pa.array(accounts)))
    rows, tally = read(path, settings=Settings(batch_rows=100))
    assert len(rows) == 999
    assert [q.row for q in tally.quarantined] == [778]


def test_invalid_utf8_is_quarantined(read: Read, tmp_path: Path) -> None:
    raw = pa.array([b"good", b"\xff\xfe", b"good"], pa.binary())
    path = written(tmp_path, table(3, prompt_text=raw))
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e0", "e2"]
    assert tally.rows_quarantined == 1


def test_a_long_row_is_quarantined(read: Read, tmp_path: Path) -> None:
    path = written(tmp_path, table(3, prompt_text=pa.array(["a", "b" * 5_000, "c"])))
    rows, tally = read(path, settings=Settings(row_limit_bytes=1_000))
    assert [row["exchange_id"] for row in rows] == ["e0", "e2"]
    assert "longer than 1,000 bytes" in tally.quarantined[0].reason


def test_a_missing_column_is_named(read: Read, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.parquet: has no column account_id"):
        read(written(tmp_path, table(1).drop(["account_id"])))


def test_a_file_that_only_begins_like_parquet_is_refused(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    path.write_bytes(b"PAR1" + b"\x00" * 100)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read(path)


def test_lists_of_texts_are_read_across_row_groups(read: Read, tmp_path: Path) -> None:
    path, tools = tmp_path / "log.parquet", [["a", "b"], None, ["c"]] * 1000
    pq.write_table(table(3000, tools=pa.array(tools)), path, row_group_size=1000)
    rows, tally = read(path)
    assert [row["tools"] for row in rows] == tools
    assert tally.rows_quarantined == 0


def test_damage_in_the_middle_keeps_what_came_before(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(table(3000, prompt_text=pa.array([f"text {i}" for i in range(3000)])), path, row_group_size=1000)
    content = bytearray(path.read_bytes())
    metadata = pq.read_metadata(path)
    column = metadata.row_group(2).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)
    rows, tally = read(path, settings=Settings(batch_rows=500))
    assert 1000 <= len(rows) <= 2000
    assert tally.rows_quarantined == 1
    assert "damaged" in tally.quarantined[0].reason


def test_batches_stay_small(tmp_path: Path) -> None:
    path = written(tmp_path, table(10_000))
    sizes = [batch.num_rows for batch in read_exchanges([path], Settings(batch_rows=1_000), Tally())]
    assert max(sizes) <= 1_000
    assert sum(sizes) == 10_000
