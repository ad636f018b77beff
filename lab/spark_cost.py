"""What a scan on Spark costs by stage, in processor seconds and shuffled bytes, and what more exchanges would cost.

Usage: spark_cost.py [SCALE:DAYS ...]. Each `june` log is simulated, scanned on a cluster of one master and two workers
(spark_cluster.py) and dropped. Costs are fitted as `start + exchanges * a + accounts * b`, none below zero, every run
weighing alike. Rows are kept in lab/results/spark_cost.json; writes lab/results/spark_cost.md.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pyspark.sql import SparkSession
from scipy.optimize import nnls
from spark_cluster import EXECUTORS, KILL_AT, Cluster, cluster, scanned

from stillwatch import pipeline
from stillwatch.settings import Settings

OUT = Path(__file__).parent / "results/spark_cost.md"
ROWS = OUT.with_suffix(".json")
RUNS = ("0.01:3", "0.03:3", "0.1:3", "0.01:21", "0.03:10")
SHUFFLED = "internal.metrics.shuffle.write.bytesWritten"
TICKS = os.sysconf("SC_CLK_TCK")
MACHINE = f"""Scenario `june`, one master and two workers of one core each on a machine of {os.cpu_count()} cores that
others use as well: processor seconds are what counts.
"""
COLUMNS = (
    "exchanges", "accounts", "seconds", "executors, cpu s", "driver, cpu s", "shuffled, MB",
    "kept after reading, bytes an exchange", "driver's Python, MiB",
)  # fmt: skip
ASSUMED = """
Assumed: exchanges like those of `june` (prompts of about 450 characters); a cost that grows in proportion, far beyond
the runs above; executors as fast as this machine's cores; disks and a network that keep up with what is shuffled.
The driver's share runs on one core, so it is also its least time.
"""
MEASURES = ("executors", "driver", "shuffled")
HOURS_OF_A_CORE, MB, GB = 3600.0, 1e6, 1e9
WANTED = ((1_000_000_000, 3_000_000), (100_000_000_000, 30_000_000))  # exchanges and accounts to predict


@dataclass(slots=True)
class Run:
    """One scan. stages: by name, processor seconds of executors and driver, and bytes shuffled.

    driver_bytes: peak of the driver's Python; held_bytes: on the executors' disks after reading.
    """

    exchanges: int
    accounts: int
    seconds: float
    driver_bytes: int = 0
    held_bytes: int = 0
    stages: dict[str, list[float]] = field(default_factory=dict)


def sessions_seconds(leaders: Sequence[int]) -> float:
    """Processor seconds of all processes in the sessions that these lead, with their children that ended."""
    used = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) in leaders:
            used += sum(map(int, fields[11:15]))
    return used / TICKS


def machine_seconds() -> float:
    """Processor seconds of this process's Java machine, 0 once it has ended."""
    session = SparkSession.getActiveSession()
    if session is None:
        return 0.0
    machine = session.sparkContext._gateway.proc.pid  # noqa: SLF001 - Spark tells its process nowhere else
    fields = Path(f"/proc/{machine}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS


def held_bytes() -> int:
    """Bytes of kept tables on the executors' disks."""
    session = SparkSession.getActiveSession()
    if session is None:
        return 0
    return sum(int(kept.diskSize()) for kept in session.sparkContext._jsc.sc().getRDDStorageInfo())  # noqa: SLF001


@dataclass(slots=True)
class Meter:
    """What had been used when each stage began; `held`: what was kept after reading.

    Executors and the Java machine have ended before the report is written: then they have used what they had used.
    """

    running: Cluster
    held: int = 0
    workers: float = 0.0
    machine: float = 0.0
    marks: list[tuple[str, float, float, float]] = field(default_factory=list)

    def __call__(self, stage: str) -> None:
        """Note what was used so far."""
        if stage == KILL_AT:
            self.held = held_bytes()
        self.workers = max(self.workers, sessions_seconds([worker.pid for worker in self.running.workers]))
        self.machine = max(self.machine, machine_seconds())
        self.marks.append((stage, time.time(), self.workers, time.process_time() + self.machine))


def shuffled(log: Path) -> Iterator[tuple[float, int]]:
    """When each of Spark's own stages ended, and the bytes that it wrote for others."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["Event"] == "SparkListenerStageCompleted":
                told = event["Stage Info"]
                written = [a["Value"] for a in told.get("Accumulables", ()) if a["Name"] == SHUFFLED]
                yield told["Completion Time"] / 1000, sum(map(int, written))


def measured(scale: float, days: int) -> Run:
    """Simulate a log, scan it on a cluster, and drop it."""
    with tempfile.TemporaryDirectory(prefix="spark-cost-") as name:
        work = Path(name)
        pipeline.simulate("june", work / "log", seed=1, scale=scale, days=days)
        (work / "events").mkdir()
        with cluster(work) as running:
            options = EXECUTORS | {
                "spark.eventLog.enabled": "true", "spark.eventLog.dir": (work / "events").as_uri(),
                "spark.eventLog.rolling.enabled": "false", "spark.eventLog.compress": "false",
            }  # fmt: skip
            meter, began = Meter(running), time.perf_counter()
            settings = Settings(engine="spark", spark_master=running.url, spark_options=options)
            result = scanned(work / "log", settings, work / "out", meter)
            meter("end")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        run = Run(result.coverage.rows_read, result.coverage.accounts, time.perf_counter() - began, peak, meter.held)
        written = list(shuffled(next((work / "events").iterdir())))
        for (stage, start, workers, driver), (_, end, workers_end, driver_end) in zip(
            meter.marks, meter.marks[1:], strict=False
        ):
            bytes_written = sum(size for moment, size in written if start <= moment < end)
            run.stages[stage] = [workers_end - workers, driver_end - driver, float(bytes_written)]
        return run


def fitted(runs: Sequence[Run], values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Start, cost an exchange and cost an account, by least squares of relative errors, none negative."""
    by = np.array([[1.0, run.exchanges, run.accounts] for run in runs])
    weight = 1 / np.maximum(np.asarray(values), 1e-9 + max(values) * 1e-3)
    unit = by.max(axis=0)
    found, _ = nnls(by / unit * weight[:, None], np.asarray(values) * weight)
    return np.asarray(found / unit, np.float64)


def models(runs: Sequence[Run]) -> dict[tuple[str, str], npt.NDArray[np.float64]]:
    """The fit of every measure of every stage."""
    return {
        (stage, measure): fitted(runs, [run.stages[stage][at] for run in runs])
        for stage in runs[0].stages
        for at, measure in enumerate(MEASURES)
    }


def predicted(model: npt.NDArray[np.float64], exchanges: int, accounts: int) -> float:
    """What a fit says."""
    return float(model @ [1, exchanges, accounts])


def page(runs: Sequence[Run], names: Sequence[str]) -> str:
    """The measured runs, the fit, how far it is off, and what it says of more."""
    fits = models(runs)
    stages = list(runs[0].stages)
    lines = [
        f"# What a scan on Spark costs\n\n`python lab/spark_cost.py {' '.join(names)}`\n",
        MACHINE,
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
    ]
    for run in runs:
        sums = [sum(costs[at] for costs in run.stages.values()) for at in range(len(MEASURES))]
        lines.append(
            f"| {run.exchanges:,} | {run.accounts:,} | {run.seconds:,.0f} | {sums[0]:,.0f} | {sums[1]:,.0f} "
            f"| {sums[2] / MB:,.0f} | {run.held_bytes / run.exchanges:,.0f} | {run.driver_bytes / 2**20:,.0f} |"
        )
    lines += [
        "\n## Fitted\n",
        "| stage | what | start | a million exchanges | a million accounts |",
        "|---|---|---|---|---|",
    ]
    for (stage, measure), model in fits.items():
        unit = MB if measure == "shuffled" else 1.0
        told = f"{measure}, {'MB' if measure == 'shuffled' else 'cpu s'}"
        cells = " | ".join(f"{value / unit:,.1f}" for value in (model[0], model[1] * 1e6, model[2] * 1e6))
        lines.append(f"| {stage} | {told} | {cells} |")
    lines += ["", off(runs, fits, stages), "\n## Predicted\n", *prediction(fits, stages), ASSUMED]
    return "\n".join(lines)


def off(runs: Sequence[Run], fits: dict[tuple[str, str], npt.NDArray[np.float64]], stages: Sequence[str]) -> str:
    """How far the fit is from the runs it was made from."""
    worst = []
    for at, measure in enumerate(MEASURES[:2]):
        errors = []
        for run in runs:
            seen = sum(costs[at] for costs in run.stages.values())
            said = sum(predicted(fits[stage, measure], run.exchanges, run.accounts) for stage in stages)
            errors.append(abs(said / seen - 1))
        worst.append(f"{measure} {100 * max(errors):.0f} %")
    return f"Farthest from a run that it was fitted on, all stages together: {', '.join(worst)}."


def prediction(fits: dict[tuple[str, str], npt.NDArray[np.float64]], stages: Sequence[str]) -> Iterator[str]:
    """What the fit says of logs far beyond it."""
    yield "| exchanges | accounts | executors, core hours | driver, hours on one core | shuffled, GB |"
    yield "|---|---|---|---|---|"
    for exchanges, accounts in WANTED:
        workers, driver, size = (
            sum(predicted(fits[stage, measure], exchanges, accounts) for stage in stages) for measure in MEASURES
        )
        yield (
            f"| {exchanges:,} | {accounts:,} | {workers / HOURS_OF_A_CORE:,.1f} | {driver / HOURS_OF_A_CORE:,.1f} "
            f"| {size / GB:,.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="*", default=list(RUNS), metavar="SCALE:DAYS")
    asked = parser.parse_args()
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    kept: dict[str, Run] = {}
    if ROWS.exists():
        kept = {name: Run(**row) for name, row in json.loads(ROWS.read_text("utf-8")).items()}
    for name in (name for name in asked.runs if name not in kept):
        scale, _, days = name.partition(":")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:  # a process has one peak of memory
            kept[name] = process.submit(measured, float(scale), int(days)).result()
        ROWS.write_text(json.dumps({one: asdict(run) for one, run in kept.items()}, indent=1) + "\n", "utf-8")
        print(name, asdict(kept[name]), flush=True)
    OUT.write_text(page([kept[name] for name in asked.runs], asked.runs), "utf-8")


if __name__ == "__main__":
    main()
