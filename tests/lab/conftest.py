"""Small logs made by hand, and one that is simulated, for the tests of the lab."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from baselines.log import Log, make_log

from stillwatch.pipeline import simulate
from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS, EXCHANGES

START = datetime(2026, 1, 5, tzinfo=UTC)
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]
PHRASES = Path(__file__).parents[2] / "src/stillwatch/simulate/phrases.toml"
OF_CAMPAIGNS = ("operator", "chinese", "scripts", "clauses")
Row = dict[str, Any]
Maker = Callable[..., Log]


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.table([pa.array([row.get(f.name) for row in rows], f.type) for f in schema], names=schema.names)


@pytest.fixture(scope="session")
def log_of() -> Maker:
    """Rows to a log: every row needs `account_id` and `hour`, and may have any other column."""

    def make(exchanges: Sequence[Row], accounts: Sequence[Row] = ()) -> Log:
        rows = [
            {"exchange_id": f"x{n:06}", "model": "m", **row, "ts": START + timedelta(hours=row["hour"])}
            for n, row in enumerate(exchanges)
        ]
        known = {row["account_id"] for row in accounts}
        others = [{"account_id": name} for name in {row["account_id"]: 0 for row in rows} if name not in known]
        return make_log(table_of(rows, arrow_schema(EXCHANGES)), table_of([*accounts, *others], arrow_schema(ACCOUNTS)))

    return make


@pytest.fixture(scope="session")
def strangers() -> Callable[..., list[Row]]:
    """Exchanges of unrelated people: own words, own hours, own address and client."""

    def make(people: int, exchanges: int, seed: int, prefix: str = "p") -> list[Row]:
        draw = np.random.default_rng(seed)
        return [
            {
                "account_id": f"{prefix}{n:03}",
                "hour": float(draw.uniform(0, 240)),
                "prompt_text": " ".join(draw.choice(WORDS, 12)),
                "ip": f"10.{seed}.{n}.1",
                "user_agent": f"client/{seed}.{n}",
                "tls_fingerprint": f"t{seed}.{n}",
            }
            for n in range(people)
            for _ in range(exchanges)
        ]

    return make


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of a small demo log and of a benign reference from the other half of the sources."""
    place = tmp_path_factory.mktemp("baselines")
    simulate("demo", place / "log", scale=0.03, sources="B", seed=5)
    simulate("benign", place / "reference", scale=0.03, sources="A", seed=1)
    return place / "log", place / "reference"


@pytest.fixture(scope="session")
def texts_in() -> Callable[[Any], list[str]]:
    """Gives every text of a tree of tables and lists."""

    def walked(tree: Any) -> list[str]:
        if isinstance(tree, str):
            return [tree]
        return [text for branch in (tree.values() if isinstance(tree, dict) else tree) for text in walked(branch)]

    return walked


@pytest.fixture(scope="session")
def campaign_phrases(texts_in: Callable[[Any], list[str]]) -> list[str]:
    """What the simulator's campaigns say, choices left open."""
    phrases = tomllib.loads(PHRASES.read_text(encoding="utf-8"))
    return [text for name in OF_CAMPAIGNS for text in texts_in(phrases[name])]
