"""Arrivals keep the laws and hours they were drawn from, and volumes the spread of real clients."""

import numpy as np
import pytest

from stillwatch.simulate import PromptPool, load_scenario
from stillwatch.simulate.arrivals import rows_of
from stillwatch.simulate.layout import MICROSECONDS_PER_HOUR, Accounts, blank
from stillwatch.simulate.library import load_library
from stillwatch.simulate.network import AddressPool, load_network
from stillwatch.simulate.population import draw
from stillwatch.simulate.world import World, add_rhythms

HOURS = 336
STEADY = 1e6


def _flat(count: int, exchanges: int) -> Accounts:
    accounts = blank(count)
    accounts["exchanges"], accounts["end"], accounts["day_noise"] = exchanges, HOURS, STEADY
    return accounts


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
def test_gamma_gaps_have_the_coefficient_of_variation_of_their_shape(shape: float) -> None:
    """For a steady account the gaps' coefficient of variation is 1 / sqrt(shape), within a tenth."""
    accounts = _flat(60, 500)
    accounts["gap_shape"] = shape
    rows = rows_of(accounts, 0, np.ones((1, HOURS)), None, np.random.default_rng(3))
    gaps = [np.diff(rows["ts"][rows["account"] == a]) for a in range(60)]
    cv = np.mean([g.std() / g.mean() for g in gaps])
    assert cv == pytest.approx(shape**-0.5, rel=0.1)


def test_weibull_gaps_have_the_coefficient_of_variation_of_their_shape() -> None:
    """Shape 0.5: the coefficient of variation is sqrt(5)."""
    accounts = _flat(60, 800)
    accounts["gap_shape"], accounts["weibull"] = 0.5, True
    rows = rows_of(accounts, 0, np.ones((1, HOURS)), None, np.random.default_rng(4))
    gaps = [np.diff(rows["ts"][rows["account"] == a]) for a in range(60)]
    assert np.mean([g.std() / g.mean() for g in gaps]) == pytest.approx(5**0.5, rel=0.12)


def test_an_account_follows_the_hours_of_the_real_client_it_was_given(pool: PromptPool) -> None:
    """Hourly counts of a busy account correlate with the client's hourly rate by 0.95 or more."""
    client = int(np.argmax((pool.arrivals.hourly > 0).sum(axis=1)))
    accounts = _flat(1, 40_000)
    accounts["gap_shape"] = 4.0
    rows = rows_of(accounts, 0, pool.arrivals.hourly[[client]] + 1e-6, None, np.random.default_rng(5))
    counts = np.bincount(rows["ts"] // MICROSECONDS_PER_HOUR, minlength=HOURS)
    assert np.corrcoef(counts, pool.arrivals.hourly[client])[0, 1] > 0.95


def test_the_zone_shifts_the_day() -> None:
    rhythm = np.resize(np.eye(24)[9], HOURS)[None, :]
    accounts = _flat(1, 100)
    accounts["zone"] = 3
    rows = rows_of(accounts, 0, rhythm, None, np.random.default_rng(6))
    assert set(rows["ts"] // MICROSECONDS_PER_HOUR % 24) == {6}


def test_turns_count_up_within_a_conversation_and_time_does_not_run_backwards() -> None:
    accounts = _flat(20, 300)
    accounts["session"] = 6.0
    rows = rows_of(accounts, 0, np.ones((1, HOURS)), None, np.random.default_rng(7))
    same = (np.diff(rows["account"]) == 0) & (np.diff(rows["session"]) == 0)
    assert same.mean() == pytest.approx(5 / 6, abs=0.03)
    assert (np.diff(rows["turn"])[same] == 1).all()
    assert (np.diff(rows["ts"])[same] >= 0).all()


def test_volumes_of_businesses_spread_like_real_clients(pool: PromptPool) -> None:
    """The standard deviation of log10 volume is that of the real clients, within a fifth."""
    rng = np.random.default_rng(8)
    library = load_library("all", rng)
    runs = add_rhythms(library, pool, rng, HOURS)
    world = World(load_scenario("demo"), pool, library, load_network(pool.networks), AddressPool(), rng, runs)
    accounts = draw(world, "pipeline", 2_000)
    whole = (accounts["start"] == 0) & (accounts["end"] == HOURS) & (accounts["exchanges"] > 1)
    real = pool.arrivals.per_day[pool.arrivals.category != "language"]
    drawn = np.log10(accounts["exchanges"][whole])
    assert drawn.std() == pytest.approx(np.log10(real).std(), rel=0.2)
