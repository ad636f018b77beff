"""The largest disclosed campaign at full structure over three days: is it found, whole, alone, and nobody else?

Usage: june.py SCALE VARIANT... [--seed N]. 25,000 accounts with own address and card, about 26 exchanges a day each,
among 300,000 benign accounts with all twins, all times SCALE. Each log is simulated from half B of all sources, scanned
in a process of its own, judged, and appended as a row to lab/results/june.md.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stillwatch import bench, pipeline
from stillwatch.pipeline.growing import without_labels
from stillwatch.settings import Settings

OUT = Path(__file__).parent / "results/june.md"
DAYS = 3
VARIANTS = {
    "fixed": {"scaffold": "fixed"},
    "paraphrased": {"scaffold": "paraphrased"},
    "bare": {"scaffold": "absent", "timing": "jittered"},
}
COLUMNS = (
    "scale", "variant", "seed", "exchanges", "accounts", "operator's", "precision", "recall", "campaigns", "largest",
    "innocents accused", "quiet", "scan, s", "peak, MiB",
)  # fmt: skip
SCAN = "--scan"  # marks the process that scans one log
HEAD = f"""# The largest disclosed campaign, over {DAYS} days

`python lab/june.py SCALE VARIANT...`: scenario `june` over {DAYS} days, sources B, {os.cpu_count()} cores. `fixed`: one
prompt in every request; `paraphrased`: 8 scaffolds in 24 wordings each; `bare`: no scaffold and jittered timing.
Campaigns: accused ones that hold an account of the operator. Largest: share of the operator's accounts in the largest
of them. Quiet: accounts of the operator in campaigns that are named but not accused, by verdict.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
"""


def scan(log: Path, out: Path) -> None:
    """Scan and print seconds and peak bytes."""
    began = time.perf_counter()
    source = pipeline.Source((log / "exchanges",), log / "accounts.parquet")
    pipeline.scan(source, Settings(), out, lambda _: None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(time.perf_counter() - began, peak)


def row(scale: float, variant: str, seed: int) -> str:
    """Simulate, scan and judge one log."""
    with tempfile.TemporaryDirectory(prefix="june-") as place:
        log, seen, out = Path(place) / "log", Path(place) / "seen", Path(place) / "out"
        pipeline.simulate("june", log, seed=seed, scale=scale, days=DAYS, places=VARIANTS[variant], sources="B")
        without_labels(log, seen)
        command = [sys.executable, __file__, SCAN, str(seen), str(out)]
        seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        truth = bench.read_truth(log)
        found = bench.read_found(out, truth.owner)
        judged = bench.judge(truth, [bench.Look(truth.moments(1)[-1], found)])
    held = [len(accounts & truth.guilty) for accounts in found.campaigns.values() if accounts & truth.guilty]
    quiet = ", ".join(f"{verdict} {len(ids & truth.guilty):,}" for verdict, ids in sorted(found.named.items()))
    by_kind = ", ".join(f"{kind} {count:,}" for kind, count in judged.innocents_by_kind.items())
    cells = (
        f"{scale:g}", variant, str(seed), f"{len(truth.exchanges):,}", f"{len(truth.owner):,}",
        f"{judged.accounts_true:,}", _fraction(judged.account_precision_fraction),
        _fraction(judged.account_recall_fraction), str(len(held)),
        _fraction(max(held, default=0) / judged.accounts_true), by_kind or "none", quiet or "none",
        f"{float(seconds):.0f}", f"{int(peak) / 2**20:,.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _fraction(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scale", type=float)
    parser.add_argument("variants", nargs="+", choices=VARIANTS)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    for variant in wanted.variants:
        line = row(wanted.scale, variant, wanted.seed)
        print(line, flush=True)
        before = OUT.read_text("utf-8") if OUT.exists() else HEAD
        OUT.write_text(f"{before}{line}\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == [SCAN]:
        scan(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
