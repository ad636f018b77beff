"""An hour of new exchanges on top of a long log: what a look of `watch` costs, and whether a scan says the same.

Usage: watch_hour.py LOG [--hour 1000000] [--most N] [--work FOLDER]. LOG is a folder that `replay.py` wrote, its files
in order of time; --most takes only the first N exchanges of it. The state is made of all but the last files, which then
come in. With --work it is made there, and stays; one that is there is taken as it is, and its first look not measured.
Appends to lab/results/watch_hour.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

OUT = Path(__file__).parent / "results/watch_hour.md"
TOLD = ("campaign_id", "verdict", "accounts", "exchanges", "taking_exchanges")
BITS = ("together_bits", "taking_bits")
HEAD = f"""# An hour on top of a long log

`python lab/watch_hour.py LOG`, scenario `june`; {os.cpu_count()} cores, shared unless said otherwise: processor seconds
are what counts there. Same: ids, verdicts, accounts and exchanges of all campaigns; beside it the largest difference of
bits.

| kept | new | accounts | first look, s (cpu) | look at the hour, s (cpu) | peak, MiB | scan of all, s (cpu) | same |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds, processor seconds, peak memory, and the printed result of one command."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    result: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.seconds:,.0f} ({self.cpu_seconds:,.0f})"


def run(*arguments: object) -> Run:
    """Run a command of stillwatch in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "stillwatch", *map(str, arguments), "--json"]
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"{arguments[0]} ended with {os.waitstatus_to_exitcode(status)}")
        seconds = time.perf_counter() - began
        told.seek(0)
        found = Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, json.load(told))
    print(arguments[0], found, flush=True)
    return found


def cut(log: Path, hour: int, most: int | None) -> tuple[list[tuple[Path, int]], list[tuple[Path, int]]]:
    """Files and their exchanges, all but those of the last hour, and those."""
    files = [(path, pq.ParquetFile(path).metadata.num_rows) for path in sorted((log / "exchanges").iterdir())]
    total, kept = 0, []
    for path, rows in files:
        if most is None or total + rows <= most:
            kept.append((path, rows))
            total += rows
    last = 0
    while kept and sum(rows for _, rows in kept[len(kept) - last :]) < hour:
        last += 1
    return kept[: len(kept) - last], kept[len(kept) - last :]


def line(sizes: tuple[int, int], first: Run | None, look: Run, whole: Run) -> str:
    """One row of the table."""
    watched, scanned = look.result["campaigns"], whole.result["campaigns"]
    same = [[c[n] for n in TOLD] for c in watched] == [[c[n] for n in TOLD] for c in scanned]
    apart = max((abs(a[n] - b[n]) for a, b in zip(watched, scanned, strict=False) for n in BITS), default=0.0)
    said = f"yes, {apart:.1g} bits" if same else "NO"
    accounts = look.result["coverage"]["accounts"]
    peak = f"{look.peak_bytes / 2**20:,.0f}"
    return f"| {sizes[0]:,} | {sizes[1]:,} | {accounts:,} | {first or '-'} | {look} | {peak} | {whole} | {said} |\n"


def measured(log: Path, folder: Path, hour: int, most: int | None) -> str:
    """Look, look again with the hour, and scan everything."""
    before, new = cut(log, hour, most)
    accounts = log / "accounts.parquet"
    watch = ("watch", folder / "logs", "--accounts", accounts, "--state", folder / "state", "--out", folder / "out")
    first = None
    if not (folder / "state").exists():
        (folder / "logs").mkdir()
        for path, _ in before:
            os.link(path, folder / "logs" / path.name)
        first = run(*watch)
    for path, _ in new:
        os.link(path, folder / "logs" / path.name)
    look = run(*watch)
    scan = ("scan", folder / "logs", "--accounts", accounts, "--out", folder / "scanned")
    whole = run(*scan, "--as-of", look.result["generated_at"].removesuffix("Z"))
    return line((sum(rows for _, rows in before), sum(rows for _, rows in new)), first, look, whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--hour", type=int, default=1_000_000)
    parser.add_argument("--most", type=int, default=None)
    parser.add_argument("--work", type=Path, default=None)
    asked = parser.parse_args()
    folder = asked.work or Path(tempfile.mkdtemp(prefix="watch-hour-", dir=asked.log.parent))
    folder.mkdir(exist_ok=True)
    try:
        text = measured(asked.log, folder, asked.hour, asked.most)
    finally:
        if not asked.work:
            shutil.rmtree(folder)
    print(text)
    OUT.write_text((OUT.read_text("utf-8") if OUT.exists() else HEAD) + text, "utf-8")


if __name__ == "__main__":
    main()
