"""The february drill in every format: the same simulated log as each format has it, scanned, compared with the truth.

Usage: lab/formats_drill.py [OUT.md] [SCALE] [DAYS] [SEED] [FORMAT ...]. With formats named, only their rows are made
again, and the others of OUT.md stay as they are. The accounts file is the same for every format; identity
stands in the log wherever the format has room for it. Processor seconds are those of the scan.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from formats.gateways import WRITERS
from formats.telemetry import DIALECTS, document

from stillwatch import pipeline
from stillwatch.settings import Settings

Row = Mapping[str, Any]
Result = dict[str, Any]
OWN = "Parquet, all columns"
BARE = "Parquet, only what envoy_ai_gateway has"
LOGGED = (
    "exchange_id", "ts", "account_id", "key_id", "org_id", "model", "ip", "user_agent", "tls_fingerprint",
    "input_tokens", "output_tokens", "latency_ms", "status",
)  # fmt: skip


def rows_of(log: Path) -> Iterator[Row]:
    for part in sorted((log / "exchanges").iterdir()):
        for batch in pq.ParquetFile(part).iter_batches(4096):
            yield from batch.to_pylist()


def writers() -> dict[str, Callable[[Row], list[dict[str, Any]]]]:
    return {**WRITERS, **{name: spans(name) for name in DIALECTS}}


def spans(dialect: str) -> Callable[[Row], list[dict[str, Any]]]:
    return lambda row: [document(row, DIALECTS[dialect](row))]


def drilled(log: Path, name: str, folder: Path) -> Result:
    """Write the log in a format, and scan what was written."""
    path, records = folder / f"{name}.jsonl", writers()[name]
    with path.open("w", encoding="utf-8") as file:
        for row in rows_of(log):
            file.writelines(json.dumps(record, ensure_ascii=False, default=str) + "\n" for record in records(row))
    found = scanned(log, path)
    path.unlink()
    return found


def bare(log: Path, folder: Path) -> Path:
    """The log with the columns of Envoy's access log: what differs then is the reader's fault, else the log's."""
    path = folder / "bare.parquet"
    parts = [pq.read_table(part, columns=list(LOGGED)) for part in sorted((log / "exchanges").iterdir())]
    pq.write_table(pa.concat_tables(parts), path)
    return path


def made(log: Path, name: str, folder: Path) -> Result:
    if name in (OWN, BARE):
        return scanned(log, log / "exchanges" if name == OWN else bare(log, folder))
    return drilled(log, name, folder)


def scanned(log: Path, source: Path) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        begin = time.process_time()
        accounts = log / "accounts.parquet"
        found = pipeline.scan(pipeline.Source((source,), accounts), Settings(), out, lambda _: None)
        seconds = time.process_time() - begin
        truth = pipeline.compare(log, out)
    coverage = found.coverage
    return {
        "rows": coverage.rows_read,
        "bad": coverage.rows_quarantined,
        "on": sorted(coverage.tests_on),
        "off": sorted({one.test for one in coverage.tests_off}),
        "recall": truth.recall_fraction,
        "precision": truth.precision_fraction,
        "operators": sum(one.campaigns > 0 for one in truth.operators),
        "of": len(truth.operators),
        "seconds": seconds,
    }


def earlier(out: Path) -> dict[str, str]:
    """Rows of an earlier table, by format."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return {line.split("|")[1].strip(): line for line in lines if line.startswith("| ") and "processor s" not in line}


def table(results: Mapping[str, Result], kept: Mapping[str, str]) -> str:
    lines = [
        "| format | rows | quarantined | operators found | recall | precision | tests on | tests off | processor s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in [*kept, *(name for name in results if name not in kept)]:
        if name not in results:
            lines.append(kept[name])
            continue
        r = results[name]
        off = ", ".join(r["off"]) or "none"
        lines.append(
            f"| {name} | {r['rows']:,} | {r['bad']:,} | {r['operators']} of {r['of']} | {r['recall']:.3f} "
            f"| {r['precision']:.3f} | {len(r['on'])} | {off} | {r['seconds']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main(out: Path, scale: float, days: int, seed: int, only: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        pipeline.simulate("february", log, seed=seed, scale=scale, days=days)
        results: dict[str, Result] = {}
        for name in only or [OWN, BARE, *writers()]:
            results[name] = made(log, name, Path(folder))
            print(name, results[name], flush=True)
    told = f"`lab/formats_drill.py`: february, scale {scale}, {days} days, seed {seed}."
    head = f"# The february drill in every format\n\n{told}\n\n"
    rows = table(results, earlier(out) if only else {})
    out.write_text(head + rows, encoding="utf-8")
    print(rows)


if __name__ == "__main__":
    given = [*sys.argv[1:], *("lab/results/formats_drill.md", "0.015", "8", "5")[len(sys.argv) - 1 :]]
    main(Path(given[0]), float(given[1]), int(given[2]), int(given[3]), given[4:])
