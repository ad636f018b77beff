"""The course of a harvest: bits of release pivot, improving student and probing, on campaigns and on innocents.

Usage: course.py [SEEDS] [FIRST SEED]. Writes lab/results/course.md and prints it. Members of a campaign are those of
the labels, so that the tests are measured alone; sources of half B. Innocents: every customer of the same logs, each in
the campaign's place among the others.
"""

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import simulate
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.intake import Source, take_in
from stillwatch.settings import Release, Settings
from stillwatch.simulate import Scenario, Twin
from stillwatch.taking import answered_totals, course
from stillwatch.taking.course.pivot import judge_pivot
from stillwatch.taking.course.probing import judge_probing, phases
from stillwatch.taking.course.student import judge_student

GRADERS = "no campaign, 120 busy graders"
OUT = Path(__file__).parent / "results/course.md"
SETTINGS = Settings(threads=1)
LEVELS = (3, 4, 5, 6)
TWINS = ("release_benchmark", "nightly_evaluation", "drift_monitor", "evaluation", "migrated_workload", "company_seats")
AXES = {"pivot": "release pivot", "grading": "improving student", "probing": "probing before scaling"}


@dataclass(frozen=True)
class Counted:
    """One log's counts, the release, and what each customer is."""

    moves: pa.Table
    grading: pa.Table
    blocks: pa.Table
    lives: pa.Table
    release: Release
    last_second: int
    kinds: Mapping[str, str]


def counted(scenario: Scenario, seed: int) -> Counted:
    """Simulate a log and count it with the labelled operator as its campaign."""
    release = Release("atlas-2", scenario.start + timedelta(hours=scenario.release_hour))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        simulate.simulate(scenario, log, seed, simulate.load_pool("B", None))
        return counts_in(log, release, SETTINGS)


def counts_in(log: Path, release: Release, settings: Settings) -> Counted:
    """Count a simulated log with the accounts that its labels give an operator as its campaign."""
    with DuckDBEngine(settings) as engine:
        sketched = take_in(engine, Source((log / "exchanges",), log / "accounts.parquet"), settings).sketched
        labels = pq.read_table(log / "labels/accounts.parquet").to_pylist()
        keys = engine.run(sketched.group_by("account_key").agg(account_id=lambda t: t.account_id.min())).to_pylist()
        owner = {row["account_id"]: row["operator"] or "" for row in labels}
        members = [row["account_key"] for row in keys if owner[row["account_id"]]]
        table = pa.table({"campaign_id": pa.array(["campaign"] * len(members), pa.string()),
                          "account_key": pa.array(members, pa.int64())})  # fmt: skip
        everybody = engine.keep(
            course.customers(answered_totals(sketched), engine.adopt(table, "members")), "customers"
        )
        people = engine.keep(course.chosen(everybody), "chosen")
        kind = {row["account_id"]: row["kind"] for row in labels}
        joined = engine.run(sketched.inner_join(people, "account_key").group_by("customer").agg(
            account_id=lambda t: t.account_id.min())).to_pylist()  # fmt: skip
        return Counted(
            engine.run(course.release_counts(sketched, people, (release,))),
            engine.run(course.grading_days(sketched, people)),
            engine.run(course.block_counts(sketched, people)),
            engine.run(course.spans(people)),
            release,
            engine.run(everybody.aggregate(last=everybody.last_second.max()))["last"][0].as_py(),
            {row["customer"]: kind[row["account_id"]] for row in joined},
        )


def pivot_bits(log: Counted, hours: float, customer: str) -> float | None:
    """Bits of the pivot when the log ends so many hours after the release."""
    until = int(log.release.at.timestamp() + 3_600 * hours)
    found = judge_pivot(accusing(log.moves, customer), (log.release,), min(until, log.last_second), customer)
    return found[0] if found else None


def accusing(table: pa.Table, customer: str) -> pa.Table:
    """Put an innocent customer in the campaign's place; the campaign itself is ranked with nobody."""
    names = np.array(table["customer"].to_pylist(), object)
    there = np.array(table["accused"].to_pylist(), bool) | (names == customer)
    return table.set_column(table.schema.get_field_index("accused"), "accused", pa.array(there))


def campaign_bits(log: Counted) -> dict[str, float | None]:
    cuts = phases(log.blocks, log.lives)
    student, probing = judge_student(log.grading, "campaign"), judge_probing(cuts, "campaign")
    return {
        "pivot +2 h": pivot_bits(log, 2, "campaign"),
        "pivot +6 h": pivot_bits(log, 6, "campaign"),
        "pivot +24 h": pivot_bits(log, 24, "campaign"),
        "improving student": student[0] if student else None,
        "probing before scaling": probing[0] if probing else None,
    }


def innocent_bits(log: Counted) -> Iterator[tuple[str, str, float]]:
    """Test, kind and bits of every innocent customer that the test can look at."""
    cuts = phases(log.blocks, log.lives)
    for customer, kind in log.kinds.items():
        if customer == "campaign":
            continue
        for hours in (2, 24):
            bits = pivot_bits(log, hours, customer)
            if bits is not None:
                yield f"pivot +{hours} h", kind, bits
        student = judge_student(log.grading, customer)
        if student:
            yield "improving student", kind, student[0]
        if customer in cuts:
            alone = cuts | {customer: (True, cuts[customer][1])}
            probing = judge_probing(alone, customer)
            assert probing is not None
            yield "probing before scaling", kind, probing[0]


def scenarios() -> Iterator[tuple[str, Scenario]]:
    base = simulate.load_scenario("bench")
    for axis in AXES:
        for point in simulate.axis_of(axis).points:
            yield f"{axis}: {point.label}", simulate.at(base, {axis: point.label})
    for point in simulate.axis_of("pivot").points:
        yield f"pivot: {point.label}, ten times the size", simulate.at(base.scaled(10), {"pivot": point.label})
    yield GRADERS, graders(base)


def graders(base: Scenario) -> Scenario:
    """Only innocents, many of them busy graders: nightly evaluations and drift monitors."""
    kinds = ("nightly_evaluation", "drift_monitor", "release_benchmark")
    return replace(base, operators=(), exchanges=200_000, twins=tuple(Twin(kind, 40) for kind in kinds))


def cell(values: list[float | None]) -> str:
    seen = [value for value in values if value is not None]
    return f"{np.mean(seen):+.1f}" if seen else "-"


def innocent_row(test: str, kind: str, bits: list[float]) -> str:
    reached = " | ".join(f"{sum(b >= level for b in bits)}" for level in LEVELS)
    return f"| {test} | {kind} | {len(bits):,} | {reached} | {np.mean(np.exp2(bits)):.2f} |"


def main() -> None:
    seeds, first = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 2), (2, 401)))
    lines: list[str] = []
    everybody: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, scenario in scenarios():
        logs = [counted(scenario, seed) for seed in range(first, first + seeds)]
        rows = [campaign_bits(log) for log in logs]
        if not lines:
            lines += [f"| campaign | {' | '.join(rows[0])} |", "|---" * (1 + len(rows[0])) + "|"]
        if name != GRADERS:
            lines.append(f"| {name} | {' | '.join(cell([row[test] for row in rows]) for test in rows[0])} |")
            print(lines[-1], flush=True)
        if name in {"pivot: all", "grading: improving student", GRADERS}:
            for log in logs:
                for test, kind, bits in innocent_bits(log):
                    everybody[test, kind if kind in TWINS else "others"].append(bits)
                    everybody[test, "all"].append(bits)
    lines += ["", f"| test | innocent | customers | {' | '.join(f'b >= {n}' for n in LEVELS)} | mean 2^bits |"]
    lines += ["|---" * (4 + len(LEVELS)) + "|"]
    lines += [innocent_row(test, kind, bits) for (test, kind), bits in sorted(everybody.items())]
    closing = f"""
First table: mean bits over {seeds} seeds from {first}; "-": not evaluated. `pivot +2 h`: the log ends two hours after
the release. Second table: customers that the test could look at (organisations count once), and how many reached b
bits; of `all`, at most 2^-b may. Machine: {os.cpu_count()} cores.
"""
    text = "\n".join([*lines, closing])
    print(text)
    OUT.write_text(f"# The course of a harvest\n\n`python lab/course.py {seeds} {first}`\n\n{text}")


if __name__ == "__main__":
    main()
