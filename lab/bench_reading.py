"""Reading speed: MB/s of JSON lines and rows/s of Parquet on this machine. No bar is asserted.

Usage: lab/bench_reading.py [OUT.md]. Two logs: canonical columns with prompts of 545 characters and replies of 1,500;
and `february` at 0.01 over 10 days with all its columns, no replies. Beside plain lines, lines that leave the fast way:
with parameters as an object (typed), and one line in a hundred damaged. The first call, which imports, is not counted.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import pipeline
from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

RUNS = 3


def made(rows: int) -> list[dict[str, Any]]:
    return [
        {
            "exchange_id": f"e{at}",
            "ts": 1770120000 + at,
            "account_id": f"a{at % 997}",
            "key_id": f"k{at % 997}",
            "model": "atlas-1",
            "ip": "203.0.113.7",
            "user_agent": "atlas-python/2.1",
            "prompt_text": (f"task {at} " * 80)[:545],
            "reply_text": ("word " * 400)[:1_500],
            "input_tokens": 120,
            "output_tokens": 400,
            "status": 200,
        }
        for at in range(rows)
    ]


def rows_of(log: Path) -> Iterator[dict[str, Any]]:
    for part in sorted((log / "exchanges").iterdir()):
        for batch in pq.ParquetFile(part).iter_batches(4096):
            for row in batch.to_pylist():
                yield {name: value for name, value in row.items() if value is not None}


def write(path: Path, rows: Iterator[dict[str, Any]], kind: str = "plain") -> Path:
    with path.open("w", encoding="utf-8") as file:
        for at, row in enumerate(rows):
            one = row | {"params": json.loads(row["params"])} if kind == "object" and "params" in row else row
            line = json.dumps(one, ensure_ascii=False, default=str)
            file.write((line[:-9] if kind == "damaged" and at % 100 == 0 else line) + "\n")
    return path


def measured(path: Path) -> tuple[int, float, float]:
    """Rows, and the best of a few runs: seconds on the clock, seconds of processors."""
    best, spent, rows = float("inf"), float("inf"), 0
    for _ in range(RUNS):
        begin, before = time.perf_counter(), time.process_time()
        rows = sum(batch.num_rows for batch in read_exchanges([path], Settings(), Tally()))
        best, spent = min(best, time.perf_counter() - begin), min(spent, time.process_time() - before)
    return rows, best, spent


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipeline.simulate("february", folder / "february", seed=5, scale=0.01, days=10)
        packed = folder / "made.parquet"
        pq.write_table(pa.Table.from_pylist(made(200_000)), packed)
        february = folder / "february"
        logs = {
            "long texts, JSON lines": write(folder / "made.jsonl", iter(made(200_000))),
            "long texts, Parquet": packed,
            "february, JSON lines": write(folder / "february.jsonl", rows_of(february)),
            "february, Parquet": february / "exchanges",
            "february, JSON lines, parameters as objects": write(folder / "o.jsonl", rows_of(february), "object"),
            "february, JSON lines, one in 100 damaged": write(folder / "d.jsonl", rows_of(february), "damaged"),
        }
        measured(packed)
        load = os.getloadavg()[0]
        lines = [
            "# Reading speed\n",
            f"`lab/bench_reading.py`, best of {RUNS}; {os.cpu_count()} cores, load average {load:.1f} when it began.\n",
            "| log | rows | MB | rows/s | MB/s | MB/s and processor second |",
            "|---|---|---|---|---|---|",
        ]
        for told, path in logs.items():
            rows, seconds, spent = measured(path)
            size = size_of(path) / 1e6
            pace = f"{rows / seconds:,.0f} | {size / seconds:,.0f} | {size / spent:,.0f}"
            lines.append(f"| {told} | {rows:,} | {size:,.0f} | {pace} |")
            print(lines[-1], flush=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path([*sys.argv[1:], "lab/results/reading.md"][0]))
