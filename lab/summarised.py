"""Accounts of a simulated log, taken in as a scan would take them in, and who really runs each of them.

In: a scenario, a seed, a half of the sources. Out: `Accounts` and one name an account. Read `learn_nulls.py` for nulls
and weights, `membership.py` for odds.
"""

import tempfile
from pathlib import Path

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


def summarised(scenario: Scenario, seed: int, sources: Sources) -> tuple[Accounts, npt.NDArray[np.str_]]:
    """Simulate a log and summarise its accounts; name the operator of each, "" for the innocent."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(settings) as engine:
        log = Path(folder) / "log"
        simulate(scenario, log, seed, load_pool(sources))
        intake = take_in(engine, Source((log / "exchanges",), log / "accounts.parquet"), settings)
        known = behaviour(engine, intake, settings)
        labels = pq.read_table(log / "labels" / "accounts.parquet").to_pydict()
    operator = dict(zip(labels["account_id"], labels["operator"], strict=True))
    return known.accounts, np.array([operator[account] or "" for account in known.profiles.ids.to_pylist()])
