from itertools import combinations

import numpy as np
import scipy.sparse as sp

from stillwatch.together.groups import Groups, distinct
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
