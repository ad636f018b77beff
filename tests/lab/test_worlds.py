"""Growing weeks are read side by side, and each look at each of them is what a scan of that week alone is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import growing
import numpy as np
from growing import SETTINGS, SMALL_WEEK
from worlds import accounts_of_worlds

from stillwatch import together
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.intake import take_in
from stillwatch.together import Accounts

SEEDS = range(90_001, 90_003)
ENDS = [int((SMALL_WEEK.start + timedelta(hours=hour)).timestamp()) for hour in (3, 60)]


def looked_at_alone(log: Path) -> list[Accounts]:
    with DuckDBEngine(SETTINGS) as engine:
        intake = take_in(engine, Source((log / "exchanges",), log / "accounts.parquet"), SETTINGS)
        rows = intake.sketched
        cuts = [replace(intake, sketched=rows.filter(rows.second < end)) for end in ENDS]
        return [behaviour(engine, cut, SETTINGS, f"_{place}").accounts for place, cut in enumerate(cuts)]


def test_each_look_at_one_of_several_weeks_sees_what_a_scan_of_that_week_alone_sees(tmp_path: Path) -> None:
    with DuckDBEngine(SETTINGS) as engine:
        intake, owner = growing._simulated(engine, tmp_path, SEEDS, "B", SMALL_WEEK)
        worlds = list(accounts_of_worlds(engine, intake, owner, ENDS, SETTINGS))
    nulls = together.load()
    for week in range(len(SEEDS)):
        for look, alone in enumerate(looked_at_alone(tmp_path / str(week))):
            beside = worlds[look * len(SEEDS) + week]
            assert alone.exchanges.tolist() == beside.exchanges.tolist(), f"week {SEEDS[week]}, look {look}"
            for kind, part in alone.shown.items():
                assert part.values.to_pylist() == beside.shown[kind].values.to_pylist(), f"{kind}, week {SEEDS[week]}"
                assert np.array_equal(part.codes, beside.shown[kind].codes)
                assert np.array_equal(part.rows, beside.shown[kind].rows)
            expected, actual = (together.sums_of(one, nulls, SETTINGS) for one in (alone, beside))
            assert expected == actual, f"week {SEEDS[week]}, look {look}"
            assert look == 0 or len(actual) > 20
