"""Runs a scenario: draw the accounts, shuffle them, draw their exchanges block by block, write them in order of time.

In: scenario, output folder, seed, pool. Out: `Simulated`. READ FIRST in this folder, after `scenario`.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillwatch.abreast import abreast
from stillwatch.errors import UsageError
from stillwatch.simulate import arrivals, compose
from stillwatch.simulate.layout import MICROSECONDS_PER_HOUR, Accounts, Rng, Rows
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
from stillwatch.simulate.writer import Spill, slices_of, write_accounts, write_exchanges

BLOCK_EXCHANGES = 60_000
MOST_WORKERS = 4  # beyond it the interpreter's lock, not the cores, sets the pace
BLOCK_ACCOUNTS = 1_500
SPREAD_HOURS = 12.0
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


def simulate(scenario: Scenario, out: Path, seed: int, pool: PromptPool, *, workers: int | None = None) -> Simulated:
    """Write the scenario's exchanges, accounts and labels under `out`; one seed gives the same bytes every time.

    Args:    workers: threads, by default one a core; their number does not change the bytes.
    Raises:  UsageError: `out` is a file, already holds exchanges, or cannot be written to.
    """
    _check(out)
    workers = workers or min(MOST_WORKERS, os.cpu_count() or 1)
    seeds = np.random.SeedSequence(seed).spawn(5)
    world = _world(scenario, pool, np.random.default_rng(seeds[0]))
    accounts = _accounts(world, np.random.default_rng(seeds[1]))
    ids = np.random.default_rng(seeds[3])
    words = words_of(world, accounts, ids)
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="simulate-", dir=out) as folder:
            begin, end = _written(world)
            expected = int(accounts["exchanges"].sum()) * (end - begin) // (world.hours * MICROSECONDS_PER_HOUR)
            spill = Spill(Path(folder), begin, end - begin, slices_of(expected))
            for rows in _rows(world, accounts, seeds[2], workers):
                spill.add(rows)
            tally = OperatorTally.of(accounts)
            drawn = _apart(seeds[4], begin) if scenario.written_hours else seeds[4]
            written = write_exchanges(tally.watched(spill.drain()), words, out, drawn, workers)
            if written == 0:
                raise UsageError(f"{scenario.name}: nobody asks anything between these hours; give others")
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


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        why = f"{out}: cannot be written to ({fault.strerror or fault})"
        raise UsageError(f"{why}; free disk space, or give another folder with --out") from fault


def _written(world: World) -> tuple[int, int]:
    """When what is written begins and ends, in microseconds after the start."""
    first, last = world.scenario.written_hours or (0.0, float(world.hours))
    return round(first * MICROSECONDS_PER_HOUR), round(last * MICROSECONDS_PER_HOUR)


def _apart(seed: np.random.SeedSequence, begin: int) -> np.random.SeedSequence:
    """A stream of its own for each beginning: the ids of one part of a scenario are not those of another."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, begin))


def _rows(world: World, accounts: Accounts, seed: np.random.SeedSequence, workers: int) -> Iterator[Rows]:
    """Every block's rows; each block draws from a stream of its own, so that no other block matters."""
    rhythms = np.array(world.library.rhythms)
    blocks = list(_blocks(accounts))
    begin, end = _written(world)

    def drawn(block: tuple[int, int, np.random.SeedSequence]) -> Rows:
        first, last, own = block
        rng = np.random.default_rng(own)
        rows = arrivals.rows_of(accounts[first:last], first, rhythms, world.scenario.outage_hours, rng)
        rows = rows[(rows["ts"] >= begin) & (rows["ts"] < end)]
        for start in range(0, len(rows), BLOCK_EXCHANGES):
            compose.fill(rows[start : start + BLOCK_EXCHANGES], accounts, world.library, world.pool.runs, rng)
        return rows

    seeds = seed.spawn(len(blocks))
    return abreast(drawn, [(*block, own) for block, own in zip(blocks, seeds, strict=True)], workers)


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
    _blur(everybody, rng)
    everybody["start"] = np.clip(everybody["start"], 0, world.hours - 1.0)
    everybody["end"] = np.clip(everybody["end"], everybody["start"] + 0.5, world.hours)
    return everybody[rng.permutation(len(everybody))]


def _blur(accounts: Accounts, rng: Rng) -> None:
    """Spread sign-ups that a bound put on a full hour: only innocents have such bounds."""
    bound = np.flatnonzero(accounts["created"] == np.floor(accounts["created"]))
    accounts["created"][bound] -= rng.exponential(SPREAD_HOURS, len(bound))


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
