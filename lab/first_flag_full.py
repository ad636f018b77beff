"""How much has gone before the first flag when a disclosure begins at its full size.

Usage: first_flag_full.py SCENARIO DAYS [SEED [HOUR]]. Simulates the first days of a scenario with all their accounts
and exchanges, its phases shrunk to them; with an hour, so many days from there on as they are in the whole of it, of
which only operators that begin within them are told. Scans it as of full hours, as `watch` looks at it; an operator
counts as flagged at a look at which an accused campaign holds one of its accounts. The first is found by halving, then
among the looks just before it: a campaign near the threshold may be flagged at one look, not at the next, and again
later. Appends a row per operator to lab/results/first_flag_full.md.
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
HOUR = timedelta(hours=1)
BEFORE = 4  # looks before the one that halving finds
SHARE = 0.01  # of the whole campaign as it was disclosed
TASKS = 1000
COLUMNS = (
    "disclosure", "days", "seed", "exchanges", "operator", "hours until flagged", "taken before", "unique tasks",
    "share of all", "bar",
)  # fmt: skip
HEAD = f"""# Before the first flag, at full size

`python lab/first_flag_full.py SCENARIO DAYS SEED [HOUR]`: the first days of a disclosure with all their accounts and
exchanges, its phases shrunk to them, or days from an hour on as they are in the whole of it; scanned as of full hours,
as `watch` looks at them (bits are worth what the most of many looks is worth). The first look that flags is found by
halving, then among the {BEFORE} looks before it; one before these may flag, too.
Hours count from the start of the operator to that look. Share: of the exchanges disclosed for all of the campaign.
Bar: at most {TASKS:,} unique tasks, or {SHARE:.0%} of the campaign. Machine: {os.cpu_count()} cores.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
"""


def rows(name: str, days: int, seed: int = 1, first_hour: int | None = None) -> list[str]:
    """One row per operator that began within the days."""
    whole, from_hour = simulate.load_scenario(name), first_hour or 0
    # the same pace in fewer days, and hours of the scenario shrink with them; or a part of the whole as it is
    shown = whole.over(days) if first_hour is None else whole
    operators = [o for o in shown.operators if from_hour <= o.start_hour < from_hour + 24 * days]
    if not operators:
        raise SystemExit(f"{name}: no operator begins in {days} days from hour {from_hour}")
    begun = {o.name: whole.start + o.start_hour * HOUR for o in operators}
    hours = [whole.start + (from_hour + hour) * HOUR for hour in range(1, 24 * days + 1)]
    cut = {"days": days} if first_hour is None else {"hours": (first_hour, first_hour + 24 * days)}
    with tempfile.TemporaryDirectory(prefix="first-flag-") as place:
        log = Path(place) / "log"
        pipeline.simulate(name, log, seed=seed, **cut)
        truth = read_truth(log)
        look = cache(partial(flagged_at, log, truth, settings=Settings()))
        known = {o.name: _first(look, o.name, hours) for o in operators}
        disclosed = {o.name: o.exchanges for o in whole.operators}
        told = [_row(truth, begun[o.name], o.name, disclosed[o.name], known[o.name]) for o in operators]
        span = f"{days}" if first_hour is None else f"{days}, from hour {first_hour}"
        return [f"| {name} | {span} | {seed} | {len(truth.exchanges):,} {row}" for row in told]


def _first(look: Callable[[datetime], set[str]], operator: str, hours: list[datetime]) -> datetime | None:
    """The hour at which an operator is flagged: halving, as if whoever is flagged once stayed so, then near."""
    place = bisect_left(hours, True, key=lambda hour: operator in look(hour))  # noqa: FBT003 - what is sought
    near = hours[max(place - BEFORE, 0) : place + 1]
    return next((hour for hour in near if operator in look(hour)), None)


def _row(truth: Truth, start: datetime, name: str, disclosed: int, flagged: datetime | None) -> str:
    """What had gone of one operator's campaign when it was flagged, or all of it."""
    gone = truth.taken() & np.asarray(truth.column("operator") == name)
    if flagged is not None:
        gone &= np.asarray(truth.column("ts") <= np.int64(round(flagged.timestamp() * 1e6)))
    tasks, share = len(np.unique(truth.column("task")[gone])), gone.sum() / disclosed
    wait = "not yet" if flagged is None else f"{(flagged - start) / HOUR:.1f}"
    bar = "NO" if tasks > TASKS and share > SHARE else "so far" if flagged is None else "yes"
    return f"| {name} | {wait} | {gone.sum():,} | {tasks:,} | {share:.4f} | {bar} |"


def main() -> None:
    lines = rows(sys.argv[1], *map(int, sys.argv[2:]))
    print("\n".join(lines))
    before = OUT.read_text("utf-8") if OUT.exists() else HEAD
    OUT.write_text(before + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
