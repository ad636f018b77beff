"""Which exchanges count as taken, and what for, is what a plain loop says."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import ibis
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.schemas import arrow_schema
from stillwatch.tables import MEMBERS as TABLE_OF_MEMBERS
from stillwatch.tables import SCAFFOLDS as TABLE_OF_SCAFFOLDS
from stillwatch.tables import SKETCHED
from stillwatch.taking.kinds import FEWEST_WORDED
from stillwatch.taking.taken import (
    SCAFFOLD_COLUMNS,
    marked,
    matched,
    member_counts,
    taken,
    taken_counts,
    target_counts,
    target_shares,
)
from stillwatch.types import TARGETS, Target

SEED = 7
MEMBERS = {"dense": [1, 2, 3], "sparse": [4, 5]}
SCAFFOLDS = [("dense", 1), ("dense", 2), ("dense", 3), ("dense", 4), ("sparse", 9)]
Row = dict[str, Any]
Take = Callable[[list[Row]], pa.Table]


@pytest.fixture
def take(
    engine: DuckDBEngine,
    sketched_rows: Callable[[list[Row]], pa.Table],
    member_rows: Callable[[dict[str, list[int]]], pa.Table],
) -> Take:
    def running(rows: list[Row]) -> pa.Table:
        values = {"campaign_id": [c for c, _ in SCAFFOLDS], "value": [v for _, v in SCAFFOLDS]}
        scaffolds = engine.adopt(pa.table(values), "scaffolds")
        sketched = engine.adopt(sketched_rows(rows), "sketched")
        members = engine.adopt(member_rows(MEMBERS), "members")
        rows = engine.keep(matched(sketched, members, scaffolds), "matched")
        return engine.run(taken(rows, marked(rows)))

    return running


def _draw(seed: int) -> list[Row]:
    pick = random.Random(seed)
    rows = []
    for _ in range(2_000):
        account = pick.randint(1, 7)
        words = [0, 1, 2, 3, 4, 5] if account <= 3 else [*range(9, 40)]
        hashes = {column: pick.choice([0, 0, *words]) for column in SCAFFOLD_COLUMNS}
        target = pick.choice([-1, *range(11)])
        rows.append(
            {
                "account_key": account,
                "target": hashes["head_hash"] % 11 if pick.random() < 0.7 else target,
                "target_fraction": pick.choice([0.3, 0.5, 0.9]),
                "turn": pick.choice([0, 1, None]),
                "status": pick.choice([200, None, 500]),
                **hashes,
            }
        )
    return rows


def _kind(row: Row) -> tuple[int, bool]:
    """The drawn rows differ in target and turn; everything else of a kind is the same."""
    return row["target"], row["turn"] in (0, None)


def _likely(mine: list[tuple[Row, Any]]) -> set[tuple[int, bool]]:
    """Kinds with at most twice as many bare exchanges to a worded one as the scarcest main kind has."""
    worded = Counter(_kind(row) for row, stream in mine if stream is not None)
    bare = Counter(_kind(row) for row, stream in mine if stream is None)
    lift = {kind: (bare[kind] + 1) / count for kind, count in worded.items()}
    least = min(lift[kind] for kind, count in worded.items() if 20 * count >= worded.total())
    return {kind for kind, value in lift.items() if value <= 2 * least}


def _expected(rows: list[Row]) -> set[tuple[str, int, int]]:
    found = []
    votes: dict[tuple[str, int, int], Counter[int]] = defaultdict(Counter)
    for key, row in enumerate(rows):
        for campaign, keys in MEMBERS.items():
            if row["account_key"] in keys and (row["status"] or 0) < 400:
                values = {v for c, v in SCAFFOLDS if c == campaign}
                carried = [(i, row[c]) for i, c in enumerate(SCAFFOLD_COLUMNS) if row[c] in values]
                found.append((campaign, key, row, carried[0] if carried else None))
                if carried and carried[0][0] < 6 and row["target"] >= 0:
                    votes[campaign, *carried[0]][row["target"]] += round(row["target_fraction"] * 1000)
    taken_rows = set()
    for campaign, key, row, stream in found:
        mine = [s for c, _, _, s in found if c == campaign]
        worded = sum(s is not None for s in mine)
        sparse = 5 * worded < len(mine) and worded < FEWEST_WORDED
        other = TARGETS.index(Target.OTHER)
        opening = row["turn"] in (0, None)
        likely = worded >= FEWEST_WORDED and _kind(row) in _likely([(r, s) for c, _, r, s in found if c == campaign])
        if stream or (row["target"] not in (-1, other) and (likely or (sparse and opening))):
            target = row["target"] if row["target"] >= 0 else other
            counted = votes[campaign, *stream] if stream else Counter()
            if counted and 5 * max(counted.values()) >= 3 * sum(counted.values()):
                target = max(sorted(counted), key=lambda t: counted[t])
            taken_rows.add((campaign, key, target))
    return taken_rows


def test_taken_exchanges_are_what_a_loop_finds(take: Take) -> None:
    rows = _draw(SEED)
    found = take(rows).to_pylist()
    assert {(r["campaign_id"], int(r["exchange_id"][1:]), r["target"]) for r in found} == _expected(rows), (
        f"seed {SEED}"
    )
    assert len(found) == len(_expected(rows)), "an exchange with several scaffolds counts once"


def test_an_exchange_with_the_campaigns_words_is_taken_and_its_twin_is_not(take: Take) -> None:
    rows = [{"account_key": 1, "head_hash": 1}, {"account_key": 1, "head_hash": 5}, {"account_key": 6, "head_hash": 1}]
    assert take(rows)["exchange_id"].to_pylist() == ["x0"]


def test_an_unanswered_request_takes_nothing(take: Take) -> None:
    rows = [{"account_key": 1, "head_hash": 1, "status": 429}, {"account_key": 1, "head_hash": 1}]
    assert take(rows)["exchange_id"].to_pylist() == ["x1"]


def test_without_common_words_opening_exchanges_that_aim_at_a_capability_are_taken(take: Take) -> None:
    coding, other = TARGETS.index(Target.CODING), TARGETS.index(Target.OTHER)
    rows = [
        {"account_key": 4, "target": coding, "turn": 0},
        {"account_key": 4, "target": coding, "turn": 3},
        {"account_key": 4, "target": other, "turn": 0},
    ]
    assert take(rows)["exchange_id"].to_pylist() == ["x0"]


def test_a_relays_customers_are_told_apart_from_a_harvest_that_lost_its_words(take: Take) -> None:
    """The words say what the harvest is like: of bare exchanges, those like it are taken, the customers' are not."""
    reasoning, coding = TARGETS.index(Target.REASONING), TARGETS.index(Target.CODING)
    harvest = {"account_key": 1, "target": reasoning, "elicits_reasoning": True, "prompt_chars": 600}
    also = {"account_key": 2, "target": coding, "prompt_chars": 600}
    customer = {"account_key": 3, "target": coding, "prompt_chars": 600}
    worded = [{**harvest, "head_hash": 1} for _ in range(80)] + [{**also, "head_hash": 2} for _ in range(40)]
    bare = [dict(harvest) for _ in range(20)] + [dict(customer) for _ in range(300)]
    keys = {int(row["exchange_id"][1:]) for row in take([*worded, *bare]).to_pylist()}
    assert keys == set(range(140)), "120 with words, 20 without"


def test_a_relay_whose_customers_ask_nothing_like_its_harvest_has_no_exchange_added(take: Take) -> None:
    reasoning, coding = TARGETS.index(Target.REASONING), TARGETS.index(Target.CODING)
    worded = [{"account_key": 1, "target": reasoning, "head_hash": 1} for _ in range(200)]
    bare = [{"account_key": 2, "target": coding} for _ in range(500)]
    assert len(take([*worded, *bare])) == 200


def test_one_odd_guess_does_not_split_a_stream_of_equal_words(take: Take) -> None:
    coding, grading = TARGETS.index(Target.CODING), TARGETS.index(Target.GRADING)
    rows = [{"account_key": 1, "head_hash": 1, "target": coding} for _ in range(9)]
    odd = {"account_key": 2, "head_hash": 1, "target": grading}
    assert set(take([*rows, odd])["target"].to_pylist()) == {coding}


def test_a_taken_exchange_says_its_words_and_how_sure_its_target_is(take: Take) -> None:
    """A stream is as sure as its vote; an exchange that no stream decides is as sure as the classifier."""
    coding, grading = TARGETS.index(Target.CODING), TARGETS.index(Target.GRADING)
    rows = [{"account_key": 1, "head_hash": 1, "target": coding, "target_fraction": 0.5} for _ in range(9)]
    odd = {"account_key": 2, "head_hash": 1, "target": grading, "target_fraction": 0.5}
    stream = take([*rows, odd])
    assert set(stream["scaffold"].to_pylist()) == {1}
    assert stream["target_fraction"].to_pylist() == pytest.approx([0.9] * 10)
    bare = take([{"account_key": 4, "target": coding, "turn": 0, "target_fraction": 0.75}]).to_pylist()
    assert [(row["scaffold"], row["target_fraction"]) for row in bare] == [(None, 0.75)]


def test_a_system_prompt_over_many_tasks_does_not_make_them_one(take: Take) -> None:
    coding, grading = TARGETS.index(Target.CODING), TARGETS.index(Target.GRADING)
    rows = [{"account_key": 1, "system_hash": 1, "target": coding} for _ in range(9)]
    odd = {"account_key": 2, "system_hash": 1, "target": grading}
    assert Counter(take([*rows, odd])["target"].to_pylist()) == {coding: 9, grading: 1}


def test_counts_by_target_and_member_add_up(engine: DuckDBEngine, take: Take) -> None:
    kept = engine.adopt(take(_draw(SEED + 1)), "taken")
    counted = taken_counts(kept)
    by_target, by_member = engine.run(target_counts(counted)), engine.run(member_counts(counted))
    total = engine.run(kept.aggregate(n=kept.count()))["n"].to_pylist()[0]
    assert sum(by_target["exchanges"].to_pylist()) == sum(by_member["taking_exchanges"].to_pylist()) == total > 0


def test_shares_are_sorted_and_noise_is_left_out() -> None:
    shares = target_shares({"coding": 100, "grading": 300, "vision_computer_use": 3})
    assert [(s.target, s.exchanges) for s in shares] == [(Target.GRADING, 300), (Target.CODING, 100)]
    assert shares[0].share_fraction == pytest.approx(300 / 403)


def test_the_expression_is_written_in_spark_sql_too() -> None:
    tables = [
        ibis.table(ibis.Schema.from_pyarrow(arrow_schema(table)), name=table.name)
        for table in (SKETCHED, TABLE_OF_MEMBERS, TABLE_OF_SCAFFOLDS)
    ]
    rows = matched(*tables)
    assert " OVER " not in ibis.to_sql(taken(rows, marked(rows)), dialect="databricks"), (
        "window functions sort the whole log"
    )
