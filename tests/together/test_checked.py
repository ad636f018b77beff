"""The check of the bits: one operator cannot make it fail, dishonest bits and labelled innocents can."""

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.bits import exceedance
from stillwatch.settings import Settings
from stillwatch.together import Nulls, find
from stillwatch.together.checked import Checked, operators_exceedance

ACCUSING_NOBODY = replace(Settings(), false_discovery_fraction=1e-30)


def unaccused(world, nulls: Nulls, seed: int, operators: tuple[int, ...]) -> tuple[Checked, np.ndarray]:
    """What is checked where operators stay below the threshold of accusation, and the bits of groups of strangers."""
    found = find(world(seed, operators=operators).accounts, nulls, ACCUSING_NOBODY)
    assert found.campaigns == ()
    assert found.checked is not None
    return found.checked, found.checked.bits[found.checked.open]


@pytest.mark.parametrize("operators", [(30,), (60,), (180,)])
def test_one_operator_below_the_threshold_does_not_switch_enforcing_off(world, nulls: Nulls, operators) -> None:
    """Its groups are far more than 2^-b of all; they are one operator's, and no reason to mistrust the bits."""
    checked, bits = unaccused(world, nulls, 2, operators)
    assert not all(row.holds for row in exceedance(bits))
    assert checked.calibration(np.zeros(2_000, bool)).ok


def test_many_operators_below_the_threshold_do(world, nulls: Nulls) -> None:
    """Where many unrelated groups have many bits, nobody can tell operators from bits that are too high."""
    checked, _ = unaccused(world, nulls, 5, (20,) * 8)
    assert not checked.calibration(np.zeros(2_000, bool)).ok


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [2, 4])
def test_dishonest_bits_are_refused(world, nulls: Nulls, seed: int, factor: int) -> None:
    """A group reaches b bits as often as 2^(-b / factor), whatever it shares."""
    checked, bits = unaccused(world, nulls, 2, (60,))
    drawn, nobody = -factor * np.log2(np.random.default_rng(seed).random(len(bits))), np.zeros(len(bits), bool)
    judged = operators_exceedance(drawn, checked.groups.members[checked.open], nobody)
    assert not all(row.holds for row in judged), f"seed {seed}"


def test_bits_that_all_groups_reach_are_refused(world, nulls: Nulls) -> None:
    """All accounts together are one community, and no operator."""
    checked, bits = unaccused(world, nulls, 2, (60,))
    judged = operators_exceedance(np.full(len(bits), 12.0), checked.groups.members[checked.open], bits > np.inf)
    assert not any(row.holds for row in judged)


def test_groups_of_labelled_innocents_count_one_by_one(world, nulls: Nulls) -> None:
    checked, _ = unaccused(world, nulls, 2, (60,))
    nobody = np.zeros(2_000, bool)
    clones = world(2, operators=(60,)).operator > 0
    assert checked.calibration(nobody, nobody).ok
    assert not checked.calibration(nobody, clones).ok
