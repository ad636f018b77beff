"""Every trait and every test has its innocent explanation: a new one without words fails here."""

from typing import get_args

import pytest

from stillwatch.report.explained import innocent
from stillwatch.tables import ACCOUNTS_TESTED
from stillwatch.taking.answer import FAMILIES as HARVESTS
from stillwatch.together.likeness import ALL
from stillwatch.together.likeness.base import Family
from stillwatch.types import TraitKind


@pytest.mark.parametrize("name", [*TraitKind, *(test.name for test in ALL), *(f"harvest {f}" for f in HARVESTS)])
def test_it_has_a_name_and_an_innocent_twin(name: str) -> None:
    """Words of at least two, for whoever reads them aloud."""
    assert innocent.named(name)
    assert len(innocent.innocent(name).split()) >= 3


def test_families_are_those_of_the_tests() -> None:
    """The report groups tests as the bits do."""
    assert {test.name: innocent.family_of(test.name) for test in ALL} == {test.name: test.family for test in ALL}
    assert set(innocent.FAMILIES) == set(get_args(Family))
    assert {f"{family}_bits" for family in innocent.FAMILIES} <= set(ACCOUNTS_TESTED.names)


def test_a_group_of_two_traits_is_named_by_both() -> None:
    """What they share, and who shares each."""
    assert innocent.shared_thing(["client", "asn"]) == "the same client software and network operator"
    assert innocent.shared_thing(["topics"]) == "a similar mix of topics"
    assert innocent.shared_innocently(["client", "asn"]).count("; or ") == 1
