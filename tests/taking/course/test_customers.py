"""Customers and what they did around a release, by day and by block, are what a plain count says."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.settings import Release
from stillwatch.taking.course.customers import (
    BLOCK_SECONDS,
    CUSTOMER_EXCHANGES,
    DAY_SECONDS,
    block_counts,
    chosen,
    customers,
    grading_days,
    release_counts,
    spans,
)
from stillwatch.taking.units import answered_totals

AT = datetime(2026, 1, 13, 8, tzinfo=UTC)
MOMENT = int(AT.timestamp())
Row = dict[str, Any]


@pytest.fixture
def tables(
    engine: DuckDBEngine,
    sketched_rows: Callable[[list[Row]], pa.Table],
    member_rows: Callable[[dict[str, list[int]]], pa.Table],
) -> Callable[[list[Row]], tuple[Any, Any]]:
    """Accounts 1 and 2 are campaign `c`."""

    def build(rows: list[Row]) -> tuple[Any, Any]:
        sketched = engine.adopt(sketched_rows(rows), "sketched")
        members = engine.adopt(member_rows({"c": [1, 2]}), "members")
        return sketched, engine.keep(customers(answered_totals(sketched), members), "customers")

    return build


def _asks(account: int, count: int, second: int = MOMENT, **more: Any) -> list[Row]:
    return [{"account_key": account, "second": second, **more} for _ in range(count)]


def test_a_customer_is_a_campaign_an_organisation_or_an_account(engine: DuckDBEngine, tables: Any) -> None:
    rows = [
        *_asks(1, 1, org_id="acme"),
        *_asks(2, 1),
        *_asks(3, 1, org_id="acme"),
        *_asks(4, 1, org_id="acme"),
        *_asks(5, 1),
    ]
    _, everybody = tables(rows)
    named = {row["account_key"]: row["customer"] for row in engine.run(everybody).to_pylist()}
    assert named == {1: "c", 2: "c", 3: "o:acme", 4: "o:acme", 5: "a:a5"}


def test_small_customers_are_left_out_and_small_campaigns_are_not(engine: DuckDBEngine, tables: Any) -> None:
    rows = [*_asks(1, 1), *_asks(5, CUSTOMER_EXCHANGES), *_asks(6, CUSTOMER_EXCHANGES - 1)]
    _, everybody = tables(rows)
    assert set(engine.run(chosen(everybody))["customer"].to_pylist()) == {"c", "a:a5"}


def test_exchanges_around_a_release_are_counted_to_the_second(engine: DuckDBEngine, tables: Any) -> None:
    new = {"model": "atlas-2-large"}
    rows = [
        *_asks(1, 3, MOMENT - 1),
        *_asks(1, 1, MOMENT - 1, **new),
        *_asks(2, 5, MOMENT, **new),
        *_asks(2, 2, MOMENT + 2 * 3_600 - 1),
        *_asks(2, 7, MOMENT + 2 * 3_600, **new),
        *_asks(2, 9, MOMENT + 24 * 3_600, **new),
        *_asks(2, 4, MOMENT, status=429, **new),
        *_asks(1, 6, MOMENT - 7 * DAY_SECONDS - 1),
    ]
    sketched, everybody = tables(rows)
    (row,) = engine.run(release_counts(sketched, everybody, [Release("atlas-2", AT)])).to_pylist()
    assert (row["customer"], row["before"], row["new_before"]) == ("c", 4, 1)
    assert (row["after_2"], row["new_2"], row["after_6"], row["new_6"]) == (7, 5, 14, 12)
    assert row["after_24"] == 14


def test_grading_prompts_are_added_up_by_day_and_opening_words(engine: DuckDBEngine, tables: Any) -> None:
    grades = {"judges": True, "head_hash": 7}
    rows = [
        *_asks(1, 2, 0, prompt_words=10, **grades),
        *_asks(2, 1, DAY_SECONDS - 1, prompt_words=40, **grades),
        *_asks(2, 1, DAY_SECONDS, prompt_words=9_999, **grades),
        *_asks(2, 5, 0, prompt_words=10),
    ]
    sketched, everybody = tables(rows)
    found = engine.run(grading_days(sketched, everybody)).sort_by("day").to_pylist()
    assert [(r["day"], r["head_hash"], r["prompts"], r["words"]) for r in found] == [(0, 7, 3, 60), (1, 7, 1, 2_000)]


def test_blocks_and_lives_are_those_of_the_customers_accounts(engine: DuckDBEngine, tables: Any) -> None:
    rows = [*_asks(1, 3, 0), *_asks(2, 2, BLOCK_SECONDS - 1), *_asks(2, 1, 3 * BLOCK_SECONDS)]
    sketched, everybody = tables(rows)
    blocks = engine.run(block_counts(sketched, everybody)).sort_by("block").to_pylist()
    assert [(row["block"], row["exchanges"]) for row in blocks] == [(0, 5), (3, 1)]
    lives = engine.run(spans(everybody)).sort_by("last").to_pylist()
    assert [(row["first"], row["last"], row["accounts"]) for row in lives] == [(0, 0, 1), (0, 3, 1)]
