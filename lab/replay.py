"""The disclosed incident of June 2026 at full structure: 325,000 accounts, real prompt text, scanned and measured.

Usage: replay.py FOLDER [--days 45] [--scale 1]. The log is written there unless it exists; 3 days are 4.2 M
exchanges, 21 days 30 M. Adds a row and the costs of the stages to lab/results/replay.md. See `scan_cost`.
"""

import argparse
import os
from pathlib import Path

from scan_cost import Limit, ScanCost, limit, scan_cost

from stillwatch import pipeline

OUT = Path(__file__).parent / "results/replay.md"
SEED = 1
MIB, MB = 2**20, 1_000_000
HEAD = f"""# The incident of June 2026, replayed

`lab/replay.sh FOLDER DAYS`: scenario `june`, sources B, seed {SEED}: 25,000 accounts of one operator among 300,000
others. Machine: {os.cpu_count()} cores, 24 GiB, shared with other work while this ran; cpu: processor seconds.
Bare DuckDB scan: count of rows, distinct accounts, sum of text lengths. One pass: the prompts decoded, each byte read.
"""


def write(log: Path, days: int, scale: float) -> None:
    """Simulate the log unless it is there."""
    if not (log / "accounts.parquet").exists():
        pipeline.simulate("june", log, seed=SEED, scale=scale, days=days, places={}, sources="B")


def told(days: int, cost: ScanCost, least: Limit) -> str:
    """Write the numbers of one run as Markdown."""
    bare, passed = least.duckdb, least.bytes
    found = ", ".join(f"{verdict} {accounts:,}" for verdict, accounts in cost.campaigns[:3]) or "none"
    summary = (
        f"Scan: {cost.seconds:,.0f} s, cpu {cost.cpu_seconds:,.0f} s, peak {cost.peak_bytes / MIB:,.0f} MiB. "
        f"Bare DuckDB scan: {bare[0]:.1f} s, cpu {bare[1]:.1f} s; one pass over {least.text_bytes / MB:,.0f} MB of "
        f"prompts: {passed[0]:.1f} s, cpu {passed[1]:.1f} s. The scan takes {cost.seconds / bare[0]:.0f} times the "
        f"bare scan (cpu: {cost.cpu_seconds / bare[1]:.0f} times), {cost.seconds / passed[0]:.0f} times the one pass "
        f"(cpu: {cost.cpu_seconds / passed[1]:.0f}). Largest campaigns: {found}.\n"
    )
    lines = [
        f"\n## {days} days: {cost.exchanges:,} exchanges of {cost.accounts:,} accounts\n",
        summary,
        "| stage | seconds | rows/s | MB/s | peak, MiB | spilled, MB |",
        "|---|---|---|---|---|---|",
        *(
            f"| {s['stage']} | {s['seconds']:,.1f} | {s['rows_per_second']:,} | {s['bytes_per_second'] / MB:,.1f} "
            f"| {s['peak_bytes'] / MIB:,.0f} | {s['spilled_bytes'] / MB:,.0f} |"
            for s in cost.stages
        ),
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=45)
    parser.add_argument("--scale", type=float, default=1.0)
    asked = parser.parse_args()
    name = f"{asked.days}" if asked.scale == 1 else f"{asked.days}-{asked.scale:g}"
    log = asked.folder / f"june-{name}"
    write(log, asked.days, asked.scale)
    least = limit(log)
    text = told(asked.days, scan_cost(log, asked.folder / f"report-{name}"), least)
    print(text, flush=True)
    OUT.write_text((OUT.read_text("utf-8") if OUT.exists() else HEAD) + text, "utf-8")


if __name__ == "__main__":
    main()
