"""Are the odds of membership what they say? `python lab/membership.py [SEEDS] [metadata]` (a minute a seed).

In: simulated logs of the benchmark's middle and of hard points of its axes, with all that was said or without. Out:
lab/results/membership.md and docs/images/membership.svg, or membership_metadata.md: of the accounts that are members
with probability p, which share the operator really ran.
"""

import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from summarised import Read, summarised
from target_plot import drawn

from stillwatch import together
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario, at, load_scenario
from stillwatch.together import beside

ROOT = Path(__file__).parents[1]
POINTS: tuple[dict[str, str], ...] = (
    {},
    {"accounts": "300"},
    {"scaffold": "absent"},
    {"dilution": "80 %"},
    {"dilution": "95 %"},
    {"probing": "96 h"},
    {"ramp": "a week"},
    {"card": "own"},
)
EDGES = (0.0, 0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 1.0)
FIRST_SEED = 7001
SURE = 0.01  # accounts below this probability are nearly all, and nearly all innocent: shown apart


def weighed(scenario: Scenario, seed: int, read: Read) -> list[tuple[np.ndarray, np.ndarray]]:
    """Probabilities of a log's accounts in each campaign of an operator, and whether that operator ran them.

    Every account is up for the campaign that it is likeliest to belong to.
    """
    accounts, owner = summarised(scenario, seed, "B", read)
    rows = []
    found = together.find(accounts, together.load(), Settings())
    nearest, bits = found.tested.accounts["nearest"], found.tested.accounts["membership_bits"]
    for number, (campaign, taken) in enumerate(beside(found.campaigns, len(owner))):
        members = np.isin(np.arange(len(owner)), campaign.rows)
        names, counts = np.unique(owner[members], return_counts=True)
        operator = names[counts.argmax()]
        if operator:
            own = ~taken & (nearest == number)
            rows.append((1 / (1 + np.exp2(-bits[own])), (owner == operator)[own]))
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
    read: Read = "metadata" if sys.argv[2:] == ["metadata"] else "everything"
    base = load_scenario("bench")
    rows = [
        row
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
        for point in POINTS
        for row in weighed(at(base, point), seed, read)
    ]
    p, true = (np.concatenate(column) for column in zip(*rows, strict=True))
    command = " ".join(["python lab/membership.py", *sys.argv[1:]])
    text = page(p, true, len(rows), command)
    print(text)
    if read == "metadata":
        (ROOT / "lab/results/membership_metadata.md").write_text(text, encoding="utf-8")
        return
    (ROOT / "lab/results/membership.md").write_text(text, encoding="utf-8")
    some = p > SURE
    title = f"{some.sum():,} accounts above {SURE:.0%}, expected calibration error {calibration_error(p, true):.4f}"
    drawing = drawn(p[some], true[some], title, ("probability of membership", "share of the operator's", "accounts"))
    (ROOT / "docs/images/membership.svg").write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
