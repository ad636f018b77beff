"""Traffic to judge: sketched rows written by hand or drawn with a seed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import SKETCHED
from stillwatch.taking.answer import _rank
from stillwatch.taking.counts import Counts, Part
from stillwatch.taking.harvest import HarvestTest
from stillwatch.types import TARGETS

_DEFAULTS: Mapping[str, Any] = {
    "model": "atlas-1",
    "turn": 0,
    "input_tokens": 100,
    "output_tokens": 500,
    "status": 200,
    "has_text": True,
    "system_hash": 0,
    "task_hash": 1,
    "head_hash": 0,
    "tail_hash": 0,
    "any_hash_0": 0,
    "any_hash_1": 0,
    "any_hash_2": 0,
    "any_hash_3": 0,
    "target": 10,
    "target_fraction": 0.9,
    "elicits_reasoning": False,
    "judges": False,
}

Rows = Iterable[Mapping[str, Any]]


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(Settings()) as running:
        yield running


@pytest.fixture
def sketched_rows() -> Callable[[Rows], pa.Table]:
    """Fill what a test does not care about; the exchange key counts up."""

    def build(rows: Rows) -> pa.Table:
        filled = []
        for key, row in enumerate(rows):
            ids = {"exchange_key": key, "exchange_id": f"x{key}", "account_id": f"a{row['account_key']}"}
            full = {**_DEFAULTS, **ids, **row}
            filled.append({name: full.get(name) for name in SKETCHED.names})
        return pa.Table.from_pylist(filled, arrow_schema(SKETCHED))

    return build


@pytest.fixture
def member_rows() -> Callable[[Mapping[str, Iterable[int]]], pa.Table]:
    def build(campaigns: Mapping[str, Iterable[int]]) -> pa.Table:
        pairs = [(campaign, key) for campaign, keys in campaigns.items() for key in keys]
        return pa.table(
            {
                "campaign_id": pa.array([campaign for campaign, _ in pairs], pa.string()),
                "account_key": pa.array([key for _, key in pairs], pa.int64()),
                "bits": pa.array([9.0] * len(pairs), pa.float64()),
            }
        )

    return build


Unit = Mapping[str, float]


@pytest.fixture
def units() -> Callable[[Unit, Sequence[Unit]], Counts]:
    """Make counts of one campaign `c` and its strangers; what a unit does not say is 0, or follows from the rest."""

    def part(rows: Sequence[Unit], prefix: str) -> Part:
        names = ("exchanges", "tasks", "once", "single", "turned", "elicits", "judged")
        columns = {name: np.array([float(row.get(prefix + name, 0)) for row in rows]) for name in names}
        targets = np.array([[float(row.get(f"{prefix}target_{target}", 0)) for target in TARGETS] for row in rows])
        return Part(**columns, targets=targets)

    def build(campaign: Unit, strangers: Sequence[Unit]) -> Counts:
        rows = [campaign, *strangers]
        exchanges = np.array([float(row["exchanges"]) for row in rows])
        return Counts(
            campaigns=("c",),
            exchanges=exchanges,
            texted=np.array([float(row.get("texted", row["exchanges"])) for row in rows]),
            whole=part(rows, ""),
            stream=part(rows, "stream_"),
            modal_times=np.array([float(row.get("modal_times", 0)) for row in rows]),
            modal_exchanges=np.array([float(row.get("modal_exchanges", 0)) for row in rows]),
        )

    return build


@pytest.fixture
def p_and_words(units: Callable[[Unit, Sequence[Unit]], Counts]) -> Callable[..., tuple[float, str]]:
    """Give a campaign's p-value by one test, and the sentence about it."""

    def ranked(test: HarvestTest, campaign: Unit, strangers: Sequence[Unit]) -> tuple[float, str]:
        one = _rank(test, units(campaign, strangers), 0)
        return float(one.p[0]), one.sentence

    return ranked
