"""Traffic to judge: sketched rows written by hand or drawn with a seed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import SKETCHED

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
