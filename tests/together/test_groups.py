from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from stillwatch.together.groups import Groups, distinct, shown_of
from stillwatch.types import Trait, TraitKind


def kept_by_hand(sets: list[set[int]]) -> set[int]:
    """Every group that shares fewer than 70 % of the accounts in either with every larger one that is kept."""
    order = sorted(range(len(sets)), key=lambda g: (-len(sets[g]), g))
    near = {
        (a, b) for a, b in combinations(order, 2) if len(sets[a] & sets[b]) >= 0.7 * len(sets[a] | sets[b])
    }  # a stands before b
    kept: set[int] = set()
    for group in order:
        if not any((earlier, group) in near for earlier in kept):
            kept.add(group)
    return kept


def test_groups_that_nearly_repeat_a_larger_one_are_left_out() -> None:
    rng = np.random.default_rng(8)
    sets: list[set[int]] = []
    for size in rng.integers(5, 120, 150).tolist():
        sets.append(set(rng.choice(300, size, replace=False).tolist()))
        for lost in (1, size // 4, size // 2):  # shares more, about as much, and less than is left out
            sets.append(set(sorted(sets[-1])[lost:]))
    members = sp.csr_array(np.array([[account in some for account in range(300)] for some in sets], float))
    groups = Groups(tuple((Trait(TraitKind.CLIENT, str(g)),) for g in range(len(sets))), members)
    assert {int(one[0].value) for one in distinct(groups).traits} == kept_by_hand(sets)


@pytest.mark.parametrize("most_exchanges", [9, 2**60])
@pytest.mark.parametrize("rows", [0, 1, 2_500_000])
def test_coded_traits_are_put_in_order_of_value_account_and_exchanges_by_any_number_of_threads(
    rows: int, most_exchanges: int
) -> None:
    rng = np.random.default_rng(9)
    codes, places = rng.integers(0, 300, (2, rows), np.int32)
    exchanges = rng.integers(1, most_exchanges, rows)
    table = pa.table({"code": codes, "row": places, "exchanges": exchanges})
    found = shown_of(TraitKind.SCAFFOLD, table, pa.array([str(code) for code in range(300)]))
    order = np.lexsort((exchanges, places, codes))
    for expected, actual in zip((codes, places, exchanges), (found.codes, found.rows, found.exchanges), strict=True):
        assert np.array_equal(expected[order], actual)
        assert expected.dtype == actual.dtype
