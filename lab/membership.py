"""Are the odds of membership what they say? `python lab/membership.py [SEEDS]` (a minute a seed).

In: simulated logs of the benchmark's middle and of hard points of its axes. Out: lab/results/membership.md and
docs/images/membership.svg: of the accounts that are members with probability p, which share the operator really ran.
"""

import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from summarised import summarised
from target_plot import drawn

from stillwatch import together
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario, at, load_scenario
from stillwatch.together.membership import odds

ROOT = Path(__file__).parents[1]
POINTS: tuple[dict[str, str], ...] = (
    {},
    {"accounts": "300"},
    {"scaffold": "absent"},
    {"dilution": "80 %"},
    {"ramp": "a week"},
    {"card": "own"},
)
EDGES = (0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 1.0)
FIRST_SEED = 7001
SURE = 0.01  # accounts below this probability are nearly all, and nearly all innocent: shown apart


def weighed(scenario: Scenario, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Probabilities of all accounts of a log in each campaign found, and whether its operator ran them."""
    accounts, owner = summarised(scenario, seed, "B")
    rows = []
    for campaign in together.find(accounts, together.load(), Settings()).campaigns:
        members = np.zeros(len(owner), bool)
        members[campaign.rows] = True
        names, counts = np.unique(owner[members], return_counts=True)
        belongs = (owner == names[counts.argmax()]) & (owner != "")
        rows.append((1 / (1 + np.exp2(-odds(accounts, members, ~members))), belongs))
    return rows


def calibration_error(p: np.ndarray, true: np.ndarray) -> float:
    """Expected calibration error over ten equal bins (Naeini, Cooper & Hauskrecht 2015)."""
    place = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs(p[place == b].sum() - true[place == b].sum()) for b in range(10)) / len(p))


def page(p: np.ndarray, true: np.ndarray, campaigns: int, command: str) -> str:
    """The table, and the errors of all accounts and of those that are not surely innocent."""
    lines = ["| probability | accounts | mean | share of the operator's |", "|---|---|---|---|"]
    for low, high in pairwise(EDGES):
        rows = (p >= low) & ((p < high) | (high == 1))
        if rows.any():
            lines.append(f"| {low:g} to {high:g} | {rows.sum():,} | {p[rows].mean():.3f} | {true[rows].mean():.3f} |")
    some = p > SURE
    closing = (
        f"Expected calibration error: {calibration_error(p, true):.4f} over all accounts, "
        f"{calibration_error(p[some], true[some]):.4f} over the {some.sum():,} above {SURE:.0%}. "
        f"{campaigns} campaigns, sources B, {os.cpu_count()} cores."
    )
    return f"# Odds of membership\n\n`{command}`\n\n" + "\n".join([*lines, "", closing, ""])


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    base = load_scenario("bench")
    rows = [
        row
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
        for point in POINTS
        for row in weighed(at(base, point), seed)
    ]
    p, true = (np.concatenate(column) for column in zip(*rows, strict=True))
    text = page(p, true, len(rows), f"python lab/membership.py {seeds}")
    print(text)
    (ROOT / "lab/results/membership.md").write_text(text, encoding="utf-8")
    some = p > SURE
    title = f"{some.sum():,} accounts above {SURE:.0%}, expected calibration error {calibration_error(p, true):.4f}"
    drawing = drawn(p[some], true[some], title, ("probability of membership", "share of the operator's", "accounts"))
    (ROOT / "docs/images/membership.svg").write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
