"""How much has gone before the first flag: the three disclosures, thinned, looked at again and again as they grow.

Usage: first_flag.py [SEED]. Writes lab/results/first_flag.md and prints it. Every operator keeps its schedule; accounts
and exchanges are thinned. Looks are at fixed hours, each half as far again as the one before; an operator counts as
flagged at the first look at which a campaign with a verdict that accuses holds one of its accounts.

Every look is `scan --as-of`, whose bits count what the most of many looks is worth: stopping at the first flag is fair.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from stillwatch import simulate
from stillwatch.bench.truth import Truth, read_truth
from stillwatch.pipeline import Source, scan
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario
from stillwatch.types import DISGUISED

OUT = Path(__file__).parent / "results/first_flag.md"
SETTINGS = Settings(threads=1)
BENIGN_ACCOUNTS, BENIGN_EXCHANGES = 2500, 40_000
LEAST_ACCOUNTS, MOST_ACCOUNTS, MOST_PER_ACCOUNT = 24, 150, 120
FIRST_HOUR, STEP = 6.0, 1.5


def thinned(scenario: Scenario) -> Scenario:
    """Fewer accounts, and exchanges in proportion up to 120 an account."""
    operators = []
    for o in scenario.operators:
        accounts = int(np.clip(round(o.accounts * 0.01), LEAST_ACCOUNTS, MOST_ACCOUNTS))
        each = min(MOST_PER_ACCOUNT, o.exchanges / o.accounts)
        exits = o.exit_addresses and accounts
        operators.append(replace(o, accounts=accounts, exchanges=round(accounts * each), exit_addresses=exits))
    small = scenario.scaled(BENIGN_ACCOUNTS / scenario.accounts)
    return replace(small, exchanges=BENIGN_EXCHANGES, operators=tuple(operators))


def looks(scenario: Scenario) -> list[datetime]:
    hours = [FIRST_HOUR]
    while hours[-1] * STEP < 24 * scenario.days:
        hours.append(hours[-1] * STEP)
    return [scenario.start + timedelta(hours=hour) for hour in (*hours, 24.0 * scenario.days)]


def first_flags(
    log: Path, begun: Mapping[str, datetime], truth: Truth, moments: Iterable[datetime], settings: Settings
) -> dict[str, datetime]:
    """Scan at every moment at which an operator that has begun is not flagged yet; when each was flagged first."""
    flagged = dict[str, datetime]()
    for moment in moments:
        waiting = begun.keys() - flagged.keys()
        if all(moment < begun[name] for name in waiting):
            continue
        flagged |= dict.fromkeys(waiting & flagged_at(log, truth, moment, settings), moment)
    return flagged


def flagged_at(log: Path, truth: Truth, moment: datetime, settings: Settings) -> set[str]:
    """Scan as of a moment; operators of whom an accused campaign holds an account."""
    source = Source((log / "exchanges",), log / "accounts.parquet", as_of=moment)
    result = scan(source, settings, log / "report", lambda _: None)
    accused = {str(m.account_id) for c in result.campaigns if c.verdict in DISGUISED for m in c.members}
    return {truth.owner[account] for account in accused} - {""}


def rows(name: str, seed: int) -> list[str]:
    scenario, lines = thinned(simulate.load_scenario(name)), []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        simulate.simulate(scenario, log, seed, simulate.load_pool("all", None))
        truth = read_truth(log)
        begun = {o.name: scenario.start + timedelta(hours=o.start_hour) for o in scenario.operators}
        flagged = first_flags(log, begun, truth, looks(scenario), SETTINGS)
        moments, owner, taken = truth.column("ts"), truth.column("operator"), truth.taken()
        for operator in scenario.operators:
            own = taken & np.asarray(owner == operator.name)
            at = flagged.get(operator.name)
            gone = own if at is None else own & np.asarray(moments <= np.int64(round(at.timestamp() * 1e6)))
            tasks, every = (len(np.unique(truth.column("task")[mask])) for mask in (gone, own))
            hours = "never" if at is None else f"{(at - scenario.start) / timedelta(hours=1) - operator.start_hour:.0f}"
            bar = "yes" if tasks <= max(1000, 0.01 * every) else "NO"
            share = f"{gone.sum() / max(own.sum(), 1):.3f}"
            who = f"{name} | {operator.name} | {operator.accounts} | {own.sum():,}"
            lines.append(f"| {who} | {hours} | {tasks:,} | {share} | {bar} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    lines = [
        "| disclosure | operator | accounts | taken | hours until flagged | unique tasks before | share before | bar |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ("february", "june", "september"):
        lines += rows(name, seed)
    closing = f"""
Hours count from the operator's start. Bar: at most 1,000 unique tasks, or 1 % of the campaign. Thinned logs:
{BENIGN_ACCOUNTS:,} benign accounts with {BENIGN_EXCHANGES:,} exchanges, at most {MOST_ACCOUNTS} accounts an operator
and {MOST_PER_ACCOUNT} exchanges an account, the scenario's days and schedules. At full size a campaign asks more in the
same hours, and shows more accounts; neither the hours nor the tasks carry over by a factor. Looks are {FIRST_HOUR:.0f}
hours after the start of the log and then each half as far again, so a flag comes up to a third later than it could.
Looks are those of `scan --as-of`: bits are worth what the most of many looks is worth.
Machine: {os.cpu_count()} cores.
"""
    text = "\n".join([*lines, closing])
    OUT.write_text(f"# Before the first flag\n\n`python lab/first_flag.py {seed}`\n\n{text}")
    print(text)


if __name__ == "__main__":
    main()
