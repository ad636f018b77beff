"""Communities of accused groups: which accounts, in what order, and who never counts."""

import numpy as np
import scipy.sparse as sp

from stillwatch.together.communities import communities


def _groups(accounts: int, *members: range) -> sp.csr_array:
    rows = np.zeros((len(members), accounts))
    for number, some in enumerate(members):
        rows[number, list(some)] = 1
    return sp.csr_array(rows)


def test_groups_that_overlap_are_one_community_and_others_stay_apart() -> None:
    """The largest comes first; accounts in no group are in none."""
    found = communities(_groups(60, range(10), range(4, 14), range(30, 37)), np.array([20.0, 20.0, 9.0]))
    assert [np.flatnonzero(mask).tolist() for mask in found] == [list(range(14)), list(range(30, 37))]


def test_accounts_in_no_group_change_nothing() -> None:
    """However many there are."""
    bits = np.array([20.0, 15.0, 9.0])
    few = communities(_groups(40, range(10), range(4, 14), range(30, 37)), bits)
    many = communities(_groups(4_000, range(10), range(4, 14), range(30, 37)), bits)
    assert [np.flatnonzero(a).tolist() for a in few] == [np.flatnonzero(b).tolist() for b in many]


def test_no_group_gives_no_community() -> None:
    """As in a run that accused nobody."""
    assert communities(_groups(5), np.zeros(0)) == []
