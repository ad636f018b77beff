"""Ahead of whom, and at whose expense: the benchmark's rows against the two bars that a scoreboard does not add up.

Usage: ahead.py ROWS.JSONL. Writes lab/results/ahead.md and prints it. Rows of Stillwatch (many seeds, one look) are
taken from the file, the other detectors from lab/results/bench.json. First table: at every point the recall of
Stillwatch, and that of the best other detector at equal precision, which is 0.99 or more by account.
Second table: accused accounts of every innocent kind, over all of Stillwatch's rows.
"""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from stillwatch.bench.row import Judgement, row_of
from stillwatch.types import OURS

RESULTS = Path(__file__).parent / "results"
OUT, OTHERS = RESULTS / "ahead.md", RESULTS / "bench.json"
EQUAL_PRECISION = 0.99
LEAST_AHEAD = 0.10  # wanted wherever the other is below HIGH
HIGH = 0.9
ALLOWED = 0.001  # of each innocent kind
Point = tuple[tuple[str, ...], tuple[str, ...]]
Metrics = dict[str, float]  # means over seeds


def mean_of(rows: list[Judgement], metric: str) -> float | None:
    """Mean over the logs where there was something to divide by."""
    values = [value for row in rows if (value := getattr(row, metric)) is not None]
    return float(np.mean(values)) if values else None


def interval(rows: list[Judgement]) -> str:
    """95 % of the mean recall over seeds, by Student's t; empty for one seed."""
    values = np.array([row.account_recall_fraction for row in rows], float)
    if len(values) < 2:
        return ""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{max(values.mean() - half, 0):.3f} to {min(values.mean() + half, 1):.3f}"


def table_ahead(rows: dict[Point, list[Judgement]], others: dict[Point, dict[str, Metrics]]) -> tuple[list[str], int]:
    """One line a point that has campaigns, and at how many the lead is as large as wanted."""
    lines, met = [], 0
    for (axes, points), own in rows.items():
        recall, precision = mean_of(own, "account_recall_fraction"), mean_of(own, "account_precision_fraction")
        if recall is None:
            continue
        best, name = best_of(others[axes, points])
        enough = best >= HIGH or recall - best >= LEAST_AHEAD
        met += enough
        where = ", ".join(f"{axis}: {point}" for axis, point in zip(axes, points, strict=True)) or "middle"
        shown = "-" if precision is None else f"{precision:.3f}"
        lines.append(
            f"| {where} | {len(own)} | {recall:.3f} | {interval(own)} | {shown} | {best:.3f} | {name} "
            f"| {'yes' if enough else 'NO'} |"
        )
    return lines, met


def best_of(others: dict[str, Metrics]) -> tuple[float, str]:
    """The largest recall of another detector whose precision is high enough."""
    found = [
        (metrics["account_recall_fraction"], name.removeprefix("baselines/"))
        for name, metrics in others.items()
        if metrics.get("account_precision_fraction", 0.0) >= EQUAL_PRECISION
    ]
    return max(found, default=(0.0, "none is as precise"))


def read_others(standings: Iterable[dict[str, Any]]) -> dict[Point, dict[str, Metrics]]:
    """What the scoreboard says of the other detectors."""
    found: dict[Point, dict[str, Metrics]] = defaultdict(dict)
    for one in standings:
        if one["detector"] != OURS:
            means = {name: metric["mean"] for name, metric in one["metrics"].items()}
            found[tuple(one["axes"]), tuple(one["points"])][one["detector"]] = means
    return found


def table_of_innocents(own: list[Judgement]) -> list[str]:
    """One line a kind: accounts, accused, and the upper end of the 95 % interval of the share."""
    accounts, accused = Counter[str](), Counter[str]()
    for row in own:
        accounts.update(row.innocent_accounts_by_kind)
        accused.update(row.innocents_by_kind)
    lines = []
    for kind, count in sorted(accounts.items()):
        upper = float(stats.beta.ppf(0.975, accused[kind] + 1, count - accused[kind])) if accused[kind] < count else 1.0
        holds = "yes" if accused[kind] <= ALLOWED * count else "NO"
        lines.append(f"| {kind.replace('_', ' ')} | {count:,} | {accused[kind]:,} | {1000 * upper:.2f} | {holds} |")
    return lines


def main() -> None:
    rows: dict[Point, list[Judgement]] = defaultdict(list)
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        row = row_of(line)
        if row.detector == OURS and row.judged is not None:
            rows[row.axes, row.points].append(row.judged)
    ahead, met = table_ahead(rows, read_others(json.loads(OTHERS.read_text("utf-8"))["standings"]))
    innocents = table_of_innocents([judged for own in rows.values() for judged in own])
    seeds = max(map(len, rows.values()))
    text = f"""# Ahead of whom, and at whose expense

`stillwatch bench --seeds {seeds} --looks 1 --out A`, then `python lab/ahead.py A/rows.jsonl`.
Machine: {os.cpu_count()} cores.

## At equal precision

Recall by account, mean over seeds, and the best of the other detectors whose precision by account is {EQUAL_PRECISION}
or more at the same point (they ran on the first seed alone). Ahead: by {LEAST_AHEAD:.2f} or more wherever the other is
below {HIGH}. **{met} of {len(ahead)} points.**

| point | seeds | recall | 95 % interval | precision | best other | which | ahead |
|---|---|---|---|---|---|---|---|
{chr(10).join(ahead)}

## Innocents by kind

Accounts accused (verdict `distillation` or `relay`) over all these logs and the benign ones; {1000 * ALLOWED:.0f} in
1,000 of each kind may be. The same kinds return in every log, so the interval is that of accounts, not of worlds.

| kind | accounts | accused | at most, per 1,000 (95 %) | holds |
|---|---|---|---|---|
{chr(10).join(innocents)}
"""
    OUT.write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
