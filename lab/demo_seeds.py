"""The demo at twenty seeds: is every operator found, whole, alone, and with the right targets?

Usage: demo_seeds.py [FIRST LAST]. Prints lab/results/demo_seeds_FIRST_LAST.md and writes it. A run passes when the
three operators are one campaign each, account precision >= 0.99, recall >= 0.95, no innocent is accused, each
campaign's largest target is one of the operator's, and half its targets of 10 % or more are found.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from stillwatch.pipeline import Comparison, Source, compare, scan, simulate
from stillwatch.settings import Settings

RESULTS = Path(__file__).parent / "results"


def run(seed: int) -> tuple[Comparison, float]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        began = time.perf_counter()
        simulate("demo", log, seed=seed)
        source = Source((log / "exchanges",), log / "accounts.parquet")
        result = scan(source, Settings(), Path(folder) / "out", lambda _: None)
        return compare(result, log / "labels"), time.perf_counter() - began


def targets_right(comparison: Comparison) -> bool:
    for row in comparison.operators:
        found, true = set(row.found_targets), set(row.true_targets)
        if not found or row.found_targets[0] not in true or 2 * len(found & true) < len(true):
            return False
    return True


def passes(comparison: Comparison) -> bool:
    whole = all(row.campaigns == 1 for row in comparison.operators) and len(comparison.operators) == 3
    exact = comparison.precision_fraction >= 0.99 and comparison.recall_fraction >= 0.95
    return whole and exact and not comparison.innocents and targets_right(comparison)


def line(seed: int, comparison: Comparison, seconds: float) -> str:
    campaigns = "/".join(str(row.campaigns) for row in comparison.operators)
    recalls = "/".join(f"{row.recall_fraction:.2f}" for row in comparison.operators)
    targets = "; ".join(", ".join(row.found_targets) or "none" for row in comparison.operators)
    verdict = "yes" if passes(comparison) else "NO"
    return (
        f"| {seed} | {campaigns} | {recalls} | {comparison.precision_fraction:.3f} | {comparison.recall_fraction:.3f} "
        f"| {sum(comparison.innocents.values())} | {targets} | {seconds:.0f} | {verdict} |"
    )


def main() -> None:
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 20)
    head = "| seed | campaigns A/B/C | recall A/B/C | precision | recall | innocents | targets found | s | passes |"
    lines, good = [head, "|---|---|---|---|---|---|---|---|---|"], 0
    print("\n".join(lines), flush=True)
    for seed in range(first, last + 1):
        comparison, seconds = run(seed)
        good += passes(comparison)
        lines.append(line(seed, comparison, seconds))
        print(lines[-1], flush=True)
    closing = f"\n{good} of {last - first + 1} runs pass. Machine: {os.cpu_count()} cores."
    print(closing)
    RESULTS.mkdir(exist_ok=True)
    title = f"# The demo at seeds {first} to {last}\n\n`python lab/demo_seeds.py {first} {last}`\n\n"
    (RESULTS / f"demo_seeds_{first}_{last}.md").write_text(title + "\n".join([*lines, closing, ""]))


if __name__ == "__main__":
    main()
