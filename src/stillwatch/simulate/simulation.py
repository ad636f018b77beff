"""Runs a scenario: draw the accounts, shuffle them, draw their exchanges block by block, write them in order of time.

In: scenario, output folder, seed, pool. Out: `Simulated`. READ FIRST in this folder, after `scenario`.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.simulate import arrivals, compose
from stillwatch.simulate.layout import Accounts, Rng
from stillwatch.simulate.library import load_library
from stillwatch.simulate.network import AddressPool, load_network
from stillwatch.simulate.operators import draw_operator
from stillwatch.simulate.pool import PromptPool
from stillwatch.simulate.population import ordinary
from stillwatch.simulate.scenario import Scenario
from stillwatch.simulate.tally import OperatorTally, write_operators
from stillwatch.simulate.twins import draw_twins
from stillwatch.simulate.words import words_of
from stillwatch.simulate.world import World, add_rhythms
from stillwatch.simulate.writer import Spill, write_accounts, write_exchanges

BLOCK_EXCHANGES = 60_000
BLOCK_ACCOUNTS = 1_500
LARGEST_FRACTION = 0.01  # of all benign exchanges: no single customer is more


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was written: paths to hand to a scan, and counts."""

    exchanges_path: Path
    accounts_path: Path
    labels_path: Path
    exchanges: int
    accounts: int
    campaign_accounts: int


def simulate(scenario: Scenario, out: Path, seed: int, pool: PromptPool) -> Simulated:
    """Write the scenario's exchanges, accounts and labels under `out`; one seed gives the same bytes every time.

    Raises:  UsageError: `out` is a file, or already holds exchanges.
    """
    _check(out)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)]
    world = _world(scenario, pool, streams[0])
    accounts = _accounts(world, streams[1])
    rows_seed, ids, replies = streams[2], streams[3], streams[4]
    words = words_of(world, accounts, ids)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="simulate-", dir=out) as folder:
        spill = Spill(Path(folder), scenario.days)
        rhythms = np.array(world.library.rhythms)
        for first, last in _blocks(accounts):
            rows = arrivals.rows_of(accounts[first:last], first, rhythms, scenario.outage_hours, rows_seed)
            compose.fill(rows, accounts, world.library, pool.runs, rows_seed)
            spill.add(rows)
        tally = OperatorTally.of(accounts)
        written = write_exchanges(tally.watched(spill.drain()), words, out, replies)
    write_accounts(words, out, ids)
    write_operators(tally, scenario, out)
    _describe(scenario, seed, pool, out, written)
    return Simulated(
        out / "exchanges",
        out / "accounts.parquet",
        out / "labels",
        written,
        len(accounts),
        int((accounts["operator"] > 0).sum()),
    )


def _check(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give a folder")
    if (out / "exchanges").exists():
        raise UsageError(f"{out / 'exchanges'} exists; give an empty folder, so that two simulations are not mixed")


def _world(scenario: Scenario, pool: PromptPool, rng: Rng) -> World:
    library = load_library(pool.sources, rng)
    runs = add_rhythms(library, pool, rng, scenario.days * 24)
    return World(scenario, pool, library, load_network(pool.networks), AddressPool(), rng, runs)


def _accounts(world: World, rng: Rng) -> Accounts:
    """Draw everybody and shuffle, so that no order carries a label."""
    scenario = world.scenario
    twins = draw_twins(world, scenario.twins)
    rest = max(0, scenario.accounts - sum(len(group) for group in twins))
    innocent = np.concatenate([*twins, *ordinary(world, rest)])
    innocent["exchanges"] = _to_total(innocent, scenario.exchanges)
    campaigns = [draw_operator(world, operator, number) for number, operator in enumerate(scenario.operators, 1)]
    everybody = np.concatenate([innocent, *campaigns])
    everybody["start"] = np.clip(everybody["start"], 0, world.hours - 1.0)
    everybody["end"] = np.clip(everybody["end"], everybody["start"] + 0.5, world.hours)
    return everybody[rng.permutation(len(everybody))]


def _to_total(accounts: Accounts, total: int) -> NDArray[np.int64]:
    """Scale volumes to a total; everybody asks at least once, nobody asks more than a hundredth of it all."""
    volume = accounts["exchanges"].astype(np.float64)
    for _ in range(20):
        volume = np.clip(volume * total / volume.sum(), 1.0, max(2.0, LARGEST_FRACTION * total))
    return np.round(volume).astype(np.int64)


def _blocks(accounts: Accounts) -> Iterator[tuple[int, int]]:
    """Runs of accounts that make up about one block of exchanges."""
    first = total = 0
    for number, exchanges in enumerate(accounts["exchanges"].tolist()):
        if number > first and (total + exchanges > BLOCK_EXCHANGES or number - first >= BLOCK_ACCOUNTS):
            yield first, number
            first, total = number, 0
        total += exchanges
    yield first, len(accounts)


def _describe(scenario: Scenario, seed: int, pool: PromptPool, out: Path, written: int) -> None:
    described = asdict(scenario)
    described |= {"start": scenario.start.isoformat(), "seed": seed, "sources": pool.sources, "written": written}
    (out / "labels" / "scenario.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
