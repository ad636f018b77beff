"""Time a whole scan of simulated traffic against a bare DuckDB pass over the same columns, in one run.

Usage: bench_scan.py [SCALE]; scale 1 is the demo's size. Prints rows, seconds, rows/s, the ratio and the peak memory.
"""

import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from stillwatch import pipeline
from stillwatch.settings import Settings

BARE = """
    select account_id, count(*), epoch(min(ts)), epoch(max(ts)), count(distinct ip), sum(length(prompt_text)),
           sum(length(system_text)), sum(output_tokens), count(distinct model), count(distinct user_agent)
    from read_parquet('{files}') group by account_id
"""


def main(scale: float) -> None:
    with tempfile.TemporaryDirectory(prefix="stillwatch-bench-") as place:
        folder = Path(place)
        pipeline.simulate("demo", folder, seed=1, scale=scale)
        bare = min(_bare_seconds(folder / "exchanges") for _ in range(3))
        began = time.perf_counter()
        source = pipeline.Source((folder / "exchanges",), folder / "accounts.parquet")
        result = pipeline.scan(source, Settings(), folder / "out", lambda _: None)
        seconds = time.perf_counter() - began
    rows = result.coverage.rows_read
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(f"scan: {rows:,} exchanges of {result.coverage.accounts:,} accounts")
    print(f"  {seconds:.1f} s, {rows / seconds:,.0f} rows/s")
    print("  " + ", ".join(f"{stage} {spent:.1f} s" for stage, spent in result.stage_seconds.items()))
    print(f"bare DuckDB pass over the same columns: {bare:.2f} s; ratio {seconds / bare:.1f}")
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def _bare_seconds(exchanges: Path) -> float:
    began = time.perf_counter()
    duckdb.connect().execute(BARE.format(files=f"{exchanges}/**/*.parquet")).fetchall()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
