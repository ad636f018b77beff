"""Why an account was counted or cleared is what decided it: bits add up, thresholds are those of e-BH."""

from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc
import pytest

from stillwatch.settings import Settings
from stillwatch.together import Found, Nulls, find, form_groups
from stillwatch.together.likeness import FAMILIES

SEED = 5
OPERATORS = (60, 40)


@pytest.fixture(scope="module")
def found(world: Callable[..., object], nulls: Nulls) -> Found:
    return find(world(SEED, OPERATORS).accounts, nulls, Settings())  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def quiet(world: Callable[..., object], nulls: Nulls) -> Found:
    return find(world(SEED).accounts, nulls, Settings())  # type: ignore[attr-defined]


def test_prior_and_families_add_up_to_the_odds(found: Found) -> None:
    """Nothing else enters, and members have the odds that the report gives them."""
    columns = found.tested.accounts
    parts = columns["prior_bits"] + sum(columns[f"{family}_bits"] for family in FAMILIES)
    assert parts == pytest.approx(columns["membership_bits"], abs=0.05)
    for number, campaign in enumerate(found.campaigns):
        assert set(columns["nearest"][campaign.rows]) == {number}
        assert columns["membership_bits"][campaign.rows] == pytest.approx(campaign.bits, abs=0.01)


def test_a_cleared_account_stays_below_what_a_member_needs(found: Found) -> None:
    """Unless it declares seats of its own or belongs to somebody else's core, which this population has not."""
    columns, members = found.tested.accounts, np.concatenate([c.rows for c in found.campaigns])
    cleared = np.setdiff1d(np.arange(len(columns["exchanges"])), members)
    assert len(found.campaigns) == len(OPERATORS)
    assert columns["membership_bits"][cleared].max() < Settings().membership_bits


def test_needed_bits_are_those_that_accuse(found: Found, quiet: Found) -> None:
    """A group below them is free."""
    for run in (found, quiet):
        groups = run.tested.groups
        bits, needed, accused = groups["bits"], groups["needed_bits"], groups["accused"]
        free = ~accused & ~groups["outdone"]
        assert np.all(bits[accused] >= needed[accused] - 0.001)
        assert np.all(bits[free] < needed[free] + 0.001)
        assert not np.any(accused & groups["outdone"])


def test_the_strongest_groups_of_an_account_are_its_own(found: Found, world: Callable[..., object]) -> None:
    """The first is the one with the most bits among all that it is in; their number is the number of its groups."""
    groups = form_groups(world(SEED, OPERATORS).accounts, Settings())  # type: ignore[attr-defined]
    held = groups.members.toarray().T > 0
    columns = found.tested.accounts
    assert columns["groups"].tolist() == held.sum(axis=1).tolist()
    by_trait = {tuple((t.kind, t.value) for t in trait): row for row, trait in enumerate(groups.traits)}
    written = zip(found.tested.groups["kinds"], found.tested.groups["values"], strict=True)
    rows = [by_trait[tuple(zip(kinds, values, strict=True))] for kinds, values in written]
    for account, strongest in enumerate(columns["strongest"].to_pylist()):
        own = [number for number, row in enumerate(rows) if held[account, row]]
        assert strongest == own[:5]


def test_families_of_a_shown_group_add_up_to_its_bits(found: Found) -> None:
    """Each accused group and each account's strongest one is shown test by test, with the null it was held against."""
    tests, groups = found.tested.tests, found.tested.groups
    families = tests.group_by(["group", "family"]).aggregate([("family_bits", "min")])
    sums = families.group_by("group").aggregate([("family_bits_min", "sum")]).to_pylist()
    summed = {row["group"]: row["family_bits_min_sum"] for row in sums}
    assert set(np.flatnonzero(groups["accused"]).tolist()) <= set(summed)
    for number, bits in summed.items():
        assert bits == pytest.approx(float(groups["bits"][number]), abs=0.02)
    assert pc.min(tests["null_groups"]).as_py() > 0
    assert pc.all(pc.less(tests["rare_fraction"], tests["usual_fraction"])).as_py()


def test_the_evidence_is_about_the_leading_group(found: Found) -> None:
    """One group a campaign leads; its bits are what the evidence adds up to before the charge for choosing."""
    groups = found.tested.groups
    for number, campaign in enumerate(found.campaigns):
        leads = np.flatnonzero(groups["leads"] & (groups["campaign"] == number))
        said = sum(e.bits for e in campaign.evidence if e.test != "choice_of_group")
        assert [float(groups["bits"][row]) for row in leads] == pytest.approx([said], abs=0.01)


def test_without_a_campaign_nobody_comes_near_one(quiet: Found) -> None:
    """No odds are made up."""
    assert quiet.campaigns == ()
    assert set(quiet.tested.accounts["nearest"]) == {-1}
    assert np.isnan(quiet.tested.accounts["membership_bits"]).all()
