"""Learn what is normal from simulated benign traffic of half A of the prompts and clients, and ship it.

Writes src/stillwatch/together/nulls.json. Half B is kept for `honest_bits.py`. Runs the benign scenario at several
sizes and lengths, since a scan may see a day or a quarter; prints how many groups each kind of trait was learnt from.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from stillwatch import together
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.intake import take_in
from stillwatch.settings import Settings
from stillwatch.simulate import Scenario, Sources, load_pool, load_scenario, simulate
from stillwatch.together import Accounts

FIRST_SEED = 1001
LOGS = ((14, 1.0), (3, 1.0), (14, 0.4), (7, 0.4), (14, 1.0), (3, 0.4), (14, 1.0), (7, 1.0), (28, 0.4), (14, 0.4))
"""Days, and how large the provider is: a scale of 1 has 5,736 accounts."""


def accounts(seed: int, days: int, scale: float, sources: Sources) -> Accounts:
    """Simulate benign traffic of so many days and summarise its accounts."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(settings) as engine:
        log = Path(folder) / "log"
        simulate(shortened(load_scenario("benign").scaled(scale), days), log, seed, load_pool(sources))
        source = Source((log / "exchanges",), log / "accounts.parquet")
        return behaviour(engine, take_in(engine, source, settings), settings).accounts


def shortened(scenario: Scenario, days: int) -> Scenario:
    """Cut or stretch the window of a scenario; the pace of its customers stays."""
    part = days / scenario.days
    outage = scenario.outage_hours and (scenario.outage_hours[0] * part, scenario.outage_hours[0] * part + 1.2)
    return replace(
        scenario,
        days=days,
        exchanges=max(scenario.accounts, round(scenario.exchanges * part)),
        release_hour=scenario.release_hour * part,
        outage_hours=outage,
    )


def main() -> None:
    references = []
    for seed, (days, scale) in enumerate(LOGS, FIRST_SEED):
        references.append(accounts(seed, days, scale, "A"))
        print(f"seed {seed}, {days} days: {len(references[-1].exchanges):,} accounts", file=sys.stderr, flush=True)
    nulls = together.learn(references, Settings(), "simulated benign traffic, half A of prompts and clients")
    path = Path(__file__).parent.parent / "src/stillwatch/together/nulls.json"
    path.write_text(together.dump(nulls), encoding="utf-8")
    kinds = {kind: null.groups for kind, null in nulls.tests["volume"].items()}
    print("groups by kind of trait:", ", ".join(f"{kind} {groups:,}" for kind, groups in sorted(kinds.items())))


if __name__ == "__main__":
    main()
