"""A cluster of one master and two workers on this machine: does it give the embedded engine's answer, and how fast?

Usage: spark_cluster.py SCALE... [--days N] [--kill]. The `june` incident (325,000 accounts, all times SCALE) is
simulated, scanned by DuckDB and by Spark on the cluster; with --kill also while a worker, its executor included, is
killed in the middle of the first job after reading, whose rows it holds. Appends rows to lab/results/spark_cluster.md.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyspark
from pyspark import SparkContext

from stillwatch import pipeline
from stillwatch.settings import Settings
from stillwatch.types import Scan

OUT = Path(__file__).parent / "results/spark_cluster.md"
WORKERS, WORKER_MEMORY = 2, "2g"
EXECUTORS = {"spark.executor.memory": "1g", "spark.executor.cores": "1", "spark.ui.enabled": "false"}
KILL_AT = "profiles and traits"  # the first stage that reads what the executors hold
COLUMNS = (
    "exchanges", "accounts", "engine", "scan, s", "reading and sketching, s", "queries, s", "campaigns", "same answer",
)  # fmt: skip
HEAD = f"""# A cluster of one master and {WORKERS} workers

`python lab/spark_cluster.py SCALE...`: scenario `june`, {os.cpu_count()} cores for everything. Queries: all stages
after reading. Same answer: ids and members of campaigns, bits to a thousandth, rows and columns read, as with DuckDB.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: its URL, and its workers, each a process group of its own with its executors."""

    url: str
    workers: tuple["subprocess.Popen[bytes]", ...]

    def kill_one(self) -> None:
        """End a worker and its executor at once, without notice."""
        os.killpg(self.workers[0].pid, signal.SIGKILL)

    def kill_one_at_work(self) -> None:
        """The same as soon as both workers have a task in hand."""
        tracker = SparkContext.getOrCreate().statusTracker()  # sessions are known to their own thread alone
        while True:
            found = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if any(stage is not None and stage.numActiveTasks >= WORKERS for stage in found):
                self.kill_one()
                return
            time.sleep(0.01)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a master and workers, and end them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    master = _daemon("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0", log=folder)
    _wait_for(port)
    place = ("--host", "127.0.0.1", "--cores", "1", "--memory", WORKER_MEMORY, "--webui-port", "0")
    workers = tuple(
        _daemon("worker.Worker", url, *place, "--work-dir", str(folder / f"worker-{n}"), log=folder)
        for n in range(WORKERS)
    )
    try:
        yield Cluster(url, workers)
    finally:
        for process in (*workers, master):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _daemon(name: str, *arguments: str, log: Path) -> "subprocess.Popen[bytes]":
    home = Path(pyspark.__file__).parent
    command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
    with (log / "daemons.log").open("ab") as out:
        return subprocess.Popen(
            command, env=os.environ | {"SPARK_HOME": str(home)}, stdout=out, stderr=out, start_new_session=True
        )


def _wait_for(port: int, seconds: int = 120) -> None:
    for _ in range(seconds * 4):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.25)
    raise TimeoutError(f"no master listens on port {port}")


def scanned(log: Path, settings: Settings, out: Path, tell: Callable[[str], None]) -> Scan:
    """Scan a log, and show how long each stage took."""
    result = pipeline.scan(pipeline.Source((log / "exchanges",), log / "accounts.parquet"), settings, out, tell)
    print(settings.engine, json.dumps(dict(result.stage_seconds)), flush=True)
    return result


def on_cluster(running: Cluster, log: Path, out: Path, *, kill: bool) -> Scan:
    """Scan a log on the cluster; where asked, a worker dies on the way."""

    def tell(stage: str) -> None:
        if kill and stage == KILL_AT:
            threading.Thread(target=running.kill_one_at_work, daemon=True).start()

    settings = Settings(engine="spark", spark_master=running.url, spark_options=EXECUTORS)
    result = scanned(log, settings, out, tell)
    if kill and running.workers[0].poll() is None:
        raise RuntimeError("the worker outlived the scan that was to lose it")
    return result


def answer(result: Scan) -> Any:
    """What two engines must agree on."""
    campaigns = [
        (c.campaign_id, c.verdict, round(c.together_bits, 3), round(c.taking_bits, 3), c.taking_exchanges,
         sorted((m.account_id, round(m.bits, 3)) for m in c.members))
        for c in result.campaigns
    ]  # fmt: skip
    seen = result.coverage
    return campaigns, seen.rows_read, seen.rows_duplicated, seen.rows_quarantined, dict(seen.column_fraction)


def row(result: Scan, engine: str, seconds: float, *, same: bool) -> str:
    """One line of the table."""
    reading = result.stage_seconds["reading and sketching"]
    later = sum(result.stage_seconds.values()) - reading
    seen = result.coverage
    cells = (f"{seen.rows_read:,}", f"{seen.accounts:,}", engine, f"{seconds:.0f}", f"{reading:.0f}", f"{later:.0f}",
             str(len(result.campaigns)), "yes" if same else "NO")  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def measured(log: Path, work: Path, *, kill: bool) -> Iterator[str]:
    """Scan one log on both engines."""
    began = time.perf_counter()
    plain = scanned(log, Settings(), work / "plain", lambda _: None)
    yield row(plain, "DuckDB", time.perf_counter() - began, same=True)
    for killing in (False, True) if kill else (False,):
        with cluster(work) as running:
            began = time.perf_counter()
            result = on_cluster(running, log, work / f"spark-{killing}", kill=killing)
            name = "Spark, a worker killed" if killing else f"Spark, {WORKERS} workers"
            yield row(result, name, time.perf_counter() - began, same=answer(result) == answer(plain))
        shutil.rmtree(work / f"spark-{killing}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scales", type=float, nargs="+")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--kill", action="store_true")
    told = parser.parse_args()
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    if not OUT.exists():
        OUT.write_text(HEAD, encoding="utf-8")
    for scale in told.scales:
        with tempfile.TemporaryDirectory(prefix="spark-cluster-") as place:
            log = Path(place) / "log"
            pipeline.simulate("june", log, seed=1, scale=scale, days=told.days)
            for line in measured(log, Path(place), kill=told.kill):
                print(line, end="", flush=True)
                with OUT.open("a", encoding="utf-8") as table:
                    table.write(line)


if __name__ == "__main__":
    main()
