"""Replacement accounts: a log is scanned up to a moment, then the whole of it with the campaigns known by then.

Usage: replacement.py [SEEDS] [SCALE] [FIRST SEED]. Writes lab/results/replacement.md and prints it: of the accounts of
known operators that appear after the moment, how many are named and after how many of their exchanges; and how many
innocents are, in the same logs and in benign traffic of sources that no campaign was learnt from (half B of prompts and
clients).
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy import stats

from stillwatch import known, simulate
from stillwatch.engine import DuckDBEngine
from stillwatch.known import KnownCampaign
from stillwatch.pipeline import Source, scan
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.continuing import Traffic, go_on
from stillwatch.pipeline.intake import take_in
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario
from stillwatch.together import load
from stillwatch.types import Scan

OUT = Path(__file__).parent / "results/replacement.md"
SETTINGS = Settings(threads=1)
SCAFFOLDS = ("fixed", "rotated", "paraphrased", "absent")
WITHIN = 3
SEPTEMBER_ACCOUNTS, SEPTEMBER_EXCHANGES = 0.02, 60  # of its operators: share of the accounts, exchanges of each


@dataclass
class Tally:
    """exchanges: until named, of operators' fresh accounts; missed, innocent, false: accounts; kept: unchanged ids."""

    exchanges: list[int] = field(default_factory=list)
    missed: int = 0
    innocent: int = 0
    false: Counter[str] = field(default_factory=Counter)
    found: int = 0
    kept: int = 0
    logs: int = 0


@dataclass(frozen=True)
class Case:
    """A scenario and the hour up to which it is scanned first."""

    name: str
    scenario: Scenario
    hour: float


def cases(scale: float) -> Iterator[Case]:
    base = simulate.load_scenario("bench").scaled(scale)
    for lives, hour in (("3 lives", 235.0), ("8 lives", 270.0), ("second pool", 189.0)):
        for scaffold in SCAFFOLDS if lives != "8 lives" else ("rotated",):
            places = {"replacement": lives, "scaffold": scaffold}
            yield Case(f"bench, {lives}, scaffold {scaffold}", simulate.at(base, places), hour)
    for scaffold in ("as disclosed", "paraphrased"):
        september = thinned(simulate.load_scenario("september"), scale)
        moved = september if scaffold == "as disclosed" else simulate.at(september, {"scaffold": scaffold})
        yield Case(f"september, pool 1 to pool 2, scaffold {scaffold}", moved, 1079.0)


def thinned(scenario: Scenario, scale: float) -> Scenario:
    """All operators with a share of their accounts and 60 exchanges each, among 12,000 benign accounts.

    N strangers give log2(N + 1) bits a family at most: of the scenario's 300,000 accounts a hundredth would be too few.
    """
    operators = tuple(
        replace(o, accounts=n, exchanges=SEPTEMBER_EXCHANGES * n, exit_addresses=o.exit_addresses and n)
        for o in scenario.operators
        for n in [max(12, round(SEPTEMBER_ACCOUNTS * scale * o.accounts))]
    )
    small = scenario.scaled(0.04 * scale)
    return replace(small, accounts=round(12_000 * scale), exchanges=round(120_000 * scale), operators=operators)


def judge(case: Case, seed: int, tally: Tally) -> tuple[KnownCampaign, ...]:
    """Scan up to the moment, then all of it; give what was known in between."""
    with tempfile.TemporaryDirectory() as folder:
        log, before, after = (Path(folder) / name for name in ("log", "before", "after"))
        simulate.simulate(case.scenario, log, seed, simulate.load_pool("A", None))
        moment = case.scenario.start + timedelta(hours=case.hour)
        source = Source((log / "exchanges",), log / "accounts.parquet")
        first = scan(replace(source, as_of=moment), SETTINGS, before, lambda _: None)
        again = scan(replace(source, known=(before,)), SETTINGS, after, lambda _: None)
        count(log, moment, first, again, tally)
        return known.read_known((before,))


def count(log: Path, moment: datetime, first: Scan, again: Scan, tally: Tally) -> None:
    """Compare with the labels: replacements of operators that were known at the moment, and innocents."""
    labels = pq.read_table(log / "labels/accounts.parquet").to_pylist()
    operator = {row["account_id"]: row["operator"] or "" for row in labels}
    kind = {row["account_id"]: row["kind"] for row in labels}
    seen = pq.read_table(log / "exchanges", columns=["account_id", "ts"]).group_by("account_id")
    begun = {row["account_id"]: row["ts_min"] for row in seen.aggregate([("ts", "min")]).to_pylist()}
    known_operators = {operator[m.account_id] for c in first.campaigns for m in c.members} - {""}
    named = {a.account_id: a for a in again.continued.accounts} if again.continued else {}
    for account, start in begun.items():
        if start > moment and not operator[account]:
            tally.innocent += 1
            tally.false[kind[account]] += account in named
        elif start > moment and operator[account] in known_operators:
            tally.missed += account not in named
            tally.exchanges += [named[account].exchanges_until_named] if account in named else []
    kept = {c.campaign_id for c in first.campaigns} & {c.campaign_id for c in again.campaigns}
    tally.found, tally.kept, tally.logs = tally.found + len(first.campaigns), tally.kept + len(kept), tally.logs + 1


def unseen(reports: Sequence[tuple[KnownCampaign, ...]], seeds: int, tally: Tally) -> None:
    """Follow every account of benign logs of the other half of the sources, against each report by itself."""
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder, DuckDBEngine(SETTINGS) as engine:
            log = Path(folder) / "log"
            simulate.simulate(simulate.load_scenario("benign"), log, 4000 + seed, simulate.load_pool("B", None))
            kind = {r["account_id"]: r["kind"] for r in pq.read_table(log / "labels/accounts.parquet").to_pylist()}
            intake = take_in(engine, Source((log / "exchanges",), log / "accounts.parquet"), SETTINGS)
            traffic = Traffic(engine, intake.sketched, behaviour(engine, intake, SETTINGS))
            for report in reports:
                early = [replace(campaign, as_of=datetime(2020, 1, 1, tzinfo=UTC)) for campaign in report]
                result = go_on(traffic, (), early, SETTINGS, load().trust).continuation
                if result is not None:
                    tally.innocent += result.accounts_checked
                    tally.false.update(kind[account.account_id] for account in result.accounts)


def per_100_000(tally: Tally) -> str:
    """False accounts per 100,000 innocents, with the 95 % interval (Clopper-Pearson 1934)."""
    false, n = sum(tally.false.values()), tally.innocent
    low = stats.beta.ppf(0.025, false, n - false + 1) if false else 0.0
    high = stats.beta.ppf(0.975, false + 1, n - false)
    return f"{1e5 * false / n:.0f} ({1e5 * low:.0f} to {1e5 * high:.0f})"


def row(name: str, tally: Tally) -> str:
    fresh = len(tally.exchanges) + tally.missed
    median, late = np.percentile(tally.exchanges, [50, 95]) if tally.exchanges else (float("nan"), float("nan"))
    within = sum(exchanges <= WITHIN for exchanges in tally.exchanges) / max(fresh, 1)
    recall = len(tally.exchanges) / max(fresh, 1)
    ids = f"{tally.kept} of {tally.found}"
    until = f"{median:.0f} | {late:.0f} | {within:.2f} | {recall:.2f}"
    return f"| {name} | {fresh} | {until} | {sum(tally.false.values())} of {tally.innocent:,} | {ids} |"


def main() -> None:
    seeds, scale = int(sys.argv[1]) if len(sys.argv) > 1 else 2, float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    lines = [
        "| log | fresh accounts | until named, median | 95 % | named within 3 | named | innocents named | ids kept |",
        "|---|---|---|---|---|---|---|---|",
    ]
    reports, everyone = list[tuple[KnownCampaign, ...]](), Tally()
    begin = int(sys.argv[3]) if len(sys.argv) > 3 else 101
    for case in cases(scale):
        tally = Tally()
        for seed in range(begin, begin + seeds):
            reports.append(judge(case, seed, tally))
        everyone.innocent += tally.innocent
        everyone.false.update(tally.false)
        lines.append(row(case.name, tally))
        print(lines[-1], flush=True)
    other = Tally()
    unseen(reports, seeds, other)
    closing = f"""
Innocents named per 100,000 fresh innocent accounts: {per_100_000(everyone)} in these logs (sources half A), by kind:
{dict(+everyone.false) or "none"}; {per_100_000(other)} in benign traffic of half B, every account of which was followed
against each of the {len(reports)} reports ({other.innocent:,} pairs of account and report),
by kind: {dict(+other.false) or "none"}.
Allowed by the setting: {1e5 * SETTINGS.continuing_false_fraction:.0f}. Machine: {os.cpu_count()} cores.
"""
    text = "\n".join([*lines, closing])
    print(text)
    OUT.write_text(f"# Replacement accounts\n\n`python lab/replacement.py {seeds} {scale:g} {begin}`\n\n{text}")


if __name__ == "__main__":
    main()
