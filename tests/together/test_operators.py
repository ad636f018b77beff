import numpy as np
import pyarrow as pa

from stillwatch.together import Accounts
from stillwatch.together.groups import Shown
from stillwatch.together.operators import seated_elsewhere
from stillwatch.types import TraitKind


def _declaring(world, organisations: dict[int, list[int]]) -> Accounts:
    """A population in which each organisation (by code) is declared by these accounts."""
    made: Accounts = world(1, size=50).accounts
    rows = np.array([row for members in organisations.values() for row in members], np.int64)
    codes = np.array([code for code, members in organisations.items() for _ in members], np.int64)
    names = pa.array([f"organisation {code}" for code in sorted(organisations)])
    shown = Shown(TraitKind.ORGANISATION, rows, codes, np.ones(len(rows), np.int64), names)
    return Accounts(
        made.exchanges, made.first_second, made.last_second, made.volume_bin, made.facets,
        {**made.shown, TraitKind.ORGANISATION: shown},
    )  # fmt: skip


def _core(*rows: int) -> np.ndarray:
    mask = np.zeros(50, bool)
    mask[list(rows)] = True
    return mask


def test_seats_of_a_declared_organisation_stay_out_of_a_campaign_of_strangers(world) -> None:
    accounts = _declaring(world, {0: [1, 2, 3]})
    assert np.flatnonzero(seated_elsewhere(accounts, _core(1, 10, 11, 12, 13))).tolist() == [1, 2, 3]


def test_an_organisation_that_is_half_the_campaign_belongs_to_it(world) -> None:
    accounts = _declaring(world, {0: [1, 2, 3]})
    assert not seated_elsewhere(accounts, _core(1, 2, 3, 10, 11)).any()


def test_two_accounts_of_one_name_are_no_organisation_of_seats(world) -> None:
    accounts = _declaring(world, {0: [1, 2], 1: [3]})
    assert not seated_elsewhere(accounts, _core(1, 10, 11, 12)).any()


def test_without_declared_organisations_nobody_is_seated(world) -> None:
    assert not seated_elsewhere(_declaring(world, {0: []}), _core(1, 2, 3)).any()
