"""The demo at twenty seeds: is every operator found, whole, alone, and with the right targets?

Usage: demo_seeds.py [FIRST LAST]. Prints lab/results/demo_seeds.md and writes it. A run passes when the
three operators are one campaign each, account precision >= 0.99, recall >= 0.95, no innocent is accused, each
campaign's largest target is one of the operator's, all targets with a tenth of its exchanges are found with 5 % or
more, and no other target is found with 15 % or more.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from stillwatch.pipeline import Comparison, Source, compare, scan, simulate
from stillwatch.settings import Settings

LEAST_FOUND = 0.05  # share at which a true target counts as found
LARGE_FALSE = 0.15  # share from which a target that the operator does not have is an error
RESULTS = Path(__file__).parent / "results"


def run(seed: int) -> tuple[Comparison, float]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        began = time.perf_counter()
        simulate("demo", log, seed=seed)
        source = Source((log / "exchanges",), log / "accounts.parquet")
        scan(source, Settings(), Path(folder) / "out", lambda _: None)
        return compare(log, Path(folder) / "out"), time.perf_counter() - began


def targets_right(comparison: Comparison) -> bool:
    """Every true target of a tenth or more is found, the largest found one is true, no large one is false."""
    for row in comparison.operators:
        found, true = row.found_fractions, row.true_targets
        largest = next(iter(found), "")
        missed = [target for target in true if found.get(target, 0.0) < LEAST_FOUND]
        false = [target for target, fraction in found.items() if fraction >= LARGE_FALSE and target not in true]
        if largest not in true or missed or false:
            return False
    return True


def passes(comparison: Comparison) -> bool:
    whole = all(row.campaigns == 1 for row in comparison.operators) and len(comparison.operators) == 3
    exact = comparison.precision_fraction >= 0.99 and comparison.recall_fraction >= 0.95
    return whole and exact and not comparison.innocents and targets_right(comparison)


def line(seed: int, comparison: Comparison, seconds: float) -> str:
    campaigns = "/".join(str(row.campaigns) for row in comparison.operators)
    recalls = "/".join(f"{row.recall_fraction:.2f}" for row in comparison.operators)
    targets = "; ".join(_named(row.found_fractions) for row in comparison.operators)
    verdict = "yes" if passes(comparison) else "NO"
    return (
        f"| {seed} | {campaigns} | {recalls} | {comparison.precision_fraction:.3f} | {comparison.recall_fraction:.3f} "
        f"| {sum(comparison.innocents.values())} | {targets} | {seconds:.0f} | {verdict} |"
    )


def _named(fractions: dict[str, float]) -> str:
    shown = [f"{name} {fraction:.0%}" for name, fraction in fractions.items() if fraction >= LEAST_FOUND]
    return ", ".join(shown) or "none"


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
    (RESULTS / "demo_seeds.md").write_text(title + "\n".join([*lines, closing, ""]))


if __name__ == "__main__":
    main()
