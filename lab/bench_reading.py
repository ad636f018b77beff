"""Reading speed: MB/s of JSON lines and rows/s of Parquet, canonical columns, one process. No bar is asserted.

Usage: lab/bench_reading.py [ROWS]. Prompts of 545 characters, replies of 1,500.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings


def main(rows: int) -> None:
    listed = [
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
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "log.jsonl", Path(folder) / "log.parquet"
        plain.write_text("".join(json.dumps(row) + "\n" for row in listed), encoding="utf-8")
        pq.write_table(pa.Table.from_pylist(listed), packed)
        for path in (plain, packed):
            begin = time.perf_counter()
            read = sum(batch.num_rows for batch in read_exchanges([path], Settings(), Tally()))
            seconds = time.perf_counter() - begin
            megabytes = path.stat().st_size / 1e6
            print(f"{path.name}: {read / seconds:,.0f} rows/s, {megabytes / seconds:,.0f} MB/s, {seconds:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
