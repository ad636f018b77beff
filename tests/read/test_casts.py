"""Parquet gives what JSON lines give for the same values, and no column of any type stops the reading."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.read import Tally, read_accounts
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
NOON = 1770120000


def log(tmp_path: Path, **columns: pa.Array) -> Path:
    rows = max((len(column) for column in columns.values()), default=1)
    plain: dict[str, Any] = {
        "exchange_id": [f"e{i}" for i in range(rows)],
        "ts": [NOON] * rows,
        "account_id": ["a"] * rows,
        "model": ["m"] * rows,
    }
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(plain | columns), path)
    return path


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_outside_the_believed_years_are_quarantined(read: Read, tmp_path: Path, unit: str) -> None:
    per_second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    raw = [NOON * per_second, -(10**9) * per_second, 0, None, 5 * 10**9 * per_second]
    rows, tally = read(log(tmp_path, ts=pa.array(raw, pa.int64()).cast(pa.timestamp(unit))))
    assert [row["ts"] for row in rows] == [datetime.fromtimestamp(NOON, UTC)]
    assert [q.row for q in tally.quarantined] == [2, 3, 4, 5]


def test_nanoseconds_are_rounded_down(read: Read, tmp_path: Path) -> None:
    ts = pa.array([NOON * 10**9 + 1_999]).cast(pa.timestamp("ns", tz="UTC"))
    assert read(log(tmp_path, ts=ts))[0][0]["ts"].microsecond == 1


@pytest.mark.parametrize("per_second", [1, 10**3, 10**6, 10**9])
def test_epoch_numbers_of_any_unit(read: Read, tmp_path: Path, per_second: int) -> None:
    rows, tally = read(log(tmp_path, ts=pa.array([NOON * per_second, 7, None])))
    assert [row["ts"] for row in rows] == [datetime.fromtimestamp(NOON, UTC)]
    assert [q.row for q in tally.quarantined] == [2, 3]


def test_a_fraction_of_a_second_is_kept(read: Read, tmp_path: Path) -> None:
    assert read(log(tmp_path, ts=pa.array([NOON + 0.25])))[0][0]["ts"].microsecond == 250_000


def test_text_that_is_no_utf8_costs_its_row(read: Read, tmp_path: Path) -> None:
    raw = pa.array([b"good", b"\xff\xfe", "über".encode()], pa.binary())
    text = pa.StringArray.from_buffers(3, *raw.buffers()[1:])
    rows, tally = read(log(tmp_path, prompt_text=text))
    assert [row["prompt_text"] for row in rows] == ["good", "über"]
    assert [q.row for q in tally.quarantined] == [2]


def test_nothing_is_nothing_whatever_stands_for_it(read: Read, tmp_path: Path) -> None:
    """Empty strings, not-a-number and null columns; an empty organisation must not unite accounts."""
    path = log(
        tmp_path, org_id=pa.array(["", "o"]), turn=pa.array([float("nan"), 2.0]),
        latency_ms=pa.array([float("nan"), 1.5]), ip=pa.nulls(2),
    )  # fmt: skip
    rows, tally = read(path)
    assert [(r["org_id"], r["turn"], r["latency_ms"], r["ip"]) for r in rows] == [(None,) * 4, ("o", 2, 1.5, None)]
    assert tally.rows_quarantined == 0


def test_numbers_that_do_not_fit_cost_their_row(read: Read, tmp_path: Path) -> None:
    path = log(
        tmp_path, turn=pa.array([0, 2**40, 2, 3]), input_tokens=pa.array([0, 1, 1.5, 3]),
        latency_ms=pa.array([0, 1, 2, float("inf")]),
    )  # fmt: skip
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e0"]
    assert [q.row for q in tally.quarantined] == [2, 3, 4]


@pytest.mark.parametrize(
    "tools",
    [
        pa.array([["a", "b"]]),
        pa.array([["a", None, "", "b"]]),
        pa.array([["a", "b"]], pa.large_list(pa.large_string())),
        pa.array(['["a", "b"]']),
        pa.array(["a, b"]),
    ],
)
def test_tools_are_lists_however_written(read: Read, tmp_path: Path, tools: pa.Array) -> None:
    assert read(log(tmp_path, tools=tools))[0][0]["tools"] == ["a", "b"]


def test_parameters_are_json_with_sorted_keys(read: Read, tmp_path: Path) -> None:
    for params in (
        pa.array([{"top_p": 1.0, "seed": None, "n": 2}]),
        pa.array([[("top_p", 1.0), ("n", 2.0)]], pa.map_(pa.string(), pa.float64())),
    ):
        assert read(log(tmp_path, params=params))[0][0]["params"] in {'{"n":2,"top_p":1.0}', '{"n":2.0,"top_p":1.0}'}


@pytest.mark.parametrize(
    "values",
    [
        pa.array([b"\xff" * 16], pa.binary(16)),
        pa.array([Decimal("1.5")]),
        pa.array([10**9], pa.duration("ns")),
        pa.array([1], pa.time64("ns")),
        pa.array([10**6], pa.date32()),
        pa.array([{"a": {"b": [Decimal(1)]}}]),
        pa.array([[[1], None]]),
        pa.array([True]),
        pa.array([2**63], pa.uint64()),
        pa.array([1 << 50], pa.timestamp("s")),
    ],
    ids=lambda values: str(values.type),
)
@pytest.mark.parametrize("name", ["ts", "account_id", "turn", "latency_ms", "tools", "params"])
def test_no_type_of_column_stops_the_reading(read: Read, tmp_path: Path, name: str, values: pa.Array) -> None:
    rows, tally = read(log(tmp_path, **{name: values}))
    assert len(rows) + tally.rows_quarantined == 1


def test_decimals_are_numbers_and_ids(read: Read, tmp_path: Path) -> None:
    """Warehouses export every number as a decimal; one that fits nothing costs its own row."""
    tokens = pa.array([Decimal(7), Decimal(10**20), None], pa.decimal128(38, 0))
    ids = pa.array([Decimal(10**30 + n) for n in range(3)], pa.decimal128(38, 0))
    wait = pa.array([Decimal("812.50")] * 3, pa.decimal128(10, 2))
    times = pa.array([Decimal(NOON)] * 3, pa.decimal128(38, 0))
    rows, tally = read(log(tmp_path, input_tokens=tokens, account_id=ids, latency_ms=wait, ts=times))
    assert [(row["account_id"], row["input_tokens"], row["latency_ms"]) for row in rows] == [
        (str(10**30), 7, 812.5),
        (str(10**30 + 2), None, 812.5),
    ]
    assert rows[0]["ts"] == datetime.fromtimestamp(NOON, UTC)
    assert [(q.row, q.reason) for q in tally.quarantined] == [(2, "column input_tokens holds a value that is no int64")]


def test_a_date_is_its_midnight(tmp_path: Path) -> None:
    day = pa.array([date(2026, 2, 3), None, date(1970, 1, 1)])
    pq.write_table(pa.table({"account_id": ["a", "b", "c"], "created_at": day}), tmp_path / "accounts.parquet")
    tally = Tally()
    found = read_accounts(tmp_path / "accounts.parquet", Settings(), tally).to_pylist()
    assert [row["created_at"] for row in found] == [datetime(2026, 2, 3, tzinfo=UTC), None]
    assert [q.row for q in tally.quarantined] == [3]
