from dataclasses import replace

import numpy as np
import pytest

from stillwatch.settings import Settings
from stillwatch.together import Accounts, Nulls, find, load
from stillwatch.together.groups import Shown
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind

SETTINGS = Settings()


@pytest.mark.parametrize("seed", range(3))
def test_every_operator_is_one_campaign_and_nobody_else_is_in_it(world, nulls: Nulls, seed: int) -> None:
    made = world(seed, operators=(12, 60, 180))
    found = find(made.accounts, nulls, SETTINGS)
    composition = [np.bincount(made.operator[c.rows], minlength=4).tolist() for c in found.campaigns]
    assert composition == [[0, 0, 0, 180], [0, 0, 60, 0], [0, 12, 0, 0]], f"seed {seed}"


@pytest.mark.parametrize("seed", range(10, 20))
def test_strangers_are_no_campaign(world, nulls: Nulls, seed: int) -> None:
    found = find(world(seed).accounts, nulls, SETTINGS)
    assert found.campaigns == (), f"seed {seed}"
    assert found.groups_tested > 500


def test_benign_groups_reach_b_bits_at_most_as_often_as_promised(world, nulls: Nulls) -> None:
    exceeding, groups = np.zeros(8), 0
    for seed in range(30, 36):
        table = find(world(seed).accounts, nulls, SETTINGS).calibration.exceedance
        exceeding += [row.exceeding for row in table]
        groups += table[0].groups
    allowed = groups * 2.0 ** -np.arange(3, 11)
    assert (exceeding <= allowed + 3 * np.sqrt(allowed)).all(), (exceeding, allowed)


def test_a_false_accusation_that_is_labelled_counts_against_the_bits(world, nulls: Nulls) -> None:
    """A campaign's groups leave the check, unless its members are labelled innocent: then their bits count in it."""
    made = world(2, operators=(60,))
    found = find(made.accounts, nulls, SETTINGS)
    members = np.isin(np.arange(len(made.operator)), found.campaigns[0].rows)
    assert found.checked is not None
    believed = found.checked.calibration(members)
    refuted = found.checked.calibration(members, members)
    assert believed == found.calibration
    assert believed.ok
    assert not refuted.ok
    assert refuted.groups_checked > believed.groups_checked
    assert refuted.labelled is not None
    assert (refuted.labelled.accounts, refuted.labelled.accused) == (60, 60)
    assert refuted.labelled.exceedance[0].exceeding > 0
    others = found.checked.calibration(members, ~members)
    assert others.ok
    assert others.labelled is not None
    assert others.labelled.accused == 0


def test_the_bits_of_the_evidence_add_up(world, nulls: Nulls) -> None:
    for campaign in find(world(1, operators=(40,)).accounts, nulls, SETTINGS).campaigns:
        assert sum(e.bits for e in campaign.evidence) == pytest.approx(campaign.together_bits)
        assert campaign.together_bits > 13


def _without_words(accounts: Accounts) -> Accounts:
    scaffold = accounts.shown[TraitKind.SCAFFOLD]
    none = Shown(scaffold.kind, scaffold.rows[:0], scaffold.codes[:0], scaffold.exchanges[:0], scaffold.values[:0])
    facets = dict(accounts.facets) | {"prompt": np.zeros_like(accounts.facets["prompt"])}
    return replace(accounts, facets=facets, shown=dict(accounts.shown) | {TraitKind.SCAFFOLD: none})


def test_without_words_odds_are_trusted_as_such_logs_taught(world, nulls: Nulls) -> None:
    """A trust that believes nothing of odds without words leaves no member there, and changes nothing elsewhere."""
    made = world(1, operators=(60,)).accounts
    doubting = replace(nulls, wordless=Trust(shift_bits=-1_000))
    with_words, without = find(made, nulls, SETTINGS), find(_without_words(made), nulls, SETTINGS)
    assert [len(found.campaigns) for found in (with_words, without)] == [1, 1]
    assert find(_without_words(made), doubting, SETTINGS).campaigns == ()
    doubted = find(made, doubting, SETTINGS)
    assert [c.rows.tolist() for c in doubted.campaigns] == [c.rows.tolist() for c in with_words.campaigns]
    assert [c.bits.tolist() for c in doubted.campaigns] == [c.bits.tolist() for c in with_words.campaigns]


def test_without_traits_and_habits_nothing_is_tested_and_nothing_found(world, nulls: Nulls) -> None:
    made = world(3, operators=(40,)).accounts
    empty = {
        kind: Shown(kind, part.rows[:0], part.codes[:0], part.exchanges[:0], part.values[:0])
        for kind, part in made.shown.items()
    }
    still = {name: np.zeros_like(block) for name, block in made.facets.items()}
    bare = Accounts(made.exchanges, made.first_second, made.last_second, made.volume_bin, still, empty)
    found = find(bare, nulls, SETTINGS)
    assert (found.groups_tested, found.campaigns) == (0, ())


def test_order_of_accounts_does_not_matter(nulls: Nulls, world) -> None:
    made = world(5, operators=(25, 70))
    turned = _reversed(made.accounts)
    straight, backward = find(made.accounts, nulls, SETTINGS), find(turned, nulls, SETTINGS)
    last = len(made.operator) - 1
    assert [sorted(c.rows.tolist()) for c in straight.campaigns] == [
        sorted((last - c.rows).tolist()) for c in backward.campaigns
    ]


def _reversed(made: Accounts) -> Accounts:
    last = len(made.exchanges) - 1
    shown = {}
    for kind, part in made.shown.items():
        rows = last - part.rows
        order = np.lexsort((rows, part.codes))
        shown[kind] = Shown(kind, rows[order], part.codes[order], part.exchanges[order], part.values)
    flip = {name: block[::-1].copy() for name, block in made.facets.items()}
    return Accounts(
        made.exchanges[::-1].copy(), made.first_second[::-1].copy(), made.last_second[::-1].copy(),
        made.volume_bin[::-1].copy(), flip, shown,
    )  # fmt: skip


def test_a_crowd_of_another_sort_does_not_draw_everybody_else_in(world) -> None:
    """Beside fifty times as many accounts unlike them, all ordinary accounts are like the operator's in comparison."""
    made = world(5, operators=(12,), size=600, crowd=30_000)
    found = find(made.accounts, load(), SETTINGS)
    composition = sorted(np.bincount(made.operator[c.rows], minlength=2).tolist() for c in found.campaigns)
    assert composition[0] == [0, 12]
    assert sum(innocents for innocents, _ in composition) < 20
