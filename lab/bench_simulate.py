"""Rate and peak memory of the simulator as the log grows tenfold with the same accounts.

Usage: bench_simulate.py [EXCHANGES...], by default 300000 1000000 3000000. Each log is written in a process of its own;
the reference is writing the same tables with pyarrow alone, in the same process. Writes lab/results/simulate.md.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.simulate import Scenario, load_pool, load_scenario, simulate

OUT = Path(__file__).parent / "results/simulate.md"
SIZES = (300_000, 1_000_000, 3_000_000)
ONE = "--one"  # marks the process that writes one log


def sized(exchanges: int) -> Scenario:
    """The demo's accounts with another number of exchanges."""
    scenario = load_scenario("demo")
    factor = exchanges / (scenario.exchanges + sum(operator.exchanges for operator in scenario.operators))
    operators = tuple(replace(o, exchanges=round(o.exchanges * factor)) for o in scenario.operators)
    return replace(scenario, exchanges=round(scenario.exchanges * factor), operators=operators)


def one(exchanges: int) -> None:
    """Print exchanges, accounts, seconds, peak kilobytes and seconds of the reference."""
    pool = load_pool()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        written = simulate(sized(exchanges), folder / "log", 7, pool)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reference = sum(rewrite(path, folder / "again.parquet") for path in written.exchanges_path.iterdir())
    print(written.exchanges, written.accounts, seconds, peak, reference)


def rewrite(path: Path, again: Path) -> float:
    table = pq.ParquetFile(path).read()
    began = time.perf_counter()
    pq.write_table(table, again, compression="zstd", compression_level=1)
    return time.perf_counter() - began


def main() -> None:
    sizes = [int(a) for a in sys.argv[1:]] or SIZES
    lines = [
        "| exchanges | accounts | seconds | exchanges a second | pyarrow alone, s | ratio | peak memory, MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    peaks = []
    for size in sizes:
        command = [sys.executable, __file__, ONE, str(size)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        (rows, accounts), (seconds, peak, reference) = map(int, output[:2]), map(float, output[2:])
        peaks.append(peak)
        lines.append(
            f"| {rows:,} | {accounts:,} | {seconds:.1f} | {rows / seconds:,.0f} | {reference:.1f} "
            f"| {seconds / reference:.1f} | {peak / 1024:.0f} |"
        )
        print(lines[-1], flush=True)
    growth = 100 * (peaks[-1] / peaks[0] - 1)
    closing = f"\nPeak memory grows by {growth:.0f} % from the first to the last row. Machine: {os.cpu_count()} cores."
    print(closing)
    called = " ".join(["python lab/bench_simulate.py", *sys.argv[1:]])
    OUT.write_text(f"# Size of a simulation\n\n`{called}`\n\n" + "\n".join([*lines, closing, ""]))


if __name__ == "__main__":
    if ONE in sys.argv:
        one(int(sys.argv[-1]))
    else:
        main()
