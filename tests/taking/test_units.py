"""What the expressions count on DuckDB is what a plain loop counts."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import ibis
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.schemas import arrow_schema
from stillwatch.tables import MEMBERS as TABLE_OF_MEMBERS
from stillwatch.tables import SKETCHED
from stillwatch.taking.units import (
    MOST_SAMPLES,
    SHORT_REPLY_TOKENS,
    STRANGER_EXCHANGES,
    STREAM_TASKS,
    TARGET_COLUMNS,
    answered_totals,
    compared,
    task_counts,
    unit_multiplicities,
    unit_parts,
    unit_totals,
)

SEED = 20261124
MEMBERS = {"c1": [1, 2, 3], "c2": [4, 5]}
Row = dict[str, Any]
Unit = tuple[str, int]


def _draw(seed: int, count: int = 3_000) -> list[Row]:
    """Draw exchanges whose task decides words, target and flags, as in a log."""
    pick = random.Random(seed)
    rows = []
    for _ in range(count):
        task = pick.choice([0, *range(1, 400)])
        rows.append(
            {
                "account_key": pick.randint(1, 12),
                "task_hash": task,
                "has_text": task != 0,
                "head_hash": task % 7,
                "tail_hash": task % 90,
                "target": task % 11 if task else -1,
                "elicits_reasoning": task % 3 == 1,
                "judges": task % 5 == 1,
                "turn": pick.choice([0, 0, 1, None]),
                "output_tokens": pick.choice([10, SHORT_REPLY_TOKENS, SHORT_REPLY_TOKENS + 1, None]),
                "status": pick.choice([200, 200, 200, 429, 500, None]),
            }
        )
    return rows


def _units(row: Row) -> list[Unit]:
    campaigns = [(name, 0) for name, keys in MEMBERS.items() if row["account_key"] in keys]
    return campaigns or [("", row["account_key"])]


def _answered(rows: list[Row]) -> Iterator[tuple[Unit, Row]]:
    for row in rows:
        if row["status"] is None or row["status"] < 400:
            for unit in _units(row):
                yield unit, row


def _expected_parts(rows: list[Row]) -> dict[tuple[str, int, str], Counter[str]]:
    tasks: dict[Unit, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for unit, row in _answered(rows):
        if row["task_hash"]:
            tasks[unit][row["task_hash"]].append(row)
    parts: dict[tuple[str, int, str], Counter[str]] = {}
    for unit, asked in tasks.items():
        for part in ("whole", "head", "tail"):
            streams: dict[int, list[list[Row]]] = defaultdict(list)
            for same in asked.values():
                streams[same[0][f"{part}_hash"] if part != "whole" else -1].append(same)
            kept = [s for value, s in streams.items() if part == "whole" or (value and len(s) >= STREAM_TASKS)]
            if kept:
                parts[*unit, part] = _sums([same for stream in kept for same in stream])
    return parts


def _sums(tasks: list[list[Row]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for same in tasks:
        sums["tasks"] += 1
        sums["once"] += len(same) == 1
        for row in same:
            short = row["output_tokens"] is None or row["output_tokens"] <= SHORT_REPLY_TOKENS
            sums["exchanges"] += 1
            sums["single"] += row["turn"] == 0
            sums["turned"] += row["turn"] is not None
            sums["elicits"] += row["elicits_reasoning"]
            sums["judged"] += row["judges"] and short
            sums[TARGET_COLUMNS[row["target"]]] += 1
    return sums


@pytest.fixture
def run(
    engine: DuckDBEngine,
    sketched_rows: Callable[[list[Row]], pa.Table],
    member_rows: Callable[[dict[str, list[int]]], pa.Table],
) -> Callable[[list[Row]], tuple[pa.Table, pa.Table, pa.Table]]:
    def running(rows: list[Row]) -> tuple[pa.Table, pa.Table, pa.Table]:
        sketched = engine.adopt(sketched_rows(rows), "sketched")
        members = engine.adopt(member_rows(MEMBERS), "members")
        tasks = engine.keep(task_counts(sketched, members), "tasks")
        expressions = (unit_totals(answered_totals(sketched), members), unit_parts(tasks), unit_multiplicities(tasks))
        totals, parts, multiplicities = (engine.run(expression) for expression in expressions)
        return totals, parts, multiplicities

    return running


def test_parts_are_what_a_loop_counts(run: Callable[[list[Row]], tuple[pa.Table, ...]]) -> None:
    rows = _draw(SEED)
    expected = _expected_parts(rows)
    found = {
        (r["campaign_id"], r["account_key"], r["part"]): Counter(
            {k: v for k, v in r.items() if k not in ("campaign_id", "account_key", "part")}
        )
        for r in run(rows)[1].to_pylist()
    }
    assert found == expected, f"seed {SEED}"


def test_totals_are_what_a_loop_counts(run: Callable[[list[Row]], tuple[pa.Table, ...]]) -> None:
    rows = _draw(SEED + 1)
    expected: dict[Unit, list[int]] = defaultdict(lambda: [0, 0])
    for unit, row in _answered(rows):
        expected[unit][0] += 1
        expected[unit][1] += row["has_text"] and row["task_hash"] != 0
    found = {(r["campaign_id"], r["account_key"]): [r["exchanges"], r["texted"]] for r in run(rows)[0].to_pylist()}
    assert found == expected, f"seed {SEED + 1}"


def test_multiplicities_are_what_a_loop_counts(run: Callable[[list[Row]], tuple[pa.Table, ...]]) -> None:
    rows = _draw(SEED + 2)
    asked = Counter((unit, row["task_hash"]) for unit, row in _answered(rows) if row["task_hash"])
    expected = Counter((*unit, times) for (unit, _), times in asked.items() if 2 <= times <= MOST_SAMPLES)
    found = {(r["campaign_id"], r["account_key"], r["times"]): r["tasks"] for r in run(rows)[2].to_pylist()}
    assert found == expected, f"seed {SEED + 2}"


def test_an_account_of_two_campaigns_counts_in_both(
    engine: DuckDBEngine,
    sketched_rows: Callable[[list[Row]], pa.Table],
    member_rows: Callable[[dict[str, list[int]]], pa.Table],
) -> None:
    sketched = engine.adopt(sketched_rows([{"account_key": 1}]), "sketched")
    members = engine.adopt(member_rows({"c1": [1], "c2": [1]}), "members")
    rows = engine.run(unit_totals(answered_totals(sketched), members)).to_pylist()
    assert sorted((r["campaign_id"], r["exchanges"]) for r in rows) == [("c1", 1), ("c2", 1)]


def test_strangers_with_too_few_exchanges_are_not_compared_with(
    engine: DuckDBEngine,
    sketched_rows: Callable[[list[Row]], pa.Table],
    member_rows: Callable[[dict[str, list[int]]], pa.Table],
) -> None:
    asked = {1: 1, 8: STRANGER_EXCHANGES, 9: STRANGER_EXCHANGES - 1, -7: STRANGER_EXCHANGES}
    rows = [{"account_key": key, "has_text": True, "task_hash": 5} for key, n in asked.items() for _ in range(n)]
    rows += [{"account_key": 9, "has_text": True, "task_hash": 0}, {"account_key": 9, "status": 500}]
    sketched = engine.adopt(sketched_rows(rows), "sketched")
    members = engine.adopt(member_rows(MEMBERS), "members")
    found = engine.run(compared(answered_totals(sketched), members))["account_key"].to_pylist()
    assert sorted(found) == [-7, 1, 2, 3, 4, 5, 8]


def test_the_expressions_are_written_in_spark_sql_too() -> None:
    sketched = ibis.table(ibis.Schema.from_pyarrow(arrow_schema(SKETCHED)), name="sketched")
    members = ibis.table(ibis.Schema.from_pyarrow(arrow_schema(TABLE_OF_MEMBERS)), name="members")
    tasks = task_counts(sketched, members)
    for expression in (
        compared(answered_totals(sketched), members),
        unit_totals(answered_totals(sketched), members),
        tasks,
        unit_parts(tasks),
        unit_multiplicities(tasks),
    ):
        assert " OVER " not in ibis.to_sql(expression, dialect="databricks"), "window functions sort the whole log"
