"""What a scan of a log costs, and the least that anybody could do with the same bytes, in one run.

In: the folder of a simulated log. Out: `ScanCost` and `Limit`. Wall time on a machine that others use says little;
processor seconds are measured beside it.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "result": json.loads(done)}))
"""


@dataclass(frozen=True, slots=True)
class ScanCost:
    """One scan. stages: rows of `--profile`; campaigns: verdict and accounts of each."""

    exchanges: int
    accounts: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    stages: tuple[dict[str, Any], ...]
    campaigns: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """Seconds and processor seconds of a bare DuckDB scan, and of decoding the text and reading every byte of it."""

    duckdb: tuple[float, float]
    bytes: tuple[float, float]
    text_bytes: int


def scan_cost(log: Path, out: Path) -> ScanCost:
    """Run `stillwatch scan --profile --json` in a process of its own."""
    began = time.perf_counter()
    scan = [sys.executable, "-m", "stillwatch", "scan", str(log / "exchanges"), "--accounts"]
    command = [*scan, str(log / "accounts.parquet"), "--out", str(out), "--profile", "--json"]
    told = subprocess.run([sys.executable, "-c", _MEASURE, *command], check=True, capture_output=True, text=True)
    seconds, found = time.perf_counter() - began, json.loads(told.stdout)
    result = found["result"]
    stages = tuple(result["cost"]["stages"])
    return ScanCost(
        exchanges=result["cost"]["rows"],
        accounts=result["coverage"]["accounts"],
        seconds=seconds,
        cpu_seconds=found["cpu"],
        peak_bytes=max(stage["peak_bytes"] for stage in stages),
        stages=stages,
        campaigns=tuple((c["verdict"], c["accounts"]) for c in result["campaigns"]),
    )


def limit(log: Path) -> Limit:
    """Measure what no scan of these columns can undercut, on all cores."""
    files = str(log / "exchanges/*.parquet")
    asked = "count(*), count(distinct account_id), sum(length(prompt_text))"
    began = _now()
    duckdb.read_parquet(files).aggregate(asked).fetchall()
    scanned, began = _since(began), _now()
    size = 0
    for path in sorted((log / "exchanges").glob("*.parquet")):
        for chunk in pq.read_table(path, columns=["prompt_text"], use_threads=True)["prompt_text"].chunks:
            size += _bytes_read(chunk)
    return Limit(scanned, _since(began), size)


def _bytes_read(texts: pa.Array) -> int:
    """Look at every byte of an array of strings once; give how many there were."""
    raw = texts.buffers()[2]
    if raw is None:
        return 0
    letters = np.frombuffer(raw, np.uint8)
    return len(letters) if np.bitwise_xor.reduce(letters) >= 0 else 0


def _now() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def _since(began: tuple[float, float]) -> tuple[float, float]:
    now = _now()
    return now[0] - began[0], now[1] - began[1]
