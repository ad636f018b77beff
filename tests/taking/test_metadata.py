"""Without text: a harvest shows in the length of answers and in hours; its twins do not, and nobody is called more."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import MEMBERS, SKETCHED
from stillwatch.taking.answer import SILENT_TESTS, _judged
from stillwatch.taking.metadata import HOURS, QUIET_HOURS, Silent, silent, unit_hours

SEED = 11
Clock = dict[int, tuple[int, int]]
"""Exchanges and long answers by hour."""


def people(count: int, seed: int = SEED) -> list[Clock]:
    """Accounts that work some hours of the day; a tenth never rest, and mostly give short answers."""
    pick = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        size, awake = int(pick.lognormal(4.2, 0.8)) + 20, int(pick.integers(3, 16))
        hours = range(HOURS) if pick.random() < 0.1 else range(6, 6 + awake)
        share = pick.beta(2, 4) if len(hours) < HOURS else pick.beta(1, 9)
        each = pick.multinomial(size, np.full(len(hours), 1 / len(hours)))
        found.append({hour % HOURS: (int(n), int(n * share)) for hour, n in zip(hours, each, strict=True) if n})
    return found


def counted(campaign: Clock, strangers: list[Clock]) -> Silent:
    units = [("c", 0, campaign), *(("", key, clock) for key, clock in enumerate(strangers, 1))]
    rows = [
        {"campaign_id": name, "account_key": key, "hour": hour, "exchanges": n, "long": long, "sized": n}
        for name, key, clock in units
        for hour, (n, long) in clock.items()
    ]
    return silent(pa.Table.from_pylist(rows))


def answer(campaign: Clock, strangers: list[Clock]) -> str:
    return _judged(SILENT_TESTS, counted(campaign, strangers), 0, 1.0, Settings()).answer


def test_a_harvest_round_the_clock_for_long_answers_is_found() -> None:
    assert answer(dict.fromkeys(range(HOURS), (400, 300)), people(600)) == "yes"


@pytest.mark.parametrize(
    "twin",
    [
        pytest.param({3: (5_000, 4_500)}, id="a nightly batch of long answers"),
        pytest.param(dict.fromkeys(range(HOURS), (400, 0)), id="a service that never rests, with short answers"),
        pytest.param(dict.fromkeys(range(8, 18), (600, 400)), id="the seats of one country"),
        pytest.param(dict.fromkeys(range(HOURS), (2, 2)), id="few answers"),
    ],
)
def test_a_twin_is_spared(twin: Clock) -> None:
    assert answer(twin, people(600)) == "no"


def test_an_ordinary_account_is_seldom_taken_for_a_harvest() -> None:
    """At most one in twenty, as the settings allow."""
    everybody = people(700)
    found = sum(answer(everybody[at], everybody[:at] + everybody[at + 1 :]) == "yes" for at in range(0, 700, 7))
    assert found <= 5


def test_counts_are_those_of_a_plain_loop() -> None:
    pick = np.random.default_rng(SEED)
    rows: list[dict[str, Any]] = [
        {
            "account_key": int(pick.integers(1, 6)), "second": 1_770_000_000 + int(pick.integers(0, 10**6)),
            "output_tokens": int(pick.integers(0, 900)), "status": 200 if at % 9 else 500, "exchange_key": at,
        }
        for at in range(2_000)
    ]  # fmt: skip
    engine = DuckDBEngine(Settings())
    schema = arrow_schema(SKETCHED)
    sketched = engine.adopt(
        pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema), "s"
    )
    listed = [{"campaign_id": "c", "account_key": key, "bits": 1.0} for key in (1, 2)]
    members = engine.adopt(pa.Table.from_pylist(listed, arrow_schema(MEMBERS)), "m")
    found = silent(engine.run(unit_hours(sketched, members)))
    kept = [row for row in rows if row["status"] == 200]
    units = [[r for r in kept if r["account_key"] in keys] for keys in ({1, 2}, {3}, {4}, {5})]
    assert found.campaigns == ("c",)
    assert found.exchanges.tolist() == [len(unit) for unit in units]
    assert found.long.tolist() == [sum(r["output_tokens"] > 300 for r in unit) for unit in units]
    clocks = [Counter(r["second"] // 3600 % 24 for r in unit) for unit in units]
    assert found.quiet.tolist() == [sum(sorted(c[h] for h in range(HOURS))[:QUIET_HOURS]) for c in clocks]
