"""Learn what is normal from simulated benign traffic of half A of the prompts and clients, and ship it.

Writes src/stillwatch/together/nulls.json. Half B is kept for `honest_bits.py`. Takes SEEDS runs of the benign
scenario; prints how many groups each kind of trait was learnt from.
"""

import sys
import tempfile
from pathlib import Path

from stillwatch import together
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source, simulate
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.intake import take_in
from stillwatch.settings import Settings
from stillwatch.together import Accounts

SEEDS = range(1001, 1009)
SCALES = (1.0, 0.4)  # large and small providers in turn


def accounts(seed: int, scale: float) -> Accounts:
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(settings) as engine:
        log = Path(folder) / "log"
        simulate("benign", log, seed=seed, scale=scale, sources="A")
        source = Source((log / "exchanges",), log / "accounts.parquet")
        return behaviour(engine, take_in(engine, source, settings), settings).accounts


def main() -> None:
    references = []
    for number, seed in enumerate(SEEDS):
        references.append(accounts(seed, SCALES[number % len(SCALES)]))
        print(f"seed {seed}: {len(references[-1].exchanges):,} accounts", file=sys.stderr, flush=True)
    nulls = together.learn(references, Settings(), "simulated benign traffic, half A of prompts and clients")
    path = Path(__file__).parent.parent / "src/stillwatch/together/nulls.json"
    path.write_text(together.dump(nulls), encoding="utf-8")
    kinds = {kind: null.groups for kind, null in nulls.tests["volume"].items()}
    print("groups by kind of trait:", ", ".join(f"{kind} {groups:,}" for kind, groups in sorted(kinds.items())))


if __name__ == "__main__":
    main()
