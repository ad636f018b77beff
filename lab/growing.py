"""Benign weeks that grow while they are looked at: what every group of strangers has at each look.

In: seeds, the half of the sources, nulls. Out: per week and look the sums of families' bits by group. One engine reads
several weeks side by side, and each is judged alone, as by a scan (`worlds`); a group is the same at two looks when it
shares the same values.
"""

import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from worlds import accounts_of_worlds

from stillwatch import together
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source
from stillwatch.pipeline.intake import Intake, take_in
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario, Sources, load_pool, load_scenario, simulate
from stillwatch.sketch import hash64
from stillwatch.together import Nulls
from stillwatch.types import Trait, TraitKind

WEEK = load_scenario("benign").scaled(0.2).over(7)  # smaller, and there are hardly any but innocent twins
SMALL_WEEK = load_scenario("benign").scaled(0.03).over(7)
HOURS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 168)
SETTINGS = Settings(threads=1)
Looks: TypeAlias = list[Mapping[tuple[Trait, ...], float]]
"""By look: the sum of each group of strangers."""


def weeks_from(first_seed: int, weeks: int, sources: Sources, nulls: Nulls, like: Scenario = WEEK) -> list[Looks]:
    """Look at so many weeks at every hour of HOURS."""
    looks: list[Looks] = [[] for _ in range(weeks)]
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(SETTINGS) as engine:
        intake, owner = _simulated(engine, Path(folder), range(first_seed, first_seed + weeks), sources, like)
        ends = [int((like.start + timedelta(hours=hour)).timestamp()) for hour in HOURS]
        for number, accounts in enumerate(accounts_of_worlds(engine, intake, owner, ends, SETTINGS)):
            looks[number % weeks].append(together.sums_of(accounts, nulls, SETTINGS))
    return looks


def most_of(looks: Looks) -> list[float]:
    """The most that each group ever reached.

    Parts by habit are cut anew at each look, so that a name stands for another part each time: only as many of the
    highest are counted as there are parts at one look.
    """
    ever: dict[tuple[Trait, ...], float] = {}
    for look in looks:
        for group, bits in look.items():
            ever[group] = max(ever.get(group, -np.inf), bits)
    most = [bits for group, bits in ever.items() if not group[0].kind.is_habit]
    for kind in (kind for kind in TraitKind if kind.is_habit):
        at_once = max(sum(group[0].kind == kind for group in look) for look in looks)
        most += sorted((bits for group, bits in ever.items() if group[0].kind == kind), reverse=True)[:at_once]
    return sorted(most, reverse=True)


def _simulated(
    engine: DuckDBEngine, folder: Path, seeds: range, sources: Sources, like: Scenario
) -> tuple[Intake, dict[int, int]]:
    """Write and take in the weeks side by side; the week of every account key."""
    pool, owner, declared = load_pool(sources), dict[int, int](), []
    for week, seed in enumerate(seeds):
        log = folder / str(week)
        simulate(like, log, seed, pool)
        declared.append(pq.read_table(log / "accounts.parquet"))
        owner |= dict.fromkeys(hash64(declared[-1]["account_id"].combine_chunks()).tolist(), week)
    whole = folder / "accounts.parquet"
    pq.write_table(pa.concat_tables(declared), whole)
    assert len(owner) == sum(map(len, declared)), "two weeks share an account"
    paths = tuple(folder / str(week) / "exchanges" for week in range(len(seeds)))
    return take_in(engine, Source(paths, whole), SETTINGS), owner
