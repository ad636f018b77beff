from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.bench.partition import account_partition_index, adjusted_rand_index, compare_campaigns

OWNER = {f"a{i}": "A" for i in range(6)} | {f"b{i}": "B" for i in range(4)} | {f"i{i}": "" for i in range(10)}


def brute_force(first: list[int], second: list[int]) -> float:
    """Hubert and Arabie's index from every pair, one by one."""
    pairs = list(combinations(range(len(first)), 2))
    one = [first[i] == first[j] for i, j in pairs]
    other = [second[i] == second[j] for i, j in pairs]
    both = sum(a and b for a, b in zip(one, other, strict=True))
    expected = sum(one) * sum(other) / len(pairs)
    most = (sum(one) + sum(other)) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_the_index_is_that_of_every_pair_counted(labels: list[tuple[int, int]]) -> None:
    """Oracle: a brute-force count of pairs."""
    first, second = [a for a, _ in labels], [b for _, b in labels]
    assert adjusted_rand_index(first, second) == pytest.approx(brute_force(first, second), abs=1e-12)
    assert adjusted_rand_index(first, second) == pytest.approx(adjusted_rand_index(second, first), abs=1e-12)


def test_one_operator_as_one_campaign_is_perfect() -> None:
    """Names and order of campaigns do not matter."""
    right = {"x": {a for a, o in OWNER.items() if o == "B"}, "y": {a for a, o in OWNER.items() if o == "A"}}
    found = compare_campaigns(OWNER, right)
    assert (found.found, found.purity_fraction, found.splits, found.merges) == (2, 1.0, 0, 0)
    assert account_partition_index(OWNER, right) == 1.0


def test_an_operator_in_three_campaigns_is_split_twice() -> None:
    """Purity does not see it, splits and the index do."""
    pieces = {"x": {"a0", "a1"}, "y": {"a2", "a3"}, "z": {"a4", "a5"}}
    found = compare_campaigns(OWNER, pieces)
    assert (found.purity_fraction, found.splits, found.merges) == (1.0, 2, 0)
    assert account_partition_index(OWNER, pieces) < 0.5


def test_two_operators_in_one_campaign_are_merged() -> None:
    """Six of eleven members belong to the commonest; one innocent is nobody's."""
    found = compare_campaigns(OWNER, {"x": {a for a, o in OWNER.items() if o} | {"i0"}})
    assert (found.purity_fraction, found.splits, found.merges) == (6 / 11, 0, 1)


def test_a_campaign_of_innocents_is_impure_and_no_split() -> None:
    """It belongs to no operator."""
    found = compare_campaigns(OWNER, {"x": {"i0", "i1"}, "y": {"a0", "a1"}})
    assert (found.purity_fraction, found.splits, found.merges) == (0.5, 0, 0)


def test_nothing_found_has_no_purity() -> None:
    """The index is that of everyone alone."""
    assert compare_campaigns(OWNER, {}).purity_fraction is None
    assert account_partition_index(OWNER, {}) == 0.0
