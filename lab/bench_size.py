"""Time and peak memory of a scan as the log grows tenfold with the same accounts.

Usage: bench_size.py [EXCHANGES...], by default 100000 1000000. Each log is written by the simulator and scanned in a
process of its own; prints exchanges, accounts, seconds, seconds of a bare DuckDB scan of the same columns, peak memory,
and writes lab/results/size.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import duckdb

from stillwatch.simulate import load_pool, load_scenario, simulate

OUT = Path(__file__).parent / "results/size.md"


def write(exchanges: int, folder: Path) -> None:
    scenario = load_scenario("demo").scaled(0.5)
    harvest = sum(operator.exchanges for operator in scenario.operators)
    sized = replace(
        scenario,
        exchanges=exchanges - exchanges // 3,
        operators=tuple(replace(o, exchanges=o.exchanges * exchanges // (3 * harvest)) for o in scenario.operators),
    )
    simulate(sized, folder, 7, load_pool())


def scan(folder: Path) -> tuple[float, float]:
    """Seconds and peak resident bytes of `stillwatch scan`."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "stillwatch", "scan", str(folder / "exchanges"), "--out", str(folder / "out")]
    measured = ["/usr/bin/env", "python3", "-c", _MEASURE, *command]
    output = subprocess.run(measured, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - began, float(output.split()[-1]) * 1024


_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def bare(folder: Path) -> tuple[int, int, float]:
    began = time.perf_counter()
    rows = duckdb.read_parquet(str(folder / "exchanges/*.parquet"))
    row = rows.aggregate("count(*), count(distinct account_id), sum(length(prompt_text))").fetchall()[0]
    return row[0], row[1], time.perf_counter() - began


def main() -> None:
    sizes = [int(a) for a in sys.argv[1:]] or [100_000, 1_000_000]
    lines = [
        "| exchanges | accounts | seconds | bare DuckDB scan, s | ratio | peak memory, MiB |",
        "|---|---|---|---|---|---|",
    ]
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "log"
            write(size, folder)
            seconds, peak = scan(folder)
            rows, accounts, reference = bare(folder)
        peaks.append(peak)
        lines.append(
            f"| {rows:,} | {accounts:,} | {seconds:.1f} | {reference:.2f} "
            f"| {seconds / reference:.0f} | {peak / 2**20:.0f} |"
        )
        print(lines[-1], flush=True)
    growth = 100 * (peaks[-1] / peaks[0] - 1)
    closing = f"\nPeak memory grows by {growth:.0f} % from the first to the last row. Machine: {os.cpu_count()} cores."
    print(closing)
    command = " ".join(["python lab/bench_size.py", *sys.argv[1:]])
    OUT.write_text(f"# Size of a scan\n\n`{command}`\n\n" + "\n".join([*lines, closing, ""]))


if __name__ == "__main__":
    main()
