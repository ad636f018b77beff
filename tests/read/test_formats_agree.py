"""One log in every format, packed, shuffled and in shards: the same exchanges come out."""

import csv
import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from stillwatch.read import Tally

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
ROWS: list[dict[str, Any]] = [
    {
        "exchange_id": f"e{i}",
        "ts": f"2026-02-03T12:{i % 60:02d}:00.5+02:00",
        "account_id": f"a{i % 7}",
        "org_id": "" if i % 3 else "o1",
        "model": "m",
        "prompt_text": f'line {i}\nsaid "x", \t\x1b[31m\u202e 中文 😀',
        "turn": i % 4,
        "params": '{"temperature":0.5}',
        "latency_ms": i + 0.5,
        "status": 200,
        "reply_text": None if i % 5 else "ok",
    }
    for i in range(200)
]


def as_json(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


WRITERS: dict[str, Callable[[Path], object]] = {
    "jsonl": lambda path: path.write_bytes(as_json(ROWS)),
    "jsonl.gz": lambda path: path.write_bytes(gzip.compress(as_json(ROWS))),
    "jsonl.zst": lambda path: path.write_bytes(zstandard.compress(as_json(ROWS))),
    "csv": lambda path: as_csv(path, ROWS),
    "parquet": lambda path: pq.write_table(pa.Table.from_pylist(ROWS), path),
}


@pytest.fixture(scope="module")
def wanted(read: Read, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("plain") / "log.jsonl"
    path.write_bytes(as_json(ROWS))
    rows, tally = read(path)
    assert (len(rows), tally.rows_quarantined) == (200, 0)
    return rows


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_exchanges(
    read: Read, tmp_path: Path, wanted: list[dict[str, Any]], name: str
) -> None:
    path = tmp_path / f"log.{name}"
    WRITERS[name](path)
    assert read(path)[0] == wanted


def test_shuffled_shards_of_mixed_formats_give_the_same_exchanges(
    read: Read, tmp_path: Path, wanted: list[dict[str, Any]]
) -> None:
    rows = ROWS.copy()
    random.Random(7).shuffle(rows)
    (tmp_path / "1.jsonl").write_bytes(as_json(rows[:90]))
    as_csv(tmp_path / "2.csv", rows[90:130])
    pq.write_table(pa.Table.from_pylist(rows[130:]), tmp_path / "0.parquet")
    found, tally = read(tmp_path)
    assert sorted(found, key=lambda r: r["exchange_id"]) == sorted(wanted, key=lambda r: r["exchange_id"])
    assert tally.column_fraction()["org_id"] == 67 / 200
