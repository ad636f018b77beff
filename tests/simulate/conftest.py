"""One small simulation of each kind, written once for all tests here."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.simulate import PromptPool, Scenario, Simulated, load_pool, load_scenario, simulate

SEED = 11
SCALE = 0.2


@dataclass(frozen=True)
class Log:
    """A simulation read back."""

    scenario: Scenario
    written: Simulated
    exchanges: pa.Table
    accounts: pa.Table
    account_labels: pa.Table
    exchange_labels: pa.Table


Make = Callable[[str], Log]


@pytest.fixture(scope="session")
def pool() -> PromptPool:
    return load_pool()


@pytest.fixture(scope="session")
def make(pool: PromptPool, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Simulate a shipped scenario at a fifth of its size (the small `bench` whole) and read it back, each once."""
    known: dict[str, Log] = {}

    def once(name: str) -> Log:
        if name not in known:
            scenario = load_scenario(name).scaled(1.0 if name == "bench" else SCALE)
            out = tmp_path_factory.mktemp(name) / "log"
            written = simulate(scenario, out, SEED, pool)
            parts = [pq.ParquetFile(path).read() for path in sorted(written.exchanges_path.iterdir())]
            labels = written.labels_path
            known[name] = Log(
                scenario,
                written,
                pa.concat_tables(parts),
                pq.ParquetFile(written.accounts_path).read(),
                pq.ParquetFile(labels / "accounts.parquet").read(),
                pq.ParquetFile(labels / "exchanges.parquet").read(),
            )
        return known[name]

    return once


@pytest.fixture(scope="session")
def demo(make: Make) -> Log:
    return make("demo")


@pytest.fixture(scope="session")
def benign(make: Make) -> Log:
    return make("benign")


@pytest.fixture(scope="session")
def bench(make: Make) -> Log:
    return make("bench")
