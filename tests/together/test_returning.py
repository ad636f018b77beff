"""An operator that comes back is known by how it behaves; innocent newcomers are not taken for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from stillwatch.together import Accounts, accounts_of
from stillwatch.together.returning import (
    Returned,
    Sides,
    began_in_silence,
    local_false_discovery,
    resemblance,
    returned,
)
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind

FRACTION = 0.01
SEEDS = range(1, 21)


def named(accounts: Accounts, order: np.ndarray, sizes: tuple[int, int]) -> tuple[Returned, ...]:
    """Take accounts in this order as members, newcomers, and for the rest strangers."""
    members, newcomers, strangers = (np.zeros(len(order), bool) for _ in range(3))
    for mask, rows in zip((members, newcomers, strangers), np.split(order, np.cumsum(sizes)), strict=True):
        mask[rows] = True
    return tuple(returned(accounts, Sides(members, strangers, (newcomers,)), Trust(), FRACTION))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_second_half_of_an_operators_accounts_is_named(world: Callable[..., Any], seed: int) -> None:
    made = world(seed, [80])
    rng = np.random.default_rng(seed)
    clones, others = (rng.permutation(np.flatnonzero(made.operator == n)) for n in (1, 0))
    rows = {one.row for one in named(made.accounts, np.concatenate([clones, others]), (40, 240))}
    assert len(rows & set(clones[40:].tolist())) >= 30, f"seed {seed}"
    assert len(rows - set(clones[40:].tolist())) <= 1, f"seed {seed}"


def test_innocent_newcomers_are_as_seldom_named_as_promised(world: Callable[..., Any]) -> None:
    """None of them comes after anybody: whoever is named is innocent, and somebody may be in one log of a hundred."""
    found = []
    for seed in SEEDS:
        made = world(seed, [40])
        clones, others = np.flatnonzero(made.operator), np.flatnonzero(made.operator == 0)
        order = np.concatenate([clones, np.random.default_rng(seed).permutation(others)])
        found += [seed] if named(made.accounts, order, (40, 300)) else []
    assert len(found) <= 1, f"seeds {found}"


def test_each_named_account_has_the_bits_that_its_share_of_innocents_allows(world: Callable[..., Any]) -> None:
    made = world(4, [80])
    order = np.concatenate([np.flatnonzero(made.operator), np.flatnonzero(made.operator == 0)])
    assert min(one.bits for one in named(made.accounts, order, (40, 240))) >= np.log2((1 - FRACTION) / FRACTION) - 0.001


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_signing_up_when_the_latest_members_did_makes_no_newcomer_look_guiltier(
    world: Callable[..., Any], seed: int
) -> None:
    """Every newcomer does, and no stranger that was there before."""
    made = world(seed, [80])
    members, sign_up = made.operator > 0, made.accounts.shown[TraitKind.SIGN_UP]
    codes = np.where(sign_up.rows % 3 == 0, sign_up.codes.max(), sign_up.codes).astype(sign_up.codes.dtype)
    together = replace(made.accounts, shown={**made.accounts.shown, TraitKind.SIGN_UP: replace(sign_up, codes=codes)})
    before, after = (resemblance(accounts, members, Trust()) for accounts in (made.accounts, together))
    assert any(weights.any() for weights in before.values())
    assert all((before[name] == after[name]).all() for name in before)


def test_a_crowd_vouches_for_nobody_who_ranks_below_it() -> None:
    """Of 67 newcomers that Benjamini and Hochberg name at 1 %, the last ranks second: one in ten such is innocent."""
    p = np.r_[np.full(66, 1.0), 2.0, np.linspace(30, 1_350, 76)] / 1_356
    share = local_false_discovery(p)
    assert stats.false_discovery_control(p)[66] < FRACTION
    assert (share[0] < FRACTION, share[66] > FRACTION) == (True, True)


def test_who_is_named_locally_is_named_by_benjamini_and_hochberg() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        p = (1 + np.floor(rng.random(200) ** rng.uniform(1, 9) * 1_000)) / 1_001
        assert (stats.false_discovery_control(p) <= local_false_discovery(p) + 1e-12).all()


def test_one_newcomer_alone_is_never_named_among_many(world: Callable[..., Any]) -> None:
    """It takes a pool: one account that ranks first of 2,000 says nothing when 300 are looked at."""
    made = world(5, [41])
    order = np.concatenate([np.flatnonzero(made.operator), np.flatnonzero(made.operator == 0)])
    assert named(made.accounts, order, (40, 300)) == ()


def test_without_newcomers_or_strangers_nobody_is_named(world: Callable[..., Any]) -> None:
    made = world(6, [80])
    order = np.concatenate([np.flatnonzero(made.operator), np.flatnonzero(made.operator == 0)])
    assert named(made.accounts, order, (40, 0)) == ()
    assert named(made.accounts, order, (40, len(order) - 40)) == ()


def test_an_account_begins_in_silence_where_half_of_the_members_before_it_are_seen_no_more() -> None:
    """Whatever members that began later do: the first pool stays stopped when some of the second are known."""
    first, last = np.array([0, 0, 8, 9, 5, 20, 9]), np.array([10, 11, 30, 30, 30, 30, 30])
    accounts = accounts_of(np.ones(7, np.int64), (first, last), {}, [], np.arange(7))
    assert began_in_silence(accounts, held(0, 1)).tolist() == [False, False, False, False, False, True, False]
    assert began_in_silence(accounts, held(0, 1, 2, 3)).tolist()[5]
    assert not began_in_silence(accounts, held(0, 2, 3)).any()


def held(*rows: int) -> np.ndarray:
    return np.isin(np.arange(7), rows)


def test_a_crowd_of_fresh_accounts_vouches_for_no_old_one(world: Callable[..., Any]) -> None:
    """Of two classes of newcomers one holds the operator's accounts; the other is judged as if it were alone."""
    made = world(1, [80])
    clones, others = (np.flatnonzero(made.operator == n) for n in (1, 0))
    members, fresh, old, strangers = (np.zeros(len(made.operator), bool) for _ in range(4))
    members[clones[:40]] = fresh[clones[40:]] = old[others[:200]] = strangers[others[200:]] = True

    def rows(*classes: np.ndarray) -> list[int]:
        return [one.row for one in returned(made.accounts, Sides(members, strangers, classes), Trust(), FRACTION)]

    assert rows(fresh, old) == [*rows(fresh), *rows(old)]
    assert rows(old) == []
    assert len(rows(fresh)) > 20
