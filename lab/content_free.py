"""Text, keyed sketches and metadata only, side by side on simulated logs: what each loses.

Usage: lab/content_free.py [OUT.md] [SCENARIO:SCALE:DAYS:SEED ...]. Keyed: epochs of seven days, two of overlap.

recall and precision count accusations, "linked" accounts in any campaign that is no organisation. Without prompts
lengths and times alone answer "taking?": a group that hides is at most called a relay, and no target is named.
"""

import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from summarised import without_content

from stillwatch import pipeline
from stillwatch.pipeline import Source
from stillwatch.pipeline.edge import open_ring, sketch_log
from stillwatch.settings import Settings
from stillwatch.types import Scan, Verdict


def line(name: str, log: Path, source: Path, out: Path) -> str:
    found = pipeline.scan(Source((source,), log / "accounts.parquet"), Settings(), out, lambda _: None)
    truth = pipeline.compare(log, out)
    operators = f"{sum(one.campaigns > 0 for one in truth.operators)} of {len(truth.operators)}"
    off = ", ".join(sorted({one.test for one in found.coverage.tests_off})) or "none"
    accused = f"{truth.recall_fraction:.3f} | {truth.precision_fraction:.3f}"
    return f"{name} | {operators} | {linked(found, log, out)} | {accused} | {off}"


def linked(found: Scan, log: Path, out: Path) -> str:
    named = {one.campaign_id for one in found.campaigns if one.verdict is not Verdict.ORGANISATION}
    members = pq.read_table(out / "members.parquet", columns=["campaign_id", "account_id"]).to_pylist()
    accounts = {row["account_id"] for row in members if row["campaign_id"] in named}
    labels = pq.read_table(log / "labels" / "accounts.parquet", columns=["account_id", "operator"]).to_pylist()
    true = {row["account_id"] for row in labels if row["operator"]}
    both = len(true & accounts)
    return f"{both / len(true):.3f}, {both / max(len(accounts), 1):.3f}"


def main(out: Path, logs: list[str]) -> None:
    lines = [
        "# Without content\n\n`lab/content_free.py`; linked, recall and precision by account.\n",
        "| log | run | operators accused | linked: recall, precision | recall | precision | tests off |",
        "|---|---|---|---|---|---|---|",
    ]
    for named in logs:
        scenario, scale, days, seed = named.split(":")
        told = f"{scenario}, scale {scale}, {days} days, seed {seed}"
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            log = folder / "log"
            pipeline.simulate(scenario, log, seed=int(seed), scale=float(scale), days=int(days))
            keyed = folder / "keyed.parquet"
            sketch_log(Source((log / "exchanges",)), open_ring(folder / "ring.json", 7, 2), keyed, Settings())
            bare = without_content(log, folder / "bare")
            for run, source in (("text", log / "exchanges"), ("keyed sketches", keyed), ("metadata only", bare)):
                lines.append(f"| {told} | {line(run, log, source, folder / 'scan')} |")
                print(lines[-1], flush=True)
                out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    given = sys.argv[1:] or ["lab/results/content_free.md"]
    main(Path(given[0]), given[1:] or ["february:0.01:12:5", "february:0.01:12:6", "june:0.01:6:5"])
