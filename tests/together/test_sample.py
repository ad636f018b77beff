"""A sample of accounts to weigh fragments in."""

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.profile import FACET_BINS
from stillwatch.together.fitting import Fitting
from stillwatch.together.groups import Shown
from stillwatch.together.likeness import Accounts
from stillwatch.together.membership import odds
from stillwatch.together.sample import sampled
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind

RNG = np.random.default_rng(7)


def _accounts(size: int, core: int) -> Accounts:
    """Strangers with clients and hours of their own; the first `core` accounts share both."""
    alike = np.arange(size) < core
    client = np.where(alike, 0, RNG.integers(0, 40, size)).astype(np.int32)
    hours = RNG.dirichlet(np.ones(24), size)
    hours[alike] = 1 / 24
    rows = np.arange(size, dtype=np.int32)
    names = pa.array([f"client {n:02}" for n in range(40)])
    nothing = np.zeros(0, np.int32)
    empty = pa.array([], pa.string())
    shown = {kind: Shown(kind, nothing, nothing, nothing.astype(np.int64), empty) for kind in TraitKind}
    shown[TraitKind.CLIENT] = Shown(TraitKind.CLIENT, rows, client, np.full(size, 50), names)
    facets = {name: np.zeros((size, width), np.float32) for name, width in FACET_BINS.items()}
    facets["hour"] = RNG.poisson(50 * hours).astype(np.float32)
    seconds = np.zeros(size, np.int64)
    return Accounts(np.full(size, 50), seconds, seconds + 86_400, np.zeros(size, np.int64), facets, shown)


def test_a_log_no_larger_than_the_sample_stays_as_it_is() -> None:
    """Then nothing at all is different."""
    accounts = _accounts(300, 20)
    some = sampled(accounts, np.zeros(300, bool), 300)
    assert some.accounts is accounts
    assert some.strangers.all()
    assert some.prior_bits(np.arange(300) < 20) == 0.0


def test_accounts_that_must_stay_do_and_show_what_they_showed() -> None:
    """Beside the lowest; values that nobody shows any more are gone."""
    accounts = _accounts(300, 20)
    some = sampled(accounts, np.arange(300) >= 290, 100)
    assert some.rows.tolist() == [*range(100), *range(290, 300)]
    assert some.strangers.tolist() == [True] * 100 + [False] * 10
    whole, part = accounts.shown[TraitKind.CLIENT], some.accounts.shown[TraitKind.CLIENT]
    shown = dict(zip(whole.rows.tolist(), whole.values.take(pa.array(whole.codes)).to_pylist(), strict=True))
    kept = dict(zip(part.rows.tolist(), part.values.take(pa.array(part.codes)).to_pylist(), strict=True))
    assert kept == {place: shown[row] for place, row in enumerate(some.rows.tolist())}
    assert set(part.values.to_pylist()) == set(kept.values())


def test_odds_in_a_sample_are_those_in_the_whole_log() -> None:
    """Up to the chance of the draw: the prior makes good for the strangers left out."""
    accounts = _accounts(6_000, 60)
    core = np.arange(6_000) < 60
    some = sampled(accounts, core, 2_000)
    inside = core[some.rows]
    bits = odds(some.accounts, inside, some.strangers & ~inside, Trust()) + some.prior_bits(inside)
    assert odds(accounts, core, ~core, Trust())[core].mean() == pytest.approx(bits[inside].mean(), abs=1.0)


def test_odds_of_a_fragment_are_those_that_weighing_everybody_gives() -> None:
    """Number for number, whether its accounts stand for strangers or not."""
    accounts = _accounts(3_000, 60)
    fragments = [np.isin(np.arange(3_000), rows) for rows in (range(50), range(2_500, 2_700), range(0, 3_000, 100))]
    some = sampled(accounts, np.any(fragments, axis=0), 1_000)
    fitting = Fitting(some, Trust())
    for fragment in fragments:
        core = fragment[some.rows]
        expected = odds(some.accounts, core, some.strangers & ~core, Trust()) + some.prior_bits(core)
        assert expected[core].tolist() == fitting.odds(core).tolist()
