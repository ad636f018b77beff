"""Accounts of a simulated log, taken in as a scan would take them in, and who really runs each of them.

In: a scenario, a seed, a half of the sources. Out: `Accounts` and one name an account. Read `learn_nulls.py` for nulls
and weights, `membership.py` for odds.
"""

import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.intake import take_in
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario, Sources, load_pool, simulate
from stillwatch.together import Accounts

Read: TypeAlias = Literal["everything", "metadata"]
CONTENT = ("prompt_text", "system_text", "reply_text", "tools", "tools_hash", "turn")


def without_content(log: Path, out: Path) -> Path:
    """Copy the exchanges of a log without whatever was said in them."""
    out.mkdir()
    for part in sorted((log / "exchanges").iterdir()):
        table = pq.read_table(part)
        pq.write_table(table.drop_columns([name for name in CONTENT if name in table.schema.names]), out / part.name)
    return out


def summarised(
    scenario: Scenario, seed: int, sources: Sources, read: Read = "everything"
) -> tuple[Accounts, npt.NDArray[np.str_]]:
    """Simulate a log and summarise its accounts; name the operator of each, "" for the innocent."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(settings) as engine:
        log = Path(folder) / "log"
        simulate(scenario, log, seed, load_pool(sources))
        exchanges = log / "exchanges" if read == "everything" else without_content(log, Path(folder) / "bare")
        intake = take_in(engine, Source((exchanges,), log / "accounts.parquet"), settings)
        known = behaviour(engine, intake, settings)
        labels = pq.read_table(log / "labels" / "accounts.parquet").to_pydict()
    operator = dict(zip(labels["account_id"], labels["operator"], strict=True))
    return known.accounts, np.array([operator[account] or "" for account in known.profiles.ids.to_pylist()])
