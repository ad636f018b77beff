"""An hour of new exchanges on top of a long log: what a look of `watch` costs, and whether a scan says the same.

Usage: watch_hour.py LOG [--hour 1000000] [--most N] [--work FOLDER]. LOG is a folder that `replay.py` wrote, its files
in order of time; --most takes only the first N exchanges of it. The state is made of all but the last files, which then
come in. With --work it is made there, and stays: files that were taken in before are not read again, and where there
is a report as well, the first look is not made again either.
Appends to lab/results/watch_hour.md.
"""

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.pipeline import Source, scan
from stillwatch.pipeline.watching import watch
from stillwatch.settings import Settings
from stillwatch.types import Scan

OUT = Path(__file__).parent / "results/watch_hour.md"
HEAD = f"""# An hour on top of a long log

`python lab/watch_hour.py LOG`, scenario `june`; {os.cpu_count()} cores, shared unless said otherwise: processor seconds
are what counts there. Same: ids, verdicts, accounts and exchanges of all campaigns; beside it the largest difference of
bits.
"""
COLUMNS = """
| kept | new | accounts | first look, s (cpu) | look at the hour, s (cpu) | peak, MiB | scan of all, s (cpu) | same |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One look or scan in a process of its own. campaigns: what is compared of each, and its bits."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    accounts: int
    end: float
    stages: Mapping[str, float]
    campaigns: tuple[tuple[tuple[object, ...], tuple[float, float]], ...]

    def __str__(self) -> str:
        return f"{self.seconds:,.0f} ({self.cpu_seconds:,.0f})"


def run(work: Callable[[], Scan | None]) -> Run:
    """Do work that ends in a `Scan` in a process of its own, and measure it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        found = process.submit(measured, work).result()
    print(found, {stage: round(seconds, 1) for stage, seconds in found.stages.items()}, flush=True)
    return found


def measured(work: Callable[[], Scan | None]) -> Run:
    """Do the work here."""
    began, result = time.perf_counter(), work()
    assert result is not None, "nothing is new"
    seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    campaigns = tuple(
        (
            (c.campaign_id, str(c.verdict), len(c.members), c.exchanges, c.taking_exchanges),
            (c.together_bits, c.taking_bits),
        )
        for c in result.campaigns
    )
    return Run(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_bytes=used.ru_maxrss * 1024,
        accounts=result.coverage.accounts,
        end=result.as_of.timestamp(),
        stages=dict(result.stage_seconds) | {"writing the report": seconds - sum(result.stage_seconds.values())},
        campaigns=campaigns,
    )


def silent(stage: str) -> None:
    """Tell nobody which stage runs."""


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
    """A table of one row."""
    same = [told for told, _ in look.campaigns] == [told for told, _ in whole.campaigns]
    pairs = zip(look.campaigns, whole.campaigns, strict=False)
    apart = max((abs(a - b) for (_, one), (_, other) in pairs for a, b in zip(one, other, strict=True)), default=0.0)
    said = f"yes, {apart:.1g} bits" if same else "NO"
    peak = f"{look.peak_bytes / 2**20:,.0f}"
    return COLUMNS + (
        f"| {sizes[0]:,} | {sizes[1]:,} | {look.accounts:,} | {first or '-'} | {look} | {peak} | {whole} | {said} |\n"
    )


def stages(first: Run | None, look: Run) -> str:
    """Seconds of each stage, as a table."""
    rows = ["", "| stage | first look, s | look at the hour, s |", "|---|---|---|"]
    for stage, seconds in look.stages.items():
        before = f"{first.stages.get(stage, 0.0):,.1f}" if first else "-"
        rows.append(f"| {stage} | {before} | {seconds:,.1f} |")
    return "\n".join([*rows, ""])


def compared(log: Path, folder: Path, hour: int, most: int | None) -> str:
    """Look, look again with the hour, and scan everything."""
    before, new = cut(log, hour, most)
    accounts, logs, out = log / "accounts.parquet", folder / "logs", folder / "out"
    look_at = partial(watch, Source((logs,), accounts), folder / "state", Settings(), out, silent)
    logs.mkdir(exist_ok=True)
    _link(before, logs)
    first = None if (out / "campaigns.json").exists() else run(look_at)
    _link(new, logs)
    look = run(look_at)
    as_of = datetime.fromtimestamp(look.end, UTC)
    whole = run(partial(scan, Source((logs,), accounts, as_of=as_of), Settings(), folder / "scanned", silent))
    sizes = sum(rows for _, rows in before), sum(rows for _, rows in new)
    return line(sizes, first, look, whole) + stages(first, look)


def _link(files: list[tuple[Path, int]], folder: Path) -> None:
    for path, _ in files:
        if not (folder / path.name).exists():
            os.link(path, folder / path.name)


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
        text = compared(asked.log, folder, asked.hour, asked.most)
    finally:
        if not asked.work:
            shutil.rmtree(folder)
    print(text)
    OUT.write_text((OUT.read_text("utf-8") if OUT.exists() else HEAD) + text, "utf-8")


if __name__ == "__main__":
    main()
