"""How much has gone before the first flag when a disclosure begins at its full size.

Usage: first_flag_full.py SCENARIO DAYS [SEED]. Simulates the first days of a scenario with all their accounts and
exchanges, and scans it as of some hours after the start of each operator; an operator counts as flagged at a look at
which an accused campaign holds one of its accounts. The first is found by halving. Appends a row per operator that
began to lab/results/first_flag_full.md.
"""

import os
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
from first_flag import flagged_at

from stillwatch import pipeline, simulate
from stillwatch.bench.truth import Truth, read_truth
from stillwatch.settings import Settings

OUT = Path(__file__).parent / "results/first_flag_full.md"
AFTER_HOURS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 36, 48, 72)
SHARE = 0.01  # of the whole campaign as it was disclosed
TASKS = 1000
COLUMNS = (
    "disclosure", "days", "seed", "exchanges", "operator", "hours until flagged", "taken before", "unique tasks",
    "share of all", "bar",
)  # fmt: skip
HEAD = f"""# Before the first flag, at full size

`python lab/first_flag_full.py SCENARIO DAYS`: the first days of a disclosure with all their accounts and exchanges,
scanned as of {", ".join(map(str, AFTER_HOURS))} hours after the start of each operator (bits are worth what the most
of many looks is worth). The first look that flags is found by halving, so an earlier one may flag, too. Hours count
from the start of the operator. Share: of the exchanges disclosed for all of the
campaign. Bar: at most {TASKS:,} unique tasks, or {SHARE:.0%} of the campaign. Machine: {os.cpu_count()} cores.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
"""


def rows(name: str, days: int, seed: int) -> list[str]:
    """One row per operator that began within the days."""
    whole = simulate.load_scenario(name)
    shortened = whole.over(days)  # the same pace in fewer days; hours of the scenario shrink with them
    operators = list(shortened.operators)
    begun = {o.name: whole.start + timedelta(hours=o.start_hour) for o in operators}
    end = whole.start + timedelta(days=days)
    with tempfile.TemporaryDirectory(prefix="first-flag-") as place:
        log = Path(place) / "log"
        pipeline.simulate(name, log, seed=seed, days=days)
        truth = read_truth(log)
        look = cache(partial(flagged_at, log, truth, settings=Settings()))
        known = {name: _first(look, name, start, end) for name, start in begun.items()}
        disclosed = {o.name: o.exchanges for o in whole.operators}
        told = [_row(truth, begun[o.name], o.name, disclosed[o.name], known.get(o.name)) for o in operators]
        return [f"| {name} | {days} | {seed} | {len(truth.exchanges):,} {row}" for row in told]


def _first(look: Callable[[datetime], set[str]], operator: str, start: datetime, end: datetime) -> timedelta | None:
    """After how long an operator is flagged: halving the looks, as if whoever is flagged once stayed so."""
    after = [timedelta(hours=hours) for hours in AFTER_HOURS if start + timedelta(hours=hours) <= end]
    place = bisect_left(after, True, key=lambda wait: operator in look(start + wait))  # noqa: FBT003 - what is sought
    return after[place] if place < len(after) else None


def _row(truth: Truth, start: datetime, name: str, disclosed: int, after: timedelta | None) -> str:
    """What had gone of one operator's campaign when it was flagged, or all of it."""
    gone = truth.taken() & np.asarray(truth.column("operator") == name)
    if after is not None:
        gone &= np.asarray(truth.column("ts") <= np.int64(round((start + after).timestamp() * 1e6)))
    tasks, share = len(np.unique(truth.column("task")[gone])), gone.sum() / disclosed
    hours = "not yet" if after is None else f"{after / timedelta(hours=1):.0f}"
    bar = "NO" if after is None or (tasks > TASKS and share > SHARE) else "yes"
    return f"| {name} | {hours} | {gone.sum():,} | {tasks:,} | {share:.4f} | {bar} |"


def main() -> None:
    lines = rows(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    print("\n".join(lines))
    before = OUT.read_text("utf-8") if OUT.exists() else HEAD
    OUT.write_text(before + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
