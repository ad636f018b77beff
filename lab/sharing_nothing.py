"""Operators whose accounts share nothing: own addresses and cards, mail and clients as customers have them, no words.

Usage: sharing_nothing.py [SEEDS]. Writes lab/results/sharing_nothing.md and prints it: of the operators' accounts, how
many are found with groups by habit, how many without, and how many innocents are accused.
"""

import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np
from learn_nulls import NOTHING
from summarised import summarised

from stillwatch import together
from stillwatch.settings import Settings
from stillwatch.simulate import at, load_scenario
from stillwatch.together import Accounts
from stillwatch.together.dispersion import Mask

OUT = Path(__file__).parent / "results/sharing_nothing.md"
POINTS: dict[str, dict[str, str]] = {
    "100 accounts": {},
    "jittered times": {"timing": "jittered"},
    "human times": {"timing": "human"},
    "replayed times": {"timing": "replayed"},
    "10 accounts": {"accounts": "10"},
    "30 accounts": {"accounts": "30"},
    "300 accounts": {"accounts": "300"},
    "1,000 accounts of six exchanges": {"accounts": "1000"},
    "half diluted": {"dilution": "50 %"},
    "95 % diluted": {"dilution": "95 %"},
    "ramp of a week": {"ramp": "a week"},
    "8 lives": {"replacement": "8 lives"},
}
FIRST_SEED = 8001


@dataclass(frozen=True)
class Counts:
    """Accounts: of the operators, in a campaign that is mostly theirs, innocent ones in any."""

    guilty: int
    found: int
    innocent: int


def counted(accounts: Accounts, guilty: Mask) -> Counts:
    campaigns = together.find(accounts, together.load(), Settings()).campaigns
    theirs = [int(guilty[one.rows].sum()) for one in campaigns]
    own = sum(inside for inside, one in zip(theirs, campaigns, strict=True) if 2 * inside >= len(one.rows))
    return Counts(int(guilty.sum()), own, sum(len(one.rows) for one in campaigns) - sum(theirs))


def measured(job: tuple[int, str]) -> tuple[Counts, Counts]:
    """Count a log with groups by habit, and without."""
    seed, name = job
    accounts, operators = summarised(at(load_scenario("bench"), NOTHING | POINTS[name]), seed, "B")
    whole = counted(accounts, operators != "")
    with patch.object(together, "habits", lambda _: iter(())):
        without = counted(accounts, operators != "")
    print(f"{name}, seed {seed}: {whole}", flush=True)
    return whole, without


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    jobs = list(product(range(FIRST_SEED, FIRST_SEED + seeds), POINTS))
    found: dict[str, list[tuple[Counts, Counts]]] = defaultdict(list)
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for (_, name), one in zip(jobs, workers.map(measured, jobs), strict=True):
            found[name].append(one)
    lines = [
        "| operator | accounts | found, by seed | mean | without groups by habit | innocents accused |",
        "|---|---|---|---|---|---|",
    ]
    for name, pairs in found.items():
        each = ", ".join(str(whole.found) for whole, _ in pairs)
        mean, before = (np.mean([pair[k].found / pair[k].guilty for pair in pairs]) for k in (0, 1))
        accounts, innocent = pairs[0][0].guilty, sum(whole.innocent for whole, _ in pairs)
        lines.append(f"| {name} | {accounts:,} | {each} | {mean:.2f} | {before:.2f} | {innocent} |")
    closing = f"\nSeeds {FIRST_SEED} to {FIRST_SEED + seeds - 1}. Machine: {os.cpu_count()} cores."
    text = "\n".join([*lines, closing, ""])
    print(text)
    OUT.write_text(f"# Operators whose accounts share nothing\n\n`python lab/sharing_nothing.py {seeds}`\n\n{text}")


if __name__ == "__main__":
    main()
