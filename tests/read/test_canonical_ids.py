"""What every reader hands on: counts that can be none are left out, whatever the format, and nothing else changes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.read import Tally

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]

_COUNTS = ("turn", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "latency_ms")


def _parquet(rows: list[dict[str, Any]], path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def _jsonl(rows: list[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _csv(rows: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("write", [_parquet, _jsonl, _csv])
def test_a_count_that_can_be_none_is_no_value_and_costs_no_row(
    read: Read, tmp_path: Path, write: Callable[[list[dict[str, Any]], Path], None]
) -> None:
    row = {"ts": "2026-02-03T12:00:00Z", "account_id": "a", "model": "m", "status": 200}
    counted = [-1, 0, 7]
    write([row | {"exchange_id": f"e{n}"} | dict.fromkeys(_COUNTS, n) for n in counted], tmp_path / "log")
    rows, tally = read(tmp_path / "log")
    assert [row["exchange_id"] for row in rows] == [f"e{n}" for n in counted]
    assert [[row[name] for name in _COUNTS] for row in rows] == [[None] * 6, [0] * 6, [7] * 6]
    assert (tally.rows_quarantined, tally.column_fraction()["input_tokens"]) == (0, 2 / 3)


def test_a_count_beyond_all_reason_is_no_value(read: Read, tmp_path: Path) -> None:
    row = {"exchange_id": "e", "ts": 1_770_120_000, "account_id": "a", "model": "m"}
    _jsonl([row | {"output_tokens": 2**63 - 1, "input_tokens": 10**12}], tmp_path / "log")
    assert [(row["input_tokens"], row["output_tokens"]) for row in read(tmp_path / "log")[0]] == [(10**12, None)]
