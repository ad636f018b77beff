"""Relay: how well the distilling exchanges of accused accounts are told from their customers', against dilution.

Usage: relay.py [SEEDS] [FIRST SEED]. Writes lab/results/relay.md and prints it. The benchmark's middle at every point
of the dilution axis and three of the scaffold axis, sources of half B (nulls and weights were learnt on half A).

Precision and recall are by exchange, over the accounts of the operator that were found (`inside`): what a relay's owner
or an analyst sees. `of all` counts exchanges of accounts that were missed as missed, and of innocents as wrong. Probing
counts nowhere, as in the benchmark.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stillwatch import simulate
from stillwatch.bench.accuracy import listed_rows
from stillwatch.bench.found import read_found
from stillwatch.bench.truth import PROBE_KIND, Truth, read_truth
from stillwatch.pipeline import Source, scan
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario
from stillwatch.types import Member

OUT = Path(__file__).parent / "results/relay.md"
SETTINGS = Settings(threads=1)
SCAFFOLDS = ("rotated", "paraphrased", "put together")


@dataclass
class Tally:
    """Exchanges, summed over seeds. inside: of the operator's accounts that were accused."""

    inside_true: int = 0
    inside_listed: int = 0
    inside_right: int = 0
    true: int = 0
    listed: int = 0
    right: int = 0
    accounts: int = 0
    accused: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)


def judge(scenario: Scenario, seed: int, tally: Tally) -> None:
    """Simulate, scan and count."""
    with tempfile.TemporaryDirectory() as folder:
        log, out = Path(folder) / "log", Path(folder) / "out"
        simulate.simulate(scenario, log, seed, simulate.load_pool("B", None))
        result = scan(Source((log / "exchanges",), log / "accounts.parquet"), SETTINGS, out, lambda _: None)
        truth = read_truth(log)
        members = set(pq.read_table(out / "members.parquet", columns=["account_id"])["account_id"].to_pylist())
        tally.verdicts.update(str(c.verdict) for c in result.campaigns if _guilty(truth, c.members))
        count(truth, members, listed_rows(truth, read_found(out, truth.owner)), tally)


def _guilty(truth: Truth, members: Sequence[Member]) -> bool:
    return 2 * sum(m.account_id in truth.guilty for m in members) >= len(members)


def count(truth: Truth, members: set[str], listed: np.ndarray, tally: Tally) -> None:
    """Add one log: what was taken, what was listed as taken, of all and of the accounts found."""
    counted = truth.column("kind") != PROBE_KIND
    taken, listed = truth.taken(), listed & counted
    found = truth.guilty & members
    inside = np.isin(truth.column("account_id").astype(str), sorted(found)) if found else np.zeros(len(taken), bool)
    tally.inside_true += int((taken & inside).sum())
    tally.inside_listed += int((listed & inside).sum())
    tally.inside_right += int((taken & listed & inside).sum())
    tally.true += int(taken.sum())
    tally.listed += int(listed.sum())
    tally.right += int((taken & listed).sum())
    tally.accounts += len(truth.guilty)
    tally.accused += len(found)


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def row(name: str, tally: Tally) -> str:
    inside = f"{share(tally.inside_right, tally.inside_listed)} | {share(tally.inside_right, tally.inside_true)}"
    everything = f"{share(tally.right, tally.listed)} | {share(tally.right, tally.true)}"
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(tally.verdicts.items())) or "none"
    return f"| {name} | {share(tally.accused, tally.accounts)} | {inside} | {everything} | {verdicts} |"


def main() -> None:
    seeds, first = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 2), (2, 301)))
    base = simulate.load_scenario("bench")
    lines = [
        "| dilution, scaffold | found | inside: precision | recall | of all: precision | recall | verdicts |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for scaffold in SCAFFOLDS:
        for point in simulate.axis_of("dilution").points:
            tally = Tally()
            for seed in range(first, first + seeds):
                judge(simulate.at(base, {"dilution": point.label, "scaffold": scaffold}), seed, tally)
            lines.append(row(f"{point.label}, {scaffold}", tally))
            print(lines[-1], flush=True)
    closing = f"""
`inside`: exchanges of the operator's accounts that were found. `of all`: of the whole log, accused campaigns only.
Dilution: the share of the operator's exchanges that are unrelated customers'. {seeds} seeds from {first}, otherwise the
benchmark's middle (100 accounts, 6,000 exchanges in 14 days). Machine: {os.cpu_count()} cores.
"""
    OUT.write_text(f"# Relay\n\n`python lab/relay.py {seeds} {first}`\n\n" + "\n".join([*lines, closing]))


if __name__ == "__main__":
    main()
