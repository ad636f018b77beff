"""How much has gone before the first flag when a disclosure begins at its full size.

Usage: first_flag_full.py SCENARIO DAYS [SEED]. Simulates the first days of a scenario with all their accounts and
exchanges, and scans it as of every sixth hour; an operator counts as flagged at the first look at which an accused
campaign holds one of its accounts. Appends a row per operator that began to lab/results/first_flag_full.md.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from stillwatch import pipeline, simulate
from stillwatch.bench.found import ACCUSING
from stillwatch.bench.truth import read_truth
from stillwatch.settings import Settings

OUT = Path(__file__).parent / "results/first_flag_full.md"
HOURS = 6
SHARE = 0.01  # of the whole campaign as it was disclosed
TASKS = 1000
COLUMNS = (
    "disclosure", "days", "seed", "exchanges", "operator", "hours until flagged", "taken before", "unique tasks",
    "share of all", "bar",
)  # fmt: skip
HEAD = f"""# Before the first flag, at full size

`python lab/first_flag_full.py SCENARIO DAYS`: the first days of a disclosure with all their accounts and exchanges,
scanned as of every {HOURS}th hour (bits are worth what the most of many looks is worth). Hours count from the start of
the operator, up to {HOURS} of which nobody looked. Share: of the exchanges disclosed for all of the campaign. Bar:
at most {TASKS:,} unique tasks, or {SHARE:.0%} of the campaign. Machine: {os.cpu_count()} cores.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
"""


def flags(log: Path, start: datetime, days: int, wanted: set[str], owner: dict[str, str]) -> dict[str, datetime]:
    """Scan at every look until every operator is flagged; the moment by operator."""
    source, flagged = pipeline.Source((log / "exchanges",), log / "accounts.parquet"), dict[str, datetime]()
    for hour in range(HOURS, 24 * days + 1, HOURS):
        moment, began = start + timedelta(hours=hour), time.perf_counter()
        result = pipeline.scan(replace(source, as_of=moment), Settings(), log / "report", lambda _: None)
        accused = {str(m.account_id) for c in result.campaigns if c.verdict in ACCUSING for m in c.members}
        flagged |= dict.fromkeys((wanted - set(flagged)) & {owner[account] for account in accused}, moment)
        print(f"hour {hour}: {sorted(flagged)}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        if wanted <= set(flagged):
            break
    return flagged


def rows(name: str, days: int, seed: int) -> list[str]:
    """One row per operator that began within the days."""
    whole = simulate.load_scenario(name)
    begun = [o for o in whole.operators if o.start_hour < 24 * days]
    with tempfile.TemporaryDirectory(prefix="first-flag-") as place:
        log = Path(place) / "log"
        pipeline.simulate(name, log, seed=seed, days=days)
        truth = read_truth(log)
        flagged = flags(log, whole.start, days, {o.name for o in begun}, dict(truth.owner))
        moments, owner, taken = truth.column("ts"), truth.column("operator"), truth.taken()
        lines = []
        for operator in begun:
            at = flagged.get(operator.name)
            gone = taken & np.asarray(owner == operator.name)
            if at is not None:
                gone &= np.asarray(moments <= np.int64(round(at.timestamp() * 1e6)))
            tasks, share = len(np.unique(truth.column("task")[gone])), gone.sum() / operator.exchanges
            hours = "not yet" if at is None else f"{(at - whole.start) / timedelta(hours=1) - operator.start_hour:.0f}"
            bar = "NO" if at is None or (tasks > TASKS and share > SHARE) else "yes"
            lines.append(
                f"| {name} | {days} | {seed} | {len(truth.exchanges):,} | {operator.name} | {hours} | {gone.sum():,} "
                f"| {tasks:,} | {share:.4f} | {bar} |"
            )
    return lines


def main() -> None:
    lines = rows(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    print("\n".join(lines))
    before = OUT.read_text("utf-8") if OUT.exists() else HEAD
    OUT.write_text(before + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
